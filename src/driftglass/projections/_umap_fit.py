"""The stages of a UMAP fit: neighbours, affinities, initialization, layout."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._device import Device, as_device
from ..errors import InvalidInputError
from ..neighbors import NeighborGraph, nearest_neighbors
from ..neighbors._remembered import remembered_stage
from ..parallel import effective_n_jobs
from ._affine import AffineMap
from ._density import DensityForce, DensityTerm, edge_distances, log_radii
from ._duplicates import Groups
from ._edge_layout import Forces, lay_out
from ._fuzzy import FuzzyGraph, fuzzy_graph
from ._moments import principal_axes
from ._notes import Notes
from ._tsne_rows import is_sparse
from ._umap_checks import as_graph, nearest_of_distances
from ._umap_new import dense
from ._umap_start import initial_positions
from ._umap_targets import Labels, Numbers
from ._watch import Watch

__all__ = [
    "FEW_SAMPLES",
    "Laid",
    "Stages",
    "epochs_of",
    "expected_costs",
    "metric_of",
    "radii_of_map",
]

FEW_SAMPLES = 10_000
"""Rows up to which a map gets 500 epochs and not 200."""
FEWEST = 3
"""Rows up to which distances can be shown exactly."""
RING = 1.1
"""Where rows without an edge lie, in reaches of the map."""


def epochs_of(n_epochs: int | None, n_samples: int) -> int:
    """Epochs wanted, or as many as so many rows need."""
    if n_epochs is not None:
        return int(n_epochs)
    return 500 if n_samples <= FEW_SAMPLES else 200


def metric_of(estimator: Any) -> Any:
    """The metric, with its keywords if it is a function."""
    if callable(estimator.metric) and estimator.metric_kwds:
        return partial(estimator.metric, **estimator.metric_kwds)
    return estimator.metric


def expected_costs(n_samples: int, n_features: int, n_epochs: int) -> dict[str, float]:
    """Rough microseconds of each stage per thread, for an estimate of what is left."""
    return {
        "neighbors": n_samples * (35.0 + 0.08 * n_features),
        "affinities": n_samples * 1.2,
        "initialization": n_samples * 10.0,
        "layout": n_samples * 0.3 * n_epochs,
    }


@dataclass(frozen=True, eq=False)
class Laid:
    """What a fit has found of the rows that differ.

    Parameters
    ----------
    places : ndarray of shape (n_different, n_components), dtype float32
        Their map; no columns if none was asked for.
    n_neighbors : int
        Neighbours of each, itself included.
    n_iter : int
        Epochs made.
    exact : AffineMap or None
        Shows three rows and less; then there is nothing else.
    neighbors : NeighborGraph or None
        Of each row.
    affinities : FuzzyGraph or None
        Made from them.
    initial : ndarray of shape (n_different, n_components) or None
        Where the layout began.
    radii, radii_in_map : ndarray of shape (n_different,) or None
        Logarithms of local radii, if asked for.
    """

    places: NDArray[np.float32]
    n_neighbors: int
    n_iter: int = 0
    exact: AffineMap | None = None
    neighbors: NeighborGraph | None = None
    affinities: FuzzyGraph | None = None
    initial: NDArray[np.float32] | None = None
    radii: NDArray[np.float64] | None = None
    radii_in_map: Any = None


@dataclass(eq=False)
class Stages:
    """A fit under way; each stage takes what the ones before it gave.

    Parameters
    ----------
    estimator : UMAP
        Parameters, checked.
    groups : Groups
        Rows that are equal; only one of each is laid out.
    forces : Forces
        Of the layout.
    watch : Watch
        Hears of every stage.
    notes : Notes
        Takes in what a reader of the map should know.
    """

    estimator: Any
    groups: Groups
    forces: Forces
    watch: Watch
    notes: Notes
    n_iter: int = 0
    n_threads: int = field(init=False)

    def __post_init__(self) -> None:
        self.n_threads = effective_n_jobs(self.estimator.n_jobs)

    def run(self, base: Any, target: Labels | Numbers | None) -> Laid:
        """All of them, for the rows that differ."""
        estimator = self.estimator
        measured = estimator.densmap or estimator.output_dens
        draws = estimator.transform_mode == "embedding"
        given = isinstance(estimator.metric, str) and estimator.metric == "precomputed"
        if draws and not given and base.shape[0] <= FEWEST:
            return self._shown_exactly(dense(base), measured)
        neighbors = self.neighbors(base)
        graph = self.affinities(neighbors, target)
        k = neighbors.n_neighbors + 1
        if not draws:
            nowhere = np.empty((base.shape[0], 0), dtype=np.float32)
            return Laid(nowhere, k, neighbors=neighbors, affinities=graph)
        start = self.initialization(base, graph)
        radii = radii_in_map = None
        if measured:
            # Along edges that the data have, and not those that a target adds.
            plain = self.affinities(neighbors, None) if target is not None else graph
            radii = log_radii(plain, edge_distances(plain, neighbors))
        places = self.layout(start, graph, radii)
        if measured:
            radii_in_map = radii_of_map(places, neighbors.n_neighbors, estimator)
        return Laid(places, k, self.n_iter, None, neighbors, graph, start, radii, radii_in_map)

    def _shown_exactly(self, vectors: NDArray[Any], measured: bool) -> Laid:
        """Up to three rows show their distances exactly; equal rows have one place."""
        n_samples, n_components = len(self.groups.group), int(self.estimator.n_components)
        if n_samples > 1 and len(vectors) == 1:
            self.notes.append(f"all {n_samples} rows are equal: one stacked point.")
        exact = AffineMap.from_axes(principal_axes(vectors, n_components), n_components)
        none = np.zeros(len(vectors)) if measured else None
        k = min(int(self.estimator.n_neighbors), len(vectors))
        places = exact(vectors).astype(np.float32)
        return Laid(places, k, exact=exact, radii=none, radii_in_map=none)

    def neighbors(self, base: Any) -> NeighborGraph:
        """Neighbours of every row that differs."""
        estimator = self.estimator
        wanted, n_samples = int(estimator.n_neighbors), base.shape[0]
        k = min(wanted, n_samples)
        if k < wanted:
            self.notes.append(
                f"n_neighbors {wanted} lowered to {k}: only {n_samples} different rows."
            )
        self.watch.before_the_map("neighbors", 0, 1)
        if estimator.precomputed_knn is not None:
            return as_graph(estimator.precomputed_knn, n_samples, k, estimator.metric)
        if isinstance(estimator.metric, str) and estimator.metric == "precomputed":
            return nearest_of_distances(base, k - 1)
        found = nearest_neighbors(
            base,
            k - 1,
            metric=metric_of(estimator),
            method="approximate" if estimator.force_approximation_algorithm else "auto",
            random_state=self.forces.seed,
            n_jobs=estimator.n_jobs,
            progress=lambda done, total, what: self.watch.before_the_map("neighbors", done, total),
            device=self._searching(base),
        )
        if found.distances.min(initial=0.0) < 0:
            raise InvalidInputError(
                f"metric gives {found.distances.min():g}; distances are not negative. A similarity "
                f"has to be turned round first, as in 1 - similarity."
            )
        return found

    def _searching(self, base: Any) -> Device | None:
        """Where neighbours are searched: functions and sparse rows are compared here."""
        here = callable(self.estimator.metric) or is_sparse(base)
        return None if here else as_device(self.estimator.device)

    def affinities(self, neighbors: NeighborGraph, target: Labels | Numbers | None) -> FuzzyGraph:
        """The fuzzy graph of the neighbours, sharpened by targets."""
        estimator = self.estimator
        self.watch.before_the_map("affinities", 0, 1)
        mix, local = float(estimator.set_op_mix_ratio), float(estimator.local_connectivity)
        longest = estimator.disconnection_distance

        def joined() -> FuzzyGraph:
            return fuzzy_graph(
                neighbors,
                set_op_mix_ratio=mix,
                local_connectivity=local,
                longest=longest,
                n_threads=self.n_threads,
            )

        of = (neighbors.indices, neighbors.distances)
        graph = remembered_stage("fuzzy graph", of, (mix, local, longest), joined)
        if target is None:
            return graph
        k = int(estimator.target_n_neighbors)
        k = neighbors.n_neighbors + 1 if k == -1 else k
        if not self.groups.all_differ:
            target = target.of_groups(self.groups)
        return target.sharpen(graph, float(estimator.target_weight), k, self.n_threads)

    def initialization(self, base: Any, graph: FuzzyGraph) -> NDArray[np.float32]:
        """Where the points start."""
        estimator = self.estimator
        self.watch.before_the_map("initialization", 0, 1)
        init = estimator.init
        if not isinstance(init, str) and len(self.groups.group) == len(init):
            init = np.asarray(init)[self.groups.first]
        precomputed = isinstance(estimator.metric, str) and estimator.metric == "precomputed"
        n_components, seed = int(estimator.n_components), self.forces.seed

        def arranged() -> tuple[NDArray[np.float32], Notes]:
            said = Notes()
            start = initial_positions(
                init,
                None if precomputed else base,
                graph,
                n_components,
                random_state=seed,
                n_threads=self.n_threads,
                notes=said,
            )
            return start, said

        if isinstance(init, str) and init == "spectral":
            of = (base, graph.starts, graph.columns, graph.weights)
            settings = (precomputed, n_components, seed)
            start, said = remembered_stage("spectral start", of, settings, arranged)
        else:
            start, said = arranged()
        self.notes.take(said)
        return start

    def layout(
        self, start: NDArray[np.float32], graph: FuzzyGraph, radii: NDArray[np.float64] | None
    ) -> NDArray[np.float32]:
        """The map; with `densmap`, `radii` are those that it shall have."""
        estimator = self.estimator
        n_epochs = epochs_of(estimator.n_epochs, len(start))
        density = None
        if estimator.densmap and radii is not None:
            term = DensityTerm(
                float(estimator.dens_lambda),
                float(estimator.dens_frac),
                float(estimator.dens_var_shift),
            )
            density = DensityForce.towards(radii, graph, term)
        listening = estimator.callback is not None or self.watch.listens

        def moved(done: int, positions: NDArray[np.float32]) -> bool:
            if not self.groups.all_differ:
                positions = positions[self.groups.group]
            stop = self.watch("layout", done, n_epochs, positions)
            return (
                bool(estimator.callback is not None and estimator.callback(done, positions)) | stop
            )

        positions, self.n_iter = lay_out(
            start,
            graph,
            self.forces,
            n_epochs,
            density=density,
            n_threads=self.n_threads,
            callback=moved if listening else None,
            device=as_device(estimator.device),
        )
        return self._around(positions, graph)

    def _around(self, positions: NDArray[np.float32], graph: FuzzyGraph) -> NDArray[np.float32]:
        """Put rows without an edge on a ring around the others, if edges were left out."""
        alone = np.flatnonzero(np.diff(graph.starts) == 0)
        if self.estimator.disconnection_distance is None or len(alone) == 0:
            return positions
        self.notes.append(
            f"{len(alone)} rows have no neighbour nearer than disconnection_distance: they lie on "
            f"a ring around the map, and where says nothing."
        )
        others = np.delete(positions, alone, axis=0) if len(alone) < len(positions) else positions
        centre = others.mean(axis=0)
        reach = RING * max(float(np.linalg.norm(others - centre, axis=1).max()), 1.0)
        angles = 2.0 * np.pi * np.arange(len(alone)) / len(alone)
        ring = np.zeros((len(alone), positions.shape[1]))
        ring[:, 0] = (
            np.where(np.cos(angles) < 0, -1.0, 1.0) if ring.shape[1] == 1 else np.cos(angles)
        )
        if ring.shape[1] > 1:
            ring[:, 1] = np.sin(angles)
        positions[alone] = centre + reach * ring
        return positions


def radii_of_map(
    positions: NDArray[np.float32], n_neighbors: int, estimator: Any
) -> NDArray[np.float64]:
    """Logarithms of the local radii of a map, by the fuzzy graph of its own neighbours."""
    found = nearest_neighbors(positions, n_neighbors, n_jobs=estimator.n_jobs)
    graph = fuzzy_graph(
        found,
        set_op_mix_ratio=float(estimator.set_op_mix_ratio),
        local_connectivity=float(estimator.local_connectivity),
        n_threads=effective_n_jobs(estimator.n_jobs),
    )
    return log_radii(graph, edge_distances(graph, found))
