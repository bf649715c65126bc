"""Who wins: the environment, the project, the user, the default."""

from __future__ import annotations

import os
from itertools import product

import pytest

from driftglass._settings import SETTINGS, Found, find_setting
from driftglass.errors import FormatError, InvalidInputError, NotFoundError

GIVERS = ("env", "project", "user")


@pytest.fixture
def place(tmp_path):
    """A project two folders above the current one, and a user's folder for settings."""
    inner = tmp_path / "project" / "src" / "deep"
    inner.mkdir(parents=True)
    (tmp_path / "home" / "driftglass").mkdir(parents=True)
    return tmp_path, inner


def ask(place, name="port", **variables):
    root, inner = place
    home = {"XDG_CONFIG_HOME": str(root / "home"), "APPDATA": str(root / "home")}
    return find_setting(name, environment=home | variables, folder=inner)


@pytest.mark.parametrize("given", list(product([False, True], repeat=3)), ids=str)
def test_the_nearest_giver_wins(place, given):
    root, _ = place
    held = {giver for giver, there in zip(GIVERS, given, strict=True) if there}
    if "project" in held:
        (root / "project" / "pyproject.toml").write_text("[tool.driftglass]\nport = 2\n")
    if "user" in held:
        (root / "home" / "driftglass" / "config.toml").write_text("port = 3\n")
    variables = {"DRIFTGLASS_PORT": "1"} if "env" in held else {}
    found = ask(place, **variables)

    expected = next((giver for giver in GIVERS if giver in held), "default")
    assert found.origin == expected
    assert found.value == {"env": 1, "project": 2, "user": 3, "default": 7430}[expected]


def test_a_file_of_its_own_comes_before_pyproject(place):
    root, _ = place
    (root / "project" / "driftglass.toml").write_text('store = "own"\n')
    (root / "project" / "pyproject.toml").write_text('[tool.driftglass]\nstore = "other"\n')
    found = ask(place, "store")

    assert found == Found("own", "project", str(root / "project" / "driftglass.toml"))


def test_a_pyproject_without_our_table_is_passed_over(place):
    root, inner = place
    (inner / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    (root / "project" / "pyproject.toml").write_text("[tool.driftglass]\nbrowser = false\n")

    assert ask(place, "browser").value is False


def test_an_empty_variable_is_none(place):
    assert ask(place, DRIFTGLASS_PORT="").origin == "default"


@pytest.mark.parametrize("text", ["-1", "70000", "http", "1.5"])
def test_a_value_that_cannot_be_is_refused_with_its_place(place, text):
    with pytest.raises(InvalidInputError, match="in DRIFTGLASS_PORT"):
        ask(place, DRIFTGLASS_PORT=text)


def test_files_that_cannot_be_read_are_named(place):
    root, _ = place
    path = root / "project" / "driftglass.toml"
    path.write_text("port =")
    with pytest.raises(FormatError, match="is not TOML"):
        ask(place)
    path.write_text("prot = 3\n")
    os.utime(path, ns=(1, 1))

    with pytest.raises(FormatError, match="'prot'; known are store"):
        ask(place)
    with pytest.raises(NotFoundError, match="Did you mean 'port'"):
        ask(place, "prot")


def test_words_for_yes_and_no(place):
    for word, value in {"1": True, "TRUE": True, "off": False, "no": False}.items():
        assert ask(place, "browser", DRIFTGLASS_BROWSER=word).value is value


def test_every_setting_has_a_good_default():
    for setting in SETTINGS:
        assert setting.read(setting.default) == setting.default
        assert setting.variable.startswith("DRIFTGLASS_")
