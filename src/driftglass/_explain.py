"""Why points of a run's map are where they are, and what moved them between two steps.

This is where the parts meet: the store has the vectors, a kept sequence the map, the explanations
the contributions. Answers are plain values, as the server sends them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from ._project import project
from .data import Projection, ProjectionSequence, Provenance
from .data._ids import positions
from .errors import InvalidInputError, NotFoundError

if TYPE_CHECKING:
    from .explanations import Attribution, Fidelity
    from .store import Run

__all__ = ["explain", "explain_rows", "explained_map"]

MOST_SURROGATE_ROWS = 20_000
"""Rows a stand-in is fitted to; more would keep whoever asks waiting and add little."""
SURROGATE_EPOCHS = 120


def explain(
    run: Run,
    space: str | None = None,
    *,
    ids: Any = None,
    step: int | None = None,
    since: int | None = None,
    method: Any = "pca",
    attribution: Literal["local", "path", "frozen"] = "path",
    top: int = 12,
    **parameters: Any,
) -> dict[str, Any]:
    """Say which features put items where they are in the map, or moved them there.

    Parameters
    ----------
    run : Run
        With snapshots.
    space : str, optional
        Space to explain; the only one by default.
    ids : sequence of ids, optional
        Items whose mean is explained; one id explains one item, and all do by default.
    step : int, optional
        Step of the map; the last by default.
    since : int, optional
        Earlier step: explains the way from there to `step` in place of the place itself.
    method : str
        Method of the map. "glassbox" and "pca" are explained exactly; a network stands in for any
        other, and the answer says how well it does.
    attribution : {"path", "local", "frozen"}
        What is explained; see `driftglass.explanations.explain`. The way from an earlier step is
        always a path.
    top : int
        Features listed per axis.
    **parameters
        Of the map, as in `driftglass.project`.

    Returns
    -------
    explanation : dict
        What JSON can hold: ``label``, ``exact``, ``knows``, ``residual``, ``fidelity``,
        ``n_rows``, ``space``, ``step``, ``since``, ``map``, ``ids`` and ``axes``; each axis with
        ``coordinate``, ``sum``, ``offset``, ``rest`` and its ``features``.

    Raises
    ------
    NotFoundError
        No such space, step or item.

    Examples
    --------
    >>> answer = dg.explain(run, ids=[17], step=300, since=200)  # doctest: +SKIP
    >>> answer["axes"][0]["features"][0]  # doctest: +SKIP
    {'name': '41', 'index': 41, 'contribution': 1.83}
    """
    sequence = project(run, space, method=method, **parameters)
    return explain_rows(
        run, sequence, ids=ids, step=step, since=since, attribution=attribution, top=top
    )


def explain_rows(
    run: Run,
    sequence: ProjectionSequence,
    *,
    ids: Any = None,
    step: int | None = None,
    since: int | None = None,
    attribution: Literal["local", "path", "frozen"] = "path",
    top: int = 12,
) -> dict[str, Any]:
    """Explain items of a kept sequence of maps; see `explain`."""
    if len(sequence) == 0:
        raise InvalidInputError("The sequence has no maps to explain. Log a snapshot first.")
    frame = sequence[-1] if step is None else sequence.at(step)
    earlier = None if since is None else sequence.at(since)
    chosen = _rows(frame, ids) if earlier is None else _shared_rows(frame, earlier, ids)
    wanted = frame.ids[chosen]
    steps = [frame.step] if earlier is None else [earlier.step, frame.step]
    model, fidelity = explained_map(run, sequence, steps)
    found = _attributed(run, model, fidelity, frame, wanted, earlier, attribution)
    return found.describe(top=top) | {
        "space": frame.space,
        "step": frame.step,
        "since": None if earlier is None else earlier.step,
        "map": sequence.provenance.method,
        "ids": [item.item() for item in wanted[:1000]],
    }


def explained_map(
    run: Run, sequence: ProjectionSequence, steps: Iterable[int]
) -> tuple[Any, Fidelity | None]:
    """What `explanations.explain` takes for the map of these steps.

    Parameters
    ----------
    run : Run
        Whose vectors are mapped; keeps what has to be fitted.
    sequence : ProjectionSequence
        A kept sequence.
    steps : iterable of int
        Steps that a stand-in, where one is needed, is fitted to.

    Returns
    -------
    model : AffineMap or GlassBoxUMAP
        The map itself if the sequence has its model, else a network that stands in for it.
    fidelity : Fidelity or None
        Of the stand-in.
    """
    from .projections._registry import kept_place

    if sequence.model:
        place = kept_place(sequence.model)
        return getattr(place, "network", place), None
    return _stand_in(run, sequence, sorted(set(steps)))


def _attributed(
    run: Run,
    model: Any,
    fidelity: Fidelity | None,
    frame: Projection,
    wanted: NDArray[Any],
    earlier: Projection | None,
    attribution: Literal["local", "path", "frozen"],
) -> Attribution:
    from .explanations import explain as explain_vectors

    vectors = run.snapshot(frame.space, frame.step).select(wanted).vectors
    coordinates = frame.coordinates[positions(wanted, frame.ids)]
    baseline: Any = "mean"
    if earlier is not None:
        baseline = run.snapshot(frame.space, earlier.step).select(wanted).vectors
        attribution = "path"
    # In a stand-in's case the residual is what it misses of the map itself.
    truth = None if fidelity is None else coordinates
    return explain_vectors(
        model, vectors, attribution=attribution, baseline=baseline, coordinates=truth
    )


def _rows(frame: Projection, ids: Any) -> NDArray[np.intp]:
    if ids is None:
        return np.arange(len(frame.ids))
    from ._arrays import as_ids

    wanted = as_ids(np.atleast_1d(np.asarray(ids)))
    if len(wanted) == 0:
        raise InvalidInputError("ids is empty; name at least one item, or leave it out for all.")
    where = positions(wanted, frame.ids)
    if (where < 0).any():
        missing = wanted[where < 0][0].item()
        raise NotFoundError(
            f"No item {missing!r} in the map of step {frame.step}. It was not logged at that step, "
            f"or its vector was not finite."
        )
    return np.asarray(where, dtype=np.intp)


def _shared_rows(frame: Projection, earlier: Projection, ids: Any) -> NDArray[np.intp]:
    """Rows of the frame whose items both steps have."""
    rows = _rows(frame, ids)
    both = positions(frame.ids[rows], earlier.ids) >= 0
    if not both.any() or (ids is not None and not both.all()):
        missing = frame.ids[rows][~both][:1].tolist()
        raise NotFoundError(
            f"Items {missing} are in step {frame.step} and not in step {earlier.step}, so nothing "
            f"moved them from there. Choose an earlier step that has them."
        )
    return rows[both]


def _stand_in(
    run: Run, sequence: ProjectionSequence, steps: list[int]
) -> tuple[Any, Fidelity | None]:
    """A network fitted to the maps of these steps, kept with the run."""
    from .explanations import Fidelity, fit_surrogate
    from .projections._glassbox._placing import NetworkPlace

    frames = [sequence.at(step) for step in steps]
    key = _key(run, sequence, frames)
    kept = run.cache.get(key)
    if kept is not None:
        network = NetworkPlace.from_arrays(kept.arrays).network
        fidelity = Fidelity(**kept.description["fidelity"])
    else:
        X = np.concatenate(
            [run.snapshot(f.space, f.step).select(f.ids).vectors.astype(np.float32) for f in frames]
        )
        Y = np.concatenate([frame.coordinates for frame in frames])
        if len(X) > MOST_SURROGATE_ROWS:
            part = np.random.default_rng(0).choice(len(X), MOST_SURROGATE_ROWS, replace=False)
            X, Y = X[np.sort(part)], Y[np.sort(part)]
        surrogate = fit_surrogate(X, Y, epochs=SURROGATE_EPOCHS)
        network, fidelity = surrogate.network, surrogate.fidelity
        description = {
            "kind": "surrogate",
            "fidelity": {
                "r2": fidelity.r2,
                "neighbors": fidelity.neighbors,
                "n_held_out": fidelity.n_held_out,
            },
        }
        run.cache.put(key, description, NetworkPlace(network).to_arrays())
    network.fidelity_ = fidelity
    return network, fidelity


def _key(run: Run, sequence: ProjectionSequence, frames: list[Projection]) -> str:
    import xxhash

    contents = {info.step: info.content for info in run.describe(frames[0].space)}
    hashes = [
        xxhash.xxh3_128_hexdigest(np.ascontiguousarray(frame.coordinates).tobytes())
        for frame in frames
    ]
    inputs = (*(contents[frame.step] for frame in frames), *hashes)
    steps = [frame.step for frame in frames]
    made = Provenance("surrogate", {"map": sequence.provenance.key, "steps": steps}, inputs)
    return f"surrogate-{made.key}"
