"""Make the files that the viewers of `viewer_peers.mjs` are given.

python -m benchmarks.viewer_data FOLDER ROWS [VECTORS.npz]

In FOLDER: `runs/fresh`, vectors without a map; `runs/kept`, the same with its maps; `logs`, the
same for TensorBoard's projector; `flat`, coordinates and classes alone.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

import driftglass as dg

N_FEATURES, N_CLASSES = 16, 10


def planted(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Ten clusters of unit variance in 16 dimensions."""
    rng = np.random.default_rng(n)
    labels = rng.integers(0, N_CLASSES, n)
    centers = rng.normal(size=(N_CLASSES, N_FEATURES)).astype(np.float32) * 3
    return rng.standard_normal((n, N_FEATURES), dtype=np.float32) + centers[labels], labels


def given(path: str, n: int) -> tuple[np.ndarray, np.ndarray]:
    with np.load(path) as file:
        X, labels = (file[name] for name in file.files[:2])
    return X[:n].reshape(len(X[:n]), -1).astype(np.float32) / max(float(X.max()), 1.0), labels[:n]


def main() -> None:
    folder, n, *rest = sys.argv[1:]
    X, labels = given(rest[0], int(n)) if rest else planted(int(n))
    store = dg.open(Path(folder) / "runs")
    for name in ("fresh", "kept"):
        with store.create(
            name, ids=np.arange(len(X)), metadata={"class": labels.astype(str)}
        ) as run:
            run.log(0, {"hidden": X})
    maps = dg.project(store.run("kept"), "hidden", basis="all")
    dg.export(store.run("fresh"), Path(folder) / "logs", kind="projector")
    flat = Path(folder) / "flat"
    flat.mkdir()
    Y = np.asarray(maps.coordinates[0], dtype=np.float32)
    for axis, name in enumerate("xy"):
        (flat / f"{name}.bin").write_bytes(np.ascontiguousarray(Y[:, axis]).tobytes())
    (flat / "class.bin").write_bytes(labels.astype(np.uint8).tobytes())
    (flat / "points.json").write_text(json.dumps({"points": len(X)}))


if __name__ == "__main__":
    main()
