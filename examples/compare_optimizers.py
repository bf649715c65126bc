"""Train a small CNN on scikit-learn's digits with two optimizers, record both, and compare.

python examples/compare_optimizers.py runs 1000
driftglass compare sgd adam --store runs --view
"""

from __future__ import annotations

import sys

import torch
from sklearn.datasets import load_digits
from torch import nn

import driftglass as dg
from driftglass.integrations import Schedule, torch_recorder

OPTIMIZERS = {
    "sgd": lambda weights: torch.optim.SGD(weights, lr=0.05, momentum=0.9),
    "adam": lambda weights: torch.optim.Adam(weights, lr=1e-3),
}


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 16, 3), nn.ReLU(), nn.Conv2d(16, 32, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(128, 32), nn.ReLU(), nn.Linear(32, 10),
    )  # fmt: skip


def main(folder: str, n_steps: int) -> None:
    torch.set_num_threads(1)  # a network this small only waits for more
    digits = load_digits()
    images = torch.as_tensor(digits.images[:, None] / 16, dtype=torch.float32)
    y = torch.as_tensor(digits.target)
    store, probe = dg.open(folder), slice(0, 500)
    for name, optimizer_of in OPTIMIZERS.items():
        model = network()
        optimizer = optimizer_of(model.parameters())
        draw = torch.Generator().manual_seed(1)
        with store.create(name, ids=range(500), labels=digits.target[probe]) as run:
            recorder = torch_recorder(run, model, images[probe], schedule=Schedule(2, 250))
            for _ in range(n_steps):
                rows = torch.randint(500, len(images), (64,), generator=draw)
                loss = nn.functional.cross_entropy(model(images[rows]), y[rows])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                recorder.step(loss=loss, optimizer=optimizer)

    found = dg.compare(store.run("sgd"), store.run("adam"))
    print(f"CKA from {found.cka[0]:.2f} to {found.cka[-1]:.2f} at step {found.steps[-1]}")
    least = found.ids[found.shared_neighbors[-1].argsort()[:5]].tolist()
    print(f"Digits whose neighbours differ most: {least}")
    print(f"Both in one frame: driftglass compare sgd adam --store {folder} --view")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "runs", int((sys.argv[2:] or ["1000"])[0]))
