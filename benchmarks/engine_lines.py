"""What `benchmarks.engine` measures, and the lines of its table with their goals."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

__all__ = ["LINES", "SCALING_ROWS", "WORKS", "Line", "Work"]

SCALING_ROWS = (100_000, 300_000, 1_000_000)
RECALL = 0.99


@dataclass(frozen=True)
class Work:
    """Methods that do the same, measured in turns.

    Parameters
    ----------
    methods : tuple of str
        Names in `engine_ours.METHODS` and `engine_peers.METHODS`.
    n_calls : int
        1 where only the first counts; the median of the others is the warm one.
    measured : {"map", "recall", None}
        What is asked of the result.
    data : {"given", "digits", "planted"}
        The vectors of ``--vectors``, or made ones.
    import_counts : bool
        Whether the first call counts from the start of the import.
    settings : dict
        Arguments of every method.
    """

    methods: tuple[str, ...]
    n_calls: int = 1
    measured: Literal["map", "recall"] | None = "map"
    data: Literal["given", "digits", "planted"] = "given"
    import_counts: bool = True
    settings: dict[str, Any] = field(default_factory=dict)


NEIGHBOR_PEERS = ("hnswlib", "pynndescent", "nndescent", "faiss HNSW")
PCA_SOLVERS = ("covariance_eigh", "randomized", "auto")

WORKS: dict[str, Work] = {
    "neighbours": Work(("driftglass approximate", *NEIGHBOR_PEERS), 2, "recall"),
    "exact": Work(("driftglass exact", "faiss Flat"), 1, "recall"),
    "umap": Work(("driftglass UMAP", "driftglass UMAP from PCA", "umap-learn"), 2),
    "layout": Work(("driftglass layout", "driftglass layout, racy", "umap-learn layout"), 2),
    "tsne": Work(("driftglass t-SNE", "openTSNE", "scikit-learn-intelex t-SNE")),
    "pacmap": Work(("driftglass PaCMAP", "PaCMAP")),
    "localmap": Work(("driftglass LocalMAP", "LocalMAP")),
    "phate": Work(("driftglass PHATE", "PHATE")),
    "pca": Work(
        (
            *(f"driftglass PCA to {n}" for n in (50, 2)),
            *(f"scikit-learn PCA to {n}, {solver}" for n in (50, 2) for solver in PCA_SOLVERS),
        ),
        4,
        None,
    ),
    "transform": Work(
        ("driftglass transform", "umap-learn transform"),
        2,
        import_counts=False,
        settings={"n_new": 10_000},
    ),
    "digits": Work(
        (
            "driftglass UMAP",
            "driftglass UMAP from PCA",
            "PaCMAP",
            "driftglass t-SNE",
            "scikit-learn-intelex t-SNE",
        ),
        2,
        data="digits",
    ),
    "import": Work(
        ("driftglass.projections", "driftglass.projections.UMAP", "umap-learn's import"),
        measured=None,
        data="digits",
    ),
    "scaling": Work(("driftglass UMAP, by stages", "umap-learn"), data="planted"),
}


@dataclass(frozen=True)
class Line:
    """One line of the table: ours beside the fastest of some peers.

    Parameters
    ----------
    text : str
        What is done.
    work : str
        Where ours is measured; the peers may be elsewhere.
    ours, peers : str, tuple of str
        Methods; the fastest peer counts.
    figure : {"cold_seconds", "warm_seconds"}
        What is compared.
    goal, stretch : float or None
        Ours over the peer's, at most; of `limit` lines the figure itself.
    data : {"given", "digits"}
        Whose figures.
    limit : bool
        The goal is for the figure itself, not for a ratio.
    floor : float or None
        Seconds for MNIST on two cores that follow from counting work: the arithmetic at the rate
        at which this kind of machine does it, or looks at far memory at theirs.
    """

    text: str
    work: str
    ours: str
    peers: tuple[str, ...]
    figure: str
    goal: float
    stretch: float | None = None
    data: Literal["given", "digits"] = "given"
    limit: bool = False
    floor: float | None = None


# 2 n^2 d at the rate of 8-bit and 16-bit tiles; 550 million updates of a layout at 468 million a
# second and thread; 750 iterations of attraction and of a Fourier transform after a search.
EXACT_FLOOR, LAYOUT_FLOOR, TSNE_FLOOR = 4.1, 0.59, 15.0
UMAP_FLOOR = 6.0  # a search at its floor and 1.5 s for all else

COLD, WARM = "cold_seconds", "warm_seconds"
INTELEX = "scikit-learn-intelex t-SNE"

LINES: tuple[Line, ...] = (
    Line(
        "15 neighbours at 0.99, whole process",
        "neighbours",
        "driftglass approximate",
        NEIGHBOR_PEERS,
        COLD,
        0.5,
        0.3,
    ),
    Line(
        "15 neighbours at 0.99, second call",
        "neighbours",
        "driftglass approximate",
        ("pynndescent",),
        WARM,
        0.9,
        0.5,
    ),
    Line(
        "15 neighbours, exact",
        "exact",
        "driftglass exact",
        ("faiss Flat",),
        COLD,
        0.6,
        0.3,
        floor=EXACT_FLOOR,
    ),
    Line(
        "UMAP, whole process",
        "umap",
        "driftglass UMAP",
        ("umap-learn",),
        COLD,
        1 / 6,
        1 / 10,
        floor=UMAP_FLOOR,
    ),
    Line(
        "UMAP, second call",
        "umap",
        "driftglass UMAP",
        ("umap-learn",),
        WARM,
        1 / 3,
        1 / 5,
        floor=UMAP_FLOOR,
    ),
    Line(
        "UMAP's layout alone, second call",
        "layout",
        "driftglass layout",
        ("umap-learn layout",),
        WARM,
        1 / 10,
        1 / 20,
        floor=LAYOUT_FLOOR,
    ),
    Line(
        "UMAP beside PaCMAP, whole process", "umap", "driftglass UMAP", ("PaCMAP",), COLD, 0.6, 0.4
    ),
    Line(
        "UMAP from PCA, as PaCMAP starts, beside it",
        "umap",
        "driftglass UMAP from PCA",
        ("PaCMAP",),
        COLD,
        0.6,
        0.4,
    ),
    Line(
        "t-SNE beside openTSNE",
        "tsne",
        "driftglass t-SNE",
        ("openTSNE",),
        COLD,
        1 / 5,
        1 / 8,
        floor=TSNE_FLOOR,
    ),
    Line(
        "t-SNE beside scikit-learn-intelex",
        "tsne",
        "driftglass t-SNE",
        (INTELEX,),
        COLD,
        0.5,
        0.35,
        floor=TSNE_FLOOR,
    ),
    Line(
        "digits, UMAP beside PaCMAP",
        "digits",
        "driftglass UMAP",
        ("PaCMAP",),
        COLD,
        1.0,
        0.5,
        "digits",
    ),
    Line(
        "digits, UMAP from PCA beside PaCMAP",
        "digits",
        "driftglass UMAP from PCA",
        ("PaCMAP",),
        COLD,
        1.0,
        0.5,
        "digits",
    ),
    Line("digits, t-SNE", "digits", "driftglass t-SNE", (INTELEX,), COLD, 1.0, 0.5, "digits"),
    Line("PaCMAP", "pacmap", "driftglass PaCMAP", ("PaCMAP",), COLD, 1.0),
    Line("LocalMAP", "localmap", "driftglass LocalMAP", ("LocalMAP",), COLD, 1.0),
    Line("PHATE", "phate", "driftglass PHATE", ("PHATE",), COLD, 0.5),
    *(
        Line(
            f"PCA to {n}, later calls",
            "pca",
            f"driftglass PCA to {n}",
            tuple(f"scikit-learn PCA to {n}, {solver}" for solver in PCA_SOLVERS),
            WARM,
            1.0,
        )
        for n in (50, 2)
    ),
    Line(
        "placing 10,000 new rows, UMAP",
        "transform",
        "driftglass transform",
        ("umap-learn transform",),
        COLD,
        1 / 5,
    ),
    Line(
        "deterministic beside racy, UMAP's layout",
        "layout",
        "driftglass layout",
        ("driftglass layout, racy",),
        WARM,
        1.3,
        1.1,
    ),
    Line(
        "import of driftglass.projections",
        "import",
        "driftglass.projections",
        ("umap-learn's import",),
        COLD,
        0.5,
        None,
        "digits",
        limit=True,
    ),
    Line(
        "import with UMAP itself",
        "import",
        "driftglass.projections.UMAP",
        ("umap-learn's import",),
        COLD,
        0.5,
        None,
        "digits",
        limit=True,
    ),
)
