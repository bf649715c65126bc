"""HDF5: annotated matrices of single cells (``.h5ad``), and runs of train-viz."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._optional import require
from .._row_blocks import BLOCK_BYTES, RowBlocks, rows_per_block
from ..errors import FormatError, InvalidInputError, NotFoundError, StoreError
from ._tables import plain_columns
from ._vectors import VectorFile

__all__ = ["is_train_viz", "read_anndata", "read_train_viz", "write_anndata", "write_train_viz"]

MOST_VALUES = 1 << 33
SCALARS = {
    "train_losses": "train loss",
    "val_losses": "validation loss",
    "train_accuracies": "train accuracy",
    "val_accuracies": "validation accuracy",
}


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    h5py = require("h5py", extra="hdf5")
    try:
        with h5py.File(path, "r") as file:
            yield file
    except (FormatError, InvalidInputError, NotFoundError):
        raise
    except (OSError, RuntimeError, KeyError, ValueError, TypeError, AttributeError) as error:
        if isinstance(error, StoreError):
            raise
        reason = " ".join(str(error).split())[:160]
        raise FormatError(f"{path.name} is not a whole HDF5 file: {reason}.") from error


def _child(group: Any, name: str, path: Path) -> Any:
    """A member that lies in this very file: links into others are not followed."""
    h5py = require("h5py", extra="hdf5")
    link = group.get(name, getlink=True)
    if not isinstance(link, h5py.HardLink):
        raise FormatError(
            f"{path.name}: {name!r:.60} is a link and leads elsewhere; only what is in the file "
            f"itself is read."
        )
    return group[name]


def _array(group: Any, name: str, path: Path) -> NDArray[Any]:
    h5py = require("h5py", extra="hdf5")
    held = _dataset(group, name, path)
    if h5py.check_string_dtype(held.dtype) is not None:
        return np.asarray(held.asstr()[()])
    if held.dtype.kind == "O":
        raise FormatError(f"{path.name}: {name!r:.60} holds objects, which are not read.")
    return np.asarray(held[()])


def _rows(group: Any, name: str, path: Path, streamed: bool) -> NDArray[Any] | RowBlocks:
    """A matrix; one that is large is read again, block by block, where that was asked for."""
    held = _dataset(group, name, path)
    large = held.size * held.dtype.itemsize > 2 * BLOCK_BYTES
    if not streamed or not large or held.ndim != 2 or held.dtype.kind not in "fiu":
        return _array(group, name, path)
    place, shape = held.name, held.shape
    step = rows_per_block(shape[1], held.dtype.itemsize)

    def read() -> Iterator[NDArray[Any]]:
        with _opened(path) as file:
            for start in range(0, shape[0], step):
                yield file[place][start : start + step]

    return RowBlocks(path.name, shape, held.dtype, read)


def _dataset(group: Any, name: str, path: Path) -> Any:
    """A data set, if as much of it is in this file as it announces."""
    h5py = require("h5py", extra="hdf5")
    held = _child(group, name, path)
    if not isinstance(held, h5py.Dataset):
        raise FormatError(f"{path.name}: {name!r:.60} is no array.")
    if held.external or held.is_virtual:
        raise FormatError(f"{path.name}: {name!r:.60} keeps its values in other files.")
    stored = held.id.get_storage_size()
    if held.size and (held.size > MOST_VALUES or held.size * held.dtype.itemsize > 2200 * stored):
        raise FormatError(
            f"{path.name}: {name!r:.60} announces shape {held.shape}, but only {stored:,} bytes "
            f"are there."
        )
    return held


# Annotated matrices


def read_anndata(
    path: Path, array: str | None = None, *, streamed: bool = False
) -> tuple[VectorFile, ...]:
    """Every matrix of ``obsm``, or ``X`` where there is none, with the columns of ``obs``.

    Parameters
    ----------
    path : Path
        File with the ending ``.h5ad``.
    array : str, optional
        The one matrix wanted, such as "X" or "X_pca".
    streamed : bool
        Let large matrices be `RowBlocks`.
    """
    h5py = require("h5py", extra="hdf5")
    with _opened(path) as file:
        inner = _child(file, "obsm", path) if "obsm" in file else {}
        names = [name for name in inner if isinstance(_child(inner, name, path), h5py.Dataset)]
        if array is not None and array not in (*names, "X"):
            raise NotFoundError.for_name("matrix", array, [*names, "X"])
        wanted = [array] if array is not None else (names or ["X"])
        if wanted == ["X"] and "X" not in (*names, *file):
            raise FormatError(f"{path.name} has neither a matrix X nor any in obsm.")
        ids, columns = _observations(file, path)
        files = []
        for name in wanted:
            inside = name in names
            X = _rows(inner, name, path, streamed) if inside else _matrix(file, path, streamed)
            if X.ndim != 2 or len(X) != len(ids):
                raise FormatError(
                    f"{path.name}: {name} has shape {X.shape} for {len(ids):,} observations."
                )
            files.append(VectorFile(X, ids, columns, space=name))
        return tuple(files)


def _matrix(file: Any, path: Path, streamed: bool) -> NDArray[Any] | RowBlocks:
    h5py = require("h5py", extra="hdf5")
    held = _child(file, "X", path)
    if isinstance(held, h5py.Dataset):
        return _rows(file, "X", path, streamed)
    from scipy import sparse

    kind = held.attrs.get("encoding-type", "")
    parts = tuple(_array(held, name, path) for name in ("data", "indices", "indptr"))
    shape = tuple(int(n) for n in held.attrs["shape"])
    made = sparse.csc_matrix if kind == "csc_matrix" else sparse.csr_matrix
    matrix = made(parts, shape=shape)
    matrix.check_format(full_check=True)
    if shape[0] * shape[1] > MOST_VALUES >> 3:
        raise FormatError(
            f"{path.name}: X is sparse with shape {shape}; reduce it first, for example by PCA, "
            f"and keep the result in obsm."
        )
    return np.asarray(matrix.toarray())


def _observations(file: Any, path: Path) -> tuple[NDArray[Any], dict[str, Any]]:
    obs = _child(file, "obs", path)
    index = str(obs.attrs.get("_index", "_index"))
    ids = np.array(_values(obs, index, path)).astype(str) if index in obs else None
    columns = {}
    for name in obs:
        if name in (index, "__categories"):
            continue
        columns[name] = _column(obs, name, path)
    n_rows = {len(values) for values in columns.values()}
    if ids is None:
        ids = np.arange(next(iter(n_rows), 0))
    if n_rows - {len(ids)}:
        raise FormatError(f"{path.name}: columns of obs have {sorted(n_rows)} rows.")
    if len(set(ids.tolist())) < len(ids):
        columns = {"name": ids, **columns}
        ids = np.arange(len(ids))
    return ids, columns


def _column(obs: Any, name: str, path: Path) -> Any:
    h5py = require("h5py", extra="hdf5")
    held = _child(obs, name, path)
    if isinstance(held, h5py.Dataset) or "codes" not in held:
        return _values(obs, name, path)
    codes, names = _array(held, "codes", path), _values(held, "categories", path)
    if len(codes) and not -1 <= codes.min() <= codes.max() < len(names):
        raise FormatError(f"{path.name}: column {name!r:.60} names categories it does not have.")
    listed = names.tolist() if isinstance(names, np.ndarray) else names
    return [listed[code] if code >= 0 else None for code in codes.tolist()]


def _values(group: Any, name: str, path: Path) -> Any:
    """An array of numbers, or a list of text; with None where a mask says that nothing is known."""
    h5py = require("h5py", extra="hdf5")
    held = _child(group, name, path)
    if isinstance(held, h5py.Dataset):
        values = _array(group, name, path)
        return values.tolist() if values.dtype.kind in "OU" else values
    if not isinstance(held, h5py.Group) or not {"values", "mask"} <= set(held):
        raise FormatError(f"{path.name}: {name!r:.60} is no column of a kind that is known.")
    known, mask = _array(held, "values", path), _array(held, "mask", path)
    if known.shape != mask.shape or mask.dtype != np.bool_:
        raise FormatError(f"{path.name}: the mask of {name!r:.60} does not fit its values.")
    pairs = zip(known.tolist(), mask.tolist(), strict=True)
    return [None if hidden else value for value, hidden in pairs]


def write_anndata(path: Path, files: Sequence[VectorFile]) -> None:
    """Write embeddings of the same rows as ``obsm`` of one file, which AnnData reads."""
    h5py = require("h5py", extra="hdf5")
    first = files[0]
    if any(not np.array_equal(file.ids, first.ids) for file in files):
        raise InvalidInputError(f"{path.name} holds one set of rows; the embeddings have several.")
    with h5py.File(path, "w") as file:
        _encoded(file, "anndata", "0.1.0")
        obs = _encoded(file.create_group("obs"), "dataframe", "0.2.0")
        obs.attrs["_index"] = "_index"
        columns = plain_columns(first.columns)
        obs.attrs.create("column-order", list(columns), dtype=h5py.string_dtype())
        _strings(obs, "_index", [str(item) for item in first.ids.tolist()])
        for name, values in columns.items():
            _write_column(obs, name, values)
        var = _encoded(file.create_group("var"), "dataframe", "0.2.0")
        var.attrs["_index"] = "_index"
        var.attrs.create("column-order", [], dtype=h5py.string_dtype())
        _strings(var, "_index", [])
        obsm = _encoded(file.create_group("obsm"), "dict", "0.1.0")
        for number, one in enumerate(files):
            name = one.space if one.space.startswith("X_") else f"X_{one.space}"
            if name in obsm:
                name = f"{name}_{one.step or number}"
            held = obsm.create_dataset(name.replace("/", "-"), data=np.asarray(one.X))
            _encoded(held, "array", "0.2.0")
        for name in ("layers", "obsp", "uns", "varm", "varp"):
            _encoded(file.create_group(name), "dict", "0.1.0")


def _encoded(held: Any, kind: str, version: str) -> Any:
    held.attrs["encoding-type"] = kind
    held.attrs["encoding-version"] = version
    return held


def _strings(group: Any, name: str, values: Sequence[str]) -> None:
    h5py = require("h5py", extra="hdf5")
    array = np.array(values, dtype=object)
    held = group.create_dataset(name, data=array, dtype=h5py.string_dtype())
    _encoded(held, "string-array", "0.2.0")


def _write_column(obs: Any, name: str, values: list[Any]) -> None:
    known = [value for value in values if value is not None]
    if known and all(isinstance(value, bool) for value in known) and len(known) == len(values):
        _encoded(obs.create_dataset(name, data=np.array(values)), "array", "0.2.0")
    elif known and all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in known):
        whole = len(known) == len(values) and all(isinstance(value, int) for value in known)
        numbers = np.array(
            [np.nan if value is None else value for value in values],
            dtype=np.int64 if whole else np.float64,
        )
        _encoded(obs.create_dataset(name, data=numbers), "array", "0.2.0")
    else:
        texts = [
            None if value is None else ", ".join(map(str, value)) if isinstance(value, list)
            else str(value)
            for value in values
        ]  # fmt: skip
        categories = sorted({text for text in texts if text is not None})
        where: dict[str | None, int] = {text: code for code, text in enumerate(categories)}
        group = _encoded(obs.create_group(name), "categorical", "0.2.0")
        group.attrs["ordered"] = False
        codes = np.array([where.get(text, -1) for text in texts], dtype=np.int32)
        _encoded(group.create_dataset("codes", data=codes), "array", "0.2.0")
        _strings(group, "categories", categories)


# Runs of train-viz


def is_train_viz(path: Path) -> bool:
    """Whether a file is a run of train-viz: embeddings of a subset, one per epoch."""
    with _opened(path) as file:
        return "subset_embeddings" in file


def read_train_viz(path: Path) -> tuple[VectorFile, ...]:
    """Every epoch of a run, with the subset's labels and the training records."""
    with _opened(path) as file:
        if "subset_embeddings" not in file:
            raise FormatError(f"{path.name} has no embeddings of a subset, so it is no run.")
        group = _child(file, "subset_embeddings", path)
        epochs = sorted((name for name in group if name.isdigit()), key=int)
        if not epochs:
            raise FormatError(f"{path.name} has no epochs.")
        labels = _array(file, "subset_labels", path) if "subset_labels" in file else None
        curves = {
            title: _array(file, name, path).ravel()
            for name, title in SCALARS.items()
            if name in file
        }
        files: list[VectorFile] = []
        for name in epochs:
            X, step = _array(group, name, path), int(name)
            if X.ndim != 2 or (files and X.shape[0] != len(files[0].X)):
                raise FormatError(f"{path.name}: epoch {name} has shape {X.shape}.")
            if labels is not None and labels.shape != (len(X),):
                raise FormatError(f"{path.name}: {labels.shape} labels for {len(X):,} vectors.")
            # Epoch 0 is before training, so records begin with epoch 1.
            behind = len(epochs) - max((len(curve) for curve in curves.values()), default=0)
            records = {
                title: float(curve[step - behind])
                for title, curve in curves.items()
                if 0 <= step - behind < len(curve)
            }
            columns = {} if labels is None else {"label": labels}
            files.append(
                VectorFile(
                    X, np.arange(len(X)), columns, space="embeddings", step=step,
                    title=f"epoch {step}", scalars=records,
                )
            )  # fmt: skip
        return tuple(files)


def write_train_viz(path: Path, files: Sequence[VectorFile]) -> None:
    """Write the steps of one space as epochs 0, 1, 2, …."""
    h5py = require("h5py", extra="hdf5")
    if any(not np.array_equal(file.ids, files[0].ids) for file in files):
        raise InvalidInputError(f"{path.name} holds the same rows at each epoch.")
    label = next((v for n, v in files[0].columns.items() if n in ("label", "labels")), None)
    with h5py.File(path, "w") as file:
        group = file.create_group("subset_embeddings")
        for number, one in enumerate(sorted(files, key=lambda one: one.step)):
            group.create_dataset(str(number), data=np.asarray(one.X, dtype=np.float32))
        if label is not None:
            values = np.asarray(label)
            if values.dtype.kind not in "iu":
                names = sorted({str(value) for value in values.tolist()})
                values = np.array([names.index(str(value)) for value in values.tolist()])
            file.create_dataset("subset_labels", data=values)
        for name, title in SCALARS.items():
            curve = [one.scalars[title] for one in files if title in one.scalars]
            if curve:
                file.create_dataset(name, data=np.array(curve, dtype=np.float32))
