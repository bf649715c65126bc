"""Disks that fail, fill up or cannot be written."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import warnings
from contextlib import contextmanager, suppress

import numpy as np
import pytest

import driftglass as dg
from driftglass.errors import DriftglassWarning, StoreError
from driftglass.store import LocalBlobs, Store
from driftglass.store._system import System


class Faulty(System):
    """Fails the k-th call that changes something, once or until it is mended."""

    def __init__(self) -> None:
        self.left: int | None = None
        self.persistent = False
        self.code = errno.ENOSPC
        self.n_failures = 0

    def fail(self, k: int, *, persistent: bool, code: int = errno.ENOSPC) -> None:
        self.left, self.persistent, self.code, self.n_failures = k, persistent, code, 0

    def mend(self) -> None:
        self.left = None

    def _count(self) -> None:
        if self.left is None:
            return
        self.left -= 1
        if self.left == 0 or (self.left < 0 and self.persistent):
            self.n_failures += 1
            raise OSError(self.code, os.strerror(self.code))

    def open(self, path, flags):
        self._count()
        return super().open(path, flags)

    def write(self, descriptor, data):
        self._count()
        return super().write(descriptor, data)

    def fsync(self, descriptor):
        self._count()
        super().fsync(descriptor)

    def replace(self, source, target):
        self._count()
        super().replace(source, target)

    def makedirs(self, path):
        self._count()
        super().makedirs(path)


@pytest.fixture
def system():
    return Faulty()


@pytest.fixture
def faulty(tmp_path, system):
    return Store(LocalBlobs(tmp_path / "runs", system=system))


@contextmanager
def quiet():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DriftglassWarning)
        yield


def check_whole(store, vectors, steps):
    """Whatever can be seen is exactly what was logged."""
    run = dg.open(store.path).run("run")
    seen = run.steps("hidden") if "hidden" in run.spaces else []
    assert set(seen) <= set(steps)
    for step in seen:
        assert np.array_equal(run.snapshot("hidden", step).vectors, vectors + step)
    assert run.verify().ok
    return seen


@pytest.mark.parametrize("durability", ["process", "full"])
@pytest.mark.parametrize("k", range(1, 26))
def test_one_failing_call_costs_nothing(faulty, system, vectors, k, durability):
    run = faulty.create("run", durability=durability)
    system.fail(k, persistent=False)
    with quiet():
        for step in range(2):
            run.log(step, {"hidden": vectors + step}, scalars={"loss": step})
        while not run.flush():
            pass
        run.close()

    assert check_whole(faulty, vectors, [0, 1]) == [0, 1]
    assert run.write_report().n_dropped == 0
    assert [info.attempt for info in faulty.run("run").describe("hidden")] == [1, 1]


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EIO])
@pytest.mark.parametrize("k", [1, 2, 3, 5, 8, 13])
def test_a_disk_that_fails_for_a_while_loses_nothing(faulty, system, vectors, k, code):
    run = faulty.create("run")
    run.log(0, {"hidden": vectors}, wait=True)
    system.fail(k, persistent=True, code=code)
    with quiet():
        for step in range(1, 4):
            run.log(step, {"hidden": vectors + step})
        flushed = run.flush()
    during = check_whole(faulty, vectors, range(4))
    system.mend()
    with quiet():
        assert run.flush()
        run.close()

    assert flushed == (system.n_failures == 0)
    assert during[0] == 0
    assert check_whole(faulty, vectors, range(4)) == [0, 1, 2, 3]


def test_a_failing_disk_is_warned_about_once_with_its_reason(faulty, system, vectors):
    run = faulty.create("run", ids=range(20))
    system.fail(1, persistent=True)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        for step in range(3):
            run.log(step, {"hidden": vectors}, wait=True)

    assert len(seen) == 1
    assert "cannot be written now: [Errno 28] No space left on device" in str(seen[0].message)
    assert run.write_report().n_retries >= 1
    system.mend()
    run.close()


def test_closing_on_a_failing_disk_says_what_is_lost(faulty, system, vectors):
    run = faulty.create("run")
    system.fail(1, persistent=True)
    for step in range(2):
        with quiet():
            run.log(step, {"hidden": vectors})
    with pytest.warns(DriftglassWarning, match="2 waiting snapshots could not be written"):
        run.close()

    assert run.write_report().n_dropped == 2
    assert check_whole(faulty, vectors, []) == []
    assert faulty.run("run").state == "interrupted"


def test_strict_raises_when_it_cannot_write(faulty, system, vectors):
    run = faulty.create("run", strict=True)
    system.fail(1, persistent=True)
    run.log(0, {"hidden": vectors})
    with pytest.raises(StoreError, match="No space left"):
        run.flush()
    system.mend()
    run.close()

    assert check_whole(faulty, vectors, [0]) == [0]


def test_the_message_of_an_exception_survives_a_failing_disk(faulty, system, vectors):
    def train():
        with faulty.create("run") as run:
            system.fail(1, persistent=True)
            run.log(0, {"hidden": vectors})
            raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine"):
        train()


@pytest.mark.parametrize("k", range(1, 40, 2))
def test_a_run_is_made_whole_or_not_at_all(faulty, system, k):
    system.fail(k, persistent=True)
    run = None
    with suppress(StoreError):
        run = faulty.create("run", ids=range(5), labels=list("abcde"))
    system.mend()
    made = run is not None
    if run is not None:
        run.close()

    assert [run.name for run in faulty.runs()] == (["run"] if made else [])
    assert not any(faulty.path.glob(".new-*"))
    if made:
        assert faulty.run("run").metadata.row(1) == {"label": "b"}
    else:
        faulty.create("run").close()


def test_free_space_is_left(faulty, system, vectors):
    system.free_bytes = lambda path: (10_000, 10**9)
    run = faulty.create("run", min_free_bytes=9_900)
    with pytest.warns(DriftglassWarning, match=r"10\.0 KB free.*min_free_bytes=9900"):
        run.log(0, {"hidden": vectors}, wait=True)
    system.free_bytes = lambda path: (10**9, 10**9)
    run.close()

    assert check_whole(faulty, vectors, [0]) == [0]


def can_mount(folder):
    folder.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(folder)], capture_output=True
    )
    return done.returncode == 0


@pytest.fixture
def small_disk(tmp_path):
    folder = tmp_path / "disk"
    if sys.platform != "linux" or os.geteuid() != 0 or not can_mount(folder):
        pytest.skip("needs root to mount a small tmpfs")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_stops_nothing_and_is_written_again_when_there_is_room(small_disk, rng):
    store = dg.open(small_disk / "runs")
    values = rng.random((1000, 100), dtype=np.float32)
    run = store.create("run", min_free_bytes=0)
    (small_disk / "ballast").write_bytes(bytes(3_000_000))
    for step in range(20):
        with quiet():
            run.log(step, {"hidden": values + step}, scalars={"loss": step})
    with quiet():
        assert not run.flush()
    assert any("cannot be written now" in message for message in run.write_report().messages)
    reader = dg.open(store.path).run("run")
    during = reader.steps("hidden")
    for step in during:
        assert np.array_equal(reader.snapshot("hidden", step).vectors, values + step)

    assert 0 < len(during) < 20
    (small_disk / "ballast").unlink()
    with quiet():
        run.flush()
        run.close()
    after = reader.steps("hidden")
    for step in after:
        assert np.array_equal(reader.snapshot("hidden", step).vectors, values + step)
    assert len(after) > len(during)
    assert reader.verify().ok
    assert not list(small_disk.rglob("*.tmp"))


def test_a_full_disk_while_making_a_run_leaves_nothing(small_disk):
    ballast = small_disk / "ballast"

    def fill():
        with ballast.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(4096))

    with pytest.raises(OSError, match="No space"):
        fill()
    store = dg.open(small_disk / "runs")
    with pytest.raises(StoreError, match=r"No space left|full"):
        store.create("run", ids=range(1000))
    ballast.unlink()
    store.create("run", ids=range(1000)).close()

    assert [run.name for run in store.runs()] == ["run"]


@pytest.fixture
def read_only_disk(logged, tmp_path):
    """The store of `logged`, on a disk that cannot be written."""
    target = tmp_path / "readonly"
    target.mkdir()
    source = logged._blobs.root.parent
    bound = subprocess.run(["mount", "--bind", source, target], capture_output=True)
    if bound.returncode:
        pytest.skip("needs root to mount")
    subprocess.run(["mount", "-o", "remount,ro,bind", target], check=True)
    yield target
    subprocess.run(["umount", "-l", target], check=True)


def test_a_read_only_disk_can_be_read(read_only_disk, vectors):
    run = dg.open(read_only_disk).run("run")

    assert run.steps() == [0, 1, 2]
    assert np.array_equal(run.snapshot("hidden", 2).vectors, vectors + 2)
    assert run.verify().ok
    assert run.state == "closed"
    assert run.cache.get("none") is None


def test_a_read_only_disk_says_so_when_written(read_only_disk):
    store = dg.open(read_only_disk)

    with pytest.raises(StoreError, match="Read-only file system"):
        store.create("new")
    with pytest.raises(StoreError, match=r"Read-only|readonly|read-only"):
        store.resume("run")
    with pytest.raises(StoreError, match="Read-only"):
        store.run("run").cache.put("key", {}, {})


def test_a_folder_without_permission_says_so(tmp_path):
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    tmp_path.chmod(0o500)

    with pytest.raises(StoreError, match="Permission denied"):
        dg.open(tmp_path / "runs").create("run")
