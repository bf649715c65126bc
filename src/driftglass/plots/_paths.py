"""Walks through a space: their items as a strip, and the walk over a map."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import ShapeError
from ._axes import axes_for, theme_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["image_strip", "path_over_map"]


def image_strip(
    images: Any,
    titles: Any = None,
    *,
    ax: Axes | None = None,
    cmap: Any = "gray",
    title: str | None = None,
    **keywords: Any,
) -> Axes:
    """Draw images side by side as one picture.

    Parameters
    ----------
    images : LatentPath, or array-like of shape (n_images, height, width[, 3 or 4])
        The images, or a path whose items are images. Flat items of a square number of values
        are drawn as squares.
    titles : sequence of str, optional
        Below each image; the positions of a path by default.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.
    cmap : str or Colormap
        For images without colours; all share one scale.
    title : str, optional
        Above; that of a path by default.
    **keywords
        For `matplotlib.axes.Axes.imshow`.

    Returns
    -------
    ax : matplotlib.axes.Axes
        With one picture.

    Raises
    ------
    ShapeError
        Items that are no images.
    """
    if hasattr(images, "items") and hasattr(images, "positions"):
        titles = [f"{value:.2g}" for value in images.positions] if titles is None else titles
        title = images.label if title is None else title
        images = images.items
    stack = _as_images(np.asarray(images))
    n, height, width = stack.shape[:3]
    gap = max(1, round(0.06 * width))
    shape = (height, n * (width + gap) - gap, *stack.shape[3:])
    gray = stack.ndim == 3
    largest = 255 if stack.dtype == np.uint8 else 1
    # What is not a number is not drawn; colours have to be white instead.
    picture = np.full(shape, np.nan if gray else largest, dtype=float if gray else stack.dtype)
    for position, image in enumerate(stack):
        start = position * (width + gap)
        picture[:, start : start + width] = image
    ax = axes_for(ax, size=(min(12.0, 0.9 * n), 1.5))
    ax.imshow(picture, **{"cmap": cmap, "interpolation": "nearest", **keywords})
    ax.set_yticks([])
    centers = np.arange(n) * (width + gap) + (width - 1) / 2
    ax.set_xticks(centers if titles is not None else [], titles if titles is not None else [])
    ax.tick_params(length=0, labelsize="x-small", labelcolor=f"#{theme_of(ax).secondary}")
    ax.spines[:].set_visible(False)
    if title:
        ax.set_title(title, fontsize="medium", loc="left")
    return ax


def path_over_map(
    places: Any, *, ax: Axes, color: Any = None, label: str | None = None, **keywords: Any
) -> Axes:
    """Draw a walk over a map that is already there.

    Parameters
    ----------
    places : array-like of shape (n_steps, 2 or 3)
        Where the points of the walk lie in the map: ``estimator.transform(path.vectors)``.
    ax : matplotlib.axes.Axes
        Axes of the map.
    color : color, optional
        Of the walk; that of text by default.
    label : str, optional
        For the legend.
    **keywords
        For `matplotlib.axes.Axes.plot`.

    Returns
    -------
    ax : matplotlib.axes.Axes
        With a line; its first point is hollow, its last one filled.
    """
    at = np.asarray(places, dtype=float)
    if at.ndim != 2 or at.shape[1] not in (2, 3):
        raise ShapeError(
            f"places has shape {at.shape}; (n_steps, 2) or (n_steps, 3) is needed. Place latent "
            f"vectors with the map's own transform first."
        )
    ink = f"#{theme_of(ax).text}" if color is None else color
    ax.plot(*at.T, **{"color": ink, "linewidth": 1.2, "zorder": 4, "label": label, **keywords})
    pen: Any = ax
    pen.scatter(*at[:-1].T, s=14, facecolors=f"#{theme_of(ax).canvas}", edgecolors=ink, zorder=4)
    pen.scatter(*at[-1:].T, s=30, color=ink, zorder=4)
    return ax


def _as_images(images: Any) -> Any:
    if images.ndim == 2:
        side = round(images.shape[1] ** 0.5)
        if side * side == images.shape[1]:
            return images.reshape(len(images), side, side)
    if images.ndim == 3 or (images.ndim == 4 and images.shape[3] in (3, 4)):
        return images
    if images.ndim == 4 and images.shape[1] in (1, 3):  # channels first, as torch has them
        return images[:, 0] if images.shape[1] == 1 else np.moveaxis(images, 1, 3)
    raise ShapeError(
        f"images have shape {images.shape}; (n_images, height, width), with 3 or 4 colour values "
        f"last or not, is needed."
    )
