"""Sequences of maps: what they keep (F), whether they move for a reason (C, J), time and memory.

    python -m benchmarks.sequences --vectors cifar10cnn.npz --peers ~/peers/bin/python
    python -m benchmarks.sequences --scale
    python -m benchmarks.sequences --synthetic --peers ~/peers/bin/python

The first prints one table: our methods, peers where the interpreter of ``--peers`` has them, and
every array of the file whose name begins with ``map_``. Without ``--vectors`` the sequence is the
hidden layer of a small network while it learns the digits. The others are
`benchmarks.sequence_scale`, how time and memory grow, and `benchmarks.synthetic_sequences`.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

OURS = {
    "refine": ("refine", {}),
    "refine, carry 3": ("refine", {"carry": 3.0}),
    "refine on PCA": ("refine", {"coarse": "pca"}),
    "warm": ("warm", {}),
    "joint": ("joint", {}),
    "linear": ("pca", {}),
    "linear, window": ("pca", {"basis": "window"}),
    "independent t-SNE + Procrustes": ("independent", {}),
    "t-SNE from the frame before": ("tsne", {}),
    "t-SNE blended 0.2": ("blended_tsne", {"update": 0.2}),
    "UMAP, every 5th": ("umap", {"basis": 5}),
    "aligned UMAP": ("aligned_umap", {}),
    "dynamic t-SNE": ("dynamic_tsne", {}),
    "M-PHATE": ("mphate", {}),
}
SEEDED = ("refine", "refine, carry 3")
PEERS = {
    "AlignedUMAP (umap-learn)": "aligned",
    "independent t-SNE + Procrustes (openTSNE)": "opentsne",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--vectors", type=Path, help="an .npz file with vectors of (T, n, d)")
    parser.add_argument("--peers", default=sys.executable, help="interpreter that has the peers")
    parser.add_argument("--seeds", type=int, default=5, help="of refine, for the mean")
    parser.add_argument("--only", nargs="+", help="names of methods, ours or peers")
    parser.add_argument("--child", nargs="+", help=argparse.SUPPRESS)
    for part in ("scale", "synthetic"):
        parser.add_argument(f"--{part}", action="store_true", help="that part, see its own file")
    arguments = parser.parse_args()
    if arguments.scale or arguments.synthetic:
        from . import sequence_scale, synthetic_sequences

        peers = [] if arguments.peers == sys.executable else ["--peers", arguments.peers]
        if arguments.scale:
            sequence_scale.main([])
        if arguments.synthetic:
            synthetic_sequences.main(peers)
        return
    if arguments.child:
        child(*arguments.child)
        return

    from . import record

    name, Xs, published = data(arguments.vectors)
    figures = [
        *(figure for figure in ours(name, Xs, arguments)),
        *(figure for figure in theirs(name, Xs, arguments)),
        *(scored(name, key, Xs, Y) for key, Y in published.items()),
    ]
    print(table(figures))
    print(record.write(f"sequences-{name}", figures))


def data(path: Path | None) -> tuple[str, Any, dict[str, Any]]:
    import numpy as np

    if path is not None:
        loaded = np.load(path)
        maps = {key: loaded[key] for key in loaded.files if key.startswith("map_")}
        return path.stem, loaded["vectors"], maps
    return "digits", np.stack(hidden_layer()), {}


def hidden_layer(n: int = 1000, width: int = 32, n_snapshots: int = 25) -> list[Any]:
    """Hidden layer of a network that learns the digits, often at first and then seldom."""
    import numpy as np
    from sklearn.datasets import load_digits

    digits, rng = load_digits(), np.random.default_rng(0)
    X, y = digits.data / 16.0, digits.target
    W, b = 0.2 * rng.normal(size=(64, width)), np.zeros(width)
    V, c = 0.2 * rng.normal(size=(width, 10)), np.zeros(10)
    probe = rng.choice(len(X), n, replace=False)
    snapshots = []
    for t in range(n_snapshots):
        snapshots.append(np.tanh(X[probe] @ W + b).astype(np.float32))
        for _ in range(int(min(2 * 1.25**t, 40))):
            batch = rng.choice(len(X), 64)
            H = np.tanh(X[batch] @ W + b)
            scores = np.exp(H @ V + c)
            scores /= scores.sum(axis=1, keepdims=True)
            scores[np.arange(64), y[batch]] -= 1
            back = (scores @ V.T) * (1 - H * H)
            V -= 0.3 / 64 * H.T @ scores
            c -= 0.3 / 64 * scores.sum(axis=0)
            W -= 0.3 / 64 * X[batch].T @ back
            b -= 0.3 / 64 * back.sum(axis=0)
    return snapshots


def ours(name: str, Xs: Any, arguments: argparse.Namespace) -> list[dict[str, Any]]:
    import numpy as np

    from driftglass.projections import project_sequence

    figures = []
    for label, (method, settings) in OURS.items():
        if arguments.only and label not in arguments.only:
            continue
        runs = []
        for seed in range(arguments.seeds if label in SEEDED else 1):
            began, cpu = time.perf_counter(), time.process_time()
            begins: dict[str, float] = {}

            def heard(done: float, total: float, what: str) -> None:
                begins.setdefault(what, time.perf_counter())  # noqa: B023 - called at once

            sequence = project_sequence(
                list(Xs), method=method, random_state=seed, progress=heard, **settings
            )
            ended = time.perf_counter()
            figure = scored(name, f"driftglass {label}", Xs, sequence.coordinates)
            figure["seconds"] = round(ended - began, 2)
            figure["cpu_seconds"] = round(time.process_time() - cpu, 2)
            if "refining" in begins:
                figure["refinement_seconds"] = round(ended - begins["refining"], 2)
            runs.append(figure)
        mean = dict(runs[0])
        for key, value in runs[0].items():
            if isinstance(value, float):
                mean[key] = round(float(np.mean([run[key] for run in runs])), 4)
        mean["seeds"] = len(runs)
        if len(runs) > 1:
            mean["worst"] = {
                "F": min(run["F"] for run in runs),
                "C": min(run["C"] for run in runs),
                "J": max(run["J"] for run in runs),
            }
        mean["still"] = still(method, settings, Xs)
        figures.append(mean)
        print(json.dumps(mean), flush=True)
    return figures


def still(method: str, settings: dict[str, Any], Xs: Any) -> float:
    from driftglass.diagnostics import still_test
    from driftglass.projections import project_sequence

    def project(shown: list[Any]) -> Any:
        return project_sequence(shown, method=method, **settings)

    return still_test(project, Xs[len(Xs) // 2], n_snapshots=10)


def theirs(name: str, Xs: Any, arguments: argparse.Namespace) -> list[dict[str, Any]]:
    import numpy as np

    figures = []
    for label, kind in PEERS.items():
        if arguments.only and label not in arguments.only:
            continue
        with tempfile.TemporaryDirectory() as folder:
            given, made = Path(folder) / "X.npy", Path(folder) / "Y.npy"
            results = []
            middle = np.stack([Xs[len(Xs) // 2]] * 10)
            for shown in (np.asarray(Xs), middle):
                np.save(given, shown)
                command = [
                    arguments.peers, "-W", "ignore", __file__, "--child", kind,
                    str(given), str(made),
                ]  # fmt: skip
                done = subprocess.run(command, capture_output=True, text=True, check=False)
                if done.returncode:
                    print(f"{label}: left out, {done.stderr.strip().splitlines()[-1:]}")
                    break
                results.append((json.loads(done.stdout.splitlines()[-1]), np.load(made)))
            if len(results) < 2:
                continue
        from driftglass.diagnostics import mean_step

        figure = scored(name, label, Xs, results[0][1]) | results[0][0]
        figure["still"] = round(mean_step(results[1][1]), 5)
        figures.append(figure)
        print(json.dumps(figure), flush=True)
    return figures


def scored(name: str, label: str, Xs: Any, Ys: Any) -> dict[str, Any]:
    from driftglass.diagnostics import sequence_scores

    scores = sequence_scores(list(Xs), list(Ys))
    named = {"data": name, "method": label}
    for key in ("F", "who", "when", "C", "J", "missed", "pooled", "C_relational", "rigid_share"):
        named[key] = round(float(getattr(scores, key)), 4)
    return named


def table(figures: list[dict[str, Any]]) -> str:
    columns = ("F", "who", "when", "C", "J", "still", "seconds")
    lines = [f"{'':44}" + "".join(f"{column:>9}" for column in columns)]
    for figure in sorted(figures, key=lambda figure: -figure["F"]):
        cells = "".join(
            f"{figure[column]:9.3f}" if column in figure else f"{'':9}" for column in columns
        )
        lines.append(f"{figure['method']:44}{cells}")
    return "\n".join(lines)


def child(kind: str, *given: str) -> None:
    import numpy as np

    Xs = np.load(given[0])
    began, cpu = time.perf_counter(), time.process_time()
    Ys = aligned(Xs) if kind == "aligned" else independent(Xs)
    seconds, spent = time.perf_counter() - began, time.process_time() - cpu
    np.save(given[1], np.stack(Ys))
    print(json.dumps({"seconds": round(seconds, 2), "cpu_seconds": round(spent, 2), "seeds": 1}))


def aligned(Xs: Any) -> Any:
    import umap

    same = {row: row for row in range(len(Xs[0]))}
    return umap.AlignedUMAP(random_state=0).fit_transform(
        list(Xs), relations=[same] * (len(Xs) - 1)
    )


def independent(Xs: Any) -> Any:
    import numpy as np
    from openTSNE import TSNE
    from scipy.linalg import orthogonal_procrustes

    maps: list[Any] = []
    for X in Xs:
        Y = np.asarray(TSNE(random_state=0, n_jobs=2).fit(X))
        Y = Y - Y.mean(axis=0)
        maps.append(Y @ orthogonal_procrustes(Y, maps[-1])[0] if maps else Y)
    return maps


if __name__ == "__main__":
    main()
