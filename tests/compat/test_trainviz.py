"""A notebook written for train-viz runs cell by cell, with its import lines changed."""

import ast
import json
from pathlib import Path

import numpy as np
import pytest

import driftglass as dg
from driftglass import InvalidInputError, NotFoundError, ShapeError
from driftglass.compat.trainviz import (
    Animation,
    Run,
    generate_mphate_animation,
    generate_pca_animation,
    generate_phate_animation,
    generate_tsne_animation,
    generate_umap_animation,
    show_animations,
)
from driftglass.diagnostics import mean_step
from driftglass.plots import Animation as Player

NOTEBOOK = Path(__file__).parents[2] / "examples" / "watch_training.ipynb"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A store with a run of 40 items that part into two groups, predicted better and better."""
    rng = np.random.default_rng(0)
    folder = tmp_path_factory.mktemp("trainviz") / "runs"
    y = np.arange(40) % 2
    X, away = rng.normal(size=(40, 6)), 4 * rng.normal(size=(2, 6))[y]
    with dg.open(folder).create(
        "run-1", ids=np.arange(100, 140), labels=y.astype(str), classes=["0", "1"]
    ) as run:
        for t in range(20):
            right = np.where(np.arange(40) < 2 * t, y, 1 - y)
            run.log(
                10 * t,
                {"hidden": (X + t / 20 * away + 0.05 * rng.normal(size=X.shape)).astype("f4")},
                predictions=np.eye(2, dtype="f4")[right],
                scalars={"train_loss": 1 / (1 + t), "learning_rate": 0.1, "gradient_norm": 1.0},
            )
    return folder


@pytest.fixture
def run(folder):
    return Run("run-1", "two groups", store=folder)


def cells():
    for cell in json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            lines = "".join(cell["source"]).splitlines()
            # What chooses a window for figures is for notebooks alone; players need none.
            yield "\n".join(line for line in lines if not line.startswith("%"))


@pytest.mark.slow
def test_every_cell_of_the_notebook_does_what_it_says(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    names, shown = {}, []
    for source in cells():
        body = ast.parse(source).body
        last = body.pop() if isinstance(body[-1], ast.Expr) else None
        exec(compile(ast.Module(body, []), "cell", "exec"), names)
        if last is not None:
            shown.append(eval(compile(ast.Expression(last.value), "cell", "eval"), names))

    records, confusion, drifts, cka, spectrum, page = shown
    assert len([ax for ax in records.axes if ax.get_title(loc="left")]) == 3
    assert isinstance(confusion, Player)
    assert len(confusion) == 24
    assert "1 snapshot" in [line.get_label() for line in drifts.lines]
    assert cka.get_ylim() == (0.0, 0.3)
    assert len(spectrum.lines) == 10
    assert page.titles == ["PCA on all", "PCA window denoised", "t-SNE", "UMAP", "M-PHATE"]
    assert len(page) == 23 * 3 + 1
    assert page.confusion is not None
    assert page.n_columns == 3
    for maps in page.sequences:
        assert len(maps) == 24
        assert mean_step(maps) > 0
    assert capsys.readouterr().out.count("smoothed: F") == 2
    assert 'id="data"' in page.html()


def test_only_import_lines_of_the_notebook_name_driftglass():
    sources = list(cells())[1:]  # the first records the run

    lines = [line for source in sources for line in source.splitlines() if "driftglass" in line]
    assert lines
    assert all(line.startswith("from driftglass.compat.trainviz import ") for line in lines)


def test_a_run_has_its_vectors_classes_and_series(run):
    assert len(run.embeddings) == 20
    assert run.embeddings[0].shape == (40, 6)
    assert run.labels.tolist() == [0, 1] * 20
    drift = run.embedding_drifts[4]
    assert np.isnan(drift[:4]).all()
    X = [np.asarray(x, dtype=float) for x in run.embeddings]
    assert drift[7] == pytest.approx(np.linalg.norm(X[7] - X[3], axis=1).mean())
    assert set(run.cka_similarities) == {1, 2, 4, 8, 16}


def test_records_and_curves_are_drawn(run, capsys):
    run.print_info()

    assert len(run.plot_training_records().axes) == 4
    assert run.plot_embedding_drifts(metric="manhattan").get_ylabel().endswith("L1")
    assert run.plot_cka_similarities(flip=False).get_ylabel().startswith("CKA")
    assert run.plot_curvature_distribution().lines
    assert run.eigenvalues(num_components=2, figsize=(4, 3)).figure.get_size_inches()[0] == 4
    assert "40 items of 6 features, 2 classes" in capsys.readouterr().out


def test_thinning_out_keeps_every_other_snapshot_and_item(run):
    before = run.embedding_drifts[1]

    run.subsample(snapshot_step=2, point_step=4)

    assert run.steps == list(range(0, 200, 20))
    assert run.ids.tolist() == list(range(100, 140, 4))
    assert len(run.embedding_drifts[1]) == 10 != len(before)
    assert len(generate_pca_animation(run).projections[0]) == 10
    run.reload()
    assert len(run.steps) == 20


def test_unknown_runs_spaces_and_words_are_refused(folder, run):
    with pytest.raises(NotFoundError, match="run-2"):
        Run("run-2", store=folder)
    with pytest.raises(NotFoundError, match="space"):
        Run("run-1", store=folder, space="logits")
    with pytest.raises(InvalidInputError, match="metric"):
        run.plot_embedding_drifts(metric="cosine")
    with pytest.raises(InvalidInputError, match="fit_basis"):
        generate_pca_animation(run, fit_basis="some")
    with pytest.raises(InvalidInputError, match="fit_basis"):
        generate_umap_animation(run, fit_basis="last_n")
    with pytest.raises(InvalidInputError, match="no animations"):
        show_animations([])
    with pytest.raises(ShapeError, match="3 maps for 20 snapshots"):
        Animation([np.zeros((40, 2))] * 3, "x", run)


@pytest.mark.parametrize("basis", ["all", "first", "last", "all_n", "window", 7])
def test_pca_is_fitted_to_what_was_asked_for(run, basis):
    animation = generate_pca_animation(run, fit_basis=basis, window_size=3)

    assert len(animation.projections) == 20
    if basis not in ("all", "all_n", "window"):
        number = {"first": 0, "last": 19}.get(basis, basis)
        X = np.asarray(run.embeddings[number], dtype=float)
        best = np.linalg.svd(X - X.mean(0), compute_uv=False)[:2] ** 2
        Y = animation.projections[number]
        assert ((Y - Y.mean(0)) ** 2).sum() == pytest.approx(best.sum(), rel=1e-4)


def test_other_settings_are_other_results_although_titles_are_equal(run):
    one = generate_pca_animation(run, fit_basis="all_n", fit_basis_n=5)
    other = generate_pca_animation(run, fit_basis="all_n", fit_basis_n=19)

    assert one.title == other.title
    assert not np.allclose(one.projections[0], other.projections[0])


def test_a_kept_result_is_taken_and_made_again_when_asked(run):
    first = generate_umap_animation(run, fit_basis="first")
    kept = generate_umap_animation(run, fit_basis="first")
    again = generate_umap_animation(run, fit_basis="first", load_and_save=False)

    np.testing.assert_array_equal(first.projections, kept.projections)
    np.testing.assert_array_equal(first.projections, again.projections)


@pytest.mark.parametrize(
    "make",
    [
        lambda run: generate_tsne_animation(run, reverse_computation=True, max_frames=4),
        lambda run: generate_umap_animation(run, online=True, fit_basis="max_n", max_frames=4),
        lambda run: generate_umap_animation(run, reverse_computation=True, max_frames=4),
        lambda run: generate_phate_animation(run, window=1, max_frames=4),
        lambda run: generate_mphate_animation(run, knn=3, max_frames=4),
    ],
    ids=["t-SNE in reverse", "UMAP online", "UMAP in reverse", "PHATE", "M-PHATE"],
)
def test_other_ways_to_compute_give_a_map_of_every_frame(run, make):
    animation = make(run)

    assert [Y.shape for Y in animation.projections] == [(40, 2)] * 4
    assert np.isfinite(animation.projections).all()


def test_a_frozen_animation_stands_still(run):
    frozen = generate_tsne_animation(run, tsne_update=0, max_frames=3)

    np.testing.assert_array_equal(frozen.projections[0], frozen.projections[2])


def test_smoothing_looks_as_far_ahead_as_back_and_is_scored_against_the_recorded(run, capsys):
    plain = generate_pca_animation(run)

    smooth = plain.denoise(blend=1.0, window_size=3)

    middle = np.mean(plain.projections[4:7], axis=0)
    np.testing.assert_allclose(smooth.projections[5], middle, atol=1e-5)
    assert smooth.title == f"{plain.title} denoised"
    assert smooth.scores.F <= plain.scores.F
    assert "smoothed: F" in capsys.readouterr().out
    with pytest.raises(InvalidInputError, match="smoothed already"):
        smooth.denoise()
    assert plain.denoise(do_projections=False).title == plain.title


def test_evaluation_prints_what_it_looks_at(run, capsys):
    animation = generate_pca_animation(run)

    drift, cka = animation.evaluate()

    said = capsys.readouterr().out
    assert f"drift {drift:.3f}, CKA {cka:.3f}" in said
    assert "mean speeds only" in said
    assert f"F {animation.scores.F:.3f}" in said
    assert animation.scatter_movements().get_title(loc="left") == animation.title
    assert animation.grid(3).axes


def test_animations_play_in_step_with_drift_and_confusion(run):
    plain = generate_pca_animation(run)

    page = show_animations(
        [plain, plain.copy()], custom_titles=["one"], with_drift=True, add_confusion_matrix=True,
        interpolate=True, steps_per_transition=2, figsize_per_plot=(1.5, 1.5),
    )  # fmt: skip

    assert page.titles == ["one", plain.title]
    assert len(page) == 39
    figure = page.figure(3)
    assert figure.axes[-1].lines[-1].get_xdata()[0] == 15  # between steps 10 and 20


def test_a_gif_is_named_after_run_and_title(run, tmp_path, monkeypatch):
    from PIL import Image

    monkeypatch.chdir(tmp_path)

    path = generate_pca_animation(run, max_frames=4).save_as_gif(
        figsize=(1, 1), steps_per_transition=2
    )

    assert path.name == "run-1_PCA_all.gif"
    with Image.open(tmp_path / path) as picture:
        assert picture.n_frames == 7
