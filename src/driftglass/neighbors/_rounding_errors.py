"""What rounding rows to 8 bits can have changed in the value of a pair, and so what it proves."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

__all__ = ["RoundingErrors"]

SLACK = 2.0**-18
"""More than all roundings of the value of a pair together, relative to it and to its norms."""


@dataclass(frozen=True, eq=False)
class RoundingErrors:
    """Bounds on the true distances behind the values of rounded rows.

    The distance of two rows differs from that of the rounded ones by at most both residuals.

    Parameters
    ----------
    lengths, residuals : ndarray of shape (n_samples,), dtype float64
        Of the rounded rows, and what rounding moved them by.
    offsets : ndarray of shape (n_samples,), dtype float32
        What a row adds to the value of each of its pairs.
    unit : float
        Times this, values are squared distances, cosine distances or negative products.
    is_product : bool
        Whether they are the latter.
    sorted_lengths : ndarray of shape (n_samples,), dtype float64
        Ascending.
    most_missing : ndarray of shape (n_samples + 1,), dtype float64
        Largest residual of the 0, 1, 2, ... shortest rows.
    coarsest : float
        Largest residual beside the row's length.
    """

    lengths: NDArray[np.float64]
    residuals: NDArray[np.float64]
    offsets: NDArray[np.float32]
    unit: float
    is_product: bool
    sorted_lengths: NDArray[np.float64]
    most_missing: NDArray[np.float64]
    coarsest: float

    @classmethod
    def of(
        cls,
        lengths: NDArray[np.float64],
        residuals: NDArray[np.float64],
        offsets: NDArray[np.float32],
        unit: float,
        *,
        is_product: bool,
    ) -> RoundingErrors:
        """Order the rows by length, which says how far rounding can have moved them."""
        ratios = np.divide(residuals, lengths, out=np.zeros(len(lengths)), where=lengths > 0)
        by_length = np.argsort(lengths, kind="stable")
        return cls(
            lengths,
            residuals,
            offsets,
            unit,
            is_product,
            lengths[by_length],
            np.concatenate([[0.0], np.maximum.accumulate(residuals[by_length])]),
            float(ratios.max(initial=0.0)),
        )

    def only(self, at: NDArray[np.int32]) -> RoundingErrors:
        """Of some of the rows; what holds for all holds for them."""
        return replace(
            self,
            lengths=self.lengths[at],
            residuals=self.residuals[at],
            offsets=self.offsets[at],
        )

    def lower(
        self, asked: RoundingErrors, at: NDArray[np.integer], values: NDArray[np.floating]
    ) -> NDArray[np.float64]:
        """What pairs of these values have at least, in the metric's unit.

        The pairs are of rows `at` among the `asked`, one row of values each, with rows of these.
        """
        wide = values.astype(np.float64)
        if self.is_product:
            return np.asarray((wide - self._product_error(asked, at)) * self.unit)
        wide *= 1.0 - SLACK * np.sign(wide)  # infinity stays
        wide -= SLACK * asked.lengths[at, None] ** 2 + 1e-36
        reach = np.sqrt(np.maximum(wide, 0.0))
        farthest = np.where(np.isfinite(reach), reach, 0.0).max(axis=1, keepdims=True)
        reach -= self._missing(asked, at, farthest)
        return np.asarray(np.maximum(reach, 0.0) ** 2 * self.unit)

    def limits(
        self, asked: RoundingErrors, at: NDArray[np.integer], reach: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Values that pairs as near as `reach` cannot exceed."""
        wide = reach[:, None] / self.unit
        if self.is_product:
            limits = wide + self._product_error(asked, at)
        else:
            near = np.sqrt(np.maximum(wide, 0.0))
            # A little further than needed, so that what is found to be outside is beyond `reach`.
            beyond = 1.001 * (near + asked.residuals[at, None] + self.most_missing[-1])
            limits = (near + self._missing(asked, at, beyond)) ** 2
            limits += 2 * SLACK * (limits + asked.lengths[at, None] ** 2) + 1e-36
        return np.nextafter(limits[:, 0].astype(np.float32), np.float32(np.inf)).astype(np.float64)

    def _missing(
        self, asked: RoundingErrors, at: NDArray[np.integer], reach: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """At most what rounding took from distances to rows that may be within a reach.

        Those are not much longer than the row itself, and rows that are short were rounded by
        little: a few long rows do not cost all others their certainty.
        """
        if self.coarsest > 0.5:  # rounding left hardly anything of some row
            return np.asarray(asked.residuals[at, None] + self.most_missing[-1])
        longest = (asked.lengths[at, None] + reach) / (1.0 - self.coarsest)
        shorter = np.searchsorted(self.sorted_lengths, longest, side="right")
        return np.asarray(asked.residuals[at, None] + self.most_missing[shorter])

    def _product_error(self, asked: RoundingErrors, at: NDArray[np.integer]) -> NDArray[np.float64]:
        own, other = asked.lengths[at], float(self.lengths.max())
        most = float(self.residuals.max())
        error = 2.0 * (own * most + asked.residuals[at] * (other + most))
        roundings = np.abs(asked.offsets[at]) + float(np.abs(self.offsets).max()) + own * other
        return np.asarray((error + SLACK * roundings)[:, None])
