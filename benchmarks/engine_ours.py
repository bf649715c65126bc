"""How driftglass does each work of `benchmarks.engine`, with its defaults."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

Steps = Iterator[Callable[[], Any] | None]


def neighbors(inputs: Any, method: str) -> Steps:
    from driftglass.neighbors import nearest_neighbors

    yield None
    X = inputs.X
    options = {"metric": inputs.metric, "method": method, "n_jobs": inputs.n_threads}
    yield lambda: nearest_neighbors(X, 15, **options).indices


def mapped(inputs: Any, name: str, **options: Any) -> Steps:
    import driftglass.projections

    try:
        make = getattr(driftglass.projections, name)
    except AttributeError as error:
        raise ImportError(name) from error
    yield None
    X = inputs.X
    options = {"random_state": 0, "n_jobs": inputs.n_threads, **options}
    known = make().get_params()
    options = {key: value for key, value in options.items() if key in known}
    if inputs.metric != "euclidean":
        options["metric"] = inputs.metric
    yield lambda: make(**options).fit_transform(X)


def racy(inputs: Any) -> Steps:
    from driftglass.projections import UMAP

    if "deterministic" not in UMAP().get_params():
        raise ImportError("there is no racy mode")
    yield from mapped(inputs, "UMAP", deterministic=False)


def pca(inputs: Any, n_components: int) -> Steps:
    from driftglass.projections import PCA

    yield None
    X = inputs.X
    yield lambda: PCA(n_components).fit_transform(X)


def layout(inputs: Any) -> Steps:
    from driftglass.projections._edge_layout import Forces, lay_out
    from driftglass.projections._fuzzy import FuzzyGraph

    yield None
    shared = inputs.graph()
    graph = FuzzyGraph(
        shared["starts"].astype("int64"),
        shared["columns"].astype("int32"),
        shared["weights"].astype("float32"),
    )
    a, b = shared["ab"]
    forces = Forces(float(a), float(b), 1.0, 5, 1.0, 0)
    n_epochs = 500 if len(shared["start"]) <= 10_000 else 200
    options = {"n_threads": inputs.n_threads}
    yield lambda: lay_out(shared["start"], graph, forces, n_epochs, **options)[0]


def transform(inputs: Any, n_new: int) -> Steps:
    from driftglass.projections import UMAP

    yield None
    X = inputs.X
    fitted = UMAP(random_state=0, n_jobs=inputs.n_threads, metric=inputs.metric).fit(X[:-n_new])
    yield lambda: fitted.transform(X[-n_new:])


def import_folder(inputs: Any) -> Steps:
    import driftglass.projections  # noqa: F401

    yield None
    yield None


def import_umap(inputs: Any) -> Steps:
    from driftglass.projections import UMAP  # noqa: F401

    yield None
    yield None


METHODS: dict[str, Callable[..., Steps]] = {
    "driftglass approximate": partial(neighbors, method="approximate"),
    "driftglass exact": partial(neighbors, method="exact"),
    "driftglass UMAP": partial(mapped, name="UMAP"),
    "driftglass UMAP, racy": racy,
    "driftglass layout": layout,
    "driftglass t-SNE": partial(mapped, name="TSNE"),
    "driftglass PaCMAP": partial(mapped, name="PaCMAP"),
    "driftglass LocalMAP": partial(mapped, name="LocalMAP"),
    "driftglass PHATE": partial(mapped, name="PHATE"),
    "driftglass PCA to 50": partial(pca, n_components=50),
    "driftglass PCA to 2": partial(pca, n_components=2),
    "driftglass transform": transform,
    "driftglass.projections": import_folder,
    "driftglass.projections.UMAP": import_umap,
}
