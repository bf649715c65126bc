"""What blending a map with the one before costs, and with which parameters a map was made."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .._projection_plan import ProjectionRequest, n_anchors_for
from ..data._ids import positions

if TYPE_CHECKING:
    from ..data import Projection, Snapshot
    from ..diagnostics import Caution

__all__ = ["parameters_in_force", "smoothing_caution"]


def parameters_in_force(made_with: ProjectionRequest) -> dict[str, Any]:
    """Parameters of the map's method, also those that nobody chose."""
    from ..projections._registry import SEQUENCES, sequence_method

    given = dict(made_with.parameters)
    if made_with.method not in SEQUENCES:
        return given
    unset = sequence_method(made_with.method, {})
    own = given.get("settings") or {}  # of the method that maps each snapshot alone
    return {**(unset.parameters if unset is not None else {}), **given, **own}


def smoothing_caution(
    snapshots: Sequence[Snapshot],
    maps: Sequence[Projection],
    made_with: ProjectionRequest,
    after: float,
) -> list[Caution]:
    """Say what blending costs; known exactly, because blending can be taken back.

    Parameters
    ----------
    snapshots : sequence of Snapshot
        Of the maps.
    maps : sequence of Projection
        As shown.
    made_with : ProjectionRequest
        What they answer.
    after : float
        Their faithfulness.
    """
    from ..diagnostics import sequence_scores
    from ..diagnostics._cautions import caution_of_smoothing

    parameters = parameters_in_force(made_with)
    update = float(parameters.get("update", 1.0))
    if made_with.method != "blended_tsne" or not 0.0 < update < 1.0:
        return []
    pairs = list(itertools.pairwise(range(len(maps))))
    if parameters.get("reverse"):
        pairs = [(later, earlier) for earlier, later in pairs]
    unmixed = [np.array(shown.coordinates, dtype=np.float64) for shown in maps]
    for source, target in pairs:
        there = positions(maps[target].ids, maps[source].ids)
        held = there >= 0
        before = np.asarray(maps[source].coordinates)[there[held]]
        unmixed[target][held] = before + (unmixed[target][held] - before) / update
    alone = sequence_scores(
        [
            one.vectors[positions(shown.ids, one.ids)]
            for one, shown in zip(snapshots, maps, strict=True)
        ],
        unmixed,
        [shown.ids for shown in maps],
        n_anchors=n_anchors_for(max(len(shown.ids) for shown in maps)),
        random_state=made_with.random_state,
    )
    return caution_of_smoothing(alone.F, after, update)
