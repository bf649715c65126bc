"""The repository agrees with itself: versions, lock files, licence, sizes of files."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest

import driftglass

ROOT = Path(__file__).parents[1]
LOCKED = sorted((ROOT / "requirements").glob("*.txt"))


@pytest.fixture(scope="module")
def pyproject():
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def packages_of(lock_file):
    return {
        match[1].lower()
        for match in re.finditer(r"^([A-Za-z0-9._-]+)==", lock_file.read_text(), re.MULTILINE)
    }


def test_there_is_one_version_number(pyproject):
    viewer = json.loads((ROOT / "web/package.json").read_text())
    locked = json.loads((ROOT / "web/package-lock.json").read_text())

    assert pyproject["project"]["version"] == driftglass.__version__
    assert viewer["version"] == locked["version"] == driftglass.__version__


def test_the_changelog_tells_of_this_version():
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")

    assert f"## [{driftglass.__version__}]" in changelog


@pytest.mark.parametrize("lock_file", LOCKED, ids=lambda path: path.name)
def test_requirements_name_no_host_and_no_path(lock_file):
    text = lock_file.read_text()

    assert not re.search(
        r"https?:|file:|--(index-url|extra-index-url|find-links)|/(opt|home)/", text
    )


@pytest.mark.parametrize("lock_file", LOCKED, ids=lambda path: path.name)
def test_every_requirement_is_pinned_with_hashes(lock_file):
    entries = [
        entry
        for entry in re.split(r"\n(?=\S)", lock_file.read_text().replace("\\\n", ""))
        if entry.strip() and not entry.startswith("#")
    ]

    unpinned = [entry.split()[0] for entry in entries if "==" not in entry.split()[0]]
    unhashed = [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry]
    assert (unpinned, unhashed) == ([], [])


def test_npm_packages_name_no_host_and_carry_hashes():
    packages = json.loads((ROOT / "web/package-lock.json").read_text())["packages"]

    installed = {name: entry for name, entry in packages.items() if name}
    assert not [name for name, entry in installed.items() if "://" in entry.get("resolved", "")]
    assert not [name for name, entry in installed.items() if "integrity" not in entry]


def test_base_requirements_are_what_the_package_declares(pyproject):
    declared = {re.split(r"[<>=]", line)[0] for line in pyproject["project"]["dependencies"]}

    assert declared <= packages_of(ROOT / "requirements/base.txt")


def test_build_requirements_are_what_the_package_declares(pyproject):
    declared = {re.split(r"[<>=]", line)[0] for line in pyproject["build-system"]["requires"]}
    listed = (ROOT / "requirements/build.in").read_text().splitlines()

    assert {re.split(r"[<>=]", line)[0] for line in listed if line[0] != "#"} == declared


def test_development_pins_the_same_versions_as_the_base():
    pins = [
        dict(re.findall(r"^([A-Za-z0-9._-]+)==(\S+)", path.read_text(), re.MULTILINE))
        for path in (ROOT / "requirements/base.txt", ROOT / "requirements/dev.txt")
    ]
    base, dev = pins

    assert {name: dev.get(name) for name in base} == base


def test_the_licence_is_mit_everywhere(pyproject):
    assert pyproject["project"]["license"] == "MIT"
    assert json.loads((ROOT / "web/package.json").read_text())["license"] == "MIT"
    assert (ROOT / "LICENSE").read_text().startswith("MIT License")


def test_continuous_integration_runs_what_people_run():
    assert "make test" in (ROOT / ".ci/run").read_text()
    assert ".ci/run" in (ROOT / ".github/workflows/test.yml").read_text()


def test_architecture_stays_readable_in_one_sitting():
    lines = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8").splitlines()

    assert len(lines) <= 150


def test_every_make_recipe_is_explained():
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    phony = re.search(r"^\.PHONY: ((?:.*\\\n)*.*)$", text, re.MULTILINE)
    assert phony is not None
    recipes = set(phony[1].replace("\\\n", " ").split())
    explained = set(re.findall(r"^([a-z0-9-]+):.*## ", text, re.MULTILINE))

    # `ready` is what demo and setup share; nobody calls it by hand.
    assert recipes - explained == {"ready"}
