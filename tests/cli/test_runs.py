"""Tests of driftglass.cli._runs and _places: ls, show, and how a run is named."""

from __future__ import annotations

import numpy as np
from click.shell_completion import ShellComplete

import driftglass as dg
from driftglass.cli._main import cli


def completions(words, incomplete):
    complete = ShellComplete(cli, {}, "driftglass", "_DRIFTGLASS_COMPLETE")
    return [item.value for item in complete.get_completions(words, incomplete)]


def test_ls_lists_runs_with_what_they_hold(driftglass, folder):
    answer = driftglass("ls", folder)

    lines = answer.out.splitlines()
    assert answer.code == 0
    assert lines[0].split() == [
        "RUN", "STATE", "ITEMS", "SNAPSHOTS", "STEPS", "SPACES", "SIZE", "MADE",
    ]  # fmt: skip
    assert lines[1].split()[:4] == ["first", "closed", "40", "4"]
    assert "hidden, output" in lines[2]


def test_ls_in_json_has_numbers_as_numbers(driftglass, folder):
    first, second = driftglass("ls", folder, "--json").json

    assert (first["name"], first["n_items"], first["steps"]) == ("first", 40, [0, 1, 5, 20])
    assert [space["name"] for space in second["spaces"]] == ["hidden", "output"]
    assert second["n_snapshots"] == 8


def test_ls_looks_in_the_folder_of_the_environment(driftglass, folder, monkeypatch):
    monkeypatch.setenv("DRIFTGLASS_DIR", str(folder))

    assert driftglass("ls").out.count("closed") == 2


def test_ls_of_nothing_says_how_to_begin(driftglass, tmp_path):
    answer = driftglass("ls", tmp_path / "nowhere")

    assert answer.code == 3
    assert "driftglass demo" in answer.err
    assert not (tmp_path / "nowhere").exists()


def test_ls_of_a_run_that_is_written_shows_its_state(driftglass, tmp_path):
    with dg.open(tmp_path).create("growing", ids=[1, 2]) as run:
        run.log(0, spaces={"a": np.zeros((2, 3))})
        run.flush()

        assert driftglass("ls", tmp_path, "--json").json[0]["state"] == "writing"


def test_show_describes_a_run_by_name(driftglass, folder):
    answer = driftglass("show", "second", "--store", folder)

    assert answer.code == 0
    for text in ("second", "output: 4 snapshots of 6 features", "group: categorical even, odd"):
        assert text in answer.out
    assert "loss: 0.047619 at the end" in answer.out


def test_show_describes_a_run_by_folder(driftglass, folder):
    answer = driftglass("show", folder / "second", "--json")

    assert answer.json["name"] == "second"
    assert answer.json["columns"] == [
        {"name": "group", "kind": "categorical", "categories": ["even", "odd"]}
    ]


def test_show_guesses_a_misspelt_run(driftglass, folder):
    answer = driftglass("show", "secnd", "--store", folder)

    assert answer.code == 3
    assert "Did you mean 'second'?" in answer.err


def test_show_counts_rows_that_are_not_finite(driftglass, tmp_path):
    vectors = np.ones((3, 2))
    vectors[1] = np.nan
    with dg.open(tmp_path).create("diverging", ids=[1, 2, 3]) as run:
        run.log(0, spaces={"a": vectors})

    assert "1 rows not finite" in driftglass("show", tmp_path / "diverging").out


def test_names_from_a_store_cannot_command_the_terminal(driftglass, tmp_path):
    metadata = {"\x1b]0;title\x07": ["\x1b[2J", "\u202egnp.exe"]}
    with dg.open(tmp_path).create("odd", ids=[1, 2], metadata=metadata) as run:
        run.log(0, spaces={"a\x1b[31m": np.zeros((2, 2))})

    for words in (
        ("ls", tmp_path),
        ("show", tmp_path / "odd"),
        ("show", tmp_path / "odd", "--json"),
    ):
        out = driftglass(*words).out
        assert not set("\x1b\x07\u202e") & set(out)


def test_the_shell_completes_names_of_runs(folder):
    assert completions(["show", "--store", str(folder)], "sec") == ["second"]
    assert set(completions(["project", "--store", str(folder)], "")) == {"first", "second"}


def test_the_shell_completes_commands():
    assert completions([], "ve") == ["verify", "version"]


def test_completion_survives_a_missing_store(tmp_path):
    assert completions(["show", "--store", str(tmp_path / "none")], "a") == ["a"]
