import numpy as np
import pytest
from sklearn.datasets import load_iris

FAST = ("--no-noise", "--method", "pca")


@pytest.fixture
def iris(tmp_path):
    X, y = load_iris(return_X_y=True)
    path = tmp_path / "iris.npz"
    np.savez(path, X=X, label=np.array(["setosa", "versicolor", "virginica"])[y])
    return path


def test_a_file_is_reported_with_its_classes(driftglass, iris):
    answer = driftglass("trust", iris, *FAST, "--json")

    measures = {row["measure"]: row["value"] for row in answer.json["measures"]}
    assert answer.code == 0
    assert measures["trustworthiness"] > 0.95
    assert measures["label trustworthiness"] > 0.95
    assert "points like noise" not in measures
    assert "n = 150, d = 4" in answer.json["caption"]


def test_noise_is_compared_with_by_default(driftglass, iris):
    answer = driftglass("trust", iris, "--method", "pca", "--json")

    assert "points like noise" in [row["measure"] for row in answer.json["measures"]]


def test_the_text_says_what_not_to_conclude(driftglass, iris):
    answer = driftglass(
        "trust", iris, "--method", "umap", "-p", "n_neighbors=80", "--no-noise", "-q"
    )

    assert answer.code == 0
    assert "What not to conclude" in answer.out
    assert "n_neighbors 80 is too large for 150 points" in answer.out


def test_other_settings_are_tried_when_asked(driftglass, iris):
    answer = driftglass("trust", iris, "--no-noise", "--others", "--json", "-q")

    rows = {row["measure"]: row["measured"] for row in answer.json["measures"]}
    assert rows["stability"].startswith("7 maps")  # 100 neighbours are too many for 150 rows


@pytest.mark.parametrize("suffix", [".png", ".pdf", ".svg"])
def test_the_page_is_written(driftglass, iris, tmp_path, suffix):
    pytest.importorskip("matplotlib")
    page = tmp_path / f"page{suffix}"

    answer = driftglass("trust", iris, *FAST, "-o", page)

    assert answer.code == 0
    assert page.stat().st_size > 10_000
    assert str(page) in answer.out


def test_a_snapshot_of_a_run_is_reported(driftglass, folder):
    answer = driftglass("trust", folder / "first", *FAST, "--json")

    assert answer.code == 0
    assert answer.json["title"] == "first, hidden, step 20"


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("nothing.npy",), 3, "nothing.npy"),
        (("iris.npz", "-o", "page.txt"), 2, "must end in .png"),
        (("iris.npz", "-o", "nowhere/page.png"), 2, "no folder"),
        (("iris.npz", "--step", "3"), 2, "no meaning for a file"),
        (("iris.npz", "--label", "colour", *FAST), 3, "colour"),
        (("iris.npz", "--method", "maps", "--no-noise"), 3, "maps"),
    ],
)
def test_what_cannot_be_reported_is_said(driftglass, iris, monkeypatch, words, code, says):
    monkeypatch.chdir(iris.parent)

    answer = driftglass("trust", *words)

    assert answer.code == code
    assert says in answer.err
