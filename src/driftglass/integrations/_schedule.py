"""At which steps to record: densely at first, when most moves, then regularly."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import InvalidInputError

__all__ = ["Schedule"]


@dataclass(frozen=True)
class Schedule:
    """Steps to record: 0, then so many per doubling, then every so many steps.

    By default 0, 1, 2, 4, …, 512, 1000, 2000 and so on. The same schedule gives the same steps in
    every run, so that runs can be compared step by step.

    Parameters
    ----------
    per_doubling : int
        Snapshots while the number of steps doubles.
    every : int
        Longest distance between two snapshots: from the step on where doubling would leave a
        larger gap, every multiple of it is recorded.

    Raises
    ------
    InvalidInputError
        A number below 1.

    Examples
    --------
    >>> schedule = Schedule(per_doubling=2, every=10)
    >>> [step for step in range(45) if schedule.due(step)]
    [0, 1, 2, 3, 4, 6, 8, 11, 16, 23, 30, 40]
    """

    per_doubling: int = 1
    every: int = 1000

    def __post_init__(self) -> None:
        for name, value in (("per_doubling", self.per_doubling), ("every", self.every)):
            if not isinstance(value, int) or value < 1:
                raise InvalidInputError(f"{name} is {value!r}; a whole number from 1 on is needed.")

    def due(self, step: int) -> bool:
        """Whether to record at this step."""
        if step <= 1:
            return step >= 0
        if step >= self._turn:
            return step % self.every == 0
        # Step is one of the rounded powers if the power nearest to it rounds to it.
        exponent = self.per_doubling * (step.bit_length() - 1)
        while (power := round(2 ** (exponent / self.per_doubling))) < step:
            exponent += 1
        return power == step

    @property
    def _turn(self) -> float:
        """Step at which the gap between powers reaches `every`."""
        return self.every / float(2 ** (1 / self.per_doubling) - 1)
