"""driftglass: log, project, explain and compare the embedding spaces of a model.

>>> import driftglass as dg
>>> store = dg.open("runs")  # doctest: +SKIP
>>> run = store.create("digits-mlp", ids=ids, images=images)  # doctest: +SKIP
>>> run.log(step, spaces={"hidden": Z}, scalars={"loss": 0.31})  # doctest: +SKIP
>>> dg.show(run)  # doctest: +SKIP
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .errors import (
    DamagedError,
    DriftglassError,
    DriftglassWarning,
    FormatError,
    InvalidInputError,
    MissingDependencyError,
    NotFoundError,
    ShapeError,
    StoreError,
    WorkerError,
)

if TYPE_CHECKING:
    from ._combine import combine as combine
    from ._compare import RunComparison as RunComparison
    from ._compare import compare as compare
    from ._explain import explain as explain
    from ._exporting import export as export
    from ._importing import import_file as import_file
    from ._project import project as project
    from ._show import show as show
    from .data import Metadata as Metadata
    from .data import Predictions as Predictions
    from .data import Projection as Projection
    from .data import ProjectionSequence as ProjectionSequence
    from .data import Scalars as Scalars
    from .data import Snapshot as Snapshot
    from .data import SpriteSheet as SpriteSheet
    from .large import project_large as project_large
    from .store import Run as Run
    from .store import Store as Store
    from .store import open as open
    from .widget import Widget as Widget

__version__ = "0.1.0"

# Loaded on first use, so that `import driftglass` costs no more than NumPy.
_HOMES = {
    "Metadata": "data",
    "Predictions": "data",
    "Projection": "data",
    "ProjectionSequence": "data",
    "Run": "store",
    "RunComparison": "_compare",
    "Scalars": "data",
    "Snapshot": "data",
    "SpriteSheet": "data",
    "Store": "store",
    "Widget": "widget",
    "combine": "_combine",
    "compare": "_compare",
    "explain": "_explain",
    "export": "_exporting",
    "import_file": "_importing",
    "label_clusters": "_label",
    "open": "store",
    "project": "_project",
    "project_large": "large",
    "show": "_show",
}

__all__ = [
    "DamagedError",
    "DriftglassError",
    "DriftglassWarning",
    "FormatError",
    "InvalidInputError",
    "Metadata",
    "MissingDependencyError",
    "NotFoundError",
    "Predictions",
    "Projection",
    "ProjectionSequence",
    "Run",
    "RunComparison",
    "Scalars",
    "ShapeError",
    "Snapshot",
    "SpriteSheet",
    "Store",
    "StoreError",
    "Widget",
    "WorkerError",
    "combine",
    "compare",
    "explain",
    "export",
    "import_file",
    "label_clusters",
    "open",
    "project",
    "project_large",
    "show",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{_HOMES[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
