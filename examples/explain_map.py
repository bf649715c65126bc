"""Unroll a swiss roll with a network, and explain the map of some wines.

python examples/explain_map.py [EPOCHS]
"""

from __future__ import annotations

import sys

import matplotlib

matplotlib.use("Agg")

import numpy as np
from sklearn.datasets import load_wine, make_swiss_roll
from sklearn.preprocessing import StandardScaler

from driftglass import plots
from driftglass.explanations import explain, explain_groups
from driftglass.projections import GlassBoxUMAP


def main(epochs: int) -> None:
    raw, along = make_swiss_roll(n_samples=1000, random_state=0)
    X = StandardScaler().fit_transform(raw).astype(np.float32)
    roll = GlassBoxUMAP(epochs=epochs, random_state=0, quiet=True).fit(X)
    plots.unrolling(X, {"GlassBoxUMAP": roll.embedding_}, along).savefig("roll.png")
    plots.training_curve(roll).figure.savefig("loss.png")

    wine = load_wine()
    X = StandardScaler().fit_transform(wine.data)
    model = GlassBoxUMAP(epochs=epochs, random_state=0, quiet=True).fit(X)
    explained = explain(model, X, attribution="path", feature_names=wine.feature_names)
    print(explained.label, explained.describe(0, top=3)["axes"][0])
    plots.contribution_bars(explained, 0).figure.savefig("bars.png")
    kinds = wine.target_names[wine.target]
    ways = explain_groups(model, X, kinds, attribution="path", feature_names=wine.feature_names)
    plots.contribution_arrows(model.embedding_, ways, color=kinds).figure.savefig("arrows.png")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
