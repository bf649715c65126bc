"""Pictures of moments, one after the other, into a file: GIF, WebP or MP4."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterable, Iterator
from importlib import import_module
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import FormatError, MissingDependencyError

__all__ = ["ffmpeg", "write_film", "write_picture"]

Pixels = NDArray[np.uint8]
N_COLORS = 255
ENCODERS = (
    ("-c:v", "libx264", "-preset", "medium", "-crf", "20"),
    ("-c:v", "mpeg4", "-q:v", "3"),
)
"""The second is in every ffmpeg, also where the first was left out for its licence."""


def write_picture(
    path: Path, frames: Iterable[Pixels], n_frames: int, seconds: float, *, hold: float
) -> None:
    """Write an animated GIF or WebP that begins again when it is over.

    Parameters
    ----------
    path : Path
        Ends in .gif or .webp.
    frames : iterable of ndarray of shape (height, width, 3)
        Pictures.
    n_frames : int
        How many.
    seconds : float
        Time of each.
    hold : float
        Seconds that the last one stays longer.
    """
    from PIL import Image

    durations = [max(20, round(1000 * seconds))] * n_frames
    durations[-1] += round(1000 * hold)
    gif = path.suffix.lower() == ".gif"
    options: dict[str, Any] = {"optimize": False} if gif else {"quality": 85, "method": 2}
    first, others = _first_of(
        _with_one_palette(frames) if gif else (Image.fromarray(frame) for frame in frames)
    )
    part = path.with_name(f".{path.name}.part")
    try:
        first.save(
            part, format="GIF" if gif else "WEBP", save_all=True, append_images=others,
            duration=durations, loop=0, **options,
        )  # fmt: skip
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def write_film(path: Path, frames: Iterable[Pixels], seconds: float, *, hold: float) -> None:
    """Write an MP4 with ffmpeg; see `write_picture`."""
    program = ffmpeg()
    pictures = list(frames)
    pictures += [pictures[-1]] * round(hold / seconds)
    height, width = pictures[0].shape[:2]
    part = path.with_name(f".{path.name}.part.mp4")
    said = ""
    try:
        for encoder in ENCODERS:
            done = subprocess.run(
                [
                    program, "-y", "-loglevel", "error", "-f", "rawvideo", "-pix_fmt", "rgb24",
                    "-s", f"{width}x{height}", "-r", f"{1 / seconds:.6f}", "-i", "-", "-an",
                    # Players want even sides.
                    "-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2", *encoder, "-pix_fmt", "yuv420p",
                    "-movflags", "+faststart", str(part),
                ],
                input=b"".join(np.ascontiguousarray(picture).tobytes() for picture in pictures),
                capture_output=True,
                check=False,
            )  # fmt: skip
            if done.returncode == 0:
                part.replace(path)
                return
            said = done.stderr.decode(errors="replace").strip() or "no reason given"
        raise FormatError(
            f"ffmpeg could not write {path.name!r}: {said.splitlines()[-1]}. Save as .gif, .webp "
            f"or .html, which need no other program."
        )
    finally:
        part.unlink(missing_ok=True)


def ffmpeg() -> str:
    """Return where ffmpeg is: on the path, or with the package imageio-ffmpeg.

    Raises
    ------
    MissingDependencyError
        It is in neither place.
    """
    found = shutil.which("ffmpeg")
    if found is not None:
        return found
    try:
        return str(import_module("imageio_ffmpeg").get_ffmpeg_exe())
    except (ImportError, RuntimeError):
        raise MissingDependencyError(
            "Films (.mp4) need the program ffmpeg, which is not installed. Install it with your "
            "system's packages or with `pip install imageio-ffmpeg`, or save as .gif, .webp or "
            ".html."
        ) from None


def _with_one_palette(frames: Iterable[Pixels]) -> Iterator[Any]:
    """Frames in the colours of the first and last: with palettes of their own they would flicker.

    All but the first are held as they come, because the last is needed before any is written.
    """
    from PIL import Image

    pictures = [Image.fromarray(frame) for frame in frames]
    chosen = [pictures[0], pictures[len(pictures) // 2], pictures[-1]]
    width, height = pictures[0].size
    together = Image.new("RGB", (width, height * len(chosen)))
    for row, picture in enumerate(chosen):
        together.paste(picture, (0, row * height))
    palette = together.quantize(N_COLORS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    for picture in pictures:
        yield picture.quantize(palette=palette, dither=Image.Dither.NONE)


def _first_of(pictures: Iterator[Any]) -> tuple[Any, Iterator[Any]]:
    first = next(pictures)
    return first, chain(pictures)
