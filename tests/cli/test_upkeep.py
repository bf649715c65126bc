"""Tests of driftglass.cli._upkeep: verify, repair, gc."""

from __future__ import annotations

import shutil

import pytest


@pytest.fixture
def part(folder):
    """A file of vectors of the run "first"."""
    return sorted((folder / "first" / "vectors").rglob("*.npy"))[1]


def flip_a_bit(path, at=-5):
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(bytes(data))


def test_a_whole_store_is_whole(driftglass, folder):
    answer = driftglass("verify", folder)

    lines = answer.out.splitlines()
    assert answer.code == 0
    assert [line.split(" (")[0] for line in lines] == ["first: whole", "second: whole"]


def test_one_flipped_bit_is_named_with_file_chunk_and_step(driftglass, folder, part):
    flip_a_bit(part)

    answer = driftglass("verify", folder, "--json")

    (problem,) = answer.json[0]["problems"]
    assert answer.code == 4
    assert answer.json[1]["ok"]
    assert problem["file"] == str(part.relative_to(folder / "first"))
    assert (problem["chunk"], problem["space"], problem["step"]) == (0, "hidden", 1)


def test_quick_reads_no_data(driftglass, folder, part):
    flip_a_bit(part)

    assert driftglass("verify", folder, "--quick").code == 0


def test_quick_sees_a_missing_file(driftglass, folder, part):
    part.unlink()

    answer = driftglass("verify", folder / "first", "--quick")

    assert answer.code == 4
    assert part.name in answer.out


def test_a_run_that_cannot_be_opened_is_told(driftglass, folder):
    marker = folder / "second" / "run.json"
    shutil.rmtree(folder / "second" / "journal")
    marker.write_text(marker.read_text().replace('"min_reader": 1', '"min_reader": 999'))

    answer = driftglass("verify", folder, "--json")

    assert answer.code == 4
    assert answer.json[1]["run"] == "second"
    assert answer.json[1]["unreadable"]


def test_repair_brings_a_lost_catalog_back(driftglass, folder):
    before = driftglass("ls", folder, "--json").json
    for path in (folder / "first").glob("catalog.db*"):
        path.unlink()

    assert driftglass("repair", folder / "first").code == 0
    after = driftglass("ls", folder, "--json").json
    assert [run["steps"] for run in after] == [run["steps"] for run in before]
    assert driftglass("verify", folder).code == 0


def test_repair_does_not_hide_what_is_lost(driftglass, folder, part):
    part.unlink()

    answer = driftglass("repair", folder, "--json")

    assert answer.code == 4
    assert answer.json[0]["problems"]


def test_gc_removes_what_a_killed_writer_left(driftglass, folder):
    left = folder / "first" / "vectors" / "hidden" / "000000000009-r0000-x.npy.dead.tmp"
    left.write_bytes(b"half")

    would = driftglass("gc", folder, "--grace", 0, "--dry-run", "--json").json
    assert left.exists()
    assert would["done"]

    assert driftglass("gc", folder, "--grace", 0).code == 0
    assert not left.exists()
    assert driftglass("verify", folder).code == 0


def test_gc_keeps_every_snapshot(driftglass, folder):
    before = driftglass("ls", folder, "--json").json
    driftglass("project", folder / "first")

    driftglass("gc", folder, "--grace", 0)
    assert driftglass("ls", folder, "--json").json == before


@pytest.mark.parametrize("command", ["verify", "repair", "gc"])
def test_a_missing_store_is_not_made(driftglass, tmp_path, command):
    answer = driftglass(command, tmp_path / "nowhere")

    assert answer.code == 3
    assert not (tmp_path / "nowhere").exists()
