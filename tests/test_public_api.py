"""The public face: what is exported exists, is listed in order and is documented."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from pathlib import Path

import pytest

import driftglass

FOLDERS = sorted(
    f"driftglass.{module.name}"
    for module in pkgutil.iter_modules(driftglass.__path__)
    if module.ispkg
)
PUBLIC = ["driftglass", "driftglass.errors", *FOLDERS]


def value_of(module, member):
    """Value of a public name; nothing where it needs a package that is not installed."""
    try:
        return getattr(module, member)
    except driftglass.MissingDependencyError:
        return None


def is_there(module, member):
    try:
        return hasattr(module, member)
    except driftglass.MissingDependencyError:
        return True


def public_objects():
    """Public classes and functions by dotted name."""
    found = {}
    for name in PUBLIC:
        module = importlib.import_module(name)
        for member in module.__all__:
            value = value_of(module, member)
            if inspect.isclass(value) or inspect.isfunction(value):
                found[f"{name}.{member}"] = value
    return found


OBJECTS = public_objects()
TABLE = "Parameters\n---"
TABLED = {name: value for name, value in OBJECTS.items() if TABLE in (inspect.getdoc(value) or "")}


def own_methods(value):
    """Public methods and properties that the class itself defines."""
    for name, member in vars(value).items():
        # The name of a test is its documentation, also in a suite that others inherit.
        if name.startswith(("_", "test_")):
            continue
        function = getattr(member, "__func__", getattr(member, "fget", member))
        if inspect.isfunction(function):
            yield name, function


@pytest.mark.parametrize("name", PUBLIC)
def test_all_is_sorted_and_true(name):
    module = importlib.import_module(name)

    # As the linter sorts: constants and initials, then classes, then functions.
    expected = sorted(module.__all__, key=lambda n: (not n.isupper(), not n[0].isupper(), n))
    assert list(module.__all__) == expected
    assert [name for name in module.__all__ if not is_there(module, name)] == []


@pytest.mark.parametrize("name", FOLDERS)
def test_a_folder_says_what_belongs_in_it(name):
    module = importlib.import_module(name)

    assert module.__doc__ is not None
    assert len(module.__doc__.split()) > 10


# The modules of compat carry the names of other tools' modules.
@pytest.mark.parametrize("name", [name for name in FOLDERS if name != "driftglass.compat"])
def test_files_of_a_folder_are_private(name):
    folder = Path(importlib.import_module(name).__path__[0])

    public = [path.name for path in folder.glob("*.py") if not path.name.startswith("_")]
    assert public == []


def test_the_face_lists_every_name_without_loading_it():
    assert dir(driftglass) == driftglass.__all__


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'recorder'"):
        driftglass.recorder  # noqa: B018


@pytest.mark.parametrize("value", list(OBJECTS.values()), ids=list(OBJECTS))
def test_everything_public_is_documented(value):
    assert inspect.getdoc(value)
    if inspect.isclass(value):
        undocumented = [name for name, method in own_methods(value) if not inspect.getdoc(method)]
        assert undocumented == []


@pytest.mark.parametrize("value", list(TABLED.values()), ids=list(TABLED))
def test_a_table_of_parameters_is_complete(value):
    section = inspect.getdoc(value).split(TABLE)[1].split("\n\nReturns")[0]
    names = [
        name
        for name, parameter in inspect.signature(value).parameters.items()
        if name not in ("self", "cls") and parameter.kind is not parameter.VAR_POSITIONAL
    ]

    assert [name for name in names if name.rstrip("_") not in section] == []


def test_every_error_also_is_what_a_caller_would_catch():
    from driftglass import errors

    for name in errors.__all__:
        kind = getattr(errors, name)
        if name in ("DriftglassError", "DriftglassWarning"):
            continue
        builtin = {ValueError, LookupError, OSError, ImportError, RuntimeError}
        assert issubclass(kind, errors.DriftglassError)
        assert builtin & set(kind.__mro__), name
