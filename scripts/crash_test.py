"""Kill a writer at random moments and look whether anything acknowledged was lost.

    python scripts/crash_test.py 1000

Each round: a child logs snapshots of known content and acknowledges each flush through a pipe; this
process kills it with SIGKILL 50 to 800 ms later; a second child opens the store, compares every
acknowledged snapshot bit for bit, looks at every other visible one for wrong values, and logs
again without any repair. Exit status 1 if anything at all is wrong.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

import driftglass as dg
import driftglass.store  # imported once, before the forks

N_ITEMS = 300
SPACES = {"hidden": 32, "logits": 5}
MIN_SECONDS, MAX_SECONDS = 0.05, 0.8
N_LANES = 3
"""Rounds in flight: a round mostly waits for its kill."""


def content(seed: int, space: str, step: int) -> np.ndarray:
    """What a snapshot must hold, made again by whoever checks it."""
    rng = np.random.default_rng([seed, step, len(space)])
    return rng.standard_normal((N_ITEMS, SPACES[space]), dtype=np.float32)


def write(path: str, seed: int, acknowledged: Connection) -> None:
    """Log until killed. Odd seeds log in bursts, so that the kill meets a full queue."""
    durability = "full" if seed % 4 == 3 else "process"
    catalog = "journal" if seed % 5 == 4 else "sqlite"
    run = dg.open(path).create(
        "run", ids=np.arange(N_ITEMS), durability=durability, catalog=catalog, when_full="block"
    )
    acknowledged.send("made")
    step = 0
    while True:
        first = step
        for _ in range(1 + (seed % 2) * 4):
            spaces = {space: content(seed, space, step) for space in SPACES}
            run.log(step, spaces, scalars={"loss": 1 / (step + 1)}, predictions=labels(step))
            step += 1
        if run.flush():
            acknowledged.send((first, step))


def labels(step: int) -> np.ndarray:
    """Predictions that a step must hold."""
    return (np.arange(N_ITEMS) + step) % 7


def check(path: str, seed: int, made: bool, acknowledged: int, answer: Connection) -> None:
    """Read everything in a fresh process, then go on logging."""
    found: Counter[str] = Counter()
    try:
        found.update(read_back(path, seed, made, acknowledged))
        found.update(append_again(path, seed, made))
    except Exception as error:
        found["unreadable"] += 1
        answer.send((found, f"{type(error).__name__}: {error}"))
        return
    answer.send((found, ""))


def read_back(path: str, seed: int, made: bool, acknowledged: int) -> Counter[str]:
    """Compare every visible snapshot with what it must hold."""
    found: Counter[str] = Counter()
    store = dg.open(path)
    names = [run.name for run in store.runs()]
    if made and names != ["run"]:
        return Counter(lost=1)
    if not names:
        return found
    run = store.run("run")
    for space in SPACES:
        steps = run.steps(space) if space in run.spaces else []
        missing = set(range(acknowledged)) - set(steps)
        found["lost"] += len(missing)
        for step in steps:
            vectors = run.snapshot(space, step).vectors
            found["wrong"] += int(not np.array_equal(vectors, content(seed, space, step)))
            found["compared"] += 1
    loss = dict(run.scalars()).get("loss", (np.empty(0), np.empty(0)))
    found["lost"] += acknowledged - min(acknowledged, len(loss[0]))
    found["wrong"] += int(not np.array_equal(loss[1], 1 / (loss[0] + 1.0)))
    for step in run.prediction_steps:
        found["wrong"] += int(not np.array_equal(run.predictions(step).predicted, labels(step)))
    problems = [p for p in run.verify().problems if p.kind != "derived"]
    found["verify"] += len(problems)
    found["leftover"] += sum(1 for _ in Path(path).rglob("*.tmp"))
    return found


def append_again(path: str, seed: int, made: bool) -> Counter[str]:
    """Log one more step as the next training process would."""
    store = dg.open(path)
    exists = any(run.name == "run" for run in store.runs())
    step = 1_000_000
    with store.resume("run") if exists else store.create("run", ids=np.arange(N_ITEMS)) as run:
        run.log(step, {space: content(seed, space, step) for space in SPACES})
    vectors = dg.open(path).run("run").snapshot("hidden", step).vectors
    same = np.array_equal(vectors, content(seed, "hidden", step))
    return Counter(append_failed=int(not same))


class Round:
    """One killed writer, advanced by looking at it now and then."""

    def __init__(self, root: Path, seed: int, random_source: random.Random) -> None:
        self.seed = seed
        self.path = str(root / f"{seed:06d}")
        self.context = get_context("fork")
        self.made = False
        self.acknowledged = 0
        self.result: tuple[Counter[str], str] | None = None
        self.receiver, self.child = self._start(write, self.path, seed)
        self.kill_at = time.monotonic() + random_source.uniform(MIN_SECONDS, MAX_SECONDS)
        self.killed = False

    def _start(self, work: Callable[..., None], *arguments: object):
        receiver, sender = self.context.Pipe(duplex=False)
        child = self.context.Process(target=_quiet, args=(work, *arguments, sender))
        child.start()
        sender.close()
        return receiver, child

    def advance(self) -> bool:
        """Do what is due; True when the round is over."""
        if not self.killed and time.monotonic() >= self.kill_at:
            os.kill(self.child.pid, signal.SIGKILL)
            self.child.join()
            self.killed = True
            self._read_acknowledgements()
            arguments = (self.path, self.seed, self.made, self.acknowledged)
            self.receiver, self.child = self._start(check, *arguments)
        elif self.killed and not self.child.is_alive():
            try:
                self.result = self.receiver.recv()
            except EOFError:
                self.result = Counter(unreadable=1), f"the reader died ({self.child.exitcode})"
            shutil.rmtree(self.path, ignore_errors=True)
            return True
        return False

    def _read_acknowledgements(self) -> None:
        # A message cut by the kill was not received, so its flush was not acknowledged to anyone.
        try:
            while self.receiver.poll():
                message = self.receiver.recv()
                if message == "made":
                    self.made = True
                else:
                    self.acknowledged = message[1]
        except (EOFError, OSError):
            pass


def _quiet(work: Callable[..., None], *arguments: object) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    work(*arguments)


def run_rounds(n_rounds: int, seed: int, root: Path) -> tuple[Counter[str], list[str]]:
    """Run all rounds, a few at a time; returns totals and what went wrong."""
    source = random.Random(seed)
    totals: Counter[str] = Counter()
    faults: list[str] = []
    lanes: list[Round] = []
    started = 0
    last_said = time.monotonic()
    while started < n_rounds or lanes:
        while started < n_rounds and len(lanes) < N_LANES:
            lanes.append(Round(root, seed * 1_000_000 + started, source))
            started += 1
        for lane in [lane for lane in lanes if lane.advance()]:
            lanes.remove(lane)
            found, fault = lane.result or (Counter(), "")
            totals.update(found)
            totals["rounds"] += 1
            totals["acknowledged"] += lane.acknowledged
            totals["killed before the run was made"] += int(not lane.made)
            bad = [f"{key} {found[key]}" for key in FAULTS if found[key]]
            if bad or fault:
                faults.append(f"round {lane.seed}: {', '.join(bad)} {fault}".strip())
        if time.monotonic() - last_said > 10 and n_rounds > 50:
            last_said = time.monotonic()
            print(f"{totals['rounds']} of {n_rounds} rounds, {len(faults)} faults", flush=True)
        time.sleep(0.005)
    return totals, faults


FAULTS = {
    "lost": "acknowledged snapshots lost",
    "wrong": "wrong values read",
    "unreadable": "stores that could not be read",
    "append_failed": "stores that could not be written again",
    "verify": "problems found by verify",
}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("rounds", type=int, nargs="?", default=30)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--dir", type=Path, help="where to make the stores")
    options = parser.parse_args(arguments)
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(dir=options.dir, prefix="driftglass-crash-") as root:
        totals, faults = run_rounds(options.rounds, options.seed, Path(root))
    print(f"{totals['rounds']:9,}  writers killed, {time.monotonic() - begun:.0f} s")
    print(f"{totals['killed before the run was made']:9,}  of them before their run was made")
    print(f"{totals['acknowledged']:9,}  steps acknowledged")
    print(f"{totals['compared']:9,}  snapshots compared bit for bit")
    print(f"{totals['leftover']:9,}  unfinished files left behind, invisible to readers")
    for key, what in FAULTS.items():
        print(f"{totals[key]:9,}  {what}")
    for fault in faults[:20]:
        print(fault, file=sys.stderr)
    return int(bool(faults) or totals["rounds"] != options.rounds)


if __name__ == "__main__":
    sys.exit(main())
