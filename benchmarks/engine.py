"""Neighbours and UMAP beside their peers: each in a fresh process, cold and warm, with quality.

    python -m benchmarks.engine
    python -m benchmarks.engine --vectors mnist.npz --peers ~/peers/bin/python --work umap

Peers are looked for in the interpreter of ``--peers``, an environment of their own; those that it
lacks are left out, and said. All use two threads and take turns. "cold" counts from the start of
the first import to the end of the first call, as a user feels it; "warm" is the second call.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

THREADS = 2
N_NEIGHBORS = 15
N_CHECKED = 500
WORKS: dict[str, tuple[str, ...]] = {
    "neighbours": ("driftglass approximate", "driftglass exact", "pynndescent", "hnswlib"),
    "umap": ("driftglass UMAP", "driftglass UMAP, pca", "umap-learn"),
    "layout": ("driftglass layout", "umap-learn layout"),
    "transform": ("driftglass transform", "umap-learn transform"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--vectors", type=Path, help="an .npz file: its first array, and labels")
    parser.add_argument("--rows", type=int, help="use only so many rows of it")
    parser.add_argument("--peers", default=sys.executable, help="interpreter that has the peers")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--work", nargs="+", default=list(WORKS), choices=WORKS)
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        child(*arguments.child)
        return

    from . import record
    from .engine_tsne import data

    name, X, labels = data(arguments.vectors, arguments.rows)
    figures = []
    with tempfile.TemporaryDirectory() as folder:
        write_inputs(Path(folder), X)
        for work in arguments.work:
            figures += compared(work, name, X, labels, Path(folder), arguments)
    print(record.write("engine" if name == "digits" else f"engine-{name}", figures))


def write_inputs(folder: Path, X: Any) -> None:
    """Vectors, and for the layout alone a graph and a start that all methods share."""
    import numpy as np

    from driftglass.neighbors import nearest_neighbors
    from driftglass.projections import UMAP

    np.save(folder / "X.npy", X)
    neighbors = nearest_neighbors(X, N_NEIGHBORS - 1)
    fitted = UMAP(init="pca", n_epochs=0, precomputed_knn=neighbors, random_state=0).fit(X)
    graph = fitted.graph_
    np.savez(
        folder / "graph.npz",
        starts=graph.indptr,
        columns=graph.indices,
        weights=graph.data,
        start=fitted.embedding_,
        ab=[fitted.a_, fitted.b_],
    )


def compared(
    work: str, name: str, X: Any, labels: Any, folder: Path, arguments: argparse.Namespace
) -> list[dict[str, Any]]:
    """Figures of each method of one work, and their ratios to the first of ours."""
    import numpy as np

    runs: dict[str, list[dict[str, Any]]] = {method: [] for method in WORKS[work]}
    results = {}
    for _ in range(arguments.repeats):
        for method, found in runs.items():
            python = sys.executable if method.startswith("drift") else arguments.peers
            run = measured(python, method, folder)
            if run is not None:
                found.append(run)
                results[method] = np.load(folder / "result.npy")
    figures = []
    for method, found in runs.items():
        if not found:
            print(f"{work}: {method} is not installed, left out")
            continue
        figure = {"work": work, "data": name, "n_samples": len(X), "n_features": X.shape[1]}
        figure |= {"method": method}
        for key in found[0]:
            figure[key] = round(float(np.median([run[key] for run in found])), 3)
        figure |= quality_of(work, X, results[method], labels)
        ours = figures[0] if figures else figure
        for key in ("cold_seconds", "warm_seconds"):
            figure[f"ours_over_this_{key.partition('_')[0]}"] = round(ours[key] / figure[key], 3)
        figures.append(figure)
        print(json.dumps(figure), flush=True)
    return figures


def quality_of(work: str, X: Any, result: Any, labels: Any) -> dict[str, float]:
    import numpy as np

    from driftglass.neighbors import exact_neighbors

    from .map_quality import map_quality

    if work == "neighbours":
        rng = np.random.default_rng(0)
        rows = np.sort(rng.choice(len(X), min(N_CHECKED, len(X)), replace=False))
        true = exact_neighbors(X, N_NEIGHBORS, queries=rows).indices
        found = result[rows]
        return {"recall": round(float((true[:, :, None] == found[:, None]).any(axis=2).mean()), 4)}
    if work == "transform":
        n_fitted = n_fitted_of(len(X))
        return map_quality(X[n_fitted:], result, None if labels is None else labels[n_fitted:])
    return map_quality(X, result, labels)


def measured(python: str, method: str, folder: Path) -> dict[str, Any] | None:
    command = [python, "-W", "ignore", __file__, "--child", method, str(folder)]
    threads = dict.fromkeys(
        ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), str(THREADS)
    )
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, **threads}
    )
    if done.returncode == 3:
        return None
    if done.returncode:
        raise RuntimeError(f"{method} failed:\n{done.stderr[-2000:]}")
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return figures


def child(method: str, folder: str) -> None:
    """Cold and warm call in this process; prints one line of JSON."""
    import numpy as np

    X = np.load(f"{folder}/X.npy")
    with np.load(f"{folder}/graph.npz") as loaded:
        graph = {key: loaded[key] for key in loaded.files}
    start, used = time.perf_counter(), time.process_time()
    try:
        call = caller(method, X, graph)
    except ImportError:
        sys.exit(3)
    if method.endswith("transform"):  # the fit is the work of another line
        start, used = time.perf_counter(), time.process_time()
    result = call()
    cold, cpu = time.perf_counter() - start, time.process_time() - used
    start = time.perf_counter()
    call()
    figures = {
        "cold_seconds": cold,
        "warm_seconds": time.perf_counter() - start,
        "cold_cpu_seconds": cpu,
        "peak_megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    np.save(f"{folder}/result.npy", np.asarray(result))
    print(json.dumps(figures))


def n_fitted_of(n: int) -> int:
    """Rows that are fitted when the others are placed: all but a seventh."""
    return n - n // 7


def caller(method: str, X: Any, graph: dict[str, Any]) -> Callable[[], Any]:
    """Import what the method needs, and return its call with the defaults of its package."""
    if method.startswith("driftglass"):
        return our_caller(method, X, graph)
    if method == "hnswlib":
        import hnswlib
        import numpy as np

        def search() -> Any:
            index = hnswlib.Index(space="l2", dim=X.shape[1])
            index.init_index(len(X), M=16, ef_construction=100, random_seed=0)
            index.set_num_threads(THREADS)
            index.add_items(X)
            index.set_ef(60)
            found = index.knn_query(X, k=N_NEIGHBORS + 1)[0].astype(np.int64)
            return without_self(found)

        return search
    if method == "pynndescent":
        import pynndescent

        return lambda: without_self(
            pynndescent.NNDescent(X, n_neighbors=N_NEIGHBORS + 1, n_jobs=THREADS).neighbor_graph[0]
        )
    import umap

    if method == "umap-learn layout":
        return umap_learn_layout(graph)
    if method == "umap-learn transform":
        n_fitted = n_fitted_of(len(X))
        fitted = umap.UMAP(n_jobs=THREADS).fit(X[:n_fitted])
        return lambda: fitted.transform(X[n_fitted:])
    return lambda: umap.UMAP(n_jobs=THREADS).fit_transform(X)


def our_caller(method: str, X: Any, graph: dict[str, Any]) -> Callable[[], Any]:
    if method in ("driftglass approximate", "driftglass exact"):
        from driftglass.neighbors import approximate_neighbors, exact_neighbors

        search = exact_neighbors if method.endswith("exact") else approximate_neighbors
        return lambda: search(X, N_NEIGHBORS, n_jobs=THREADS).indices
    if method == "driftglass layout":
        from driftglass.projections._edge_layout import Forces, lay_out
        from driftglass.projections._fuzzy import FuzzyGraph

        given = FuzzyGraph(
            graph["starts"].astype("int64"),
            graph["columns"].astype("int32"),
            graph["weights"].astype("float32"),
        )
        a, b = graph["ab"]
        forces = Forces(float(a), float(b), 1.0, 5, 1.0, 0)
        n_epochs = 500 if len(X) <= 10_000 else 200
        return lambda: lay_out(graph["start"], given, forces, n_epochs, n_threads=THREADS)[0]
    from driftglass.projections import UMAP

    if method == "driftglass transform":
        n_fitted = n_fitted_of(len(X))
        fitted = UMAP(random_state=0, n_jobs=THREADS).fit(X[:n_fitted])
        return lambda: fitted.transform(X[n_fitted:])
    init = "pca" if method.endswith("pca") else "spectral"
    return lambda: UMAP(init=init, random_state=0, n_jobs=THREADS).fit_transform(X)


def umap_learn_layout(graph: dict[str, Any]) -> Callable[[], Any]:
    import numpy as np
    from umap.layouts import optimize_layout_euclidean
    from umap.umap_ import make_epochs_per_sample

    n = len(graph["starts"]) - 1
    n_epochs = 500 if n <= 10_000 else 200
    rows = np.repeat(np.arange(n, dtype=np.int32), np.diff(graph["starts"]))
    kept = graph["weights"] * n_epochs >= graph["weights"].max()
    epochs = make_epochs_per_sample(graph["weights"][kept], n_epochs)
    state = np.random.default_rng(0).integers(-(2**31), 2**31 - 1, 3).astype(np.int64)
    a, b = graph["ab"]

    def lay_out() -> Any:
        Y = graph["start"].astype(np.float32)
        ends = (rows[kept], graph["columns"][kept].astype(np.int32))
        return optimize_layout_euclidean(
            Y, Y, *ends, n_epochs, n, epochs, a, b, state.copy(), 1.0, 1.0, 5.0, parallel=True
        )

    return lay_out


def without_self(found: Any) -> Any:
    """Drop the row itself, or the last where it is missing."""
    import numpy as np

    own = found == np.arange(len(found))[:, None]
    own[~own.any(axis=1), -1] = True
    return found[~own].reshape(len(found), -1)


if __name__ == "__main__":
    main()
