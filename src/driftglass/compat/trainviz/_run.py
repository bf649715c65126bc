"""A recorded training by its name, with what there is to draw of it."""

from __future__ import annotations

from functools import cached_property
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ... import plots
from ...diagnostics import Tracks, curvature, tracks
from ...diagnostics._frames import common_ids, material_of_run
from ...errors import InvalidInputError, NotFoundError
from ...store import open as open_store

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["Run"]

SKIPS = (1, 2, 4, 8, 16)


class Run:
    """A training that driftglass recorded.

    Parameters
    ----------
    run_id : str
        Name of the run in the store.
    dataset : str
        What it was trained on; only shown.
    store : path
        Folder of runs.
    space : str, optional
        Layer to look at; may be left out where only one was recorded.

    Attributes
    ----------
    embeddings : list of ndarray of shape (n_items, n_features)
        Vectors of the items that every snapshot has, in the same order.
    labels : ndarray of shape (n_items,)
        Class number of each, -1 where it has none.

    Raises
    ------
    NotFoundError
        No such run or space.
    """

    def __init__(
        self,
        run_id: str,
        dataset: str = "",
        *,
        store: str | PathLike[str] = "runs",
        space: str | None = None,
    ) -> None:
        self.run_id = run_id
        self.dataset = dataset
        self.run = open_store(store).run(run_id)
        self.space = self._space(space)
        self.whole = True
        self.reload()

    def __repr__(self) -> str:
        return f"Run({self.run_id!r}, {self.dataset!r}, {len(self.steps)} snapshots)"

    def reload(self) -> None:
        """Read everything again, with all snapshots and items."""
        material = material_of_run(self.run, self.space)
        self._keep(common_ids(material.frames), [frame.step for frame in material.frames])
        self.whole = True

    def subsample(self, snapshot_step: int = 2, point_step: int = 2) -> None:
        """Keep every so manyth snapshot and item, here and for what is computed from here on."""
        for name, value in (("snapshot_step", snapshot_step), ("point_step", point_step)):
            if value < 1:
                raise InvalidInputError(f"{name} is {value}; at least 1 is needed.")
        self._keep(self.ids[::point_step], self.steps[::snapshot_step])
        self.whole = False

    def print_info(self) -> None:
        """Say what the run holds."""
        n, width = self.embeddings[0].shape
        print(f"{self.run_id} ({self.dataset or 'data not named'}), space {self.space!r}")
        print(f"{len(self.steps)} snapshots, steps {self.steps[0]} to {self.steps[-1]}")
        print(f"{n:,} items of {width} features, {len(self.classes)} classes")
        print(f"records: {', '.join(self.run.scalars()) or 'none'}")

    @cached_property
    def tracks(self) -> Tracks:
        """Drift, similarity, spectrum and confusion matrices; computed on first use."""
        return tracks(
            self.embeddings,
            ids=self.ids,
            steps=self.steps,
            labels=dict(zip(self.ids.tolist(), self.class_names(), strict=True))
            if self.classes
            else None,
            # Without the order of the columns, nothing is compared with the predictions.
            classes=self.classes if self._ordered else None,
            predictions=self._predictions(),
            space=self.space,
        )

    @property
    def embedding_drifts(self) -> dict[int, NDArray[np.float64]]:
        """Mean Euclidean drift by skip, one value per snapshot; nan before there is one."""
        return self._by_skip("drift_l2")

    @property
    def cka_similarities(self) -> dict[int, NDArray[np.float64]]:
        """CKA by skip, without the bias of few items; nan as in `embedding_drifts`."""
        return self._by_skip("cka")

    def labels_or_none(self) -> list[int | None]:
        """Class number of each item, None where it has none."""
        return [int(number) if number >= 0 else None for number in self.labels]

    def class_names(self) -> list[str | None]:
        """Name of each item's class, None where it has none."""
        return [None if at is None else self.classes[at] for at in self.labels_or_none()]

    def plot_training_records(self) -> Figure:
        """Draw loss and accuracy, gradients, learning rate and drift on one page."""
        return plots.training_records(self.run, self.tracks)

    def plot_embedding_drifts(
        self,
        doubled_lines: bool = True,
        y_lim: float | None = None,
        metric: str = "euclidean",
    ) -> Axes:
        """Draw the drift over 1, 2, 4, 8 and 16 snapshots, "euclidean" or "manhattan"."""
        if metric not in ("euclidean", "manhattan"):
            raise InvalidInputError(f"metric is {metric!r}; 'euclidean' or 'manhattan' is needed.")
        return plots.drift_curves(
            self.tracks,
            norm="l2" if metric == "euclidean" else "l1",
            doubled=doubled_lines,
            y_lim=y_lim,
        )

    def plot_cka_similarities(
        self, doubled_lines: bool = True, flip: bool = True, y_lim: float | None = None
    ) -> Axes:
        """Draw 1 - CKA (or CKA, without `flip`) over as many snapshots."""
        return plots.cka_curves(self.tracks, doubled=doubled_lines, flip=flip, y_lim=y_lim)

    def eigenvalues(self, num_components: int = 10, figsize: tuple[float, float] = (10, 6)) -> Axes:
        """Draw the variance along the first principal directions."""
        ax = plots.eigenvalue_curves(self.tracks, n=num_components)
        ax.figure.set_size_inches(*figsize)  # type: ignore[union-attr]
        return ax

    def plot_curvature_distribution(self) -> Axes:
        """Draw how sharply items turn."""
        return plots.curvature_bands(curvature(self.embeddings), self.steps)

    def confusion_matrix(
        self,
        figsize: tuple[float, float] = (5, 5),
        *,
        annotate: bool = False,
        interval: int = 500,
    ) -> plots.Animation:
        """Play what is taken for what; `interval` is the time of a step in milliseconds."""
        return plots.Animation(
            [],
            confusion=self.tracks,
            annotate=annotate,
            panel_size=figsize,
            seconds_per_step=interval / 1000,
        )

    def _keep(self, ids: NDArray[Any], steps: list[int]) -> None:
        material = material_of_run(self.run, self.space, steps=steps)
        self.ids = ids
        self.steps = list(steps)
        self.embeddings = [frame.rows_of(ids) for frame in material.frames]
        found = material.labels
        self.labels = np.full(len(ids), -1) if found is None else found.of(ids)
        self.classes = () if found is None else found.classes
        self._ordered = found is not None and not found.why_unmatched
        self.__dict__.pop("tracks", None)

    def _predictions(self) -> list[Any] | None:
        from ...data import Predictions
        from ...data._ids import positions

        logged = set(self.run.prediction_steps)
        if not logged & set(self.steps):
            return None
        found: list[Any] = []
        for step in self.steps:
            if step not in logged:
                found.append(None)
                continue
            said = self.run.predictions(step)
            rows = positions(self.ids, said.ids)
            here = rows >= 0
            found.append(Predictions(self.ids[here], said.values[rows[here]], step))
        return found

    def _by_skip(self, name: str) -> dict[int, NDArray[np.float64]]:
        series = {}
        for skip in SKIPS:
            values = np.full(len(self.steps), np.nan)
            if skip < len(self.steps):
                track = self.tracks.track(name, f"skip {skip}")
                values[np.searchsorted(self.steps, track.steps)] = track.values
            series[skip] = values
        return series

    def _space(self, space: str | None) -> str:
        spaces = self.run.spaces
        if space is None and len(spaces) == 1:
            return spaces[0]
        if space is None:
            raise InvalidInputError(
                f"The run {self.run_id!r} has {len(spaces)} spaces: {spaces}. Say which with "
                f"space=."
            )
        if space not in spaces:
            raise NotFoundError.for_name("space", space, spaces)
        return space
