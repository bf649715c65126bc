"""Bundles of the TensorFlow projector, written."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InvalidInputError
from ._pbtxt import to_pbtxt
from ._projector import JSON, PBTXT
from ._projector_rows import metadata_lines, sprite_of
from ._vectors import VectorFile

__all__ = ["write_projector"]

CHUNK = 8192


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
        X = file.X
        entry: dict[str, Any] = {"tensorName": name, "tensorShape": list(X.shape)}
        entry["tensorPath"] = _once(folder, f"{stem}-vectors.tsv", _as_text(X), written)
        if not comet:
            entry["bytes"] = _once(folder, f"{stem}-vectors.bytes", _as_bytes(X), written)
        told = _joined(metadata_lines(file))
        if first := next(told, b""):
            held = chain([first], told)
            entry["metadataPath"] = _once(folder, f"{stem}-metadata.tsv", held, written)
        if file.images is not None:
            data, tile = sprite_of(file)
            path = _once(folder, f"{stem}-sprite.png", [data], written)
            entry["sprite"] = {"imagePath": path, "singleImageDim": list(tile)}
        entries.append(entry)
    if comet:
        (folder / "template_projector_config-0.json").write_text(
            json.dumps({"embeddings": entries}, indent=1), encoding="utf-8"
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


def _once(folder: Path, name: str, pieces: Iterable[bytes], written: dict[str, str]) -> str:
    """Write a file unless one with this content is there; returns its name."""
    import xxhash

    hasher = xxhash.xxh3_128()
    with (folder / name).open("wb") as stream:
        for piece in pieces:
            hasher.update(piece)
            stream.write(piece)
    key = f"{name.rsplit('.', 1)[-1]}-{hasher.hexdigest()}"
    if key in written:
        (folder / name).unlink()
    return written.setdefault(key, name)


def _blocks(X: NDArray[Any]) -> Iterator[NDArray[Any]]:
    for start in range(0, len(X), CHUNK):
        yield np.ascontiguousarray(X[start : start + CHUNK], dtype="<f4")


def _as_bytes(X: NDArray[Any]) -> Iterator[bytes]:
    return (block.tobytes() for block in _blocks(X))


def _as_text(X: NDArray[Any]) -> Iterator[bytes]:
    """Rows of tab-separated numbers with as many digits as they need."""
    return _joined(
        "\t".join(row.tolist()) + "\n" for block in _blocks(X) for row in block.astype(str)
    )


def _joined(lines: Iterator[str]) -> Iterator[bytes]:
    while some := list(islice(lines, CHUNK)):
        yield "".join(some).encode()


def _file_name(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9.]+", "-", name).strip("-.")[:60] or "embedding"
