"""Thumbnails packed into a few pages."""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._arrays import as_ids
from ..errors import InvalidInputError, NotFoundError, ShapeError
from ._ids import positions
from ._images import image_array, iterate_images, value_scale

__all__ = ["SpriteSheet"]

PAGE_SIDE = 2048
"""Pixels; the smallest texture limit that WebGL 2 guarantees."""
MAX_TILE_SIDE = 256
SIZES = "driftglass-sizes"
"""Name of the text in a page that says how large its images are, where they differ."""


@dataclass(frozen=True, eq=False)
class SpriteSheet:
    """Thumbnails of some items, packed into pages of equal tiles.

    Parameters
    ----------
    ids : ndarray of shape (n_images,)
        Ids of the items.
    tiles : ndarray of shape (n_images,), dtype int32
        Tile number of each item, always explicit; -1 where its image failed.
    pages : tuple of bytes
        PNG pictures of at most 2,048 × 2,048 pixels.
    tile_width, tile_height : int
        Size of a tile in pixels.
    columns, rows : int
        Tiles across and down a full page.
    failed : tuple of (id, str)
        Images that could not be read, with the reason.
    notes : tuple of str
        What was guessed, for example the range of values.
    """

    ids: NDArray[Any]
    tiles: NDArray[np.int32]
    pages: tuple[bytes, ...]
    tile_width: int
    tile_height: int
    columns: int
    rows: int
    failed: tuple[tuple[Any, str], ...] = ()
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "ids", as_ids(self.ids))
        if len(self.tiles) != len(self.ids):
            raise ShapeError(f"{len(self.ids)} ids for {len(self.tiles)} tiles.")

    def __len__(self) -> int:
        return len(self.ids)

    @classmethod
    def pack(
        cls,
        images: Any,
        ids: Any = None,
        *,
        size: int = 64,
        value_range: tuple[float, float] | None = None,
    ) -> SpriteSheet:
        """Make thumbnails and pack them.

        Parameters
        ----------
        images : array or sequence of length n_images
            Arrays (grey, RGB, RGBA; channels first or last; integers or floats), Pillow images,
            encoded bytes, paths, or None. An image that fails is counted, not fatal.
        ids : sequence, optional
            Ids of the items; 0, 1, 2, … by default.
        size : int
            Longest side of a thumbnail in pixels, 4 to 256. Smaller images stay as they are.
        value_range : (float, float), optional
            Values to draw as black and white; guessed from all images by default and said
            in `notes`.

        Returns
        -------
        sheet : SpriteSheet
            Tiles have one common size; smaller images are centred on transparent ground.

        Raises
        ------
        ShapeError
            The numbers of images and ids differ.
        """
        n_images, iterator = iterate_images(images)
        item_ids = as_ids(np.arange(n_images) if ids is None else ids)
        if n_images != len(item_ids):
            raise ShapeError(
                f"{n_images} images for {len(item_ids)} ids; one image per id is needed. "
                f"Use None where an item has no image."
            )
        if not 4 <= size <= MAX_TILE_SIDE:
            raise InvalidInputError(
                f"The thumbnail size is {size}; 4 to {MAX_TILE_SIDE} pixels are possible."
            )
        scale, note = (value_range, None) if value_range else _guessed_scale(images)
        thumbnails: list[NDArray[np.uint8] | None] = []
        failed: list[tuple[Any, str]] = []
        for item, image in zip(item_ids.tolist(), iterator, strict=True):
            try:
                thumbnails.append(image_array(image, scale, size))
            except (InvalidInputError, OSError) as error:
                thumbnails.append(None)
                if image is not None:
                    failed.append((item, str(error)))
        return _packed(item_ids, thumbnails, tuple(failed), (note,) if note else ())

    def locate(self, item: int | str) -> tuple[int, int, int, int, int] | None:
        """Page, x, y, width and height in pixels of one item; None if its image failed."""
        where = positions(as_ids([item]), self.ids)[0]
        if where < 0:
            raise NotFoundError.for_name("id", item, self.ids[:50].tolist())
        tile = int(self.tiles[where])
        if tile < 0:
            return None
        page, place = divmod(tile, self.columns * self.rows)
        row, column = divmod(place, self.columns)
        left, top = column * self.tile_width, row * self.tile_height
        return page, left, top, self.tile_width, self.tile_height

    def sizes(self) -> NDArray[np.uint16] | None:
        """Width and height of each item's image in pixels, shape (n_images, 2).

        Images of other proportions stand in the middle of their tile. None where all images fill
        theirs, or where the sheet was packed before it kept sizes.
        """
        if not any(_says_sizes(page) for page in self.pages):
            return None
        per_page = self.columns * self.rows
        by_tile = np.full((per_page * len(self.pages), 2), (self.tile_width, self.tile_height))
        for number, page in enumerate(self.pages):
            known = _page_sizes(page)[:per_page]
            if known:
                by_tile[number * per_page : number * per_page + len(known)] = known
        sizes = by_tile[np.maximum(self.tiles, 0)].astype(np.uint16)
        sizes[self.tiles < 0] = 0
        return sizes

    def crop(self, item: int | str) -> NDArray[np.uint8] | None:
        """Pixels of one item, shape (tile_height, tile_width, 4); None if its image failed."""
        place = self.locate(item)
        if place is None:
            return None
        page, left, top, width, height = place
        return _page_pixels(self.pages[page])[top : top + height, left : left + width]


def _guessed_scale(images: Any) -> tuple[tuple[float, float], str | None]:
    try:
        return value_scale(images)
    except InvalidInputError:
        # One image of many is odd: it fails alone, later, and is counted there.
        return value_scale([image for image in images if _is_plain(image)])


def _is_plain(image: Any) -> bool:
    try:
        value_scale([image])
    except (InvalidInputError, ValueError):
        return False
    return True


def _packed(
    ids: NDArray[Any],
    thumbnails: list[NDArray[np.uint8] | None],
    failed: tuple[tuple[Any, str], ...],
    notes: tuple[str, ...],
) -> SpriteSheet:
    good = [picture for picture in thumbnails if picture is not None]
    height = max((picture.shape[0] for picture in good), default=1)
    width = max((picture.shape[1] for picture in good), default=1)
    columns = max(1, min(PAGE_SIDE // width, int(np.ceil(np.sqrt(len(good) or 1)))))
    rows = max(1, min(PAGE_SIDE // height, -(-len(good) // columns)))
    tiles = np.full(len(ids), -1, dtype=np.int32)
    numbers = np.flatnonzero([picture is not None for picture in thumbnails])
    tiles[numbers] = np.arange(len(numbers), dtype=np.int32)
    per_page = columns * rows
    pages = []
    for start in range(0, len(good), per_page):
        part = good[start : start + per_page]
        page = np.zeros((-(-len(part) // columns) * height, columns * width, 4), dtype=np.uint8)
        for place, picture in enumerate(part):
            row, column = divmod(place, columns)
            top = row * height + (height - picture.shape[0]) // 2
            left = column * width + (width - picture.shape[1]) // 2
            page[top : top + picture.shape[0], left : left + picture.shape[1]] = picture
        whole = all(picture.shape[:2] == (height, width) for picture in good)
        pages.append(_png(page, None if whole else [(p.shape[1], p.shape[0]) for p in part]))
    return SpriteSheet(ids, tiles, tuple(pages), width, height, columns, rows, failed, notes)


def _png(page: NDArray[np.uint8], sizes: list[tuple[int, int]] | None) -> bytes:
    from PIL import Image, PngImagePlugin

    # Most pages are grey and opaque: a quarter of the bytes says the same.
    opaque = bool((page[:, :, 3] == 255).all())
    grey = bool((page[:, :, :3] == page[:, :, :1]).all())
    pixels = page[:, :, 0] if opaque and grey else page[:, :, :3] if opaque else page
    stream = io.BytesIO()
    said = None
    if sizes is not None:
        # In the page itself: a sheet and the format that keeps it stay as they are.
        said = PngImagePlugin.PngInfo()
        said.add_text(SIZES, " ".join(f"{width}x{height}" for width, height in sizes))
    Image.fromarray(np.ascontiguousarray(pixels)).save(stream, format="PNG", pnginfo=said)
    return stream.getvalue()


def _says_sizes(page: bytes) -> bool:
    # The text comes before the pixels, so this looks at few bytes of a large page.
    return SIZES.encode() in bytes(page[: page.find(b"IDAT") if b"IDAT" in page else 0])


def _page_sizes(page: bytes) -> list[tuple[int, int]]:
    """Width and height of each image of a page; empty where it does not say, or not clearly."""
    from PIL import Image

    if not _says_sizes(page):
        return []
    try:
        with Image.open(io.BytesIO(page), formats=("PNG",)) as picture:
            text = str(getattr(picture, "text", {}).get(SIZES, ""))
        pairs = [pair.split("x") for pair in text.split()]
        return [(int(width), int(height)) for width, height in pairs]
    except (OSError, ValueError):
        return []


@lru_cache(maxsize=4)
def _page_pixels(page: bytes) -> NDArray[np.uint8]:
    from PIL import Image

    with Image.open(io.BytesIO(page), formats=("PNG",)) as picture:
        return np.asarray(picture.convert("RGBA"))
