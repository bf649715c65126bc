"""What every implementation of `driftglass.store.Blobs` must do."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from ..errors import FormatError, NotFoundError

if TYPE_CHECKING:
    from ..store import Blobs

__all__ = ["BAD_KEYS", "BlobsChecks"]

BAD_KEYS = (
    "",
    "/absolute",
    "../outside",
    "a/../../outside",
    "a/./b",
    "a//b",
    "a/",
    ".hidden",
    "a\\b",
    "C:windows",
    "nul\0byte",
    "line\nbreak",
    "ünicode",
    "x" * 500,
)
"""Keys that could mean something outside the place where the blobs are."""


class BlobsChecks:
    """Inherit this in a test class and say how to make empty blobs.

    Examples
    --------
    >>> class TestMyBlobs(BlobsChecks):
    ...     def make(self):
    ...         return MyBlobs()
    """

    def make(self) -> Blobs:
        """Make empty blobs."""
        raise NotImplementedError("Say how to make the blobs to check.")

    def test_reads_what_was_written(self) -> None:
        blobs = self.make()
        blobs.write("vectors/a.npy", [b"one", memoryview(b"two"), b""])

        assert blobs.read("vectors/a.npy") == b"onetwo"

    def test_keeps_an_empty_blob(self) -> None:
        blobs = self.make()
        blobs.write("empty", [])

        assert blobs.read("empty") == b""
        assert [(blob.key, blob.size) for blob in blobs.list()] == [("empty", 0)]

    def test_reads_a_range(self) -> None:
        blobs = self.make()
        blobs.write("a", [b"0123456789"])

        assert blobs.read("a", 3, 6) == b"345"
        assert blobs.read("a", 8) == b"89"
        assert blobs.read("a", 8, 100) == b"89"
        assert blobs.read("a", 100) == b""

    def test_replaces_as_a_whole(self) -> None:
        blobs = self.make()
        blobs.write("a", [b"long old content"])
        blobs.write("a", [b"new"], durable=True)

        assert blobs.read("a") == b"new"

    def test_an_exception_while_writing_leaves_the_old_blob(self) -> None:
        blobs = self.make()
        blobs.write("a", [b"old"])

        def failing() -> Iterator[bytes]:
            yield b"half"
            raise RuntimeError("the source failed")

        error = _raised(lambda: blobs.write("a", failing()))

        assert isinstance(error, RuntimeError)
        assert blobs.read("a") == b"old"
        assert [blob.key for blob in blobs.list()] == ["a"]

    def test_an_exception_while_writing_leaves_nothing_new(self) -> None:
        blobs = self.make()

        def failing() -> Iterator[bytes]:
            yield b"half"
            raise RuntimeError("the source failed")

        _raised(lambda: blobs.write("deep/a", failing()))

        assert list(blobs.list()) == []

    def test_appends_and_returns_the_new_length(self) -> None:
        blobs = self.make()

        lengths = [blobs.append("journal/w.rec", b"one"), blobs.append("journal/w.rec", b"three")]

        assert lengths == [3, 8]
        assert blobs.read("journal/w.rec") == b"onethree"

    def test_lists_by_the_beginning_of_keys(self) -> None:
        blobs = self.make()
        for key in ("a/b/one", "a/b/two", "a/c", "ab", "d"):
            blobs.write(key, [key.encode()])

        found = {
            prefix: sorted(blob.key for blob in blobs.list(prefix))
            for prefix in ("", "a/b/", "a", "a/b/o", "x/")
        }

        assert found == {
            "": ["a/b/one", "a/b/two", "a/c", "ab", "d"],
            "a/b/": ["a/b/one", "a/b/two"],
            "a": ["a/b/one", "a/b/two", "a/c", "ab"],
            "a/b/o": ["a/b/one"],
            "x/": [],
        }

    def test_says_size_and_time_of_each_blob(self) -> None:
        blobs = self.make()
        blobs.write("a", [b"12345"])
        (blob,) = blobs.list()

        assert blob.size == 5
        assert abs(blob.modified - time.time()) < 60

    def test_forgets_what_was_deleted(self) -> None:
        blobs = self.make()
        blobs.write("a/b", [b"x"])
        blobs.delete("a/b")
        blobs.delete("a/b")

        assert list(blobs.list()) == []

    def test_a_missing_blob_is_not_found(self) -> None:
        blobs = self.make()

        error = _raised(lambda: blobs.read("nothing/here"))

        assert isinstance(error, NotFoundError)
        assert "nothing/here" in str(error)

    def test_refuses_keys_that_could_lead_elsewhere(self) -> None:
        blobs = self.make()
        for key in BAD_KEYS:
            errors = [
                _raised(lambda key=key: blobs.write(key, [b"x"])),  # type: ignore[misc]
                _raised(lambda key=key: blobs.append(key, b"x")),  # type: ignore[misc]
                _raised(lambda key=key: blobs.read(key)),  # type: ignore[misc]
                _raised(lambda key=key: blobs.delete(key)),  # type: ignore[misc]
            ]
            assert all(isinstance(error, FormatError) for error in errors), (key, errors)
        assert list(blobs.list()) == []


def _raised(act: Callable[[], object]) -> Exception | None:
    """What `act` raised; pytest.raises would make pytest a dependency."""
    try:
        act()
    except Exception as error:
        return error
    return None
