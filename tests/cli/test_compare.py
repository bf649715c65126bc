"""``driftglass compare``: a report, and a run that holds both."""

from __future__ import annotations

import json

import numpy as np
import pytest

import driftglass as dg
from driftglass.cli import main


@pytest.fixture
def folder(tmp_path):
    store = dg.open(tmp_path / "runs")
    for seed, name in enumerate(("sgd", "adam")):
        rng = np.random.default_rng(seed)
        with store.create(name, ids=np.arange(30)) as run:
            for step in range(3):
                run.log(step, {"hidden": rng.normal(size=(30, 4))})
    return tmp_path / "runs"


def answered(capsys, *words):
    with pytest.raises(SystemExit) as ended:
        main([str(word) for word in words])
    return ended.value.code, capsys.readouterr()


def test_it_prints_every_step_and_keeps_both_in_one_frame(folder, capsys):
    code, printed = answered(capsys, "compare", "sgd", "adam", "--store", folder)

    assert code == 0
    assert "sgd and adam, hidden: 30 items, 3 shared steps" in printed.out
    assert "SHARED NEIGHBOURS" in printed.out
    both = dg.open(folder).run("sgd-and-adam")
    assert len(both.ids) == 60
    assert list(dg.project(both).steps) == [0, 1, 2]


def test_json_has_the_map_of_all_steps(folder, capsys):
    code, printed = answered(
        capsys, "compare", "sgd", "adam", "--store", folder, "--json", "--no-keep"
    )

    found = json.loads(printed.out)
    assert code == 0
    assert np.shape(found["cka_map"]["values"]) == (3, 3)
    assert len(found["steps"]["mutual_knn"]) == 3
    assert [run.name for run in dg.open(folder).runs()] == ["adam", "sgd"]


def test_a_second_time_the_name_is_taken(folder, capsys):
    answered(capsys, "compare", "sgd", "adam", "--store", folder)
    code, printed = answered(capsys, "compare", "sgd", "adam", "--store", folder)

    assert code == 2
    assert "'sgd-and-adam'" in printed.err


def test_nothing_to_view_is_wrong_usage(folder, capsys):
    code, printed = answered(
        capsys, "compare", "sgd", "adam", "--store", folder, "--no-keep", "--view"
    )

    assert code == 2
    assert "--no-keep" in printed.err
