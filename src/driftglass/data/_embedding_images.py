"""Small pictures of vectors as loggers take them: a size, a colour that is clear, one behind it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InvalidInputError, ShapeError
from ._images import image_array
from ._sprites import MAX_TILE_SIDE, SpriteSheet

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["EmbeddingImages", "embedding_images"]

Colour = Sequence[int]


@dataclass(frozen=True, eq=False)
class EmbeddingImages:
    """Pictures made from one call's arguments.

    Parameters
    ----------
    pixels : tuple of ndarray of shape (height, width, 4) or None
        RGBA, dtype uint8; None where an image failed.
    size : (int, int)
        Width and height in pixels.
    failed : tuple of (int, str)
        Position and reason of each image that failed.
    notes : tuple of str
        What was done otherwise than asked.
    """

    pixels: tuple[NDArray[np.uint8] | None, ...]
    size: tuple[int, int]
    failed: tuple[tuple[int, str], ...] = ()
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.pixels)

    def sheet(self, ids: NDArray[Any]) -> SpriteSheet:
        """Thumbnails of the items `ids`, one per picture."""
        side = min(MAX_TILE_SIDE, max(4, *self.size))
        packed = SpriteSheet.pack(list(self.pixels), ids, size=side, value_range=(0, 255))
        names = ids.tolist()
        failed = tuple((names[place], reason) for place, reason in self.failed)
        return replace(packed, failed=(*packed.failed, *failed), notes=self.notes)

    def picture(self) -> Image:
        """All pictures in one square grid, row by row; clear where one failed."""
        from PIL import Image

        width, height = self.size
        side = max(1, int(np.ceil(np.sqrt(len(self.pixels)))))
        grid = np.zeros((side * height, side * width, 4), dtype=np.uint8)
        for place, pixels in enumerate(self.pixels):
            if pixels is not None:
                row, column = divmod(place, side)
                top, left = row * height, column * width
                grid[top : top + height, left : left + width] = pixels
        return Image.fromarray(grid)


def embedding_images(
    image_data: Any,
    image_size: Sequence[int] | None = None,
    preprocess: Callable[[Any], Any] | None = None,
    transparent: Colour | None = None,
    background: Callable[[int], Colour] | None = None,
) -> EmbeddingImages:
    """Make one picture per element.

    Parameters
    ----------
    image_data : sequence
        Arrays or lists of pixels, flat or not, or Pillow images. Floats that all lie in
        [0, 1] are spread over 0 to 255; other values are cut to that range.
    image_size : (int, int), optional
        Width and height. Needed where pixels are flat; others are resized to it.
    preprocess : callable, optional
        Applied to each element first.
    transparent : (int, int, int), optional
        Pixels that differ from this colour by less than 1 in every channel become clear.
    background : callable, optional
        Takes a position and returns the colour behind the clear pixels.

    Returns
    -------
    images : EmbeddingImages
        An element that is no image is counted and left out.

    Raises
    ------
    InvalidInputError
        No sequence of images, or an impossible size.
    """
    if isinstance(image_data, (str, bytes)) or not hasattr(image_data, "__len__"):
        raise InvalidInputError(
            f"image_data is a {type(image_data).__name__}; a list or array with one image per "
            f"vector is needed, or the address that create_embedding_image returned."
        )
    if hasattr(image_data, "detach"):
        image_data = image_data.detach().cpu().numpy()
    size = None if image_size is None else _checked_size(image_size)
    clear = None if transparent is None else _checked_colour(transparent, "image_transparent_color")
    elements, failed = _prepared(image_data, preprocess)
    size = size or _common_size(elements)
    spread = _lies_in_unit_range(elements)
    pixels: list[NDArray[np.uint8] | None] = []
    for place, element in enumerate(elements):
        try:
            pixels.append(None if element is None else _picture(element, size, spread))
        except (InvalidInputError, OSError, TypeError, ValueError) as error:
            failed.append((place, str(error)))
            pixels.append(None)
    notes = []
    if clear is not None:
        pixels = [None if one is None else _cleared(one, clear) for one in pixels]
    if background is not None:
        pixels, note = _backed(pixels, background)
        notes += [note] if note else []
    return EmbeddingImages(tuple(pixels), size, tuple(sorted(failed)), tuple(notes))


def _checked_size(image_size: Any) -> tuple[int, int]:
    try:
        width, height = (int(value) for value in image_size)
    except (TypeError, ValueError):
        width = height = 0
    if not (1 <= width <= 4096 and 1 <= height <= 4096):
        raise InvalidInputError(
            f"image_size is {image_size!r:.60}; (width, height) in pixels, 1 to 4,096 each, is "
            f"needed."
        )
    return width, height


def _checked_colour(colour: Any, name: str) -> NDArray[np.float64]:
    try:
        values = np.asarray(colour, dtype=np.float64)
    except (TypeError, ValueError):
        values = np.empty(0)
    if values.shape != (3,) or not ((values >= 0) & (values <= 255)).all():
        raise InvalidInputError(
            f"{name} is {colour!r:.60}; (red, green, blue) with values from 0 to 255 is needed."
        )
    return values


def _prepared(
    image_data: Any, preprocess: Callable[[Any], Any] | None
) -> tuple[list[Any], list[tuple[int, str]]]:
    """Each element as an array or a Pillow image, after the caller's function."""
    elements: list[Any] = []
    failed: list[tuple[int, str]] = []
    for place, element in enumerate(image_data):
        try:
            if not hasattr(element, "getexif"):
                element = _plain_array(element)
            if preprocess is not None:
                element = preprocess(element)
                element = element if hasattr(element, "getexif") else _plain_array(element)
            elements.append(element)
        except Exception as error:  # the caller's function may raise anything
            failed.append((place, f"{type(error).__name__}: {error}"))
            elements.append(None)
    return elements, failed


def _plain_array(element: Any) -> NDArray[Any]:
    if hasattr(element, "detach"):
        element = element.detach().cpu().numpy()
    array = np.asarray(element)
    if array.dtype.kind not in "fiub":
        raise InvalidInputError(f"an image of dtype {array.dtype} is not made of numbers")
    return array


def _common_size(elements: Sequence[Any]) -> tuple[int, int]:
    for element in elements:
        if hasattr(element, "getexif"):
            return int(element.width), int(element.height)
        if element is not None and element.ndim >= 2:
            height, width = image_array(element, (0, 255), 4096).shape[:2]
            return width, height
    raise InvalidInputError(
        "image_size is missing, and the images do not say it themselves. Pass "
        "image_size=(width, height)."
    )


def _lies_in_unit_range(elements: Sequence[Any]) -> bool:
    floating = [e for e in elements if isinstance(e, np.ndarray) and e.dtype.kind == "f" and e.size]
    return bool(floating) and all(
        np.nanmin(element, initial=0) >= 0 and np.nanmax(element, initial=0) <= 1
        for element in floating
    )


def _picture(element: Any, size: tuple[int, int], spread: bool) -> NDArray[np.uint8]:
    from PIL import Image

    width, height = size
    if isinstance(element, np.ndarray):
        element = _scaled(_shaped(element, width, height), spread)
        pixels = image_array(element, (0, 255), 4096)
    else:
        pixels = image_array(element, (0, 255), 4096)
    if pixels.shape[:2] != (height, width):
        resized = Image.fromarray(np.ascontiguousarray(pixels)).resize((width, height))
        pixels = np.asarray(resized)
    return pixels


def _shaped(pixels: NDArray[Any], width: int, height: int) -> NDArray[Any]:
    if pixels.ndim >= 2:
        return pixels
    channels, rest = divmod(pixels.size, width * height)
    if rest or channels not in (1, 2, 3, 4):
        raise ShapeError(
            f"an image has {pixels.size} values; {width} × {height} pixels need that many, or "
            f"three or four times as many"
        )
    shape = (height, width) if channels == 1 else (height, width, channels)
    return pixels.reshape(shape)


def _scaled(pixels: NDArray[Any], spread: bool) -> NDArray[Any]:
    if pixels.dtype == bool or pixels.dtype == np.uint8:
        return pixels
    values = pixels.astype(np.float64) * (255 if spread and pixels.dtype.kind == "f" else 1)
    clipped: NDArray[np.uint8] = np.clip(np.nan_to_num(values), 0, 255).astype(np.uint8)
    return clipped


def _cleared(pixels: NDArray[np.uint8], colour: NDArray[np.float64]) -> NDArray[np.uint8]:
    same = (np.abs(pixels[:, :, :3] - colour) < 1).all(axis=2)
    pixels = pixels.copy()
    pixels[same] = 0
    return pixels


def _backed(
    pixels: Sequence[NDArray[np.uint8] | None], background: Callable[[int], Colour]
) -> tuple[list[NDArray[np.uint8] | None], str | None]:
    """Pictures with the caller's colour behind them; plain where the caller's function fails."""
    backed: list[NDArray[np.uint8] | None] = []
    n_failed, reason = 0, ""
    for place, picture in enumerate(pixels):
        if picture is None:
            backed.append(None)
            continue
        try:
            colour = background(place)
            behind = None if colour is None else _checked_colour(colour, "the background colour")
        except Exception as error:  # the caller's function may raise anything
            n_failed, reason = n_failed + 1, reason or f"{type(error).__name__}: {error}"
            behind = None
        backed.append(picture if behind is None else _over(picture, behind))
    if not n_failed:
        return backed, None
    return backed, (
        f"image_background_color_function failed for {n_failed:,} of {len(pixels):,} images, which "
        f"keep a clear background; the first time with {reason}"
    )


def _over(picture: NDArray[np.uint8], colour: NDArray[np.float64]) -> NDArray[np.uint8]:
    alpha = picture[:, :, 3:] / 255.0
    mixed = picture[:, :, :3] * alpha + colour * (1 - alpha)
    opaque = np.full_like(picture[:, :, 3:], 255)
    return np.concatenate([(mixed + 0.5).astype(np.uint8), opaque], axis=2)
