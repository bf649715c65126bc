"""Tests of driftglass.cli._main: exit codes, messages, suggestions."""

from __future__ import annotations

import os
import subprocess
import sys

import click
import pytest

from driftglass import errors
from driftglass.cli import _main


@pytest.fixture
def failing(monkeypatch):
    """A command `fail` that raises what it is given."""

    def install(error):
        @click.command("fail")
        @click.option("--json", is_flag=True)
        @click.option("-v", "verbose", is_flag=True)
        def fail(json, verbose):
            raise error

        monkeypatch.setitem(_main.cli.commands, "fail", fail)

    return install


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.InvalidInputError("bad"), 2),
        (errors.ShapeError("bad"), 2),
        (errors.NotFoundError("bad"), 3),
        (errors.FormatError("bad"), 4),
        (errors.DamagedError("bad"), 4),
        (errors.MissingDependencyError("bad"), 5),
        (errors.StoreError("bad"), 1),
        (errors.DriftglassError("bad"), 1),
        (OSError("bad"), 1),
        (click.ClickException("bad"), 1),
        (KeyboardInterrupt(), 130),
        (ZeroDivisionError("bad"), 1),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else str(value),
)
def test_each_kind_of_error_has_its_exit_code_and_no_traceback(failing, driftglass, error, code):
    failing(error)

    answer = driftglass("fail")

    assert answer.code == code
    assert answer.out == ""
    assert "Traceback" not in answer.err
    assert "bad" in answer.err or "Interrupted" in answer.err


def test_an_unexpected_error_shows_its_traceback_when_asked(failing, driftglass):
    failing(ZeroDivisionError("bad"))

    answer = driftglass("fail", "-v")

    assert "Traceback" in answer.err


def test_errors_are_json_when_asked(failing, driftglass):
    failing(errors.NotFoundError("No run named 'x'."))

    answer = driftglass("fail", "--json")

    assert answer.code == 3
    assert answer.json == {"error": {"kind": "not_found", "message": "No run named 'x'."}}


def test_a_message_cannot_command_the_terminal(failing, driftglass):
    failing(errors.StoreError("no \x1b[31mred\x1b[0m"))

    answer = driftglass("fail")

    assert "\x1b" not in answer.err
    assert "\\x1b[31mred" in answer.err


def test_a_misspelt_command_is_guessed(driftglass):
    answer = driftglass("serv")

    assert answer.code == 2
    assert "Did you mean" in answer.err
    assert "'serve'" in answer.err


def test_a_misspelt_option_is_guessed(driftglass):
    answer = driftglass("ls", "--jsn")

    assert answer.code == 2
    assert "--json" in answer.err


def test_no_words_at_all_print_the_help(driftglass):
    answer = driftglass()

    assert answer.code == 2
    assert "Commands:" in answer.err


def test_the_version_is_printed(driftglass):
    from driftglass import __version__

    assert __version__ in driftglass("--version").out
    assert driftglass("version", "--json").json["driftglass"] == __version__


def test_the_module_is_the_same_command():
    done = subprocess.run(
        [sys.executable, "-m", "driftglass", "--help"], capture_output=True, text=True, check=True
    )

    assert "driftglass serve runs" in done.stdout


def test_a_closed_pipe_ends_without_a_word():
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "wb") as broken:
        done = subprocess.run(
            [sys.executable, "-m", "driftglass", "version"],
            stdout=broken,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )

    assert (done.returncode, done.stderr) == (1, "")
