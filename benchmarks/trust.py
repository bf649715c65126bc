"""Trust report, groups and drawing: seconds at the sizes people have, and ratios to peers.

    python -m benchmarks.trust
    python -m benchmarks.trust --vectors mnist.npz --planted 20

The report is of a map of all rows; scikit-learn's trustworthiness is timed at 5,000 points in the
same run, because it needs all distances. ``--planted`` adds the rates of false alarms and misses of
the cautions over so many seeds.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from . import record

SMALL = 5_000
N_RECORDS = 100_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--vectors", type=Path, help="an .npz file: its first array, and labels")
    parser.add_argument("--peers", help="interpreter that has zadu")
    parser.add_argument("--planted", type=int, default=0, help="seeds of the planted test")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    figures = [*of_reports(arguments.vectors, arguments.peers), *of_groups()]
    if arguments.planted:
        figures.append(planted(arguments.planted))
    for figure in figures:
        print(figure)
    print(record.write("trust", figures))


def timed(call: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    result = call()
    return time.perf_counter() - start, result


def of_reports(path: Path | None, peers: str | None) -> list[dict[str, Any]]:
    from sklearn.manifold import trustworthiness as peer

    from driftglass.diagnostics import quality, trust_report
    from driftglass.projections import UMAP

    X = vectors(path)
    Y = UMAP(init="pca", random_state=0).fit_transform(X)
    seconds, report = timed(lambda: trust_report(X, Y))
    full = {
        "work": "trust report",
        "n_samples": len(X),
        "n_features": X.shape[1],
        "seconds": round(seconds, 2),
        "badge": report.badge,
    }
    some = np.random.default_rng(0).choice(len(X), min(SMALL, len(X)), replace=False)
    x, y = X[some], Y[some]
    theirs, expected = timed(lambda: peer(x, y, n_neighbors=15))
    exact, found = timed(lambda: quality(x, y, n_anchors=len(x)))
    drawn, near = timed(lambda: quality(x, y))
    zadu = of_zadu(x, y, peers)
    small = {
        "work": "trustworthiness and continuity",
        "n_samples": len(x),
        "all_rows_seconds": round(exact, 3),
        "anchors_seconds": round(drawn, 3),
        "n_anchors": near.n_anchors,
        "scikit_learn_seconds_for_trustworthiness": round(theirs, 3),
        "scikit_learn_difference": abs(found.trustworthiness - expected),
        "anchors_difference": round(abs(near.trustworthiness - expected), 4),
        "scikit_learn_over_anchors": round(theirs / drawn, 1),
    }
    if zadu is not None:
        small |= {
            "zadu_seconds": round(zadu, 2),
            "zadu_over_all_rows": round(zadu / exact, 1),
            "zadu_over_anchors": round(zadu / drawn, 1),
        }
    return [full, small]


def of_zadu(x: Any, y: Any, peers: str | None) -> float | None:
    """Seconds of zadu's trustworthiness and continuity, in its own interpreter."""
    if peers is None:
        return None
    code = (
        "import sys, time, numpy as np\n"
        "from zadu.measures import trustworthiness_continuity as peer\n"
        "x, y = np.load(sys.argv[1]).values()\n"
        "start = time.perf_counter(); peer.measure(x, y, k=15)\n"
        "print(time.perf_counter() - start)"
    )
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/pair.npz"
        np.savez(path, x=x, y=y)
        done = subprocess.run(
            [peers, "-c", code, path], capture_output=True, text=True, check=False
        )
    if done.returncode:
        print(f"zadu left out: {done.stderr.strip().splitlines()[-1]}")
        return None
    return float(done.stdout)


def vectors(path: Path | None) -> Any:
    if path is not None:
        with np.load(path) as loaded:
            X = loaded[loaded.files[0]]
        return np.ascontiguousarray(X.reshape(len(X), -1), dtype=np.float32)
    rng = np.random.default_rng(0)
    centers = rng.normal(size=(20, 128)) * 3
    return (rng.normal(size=(70_000, 128)) + centers[rng.integers(0, 20, 70_000)]).astype("f4")


def of_groups() -> list[dict[str, Any]]:
    import matplotlib as mpl
    import pandas as pd

    from driftglass.compat.embedding_viz import overlay_group_on_embedding, prepare_group_data
    from driftglass.plots import scatter

    mpl.use("Agg")
    rng = np.random.default_rng(0)
    known = [{"group": f"group {i % 12}", "integration_name": f"name {i}"} for i in range(120)]
    rows = [
        [known[j] for j in rng.choice(120, rng.integers(0, 21), replace=False)]
        for _ in range(N_RECORDS)
    ]
    table = pd.DataFrame({"labels_meta": rows})
    Y = rng.normal(size=(N_RECORDS, 2))
    prepared, (_, sub) = timed(lambda: prepare_group_data(table, "group 3", N_RECORDS))
    overlaid, _ = timed(lambda: overlay_group_on_embedding(Y, table, sub))
    classes = rng.integers(0, 20, N_RECORDS).astype(str)

    def draw() -> None:
        scatter(Y, classes).figure.savefig("/dev/null", format="png", dpi=100)

    drawn, _ = timed(draw)
    return [
        {
            "work": "groups",
            "n_samples": N_RECORDS,
            "prepare_seconds": round(prepared, 2),
            "overlay_seconds": round(overlaid, 2),
            "n_highlighted": len(sub),
            "draw_and_save_seconds": round(drawn, 2),
        }
    ]


def planted(n_seeds: int) -> dict[str, Any]:
    """How often the cautions are raised without cause, and how often they are missing."""
    from sklearn.datasets import make_blobs

    from driftglass.diagnostics import multiverse, null_test, stability
    from driftglass.diagnostics._cautions import caution_of_noise, cautions_of_distances
    from driftglass.projections import UMAP

    counts = dict.fromkeys(("false noise", "missed noise", "false gap", "missed gap", "loose"), 0)
    for seed in range(n_seeds):
        rng = np.random.default_rng(seed)

        def project(X: Any, seed: int = seed) -> Any:
            return UMAP(init="pca", random_state=seed).fit_transform(X)

        X, labels = make_blobs(400, 16, centers=4, cluster_std=2.0, random_state=seed)
        X = X.astype(np.float32)
        noise = rng.uniform(size=(400, 16)).astype(np.float32)
        counts["false noise"] += bool(caution_of_noise(null_test(X, project(X), project)))
        counts["missed noise"] += not caution_of_noise(null_test(noise, project(noise), project))
        settings = {"n_neighbors": [10, 30], "init": ["pca"]}
        found = stability(multiverse(X, UMAP, settings, seeds=(seed, seed + 1)), labels=labels)
        counts["loose"] += any(overlap < 0.75 for overlap in found.groups.values())
        # Groups on a plane, drawn as they are; and one of them moved far away in the data alone.
        corners = 8.0 * np.array([[0, 0], [1, 0], [0, 1], [1, 1]])[labels]
        flat = rng.normal(size=(400, 2)) + corners
        far = flat + 100.0 * (labels == 3)[:, None]
        counts["false gap"] += bool(cautions_of_distances(flat, 2.0 * flat, labels))
        counts["missed gap"] += not cautions_of_distances(far, flat, labels)
    return {"work": "planted", "n_seeds": n_seeds} | {
        f"{name} rate": count / n_seeds for name, count in counts.items()
    }


if __name__ == "__main__":
    main()
