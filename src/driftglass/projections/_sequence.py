"""Several snapshots of one space in one frame, so that their maps can be compared by eye."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from .._progress import Progress, silent
from ..data import Projection, ProjectionSequence, Provenance
from ..data._ids import positions
from ..errors import InvalidInputError, ShapeError
from ._affine import AffineMap
from ._fitting import Fitting, Place, targets_of
from ._placed import coordinates_by, framed
from ._procrustes import procrustes
from ._registry import (
    fitting_for,
    has_own_basis,
    kept_place,
    kept_shape,
    sequence_method,
)
from ._snapshots import NanPolicy, Snapshots, load
from ._whole import whole_sequence

__all__ = ["extend_sequence", "project_sequence"]

Basis = Literal["all", "first", "last", "window"] | int


def project_sequence(
    Xs: Iterable[Any],
    ids: Any = None,
    steps: Any = None,
    *,
    method: Any = None,
    basis: Basis | None = None,
    window: int = 16,
    n_components: int = 2,
    nan: NanPolicy = "drop",
    random_state: int = 0,
    y: Any = None,
    progress: Progress | None = None,
    begun: ProjectionSequence | None = None,
    **parameters: Any,
) -> ProjectionSequence:
    """Coordinates of every snapshot, in one frame.

    By default, "refine", all snapshots share one rough map, which says where things go, and each
    frame is refined from there to show its own neighbourhoods; points whose surroundings do not
    change are carried along and do not jitter. See `Refine`, which has its parameters.

    With "pca" and a fixed basis all snapshots go through one map, so a point moves only if its
    vector does. With ``basis="window"`` the map follows the data and each is turned to fit the
    one before, so slow rotation of the whole space is not seen.

    Parameters
    ----------
    Xs : iterable of array-like of shape (n_t, n_features)
        Vectors of each snapshot, or functions without arguments that return them: these are
        called when needed, so that one snapshot is in memory at a time.
    ids : sequence, optional
        Ids of the rows: one flat list if all snapshots have the same, else one list for each.
        Row numbers by default. Points are joined by id; they may come in any order, appear and
        vanish.
    steps : sequence of int, optional
        Ascending; 0, 1, … by default.
    method : str or object with ``fit_transform``, optional
        One of `methods`, or an object; by default "refine", or "pca" if a `basis` is given.
        "refine" looks at all snapshots before it places the first;
        `basis` does not apply. "umap" and "pacmap" are fitted to the basis: its rows
        keep the places they were fitted at, and others are placed among them. "tsne" maps each
        snapshot by itself, starting from the map before, and then turns it to fit: a point may
        also move because others did, and `basis` does not apply. An object with ``fit`` and
        ``transform``
        is fitted to the basis, its rows pooled in memory, and places every snapshot. One without
        projects each snapshot on its own, and each map is turned, mirrored and shifted to fit
        the one before.
    basis : {"all", "first", "last", "window"} or int, optional
        Snapshots that the map is learnt from: all pooled (by default), one, every n-th, or for
        each snapshot the `window` up to it.
    window : int
        Snapshots in a window, the current one included.
    n_components : int
        Coordinates per row; an object decides for itself. Those beyond the features are zero.
    nan : {"drop", "raise", "impute"}
        Rows that are not finite are left out and listed in ``excluded``, or an error, or filled
        with the mean of their column.
    random_state : int
        Seed of methods given by name; "pca" draws nothing.
    y : mapping of id to label, or callable, optional
        Labels that supervise "umap" or "tsne", or that the groups of "axes" are named by; ids
        without an entry are unknown. A function takes an array of ids and returns an entry for
        each.
    progress : callable, optional
        Called with (done, total, what); may raise to stop.
    begun : ProjectionSequence, optional
        What the same call gave for the first of these snapshots: its frames are taken as they
        are, and only later ones are placed. "warm", "independent", "blended_tsne" and
        "online_umap", whose frames depend on the past alone, give the same as without it; with
        "refine" later frames follow the last one as in "warm".
    **parameters
        Of a method given by name, for example ``n_neighbors=30`` of "umap"; "pca" has none.

    Returns
    -------
    sequence : ProjectionSequence
        One frame per snapshot. Its `model` is what `extend_sequence` needs; it is empty if the
        method cannot place new rows that way.

    Raises
    ------
    ShapeError
        Snapshots differ in their number of features, or ids in number from rows.
    InvalidInputError
        A parameter is out of range, or a coordinate is not finite.
    NotFoundError
        No method of that name.

    See Also
    --------
    extend_sequence : place one more snapshot without moving the others.
    driftglass.diagnostics.quality : how far each map can be trusted.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(50, 8))
    >>> sequence = project_sequence([X, X + 1.0, X + 2.0], steps=[0, 100, 200], method="pca")
    >>> sequence.steps, sequence.coordinates[0].shape
    ([0, 100, 200], (50, 2))
    """
    snapshots = Snapshots(Xs, ids, steps, nan)
    basis = int(basis) if isinstance(basis, np.integer) else basis
    if basis is not None and has_own_basis(method):
        parameters["basis"], basis = basis, None
    _check_parameters("all" if basis is None else basis, window, n_components)
    window, n_components = int(window), int(n_components)
    report = silent if progress is None else progress
    if method is None:
        # Only a linear map can be meant by a basis that nothing else is said about.
        method = "refine" if basis is None else "pca"
    whole = sequence_method(method, parameters)
    if whole is not None:
        if basis not in (None, "all"):
            raise InvalidInputError(
                f"basis is {basis!r}, but {whole.name!r} learns from all snapshots. Leave it out, "
                f"or pass a method that is fitted to a basis, such as method='pca'."
            )
        if y is not None:
            raise InvalidInputError(
                f"{whole.name!r} takes no labels. Leave y out, or use 'umap' or 'tsne'."
            )
        return whole_sequence(snapshots, whole, n_components, nan, random_state, report, begun)
    if begun is not None:
        raise InvalidInputError(
            f"begun was given, but {method!r} does not go on from maps. Leave it out, or place "
            f"single snapshots with extend_sequence."
        )
    basis = "all" if basis is None else basis
    targets = targets_of(y)
    fitting = fitting_for(
        method, snapshots, n_components, random_state, report, parameters, targets
    )
    recorded = {**fitting.parameters, "n_components": n_components, "nan": nan}
    if fitting.joint:
        recorded |= {"basis": basis} | ({"window": window} if basis == "window" else {})
    seed = random_state if isinstance(method, str) else None
    provenance = Provenance(fitting.name, recorded, random_state=seed)
    making = _Making(snapshots, fitting, n_components, provenance, report)
    if basis == "window" or not fitting.joint:
        frames, place = _following(making, window if fitting.joint else 1)
    else:
        frames, place = _in_one_map(making, basis)
    # Of a moving window only an affine map is turned with its frames.
    kept = isinstance(place, AffineMap) or basis != "window"
    to_arrays = getattr(place, "to_arrays", None)
    model = to_arrays() if to_arrays is not None and kept and fitting.joint else {}
    return ProjectionSequence(tuple(frames), provenance, model)


def extend_sequence(
    sequence: ProjectionSequence,
    X: Any,
    ids: Any = None,
    step: int | None = None,
    *,
    nan: NanPolicy = "drop",
) -> Projection:
    """Place one more snapshot in the frame of a sequence; nothing is fitted and nothing moves.

    Parameters
    ----------
    sequence : ProjectionSequence
        With a model, as `project_sequence` gives for "pca" and "glassbox".
    X : array-like of shape (n_samples, n_features)
        Vectors.
    ids : sequence, optional
        Ids of the rows; row numbers by default.
    step : int, optional
        One more than the last by default.
    nan : {"drop", "raise", "impute"}
        As in `project_sequence`.

    Returns
    -------
    projection : Projection
        To stand beside the frames of the sequence.

    Raises
    ------
    InvalidInputError
        The sequence has no model.
    ShapeError
        The vectors have another number of features than the model.
    """
    if not sequence.model:
        raise InvalidInputError(
            f"This sequence was made by {sequence.provenance.method!r} without a model, so it "
            f"cannot place new rows. Project all snapshots again with project_sequence."
        )
    place = kept_place(sequence.model)
    if step is None:
        step = sequence.steps[-1] + 1 if len(sequence) else 0
    loaded = load(X, ids, step, nan)
    X = loaded.vectors
    n_components, n_features = kept_shape(place)
    if len(X) and X.shape[1] != n_features:
        raise ShapeError(
            f"Step {step} has {X.shape[1]} features, the sequence has {n_features}: this is a "
            f"new version of the space. Start a sequence of its own with project_sequence."
        )
    Y = coordinates_by(place, X, n_components, step)
    space = sequence[-1].space if len(sequence) else "vectors"
    return framed(loaded, Y, step, sequence.provenance, space=space)


@dataclass(frozen=True)
class _Making:
    """What both ways of making a sequence need."""

    snapshots: Snapshots
    fitting: Fitting
    n_components: int
    provenance: Provenance
    report: Progress


def _in_one_map(making: _Making, basis: Basis) -> tuple[list[Projection], Place | None]:
    snapshots, fitting = making.snapshots, making.fitting
    making.report(0, len(snapshots), f"fitting {fitting.name}")
    place = None
    for numbers in _basis_numbers(basis, len(snapshots)):
        place = fitting.fit(numbers)
        if place is not None:
            break
    frames: list[Projection] = []
    for number, step in enumerate(snapshots.steps):
        making.report(number, len(snapshots), "placing snapshots")
        loaded = snapshots.load(number)
        Y = coordinates_by(place, loaded.vectors, making.n_components, step)
        frames.append(framed(loaded, Y, step, making.provenance))
    making.report(len(snapshots), len(snapshots), "placing snapshots")
    return frames, place


def _following(making: _Making, window: int) -> tuple[list[Projection], Place | None]:
    """A map of its own for each snapshot, turned to agree with the frame before."""
    snapshots, fitting = making.snapshots, making.fitting
    frames: list[Projection] = []
    before: Place | None = None
    last: tuple[NDArray[Any], NDArray[Any]] | None = None
    for number, step in enumerate(snapshots.steps):
        making.report(number, len(snapshots), "fitting and placing snapshots")
        loaded = snapshots.load(number)
        place = fitting.fit(range(max(0, number - window + 1), number + 1))
        notes = list(fitting.notes)
        if isinstance(place, AffineMap) and isinstance(before, AffineMap):
            place = place.with_signs_of(before)
        Y = coordinates_by(place, loaded.vectors, making.n_components, step)
        if last is not None and len(Y):
            shared = positions(loaded.ids, last[0])
            here = np.flatnonzero(shared >= 0)
            if len(here) == 0:
                notes.append("no id is shared with the frame before: the two are not aligned.")
            elif Y.shape[1] == last[1].shape[1]:
                # Principal axes share an origin that means something; other maps do not.
                origin_is_free = not isinstance(place, AffineMap)
                fit = procrustes(Y[here], last[1][shared[here]], shift=origin_is_free)
                Y = fit.apply(Y)
                if isinstance(place, AffineMap):
                    place = place.followed_by(fit)
        if len(Y):
            last = (loaded.ids, Y)
        before = place if place is not None else before
        frames.append(framed(loaded, Y, step, making.provenance, *notes))
    making.report(len(snapshots), len(snapshots), "fitting and placing snapshots")
    return frames, before


def _basis_numbers(basis: Basis, n: int) -> list[Sequence[int]]:
    """Sets of snapshots to learn from, in order of preference: a set may turn out empty."""
    everything = range(n)
    if basis == "first":
        return [[number] for number in everything]
    if basis == "last":
        return [[number] for number in reversed(everything)]
    if isinstance(basis, int):
        return [everything[::basis], everything]
    return [everything]


def _check_parameters(basis: Any, window: Any, n_components: Any) -> None:
    names = ("all", "first", "last", "window")
    every = isinstance(basis, int) and not isinstance(basis, bool) and basis >= 1
    if not every and basis not in names:
        raise InvalidInputError(
            f"basis is {basis!r}; one of {', '.join(names)}, or n for every n-th snapshot, "
            f"is needed."
        )
    for name, value in (("window", window), ("n_components", n_components)):
        if not isinstance(value, (int, np.integer)) or isinstance(value, bool) or value < 1:
            raise InvalidInputError(f"{name} is {value!r}; an integer of at least 1 is needed.")
