import numpy as np
import pytest
from sklearn.datasets import make_blobs

from driftglass.diagnostics import subsample_stability, trade_off
from driftglass.errors import InvalidInputError
from driftglass.projections import PCA, TSNE


class Shuffled:
    """Draws every row anywhere."""

    seed = 0

    def __init__(self, **settings):
        pass

    def fit_transform(self, X):
        type(self).seed += 1
        return np.random.default_rng(self.seed).normal(size=(len(X), 2))


def test_maps_that_do_not_depend_on_the_rows_agree():
    X = np.random.default_rng(0).normal(size=(300, 3)) * [5, 3, 0.01]

    stable = subsample_stability(X, lambda: PCA(n_components=2), n_maps=3)
    loose = subsample_stability(X, Shuffled, n_maps=3)

    assert np.nanmin(stable) > 0.8
    assert np.nanmean(loose) == pytest.approx(0.0, abs=0.03)


def test_a_row_in_fewer_than_two_parts_has_no_value():
    X = np.random.default_rng(0).normal(size=(100, 2))

    points = subsample_stability(X, lambda: PCA(n_components=2), n_maps=2, share=0.5)

    assert 0.1 < np.isnan(points).mean() < 0.9


def test_a_larger_perplexity_trades_near_for_far():
    X = make_blobs(400, 20, centers=8, cluster_std=4, random_state=0)[0].astype(np.float32)

    table = trade_off(X, TSNE, "perplexity", [5, 100])

    assert table["perplexity"] == [5, 100]
    assert table["kept of 5"][0] > table["kept of 5"][1]
    assert table["kept of a third"][1] > table["kept of a third"][0]
    assert table.columns[1:4] == ("trustworthiness", "continuity", "F")


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: subsample_stability(np.eye(9), PCA, share=1.0), "0.2 to 0.95"),
        (lambda: subsample_stability(np.eye(9), PCA, n_maps=1), "two are needed"),
        (lambda: trade_off(np.eye(9), TSNE, "perplexity", []), "empty"),
        (lambda: trade_off(np.ones((9, 2)), Shuffled, "seed", [2]), "all equal"),
    ],
)
def test_what_cannot_be_judged_is_refused(call, says):
    with pytest.raises(InvalidInputError, match=says):
        call()
