"""What one format holds comes back as it was: vectors, ids, columns, pictures, steps."""

from __future__ import annotations

import json

import numpy as np
import pytest

from driftglass.data import SpriteSheet
from driftglass.errors import FormatError, InvalidInputError, NotFoundError, StoreError
from driftglass.formats import FORMATS, VectorFile, format_of, read_file, write_file

NEEDS = {
    "parquet": "pyarrow", "arrow": "pyarrow", "dataset": "pyarrow", "anndata": "h5py",
    "train-viz": "h5py", "zarr": "zarr", "torch": "torch",
}  # fmt: skip
ENDING = {
    "npy": "x.npy", "npz": "x.npz", "csv": "x.csv", "tsv": "x.tsv", "parquet": "x.parquet",
    "arrow": "x.arrow", "safetensors": "x.safetensors", "anndata": "x.h5ad",
    "train-viz": "x.h5", "torch": "x.pt", "projector": "bundle", "comet": "template",
    "dataset": "saved", "zarr": "x.zarr", "images": "pictures",
}  # fmt: skip
WITH_COLUMNS = sorted(set(ENDING) - {"npy", "train-viz", "images"})
KEPT = {"csv": ["size"], "tsv": ["size"]}
"""Text files do not tell a column that describes a row from one that is a feature."""
WORDS = ["ant", "bee", "tab\there", "naïve 😀", '"quoted", comma', "=1+1"]


@pytest.fixture
def file(rng):
    n = len(WORDS)
    return VectorFile(
        rng.normal(size=(n, 5)).astype(np.float32),
        np.array([f"item-{row}" for row in range(n)]),
        {"label": ["a", "b"] * (n // 2), "size": np.arange(n) / 3, "word": WORDS},
        images=rng.integers(0, 255, size=(n, 6, 4), dtype=np.uint8),
    )


def written(tmp_path, name, files):
    if name in NEEDS:
        pytest.importorskip(NEEDS[name])
    return write_file(tmp_path / ENDING[name], files, format=name)


def test_every_format_is_tested_here():
    assert sorted(ENDING) == sorted(one.name for one in FORMATS)


@pytest.mark.parametrize("name", sorted(set(ENDING) - {"images"}))
def test_vectors_come_back_equal(tmp_path, name, file):
    path = written(tmp_path, name, file)
    (back, *_) = read_file(path, trust=True, keep=KEPT.get(name, ()))

    np.testing.assert_array_equal(np.asarray(back.X), file.X)
    assert back.X.dtype == np.float32


@pytest.mark.parametrize("name", sorted(set(ENDING)))
def test_is_recognised_by_what_is_in_it(tmp_path, name, file):
    path = written(tmp_path, name, file)
    found = format_of(path).name

    assert found == ("projector" if name == "comet" else name)


@pytest.mark.parametrize("name", WITH_COLUMNS)
def test_ids_and_columns_come_back(tmp_path, name, file):
    path = written(tmp_path, name, file)
    (back, *_) = read_file(path, trust=True, keep=KEPT.get(name, ()))
    plain = {key: list(values) for key, values in back.columns.items()}

    blanks = name in ("projector", "comet")
    assert back.ids.tolist() == file.ids.tolist()
    assert plain["label"] == file.columns["label"]
    assert plain["word"] == [word.replace("\t", " ") if blanks else word for word in WORDS]
    np.testing.assert_allclose(np.array(plain["size"], dtype=float), file.columns["size"])


@pytest.mark.parametrize("name", ["projector", "comet"])
def test_a_sprite_gives_each_row_its_picture_back(tmp_path, name, file):
    (back,) = read_file(written(tmp_path, name, file))
    sheet = SpriteSheet.pack(back.images, back.ids)

    for row, item in enumerate(back.ids.tolist()):
        np.testing.assert_array_equal(sheet.crop(item)[:, :, 0], file.images[row])


@pytest.mark.parametrize("name", ["projector", "anndata", "train-viz"])
def test_several_embeddings_share_a_file(tmp_path, name, file):
    steps = [
        VectorFile(file.X + step, file.ids, file.columns, space="hidden", step=step)
        for step in (0, 1, 2)
    ]
    back = read_file(written(tmp_path, name, steps))

    assert len(back) == 3
    for one, step in zip(back, steps, strict=True):
        np.testing.assert_array_equal(one.X, step.X)
    if name != "anndata":
        assert [one.step for one in back] == [0, 1, 2]
        assert len({one.space for one in back}) == 1


def test_pictures_in_folders_come_back_with_their_labels(tmp_path, file):
    (back,) = read_file(written(tmp_path, "images", file))

    assert sorted(back.columns["label"]) == sorted(file.columns["label"])
    assert back.X.shape == (6, 768)
    assert 0 <= back.X.min() <= back.X.max() <= 1
    assert sorted(back.ids)[0] == "a/item-0.png"


def test_training_records_come_with_the_epochs(tmp_path, file):
    pytest.importorskip("h5py")
    steps = [
        VectorFile(file.X, np.arange(6), {"label": [0, 1] * 3}, step=step, scalars=scalars)
        for step, scalars in enumerate([{}, {"train loss": 0.5}, {"train loss": 0.25}])
    ]
    back = read_file(write_file(tmp_path / "run.h5", steps))

    assert [one.scalars for one in back] == [{}, {"train loss": 0.5}, {"train loss": 0.25}]
    assert back[0].columns["label"].tolist() == [0, 1] * 3


def test_steps_are_told_by_the_numbers_of_their_names(tmp_path, file):
    bundle = write_file(
        tmp_path / "b",
        [
            VectorFile(file.X, file.ids, title=title)
            for title in ("epoch-10", "epoch-2", "word2vec")
        ],
        format="projector",
    )
    back = read_file(bundle / "config.json")

    assert [(one.space, one.step) for one in back] == [("epoch", 10), ("epoch", 2), ("word2vec", 0)]


def test_the_standalone_projectors_own_files_are_read(tmp_path):
    """The form of its public demonstrations: one column without a header, plain float32."""
    X = np.arange(12, dtype="<f4").reshape(4, 3)
    X.tofile(tmp_path / "tensors.bytes")
    (tmp_path / "metadata.tsv").write_text("zero\none\ntwo\nthree\n")
    (tmp_path / "table.tsv").write_text("Word\tCount\na\t1\nb\t2\nc\t3\nd\t\n")
    (tmp_path / "tensors.tsv").write_text("0\t1\t2\n3\t4\t5\n6\t7\t8\n9\t1e1\t11\n")
    config = {
        "embeddings": [
            {
                "tensorName": "Plain",
                "tensorShape": [4, 3],
                "tensorPath": "tensors.bytes",
                "metadataPath": "metadata.tsv",
            },
            {"tensorName": "Text", "tensorPath": "tensors.tsv", "metadataPath": "table.tsv"},
        ],
        "modelCheckpointPath": "Demo datasets",
    }
    (tmp_path / "config.json").write_text(json.dumps(config))
    plain, text = read_file(tmp_path)

    np.testing.assert_array_equal(plain.X, X)
    np.testing.assert_array_equal(text.X, X)
    assert plain.columns == {"label": ["zero", "one", "two", "three"]}
    assert text.columns == {"Word": ["a", "b", "c", "d"], "Count": [1, 2, 3, None]}


def test_what_summary_writer_leaves_is_read(tmp_path):
    """The folder that torch.utils.tensorboard makes, with its checkpoint-less configuration."""
    step = tmp_path / "00005" / "default"
    step.mkdir(parents=True)
    (step / "tensors.tsv").write_text("1.0\t2.0\n3.0\t4.0\n")
    (step / "metadata.tsv").write_text("cat\ndog\n")
    (tmp_path / "projector_config.pbtxt").write_text(
        "# a comment\n"
        'embeddings {\ntensor_name: "default:00005"\ntensor_path: "00005/default/tensors.tsv"\n'
        'metadata_path: "00005/default/metadata.tsv"\n}\n'
    )
    (file,) = read_file(tmp_path)

    assert file.X.tolist() == [[1, 2], [3, 4]]
    assert file.columns["label"] == ["cat", "dog"]


def test_anndata_itself_reads_what_we_write(tmp_path, file):
    anndata = pytest.importorskip("anndata")
    held = anndata.read_h5ad(write_file(tmp_path / "x.h5ad", file))

    np.testing.assert_array_equal(held.obsm["X_vectors"], file.X)
    assert held.obs_names.tolist() == file.ids.tolist()
    assert held.obs["label"].tolist() == file.columns["label"]
    np.testing.assert_allclose(held.obs["size"], file.columns["size"])


@pytest.mark.filterwarnings("ignore:.*infer_string")
def test_we_read_what_anndata_writes(tmp_path, rng):
    anndata = pytest.importorskip("anndata")
    sparse = pytest.importorskip("scipy.sparse")
    pandas = pytest.importorskip("pandas")
    X = rng.poisson(1, size=(5, 4)).astype(np.float32)
    # anndata 0.12, the last for Python 3.11, does not write the text of pandas 3
    text = ("future.infer_string", False, "mode.string_storage", "python")
    with pandas.option_context(*text), anndata.settings.override(allow_write_nullable_strings=True):
        obs = pandas.DataFrame(
            {
                "kind": pandas.Categorical(["a", None, "b", "a", "b"]),
                "note": pandas.array(["p", None, "q", "r", "s"], dtype="string"),
                "count": pandas.array([1, None, 3, 4, 5], dtype="Int64"),
                "known": pandas.array([True, None, False, True, True], dtype="boolean"),
                "depth": [1.5, 2.5, 3.5, 4.5, 5.5],
                "good": [True, False, True, True, False],
            },
            index=[f"cell{n}" for n in range(5)],
        )
        held = anndata.AnnData(sparse.csr_matrix(X), obs=obs)
        held.write_h5ad(tmp_path / "counts.h5ad")
        held.obsm["X_pca"] = X[:, :2]
        held.write_h5ad(tmp_path / "reduced.h5ad")
    (counts,) = read_file(tmp_path / "counts.h5ad")
    (reduced,) = read_file(tmp_path / "reduced.h5ad")

    np.testing.assert_array_equal(counts.X, X)
    np.testing.assert_array_equal(reduced.X, X[:, :2])
    assert (counts.space, reduced.space) == ("X", "X_pca")
    assert list(counts.columns["kind"]) == ["a", None, "b", "a", "b"]
    assert list(counts.columns["note"]) == ["p", None, "q", "r", "s"]
    assert list(counts.columns["count"]) == [1, None, 3, 4, 5]
    assert list(counts.columns["known"]) == [True, None, False, True, True]
    assert counts.columns["good"].tolist() == [True, False, True, True, False]
    assert counts.ids.tolist() == list(obs.index)


def test_datasets_itself_reads_what_we_write(tmp_path, file):
    datasets = pytest.importorskip("datasets")
    held = datasets.load_from_disk(str(write_file(tmp_path / "saved", file, format="dataset")))

    np.testing.assert_array_equal(np.array(held["vector"][:], dtype=np.float32), file.X)
    assert list(held["label"]) == file.columns["label"]


def test_we_read_what_datasets_writes(tmp_path, file):
    datasets = pytest.importorskip("datasets")
    table = {"embedding": file.X.tolist(), "text": WORDS}
    datasets.Dataset.from_dict(table).save_to_disk(str(tmp_path / "saved"))
    (back,) = read_file(tmp_path / "saved")

    np.testing.assert_allclose(back.X, file.X, rtol=1e-6)
    assert back.columns["text"] == WORDS


def test_safetensors_itself_reads_what_we_write_and_the_other_way_round(tmp_path, file):
    safetensors = pytest.importorskip("safetensors.numpy")
    write_file(tmp_path / "ours.safetensors", file)
    safetensors.save_file(
        {"model.weight": file.X, "bias": file.X[0]}, tmp_path / "theirs.safetensors"
    )
    (back,) = read_file(tmp_path / "theirs.safetensors")

    np.testing.assert_array_equal(
        safetensors.load_file(tmp_path / "ours.safetensors")["vectors"], file.X
    )
    np.testing.assert_array_equal(back.X, file.X)
    assert isinstance(back.X, np.memmap)


def test_bfloat16_becomes_float32(tmp_path):
    torch = pytest.importorskip("torch")
    save = pytest.importorskip("safetensors.torch").save_file
    save({"w": torch.tensor([[1.5, -2.0]], dtype=torch.bfloat16)}, tmp_path / "b.safetensors")
    (back,) = read_file(tmp_path / "b.safetensors")

    assert back.X.tolist() == [[1.5, -2.0]]


@pytest.mark.slow
def test_an_embedding_layer_is_read_only_with_trust(tmp_path):
    torch = pytest.importorskip("torch")
    layer = torch.nn.Embedding(7, 3)
    torch.save(layer.state_dict(), tmp_path / "layer.pt")

    with pytest.raises(InvalidInputError, match="can run code"):
        read_file(tmp_path / "layer.pt")
    (back,) = read_file(tmp_path / "layer.pt", trust=True)
    np.testing.assert_array_equal(back.X, layer.weight.detach().numpy())


def test_one_embedding_per_file_where_a_file_holds_one(tmp_path, file):
    with pytest.raises(InvalidInputError, match="holds one embedding and 2 were given"):
        write_file(tmp_path / "x.npz", [file, file])
    with pytest.raises(InvalidInputError, match="no embeddings to write"):
        write_file(tmp_path / "x.npz", [])


def test_nothing_is_left_behind_by_a_write_that_fails(tmp_path, file):
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "mine.txt").write_text("mine")

    with pytest.raises(InvalidInputError, match="not an empty folder"):
        write_file(tmp_path / "used", file, format="projector")
    with pytest.raises(StoreError, match="cannot be written"):
        write_file(tmp_path / "no" / "x.npz", file)
    with pytest.raises(FormatError, match="ends in"):
        write_file(tmp_path / "x.docx", file)
    with pytest.raises(NotFoundError, match="Did you mean 'projector'"):
        write_file(tmp_path / "x", file, format="projecter")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["used"]


def test_what_is_missing_is_said(tmp_path, monkeypatch, file):
    import driftglass._optional as optional

    def absent(name):
        raise ImportError(name)

    path = written(tmp_path, "anndata", file)
    monkeypatch.setattr(optional.importlib, "import_module", absent)

    with pytest.raises(ImportError, match=r"pip install 'driftglass\[hdf5\]'"):
        read_file(path)
