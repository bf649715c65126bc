"""The compiled module's typed face: the only door to native code.

Every kernel has a plain NumPy twin in ``tests/reference``, which is its definition. Arrays must
be C-contiguous and of exactly the dtype named; `variant` forces one of `cpu_features()`.
"""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

def cpu_features() -> list[str]:
    """Kernel variants that can run on this processor, narrowest first."""

class Selection:
    """The k smallest values in every row of a matrix that arrives in blocks.

    The value of (row, column) is ``offsets[column] - 2 * product``. Threads may call `update`
    at the same time for blocks that touch different rows.
    """

    def __init__(
        self,
        n_rows: int,
        k: int,
        offsets: NDArray[np.float32],
        *,
        variant: str = "auto",
        n_threads: int = 1,
    ) -> None: ...
    def update(
        self,
        products: NDArray[np.float32],
        row_start: int,
        column_start: int,
        *,
        mirrored: bool = False,
    ) -> None:
        """Offer a block to its rows and, if mirrored, its transpose to its columns as rows."""

    def smallest(self) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
        """Values and columns, both (n_rows, k), ascending, ties by lower column.

        (inf, -1) fills rows that were offered fewer than k values.
        """

def nearest_candidates(
    X: NDArray[np.float32],
    rows: NDArray[np.int32],
    candidates: NDArray[np.int32],
    k: int,
    *,
    queries: NDArray[np.float32] | None = None,
    bounds: NDArray[np.float32] | None = None,
    metric: str = "sqeuclidean",
    variant: str = "auto",
    n_threads: int = 1,
) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """The k nearest of each row's candidates: distances and rows of X, both (n_rows, k).

    `rows` are of `queries` if those are given, else of X.

    Computed from the rows in double precision; the same bits on every processor.
    A candidate of -1 is none; missing neighbours are (inf, -1). `bounds`, of the shape of
    `candidates`, promise that no candidate from there on is nearer.
    """

def product_units() -> list[str]:
    """What can multiply rows of 8-bit integers here, slowest first."""

class Rounded:
    """Rows `order` of X, moved and divided by a scale each so that 8-bit integers remain.

    A row becomes ``(x - mean) * factor``, after its own mean is subtracted if `centered` and it
    is scaled to length one if `normalized`.
    """

    def __init__(
        self,
        X: NDArray[np.float32],
        order: NDArray[np.int32],
        mean: NDArray[np.float64],
        *,
        factor: float = 1.0,
        centered: bool = False,
        normalized: bool = False,
        variant: str = "auto",
        n_threads: int = 1,
    ) -> None: ...
    norms: NDArray[np.float32]
    """Squared, of the rounded rows."""
    scales: NDArray[np.float32]
    residuals: NDArray[np.float64]
    """How far rounding moved each row."""
    projections: NDArray[np.float64]
    """Products with the mean, of rows before it is subtracted."""
    integers: NDArray[np.int8]
    """Padded with zeros to a multiple of 64."""
    def take(self, rows: NDArray[np.int32], *, n_threads: int = 1) -> Rounded:
        """Some of the rows."""

class AllPairs:
    """The k smallest values of every row with the others.

    The value of a pair is ``offsets[i] + offsets[j] - 2 scales[i] scales[j] product``.
    """

    def __init__(
        self,
        rounded: Rounded,
        offsets: NDArray[np.float32],
        k: int,
        *,
        unit: str = "auto",
        n_threads: int = 1,
    ) -> None: ...
    n_rounds: int
    def limit(self, limits: NDArray[np.float32]) -> None:
        """Leave out values of a row above its limit; before the first round."""

    def run(self, first: int, last: int) -> None:
        """Compare the pairs of some of the rounds."""

    def smallest(self) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
        """Values and rows, both (n_samples, k), ascending, ties by lower row."""

BLOCK: int
"""Rows of a block."""

def near_blocks(
    rounded: Rounded,
    offsets: NDArray[np.float32],
    starts: NDArray[np.int64],
    blocks: NDArray[np.int32],
    limits: NDArray[np.float32],
    first: int,
    last: int,
    k: int,
    *,
    unit: str = "auto",
    n_threads: int = 1,
) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """As `search_rounded` for rows of blocks first to last - 1, with rows of the blocks listed."""

def near_cells(
    asked: Rounded,
    asked_offsets: NDArray[np.float32],
    rounded: Rounded,
    offsets: NDArray[np.float32],
    starts: NDArray[np.int64],
    chosen: NDArray[np.int32],
    k: int,
    *,
    unit: str = "auto",
    n_threads: int = 1,
) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """As `search_rounded` of each asked row with the rows of the cells chosen for it."""

def search_rounded(
    asked: Rounded,
    asked_offsets: NDArray[np.float32],
    rounded: Rounded,
    offsets: NDArray[np.float32],
    limits: NDArray[np.float32],
    k: int,
    *,
    unit: str = "auto",
    n_threads: int = 1,
) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """The k smallest values up to its limit of each asked row with all; (inf, -1) if fewer."""

def count_below(
    values: NDArray[np.float64],
    limits: NDArray[np.float64],
    *,
    variant: str = "auto",
    n_threads: int = 1,
) -> NDArray[np.int32]:
    """Count the ``values[i]`` below each of ``limits[i]``; shape of `limits`."""

def affinity_rows(
    distances: NDArray[np.float32], perplexities: NDArray[np.float64], *, n_threads: int = 1
) -> NDArray[np.float32]:
    """Gaussian weights with the entropy log(perplexity), rows adding up to one; mean of several."""

def joint_affinities(
    indices: NDArray[np.int32], weights: NDArray[np.float32], *, n_threads: int = 1
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float32]]:
    """``(W + W.T) / 2n`` of the rows' weights, as starts, ascending columns and values."""

def tsne_attraction(
    own: NDArray[np.float32],
    Y: NDArray[np.float32],
    starts: NDArray[np.int64],
    columns: NDArray[np.int32],
    values: NDArray[np.float32],
    *,
    variant: str = "auto",
    n_threads: int = 1,
) -> NDArray[np.float32]:
    """Sum over each row's pairs of ``p (Y[j] - own[i]) / (1 + |Y[j] - own[i]|²)``."""

def pair_forces(
    own: NDArray[np.float32],
    Y: NDArray[np.float32],
    starts: NDArray[np.int64],
    columns: NDArray[np.int32],
    values: NDArray[np.float32],
    offset: float,
    *,
    variant: str = "auto",
    n_threads: int = 1,
) -> NDArray[np.float32]:
    """Sum over each row's pairs of ``value (Y[j] - own[i]) / (offset + |Y[j] - own[i]|²)²``."""

def tsne_field(
    points: NDArray[np.float32],
    sources: NDArray[np.float32],
    *,
    variant: str = "auto",
    n_threads: int = 1,
) -> NDArray[np.float32]:
    """Sum over all sources of q and of q² (point - source), with q = 1 / (1 + distance²)."""

def tsne_own_field(
    Y: NDArray[np.float32], *, variant: str = "auto", n_threads: int = 1
) -> NDArray[np.float32]:
    """As `tsne_field` of the points at themselves, with each pair computed once."""

def tsne_tree_field(
    Y: NDArray[np.float32], theta: float, *, variant: str = "auto", n_threads: int = 1
) -> NDArray[np.float32]:
    """As `tsne_field` of the points at themselves, with far cells of a tree taken as one."""

def tsne_tree_field_at(
    points: NDArray[np.float32],
    sources: NDArray[np.float32],
    theta: float,
    *,
    variant: str = "auto",
    n_threads: int = 1,
) -> NDArray[np.float32]:
    """As `tsne_field`, with far cells of a tree taken as one, by each point on its own."""

def tsne_divergence(
    Y: NDArray[np.float32],
    starts: NDArray[np.int64],
    columns: NDArray[np.int32],
    values: NDArray[np.float32],
    *,
    n_threads: int = 1,
) -> float:
    """Sum over pairs of ``p log(p (1 + |Y[i] - Y[j]|²))``."""

def tsne_step(
    Y: NDArray[np.float32],
    velocity: NDArray[np.float32],
    gains: NDArray[np.float32],
    attraction: NDArray[np.float32],
    field: NDArray[np.float32],
    *,
    exaggeration: float,
    normalization: float,
    learning_rate: float,
    momentum: float,
    longest: float,
    anchors: NDArray[np.float32] | None = None,
    stiffness: NDArray[np.float32] | None = None,
    n_threads: int = 1,
) -> None:
    """Move Y in place along the forces, with momentum and a gain per coordinate.

    A point of positive stiffness s is also drawn with force s (anchor - y).
    """

def center(Y: NDArray[np.float32], *, shift: bool = True) -> NDArray[np.float32]:
    """Move the mean of Y to the origin in place; lowest and highest coordinates, (2, d)."""

def grid_charges(
    Y: NDArray[np.float32],
    low: list[float],
    spacing: float,
    n_nodes: list[int],
    *,
    n_threads: int = 1,
) -> NDArray[np.float32]:
    """Spread a unit charge per point on the nodes of a grid; flat, in C order."""

def grid_gather(
    Y: NDArray[np.float32],
    potential: NDArray[np.float32],
    low: list[float],
    spacing: float,
    n_nodes: list[int],
    width: int,
    *,
    n_threads: int = 1,
) -> NDArray[np.float32]:
    """Potential, with grid rows of `width`, at the points of Y, and minus half its slopes."""

def fuzzy_memberships(
    distances: NDArray[np.float32], local_connectivity: float, *, n_threads: int = 1
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Memberships in (0, 1] of ascending distances, and the unit and free distance of each row.

    Beyond the free distance they fall by e with each unit, and add up to log2(k + 1).
    """

def fuzzy_union(
    indices: NDArray[np.int32],
    memberships: NDArray[np.float32],
    set_op_mix_ratio: float,
    *,
    n_threads: int = 1,
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float32]]:
    """``mix * (P + P.T - P * P.T) + (1 - mix) * P * P.T`` as starts, columns, weights."""

def graph_product(
    starts: NDArray[np.int64],
    columns: NDArray[np.int32],
    weights: NDArray[np.float32],
    values: NDArray[np.float32],
    *,
    n_threads: int = 1,
) -> NDArray[np.float32]:
    """Product of a sparse square matrix with `values`, whose columns come in fours."""

def graph_parts(
    starts: NDArray[np.int64], columns: NDArray[np.int32]
) -> tuple[int, NDArray[np.int32]]:
    """How many parts no edge of a symmetric graph joins, and the part of each point."""

def density_step(
    positions: NDArray[np.float32],
    starts: NDArray[np.int64],
    columns: NDArray[np.int32],
    wanted: NDArray[np.float32],
    *,
    a: float,
    b: float,
    shift: float,
    step: float,
    n_threads: int = 1,
) -> float:
    """Move `positions` in place up the correlation of `wanted` with their log radii.

    A radius is the mean squared length of a point's edges, by their affinity in the map. Returns
    the correlation before the step; `shift` is added to the variance of the log radii.
    """

class EdgeLayout:
    """Points that edges of a graph attract and random points repel, in motion.

    The edges are those of point i at ``starts[i]`` to ``starts[i + 1]``, each stored at both of
    its ends. The heaviest pull in each of `n_epochs`, others in proportion to their weights. Points
    lie in memory and move in `order`, in `n_blocks` of them at a time.
    """

    def __init__(
        self,
        starts: NDArray[np.int64],
        columns: NDArray[np.int32],
        weights: NDArray[np.float32],
        n_components: int,
        n_epochs: int,
        *,
        seed: int,
        order: NDArray[np.int32] | None = None,
        n_blocks: int = 8,
        n_threads: int = 1,
    ) -> None: ...
    @property
    def pulls_per_epoch(self) -> float:
        """Edges that are active in an epoch, on average."""

    def run(
        self,
        positions: NDArray[np.float32],
        first_epoch: int,
        last_epoch: int,
        *,
        a: float,
        b: float,
        repulsion: float,
        rate: float,
        negatives: int,
        racy: bool = False,
        variant: str = "auto",
        n_threads: int = 1,
    ) -> None:
        """Move `positions` in place through some epochs.

        If `racy`, points move one by one as threads come to them, and not block by block: with
        more than one thread, each run gives another map. It is slower, and for benchmarks.
        """

def place_points(
    positions: NDArray[np.float32],
    targets: NDArray[np.float32],
    starts: NDArray[np.int64],
    columns: NDArray[np.int32],
    shares: NDArray[np.float32],
    keys: NDArray[np.uint64],
    *,
    a: float,
    b: float,
    repulsion: float,
    rate: float,
    negatives: int,
    first_epoch: int,
    last_epoch: int,
    n_epochs: int,
    seed: int,
    variant: str = "auto",
    n_threads: int = 1,
) -> None:
    """Move new points in place, through some of `n_epochs`, among targets that do not move.

    An edge pulls in a share of the epochs; `keys` are what each point draws by.
    """

def grow_trees(
    sketch: NDArray[np.float32],
    n_trees: int,
    leaf_size: int,
    *,
    seed: int = 0,
    n_threads: int = 1,
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Rows in the order of the leaves of each tree, and where the leaves, the same in all, end."""

class Descent:
    """Lists of the nearest rows met so far, of rows padded to a multiple of 16 values.

    Lists do not depend on `n_threads`.
    """

    def __init__(
        self,
        X: NDArray[np.float32],
        norms: NDArray[np.float32],
        measure: Literal["sqeuclidean", "inner_product", "manhattan"],
        k: int,
        n_candidates: int,
        *,
        seed: int = 0,
        variant: str = "auto",
        n_threads: int = 1,
    ) -> None: ...
    def meet_in_leaves(self, order: NDArray[np.int32], ends: NDArray[np.int32]) -> None:
        """Compare all rows that share a leaf."""

    def meet_given(self, rows: NDArray[np.int32]) -> None:
        """Compare each row with those given for it, of shape (n_samples, any); -1 is none."""

    def meet_at_neighbors(self) -> int:
        """Compare rows that have a neighbour in common; returns how many entries are new."""

    def lists(self) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
        """Values and rows, both (n_samples, k), ascending; (inf, -1) where a list is short."""

def meet_everyone(
    X: NDArray[np.float32],
    norms: NDArray[np.float32],
    rows: NDArray[np.int32],
    k: int,
    measure: Literal["sqeuclidean", "inner_product", "manhattan"],
    *,
    variant: str = "auto",
    n_threads: int = 1,
) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """Values and rows of the k nearest of each of `rows` among all others."""

def search(
    queries: NDArray[np.float32],
    query_norms: NDArray[np.float32],
    X: NDArray[np.float32],
    norms: NDArray[np.float32],
    entries: NDArray[np.int32],
    starts: NDArray[np.int64],
    columns: NDArray[np.int32],
    k: int,
    measure: Literal["sqeuclidean", "inner_product", "manhattan"],
    *,
    variant: str = "auto",
    n_threads: int = 1,
) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """Values and rows of X nearest to each query, both (n_queries, k).

    All `entries` are compared; then, unless `starts` is empty, rows linked to the nearest.
    """

def stress_pull(
    own: NDArray[np.float32],
    Y: NDArray[np.float32],
    wanted: NDArray[np.float32],
    *,
    variant: str = "auto",
    n_threads: int = 1,
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """For each row the sums of ``wanted / distance * (own - Y)`` and ``(wanted - distance)²``.

    `wanted` has a row for each of `own` and a column for each of `Y`; pairs at no distance pull
    nowhere.
    """

def nearby_forces(
    Y: NDArray[np.float32],
    starts: NDArray[np.int64],
    columns: NDArray[np.int32],
    values: NDArray[np.float32],
    offset: float,
    *,
    variant: str = "auto",
    n_threads: int = 1,
) -> NDArray[np.float32]:
    """As `pair_forces` of a map on itself, each over ``sqrt(1 + |Y[j] - Y[i]|²)``."""

def draw_nearby(
    pairs: NDArray[np.int32],
    Y: NDArray[np.float32],
    near: NDArray[np.int32],
    *,
    longest: float,
    seed: int = 0,
    n_tries: int = 100,
    n_threads: int = 1,
) -> None:
    """Overwrite each row's `pairs` with rows at most `longest` away in the map, not in `near`.

    A place for which none is found keeps what it has.
    """
