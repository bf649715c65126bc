from __future__ import annotations

import numpy as np
import pytest

from driftglass import InvalidInputError, ShapeError
from driftglass.large import ShardedIndex, _index, neighbors, open_partitions

from .conftest import clusters

X, _ = clusters(1500)


@pytest.fixture
def index(tmp_path, monkeypatch):
    monkeypatch.setattr(_index, "LINKED_FROM", 350)
    return ShardedIndex.build(X, tmp_path, rows=400)


@pytest.mark.parametrize("executor", ["threads", "processes"])
def test_merged_answers_are_nearly_all_right_and_the_recall_says_so(index, executor):
    found = index.query(X[:60] + 0.01, 7, n_checked=60, executor=executor, n_jobs=2)
    true = neighbors(open_partitions(X, rows=400), X[:60] + 0.01, 7)

    assert found.recall > 0.97
    assert found.n_checked == 60
    assert (found.rows == true.rows).mean() == pytest.approx(found.recall, abs=0.02)
    assert np.all(np.diff(found.distances, axis=1) >= 0)


def test_partitions_with_many_rows_have_links_and_others_none(index):
    linked = [np.load(path)["indices"].shape for path in sorted(index.folder.glob("links/*"))]

    assert linked == [(400, 15), (400, 15), (400, 15), (0, 0)]


def test_an_index_that_is_there_is_opened_and_one_of_other_rows_is_made(index, tmp_path):
    told = []

    def progress(done, total, what):
        told.append((what, done))

    again = ShardedIndex.build(X, tmp_path, rows=400, progress=progress)
    other = ShardedIndex.build(X + 1, tmp_path, rows=400)

    assert again.folder == index.folder
    assert other.folder != index.folder
    assert told == [("reading partitions", 4), ("linking rows", 4)]
    assert again.query(X[:5], 3).rows.tolist() == index.query(X[:5], 3).rows.tolist()


def test_a_poisoned_partition_is_named_and_left_out(tmp_path):
    whole, broken = X[:400], np.full((400, 8), np.nan, dtype=np.float32)

    index = ShardedIndex.build([whole, broken], tmp_path)
    found = index.query(X[:3], 2)

    assert [trouble.name for trouble in index.troubles] == ["array 1, rows 0–399"]
    assert found.rows.max() < 400
    index.delete()
    assert not index.folder.exists()


def test_what_cannot_be_found_is_said(index):
    with pytest.raises(ShapeError, match="5 features"):
        index.query(np.zeros((1, 5)), 2)
    with pytest.raises(InvalidInputError, match="1 to 1500"):
        index.query(X[:1], 1501)
