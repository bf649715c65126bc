"""Make the stores that the browser tests look at, and log to them from another process.

python make_store.py make FOLDER            runs "moving", "single" and "live"
python make_store.py log FOLDER RUN STEP    one more snapshot; prints the time of its commit
python make_store.py new FOLDER RUN         a run that was not there
python make_store.py again FOLDER RUN       a run like "moving"
python make_store.py plain FOLDER RUN       a run of vectors in a plane
python make_store.py texts FOLDER           a run "texts" of three crowds that words tell apart
python make_store.py map FOLDER RUN         one more map, without loadings; prints its key
python make_store.py fit FOLDER RUN         fit a network that logs itself to a new run
python make_store.py large FOLDER N...      one projected run of three snapshots for each N
python make_store.py pictured FOLDER N      one projected run of N items with images
"""

from __future__ import annotations

import sys
import time

import numpy as np
from numpy.typing import NDArray

import driftglass as dg

MARKUP = '<img src="https://example.invalid/x.png" onerror="alert(1)">'
CLASSES = ("ant", "bee", MARKUP)
STEPS = (0, 10, 20, 50, 100, 200)
N = 300


def place(step: int, n_features: int, seed: int = 0) -> NDArray[np.float32]:
    """Vectors of three groups that move apart; two rows diverge in the end."""
    rng = np.random.default_rng(seed)
    centers = rng.normal(size=(len(CLASSES), n_features)) * 4
    noise = rng.normal(size=(N, n_features))
    vectors = noise + centers[np.arange(N) % len(CLASSES)] * (1 - np.exp(-step / 60))
    if step == STEPS[-1]:
        vectors[[4, 9]] = np.nan
    return vectors.astype(np.float32)


def metadata() -> dict[str, list[object]]:
    """Columns of four kinds; every tenth size is missing."""
    rows = range(N)
    return {
        "label": [CLASSES[row % 3] for row in rows],
        "size": [row / N if row % 10 else None for row in rows],
        "tags": [[tag for tag in ("round", "dark") if (row + len(tag)) % 2] for row in rows],
        "note": [f"note {row} <script>alert({row})</script>" for row in rows],
    }


def images() -> NDArray[np.uint8]:
    """Noise: only that each item has its own matters."""
    rng = np.random.default_rng(1)
    return rng.integers(0, 255, size=(N, 8, 8), dtype=np.uint8)


def predictions(step: int) -> NDArray[np.float32]:
    """Scores that get the first `step / 2` items right."""
    scores = np.full((N, 3), 0.2, dtype=np.float32)
    right = np.arange(N) % 3
    wrong = (right + 1) % 3
    scores[np.arange(N), np.where(np.arange(N) * 2 < step, right, wrong)] = 0.6
    return scores


def make(folder: str) -> None:
    """Make the three runs, the newest last."""
    store = dg.open(folder)
    ids = [f"item-{row:03d}" for row in range(N)]
    table = metadata()
    for name, steps in (("single", STEPS[:1]), ("live", STEPS[:3]), ("moving", STEPS)):
        with store.create(name, ids=ids, metadata=table, images=images(), classes=CLASSES) as run:
            for step in steps:
                run.log(
                    step,
                    spaces={"hidden": place(step, 16), "logits": place(step, 3, seed=5)},
                    predictions=predictions(step),
                    scalars={"loss": float(np.exp(-step / 80))},
                )
    for name in ("live", "moving"):
        for n_components in (2, 3):
            dg.project(store.run(name), "hidden", basis="all", n_components=n_components)


def again(folder: str, name: str) -> None:
    """Make a run like "moving" that a test may add to."""
    store = dg.open(folder)
    ids = [f"item-{row:03d}" for row in range(N)]
    with store.create(name, ids=ids, metadata=metadata(), images=images(), classes=CLASSES) as run:
        for step in STEPS:
            run.log(step, spaces={"hidden": place(step, 16)}, predictions=predictions(step))
    for n_components in (2, 3):
        dg.project(store.run(name), "hidden", basis="all", n_components=n_components)


def log(folder: str, name: str, step: int) -> None:
    """Log one snapshot and print when it was committed."""
    with dg.open(folder).resume(name) as run:
        run.log(step, spaces={"hidden": place(step, 16)}, scalars={"loss": 0.1})
        run.flush()
        print(time.time(), flush=True)


def new(folder: str, name: str) -> None:
    """Make a small run without labels."""
    with dg.open(folder).create(name, ids=np.arange(40)) as run:
        run.log(1, spaces={"hidden": np.random.default_rng(2).normal(size=(40, 6))})


def plain(folder: str, name: str) -> None:
    """Make a run whose vectors are coordinates in a plane already."""
    rng = np.random.default_rng(3)
    with dg.open(folder).create(name, ids=np.arange(N)) as run:
        run.log(0, spaces={"places": (rng.normal(size=(N, 2)) * [30, 1] + 7).astype(np.float32)})


def texts(folder: str) -> None:
    """Make a run of three crowds; only the words of its texts tell them apart."""
    rng = np.random.default_rng(3)
    group = np.arange(N) % 3
    words = ("thick stroke", "thin line", "round loop")
    told = [f"scan {row} of the batch, a {words[group[row]]}" for row in range(N)]
    vectors = rng.normal(size=(N, 12)) + 12 * np.eye(3, 12)[group]
    store = dg.open(folder)
    with store.create("texts", ids=np.arange(N), metadata={"text": told}) as run:
        run.log(0, spaces={"hidden": vectors.astype(np.float32)})
    dg.project(store.run("texts"), "hidden", basis="all")


def other_map(folder: str, name: str) -> None:
    """Make a map that has no loadings and print its key."""
    run = dg.open(folder).run(name)
    before = set(run.cache.keys())
    dg.project(run, "hidden", method="independent")
    made = sorted(key for key in set(run.cache.keys()) - before if key.startswith("projection-"))
    print(made[0], flush=True)


def fit(folder: str, name: str) -> None:
    """Fit a network to digits-like rows; it logs its map and loss to a run of its own."""
    from driftglass.projections import GlassBoxUMAP

    X = place(200, 16)[10:]
    kinds = [CLASSES[row % 3] for row in range(10, N)]
    store = dg.open(folder)
    with store.create(name, ids=np.arange(len(X)), metadata={"label": kinds}) as run:
        GlassBoxUMAP(epochs=12, random_state=0, quiet=True, monitor=run).fit(X)


def large(folder: str, n: int) -> None:
    """Make a run of `n` items in ten groups, with 2D and 3D maps, as the benchmark wants it."""
    rng = np.random.default_rng(n)
    group = np.arange(n) % 10
    centers = rng.normal(size=(10, 8)) * 3
    noise = rng.normal(size=(n, 8)).astype(np.float32)
    store = dg.open(folder)
    with store.create(
        f"points-{n}", ids=np.arange(n), metadata={"group": group.astype(str)}
    ) as run:
        for step in (0, 50, 100):
            vectors = noise + (centers[group] * step / 100).astype(np.float32)
            run.log(step, spaces={"hidden": vectors})
    for n_components in (2, 3):
        dg.project(store.run(f"points-{n}"), "hidden", basis="all", n_components=n_components)


def pictured(folder: str, n: int) -> None:
    """Make a run of `n` items with images of noise, as the benchmark wants it."""
    rng = np.random.default_rng(n)
    store = dg.open(folder)
    pictures = rng.integers(0, 255, size=(n, 16, 16), dtype=np.uint8)
    with store.create(f"pictures-{n}", ids=np.arange(n), images=pictures) as run:
        centers = rng.normal(size=(10, 8)) * 3
        vectors = rng.normal(size=(n, 8)) + centers[np.arange(n) % 10]
        run.log(0, spaces={"hidden": vectors.astype(np.float32)})
    dg.project(store.run(f"pictures-{n}"), "hidden", basis="all")


if __name__ == "__main__":
    command, path, *rest = sys.argv[1:]
    if command == "make":
        make(path)
    elif command == "large":
        for n in rest:
            large(path, int(n))
    elif command == "pictured":
        pictured(path, int(rest[0]))
    elif command == "new":
        new(path, rest[0])
    elif command == "texts":
        texts(path)
    elif command == "map":
        other_map(path, rest[0])
    elif command == "fit":
        fit(path, rest[0])
    elif command == "again":
        again(path, rest[0])
    elif command == "plain":
        plain(path, rest[0])
    else:
        log(path, rest[0], int(rest[1]))
