"""Bundles of the TensorFlow projector: a configuration, and files with vectors, labels, pictures.

Three configurations name the same files: ``projector_config.pbtxt`` for TensorBoard,
``config.json`` for the standalone projector, and the template that Comet writes.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data import SpriteSheet
from ..errors import FormatError, InvalidInputError, ShapeError
from ._limits import as_floats, checked_shape, inside, limited_lines, read_small
from ._pbtxt import parse_pbtxt, to_pbtxt
from ._vectors import VectorFile

__all__ = ["COMET_TEMPLATE", "is_projector", "read_projector", "write_projector"]

PBTXT = "projector_config.pbtxt"
JSON = "config.json"
COMET_TEMPLATE = re.compile(r"template(_projector_config)?-.*\.json")
CHUNK = 8192
LARGEST_SPRITE = 8192
"""Pixels a side; what TensorBoard's projector draws at most."""
MOST_EMBEDDINGS = 10_000


def is_projector(path: Path) -> bool:
    """Whether a file or folder is a bundle of the projector."""
    if path.is_dir():
        return any((path / name).is_file() for name in (PBTXT, JSON)) or bool(_templates(path))
    if path.suffix == ".pbtxt":
        return True
    if path.suffix != ".json" or not path.is_file():
        return False
    with path.open("rb") as stream:
        return b'"embeddings"' in stream.read(1 << 16)


def _templates(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*.json") if COMET_TEMPLATE.fullmatch(path.name))


def read_projector(path: Path) -> tuple[VectorFile, ...]:
    """Every embedding of a bundle.

    Parameters
    ----------
    path : Path
        Configuration, or the folder it is in. Only files inside that folder are read.

    Raises
    ------
    FormatError
        The configuration or a file it names is not what it should be.
    """
    config = path
    if path.is_dir():
        found = [path / name for name in (PBTXT, JSON) if (path / name).is_file()]
        config = (found or _templates(path))[0]
    entries = _entries(config)
    space_of = _spaces([entry["name"] for entry in entries])
    files = []
    for number, entry in enumerate(entries):
        X = _vectors(config.parent, entry)
        columns, ids = _metadata(config.parent, entry, len(X))
        images = _sprite(config.parent, entry, len(X))
        space, step = space_of[number]
        files.append(VectorFile(X, ids, columns, (), images, space, step, entry["name"]))
    return tuple(files)


def _entries(config: Path) -> list[dict[str, Any]]:
    text = read_small(config)
    if config.suffix == ".pbtxt":
        parsed = parse_pbtxt(text, config.name)
        raw = [_from_pbtxt(one) for one in parsed.get("embeddings", []) if isinstance(one, dict)]
    else:
        try:
            parsed_json = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise FormatError(f"{config.name} is not JSON: {error}.") from error
        listed = parsed_json.get("embeddings") if isinstance(parsed_json, dict) else None
        if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
            raise FormatError(f"{config.name} has no list of embeddings.")
        raw = [_from_json(one) for one in listed]
    if not raw:
        raise FormatError(f"{config.name} names no embeddings.")
    if len(raw) > MOST_EMBEDDINGS:
        raise FormatError(f"{config.name} names {len(raw):,} embeddings.")
    for number, entry in enumerate(raw):
        if entry["tensor"] is None:
            raise FormatError(
                f"{config.name}: embedding {number} names no file with its vectors. TensorBoard "
                f"reads those from a checkpoint; write them with add_embedding or as a TSV file."
            )
        entry["name"] = str(entry["name"] or f"embedding {number}")[:200]
    return raw


def _from_pbtxt(fields: Mapping[str, list[Any]]) -> dict[str, Any]:
    def last(source: Mapping[str, list[Any]], name: str) -> Any:
        return source[name][-1] if source.get(name) else None

    sprite = last(fields, "sprite")
    return {
        "name": last(fields, "tensor_name"),
        "tensor": last(fields, "tensor_path"),
        "shape": fields.get("tensor_shape"),
        "metadata": last(fields, "metadata_path"),
        "sprite": last(sprite, "image_path") if isinstance(sprite, dict) else None,
        "tile": sprite.get("single_image_dim") if isinstance(sprite, dict) else None,
    }


def _from_json(entry: Mapping[str, Any]) -> dict[str, Any]:
    sprite = entry.get("sprite")
    return {
        "name": entry.get("tensorName"),
        "tensor": entry.get("tensorPath"),
        "shape": entry.get("tensorShape"),
        "metadata": entry.get("metadataPath"),
        "sprite": sprite.get("imagePath") if isinstance(sprite, dict) else None,
        "tile": sprite.get("singleImageDim") if isinstance(sprite, dict) else None,
    }


def _spaces(names: Sequence[str]) -> list[tuple[str, int]]:
    """Space and step of each embedding: names that differ only in a number are steps of one."""
    parts = [re.fullmatch(r"(.*?)[\s:_/-]*(\d{1,9})", name) for name in names]
    stems = [match[1] if match else None for match in parts]
    taken: set[tuple[str, int]] = set()
    result = []
    for name, match, stem in zip(names, parts, stems, strict=True):
        place = (name, 0)
        if match is not None and stem and stems.count(stem) > 1:
            place = (stem, int(match[2]))
        while place in taken:
            place = (place[0], place[1] + 1)
        taken.add(place)
        result.append(place)
    return result


def _vectors(folder: Path, entry: Mapping[str, Any]) -> NDArray[Any]:
    path = inside(folder, entry["tensor"], f"The vectors of {entry['name']!r}")
    shape = entry["shape"]
    if path.suffix == ".bytes":
        size = path.stat().st_size
        if not isinstance(shape, list) or len(shape) != 2:
            raise FormatError(f"{path.name} holds plain numbers, so its shape has to be given.")
        rows, width = checked_shape(shape, 4, size, path.name)
        if not rows or not width:
            raise FormatError(f"{path.name} has no vectors.")
        return np.memmap(path, dtype="<f4", mode="r", shape=(rows, width))
    X = _tsv(path)
    if isinstance(shape, list) and shape and list(X.shape) != shape:
        raise FormatError(
            f"{path.name} has {X.shape[0]:,} rows of {X.shape[1]:,} values, but the configuration "
            f"says {shape!r:.60}."
        )
    return X


def _tsv(path: Path) -> NDArray[np.float32]:
    parts: list[NDArray[np.float32]] = []
    start, width = 0, None
    try:
        with path.open(encoding="utf-8-sig", newline=None) as stream:
            lines = (line for line in limited_lines(stream, path.name) if line.strip())
            while rows := [line.rstrip("\n").split("\t") for line in islice(lines, CHUNK)]:
                width = width or len(rows[0])
                for number, row in enumerate(rows):
                    if len(row) != width:
                        raise ShapeError(
                            f"{path.name}, row {start + number + 1:,}: {len(row)} values where the "
                            f"first row has {width}."
                        )
                parts.append(_numbers(rows, path, start))
                start += len(rows)
    except UnicodeDecodeError as error:
        raise FormatError(f"{path.name} is not UTF-8 text (byte {error.start:,}).") from error
    if not parts:
        raise FormatError(f"{path.name} is empty.")
    return np.concatenate(parts)


def _numbers(rows: list[list[str]], path: Path, start: int) -> NDArray[np.float32]:
    try:
        return as_floats(rows)
    except ValueError:
        for number, row in enumerate(rows):
            for value in row:
                try:
                    float(value)
                except ValueError:
                    raise FormatError(
                        f"{path.name}, row {start + number + 1:,}: {value!r:.40} is no number. A "
                        f"file of vectors has no header."
                    ) from None
        raise


def _metadata(
    folder: Path, entry: Mapping[str, Any], n_rows: int
) -> tuple[dict[str, list[Any]], NDArray[Any]]:
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


def _sprite(folder: Path, entry: Mapping[str, Any], n_rows: int) -> list[NDArray[np.uint8]] | None:
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


def write_projector(folder: Path, files: Sequence[VectorFile], *, comet: bool = False) -> None:
    """Write a bundle: TensorBoard and the standalone projector open the same folder.

    Parameters
    ----------
    folder : Path
        Made if it is missing.
    files : sequence of VectorFile
        One embedding each.
    comet : bool
        Write Comet's template in place of the two configurations.
    """
    if not files:
        raise InvalidInputError("There are no embeddings to write.")
    folder.mkdir(parents=True, exist_ok=True)
    entries: list[dict[str, Any]] = []
    written: dict[str, str] = {}
    for file in files:
        name = file.title or (f"{file.space}-{file.step}" if len(files) > 1 else file.space)
        stem = _file_name(f"{len(entries):03d}-{name}" if len(files) > 1 else name)
        X = np.ascontiguousarray(file.X, dtype="<f4")
        entry: dict[str, Any] = {"tensorName": name, "tensorShape": list(X.shape)}
        entry["tensorPath"] = _once(folder, f"{stem}-vectors.tsv", vectors_text(X), written)
        if not comet:
            entry["bytes"] = _once(folder, f"{stem}-vectors.bytes", X.tobytes(), written)
        text = _metadata_text(file)
        if text:
            entry["metadataPath"] = _once(folder, f"{stem}-metadata.tsv", text, written)
        if file.images is not None:
            data, tile = _sprite_of(file)
            path = _once(folder, f"{stem}-sprite.png", data, written)
            entry["sprite"] = {"imagePath": path, "singleImageDim": list(tile)}
        entries.append(entry)
    if comet:
        told = {"embeddings": entries}
        (folder / "template_projector_config-0.json").write_text(
            json.dumps(told, indent=1), encoding="utf-8"
        )
        return
    standalone = [
        {name: value for name, value in entry.items() if name != "bytes"}
        | {"tensorPath": entry["bytes"]}
        for entry in entries
    ]
    (folder / JSON).write_text(json.dumps({"embeddings": standalone}, indent=1), encoding="utf-8")
    (folder / PBTXT).write_text(
        to_pbtxt({"embeddings": [_pbtxt_entry(entry) for entry in entries]}), encoding="utf-8"
    )


def _pbtxt_entry(entry: Mapping[str, Any]) -> dict[str, Any]:
    fields = {
        "tensor_name": entry["tensorName"],
        "tensor_shape": entry["tensorShape"],
        "tensor_path": entry["tensorPath"],
        "metadata_path": entry.get("metadataPath"),
    }
    if "sprite" in entry:
        sprite = entry["sprite"]
        fields["sprite"] = {
            "image_path": sprite["imagePath"],
            "single_image_dim": sprite["singleImageDim"],
        }
    return {name: value for name, value in fields.items() if value is not None}


def _once(folder: Path, name: str, content: str | bytes, written: dict[str, str]) -> str:
    """Write a file unless one with this content is there; returns its name."""
    import xxhash

    data = content.encode() if isinstance(content, str) else content
    key = f"{name.rsplit('.', 1)[-1]}-{xxhash.xxh3_128_hexdigest(data)}"
    if key not in written:
        (folder / name).write_bytes(data)
        written[key] = name
    return written[key]


def vectors_text(X: NDArray[Any]) -> str:
    """Rows of tab-separated numbers with as many digits as they need."""
    stream = io.StringIO()
    for start in range(0, len(X), CHUNK):
        for row in X[start : start + CHUNK].astype(str):
            stream.write("\t".join(row.tolist()))
            stream.write("\n")
    return stream.getvalue()


def _metadata_text(file: VectorFile) -> str:
    columns = {name: _plain(values) for name, values in file.columns.items()}
    if file.ids.dtype.kind == "U" or not np.array_equal(file.ids, np.arange(len(file.ids))):
        columns = {"id": file.ids.tolist(), **columns}
    if not columns:
        return ""
    stream = io.StringIO()
    if len(columns) > 1:
        stream.write("\t".join(map(_cell, columns)) + "\n")
    for row in zip(*columns.values(), strict=True):
        stream.write("\t".join(map(_cell, row)) + "\n")
    return stream.getvalue()


def _plain(values: Any) -> list[Any]:
    return list(values.tolist() if hasattr(values, "tolist") else values)


def _cell(value: Any) -> str:
    """A value as one cell: the format knows no quotes, so tabs and breaks become blanks."""
    if value is None or (isinstance(value, float) and value != value):
        return ""
    if isinstance(value, (list, tuple, set, frozenset)):
        value = ", ".join(sorted(map(str, value)))
    return re.sub(r"[\t\r\n\x0b\x0c\x1c-\x1e\x85\u2028\u2029]+", " ", str(value))


def _sprite_of(file: VectorFile) -> tuple[bytes, tuple[int, int]]:
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


def _file_name(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9.]+", "-", name).strip("-.")[:60] or "embedding"
