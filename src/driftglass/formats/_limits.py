"""What a file from a stranger may ask of this process: paths inside its folder, bounded memory."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import FormatError, NotFoundError, StoreError

__all__ = [
    "LONGEST_LINE",
    "as_floats",
    "checked_shape",
    "inside",
    "limited_lines",
    "read_small",
    "refuse_bomb",
]

LONGEST_LINE = 16 << 20
"""Bytes; a row of 100,000 numbers has two million."""
SMALL_FILE = 32 << 20
MOST_RATIO = 1100
"""Deflate cannot do better than about 1,030 : 1."""
MOST_UNPACKED = 1 << 28


def inside(folder: Path, name: object, what: str) -> Path:
    """Path of a file that another file names, which must be inside `folder`.

    Raises
    ------
    FormatError
        The name leads elsewhere: up, to another drive, to a link that leaves, or to the network.
    NotFoundError
        There is no such file.
    """
    text = str(name)
    if not isinstance(name, str) or not text or "\0" in text or len(text) > 1024:
        raise FormatError(f"{what} is {name!r:.80}; the name of a file is needed.")
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]+:", text):
        raise FormatError(
            f"{what} is {text!r:.120}, an address; nothing is fetched from the network. Save the "
            f"file beside the configuration and name it there."
        )
    pieces = re.split(r"[/\\]", text)
    if text[0] in "/\\" or ".." in pieces or re.match(r"[A-Za-z]:", text):
        raise FormatError(
            f"{what} is {text!r:.120}, which leaves the folder of the configuration. Only files "
            f"inside it are read."
        )
    path = folder.joinpath(*pieces)
    if not path.exists():
        raise NotFoundError(f"{what} is {text!r:.120}, but there is no such file in {folder.name}.")
    if not path.resolve().is_relative_to(folder.resolve()):
        raise FormatError(f"{what} is {text!r:.120}, a link that leaves its folder.")
    if not path.is_file():
        raise FormatError(f"{what} is {text!r:.120}, which is no file.")
    return path


def read_small(path: Path, *, limit: int = SMALL_FILE) -> str:
    """Text of a configuration, refused beyond `limit` bytes."""
    try:
        size = path.stat().st_size
        if size > limit:
            raise FormatError(
                f"{path.name} has {size >> 20:,} MiB; a configuration has less than {limit >> 20}."
            )
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FormatError(f"{path.name} is not UTF-8 text (byte {error.start:,}).") from error
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror or error}") from error


def limited_lines(stream: IO[str], name: str) -> Iterator[str]:
    """Lines of a text file; one without an end is refused before it fills the memory."""
    number = 0
    while line := stream.readline(LONGEST_LINE):
        number += 1
        if len(line) >= LONGEST_LINE and not line.endswith("\n"):
            raise FormatError(
                f"{name}, line {number:,}: it has more than {LONGEST_LINE >> 20} MiB and is no row "
                f"of a table."
            )
        if "\0" in line:
            raise FormatError(f"{name}, line {number:,}: it holds NUL bytes and is no text.")
        yield line


def checked_shape(shape: Any, itemsize: int, nbytes: int, what: str) -> tuple[int, ...]:
    """A shape that a header announces, if exactly `nbytes` hold it."""
    sizes = tuple(shape) if isinstance(shape, Sequence) and not isinstance(shape, str) else None
    if sizes is None or not all(
        isinstance(size, int) and not isinstance(size, bool) and size >= 0 for size in sizes
    ):
        raise FormatError(f"{what} has the shape {shape!r:.80}, which no array has.")
    needed = math.prod(sizes) * itemsize
    if needed != nbytes:
        raise FormatError(
            f"{what} announces {needed:,} bytes (shape {list(sizes)}), but {nbytes:,} are there. "
            f"The file is cut short or was changed."
        )
    return sizes


def refuse_bomb(packed: int, unpacked: int, what: str) -> None:
    """Refuse data that claims to be far larger than its packed form can be."""
    if unpacked > MOST_UNPACKED and unpacked > MOST_RATIO * max(packed, 1):
        raise FormatError(
            f"{what} announces {unpacked:,} bytes packed into {packed:,}, which cannot be. Do not "
            f"trust this file."
        )


def as_floats(rows: list[list[str]]) -> NDArray[np.float32]:
    """Rows of numbers as text, as one array; ValueError if any is none."""
    return np.array(rows, dtype=np.float64).astype(np.float32)
