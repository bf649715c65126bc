"""Snapshots and bases that the tests of sequences share."""

from __future__ import annotations

import numpy as np
import pytest


@pytest.fixture(params=["all", "first", "last", 1, 3, "window"])
def basis(request):
    """Each kind of basis in turn."""
    return request.param


@pytest.fixture
def Xs(rng):
    """Ten snapshots that drift and turn a little."""
    X = rng.normal(size=(60, 8)) * np.linspace(4, 0.5, 8)
    drift = rng.normal(size=(60, 8))
    return [(X + 0.2 * t * drift).astype(np.float32) for t in range(10)]
