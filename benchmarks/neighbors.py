"""Nearest neighbours beside faiss, hnswlib, pynndescent and scikit-learn, where they are installed.

    python -m benchmarks.neighbors
    python -m benchmarks.neighbors --vectors mnist.npz --neighbors 15 90 --repeats 3
    python -m benchmarks.neighbors --vectors text.npy --metric cosine

Each method runs in a process of its own, two calls in a row: the first counts from before the
import, the second is warm. Methods take turns; figures are medians. All use the cores there are.
Recall is against our exact search, at rows drawn by chance.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import record

METHODS = [
    "driftglass",
    "driftglass exact",
    "driftglass approximate",
    "faiss flat",
    "faiss hnsw",
    "hnswlib",
    "pynndescent",
    "scikit-learn brute",
]
N_CHECKED = 1000
ROOT = Path(__file__).parents[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--vectors", type=Path, help="an .npy or .npz file; its first array is used"
    )
    parser.add_argument("--rows", type=int, help="use only so many rows of it")
    parser.add_argument("--neighbors", type=int, nargs="+", default=[15])
    parser.add_argument("--metric", nargs="+", default=["euclidean", "cosine"])
    parser.add_argument("--methods", nargs="+", default=METHODS, choices=METHODS)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--peers", default=sys.executable, help="interpreter that has the peers")
    parser.add_argument("--one", nargs=5, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        run_one(*arguments.one)
        return

    figures = []
    for name, X in data_sets(arguments.vectors, arguments.rows):
        for metric in arguments.metric:
            for k in arguments.neighbors:
                figures.append(
                    measured(
                        name, X, k, metric, arguments.methods, arguments.repeats, arguments.peers
                    )
                )
                print(lines(figures[-1]), flush=True)
    stem = "" if arguments.vectors is None else f"-{arguments.vectors.stem}"
    print(record.write(f"neighbors{stem}", figures))


def data_sets(path: Path | None, rows: int | None) -> list[tuple[str, NDArray[np.float32]]]:
    if path is not None:
        loaded = np.load(path)
        array = loaded[loaded.files[0]] if hasattr(loaded, "files") else loaded
        X = array.reshape(len(array), -1)[:rows].astype(np.float32)
        return [(path.stem, X)]
    rng = np.random.default_rng(0)
    centers = rng.normal(size=(50, 128)) * 2
    mixture = centers[rng.integers(0, 50, 20_000)] + rng.normal(size=(20_000, 128))
    return [
        ("mixture of 50 Gaussians", mixture.astype(np.float32)[:rows]),
        ("embeddings", embeddings(rows or 63_000)),
    ]


def embeddings(n: int, d: int = 384, seed: int = 0) -> NDArray[np.float32]:
    """Unit vectors like those of texts: topics of unequal size, few directions each, one offset."""
    rng = np.random.default_rng(seed)
    n_topics, n_directions = 300, 20
    spectrum = np.arange(1, d + 1) ** -0.55
    turn, _ = np.linalg.qr(rng.normal(size=(d, d)))
    centers = rng.normal(size=(n_topics, d)) * spectrum * 0.7
    topic = rng.choice(n_topics, n, p=rng.dirichlet(np.full(n_topics, 0.5)))
    X = rng.normal(size=(n, d)) * spectrum * 0.35
    for t in range(n_topics):
        here = topic == t
        directions = rng.normal(size=(n_directions, d)) * spectrum * 0.25
        X[here] += centers[t] + rng.normal(size=(here.sum(), n_directions)) @ directions
    X = X @ turn.T + 0.3 * rng.normal(size=d)
    return np.asarray(X / np.linalg.norm(X, axis=1, keepdims=True), dtype=np.float32)


def measured(
    name: str,
    X: NDArray[np.float32],
    k: int,
    metric: str,
    methods: list[str],
    repeats: int,
    peers: str,
) -> dict[str, Any]:
    from driftglass.neighbors import exact_neighbors

    checked = np.sort(np.random.default_rng(0).choice(len(X), min(len(X), N_CHECKED), False))
    true = exact_neighbors(X, k, metric=metric, queries=checked)
    turns: dict[str, list[dict[str, Any]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        data, found = Path(folder, "X.npy"), Path(folder, "found.npy")
        np.save(data, X)
        for _ in range(repeats):
            for method in methods:
                python = sys.executable if method.startswith("driftglass") else peers
                asked = ["--one", method, str(data), str(found), str(k), metric]
                command = [python, "-m", "benchmarks.neighbors", *asked]
                done = subprocess.run(
                    command, capture_output=True, text=True, check=False, cwd=ROOT
                )
                if done.returncode != 0:
                    print(f"{method} did not run: {done.stderr.strip().splitlines()[-1:]}")
                    continue
                figure = json.loads(done.stdout.splitlines()[-1])
                figure["recall"] = shared(true.indices, np.load(found)[checked])
                turns.setdefault(method, []).append(figure)
    medians = {
        method: {key: round(statistics.median(turn[key] for turn in taken), 4) for key in taken[0]}
        for method, taken in turns.items()
    }
    return {
        "data": name,
        "n_samples": X.shape[0],
        "n_features": X.shape[1],
        "metric": metric,
        "n_neighbors": k,
        "methods": medians,
    }


def run_one(method: str, data: str, found: str, k: str, metric: str) -> None:
    """Measure one method in this process, from before it is imported."""
    X = np.load(data)
    begin = time.perf_counter()
    search = searches()[method]
    indices = search(X, int(k), metric)
    whole = time.perf_counter() - begin
    begin, cpu = time.perf_counter(), time.process_time()
    search(X, int(k), metric)
    warm, warm_cpu = time.perf_counter() - begin, time.process_time() - cpu
    np.save(found, indices)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(json.dumps({"whole": whole, "warm": warm, "warm_cpu": warm_cpu, "peak_gb": peak}))


def searches() -> dict[str, Callable[[NDArray[np.float32], int, str], NDArray[Any]]]:
    return {
        "driftglass": lambda X, k, metric: ours("nearest_neighbors", X, k, metric),
        "driftglass exact": lambda X, k, metric: ours("exact_neighbors", X, k, metric),
        "driftglass approximate": lambda X, k, metric: ours("approximate_neighbors", X, k, metric),
        "faiss flat": faiss_flat,
        "faiss hnsw": faiss_hnsw,
        "hnswlib": hnswlib_search,
        "pynndescent": pynndescent_search,
        "scikit-learn brute": sklearn_brute,
    }


def ours(function: str, X: NDArray[np.float32], k: int, metric: str) -> NDArray[Any]:
    from driftglass import neighbors

    return np.asarray(getattr(neighbors, function)(X, k, metric=metric).indices)


def directions(X: NDArray[np.float32], metric: str) -> NDArray[np.float32]:
    lengths = np.linalg.norm(X, axis=1, keepdims=True) if metric == "cosine" else np.float32(1)
    return np.asarray(X / lengths, dtype=np.float32)


def without_self(indices: NDArray[Any], k: int) -> NDArray[Any]:
    own = indices == np.arange(len(indices))[:, None]
    own[~own.any(axis=1), -1] = True
    return indices[~own].reshape(-1, k)


def faiss_flat(X: NDArray[np.float32], k: int, metric: str) -> NDArray[Any]:
    import faiss

    index = faiss.IndexFlatL2(X.shape[1])
    index.add(directions(X, metric))
    return without_self(index.search(directions(X, metric), k + 1)[1], k)


def faiss_hnsw(X: NDArray[np.float32], k: int, metric: str) -> NDArray[Any]:
    import faiss

    index = faiss.IndexHNSWFlat(X.shape[1], 16)
    index.hnsw.efConstruction, index.hnsw.efSearch = 100, max(100, 2 * k)
    index.add(directions(X, metric))
    return without_self(index.search(directions(X, metric), k + 1)[1], k)


def hnswlib_search(X: NDArray[np.float32], k: int, metric: str) -> NDArray[Any]:
    import hnswlib

    index = hnswlib.Index(space="cosine" if metric == "cosine" else "l2", dim=X.shape[1])
    index.init_index(len(X), M=16, ef_construction=100)
    index.add_items(X)
    index.set_ef(max(100, 2 * k))
    return without_self(index.knn_query(X, k=k + 1)[0].astype(np.int64), k)


def pynndescent_search(X: NDArray[np.float32], k: int, metric: str) -> NDArray[Any]:
    """With the settings that umap-learn gives it."""
    from pynndescent import NNDescent

    trees = min(64, 5 + round(len(X) ** 0.5 / 20.0))
    rounds = max(5, round(np.log2(len(X))))
    index = NNDescent(
        X,
        n_neighbors=k + 1,
        metric=metric,
        n_trees=trees,
        n_iters=rounds,
        max_candidates=60,
        low_memory=True,
    )
    return without_self(index.neighbor_graph[0], k)


def sklearn_brute(X: NDArray[np.float32], k: int, metric: str) -> NDArray[Any]:
    from sklearn.neighbors import NearestNeighbors

    model = NearestNeighbors(n_neighbors=k, algorithm="brute", metric=metric, n_jobs=-1)
    indices: NDArray[Any] = model.fit(X).kneighbors(return_distance=False)
    return indices


def shared(true: NDArray[Any], found: NDArray[Any]) -> float:
    """Share of the true neighbours that were found."""
    return float((true[:, :, None] == found[:, None, :]).any(axis=2).mean())


def lines(figure: dict[str, Any]) -> str:
    ours_whole = figure["methods"].get("driftglass", {}).get("whole", float("nan"))
    ours_warm = figure["methods"].get("driftglass", {}).get("warm", float("nan"))
    head = (
        f"{figure['data']} {figure['n_samples']} x {figure['n_features']} {figure['metric']} "
        f"k={figure['n_neighbors']}   (ratio: driftglass / it)"
    )
    rows = [
        f"  {method:24} whole {f['whole']:7.2f} s ({ours_whole / f['whole']:5.2f})"
        f"  warm {f['warm']:7.2f} s ({ours_warm / f['warm']:5.2f})  cpu {f['warm_cpu']:7.2f} s"
        f"  recall {f['recall']:.4f}  peak {f['peak_gb']:.2f} GB"
        for method, f in figure["methods"].items()
    ]
    return "\n".join([head, *rows])


if __name__ == "__main__":
    main()
