"""What `Run.log` does on the caller's thread: cheap checks, then one copy of each array."""

from __future__ import annotations

import math
import operator
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._arrays import as_vectors
from .._row_blocks import BLOCK_BYTES, RowBlocks
from ..data import Predictions
from ..errors import InvalidInputError, ShapeError
from ._keys import check_name
from ._pool import BufferPool

__all__ = [
    "JOB_OVERHEAD",
    "LogJob",
    "check_rows",
    "check_scalars",
    "check_step",
    "take_ids",
    "take_predictions",
    "take_vectors",
]

MAX_STEP = 2**53 - 1
"""The largest whole number that a browser keeps exactly."""
_NAMES = {
    np.dtype(name): name
    for name in ("float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8")
}
JOB_OVERHEAD = 2048
"""Bytes that a queued job without arrays is counted as."""


@dataclass
class LogJob:
    """One call of `log`, with memory of its own."""

    step: int
    spaces: dict[str, tuple[NDArray[Any] | RowBlocks, str]] = field(default_factory=dict)
    predictions: NDArray[Any] | None = None
    scalars: dict[str, float] = field(default_factory=dict)
    ids: Any = None
    prediction_ids: Any = None
    recorded: bool = False

    @property
    def nbytes(self) -> int:
        """Memory that the job holds."""
        held = (
            BLOCK_BYTES if isinstance(array, RowBlocks) else array.nbytes
            for array, _ in self.spaces.values()
        )
        return sum(held) + self._nbytes_beside

    @property
    def nbytes_logged(self) -> int:
        """Bytes of what is to be stored."""
        return sum(array.nbytes for array, _ in self.spaces.values()) + self._nbytes_beside

    @property
    def _nbytes_beside(self) -> int:
        predictions = 0 if self.predictions is None else self.predictions.nbytes
        return JOB_OVERHEAD + predictions + _ids_nbytes(self.ids)

    def copy_arrays(self, pool: BufferPool) -> None:
        """Make every array this job's own, because training goes on to change the originals."""
        for space, (array, dtype) in self.spaces.items():
            if not isinstance(array, RowBlocks):
                self.spaces[space] = (pool.copy(array), dtype)
        if self.predictions is not None:
            self.predictions = pool.copy(self.predictions)

    def give_back(self, pool: BufferPool, room: int) -> None:
        """Let the pool have the memory of the arrays, once the job is done."""
        for array, _ in self.spaces.values():
            if not isinstance(array, RowBlocks):
                pool.take_back(array, room)
        if self.predictions is not None:
            pool.take_back(self.predictions, room)
        self.spaces, self.predictions = {}, None


def _ids_nbytes(ids: Any) -> int:
    return (
        int(getattr(ids, "nbytes", 0)) if ids is None or hasattr(ids, "nbytes") else len(ids) * 64
    )


def check_step(step: Any) -> int:
    """Return a training step as int, or say why it cannot be one."""
    is_float = isinstance(step, (float, np.floating))
    if is_float or isinstance(step, (bool, np.bool_)):
        raise InvalidInputError(
            f"The step is {step!r} ({type(step).__name__}); steps are whole numbers. Count "
            f"optimizer steps, or use epoch * batches_per_epoch + batch, and keep the epoch as "
            f'scalars={{"epoch": {step!r}}}.'
        )
    try:
        number = operator.index(step)
    except TypeError as error:
        raise InvalidInputError(
            f"The step is {step!r:.60} ({type(step).__name__}); a whole number is needed."
        ) from error
    if not 0 <= number <= MAX_STEP:
        raise InvalidInputError(f"The step is {number}; steps lie between 0 and {MAX_STEP}.")
    return number


def check_scalars(scalars: Mapping[str, Any] | None) -> dict[str, float]:
    """Return training records as floats; one-element arrays and tensors are taken too."""
    if scalars is None:
        return {}
    if not isinstance(scalars, Mapping):
        raise InvalidInputError(
            f"scalars is {scalars!r:.80} ({type(scalars).__name__}); a dict of names and numbers "
            f'is needed, for example scalars={{"loss": 0.31}}.'
        )
    return {check_name(name, "scalar"): _as_float(value, name) for name, value in scalars.items()}


def _as_float(value: Any, name: str) -> float:
    if hasattr(value, "item") and getattr(value, "size", 1) != 0:
        try:
            value = value.item()
        except (ValueError, RuntimeError, TypeError) as error:
            raise ShapeError(
                f"Scalar {name!r} has more than one value; log its mean, or each under its name."
            ) from error
    if isinstance(value, (str, bytes, complex)):
        raise InvalidInputError(f"Scalar {name!r} is {value!r:.60}; a real number is needed.")
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf
    except (TypeError, ValueError) as error:
        raise InvalidInputError(
            f"Scalar {name!r} is {value!r:.60} ({type(value).__name__}); a number is needed."
        ) from error


def take_vectors(value: Any, space: str) -> tuple[NDArray[Any] | RowBlocks, str]:
    """Vectors as an array that may still be the caller's memory, and the name of their type."""
    known = isinstance(value, RowBlocks) or (isinstance(value, np.ndarray) and value.ndim == 2)
    if known and value.dtype in _NAMES:
        return value, _NAMES[value.dtype]  # nearly always; asking a type for its name is slow
    if str(getattr(value, "dtype", "")) in ("bfloat16", "torch.bfloat16"):
        return _bfloat16_bits(value, space), "bfloat16"
    array = as_vectors(value, name=f"spaces[{space!r}]")
    if array.dtype == np.bool_:
        array = array.view(np.int8)
    return array, array.dtype.name


def _bfloat16_bits(value: Any, space: str) -> NDArray[np.uint16]:
    if isinstance(value, np.ndarray):
        array = value.view(np.uint16)
    else:
        import sys

        int16 = sys.modules["torch"].int16  # the tensor exists, so torch was imported
        array = value.detach().cpu().view(int16).numpy().view(np.uint16)
    return as_vectors(array, name=f"spaces[{space!r}]")


def take_predictions(value: Any) -> tuple[NDArray[Any], Any]:
    """Predictions as an array, and the ids they bring themselves (None: those of the call)."""
    if isinstance(value, Predictions):
        return value.values, value.ids
    if hasattr(value, "detach"):
        value = value.detach().cpu()
        value = value.float() if str(value.dtype) == "torch.bfloat16" else value
        value = value.numpy()
    array = np.asarray(value)
    if array.ndim not in (1, 2):
        raise ShapeError(
            f"predictions has shape {array.shape}; class numbers of shape (n_samples,) or scores "
            f"of shape (n_samples, n_classes) are needed."
        )
    return array, None


def take_ids(ids: Any) -> Any:
    """Ids as memory of their own, not checked yet; None stays None."""
    if ids is None:
        return None
    if hasattr(ids, "detach"):
        ids = ids.detach().cpu().numpy()
    if isinstance(ids, np.ndarray) or hasattr(ids, "to_numpy"):
        return np.array(ids)
    if isinstance(ids, (str, bytes)) or not hasattr(ids, "__iter__"):
        raise InvalidInputError(
            f"ids is {ids!r:.60} ({type(ids).__name__}); a list with one id per row is needed."
        )
    return list(ids)


def check_rows(n_ids: int | None, n_rows: int, what: str, step: int) -> None:
    """Raise ShapeError if there is not one id per row."""
    if n_ids is not None and n_ids != n_rows:
        raise ShapeError(
            f"{what} has {n_rows} rows at step {step} for {n_ids} ids; one id per row is needed. "
            f"Pass ids= with the ids of exactly these rows, in their order."
        )
