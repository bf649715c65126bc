"""Columns of a text file whose values are separated by commas or tabs."""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import FormatError, NotFoundError, ShapeError
from ._limits import limited_lines

__all__ = ["read_delimited"]

CHUNK = 8192
"""Rows that are text at one time; the numbers of all others take four bytes each."""


def read_delimited(
    path: Path, delimiter: str, text: Collection[str], drop: Collection[str]
) -> Mapping[str, Any]:
    """Columns by name: float32 where all values are numbers, lists of text otherwise.

    Parameters
    ----------
    path : Path
        UTF-8. A first row with a value that is no number names the columns; without one they
        are "0", "1", ….
    delimiter : str
        What stands between values.
    text : collection of str
        Columns that are no features: integers, numbers or text as all of their values allow.
        Any case of a name counts.
    drop : collection of str
        Columns to leave out.

    Returns
    -------
    columns : dict
        In the order of the file. An empty value is nan, or None among text.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            rows = _rows(limited_lines(stream, path.name), delimiter, path)
            first = next(rows, None)
            if first is None:
                raise FormatError(f"{path.name} is empty. Write it again.")
            titled = any(_number(value) is None for value in first)
            names = (
                [value.strip() for value in first] if titled else list(map(str, range(len(first))))
            )
            _refuse_repeats(names, path)
            for name in drop:
                if name not in names:
                    raise NotFoundError.for_name("column", name, names)
            return _columns(
                path,
                names,
                first if not titled else None,
                rows,
                {name.lower() for name in text},
                set(drop),
            )
    except UnicodeDecodeError as error:
        raise FormatError(
            f"{path.name} is not UTF-8 text (byte {error.start:,}). Convert it, for example with "
            f"iconv -t utf-8."
        ) from error
    except csv.Error as error:
        raise FormatError(f"{path.name} cannot be read as a table: {error}.") from error


def _rows(stream: Any, delimiter: str, path: Path) -> Iterator[list[str]]:
    width = None
    reader = csv.reader(stream, delimiter=delimiter)
    for row in reader:
        if not row:
            continue
        width = width or len(row)
        if len(row) != width:
            raise ShapeError(
                f"{path.name}, line {reader.line_num:,}: {len(row)} values where the first line "
                f"has {width}. Each row needs as many."
            )
        yield row


def _refuse_repeats(names: list[str], path: Path) -> None:
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise FormatError(
            f"{path.name} has several columns named {repeated[0]!r}. Give each its own name."
        )


def _columns(
    path: Path,
    names: list[str],
    first: list[str] | None,
    rows: Iterator[list[str]],
    text: set[str],
    drop: set[str],
) -> dict[str, Any]:
    parts: dict[str, list[Any]] = {name: [] for name in names if name not in drop}
    numbers: set[str] = set()
    start = 0
    while chunk := ([first] if first else []) + list(islice(rows, CHUNK)):
        first = None
        for name, values in zip(names, zip(*chunk, strict=True), strict=True):
            if name in drop:
                continue
            converted = None if name in text else _numbers(values)
            if start == 0 and converted is not None:
                numbers.add(name)
            if name not in numbers:
                parts[name].extend(value or None for value in values)
            elif converted is None:
                bad = next(n for n, value in enumerate(values) if value and _number(value) is None)
                raise FormatError(
                    f"{path.name}: column {name!r} holds {values[bad]!r:.40} in row "
                    f"{start + bad + 1:,}, after numbers only. Name the column with --keep if it "
                    f"is no feature, or with --drop."
                )
            else:
                parts[name].append(converted)
        start += len(chunk)
    return {
        name: np.concatenate(parts[name]) if name in numbers else _typed(parts[name])
        for name in parts
    }


def _typed(values: list[str | None]) -> Any:
    """Integers or numbers where every value is one as Python would write it, else the text."""
    try:
        whole = [int(value) for value in values]  # type: ignore[arg-type]
        if all(str(number) == value for number, value in zip(whole, values, strict=True)):
            return np.array(whole, dtype=np.int64)
        return values
    except (TypeError, ValueError, OverflowError):
        pass
    try:
        return np.array([float(value) for value in values])  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return values


def _numbers(values: tuple[str, ...]) -> NDArray[np.float32] | None:
    try:
        return np.array(values, dtype=np.float64).astype(np.float32)
    except ValueError:
        pass
    try:
        filled = [value.strip() or "nan" for value in values]
        numbers = np.array(filled, dtype=np.float64)
    except ValueError:
        return None
    return None if np.isnan(numbers).all() else numbers.astype(np.float32)


def _number(value: str) -> float | None:
    try:
        return float(value)
    except ValueError:
        return None
