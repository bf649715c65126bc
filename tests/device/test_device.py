"""What torch computes on a device is what the compiled engine computes; here on the processor."""

import subprocess
import sys

import numpy as np
import pytest
from reference import tsne as by_definition
from sklearn.base import clone
from sklearn.datasets import load_digits

from driftglass import _kernels
from driftglass._device import as_device
from driftglass.diagnostics import quality, tracks
from driftglass.errors import InvalidInputError, MissingDependencyError
from driftglass.neighbors import exact_neighbors, nearest_neighbors
from driftglass.projections import TSNE, UMAP, Affinities, FuzzyGraph
from driftglass.projections._edge_layout import Forces, lay_out
from driftglass.projections._repulsion import Kernels, grid_under
from driftglass.projections._tsne_layout import Descent, Phase, Pull

torch = pytest.importorskip("torch")

from driftglass.projections._tsne_on_device import DeviceDescent  # noqa: E402  (it needs torch)

CPU = as_device("cpu")
METRICS = ("euclidean", "cosine", "correlation", "manhattan", "inner_product")


@pytest.fixture(scope="module")
def digits():
    return load_digits().data[:500].astype(np.float32)


@pytest.fixture(scope="module")
def affinities(digits):
    return Affinities.of(digits, perplexity=20)


@pytest.mark.parametrize("metric", METRICS)
def test_neighbours_are_those_of_the_exact_search_to_the_bit(digits, metric, monkeypatch):
    from driftglass._device import _near

    monkeypatch.setattr(_near, "COLUMNS", 120)  # so that lists of several blocks are merged
    X = np.concatenate([digits, digits[:40], np.zeros((30, 64), dtype=np.float32)])

    with pytest.warns() if metric in ("cosine", "correlation") else no_warning():
        here = exact_neighbors(X, 12, metric=metric)
        there = nearest_neighbors(X, 12, metric=metric, device="cpu")

    assert np.array_equal(there.indices, here.indices)
    assert np.array_equal(there.distances, here.distances)
    assert (there.method, there.recall) == ("exact", 1.0)


def no_warning():
    import contextlib

    return contextlib.nullcontext()


def test_neighbours_of_some_rows_and_of_rows_far_from_zero(digits):
    X = digits.astype(np.float64) + 1e7

    here = exact_neighbors(X, 5, queries=[3, 7, 7], exclude_self=False)
    there = exact_neighbors(X, 5, queries=[3, 7, 7], exclude_self=False, device="cpu")

    assert np.array_equal(there.indices, here.indices)
    assert np.array_equal(there.distances, here.distances)


def test_batches_change_nothing(digits, monkeypatch):
    from driftglass._device import _place

    whole = UMAP(random_state=0, n_epochs=30, device="cpu").fit_transform(digits)
    field = DeviceDescent(whole, Affinities.of(digits, perplexity=20), CPU)
    field.step(Phase.continued(1, len(whole)))
    monkeypatch.setattr(_place, "BATCH_BYTES", 1 << 17)
    monkeypatch.setattr(_place.Device, "batch_bytes", property(lambda self: 1 << 17))
    small = DeviceDescent(whole, Affinities.of(digits, perplexity=20), CPU)
    small.step(Phase.continued(1, len(whole)))

    assert np.abs(small.read() - field.read()).max() < 1e-5


def test_edges_pull_as_in_the_compiled_layout():
    rng = np.random.default_rng(0)
    n, k = 200, 6
    P = np.triu(rng.random((n, n)) < k / n, 1)
    rows, columns = np.nonzero(P | P.T)
    starts = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=n))])
    ones = np.ones(len(columns), dtype=np.float32)
    graph = FuzzyGraph(starts.astype(np.int64), columns.astype(np.int32), ones)
    start = rng.normal(size=(n, 2)).astype(np.float32) * 5
    forces = Forces(a=1.6, b=0.9, repulsion=1.0, negatives=0, rate=1.0, seed=3)

    here, _ = lay_out(start, graph, forces, 20)
    there, done = lay_out(start, graph, forces, 20, device=CPU)

    assert done == 20
    # Forces of the kernel come from tables, within 2e-4 of the formulas.
    assert np.abs(there - here).max() < 0.05 * np.abs(here - start).max()
    assert np.median(np.abs(there - here)) < 1e-3


def test_repulsion_drives_points_without_edges_apart():
    rng = np.random.default_rng(0)
    n = 100
    pairs = np.arange(n, dtype=np.int32) ^ 1
    graph = FuzzyGraph(np.arange(n + 1, dtype=np.int64), pairs, np.ones(n, dtype=np.float32))
    start = rng.normal(size=(n, 2)).astype(np.float32)

    forces = Forces(a=1.6, b=0.9, repulsion=1.0, negatives=5, rate=1.0, seed=3)
    there, _ = lay_out(start, graph, forces, 40, device=CPU)
    here, _ = lay_out(start, graph, forces, 40)

    assert there.std() > 2 * start.std()
    assert 0.7 < there.std() / here.std() < 1.4


@pytest.mark.parametrize("n_components", [1, 2, 3])
def test_exact_field_is_its_definition(n_components):
    from driftglass._device._field import exact_field

    Y = np.random.default_rng(0).normal(size=(120, n_components)).astype(np.float32) * 3

    found = exact_field(torch.from_numpy(Y), 1 << 14).numpy()

    assert np.allclose(found, by_definition.field(Y, Y), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("n_components", [1, 2])
@pytest.mark.parametrize("width", [0.5, 40.0])
def test_field_on_a_grid_is_within_a_hundredth(n_components, width):
    from driftglass._device._field import grid_field

    Y = np.random.default_rng(0).normal(size=(800, n_components)).astype(np.float32)
    Y *= width / np.ptp(Y, axis=0).max()
    bounds = np.stack([Y.min(axis=0), Y.max(axis=0)])
    plan = grid_under(bounds, len(Y), Kernels())

    found = grid_field(torch.from_numpy(Y), plan, torch.from_numpy(plan.kernel)).numpy()

    true = by_definition.field(Y.astype(np.float64), Y.astype(np.float64))
    assert np.abs(found[:, 0] / true[:, 0] - 1).max() < 0.01
    assert np.abs(found[:, 1:] - true[:, 1:]).max() < 0.02 * np.abs(true[:, 1:]).max()


def test_charges_add_up_to_the_same_in_any_order():
    from driftglass._device._field import grid_field

    Y = np.random.default_rng(0).normal(size=(500, 2)).astype(np.float32) * 9
    plan = grid_under(np.stack([Y.min(axis=0), Y.max(axis=0)]), len(Y), Kernels())
    kernel = torch.from_numpy(plan.kernel)
    order = np.random.default_rng(1).permutation(len(Y))

    found = grid_field(torch.from_numpy(Y), plan, kernel).numpy()
    other = grid_field(torch.from_numpy(Y[order]), plan, kernel).numpy()

    assert np.array_equal(other, found[order])


@pytest.mark.parametrize("pulled", [False, True])
def test_descent_steps_as_the_compiled_one(affinities, pulled):
    rng = np.random.default_rng(0)
    start = rng.normal(size=(affinities.n_samples, 2)).astype(np.float32)
    pull = None
    if pulled:
        strength = np.resize([0.0, 1.0, np.inf], len(start))
        pull = Pull(start + rng.normal(size=start.shape), strength)
    phases = [Phase(3, 12.0, 40.0, 0.5), Phase(3, 1.0, 400.0, 0.8)]
    here = Descent(start, affinities, pull=pull)
    there = DeviceDescent(start, affinities, CPU, pull=pull)

    here.run(phases)
    there.run(phases)

    moved = np.abs(here.read() - here.Y.mean(axis=0) - start).max()
    assert np.abs(there.read() - here.read()).max() < 1e-2 * moved
    assert there.divergence() == pytest.approx(here.divergence(), rel=1e-3)


def test_maps_are_as_good_as_those_of_the_engine(digits):
    digits = digits[:350]
    for estimator, less in (
        (UMAP(n_epochs=150, random_state=0), 0.005),
        (TSNE(perplexity=20, n_iter=100, early_exaggeration_iter=60, random_state=0), 0.005),
    ):
        here = estimator.fit_transform(digits)
        there = clone(estimator).set_params(device="cpu").fit_transform(digits)
        ours, theirs = quality(digits, there), quality(digits, here)

        assert ours.trustworthiness > theirs.trustworthiness - less
        assert ours.continuity > theirs.continuity - less
        assert not np.array_equal(there, here)


def test_a_seed_gives_the_same_map_again_and_another_one_another(digits):
    def made(seed):
        return UMAP(random_state=seed, n_epochs=20, device="cpu").fit_transform(digits)

    first = made(0)

    assert np.array_equal(made(0), first)
    assert not np.array_equal(made(1), first)


def test_maps_on_a_device_go_on_place_and_stop(digits):
    seen = []

    def stop(done, divergence, Y):
        seen.append((done, divergence, Y))
        return done >= 20

    tsne = TSNE(
        perplexity=10, callback=stop, callback_every=10, init="random", random_state=0,
        device=torch.device("cpu"),
    ).fit(digits)  # fmt: skip
    before = tsne.kl_divergence_
    tsne.set_params(callback=None).optimize(20)
    places = tsne.transform(digits[:3])

    assert [done for done, _, _ in seen] == [10, 20]
    assert tsne.stopped_ is False
    assert tsne.kl_divergence_ < before
    assert np.array_equal(places, tsne.embedding_[:3])


def test_density_and_few_rows_work_with_a_device(digits):
    dense = UMAP(densmap=True, n_epochs=20, random_state=0, device="cpu").fit(digits[:100])
    few = UMAP(n_neighbors=2, device="cpu").fit_transform(digits[:2])

    assert np.isfinite(dense.embedding_).all()
    assert few.shape == (2, 2)


def test_tracks_are_the_same_numbers(digits):
    rng = np.random.default_rng(0)
    Xs = [digits[:120] @ rng.normal(size=(64, 64)) for _ in range(3)]
    Xs.append(Xs[0][:, :10])
    labels = load_digits().target[:120]

    here = tracks(Xs[:3], labels=labels)
    there = tracks(Xs[:3], labels=labels, device="cpu")
    wide = tracks([X[:40] for X in Xs[:2]], device="cpu")
    narrow = tracks([X[:40] for X in Xs[:2]])

    for ours, theirs in ((there, here), (wide, narrow)):
        assert [track.name for track in ours.all] == [track.name for track in theirs.all]
        for mine, other in zip(ours.all, theirs.all, strict=True):
            assert np.allclose(mine.values, other.values, rtol=1e-7, atol=1e-9), mine.name
            assert np.allclose(mine.standard_errors, other.standard_errors, rtol=1e-5, atol=1e-9), (
                mine.name
            )
        assert np.allclose(ours.cka, theirs.cka, atol=1e-10)


def test_torch_is_left_as_it_was_found(digits):
    torch.set_float32_matmul_precision("high")
    before = torch.get_num_threads()
    try:
        nearest_neighbors(digits, 3, device="cpu")

        assert torch.get_float32_matmul_precision() == "high"
        assert torch.get_num_threads() == before
    finally:
        torch.set_float32_matmul_precision("highest")


@pytest.mark.parametrize(
    ("device", "says"),
    [("tpu!", "for example 'cpu'"), ("meta", "works on cpu and cuda"), (3.5, "3.5")],
)
def test_what_is_no_device_is_said(device, says):
    for call in (
        lambda: nearest_neighbors(np.eye(5), 2, device=device),
        lambda: UMAP(device=device).fit(np.eye(5)),
        lambda: TSNE(device=device).fit(np.eye(5)),
        lambda: tracks([np.eye(5)], device=device),
    ):
        with pytest.raises(InvalidInputError, match=says):
            call()


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is such a device")
def test_a_graphics_card_that_is_not_there_is_said():
    with pytest.raises(InvalidInputError, match="torch finds 0 such devices here"):
        UMAP(device="cuda").fit(np.eye(5))


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no graphics card")
def test_a_graphics_card_gives_the_same_neighbours_and_as_good_maps(digits):
    here, there = nearest_neighbors(digits, 12), nearest_neighbors(digits, 12, device="cuda")
    Y = UMAP(random_state=0, device="cuda").fit_transform(digits)
    again = UMAP(random_state=0, device="cuda").fit_transform(digits)

    assert np.array_equal(there.indices, here.indices)
    assert np.array_equal(Y, again)
    assert quality(digits, Y).trustworthiness > 0.97


def test_what_a_device_cannot_search_is_said(digits):
    from scipy.sparse import csr_array

    for asked, says in (
        (lambda: nearest_neighbors(csr_array(np.eye(5)), 2, device="cpu"), "sparse rows"),
        (lambda: nearest_neighbors(np.eye(5), 2, metric="precomputed", device="cpu"), "dense rows"),
        (lambda: nearest_neighbors(digits, 2, method="approximate", device="cpu"), "all pairs"),
    ):
        with pytest.raises(InvalidInputError, match=says):
            asked()


def test_without_torch_the_way_to_get_it_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)

    with pytest.raises(MissingDependencyError, match=r"pip install 'driftglass\[torch\]'"):
        UMAP(device="cpu").fit(np.eye(5))


def test_nobody_who_asks_for_no_device_loads_torch():
    code = (
        "import sys, numpy as np; from driftglass.projections import UMAP, TSNE;"
        "X = np.random.default_rng(0).normal(size=(40, 3));"
        "UMAP(n_epochs=5).fit(X); TSNE(perplexity=5, n_iter=5, early_exaggeration_iter=5).fit(X);"
        "assert 'torch' not in sys.modules"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)

    assert done.returncode == 0, done.stderr


def test_shares_are_those_of_the_compiled_layout(digits):
    from driftglass._device import EdgesOnDevice

    graph = UMAP(n_epochs=0, random_state=0).fit(digits).affinities_
    order = np.arange(graph.n_samples, dtype=np.int32)
    given = (graph.starts, graph.columns, graph.weights, 2, 100)

    here = _kernels.EdgeLayout(*given, seed=1, order=order)
    there = EdgesOnDevice(*given, seed=1, order=order, n_blocks=8, device=CPU)

    assert there.pulls_per_epoch == pytest.approx(here.pulls_per_epoch, rel=1e-4)
