"""Numbers about spaces that are larger than memory: similarity, spectra, ranks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..diagnostics._decay import ALPHA_RANKS, fitted_decay
from ..diagnostics._spectrum import RANKME_EPS, ROUNDING
from ..errors import InvalidInputError, ShapeError
from ..parallel import opened
from ._moments import Totals, totals_of
from ._open import open_partitions
from ._partition import Partition, Partitions, read_block
from ._work import Arrays, Work

__all__ = ["LargeTracks", "linear_cka", "tracks", "tracks_of"]

SHARES = (1, 2, 10)
N_EIGENVALUES = 10
BLOCK = 1 << 14
"""Rows that are multiplied at a time in double precision."""


@dataclass(frozen=True, eq=False)
class LargeTracks:
    """Numbers about one space at several steps, each from every row.

    Parameters
    ----------
    steps : tuple of int
        In ascending order.
    values : mapping of str to ndarray of shape (n_steps,)
        By the names that `driftglass.diagnostics.tracks` uses; nan where there is no value.
    cka : ndarray of shape (n_steps, n_steps)
        Unbiased linear CKA between steps; nan where a step is constant.
    n_samples : tuple of int
        Rows behind the values of each step.
    """

    steps: tuple[int, ...]
    values: Mapping[str, NDArray[np.float64]]
    cka: NDArray[np.float64]
    n_samples: tuple[int, ...]


def tracks(
    source: Any, *, executor: Any = None, n_jobs: int | None = None, **opening: Any
) -> LargeTracks:
    """Similarity, spectrum and rank of spaces that are larger than memory.

    Two passes over the partitions: one for means and covariances, one for what is measured from
    the means. Sums are added up in the order of the partitions, so every executor gives the same
    bits; `driftglass.diagnostics` on all rows at once gives the same numbers to 1e-6. Standard
    errors, which need influences of rows, are not given.

    Parameters
    ----------
    source : mapping of int to rows, or rows
        Partitions, or what `open_partitions` takes, by step; the same items in the same order at
        every step.
    executor, n_jobs
        As in `driftglass.parallel.opened`.
    **opening
        Arguments of `open_partitions`.

    Returns
    -------
    tracks : LargeTracks
        CKA, norms, radius, eigenvalues, variance shares, effective rank, RankMe, participation
        ratio and the exponent of decay.

    Raises
    ------
    ShapeError
        Steps of other rows.

    Examples
    --------
    >>> X = np.random.default_rng(0).normal(size=(60, 4))
    >>> measured = tracks({0: X, 10: 2 * X})
    >>> measured.cka[0, 1].round(6), measured.values["effective_rank"].round(1)
    (np.float64(1.0), array([3.8, 3.8]))
    """
    given = source if isinstance(source, Mapping) else {0: source}
    steps = {int(step): open_partitions(given[step], **opening) for step in sorted(given)}
    with opened(executor, n_jobs=n_jobs) as running, Work(running) as work:
        totals = {
            step: totals_of(parts, work, stage=f"moments-{step}", step=step)
            for step, parts in steps.items()
        }
        return tracks_of(steps, totals, work)


def linear_cka(
    X: Any, Y: Any, *, executor: Any = None, n_jobs: int | None = None, **opening: Any
) -> float:
    """Unbiased linear CKA between two spaces of the same rows, larger than memory.

    Parameters
    ----------
    X, Y : Partitions or what `open_partitions` takes
        Rows in the same order, cut at the same places.
    executor, n_jobs
        As in `driftglass.parallel.opened`.
    **opening
        Arguments of `open_partitions`.

    Returns
    -------
    cka : float
        As `driftglass.diagnostics.linear_cka`, to 1e-6; the same bits with every executor.

    Examples
    --------
    >>> X = np.random.default_rng(0).normal(size=(50, 3))
    >>> round(linear_cka(X, 10 * X[:, ::-1]), 6)
    1.0
    """
    found = tracks({0: X, 1: Y}, executor=executor, n_jobs=n_jobs, **opening)
    return float(found.cka[0, 1])


def compare(item: tuple[tuple[Partition, int, NDArray[np.float64], float], ...]) -> Arrays:
    """Sums of products about the means, of one partition at all steps."""
    blocks = [read_block(part, width) for part, width, _, _ in item]
    rows = blocks[0].rows
    for block in blocks[1:]:  # of items that have a finite row at every step
        rows = rows[np.isin(rows, block.rows, assume_unique=True)]
    n_steps = len(blocks)
    taken = [np.searchsorted(block.rows, rows) for block in blocks]
    lengths = np.zeros((n_steps, n_steps))
    traces = np.zeros(n_steps)
    directions = [np.zeros(width) for _, width, _, _ in item]
    pointing = np.zeros(n_steps, dtype=np.int64)
    cross = {
        (s, t): np.zeros((item[s][1], item[t][1]))
        for s in range(n_steps)
        for t in range(s, n_steps)
    }
    for start in range(0, len(rows), BLOCK):
        part = slice(start, start + BLOCK)
        centred = [
            (block.X[at[part]].astype(np.float64) - mean) * scale
            for block, at, (_, _, mean, scale) in zip(blocks, taken, item, strict=True)
        ]
        squares = [np.einsum("ij,ij->i", Z, Z) for Z in centred]
        for s, Z in enumerate(centred):
            traces[s] += squares[s].sum()
            far = squares[s] > ROUNDING**2
            pointing[s] += int(far.sum())
            inverse = np.divide(1.0, np.sqrt(squares[s]), out=np.zeros(len(Z)), where=far)
            directions[s] += inverse @ Z
            for t in range(s, n_steps):
                cross[s, t] += Z.T @ centred[t]
                lengths[s, t] += float(squares[s] @ squares[t])
    arrays: Arrays = {
        "n": np.array([len(rows)]),
        "traces": traces,
        "lengths": lengths,
        "pointing": pointing,
    }
    arrays |= {f"direction-{s}": value for s, value in enumerate(directions)}
    arrays |= {f"cross-{s}-{t}": value for (s, t), value in cross.items()}
    return arrays


def tracks_of(
    steps: Mapping[int, Partitions], totals: Mapping[int, Totals], work: Work
) -> LargeTracks:
    """Numbers about spaces whose sums are known."""
    order = list(steps)
    first = steps[order[0]]
    for step in order[1:]:
        if [part.n_samples for part in steps[step]] != [part.n_samples for part in first]:
            raise ShapeError(
                f"Step {step} has {steps[step].n_samples:,} rows in {len(steps[step])} partitions "
                f"and step {order[0]} has {first.n_samples:,} in {len(first)}. The same rows cut "
                f"at the same places are needed."
            )
    scales = {step: _unit(totals[step]) for step in order}
    usable = [n for n in range(len(first)) if all(n in totals[step].used for step in order)]
    items = [
        tuple(
            (steps[s].parts[n], steps[s].n_features, totals[s].moments.mean, scales[s])
            for s in order
        )
        for n in usable
    ]
    work.run("tracks", compare, items, what="measuring spaces")
    sums: Arrays = {}
    for _, arrays in work.results("tracks", len(items)):
        for name, value in arrays.items():
            sums[name] = sums[name] + value if name in sums else value
    own = {step: _singles(totals[step], sums, s, scales[step]) for s, step in enumerate(order)}
    values = {name: np.array([own[step][name] for step in order]) for name in own[order[0]]}
    return LargeTracks(
        tuple(order), values, _cka(sums, len(order)), tuple(totals[s].n_samples for s in order)
    )


def _unit(totals: Totals) -> float:
    """What brings rows to a mean squared distance of 1 from their mean."""
    trace = float(np.trace(totals.moments.scatter))
    return float(np.sqrt(totals.n_samples / trace)) if trace > 0 else 0.0


def _hsic(sums: Arrays, s: int, t: int) -> float:
    """Estimate of Song et al. (2012) from products of features instead of rows.

    Rows of a centred Gram matrix add up to zero, so the sums of its off-diagonal part are those
    of its diagonal, the squared lengths.
    """
    n = float(sums["n"][0])
    cross = sums[f"cross-{s}-{t}"]
    whole = float((cross * cross).sum())
    common = float(sums["lengths"][s, t])
    traces = float(sums["traces"][s] * sums["traces"][t])
    found = whole - common + traces / ((n - 1) * (n - 2)) - 2 * common / (n - 2)
    return found / (n * (n - 3))


def _cka(sums: Arrays, n_steps: int) -> NDArray[np.float64]:
    result = np.full((n_steps, n_steps), np.nan)
    if not sums or sums["n"][0] < 4:
        return result
    own = np.array([_hsic(sums, s, s) for s in range(n_steps)])
    for s in range(n_steps):
        for t in range(s, n_steps):
            if own[s] > 0 and own[t] > 0:
                value = 1.0 if s == t else _hsic(sums, s, t) / float(np.sqrt(own[s] * own[t]))
                result[s, t] = result[t, s] = value
    return result


def _singles(totals: Totals, sums: Arrays, s: int, scale: float) -> dict[str, float]:
    moments = totals.moments
    n, d = moments.n_samples, len(moments.mean)
    lengths, squares = totals.lengths
    found = {
        "norm_mean": lengths / n,
        "norm_sd": float(np.sqrt(max(0.0, squares - lengths**2 / n) / max(1, n - 1))),
        "radius": float(np.sqrt(np.trace(moments.scatter) / n)),
    }
    found["mean_share"] = float(moments.mean @ moments.mean) * n / squares if squares else np.nan
    found["mean_cosine"] = _cosine(totals.directions, totals.n_pointing)
    centred, n_far = sums.get(f"direction-{s}"), sums.get("pointing")
    found["mean_cosine_centered"] = (
        np.nan if centred is None or n_far is None else _cosine(centred, int(n_far[s]))
    )
    values = _falling(moments.scatter / max(1, n - 1))
    raw = _falling(moments.scatter / n + np.outer(moments.mean, moments.mean))
    total = float(values.sum())
    flat = total <= 0
    shares = values / total if not flat else values
    found["effective_rank"] = np.nan if flat else float(np.exp(_entropy(shares)))
    for k in SHARES:
        found[f"variance_share_{k}"] = np.nan if flat else float(shares[:k].sum())
    for rank in range(min(N_EIGENVALUES, d)):
        found[f"eigenvalue_{rank + 1}"] = float(values[rank])
    found["rankme"] = np.nan
    if raw[0] > 0:
        plain = np.sqrt(raw) / np.sqrt(raw).sum() + RANKME_EPS
        found["rankme"] = float(np.exp(-(plain @ np.log(plain))))
    found["participation_ratio"] = np.nan
    own = _hsic(sums, s, s) if sums and sums["n"][0] >= 4 else 0.0
    if own > 0:
        trace = float(sums["traces"][s]) / (float(sums["n"][0]) - 1)
        found["participation_ratio"] = trace**2 / own
    found["alpha"] = found["alpha_r_squared"] = np.nan
    try:
        fit = fitted_decay(values, ALPHA_RANKS)[0]
    except InvalidInputError:
        return found
    return {**found, "alpha": fit.alpha, "alpha_r_squared": fit.r_squared}


def _falling(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    values = np.linalg.eigvalsh(matrix)[::-1]
    floor = ROUNDING * len(values) * max(float(values[0]), 0.0)
    return np.where(values > floor, values, 0.0)


def _entropy(shares: NDArray[np.float64]) -> float:
    logs = np.log(shares, out=np.zeros_like(shares), where=shares > 0)
    return -float(shares @ logs)


def _cosine(directions: NDArray[np.float64], n: int) -> float:
    return float(directions @ directions - n) / (n * (n - 1.0)) if n > 1 else float("nan")
