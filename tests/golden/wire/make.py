"""Writes the golden frames: ``python tests/golden/wire/make.py``.

Run it only when the wire version changes; then the old files stay and the new ones go beside them.
Each ``NAME.bin`` is a frame, each ``NAME.json`` says what a reader must find in it, or that it must
refuse it. pytest and vitest read the same files, so neither half of the wire can drift alone.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from driftglass.server._wire import Frame, encode

HERE = Path(__file__).parent
NAN, INF = np.nan, np.inf

GOOD = {
    "frames": Frame(
        {
            "coordinates": np.array([[0, 1.5], [NAN, NAN], [-2.25, 1e-30]], "<f4"),
            "trust": np.array([254, 255, 0], "u1"),
        },
        {"step": 120, "start": 0, "stop": 3, "n_present": 2, "order": "9f" * 16},
    ),
    "categorical": Frame(
        {"codes": np.array([0, 1, 65535, 1, 0], "<u2")}, {"name": "label", "kind": "categorical"}
    ),
    "number": Frame(
        {"values": np.array([1.5, NAN, INF, -INF, -0.0, 3.4e38], "<f4")},
        {"name": "length", "kind": "number", "range": [-0.0, 3.4e38]},
    ),
    "boolean": Frame({"codes": np.array([1, 0, 255], "u1")}, {"name": "seen", "kind": "boolean"}),
    "date": Frame(
        {"values": np.array([0, NAN, 1795132800000.0], "<f8")}, {"name": "taken", "kind": "date"}
    ),
    "set": Frame(
        {
            "offsets": np.array([0, 2, 2, 2, 3], "<u4"),
            "codes": np.array([0, 2, 1], "<u2"),
            "present": np.array([1, 1, 0, 1], "u1"),
        },
        {"name": "tags", "kind": "set"},
    ),
    "records-wide": Frame(
        {
            "offsets": np.array([0, 1], "<u4"),
            "codes": np.array([70000], "<u4"),
            "present": np.array([1], "u1"),
        },
        {"name": "labels", "kind": "records"},
    ),
    "predictions": Frame(
        {
            "predicted": np.array([3, 65535], "<u2"),
            "confidence": np.array([0.875, NAN], "<f4"),
        },
        {"step": 0, "order": "00" * 16, "kind": "probabilities"},
    ),
    "sprite-index": Frame({"tiles": np.array([0, 4294967295, 7], "<u4")}, {"order": "ab" * 16}),
    "every-type": Frame(
        {
            "f4": np.array([[1, 2, 3]], "<f4"),
            "f8": np.array([1e300, 5e-324], "<f8"),
            "u1": np.array([0, 255, 7], "u1"),
            "u2": np.array([[0], [65535], [7]], "<u2"),
            "u4": np.array([0, 4294967295], "<u4"),
            "i4": np.array([[[-2147483648, 2147483647]]], "<i4"),
        }
    ),
    "empty": Frame(
        {"coordinates": np.empty((0, 3), "<f4"), "trust": np.empty(0, "u1")}, {"n_present": 0}
    ),
    "no-arrays": Frame({}, {}),
    "unusual-text": Frame(
        {"wörter/<b>\u202e": np.array([1], "u1")},
        {"note": '</script><img onerror=x>\x1b[31m "\\\n', "large": 2**53, "nothing": NAN},
    ),
}


def _number(value: float | int) -> float | int | str:
    return (
        value if np.isfinite(value) else str(value).replace("inf", "Infinity").replace("nan", "NaN")
    )


def _expected(frame: Frame) -> dict[str, object]:
    return {
        "arrays": [
            {
                "name": name,
                "dtype": array.dtype.str[1:],
                "shape": list(array.shape),
                "values": [_number(value) for value in array.ravel().tolist()],
            }
            for name, array in frame.arrays.items()
        ],
        "meta": {
            key: str(value) if value == 2**53 else None if value != value else value
            for key, value in frame.meta.items()
        },
    }


def _bad(good: bytes) -> dict[str, tuple[bytes, str]]:
    start = 8 + int.from_bytes(good[4:8], "little")
    return {
        "bad-magic": (b"DGW2" + good[4:], "it does not begin with DGW1"),
        "bad-version": (good.replace(b'"version":1', b'"version":2'), "it is of another version"),
        "bad-header": (good[:8] + b"{" * (start - 8) + good[start:], "its header is not JSON"),
        "bad-dtype": (good.replace(b'"dtype":"f4"', b'"dtype":"f2"'), "its dtype is not known"),
        "cut-in-header": (good[:40], "it ends inside its header"),
        "cut-in-data": (good[:-16], "it ends inside its data"),
        "cut-at-once": (good[:5], "it ends before its header"),
    }


def main() -> None:
    """Write every file."""
    for name, frame in GOOD.items():
        (HERE / f"{name}.bin").write_bytes(encode(frame))
        _write_json(name, _expected(frame))
    for name, (body, reason) in _bad(bytes(encode(GOOD["frames"]))).items():
        (HERE / f"{name}.bin").write_bytes(body)
        _write_json(name, {"refused": reason})


def _write_json(name: str, value: object) -> None:
    text = json.dumps(value, indent=1, ensure_ascii=True, allow_nan=False)
    (HERE / f"{name}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
