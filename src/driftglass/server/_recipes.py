"""From a question to the map that is meant, and from a map to the line that says what it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .._preparation import PREPARATIONS
from .._project import ProjectionRequest
from ..errors import InvalidInputError, NotFoundError
from ._library import Reading
from ._methods import AS_LOGGED, METHODS, method_named
from ._projected import KeptSequence
from ._question import Question

__all__ = ["AUTO", "label_of", "recipe_of", "request_of", "requested"]

AUTO = "auto"
"""As logged where the vectors are coordinates already, else PCA."""
BASES = ("all", "first", "last", "window")
MOST_GROUP_IDS = 100_000
LONGEST = 1 << 21
NOT_SETTINGS = ("space", "n_components", "steps", "fitted_steps", "stopped")


def requested(reading: Reading, question: Question) -> ProjectionRequest:
    """The map that a question means, everything in it checked."""
    space = question.text("space")
    n_components = question.integer("n_components", low=2, high=3, default=2)
    given = dict(question.mapping("parameters", limit=LONGEST))
    if "basis" in question.parameters:
        given["basis"] = question.text("basis", "all")
    name = question.text("method", AUTO)
    width = _width(reading, space)
    if name == AUTO:
        name = AS_LOGGED if 2 <= width <= 3 else "pca"
    if name == AS_LOGGED and not 1 <= width <= 3:
        raise InvalidInputError(
            f"The space {space!r} has {width} features; only vectors of up to three can be drawn "
            f"as they were logged. Choose a method."
        )
    if name == AS_LOGGED and width > n_components:
        name = "pca"  # to drop the third coordinate would show a map that nobody made
    parameters = _parameters(reading, name, given)
    if name == AS_LOGGED:
        name = "linear"
        parameters["axes"] = np.eye(n_components, width).tolist()
    return ProjectionRequest(
        space=space,
        method=name,
        n_components=n_components,
        random_state=question.integer("random_state", high=2**32 - 1, default=0),
        parameters=parameters,
    )


def _width(reading: Reading, space: str) -> int:
    if space not in reading.run.spaces:
        raise NotFoundError.for_name("space", space, list(reading.run.spaces))
    snapshots = reading.run.describe(space)
    return int(snapshots[-1].n_features) if snapshots else 0


def _parameters(reading: Reading | None, name: str, given: dict[str, Any]) -> dict[str, Any]:
    method = method_named(name)
    common: dict[str, Any] = {}
    basis = _basis(given.pop("basis", "all"))
    if basis != "all" and not method.basis:
        raise InvalidInputError(
            f"basis is {basis!r}, but {method.title} looks at every snapshot; leave it out."
        )
    common["basis"] = basis
    prepare = given.pop("prepare", "none")
    if prepare not in PREPARATIONS:
        raise InvalidInputError(
            f"prepare is {prepare!r:.60}; one of {', '.join(PREPARATIONS)} is needed."
        )
    if prepare != "none":
        common["prepare"] = prepare
    column = given.pop("supervised_by", None)
    if column is not None:
        if not method.supervised:
            able = [one.title for one in METHODS if one.supervised]
            raise InvalidInputError(
                f"{method.title} takes no labels; only {' and '.join(able)} can be supervised."
            )
        if not isinstance(column, str):
            raise InvalidInputError(f"supervised_by is {column!r:.60}; a column name is needed.")
        columns = reading.columns if reading is not None else {}
        kinds = {known: of.kind for known, of in columns.items()}
        if reading is not None and column not in kinds:
            raise NotFoundError.for_name("metadata column", column[:80], list(kinds))
        if kinds.get(column, "categorical") not in ("categorical", "boolean"):
            raise InvalidInputError(
                f"The column {column!r} holds {kinds[column]} values; a column of categories or of "
                f"yes and no is needed to supervise a map."
            )
        common["supervised_by"] = column
    if name == "axes":
        common["axes"] = _axes(given.pop("axes", None))
    return {**common, **method.checked(given)}


def _basis(basis: Any) -> str | int:
    if isinstance(basis, str) and basis.isascii() and basis.isdigit():
        basis = int(basis)
    if isinstance(basis, int) and not isinstance(basis, bool):
        if not 1 <= basis <= 1_000_000:
            raise InvalidInputError(f"basis is {basis}; every n-th step needs n from 1.")
        return basis
    if basis not in BASES:
        raise InvalidInputError(
            f"The parameter 'basis' is {basis!r:.60}; it must be one of {list(BASES)} or a whole "
            f"number n for every n-th step."
        )
    return str(basis)


def _axes(axes: Any) -> list[dict[str, Any]]:
    if not isinstance(axes, list) or not 1 <= len(axes) <= 3:
        raise InvalidInputError(
            "axes is needed: one to three pairs of groups, for example "
            '[{"from": {"column": "label", "value": "cat"}, "to": {"ids": [3, 5]}}].'
        )
    return [_axis(axis) for axis in axes]


def _axis(axis: Any) -> dict[str, Any]:
    if not isinstance(axis, dict):
        raise InvalidInputError(f"An axis is {axis!r:.60}; from and to are needed.")
    checked: dict[str, Any] = {}
    for end in ("from", "to"):
        group = axis.get(end)
        if not isinstance(group, dict):
            raise InvalidInputError(f"{end!r} of an axis is {group!r:.60}; a group is needed.")
        if "ids" in group:
            ids = group["ids"]
            plain = isinstance(ids, list) and all(
                isinstance(one, (int, str)) and not isinstance(one, bool) for one in ids
            )
            if not plain or not 1 <= len(ids) <= MOST_GROUP_IDS or len({type(i) for i in ids}) > 1:
                raise InvalidInputError(f"A group needs 1 to {MOST_GROUP_IDS:,} ids of one kind.")
            checked[end] = {"ids": ids}
            continue
        kind = "value" if "value" in group else "text"
        column, word = group.get("column"), group.get(kind)
        if not isinstance(column, str) or not isinstance(word, str) or not word:
            raise InvalidInputError(
                f"A group is {group!r:.80}; a column and a value or a text are needed, or ids."
            )
        checked[end] = {"column": column, kind: word}
    name = axis.get("name")
    if isinstance(name, str) and name:
        checked["name"] = name[:80]
    return checked


def request_of(sequence: KeptSequence) -> ProjectionRequest:
    """The request that a kept sequence answers, as it says."""
    made = sequence.provenance
    parameters = {k: v for k, v in made.parameters.items() if k not in NOT_SETTINGS}
    return ProjectionRequest(
        space=str(made.parameters.get("space", "")),
        method=made.method,
        n_components=sequence.n_components,
        random_state=made.random_state or 0,
        parameters=parameters,
    )


def recipe_of(sequence: KeptSequence) -> dict[str, Any] | None:
    """Method, parameters and seed that ask for a kept sequence again; None if they cannot."""
    made = sequence.provenance
    if made.parameters.get("steps") is not None:
        return None
    request = request_of(sequence)
    parameters = dict(request.parameters)
    name = request.method
    if _is_as_logged(name, parameters):
        name = AS_LOGGED
        del parameters["axes"]
    try:
        checked = _parameters(None, name, dict(parameters))
    except (InvalidInputError, NotFoundError):
        return None
    if checked.get("basis") == "all":
        del checked["basis"]
    return {"method": name, "parameters": checked, "random_state": request.random_state}


def _is_as_logged(name: str, parameters: Mapping[str, Any]) -> bool:
    axes = parameters.get("axes")
    if name != "linear" or not isinstance(axes, list) or not axes:
        return False
    width = len(axes[0]) if isinstance(axes[0], list) else 0
    return bool(axes == np.eye(len(axes), width).tolist())


def label_of(
    request: ProjectionRequest,
    steps: Sequence[int],
    fitted: Sequence[int],
    stopped: Any = None,
) -> str:
    """What the map is, in a line that stays in sight: method, settings, basis, seed."""
    parameters = dict(request.parameters)
    basis = parameters.pop("basis", "all")
    known = {method.name: method for method in METHODS}
    if _is_as_logged(request.method, parameters):
        return f"As logged · {request.n_components}D · nothing fitted"
    method = known.get(request.method)
    parts = [method.title if method else request.method, f"{request.n_components}D"]
    parts += _said_settings(parameters)
    if method is None or method.basis or method.name == "linear":
        parts.append(f"basis: {_said_basis(basis, steps, fitted)}")
    elif steps:
        parts.append(f"{len(steps)} step{'s' if len(steps) != 1 else ''}")
    parts.append(f"seed {request.random_state}")
    if stopped:
        parts.append(f"stopped at {stopped}")
    return " · ".join(parts)


def _said_settings(parameters: dict[str, Any]) -> list[str]:
    said = []
    axes = parameters.pop("axes", None)
    if isinstance(axes, list) and axes and isinstance(axes[0], dict):
        said += [
            str(axis.get("name") or f"{_end(axis, 'from')} → {_end(axis, 'to')}") for axis in axes
        ]
    elif axes is not None:
        said.append("axes given")
    if parameters.pop("prepare", "none") == "sphereize":
        said.append("sphereized")
    if column := parameters.pop("supervised_by", None):
        said.append(f"supervised by {column}")
    titles = {s.name: s.title.lower() for method in METHODS for s in method.settings}
    for name, value in sorted(parameters.items()):
        if isinstance(value, bool):
            said.append(titles.get(name, name) if value else f"no {titles.get(name, name)}")
        elif isinstance(value, (int, float)):
            said.append(f"{titles.get(name, name)} {value:g}")
        else:
            said.append(str(value)[:40])
    return said


def _end(axis: Mapping[str, Any], end: str) -> str:
    group = axis.get(end)
    if not isinstance(group, dict):
        return "?"
    if "ids" in group:
        return f"{len(group['ids']):,} chosen"
    return str(group.get("value") or f"“{group.get('text')}”")[:40]


def _said_basis(basis: Any, steps: Sequence[int], fitted: Sequence[int]) -> str:
    said = f"one step in {basis}" if isinstance(basis, int) else f"{basis}"
    if basis == "all":
        said = "all steps"
    elif basis in ("first", "last"):
        said = f"{basis} step"
    if steps:
        count = f"{len(fitted)} of {len(steps)}" if len(fitted) < len(steps) else f"{len(steps)}"
        if basis == "all":
            said = f"all {count} steps" if len(fitted) == len(steps) else f"{count} steps"
            if len(fitted) < len(steps):
                said += f" (up to step {max(fitted)})"
        else:
            said += f" of {count}"
    return said
