"""How driftglass does each work of `benchmarks.engine`, with its defaults."""

from __future__ import annotations

import time
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


def umap_by_stages(inputs: Any) -> Steps:
    """UMAP with someone who looks at the clock whenever another stage begins."""
    from driftglass.projections import UMAP

    yield None
    X = inputs.X

    def fit() -> Any:
        inputs.parts.clear()
        started, stage = time.perf_counter(), ""

        def hear(now: Any) -> None:
            nonlocal started, stage
            if now.stage != stage:
                keep(time.perf_counter())
                stage = now.stage

        def keep(now: float) -> None:
            nonlocal started
            if stage:
                inputs.parts[stage] = now - started
            started = now

        options = {"random_state": 0, "n_jobs": inputs.n_threads, "metric": inputs.metric}
        Y = UMAP(progress=hear, **options).fit_transform(X)
        keep(time.perf_counter())
        return Y

    yield fit


def pca(inputs: Any, n_components: int) -> Steps:
    from driftglass.projections import PCA

    yield None
    X = inputs.X
    yield lambda: PCA(n_components).fit_transform(X)


def layout(inputs: Any) -> Steps:
    from driftglass.projections._edge_layout import Forces, lay_out

    yield None
    graph, start, curve, n_epochs = shared(inputs)
    forces = Forces(*curve, 1.0, 5, 1.0, 0)
    yield lambda: lay_out(start, graph, forces, n_epochs, n_threads=inputs.n_threads)[0]


def racy_layout(inputs: Any) -> Steps:
    """The same, but points move as threads come to them: no estimator offers that."""
    from driftglass import _kernels
    from driftglass.projections._edge_layout import Forces, in_turns, order_through

    yield None
    graph, start, curve, n_epochs = shared(inputs)
    forces = Forces(*curve, 1.0, 5, 1.0, 0).keywords()

    def lay_out() -> Any:
        Y, order = start.copy(), in_turns(order_through(start))
        threads = {"n_threads": inputs.n_threads}
        edges = (graph.starts, graph.columns, graph.weights)
        made = _kernels.EdgeLayout(*edges, Y.shape[1], n_epochs, seed=0, order=order, **threads)
        made.run(Y, 0, n_epochs, **forces, racy=True, **threads)
        return Y

    yield lay_out


def shared(inputs: Any) -> tuple[Any, Any, tuple[float, float], int]:
    """Graph, start, curve and epochs that all methods of the layout have in common."""
    from driftglass.projections._fuzzy import FuzzyGraph

    given = inputs.graph()
    graph = FuzzyGraph(
        given["starts"].astype("int64"),
        given["columns"].astype("int32"),
        given["weights"].astype("float32"),
    )
    a, b = given["ab"]
    return graph, given["start"], (float(a), float(b)), 500 if graph.n_samples <= 10_000 else 200


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
    "driftglass UMAP from PCA": partial(mapped, name="UMAP", init="pca"),
    "driftglass UMAP, by stages": umap_by_stages,
    "driftglass layout": layout,
    "driftglass layout, racy": racy_layout,
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
