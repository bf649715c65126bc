"""Contributions add up, agree with finite differences, and say when they cannot be believed."""

# ruff: noqa: E402
from __future__ import annotations

import json

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from sklearn.datasets import load_digits, load_wine

from driftglass import InvalidInputError, ShapeError
from driftglass.explanations import Attribution, explain, fit_surrogate
from driftglass.projections import PCA, UMAP, GlassBoxUMAP, create_encoder, register_encoder


def finite(model, X, rows, features, step=1e-4):
    """Derivatives by central differences in double precision, (n_rows, n_components).

    And whether both ends of each difference lie in one piece of the network: across a kink the
    derivative jumps.
    """
    where = (np.arange(len(rows)), *np.unravel_index(features, X.shape[1:]))
    ahead, behind = X[rows].astype(np.float64), X[rows].astype(np.float64)
    ahead[where] += step
    behind[where] -= step
    encoder = model._double()
    ends = [torch.from_numpy(model.prepare(part)) for part in (ahead, behind)]
    with torch.no_grad():
        places = [encoder(end) for end in ends]
    J = [model.compute_jacobian(end).flatten(1).numpy() for end in ends]
    smooth = np.abs(J[0] - J[1]).max(axis=1) <= 1e-10 * np.abs(J[0]).max()
    return ((places[0] - places[1]) / (2 * step)).numpy(), smooth


ACCEPTED = ["digits", "digits pca", "wine", "wine pca", "wide", "wide pca", "images"]


@pytest.fixture(scope="module", params=ACCEPTED)
def accepted(request):
    """Models of acceptance, and all their rows: with and without PCA, and of images."""
    name, rng = request.param, np.random.default_rng(0)
    digits = load_digits()
    options = {"epochs": 8, "random_state": 0, "quiet": True}
    if name.endswith("pca"):
        options["pca_components"] = {"digits": 10, "wine": 5, "wide": 20}[name.split()[0]]
    if name.startswith("digits"):
        X = digits.data.astype(np.float32)
    elif name.startswith("wine"):
        X = load_wine().data.astype(np.float32)
    elif name.startswith("wide"):
        X = rng.normal(size=(120, 2000)).astype(np.float32)
        X[:60, :20] += 3
    else:
        X = digits.images[:, None].astype(np.float32)
        options |= {
            "encoder_name": "default_conv",
            "encoder_kwargs": {"hidden_dims": [16], "n_channels": 4},
        }
    return GlassBoxUMAP(**options).fit(X[:300]), X


@pytest.mark.parametrize("attribution", ["local", "path"])
def test_contributions_and_offset_add_up_to_the_coordinates(accepted, attribution):
    model, X = accepted
    # Rows that were not fitted too; each path is cut into its pieces, which takes longer.
    some = X if attribution == "local" else X[::120]

    for precision, tolerance in (("float32", 1e-5), ("float64", 1e-10)):
        explained = explain(model, some, attribution=attribution, precision=precision)

        assert explained.contributions.dtype == precision
        assert explained.residual.max() <= tolerance
        assert explained.exact, explained.label
        np.testing.assert_allclose(explained.coordinates, model.transform(some), atol=1e-4)


def test_local_contributions_are_the_derivative_times_the_difference(accepted):
    model, X = accepted
    rng = np.random.default_rng(0)
    flat = X.reshape(len(X), -1)
    rows = rng.integers(len(X), size=80)
    features = rng.choice(np.flatnonzero(np.ptp(flat[:300], axis=0)), size=80)

    explained = explain(model, X[rows])

    difference = flat[rows, features].astype(np.float64) - model.preparation_.mean[features]
    found = explained.contributions[np.arange(80), :, features]
    derivatives, smooth = finite(model, X, rows, features)
    expected = derivatives * difference[:, None]
    assert smooth.mean() > 0.75
    np.testing.assert_allclose(
        found[smooth], expected[smooth], rtol=1e-4, atol=1e-4 * np.abs(expected).max(axis=0).min()
    )


def test_the_offset_is_where_the_piece_of_a_row_has_the_mean(model, wine):
    X = wine[0][:5]
    explained = explain(model, X)

    J = model.compute_jacobian(torch.from_numpy(model.prepare(X)))
    tangent = explained.coordinates - np.einsum("nkd,nd->nk", J.numpy(), model.prepare(X))
    np.testing.assert_allclose(explained.offset, tangent, atol=1e-9)


def test_a_path_explains_the_difference_from_its_baseline(model, wine):
    X, _ = wine
    explained = explain(model, X[:20], attribution="path", baseline=X[100:120])

    moved = model.transform(X[:20]) - model.transform(X[100:120])
    np.testing.assert_allclose(explained.contributions.sum(axis=2), moved, atol=1e-4)
    assert explained.exact


def test_a_path_agrees_with_a_sum_of_many_points(model, wine):
    X = wine[0][:6].astype(np.float64)
    explained = explain(model, X, attribution="path")

    mean = model.preparation_.mean
    shares = (np.arange(20_000) + 0.5) / 20_000
    for number in range(6):
        points = mean + shares[:, None] * (X[number] - mean)
        J = model.compute_jacobian(torch.from_numpy(model.prepare(points)), batch_size=20_000)
        averaged = J.numpy().mean(axis=0) * model.preparation_.scale
        np.testing.assert_allclose(
            explained.contributions[number], averaged * (X[number] - mean), atol=2e-3
        )


def test_there_and_back_are_opposite(model, wine):
    a, b = wine[0][:10], wine[0][50:60]

    there = explain(model, a, attribution="path", baseline=b).contributions
    back = explain(model, b, attribution="path", baseline=a).contributions

    np.testing.assert_allclose(there, -back, atol=1e-9)


def test_a_row_explained_from_itself_has_no_contributions(model, wine):
    X = wine[0][:3]

    explained = explain(model, X, attribution="path", baseline=X)

    assert not explained.contributions.any()
    np.testing.assert_allclose(explained.offset, explained.coordinates, atol=1e-12)


@pytest.mark.parametrize("attribution", ["local", "path"])
def test_pixels_that_are_always_blank_contribute_exactly_nothing(accepted, attribution):
    model, X = accepted
    flat = X.reshape(len(X), -1)
    constant = np.ptp(flat[:300], axis=0) == 0

    explained = explain(model, X[:5], attribution=attribution)

    assert constant.any() == (flat.shape[1] == 64)
    assert not explained.contributions[:, :, constant].any()


@pytest.mark.parametrize("attribution", ["local", "path"])
def test_constant_and_unseen_features_contribute_exactly_nothing(wine, attribution):
    @register_encoder("test_explain_blind")
    class Blind(torch.nn.Module):
        def __init__(self, input_dims, n_components):
            super().__init__()
            self.inner = create_encoder("default", (input_dims[0] - 1,), n_components)

        def forward(self, x):
            return self.inner(x[:, 1:])

    X = np.column_stack([wine[0], np.full(len(wine[0]), 0.1)])
    model = GlassBoxUMAP(encoder_name="test_explain_blind", epochs=2, random_state=0).fit(X)

    explained = explain(model, X[:20], attribution=attribution)

    assert not explained.contributions[:, :, [0, -1]].any()
    assert explained.contributions[:, :, 1:-1].any(axis=(0, 1)).all()
    assert explained.exact


class Smooth(torch.nn.Module):
    """Not piecewise linear anywhere."""

    def __init__(self, input_dims, n_components):
        super().__init__()
        self.layers = torch.nn.Sequential(
            torch.nn.Linear(input_dims[0], 16), torch.nn.GELU(), torch.nn.Linear(16, n_components)
        )

    def forward(self, x):
        return self.layers(x)


class Hidden(torch.nn.Module):
    """Piecewise linear, but its bends are not modules."""

    def __init__(self, input_dims, n_components):
        super().__init__()
        self.first = torch.nn.Linear(input_dims[0], 16)
        self.second = torch.nn.Linear(16, n_components)

    def forward(self, x):
        return self.second(torch.relu(self.first(x)))


class Capped(torch.nn.Module):
    """Bends at zero and at six, with a slope that is learnt, normalised in training."""

    def __init__(self, input_dims, n_components):
        super().__init__()
        self.layers = torch.nn.Sequential(
            torch.nn.Linear(input_dims[0], 16), torch.nn.BatchNorm1d(16), torch.nn.PReLU(),
            torch.nn.Linear(16, 16), torch.nn.ReLU6(), torch.nn.Linear(16, n_components),
        )  # fmt: skip

    def forward(self, x):
        return self.layers(x)


for encoder in (Smooth, Hidden, Capped):
    register_encoder(f"test_{encoder.__name__}")(encoder)


def test_an_encoder_that_is_not_piecewise_linear_is_told_from_one_that_is(wine):
    X = wine[0]
    model = GlassBoxUMAP(encoder_name="test_Smooth", epochs=5, random_state=0).fit(X)

    local, path = explain(model, X[:30]), explain(model, X[:30], attribution="path")

    assert not local.exact
    assert "not piecewise linear: the tangent plane" in local.label
    assert not path.exact
    assert "a sum of 64 points" in path.label
    assert path.residual.max() < 1e-2


def test_bends_that_are_not_modules_are_noticed(wine):
    X = wine[0]
    model = GlassBoxUMAP(encoder_name="test_Hidden", epochs=5, random_state=0).fit(X)

    local, path = explain(model, X[:30]), explain(model, X[:30], attribution="path")

    assert local.exact
    assert "bends where it cannot be seen" in local.note
    assert not path.exact
    assert "bends where it cannot be seen" in path.label
    assert path.residual.max() < 1e-2


def test_other_bends_and_normalisation_by_batch_are_exact(wine):
    X = wine[0]
    model = GlassBoxUMAP(encoder_name="test_Capped", epochs=8, random_state=0).fit(X)

    for attribution in ("local", "path"):
        explained = explain(model, X[:30], attribution=attribution)
        assert explained.exact, explained.label


def test_the_published_network_adds_up_only_when_its_normalisers_are_frozen(wine):
    X = wine[0]
    model = GlassBoxUMAP(encoder_name="published", epochs=5, random_state=0).fit(X)

    frozen = explain(model, X[:30], attribution="frozen")
    local = explain(model, X[:30])

    assert frozen.residual.max() <= 1e-10
    np.testing.assert_allclose(frozen.offset, 0, atol=1e-9)
    assert "derivative is not" in frozen.note
    assert not local.exact
    rng = np.random.default_rng(0)
    rows, features = rng.integers(30, size=40), rng.integers(13, size=40)
    difference = (X[rows, features] - model.preparation_.mean[features])[:, None]
    expected = finite(model, X, rows, features)[0] * difference
    wrong = np.abs(frozen.contributions[rows, :, features] - expected).max()
    right = np.quantile(np.abs(local.contributions[rows, :, features] - expected), 0.9)
    assert right < 1e-3 < wrong


def test_loadings_of_a_pca_are_exact(wine):
    from sklearn.decomposition import PCA as Theirs

    X, _ = wine
    for pca in (PCA(3), Theirs(3), Theirs(3, whiten=True)):
        pca.fit(X.astype(np.float64))
        explained = explain(pca, X.astype(np.float64))

        assert explained.exact
        assert explained.method == "linear"
        np.testing.assert_allclose(
            explained.coordinates, pca.transform(X.astype(np.float64)), atol=1e-9
        )
        np.testing.assert_allclose(explained.offset, 0, atol=1e-12)
    from_first = explain(pca, X, baseline=X[0])
    np.testing.assert_allclose(from_first.offset[3], pca.transform(X[:1])[0], atol=1e-6)


def test_a_network_stands_in_for_another_map_and_says_how_well(wine):
    X, _ = wine
    umap = UMAP(random_state=0).fit(X)

    explained = explain(umap, X)

    assert explained.fidelity.knows
    assert explained.fidelity.n_held_out == 36
    assert not explained.exact
    assert "stands in for the map: R²" in explained.label
    np.testing.assert_array_equal(explained.coordinates, umap.embedding_)
    surrogate = fit_surrogate(X, umap.embedding_)
    assert surrogate.fidelity == explained.fidelity
    assert np.median(explained.residual) < 0.1
    with pytest.raises(ShapeError, match="X has 3 rows, the map has 178"):
        explain(umap, X[:3])


def test_a_map_that_has_nothing_to_do_with_the_vectors_is_not_known(wine, rng):
    surrogate = fit_surrogate(wine[0], rng.normal(size=(178, 2)), epochs=30)

    assert not surrogate.fidelity.knows
    explained = explain(surrogate, wine[0])
    assert "does not know" in explained.label
    assert explained.describe(0)["knows"] is False


def test_describes_a_row_and_a_group_as_json(model, wine):
    explained = explain(model, wine[0], feature_names=[f"f{j}" for j in range(13)])

    one = explained.describe(3, top=4)
    many = json.loads(json.dumps(explained.describe(range(10))))

    for axis, coordinate in zip(one["axes"], explained.coordinates[3], strict=True):
        assert len(axis["features"]) == 4
        listed = sum(feature["contribution"] for feature in axis["features"])
        assert listed + axis["rest"] + axis["offset"] == pytest.approx(axis["sum"])
        assert axis["sum"] == pytest.approx(coordinate, abs=1e-6)
        sizes = [abs(feature["contribution"]) for feature in axis["features"]]
        assert sizes == sorted(sizes, reverse=True)
    assert many["n_rows"] == 10
    assert many["exact"] is True
    assert many["axes"][0]["features"][0]["name"].startswith("f")
    with pytest.raises(InvalidInputError, match="rows are"):
        explained.describe(500)


def test_what_does_not_add_up_is_not_called_exact():
    contributions = np.ones((2, 2, 3))
    right = Attribution(contributions, np.zeros((2, 2)), np.full((2, 2), 3.0), np.zeros(3))
    wrong = Attribution(contributions, np.zeros((2, 2)), np.full((2, 2), 3.001), np.zeros(3))

    assert right.exact
    assert right.residual.max() == 0
    assert not wrong.exact
    assert "residual 3.3e-04 is above 1e-10" in wrong.label
    with pytest.raises(ShapeError, match=r"offset and coordinates of shape \(2, 2\)"):
        Attribution(contributions, np.zeros(2), np.zeros((2, 2)), np.zeros(3))
    with pytest.raises(InvalidInputError, match="contributions are not finite"):
        Attribution(contributions * np.nan, np.zeros((2, 2)), np.zeros((2, 2)), np.zeros(3))


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"attribution": "shap"}, InvalidInputError, "attribution is 'shap'"),
        ({"precision": "float16"}, InvalidInputError, "precision is 'float16'"),
        ({"baseline": "zero"}, InvalidInputError, "baseline is 'zero'"),
        ({"baseline": np.zeros(4)}, ShapeError, r"baseline has shape \(4,\)"),
        ({"baseline": np.full(13, np.nan)}, InvalidInputError, "baseline is not finite"),
        ({"max_bytes": 1000}, InvalidInputError, "explain_groups or top_contributions"),
        ({"feature_names": ["a"]}, ShapeError, "1 feature_names for 13 features"),
    ],
)
def test_names_the_argument_that_cannot_be(model, wine, options, error, message):
    with pytest.raises(error, match=message):
        explain(model, wine[0], **options)


def test_what_cannot_be_explained_is_said(wine):
    with pytest.raises(InvalidInputError, match="fit_surrogate"):
        explain(UMAP(), wine[0])
    with pytest.raises(ShapeError, match="13 features; the map was fitted to 4"):
        explain(PCA(2).fit(wine[0][:, :4]), wine[0])
    with pytest.raises(InvalidInputError, match="not finite in row 1"):
        explain(PCA(2).fit(wine[0]), np.vstack([wine[0][:1], np.full((1, 13), np.nan)]))
    with pytest.raises(ShapeError, match="at least 20"):
        fit_surrogate(wine[0][:5], wine[0][:5, :2])
    with pytest.raises(InvalidInputError, match="held_out is 2"):
        fit_surrogate(wine[0], wine[0][:, :2], held_out=2)
    with pytest.raises(ShapeError, match="178 and 3 rows"):
        fit_surrogate(wine[0], wine[0][:3, :2])
