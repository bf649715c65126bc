import threading
import time

import numpy as np
import pytest

from driftglass.server._kept import Kept, nbytes_of


def test_a_value_is_made_once():
    kept = Kept(1 << 20)
    made = []

    values = [kept.get("a", lambda: made.append(1) or np.zeros(3)) for _ in range(3)]

    assert len(made) == 1
    assert values[0] is values[1] is values[2]


def test_the_least_recently_used_goes_first():
    kept = Kept(3_000)
    for key in "abc":
        kept.get(key, lambda: np.zeros(100))
    kept.get("a", lambda: pytest.fail("kept"))
    kept.get("d", lambda: np.zeros(100))

    kept.get("a", lambda: pytest.fail("kept"))
    made = []
    kept.get("b", lambda: made.append(1) or np.zeros(100))
    assert made == [1]
    assert kept.nbytes <= 3_000


def test_a_value_beyond_the_limit_is_handed_out_but_not_kept():
    kept = Kept(1_000)

    assert len(kept.get("a", lambda: np.zeros(1_000))) == 1_000
    assert kept.nbytes == 0


def test_threads_that_want_the_same_wait_for_the_one_that_makes_it():
    kept = Kept(1 << 20)
    made = []

    def make():
        made.append(1)
        time.sleep(0.05)
        return np.zeros(3)

    threads = [threading.Thread(target=kept.get, args=("a", make)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(made) == 1


def test_a_maker_that_fails_leaves_nothing_behind():
    kept = Kept(1 << 20)
    with pytest.raises(ZeroDivisionError):
        kept.get("a", lambda: 1 / 0)

    assert kept.get("a", lambda: 5) == 5
    assert not kept._making


def test_sizes_count_the_arrays_inside():
    array = np.zeros(1000)

    assert nbytes_of({"a": [array, (array,)]}) >= 2 * array.nbytes
    assert nbytes_of(b"x" * 1000) >= 1000
