"""Records that carry several labels: who belongs to a group, and which of them to draw.

A label record is a pair of group and name, such as ("rhythm", "atrial fibrillation"); an item may
have any number of them. Everything here takes a `driftglass.data.RecordsColumn` (or plain lists of
mappings) and returns masks, columns or positions. Crowds of a map and words that name them are here
too. Drawing belongs in `driftglass.plots`.
"""

from ._centroids import class_overlap, label_spread
from ._clusters import map_clusters
from ._naming import GroupName, Word, name_groups, rename_groups
from ._panels import comparable_maps
from ._records import group_names, labels_in, map_labels, names_elsewhere, records_from
from ._sample import Sample, sample
from ._select import RULES, n_labels, select
from ._separation import compare_separation, separation

__all__ = [
    "RULES",
    "GroupName",
    "Sample",
    "Word",
    "class_overlap",
    "comparable_maps",
    "compare_separation",
    "group_names",
    "label_spread",
    "labels_in",
    "map_clusters",
    "map_labels",
    "n_labels",
    "name_groups",
    "names_elsewhere",
    "records_from",
    "rename_groups",
    "sample",
    "select",
    "separation",
]
