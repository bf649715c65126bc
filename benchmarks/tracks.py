"""What all default tracks and a whole map of CKA cost, beside comparing one pair at a time.

python -m benchmarks.tracks

The pair-by-pair computations are what one writes first, and what users of one-pair libraries
run: a Gram matrix of each snapshot for every pair, centred by multiplication. They are timed on
some pairs and multiplied out, and the figures say so.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.record import write
from driftglass.diagnostics import cka_map, linear_cka, tracks

TIMED_PAIRS = 6


def training(n_snapshots: int, n: int, d: int) -> list[NDArray[np.float32]]:
    """Ten classes that move apart while noise and a slow rotation go on."""
    rng = np.random.default_rng(0)
    corners = rng.normal(size=(10, d))[np.arange(n) % 10]
    noise, other = rng.normal(size=(2, n, d))
    found = []
    for t in range(n_snapshots):
        part = t / max(1, n_snapshots - 1)
        X = corners * part + np.cos(part) * noise + np.sin(part) * other
        found.append(X.astype(np.float32))
    return found


def pair_cka(X: NDArray[Any], Y: NDArray[Any]) -> float:
    """Linear CKA of one pair as first published: n x n matrices, centred by products."""
    n = len(X)
    center = np.eye(n) - 1.0 / n
    K, L = (center @ (Z.astype(np.float64) @ Z.astype(np.float64).T) @ center for Z in (X, Y))
    return float((K * L).sum() / np.sqrt((K * K).sum() * (L * L).sum()))


def feature_cka(X: NDArray[Any], Y: NDArray[Any]) -> float:
    """The same from d x d matrices, which is what a careful author writes."""
    X, Y = (Z.astype(np.float64) - Z.mean(axis=0, dtype=np.float64) for Z in (X, Y))
    cross = np.linalg.norm(X.T @ Y) ** 2
    return float(cross / (np.linalg.norm(X.T @ X) * np.linalg.norm(Y.T @ Y)))


def seconds(call: Any) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def per_pair(pair: Any, Xs: list[NDArray[Any]]) -> float:
    """Mean seconds of a pair, over a few of them."""
    return float(
        np.mean([seconds(lambda t=t: pair(Xs[0], Xs[t])) for t in range(1, TIMED_PAIRS + 1)])
    )


def main() -> None:
    figures: dict[str, Any] = {}

    Xs = training(50, 2000, 512)
    labels = np.arange(2000) % 10
    took = seconds(lambda: tracks(Xs, labels=labels))
    figures["default tracks, T=50, n=2000, d=512"] = {"seconds": took, "goal": 60}
    print(f"all default tracks, T=50, n=2,000, d=512: {took:.1f} s (goal 60)")

    Xs = training(200, 1000, 512)
    took = seconds(lambda: cka_map(Xs))
    n_pairs = 200 * 199 // 2
    row: dict[str, Any] = {"seconds": took, "goal": 30, "pairs": n_pairs}
    for name, pair in (("Gram matrices", pair_cka), ("feature form", feature_cka)):
        one = per_pair(pair, Xs)
        whole = one * n_pairs
        row[f"pair by pair, {name}"] = {"seconds, multiplied out": whole, "ratio": whole / took}
        print(f"  pair by pair, {name}: {whole:.0f} s multiplied out, {whole / took:.0f}x")
    apart = abs(linear_cka(Xs[0], Xs[9], unbiased=False) - pair_cka(Xs[0], Xs[9]))
    row["largest difference from the pair's own value"] = apart
    figures["CKA map, T=200, n=1000, d=512"] = row
    print(
        f"CKA of all pairs, T=200, n=1,000, d=512: {took:.1f} s (goal 30), differs by {apart:.1e}"
    )
    print(write("tracks", figures))


if __name__ == "__main__":
    main()
