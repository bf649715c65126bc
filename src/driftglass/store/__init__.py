"""Everything on disk: a store is a folder of runs, a run a folder of immutable files.

Only this folder knows paths, files and SQLite. What it hands out are the plain nouns of
`driftglass.data`; how the bytes lie is written down in ``docs/format.md``.
"""

from ._blobs import Blob, Blobs
from ._cache import Cache, CachedResult
from ._infos import Problem, Report, SnapshotInfo, StoredEvent, WriteReport
from ._local import LocalBlobs
from ._memory import MemoryBlobs
from ._open import open
from ._run import Run
from ._store import Store
from ._views import SavedView

__all__ = [
    "Blob",
    "Blobs",
    "Cache",
    "CachedResult",
    "LocalBlobs",
    "MemoryBlobs",
    "Problem",
    "Report",
    "Run",
    "SavedView",
    "SnapshotInfo",
    "Store",
    "StoredEvent",
    "WriteReport",
    "open",
]
