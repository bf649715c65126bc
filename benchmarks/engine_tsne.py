"""t-SNE and PaCMAP beside their peers: each in a fresh process, cold and warm, with quality.

    python -m benchmarks.engine_tsne
    python -m benchmarks.engine_tsne --vectors mnist.npz --peers ~/peers/bin/python

Peers are looked for in the interpreter of ``--peers``, an environment of their own; those that it
lacks are left out. All use two threads. "cold" counts from the start of the first import to the
end of the first call, as a user feels it.
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
METHODS = {
    "driftglass t-SNE": "tsne",
    "openTSNE": "tsne",
    "scikit-learn-intelex t-SNE": "tsne",
    "driftglass PaCMAP": "pacmap",
    "PaCMAP": "pacmap",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--vectors", type=Path, help="an .npz file: its first array, and labels")
    parser.add_argument("--rows", type=int, help="use only so many rows of it")
    parser.add_argument("--peers", default=sys.executable, help="interpreter that has the peers")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--methods", nargs="+", default=list(METHODS), choices=METHODS)
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        child(*arguments.child)
        return

    from . import record

    name, X, labels = data(arguments.vectors, arguments.rows)
    figures = compared(name, X, labels, arguments)
    print(record.write("engine-tsne" if name == "digits" else f"engine-tsne-{name}", figures))


def data(path: Path | None, rows: int | None) -> tuple[str, Any, Any]:
    import numpy as np

    if path is None:
        from sklearn.datasets import load_digits

        digits = load_digits()
        return "digits", digits.data.astype(np.float32), digits.target
    loaded = np.load(path)
    X = loaded[loaded.files[0]][:rows]
    labels = loaded["labels"][:rows].astype(np.int64) if "labels" in loaded.files else None
    return path.stem, X.reshape(len(X), -1).astype(np.float32), labels


def compared(name: str, X: Any, labels: Any, arguments: argparse.Namespace) -> list[dict[str, Any]]:
    import numpy as np

    from .map_quality import map_quality

    runs: dict[str, list[dict[str, Any]]] = {method: [] for method in arguments.methods}
    maps = {}
    with tempfile.TemporaryDirectory() as folder:
        vectors, coordinates = Path(folder) / "X.npy", Path(folder) / "Y.npy"
        np.save(vectors, X)
        # In turns, so that a busy moment of the machine hits all of them.
        for _ in range(arguments.repeats):
            for method in arguments.methods:
                python = sys.executable if method.startswith("drift") else arguments.peers
                run = measured(python, method, vectors, coordinates)
                if run is not None:
                    runs[method].append(run)
                    maps[method] = np.load(coordinates)
    figures = []
    for method, found in runs.items():
        if not found:
            print(f"{method}: not installed, left out")
            continue
        figure = {"data": name, "n_samples": len(X), "n_features": X.shape[1], "method": method}
        for key in found[0]:
            figure[key] = round(float(np.median([run[key] for run in found])), 3)
        figure |= map_quality(X, maps[method], labels)
        figures.append(figure)
        print(json.dumps(figure), flush=True)
    for figure in figures:
        ours = next((f for f in figures if f["method"] == ours_for(figure["method"])), None)
        if ours is not None and ours is not figure:
            figure["ours_over_this_cold"] = round(ours["cold_seconds"] / figure["cold_seconds"], 3)
            figure["ours_over_this_warm"] = round(ours["warm_seconds"] / figure["warm_seconds"], 3)
            print(f"{ours['method']} takes {figure['ours_over_this_cold']} of {figure['method']}")
    return figures


def ours_for(method: str) -> str:
    return "driftglass t-SNE" if METHODS[method] == "tsne" else "driftglass PaCMAP"


def measured(python: str, method: str, vectors: Path, coordinates: Path) -> dict[str, Any] | None:
    command = [python, "-W", "ignore", __file__, "--child", method, str(vectors), str(coordinates)]
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


def child(method: str, vectors: str, coordinates: str) -> None:
    """Cold and warm call in this process; prints one line of JSON."""
    import numpy as np

    X = np.load(vectors)
    start, used = time.perf_counter(), time.process_time()
    try:
        call = caller(method)
    except ImportError:
        sys.exit(3)
    Y = call(X)
    cold, cpu = time.perf_counter() - start, time.process_time() - used
    start = time.perf_counter()
    call(X)
    figures = {
        "cold_seconds": cold,
        "warm_seconds": time.perf_counter() - start,
        "cold_cpu_seconds": cpu,
        "peak_megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    np.save(coordinates, np.asarray(Y))
    print(json.dumps(figures))


def caller(method: str) -> Callable[[Any], Any]:
    """Import what the method needs, and return its call with the defaults of its package."""
    if method == "driftglass t-SNE":
        from driftglass.projections import TSNE

        return lambda X: TSNE(random_state=0, n_jobs=THREADS).fit_transform(X)
    if method == "driftglass PaCMAP":
        from driftglass.projections import PaCMAP

        return lambda X: PaCMAP(random_state=0, n_jobs=THREADS).fit_transform(X)
    if method == "openTSNE":
        import openTSNE

        return lambda X: openTSNE.TSNE(n_jobs=THREADS, random_state=0).fit(X)
    if method == "PaCMAP":
        import pacmap

        return lambda X: pacmap.PaCMAP().fit_transform(X)
    from sklearnex.manifold import TSNE as Patched

    return lambda X: Patched(init="pca", random_state=0, n_jobs=THREADS).fit_transform(X)


if __name__ == "__main__":
    main()
