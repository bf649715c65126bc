"""What the demo trains: a small network on scikit-learn's handwritten digits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Digits", "Network", "load_digits", "snapshot_steps"]

IMAGE_SIDE = 32
VALIDATION_SHARE = 0.2
BATCH = 64
HIDDEN = (64, 32)
LEARNING_RATE = 5e-4

# How each digit is usually written: a column in which one item has several labels.
STROKES = {
    0: {"closed loop", "curved"},
    1: {"straight"},
    2: {"curved", "straight"},
    3: {"curved", "open loop"},
    4: {"closed loop", "straight"},
    5: {"curved", "open loop", "straight"},
    6: {"closed loop", "curved"},
    7: {"straight"},
    8: {"closed loop", "curved"},
    9: {"closed loop", "curved"},
}


@dataclass(frozen=True, eq=False)
class Digits:
    """1,797 handwritten digits and what is known about them.

    Parameters
    ----------
    ids : ndarray of shape (n_samples,)
        ``"digit-0000"`` to ``"digit-1796"``.
    X : ndarray of shape (n_samples, 64), dtype float32
        Pixels in [0, 1].
    y : ndarray of shape (n_samples,)
        The digit, 0 to 9.
    training : ndarray of shape (n_samples,), dtype bool
        Whether the network learns from the row.
    images : ndarray of shape (n_samples, 32, 32), dtype uint8
        For people to look at.
    """

    ids: NDArray[np.str_]
    X: NDArray[np.float32]
    y: NDArray[np.int64]
    training: NDArray[np.bool_]
    images: NDArray[np.uint8]

    @property
    def table(self) -> dict[str, list[Any]]:
        """Metadata: the digit, its split, how much ink it has, and how it is written."""
        return {
            "digit": [str(digit) for digit in self.y],
            "split": ["training" if used else "validation" for used in self.training],
            "ink": self.X.mean(axis=1).round(4).tolist(),
            "strokes": [STROKES[int(digit)] for digit in self.y],
        }


def load_digits(random_state: int = 0) -> Digits:
    """Load the digits that come with scikit-learn, split for training and validation."""
    from sklearn.datasets import load_digits as load

    data = load()
    n_samples = len(data.data)
    validation = np.random.default_rng(random_state).permutation(n_samples)
    training = np.ones(n_samples, dtype=bool)
    training[validation[: round(VALIDATION_SHARE * n_samples)]] = False
    return Digits(
        ids=np.array([f"digit-{row:04d}" for row in range(n_samples)]),
        X=(data.data / 16).astype(np.float32),
        y=data.target.astype(np.int64),
        training=training,
        images=_enlarged(data.images),
    )


def _enlarged(images: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Eight pixels a side are too few to recognise at the size of a thumbnail."""
    from PIL import Image

    grey = (images / 16 * 255).astype(np.uint8)
    size = (IMAGE_SIDE, IMAGE_SIDE)
    large = [Image.fromarray(tile).resize(size, Image.Resampling.BICUBIC) for tile in grey]
    return np.stack([np.asarray(tile) for tile in large])


class Network:
    """scikit-learn's `MLPClassifier`, trained one mini-batch at a time.

    Parameters
    ----------
    digits : Digits
        What to learn.
    random_state : int
        Seed of the weights and of the order of the batches.
    """

    def __init__(self, digits: Digits, random_state: int = 0) -> None:
        from sklearn.neural_network import MLPClassifier

        self._digits = digits
        self._rows = np.flatnonzero(digits.training)
        self._rng = np.random.default_rng(random_state)
        self._model = MLPClassifier(
            HIDDEN, learning_rate_init=LEARNING_RATE, random_state=random_state
        )
        self.step = 0

    def train(self, until: int) -> None:
        """Take gradient steps until `step` is `until`."""
        digits = self._digits
        while self.step < until:
            batch = self._rng.choice(self._rows, BATCH, replace=False)
            self._model.partial_fit(digits.X[batch], digits.y[batch], classes=np.arange(10))
            self.step += 1

    def spaces(self) -> dict[str, NDArray[np.float32]]:
        """Output of both hidden layers for every digit, each (n_samples, n_units)."""
        found: dict[str, NDArray[np.float32]] = {}
        Z = self._digits.X
        layers = zip(self._model.coefs_, self._model.intercepts_, strict=True)
        for number, (weights, bias) in enumerate(list(layers)[:-1], start=1):
            Z = np.maximum(Z @ weights.astype(np.float32) + bias.astype(np.float32), 0)
            found[f"hidden{number}"] = Z
        return found

    def probabilities(self) -> NDArray[np.float32]:
        """Probability of each class for every digit, (n_samples, 10)."""
        found: NDArray[np.floating] = self._model.predict_proba(self._digits.X)
        return found.astype(np.float32)

    def scalars(self, probabilities: NDArray[np.float32]) -> Mapping[str, float]:
        """Loss and accuracies of the network that gave these probabilities."""
        digits = self._digits
        correct = probabilities.argmax(axis=1) == digits.y
        return {
            "loss": float(self._model.loss_),
            "accuracy": float(correct[digits.training].mean()),
            "val_accuracy": float(correct[~digits.training].mean()),
        }


def snapshot_steps(last: int, count: int = 48) -> list[int]:
    """Steps to log: dense at first, when most moves, then regular until `last`.

    >>> snapshot_steps(400, 12)
    [1, 2, 4, 9, 19, 40, 100, 160, 220, 280, 340, 400]
    """
    early = np.geomspace(1, last / 10, count // 2)
    late = np.linspace(last / 10, last, count - count // 2 + 1)
    return sorted({max(1, round(float(step))) for step in (*early, *late)})
