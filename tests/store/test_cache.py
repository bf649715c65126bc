"""Derived results are found again, or made again."""

from __future__ import annotations

import threading

import numpy as np
import pytest

import driftglass as dg
from driftglass.data import Provenance
from driftglass.errors import InvalidInputError
from driftglass.store import Cache, LocalBlobs, MemoryBlobs

from .conftest import folder_of


@pytest.fixture(params=["local", "memory"])
def blobs(request, tmp_path):
    return LocalBlobs(tmp_path) if request.param == "local" else MemoryBlobs()


def test_a_result_comes_back_exactly(blobs, rng):
    arrays = {
        "coordinates": rng.standard_normal((5, 2), dtype=np.float32),
        "ids": np.array(["a", "bb", "ü"]),
        "empty": np.empty((0, 3)),
        "number": np.array(7),
        "wide": np.arange(24).reshape(2, 3, 4)[:, ::-1],
        "yes": np.array([True, False]),
    }
    description = {"method": "pca", "nested": {"list": [1, None, 2.5, "x"]}}
    Cache(blobs).put("key", description, arrays)
    kept = Cache(blobs).get("key")

    assert kept.description == description
    assert list(kept.arrays) == list(arrays)
    for name, array in arrays.items():
        assert kept.arrays[name].dtype == array.dtype
        assert kept.arrays[name].shape == array.shape
        assert np.array_equal(kept.arrays[name], array)


def test_what_is_not_there_is_none(blobs):
    assert Cache(blobs).get("key") is None
    assert Cache(blobs).keys() == []


def test_keys_are_those_of_finished_results(blobs):
    cache = Cache(blobs)
    cache.put("b", {}, {})
    cache.put(Provenance("pca").key, {}, {"x": np.zeros(2)})
    blobs.write("derived/half/000-x.npy", [b"half"])

    assert cache.keys() == sorted(["b", Provenance("pca").key])


def test_putting_again_replaces(blobs):
    cache = Cache(blobs)
    cache.put("key", {"n": 1}, {"x": np.zeros(3)})
    first = cache.get("key")
    cache.put("key", {"n": 2}, {"x": np.ones(3)})

    assert cache.get("key").description == {"n": 2}
    assert cache.get("key").arrays["x"].tolist() == [1, 1, 1]
    assert first.arrays["x"].tolist() == [0, 0, 0]


def test_a_deleted_result_is_gone_and_stays_readable_where_it_is_open(blobs):
    cache = Cache(blobs)
    kept = cache.put("key", {}, {"x": np.arange(3)})
    cache.delete("key")

    assert cache.get("key") is None
    assert kept.arrays["x"].tolist() == [0, 1, 2]


def test_arrays_cannot_be_changed(blobs):
    kept = Cache(blobs).put("key", {}, {"x": np.arange(3)})

    with pytest.raises(ValueError, match="read-only"):
        kept.arrays["x"][0] = 1


@pytest.mark.parametrize("key", ["", "../x", "a/b", ".a", "x" * 129, 3])
def test_keys_are_names(blobs, key):
    with pytest.raises(InvalidInputError, match="not a key"):
        Cache(blobs).put(key, {}, {})
    with pytest.raises(InvalidInputError, match="not a key"):
        Cache(blobs).get(key)


def test_what_json_or_an_array_file_cannot_hold_is_refused(blobs):
    cache = Cache(blobs)
    for description in ({"x": float("nan")}, {"x": object()}):
        with pytest.raises(InvalidInputError, match="not JSON"):
            cache.put("key", description, {})
    for array in (np.array([{}]), np.zeros(2, complex), np.array(["2020"], "M8[D]")):
        with pytest.raises(InvalidInputError, match="numbers or text"):
            cache.put("key", {}, {"x": array})
    assert cache.keys() == []


def test_names_of_arrays_may_be_any_text(blobs):
    names = ["a/b", "../x", "Größe", "", "a b", "A B"]
    kept = Cache(blobs).put("key", {}, {name: np.array([n]) for n, name in enumerate(names)})

    assert {name: int(kept.arrays[name][0]) for name in names} == {
        n: i for i, n in enumerate(names)
    }


def test_many_threads_may_put_one_key(blobs):
    cache = Cache(blobs)
    threads = [
        threading.Thread(target=cache.put, args=("key", {"n": n}, {"x": np.full(1000, n)}))
        for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    kept = cache.get("key")

    assert (kept.arrays["x"] == kept.description["n"]).all()


@pytest.mark.parametrize("position", [0.1, 0.5, 0.9])
def test_a_damaged_description_is_a_miss(tmp_path, position):
    blobs = LocalBlobs(tmp_path)
    Cache(blobs).put("key", {"method": "pca", "n": 1}, {"x": np.arange(3)})
    path = tmp_path / "derived" / "key" / "result.json"
    data = bytearray(path.read_bytes())
    data[int(position * len(data))] ^= 1
    path.write_bytes(data)

    assert Cache(blobs).get("key") is None


def test_a_description_cannot_name_files_elsewhere(tmp_path):
    blobs = LocalBlobs(tmp_path)
    cache = Cache(blobs)
    cache.put("one", {}, {"x": np.arange(3)})
    stolen = (tmp_path / "derived" / "one" / "result.json").read_bytes()
    blobs.write("derived/two/result.json", [stolen])

    assert Cache(blobs).get("two") is None


def test_a_run_keeps_its_results_beside_it(logged):
    logged.cache.put("key", {}, {"x": np.arange(3)})

    assert (folder_of(logged) / "derived" / "key" / "result.json").exists()
    assert logged.nbytes == sum(
        blob.size
        for folder in ("vectors", "predictions", "ids", "columns", "images", "run.json")
        for blob in logged._blobs.list(folder)
    )


def test_results_of_a_run_that_may_not_be_written_go_to_the_user(logged, local):
    before = sorted(path for path in folder_of(logged).rglob("*"))
    reading = dg.open(local.path, read_only=True).run("run")
    reading.cache.put("key", {"n": 1}, {"x": np.arange(3)})

    assert reading.cache.get("key").arrays["x"].tolist() == [0, 1, 2]
    assert reading.cache.keys() == ["key"]
    assert dg.open(local.path, read_only=True).run("run").cache.get("key").description == {"n": 1}
    assert logged.cache.get("key") is None
    assert sorted(path for path in folder_of(logged).rglob("*")) == before
