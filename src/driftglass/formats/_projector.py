"""Bundles of the TensorFlow projector: a configuration, and files with vectors, labels, pictures.

Three configurations name the same files: ``projector_config.pbtxt`` for TensorBoard,
``config.json`` for the standalone projector, and the template that Comet writes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import FormatError, ShapeError
from ._limits import as_floats, checked_shape, inside, limited_lines, read_small
from ._pbtxt import parse_pbtxt
from ._projector_rows import read_metadata, read_sprite
from ._vectors import VectorFile

__all__ = ["COMET_TEMPLATE", "JSON", "PBTXT", "is_projector", "read_projector"]

PBTXT = "projector_config.pbtxt"
JSON = "config.json"
COMET_TEMPLATE = re.compile(r"template(_projector_config)?-.*\.json")
CHUNK = 8192
MOST_EMBEDDINGS = 10_000


def is_projector(path: Path) -> bool:
    """Whether a file or folder is a bundle of the projector."""
    if path.is_dir():
        return bool(_configurations(path))
    return path.suffix == ".pbtxt" or _lists_embeddings(path)


def _configurations(folder: Path) -> list[Path]:
    """Configurations in a folder, those whose vectors are numbers and not text first."""
    both = [folder / JSON] if _lists_embeddings(folder / JSON) else []
    both += [folder / PBTXT] if (folder / PBTXT).is_file() else []
    named = sorted(path for path in folder.glob("*.json") if COMET_TEMPLATE.fullmatch(path.name))
    return both + named


def _lists_embeddings(path: Path) -> bool:
    """Whether this is a configuration; many tools have a config.json."""
    if path.suffix != ".json" or not path.is_file():
        return False
    with path.open("rb") as stream:
        return b'"embeddings"' in stream.read(1 << 16)


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
        config = next(iter(_configurations(path)), path / JSON)
    entries = _entries(config)
    space_of = _spaces([entry["name"] for entry in entries])
    files = []
    for number, entry in enumerate(entries):
        X = _vectors(config.parent, entry)
        columns, ids = read_metadata(config.parent, entry, len(X))
        images = read_sprite(config.parent, entry, len(X))
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
