"""Join pictures into one that moves: run by `make pictures`.

python scripts/film.py FOLDER OUT.webp MILLISECONDS

They are shown in the order of their names, the first and the last for a while.
"""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image

HELD = 1200
"""Milliseconds that a reader has for where it begins and where it ends."""
WIDTH = 960


def main() -> None:
    folder, out, milliseconds = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    frames = []
    for path in sorted(folder.glob("*.png")):
        with Image.open(path) as image:
            height = round(image.height * WIDTH / image.width)
            frames.append(image.convert("RGB").resize((WIDTH, height), Image.Resampling.LANCZOS))
    shown = [milliseconds] * len(frames)
    shown[0] = shown[-1] = HELD
    frames[0].save(
        out, save_all=True, append_images=frames[1:], duration=shown, loop=0, quality=80, method=6
    )
    print(f"{out}: {len(frames)} frames, {out.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
