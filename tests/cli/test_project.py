"""Tests of driftglass.cli._project."""

from __future__ import annotations

import driftglass as dg


def test_projects_every_space_and_prints_the_trust_of_each_map(driftglass, folder):
    results = driftglass("project", folder / "second", "--json").json

    assert [result["space"] for result in results] == ["hidden", "output"]
    for result in results:
        assert [frame["step"] for frame in result["frames"]] == [0, 1, 5, 20]
        last = result["frames"][-1]
        assert last["n_samples"] == 40
        assert last["null"] < last["trustworthiness"] <= 1


def test_the_library_finds_what_the_command_made(driftglass, folder):
    result = driftglass("project", "first", "--store", folder, "--json").json[0]

    sequence = dg.project(dg.open(folder).run("first"), space="hidden", basis="all")
    assert sequence.provenance.key == result["key"]


def test_prints_a_table_for_people(driftglass, folder):
    answer = driftglass("project", folder / "first", "--n-components", 3)

    lines = answer.out.splitlines()
    assert lines[0].startswith("hidden: pca, 3D, 4 snapshots, ")
    assert lines[1].split() == [
        "STEP", "POINTS", "EXCLUDED", "TRUSTWORTHINESS", "CONTINUITY", "NULL",
    ]  # fmt: skip
    assert [line.split()[0] for line in lines[2:]] == ["0", "1", "5", "20"]


def test_takes_a_number_as_every_nth_snapshot(driftglass, folder):
    assert driftglass("project", folder / "first", "--basis", 2).code == 0


def test_an_unknown_space_is_guessed(driftglass, folder):
    answer = driftglass("project", folder / "second", "--space", "hiden")

    assert answer.code == 3
    assert "Did you mean 'hidden'?" in answer.err


def test_an_unknown_method_is_wrong_usage(driftglass, folder):
    answer = driftglass("project", folder / "first", "--method", "pcaa")

    assert answer.code in (2, 3)
    assert "pca" in answer.err


def test_methods_for_whole_sequences_are_found_by_the_library_too(driftglass, folder):
    made = driftglass("project", "first", "--store", folder, "--method", "warm", "--json").json[0]

    run = dg.open(folder).run("first")
    assert made["method"] == "warm"
    assert dg.project(run, space="hidden", method="warm").provenance.key == made["key"]
