"""Numbers that say how far a map can be trusted.

Functions of arrays that return numbers. They draw nothing and read no store.
"""

from ._cautions import Caution
from ._faithfulness import Faithfulness, faithfulness
from ._label_trust import LabelTrust, label_trust
from ._map_distances import DistanceScores, density_preservation, distance_scores
from ._map_errors import PointErrors, point_errors
from ._null_map import NullTest, null_test
from ._quality import continuity, quality, trustworthiness
from ._stability import Multiverse, Stability, multiverse, stability
from ._steadiness import Steadiness, steadiness_cohesiveness
from ._trust_report import TrustReport, trust_report

__all__ = [
    "Caution",
    "DistanceScores",
    "Faithfulness",
    "LabelTrust",
    "Multiverse",
    "NullTest",
    "PointErrors",
    "Stability",
    "Steadiness",
    "TrustReport",
    "continuity",
    "density_preservation",
    "distance_scores",
    "faithfulness",
    "label_trust",
    "multiverse",
    "null_test",
    "point_errors",
    "quality",
    "stability",
    "steadiness_cohesiveness",
    "trust_report",
    "trustworthiness",
]
