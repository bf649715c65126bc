"""The on-disk format in one file: version, sizes and the names of everything."""

from __future__ import annotations

import re
import unicodedata

import xxhash

from ..errors import FormatError, InvalidInputError

__all__ = [
    "CATALOG",
    "CHUNK_BYTES",
    "DERIVED",
    "FORMAT_VERSION",
    "JOURNAL",
    "LABELS",
    "PART_BYTES",
    "RUN_FORMAT",
    "RUN_MARKER",
    "SELECTIONS",
    "STORE_FORMAT",
    "STORE_MARKER",
    "TEMPORARY",
    "check_cache_key",
    "check_key",
    "check_name",
    "check_run_name",
    "file_owner",
    "ids_key",
    "image_key",
    "journal_key",
    "metadata_key",
    "predictions_key",
    "slug",
    "temporary_owner",
    "vectors_folder",
    "vectors_key",
]

FORMAT_VERSION = 1
STORE_FORMAT = "driftglass-store"
RUN_FORMAT = "driftglass-run"

CHUNK_BYTES = 8 << 20
"""One checksum per chunk; part of the format."""
PART_BYTES = 2 << 30
"""Longer arrays are split by rows; a limit of the writer, not of the format."""

STORE_MARKER = "driftglass.json"
RUN_MARKER = "run.json"
CATALOG = "catalog.db"
JOURNAL = "journal/"
DERIVED = "derived/"
SELECTIONS = "selections/"
LABELS = "labels/"
TEMPORARY = ".tmp"

MAX_NAME_LENGTH = 200
_RUN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}", re.ASCII)
_CACHE_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}", re.ASCII)
_KEY_PART = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._=+-]{0,199}", re.ASCII)
# Windows refuses these whatever their ending, so a store that holds one could not be copied there.
_RESERVED = {"con", "prn", "aux", "nul"} | {f"{d}{n}" for d in ("com", "lpt") for n in range(1, 10)}


def check_run_name(name: object) -> str:
    """Return `name` if a run can be called so on every disk, or say what is wrong with it."""
    if not isinstance(name, str) or not _RUN_NAME.fullmatch(name):
        raise InvalidInputError(
            f"A run cannot be named {name!r:.150}. Use 1 to 128 letters, digits, '.', '_' and '-', "
            f"beginning with a letter or digit, for example {_suggested(name)!r}."
        )
    if name.split(".")[0].lower() in _RESERVED or name.endswith("."):
        raise InvalidInputError(
            f"A run cannot be named {name!r}: Windows reserves it, so the store could not be "
            f"copied there. Use for example {'run-' + name.rstrip('.')!r}."
        )
    return name


def _suggested(name: object) -> str:
    words = re.findall(r"[A-Za-z0-9]+", str(name))
    return "-".join(words)[:60] or "run-1"


def check_name(name: object, what: str) -> str:
    """Return the name of a space or scalar, which may be any text of 1 to 200 characters."""
    if not isinstance(name, str):
        raise InvalidInputError(
            f"A {what} is named {name!r:.80} ({type(name).__name__}); names are text."
        )
    if not name or len(name) > MAX_NAME_LENGTH:
        raise InvalidInputError(
            f"A {what} has a name of {len(name)} characters ({name!r:.60}); "
            f"1 to {MAX_NAME_LENGTH} are possible."
        )
    try:
        name.encode()
    except UnicodeEncodeError as error:
        raise InvalidInputError(
            f"A {what} is named {name!r:.80}, which is not valid Unicode text."
        ) from error
    return name


def check_key(key: object) -> str:
    """Return a key read from a catalog if it can only name a file inside the run.

    A store may come from a stranger, so what it says about its own files is not believed.
    """
    if isinstance(key, str) and len(key) <= 400:
        parts = key.split("/")
        if all(_KEY_PART.fullmatch(part) for part in parts):
            return key
    raise FormatError(
        f"The store names a file {key!r:.120}, which is not a path inside the run. "
        f"Do not trust this store; its catalog was damaged or made to mislead."
    )


def check_cache_key(key: object) -> str:
    """Return `key` if a derived result can be kept under it."""
    if not isinstance(key, str) or not _CACHE_KEY.fullmatch(key):
        raise InvalidInputError(
            f"{key!r:.150} is not a key of a derived result; use Provenance.key, or 1 to 128 "
            f"letters, digits, '.', '_' and '-'."
        )
    return key


def slug(name: str) -> str:
    """Folder name for a space: its readable letters plus a hash, so that two never meet."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    words = re.sub(r"[^A-Za-z0-9]+", "-", plain).strip("-")[:40].strip("-").lower()
    if words == name:  # already a fine name: keep it as people know it
        return words
    return f"{words or 'space'}-{xxhash.xxh3_64_hexdigest(name.encode())[:8]}"


def vectors_folder(space: str) -> str:
    """Folder of a space's vectors."""
    return f"vectors/{slug(space)}/"


def vectors_key(space: str, step: int, rank: int, token: str, split: int) -> str:
    """File of one part of a snapshot; `token` makes it this writer's and this record's own."""
    tail = f"-p{split:04d}" if split else ""
    return f"{vectors_folder(space)}{step:012d}-r{rank:04d}-{token}{tail}.npy"


def predictions_key(step: int, rank: int, token: str) -> str:
    """File of one rank's predictions at a step."""
    return f"predictions/{step:012d}-r{rank:04d}-{token}.npy"


def ids_key(digest: str) -> str:
    """File of a list of ids, named by its content."""
    return f"ids/{digest}.npy"


def metadata_key(digest: str) -> str:
    """File of a metadata table, named by its content."""
    return f"columns/metadata-{digest}.arrows"


def image_key(digest: str, page: int) -> str:
    """File of one page of thumbnails."""
    return f"images/{digest}-{page:04d}.png"


def journal_key(writer: str) -> str:
    """File of one writer's records."""
    return f"{JOURNAL}{writer}.rec"


def temporary_owner(key: str) -> str | None:
    """Writer of an unfinished file, from its name; None for other files."""
    if not key.endswith(TEMPORARY):
        return None
    pieces = key.rsplit("/", 1)[-1].split(".")
    return pieces[-2].split("-")[0] if len(pieces) >= 3 else ""


def file_owner(key: str) -> str | None:
    """First letters of the writer of vectors or predictions, from the name of their file."""
    pieces = key.rsplit("/", 1)[-1].split("-")
    owned = key.startswith(("vectors/", "predictions/")) and len(pieces) >= 4
    return pieces[2] if owned else None
