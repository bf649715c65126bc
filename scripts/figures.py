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
from sklearn.datasets import load_digits

from driftglass.diagnostics import multiverse, trust_report
from driftglass.errors import DriftglassWarning
from driftglass.plots import group_overlay, trust_page
from driftglass.projections import UMAP

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
