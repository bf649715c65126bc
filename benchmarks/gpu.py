"""What a graphics card gains: neighbours, layouts, tracks and the glass box, beside the engine.

    python -m benchmarks.gpu --device cuda --record
    python -m benchmarks.gpu --device cpu --sizes 5000       the same code, to see that it runs

Each stage is timed on the device and by the compiled engine, and beside a floor: the operations and
the bytes that it cannot do without, at the rates that this device reached in a product and in a
copy just before. cuML is measured where it is installed. Quality stands beside every time.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from driftglass.diagnostics import quality, tracks
from driftglass.neighbors import exact_neighbors, nearest_neighbors
from driftglass.projections import TSNE, UMAP, GlassBoxUMAP

GROUPS, SUBGROUPS = 12, 20
K = 15
N_SNAPSHOTS = 8
EPOCHS = 200
ITERATIONS = 750
PER_PAIR = 24
"""Operations of a pull or a push: differences, a length, a power, a product, a sum."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--sizes", type=int, nargs="+", default=[20_000, 70_000, 300_000])
    parser.add_argument("--features", type=int, default=128)
    parser.add_argument("--stages", nargs="+", default=list(STAGES), choices=list(STAGES))
    parser.add_argument("--no-engine", action="store_true", help="only the device")
    parser.add_argument("--record", action="store_true", help="write benchmarks/results/gpu.json")
    arguments = parser.parse_args()
    rates = rates_of(arguments.device)
    print(f"{name_of(arguments.device)}: {rates['operations'] / 1e12:.2f} T operations/s in a "
          f"product, {rates['bytes'] / 1e9:.1f} GB/s in a copy")  # fmt: skip
    found = []
    for n in arguments.sizes:
        X = rows(n, arguments.features)
        nearest_neighbors(X[:500], K, device=arguments.device)  # what is loaded once
        for stage in arguments.stages:
            figures = STAGES[stage](X, arguments.device, not arguments.no_engine)
            found.append({"stage": stage, "n": n, "features": arguments.features, **figures})
            found[-1]["floor_seconds"] = floor_of(found[-1], rates)
            show(found[-1])
    if arguments.record:
        from . import record

        about = {"name": name_of(arguments.device), "device": arguments.device, **rates}
        print(record.write("gpu", {"device": about, "stages": found}))


def rows(n: int, d: int) -> NDArray[np.float32]:
    """Nested clusters."""
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(GROUPS, 1, d)) * 2 + rng.normal(size=(GROUPS, SUBGROUPS, d))
    group, sub = rng.integers(GROUPS, size=n), rng.integers(SUBGROUPS, size=n)
    X = rng.standard_normal((n, d), dtype=np.float32)
    X += centres[group, sub].astype(np.float32)
    return X


def rates_of(device: str) -> dict[str, float]:
    """Operations per second of a product in single precision, and bytes per second of a copy."""
    import torch

    size = 8192 if device != "cpu" else 1024
    A = torch.randn(size, size, device=device)
    long = torch.empty((1 << 28) if device != "cpu" else (1 << 24), device=device)
    other = torch.empty_like(long)
    product = quickest(lambda: torch.mm(A, A), device)
    copy = quickest(lambda: other.copy_(long), device)
    return {"operations": 2.0 * size**3 / product, "bytes": 2.0 * long.nbytes / copy}


def quickest(call: Callable[[], Any], device: str) -> float:
    """Seconds of the shortest of five calls."""
    import torch

    found = []
    for _ in range(5):
        begin = time.perf_counter()
        call()
        if device != "cpu":
            torch.cuda.synchronize(device)
        found.append(time.perf_counter() - begin)
    return min(found)


def name_of(device: str) -> str:
    import torch

    return str(torch.cuda.get_device_name(device)) if device != "cpu" else "the processor by torch"


def timed(call: Callable[[], Any]) -> tuple[float, Any]:
    begin = time.perf_counter()
    result = call()
    return time.perf_counter() - begin, result


def of_neighbors(X: NDArray[np.float32], device: str, engine: bool) -> dict[str, Any]:
    n, d = X.shape
    there, graph = timed(lambda: exact_neighbors(X, K, device=device))
    figures: dict[str, Any] = {
        "device_seconds": there,
        "operations": 2.0 * n * n * d,
        # Every product is written and looked at, unless both are one kernel.
        "bytes": 8.0 * n * n,
    }
    if engine:
        figures["engine_seconds"], own = timed(lambda: exact_neighbors(X, K))
        figures["equal"] = bool(np.array_equal(own.indices, graph.indices))
    if device != "cpu" and find_spec("cuml"):
        from cuml.neighbors import NearestNeighbors

        search = NearestNeighbors(n_neighbors=K + 1, algorithm="brute")
        figures["cuml_seconds"], _ = timed(
            lambda: search.fit(X).kneighbors(X, return_distance=True)
        )
    return figures


def of_umap(X: NDArray[np.float32], device: str, engine: bool) -> dict[str, Any]:
    """The layout, from neighbours that both have."""
    graph = nearest_neighbors(X, K - 1, random_state=0)
    shared = {"precomputed_knn": graph, "random_state": 0, "n_epochs": EPOCHS}
    there, made = timed(lambda: UMAP(device=device, **shared).fit(X))
    none, _ = timed(lambda: UMAP(**{**shared, "n_epochs": 0}).fit(X))
    weights = made.affinities_.weights
    pulls = float(weights.sum() / weights.max()) * EPOCHS
    figures = {
        "device_seconds": there - none,
        "operations": 6.0 * PER_PAIR * pulls,
        # An edge and its ends; five points drawn, each a line of memory of its own.
        "bytes": pulls * (16.0 + 5 * 32.0),
        "device_quality": quality(X, made.embedding_).trustworthiness,
    }
    if engine:
        took, own = timed(lambda: UMAP(**shared).fit(X))
        figures["engine_seconds"] = took - none
        figures["engine_quality"] = quality(X, own.embedding_).trustworthiness
    if device != "cpu" and find_spec("cuml"):
        from cuml.manifold import UMAP as CumlUMAP

        theirs = CumlUMAP(n_neighbors=K, n_epochs=EPOCHS, random_state=0)
        figures["cuml_seconds_with_neighbours"], Y = timed(lambda: theirs.fit_transform(X))
        figures["cuml_quality"] = quality(X, np.asarray(Y)).trustworthiness
    return figures


def of_tsne(X: NDArray[np.float32], device: str, engine: bool) -> dict[str, Any]:
    """The descent, from affinities that both have."""
    from driftglass.projections import Affinities

    shared: dict[str, Any] = {
        "precomputed_affinities": Affinities.of(X), "random_state": 0,
        "early_exaggeration_iter": 250, "n_iter": ITERATIONS - 250,
    }  # fmt: skip
    there, made = timed(lambda: TSNE(device=device, **shared).fit(X))
    edges = float(len(made.affinities_.columns))
    figures = {
        "device_seconds": there,
        "operations": ITERATIONS * (PER_PAIR * edges + 200.0 * len(X)),
        # Column, value and the place of each neighbour; sixteen nodes of each point, there and
        # back.
        "bytes": ITERATIONS * (16.0 * edges + 2 * 16 * 8.0 * len(X)),
        "device_divergence": made.kl_divergence_,
        "device_quality": quality(X, made.embedding_).trustworthiness,
    }
    if engine:
        figures["engine_seconds"], own = timed(lambda: TSNE(**shared).fit(X))
        figures["engine_divergence"] = own.kl_divergence_
        figures["engine_quality"] = quality(X, own.embedding_).trustworthiness
    if device != "cpu" and find_spec("cuml"):
        from cuml.manifold import TSNE as CumlTSNE

        theirs = CumlTSNE(n_iter=ITERATIONS, method="fft", random_state=0)
        figures["cuml_seconds_with_neighbours"], Y = timed(lambda: theirs.fit_transform(X))
        figures["cuml_quality"] = quality(X, np.asarray(Y)).trustworthiness
    return figures


def of_tracks(X: NDArray[np.float32], device: str, engine: bool) -> dict[str, Any]:
    """A few snapshots, each of a twentieth of the rows and some noise more than the one before."""
    rng = np.random.default_rng(0)
    few = X[: max(len(X) // 20, 500)]
    Xs = [few + t * rng.normal(size=few.shape).astype(np.float32) / 4 for t in range(N_SNAPSHOTS)]
    n, d = few.shape
    there, made = timed(lambda: tracks(Xs, device=device))
    figures = {
        "device_seconds": there,
        # Neighbours of all rows and of half; two spectra in double precision.
        "operations": N_SNAPSHOTS * (2.5 * n * n * d + 2 * (4.0 * n * d * d + 9.0 * d**3)),
        "bytes": N_SNAPSHOTS * (10.0 * n * n + 4 * 8.0 * n * d),
    }
    if engine:
        figures["engine_seconds"], own = timed(lambda: tracks(Xs))
        figures["largest_difference"] = max(
            float(np.nanmax(np.abs(a.values - b.values) / (1e-9 + np.abs(b.values))))
            for a, b in zip(made.all, own.all, strict=True)
        )
    return figures


def of_glassbox(X: NDArray[np.float32], device: str, engine: bool) -> dict[str, Any]:
    """Training of the network; there is no engine beside torch for it."""
    made = GlassBoxUMAP(device=device, random_state=0, epochs=3, quiet=True)
    there, _ = timed(lambda: made.fit(X))
    weights = sum(p.numel() for p in made.encoder_.parameters())
    steps = float(len(made.history_)) * len(X)
    figures = {
        "device_seconds": there,
        "operations": 6.0 * weights * steps,
        "bytes": 4.0 * X.shape[1] * steps,
        "device_quality": quality(X, made.embedding_).trustworthiness,
    }
    if engine and device != "cpu":
        here = GlassBoxUMAP(device="cpu", random_state=0, epochs=3, quiet=True)
        figures["engine_seconds"], _ = timed(lambda: here.fit(X))
        figures["engine_quality"] = quality(X, here.embedding_).trustworthiness
    return figures


STAGES: dict[str, Callable[[NDArray[np.float32], str, bool], dict[str, Any]]] = {
    "neighbours": of_neighbors,
    "UMAP layout": of_umap,
    "t-SNE layout": of_tsne,
    "tracks": of_tracks,
    "glass box": of_glassbox,
}


def floor_of(figures: dict[str, Any], rates: dict[str, float]) -> float:
    """Seconds below which no code on this device could come."""
    return max(figures["operations"] / rates["operations"], figures["bytes"] / rates["bytes"])


def show(figures: dict[str, Any]) -> None:
    there, floor = figures["device_seconds"], figures["floor_seconds"]
    line = f"{figures['stage']:13} {figures['n']:>9,}  device {there:8.2f} s  floor {floor:8.3f} s"
    line += f"  {there / floor:6.1f} x floor"
    if "engine_seconds" in figures:
        own = figures["engine_seconds"]
        line += f"  engine {own:8.2f} s ({own / there:.2f} x device)"
    for name in ("device_quality", "engine_quality", "equal", "largest_difference",
                 "cuml_seconds", "cuml_seconds_with_neighbours", "cuml_quality"):  # fmt: skip
        if name in figures:
            value = figures[name]
            line += (
                f"  {name.replace('_', ' ')} {value if isinstance(value, bool) else f'{value:.3g}'}"
            )
    print(line, flush=True)


if __name__ == "__main__":
    main()
