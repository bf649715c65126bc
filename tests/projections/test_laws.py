"""What holds for every estimator: scikit-learn's conventions, and laws of maps."""

from __future__ import annotations

import pickle
import re
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.distance import pdist
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from driftglass._progress import Cancelled
from driftglass.diagnostics import trustworthiness

from .every import CLASSES, NAMES, fitted, groups, having, make

HERE = Path(__file__).parent
CHECKED = {
    name
    for path in HERE.glob("test_*.py")
    for name in re.findall(r"parametrize_with_checks\(\s*\[(\w+)\(", path.read_text("utf-8"))
}
"""These go through scikit-learn's checks in modules of their own."""
STAGES = ("neighbors", "affinities", "initialization", "layout")
LINEAR = {"PCA", "RandomProjection", "CustomAxes"}
"""Each row has its place whatever the others are called."""
SQUARE = {"PHATE", "MDS"}
"""These hold a matrix of rows by rows, or rows by landmarks."""
PLACES = [name for name in NAMES if hasattr(CLASSES[name], "transform")]


@parametrize_with_checks([make(name) for name in NAMES if name not in CHECKED])
def test_keeps_the_conventions_of_scikit_learn(estimator, check):
    check(estimator)


# ---- parameters and copies -------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_parameters_are_kept_as_they_were_given(name):
    estimator = make(name)

    copy = clone(estimator)

    assert copy is not estimator
    for key, value in estimator.get_params().items():
        np.testing.assert_array_equal(getattr(copy, key), value)
    assert copy.set_params(**estimator.get_params()) is copy
    with pytest.raises(ValueError, match="Invalid parameter 'no_such'"):
        copy.set_params(no_such=1)


@pytest.mark.parametrize("name", NAMES)
def test_its_text_shows_what_differs_from_the_defaults(name):
    parameters = {key: None for key in ("n_neighbors", "n_components") if key in having_of(name)}

    text = repr(make(name, **{key: 3 for key in parameters}))

    assert text.startswith(name)
    for key in parameters:
        assert f"{key}=3" in text


def having_of(name):
    return make(name).get_params()


@pytest.mark.parametrize("name", NAMES)
def test_a_fitted_estimator_survives_pickling(rng, name):
    X = groups(rng)
    estimator = make(name)
    Y = fitted(estimator, X)

    again = pickle.loads(pickle.dumps(estimator))

    if name in PLACES:
        np.testing.assert_array_equal(again.transform(X[:9]), estimator.transform(X[:9]))
    np.testing.assert_array_equal(fitted(again, X), Y)


@pytest.mark.parametrize("name", NAMES)
def test_works_in_a_pipeline_and_names_its_columns(rng, name):
    pandas = pytest.importorskip("pandas")
    X = groups(rng)
    table = pandas.DataFrame(X, columns=list("abcdef"), index=np.arange(90) + 7)
    pipeline = make_pipeline(StandardScaler(), make(name)).set_output(transform="pandas")

    Y = fitted(pipeline, table)

    assert Y.index.tolist() == table.index.tolist()
    assert Y.columns.tolist() == pipeline[-1].get_feature_names_out().tolist()
    assert len(set(Y.columns)) == 2
    assert all(str(column).startswith(name.lower()) for column in Y.columns)
    assert pipeline[-1].feature_names_in_.tolist() == list("abcdef")


# ---- what the input may be -------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float16, np.float64, np.int32])
@pytest.mark.parametrize("name", NAMES)
def test_the_dtype_does_not_matter(rng, name, dtype):
    X = np.round(groups(rng) * 4).astype(np.float32)

    Y, other = (fitted(make(name), X.astype(kind)) for kind in (np.float32, dtype))

    assert Y.dtype == np.float32
    assert name in LINEAR or other.dtype == np.float32
    limit = 1e-3 * np.abs(Y).max()
    if dtype == np.float16:
        np.testing.assert_allclose(other, Y, atol=limit)
    else:  # sums in double precision round otherwise, and descents amplify it
        assert agreement(other, Y) > 0.9


def agreement(first, second):
    """Correlation of distances between rows; 1 for maps that differ by a motion."""
    distances = [np.linalg.norm(Y[:, None] - Y, axis=2).ravel() for Y in (first, second)]
    return np.corrcoef(*distances)[0, 1]


@pytest.mark.parametrize("name", NAMES)
def test_input_stays_as_it_was_even_where_it_could_be_written(rng, name):
    X = groups(rng)
    before = X.copy()

    fitted(make(name), X)

    np.testing.assert_array_equal(X, before)


@pytest.mark.parametrize("name", NAMES)
def test_read_only_and_mapped_input_give_the_same_map(rng, name, tmp_path):
    X = groups(rng)
    Y = fitted(make(name), X)
    np.save(tmp_path / "X.npy", X)
    closed = X.copy()
    closed.flags.writeable = False

    np.testing.assert_array_equal(fitted(make(name), closed), Y)
    np.testing.assert_array_equal(fitted(make(name), np.load(tmp_path / "X.npy", mmap_mode="r")), Y)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_kept_of_the_input_is_the_input_and_no_copy(rng, name):
    X = groups(rng)
    estimator = make(name)

    fitted(estimator, X)

    for value in vars(estimator).values():
        if isinstance(value, np.ndarray) and value.shape == X.shape and (value == X).all():
            assert np.shares_memory(value, X)


@pytest.mark.parametrize("name", [name for name in NAMES if name not in SQUARE])
def test_working_memory_is_far_below_a_table_of_distances(rng, name):
    X = rng.normal(size=(8000, 16)).astype(np.float32)
    fitted(make(name, d=16), X[:100])  # imports and tables are not what is measured

    tracemalloc.start()
    fitted(make(name, d=16), X)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < len(X) ** 2  # a quarter of it, in single precision


# ---- laws ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_the_same_seed_gives_the_same_bytes(rng, name):
    X = groups(rng)

    np.testing.assert_array_equal(fitted(make(name), X), fitted(make(name), X))


@pytest.mark.parametrize("name", having("n_jobs"))
def test_the_number_of_threads_changes_no_byte(rng, name):
    X = groups(rng, n=700, d=20)

    one, two, eight = (fitted(make(name, n_jobs=n), X) for n in (1, 2, 8))

    assert one.tobytes() == two.tobytes() == eight.tobytes()


@pytest.mark.parametrize("name", NAMES)
def test_another_order_of_rows_gives_as_good_a_map(rng, name):
    X = groups(rng, n=150)
    order = rng.permutation(len(X))

    Y = fitted(make(name), X)
    other = np.empty_like(Y)
    other[order] = fitted(make(name), X[order])

    if name in LINEAR:
        np.testing.assert_allclose(other, Y, atol=1e-3)
    assert abs(trustworthiness(X, Y) - trustworthiness(X, other)) < 0.05


@pytest.mark.parametrize("name", PLACES)
def test_rows_that_were_fitted_land_on_their_places(rng, name):
    X = groups(rng)
    estimator = make(name)
    Y = fitted(estimator, X)

    placed = estimator.transform(X)

    np.testing.assert_allclose(placed, Y, atol=1e-3 * np.abs(Y).max())


@pytest.mark.parametrize("name", PLACES)
def test_rows_are_placed_one_by_one(rng, name):
    X = groups(rng)
    estimator = make(name)
    fitted(estimator, X)
    new = X[:20] + rng.normal(size=(20, 6)).astype(np.float32) * 0.1

    together = estimator.transform(new)

    alone = np.vstack([estimator.transform(row[None]) for row in new])
    np.testing.assert_allclose(alone, together, atol=1e-3 * np.abs(together).max())


@pytest.mark.parametrize("name", PLACES)
def test_placing_nobody_is_an_error_or_nobody(rng, name):
    estimator = make(name)
    fitted(estimator, groups(rng))

    with pytest.raises(ValueError, match="0 sample"):
        estimator.transform(np.empty((0, 6)))


# ---- stopping --------------------------------------------------------------------------


@pytest.mark.parametrize("name", having("callback"))
def test_a_true_answer_stops_and_keeps_the_map_so_far(rng, name):
    heard = []

    def stop(done, *state):
        heard.append(done)
        return True

    estimator = make(name, callback=stop)
    Y = fitted(estimator, groups(rng))

    assert len(heard) == 1
    assert Y.shape == (90, 2)
    assert np.isfinite(Y).all()


@pytest.mark.parametrize("name", having("progress"))
def test_progress_hears_every_stage_to_the_end_and_changes_nothing(rng, name):
    X, heard = groups(rng), []

    watched = make(name, progress=heard.append)
    Y = fitted(watched, X)

    stages = list(dict.fromkeys(state.stage for state in heard))
    assert stages == [one for one in STAGES if one in stages]
    assert stages[-2:] == ["initialization", "layout"]
    assert heard[-1].done == heard[-1].total
    assert heard[-1].seconds_left == 0
    assert np.corrcoef(pdist(heard[-1].positions), pdist(Y))[0, 1] > 0.999999
    np.testing.assert_array_equal(fitted(make(name), X), Y)


@pytest.mark.parametrize("name", having("progress"))
def test_progress_stops_a_layout_and_keeps_the_map_or_ends_the_fit_before_it(rng, name):
    X = groups(rng)
    whole, made = (
        make(name),
        make(name, progress=lambda state: state.stage == "layout" and state.done),
    )
    fitted(whole, X)

    Y = fitted(made, X)

    assert 0 < made.n_iter_ < whole.n_iter_
    assert np.isfinite(Y).all()
    for stage in ("affinities", "initialization"):
        with pytest.raises(Cancelled, match=f"stopped in the stage '{stage}'"):
            fitted(make(name, progress=lambda state, stage=stage: state.stage == stage), X)


@pytest.mark.parametrize("name", having("callback"))
def test_an_exception_of_the_callback_reaches_the_caller(rng, name):
    class Enough(Exception):
        pass

    def stop(*state):
        raise Enough

    estimator = make(name, callback=stop)
    with pytest.raises(Enough):
        fitted(estimator, groups(rng))

    estimator.set_params(callback=None)
    assert np.isfinite(fitted(estimator, groups(rng))).all()
