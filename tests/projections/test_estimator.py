"""The conventions of scikit-learn, kept without it."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from sklearn.base import BaseEstimator, clone
from sklearn.utils.validation import check_is_fitted

from driftglass import InvalidInputError
from driftglass.projections._estimator import Transformer, random_state_of


class Doubled(Transformer):
    """Twice the first columns."""

    def __init__(self, n_components=2, *, inner=None, start=(1, 2)):
        self.n_components = n_components
        self.inner = inner
        self.start = start

    def fit(self, X, y=None):
        self._checked(X, reset=True)
        return self

    def transform(self, X):
        self._require_fitted()
        return 2 * np.asarray(self._checked(X, reset=False))[:, : self.n_components]

    @property
    def _n_features_out(self):
        return self.n_components


def test_a_map_of_plain_arrays_imports_neither_scikit_learn_nor_scipy():
    code = (
        "import sys, numpy as np\n"
        "from driftglass.projections import UMAP\n"
        "X = np.random.default_rng(0).normal(size=(500, 5))\n"
        "estimator = UMAP(n_epochs=5).fit(X)\n"
        "estimator.transform(X + 0.1), estimator.inverse_transform(estimator.embedding_)\n"
        "print({'sklearn', 'scipy', 'pandas'} & set(sys.modules))"
    )

    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert answer.stdout.strip() == "set()"


def test_parameters_are_read_changed_and_cloned():
    estimator = Doubled(3, inner=Doubled(5))

    changed = clone(estimator).set_params(n_components=1, inner__n_components=7)

    assert estimator.get_params(deep=False)["n_components"] == 3
    assert changed.get_params()["inner__n_components"] == 7
    assert changed.n_components == 1
    assert estimator.inner.n_components == 5


def test_an_unknown_parameter_is_refused_with_those_there_are():
    with pytest.raises(InvalidInputError, match=r"Invalid parameter 'size'.*'n_components'"):
        Doubled().set_params(size=3)


def test_its_text_shows_what_differs_from_the_defaults():
    assert repr(Doubled()) == "Doubled()"
    assert repr(Doubled(5, start=np.arange(2))) == "Doubled(n_components=5, start=array([0, 1]))"
    assert "n_components" in Doubled(5)._repr_html_()


def test_a_plain_array_is_not_copied(rng):
    X = rng.normal(size=(5, 3)).astype(np.float32)

    assert Doubled()._checked(X, reset=True) is X


def test_a_mapped_file_is_not_read_into_memory(tmp_path, rng):
    np.save(tmp_path / "X.npy", rng.normal(size=(5, 3)))
    X = np.load(tmp_path / "X.npy", mmap_mode="r")

    assert Doubled()._checked(X, reset=True) is X


def test_bytes_in_another_order_are_turned(rng):
    X = rng.normal(size=(5, 3))

    checked = Doubled()._checked(X.astype(">f8"), reset=True)

    assert checked.dtype.isnative
    np.testing.assert_array_equal(checked, X)


def test_tables_give_their_names_and_get_tables_back():
    pandas = pytest.importorskip("pandas")
    X = pandas.DataFrame({"one": [1.0, 2.0], "two": [3.0, 4.0]})
    estimator = Doubled().set_output(transform="pandas").fit(X)

    Y = estimator.transform(X)

    assert list(estimator.feature_names_in_) == ["one", "two"]
    assert list(Y.columns) == list(estimator.get_feature_names_out()) == ["doubled0", "doubled1"]
    with pytest.raises(ValueError, match="feature names should match"):
        estimator.transform(X.rename(columns={"one": "three"}))


def test_names_are_forgotten_by_a_fit_to_an_array():
    pandas = pytest.importorskip("pandas")
    estimator = Doubled().fit(pandas.DataFrame({"one": [1.0, 2.0], "two": [3.0, 4.0]}))

    estimator.fit(np.ones((3, 4)))

    assert not hasattr(estimator, "feature_names_in_")
    assert estimator.n_features_in_ == 4


def test_refuses_other_features_than_fitted():
    with pytest.raises(ValueError, match="X has 4 features, but Doubled is expecting 3"):
        Doubled().fit(np.ones((2, 3))).transform(np.ones((2, 4)))


def test_scikit_learn_takes_it_for_one_of_its_own():
    estimator = Doubled()
    estimator.__sklearn_tags__()

    assert isinstance(estimator, BaseEstimator)
    with pytest.raises(ValueError, match="not fitted yet"):
        estimator.transform(np.ones((2, 3)))
    check_is_fitted(estimator.fit(np.ones((2, 3))), "n_features_in_")


def test_seeds_draw_as_in_scikit_learn():
    from sklearn.utils import check_random_state

    state = np.random.RandomState(3)

    assert random_state_of(7).randint(1000) == check_random_state(7).randint(1000)
    assert random_state_of(None) is check_random_state(None)
    assert random_state_of(state) is state
    assert random_state_of(np.random.default_rng(1)).randint(10) in range(10)
    with pytest.raises(InvalidInputError, match="random_state is 'dice'"):
        random_state_of("dice")
