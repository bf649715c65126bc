"""How far a sequence of maps can be trusted: what it keeps, and whether it moves for a reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data._ids import positions
from ..errors import InvalidInputError
from ..parallel import Threads
from ..projections._procrustes import procrustes
from ._meaning import Motion, rounding_of, spearman
from ._paired_frames import Anchors, PairedFrame, PairedFrames
from ._sequence_ranks import frame_ranks

__all__ = ["SequenceScores", "sequence_scores"]


@dataclass(frozen=True, eq=False)
class SequenceScores:
    """What a sequence keeps of its snapshots (F), and how its motion agrees with theirs (C, J).

    F and C say how good a sequence is; J is a veto. A frozen picture has J of 0 and a low F, a
    map of each frame alone has a high F and no C. Where the vectors give a map nothing to follow,
    `who` and `when` would be correlations of noise: they are nan, and `undefined` says why.

    Parameters
    ----------
    faithfulness : ndarray of shape (n_snapshots,)
        F of each frame: 1 when every row has the same neighbours, of any number, in map and
        vectors, 0 for a map drawn at random. nan with fewer than three rows.
    who_of_steps : ndarray of shape (n_snapshots - 1,)
        Rank correlation over points of how far they go in the vectors and in the map. 0 where
        one side is constant, nan where fewer than three points are in both frames.
    false_motion, missed_motion : ndarray of shape (n_snapshots - 1,)
        Share of the cloud that a point is drawn jumping over without cause, and that it jumps
        over in the vectors without being drawn so; means over anchors.
    rigid_shares : ndarray of shape (n_snapshots - 1,)
        Share of the squared motion of the vectors that is rotation, scale and shift of the whole;
        nan where nothing moves.
    speed_data, speed_relational, speed_map : ndarray of shape (n_snapshots - 1,)
        Mean step of a point in the vectors; in the vectors after the next frame was turned,
        scaled and shifted onto this one; in the map.
    when, when_relational : float
        Rank correlation over time of the mean steps in vectors and map; nan where the mean steps
        of the vectors differ by less than 1 %.
    who_relational : float
        As `who`, with motion of the whole taken out of the vectors; nan where nothing is left.
    pooled : float
        Rank correlation over all points and times at once, as benchmarks publish it.
    taken_back : float
        Share of the motion of the vectors that the next step takes back: 1 where they tremble
        about their places, 0 for a random walk, negative for a steady way. nan with fewer than
        three snapshots.
    undefined : dict of str to str
        Of "who", "when" and "C", those that the vectors leave undefined, and why.
    anchors : tuple of ndarray
        Ids of the rows of each frame that were ranked against all.
    point_faithfulness, point_false_motion, point_missed_motion : tuple of ndarray
        For each of these. Motion is that from the frame to the next, nan where the point is not
        in the next.
    steps : list of int
        Steps of the frames.
    """

    faithfulness: NDArray[np.float64]
    who_of_steps: NDArray[np.float64]
    false_motion: NDArray[np.float64]
    missed_motion: NDArray[np.float64]
    rigid_shares: NDArray[np.float64]
    speed_data: NDArray[np.float64]
    speed_relational: NDArray[np.float64]
    speed_map: NDArray[np.float64]
    when: float
    when_relational: float
    who_relational: float
    pooled: float
    taken_back: float
    undefined: dict[str, str]
    anchors: tuple[NDArray[Any], ...]
    point_faithfulness: tuple[NDArray[np.float64], ...]
    point_false_motion: tuple[NDArray[np.float64], ...]
    point_missed_motion: tuple[NDArray[np.float64], ...]
    steps: list[int]

    @property
    def F(self) -> float:
        """Faithfulness, mean over frames."""
        return _mean(self.faithfulness)

    @property
    def who(self) -> float:
        """Whether the points that move are those drawn moving; mean over steps, in [-1, 1].

        nan where `undefined` says so.
        """
        return float("nan") if "who" in self.undefined else _mean(self.who_of_steps)

    @property
    def C(self) -> float:
        """Coherence: mean of `who` and `when`, of that which is defined."""
        return _mean(np.array([self.who, self.when]))

    @property
    def C_relational(self) -> float:
        """Coherence with change of structure only: motion of the whole does not count."""
        return _mean(np.array([self.who_relational, self.when_relational]))

    @property
    def J(self) -> float:
        """False motion: share of the cloud that a point is drawn jumping over without cause."""
        return _mean(self.false_motion)

    @property
    def missed(self) -> float:
        """Missed motion, mean over steps."""
        return _mean(self.missed_motion)

    @property
    def rigid_share(self) -> float:
        """Share of motion that is rotation, scale and shift of the whole; mean over steps."""
        return _mean(self.rigid_shares)

    def __str__(self) -> str:
        """One line with the numbers that belong together, and one for each that is undefined."""
        who, when, C = (
            "undefined" if name in self.undefined else f"{getattr(self, name):.3f}"
            for name in ("who", "when", "C")
        )
        line = (
            f"F {self.F:.3f}  C {C} (who {who}, when {when})  "
            f"J {self.J:.3f}  missed {self.missed:.3f}  rigid {self.rigid_share:.2f}"
        )
        reasons = [f"{name}: {why}" for name, why in self.undefined.items()]
        return "\n".join([line, *reasons])


def sequence_scores(
    Xs: Any,
    Ys: Any,
    ids: Any = None,
    *,
    n_anchors: int = 1000,
    random_state: int = 0,
    n_jobs: int | None = None,
) -> SequenceScores:
    """Measure a sequence of maps against the vectors it was made from.

    The vectors are always those that were recorded, never smoothed ones. Some rows of each frame,
    the anchors, are ranked against *all* rows: a subset scored by itself would flatter the map.

    Parameters
    ----------
    Xs : iterable of array-like of shape (n_t, n_features)
        Vectors of each snapshot, or functions without arguments that return them.
    Ys : ProjectionSequence or iterable of array-like of shape (n_t, n_components)
        The maps. Arrays have the rows of Xs in the same order; a sequence is joined by id.
    ids : sequence, optional
        Ids of the rows of Xs, as in `driftglass.projections.project_sequence`. Points are
        followed by id.
    n_anchors : int
        Rows of each frame that are ranked; the same ids in all frames, as far as they are there.
    random_state : int
        Seed of their choice.
    n_jobs : int or None
        Threads; None uses every core.

    Returns
    -------
    scores : SequenceScores
        For the whole, for each frame and for each anchor.

    Raises
    ------
    ShapeError
        Vectors and maps differ in number.
    InvalidInputError
        `n_anchors` is less than 1, or a map is not finite.

    See Also
    --------
    still_test : what a method shows when nothing has changed.
    published_scores : the measures of a public benchmark, for comparison.

    References
    ----------
    .. [1] Lee, Peluffo-Ordóñez and Verleysen (2015). Multi-scale similarities in stochastic
       neighbour embedding. Neurocomputing. (F weighs their R_NX by 1 / K.)
    .. [2] Vernier et al. (2020). Quantitative evaluation of time-dependent multidimensional
       projection techniques. EuroVis.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(60, 2))
    >>> scores = sequence_scores([X, X + 0.1 * rng.normal(size=X.shape)], [X, X])
    >>> round(scores.faithfulness[0], 6), scores.J, scores.who
    (1.0, 0.0, 0.0)
    """
    if n_anchors < 1:
        raise InvalidInputError(f"n_anchors is {n_anchors}; at least 1 is needed.")
    frames = PairedFrames(Xs, Ys, ids)
    order = Anchors(n_anchors, random_state)
    gathered = _Gathered()
    with Threads(n_jobs) as executor:
        this = frames.load(0) if len(frames) else None
        for number in range(len(frames)):
            assert this is not None
            following = frames.load(number + 1) if number + 1 < len(frames) else None
            gathered.add(this, following, order, executor)
            this = following
    return gathered.scores(frames.steps)


class _Gathered:
    """Numbers of the frames seen so far."""

    def __init__(self) -> None:
        self._per_frame: dict[str, list[float]] = {name: [] for name in ("F",)}
        self._per_step: dict[str, list[float]] = {
            name: [] for name in ("who", "who_rel", "J", "missed", "rigid", "v", "v_rel", "u")
        }
        self._points: dict[str, list[NDArray[Any]]] = {
            name: [] for name in ("ids", "F", "J", "missed")
        }
        self._all: list[tuple[NDArray[np.float64], NDArray[np.float64]]] = []
        self._motion, self._relational = Motion(), Motion()

    def add(
        self, this: PairedFrame, following: PairedFrame | None, order: Anchors, executor: Threads
    ) -> None:
        v, u = np.full(len(this.ids), np.nan), np.full(len(this.ids), np.nan)
        if following is not None:
            self._moved(this, following, v, u)
        anchors = order.rows(this.ids)
        ranks = frame_ranks(this.X, this.Y, anchors, v[anchors], u[anchors], executor)
        jump = ranks.jumped_map - ranks.jumped_data
        self._per_frame["F"].append(_mean(ranks.faithfulness))
        self._points["ids"].append(this.ids[anchors])
        self._points["F"].append(ranks.faithfulness)
        self._points["J"].append(np.maximum(jump, 0.0))
        self._points["missed"].append(np.maximum(-jump, 0.0))
        if following is not None:
            self._per_step["J"].append(_mean(np.maximum(jump, 0.0)))
            self._per_step["missed"].append(_mean(np.maximum(-jump, 0.0)))

    def _moved(
        self,
        this: PairedFrame,
        following: PairedFrame,
        v: NDArray[np.float64],
        u: NDArray[np.float64],
    ) -> None:
        there = positions(this.ids, following.ids)
        here = np.flatnonzero(there >= 0)
        there = there[here]
        before, after = this.X[here].astype(np.float64), following.X[there].astype(np.float64)
        v[here] = np.linalg.norm(after - before, axis=1)
        u[here] = np.linalg.norm(following.Y[there] - this.Y[here], axis=1)
        relational = v[here]
        rigid = float("nan")
        if len(here) > 1:
            relational = _relational(before, after, rounding_of(this.X))
            raw = float(np.square(v[here]).sum())
            rigid = 1.0 - float(np.square(relational).sum()) / raw if raw > 0 else rigid
        self._motion.add(this.ids[here], after - before, v[here])
        self._relational.add(this.ids[here], after - before, relational)
        self._per_step["rigid"].append(rigid)
        self._per_step["who"].append(spearman(v[here], u[here]))
        self._per_step["who_rel"].append(spearman(relational, u[here]))
        self._per_step["v"].append(_mean(v[here]))
        self._per_step["v_rel"].append(_mean(relational))
        self._per_step["u"].append(_mean(u[here]))
        self._all.append((v[here], u[here]))

    def scores(self, steps: list[int]) -> SequenceScores:
        per_step = {name: np.array(values) for name, values in self._per_step.items()}
        seen = np.isfinite(per_step["v"])
        pooled = [np.concatenate(side) for side in zip(*self._all, strict=True)]
        undefined, relational = self._motion.undefined(), self._relational.undefined()
        if "who" in undefined and "when" in undefined:
            undefined["C"] = "neither who nor when is defined"
        return SequenceScores(
            faithfulness=np.array(self._per_frame["F"]),
            who_of_steps=per_step["who"],
            false_motion=per_step["J"],
            missed_motion=per_step["missed"],
            rigid_shares=per_step["rigid"],
            speed_data=per_step["v"],
            speed_relational=per_step["v_rel"],
            speed_map=per_step["u"],
            when=_unless("when" in undefined, spearman(per_step["v"][seen], per_step["u"][seen])),
            when_relational=_unless(
                "when" in relational, spearman(per_step["v_rel"][seen], per_step["u"][seen])
            ),
            who_relational=_unless("who" in relational, _mean(per_step["who_rel"])),
            pooled=spearman(*pooled) if pooled else float("nan"),
            taken_back=self._motion.taken_back,
            undefined=undefined,
            anchors=tuple(self._points["ids"]),
            point_faithfulness=tuple(self._points["F"]),
            point_false_motion=tuple(self._points["J"]),
            point_missed_motion=tuple(self._points["missed"]),
            steps=list(steps),
        )


def _relational(
    before: NDArray[np.float64], after: NDArray[np.float64], rounding: float
) -> NDArray[np.float64]:
    """Steps left when the later vectors are turned, scaled and shifted onto the earlier ones."""
    rows, width = before.shape
    if width > 2 * rows:
        # Both lie in the span of their rows, in which the same turn costs less.
        basis, _ = np.linalg.qr(np.concatenate([before, after]).T)
        before, after = before @ basis, after @ basis
    fit = procrustes(after, before, scale=True)
    left: NDArray[np.float64] = np.linalg.norm(fit.apply(after) - before, axis=1)
    # What is left of a rigid motion is rounding.
    reach = float(np.abs(before - before.mean(axis=0)).max(initial=0.0))
    return np.where(left > rounding * reach, left, 0.0)


def _unless(undefined: bool, value: float) -> float:
    return float("nan") if undefined else value


def _mean(values: NDArray[np.float64]) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else float("nan")
