"""Tests of `driftglass project` on files."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from sklearn.datasets import load_iris


@pytest.fixture
def iris(tmp_path, monkeypatch):
    """A folder to be in, with iris.csv and iris.npy."""
    monkeypatch.chdir(tmp_path)
    data = load_iris()
    np.save("iris.npy", data.data.astype(np.float32))
    with open("iris.csv", "w", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(["id", "a", "b", "c", "d", "target", "species"])
        for number, (values, target) in enumerate(zip(data.data, data.target, strict=True)):
            rows.writerow([f"i{number}", *values, target, data.target_names[target]])
    return tmp_path


@pytest.mark.parametrize("method", ["umap", "pca", "tsne", "pacmap"])
def test_writes_a_measured_map(driftglass, iris, method):
    answer = driftglass("project", "iris.csv", "--method", method, "-o", "map.csv")

    rows = list(csv.reader((iris / "map.csv").read_text().splitlines()))
    assert rows[0] == ["id", "x", "y", "target", "species"]
    assert len(rows) == 151
    assert rows[1][0] == "i0"
    assert rows[1][-1] == "setosa"
    assert answer.out.startswith(f"{method}, 2D, 150 points: ")
    assert "trustworthiness  0.9" in answer.out
    assert "by chance 0.5" in answer.out
    assert "150 rows × 4 features (a, b, c, d); kept beside: target, species" in answer.err


def test_tells_everything_as_json(driftglass, iris):
    answer = driftglass(
        "project", "iris.npy", "-o", "map.npz", "-p", "n_neighbors=9", "-p", "min_dist=0.3",
        "--components", 3, "--seed", 4, "--metric", "cosine", "--json",
    ).json  # fmt: skip

    assert answer["columns"] == ["id", "coordinates"]
    assert np.load("map.npz")["coordinates"].shape == (150, 3)
    wanted = {"n_neighbors": 9, "min_dist": 0.3, "metric": "cosine", "random_state": 4}
    assert wanted.items() <= answer["parameters"].items()
    assert answer["quality_metric"] == "cosine"
    assert answer["quality"]["n_anchors"] == 150
    assert answer["quality"]["null"] < 0.7 < answer["quality"]["trustworthiness"]


def test_is_the_map_that_the_estimator_makes(driftglass, iris):
    from driftglass.projections import UMAP

    X = np.load("iris.npy")[50:]
    np.save("two.npy", X)

    driftglass("project", "two.npy", "-o", "map.npy", "--seed", 7)

    expected = UMAP(random_state=7).fit_transform(X)
    np.testing.assert_array_equal(np.load("map.npy"), expected)


def test_the_output_has_a_name_of_its_own(driftglass, iris):
    assert driftglass("project", "iris.npy", "--method", "pca", "-q").code == 0
    assert (iris / "iris-pca.csv").exists()


def test_rows_that_are_not_finite_have_no_place_and_are_said(driftglass, iris):
    X = np.load("iris.npy")
    X[5, 1] = np.nan
    np.save("nan.npy", X)

    dropped = driftglass("project", "nan.npy", "--method", "pca", "-o", "map.npz", "--json").json
    refused = driftglass("project", "nan.npy", "--method", "pca", "-o", "map.npy")
    filled = driftglass("project", "nan.npy", "--method", "pca", "-o", "map.npy", "--nan", "impute")

    assert (dropped["n_samples"], dropped["excluded"]) == (149, [5])
    assert "1 of 150 rows are not finite, first: id 5" in dropped["notes"][0]
    assert 5 not in np.load("map.npz")["id"]
    assert (refused.code, filled.code) == (2, 0)
    assert "--nan impute" in refused.err
    assert "column means" in filled.out
    assert driftglass("project", "nan.npy", "--nan", "raise").code == 2


@pytest.mark.parametrize("n", [1, 2, 3])
def test_very_few_rows_are_shown_exactly(driftglass, iris, n):
    X = np.load("iris.npy")[:n]
    np.save("few.npy", X)

    assert driftglass("project", "few.npy", "-o", "map.npy").code == 0

    Y = np.load("map.npy")
    for a in range(n):
        for b in range(n):
            assert np.linalg.norm(Y[a] - Y[b]) == pytest.approx(np.linalg.norm(X[a] - X[b]), 1e-4)


def test_equal_rows_are_one_point_and_a_note(driftglass, iris):
    np.save("same.npy", np.ones((30, 4)))

    answer = driftglass("project", "same.npy", "-o", "map.npy")

    assert not np.load("map.npy").any()
    assert "all 30 rows are equal: one stacked point" in answer.out
    assert "not measured" in answer.out


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["gone.npy"], 3, "There is no file 'gone.npy'"),
        (["iris.npy", "-o", "map.png"], 2, "must end in .parquet"),
        (["iris.npy", "-o", "nowhere/map.csv"], 2, "no folder 'nowhere'"),
        (["iris.npy", "-o", "iris.npy"], 2, "is the file to read"),
        (["iris.npy", "--method", "umapp"], 3, "Did you mean 'umap'"),
        (["iris.npy", "-p", "n_neighbours=3"], 3, "Did you mean 'n_neighbors'"),
        (["iris.npy", "-p", "n_neighbors"], 2, "is not NAME=VALUE"),
        (["iris.npy", "-p", "n_neighbors=many"], 2, "n_neighbors is 'many'"),
        (["iris.npy", "--metric", "taxi"], 2, "metric is 'taxi'"),
        (["iris.npy", "--basis", "last"], 2, "--basis has no meaning for a file"),
        (["iris.npy", "--array", "a"], 2, "only .npz"),
        (["iris.npy", "--min-dist", "0.1"], 2, "given as -p min_dist=VALUE"),
        (["some-run", "-o", "map.csv"], 2, "--output has no meaning for a run"),
        (["some-run", "--components", "5"], 2, "maps of a run have 2 or 3"),
    ],
)
def test_says_what_cannot_be(driftglass, iris, words, code, message):
    answer = driftglass("project", *words)

    assert answer.code == code
    assert message in answer.err
    assert "Traceback" not in answer.err


def test_parameters_reach_the_method_of_a_run(driftglass, folder):
    words = ("project", folder / "first", "--method", "umap", "-p", "n_neighbors=5", "--json")

    result = driftglass(*words).json[0]

    assert result["method"] == "umap"
    wrong = driftglass(*words[:-2], "n_nei=5")
    assert (wrong.code, "n_neighbors" in wrong.err) == (3, True)
