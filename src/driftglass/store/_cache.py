"""Derived results of a run, addressed by what made them: safe to delete, made again on demand."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import xxhash
from numpy.typing import NDArray

from ..errors import DriftglassError, FormatError, InvalidInputError, NotFoundError, StoreError
from ._blobs import Blobs
from ._codecs import byte_view, encode_array, read_any_array, write_file
from ._keys import DERIVED, check_cache_key, slug
from ._local import LocalBlobs
from ._records import File

__all__ = ["Cache", "CachedResult", "spare_cache"]

RESULT = "result.json"
MAX_RESULT_BYTES = 64 << 20


@dataclass(frozen=True)
class CachedResult:
    """A derived result.

    Parameters
    ----------
    description : dict
        JSON values that say what it is.
    arrays : mapping of str to ndarray
        Read-only, mapped where that is safe.
    """

    description: dict[str, Any]
    arrays: Mapping[str, NDArray[Any]]


class _Result(msgspec.Struct, frozen=True):
    """Content of result.json; `check` is the xxh3-128 of the rest."""

    description: dict[str, Any]
    arrays: dict[str, File]
    check: str = ""

    def checksum(self) -> str:
        body = msgspec.json.encode([self.description, self.arrays], order="deterministic")
        return xxhash.xxh3_128_hexdigest(body)


class Cache:
    """Derived results of one run.

    Parameters
    ----------
    blobs : Blobs
        The run.
    read_only : bool
        Refuse `put`, unless there is a spare place.
    spare : Cache, optional
        Where results go that the run itself cannot take, because it may not be written.
    root : str
        Folder of the run that they are kept in.
    """

    def __init__(
        self,
        blobs: Blobs,
        *,
        read_only: bool = False,
        spare: Cache | None = None,
        root: str = DERIVED,
    ) -> None:
        self._blobs = blobs
        self._read_only = read_only
        self._spare = spare
        self._root = root
        self._checked: set[str] = set()

    def get(self, key: str) -> CachedResult | None:
        """The result kept under `key`; None if there is none, or none that is whole."""
        found = self._get(key)
        return self._spare.get(key) if found is None and self._spare is not None else found

    def _get(self, key: str) -> CachedResult | None:
        folder = f"{self._root}{check_cache_key(key)}/"
        try:
            result = self._read(folder)
            arrays = {}
            for name, file in result.arrays.items():
                check = file.key not in self._checked
                arrays[name] = read_any_array(self._blobs, file, check=check, what=f"result {key}")
                self._checked.add(file.key)
        except (NotFoundError, FormatError, StoreError):
            return None  # it can be made again, which is better than an error
        self._touch(folder)
        return CachedResult(result.description, arrays)

    def _read(self, folder: str) -> _Result:
        data = self._blobs.read(folder + RESULT, 0, MAX_RESULT_BYTES)
        try:
            result = msgspec.json.decode(data, type=_Result)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise FormatError(f"{folder}{RESULT} is no description of a result.") from error
        if result.check != result.checksum():
            raise FormatError(f"{folder}{RESULT} is damaged.")
        if not all(file.key.startswith(folder) for file in result.arrays.values()):
            raise FormatError(f"{folder}{RESULT} names files elsewhere.")
        return result

    def _touch(self, folder: str) -> None:
        # `gc` removes what was not used for longest.
        if isinstance(self._blobs, LocalBlobs) and not self._read_only:
            with suppress(OSError, DriftglassError):
                os.utime(self._blobs.path(folder + RESULT))

    def put(
        self, key: str, description: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]
    ) -> CachedResult:
        """Keep a result, replacing what was there.

        Parameters
        ----------
        key : str
            Usually `Provenance.key`.
        description : mapping
            JSON values.
        arrays : mapping of str to ndarray
            Numbers or text, of any shape.

        Returns
        -------
        result : CachedResult
            What `get` returns from now on.

        Raises
        ------
        StoreError
            The disk is full or read-only.
        InvalidInputError
            Something that JSON or an array file cannot hold.
        """
        folder = f"{self._root}{check_cache_key(key)}/"
        if self._read_only and self._spare is not None:
            return self._spare.put(key, description, arrays)
        if self._read_only:
            raise StoreError(f"The store was opened for reading, so {key} cannot be kept.")
        try:
            described = json.loads(json.dumps(dict(description), allow_nan=False))
        except (TypeError, ValueError) as error:
            raise InvalidInputError(f"The description of {key} is not JSON: {error}.") from error
        try:
            files = {
                name: self._write_array(folder, number, name, array)
                for number, (name, array) in enumerate(arrays.items())
            }
            result = _Result(described, files)
            result = msgspec.structs.replace(result, check=result.checksum())
            self._blobs.write(folder + RESULT, [msgspec.json.encode(result)])
        except StoreError:
            raise
        except OSError as error:
            raise StoreError(f"The result {key} cannot be kept: {error}.") from error
        kept = self.get(key)
        if kept is None:
            raise StoreError(f"The result {key} was written and cannot be read back.")
        return kept

    def _write_array(self, folder: str, number: int, name: str, array: NDArray[Any]) -> File:
        array = np.asarray(array)
        if array.dtype.kind not in "fiubU":
            raise InvalidInputError(
                f"Array {name!r} has dtype {array.dtype}; numbers or text can be kept."
            )
        # The content is part of the name: a reader beside a second `put` never sees a mixture.
        digest = xxhash.xxh3_64_hexdigest(byte_view(np.ascontiguousarray(array)))
        key = f"{folder}{number:03d}-{slug(name)[:60]}-{digest}.npy"
        self._checked.discard(key)
        return write_file(self._blobs, key, encode_array(array))

    def delete(self, key: str) -> None:
        """Forget a result; readers that have mapped it keep it."""
        folder = f"{self._root}{check_cache_key(key)}/"
        self._blobs.delete(folder + RESULT)
        for blob in list(self._blobs.list(folder)):
            self._blobs.delete(blob.key)

    def keys(self) -> list[str]:
        """Keys of all results."""
        ending = f"/{RESULT}"
        found = {
            blob.key[len(self._root) : -len(ending)]
            for blob in self._blobs.list(self._root)
            if blob.key.endswith(ending)
        }
        return sorted(found.union(self._spare.keys() if self._spare is not None else ()))


def spare_cache(place: str) -> Cache:
    """A place of this user's own for what is derived from a run that may not be written.

    Parameters
    ----------
    place : str
        Folder of the run.
    """
    home = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    name = xxhash.xxh3_64_hexdigest(os.path.realpath(place).encode(errors="surrogateescape"))
    return Cache(LocalBlobs(Path(home) / "driftglass" / name))
