"""Colours of pictures and figures: those of the viewer, so that a class keeps its colour.

``web/src/geometry/palettes.ts`` has the reasons; a test holds the two together.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["THEMES", "Theme", "category_slots", "ramp", "rgb"]

DIGITS = "0123456789"


@dataclass(frozen=True)
class Theme:
    """Colours of one theme, as hexadecimal text."""

    canvas: str
    text: str
    secondary: str
    missing: str
    other: str
    categories: tuple[str, ...]
    sequential: tuple[str, ...]
    diverging: tuple[str, ...]


_DARK = (
    "56B4E9 E69F00 009E73 CC79A7 F0E442 D55E00 0072B2 9F7BFF F7B9A8 8DDB62 7FFCDE "
    "E5B4FF 48CAAE AE55C1 A67166 787CAA ED83EA FFCFED F290A2 83A651 267EE8 C0A5D2 "
    "A9D8B4 C4AF7E D0457C 5CDEFC F3625F 967F0E 8996C4 B78F6B AFECFF 4298FF D16ACF "
    "479600 BDF4A3 7E68E3 AC639B A2A8FC D74748 06AAC7 80C57F 2B88C0 F29676 B4CBF9 "
    "E9BADC FFB974 FF7BBD B79332 498C96 ED6E12 6D8A60 A885D4 579EDF B3B959 D8787F "
    "FBC100 7EA47D 906DBA 00EFB4 EC6094 8EB6DC 677AC8 FFD8B1 E163B3"
)
_LIGHT = (
    "1487CC D07000 0A6B54 B8478A 7D7200 AD2A0C 24399A 7A3FD1 6B3A34 5BA300 5B9A8A "
    "B066DA 00493C 572263 9C685D 5B5F8B A47DA2 8C0667 E25277 3C5B00 005FC6 702295 "
    "358B53 9E8A5A 984260 428292 CC3D3F 483D06 5569DF 7F5A37 19586C 233E61 963096 "
    "3E8D00 417225 756ABA CC5AB5 7E83D3 9B0016 009DBA 5B9F5B 006AA0 6E1E00 5285F8 "
    "68405E A76618 592D41 604D1D 296E78 823600 1A4A00 530987 00528D 8E9331 B37B7E "
    "897545 375A37 5E3B84 4B856F 812D4D 6A90B5 29347B 915100 A4287C"
)
THEMES = {
    "dark": Theme(
        canvas="07090C",
        text="E8ECF1",
        secondary="9BA6B4",
        missing="626D7B",
        other="8D98A6",
        categories=tuple(_DARK.split()),
        sequential=("654AAF", "347DB7", "30A4AA", "55CB93", "B8DF5B", "FAF07F"),
        diverging=("5ED2FF", "3599E5", "656970", "E4762C", "FCBE54"),
    ),
    "light": Theme(
        canvas="FFFFFF",
        text="161B22",
        secondary="55606E",
        missing="8A939E",
        other="66717E",
        categories=tuple(_LIGHT.split()),
        sequential=("7CA047", "2F9474", "177A83", "1F5790", "392887", "32095A"),
        diverging=("063C82", "006FBA", "8E929A", "BF571B", "852A0F"),
    ),
}


def category_slots(names: Sequence[str], counts: Sequence[int], n_colors: int) -> list[int]:
    """Colour of each category; -1 for "other", where there are more categories than colours."""
    crowded = len(names) > n_colors
    ranked = sorted(
        range(len(names)), key=lambda i: (-counts[i] if crowded else 0, _naturally(names[i]))
    )
    chosen = sorted(ranked[:n_colors], key=lambda i: _naturally(names[i]))
    slots = [-1] * len(names)
    for slot, category in enumerate(chosen):
        slots[category] = slot
    return slots


def ramp(stops: Sequence[str]) -> NDArray[np.uint8]:
    """256 colours between the stops, shape (256, 3)."""
    points = np.array([rgb(stop) for stop in stops], dtype=float)
    place = np.linspace(0, len(stops) - 1, 256)
    known = np.arange(len(stops))
    channels = [np.interp(place, known, points[:, channel]) for channel in range(3)]
    return np.stack(channels, axis=1).round().astype(np.uint8)


def rgb(color: str) -> tuple[int, int, int]:
    """Red, green and blue of hexadecimal text."""
    red, green, blue = bytes.fromhex(color)
    return red, green, blue


def _naturally(name: str) -> list[tuple[bool, int, str]]:
    """Key that puts "class 2" before "class 10"."""
    parts = re.findall(r"[0-9]{1,15}|[^0-9]+", name[:200])
    return [(part[0] not in DIGITS, int(part) if part[0] in DIGITS else 0, part) for part in parts]
