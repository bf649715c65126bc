"""How much each search has to do, in products of two features in single precision.

Measured on images, text embeddings and Gaussian mixtures; within a factor of two elsewhere.
"""

from __future__ import annotations

from .. import _kernels
from ._blocks import N_NEAR
from ._descent import EFFORTS, LEAF_SIZE, N_TREES
from ._rounded import rounding_pays

__all__ = ["work_of_all_pairs", "work_of_blocks", "work_of_descent", "work_of_rounding"]

GATHERED = 7.0
"""A pair of rows that are fetched for it costs so many times a pair in a block of products."""
SPEED = {"baseline": 1.0, "vnni": 4.0, "amx": 16.0}
"""Products of rounded features in the time of one in single precision."""
PER_PAIR = 24.0
"""Products in the time that selection takes per pair."""
PER_ROUNDED_PAIR = 3.0
ROUNDS = 4
USUAL_TREES = 4


def work_of_rounding(n: int, d: int) -> float:
    """Of comparing all pairs of rounded rows."""
    speed = SPEED[_kernels.product_units()[-1]]
    return n * n / 2 * (max(d, 64) / speed + PER_ROUNDED_PAIR)


def work_of_blocks(n: int, d: int) -> float:
    """Of comparing rounded rows of near blocks, in as many trees as are usual.

    A pair costs about twice as much as one of all pairs, which serves both of its rows; and the
    candidates of each tree are looked at closely.
    """
    speed = SPEED[_kernels.product_units()[-1]]
    others = 2.0 * USUAL_TREES * N_NEAR * _kernels.BLOCK
    return n * others * (max(d, 64) / speed + PER_ROUNDED_PAIR)


def work_of_all_pairs(n: int, d: int, metric: str) -> float:
    """Of an exact search."""
    if metric != "manhattan" and rounding_pays(n, d):
        return work_of_rounding(n, d)
    if metric in ("manhattan", "inner_product"):
        return n * n * (d + PER_PAIR) * GATHERED
    return n * n / 2 * (d + PER_PAIR)


def work_of_descent(n: int, d: int, k: int) -> float:
    """Of trees and rounds; lists that are longer meet more."""
    in_leaves = N_TREES * LEAF_SIZE / 2
    in_rounds = ROUNDS * 1.5 * EFFORTS[0][1] ** 2
    return n * (in_leaves + in_rounds) * max(1.0, k / 15) * (d + PER_PAIR) * GATHERED
