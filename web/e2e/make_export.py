"""Export the pages that the browser test opens: python make_export.py FOLDER.

FOLDER gets `map.html` (scikit-learn's digits, 40 snapshots with pictures), `few.html` (two of its
steps, no pictures) and `site` (a folder for a web server). Prints what was written as JSON.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

import driftglass as dg

MARKUP = '</script><img src="https://example.invalid/x.png" onerror="alert(1)">'
STEPS = 40


def log(folder: Path) -> None:
    """A network that learns, without the network."""
    digits = load_digits()
    rng = np.random.default_rng(0)
    weights = rng.normal(size=(64, 32)) / 10
    names = [f"{digit}" for digit in range(9)] + [MARKUP]
    with dg.open(folder).create(
        "digits",
        labels=digits.target,
        classes=names,
        images=digits.images,
        metadata={"note": [f"scan {row} {MARKUP}" for row in range(len(digits.target))]},
    ) as run:
        for step in range(STEPS):
            hidden = np.tanh(digits.data / 16 @ (weights * (1 + step / 8)))
            scores = np.eye(10)[digits.target] * step / STEPS + rng.random((len(hidden), 10)) / 2
            run.log(
                step,
                {"hidden": hidden.astype(np.float32)},
                scores / scores.sum(axis=1, keepdims=True),
                {"loss": 1 / (1 + step)},
            )


def main(folder: Path) -> None:
    """Log a run and export it three times."""
    log(folder / "runs")
    run = dg.open(folder / "runs").run("digits")
    told = {
        "map": dg.export(run, folder / "map.html"),
        "few": dg.export(run, folder / "few.html", steps=[0, 39], images=False, columns=["note"]),
        "site": dg.export(run, folder / "site", kind="folder"),
    }
    print(
        json.dumps(
            {name: {"nbytes": one.nbytes, "left_out": one.left_out} for name, one in told.items()}
        )
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
