"""Make the tiny store that every later version has to open: ``python tests/golden/make_store.py``.

It is made once per format version and then kept for ever; `make` refuses to touch one that is
there. What it holds is said by `expected`, which the test reads too.
"""

from __future__ import annotations

import socket
import sys
from pathlib import Path
from typing import Any

import numpy as np

VERSION = 1
FOLDER = Path(__file__).parent / f"store-v{VERSION}"

IDS = ["apple", "bär", "", "日本", "e\n", "f" * 40]


def vectors(space: str, step: int) -> np.ndarray:
    """Values whose every bit is known without a random generator."""
    width = {"hidden": 3, "Größe/2": 2, "bits": 4}[space]
    values = np.arange(6 * width, dtype=np.float32).reshape(6, width) / 8 - step
    if space == "hidden" and step == 20:
        values[1, 2] = np.nan
        values[4, 0] = -np.inf
    return values


def expected() -> dict[str, Any]:
    """What the store holds."""
    return {
        "labels": ["fruit", "animal", None, "place", "fruit", "animal"],
        "weights": [1.5, None, -2.0, 0.0, 1e300, 7.0],
        "tags": [["red", "sweet"], [], None, ["red"], [], ["sweet"]],
        "records": [[{"group": "kind", "name": "x"}], None, [], [], [], []],
        "classes": ["yes", "no"],
        "loss": ([0, 10, 20], [2.5, float("nan"), float("inf")]),
        "scores": np.array([[0.75, 0.25]] * 6, np.float32),
        "numbers": np.array([1, 0, 1, 1, 0, -1]),
    }


def make(folder: Path = FOLDER) -> None:
    """Write the store."""
    import driftglass as dg

    if folder.exists():
        raise SystemExit(f"{folder} is there already and has to stay as it is.")
    socket.gethostname = lambda: "golden"  # the records name the machine
    want = expected()
    store = dg.open(folder)
    images = [np.full((4, 4), 40 * n, np.uint8) for n in range(6)]
    images[3] = b"not a picture"
    columns = {"weight": want["weights"], "tags": want["tags"], "records": want["records"]}
    kinds = {"weight": "number", "tags": "set", "records": "records"}
    with store.create(
        "local", ids=IDS, metadata=columns, kinds=kinds, labels=want["labels"], images=images,
        classes=want["classes"], dtype="keep", catalog="sqlite",
    ) as run:  # fmt: skip
        for step, loss in zip(*want["loss"], strict=True):
            spaces = {name: vectors(name, step) for name in ("hidden", "Größe/2")}
            spaces["half"] = vectors("hidden", step).astype(np.float16)
            run.log(step, spaces, scalars={"loss": loss})
        run.log(10, {"hidden": vectors("hidden", 10) + 100}, want["scores"])
        run.log(20, {"fewer": np.array([[1, -1], [2, -2]], np.int8)}, ids=["bär", "new"])
        run.cache.put("result", {"method": "pca"}, {"coordinates": np.eye(2, dtype=np.float32)})
    ranks = [
        store.create("ranks", world_size=2, catalog="journal")
        if rank == 0
        else store.resume("ranks", rank=rank, world_size=2)
        for rank in range(2)
    ]
    for rank, run in enumerate(ranks):
        ids = np.arange(rank, 6, 2)
        run.log(5, {"bits": vectors("bits", 5)[ids]}, want["numbers"][ids], ids=ids, wait=True)
    ranks[1].log(6, {"bits": vectors("bits", 6)[1::2]}, ids=np.arange(1, 6, 2))
    for run in ranks:
        run.close()
    for leftover in [*folder.rglob("*-wal"), *folder.rglob("*-shm")]:
        leftover.unlink()


if __name__ == "__main__":
    sys.exit(make())
