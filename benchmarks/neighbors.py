"""Exact nearest neighbours beside scikit-learn's brute force, and faiss where it is installed.

    python -m benchmarks.neighbors
    python -m benchmarks.neighbors --vectors mnist.npz --rows 10000

All use every core. Times are the best of a few turns, taken in the same run; read the ratios.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from driftglass.neighbors import exact_neighbors

from . import record


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--vectors", type=Path, help="an .npy or .npz file; its first array is used"
    )
    parser.add_argument("--rows", type=int, help="use only so many rows of it")
    parser.add_argument("--neighbors", type=int, default=15)
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()

    figures = []
    for name, X in data_sets(arguments.vectors, arguments.rows):
        for metric in ("euclidean", "cosine"):
            figures.append(measured(name, X, arguments.neighbors, metric, arguments.repeats))
            print(line(figures[-1]), flush=True)
    if arguments.vectors is None:
        print(record.write("neighbors", figures))
    else:
        print(record.write(f"neighbors-{arguments.vectors.stem}", figures))


def data_sets(path: Path | None, rows: int | None) -> list[tuple[str, NDArray[np.float32]]]:
    if path is not None:
        loaded = np.load(path)
        array = loaded[loaded.files[0]] if hasattr(loaded, "files") else loaded
        X = array.reshape(len(array), -1)[:rows].astype(np.float32)
        return [(path.stem, X)]
    from sklearn.datasets import load_digits

    rng = np.random.default_rng(0)
    centers = rng.normal(size=(50, 128)) * 2
    mixture = centers[rng.integers(0, 50, 20_000)] + rng.normal(size=(20_000, 128))
    return [
        ("digits", load_digits().data.astype(np.float32)),
        ("mixture of 50 Gaussians", mixture.astype(np.float32)),
    ]


def measured(
    name: str, X: NDArray[np.float32], n_neighbors: int, metric: Any, repeats: int
) -> dict[str, Any]:
    calls: dict[str, Callable[[], NDArray[Any]]] = {
        "driftglass": lambda: exact_neighbors(X, n_neighbors, metric=metric).indices,
        "scikit-learn brute": lambda: with_sklearn(X, n_neighbors, metric),
    }
    try:
        import faiss
    except ImportError:
        faiss = None
    if faiss is not None:
        calls["faiss flat"] = lambda: with_faiss(faiss, X, n_neighbors, metric)
    found = {method: call() for method, call in calls.items()}  # also the warm-up
    seconds = record.best_seconds(calls, repeats)
    ours = found["driftglass"]
    return {
        "data": name,
        "n_samples": X.shape[0],
        "n_features": X.shape[1],
        "metric": metric,
        "n_neighbors": n_neighbors,
        "seconds": {method: round(value, 4) for method, value in seconds.items()},
        "times_faster_than": {
            method: round(value / seconds["driftglass"], 2)
            for method, value in seconds.items()
            if method != "driftglass"
        },
        # Below 1 only where distances tie or the other rounds them.
        "agreement": {
            method: round(float(shared(indices, ours)), 6)
            for method, indices in found.items()
            if method != "driftglass"
        },
    }


def with_sklearn(X: NDArray[np.float32], n_neighbors: int, metric: str) -> NDArray[Any]:
    from sklearn.neighbors import NearestNeighbors

    model = NearestNeighbors(n_neighbors=n_neighbors, algorithm="brute", metric=metric, n_jobs=-1)
    indices: NDArray[Any] = model.fit(X).kneighbors(return_distance=True)[1]
    return indices


def with_faiss(faiss: Any, X: NDArray[np.float32], n_neighbors: int, metric: str) -> NDArray[Any]:
    if metric == "cosine":
        X = X / np.linalg.norm(X, axis=1, keepdims=True)
    index = faiss.IndexFlatIP(X.shape[1]) if metric == "cosine" else faiss.IndexFlatL2(X.shape[1])
    index.add(X)
    found: NDArray[Any] = index.search(X, n_neighbors + 1)[1][:, 1:]
    return found


def shared(first: NDArray[Any], second: NDArray[Any]) -> np.floating[Any]:
    """Share of neighbours that both name."""
    return np.mean([len(np.intersect1d(a, b)) / len(a) for a, b in zip(first, second, strict=True)])


def line(figure: dict[str, Any]) -> str:
    seconds = ", ".join(f"{method} {value:.3f} s" for method, value in figure["seconds"].items())
    ratios = ", ".join(
        f"{value:.1f}x {method}" for method, value in figure["times_faster_than"].items()
    )
    return (
        f"{figure['data']} {figure['n_samples']} x {figure['n_features']} {figure['metric']} "
        f"k={figure['n_neighbors']}: {seconds}  ->  {ratios}"
    )


if __name__ == "__main__":
    main()
