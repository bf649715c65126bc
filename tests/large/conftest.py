from __future__ import annotations

import numpy as np
import pytest


def clusters(n, seed=0, width=8):
    """Rows in six groups, and the group of each."""
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(99).normal(size=(6, width)) * 4
    labels = rng.integers(6, size=n)
    return (centres[labels] + rng.normal(size=(n, width))).astype(np.float32), labels


def write_shards(folder, X, labels=None, rows=400):
    """Shards of an array; returns the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, start in enumerate(range(0, len(X), rows)):
        np.save(folder / f"part-{number}.npy", X[start : start + rows])
        if labels is not None:
            names = labels[start : start + rows].astype(str)
            np.save(folder / f"part-{number}.labels.npy", names)
    return folder


@pytest.fixture(scope="module")
def rows():
    return clusters(1500)


@pytest.fixture
def shards(rows, tmp_path):
    return write_shards(tmp_path / "rows", *rows)
