"""Figures of contributions: what their artists say is what was explained."""

from __future__ import annotations

import numpy as np
import pytest

from driftglass import InvalidInputError, NotFoundError, ShapeError
from driftglass.explanations import Attribution, explain, explain_groups, top_contributions
from driftglass.plots import (
    contribution_arrows,
    contribution_bars,
    feature_map,
    top_feature_map,
    training_curve,
    unrolling,
)
from driftglass.projections import PCA

NAMES = ["length", "width", "height", "weight"]


@pytest.fixture
def explained(rng):
    X = rng.normal(size=(60, 4)) * [4, 2, 1, 0.1]
    X[30:] += [6, 0, 0, 0]
    pca = PCA(2).fit(X)
    groups = np.repeat(["near", "far"], 30)
    return (
        pca.transform(X),
        explain(pca, X, feature_names=NAMES),
        explain_groups(pca, X, groups, feature_names=NAMES),
        top_contributions(pca, X, 2, feature_names=NAMES),
    )


def ticks(ax):
    return [label.get_text() for label in ax.get_yticklabels()]


def widths(container):
    return [bar.get_width() for bar in container]


def test_bars_of_a_point_are_its_signed_contributions_longest_on_top(explained):
    _, one, _, _ = explained

    ax = contribution_bars(one, 5, title="point 5")

    assert len(ax.containers) == 2
    for k, bars in enumerate(ax.containers):
        expected = [one.contributions[5, k, NAMES.index(name)] for name in ticks(ax)]
        np.testing.assert_allclose(widths(bars), expected)
    lengths = [one.l2()[5, NAMES.index(name)] for name in ticks(ax)]
    assert lengths == sorted(lengths)
    assert ax.get_title() == "point 5"
    assert "units of the map" in ax.get_xlabel()


def test_bars_of_some_points_are_means_with_errors(explained):
    _, one, _, _ = explained

    ax = contribution_bars(one, range(10), view="share", n_features=2)

    bars = next(c for c in ax.containers if hasattr(c, "patches"))
    expected = [one.shares()[:10, NAMES.index(name)].mean() for name in ticks(ax)]
    np.testing.assert_allclose(widths(bars), expected)
    assert bars.errorbar is not None
    assert len(bars) == 2


@pytest.mark.parametrize("view", ["signed", "l2", "share"])
def test_bars_of_a_group_are_its_means(explained, view):
    _, _, groups, _ = explained

    ax = contribution_bars(groups, group="far", view=view)

    values = {"signed": groups.mean[0], "l2": groups.l2[[0]], "share": groups.shares[[0]]}[view]
    drawn = [c for c in ax.containers if hasattr(c, "patches")]
    for plane, bars in zip(values, drawn, strict=True):
        np.testing.assert_allclose(widths(bars), [plane[NAMES.index(n)] for n in ticks(ax)])


def test_what_is_not_exact_says_so_beneath(explained):
    _, one, _, _ = explained
    wrong = Attribution(one.contributions, one.offset + 1, one.coordinates, one.baseline)

    assert "approximate" in contribution_bars(wrong, 0).get_xlabel()
    assert "approximate" not in contribution_bars(one, 0).get_xlabel()


def test_arrows_lead_to_the_mean_contributions_of_their_group(explained):
    Y, _, groups, _ = explained

    ax = contribution_arrows(Y, groups, ["near"], n_features=3, magnify=1)

    arrows = [text for text in ax.texts if getattr(text, "arrow_patch", None) is not None]
    order = np.argsort(-np.linalg.norm(groups.mean[1], axis=0))[:3]
    tips = [arrow.xy for arrow in arrows if not arrow.get_text()]
    np.testing.assert_allclose(tips, groups.mean[1][:, order].T)
    assert "length" in {text.get_text() for text in ax.texts}


def test_short_arrows_are_drawn_longer_and_the_figure_says_so(explained):
    Y, _, groups, _ = explained
    far = 50 * Y

    ax = contribution_arrows(far, groups, n_features=2)

    tips = np.array([text.xy for text in ax.texts if not text.get_text()])
    factor = float(ax.get_xlabel().split()[2])
    order = [np.argsort(-np.linalg.norm(mean, axis=0))[:2] for mean in groups.mean]
    expected = [mean[:, few].T for mean, few in zip(groups.mean, order, strict=True)]
    np.testing.assert_allclose(tips, factor * np.concatenate(expected))
    assert factor > 1
    assert ax.get_xlabel() == f"arrows drawn {factor:g} times as long"
    assert 0.25 < np.linalg.norm(tips, axis=1).max() / (np.ptp(far, axis=0).max() / 2) <= 0.65
    for bad in (0, -1, np.nan, "big"):
        with pytest.raises(InvalidInputError, match="magnify is"):
            contribution_arrows(Y, groups, magnify=bad)


def test_labels_of_arrows_keep_clear_of_each_other_and_of_the_arrows(explained):
    from matplotlib.text import Text

    Y, _, groups, _ = explained
    labels = np.repeat(["near", "far"], 30)

    ax = contribution_arrows(Y, groups, color=labels, n_features=4)

    ax.figure.draw_without_rendering()
    texts = [text for text in ax.texts if text.get_text()]
    # The extent of an annotation would take in its line.
    boxes = [Text.get_window_extent(text) for text in texts]
    assert len(texts) == 8
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])
    longest = max((text for text in ax.texts if not text.get_text()), key=lambda a: np.hypot(*a.xy))
    shaft = ax.transData.transform(np.linspace((0, 0), longest.xy, 20)[:-1])
    assert not any(box.contains(*pixel) for box in boxes for pixel in shaft)


def test_arrows_have_the_colours_of_their_groups_or_name_them(explained):
    from matplotlib.colors import to_hex

    Y, _, groups, _ = explained
    labels = np.repeat(["near", "far"], 30)

    colored = contribution_arrows(Y, groups, color=labels, n_features=1)
    plain = contribution_arrows(Y, groups, n_features=1)

    arrows = [text.arrow_patch for text in colored.texts if not text.get_text()]
    dots = {to_hex(dots.get_facecolor()[0]) for dots in colored.collections}
    assert {to_hex(arrow.get_edgecolor()) for arrow in arrows} == dots
    written = {text.get_text() for text in plain.texts} - {""}
    assert written == {"length (far)", "length (near)"}


def test_arrows_head_to_tail_end_at_the_mean_of_the_group(explained):
    Y, _, groups, _ = explained

    ax = contribution_arrows(Y, groups, cumulative=True, n_features=2)

    arrows = [text for text in ax.texts if getattr(text, "arrow_patch", None) is not None]
    arrows = [arrow for arrow in arrows if not arrow.get_text()]
    assert len(arrows) == 6
    np.testing.assert_allclose(arrows[2].xy, groups.coordinates[0], atol=1e-6)
    np.testing.assert_allclose(arrows[5].xy, groups.coordinates[1], atol=1e-6)


def test_a_map_is_coloured_by_one_feature(explained):
    Y, one, _, _ = explained

    lengths = feature_map(Y, one, "width")
    signed = feature_map(Y, one, 0, axis=1)

    np.testing.assert_allclose(lengths.collections[-1].get_array(), one.l2()[:, 1])
    np.testing.assert_allclose(signed.collections[-1].get_array(), one.contributions[:, 1, 0])
    low, high = signed.collections[-1].get_clim()
    assert low == -high
    scale = signed.figure.axes[-1]
    assert scale.get_ylim() == (low, high)
    assert signed.get_title() == "length, axis 2"


def test_a_map_is_coloured_by_the_winning_feature(explained):
    Y, one, _, top = explained
    winners = one.l2().argmax(axis=1)

    for values in (one, top):
        ax = top_feature_map(Y, values, n_features=1)
        legend = {text.get_text() for text in ax.get_legend().get_texts()}
        n_most = np.bincount(winners).max()
        assert f"length  {n_most}" in legend
        assert any(text.startswith("other features") for text in legend) == (n_most < 60)


def test_a_training_curve_has_a_line_for_each_part():
    history = [
        {"phase": "copying", "epoch": 0, "loss": 3.0},
        {"phase": "copying", "epoch": 1, "loss": 2.0},
        {"phase": "descending", "epoch": 2, "loss": 1.0},
    ]

    ax = training_curve(history, title="fit")

    assert [line.get_label() for line in ax.lines] == ["copying", "descending"]
    assert ax.lines[0].get_xydata().tolist() == [[1, 3.0], [2, 2.0]]
    assert ax.get_yscale() == "log"
    with pytest.raises(InvalidInputError, match="no history"):
        training_curve([])


def test_a_manifold_is_drawn_beside_its_maps(rng):
    X, along = rng.normal(size=(40, 3)), np.arange(40.0)

    figure = unrolling(X, {"flat": X[:, :2], "side": X[:, 1:]}, along)

    assert [ax.get_title() for ax in figure.axes] == ["vectors", "flat", "side"]
    np.testing.assert_allclose(figure.axes[1].collections[-1].get_offsets(), X[:, :2])
    np.testing.assert_allclose(figure.axes[2].collections[-1].get_array(), along)
    with pytest.raises(ShapeError, match="three dimensions"):
        unrolling(X[:, :2], {"flat": X[:, :2]}, along)
    with pytest.raises(InvalidInputError, match="no maps"):
        unrolling(X, {}, along)


def test_draws_where_it_is_told(explained):
    from matplotlib import pyplot

    Y, one, groups, top = explained
    _, axes = pyplot.subplots(1, 4)

    assert contribution_bars(one, 0, ax=axes[0]) is axes[0]
    assert contribution_arrows(Y, groups, ax=axes[1]) is axes[1]
    assert feature_map(Y, one, 0, ax=axes[2]) is axes[2]
    assert top_feature_map(Y, top, ax=axes[3]) is axes[3]


def test_names_what_cannot_be_drawn(explained):
    Y, one, groups, _ = explained

    with pytest.raises(InvalidInputError, match="view is 'pie'"):
        contribution_bars(one, 0, view="pie")
    with pytest.raises(InvalidInputError, match="rows are 99"):
        contribution_bars(one, 99)
    with pytest.raises(InvalidInputError, match="Say which one with group="):
        contribution_bars(groups)
    with pytest.raises(NotFoundError, match="No group named 'fat'"):
        contribution_bars(groups, group="fat")
    with pytest.raises(NotFoundError, match=r"No feature named 'widht'\. Did you mean 'width'"):
        feature_map(Y, one, "widht")
    with pytest.raises(InvalidInputError, match="axis is 2"):
        feature_map(Y, one, 0, axis=2)
    with pytest.raises(ShapeError, match="Y has 3 rows, 60 were explained"):
        top_feature_map(Y[:3], one)
    with pytest.raises(ShapeError, match="2 feature_names for 4 features"):
        contribution_bars(one, 0, feature_names=["a", "b"])
    with pytest.raises(ShapeError, match="arrows need two of each"):
        contribution_arrows(np.zeros((60, 3)), groups)
