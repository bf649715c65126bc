"""Whatever happens to the files, nothing wrong is shown and verify says where it is."""

from __future__ import annotations

import os
import random
import shutil

import numpy as np
import pytest

import driftglass as dg
from driftglass.errors import DamagedError, DriftglassError
from driftglass.store._keys import CHUNK_BYTES

from .conftest import folder_of


def flip(path, bit):
    data = bytearray(path.read_bytes())
    data[bit // 8] ^= 1 << bit % 8
    replace(path, bytes(data))


def replace(path, data):
    """Change a file as damage does: under its own name, in another file."""
    new = path.with_name(path.name + ".new")
    new.write_bytes(data)
    os.replace(new, path)


def everything(run):
    """All that can be read of a run, as plain values."""
    return {
        "vectors": {s: run.snapshot("hidden", s).vectors.tolist() for s in run.steps("hidden")},
        "ids": run.ids.tolist(),
        "scalars": {k: [a.tolist() for a in v] for k, v in run.scalars().items()},
        "predictions": {s: run.predictions(s).values.tolist() for s in run.prediction_steps},
        "metadata": run.metadata and [run.metadata.row(i) for i in run.metadata.ids.tolist()],
        "images": run.images and list(run.images.pages),
        "classes": run.classes,
    }


def shown_or_refused(run):
    """All that a new reader sees, or the kind of error it gets instead."""
    try:
        return everything(reopened(run))
    except DriftglassError as error:
        return type(error)


def reopened(run):
    return dg.open(folder_of(run).parent, read_only=True).run("run")


def data_files(run):
    folders = ("vectors", "predictions", "ids", "columns", "images")
    return sorted(p for f in folders for p in (folder_of(run) / f).rglob("*") if p.is_file())


def test_each_of_two_hundred_flipped_bits_in_data_is_found_and_named(logged):
    source = random.Random(0)
    expected = everything(logged)
    names = {p.relative_to(folder_of(logged)).as_posix(): p for p in data_files(logged)}
    for _ in range(200):
        name, path = source.choice(sorted(names.items()))
        bit = source.randrange(path.stat().st_size * 8)
        flip(path, bit)
        problems = reopened(logged).verify().problems
        assert shown_or_refused(logged) in (expected, DamagedError)
        flip(path, bit)

        assert [(p.kind, p.file, p.chunk) for p in problems] == [("damaged", name, 0)], (name, bit)
        if name.startswith("vectors/"):
            assert (problems[0].space, problems[0].step) == ("hidden", int(path.name[:12]))
        if name.startswith("predictions/"):
            assert problems[0].step == int(path.name[:12])
    assert everything(reopened(logged)) == expected


def test_the_damaged_chunk_of_a_long_file_is_named(local, rng):
    values = rng.standard_normal((5000, 1000), dtype=np.float32)
    with local.create("run") as run:
        run.log(7, {"hidden": values})
    (path,) = (folder_of(run) / "vectors" / "hidden").iterdir()
    flip(path, 8 * (2 * CHUNK_BYTES + 5))
    (problem,) = local.run("run").verify().problems

    assert (problem.chunk, problem.step, problem.space) == (2, 7, "hidden")
    with pytest.raises(DamagedError, match=rf"chunk 2, bytes {2 * CHUNK_BYTES} to .*log that step"):
        local.run("run").snapshot("hidden", 7)


def test_each_flipped_bit_in_a_record_is_found(logged):
    source = random.Random(1)
    expected = everything(logged)
    for path in (folder_of(logged) / "journal").iterdir():
        for bit in source.sample(range(path.stat().st_size * 8), 150):
            flip(path, bit)
            run = reopened(logged)
            assert not run.verify(full=False).ok, (path.name, bit)
            assert everything(run) == expected  # the catalog has it too
            flip(path, bit)


def test_a_flipped_bit_in_a_record_costs_one_record_where_journals_are_the_catalog(local, vectors):
    with local.create("run", catalog="journal") as run:
        for step in range(5):
            run.log(step, {"hidden": vectors + step})
    (path,) = (folder_of(run) / "journal").iterdir()
    source = random.Random(2)
    for bit in source.sample(range(path.stat().st_size * 8), 200):
        flip(path, bit)
        reader = reopened(run)
        steps = reader.steps("hidden") if "hidden" in reader.spaces else []
        for step in steps:
            try:
                assert np.array_equal(reader.snapshot("hidden", step).vectors, vectors + step)
            except DriftglassError:
                assert not reader.verify().ok  # the list of ids was in the damaged record
        assert len(steps) >= 3
        assert any("verify" in note for note in reader.notes())
        assert not reader.verify().ok
        flip(path, bit)


def test_no_flipped_bit_in_the_catalog_shows_a_wrong_value(logged):
    source = random.Random(3)
    expected = everything(logged)
    path = folder_of(logged) / "catalog.db"
    assert path.with_name("catalog.db-wal").stat().st_size == 0
    n_found = 0
    for bit in source.sample(range(path.stat().st_size * 8), 400):
        flip(path, bit)
        found = not reopened(logged).verify(full=False).ok
        n_found += found
        # Most of the file is unused space of pages, where a bit means nothing. Where it means
        # something, the journals are read instead.
        assert shown_or_refused(logged) == expected, bit
        flip(path, bit)
    assert n_found > 10


def test_a_flipped_bit_in_run_json_is_found(logged):
    path = folder_of(logged) / "run.json"
    original = path.read_bytes()
    for bit in range(3, len(original) * 8, 41):
        flip(path, bit)
        run = reopened(logged)
        assert not run.verify().ok
        assert run.steps() == [0, 1, 2]
        replace(path, original)


def test_every_truncation_is_found_and_nothing_wrong_is_shown(logged):
    source = random.Random(4)
    expected = everything(logged)
    for path in [*data_files(logged), *(folder_of(logged) / "journal").iterdir()]:
        original = path.read_bytes()
        lengths = {0, 1, len(original) - 1, *source.sample(range(len(original)), 12)}
        for length in lengths:
            replace(path, original[:length])
            assert shown_or_refused(logged) in (expected, DamagedError)
            assert not reopened(logged).verify(full=False).ok, (path.name, length)
        replace(path, original)


def test_a_truncated_catalog_is_found_and_the_journals_are_read(logged):
    expected = everything(logged)
    path = folder_of(logged) / "catalog.db"
    original = path.read_bytes()
    for length in (0, 1, 99, 100, 4096, 5000, len(original) // 2, len(original) - 1):
        replace(path, original[:length])
        assert not reopened(logged).verify(full=False).ok, length
        assert shown_or_refused(logged) in (expected, DamagedError)


def test_swapped_files_are_found(logged):
    paths = sorted((folder_of(logged) / "vectors" / "hidden").iterdir())
    first, second = paths[0].read_bytes(), paths[1].read_bytes()
    replace(paths[0], second)
    replace(paths[1], first)
    problems = reopened(logged).verify().problems

    assert sorted(problem.step for problem in problems) == [0, 1]
    with pytest.raises(DamagedError):
        reopened(logged).snapshot("hidden", 0)


def test_every_missing_file_is_found(logged):
    for path in [*data_files(logged), *(folder_of(logged) / "journal").iterdir()]:
        kept = path.read_bytes()
        path.unlink()
        problems = reopened(logged).verify(full=False).problems
        replace(path, kept)

        name = path.relative_to(folder_of(logged)).as_posix()
        assert ("missing", name) in [(problem.kind, problem.file) for problem in problems]


def test_damaged_snapshots_are_marked_and_the_others_stay_readable(logged, vectors, local):
    paths = sorted((folder_of(logged) / "vectors" / "hidden").iterdir())
    original = paths[1].read_bytes()
    flip(paths[1], 2000)
    before = [info.damaged for info in reopened(logged).describe("hidden")]
    local.run("run").verify()
    after = [info.damaged for info in reopened(logged).describe("hidden")]

    assert (before, after) == ([False] * 3, [False, True, False])
    assert np.array_equal(reopened(logged).snapshot("hidden", 2).vectors, vectors + 2)
    assert any("is damaged" in note for note in reopened(logged).notes())
    replace(paths[1], original)
    assert local.run("run").verify().ok
    assert [info.damaged for info in reopened(logged).describe("hidden")] == [False] * 3


def test_a_missing_or_cut_file_is_marked_without_verify(logged):
    paths = sorted((folder_of(logged) / "vectors" / "hidden").iterdir())
    paths[0].unlink()
    replace(paths[2], paths[2].read_bytes()[:-1])

    assert [info.damaged for info in reopened(logged).describe("hidden")] == [True, False, True]
    with pytest.raises(DamagedError, match="instead of"):
        reopened(logged).snapshot("hidden", 2)


def test_a_read_may_skip_or_repeat_the_check(logged):
    path = sorted((folder_of(logged) / "vectors" / "hidden").iterdir())[0]
    root = folder_of(logged).parent
    once, always = dg.open(root).run("run"), dg.open(root, check="always").run("run")
    once.snapshot("hidden", 0)
    always.snapshot("hidden", 0)
    flip(path, 3000)

    dg.open(root, check="never").run("run").snapshot("hidden", 0)
    once.snapshot("hidden", 0)
    with pytest.raises(DamagedError):
        always.snapshot("hidden", 0)


def test_a_damaged_derived_result_is_forgotten(logged):
    cache = logged.cache
    cache.put("key", {"a": 1}, {"x": np.arange(100)})
    path = next((folder_of(logged) / "derived" / "key").glob("*.npy"))
    flip(path, 1500)
    fresh = reopened(logged)

    assert fresh.cache.get("key") is None
    assert [problem.kind for problem in fresh.verify().problems] == ["derived"]


def test_half_a_copy_is_read_as_far_as_it_goes(logged, tmp_path):
    copy = tmp_path / "copy" / "run"
    shutil.copytree(folder_of(logged), copy)
    shutil.rmtree(copy / "images")
    sorted((copy / "vectors" / "hidden").iterdir())[0].unlink()
    run = dg.open(tmp_path / "copy").run("run")

    assert run.steps() == [0, 1, 2]
    assert run.snapshot("hidden", 1).n_samples == 20
    assert {problem.kind for problem in run.verify().problems} == {"missing"}
    with pytest.raises(DriftglassError):
        _ = run.images
