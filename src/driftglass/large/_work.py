"""A function on every partition, with what came of each kept in a folder.

Results are arrays by name. They come back in the order of the partitions, whoever made them
first, so that sums over them are the same to the bit with every executor; and what is kept already
is not made again. Workers read partitions and write nothing.
"""

from __future__ import annotations

import io
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from .._npy import load_npz
from .._progress import Progress, silent
from ..errors import DriftglassError, InvalidInputError
from ..parallel import Executor
from ._partition import Trouble

__all__ = ["Arrays", "Late", "Work", "is_trouble"]

Arrays = dict[str, NDArray[Any]]
TROUBLE = "_trouble"


def is_trouble(arrays: Arrays) -> bool:
    """Whether a result says that its partition could not be used."""
    return TROUBLE in arrays


@dataclass(frozen=True)
class Late:
    """A kept result that is read when it is needed; who gets it by wire gets its arrays."""

    path: Path
    names: tuple[str, ...]

    def load(self) -> Arrays:
        """The arrays."""
        return load_npz(self.path, self.names)

    def __reduce__(self) -> Any:
        return _Sent, (self.load(),)


@dataclass(frozen=True, eq=False)
class _Sent:
    arrays: Arrays

    def load(self) -> Arrays:
        return self.arrays


@dataclass(eq=False)
class Work:
    """Where stages run and keep what they make.

    Parameters
    ----------
    executor : Executor
        Where functions run.
    folder : path, optional
        Where results are kept; a temporary folder, which goes with this, by default.
    progress : callable
        Called with (done, total, what); may raise to stop.
    strict : bool
        Raise the first trouble instead of listing it.
    """

    executor: Executor
    folder: Path | None = None
    progress: Progress = silent
    strict: bool = False
    troubles: list[Trouble] = field(default_factory=list)
    n_done: dict[str, int] = field(default_factory=dict)

    def __enter__(self) -> Self:
        self._scratch = self.folder is None
        if self.folder is None:
            self.folder = Path(tempfile.mkdtemp(prefix="driftglass-work-"))
        self.folder.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(self, *exception: object) -> None:
        if self._scratch and self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder = None

    def path(self, stage: str, number: int) -> Path:
        """Where the result of a partition is kept."""
        assert self.folder is not None, "use Work in a with statement"
        return self.folder / stage / f"{number:06d}.npz"

    def run(
        self,
        stage: str,
        function: Callable[..., Arrays],
        items: Sequence[Any],
        *,
        shared: Any = None,
        what: str = "",
    ) -> None:
        """Make what is not kept yet of a stage.

        Parameters
        ----------
        stage : str
            Name of its folder.
        function : callable
            Of a module; takes an item, and `shared` where there is any. A `DriftglassError` that
            it raises is the partition's own and is kept as such.
        items : sequence
            What it is called with.
        shared : object, optional
            What every call needs, sent to each worker once.
        what : str
            For the progress.
        """
        (self.path(stage, 0).parent).mkdir(exist_ok=True)
        missing = [i for i in range(len(items)) if not self.path(stage, i).exists()]
        done = len(items) - len(missing)
        what = what or stage
        self.progress(done, len(items), what)
        todo = (items[number] for number in missing)
        self.n_done[stage] = 0
        for position, arrays in self.executor.stream(
            partial(_guarded, function), todo, shared=shared
        ):
            if self.strict and is_trouble(arrays):
                raise InvalidInputError(str(arrays[TROUBLE]))
            keep(self.path(stage, missing[position]), arrays)
            done += 1
            self.n_done[stage] += 1
            self.progress(done, len(items), what)

    def results(self, stage: str, n_items: int) -> Iterator[tuple[int, Arrays]]:
        """Kept results in the order of the items, but not those that are troubles."""
        for number in range(n_items):
            arrays = load_npz(self.path(stage, number))
            if not is_trouble(arrays):
                yield number, arrays

    def trouble_of(self, stage: str, number: int) -> str | None:
        """Why a partition could not be used; None if it could."""
        said = load_npz(self.path(stage, number), (TROUBLE,))
        return str(said[TROUBLE]) if said else None

    def troubles_of(self, stage: str, n_items: int) -> dict[int, str]:
        """Why partitions could not be used, by number."""
        found = {number: self.trouble_of(stage, number) for number in range(n_items)}
        return {number: why for number, why in found.items() if why is not None}

    def once(self, name: str, make: Callable[[], Arrays]) -> Arrays:
        """Arrays that are made here and kept under a name."""
        assert self.folder is not None, "use Work in a with statement"
        path = self.folder / f"{name}.npz"
        if not path.exists():
            keep(path, make())
        return load_npz(path)


def keep(path: Path, arrays: Arrays) -> None:
    """Write arrays so that a reader finds all of them or nothing."""
    held = io.BytesIO()
    np.savez(held, **arrays)  # type: ignore[arg-type]  # NumPy's stubs know no keywords here
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    with temporary.open("wb") as stream:
        stream.write(held.getbuffer())
        stream.flush()
        os.fsync(stream.fileno())
    temporary.replace(path)


def _guarded(function: Callable[..., Arrays], item: Any, *shared: Any) -> Arrays:
    try:
        return function(item, *shared)
    except DriftglassError as error:
        return {TROUBLE: np.array(str(error))}
