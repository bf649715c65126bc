"""Each kind of record can be made again from the others, and gc removes only what is proven."""

from __future__ import annotations

import os
import shutil
import time

import numpy as np
import pytest

import driftglass as dg
from driftglass.errors import StoreError

from .conftest import folder_of
from .test_damage import everything, flip, replace


def fresh(local):
    return dg.open(local.path).run("run")


def age(path, seconds=10_000):
    moment = time.time() - seconds
    os.utime(path, (moment, moment))


def catalog_files(run):
    return list(folder_of(run).glob("catalog.db*"))


def journals(run):
    return list((folder_of(run) / "journal").iterdir())


@pytest.mark.parametrize("loss", ["missing", "empty", "garbage", "cut"])
def test_a_lost_catalog_is_rebuilt_from_the_journals(logged, local, loss):
    expected = everything(logged)
    path = folder_of(logged) / "catalog.db"
    content = {"empty": b"", "garbage": bytes(10_000), "cut": path.read_bytes()[:20_000]}
    path.unlink() if loss == "missing" else replace(path, content[loss])
    assert not fresh(local).verify().ok
    assert any("driftglass repair" in note for note in fresh(local).notes())
    report = fresh(local).repair()

    assert report.ok, str(report)
    assert everything(fresh(local)) == expected
    assert fresh(local).notes() == []


def test_lost_journals_are_made_again_from_the_catalog(logged, local):
    expected = everything(logged)
    for path in journals(logged):
        path.unlink()
    report = fresh(local).repair()
    for path in catalog_files(logged):
        path.unlink()

    assert report.ok, str(report)
    assert everything(fresh(local)) == expected


def test_a_damaged_record_is_made_again_from_the_catalog(logged, local):
    expected = everything(logged)
    (path,) = journals(logged)
    flip(path, 8 * (path.stat().st_size // 2))
    report = fresh(local).repair()
    (folder_of(logged) / "catalog.db").unlink()

    assert everything(fresh(local)) == expected
    assert any("recorded again" in line for line in report.done)


def test_vectors_are_recovered_from_their_files_alone(logged, local, vectors):
    for path in [*journals(logged), *catalog_files(logged)]:
        path.unlink()
    fresh(local).repair()
    run = fresh(local)

    assert run.steps("hidden") == [0, 1, 2]
    assert all(np.array_equal(run.snapshot("hidden", s).vectors, vectors + s) for s in range(3))
    assert run.metadata.row(1) == {"label": "c1"}
    assert any("recovered from their files alone" in note for note in run.notes())


def test_a_lost_run_json_is_written_again(logged, local):
    path = folder_of(logged) / "run.json"
    before = path.read_bytes()
    path.unlink()
    assert fresh(local).steps() == [0, 1, 2]
    assert fresh(local).repair().ok

    assert path.read_bytes() == before


def test_repair_deletes_nothing(logged, local):
    content = (folder_of(logged) / "catalog.db").read_bytes()
    files = {path.name for path in folder_of(logged).rglob("*") if path.is_file()}
    fresh(local).repair()
    after = {path.name for path in folder_of(logged).rglob("*") if path.is_file()}
    (kept,) = folder_of(logged).glob("catalog.db.old-*[0-9]")

    assert files <= after
    assert kept.read_bytes() == content


def test_a_run_that_is_written_is_not_repaired(local, vectors):
    run = local.create("run")
    run.log(0, {"hidden": vectors}, wait=True)

    with pytest.raises(StoreError, match=f"written by process {os.getpid()}"):
        fresh(local).repair()
    run.close()
    assert fresh(local).repair().ok


def test_a_repaired_run_is_appended_to(logged, local, vectors):
    (folder_of(logged) / "catalog.db").unlink()
    fresh(local).repair()
    with local.resume("run") as run:
        run.log(3, {"hidden": vectors + 3})

    assert fresh(local).steps() == [0, 1, 2, 3]
    assert fresh(local).verify().ok


def test_a_missing_catalog_is_made_by_the_next_writer(logged, local, vectors):
    (folder_of(logged) / "catalog.db").unlink()
    with local.resume("run") as run:
        run.log(3, {"hidden": vectors + 3})

    assert fresh(local).steps() == [0, 1, 2, 3]
    assert fresh(local).verify().ok


def test_a_record_that_missed_the_catalog_is_taken_up_by_the_next_writer(logged, local, tmp_path):
    before = tmp_path / "before"
    shutil.copy(folder_of(logged) / "catalog.db", before)
    with local.resume("run") as run:
        run.log(3, {"hidden": np.zeros((20, 4), np.float32)})
    for path in catalog_files(logged):
        path.unlink()
    shutil.copy(before, folder_of(logged) / "catalog.db")
    assert fresh(local).steps() == [0, 1, 2]
    local.resume("run").close()

    assert fresh(local).steps() == [0, 1, 2, 3]
    assert fresh(local).verify().ok


def test_an_open_reader_sees_the_repaired_catalog(logged, local):
    reader = fresh(local)
    (folder_of(logged) / "catalog.db").unlink()
    notes = reader.notes()
    fresh(local).repair()

    assert any("missing" in note for note in notes)
    assert reader.notes() == []
    assert reader.steps() == [0, 1, 2]


def test_gc_removes_what_killed_writers_left(logged, local):
    folder = folder_of(logged)
    (journal,) = journals(logged)
    leftovers = [
        folder / "vectors" / "hidden" / f"x.npy.{journal.name[:8]}-0.tmp",
        folder / "ids" / "y.npy.deadbeef-3.tmp",
        folder / "vectors" / "hidden" / f"000000000009-r0000-{journal.name[:8]}-000099.npy",
        folder / "ids" / ("0" * 32 + ".npy"),
        folder / "derived" / "half" / "000-x.npy",
    ]
    for path in leftovers:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"left")
        age(path)
    staging = local.path / ".new-12345678"
    staging.mkdir()
    age(staging)
    expected = everything(logged)
    dry = local.gc(dry_run=True)
    all_there = all(path.exists() for path in leftovers) and staging.exists()
    report = local.gc()

    assert all_there
    assert len(dry.done) == len(report.done) == len(leftovers) + 1
    assert all(line.startswith("would remove") for line in dry.done)
    assert not any(path.exists() for path in [*leftovers, staging])
    assert everything(fresh(local)) == expected
    assert fresh(local).verify().ok


def test_gc_waits_out_the_grace_period(logged, local):
    path = folder_of(logged) / "ids" / "y.npy.deadbeef-3.tmp"
    path.write_bytes(b"new")

    assert local.gc().done == ()
    assert path.exists()
    assert len(local.gc(grace=-1).done) == 1


def test_gc_leaves_the_files_of_a_living_writer(local, vectors):
    run = local.create("run")
    run.log(0, {"hidden": vectors}, wait=True)
    writer = run._recording.writer.committer.writer[:8]
    unfinished = folder_of(run) / "vectors" / "hidden" / f"z.npy.{writer}-7.tmp"
    unrecorded = folder_of(run) / "vectors" / "hidden" / f"000000000001-r0000-{writer}-00ff.npy"
    for path in (unfinished, unrecorded):
        path.write_bytes(b"work")
        age(path)

    assert local.gc().done == ()
    run.close()
    assert len(local.gc().done) == 2


def test_gc_removes_nothing_it_cannot_prove_unneeded(logged, local):
    for path in [*journals(logged), *catalog_files(logged)]:
        path.unlink()
    for path in folder_of(logged).rglob("*.*"):
        age(path)

    assert local.gc().done == ()


def test_gc_removes_nothing_when_records_are_damaged_and_the_catalog_is_gone(logged, local):
    (path,) = journals(logged)
    flip(path, 8 * (path.stat().st_size // 2))
    (folder_of(logged) / "catalog.db").unlink()
    report = local.gc(grace=-1)

    assert report.done == ()
    assert not report.ok


def test_gc_forgets_the_results_unused_for_longest(logged, local, monkeypatch):
    monkeypatch.setattr("driftglass.store._gc.DERIVED_BYTES", 5000)
    for n in range(4):
        logged.cache.put(f"key{n}", {}, {"x": np.zeros(250)})
        age(folder_of(logged) / "derived" / f"key{n}" / "result.json", 100 - n)
    logged.cache.get("key0")
    report = local.gc()

    assert len(report.done) == 2
    assert logged.cache.keys() == ["key0", "key3"]


def test_retention_keeps_the_last_and_gc_removes_the_rest(local, vectors):
    with local.create("run", retention=2) as run:
        for step in range(5):
            run.log(step, {"hidden": vectors + step})
    run = fresh(local)
    before = len(list((folder_of(run) / "vectors" / "hidden").iterdir()))
    local.gc()
    during = len(list((folder_of(run) / "vectors" / "hidden").iterdir()))
    local.gc(grace=-1)

    assert run.steps() == [3, 4]
    assert (before, during) == (5, 5)
    assert len(list((folder_of(run) / "vectors" / "hidden").iterdir())) == 2
    assert np.array_equal(run.snapshot("hidden", 3).vectors, vectors + 3)
    assert run.verify().ok


def test_retention_goes_on_after_a_resume(local, vectors):
    for first in (0, 3):
        made = local.create("run", retention=2) if first == 0 else local.resume("run")
        for step in range(first, first + 3):
            made.log(step, {"hidden": vectors})
        made.close()

    assert fresh(local).steps() == [4, 5]


def test_logarithmic_retention_keeps_early_and_latest_steps(local):
    with local.create("run", retention="log") as run:
        for step in range(100):
            run.log(step * 10, {"hidden": np.zeros((2, 2), np.float32)})
    kept = [step // 10 for step in fresh(local).steps()]

    assert kept[:17] == list(range(17))
    assert kept[-1] == 99
    assert 35 < len(kept) < 45


def test_a_retired_step_that_is_logged_again_is_back(local, vectors):
    with local.create("run", retention=1) as run:
        for step in (0, 1, 0):
            run.log(step, {"hidden": vectors + step})
    run = fresh(local)

    assert run.steps() == [0, 1] or run.steps() == [0]
    assert np.array_equal(run.snapshot("hidden", 0).vectors, vectors)


def test_the_byte_limit_stops_vectors_but_not_scalars(local, vectors):
    run = local.create("run", max_bytes=4000)

    def train():
        for step in range(8):
            run.log(step, {"hidden": vectors}, scalars={"loss": step}, wait=True)

    with pytest.warns(dg.DriftglassWarning, match=r"max_bytes=4000.*only scalars"):
        train()
    reader = fresh(local)

    assert 0 < len(reader.steps()) < 5
    assert len(reader.scalars()["loss"][0]) == 8
    assert any("limit of 4.0 KB" in note for note in reader.notes())
    assert reader.nbytes <= 4000
    run.close()
    with local.resume("run", max_bytes=10**6) as run:
        run.log(9, {"hidden": vectors})
    assert fresh(local).steps()[-1] == 9


def test_the_estimate_is_said_when_it_can_be_told(local, vectors, caplog):
    caplog.set_level("INFO", logger="driftglass")
    run = local.create("run", expected_steps=1000, max_bytes=100_000)
    before = run.estimate
    run.log(0, {"hidden": vectors})
    run.flush()

    assert "after the first snapshot" in before
    assert "about 448 KB: 448 bytes at each of 1000 steps" in run.estimate
    assert "does not fit" in run.estimate
    assert run.estimate in caplog.text
    assert any("does not fit" in note for note in run.notes())
    run.close()
