"""A folder of pictures: each is an item, its sub-folder its label, its small pixels its vector."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..data._images import image_array
from ..errors import FormatError, InvalidInputError
from ._vectors import VectorFile

__all__ = ["is_image_folder", "read_image_folder", "write_image_folder"]

ENDINGS = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp")
MOST_IMAGES = 200_000
SIDE = 16
"""Pixels a side of the vectors: enough to tell pictures apart, and 768 features."""


def _found(folder: Path) -> list[Path]:
    """Pictures in the folder and its sub-folders; links that leave it are left out."""
    root = folder.resolve()
    found = []
    for place, _, names in os.walk(folder):
        for name in names:
            path = Path(place) / name
            if not name.startswith(".") and path.suffix.lower() in ENDINGS:
                if path.resolve().is_relative_to(root):
                    found.append(path)
                if len(found) > MOST_IMAGES:
                    raise FormatError(f"{folder.name} holds more than {MOST_IMAGES:,} pictures.")
    return sorted(found)


def is_image_folder(path: Path) -> bool:
    """Whether a folder or one of its sub-folders holds a picture."""
    if not path.is_dir():
        return False
    return any(name.lower().endswith(ENDINGS) for _, _, names in os.walk(path) for name in names)


def read_image_folder(path: Path) -> tuple[VectorFile, ...]:
    """Pictures with their names, their sub-folders as labels, and their pixels as vectors.

    The vectors are the pictures shrunk to 16 × 16 pixels: near each other are pictures that look
    alike from afar. Encode them with a network for anything finer.
    """
    paths = _found(path)
    vectors, kept, failed = [], [], []
    for image in paths:
        try:
            pixels = image_array(image, (0, 255), 64)
        except (InvalidInputError, OSError) as error:
            failed.append(f"{image.name}: {error}")
            continue
        vectors.append(_small(pixels))
        kept.append(image)
    if not kept:
        why = f"; the first that could not be read is {failed[0]:.150}" if failed else ""
        raise FormatError(f"{path.name} holds no picture that can be read{why}.")
    names = [image.relative_to(path).as_posix() for image in kept]
    columns = {}
    labels = [os.path.dirname(name) for name in names]
    if any(labels):
        columns["label"] = labels
    return (VectorFile(np.stack(vectors), np.array(names), columns, (), kept, space="pixels"),)


def _small(pixels: np.ndarray) -> np.ndarray:
    from PIL import Image

    picture = Image.fromarray(np.ascontiguousarray(pixels)).convert("RGB").resize((SIDE, SIDE))
    return (np.asarray(picture, dtype=np.float32) / 255).reshape(-1)


def write_image_folder(folder: Path, files: Sequence[VectorFile]) -> None:
    """Write the pictures of one embedding, in a sub-folder per label."""
    import re

    from PIL import Image

    from ..data import SpriteSheet

    if len(files) != 1 or files[0].images is None:
        raise InvalidInputError("Pictures of one embedding are needed to write a folder of them.")
    file = files[0]
    sheet = file.images
    if not isinstance(sheet, SpriteSheet):
        sheet = SpriteSheet.pack(sheet, file.ids)
    labels = file.columns.get("label")
    for row, item in enumerate(file.ids.tolist()):
        pixels = sheet.crop(item)
        if pixels is None:
            continue
        parts = [labels[row]] if labels is not None and labels[row] is not None else []
        safe = [re.sub(r"[^\w.-]+", "-", str(part)).strip(".")[:80] or "-" for part in parts]
        place = folder.joinpath(*safe)
        place.mkdir(parents=True, exist_ok=True)
        name = re.sub(r"[^\w.-]+", "-", str(item)).strip(".")[:80] or str(row)
        Image.fromarray(np.ascontiguousarray(pixels)).save(place / f"{Path(name).stem}.png")
