"""What projectors ask of tables and parameters, with messages that name the value."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._arrays import as_vectors, finite_rows
from ..errors import InvalidInputError
from ._estimator import random_state_of

__all__ = [
    "checked_choice",
    "checked_integer",
    "checked_number",
    "checked_table",
    "in_single",
    "rng_of",
]

SHOWN_ROWS = 5


def checked_table(
    estimator: Any, X: Any, *, reset: bool = True, accept_sparse: bool = False, **options: Any
) -> Any:
    """X as scikit-learn accepts it; rows that are not finite or of another length are named.

    A contiguous array is not copied, nor is a file mapped into memory.
    """
    from sklearn.utils.validation import validate_data

    if isinstance(X, (list, tuple)):
        try:
            np.asarray(X)
        except ValueError:  # ragged: say which row it is
            as_vectors(X, name="X")
            raise
    if isinstance(X, np.ndarray) and X.ndim > 2:  # say what to do with the other axes
        as_vectors(X, name="X")
    try:
        with np.errstate(all="ignore"):  # its sum of huge values may overflow
            return validate_data(
                estimator,
                X,
                dtype="numeric",
                reset=reset,
                accept_sparse="csr" if accept_sparse else False,
                **options,
            )
    except ValueError as error:
        raise _naming_rows(estimator, X, error) from None
    except TypeError as error:
        raise _naming_value(X, error) from None


def _naming_value(X: Any, error: TypeError) -> TypeError:
    """The same with the value that is no number, which only a look at each can find."""
    try:
        as_vectors(X, name="X")
    except ValueError as found:
        return TypeError(f"{found} ({error})")
    return error


def _naming_rows(estimator: Any, X: Any, error: ValueError) -> ValueError:
    if not isinstance(X, np.ndarray) or X.ndim != 2 or X.dtype.kind != "f" or X.size == 0:
        return error
    bad = np.flatnonzero(~finite_rows(X))
    if len(bad) == 0:
        return error
    shown = ", ".join(str(row) for row in bad[:SHOWN_ROWS])
    more = ", …" if len(bad) > SHOWN_ROWS else ""
    return InvalidInputError(
        f"{type(estimator).__name__} does not accept NaN or inf: {len(bad)} of {len(X)} rows of X "
        f"hold them, row {shown}{more}. Leave those rows out, or fill them in, for example with "
        f"sklearn.impute.SimpleImputer."
    )


def checked_integer(name: str, value: Any, *, least: int = 1, most: int | None = None) -> int:
    """The value, if it is an integer in the range."""
    whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    if not whole or value < least or (most is not None and value > most):
        wanted = f"of at least {least}" if most is None else f"from {least} to {most}"
        raise InvalidInputError(f"{name} is {value!r}; an integer {wanted} is needed.")
    return int(value)


def checked_number(
    name: str, value: Any, *, least: float = -np.inf, most: float = np.inf, above: bool = False
) -> float:
    """The value, if it is a finite number in the range, which may leave out its lower end."""
    number = isinstance(value, (int, float, np.number)) and not isinstance(value, bool)
    inside = number and np.isfinite(value) and least <= value <= most
    if not inside or (above and value == least):
        wanted = "a number"
        if np.isfinite(least):
            wanted += f" above {least:g}" if above else f" of at least {least:g}"
        if np.isfinite(most):
            wanted += f"{' and' if np.isfinite(least) else ' of'} at most {most:g}"
        raise InvalidInputError(f"{name} is {value!r}; {wanted} is needed.")
    return float(value)


def checked_choice(name: str, value: Any, choices: Collection[str]) -> str:
    """The value, if it is one of the names."""
    if not isinstance(value, str) or value not in choices:
        raise InvalidInputError(f"{name} is {value!r}; one of {', '.join(choices)} is needed.")
    return value


def rng_of(random_state: Any) -> np.random.Generator:
    """Generator seeded by what scikit-learn calls a random state."""
    return np.random.default_rng(random_state_of(random_state).randint(np.iinfo(np.int32).max))


def in_single(Y: Any, scale: float = 1.0) -> NDArray[np.float32]:
    """Y times the scale in single precision; refused if that can't hold it."""
    with np.errstate(over="ignore"):
        single = (np.asarray(Y, dtype=np.float64) * scale).astype(np.float32)
    if not np.isfinite(single).all():
        raise InvalidInputError(
            "The map reaches beyond what single precision holds, 3e38. Divide X by its largest "
            "magnitude first."
        )
    return single
