import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from driftglass.compat.embedding_viz import (
    extract_integration_name_for_group,
    extract_labels_for_group,
    overlay_group_on_embedding,
    plot_global_umap_grid,
    plot_integration_name_distribution,
    plot_umap_for_group,
    plot_umap_for_group_extended,
    prepare_group_data,
    run_umap,
)
from driftglass.data import Projection
from driftglass.errors import DriftglassWarning, InvalidInputError, NotFoundError, ShapeError


def label(group, name):
    return {"group": group, "integration_name": name}


AF, FLUTTER = label("Atrial Fibrillation", "AFIB"), label("Atrial Fibrillation", "AFLT")
WIDE, UNNAMED = label("Conduction", "LBBB"), {"group": "Conduction"}
LABELS = [
    [AF, WIDE, WIDE],  # multi, three labels
    [AF],  # exclusive
    [WIDE],
    [AF, FLUTTER],  # two in the group
    None,
    [FLUTTER, UNNAMED],  # multi, with a label that lacks a name
    [{"group": "Atrial Fibrillation"}],  # its one label lacks a name
    [],
]
GROUP = "Atrial Fibrillation"


@pytest.fixture
def table():
    return pd.DataFrame({"labels_meta": LABELS}, index=[f"r{i}" for i in range(8)])


@pytest.fixture
def coordinates():
    return np.column_stack([np.arange(8.0), np.arange(8.0) ** 2])


def highlighted(ax):
    """Where the points on top of the background are, by marker path length."""
    return {tuple(p) for artist in ax.collections[1:] for p in np.asarray(artist.get_offsets())}


def legend_texts(ax):
    legends = [child for child in ax.get_children() if isinstance(child, mpl.legend.Legend)]
    return [text.get_text() for legend in legends for text in legend.get_texts()]


def test_the_name_in_a_group_is_that_of_its_first_label():
    assert extract_integration_name_for_group([WIDE, FLUTTER, AF], GROUP) == "AFLT"
    assert extract_integration_name_for_group([WIDE], GROUP) is None
    assert extract_integration_name_for_group(None, GROUP) is None


def test_labels_of_a_group_are_all_or_only_a_single_one():
    assert extract_labels_for_group([AF, WIDE, FLUTTER], GROUP) == [AF, FLUTTER]
    assert extract_labels_for_group([AF, WIDE, FLUTTER], GROUP, single_label_only=True) == []
    assert extract_labels_for_group([AF, WIDE], GROUP, single_label_only=True) == [AF]


def test_a_group_holds_records_with_exactly_one_named_label_in_it(table):
    full, sub = prepare_group_data(table, GROUP)

    assert full.index.tolist() == ["r0", "r1", "r5"]
    assert full["integration_name"].tolist() == ["AFIB", "AFIB", "AFLT"]
    assert full["total_labels"].tolist() == [3, 1, 2]
    assert full["other_inames"].tolist() == [["LBBB"], [], ["Unknown"]]
    assert full["mlabel_flag"].tolist() == ["multi", "exclusive", "multi"]
    assert sub.index.tolist() == ["r1", "r5", "r0"]
    assert "integration_name" not in table.columns


def test_a_sample_holds_the_records_with_the_fewest_labels(table):
    _, sub = prepare_group_data(table, GROUP, max_samples=2)

    assert sub["total_labels"].tolist() == [1, 2]


def test_a_group_that_nobody_has_gives_empty_tables_and_a_warning(table):
    with pytest.warns(DriftglassWarning, match="Groups that occur: .*Conduction"):
        full, sub = prepare_group_data(table, "Rhythm")

    assert len(full) == len(sub) == 0
    assert "mlabel_flag" in sub.columns


def test_an_empty_group_can_still_be_drawn(table, coordinates):
    with pytest.warns(DriftglassWarning):
        _, sub = prepare_group_data(table, "Rhythm")

    _, ax = overlay_group_on_embedding(coordinates, table, sub)

    assert highlighted(ax) == set()


def test_the_overlay_draws_the_right_records(table, coordinates):
    _, sub = prepare_group_data(table, GROUP)

    figure, ax = overlay_group_on_embedding(coordinates, table, sub)

    assert plt.gca() is ax
    assert figure is ax.figure
    assert highlighted(ax) == {(0, 0), (1, 1), (5, 25)}
    assert len(ax.collections[0].get_offsets()) == 8


@pytest.mark.parametrize(
    "changed",
    [
        lambda sub: sub.sample(frac=1, random_state=0),
        lambda sub: sub.reset_index(drop=True),
        lambda sub: sub[::-1].reset_index(),
        lambda sub: sub[sub["mlabel_flag"] == "multi"],
    ],
    ids=["shuffled", "re-indexed", "turned round", "filtered"],
)
def test_a_changed_table_still_draws_the_right_records(changed, table, coordinates):
    _, sub = prepare_group_data(table, GROUP)
    part = changed(sub)

    _, ax = overlay_group_on_embedding(coordinates, table, part)

    expected = {tuple(coordinates[int(name[1:])]) for name in part["record_id"]}
    assert highlighted(ax) == expected


def test_a_table_filtered_before_keeps_its_own_rows(table, coordinates):
    kept = table[1:]
    _, sub = prepare_group_data(kept, GROUP)

    _, ax = overlay_group_on_embedding(coordinates[1:], kept, sub)

    assert highlighted(ax) == {(1, 1), (5, 25)}


def test_a_projection_is_joined_by_id(table, coordinates):
    order = np.array([5, 3, 1, 0])
    ids = np.array([f"r{i}" for i in order])
    Y = Projection(ids, coordinates[order].astype(np.float32), space="s", step=0)
    _, sub = prepare_group_data(table, GROUP)

    _, ax = overlay_group_on_embedding(Y, table, sub)

    assert highlighted(ax) == {(0, 0), (1, 1), (5, 25)}


def test_labels_that_lead_to_another_record_are_refused(table, coordinates):
    table = table.reset_index(drop=True)
    _, sub = prepare_group_data(table, GROUP)
    sub = sub.drop(columns="record_id").reset_index(drop=True)

    with pytest.raises(InvalidInputError, match="re-indexed"):
        overlay_group_on_embedding(coordinates, table, sub)


def test_repeated_index_labels_are_refused(table, coordinates):
    _, sub = prepare_group_data(table, GROUP)
    table.index = ["same"] * 8

    with pytest.raises(InvalidInputError, match="repeat"):
        overlay_group_on_embedding(coordinates, table, sub)


def test_records_of_another_table_are_refused(table, coordinates):
    _, sub = prepare_group_data(table, GROUP)

    with pytest.raises(NotFoundError, match="'r5'"):
        overlay_group_on_embedding(coordinates[:5], table[:5], sub)


def test_coordinates_of_other_rows_are_refused(table, coordinates):
    _, sub = prepare_group_data(table, GROUP)

    with pytest.raises(ShapeError, match="3 rows for 8 records"):
        overlay_group_on_embedding(coordinates[:3], table, sub)


def test_a_table_without_labels_is_refused():
    with pytest.raises(NotFoundError, match="labels_meta"):
        prepare_group_data(pd.DataFrame({"labels": [[]]}), GROUP)


def test_multi_label_records_are_crossed_and_annotated(table, coordinates):
    _, sub = prepare_group_data(table, GROUP)

    _, ax = plot_umap_for_group_extended(coordinates, table, sub, GROUP)

    assert {text.get_text() for text in ax.texts} == {"LBBB", "Unknown"}
    assert legend_texts(ax) == ["AFIB  2", "AFLT  1", "exclusive  1", "multi  2"]
    assert GROUP in ax.get_title()


def test_more_than_one_label_is_crossed_without_a_column_for_it(table, coordinates):
    _, sub = prepare_group_data(table, GROUP)

    _, ax = plot_umap_for_group(coordinates, table, sub, GROUP)

    assert legend_texts(ax)[2:] == ["one label  1", "several labels  2"]


def test_bars_have_the_colours_of_the_map(table, coordinates):
    full, sub = prepare_group_data(table, GROUP)

    _, bars = plot_integration_name_distribution(full, GROUP)
    _, ax = plot_umap_for_group(coordinates, table, sub, GROUP)

    of_bars = {mpl.colors.to_hex(bar.get_facecolor()) for bar in bars.patches}
    of_map = {mpl.colors.to_hex(artist.get_facecolor()[0]) for artist in ax.collections[1:]}
    assert [bar.get_width() for bar in bars.patches] == [2, 1]
    assert of_bars == of_map


def test_panels_share_one_table(table, coordinates):
    figure, axes = plot_global_umap_grid(
        {"Pre-trained": coordinates, "Fine-tuned": -coordinates}, table
    )

    assert [ax.get_title() for ax in axes] == ["Pre-trained", "Fine-tuned"]
    assert legend_texts(axes[0]) == []
    assert legend_texts(axes[1])[:2] == ["AFIB  3", "AFLT  1"]
    assert figure is axes[0].figure


def test_panels_of_projections_may_hold_other_records(table, coordinates):
    ids = np.array([f"r{i}" for i in range(8)])
    full = Projection(ids, coordinates.astype(np.float32), space="a", step=0)
    part = Projection(ids[[2, 0]], coordinates[[2, 0]].astype(np.float32), space="b", step=0)

    _, axes = plot_global_umap_grid({"all": full, "two": part}, table)

    assert legend_texts(axes[1]) == ["AFIB  1", "LBBB  1"]


def test_a_grid_needs_a_row_per_record(table, coordinates):
    with pytest.raises(ShapeError, match="Fine-tuned has 5 rows for 8 records"):
        plot_global_umap_grid({"Fine-tuned": coordinates[:5]}, table)


def test_figures_are_saved_and_never_shown(table, coordinates, tmp_path, monkeypatch):
    monkeypatch.setattr(plt, "show", lambda: pytest.fail("a figure was shown"))
    _, sub = prepare_group_data(table, GROUP)

    plot_umap_for_group_extended(coordinates, table, sub, GROUP, save_path=tmp_path / "map.png")

    assert (tmp_path / "map.png").stat().st_size > 5_000


def test_umap_is_that_of_the_engine():
    X = np.random.default_rng(0).normal(size=(60, 5))

    assert run_umap(X).shape == (60, 2)
    np.testing.assert_array_equal(run_umap(X), run_umap(X))
