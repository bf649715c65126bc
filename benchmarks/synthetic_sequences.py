"""Sequences made on purpose: what each does is known.

How `refine` samples its rough map was chosen by looking at them, so they are not held out.

    python -m benchmarks.synthetic_sequences --peers ~/peers/bin/python

Prints F, C and J of `refine` beside AlignedUMAP (umap-learn, where the interpreter of ``--peers``
has it; else ours) and t-SNE of each frame alone with Procrustes.
"""

from __future__ import annotations

import argparse
import itertools
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

OURS = {
    "refine": "refine",
    "warm": "warm",
    "joint": "joint",
    "independent t-SNE + Procrustes": "independent",
}
PEER = "AlignedUMAP (umap-learn)"
Frames = list[Any]


@dataclass(frozen=True)
class Sequence:
    """Vectors of each snapshot, and whose they are."""

    Xs: Frames
    ids: Frames


def main(given: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peers", help="interpreter that has umap-learn")
    parser.add_argument("--only", nargs="+", choices=sorted(MADE), help="names of sequences")
    parser.add_argument("--seeds", type=int, default=3, help="of refine, for the mean")
    parser.add_argument("--child", nargs="+", help=argparse.SUPPRESS)
    arguments = parser.parse_args(given)
    if arguments.child:
        child(*arguments.child)
        return

    from . import record

    all_made = {name: MADE[name](np.random.default_rng(0)) for name in arguments.only or MADE}
    peers = aligned(all_made, arguments.peers) if arguments.peers else {}
    figures = []
    print(f"{'':28}{'method':34}{'F':>10}{'C':>10}{'J':>10}{'CPU s':>8}")
    for name, made in all_made.items():
        named = f"{name} {sum(map(len, made.Xs)) // len(made.Xs)}x{made.Xs[0].shape[1]}"
        named += f", {len(made.Xs)} steps"
        here = [ours(named, made, label, arguments.seeds) for label in OURS]
        if name in peers:
            Ys, spent = peers[name]
            here.append(scored(named, PEER, made, Ys) | {"cpu_seconds": spent})
        for figure in here:
            print(
                f"{figure['data']:28}{figure['method']:34}"
                + "".join(cell(figure[key]) for key in ("F", "C", "J"))
                + f"{figure['cpu_seconds']:8.1f}",
                flush=True,
            )
        figures += here
    print(record.write("sequences-synthetic", figures))


def cell(value: float | None) -> str:
    return f"{'undefined':>10}" if value is None else f"{value:10.3f}"


def ours(name: str, made: Sequence, label: str, seeds: int) -> dict[str, Any]:
    from driftglass.projections import project_sequence

    runs = []
    for seed in range(seeds if label == "refine" else 1):
        cpu = time.process_time()
        sequence = project_sequence(made.Xs, method=OURS[label], ids=made.ids, random_state=seed)
        spent = time.process_time() - cpu
        runs.append(scored(name, label, made, sequence.coordinates) | {"cpu_seconds": spent})
    mean = dict(runs[0])
    for key, value in runs[0].items():
        if isinstance(value, float):
            mean[key] = round(float(np.mean([run[key] for run in runs])), 4)
    return mean


def aligned(all_made: dict[str, Sequence], python: str) -> dict[str, tuple[Frames, float]]:
    """Maps by umap-learn, all in one process that compiles once."""
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, made in all_made.items():
            arrays = {f"X{t}": X for t, X in enumerate(made.Xs)}
            arrays |= {f"ids{t}": ids for t, ids in enumerate(made.ids)}
            np.savez(Path(folder) / f"{name}.npz", **arrays)
        command = [python, "-W", "ignore", __file__, "--child", folder, *all_made]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            print(f"{PEER}: stopped, {done.stderr.strip().splitlines()[-1:]}")
        for line in done.stdout.splitlines():
            name, spent = line.split()
            loaded = np.load(Path(folder) / f"{name}.out.npz")
            Ys = [loaded[f"Y{t}"] for t in range(len(all_made[name].Xs))]
            if all(np.isfinite(Y).all() for Y in Ys):
                found[name] = Ys, float(spent)
            else:
                print(f"{PEER}: left out of {name}, its map has places that are not finite")
    return found


def scored(name: str, label: str, made: Sequence, Ys: Any) -> dict[str, Any]:
    from driftglass.diagnostics import sequence_scores

    scores = sequence_scores(made.Xs, list(Ys), ids=made.ids)
    named = {"data": name, "method": label}
    for key in ("F", "who", "when", "C", "J", "C_relational", "rigid_share"):
        value = float(getattr(scores, key))
        # Where nothing but noise moves there is nothing to follow, for any method.
        named[key] = round(value, 4) if np.isfinite(value) else None
    return named | ({"undefined": scores.undefined} if scores.undefined else {})


def child(folder: str, *names: str) -> None:
    import umap

    few = [np.random.default_rng(0).normal(size=(60, 4)) for _ in range(2)]
    umap.AlignedUMAP(random_state=0, n_epochs=2).fit(few, relations=[{i: i for i in range(60)}])
    for name in names:
        loaded = np.load(Path(folder) / f"{name}.npz")
        n_frames = sum(key.startswith("X") for key in loaded.files)
        ids = [loaded[f"ids{t}"] for t in range(n_frames)]
        relations = []
        for now, then in itertools.pairwise(ids):
            rows = {int(item): row for row, item in enumerate(then)}
            relations.append({row: rows[int(i)] for row, i in enumerate(now) if int(i) in rows})
        cpu = time.process_time()
        Ys = umap.AlignedUMAP(random_state=0).fit_transform(
            [loaded[f"X{t}"] for t in range(n_frames)], relations=relations
        )
        spent = time.process_time() - cpu
        np.savez(Path(folder) / f"{name}.out.npz", **{f"Y{t}": Y for t, Y in enumerate(Ys)})
        print(name, round(spent, 2), flush=True)


def whole(Xs: Frames) -> Sequence:
    """All points in all snapshots."""
    return Sequence([X.astype(np.float32) for X in Xs], [np.arange(len(X)) for X in Xs])


def moving(
    rng: np.random.Generator, n: int, d: int, T: int, centers: Callable[[float], Any], own: float
) -> Sequence:
    """Clusters whose centres go their way; points keep their places in them, but for noise."""
    kinds = rng.integers(len(centers(0.0)), size=n)
    place = rng.normal(size=(n, d))
    shares = np.linspace(0, 1, T)
    return whole([centers(s)[kinds] + place + own * rng.normal(size=(n, d)) for s in shares])


def merge(rng: np.random.Generator) -> Sequence:
    """Six clusters, of which two pairs become one each."""
    start = 6 * rng.normal(size=(6, 10))
    end = start.copy()
    end[1], end[3] = start[0], start[2]
    return moving(rng, 500, 10, 12, lambda s: (1 - s) * start + s * end, 0.05)


def split(rng: np.random.Generator) -> Sequence:
    """Three clusters, each of which falls into two, one after the other."""
    start = np.repeat(3 * rng.normal(size=(3, 50)), 2, axis=0)
    apart = 2 * rng.normal(size=(6, 50))
    late = np.repeat([0.0, 0.3, 0.6], 2)[:, None]
    return moving(rng, 400, 50, 12, lambda s: start + np.clip((s - late) / 0.3, 0, 1) * apart, 0.1)


def rotate(rng: np.random.Generator) -> Sequence:
    """A rigid cloud in space, turned by half."""
    cloud = (3 * rng.normal(size=(6, 3)))[rng.integers(6, size=300)] + rng.normal(size=(300, 3))
    turns = [np.eye(3) for _ in range(20)]
    for t, turn in enumerate(turns):
        angle = np.pi * t / 19
        turn[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    return whole([cloud @ turn for turn in turns])


def still(rng: np.random.Generator) -> Sequence:
    """Nothing but noise, a hundredth of the spread of a cluster."""
    center = 4 * rng.normal(size=(8, 20))
    return moving(rng, 600, 20, 6, lambda s: center, 0.01)


def change(rng: np.random.Generator) -> Sequence:
    """Every tenth point changes its cluster, each at a time of its own; the others stay."""
    n, d, T = 800, 100, 10
    center, kinds = 1.5 * rng.normal(size=(8, d)), rng.integers(8, size=n)
    then = np.where(rng.random(n) < 0.1, rng.integers(8, size=n), kinds)
    when, place = rng.integers(1, T, size=n), rng.normal(size=(n, d))
    return whole(
        [
            center[np.where(when <= t, then, kinds)] + place + 0.05 * rng.normal(size=(n, d))
            for t in range(T)
        ]
    )


def unroll(rng: np.random.Generator) -> Sequence:
    """A rolled up sheet in a thousand directions, which unrolls."""
    n, d, T = 200, 1000, 60
    along, across = rng.uniform(1, 3, size=n) * np.pi, rng.uniform(0, 10, size=n)
    basis = np.linalg.qr(rng.normal(size=(d, 3)))[0]
    noise = 0.02 * rng.normal(size=(n, d))
    frames = []
    for share in np.linspace(0, 1, T):
        rolled = np.stack([along * np.cos(along), across, along * np.sin(along)], axis=1)
        flat = np.stack([along**2 / 2 - 20, across, np.zeros(n)], axis=1)
        frames.append(((1 - share) * rolled + share * flat) @ basis.T + noise)
    return whole(frames)


def many(rng: np.random.Generator) -> Sequence:
    """Many points in clusters that drift apart."""
    center = rng.normal(size=(30, 16))
    return moving(rng, 20_000, 16, 3, lambda s: (2 + 2 * s) * center, 0.1)


def coming(rng: np.random.Generator) -> Sequence:
    """A fifth of the points appears and a fifth vanishes on the way; clusters drift."""
    n, T = 600, 10
    start, end = 4 * rng.normal(size=(2, 6, 30))
    made = moving(rng, n, 30, T, lambda s: (1 - s) * start + s * end, 0.1)
    first = np.where(rng.random(n) < 0.2, rng.integers(1, T, size=n), 0)
    last = np.where(rng.random(n) < 0.2, rng.integers(0, T - 1, size=n), T)
    there = [np.flatnonzero((first <= t) & (t <= last)) for t in range(T)]
    return Sequence([X[rows] for X, rows in zip(made.Xs, there, strict=True)], there)


MADE: dict[str, Callable[[np.random.Generator], Sequence]] = {
    "merge": merge,
    "split": split,
    "rotate": rotate,
    "still": still,
    "change": change,
    "unroll": unroll,
    "coming": coming,
    "many": many,
}


if __name__ == "__main__":
    main()
