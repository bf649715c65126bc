"""From whatever users call an image to a plain RGBA thumbnail."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InvalidInputError, ShapeError

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["image_array", "iterate_images", "value_scale"]

MAX_PIXELS = 50_000_000
MAX_BYTES = 20_000_000
# Decoders with a long record of safe use; SVG, FITS, EPS and the like are never opened.
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP")

Scale = tuple[float, float]


def iterate_images(images: Any) -> tuple[int, Iterator[Any]]:
    """Return the number of images and an iterator over them, channels last.

    Parameters
    ----------
    images : ndarray or sequence
        One array of shape (n, height, width), (n, height, width, channels) or
        (n, channels, height, width), or a sequence of arrays, Pillow images, encoded bytes,
        paths, or None.
    """
    if hasattr(images, "detach"):
        images = images.detach().cpu().numpy()
    if isinstance(images, np.ndarray) and images.dtype.kind != "O":
        if images.ndim not in (3, 4):
            raise ShapeError(
                f"images has shape {images.shape}; (n, height, width), (n, height, width, "
                f"channels) or (n, channels, height, width) is needed. Flat pixels become images "
                f"with images.reshape(n, height, width)."
            )
        return len(images), iter(images)
    if isinstance(images, (str, bytes, os.PathLike)) or not hasattr(images, "__len__"):
        raise InvalidInputError(
            f"images is a {type(images).__name__}; an array or a list with one image per id is "
            f"needed."
        )
    return len(images), iter(images)


def value_scale(images: Any) -> tuple[Scale, str | None]:
    """Guess which values are black and white, over all images together.

    Returns
    -------
    scale : (float, float)
        Values drawn as 0 and 255.
    note : str or None
        The guess in words, where it was one.
    """
    low, high, floating = np.inf, -np.inf, False
    _, iterator = iterate_images(images)
    for image in iterator:
        pixels = _pixels(image)
        if pixels is None or pixels.dtype == np.uint8 or pixels.dtype == bool:
            continue
        finite = pixels[np.isfinite(pixels)] if pixels.dtype.kind == "f" else pixels
        if finite.size:
            low, high = min(low, float(finite.min())), max(high, float(finite.max()))
            floating |= pixels.dtype.kind == "f"
    if high < low:
        return (0.0, 255.0), None
    if floating and low >= 0 and high <= 1:
        return (0.0, 1.0), None
    if floating and -1 <= low < 0 and high <= 1:
        return (-1.0, 1.0), "Image values lie in [-1, 1]; drawn with -1 black and 1 white."
    if low >= 0 and 128 <= high <= 255:
        return (0.0, 255.0), None
    if high == low:
        high = low + 1
    return (low, high), (
        f"Image values lie in [{low:g}, {high:g}]; drawn with {low:g} black and {high:g} white."
    )


def image_array(image: Any, scale: Scale, size: int) -> NDArray[np.uint8]:
    """Turn one image into RGBA pixels of at most `size` a side.

    Returns
    -------
    pixels : ndarray of shape (height, width, 4), dtype uint8
        Aspect ratio kept.

    Raises
    ------
    InvalidInputError
        Not an image, truncated, or too large.
    """
    pixels = _pixels(image)
    pixels = _decoded(image, size) if pixels is None else _rgba(_scaled(pixels, scale))
    height, width = pixels.shape[:2]
    if height == 0 or width == 0:
        raise InvalidInputError(f"an image of {height} × {width} pixels has nothing to show")
    if max(height, width) > size:
        pixels = _shrunk(pixels, size)
    return pixels


def _pixels(image: Any) -> NDArray[Any] | None:
    """Array with channels last, or None for what Pillow has to decode."""
    if image is None or isinstance(image, (bytes, bytearray, str, os.PathLike)):
        return None
    if hasattr(image, "getexif"):
        return None
    if hasattr(image, "detach"):
        image = image.detach().cpu().numpy()
    pixels = np.asarray(image)
    if pixels.dtype.kind not in "fiub":
        raise InvalidInputError(f"an image of dtype {pixels.dtype} is not made of numbers")
    if pixels.ndim == 3 and pixels.shape[2] not in (1, 2, 3, 4) and pixels.shape[0] in (1, 3, 4):
        pixels = np.moveaxis(pixels, 0, 2)
    if pixels.ndim not in (2, 3) or (pixels.ndim == 3 and pixels.shape[2] not in (1, 2, 3, 4)):
        raise InvalidInputError(
            f"an image of shape {pixels.shape} is neither (height, width) nor (height, width, "
            f"channels) nor (channels, height, width) with 1 to 4 channels"
        )
    return pixels


def _scaled(pixels: NDArray[Any], scale: Scale) -> NDArray[np.uint8]:
    if pixels.dtype == np.uint8:
        return pixels
    if pixels.dtype == bool:
        return np.where(pixels, np.uint8(255), np.uint8(0))
    low, high = scale
    unit = (np.nan_to_num(pixels.astype(np.float32), nan=low) - low) / (high - low)
    scaled: NDArray[np.uint8] = (np.clip(unit, 0, 1) * 255 + 0.5).astype(np.uint8)
    return scaled


def _rgba(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    if pixels.ndim == 2:
        pixels = pixels[:, :, None]
    channels = pixels.shape[2]
    alpha = pixels[:, :, -1:] if channels in (2, 4) else np.full_like(pixels[:, :, :1], 255)
    colour = pixels[:, :, :3] if channels >= 3 else np.repeat(pixels[:, :, :1], 3, axis=2)
    return np.concatenate([colour, alpha], axis=2)


def _decoded(image: Any, size: int) -> NDArray[np.uint8]:
    from PIL import Image, ImageOps, UnidentifiedImageError

    if image is None:
        raise InvalidInputError("no image")
    try:
        with _opened(image) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                raise InvalidInputError(
                    f"an image of {picture.width} × {picture.height} pixels is over the limit "
                    f"of {MAX_PIXELS:,}"
                )
            picture.draft("RGB", (2 * size, 2 * size))  # JPEG decodes small at once
            upright = ImageOps.exif_transpose(picture)
            upright.thumbnail((size, size))
            return np.asarray(_as_rgba(upright))
    except UnidentifiedImageError as error:
        raise InvalidInputError(f"not an image in one of the formats {FORMATS}") from error
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError) as error:
        if isinstance(error, InvalidInputError):
            raise
        raise InvalidInputError(f"the image cannot be decoded: {error}") from error


def _opened(image: Any) -> Image:
    from PIL import Image

    if hasattr(image, "getexif"):
        return image.copy()  # type: ignore[no-any-return]
    if isinstance(image, (str, os.PathLike)):
        if os.path.getsize(image) > MAX_BYTES:
            raise InvalidInputError(f"the image file is over the limit of {MAX_BYTES:,} bytes")
        return Image.open(image, formats=FORMATS)
    if len(image) > MAX_BYTES:
        raise InvalidInputError(f"the image is over the limit of {MAX_BYTES:,} bytes")
    return Image.open(io.BytesIO(bytes(image)), formats=FORMATS)


def _as_rgba(picture: Image) -> Image:
    if picture.mode.startswith("I") or picture.mode == "F":
        values = np.asarray(picture, dtype=np.float64)
        # 16-bit grey arrives as I;16 or as I; anything else is spread over its own range
        top = 65535.0 if picture.mode.startswith("I") and values.max() > 255 else 255.0
        from PIL import Image

        return Image.fromarray(np.clip(values * 255 / top, 0, 255).astype(np.uint8)).convert("RGBA")
    return picture.convert("RGBA")


def _shrunk(pixels: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    from PIL import Image

    picture = Image.fromarray(np.ascontiguousarray(pixels))
    picture.thumbnail((size, size))
    return np.asarray(picture)
