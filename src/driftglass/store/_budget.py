"""How much a run may write: retention, byte limits, free space, and the estimate."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from ..errors import InvalidInputError

__all__ = [
    "Retention",
    "check_budget",
    "counted",
    "default_min_free",
    "estimate_text",
    "kept_ordinal",
]

DENSE = 16
"""The first snapshots are all kept: most of what changes, changes early."""


def kept_ordinal(ordinal: int) -> bool:
    """Whether retention "log" keeps the snapshot of this number for good: eight per doubling."""
    return ordinal < DENSE or ordinal % (1 << (ordinal.bit_length() - 4)) == 0


class Retention:
    """Says which older snapshots of one space a new one makes superfluous.

    Parameters
    ----------
    rule : int, "log" or None
        Keep the last n; or the first 16, then eight per doubling, and always the newest;
        or everything.
    steps : iterable of int
        Steps that were logged before, in order of logging.

    Examples
    --------
    >>> retention = Retention(2)
    >>> [retention.add(step) for step in (10, 20, 30)]
    [[], [], [10]]
    """

    def __init__(self, rule: int | Literal["log"] | None, steps: Iterable[int] = ()) -> None:
        self.rule = rule
        self._ordinals: dict[int, int] = {}
        self._kept: list[int] = []
        for step in steps:
            self.add(step)

    def add(self, step: int) -> list[int]:
        """Take note of a logged step; returns the steps to give up."""
        if self.rule is None:
            return []
        self._ordinals.setdefault(step, len(self._ordinals))
        self._kept = [old for old in self._kept if old != step] + [step]
        if self.rule == "log":
            gone = [old for old in self._kept[:-1] if not kept_ordinal(self._ordinals[old])]
        else:
            gone = self._kept[: -self.rule]
        self._kept = [old for old in self._kept if old not in gone]
        return gone


def check_budget(
    *,
    dtype: object,
    durability: object,
    retention: object,
    max_bytes: object,
    min_free_bytes: object,
    expected_steps: object,
    when_full: object,
) -> None:
    """Raise InvalidInputError for the first option that cannot be."""
    choices = {
        "dtype": (dtype, (None, "float16", "float32", "keep")),
        "durability": (durability, ("process", "full")),
        "when_full": (when_full, ("drop", "block", "raise")),
    }
    for name, (value, allowed) in choices.items():
        if value not in allowed:
            raise InvalidInputError(f"{name} is {value!r:.60}; one of {list(allowed)} is needed.")
    if retention not in (None, "log") and not _is_count(retention, 1):
        raise InvalidInputError(
            f"retention is {retention!r:.60}; a number of snapshots to keep per space, "
            f'"log" or None is needed.'
        )
    for name, limit, least in (
        ("max_bytes", max_bytes, 1),
        ("min_free_bytes", min_free_bytes, 0),
        ("expected_steps", expected_steps, 1),
    ):
        if limit is not None and not _is_count(limit, least):
            raise InvalidInputError(f"{name} is {limit!r:.60}; a whole number or None is needed.")


def _is_count(value: object, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def default_min_free(total_bytes: int) -> int:
    """Free bytes to leave on a disk: one GiB, or one per cent of a small one."""
    return min(1 << 30, total_bytes // 100)


def kept_snapshots(expected_steps: int, rule: int | Literal["log"] | None) -> int:
    """How many of `expected_steps` snapshots a retention rule keeps in the end."""
    if rule is None:
        return expected_steps
    if rule == "log":
        return sum(kept_ordinal(n) for n in range(expected_steps - 1)) + 1
    return min(rule, expected_steps)


def estimate_text(
    step_bytes: int | None,
    expected_steps: int | None,
    rule: int | Literal["log"] | None,
    free_bytes: int | None,
    max_bytes: int | None,
) -> str:
    """One sentence on how much will be written, and whether it fits."""
    free = "" if free_bytes is None else f"; {human_bytes(free_bytes)} are free"
    limit = "" if max_bytes is None else f"; the limit is {human_bytes(max_bytes)}"
    if expected_steps is None:
        return f"The size of this run cannot be told without expected_steps{free}{limit}."
    if step_bytes is None:
        return f"The size of this run can be told after the first snapshot{free}{limit}."
    total = step_bytes * kept_snapshots(expected_steps, rule)
    kept = "" if rule is None else " after retention"
    text = (
        f"This run will write about {human_bytes(total)}{kept}: {human_bytes(step_bytes)} at "
        f"each of {expected_steps} steps{free}{limit}"
    )
    too_much = [bound for bound in (free_bytes, max_bytes) if bound is not None and total > bound]
    if too_much:
        return f'{text}. That does not fit: use dtype="float16", retention="log" or fewer ids.'
    return f"{text}."


def counted(n: int, noun: str) -> str:
    """A number with its noun: "1 snapshot", "2,000 snapshots"."""
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


def human_bytes(count: int) -> str:
    """A number of bytes as people say it."""
    size = float(count)
    for unit in ("bytes", "KB", "MB", "GB", "TB"):
        if size < 1000 or unit == "TB":
            return f"{size:.0f} {unit}" if unit == "bytes" or size >= 100 else f"{size:.1f} {unit}"
        size /= 1000
    raise AssertionError
