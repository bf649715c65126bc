"""Draw the figures of docs/images: run by `make pictures`."""

from __future__ import annotations

import os
import runpy
import shutil
import sys
import tempfile
import warnings
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
import numpy as np
from matplotlib import pyplot
from sklearn.datasets import load_digits, load_wine, make_swiss_roll
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler

from driftglass.diagnostics import curvature, multiverse, sequence_scores, tracks, trust_report
from driftglass.errors import DriftglassWarning
from driftglass.explanations import explain, explain_groups
from driftglass.plots import (
    cka_curves,
    confusion_matrix,
    contribution_arrows,
    contribution_bars,
    curvature_bands,
    drift_curves,
    eigenvalue_curves,
    feature_map,
    group_overlay,
    sequence_grid,
    show_animations,
    similarity_map,
    top_feature_map,
    trust_page,
    unrolling,
)
from driftglass.projections import UMAP, project_sequence

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / "docs" / "images"
EXAMPLES = {"group_pages.py": ("spaces", "extended"), "latent_space.py": ("latent", "between")}


def main() -> None:
    warnings.simplefilter("ignore", DriftglassWarning)
    digits = load_digits()
    X = digits.data.astype(np.float32)

    def project(vectors: np.ndarray) -> np.ndarray:
        return UMAP(random_state=0).fit_transform(vectors)

    Y = project(X)
    maps = multiverse(X, UMAP, {"n_neighbors": [10, 30, 100]}, seeds=(1, 2))
    settings = {"n_neighbors": 15, "min_dist": 0.1}
    report = trust_report(
        X, Y, labels=digits.target, project=project, maps=maps, method="UMAP", parameters=settings
    )
    page = trust_page(report, Y, color=digits.target, title="Digits")
    page.savefig(IMAGES / "figure-trust.png", dpi=110)

    odd = np.flatnonzero(digits.target % 2 == 1)
    misplaced = np.isin(odd, report.errors.rows[report.errors.false > 0.5])
    ax = group_overlay(
        Y,
        odd,
        digits.target[odd],
        crossed=misplaced,
        marker_names=("placed right", "false neighbours"),
        title="Odd digits over all others",
        caption=report.badge,
    )
    ax.figure.savefig(IMAGES / "figure-group.png", dpi=110)
    of_examples()
    of_training()
    of_explanations()


def of_explanations() -> None:
    """Draw why wines are where they are, and a roll beside its map."""
    from driftglass.projections import GlassBoxUMAP

    raw, along = make_swiss_roll(n_samples=1000, random_state=0)
    X = StandardScaler().fit_transform(raw).astype(np.float32)
    unrolled = GlassBoxUMAP(random_state=0, quiet=True).fit_transform(X)
    figure = unrolling(X, {"GlassBoxUMAP": unrolled}, along)
    figure.savefig(IMAGES / "figure-roll.png", dpi=90)

    wine = load_wine()
    X = StandardScaler().fit_transform(wine.data)
    model = GlassBoxUMAP(random_state=0, quiet=True).fit(X)
    way = {"attribution": "path", "feature_names": wine.feature_names}
    explained = explain(model, X, **way)
    groups = explain_groups(model, X, wine.target, **way)
    figure, axes = pyplot.subplots(2, 2, figsize=(13.5, 7.5), layout="constrained")
    contribution_bars(explained, 0, ax=axes[0, 0], n_features=8, title="one wine")
    contribution_arrows(
        model.embedding_,
        groups,
        color=wine.target,
        n_features=2,
        ax=axes[0, 1],
        title="means of the three kinds",
    )
    top_feature_map(model.embedding_, explained, ax=axes[1, 0], title="largest contribution")
    feature_map(
        model.embedding_, explained, "proline", axis=0, ax=axes[1, 1], title="proline, axis 1"
    )
    figure.savefig(IMAGES / "figure-explain.png", dpi=80)


def of_training() -> None:
    """Draw what became of the hidden layer of a small network, on paper and as a film."""
    digits, n_items = load_digits(), 500
    X, y = digits.data / 16, digits.target
    network = MLPClassifier((32,), solver="sgd", learning_rate_init=0.02, random_state=0)
    Xs, said, steps, done = [], [], [], 0
    for step in (1, 2, 4, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256):
        for _ in range(step - done):
            rows = np.random.default_rng(done).integers(n_items, len(X), 256)
            network.partial_fit(X[rows], y[rows], classes=np.arange(10))
            done += 1
        hidden = np.maximum(X[:n_items] @ network.coefs_[0] + network.intercepts_[0], 0)
        Xs.append(hidden.astype(np.float32))
        said.append(network.predict(X[:n_items]))
        steps.append(step)
    measured = tracks(Xs, steps=steps, labels=y[:n_items], predictions=said)
    refined = project_sequence(Xs, steps=steps)
    names = y[:n_items].astype(str)
    page = sequence_grid(refined, names, n_frames=4, scores=sequence_scores(Xs, refined))
    page.savefig(IMAGES / "figure-frames.png", dpi=110)

    figure, axes = pyplot.subplots(2, 3, figsize=(13, 7.4), layout="constrained")
    drift_curves(measured, ax=axes[0, 0], title="drift")
    cka_curves(measured, ax=axes[0, 1], title="change of structure")
    eigenvalue_curves(measured, ax=axes[0, 2], title="spectrum")
    similarity_map(measured.cka, measured.steps, n=measured.n_probe, ax=axes[1, 0])
    last = measured.confusion[-1]
    confusion_matrix(last, measured.classes, annotate=True, ax=axes[1, 1])
    curvature_bands(curvature(Xs), steps, ax=axes[1, 2], title="turns")
    figure.savefig(IMAGES / "figure-tracks.png", dpi=90)

    film = show_animations(
        [refined, project_sequence(Xs, steps=steps, method="pca")],
        custom_titles=["refined", "principal axes"],
        color=names,
        shared_axes=False,
        interpolate=True,
        steps_per_transition=4,
        confusion=measured,
        annotate_confusion_matrix=True,
    )
    film.save(IMAGES / "figure-training.webp", dpi=70)


def of_examples() -> None:
    """Keep figures that the examples draw."""
    here = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            for script, figures in EXAMPLES.items():
                runpy.run_path(str(ROOT / "examples" / script), run_name="__main__")
                for figure in figures:
                    shutil.copy(f"{figure}.png", IMAGES / f"figure-{figure}.png")
        finally:
            os.chdir(here)


if __name__ == "__main__":
    sys.argv = sys.argv[:1]
    main()
