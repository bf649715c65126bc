"""Tests of driftglass.cli._doctor and _checks: planted problems are found and explained."""

from __future__ import annotations

import os
import shutil
import socket
from collections import namedtuple

import pytest

from driftglass.cli import _checks, _webgl


def findings(driftglass, *words):
    answer = driftglass("doctor", *words, "--no-browser", "--json")
    return answer.code, {finding["name"]: finding for finding in answer.json["findings"]}


def test_a_healthy_machine_and_store(driftglass, folder):
    code, found = findings(driftglass, folder, "--port", 0)

    assert found["kernels"]["level"] == found["writing"]["level"] == "ok"
    assert found["store"]["found"].startswith("2 runs in ")
    problems = [name for name, finding in found.items() if finding["level"] == "problem"]
    assert (code, problems) in [(0, []), (1, ["viewer"])]


def test_every_finding_that_is_not_well_has_a_remedy(driftglass, tmp_path):
    _, found = findings(driftglass, tmp_path / "none")

    assert all(finding["remedy"] for finding in found.values() if finding["level"] != "ok")


def test_a_store_need_not_exist_and_is_not_made(driftglass, tmp_path):
    _, found = findings(driftglass, tmp_path / "none" / "deeper")

    assert "does not exist yet" in found["store"]["found"]
    assert list(tmp_path.iterdir()) == []


def test_leaves_nothing_behind_in_the_store(driftglass, folder):
    before = {path for path in folder.rglob("*")}
    findings(driftglass, folder)

    # SQLite keeps an index beside a database that is being read.
    left = {path for path in folder.rglob("*") if not path.name.startswith("catalog.db-")}
    assert left <= before


def test_a_used_port_is_found(driftglass, tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        _, found = findings(driftglass, tmp_path, "--port", port)

    assert found["port"]["level"] == "warning"
    assert str(port) in found["port"]["found"]


def test_a_full_disk_is_found(driftglass, tmp_path, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10**9, 10**9 - 5, 5))
    _, found = findings(driftglass, tmp_path)

    assert found["disk"]["level"] == "warning"
    assert "float16" in found["disk"]["remedy"]


def test_a_folder_that_cannot_be_written_is_found(driftglass, tmp_path, monkeypatch):
    def refuse(*args, **options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(_checks.tempfile, "NamedTemporaryFile", refuse)
    _, found = findings(driftglass, tmp_path)

    assert found["writing"]["level"] == "warning"
    assert "Permission denied" in found["writing"]["found"]


def test_a_clock_that_differs_is_found(driftglass, tmp_path, monkeypatch):
    real = os.stat

    def late(path, *args, **options):
        facts = real(path, *args, **options)
        if "driftglass-doctor" not in str(path):
            return facts
        return namedtuple("stat", "st_mtime")(facts.st_mtime - 3600)

    monkeypatch.setattr(_checks.os, "stat", late)
    _, found = findings(driftglass, tmp_path)

    assert found["clock"]["level"] == "warning"
    assert "NTP" in found["clock"]["remedy"]


def test_a_network_disk_is_named(driftglass, tmp_path, monkeypatch):
    from driftglass.store import _mounts

    monkeypatch.setattr(_mounts, "file_system", lambda path: "nfs4")
    _, found = findings(driftglass, tmp_path)

    assert found["file system"]["found"] == "nfs4, on the network"


def test_a_missing_package_is_found(driftglass, tmp_path, monkeypatch):
    monkeypatch.setattr(
        _checks.metadata, "requires", lambda name: ["no-such-package>=1", "torch; extra == 'torch'"]
    )
    code, found = findings(driftglass, tmp_path)

    assert code == 1
    assert found["packages"]["remedy"] == "pip install no-such-package"


def test_an_unbuilt_viewer_is_found(driftglass, tmp_path, monkeypatch):
    monkeypatch.setattr(_checks.resources, "files", lambda name: tmp_path)
    code, found = findings(driftglass, tmp_path)

    assert code == 1
    assert "make viewer" in found["viewer"]["remedy"]


def test_a_damaged_run_is_found(driftglass, folder):
    part = next((folder / "first" / "vectors").rglob("*.npy"))
    part.write_bytes(part.read_bytes()[:-7])
    code, found = findings(driftglass, folder)

    assert code == 1
    assert found["store"]["found"] == "damaged: first"
    assert "driftglass verify" in found["store"]["remedy"]


def test_a_question_that_fails_is_itself_a_finding(driftglass, tmp_path, monkeypatch):
    def broken():
        raise RuntimeError("no answer")

    monkeypatch.setattr(_checks, "_sqlite", broken)
    code, found = findings(driftglass, tmp_path)

    assert code == 1
    assert found["broken"]["found"] == "RuntimeError: no answer"


@pytest.mark.parametrize(
    ("printed", "answer"),
    [
        ("<pre>webgl2:Mesa:end</pre>", "Mesa"),
        ("<pre>webgl2::end</pre>", ""),
        ("crashed", None),
    ],
)
def test_a_browser_is_asked_for_webgl(tmp_path, monkeypatch, printed, answer):
    browser = tmp_path / "chromium"
    browser.write_text(f"#!/bin/sh\necho '{printed}'\n")
    browser.chmod(0o755)
    monkeypatch.setenv("DRIFTGLASS_CHROMIUM", str(browser))

    assert _webgl.webgl2() == answer


def test_without_a_browser_there_is_no_answer(monkeypatch):
    monkeypatch.delenv("DRIFTGLASS_CHROMIUM", raising=False)
    monkeypatch.setattr(shutil, "which", lambda name: None)

    assert _webgl.webgl2() is None


def test_text_for_people_marks_what_is_wrong(driftglass, tmp_path, monkeypatch):
    monkeypatch.setattr(_checks.resources, "files", lambda name: tmp_path)
    answer = driftglass("doctor", tmp_path, "--no-browser")

    lines = answer.out.splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith("FAIL  viewer"))
    assert "-> From a clone: make viewer" in lines[at + 1]
