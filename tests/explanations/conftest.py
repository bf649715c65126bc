"""Small fitted networks that the tests of explanations share."""

from __future__ import annotations

import numpy as np
import pytest


@pytest.fixture(scope="session", autouse=True)
def _one_thread():
    torch = pytest.importorskip("torch")
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def wine():
    from sklearn.datasets import load_wine
    from sklearn.preprocessing import StandardScaler

    data = load_wine()
    return StandardScaler().fit_transform(data.data).astype(np.float32), data.target


@pytest.fixture(scope="session")
def model(wine):
    from driftglass.projections import GlassBoxUMAP

    return GlassBoxUMAP(epochs=25, random_state=0, quiet=True).fit(wine[0])
