"""How the peers do each work of `benchmarks.engine`, with their defaults. Needs no driftglass."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

Steps = Iterator[Callable[[], Any] | None]
N_NEIGHBORS = 15


def with_hnswlib(inputs: Any, m: int, construction: int, search: int) -> Steps:
    import hnswlib

    yield None
    X = inputs.X
    space = "l2" if inputs.metric == "euclidean" else "cosine"

    def find() -> Any:
        index = hnswlib.Index(space=space, dim=X.shape[1])
        index.init_index(len(X), M=m, ef_construction=construction, random_seed=0)
        index.set_num_threads(inputs.n_threads)
        index.add_items(X)
        index.set_ef(search)
        return without_self(index.knn_query(X, k=N_NEIGHBORS + 1)[0].astype("int64"))

    yield find


def with_pynndescent(inputs: Any, n_neighbors: int, as_umap_learn: bool) -> Steps:
    import pynndescent

    yield None
    X = inputs.X
    options: dict[str, Any] = {"n_jobs": inputs.n_threads, "metric": inputs.metric}
    if as_umap_learn:
        n = len(X)
        options |= {
            "n_trees": min(64, 5 + round(n**0.5 / 20)),
            "n_iters": max(5, round(math.log2(n))),
            "max_candidates": 60,
            "low_memory": True,
        }

    def find() -> Any:
        found = pynndescent.NNDescent(X, n_neighbors=n_neighbors, **options).neighbor_graph[0]
        return without_self(found)[:, :N_NEIGHBORS]

    yield find


def with_nndescent(inputs: Any, n_neighbors: int) -> Steps:
    import nndescent

    yield None
    X = inputs.X

    def find() -> Any:
        made = nndescent.NNDescent(X, metric=inputs.metric, n_neighbors=n_neighbors)
        return without_self(made.neighbor_graph[0])[:, :N_NEIGHBORS]

    yield find


def with_faiss_flat(inputs: Any) -> Steps:
    import faiss

    yield None
    X = inputs.X
    faiss.omp_set_num_threads(inputs.n_threads)

    def find() -> Any:
        index, rows = faiss_index(faiss, faiss.IndexFlat, X, inputs.metric)
        return without_self(index.search(rows, N_NEIGHBORS + 1)[1])

    yield find


def with_faiss_hnsw(inputs: Any, m: int, construction: int, search: int) -> Steps:
    import faiss

    yield None
    X = inputs.X
    faiss.omp_set_num_threads(inputs.n_threads)

    def make(d: int, metric: int) -> Any:
        index = faiss.IndexHNSWFlat(d, m, metric)
        index.hnsw.efConstruction, index.hnsw.efSearch = construction, search
        return index

    def find() -> Any:
        index, rows = faiss_index(faiss, make, X, inputs.metric)
        return without_self(index.search(rows, N_NEIGHBORS + 1)[1])

    yield find


def faiss_index(faiss: Any, make: Any, X: Any, metric: str) -> tuple[Any, Any]:
    """Index of X, and the rows to search it with."""
    import numpy as np

    if metric == "cosine":
        X = X / np.linalg.norm(X, axis=1, keepdims=True)
    measure = faiss.METRIC_INNER_PRODUCT if metric == "cosine" else faiss.METRIC_L2
    index = make(X.shape[1], measure)
    index.add(X)
    return index, X


def with_umap_learn(inputs: Any) -> Steps:
    import umap

    yield None
    X, options = inputs.X, {"metric": inputs.metric, "n_jobs": inputs.n_threads}
    yield lambda: umap.UMAP(**options).fit_transform(X)


def umap_learn_layout(inputs: Any) -> Steps:
    import numpy as np
    from umap.layouts import optimize_layout_euclidean
    from umap.umap_ import make_epochs_per_sample

    yield None
    shared = inputs.graph()
    n = len(shared["starts"]) - 1
    n_epochs = 500 if n <= 10_000 else 200
    rows = np.repeat(np.arange(n, dtype=np.int32), np.diff(shared["starts"]))
    kept = shared["weights"] * n_epochs >= shared["weights"].max()
    epochs = make_epochs_per_sample(shared["weights"][kept], n_epochs)
    state = np.random.default_rng(0).integers(-(2**31), 2**31 - 1, 3).astype(np.int64)
    ends = (rows[kept], shared["columns"][kept].astype(np.int32))

    def lay_out() -> Any:
        Y = shared["start"].astype(np.float32)
        curve = (*shared["ab"], state.copy(), 1.0, 1.0, 5.0)
        # As umap-learn calls it: without `move_other`, which is not its default, an edge pulls
        # only one of its ends, which is half of the work and another map.
        options = {"parallel": True, "move_other": True}
        return optimize_layout_euclidean(Y, Y, *ends, n_epochs, n, epochs, *curve, **options)

    yield lay_out


def umap_learn_transform(inputs: Any, n_new: int) -> Steps:
    import umap

    yield None
    X = inputs.X
    fitted = umap.UMAP(metric=inputs.metric, n_jobs=inputs.n_threads).fit(X[:-n_new])
    yield lambda: fitted.transform(X[-n_new:])


def with_opentsne(inputs: Any) -> Steps:
    import openTSNE

    yield None
    X = inputs.X
    options = {"n_jobs": inputs.n_threads, "random_state": 0, "metric": inputs.metric}
    yield lambda: openTSNE.TSNE(**options).fit(X)


def with_intelex(inputs: Any) -> Steps:
    from sklearnex.manifold import TSNE

    yield None
    X = inputs.X
    if inputs.metric == "cosine":  # it knows euclidean distances; of unit rows they rank alike
        X = X / (X * X).sum(axis=1, keepdims=True) ** 0.5
    yield lambda: TSNE(random_state=0, n_jobs=inputs.n_threads).fit_transform(X)


def with_pacmap(inputs: Any, name: str) -> Steps:
    import pacmap

    yield None
    X = inputs.X
    distance = "angular" if inputs.metric == "cosine" else inputs.metric
    yield lambda: getattr(pacmap, name)(distance=distance).fit_transform(X)


def with_phate(inputs: Any) -> Steps:
    import phate

    yield None
    X = inputs.X
    options = {"n_jobs": inputs.n_threads, "knn_dist": inputs.metric, "verbose": 0}
    yield lambda: phate.PHATE(random_state=0, **options).fit_transform(X)


def with_sklearn_pca(inputs: Any, n_components: int, solver: str) -> Steps:
    from sklearn.decomposition import PCA

    yield None
    X = inputs.X
    yield lambda: PCA(n_components, svd_solver=solver, random_state=0).fit_transform(X)


def import_umap_learn(inputs: Any) -> Steps:
    import umap  # noqa: F401

    yield None
    yield None


def without_self(found: Any) -> Any:
    """Drop the row itself, or the last where it is missing."""
    import numpy as np

    own = found == np.arange(len(found))[:, None]
    own[~own.any(axis=1), -1] = True
    # Equal rows may be named twice; only the first is the row itself.
    own &= np.cumsum(own, axis=1) == 1
    return found[~own].reshape(len(found), -1)


METHODS: dict[str, Callable[..., Steps]] = {
    "hnswlib": with_hnswlib,
    "pynndescent": with_pynndescent,
    "nndescent": with_nndescent,
    "faiss HNSW": with_faiss_hnsw,
    "faiss Flat": with_faiss_flat,
    "umap-learn": with_umap_learn,
    "umap-learn layout": umap_learn_layout,
    "umap-learn transform": umap_learn_transform,
    "openTSNE": with_opentsne,
    "scikit-learn-intelex t-SNE": with_intelex,
    "PaCMAP": partial(with_pacmap, name="PaCMAP"),
    "LocalMAP": partial(with_pacmap, name="LocalMAP"),
    "PHATE": with_phate,
    "umap-learn's import": import_umap_learn,
} | {
    f"scikit-learn PCA to {n}, {solver}": partial(with_sklearn_pca, n_components=n, solver=solver)
    for n in (50, 2)
    for solver in ("covariance_eigh", "randomized", "auto")
}

# Cheapest first; the first that reaches the recall asked for is measured.
LADDERS: dict[str, list[dict[str, Any]]] = {
    "hnswlib": [
        {"m": m, "construction": construction, "search": search}
        for m, construction, search in (
            (12, 50, 40), (16, 60, 40), (16, 60, 60), (16, 100, 60), (16, 100, 90),
            (16, 200, 90), (24, 200, 150), (32, 400, 300), (48, 800, 600),
        )
    ],
    "faiss HNSW": [
        {"m": m, "construction": construction, "search": search}
        for m, construction, search in (
            (12, 40, 32), (16, 40, 32), (16, 40, 64), (24, 40, 64), (32, 40, 64),
            (32, 60, 96), (32, 100, 128), (32, 200, 256), (48, 400, 512),
        )
    ],
    "pynndescent": [
        {"n_neighbors": n, "as_umap_learn": as_umap_learn}
        for n, as_umap_learn in (
            (16, False), (16, True), (20, False), (20, True), (30, False), (30, True),
            (45, True), (60, True),
        )
    ],
    "nndescent": [{"n_neighbors": n} for n in (16, 20, 30, 45, 60)],
}  # fmt: skip
