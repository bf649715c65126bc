"""``driftglass compare``: a report, and a run that holds both."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest

import driftglass as dg
from driftglass.cli import main
from driftglass.cli._ask import Asking


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


def test_viewing_serves_the_run_that_holds_both(folder, tmp_path):
    environment = {**os.environ, "BROWSER": "true", "XDG_RUNTIME_DIR": str(tmp_path)}
    environment.pop("DRIFTGLASS_TOKEN", None)
    words = ["compare", "sgd", "adam", "--store", str(folder), "--view"]
    process = subprocess.Popen(
        [sys.executable, "-m", "driftglass", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )
    try:
        printed = []
        for line in process.stdout:
            printed.append(line)
            if "token=" in line:
                break
        asking = Asking(printed[-1].strip().split()[-1])
        runs = {run["name"] for run in asking.ask("/api/runs")}
        both = asking.ask("/api/runs/sgd-and-adam")
        process.send_signal(signal.SIGINT)
        ended = process.wait(timeout=20)
    finally:
        process.kill()
        process.communicate()

    assert any("SHARED NEIGHBOURS" in line for line in printed)
    assert not any("See them with" in line for line in printed)
    assert runs == {"sgd", "adam", "sgd-and-adam"}
    assert both["name"] == "sgd-and-adam"
    assert ended == 0
