from __future__ import annotations

import numpy as np
import pytest

import driftglass as dg

from .conftest import clusters


@pytest.mark.parametrize(
    ("method", "settings"),
    [
        pytest.param("glassbox", {"epochs": 1, "num_batches": 5}, marks=pytest.mark.slow),
        ("tsne", {"n_iter": 30, "early_exaggeration_iter": 30}),
    ],
)
def test_methods_that_place_rows_map_partitions_with_the_same_bits(method, settings, tmp_path):
    if method == "glassbox":
        pytest.importorskip("torch")
    X, _ = clusters(500)
    common = {"method": method, "rows": 200, "n_fitted": 250, "n_anchors": 30, **settings}

    made = dg.project_large(X, tmp_path / "one", n_jobs=1, **common)
    again = dg.project_large(X, tmp_path / "two", n_jobs=2, **common)

    first, second = (dg.project(one.run, method=method, **settings)[0] for one in (made, again))
    assert (made.n_samples, len(first.ids)) == (500, 500)
    assert np.isfinite(first.coordinates).all()
    assert first.coordinates.tobytes() == second.coordinates.tobytes()
    assert made.quality[0].trustworthiness > made.quality[0].null + 0.2
