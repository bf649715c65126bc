"""The field of all points of a map under Student's t kernel: what pushes them apart.

At a point y the field is the sum over all sources of ``q`` and of ``q² (y - source)`` with
``q = 1 / (1 + |y - source|²)``. Few points are summed pair by pair. Many in three dimensions
push each other through a tree of cells (Barnes and Hut). In one and two they are spread on a
regular grid by cubic splines, the grid is convolved by FFT with ``q`` and with each component of
``q² d``, and the results are read off at the points. Only one charge per point is spread, so no
large sums cancel.
"""

from __future__ import annotations

from math import ceil, log2
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _kernels

__all__ = ["GridField", "Kernels", "exact_field", "own_field", "tree_field"]

SPACING = {1: 0.3, 2: 0.5, 3: 0.6}
"""Of the nodes, in the kernel's unit: the force is then right to about two per cent, and the
divergence of a finished map to one."""
FEWEST_NODES = {1: 256, 2: 64, 3: 24}
"""Along an axis while the map is small: a young map needs its own shape resolved."""
MOST_NODES = {1: 1 << 20, 2: 1 << 12, 3: 96}
"""Along an axis: what memory allows. A map that is wider gets wider spacing."""
EXACT_UP_TO = {1: 2000, 2: 4000, 3: 4000}
"""Points up to which all pairs cost less than anything cleverer."""
THETA = 0.6
"""Width of a cell beside its distance up to which it stands for its points; in three dimensions
the force is then right to about one per cent."""
THETA_ALONE = 0.5
"""As much accuracy for a point that walks by itself, not with fifteen others around it."""
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
        return exact_field(Y, Y, n_threads)
    if n_components == 3:
        return _kernels.tsne_tree_field(Y, THETA, n_threads=n_threads)
    return GridField(Y, bounds, kernels, n_threads).at(Y)


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
    """Transforms of the kernels on a grid, kept until the grid changes."""

    def __init__(self) -> None:
        self._key: tuple[Any, ...] = ()
        self._transforms: NDArray[np.complex64] = np.empty(0, dtype=np.complex64)

    def on(self, lengths: tuple[int, ...], spacing: float) -> NDArray[np.complex64]:
        """Transforms of q and of each component of q² d, for a periodic grid."""
        if self._key != (lengths, spacing):
            self._transforms = _transformed_kernels(lengths, spacing)
            self._key = (lengths, spacing)
        return self._transforms


class GridField:
    """Field of some sources, to be read at any points between the bounds.

    Parameters
    ----------
    sources : ndarray of shape (n_sources, n_components)
        Map of one to three components.
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
        from scipy import fft

        n_components = sources.shape[1]
        self._n_threads = n_threads
        low, high = bounds.astype(np.float64)
        self._spacing = _spacing(float((high - low).max()), n_components)
        nodes = [ceil(span / self._spacing) + 1 + 2 * BORDER for span in high - low]
        self._nodes = [int(n) for n in nodes]
        self._low = [float(edge) - BORDER * self._spacing for edge in low]
        charges = _kernels.grid_charges(
            sources, self._low, self._spacing, self._nodes, n_threads=n_threads
        ).reshape(self._nodes)
        # Twice the nodes, so that the far side does not wrap round.
        wanted = [2 * n - 1 + MARGIN for n in self._nodes]
        lengths = tuple(int(fft.next_fast_len(n, real=True)) for n in wanted)
        self._width = lengths[-1]
        self._fields = self._convolved(charges, lengths, kernels.on(lengths, self._spacing))

    def _convolved(
        self,
        charges: NDArray[np.float32],
        lengths: tuple[int, ...],
        transforms: NDArray[np.complex64],
    ) -> NDArray[np.float32]:
        from scipy import fft

        last = charges.ndim - 1
        # Axis by axis, so that rows which are zero, or which nobody reads, are not transformed.
        spectrum = fft.rfft(charges, n=lengths[last], axis=last, workers=self._n_threads)
        for axis in reversed(range(last)):
            spectrum = fft.fft(spectrum, n=lengths[axis], axis=axis, workers=self._n_threads)
        product = transforms * spectrum
        for axis in range(last):
            product = fft.ifft(product, axis=axis + 1, overwrite_x=True, workers=self._n_threads)
            product = product[(slice(None),) * (axis + 1) + (slice(self._nodes[axis]),)]
        fields = fft.irfft(product, n=lengths[last], axis=last + 1, workers=self._n_threads)
        return np.ascontiguousarray(fields, dtype=np.float32).ravel()

    def at(self, points: NDArray[np.float32]) -> NDArray[np.float32]:
        """Field at points of shape (n_points, n_components): (n_points, 1 + n_components)."""
        return _kernels.grid_gather(
            points,
            self._fields,
            self._low,
            self._spacing,
            self._nodes,
            self._width,
            n_threads=self._n_threads,
        )


def _spacing(span: float, n_components: int) -> float:
    widest = SPACING[n_components]
    wanted = min(max(span, 1e-12) / FEWEST_NODES[n_components], widest)
    # Steps of a quarter of an octave, so that the kernels of a growing map can be kept.
    spacing = widest * float(2.0 ** (ceil(4 * log2(wanted / widest)) / 4))
    return max(spacing, span / MOST_NODES[n_components])


def _transformed_kernels(lengths: tuple[int, ...], spacing: float) -> NDArray[np.complex64]:
    from scipy import fft

    axes = []
    for n in lengths:
        offset = np.arange(n)
        axes.append(np.where(offset <= n // 2, offset, offset - n) * spacing)
    steps = np.meshgrid(*axes, indexing="ij", sparse=True)
    q = 1.0 / (1.0 + sum(step**2 for step in steps))
    kernels = np.empty((len(lengths) + 1, *lengths), dtype=np.float32)
    kernels[0] = q
    for d, step in enumerate(steps):
        kernels[d + 1] = q * q * step
    transforms = fft.rfftn(kernels, axes=tuple(range(1, len(lengths) + 1)))
    for d, n in enumerate(lengths):
        frequencies = fft.rfftfreq(n) if d == len(lengths) - 1 else fft.fftfreq(n)
        shape = [1] * (len(lengths) + 1)
        shape[d + 1] = -1
        transforms *= _influence(frequencies).reshape(shape).astype(np.float32)
    return np.asarray(transforms, dtype=np.complex64)


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
