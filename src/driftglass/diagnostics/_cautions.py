"""What a reader of a map should not conclude from it, each with the number that says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InvalidInputError
from ._classes import neural_collapse
from ._null_map import NullTest
from ._stability import DISSOLVED, Stability

__all__ = [
    "Caution",
    "caution_of_collapse",
    "caution_of_density",
    "caution_of_dimension",
    "caution_of_duplicates",
    "caution_of_neighborhood",
    "caution_of_noise",
    "caution_of_smoothing",
    "caution_of_variance",
    "cautions_of_distances",
    "cautions_of_motion",
    "cautions_of_stability",
]

RANK_AGREEMENT = 0.7
GAP_FACTOR = 2.0
SHOWN_PAIRS = 3
DENSITY_AGREEMENT = 0.5
NOISE_SHARE = 0.10
LOOSE_POINT, LOOSE_SHARE = 0.3, 0.20
SEED_SPREAD = 0.5
DUPLICATE_SHARE = 0.01
MANY_DIMENSIONS, LOW_FAITHFULNESS = 10.0, 0.3
THIN_VARIANCE = 0.20
FALSE_MOTION = 0.05
RIGID_SHARE = 0.80
COLLAPSED = 0.05


@dataclass(frozen=True)
class Caution:
    """One thing that a map does not say.

    Parameters
    ----------
    kind : str
        "distance", "density", "noise", "setting", "seed", "duplicates", "collapse",
        "neighborhood", "dimension", "variance", "jumps", "rigid" or "smoothed".
    text : str
        For the reader of the picture.
    value, limit : float
        What was measured, and where the caution begins.
    """

    kind: str
    text: str
    value: float
    limit: float


def cautions_of_distances(
    X: NDArray[Any], Y: NDArray[Any], groups: Sequence[Any] | NDArray[Any]
) -> list[Caution]:
    """Gaps between groups that the map does not draw as they are.

    A gap is the distance of two centroids over the mean distance of their members to them, so that
    it has no unit. The map may scale all gaps alike: each is compared with the usual ratio of map
    to data, except where there are only two groups.
    """
    values = np.asarray(groups, dtype=object)
    names = sorted(
        {value for value in values.tolist() if value is not None and value != -1}, key=str
    )
    members = {name: np.flatnonzero(values == name) for name in names}
    names = [name for name in names if len(members[name]) > 1]
    if len(names) < 2:
        return []
    in_data, in_map = (_gaps(space, [members[name] for name in names]) for space in (X, Y))
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = in_map / in_data
    known = np.isfinite(ratios) & (ratios > 0)
    if not known.any():
        return []
    first, second = np.triu_indices(len(names), 1)
    usual = float(np.exp(np.median(np.log(ratios[known])))) if len(names) > 2 else 1.0
    off = np.zeros(len(ratios))
    off[known] = np.abs(np.log(ratios[known] / usual))
    cautions = []
    agreement = _rank_agreement(in_data, in_map)
    if len(names) > 3 and agreement < RANK_AGREEMENT:
        text = "distances between groups in this map do not follow those in the data"
        cautions.append(Caution("distance", text, agreement, RANK_AGREEMENT))
    for pair in np.argsort(-off, kind="stable")[:SHOWN_PAIRS]:
        factor = float(np.exp(off[pair]))
        if factor > GAP_FACTOR:
            pair_names = f"{names[first[pair]]} and {names[second[pair]]}"
            drawn = "wider" if ratios[pair] > usual else "narrower"
            text = (
                f"the gap between {pair_names} is not a measurement: it is drawn {factor:.1f} "
                f"times {drawn} than in the data"
            )
            cautions.append(Caution("distance", text, factor, GAP_FACTOR))
    return cautions


def caution_of_density(correlation: float) -> list[Caution]:
    """Tight spots that need not be tight in the data."""
    if not correlation < DENSITY_AGREEMENT:
        return []
    text = "tight here does not mean tight in the data: the map evens densities out"
    return [Caution("density", text, correlation, DENSITY_AGREEMENT)]


def caution_of_noise(test: NullTest, rows: NDArray[np.bool_] | None = None) -> list[Caution]:
    """Points that are placed no better than points of noise."""
    noisy = test.noisy() if rows is None else test.noisy()[rows]
    share = float(noisy.mean()) if len(noisy) else 0.0
    if share <= NOISE_SHARE:
        return []
    text = f"noise gives a picture like this: {share:.0%} of the points are placed no better"
    return [Caution("noise", text, share, NOISE_SHARE)]


def cautions_of_stability(found: Stability) -> list[Caution]:
    """Parts of the picture that other settings or seeds do not show."""
    cautions = []
    loose = float((found.points < LOOSE_POINT).mean())
    if loose > LOOSE_SHARE:
        text = f"{loose:.0%} of the points have other neighbours under other settings"
        cautions.append(Caution("setting", text, loose, LOOSE_SHARE))
    for name, overlap in found.groups.items():
        if overlap < DISSOLVED:
            stays, maps = found.together[name]
            text = f"group {name} stays together in {stays} of {maps} other maps"
            cautions.append(Caution("setting", text, overlap, DISSOLVED))
    if found.seed_spread > SEED_SPREAD:
        text = "another seed draws other neighbourhoods"
        cautions.append(Caution("seed", text, found.seed_spread, SEED_SPREAD))
    return cautions


def caution_of_duplicates(X: NDArray[Any]) -> list[Caution]:
    """Rows that are equal: their order in the map means nothing."""
    # Hashes, because sorting whole rows takes longer than all the rest of a report.
    share = 1.0 - len({hash(row.tobytes()) for row in X}) / len(X)
    if share <= DUPLICATE_SHARE:
        return []
    text = f"{share:.0%} of the rows repeat others: order inside such a spot is noise"
    return [Caution("duplicates", text, share, DUPLICATE_SHARE)]


def caution_of_collapse(X: NDArray[Any], labels: NDArray[Any]) -> list[Caution]:
    """Classes that are points for all that matters: where a row lies in its class means nothing."""
    numbers = np.unique(labels, return_inverse=True)[1]
    try:
        quotient = neural_collapse(X, numbers).nc1_quotient
    except InvalidInputError:  # class means that are one and the same
        return []
    if not quotient < COLLAPSED:
        return []
    text = (
        f"classes have collapsed (variance within them is {quotient:.1%} of that between): order "
        f"inside a group is noise"
    )
    return [Caution("collapse", text, quotient, COLLAPSED)]


def caution_of_neighborhood(n_samples: int, n_neighbors: float, name: str) -> list[Caution]:
    """A neighbourhood parameter that takes in most of the data."""
    share = n_neighbors / max(n_samples, 1)
    limit = 1 / 3 if name == "perplexity" else 0.5
    if share < limit:
        return []
    text = f"{name} {n_neighbors:g} is too large for {n_samples:,} points: all are neighbours"
    return [Caution("neighborhood", text, share, limit)]


def caution_of_dimension(
    dimension: float | None, faithful: float, n_components: int
) -> list[Caution]:
    """More directions than can be drawn, and a map that shows it."""
    if dimension is None or dimension <= MANY_DIMENSIONS or not faithful < LOW_FAITHFULNESS:
        return []
    text = f"about {dimension:.0f} directions matter here; {n_components} are drawn"
    return [Caution("dimension", text, dimension, MANY_DIMENSIONS)]


def caution_of_variance(share: float | None, n_components: int) -> list[Caution]:
    """A linear map that shows little of what there is."""
    if share is None or share >= THIN_VARIANCE:
        return []
    text = f"{n_components} axes show {share:.0%} of the variance"
    return [Caution("variance", text, share, THIN_VARIANCE)]


def cautions_of_motion(false_motion: float, rigid_share: float) -> list[Caution]:
    """Motion that is drawn but not real, and motion that changes nothing."""
    cautions = []
    if false_motion > FALSE_MOTION:
        text = f"points jump over {false_motion:.0%} of the cloud without cause"
        cautions.append(Caution("jumps", text, false_motion, FALSE_MOTION))
    if rigid_share > RIGID_SHARE:
        text = f"{rigid_share:.0%} of the movement is rotation or scale of the whole"
        cautions.append(Caution("rigid", text, rigid_share, RIGID_SHARE))
    return cautions


def caution_of_smoothing(before: float, after: float, update: float) -> list[Caution]:
    """Maps that are mixed with those before them, with what that costs in faithfulness."""
    if update >= 1.0:
        return []
    text = (
        f"smoothed: each map is {1 - update:.0%} the one before; F is {after:.3f}, and "
        f"{before:.3f} without"
    )
    return [Caution("smoothed", text, 1.0 - update, 0.0)]


def _gaps(X: NDArray[Any], members: list[NDArray[np.int64]]) -> NDArray[np.float64]:
    """Distance of centroids over the mean distance to them, for every pair."""
    points = X.astype(np.float64)
    centers = np.stack([points[rows].mean(axis=0) for rows in members])
    spreads = np.array(
        [
            np.linalg.norm(points[rows] - center, axis=1).mean()
            for rows, center in zip(members, centers, strict=True)
        ]
    )
    first, second = np.triu_indices(len(members), 1)
    apart = np.linalg.norm(centers[first] - centers[second], axis=1)
    around = (spreads[first] + spreads[second]) / 2
    return np.asarray(np.divide(apart, around, out=np.zeros_like(apart), where=around > 0))


def _rank_agreement(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    from scipy.stats import spearmanr

    if len(a) < 3 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return 1.0
    return float(spearmanr(a, b).statistic)
