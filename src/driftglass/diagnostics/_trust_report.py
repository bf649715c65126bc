"""Everything that says how far one map can be trusted, together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._progress import Progress, silent
from ..data import Quality, Table
from ..errors import InvalidInputError
from ._cautions import (
    Caution,
    caution_of_collapse,
    caution_of_density,
    caution_of_duplicates,
    caution_of_neighborhood,
    caution_of_noise,
    cautions_of_distances,
    cautions_of_stability,
)
from ._faithfulness import Faithfulness, faithfulness
from ._label_trust import LabelTrust, label_trust
from ._map_distances import DistanceScores, density_preservation, distance_scores
from ._map_errors import PointErrors, errors_of
from ._neighborhoods import neighborhoods
from ._null_map import NullTest, null_test
from ._quality import _checked, quality_of
from ._stability import Multiverse, Stability, clusters, stability

__all__ = ["TrustReport", "trust_report"]

CLUSTER_ROWS = 2_000
N_ANCHORS = 1_000
STEPS = 5


@dataclass(frozen=True, eq=False)
class TrustReport:
    """How far a map can be trusted: numbers, points, and what not to conclude.

    Parameters
    ----------
    quality : Quality
        Trustworthiness and continuity, with that of a shuffled map.
    faithfulness : Faithfulness
        F and the share of neighbourhoods kept at every size.
    errors : PointErrors
        False and missing neighbours of points.
    distances : DistanceScores
        Whether distances mean anything.
    density : float
        Whether tightness means anything, -1 to 1.
    labels : LabelTrust or None
        Whether the distances of classes mean anything; None without classes.
    null : NullTest or None
        Points against points of noise; None if no way to project was given.
    stability : Stability or None
        Agreement of other settings and seeds; None if no other maps were given.
    cautions : tuple of Caution
        What not to conclude from the map.
    caption : str
        Method, rows and the main numbers, to go below the picture.
    n_samples : int
        Rows of the map.
    """

    quality: Quality
    faithfulness: Faithfulness
    errors: PointErrors
    distances: DistanceScores
    density: float
    labels: LabelTrust | None
    null: NullTest | None
    stability: Stability | None
    cautions: tuple[Caution, ...]
    caption: str
    n_samples: int

    @property
    def badge(self) -> str:
        """The three numbers that belong on every picture."""
        known = self.quality
        return (
            f"trust {known.trustworthiness:.3f} · continuity {known.continuity:.3f} · "
            f"F {self.faithfulness.value:.2f}"
        )

    def table(self) -> Table:
        """One row per number: what it is, its value, what chance gives, and how it was measured."""
        q, anchors = self.quality, f"{self.quality.n_anchors:,} rows against {self.n_samples:,}"
        near = f"k = {q.n_neighbors}; {anchors}"
        rows: list[tuple[str, float, float | None, str]] = [
            ("trustworthiness", q.trustworthiness, q.null, near),
            ("continuity", q.continuity, q.null, near),
            ("faithfulness F", self.faithfulness.value, 0.0, anchors),
            ("neighbours kept", float(self.errors.kept.mean()), self._chance(), near),
            ("false neighbours", float(self.errors.false.mean()), None, near),
            ("missing neighbours", float(self.errors.missing.mean()), None, near),
            ("distances, Spearman", self.distances.spearman, 0.0, self._pairs()),
            ("distances, Pearson", self.distances.pearson, 0.0, self._pairs()),
            ("stress, best scale", self.distances.stress, None, self._pairs()),
            ("density", self.density, 0.0, "15 neighbours"),
        ]
        if self.labels is not None:
            said = f"{len(self.labels.names)} classes"
            rows.append(("label trustworthiness", self.labels.trustworthiness, None, said))
            rows.append(("label continuity", self.labels.continuity, None, said))
        if self.null is not None:
            said = f"{self.null.n_maps} maps of permuted columns, 5 % false discoveries"
            rows.append(("points like noise", self.null.like_noise(), None, said))
        if self.stability is not None:
            said = f"{len(self.stability.between)} maps, {self.stability.n_neighbors} neighbours"
            rows.append(("stability", float(self.stability.points.mean()), 0.0, said))
        return Table(("measure", "value", "chance", "measured"), tuple(rows), self.caption)

    def _chance(self) -> float:
        return self.errors.n_neighbors / max(self.n_samples - 1, 1)

    def _pairs(self) -> str:
        return f"{self.distances.n_pairs:,} pairs"


def trust_report(
    X: Any,
    Y: Any,
    *,
    labels: Any = None,
    project: Callable[[NDArray[Any]], Any] | None = None,
    maps: Multiverse | None = None,
    method: str = "",
    parameters: Mapping[str, Any] | None = None,
    n_neighbors: int = 15,
    n_anchors: int = N_ANCHORS,
    random_state: int = 0,
    progress: Progress = silent,
    n_jobs: int | None = None,
) -> TrustReport:
    """Measure a map against the vectors it was made from.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Vectors: the raw ones, not smoothed or reduced ones.
    Y : array-like of shape (n_samples, n_components)
        Coordinates of the same rows.
    labels : array-like of shape (n_samples,), optional
        Classes, for what is said of distances between groups; clusters of the map otherwise.
    project : callable, optional
        Vectors to a map, as `Y` was made: makes one map of noise to compare with (`null_test`).
    maps : Multiverse, optional
        Maps under other settings and seeds (`multiverse`), the shown one not among them.
    method : str
        Name of the method, for the caption.
    parameters : mapping, optional
        Those of the method, for the caption; ``perplexity`` and ``n_neighbors`` are checked.
    n_neighbors : int
        Size of a neighbourhood.
    n_anchors : int
        Rows that are looked at, each against all rows.
    random_state : int
        Seed of all draws.
    progress : callable
        Hears ``(done, total, text)``; raising in it ends the report.
    n_jobs : int or None
        Threads; None uses every core.

    Returns
    -------
    report : TrustReport
        Numbers are estimates from the anchors where there are more rows than anchors.

    Raises
    ------
    InvalidInputError
        Fewer than four rows, or vectors that are all equal: there is nothing to judge.
    """
    X, Y = _checked(X, Y)
    drawn: dict[str, Any] = {"n_anchors": n_anchors, "random_state": random_state}
    threads: dict[str, Any] = {"n_jobs": n_jobs}
    said = ("neighbourhoods", "all scales", "distances", "noise", "other maps")
    steps = iter([(done, STEPS, text) for done, text in enumerate(said)])
    progress(*next(steps))
    around = neighborhoods(X, Y, n_neighbors=n_neighbors, **drawn, **threads)
    if around is None or bool((X[:1] == X).all()):
        raise InvalidInputError(
            "There is nothing to judge: fewer than three rows, or vectors that are all equal."
        )
    known = quality_of(around, np.arange(len(X)))
    errors = errors_of(around)
    progress(*next(steps))
    faithful = faithfulness(X, Y, **drawn, **threads)
    progress(*next(steps))
    distances = distance_scores(X, Y, random_state=random_state)
    density = density_preservation(X, Y, n_anchors=n_anchors, random_state=random_state)
    classes = _labels_of(labels, len(X))
    of_labels = label_trust(X, Y, classes) if classes is not None else None
    progress(*next(steps))
    null = None
    if project is not None:
        null = null_test(X, Y, project, **drawn, **threads, known=faithful)
    progress(*next(steps))
    agreement = None
    if maps is not None:
        shown = Multiverse(({"shown": True}, *maps.settings), (Y, *maps.maps))
        agreement = stability(shown, labels=classes, random_state=random_state)
    given = dict(parameters or {})
    rows = _rows(len(X), random_state)
    groups = np.asarray(classes)[rows] if classes is not None else clusters(Y[rows])
    cautions = [
        *cautions_of_distances(X[rows], Y[rows], groups),
        *caution_of_density(density),
        *(caution_of_noise(null) if null is not None else ()),
        *(cautions_of_stability(agreement) if agreement is not None else ()),
        *caution_of_duplicates(X),
        *(caution_of_collapse(X[rows], groups) if classes is not None else ()),
        *(
            caution
            for name in ("perplexity", "n_neighbors")
            if isinstance(given.get(name), (int, float))
            for caution in caution_of_neighborhood(len(X), given[name], name)
        ),
    ]
    return TrustReport(
        quality=known,
        faithfulness=faithful,
        errors=errors,
        distances=distances,
        density=density,
        labels=of_labels,
        null=null,
        stability=agreement,
        cautions=tuple(cautions),
        caption=_caption(X, known, faithful, method, given),
        n_samples=len(X),
    )


def _labels_of(labels: Any, n: int) -> NDArray[Any] | None:
    if labels is None:
        return None
    values = np.asarray(labels)
    if len(values) == n and len(np.unique(values)) < 2:
        return None
    return values


def _rows(n: int, random_state: int) -> NDArray[np.int64]:
    if n <= CLUSTER_ROWS:
        return np.arange(n)
    rng = np.random.default_rng([random_state, 5])
    return np.sort(rng.choice(n, CLUSTER_ROWS, replace=False))


def _caption(
    X: NDArray[Any], known: Quality, faithful: Faithfulness, method: str, given: Mapping[str, Any]
) -> str:
    settings = ", ".join(f"{name} {value}" for name, value in given.items())
    what = f"{method} ({settings})" if method and settings else method
    parts = [
        what,
        f"n = {len(X):,}, d = {X.shape[1]:,}",
        f"trustworthiness {known.trustworthiness:.3f} (shuffled {known.null:.2f}), continuity "
        f"{known.continuity:.3f} at k = {known.n_neighbors}",
        f"F {faithful.value:.2f}",
    ]
    if known.n_anchors < len(X):
        parts.append(f"from {known.n_anchors:,} rows against all")
    return " · ".join(part for part in parts if part)
