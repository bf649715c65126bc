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
    "ACEEFF 8ABFA2 60B02D B751B5 D3456C 787CAA D78BFF FF7BBD 4779EA A57260 BBA7D6 "
    "FFCFED 0E9DFF F39380 65DBFF C86EDC 00D388 B78F6B 778A2D 62A6A3 488D91 B6D6A8 "
    "9692C2 F26072 F4C26A FFD8B1 A59C38 B16192 985ED6 9BC06A D79FAF 7CBDCE F16935 "
    "E9BADC 96ACFE 49AF7E 3E85C4 BAC9F9 659AE1 BEB17E 6D8A60 B16F25 C0878A 738CFF "
    "986AB4 B97FC6 E193CE 5BEB8E EC6094 D87B68 D74748 8CA172 24A7CF"
)
_LIGHT = (
    "4384B8 D57E13 1D704D CC3494 80722D 9A1A04 123198 7631ED 6B3A34 5BA300 7A4D94 "
    "004654 669A7E 1A4A00 5D205C C96B7E 7A7AF5 A576C1 91005A 2B59C8 CA4500 66279D "
    "956782 00528D 87544A 306C81 A44BB8 1D8C5E AB835F 4B5527 0D5C5A 3E8488 3E8D00 "
    "765FD9 B2203F 503807 915100 998F29 A4287C 530987 4F6F15 6B183A 5797A7 9B6958 "
    "68405E 323DB0 124830 1C67A4 7386D5 1A75DE 6F6332 6A9C50 A76618 CB3B52 303A62 "
    "65397F 965EA3 7D5472 00612C 984260 6F1B0D E55454 63842F 019BC2"
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
