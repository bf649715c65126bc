"""What each estimator does with bad or thin input: a finite map, or a refusal that helps."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import pdist

from driftglass import DriftglassWarning

from . import bad_tables
from .bad_tables import odd_tables
from .every import CLASSES, NAMES, fitted, groups, having, make

N = 40
SCATTERED = {"PaCMAP", "LocalMAP"}
"""Their pairs are drawn row by row, so equal rows are drawn in different directions."""

UNFAITHFUL = {"RandomProjection", "CustomAxes"}
"""Their axes do not follow from the rows."""

TABLES = {
    "two far groups": lambda rng: rng.normal(size=(N, 6)) + 1e4 * (np.arange(N) % 2)[:, None],
    "one far row": lambda rng: np.vstack([rng.normal(size=(39, 6)), np.full((1, 6), 1e6)]),
    "half equal": lambda rng: np.repeat(rng.normal(size=(20, 6)), 2, axis=0),
    "one row twenty times": lambda rng: np.vstack([np.ones((20, 6)), rng.normal(size=(20, 6))]),
    "two places": lambda rng: np.repeat(np.eye(2, 6), 20, axis=0),
    "constant columns": lambda rng: np.hstack([np.full((N, 3), 7.0), rng.normal(size=(N, 3))]),
    "one column that varies": lambda rng: np.hstack([np.ones((N, 5)), rng.normal(size=(N, 1))]),
    "on a line": lambda rng: np.outer(np.arange(N), np.arange(1.0, 7)),
    "wide": lambda rng: rng.normal(size=(12, 300)),
    "huge": lambda rng: rng.normal(size=(N, 6)) * 1e30,
    "huge integers": lambda rng: rng.integers(-(2**60), 2**60, size=(N, 6)),
    "tiny": lambda rng: rng.normal(size=(N, 6)) * 1e-30,
    "subnormal": lambda rng: (rng.normal(size=(N, 6)) * 1e-42).astype(np.float32),
    "far from the origin": lambda rng: rng.normal(size=(N, 6)) + 1e6,
    "signed zeros": lambda rng: np.where(rng.random((N, 6)) < 0.5, 0.0, -0.0) + np.eye(N, 6),
    "booleans": lambda rng: rng.random((N, 6)) < 0.5,
    "int8": lambda rng: rng.integers(-90, 90, size=(N, 6)).astype(np.int8),
    "uint64": lambda rng: rng.integers(0, 2**63, size=(N, 6)).astype(np.uint64),
    "float16": lambda rng: rng.normal(size=(N, 6)).astype(np.float16),
    "big-endian": lambda rng: rng.normal(size=(N, 6)).astype(">f8"),
    "columns first": lambda rng: np.asfortranarray(rng.normal(size=(N, 6))),
    "every other row, backwards": lambda rng: rng.normal(size=(2 * N, 6))[::-2],
    "numbers as objects": lambda rng: rng.integers(0, 90, size=(N, 6)).astype(object),
    "nested lists": lambda rng: rng.normal(size=(N, 6)).tolist(),
}  # fmt: skip

REFUSED = {
    "nan": lambda rng: with_value(rng, np.nan),
    "infinity": lambda rng: with_value(rng, np.inf),
    "minus infinity": lambda rng: with_value(rng, -np.inf),
    "nan alone": lambda rng: np.full((N, 6), np.nan),
    "no rows": lambda rng: np.empty((0, 6)),
    "no columns": lambda rng: np.empty((N, 0)),
    "complex": lambda rng: rng.normal(size=(N, 6)) + 1j,
    "one dimension": lambda rng: rng.normal(size=N),
    "three dimensions": lambda rng: rng.normal(size=(N, 3, 2)),
    "a number": lambda rng: 3.0,
    "ragged": lambda rng: [[1.0, 2.0], [3.0]],
    "text": lambda rng: np.array([["a", "b"]] * N),
    "objects": lambda rng: np.array([[{}, 1]] * N, dtype=object),
    "nothing": lambda rng: None,
}


def with_value(rng, value):
    X = rng.normal(size=(N, 6))
    X[7, 2] = value
    return X


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("name", NAMES)
def test_odd_tables_get_a_finite_map(rng, name, table):
    X = TABLES[table](rng)

    Y = fitted(make(name, d=np.shape(X)[1]), X)

    assert Y.shape == (len(X), 2)
    assert np.isfinite(Y).all()


@pytest.mark.parametrize("table", odd_tables())
@pytest.mark.parametrize("metric", ["euclidean", "cosine", "correlation", "manhattan"])
@pytest.mark.parametrize("name", having("metric"))
def test_odd_tables_are_mapped_and_placed_by_every_distance(name, metric, table):
    X = odd_tables()[table]
    estimator = make(name, d=X.shape[1], metric=metric)

    try:
        Y = fitted(estimator, X)
    except ValueError as refusal:
        assert "metric is" in str(refusal)  # noqa: PT017 - not every method knows every distance
    else:
        assert np.isfinite(Y).all()
        assert np.isfinite(estimator.transform(X[:3])).all()


@pytest.mark.parametrize("table", bad_tables.REFUSED)
@pytest.mark.parametrize("name", NAMES)
def test_a_refusal_says_what_is_wrong(name, table):
    X, message = bad_tables.REFUSED[table]

    with pytest.raises((ValueError, TypeError), match=message):
        fitted(make(name, d=2), X)


@pytest.mark.parametrize("name", NAMES)
def test_distances_beyond_float32_are_refused_with_the_remedy_if_at_all(rng, name):
    X = (rng.uniform(-1, 1, size=(N, 6)) * 3e38).astype(np.float32)

    try:
        Y = fitted(make(name), X)
    except ValueError as refusal:
        assert "Divide X" in str(refusal)  # noqa: PT017 - either is fine
    else:
        assert np.isfinite(Y).all()


@pytest.mark.parametrize("table", REFUSED)
@pytest.mark.parametrize("name", NAMES)
def test_what_is_no_table_of_numbers_is_refused(rng, name, table):
    X = REFUSED[table](rng)

    with pytest.raises((ValueError, TypeError)) as refusal:
        fitted(make(name), X)

    message = str(refusal.value)
    assert len(message) > 20
    # The words of NumPy and of kernels are not for people.
    assert "broadcast" not in message
    assert "incompatible function arguments" not in message


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("name", NAMES)
def test_a_row_that_is_not_finite_is_named(rng, name, bad):
    X = with_value(rng, bad)

    with pytest.raises(ValueError, match=r"NaN|infinity|not finite") as refusal:
        fitted(make(name), X)

    assert "row 7" in str(refusal.value)


@pytest.mark.parametrize("name", NAMES)
def test_rows_to_be_placed_must_be_finite_as_well(rng, name):
    estimator = make(name)
    if not hasattr(estimator, "transform"):
        pytest.skip("places no new rows")
    fitted(estimator, groups(rng))

    with pytest.raises(ValueError, match=r"NaN|infinity|not finite"):
        estimator.transform(with_value(rng, np.nan))
    with pytest.raises(ValueError, match="features"):
        estimator.transform(np.ones((4, 5)))


@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize("name", NAMES)
def test_very_few_rows_have_a_place(rng, name, n):
    X = rng.normal(size=(n, 6))

    Y = fitted(make(name), X)

    assert len(Y) == n
    assert np.isfinite(Y).all()
    if n == 1 and "axes" not in make(name).get_params():
        assert not Y.any()


@pytest.mark.parametrize("n", [2, 3])
@pytest.mark.parametrize("name", sorted({*NAMES} - UNFAITHFUL))
def test_two_and_three_rows_show_their_distances(rng, name, n):
    X = rng.normal(size=(n, 6))

    Y = fitted(make(name), X)

    np.testing.assert_allclose(pdist(Y), pdist(X), rtol=1e-3)


@pytest.mark.parametrize("name", NAMES)
def test_equal_rows_are_one_place(name):
    X = np.full((50, 6), 3.5)

    Y = fitted(make(name), X)

    assert np.isfinite(Y).all()
    assert len(np.unique(Y, axis=0)) == 1


@pytest.mark.parametrize("name", [name for name in NAMES if "notes_" in CLASSES[name].__doc__])
def test_one_stacked_point_is_said(name):
    with pytest.warns(DriftglassWarning, match="50 rows are equal: one stacked point"):
        estimator = make(name).fit(np.full((50, 6), 3.5))

    assert any("one stacked point" in note for note in estimator.notes_)


@pytest.mark.parametrize("name", NAMES)
def test_axes_too_many_are_to_be_pooled(rng, name):
    with pytest.raises(ValueError, match=r"shape \(40, 3, 2\).*Pool the other"):
        fitted(make(name), rng.normal(size=(N, 3, 2)))


@pytest.mark.parametrize("name", NAMES)
def test_a_value_that_is_no_number_is_named(name):
    X = np.array([[1.0, 2.0]] * N, dtype=object)
    X[3, 1] = {"a": 1}

    with pytest.raises((ValueError, TypeError), match=r"dict\) at position 7"):
        fitted(make(name), X)


@pytest.mark.parametrize("name", NAMES)
def test_equal_rows_among_others_share_a_place(rng, name):
    X = rng.normal(size=(60, 6))
    X[::2] = X[0]

    Y = fitted(make(name), X)

    if name in SCATTERED:
        assert np.isfinite(Y).all()
    else:
        np.testing.assert_allclose(Y[::2], np.tile(Y[0], (30, 1)), atol=1e-3 * Y.std())


@pytest.mark.parametrize("name", NAMES)
def test_one_feature_is_enough(rng, name):
    Y = fitted(make(name, d=1), rng.normal(size=(N, 1)))

    assert len(Y) == N
    assert np.isfinite(Y).all()


@pytest.mark.parametrize("name", having("n_components"))
def test_more_coordinates_than_features_do_no_harm(rng, name):
    Y = fitted(make(name, n_components=3), rng.normal(size=(N, 2)))

    assert len(Y) == N
    assert 2 <= Y.shape[1] <= 3
    assert np.isfinite(Y).all()


@pytest.mark.parametrize("name", having("n_neighbors", "perplexity", "knn"))
def test_fewer_rows_than_neighbours_are_a_warning(rng, name):
    with pytest.warns(DriftglassWarning, match="lowered"):
        Y = make(name).fit_transform(rng.normal(size=(5, 6)))

    assert np.isfinite(Y).all()


@pytest.mark.parametrize("n_zero", [3, N])
@pytest.mark.parametrize("metric", ["cosine", "correlation"])
@pytest.mark.parametrize("name", having("metric"))
def test_rows_without_a_direction_do_no_harm(rng, name, metric, n_zero):
    X = rng.normal(size=(N, 6))
    X[:n_zero] = 0

    try:
        Y = fitted(make(name, metric=metric), X)
    except ValueError as refusal:
        assert "metric" in str(refusal)  # noqa: PT017 - not every method knows every distance
    else:
        assert np.isfinite(Y).all()


@pytest.mark.parametrize("value", [0, -1, 2.5, True, "two", None])
@pytest.mark.parametrize("name", having("n_components"))
def test_a_number_of_coordinates_that_cannot_be_is_said(rng, name, value):
    with pytest.raises((ValueError, TypeError), match="n_components"):
        fitted(make(name, n_components=value), groups(rng))


@pytest.mark.parametrize("name", having("metric"))
def test_a_metric_that_is_not_there_is_said_with_those_that_are(rng, name):
    with pytest.raises(ValueError, match=r"metric.*'taxi'.*euclidean"):
        fitted(make(name, metric="taxi"), groups(rng))
