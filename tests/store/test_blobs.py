"""Every place for bytes behaves as the protocol says."""

from __future__ import annotations

import errno
import os
import threading
from contextlib import suppress

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from driftglass.errors import FormatError, NotFoundError
from driftglass.store import Blobs, LocalBlobs, MemoryBlobs
from driftglass.store._blobs import SupportsLock, SupportsMap, SupportsSync, within
from driftglass.store._system import System
from driftglass.testing import BlobsChecks


class TestMemoryBlobs(BlobsChecks):
    def make(self) -> Blobs:
        return MemoryBlobs()


class TestBlobsUnderAPrefix(BlobsChecks):
    def make(self) -> Blobs:
        return within(MemoryBlobs(), "run")


class TestLocalBlobs(BlobsChecks):
    @pytest.fixture(autouse=True)
    def _place(self, tmp_path):
        self.root = tmp_path / "blobs"

    def make(self) -> Blobs:
        return LocalBlobs(self.root)


class TestLocalBlobsOnANetworkDisk(TestLocalBlobs):
    def make(self) -> Blobs:
        return LocalBlobs(self.root, mapped=False)


def test_implementations_have_the_abilities_they_should(tmp_path):
    local, memory = LocalBlobs(tmp_path), MemoryBlobs()

    assert isinstance(local, Blobs)
    assert isinstance(memory, Blobs)
    assert [isinstance(local, kind) for kind in (SupportsMap, SupportsSync, SupportsLock)] == [
        True
    ] * 3
    assert [isinstance(memory, kind) for kind in (SupportsMap, SupportsSync, SupportsLock)] == [
        False
    ] * 3


def test_a_mapped_blob_stays_valid_after_it_is_deleted(tmp_path):
    blobs = LocalBlobs(tmp_path)
    blobs.write("a", [b"content"])
    mapped = blobs.map("a")
    blobs.delete("a")

    assert bytes(mapped) == b"content"


def test_a_link_is_not_followed(tmp_path):
    secret = tmp_path / "secret"
    secret.write_bytes(b"secret")
    blobs = LocalBlobs(tmp_path / "blobs")
    blobs.write("folder/a", [b"x"])
    os.symlink(secret, tmp_path / "blobs" / "link")
    os.symlink(tmp_path, tmp_path / "blobs" / "outside")

    for key in ("link", "outside/secret"):
        with pytest.raises(FormatError, match="symbolic link"):
            blobs.read(key)
        with pytest.raises(FormatError, match="symbolic link"):
            blobs.map(key)
    assert "outside/secret" not in [blob.key for blob in blobs.list()]


def test_a_pipe_is_refused_and_does_not_block(tmp_path):
    os.mkfifo(tmp_path / "pipe")

    with pytest.raises(FormatError, match="not a plain file"):
        LocalBlobs(tmp_path).read("pipe")


def test_a_file_is_held_by_one_process_at_a_time(tmp_path):
    blobs = LocalBlobs(tmp_path)
    handle = blobs.hold("journal/w.rec")
    other = LocalBlobs(tmp_path)

    held = other.is_held("journal/w.rec")
    blobs.release(handle)

    assert held is True
    assert other.is_held("journal/w.rec") is False
    assert other.is_held("journal/none.rec") is None


def test_two_threads_may_write_one_key(tmp_path):
    blobs = LocalBlobs(tmp_path)
    contents = [bytes([n]) * 100_000 for n in range(4)]
    threads = [threading.Thread(target=blobs.write, args=("a", [c])) for c in contents * 5]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert blobs.read("a") in contents
    assert len(list(blobs.list())) == 1


class FailingSystem(System):
    """A system whose k-th call fails, once or from then on."""

    def __init__(self, k: int, *, persistent: bool, code: int = errno.EIO) -> None:
        self.left = k
        self.persistent = persistent
        self.code = code
        self.failed = False

    def _count(self) -> None:
        self.left -= 1
        if self.left == 0 or (self.left < 0 and self.persistent):
            self.failed = True
            raise OSError(self.code, os.strerror(self.code))


def _counted(name):
    def call(self, *arguments):
        if name not in (
            "close",
            "unlink",
        ):  # they clean up; a disk that fails them too leaves garbage
            self._count()
        return getattr(System, name)(self, *arguments)

    return call


for _name in ("open", "write", "fsync", "close", "replace", "unlink", "makedirs", "truncate"):
    setattr(FailingSystem, _name, _counted(_name))


@pytest.mark.parametrize("persistent", [False, True])
def test_a_failure_of_any_call_leaves_the_old_blob_or_the_new_one(tmp_path, persistent):
    outcomes = []
    for k in range(1, 12):
        root = tmp_path / f"{k}"
        LocalBlobs(root).write("a/b", [b"old"])
        system = FailingSystem(k, persistent=persistent)
        with suppress(OSError):
            LocalBlobs(root, system=system).write("a/b", [b"new", b"er"], durable=True)
        outcomes.append((system.failed, LocalBlobs(root).read("a/b")))
        assert [blob.key for blob in LocalBlobs(root).list()] == ["a/b"]

    assert {content for _, content in outcomes} == {b"old", b"newer"}
    assert outcomes[-1] == (False, b"newer")


def test_a_failed_append_is_undone(tmp_path):
    class HalfWrites(System):
        def __init__(self):
            self.n = 0

        def write(self, descriptor, data):
            self.n += 1
            if self.n == 1:
                return super().write(descriptor, data[:3])
            raise OSError(errno.ENOSPC, "No space left on device")

    LocalBlobs(tmp_path).append("j", b"first\n")
    with pytest.raises(OSError, match="No space"):
        LocalBlobs(tmp_path, system=HalfWrites()).append("j", b"second\n")

    assert LocalBlobs(tmp_path).read("j") == b"first\n"


KEYS = st.sampled_from(["a", "b/one", "b/two", "c/d/e", "journal/w.rec"])


class LocalBlobsAreMemoryBlobs(RuleBasedStateMachine):
    """Whatever is done to both, files and a dict say the same."""

    def __init__(self) -> None:
        super().__init__()
        import tempfile

        self.folder = tempfile.TemporaryDirectory()
        self.local = LocalBlobs(self.folder.name)
        self.model = MemoryBlobs()

    def both(self, act):
        results = []
        for blobs in (self.local, self.model):
            try:
                results.append(act(blobs))
            except (NotFoundError, FormatError, RuntimeError) as error:
                results.append(type(error))
        assert results[0] == results[1]

    @rule(key=KEYS, pieces=st.lists(st.binary(max_size=40), max_size=3), durable=st.booleans())
    def write(self, key, pieces, durable):
        self.both(lambda blobs: blobs.write(key, pieces, durable=durable))

    @rule(key=KEYS, piece=st.binary(max_size=40))
    def write_and_fail(self, key, piece):
        def failing():
            yield piece
            raise RuntimeError

        self.both(lambda blobs: blobs.write(key, failing()))

    @rule(key=KEYS, data=st.binary(max_size=40))
    def append(self, key, data):
        self.both(lambda blobs: blobs.append(key, data))

    @rule(key=KEYS, start=st.integers(0, 50), stop=st.none() | st.integers(0, 60))
    def read(self, key, start, stop):
        self.both(lambda blobs: blobs.read(key, start, stop))

    @rule(key=KEYS)
    def delete(self, key):
        self.both(lambda blobs: blobs.delete(key))

    @rule()
    def reopen(self):
        self.local = LocalBlobs(self.folder.name)

    @invariant()
    def hold_the_same(self):
        for prefix in ("", "b/", "c", "journal/"):
            self.both(lambda blobs, p=prefix: sorted((b.key, b.size) for b in blobs.list(p)))

    def teardown(self):
        self.folder.cleanup()


TestLocalBlobsAreMemoryBlobs = LocalBlobsAreMemoryBlobs.TestCase
TestLocalBlobsAreMemoryBlobs.settings = settings(
    max_examples=30, stateful_step_count=20, deadline=None
)
