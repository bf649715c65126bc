"""A store from a stranger is data only: nothing runs, nothing leaks, nothing swells."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from .strangers import spoilers

pytestmark = pytest.mark.slow

SECRET = b"the-secret-of-another-folder-0123456789"


@pytest.fixture(scope="module")
def outcomes(template, tmp_path_factory):
    """One line per spoiled store, from a process of its own whose memory can be measured."""
    folder = tmp_path_factory.mktemp("strangers")
    secret, canary = folder / "secret.txt", folder / "canary"
    secret.write_bytes(SECRET)
    (folder / "stores").mkdir()
    arguments = [str(template), str(folder / "stores"), str(secret), str(canary)]
    result = subprocess.run(
        [sys.executable, "-m", "server.stranger_worker", *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
        timeout=300,
        check=False,
    )
    assert result.returncode == 0, result.stderr[-3000:]
    found = {line["name"]: line for line in map(json.loads, result.stdout.splitlines())}
    return found, canary


def test_every_spoiled_store_was_asked(outcomes):
    names = set(spoilers("canary", "secret"))

    assert set(outcomes[0]) == names
    assert len(names) >= 40


def test_nothing_out_of_a_store_is_ever_executed(outcomes):
    assert not outcomes[1].exists()


def test_nothing_outside_a_store_is_ever_shown(outcomes):
    assert [name for name, line in outcomes[0].items() if line.get("leaked")] == []


def test_what_is_wrong_is_said_and_not_called_a_fault_of_the_server(outcomes):
    faults = {name: line["internal"] for name, line in outcomes[0].items() if line.get("internal")}

    assert faults == {}


def test_nothing_is_served_as_a_page(outcomes):
    known = {"application/json", "application/octet-stream", "image/png"}

    for name, line in outcomes[0].items():
        assert set(line.get("media_types", [])) <= known, name
        assert line.get("scripts", 0) == 0, name


def test_memory_stays_small_and_answers_quick(outcomes):
    lines = [line for line in outcomes[0].values() if "memory" in line]

    assert max(line["memory"] for line in lines) < 200
    assert max(line["seconds"] for line in lines) < 10


def test_damage_in_one_place_leaves_the_rest_readable(outcomes):
    line = outcomes[0]["predictions giant"]["statuses"]

    assert line["/api/runs/run/predictions?step=20"] >= 400
    assert line["/api/runs/run"] == 200
    assert line["/api/runs/run/columns?name=label"] == 200


def test_a_kept_projection_that_is_not_what_it_claims_is_refused(outcomes):
    target = "/api/runs/run/projection?space=hidden"

    for name in ("kept empty", "kept number", "kept frames", "kept quality"):
        assert outcomes[0][name]["statuses"][target] == 500, name
    assert outcomes[0]["kept keys"]["statuses"][target] == 200
