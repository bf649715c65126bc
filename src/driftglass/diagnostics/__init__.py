"""Numbers that say how far a map can be trusted, and what a space does during training.

Functions of arrays that return numbers; `tracks` also takes a run. They draw nothing and write
nothing.
"""

from ._cautions import Caution
from ._classes import NeuralCollapse, knn_accuracy, neural_collapse
from ._drift import Drift, curvature, drift
from ._faithfulness import Faithfulness, faithfulness
from ._geometry import Hubness, hubness, two_nn, uniformity, uniformity_floor
from ._label_trust import LabelTrust, label_trust
from ._map_distances import DistanceScores, density_preservation, distance_scores
from ._map_errors import PointErrors, point_errors
from ._null_map import NullTest, null_test
from ._predictions import confusion_matrix, prediction_similarity
from ._quality import continuity, quality, trustworthiness
from ._sequence_scores import SequenceScores, sequence_scores
from ._sequence_scores_denoised import Denoised, denoise
from ._sequence_scores_published import (
    PublishedScores,
    SpeedScores,
    published_scores,
    speed_scores,
)
from ._sequence_scores_still import mean_step, still_test
from ._similarity import (
    ProcrustesDistance,
    cka_map,
    linear_cka,
    mutual_knn,
    neighbor_overlap,
    procrustes_distance,
)
from ._spectrum import (
    AlphaFit,
    effective_rank,
    eigenspectrum_alpha,
    eigenvalues,
    participation_ratio,
    rankme,
)
from ._stability import Multiverse, Stability, multiverse, stability
from ._steadiness import Steadiness, steadiness_cohesiveness
from ._track_table import Track, Tracks
from ._tracks import tracks
from ._trust_report import TrustReport, trust_report

__all__ = [
    "AlphaFit",
    "Caution",
    "Denoised",
    "DistanceScores",
    "Drift",
    "Faithfulness",
    "Hubness",
    "LabelTrust",
    "Multiverse",
    "NeuralCollapse",
    "NullTest",
    "PointErrors",
    "ProcrustesDistance",
    "PublishedScores",
    "SequenceScores",
    "SpeedScores",
    "Stability",
    "Steadiness",
    "Track",
    "Tracks",
    "TrustReport",
    "cka_map",
    "confusion_matrix",
    "continuity",
    "curvature",
    "denoise",
    "density_preservation",
    "distance_scores",
    "drift",
    "effective_rank",
    "eigenspectrum_alpha",
    "eigenvalues",
    "faithfulness",
    "hubness",
    "knn_accuracy",
    "label_trust",
    "linear_cka",
    "mean_step",
    "multiverse",
    "mutual_knn",
    "neighbor_overlap",
    "neural_collapse",
    "null_test",
    "participation_ratio",
    "point_errors",
    "prediction_similarity",
    "procrustes_distance",
    "published_scores",
    "quality",
    "rankme",
    "sequence_scores",
    "speed_scores",
    "stability",
    "steadiness_cohesiveness",
    "still_test",
    "tracks",
    "trust_report",
    "trustworthiness",
    "two_nn",
    "uniformity",
    "uniformity_floor",
]
