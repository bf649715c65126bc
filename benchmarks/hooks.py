"""What recording costs a training loop: a small CNN at the default schedule.

python -m benchmarks.hooks

Both loops train the same network on the same batches. Their steps take turns, so that a busy
moment of the machine hits both; CPU seconds of the process are counted, the writer's thread
included.
"""

from __future__ import annotations

import copy
import tempfile
import time
from typing import Any

import numpy as np
import torch

import driftglass as dg
from benchmarks.record import write
from driftglass.integrations import torch_recorder

N_STEPS = 10_000
SHOWN = (2000, 5000, 10_000)
BATCH = 64
N_PROBE = 1000
ROUND = 50
"""Steps of one loop before it is the other's turn."""


def network() -> torch.nn.Module:
    torch.manual_seed(0)
    return torch.nn.Sequential(
        torch.nn.Conv2d(1, 16, 3, padding=1),
        torch.nn.BatchNorm2d(16),
        torch.nn.ReLU(),
        torch.nn.MaxPool2d(2),
        torch.nn.Conv2d(16, 32, 3, padding=1),
        torch.nn.BatchNorm2d(32),
        torch.nn.ReLU(),
        torch.nn.AdaptiveAvgPool2d(2),
        torch.nn.Flatten(),
        torch.nn.Linear(128, 64),
        torch.nn.ReLU(),
        torch.nn.Linear(64, 10),
    )


class Loop:
    """One training loop that can be stepped."""

    def __init__(self, images: Any, labels: Any) -> None:
        self.images, self.labels = images, labels
        self.model = network()
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=0.05, momentum=0.9)
        self.draw = np.random.default_rng(0)
        self.seconds = 0.0
        self.recorder: Any = None

    def steps(self, n: int) -> None:
        """Take steps, recording after each where there is a recorder."""
        begun = time.process_time()
        for _ in range(n):
            rows = torch.as_tensor(self.draw.integers(0, len(self.images), BATCH))
            loss = torch.nn.functional.cross_entropy(
                self.model(self.images[rows]), self.labels[rows]
            )
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            if self.recorder is not None:
                self.recorder.step(loss=loss, optimizer=self.optimizer)
        self.seconds += time.process_time() - begun


def forward_seconds(model: torch.nn.Module, probe: Any, repeats: int = 20) -> float:
    """CPU time of the probe's way through the model and nothing else: no hook can need less."""
    copied = copy.deepcopy(model).eval()
    spent = []
    with torch.no_grad():
        for _ in range(repeats):
            begun = time.process_time()
            for start in range(0, len(probe), 256):
                copied(probe[start : start + 256])
            spent.append(time.process_time() - begun)
    return float(np.median(spent))


def main() -> None:
    torch.set_num_threads(1)
    rng = np.random.default_rng(1)
    images = torch.as_tensor(rng.normal(size=(4000, 1, 16, 16)).astype(np.float32))
    labels = torch.as_tensor(rng.integers(0, 10, 4000))
    plain, watched = Loop(images, labels), Loop(images, labels)
    with tempfile.TemporaryDirectory() as folder:
        store = dg.open(folder)
        with store.create("cnn", ids=np.arange(N_PROBE), labels=labels[:N_PROBE].tolist()) as run:
            begun = time.process_time()
            watched.recorder = torch_recorder(run, watched.model, images[:N_PROBE])
            watched.seconds += time.process_time() - begun
            shares, times = {}, [(0.0, 0.0)]
            for done in range(ROUND, N_STEPS + 1, ROUND):
                plain.steps(ROUND)
                watched.steps(ROUND)
                if done in SHOWN:
                    shares[done] = watched.seconds / plain.seconds - 1
                    times.append((plain.seconds, watched.seconds))
                    print(f"after {done} steps: {100 * shares[done]:.2f} % more CPU time")
        report = watched.recorder.report()
        n_snapshots = len(store.run("cnn").steps())
    same = all(
        torch.equal(one, other)
        for one, other in zip(
            plain.model.state_dict().values(), watched.model.state_dict().values(), strict=True
        )
    )
    overhead = shares[N_STEPS]
    (bare, with_it), (bare_at_end, with_it_at_end) = times[-2:]
    later = (with_it_at_end - with_it) / (bare_at_end - bare) - 1
    forward = forward_seconds(plain.model, images[:N_PROBE])
    forwards = n_snapshots * forward / plain.seconds
    figures = {
        "steps": N_STEPS,
        "snapshots": n_snapshots,
        "probe": N_PROBE,
        "milliseconds of a step": 1e3 * plain.seconds / N_STEPS,
        "overhead": overhead,
        "overhead by steps": shares,
        "goal": 0.02,
        "milliseconds of the probe's forward pass": 1e3 * forward,
        "overhead of the forward passes alone": forwards,
        "overhead of all else": overhead - forwards,
        "overhead of the last steps": later,
        "steps that cost as much as a probe's forward pass": forward * N_STEPS / plain.seconds,
        "milliseconds in the hook per step": 1e3 * report.seconds / N_STEPS,
        "model bit-identical": same,
    }
    print(
        f"{N_STEPS} steps of {figures['milliseconds of a step']:.2f} ms, {n_snapshots} snapshots "
        f"of {N_PROBE} items: {100 * overhead:.2f} % more CPU time (goal 2), model "
        f"{'bit-identical' if same else 'CHANGED'}\n"
        f"  {100 * forwards:.2f} % are the probe's own forward passes, {1e3 * forward:.1f} ms "
        f"each, as long as {forward * N_STEPS / plain.seconds:.1f} steps; no hook can need less\n"
        f"  {100 * (overhead - forwards):.2f} % are all else: keeping, writing, gradient norms\n"
        f"  {100 * later:.2f} % over the last {SHOWN[-1] - SHOWN[-2]} steps, one snapshot per 1000"
    )
    print(write("hooks", figures))


if __name__ == "__main__":
    main()
