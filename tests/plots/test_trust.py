import numpy as np
import pytest

from driftglass.data import Table
from driftglass.diagnostics import faithfulness, multiverse, point_errors, stability, trust_report
from driftglass.plots import (
    error_map,
    faithfulness_curve,
    stability_matrix,
    trade_off_curve,
    trust_page,
)
from driftglass.projections import PCA, UMAP


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    X = (rng.normal(size=(120, 6)) + 6 * rng.normal(size=(3, 6))[np.arange(120) % 3]).astype("f4")
    return X, PCA(n_components=2).fit_transform(X)


def test_points_with_wrong_neighbours_stand_out(data):
    X, Y = data
    Y = Y.copy()
    Y[0], Y[1] = Y[1].copy(), Y[0].copy()  # each among the other's group
    errors = point_errors(X, Y)

    ax = error_map(Y, errors)

    colors = ax.collections[1].get_facecolors()
    assert len(colors) == 120
    shown = {tuple(at): color for at, color in zip(ax.collections[1].get_offsets().tolist(), colors,
                                                   strict=True)}  # fmt: skip
    grey = np.mean([np.ptp(color[:3]) for color in colors])
    assert np.ptp(shown[tuple(Y[0].astype(float))][:3]) > 2 * grey


def test_the_curve_of_f_begins_at_its_smallest_scale(data):
    found = faithfulness(*data)

    ax = faithfulness_curve(found)

    np.testing.assert_array_equal(ax.lines[0].get_xdata(), found.scales)
    assert f"F {found.value:.2f}" in ax.get_title(loc="left")


def test_maps_that_agree_are_at_the_top_of_the_scale(data):
    _, Y = data

    ax = stability_matrix(stability([Y, Y]), names=["a", "b"])

    np.testing.assert_allclose(ax.images[0].get_array(), 1.0)
    assert [label.get_text() for label in ax.get_xticklabels()] == ["a", "b"]


@pytest.mark.parametrize("everything", [False, True])
def test_the_page_holds_what_was_measured(data, everything):
    X, Y = data
    more = {}
    if everything:
        maps = multiverse(X, UMAP, {"init": ["pca"]}, seeds=(0, 1))
        more = {"project": PCA(n_components=2).fit_transform, "maps": maps}

    figure = trust_page(trust_report(X, Y, **more), Y, title="Three groups")

    titles = [ax.get_title(loc="left") + ax.get_title() for ax in figure.axes]
    assert "Three groups" in titles
    assert "What not to conclude" in titles
    assert any("noise" in title for title in titles) == everything


def test_a_trade_off_has_a_line_per_measure():
    table = Table(("perplexity", "F", "Spearman"), ((5, 0.5, 0.2), (50, 0.4, 0.6)))

    ax = trade_off_curve(table)

    assert [line.get_label() for line in ax.lines] == ["F", "Spearman"]
    assert list(ax.lines[1].get_ydata()) == [0.2, 0.6]
    assert ax.get_xlabel() == "perplexity"
