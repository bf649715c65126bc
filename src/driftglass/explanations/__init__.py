"""Why a point is where it is: contributions of features to coordinates, and how far to trust them.

Functions take a fitted map and vectors and return values. Nothing here trains a map or draws;
`driftglass.explain` reads runs, `driftglass.plots` draws.
"""

from ._attribution import Attribution, Fidelity
from ._explain import explain
from ._groups import GroupContributions, TopContributions, explain_groups, top_contributions
from ._ranking import FeatureRanking, RepeatedContributions, rank_features, repeat_fits
from ._surrogate import Surrogate, fit_surrogate

__all__ = [
    "Attribution",
    "FeatureRanking",
    "Fidelity",
    "GroupContributions",
    "RepeatedContributions",
    "Surrogate",
    "TopContributions",
    "explain",
    "explain_groups",
    "fit_surrogate",
    "rank_features",
    "repeat_fits",
    "top_contributions",
]
