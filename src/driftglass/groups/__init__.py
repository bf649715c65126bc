"""Records that carry several labels: who belongs to a group, and which of them to draw.

A label record is a pair of group and name, such as ("rhythm", "atrial fibrillation"); an item may
have any number of them. Everything here takes a `driftglass.data.RecordsColumn` (or plain lists of
mappings) and returns masks, columns or positions. Drawing belongs in `driftglass.plots`.
"""

from ._centroids import class_overlap, label_spread
from ._panels import comparable_maps
from ._records import group_names, labels_in, map_labels, names_elsewhere, records_from
from ._sample import Sample, sample
from ._select import RULES, n_labels, select
from ._separation import compare_separation, separation

__all__ = [
    "RULES",
    "Sample",
    "class_overlap",
    "comparable_maps",
    "compare_separation",
    "group_names",
    "label_spread",
    "labels_in",
    "map_labels",
    "n_labels",
    "names_elsewhere",
    "records_from",
    "sample",
    "select",
    "separation",
]
