"""The field of all points of a map under Student's t kernel: what pushes them apart.

At a point y the field is the sum over all sources of ``q`` and of ``q² (y - source)`` with
``q = 1 / (1 + |y - source|²)``. Few points are summed pair by pair. Many in three dimensions, or
far from each other in two, push each other through a tree of cells (Barnes and Hut). Else they are
spread on a regular grid by cubic splines, the grid is convolved by FFT with ``q``, and the result
is read off at the points with its slopes, since ``q² d`` is minus half of the slope of ``q``. Only
one charge per point is spread, so no large sums cancel.
"""

from __future__ import annotations

from math import ceil, log2
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _kernels
from .._device import GridPlan

__all__ = [
    "EXACT_UP_TO",
    "GridField",
    "Kernels",
    "exact_field",
    "grid_under",
    "own_field",
    "tree_field",
]

SPACING = {1: 0.25, 2: 0.36}
"""Of the nodes, in the kernel's unit: forces are then right to about one per cent, and the
divergence of a finished map to one in a few hundred."""
FINE_UP_TO = 10_000
FINER = 0.8
"""What spacing is multiplied by for up to so many points: each has fewer others around it, so that
errors weigh more, and their grids are cheap."""
FEWEST_NODES = {1: 256, 2: 64}
"""Along an axis while the map is small: a young map needs its own shape resolved."""
MOST_NODES = {1: 1 << 20, 2: 1 << 12}
"""Along an axis: what memory allows. A map that is wider gets wider spacing."""
EXACT_UP_TO = {1: 3000, 2: 2500, 3: 6000}
"""Points up to which all pairs cost less than anything cleverer."""
THETA = {2: 0.4, 3: 0.6}
"""Width of a cell beside its distance up to which it stands for its points; the force is then
right to about one per cent."""
GRID_PER_POINT = 1000
"""Additions of a transform per point up to which a grid costs about as much as a tree, or less."""
THETA_ALONE = 0.5
"""As much accuracy for a point that walks by itself, not with fifteen others around it."""
SMALL_SPAN = 2.0
"""Maps up to this wide lie where the kernel is near 1, and its slope is that of what it lacks."""
MARGIN = 12
"""Nodes over which what undoes the blur of a jump fades away."""
BORDER = 2
"""Nodes beyond the outermost point that its spline needs."""


def own_field(
    Y: NDArray[np.float32], bounds: NDArray[np.float32], kernels: Kernels, n_threads: int
) -> NDArray[np.float32]:
    """Field of the points of a map at themselves, in the way that costs least."""
    n_samples, n_components = Y.shape
    if n_samples <= EXACT_UP_TO[n_components]:
        return _kernels.tsne_own_field(Y, n_threads=n_threads)
    if n_components == 3 or (n_components == 2 and _is_thin(n_samples, bounds)):
        return _kernels.tsne_tree_field(Y, THETA[n_components], n_threads=n_threads)
    return GridField(Y, bounds, kernels, n_threads).at(Y)


def _is_thin(n_samples: int, bounds: NDArray[np.float32]) -> bool:
    """Whether a grid under the points would be nearly empty, so that a tree costs less."""
    spans = np.subtract(*bounds[::-1].astype(np.float64))
    spacing = _spacing(float(spans.max()), len(spans), n_samples)
    nodes = float(np.prod(2 * (spans / spacing + 1 + 2 * BORDER)))
    return nodes * log2(nodes) > GRID_PER_POINT * n_samples


def exact_field(
    points: NDArray[np.float32], sources: NDArray[np.float32], n_threads: int
) -> NDArray[np.float32]:
    """Field of the sources at the points, of shape (n_points, 1 + n_components)."""
    return _kernels.tsne_field(points, sources, n_threads=n_threads)


def tree_field(
    points: NDArray[np.float32], sources: NDArray[np.float32], n_threads: int
) -> NDArray[np.float32]:
    """Field of the sources at other points, far cells of a tree taken as one.

    Each point walks the tree on its own, so that its field does not depend on the others.
    """
    return _kernels.tsne_tree_field_at(points, sources, THETA_ALONE, n_threads=n_threads)


class Kernels:
    """Transform of the kernel on a grid, kept until the grid changes."""

    def __init__(self) -> None:
        self._key: tuple[Any, ...] = ()
        self._transform: NDArray[np.complex64] = np.empty(0, dtype=np.complex64)

    def on(self, lengths: tuple[int, ...], spacing: float, less: float) -> NDArray[np.complex64]:
        """Transform of q - less for a periodic grid."""
        if self._key != (lengths, spacing, less):
            self._transform = _transformed_kernel(lengths, spacing, less)
            self._key = (lengths, spacing, less)
        return self._transform


class GridField:
    """Field of some sources, to be read at any points between the bounds.

    Parameters
    ----------
    sources : ndarray of shape (n_sources, n_components)
        Map of one or two components.
    bounds : ndarray of shape (2, n_components)
        Lowest and highest coordinates at which sources lie and the field is read. A point
        outside feels the field of the nearest place inside.
    kernels : Kernels
        Kept by the caller from one field to the next.
    n_threads : int
        Changes the time and not the result.
    """

    def __init__(
        self,
        sources: NDArray[np.float32],
        bounds: NDArray[np.float32],
        kernels: Kernels,
        n_threads: int,
    ) -> None:
        self._n_threads = n_threads
        self._plan = grid_under(bounds, len(sources), kernels)
        plan = self._plan
        charges = _kernels.grid_charges(
            sources, plan.low, plan.spacing, plan.nodes, n_threads=n_threads
        ).reshape(plan.nodes)
        self._potential = self._convolved(charges)

    def _convolved(self, charges: NDArray[np.float32]) -> NDArray[np.float32]:
        from scipy import fft

        lengths, workers, last = self._plan.lengths, self._n_threads, charges.ndim - 1
        # Axis by axis, so that rows which are zero, or which nobody reads, are not transformed.
        spectrum = fft.rfft(charges, n=lengths[last], axis=last, workers=workers)
        if last:
            spectrum = fft.fft(spectrum, n=lengths[0], axis=0, workers=workers)
        spectrum *= self._plan.kernel
        if last:
            spectrum = fft.ifft(spectrum, axis=0, overwrite_x=True, workers=workers)
            spectrum = spectrum[: self._plan.nodes[0]]
        potential = fft.irfft(spectrum, n=lengths[last], axis=last, workers=workers)
        return np.ascontiguousarray(potential, dtype=np.float32).ravel()

    def at(self, points: NDArray[np.float32]) -> NDArray[np.float32]:
        """Field at points of shape (n_points, n_components): (n_points, 1 + n_components)."""
        plan = self._plan
        field = _kernels.grid_gather(
            points,
            self._potential,
            plan.low,
            plan.spacing,
            plan.nodes,
            plan.lengths[-1],
            n_threads=self._n_threads,
        )
        field[:, 0] += np.float32(plan.missing)
        return field


def grid_under(bounds: NDArray[np.float32], n_sources: int, kernels: Kernels) -> GridPlan:
    """The grid on which the field of so many sources between these bounds is computed."""
    from scipy import fft

    low, high = bounds.astype(np.float64)
    span = float((high - low).max())
    spacing = _spacing(span, len(low), n_sources)
    less = 1.0 if span <= SMALL_SPAN else 0.0
    nodes = [ceil(reach / spacing) + 1 + 2 * BORDER for reach in high - low]
    # Twice the nodes, so that the far side does not wrap round.
    lengths = tuple(int(fft.next_fast_len(2 * n - 1 + MARGIN, real=True)) for n in nodes)
    return GridPlan(
        low=[float(edge) - BORDER * spacing for edge in low],
        spacing=spacing,
        nodes=nodes,
        lengths=lengths,
        kernel=kernels.on(lengths, spacing, less),
        missing=less * n_sources,
    )


def _spacing(span: float, n_components: int, n_sources: int) -> float:
    widest = SPACING[n_components] * (FINER if n_sources <= FINE_UP_TO else 1.0)
    wanted = min(max(span, 1e-12) / FEWEST_NODES[n_components], widest)
    # Steps of a quarter of an octave, so that the kernels of a growing map can be kept.
    spacing = widest * float(2.0 ** (ceil(4 * log2(wanted / widest)) / 4))
    return max(spacing, span / MOST_NODES[n_components])


def _transformed_kernel(
    lengths: tuple[int, ...], spacing: float, less: float
) -> NDArray[np.complex64]:
    from scipy import fft

    squared: Any = 0.0
    for d, n in enumerate(lengths):
        offset = np.arange(n)
        step = np.where(offset <= n // 2, offset, offset - n) * spacing
        squared = squared + (step**2).reshape(
            [-1 if axis == d else 1 for axis in range(len(lengths))]
        )
    # q - 1 is written out, because a small difference of large numbers would be all rounding.
    kernel = -squared / (1.0 + squared) if less == 1.0 else 1.0 / (1.0 + squared)
    transform = fft.rfftn(kernel.astype(np.float32))
    for d, n in enumerate(lengths):
        frequencies = fft.rfftfreq(n) if d == len(lengths) - 1 else fft.fftfreq(n)
        influence = _influence(frequencies).astype(np.float32)
        transform *= influence.reshape([-1 if axis == d else 1 for axis in range(len(lengths))])
    return np.asarray(transform, dtype=np.complex64)


def _influence(frequencies: NDArray[np.float64]) -> NDArray[np.float64]:
    """What undoes the blur of spreading and reading, with the least error on the whole.

    Cubic splines blur by ``sinc(f)**4`` each way; the sum of the blur's squares over all
    frequencies that the grid cannot tell apart is the sampled spline of degree seven (Hockney
    and Eastwood 1981, section 8.3).
    """
    angle = 2 * np.pi * frequencies
    sampled = (1208 + 1191 * np.cos(angle) + 120 * np.cos(2 * angle) + np.cos(3 * angle)) / 2520
    influence: NDArray[np.float64] = np.sinc(frequencies) ** 8 / sampled**2
    return influence
