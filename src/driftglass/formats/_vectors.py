"""Vectors, ids and what else a row has, from one file."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from .._arrays import as_ids
from .._npy import load_npy
from ..errors import FormatError, InvalidInputError, NotFoundError, ShapeError, StoreError
from ._delimited import read_delimited
from ._npz import read_npz, why_not_loaded
from ._parquet import read_parquet

__all__ = [
    "VECTOR_SUFFIXES",
    "Columns",
    "VectorFile",
    "checked",
    "from_table",
    "named_rows",
    "read_vectors",
]

VECTOR_SUFFIXES = (".npy", ".npz", ".csv", ".tsv", ".parquet")
KEPT_NAMES = ("label", "labels", "target", "targets", "class", "category", "split")
"""Columns of these names are answers, not features, whether they hold numbers or not."""
ID_NAMES = ("id", "ids", "")
"""pandas writes its index without a name."""


@dataclass(frozen=True, eq=False)
class VectorFile:
    """What was in a file.

    Parameters
    ----------
    X : ndarray or RowBlocks of shape (n_samples, n_features)
        Vectors as they were stored; memory-mapped from ``.npy``. Blocks only where `read_file` was
        asked for them.
    ids : ndarray of shape (n_samples,)
        Names of the rows; 0, 1, 2, … where the file has none.
    columns : mapping of str to sequence
        What else each row has, by name.
    features : tuple of str
        Names of the columns of X; empty where the file does not name them.
    images : sequence or SpriteSheet, optional
        A picture per row; anything that `SpriteSheet.pack` takes.
    space : str
        What the file calls these vectors.
    step : int
        Training step they belong to, where the file holds several.
    title : str, optional
        A longer name.
    scalars : mapping of str to float
        Training records of the step.
    """

    X: Any
    ids: NDArray[Any]
    columns: Mapping[str, Any] = field(default_factory=dict)
    features: tuple[str, ...] = ()
    images: Any = None
    space: str = "vectors"
    step: int = 0
    title: str | None = None
    scalars: Mapping[str, float] = field(default_factory=dict)


def read_vectors(
    path: Any,
    *,
    array: str | None = None,
    ids: str | None = None,
    keep: Collection[str] = (),
    drop: Collection[str] = (),
    flatten: bool = False,
    streamed: bool = False,
) -> VectorFile:
    r"""Read vectors from a file.

    Parameters
    ----------
    path : path-like
        ``.npy`` (memory-mapped), ``.npz``, ``.csv``, ``.tsv`` or ``.parquet``.
    array : str, optional
        Array of an ``.npz`` that holds the vectors; may be left out where only one can. One-
        dimensional arrays of the same length are kept beside them.
    ids : str, optional
        Column or array with the names of the rows; "id" or "ids" if there is one.
    keep : collection of str
        Columns of numbers that are no features. Columns of text always are kept, and so is
        "label" or "target".
    drop : collection of str
        Columns to leave out.
    flatten : bool
        Whether an array of more than two dimensions becomes one of two.
    streamed : bool
        Let vectors of a Parquet or .npz file be `RowBlocks`, where they are large.

    Returns
    -------
    file : VectorFile
        Vectors and what belongs to them.

    Raises
    ------
    FormatError
        The file is of an unknown kind, or not what its name says.
    StoreError
        The file cannot be read.
    NotFoundError
        No such array or column.
    InvalidInputError
        No vectors, or several that could be meant.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "words.csv"
    >>> _ = path.write_text("word,a,b\nup,1,2\ndown,3,4\n")
    >>> read_vectors(path, ids="word").X
    array([[1., 2.],
           [3., 4.]], dtype=float32)
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in VECTOR_SUFFIXES:
        raise FormatError(
            f"{path.name} ends in {suffix or 'nothing'!r}; one of {', '.join(VECTOR_SUFFIXES)} "
            f"is needed. Convert it, for example with numpy.save."
        )
    if array is not None and suffix != ".npz":
        raise InvalidInputError(f"array is {array!r}, but only .npz files hold several arrays.")
    if not path.is_file():
        raise NotFoundError(f"There is no file {str(path)!r}. Name one that ends in {suffix}.")
    try:
        if suffix == ".npy":
            X = _load(path)
            return checked(path, VectorFile(X, np.arange(len(X) if X.ndim else 0)), flatten)
        if suffix == ".npz":
            vectors, beside = read_npz(path, array, drop, streamed=streamed)
            file = VectorFile(vectors, np.arange(len(vectors)), beside)
            return checked(path, named_rows(file, ids), flatten)
        if suffix == ".parquet":
            table: Columns = read_parquet(path, drop, streamed=streamed)
        else:
            mark = "\t" if suffix == ".tsv" else ","
            for_text = {*keep, *KEPT_NAMES, *ID_NAMES, *([ids] if ids else [])}
            table = HeldColumns(read_delimited(path, mark, for_text, drop))
        if ids is not None and ids not in table.names:
            raise NotFoundError.for_name("column of ids", ids, table.names)
        return checked(path, from_table(path, table, ids, keep), flatten)
    except StoreError:
        raise
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror or error}") from error


def _load(path: Path) -> NDArray[Any]:
    try:
        return load_npy(path)
    except (ValueError, EOFError) as error:
        raise FormatError(why_not_loaded(path, error)) from error


class Columns(Protocol):
    """A table whose columns are told apart before they are read."""

    @property
    def names(self) -> list[str]:
        """Columns in their order."""

    def holds_numbers(self, name: str) -> bool:
        """Whether each value of a column is one number."""

    def holds_vectors(self, name: str) -> bool:
        """Whether each value of a column is a list of numbers."""

    def column(self, name: str) -> Any:
        """A whole column."""

    def side_by_side(self, names: Sequence[str]) -> Any:
        """Columns of numbers as features."""

    def vectors(self, name: str) -> Any:
        """A column of lists as rows of features."""


@dataclass(frozen=True)
class HeldColumns:
    """A table that is in memory: arrays of numbers, and lists."""

    held: Mapping[str, Any]

    @property
    def names(self) -> list[str]:
        """Columns in their order."""
        return list(self.held)

    def holds_numbers(self, name: str) -> bool:
        """Whether a column is an array of numbers."""
        column = self.held[name]
        return isinstance(column, np.ndarray) and column.dtype.kind in "fiub"

    def holds_vectors(self, name: str) -> bool:
        """Text has no vectors as values."""
        return False

    def column(self, name: str) -> Any:
        """A whole column."""
        return self.held[name]

    def side_by_side(self, names: Sequence[str]) -> NDArray[np.float32]:
        """Columns of numbers as float32 features."""
        X = np.empty((len(self.held[names[0]]), len(names)), dtype=np.float32)
        for place, name in enumerate(names):
            X[:, place] = self.held[name]
        return X

    def vectors(self, name: str) -> Any:
        """See `holds_vectors`."""
        raise NotFoundError.for_name("column of vectors", name, ())


def from_table(path: Path, table: Columns, ids: str | None, keep: Collection[str]) -> VectorFile:
    """Columns of numbers side by side are the vectors, unless one column holds vectors."""
    names = table.names
    for name in keep:
        if name not in names:
            raise NotFoundError.for_name("column", name, names)
    own = {name.lower(): name for name in names}
    named = ids or next((own[name] for name in ID_NAMES if name in own), None)
    free = [
        name
        for name in names
        if name not in keep and name != named and name.lower() not in KEPT_NAMES
    ]
    deep = [name for name in free if table.holds_vectors(name)]
    flat = [name for name in free if table.holds_numbers(name)]
    if len(deep) > 1:
        raise InvalidInputError(
            f"{path.name}: {', '.join(deep)} could all be the vectors. Say with --keep which are "
            f"not features, or with --drop which are not wanted."
        )
    if not deep and not flat:
        raise InvalidInputError(
            f"{path.name} has no column of numbers to use as features; its columns are "
            f"{', '.join(names[:8]) or 'none'}."
        )
    # Single numbers beside vectors describe the rows.
    X = table.vectors(deep[0]) if deep else table.side_by_side(flat)
    features = () if deep else tuple(flat)
    taken = deep or flat
    beside = {name: table.column(name) for name in names if name not in taken}
    return named_rows(VectorFile(X, np.arange(len(X)), beside, features), named)


def named_rows(file: VectorFile, ids: str | None) -> VectorFile:
    """The file with the ids that one of its columns holds."""
    columns = dict(file.columns)
    if ids is None:
        ids = next((name for name in columns if name.lower() in ID_NAMES), None)
    elif ids not in columns:
        raise NotFoundError.for_name("column of ids", ids, list(columns))
    if ids is None:
        return file
    return replace(file, ids=as_ids(_whole(columns.pop(ids)), name=ids), columns=columns)


def _whole(values: Any) -> Any:
    """Ids that came as floats, as the integers they are."""
    if isinstance(values, np.ndarray) and values.dtype.kind == "f" and (values % 1 == 0).all():
        return values.astype(np.int64)
    return values


def checked(path: Path, file: VectorFile, flatten: bool) -> VectorFile:
    """The file, if its vectors are rows of numbers."""
    X = file.X
    if X.dtype.kind not in "fiub":
        raise InvalidInputError(
            f"{path.name} holds {X.dtype}; real numbers are needed. "
            + ("Pass the real part or the magnitude." if X.dtype.kind == "c" else "Encode it.")
        )
    if X.ndim > 2 and flatten:
        return replace(file, X=X.reshape(len(X), -1))
    if X.ndim > 2:
        width = int(np.prod(X.shape[1:]))
        raise ShapeError(
            f"{path.name} has shape {X.shape}; rows of features are needed. Add --flatten to use "
            f"all {width:,} values of a row, or pool them first."
        )
    if X.ndim < 2:
        raise ShapeError(
            f"{path.name} has shape {X.shape}; (n_samples, n_features) is needed. Save "
            f"X.reshape(-1, 1) if each value is a sample of one feature."
        )
    if len(X) == 0:
        raise InvalidInputError(f"{path.name} has no rows; there is nothing to project.")
    if X.shape[1] == 0:
        raise InvalidInputError(f"{path.name} has rows without features.")
    return file
