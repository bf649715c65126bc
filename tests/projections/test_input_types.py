"""Twelve kinds of input give one result, in every estimator, `run.log` and `dg.show`."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import driftglass as dg
from driftglass._arrays import as_vectors

from .every import NAMES, make

N, D = 40, 6


def vectors():
    rng = np.random.default_rng(0)
    return np.round(rng.normal(size=(N, D)), 3).astype(np.float32)


class HasArray:
    """Speaks NumPy's protocol and nothing else."""

    def __init__(self, X):
        self.X = X

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self.X, dtype=dtype)

    def __len__(self):
        return len(self.X)

    @property
    def shape(self):
        return self.X.shape


class HasDlpack:
    """Speaks DLPack and nothing else."""

    def __init__(self, X):
        self.X = X

    def __dlpack__(self, **options):
        return self.X.__dlpack__(**options)

    def __dlpack_device__(self):
        return self.X.__dlpack_device__()


def as_memmap(X, folder):
    np.save(folder / "x.npy", X)
    return np.load(folder / "x.npy", mmap_mode="r")


def as_layer(X, folder):
    torch = pytest.importorskip("torch")
    return torch.nn.Embedding.from_pretrained(torch.tensor(X))


def as_loader(X, folder):
    torch = pytest.importorskip("torch")
    held = torch.utils.data.TensorDataset(torch.tensor(X), torch.arange(len(X)) % 3)
    return torch.utils.data.DataLoader(held, batch_size=16)


def named(X):
    return {f"f{number}": X[:, number] for number in range(X.shape[1])}


KINDS = {
    "array": lambda X, folder: X,
    "list": lambda X, folder: X.tolist(),
    "__array__": lambda X, folder: HasArray(X),
    "dlpack": lambda X, folder: HasDlpack(X),
    "tensor": lambda X, folder: pytest.importorskip("torch").tensor(X, requires_grad=True),
    "layer": as_layer,
    "memmap": as_memmap,
    "sparse": lambda X, folder: pytest.importorskip("scipy.sparse").csr_array(X),
    "pandas": lambda X, folder: pytest.importorskip("pandas").DataFrame(named(X)),
    "polars": lambda X, folder: pytest.importorskip("polars").DataFrame(named(X)),
    "pyarrow": lambda X, folder: pytest.importorskip("pyarrow").table(named(X)),
    "loader": as_loader,
}


@pytest.fixture(scope="module")
def plain():
    """Map of the plain array by estimator, made once."""
    made = {}

    def of(name):
        if name not in made:
            made[name] = fitted(name, vectors())
        return made[name]

    return of


def fitted(name, X):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # few rows and few rounds; not what is tested here
        return np.asarray(make(name, d=D).fit_transform(X))


def test_there_are_twelve_kinds():
    assert len(KINDS) == 12


@pytest.mark.parametrize("kind", sorted(KINDS))
@pytest.mark.parametrize("name", NAMES)
def test_every_estimator_gives_the_same_map(name, kind, plain, tmp_path):
    X = KINDS[kind](vectors(), tmp_path)
    if kind == "sparse" and not make(name, d=D).__sklearn_tags__().input_tags.sparse:
        with pytest.raises(TypeError, match=r"[Ss]parse"):
            fitted(name, X)
        return
    Y = fitted(name, X)

    if kind in ("list", "sparse"):  # in double precision, or summed in another order
        assert Y.shape == plain(name).shape
        assert np.isfinite(Y).all()
    else:
        np.testing.assert_array_equal(Y, plain(name))


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_run_logs_the_same_vectors(kind, tmp_path):
    with dg.open(tmp_path / "runs").create("run", strict=True) as run:
        run.log(0, {"hidden": KINDS[kind](vectors(), tmp_path)})

    np.testing.assert_array_equal(run.snapshot("hidden", 0).vectors, vectors())


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_show_shows_the_same_vectors(kind, tmp_path, monkeypatch):
    kept = {}

    def start(source, **options):
        store = dg.open(source)
        (run,) = store.runs()
        kept["vectors"] = np.array(run.snapshot("vectors", 0).vectors)
        kept["metadata"] = run.metadata
        options["on_close"]()
        raise KeyboardInterrupt

    monkeypatch.setattr("driftglass.server.start", start, raising=False)
    with pytest.raises(KeyboardInterrupt):
        dg.show(KINDS[kind](vectors(), tmp_path), block=False, browser=False)

    np.testing.assert_array_equal(kept["vectors"], vectors())
    if kind == "loader":  # its batches bring labels along
        assert kept["metadata"]["label"].categories == ("0", "1", "2")


@pytest.mark.parametrize("kind", ["array", "memmap", "tensor", "layer", "dlpack", "__array__"])
def test_contiguous_float32_is_not_copied(kind, tmp_path):
    X = KINDS[kind](vectors(), tmp_path)
    array = as_vectors(X)
    again = as_vectors(X)

    assert array.dtype == np.float32
    assert array.flags.c_contiguous
    assert np.shares_memory(array, again)


def test_tables_come_back_as_the_kind_asked_for(tmp_path):
    pandas = pytest.importorskip("pandas")
    polars = pytest.importorskip("polars")
    frame = KINDS["pandas"](vectors(), tmp_path)
    estimator = make("PCA")
    estimator.set_output(transform="pandas")
    first = estimator.fit_transform(frame)
    estimator.set_output(transform="polars")
    second = estimator.fit_transform(KINDS["polars"](vectors(), tmp_path))

    assert isinstance(first, pandas.DataFrame)
    assert list(first.columns) == ["pca0", "pca1"]
    assert isinstance(second, polars.DataFrame)
    assert estimator.feature_names_in_.tolist() == list(named(vectors()))


def test_a_loader_whose_batches_differ_is_refused():
    class Loader:
        dataset, batch_size = (), 2

        def __iter__(self):
            return iter([np.ones((2, 3)), np.ones((2, 4))])

    class Empty(Loader):
        def __iter__(self):
            return iter([])

    with pytest.raises(dg.ShapeError, match=r"rows of \[\(3,\), \(4,\)\] values"):
        as_vectors(Loader())
    with pytest.raises(dg.InvalidInputError, match="without batches"):
        as_vectors(Empty())
