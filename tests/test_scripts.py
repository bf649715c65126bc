"""The shell scripts of set-up, on machines that lack this or that."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[1] / "scripts"
SHELL = shutil.which("sh")
TOOLS = ("cat", "env", "grep", "head", "id", "sed")

pytestmark = pytest.mark.skipif(os.name != "posix", reason="make and sh are for Unix")


@pytest.fixture
def machine(tmp_path):
    """Run a script where only the given programs exist; a program is the text it prints."""

    def install(name, body):
        path = tmp_path / name
        path.write_text(f"#!{SHELL}\n{body}\n")
        path.chmod(0o755)

    # Wrappers, not links: a test that replaces a tool must not reach the real one.
    for tool in TOOLS:
        install(tool, f'exec {shutil.which(tool)} "$@"')

    def run(script, programs, **environment):
        for name, body in programs.items():
            install(name, body)
        return subprocess.run(
            [SHELL, SCRIPTS / script],
            env={"PATH": str(tmp_path), **environment},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )

    run.folder = tmp_path
    return run


def test_a_python_that_is_new_enough_is_found_past_an_old_one(machine):
    found = machine("find_python.sh", {"python3": "exit 1", "python3.12": "exit 0"})

    assert found.stdout == f"{machine.folder}/python3.12\n"


def test_a_named_python_goes_first(machine):
    programs = {"python3": "exit 0", "mine": "exit 0"}

    assert machine("find_python.sh", programs, DRIFTGLASS_PYTHON="mine").stdout.endswith("/mine\n")


def test_without_python_the_remedy_is_named(machine):
    found = machine("find_python.sh", {})

    assert found.returncode == 1
    assert "apt install python3 python3-venv" in found.stderr


def test_everything_that_is_missing_is_said_at_once(machine):
    found = machine("check_tools.sh", {"node": "echo v18.19.0"})

    assert found.returncode == 1
    for text in ("C++17 compiler", "Node.js 20 or newer, found 18", "npm"):
        assert text in found.stderr


def test_a_complete_machine_passes_in_silence(machine):
    programs = {"g++": "exit 0", "node": "echo v22.1.0", "npm": "exit 0"}
    found = machine("check_tools.sh", programs)

    assert (found.returncode, found.stderr) == (0, "")


def test_a_named_compiler_counts(machine):
    programs = {"mycxx": "exit 0", "node": "echo v20.0.0", "npm": "exit 0"}

    assert machine("check_tools.sh", programs, CXX="mycxx").returncode == 0


@pytest.mark.parametrize(
    ("version", "needed"),
    [("cmake version 3.25.1", False), ("cmake version 4.0.0-rc1", False),
     ("cmake version 3.16.3", True), ("", True)],
)  # fmt: skip
def test_cmake_is_fetched_where_there_is_none_new_enough(machine, version, needed):
    programs = {"cmake": f"echo '{version}'"} if version else {}

    assert (machine("cmake_needed.sh", programs).returncode == 0) == needed


def test_a_browser_that_is_there_is_used(machine):
    programs = {"chromium-browser": "exit 1", "google-chrome": "exit 0"}

    # The first is Ubuntu's stub, which only asks for a snap.
    assert machine("find_browser.sh", programs).stdout == f"{machine.folder}/google-chrome\n"


def test_without_a_browser_playwright_brings_its_own(machine):
    (machine.folder / "web").mkdir()
    programs = {"npx": "echo $* > asked", "apt-get": "exit 1", "id": "echo 1000"}
    found = machine("find_browser.sh", programs)

    assert (found.returncode, found.stdout) == (0, "\n")
    assert (machine.folder / "web/asked").read_text() == (
        "--no-install playwright install chromium\n"
    )
