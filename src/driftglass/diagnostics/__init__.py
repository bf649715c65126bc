"""Numbers that say how far a map can be trusted, and what a space does during training.

Functions of arrays that return numbers; `tracks` also takes a run. They draw nothing and write
nothing.
"""

from ._classes import NeuralCollapse, knn_accuracy, neural_collapse
from ._drift import Drift, curvature, drift
from ._geometry import Hubness, hubness, two_nn, uniformity, uniformity_floor
from ._predictions import confusion_matrix, prediction_similarity
from ._quality import continuity, quality, trustworthiness
from ._sequence_scores import SequenceScores, sequence_scores
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
from ._track_table import Track, Tracks
from ._tracks import tracks

__all__ = [
    "AlphaFit",
    "Drift",
    "Hubness",
    "NeuralCollapse",
    "ProcrustesDistance",
    "PublishedScores",
    "SequenceScores",
    "SpeedScores",
    "Track",
    "Tracks",
    "cka_map",
    "confusion_matrix",
    "continuity",
    "curvature",
    "drift",
    "effective_rank",
    "eigenspectrum_alpha",
    "eigenvalues",
    "hubness",
    "knn_accuracy",
    "linear_cka",
    "mean_step",
    "mutual_knn",
    "neighbor_overlap",
    "neural_collapse",
    "participation_ratio",
    "prediction_similarity",
    "procrustes_distance",
    "published_scores",
    "quality",
    "rankme",
    "sequence_scores",
    "speed_scores",
    "still_test",
    "tracks",
    "trustworthiness",
    "two_nn",
    "uniformity",
    "uniformity_floor",
]
