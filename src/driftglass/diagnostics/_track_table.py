"""Tracks: numbers about a space over the steps of a run, each with its standard error."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import NotFoundError
from ._estimates import Estimate

__all__ = ["Track", "TrackBuilder", "Tracks", "table_of"]


@dataclass(frozen=True, eq=False)
class Track:
    """One number over the steps of a run.

    Parameters
    ----------
    name : str
        What it is, for example "effective_rank".
    against : str
        What a step is compared with: "" for nothing, "skip 4" for the snapshot four before it,
        "first" or "last".
    steps : ndarray of shape (n_values,)
        Steps, ascending. Steps without a value are missing.
    references : ndarray of shape (n_values,)
        Step compared with; the step itself where nothing is.
    values : ndarray of shape (n_values,)
        Always finite.
    standard_errors : ndarray of shape (n_values,)
        Spread that the limited number of rows leaves.
    n : ndarray of shape (n_values,)
        Rows each value was computed from.
    """

    name: str
    against: str
    steps: NDArray[np.int64]
    references: NDArray[np.int64]
    values: NDArray[np.float64]
    standard_errors: NDArray[np.float64]
    n: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.steps)


@dataclass(frozen=True, eq=False)
class Tracks(Mapping[str, Track]):
    """Tracks of one space, by name; made by `tracks`.

    ``tracks["drift_l2"]`` is the track against the snapshot before; `track` has the others.

    Parameters
    ----------
    space : str
        Name of the space.
    steps : ndarray of shape (n_snapshots,)
        Steps that were looked at.
    all : tuple of Track
        In the order of the table.
    cka : ndarray of shape (n_snapshots, n_snapshots)
        Unbiased CKA of every pair of snapshots; nan where one of them is constant or too few
        rows are shared.
    n_probe : int
        Rows that `cka` was computed from; the fewest, where pairs share different rows.
    confusion : ndarray of shape (n_predictions, n_classes, n_classes), dtype int64
        How often each class was predicted for each label, by `confusion_steps`.
    confusion_steps : ndarray of shape (n_predictions,)
        Steps with predictions and labels.
    classes : tuple of str
        Names of the classes.
    absent : mapping of str to str
        Tracks that could not be computed at any step, and why.
    notes : tuple of str
        What was left out.
    """

    space: str
    steps: NDArray[np.int64]
    all: tuple[Track, ...]
    cka: NDArray[np.float64]
    n_probe: int
    confusion: NDArray[np.int64]
    confusion_steps: NDArray[np.int64]
    classes: tuple[str, ...] = ()
    absent: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> Track:
        return self.track(name)

    def __contains__(self, name: object) -> bool:
        return any(track.name == name for track in self.all)

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(track.name for track in self.all))

    def __len__(self) -> int:
        return len({track.name for track in self.all})

    def track(self, name: str, against: str | None = None) -> Track:
        """A track by name and by what steps are compared with.

        Raises
        ------
        NotFoundError
            There is none; says why, where that is known.
        """
        found = [track for track in self.all if track.name == name]
        if not found:
            if name in self.absent:
                raise NotFoundError(f"The track {name!r} is absent: {self.absent[name]}")
            raise NotFoundError.for_name("track", name, list(self))
        if against is None:
            return found[0]
        for track in found:
            if track.against == against:
                return track
        raise NotFoundError.for_name(
            f"comparison of {name!r}", against, [track.against for track in found]
        )

    def table(self) -> dict[str, NDArray[Any]]:
        """All tracks as columns of equal length, one row per track and step.

        Returns
        -------
        table : dict of str to ndarray
            "space", "track", "against", "step", "reference", "value", "standard_error" and "n":
            what every data frame library makes a frame of.
        """
        return table_of([self])


def table_of(parts: Sequence[Tracks]) -> dict[str, NDArray[Any]]:
    """One tidy table of the tracks of several spaces."""
    rows = [(part.space, track) for part in parts for track in part.all]
    repeats = [len(track) for _, track in rows]

    def text(values: list[str]) -> NDArray[Any]:
        return np.repeat(np.array(values, dtype=object), repeats)

    def numbers(name: str, dtype: Any) -> NDArray[Any]:
        values = [getattr(track, name) for _, track in rows]
        return np.concatenate(values) if values else np.empty(0, dtype=dtype)

    return {
        "space": text([space for space, _ in rows]),
        "track": text([track.name for _, track in rows]),
        "against": text([track.against for _, track in rows]),
        "step": numbers("steps", np.int64),
        "reference": numbers("references", np.int64),
        "value": numbers("values", np.float64),
        "standard_error": numbers("standard_errors", np.float64),
        "n": numbers("n", np.int64),
    }


class TrackBuilder:
    """Gathers estimates in any order and the reasons for those that are missing."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, str], list[tuple[int, int, Estimate]]] = {}
        self._missing: dict[str, dict[str, list[int]]] = {}

    def add(
        self, name: str, step: int, estimate: Estimate, *, against: str = "", reference: int = -1
    ) -> None:
        """Take one value; one that is not finite is noted as missing instead."""
        if not np.isfinite([estimate.value, estimate.standard_error]).all():
            self.lack(name, step, "its value is not finite")
            return
        compared = step if reference < 0 else reference
        self._rows.setdefault((name, against), []).append((step, compared, estimate))

    def lack(self, name: str, step: int, why: str) -> None:
        """Note that a track has no value at a step."""
        self._missing.setdefault(name, {}).setdefault(why, []).append(step)

    def tracks(self) -> tuple[Track, ...]:
        """Every track that has a value, in the order of first appearance."""
        names = list(dict.fromkeys(name for name, _ in self._rows))
        ordered = sorted(self._rows, key=lambda key: (names.index(key[0]), _place(key[1])))
        return tuple(
            _track(*key, sorted(self._rows[key], key=lambda row: row[0])) for key in ordered
        )

    def absent(self) -> dict[str, str]:
        """Tracks without any value, and why."""
        present = {name for name, _ in self._rows}
        return {
            name: "; ".join(reasons)
            for name, reasons in self._missing.items()
            if name not in present
        }

    def notes(self) -> list[str]:
        """Steps at which a track lacks its value, although it has others."""
        present = {name for name, _ in self._rows}
        return [
            f"{name} lacks {len(steps)} values, the first at step {min(steps)}: {why}"
            for name, reasons in self._missing.items()
            if name in present
            for why, steps in reasons.items()
        ]


def _place(against: str) -> float:
    """Order of comparisons: nothing, skips from short to long, first, last."""
    named = {"": 0.0, "first": np.inf, "last": np.inf}
    return named[against] if against in named else float(against.removeprefix("skip "))


def _track(name: str, against: str, rows: list[tuple[int, int, Estimate]]) -> Track:
    return Track(
        name=name,
        against=against,
        steps=np.array([step for step, _, _ in rows], dtype=np.int64),
        references=np.array([reference for _, reference, _ in rows], dtype=np.int64),
        values=np.array([estimate.value for _, _, estimate in rows]),
        standard_errors=np.array([estimate.standard_error for _, _, estimate in rows]),
        n=np.array([estimate.n for _, _, estimate in rows], dtype=np.int64),
    )
