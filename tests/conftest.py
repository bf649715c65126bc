"""Fixtures that more than one folder uses."""

from __future__ import annotations

import os
import signal
import sys

import numpy as np
import pytest
from hypothesis import settings

# A shell that starts the tests in the background has them ignore Ctrl-C, which some tests send.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Nothing timed is asserted: a shared machine may be slow. Where no person is there to look at
# a new example, the same examples are drawn each time.
settings.register_profile("driftglass", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("driftglass")


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture(autouse=True)
def _own_cache_folder(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch):
    """Nothing that a test derives from a read-only run ends in the cache of who runs it."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / "cache"))


@pytest.fixture(autouse=True)
def _closed_figures():
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
