"""Parameters under umap-learn's names."""

from __future__ import annotations

import numpy as np
import pytest

from driftglass import InvalidInputError
from driftglass.projections import UMAP


def quick(**options):
    return UMAP(**{"n_neighbors": 10, "n_epochs": 40, "random_state": 0, **options})


@pytest.fixture
def X(rng):
    return (rng.normal(size=(120, 5)) + 9 * np.repeat(np.eye(3, 5), 40, axis=0)).astype(np.float32)


def test_the_mode_graph_gives_the_graph_and_no_map(X):
    graph = quick(transform_mode="graph").fit_transform(X)

    expected = quick().fit(X).graph_
    np.testing.assert_array_equal(graph.toarray(), expected.toarray())


def test_the_mode_graph_gives_memberships_of_new_rows(X):
    estimator = quick(transform_mode="graph").fit(X)

    M = estimator.transform(X[:7] + np.float32(1e-3))

    assert M.shape == (7, 120)
    assert (np.diff(M.indptr) == 10).all()
    assert M.max() == 1.0
    assert M.min() >= 0.0
    assert M[:, :7].diagonal().min() == 1.0  # the row itself is the nearest


def test_the_mode_graph_keeps_every_row(X):
    X[10:20] = X[10]

    estimator = quick(transform_mode="graph").fit(X)

    assert estimator.graph_.shape == (120, 120)
    assert not hasattr(estimator, "embedding_")
    assert len(estimator.get_feature_names_out()) == 120


@pytest.mark.parametrize("n", [2, 3])
def test_the_mode_graph_takes_very_few_rows(X, n):
    assert quick(transform_mode="graph", n_neighbors=2).fit(X[:n]).graph_.shape == (n, n)


def test_new_rows_draw_by_a_seed_of_their_own(X):
    estimator = quick().fit(X[:100])
    before = estimator.transform(X[100:])

    same = estimator.set_params(transform_seed=42).transform(X[100:])
    other = estimator.set_params(transform_seed=7).transform(X[100:])

    np.testing.assert_array_equal(same, before)
    assert not np.array_equal(other, before)
    np.testing.assert_allclose(other, before, atol=3.0)


def test_an_approximate_search_can_be_asked_for(X):
    assert quick().fit(X).neighbors_.method == "exact"
    assert quick(force_approximation_algorithm=True).fit(X).neighbors_.method == "approximate"


def test_a_distance_of_targets_may_have_keywords(X, rng):
    y = rng.normal(size=120)

    def apart(a, b, weight):
        return weight * abs(a[0] - b[0])

    told = quick(target_metric=apart, target_metric_kwds={"weight": 2.0}).fit(X, y)

    np.testing.assert_allclose(
        told.graph_.toarray(), quick(target_metric="l1").fit(X, y).graph_.toarray(), atol=1e-4
    )


def test_stages_are_printed_when_asked_for(X, capsys):
    heard = []

    quick(verbose=True, progress=lambda now: heard.append(now.stage) and None).fit(X)

    printed = capsys.readouterr().err
    for stage in ("neighbors", "affinities", "initialization", "layout 100 %"):
        assert f"UMAP: {stage}" in printed
    assert "layout" in heard


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"output_metric": "haversine"}, "output_metric is 'haversine'; maps are euclidean here"),
        ({"unique": False}, "unique is False; equal rows always share a place"),
        ({"transform_mode": "both"}, "transform_mode is 'both'; 'embedding' or 'graph'"),
        ({"transform_seed": -1}, "transform_seed is -1; an integer from 0"),
        ({"transform_seed": 1.5}, "transform_seed is 1.5; an integer from 0"),
        ({"target_metric_kwds": {"p": 2}}, "target_metric='categorical' does not take"),
        ({"transform_mode": "graph", "densmap": True}, "makes no map whose density"),
    ],
)
def test_what_has_no_meaning_is_refused(X, options, message):
    with pytest.raises(InvalidInputError, match=message):
        quick(**options).fit(X)
