"""Every format by name: how it is recognised, read and written."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from .._row_blocks import in_blocks
from ..errors import FormatError, InvalidInputError, NotFoundError, StoreError
from ._arrow import is_dataset, read_arrow, read_dataset, write_arrow, write_dataset
from ._arrow import write_parquet_file as write_parquet
from ._hdf5 import is_train_viz, read_anndata, read_train_viz, write_anndata, write_train_viz
from ._image_folder import is_image_folder, read_image_folder, write_image_folder
from ._plain_files import write_delimited, write_npy, write_npz
from ._projector import COMET_TEMPLATE, is_projector, read_projector
from ._projector_write import write_projector
from ._safetensors import read_safetensors, write_safetensors
from ._torch_file import read_torch, write_torch
from ._vectors import VectorFile, checked, from_table, read_vectors
from ._zarr import is_zarr, read_zarr, write_zarr

__all__ = ["FORMATS", "Format", "format_of", "read_file", "write_file"]

Writer = Callable[[Path, Sequence[VectorFile]], None]


@dataclass(frozen=True)
class Reading:
    """What a reader may be told; see `read_file`."""

    array: str | None = None
    ids: str | None = None
    keep: Collection[str] = ()
    drop: Collection[str] = ()
    flatten: bool = False
    trust: bool = False
    streamed: bool = False


@dataclass(frozen=True)
class Format:
    """One kind of file.

    Parameters
    ----------
    name : str
        What ``--format`` calls it.
    title : str
        What people call it.
    suffixes : tuple of str
        Endings of its files.
    read : callable
        Takes the path and a `Reading`, returns embeddings.
    write : callable
        Takes a path and embeddings.
    recognises : callable, optional
        Looks into a file or folder; by its ending otherwise.
    folder : bool
        Whether it is written as a folder.
    several : bool
        Whether one file holds several embeddings.
    """

    name: str
    title: str
    suffixes: tuple[str, ...]
    read: Callable[[Path, Reading], tuple[VectorFile, ...]]
    write: Writer
    recognises: Callable[[Path], bool] | None = None
    folder: bool = False
    several: bool = False

    def __repr__(self) -> str:
        return f"Format({self.name!r})"


def _plain(path: Path, reading: Reading) -> tuple[VectorFile, ...]:
    told = ("array", "ids", "keep", "drop", "flatten", "streamed")
    options = {name: getattr(reading, name) for name in told}
    return (read_vectors(path, **options),)


def _table(read: Callable[..., Any]) -> Any:
    def wrapped(path: Path, reading: Reading) -> tuple[VectorFile, ...]:
        table = read(path, reading.drop, streamed=reading.streamed)
        file = from_table(path, table, reading.ids, reading.keep)
        return (checked(path, file, reading.flatten),)

    return wrapped


def _suffix(*suffixes: str) -> Callable[[Path], bool]:
    return lambda path: path.suffix.lower() in suffixes and not path.is_dir()


def _is_train_viz_run(path: Path) -> bool:
    return path.suffix.lower() in (".h5", ".hdf5") and not path.is_dir() and (
        not path.is_file() or is_train_viz(path)
    )  # fmt: skip


def _write_comet(path: Path, files: Sequence[VectorFile]) -> None:
    write_projector(path, files, comet=True)


FORMATS: tuple[Format, ...] = (
    Format("npy", "NumPy array", (".npy",), _plain, write_npy),
    Format("npz", "NumPy archive", (".npz",), _plain, write_npz),
    Format("csv", "comma-separated text", (".csv",), _plain, write_delimited),
    Format("tsv", "tab-separated text", (".tsv",), _plain, write_delimited),
    Format("parquet", "Parquet", (".parquet",), _plain, write_parquet),
    Format(
        "arrow", "Arrow IPC", (".arrow", ".feather", ".arrows", ".ipc"), _table(read_arrow),
        write_arrow,
    ),
    Format(
        "safetensors", "safetensors", (".safetensors",),
        lambda path, reading: read_safetensors(path, reading.array), write_safetensors,
    ),
    Format(
        "anndata", "AnnData", (".h5ad",),
        lambda path, reading: read_anndata(path, reading.array, streamed=reading.streamed),
        write_anndata, several=True,
    ),
    Format(
        "train-viz", "run of train-viz", (".h5", ".hdf5"),
        lambda path, reading: read_train_viz(path), write_train_viz, _is_train_viz_run,
        several=True,
    ),
    Format(
        "torch", "tensors of PyTorch", (".pt", ".pth", ".bin"),
        lambda path, reading: read_torch(path, reading.array, trust=reading.trust), write_torch,
    ),
    Format(
        "projector", "bundle of the TensorFlow projector", (".pbtxt", ".json"),
        lambda path, reading: read_projector(path), write_projector, is_projector, folder=True,
        several=True,
    ),
    Format(
        "comet", "Comet's template", (), lambda path, reading: read_projector(path), _write_comet,
        lambda path: bool(COMET_TEMPLATE.fullmatch(path.name)) and is_projector(path),
        folder=True, several=True,
    ),
    Format(
        "dataset", "saved data set of Hugging Face", (), _table(read_dataset), write_dataset,
        is_dataset, folder=True,
    ),
    Format(
        "zarr", "Zarr group", (".zarr",),
        lambda path, reading: read_zarr(path, reading.array, streamed=reading.streamed), write_zarr,
        is_zarr, folder=True,
    ),
    Format(
        "images", "folder of pictures", (), lambda path, reading: read_image_folder(path),
        write_image_folder, is_image_folder, folder=True,
    ),
)  # fmt: skip


def format_of(path: Any, name: str | None = None) -> Format:
    """The format of a file or folder, by what is in it or by its ending.

    Parameters
    ----------
    path : path-like
        File or folder; it need not exist if its ending says enough.
    name : str, optional
        The format, where it should not be guessed.

    Raises
    ------
    FormatError
        Nothing here is known.
    NotFoundError
        No format has this name.
    """
    path = Path(path)
    if name is not None:
        found = next((one for one in FORMATS if one.name == name), None)
        if found is None:
            raise NotFoundError.for_name("format", name, [one.name for one in FORMATS])
        return found
    if path.exists():
        for one in sorted(FORMATS, key=lambda one: one.name != "comet"):
            if one.recognises is not None and one.recognises(path):
                return one
    suffix = path.suffix.lower()
    for one in FORMATS:
        by_ending = suffix in one.suffixes and (one.recognises is None or not path.exists())
        if by_ending and (one.folder or not path.is_dir()):
            return one
    known = ", ".join(dict.fromkeys(suffix for one in FORMATS for suffix in one.suffixes))
    what = "is a folder of no known kind" if path.is_dir() else f"ends in {suffix or 'nothing'!r}"
    raise FormatError(
        f"{path.name} {what}. Known are files that end in {known}, and folders with a bundle of "
        f"the TensorFlow projector, a saved data set, a Zarr group or pictures."
    )


def read_file(
    path: Any,
    *,
    format: str | None = None,
    array: str | None = None,
    ids: str | None = None,
    keep: Collection[str] = (),
    drop: Collection[str] = (),
    flatten: bool = False,
    trust: bool = False,
    streamed: bool = False,
) -> tuple[VectorFile, ...]:
    """Read every embedding of a file or folder.

    Parameters
    ----------
    path : path-like
        Any format of `FORMATS`; recognised by what is in it.
    format : str, optional
        Name of the format, where it should not be guessed.
    array, ids, keep, drop, flatten
        As in `read_vectors`, for formats that hold several arrays or columns.
    trust : bool
        Read files that could run code, in a process of its own.
    streamed : bool
        Let `X` be `RowBlocks`, which are read when they are needed, where the format allows it and
        the vectors are large. A file that is cut short may then be noticed only while they are.

    Returns
    -------
    files : tuple of VectorFile
        One per embedding, or per step; all but the projector's and train-viz's hold one.

    Raises
    ------
    FormatError
        Not what it claims to be; nothing of it was used.
    NotFoundError
        There is no such file, array or column.
    StoreError
        It cannot be read.
    """
    path = Path(path).expanduser()
    if not path.exists():
        raise NotFoundError(f"There is no file or folder {str(path)!r}.")
    reading = Reading(array, ids, keep, drop, flatten, trust, streamed)
    try:
        files = format_of(path, format).read(path, reading)
        return tuple(replace(file, X=in_blocks(file.X)) for file in files) if streamed else files
    except (StoreError, FormatError, NotFoundError, InvalidInputError):
        raise
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror or error}") from error


def write_file(
    path: Any, files: VectorFile | Sequence[VectorFile], *, format: str | None = None
) -> Path:
    """Write embeddings as a file or folder of another tool, whole or not at all.

    Parameters
    ----------
    path : path-like
        Where to; an existing file is replaced, an existing folder has to be empty.
    files : VectorFile or sequence of VectorFile
        What to write.
    format : str, optional
        Name of the format; by the ending of `path` otherwise.

    Returns
    -------
    path : Path
        What was written.

    Raises
    ------
    FormatError
        The ending says nothing.
    InvalidInputError
        Several embeddings for a format that holds one, or a folder in use.
    StoreError
        It cannot be written.
    """
    path = Path(path).expanduser()
    held = [files] if isinstance(files, VectorFile) else list(files)
    if not held:
        raise InvalidInputError("There are no embeddings to write.")
    chosen = format_of(path if format is None else "", format)
    if len(held) > 1 and not chosen.several:
        able = ", ".join(one.name for one in FORMATS if one.several)
        raise InvalidInputError(
            f"A {chosen.title} holds one embedding and {len(held)} were given. Choose one step, or "
            f"one of the formats {able}."
        )
    if chosen.folder and path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise InvalidInputError(f"{path} exists and is not an empty folder. Name another.")
    scratch = None
    try:
        scratch = Path(tempfile.mkdtemp(dir=path.parent, prefix=".write-"))
        made = scratch / path.name
        chosen.write(made, held)
        if chosen.folder and path.exists():
            path.rmdir()
        os.replace(made, path)
    except OSError as error:
        if isinstance(error, StoreError):
            raise
        raise StoreError(f"{path} cannot be written: {error.strerror or error}") from error
    finally:
        if scratch is not None:
            shutil.rmtree(scratch, ignore_errors=True)
    return Path(path)
