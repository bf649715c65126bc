"""Words on the map: kept with the run, for good, as ids."""

from __future__ import annotations

import numpy as np
import pytest

import driftglass as dg
from driftglass._label import keep_names, kept_names
from driftglass.errors import InvalidInputError, NotFoundError, StoreError


@pytest.fixture
def run(tmp_path):
    with dg.open(tmp_path).create("words", ids=np.arange(40)) as run:
        run.log(0, spaces={"h": np.random.default_rng(0).normal(size=(40, 5))})
    return dg.open(tmp_path).run("words")


def test_a_label_is_kept_as_the_ids_it_belongs_to_and_read_by_others(run, tmp_path):
    run.labels.save("crossed <b>sevens</b>", [7, 3, 3])

    again = dg.open(tmp_path).run("words").labels
    assert list(again) == ["crossed <b>sevens</b>"]
    assert again["crossed <b>sevens</b>"].tolist() == [3, 7]


def test_labels_and_selections_do_not_meet(run):
    run.labels.save("odd", [1, 3])
    run.selections.save("odd", [5])

    assert run.labels["odd"].tolist() == [1, 3]
    assert run.selections["odd"].tolist() == [5]


def test_a_label_on_an_unknown_item_says_what_is_known(run):
    with pytest.raises(InvalidInputError, match="1 of 2 ids are not in the run, first 99"):
        run.labels.save("nobody", [1, 99])


def test_a_label_that_is_not_there_cannot_be_deleted(run):
    with pytest.raises(NotFoundError, match="label"):
        run.labels.delete("nobody")


def test_gc_takes_neither_labels_nor_names_of_clusters(run, monkeypatch):
    from driftglass.store import _gc

    monkeypatch.setattr(_gc, "DERIVED_BYTES", 0)
    frame = dg.project(run, "h")[-1]
    run.labels.save("odd", [1, 3])
    keep_names(run, frame, {0: "first"})

    report = run.gc(grace=0)

    assert report.done  # the map itself was a derived result
    assert list(run.cache.keys()) == []
    assert run.labels["odd"].tolist() == [1, 3]
    assert kept_names(run, frame) == {0: "first"}


def test_a_name_that_is_taken_back_is_gone_even_where_an_earlier_version_kept_it(run):
    from driftglass._label import _key

    frame = dg.project(run, "h")[-1]
    run.cache.put(_key(frame), {"kind": "cluster-names", "names": {"0": "old"}}, {})

    before = kept_names(run, frame)
    keep_names(run, frame, {0: ""})

    assert before == {0: "old"}
    assert kept_names(run, frame) == {}


def test_a_store_that_is_read_only_takes_no_label(run, tmp_path):
    reading = dg.open(tmp_path, read_only=True).run("words")

    with pytest.raises(StoreError):
        reading.labels.save("odd", [1])
