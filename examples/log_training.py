"""Train scikit-learn's MLP on its digits and log a hidden layer; then read it back.

python examples/log_training.py runs 2000
driftglass serve runs
"""

from __future__ import annotations

import sys

import numpy as np
from sklearn.datasets import load_digits
from sklearn.neural_network import MLPClassifier

import driftglass as dg


def main(folder: str, n_steps: int) -> None:
    X, y = load_digits(return_X_y=True)
    X = X / 16
    ids = [f"digit-{row}" for row in range(len(X))]
    model = MLPClassifier((48,), random_state=0)
    rng = np.random.default_rng(0)

    store = dg.open(folder)
    with store.create("mlp", ids=ids, metadata={"digit": [str(digit) for digit in y]}) as run:
        for step in range(1, n_steps + 1):
            batch = rng.choice(len(X), 64, replace=False)
            model.partial_fit(X[batch], y[batch], classes=np.arange(10))
            if step % max(1, n_steps // 10) == 0:
                hidden = np.maximum(X @ model.coefs_[0] + model.intercepts_[0], 0)
                run.log(
                    step,
                    spaces={"hidden": hidden},
                    predictions=model.predict_proba(X),
                    scalars={"loss": model.loss_},
                )

    run = store.run("mlp")
    print(f"{len(run.steps('hidden'))} snapshots of {run.snapshot('hidden', step).vectors.shape}")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "runs", int((sys.argv[2:] or ["2000"])[0]))
