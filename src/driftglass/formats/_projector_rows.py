"""What a bundle of the projector says of its rows: a table of text, and a sprite of pictures."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data import SpriteSheet
from ..errors import FormatError, InvalidInputError, ShapeError
from ._limits import inside, limited_lines
from ._vectors import VectorFile

__all__ = ["metadata_lines", "read_metadata", "read_sprite", "sprite_of"]

LARGEST_SPRITE = 8192
"""Pixels a side; what TensorBoard's projector draws at most."""


def read_metadata(
    folder: Path, entry: Mapping[str, Any], n_rows: int
) -> tuple[dict[str, list[Any]], NDArray[Any]]:
    """Columns and ids that the table of an embedding holds."""
    ids = np.arange(n_rows)
    if not entry["metadata"]:
        return {}, ids
    path = inside(folder, entry["metadata"], f"The metadata of {entry['name']!r}")
    try:
        with path.open(encoding="utf-8-sig", newline=None) as stream:
            rows = [line.rstrip("\n").split("\t") for line in limited_lines(stream, path.name)]
    except UnicodeDecodeError as error:
        raise FormatError(f"{path.name} is not UTF-8 text (byte {error.start:,}).") from error
    while rows and rows[-1] == [""]:
        rows.pop()
    # The projector's rule: a header if and only if there is more than one column.
    header = bool(rows) and len(rows[0]) > 1
    names = rows.pop(0) if header else ["label"]
    if len(rows) != n_rows:
        raise ShapeError(
            f"{path.name} has {len(rows):,} rows for {n_rows:,} vectors. "
            + (
                "With several columns its first row is the header."
                if header
                else "A single column has no header."
            )
        )
    for number, row in enumerate(rows):
        if len(row) != len(names):
            raise ShapeError(
                f"{path.name}, row {number + 1:,}: {len(row)} values for {len(names)} columns."
            )
    if len(set(names)) < len(names):
        raise FormatError(f"{path.name} has several columns of one name.")
    columns = {
        name: _typed(values)
        for name, values in zip(names, map(list, zip(*rows, strict=True)), strict=True)
    }
    own = columns.get("id", [])
    kinds = {type(value) for value in own}
    if kinds in ({str}, {int}) and len(set(own)) == n_rows:
        ids = np.array(columns.pop("id"))
    return columns, ids


def _typed(values: list[str]) -> list[Any]:
    """Numbers where each value is one as Python writes it, else the text; empty is missing."""
    for kind in (int, float):
        try:
            converted = [None if value == "" else kind(value) for value in values]
        except ValueError:
            continue
        if kind is float or all(
            value is None or str(value) == text
            for value, text in zip(converted, values, strict=True)
        ):
            return converted
    return [value or None for value in values]


def read_sprite(
    folder: Path, entry: Mapping[str, Any], n_rows: int
) -> list[NDArray[np.uint8]] | None:
    """A picture per row, cut out of the sprite; None where there is none."""
    if not entry["sprite"]:
        return None
    from PIL import Image

    from ..data._images import FORMATS

    path = inside(folder, entry["sprite"], f"The sprite of {entry['name']!r}")
    tile = entry["tile"]
    plain = isinstance(tile, list) and len(tile) == 2 and all(isinstance(n, int) for n in tile)
    if not plain or not all(1 <= side <= LARGEST_SPRITE for side in tile):
        raise FormatError(f"{path.name}: the size of one image is {tile!r:.60}; [w, h] is needed.")
    width, height = tile
    try:
        with Image.open(path, formats=FORMATS) as picture:
            if max(picture.size) > 2 * LARGEST_SPRITE:
                raise FormatError(f"{path.name} has {picture.size} pixels, more than any sprite.")
            across, down = picture.width // width, picture.height // height
            if across * down < n_rows:
                raise ShapeError(
                    f"{path.name} has {picture.width} × {picture.height} pixels, room for "
                    f"{across * down:,} images of {width} × {height}; {n_rows:,} are needed."
                )
            pixels = np.asarray(picture.convert("RGBA"))
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        if isinstance(error, (FormatError, ShapeError)):
            raise
        raise FormatError(f"{path.name} cannot be read as a picture: {error}.") from error
    return [
        pixels[
            (n // across) * height : (n // across + 1) * height,
            (n % across) * width : (n % across + 1) * width,
        ]
        for n in range(n_rows)
    ]


def metadata_lines(file: VectorFile) -> Iterator[str]:
    """Lines of the table of an embedding; none where nothing is known of its rows."""
    columns = {name: _plain(values) for name, values in file.columns.items()}
    if file.ids.dtype.kind == "U" or not np.array_equal(file.ids, np.arange(len(file.ids))):
        columns = {"id": file.ids.tolist(), **columns}
    if not columns:
        return
    if len(columns) > 1:
        yield "\t".join(map(_cell, columns)) + "\n"
    for row in zip(*columns.values(), strict=True):
        yield "\t".join(map(_cell, row)) + "\n"


def _plain(values: Any) -> list[Any]:
    return list(values.tolist() if hasattr(values, "tolist") else values)


def _cell(value: Any) -> str:
    """A value as one cell: the format knows no quotes, so tabs and breaks become blanks."""
    if value is None or (isinstance(value, float) and value != value):
        return ""
    if isinstance(value, (list, tuple, set, frozenset)):
        value = ", ".join(sorted(map(str, value)))
    return re.sub(r"[\t\r\n\x0b\x0c\x1c-\x1e\x85\u2028\u2029]+", " ", str(value))


def sprite_of(file: VectorFile) -> tuple[bytes, tuple[int, int]]:
    """The pictures as one PNG, and the size of each."""
    from PIL import Image

    sheet = file.images
    if not isinstance(sheet, SpriteSheet):
        sheet = SpriteSheet.pack(sheet, file.ids)
    n_rows = len(file.ids)
    side = max(1, int(np.ceil(np.sqrt(n_rows))))
    room = LARGEST_SPRITE // side
    if room < 1:
        raise InvalidInputError(f"{n_rows:,} images do not fit into one sprite; leave them out.")
    width, height = min(room, sheet.tile_width), min(room, sheet.tile_height)
    grid = Image.new("RGBA", (side * width, side * height))
    known = set(sheet.ids.tolist())
    for place, item in enumerate(file.ids.tolist()):
        pixels = sheet.crop(item) if item in known else None
        if pixels is not None:
            row, column = divmod(place, side)
            picture = Image.fromarray(np.ascontiguousarray(pixels))
            if picture.size != (width, height):
                picture = picture.resize((width, height))
            grid.paste(picture, (column * width, row * height))
    stream = io.BytesIO()
    grid.save(stream, format="PNG")
    return stream.getvalue(), (width, height)
