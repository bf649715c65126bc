"""Values as text that a terminal can be trusted with."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

__all__ = ["age", "count", "megabytes", "plain", "seconds", "table"]

# Joiners shape emoji and several scripts and cannot reorder anything.
JOINERS = {"\u200c", "\u200d"}
UNITS = ("B", "KB", "MB", "GB", "TB")


def plain(value: object) -> str:
    r"""Text without anything that could move the cursor, colour or reorder the line.

    Names and labels come from files that others may have written.

    >>> plain("\x1b[31mred\u202e")
    '\\x1b[31mred\\u202e'
    """
    return "".join(
        character.encode("unicode_escape").decode("ascii")
        if unicodedata.category(character) in {"Cc", "Cf", "Cs", "Zl", "Zp"}
        and character not in JOINERS
        else character
        for character in str(value)
    )


def count(number: int, noun: str, plural: str | None = None) -> str:
    """Give a number with its noun: ``1 run``, ``1,797 items``."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def megabytes(nbytes: float) -> str:
    """Size in the unit that leaves one to three digits before the point."""
    for unit in UNITS:
        if nbytes < 1000 or unit == UNITS[-1]:
            break
        nbytes /= 1000
    return f"{nbytes:.0f} {unit}" if unit == "B" or nbytes >= 100 else f"{nbytes:.1f} {unit}"


def seconds(duration: float) -> str:
    """Duration as ``3.2 s``, ``2 min 5 s`` or ``1 h 20 min``."""
    if duration < 60:
        return f"{duration:.1f} s"
    minutes, rest = divmod(round(duration), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def age(moment: datetime, now: datetime | None = None) -> str:
    """How long ago, coarsely: ``12 s ago``, ``3 h ago``, ``5 d ago``."""
    now = now or datetime.now(UTC)
    passed = max(0, int((now - moment.astimezone(UTC)).total_seconds()))
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if passed >= length:
            return f"{passed // length} {unit} ago"
    return f"{passed} s ago"


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> Iterator[str]:
    """Lines of left-aligned columns, each as wide as its widest cell."""
    cells = [[plain(cell) for cell in row] for row in (header, *rows)]
    widths = [max(map(_width, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        padded = [cell + " " * (w - _width(cell)) for cell, w in zip(row, widths, strict=True)]
        yield "  ".join(padded).rstrip()


def _width(text: str) -> int:
    """Columns that a terminal gives to the text."""
    return sum(
        0 if unicodedata.combining(c) else 1 + (unicodedata.east_asian_width(c) in "WF")
        for c in text
    )
