"""The figure that an animation is drawn on, moment after moment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .._optional import require
from ._axes import bare, theme_of
from ._encodings import Categories, Numbers
from ._legends import color_map, explain
from ._matrices import confusion_matrix
from ._moments import Moment, Paths, nearest_steps
from ._scatter import point_area
from ._sequences import limits_of
from ._time_axis import draw_track, finish, step_axis

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ._animation import Animation

__all__ = ["Stage", "point_colors"]

DASHES = (0, (4, 3))


class Stage:
    """Panels that are made once and then show one moment after another.

    Parameters
    ----------
    animation : Animation
        What to draw.
    dpi : int
        Pixels per inch.
    """

    figure: Figure

    def __init__(self, animation: Animation, *, dpi: int = 100) -> None:
        self._animation = animation
        n_panels = animation.n_panels
        columns = min(animation.n_columns or 3, n_panels)
        rows = -(-n_panels // columns)
        width, height = animation.panel_size
        # Not pyplot's: it would keep the figure alive, and show it in a notebook.
        made = require("matplotlib.figure", extra="plot").Figure(
            figsize=(width * columns, height * rows + 0.4), dpi=dpi, layout="constrained"
        )
        self.figure = made
        require("matplotlib.backends.backend_agg", extra="plot").FigureCanvasAgg(made)
        self._time = made.suptitle(animation.moments[0].caption, fontsize="medium")
        self._panels: list[Any] = []
        same_for_all = animation.shared_axes and animation.sequences
        shared = limits_of(animation.sequences) if same_for_all else None
        for number, maps in enumerate(animation.sequences):
            spatial = maps.n_components == 3
            ax = made.add_subplot(
                rows, columns, number + 1, **({"projection": "3d"} if spatial else {})
            )
            same = shared is not None and len(shared[0]) == maps.n_components
            self._panels.append(_Panel(ax, animation, number, shared if same else None))
        if animation.values is not None:
            explain(self._panels[-1].ax, animation.values)
        if animation.confusion is not None:
            place = len(animation.sequences) + 1
            self._panels.append(_Matrix(made.add_subplot(rows, columns, place), animation))
        if animation.curves:
            self._panels.append(_Curves(made.add_subplot(rows, columns, n_panels), animation))
        made.canvas.draw()
        # Laid out once; a layout per frame would make panels jump with the width of a title.
        made.set_layout_engine("none")

    def show(self, moment: Moment) -> None:
        """Draw one moment instead of the last."""
        self._time.set_text(moment.caption)
        for panel in self._panels:
            panel.show(moment)

    def picture(self) -> NDArray[np.uint8]:
        """What is shown, as pixels of shape (height, width, 3)."""
        canvas: Any = self.figure.canvas
        canvas.draw()
        return np.array(np.asarray(canvas.buffer_rgba())[..., :3])

    def close(self) -> None:
        """Let go of what was drawn."""
        self.figure.clear()


class _Panel:
    """One sequence."""

    def __init__(self, ax: Axes, animation: Animation, number: int, shared: Any) -> None:
        maps = animation.sequences[number]
        self.ax: Any = ax
        pen: Any = ax
        self._theme = theme_of(ax)
        self._paths = Paths(maps, animation.ids)
        n = len(animation.ids)
        alpha = float(np.clip(1.2 - 0.15 * np.log10(max(n, 1)), 0.35, 0.9))
        self._alpha = alpha if animation.alpha is None else animation.alpha
        colors = require("matplotlib.colors", extra="plot")
        self._colors = colors.to_rgba_array(point_colors(animation.values, n, self._theme))
        places, opacity = self._paths.at(animation.moments[0])
        area = point_area(n) if animation.dot_size is None else animation.dot_size
        # Depth shading of three dimensions would undo the opacities.
        style = {"depthshade": False} if maps.n_components == 3 else {}
        self._dots: Any = pen.scatter(
            *places.T, s=area, c=self._faded(opacity), linewidths=0, **style
        )
        low, high = limits_of([maps]) if shared is None else shared
        bare(self.ax)
        self.ax.set_xlim(low[0], high[0])
        self.ax.set_ylim(low[1], high[1])
        if maps.n_components == 3:
            pen.set_zlim(low[2], high[2])
        else:
            self.ax.set_aspect("equal", adjustable="box")
        self.ax.set_title(animation.titles[number], fontsize="small", loc="left")

    def show(self, moment: Moment) -> None:
        places, opacity = self._paths.at(moment)
        if places.shape[1] == 3:
            self._dots._offsets3d = tuple(places.T)
        else:
            self._dots.set_offsets(places)
        self._dots.set_facecolors(self._faded(opacity))
        for spine in self.ax.spines.values():
            spine.set_linestyle(DASHES if moment.interpolated else "-")

    def _faded(self, opacity: NDArray[np.float32]) -> NDArray[np.float64]:
        colors = self._colors.copy()
        colors[:, 3] *= self._alpha * opacity
        return np.asarray(colors)


class _Matrix:
    """The confusion matrix of the nearest step."""

    def __init__(self, ax: Axes, animation: Animation) -> None:
        tracks = animation.confusion
        assert tracks is not None
        self._ax: Any = ax
        self._tables = tracks.confusion
        self._steps = tracks.confusion_steps
        self._nearest = nearest_steps(animation.steps, tracks.confusion_steps)
        self._classes = tracks.classes
        self._annotate = animation.annotate
        self._largest = int(tracks.confusion.max(initial=1))
        self._shown = -1

    def show(self, moment: Moment) -> None:
        which = int(self._nearest[moment.frame + (moment.share > 0.5)])
        if which == self._shown:
            return
        self._shown = which
        self._ax.clear()
        table = self._tables[which]
        share = np.trace(table) / max(int(table.sum()), 1)
        confusion_matrix(
            table,
            self._classes,
            annotate=self._annotate,
            largest=self._largest,
            ax=self._ax,
            title=f"predictions of step {int(self._steps[which]):,}, {share:.0%} right",
        )


class _Curves:
    """Tracks over all steps, and a line at the one that is shown."""

    def __init__(self, ax: Axes, animation: Animation) -> None:
        self._steps = animation.steps
        theme = theme_of(ax)
        for track, color in zip(animation.curves, theme.categories, strict=False):
            said = f"{track.name.replace('_', ' ')} {track.against}".strip()
            draw_track(ax, track, f"#{color}", label=said)
        step_axis(ax, self._steps)
        finish(ax, None)
        self._line = ax.axvline(self._steps[0], color=f"#{theme.text}", linewidth=1.0)

    def show(self, moment: Moment) -> None:
        here = self._steps[moment.frame]
        there = self._steps[min(moment.frame + 1, len(self._steps) - 1)]
        at = here + moment.share * (there - here)
        self._line.set_xdata([at, at])
        self._line.set_linestyle(DASHES if moment.interpolated else "-")


def point_colors(values: Categories | Numbers | None, n: int, theme: Any) -> Any:
    """A colour for each point; grey where its value is missing."""
    if values is None:
        return [f"#{theme.categories[0]}"] * n
    if isinstance(values, Categories):
        palette = [*values.colors(theme), f"#{theme.missing}"]
        return [palette[code] for code in values.codes]
    low, high = values.range
    known = np.isfinite(values.values)
    place = np.where(known, (values.values - low) / ((high - low) or 1.0), 0.0)
    colors = np.asarray(color_map(theme)(place))
    grey = require("matplotlib.colors", extra="plot").to_rgba(f"#{theme.missing}")
    colors[~known] = grey
    return colors
