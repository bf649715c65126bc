from functools import partial

import numpy as np
import pytest

import driftglass as dg
from driftglass._project import ProjectionRequest, plan, update
from driftglass._sequence_cache import read_sequence

linear = partial(dg.project, method="pca")


@pytest.fixture
def store(tmp_path):
    return dg.open(tmp_path / "runs")


def logged(store, n_steps, *, name="run", n_samples=60, bad=(), close=True, rng=None):
    rng = rng or np.random.default_rng(0)
    ids = [f"item-{number}" for number in range(n_samples)]
    run = store.create(name, ids=ids, strict=True)
    base = rng.normal(size=(n_samples, 12)).astype(np.float32)
    for step in range(n_steps):
        vectors = base + 0.1 * step * rng.normal(size=base.shape).astype(np.float32)
        vectors[list(bad)] = np.nan
        run.log(step * 10, spaces={"hidden": vectors})
    run.flush()
    if close:
        run.close()
    return run


def grow(run, steps, rng):
    for step in steps:
        run.log(step, spaces={"hidden": rng.normal(size=(60, 12)).astype(np.float32)})
    run.flush()


REQUEST = ProjectionRequest("hidden", parameters={"basis": "all"})


def test_every_snapshot_gets_a_frame_with_measured_quality(store):
    run = logged(store, 3)

    sequence = linear(run)

    assert sequence.steps == [0, 10, 20]
    assert all(frame.coordinates.shape == (60, 2) for frame in sequence)
    assert all(0.5 < frame.quality.trustworthiness <= 1 for frame in sequence)
    assert all(frame.quality.null < frame.quality.trustworthiness for frame in sequence)
    assert sequence[0].space == "hidden"


def test_a_kept_result_is_found_again_bit_for_bit(store):
    run = logged(store, 3)
    first = linear(run, "hidden", n_components=3)

    again = linear(store.run("run"), "hidden", n_components=3)

    for one, two in zip(first, again, strict=True):
        np.testing.assert_array_equal(one.coordinates, two.coordinates)
        assert one.ids.tolist() == two.ids.tolist()
        np.testing.assert_array_equal(one.quality.point_trust, two.quality.point_trust)
    assert isinstance(again[0].coordinates.base, np.memmap) or again[0].coordinates.flags.owndata


def test_other_parameters_are_another_result(store):
    run = logged(store, 4)

    everything = linear(run, basis="all")
    first = linear(run, basis="first")

    assert everything.provenance.key != first.provenance.key
    assert not np.array_equal(everything[3].coordinates, first[3].coordinates)


def test_a_default_spelt_out_is_the_same_request(store):
    run = logged(store, 2)
    linear(run)

    assert plan(run, REQUEST).status == "ready"
    assert ProjectionRequest("hidden").key == REQUEST.key


def test_rows_that_are_not_finite_are_excluded_and_listed(store):
    run = logged(store, 2, bad=(3, 5))

    frame = linear(run)[1]

    assert frame.excluded.tolist() == ["item-3", "item-5"]
    assert "item-3" not in frame.ids.tolist()
    assert np.isfinite(frame.coordinates).all()


def test_a_diverged_snapshot_leaves_an_empty_frame_and_the_others_stand(store, rng):
    run = logged(store, 2, close=False)
    run.log(20, spaces={"hidden": np.full((60, 12), np.nan, dtype=np.float32)})
    run.close()

    sequence = linear(run)

    assert [len(frame.ids) for frame in sequence] == [60, 60, 0]
    assert len(sequence[2].excluded) == 60


def test_growth_places_new_snapshots_and_moves_nothing_drawn(store, rng):
    run = logged(store, 4, close=False)
    first = read_sequence(run, update(run, REQUEST))
    grow(run, [40, 50], rng)

    waiting = plan(run, REQUEST)
    later = read_sequence(run, update(run, REQUEST))

    assert (waiting.status, waiting.pending, waiting.refit) == ("stale", (40, 50), False)
    assert later.steps == [0, 10, 20, 30, 40, 50]
    for step in first.steps:
        np.testing.assert_array_equal(first.at(step).coordinates, later.at(step).coordinates)
    assert later.at(50).quality is not None
    assert plan(run, REQUEST).status == "ready"


def test_the_basis_is_fitted_again_once_snapshots_have_doubled(store, rng):
    run = logged(store, 2, close=False)
    update(run, REQUEST)
    grow(run, [20, 30], rng)

    assert plan(run, REQUEST).refit


def test_a_finished_run_ends_with_the_map_that_project_gives(store, rng):
    run = logged(store, 4, close=False)
    update(run, REQUEST)
    grow(run, [40], rng)
    update(run, REQUEST)
    run.close()

    final = read_sequence(run, update(run, REQUEST))

    expected = linear(run, "hidden", basis="all", refresh=True)
    for one, two in zip(final, expected, strict=True):
        np.testing.assert_array_equal(one.coordinates, two.coordinates)


def test_a_repeated_step_replaces_its_frame(store, rng):
    run = logged(store, 4, close=False)
    update(run, REQUEST)
    grow(run, [30], rng)

    assert plan(run, REQUEST).status != "ready"
    assert read_sequence(run, update(run, REQUEST)).steps == [0, 10, 20, 30]


def test_a_frozen_layer_gets_a_frame_at_every_step(store):
    run = store.create("frozen", strict=True)
    vectors = np.random.default_rng(1).normal(size=(20, 4)).astype(np.float32)
    for step in (0, 1, 2):
        run.log(step, spaces={"hidden": vectors})
    run.close()

    sequence = linear(run)

    assert sequence.steps == [0, 1, 2]
    assert [frame.step for frame in linear(run)] == [0, 1, 2]
    assert plan(run, ProjectionRequest("hidden")).status == "ready"


def test_an_estimator_may_be_the_method(store):
    from driftglass.projections import PCA

    run = logged(store, 3)

    sequence = dg.project(run, method=PCA(n_components=2))

    assert sequence.steps == [0, 10, 20]


def test_only_the_asked_steps_are_projected(store):
    run = logged(store, 4)

    assert linear(run, steps=[30, 10]).steps == [10, 30]
    with pytest.raises(dg.NotFoundError, match="15"):
        linear(run, steps=[15])


def test_an_unknown_space_is_guessed(store):
    run = logged(store, 1)

    with pytest.raises(dg.NotFoundError, match="Did you mean 'hidden'"):
        linear(run, "hiden")


def test_two_spaces_need_a_choice(store, rng):
    run = store.create("two", strict=True)
    run.log(0, spaces={"a": rng.normal(size=(5, 3)), "b": rng.normal(size=(5, 3))})
    run.close()

    with pytest.raises(dg.InvalidInputError, match=r"2 spaces: \['a', 'b'\]"):
        linear(run)


def test_nothing_logged_says_what_to_do(store):
    run = store.create("empty")
    run.close()

    with pytest.raises(dg.DriftglassError, match="log"):
        linear(run, "hidden")


def test_maps_of_a_read_only_store_are_kept_elsewhere(store, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    logged(store, 2)
    reader = dg.open(store.path, read_only=True)

    first = linear(reader.run("run"))
    again = linear(dg.open(store.path, read_only=True).run("run"))

    np.testing.assert_array_equal(first[1].coordinates, again[1].coordinates)
    assert plan(reader.run("run"), REQUEST).status == "ready"
    assert not list(store.path.rglob("result.json"))
    assert list((tmp_path / "cache").rglob("result.json"))


def test_a_store_that_cannot_be_written_still_gives_maps(store, monkeypatch):
    logged(store, 2)
    run = store.run("run")

    def full(*_):
        raise dg.StoreError("No space left on device.")

    monkeypatch.setattr(run.cache, "put", full)

    with pytest.warns(dg.DriftglassWarning, match="cannot be kept"):
        sequence = linear(run)

    assert sequence.steps == [0, 10]


def test_progress_reaches_its_end(store):
    run = logged(store, 3)
    seen = []

    dg.project(run, progress=lambda done, total, what: seen.append((done, total, what)))

    assert seen[-1] == (3, 3, "measuring trust")


def test_a_umap_of_a_run_is_kept_and_its_plan_costs_more_than_principal_axes(store):
    run = logged(store, 3)
    request = ProjectionRequest("hidden", "umap", parameters={"n_neighbors": 8, "n_epochs": 50})

    before = plan(run, request)
    sequence = dg.project(run, method="umap", n_neighbors=8, n_epochs=50)
    again = dg.project(store.run("run"), method="umap", n_neighbors=8, n_epochs=50)

    assert before.seconds > plan(run, REQUEST).seconds
    assert plan(run, request).status == "ready"
    for one, two in zip(sequence, again, strict=True):
        assert one.quality.trustworthiness > 0.6
        np.testing.assert_array_equal(one.coordinates, two.coordinates)


def test_without_a_method_frames_are_refined_and_kept(store):
    run = logged(store, 3)
    sequence = dg.project(run)

    assert sequence.provenance.method == "refine"
    assert sequence[1].quality.trustworthiness > 0.5
    seen = []
    again = dg.project(store.run("run"), progress=lambda *report: seen.append(report))
    assert seen == []
    assert again.aligned().tobytes() == sequence.aligned().tobytes()
    assert dg.project(run, basis="first").provenance.method == "pca"


def test_methods_for_whole_sequences_follow_a_growing_run(store, rng):
    run = logged(store, 3, close=False)
    request = ProjectionRequest("hidden", method="warm", parameters={"n_iter": 10})
    update(run, request)
    grow(run, [30, 40], rng)

    waiting = plan(run, request)
    key = update(run, request)

    assert (waiting.status, waiting.pending) == ("stale", (30, 40))
    assert plan(run, request).status == "ready"
    assert read_sequence(run, key).steps == [0, 10, 20, 30, 40]
    run.close()


def test_what_knows_only_the_past_goes_on_to_the_result_of_a_fresh_start(store, rng, monkeypatch):
    run = logged(store, 3, close=False)
    request = ProjectionRequest("hidden", method="warm", parameters={"n_iter": 10})
    first = read_sequence(run, update(run, request))
    grow(run, [30, 40], rng)
    read = []
    take = type(run).snapshot
    monkeypatch.setattr(
        type(run),
        "snapshot",
        lambda self, space, step, **more: read.append(step) or take(self, space, step, **more),
    )

    grown = read_sequence(run, update(run, request))

    vectors_read = [step for step in read if step not in (30, 40)]
    assert vectors_read.count(0) <= 1  # its ids, and no more
    for before, after in zip(first, grown, strict=False):
        assert after.coordinates.tobytes() == before.coordinates.tobytes()
        assert after.quality == before.quality or after.quality.trustworthiness == (
            before.quality.trustworthiness
        )
    run.close()
    assert plan(store.run("run"), request).status == "ready"
    again = dg.project(store.run("run"), method="warm", n_iter=10, refresh=True)
    assert again.aligned().tobytes() == grown.aligned().tobytes()


def test_refined_frames_stay_until_there_are_twice_as_many(store, rng):
    run = logged(store, 3, close=False)
    request = ProjectionRequest("hidden", method="refine", parameters={"n_iter": 10})
    first = read_sequence(run, update(run, request))
    grow(run, [30], rng)

    waiting = plan(run, request)
    followed = read_sequence(run, update(run, request))

    assert (waiting.status, waiting.refit) == ("stale", False)
    for before, after in zip(first, followed, strict=False):
        assert after.coordinates.tobytes() == before.coordinates.tobytes()
    assert any("next fit" in note for note in followed[3].notes)
    grow(run, [40, 50], rng)
    assert plan(run, request).refit
    refined = read_sequence(run, update(run, request))
    assert not any("next fit" in note for frame in refined for note in frame.notes)
    run.close()
    assert refined.aligned().tobytes() == dg.project(run, method="refine", n_iter=10).aligned(
    ).tobytes()  # fmt: skip
