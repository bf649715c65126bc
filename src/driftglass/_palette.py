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
    "56B4E9 E69F00 009E73 CC79A7 F0E442 D55E00 0072B2 9975FF F7B9A8 8DDB62 E5B4FF "
    "B4F1D8 60B02D 8478A6 D3456C 65DBFF ED83EA 4779EA BF4DA8 F290A2 A57260 BBA7D6 "
    "FFCFED 0E9DFF C86EDC 8ABFA2 B49268 8F94C3 008EB5 778A2D 62A6A3 985ED6 D1A883 "
    "B6D6A8 F3654C 30C8CF F05F83 9BC06A 00EFB4 EBC669 ECB9D6 AFECFF A59C38 A2A8FC "
    "B56088 677AC8 B0F7AE BAC9F9 C0878A 579EDF EEC800 FFD8B1 FF7BBD B97FC6 738CFF "
    "E193CE 608D6C D87B68 B66B30 83BAD6 D74748 958CDE 8FC531 F39380"
)
_LIGHT = (
    "4384B8 D57E13 1D704D CC3494 80722D 9A1A04 123198 7631ED 5E3E3B 5BA300 7A4D94 "
    "609A84 1A4A00 986FEB C96B7E 004458 5D205C 2B59C8 926887 9A4156 CA4500 66279D "
    "8C0667 0090F2 A44BB8 1D8C5E A7855C 484B76 306C81 4B5527 0D5C5A 9582AF 915100 "
    "3E8D00 6F1B0D 3E8488 C93A63 4F6F15 064936 4C3A05 A4287C 5A96AC 998F29 6764DD "
    "D95497 323DB0 5B9F5B 4C5CA7 852D39 00528D 6F6332 A76618 592D41 630075 29347B "
    "68405E 00612C B3260E 986D4E 2698C8 B35854 3C3660 63842F 9C4535"
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
