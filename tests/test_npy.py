"""Files of NumPy are read whole, whatever other threads parse in the meantime."""

from __future__ import annotations

import gc
import os
import sys
import threading

import numpy as np
import pytest

from driftglass._npy import TRIES, load_npy, load_npz


class Disturbed:
    """A path that fails as a disturbed parser does, some times."""

    def __init__(self, path, times):
        self.path, self.times = path, times

    def __fspath__(self):
        if self.times:
            self.times -= 1
            raise SystemError("AST constructor recursion depth mismatch (before=27, after=24)")
        return os.fspath(self.path)


@pytest.fixture
def saved(tmp_path):
    X = np.arange(12, dtype=np.float32).reshape(4, 3)
    np.save(tmp_path / "X.npy", X)
    np.savez(tmp_path / "X.npz", X=X, ids=np.arange(4))
    return tmp_path, X


def test_a_disturbed_header_is_read_again(saved):
    folder, X = saved

    read = load_npy(Disturbed(folder / "X.npy", 3), mapped=False)
    held = load_npz(Disturbed(folder / "X.npz", 3), ("X", "absent"))

    np.testing.assert_array_equal(read, X)
    assert list(held) == ["X"]
    np.testing.assert_array_equal(held["X"], X)


def test_an_error_that_stays_is_raised(saved):
    folder, _ = saved

    with pytest.raises(SystemError, match="depth mismatch"):
        load_npy(Disturbed(folder / "X.npy", TRIES))


def test_arrays_can_be_left_unread(saved):
    folder, _ = saved

    assert list(load_npz(folder / "X.npz", without=("X",))) == ["ids"]


def test_threads_that_read_while_finalizers_run_all_get_the_array(saved):
    folder, X = saved
    failed = []

    class Cycle:
        def __init__(self):
            self.me = self

        def __del__(self):
            sum(range(200))

    def read():
        for _ in range(150):
            Cycle()
            try:
                np.testing.assert_array_equal(load_npy(folder / "X.npy"), X)
            except BaseException as error:  # a SystemError is what is looked for
                failed.append(repr(error))

    interval, threshold = sys.getswitchinterval(), gc.get_threshold()
    sys.setswitchinterval(1e-6)
    gc.set_threshold(50, 2, 2)
    try:
        threads = [threading.Thread(target=read) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
        gc.set_threshold(*threshold)

    assert failed == []
