"""Plain nouns: frozen dataclasses of arrays that also say what they are.

Nothing here knows disk, network or a framework; nouns do not project, plot or save themselves.
"""

from ._columns import (
    BooleanColumn,
    CategoricalColumn,
    Column,
    DateColumn,
    NumberColumn,
    RecordsColumn,
    SetColumn,
    TextColumn,
)
from ._metadata import Metadata
from ._predictions import Predictions
from ._projection import Projection, ProjectionSequence, Quality
from ._provenance import Provenance
from ._scalars import Scalars
from ._snapshot import Snapshot
from ._sprites import SpriteSheet
from ._table import Table

__all__ = [
    "BooleanColumn",
    "CategoricalColumn",
    "Column",
    "DateColumn",
    "Metadata",
    "NumberColumn",
    "Predictions",
    "Projection",
    "ProjectionSequence",
    "Provenance",
    "Quality",
    "RecordsColumn",
    "Scalars",
    "SetColumn",
    "Snapshot",
    "SpriteSheet",
    "Table",
    "TextColumn",
]
