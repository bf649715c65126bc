"""Every projection and search beside its peers: seconds, processor time, memory and quality.

    python -m benchmarks.engine                                      digits, in a minute
    python -m benchmarks.engine --vectors mnist.npz --peers ~/peers/bin/python
    python -m benchmarks.engine --vectors mnist.npz --work umap tsne --repeats 5
    python -m benchmarks.engine --table                              only print what is kept

Peers are looked for in the interpreter of ``--peers``, an environment of their own; those that it
lacks are left out, and said. For fair first calls name one that has driftglass and nothing for
development as ``--ours``: scikit-learn imports pandas wherever it is there, which takes a second.

Each measurement is a process of its own with two threads; the methods of one work take turns.
Figures are medians. Those of earlier sittings stay in the file until they are measured again, and a
ratio between two sittings is marked.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

from . import engine_table
from .engine_figures import Bench, Kept
from .engine_lines import SCALING_ROWS, WORKS
from .engine_pythons import Pythons


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--vectors", type=Path, help="an .npz file: its first array, and labels")
    parser.add_argument("--rows", type=int, help="use only so many rows of it")
    parser.add_argument("--metric", default="euclidean", choices=("euclidean", "cosine"))
    parser.add_argument("--peers", default=sys.executable, help="interpreter that has the peers")
    parser.add_argument("--ours", default=sys.executable, help="interpreter that has driftglass")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--work", nargs="+", choices=WORKS, help="all but scaling by default")
    parser.add_argument("--only", nargs="+", default=[], help="only methods with such a name in it")
    parser.add_argument("--scaling-rows", type=int, nargs="+", default=list(SCALING_ROWS))
    parser.add_argument("--scaling-peer", type=int, default=0, help="let umap-learn go up to here")
    parser.add_argument("--seconds", type=float, default=3600.0, help="of one process, at most")
    parser.add_argument("--name", default="engine", help="of the file in benchmarks/results")
    parser.add_argument("--table", action="store_true", help="measure nothing")
    arguments = parser.parse_args()

    kept = Kept(arguments.name)
    if not arguments.table:
        measure(arguments, kept)
    engine_table.show(kept.figures)


def measure(arguments: argparse.Namespace, kept: Kept) -> None:
    """Measure what is asked for, and keep each figure as soon as there is one."""
    works = arguments.work or [work for work in WORKS if work != "scaling"]
    for work in works:
        print(f"{work}:", flush=True)
        wanted = WORKS[work]
        if wanted.data == "planted":
            for n in arguments.scaling_rows:
                measure_one(work, planted(n), arguments, kept)
        elif wanted.data == "digits":
            measure_one(work, data(None, None), arguments, kept)
        else:
            measure_one(work, data(arguments.vectors, arguments.rows), arguments, kept)


def measure_one(
    work: str,
    given: tuple[str, Any, Any],
    arguments: argparse.Namespace,
    kept: Kept,
) -> None:
    name, X, labels = given
    wanted = WORKS[work]
    metric = arguments.metric if wanted.data == "given" else "euclidean"
    if metric != "euclidean":
        name = f"{name} {metric}"
    methods = [
        method
        for method in wanted.methods
        if not arguments.only or any(part in method for part in arguments.only)
    ]
    if wanted.data == "planted" and len(X) > arguments.scaling_peer:
        methods = [method for method in methods if method.startswith("driftglass")]
    with tempfile.TemporaryDirectory() as folder:
        pythons = Pythons(arguments.ours, arguments.peers, arguments.threads, arguments.seconds)
        bench = Bench(Path(folder), name, X, labels, metric, pythons)
        if work == "layout":
            bench.write_graph()
        for figure in bench.compared(work, wanted, methods, arguments.repeats, kept):
            kept.add(figure)


def data(path: Path | None, rows: int | None) -> tuple[str, Any, Any]:
    """Name, vectors and labels."""
    import numpy as np

    if path is None:
        from sklearn.datasets import load_digits

        digits = load_digits()
        return "digits", digits.data.astype(np.float32), digits.target
    loaded = np.load(path)
    if not hasattr(loaded, "files"):
        return path.stem, loaded[:rows].astype(np.float32), None
    X = loaded[loaded.files[0]]
    name = path.stem if rows is None or rows >= len(X) else f"{path.stem} {rows:,}"
    X = X[:rows]
    labels = None
    if "labels" in loaded.files:
        labels = np.unique(loaded["labels"][:rows], return_inverse=True)[1]
    return name, X.reshape(len(X), -1).astype(np.float32), labels


def planted(n: int) -> tuple[str, Any, Any]:
    """Rows around 100 centres in 64 dimensions, of widths that differ."""
    import numpy as np

    rng = np.random.default_rng(0)
    centers = rng.normal(size=(100, 64)).astype(np.float32) * 2
    widths = rng.uniform(0.5, 1.5, size=(100, 1)).astype(np.float32)
    labels = rng.integers(0, 100, n)
    X = rng.standard_normal((n, 64), dtype=np.float32)
    X *= widths[labels]
    X += centers[labels]
    return f"planted {n:,}", X, labels


if __name__ == "__main__":
    main()
