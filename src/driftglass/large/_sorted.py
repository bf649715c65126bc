"""All rows of a map in prefix order, put there through buckets, so that few are in memory."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

__all__ = ["MapFiles", "Placed", "write_map_files"]

BUCKET_ROWS = 250_000
MOST_BUCKETS = 512
"""Files that are open at a time."""


@dataclass(frozen=True, eq=False)
class Placed:
    """Rows of one partition with their places at every step.

    Parameters
    ----------
    rows : ndarray of shape (n,)
        Their numbers among all rows.
    keys : ndarray of shape (n,)
        Where they stand in the prefix order.
    codes : ndarray of shape (n,)
        Group of each, -1 where it has none.
    Ys : ndarray of shape (n, n_steps, n_components)
        Places; nan where a step lacks the row.
    """

    rows: NDArray[np.int64]
    keys: NDArray[np.float64]
    codes: NDArray[np.int32]
    Ys: NDArray[np.float32]


@dataclass(frozen=True)
class MapFiles:
    """Files of a map in prefix order, mapped into memory by whoever reads them.

    Parameters
    ----------
    rows, codes : path
        Number and group of each row.
    places : tuple of path
        Coordinates of every step.
    """

    rows: Path
    codes: Path
    places: tuple[Path, ...]


def write_map_files(
    partitions: Iterable[Placed], n_samples: int, n_steps: int, n_components: int, folder: Path
) -> MapFiles:
    """Write rows in the order of their keys.

    Each partition's rows are handed out to buckets of keys, and each bucket is sorted by itself:
    every row is written and read twice, whatever their number.
    """
    folder.mkdir(parents=True, exist_ok=True)
    record = np.dtype(
        [("key", "f8"), ("row", "i8"), ("code", "i4"), ("Ys", "f4", (n_steps, n_components))]
    )
    n_buckets = int(min(MOST_BUCKETS, max(1, -(-n_samples // BUCKET_ROWS))))
    names = [folder / f"bucket-{number:04d}" for number in range(n_buckets)]
    sinks = [name.open("wb") for name in names]
    try:
        for part in partitions:
            held = np.empty(len(part.rows), dtype=record)
            held["key"], held["row"], held["code"], held["Ys"] = (
                part.keys,
                part.rows,
                part.codes,
                part.Ys,
            )
            bucket = np.clip((part.keys * n_buckets).astype(np.int64), 0, n_buckets - 1)
            order = np.argsort(bucket, kind="stable")
            ends = np.searchsorted(bucket[order], np.arange(1, n_buckets + 1))
            for sink, rows in zip(sinks, np.split(order, ends[:-1]), strict=True):
                held[rows].tofile(sink)
    finally:
        for sink in sinks:
            sink.close()
    files = MapFiles(
        folder / "rows.npy",
        folder / "codes.npy",
        tuple(folder / f"places-{step}.npy" for step in range(n_steps)),
    )
    made = np.lib.format.open_memmap
    rows = made(files.rows, mode="w+", dtype=np.int64, shape=(n_samples,))
    codes = made(files.codes, mode="w+", dtype=np.int32, shape=(n_samples,))
    places = [
        made(path, mode="w+", dtype=np.float32, shape=(n_samples, n_components))
        for path in files.places
    ]
    start = 0
    for name in names:
        held = np.fromfile(name, dtype=record)
        held = held[np.lexsort((held["row"], held["key"]))]
        stop = start + len(held)
        rows[start:stop], codes[start:stop] = held["row"], held["code"]
        for step, array in enumerate(places):
            array[start:stop] = held["Ys"][:, step]
        start = stop
        name.unlink()
    assert start == n_samples
    return files
