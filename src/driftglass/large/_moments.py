"""What one pass over all rows says: moments, lengths, labels; and principal axes from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InvalidInputError
from ..parallel import opened
from ..projections import PCA
from ..projections._moments import Moments, principal_axes
from ._open import open_partitions
from ._partition import Partition, Partitions, Trouble, read_block
from ._work import Arrays, Work

__all__ = ["Totals", "measure", "pca", "pca_of", "totals_of"]


@dataclass(eq=False)
class Totals:
    """Sums over all usable rows of a space.

    Parameters
    ----------
    moments : Moments
        Number of rows, mean and scatter.
    lengths : ndarray of shape (2,)
        Sums of the lengths of rows and of their squares.
    directions : ndarray of shape (n_features,)
        Sum of the rows at unit length.
    n_pointing : int
        Rows that have a direction.
    labels : dict of str to int
        Rows of each label.
    first_rows : dict of str to int
        Number of the first row of each label.
    used : dict of int to int
        Usable rows of each partition, by its number.
    n_left_out : int
        Rows that are not finite.
    """

    moments: Moments
    lengths: NDArray[np.float64]
    directions: NDArray[np.float64]
    n_pointing: int
    labels: dict[str, int]
    first_rows: dict[str, int]
    used: dict[int, int]
    n_left_out: int

    @property
    def n_samples(self) -> int:
        """Usable rows."""
        return self.moments.n_samples


def measure(item: tuple[Partition, int, bool]) -> Arrays:
    """Sums over one partition."""
    part, n_features, labels = item
    block = read_block(part, n_features, labels=labels)
    if len(block.X) == 0:
        raise InvalidInputError(f"{part.name} has no row that is finite. Leave it out.")
    moments = Moments.empty(n_features)
    with np.errstate(over="ignore", invalid="ignore"):
        moments.add(block.X)
        squares = np.einsum("ij,ij->i", block.X, block.X, dtype=np.float64)
        lengths = np.sqrt(squares)
        pointing = lengths > 0
        inverse = np.divide(1.0, lengths, out=np.zeros_like(lengths), where=pointing)
        directions = inverse @ block.X
    if not np.isfinite(moments.scatter).all() or not np.isfinite(squares).all():
        raise InvalidInputError(
            f"{part.name} has values whose squares are beyond double precision. Scale them."
        )
    arrays: Arrays = {
        "n": np.array([moments.n_samples, int(pointing.sum()), block.n_left_out]),
        "mean": moments.mean,
        "scatter": moments.scatter,
        "lengths": np.array([lengths.sum(), squares.sum()]),
        "directions": directions,
    }
    if block.labels is not None:
        names, at, counts = np.unique(block.labels, return_index=True, return_counts=True)
        arrays |= {"labels": names.astype(str), "counts": counts, "at": block.rows[at]}
    return arrays


def totals_of(parts: Partitions, work: Work, *, stage: str = "moments", step: int = 0) -> Totals:
    """Sums over all partitions, added up in their order.

    Raises
    ------
    InvalidInputError
        No partition can be used, or one cannot and `work` is strict.
    """
    labels = any(getattr(part.source, "labels", None) is not None
                 or getattr(part.source, "label", None) is not None for part in parts)  # fmt: skip
    items = [(part, parts.n_features, labels) for part in parts]
    work.run(stage, measure, items, what="reading partitions")
    for trouble in parts.troubles:
        work.troubles.append(Trouble(trouble.name, trouble.reason, trouble.n_rows, step))
    for number, why in work.troubles_of(stage, len(parts)).items():
        part = parts.parts[number]
        work.troubles.append(Trouble(part.name, why, part.n_samples, step))
    if work.strict and work.troubles:
        raise InvalidInputError(work.troubles[0].reason)
    whole = Moments.empty(parts.n_features)
    found = Totals(whole, np.zeros(2), np.zeros(parts.n_features), 0, {}, {}, {}, 0)
    for number, arrays in work.results(stage, len(parts)):
        n, n_pointing, n_left_out = (int(value) for value in arrays["n"])
        whole.merge(Moments(n, arrays["mean"], arrays["scatter"]))
        found.lengths += arrays["lengths"]
        found.directions += arrays["directions"]
        found.n_pointing += n_pointing
        found.n_left_out += n_left_out
        found.used[number] = n
        if n_left_out:
            name = parts.parts[number].name
            why = f"{name}: {n_left_out:,} rows are not finite and have no place."
            work.troubles.append(Trouble(name, why, n_left_out, step))
            if work.strict:
                raise InvalidInputError(why)
        if "labels" in arrays:
            for name, count, at in zip(
                arrays["labels"].tolist(), arrays["counts"].tolist(), arrays["at"].tolist(),
                strict=True,
            ):  # fmt: skip
                found.labels[name] = found.labels.get(name, 0) + count
                found.first_rows[name] = min(at, found.first_rows.get(name, at))
    if found.n_samples == 0:
        reasons = "; ".join(trouble.reason for trouble in work.troubles[:3])
        raise InvalidInputError(f"No partition can be used: {reasons}")
    return found


def pca_of(totals: Totals, n_components: int) -> PCA:
    """Fitted PCA from sums over all rows."""
    d = len(totals.moments.mean)
    if not 1 <= n_components <= min(d, totals.n_samples):
        raise InvalidInputError(
            f"n_components is {n_components}; 1 to {min(d, totals.n_samples)} axes are there."
        )
    fitted = PCA(n_components=n_components)
    fitted.solver_ = "covariance_eigh"
    fitted.n_features_in_ = d
    fitted._moments = None
    return fitted._learn(principal_axes(totals.moments, n_components))


def pca(
    source: Any, n_components: int = 2, *, executor: Any = None, n_jobs: int | None = None
) -> PCA:
    """Principal axes of rows that are larger than memory, from all of them.

    Partitions are read one by one and their sums added up in order: the result is the same to
    the bit with every executor, and that of `driftglass.projections.PCA` to rounding (1e-6).

    Parameters
    ----------
    source : Partitions or what `open_partitions` takes
        Rows. Partitions that cannot be read are left out.
    n_components : int
        Axes.
    executor, n_jobs
        As in `driftglass.parallel.opened`.

    Returns
    -------
    pca : PCA
        Fitted.

    Examples
    --------
    >>> X = np.random.default_rng(0).normal(size=(100, 3)) * [3, 2, 1]
    >>> pca(X, 1).explained_variance_ratio_.round(1)
    array([0.6])
    """
    parts = open_partitions(source)
    with opened(executor, n_jobs=n_jobs) as running, Work(running) as work:
        return pca_of(totals_of(parts, work), n_components)
