"""What one snapshot says about its space, from shared moments and one table of neighbours."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._device import Device
from ..data import Predictions
from ..data._ids import positions
from ..errors import InvalidInputError
from ..neighbors import exact_neighbors
from ._classes import collapse_estimates, knn_hits, silhouette_estimate
from ._estimates import Estimate, of_mean
from ._frames import Frame, Material
from ._geometry import (
    antihub_share,
    hub_skewness,
    occurrences,
    two_nn_estimate,
    uniformity_estimate,
    uniformity_floor,
)
from ._predictions import confusion_matrix
from ._spectrum import Spectrum

__all__ = ["N_NEIGHBORS", "N_VOTERS", "Findings", "drawn_rows", "single_findings"]

N_NEIGHBORS = 10
"""Size of a neighbourhood, for overlaps and hubs."""
N_VOTERS = 20
"""Neighbours that vote for a label."""
N_EIGENVALUES = 10
SHARES = (1, 2, 10)
EQUAL_ROWS = "all rows are equal"
FEW_ROWS = f"fewer than {N_NEIGHBORS + 2} finite rows"
LABEL_TRACKS = (
    "knn_accuracy",
    "silhouette",
    "nc1",
    "nc1_quotient",
    "cdnv",
    "nc2_norms",
    "nc2_angles",
)


@dataclass
class Findings:
    """What was found in one snapshot.

    Parameters
    ----------
    step : int
        Its step.
    estimates : dict of str to Estimate
        By name of the track.
    lacking : dict of str to str
        Why there is no value, by name of the track.
    table : ndarray of shape (n_samples, n_neighbors) or None
        Nearest neighbours of every row.
    confusion : ndarray of shape (n_classes, n_classes) or None
        Counts of predictions by label.
    """

    step: int
    estimates: dict[str, Estimate] = field(default_factory=dict)
    lacking: dict[str, str] = field(default_factory=dict)
    table: NDArray[np.int32] | None = None
    confusion: NDArray[np.int64] | None = None

    def add(self, name: str, make: Callable[[], Estimate | None], why: str = EQUAL_ROWS) -> None:
        """Keep what `make` returns, or why it cannot."""
        try:
            estimate = make()
        except InvalidInputError as error:
            self.lacking[name] = str(error)
            return
        if estimate is None:
            self.lacking[name] = why
        else:
            self.estimates[name] = estimate


def single_findings(frame: Frame, material: Material, n_probe: int, seed: int) -> Findings:
    """Everything that one snapshot says by itself."""
    found = Findings(frame.step)
    X = frame.read()
    if len(X) >= 2:
        _from_moments(found, Spectrum(X, material.device))
    else:
        for name in ("norm_mean", "radius", "effective_rank", "rankme", "alpha"):
            found.lacking[name] = "fewer than 2 finite rows"
    probe = drawn_rows(len(X), n_probe, seed)
    found.add(
        "uniformity", lambda: uniformity_estimate(X[probe]), "fewer than 2 rows have a direction"
    )
    if "uniformity" in found.estimates:
        floor = Estimate(uniformity_floor(X.shape[1]), 0.0, len(probe))
        found.add("uniformity_floor", lambda: floor)
    _from_neighbors(found, X, seed, material.device)
    _from_labels(found, frame, X, material, probe)
    _from_predictions(found, frame, material)
    return found


def drawn_rows(n_samples: int, n_rows: int, seed: int) -> NDArray[np.int64]:
    """Some rows, ascending; all of them where there are no more."""
    if n_samples <= n_rows:
        return np.arange(n_samples)
    rng = np.random.default_rng([seed, zlib.crc32(b"probe")])
    return np.sort(rng.choice(n_samples, n_rows, replace=False, shuffle=False))


def _from_moments(found: Findings, spectrum: Spectrum) -> None:
    mean, spread = spectrum.norms()
    found.add("norm_mean", lambda: mean)
    found.add("norm_sd", lambda: spread)
    found.add("radius", spectrum.radius)
    zero = spectrum.raw.values[0] <= 0
    found.add("mean_share", lambda: None if zero else spectrum.mean_share(), "all rows are zero")
    found.add("mean_cosine", lambda: spectrum.cosine(centered=False), "all rows are zero")
    found.add("mean_cosine_centered", lambda: spectrum.cosine(centered=True))
    found.add("rankme", lambda: None if zero else spectrum.rankme(), "all rows are zero")
    flat = spectrum.constant
    found.add("effective_rank", lambda: None if flat else spectrum.effective_rank())
    for n in SHARES:
        found.add(f"variance_share_{n}", lambda n=n: None if flat else spectrum.share(n))  # type: ignore[misc]
    for rank in range(min(N_EIGENVALUES, len(spectrum.centered.values))):
        found.add(f"eigenvalue_{rank + 1}", lambda rank=rank: spectrum.eigenvalue(rank))  # type: ignore[misc]
    if flat:
        found.lacking["alpha"] = EQUAL_ROWS
        return
    try:
        _, alpha, r_squared = spectrum.alpha()
    except InvalidInputError as error:
        found.lacking["alpha"] = str(error)
        return
    found.add("alpha", lambda: alpha)
    found.add("alpha_r_squared", lambda: r_squared)


def _from_neighbors(found: Findings, X: NDArray[Any], seed: int, device: Device | None) -> None:
    if len(X) < N_NEIGHBORS + 2:
        for name in ("two_nn", "two_nn_half", "antihub_share", "hub_skewness"):
            found.lacking[name] = FEW_ROWS
        return
    graph = exact_neighbors(X, min(N_VOTERS, len(X) - 1), n_jobs=1, device=device)
    found.table = graph.indices
    found.add("two_nn", lambda: two_nn_estimate(graph.distances))
    half = drawn_rows(len(X), len(X) // 2, seed)
    # The dimension depends on the scale; half of the rows look at a coarser one.
    near = exact_neighbors(X[half], 2, n_jobs=1, device=device)
    found.add("two_nn_half", lambda: two_nn_estimate(near.distances))
    counts = occurrences(graph.indices[:, :N_NEIGHBORS], len(X))
    found.add("antihub_share", lambda: antihub_share(counts))
    found.add("hub_skewness", lambda: hub_skewness(counts))


def _from_labels(
    found: Findings,
    frame: Frame,
    X: NDArray[Any],
    material: Material,
    probe: NDArray[np.int64],
) -> None:
    names = [*LABEL_TRACKS, *(["nc3"] if material.weights else [])]
    if material.labels is None:
        found.lacking.update(dict.fromkeys(names, material.why_no_labels))
        return
    numbers = material.labels.of(frame.ids)
    known = np.flatnonzero(numbers >= 0)
    classes, compact = np.unique(numbers[known], return_inverse=True)
    if len(classes) < 2:
        why = f"{len(classes)} classes have labelled rows; at least 2 are needed"
        found.lacking.update(dict.fromkeys(names, why))
        return
    rows = X if len(known) == len(X) else X[known]
    if len(known) <= N_VOTERS:
        found.lacking["knn_accuracy"] = f"no more than {N_VOTERS} labelled rows"
    else:
        table = found.table
        if len(known) < len(X) or table is None:
            table = exact_neighbors(rows, N_VOTERS, n_jobs=1, device=material.device).indices
        found.add("knn_accuracy", lambda: of_mean(knn_hits(table, compact, len(classes))))
    shown = probe if len(known) == len(X) else drawn_rows(len(rows), len(probe), 0)
    if len(np.unique(compact[shown])) >= 2:
        found.add("silhouette", lambda: silhouette_estimate(rows[shown], compact[shown]))
    _collapse(found, frame, rows, compact, classes, known, material)


def _collapse(
    found: Findings,
    frame: Frame,
    rows: NDArray[Any],
    compact: NDArray[np.int64],
    classes: NDArray[np.int64],
    known: NDArray[np.int64],
    material: Material,
) -> None:
    unmatched = material.labels.why_unmatched if material.labels is not None else ""
    weights = None if unmatched else material.weights.get(frame.step)
    if weights is not None and len(weights) > int(classes[-1]):
        weights = weights[classes]
    said = None if unmatched else material.predictions.get(frame.step)
    predicted = None
    if said is not None:
        numbers = _predicted(said, frame.ids[known])
        # A class without rows has no mean to compare with.
        lookup = np.full(max(int(numbers.max(initial=0)), int(classes[-1])) + 2, -2)
        lookup[classes] = np.arange(len(classes))
        predicted = np.where(numbers >= 0, lookup[numbers], -2)
    try:
        estimates = collapse_estimates(
            rows, compact, len(classes), weights=weights, predicted=predicted
        )
    except InvalidInputError as error:
        found.lacking.update(dict.fromkeys(LABEL_TRACKS[2:], str(error)))
        return
    if unmatched and material.weights:
        found.lacking["nc3"] = unmatched
    if said is None:
        found.lacking["nc4"] = unmatched or material.why_no_predictions
    found.estimates.update(estimates)


def _from_predictions(found: Findings, frame: Frame, material: Material) -> None:
    said = material.predictions.get(frame.step)
    if said is None:
        found.lacking["accuracy"] = material.why_no_predictions
        return
    if material.labels is None or material.labels.why_unmatched:
        why = material.labels.why_unmatched if material.labels else material.why_no_labels
        found.lacking["accuracy"] = why
        return
    numbers, predicted = material.labels.of(said.ids), said.predicted
    known = (numbers >= 0) & (predicted >= 0)
    if not known.any():
        found.lacking["accuracy"] = "no row has both a label and a prediction"
        return
    right = (numbers == predicted)[known].astype(np.float64)
    found.add("accuracy", lambda: of_mean(right))
    size = max(len(material.labels.classes), int(predicted.max(initial=-1)) + 1)
    found.confusion = confusion_matrix(numbers, predicted, n_classes=size)


def _predicted(said: Predictions, ids: NDArray[Any]) -> NDArray[np.int64]:
    where = positions(ids, said.ids)
    if len(said.ids) == 0:
        return np.full(len(ids), -1, dtype=np.int64)
    return np.where(where >= 0, said.predicted[where], -1)
