"""What is logged is read back."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import numpy as np
import pytest

import driftglass as dg
from driftglass.data import Metadata, Predictions, SpriteSheet
from driftglass.errors import DriftglassWarning, InvalidInputError, NotFoundError, StoreError
from driftglass.store import Store


def test_reads_back_what_was_logged(store, vectors):
    run = store.create("run")
    run.log(10, {"hidden": vectors, "logits": vectors[:, :2]}, scalars={"loss": 0.5})
    snapshot = run.snapshot("hidden", 10)

    assert np.array_equal(snapshot.vectors, vectors)
    assert (snapshot.space, snapshot.step, snapshot.attempt) == ("hidden", 10, 1)
    assert snapshot.ids.tolist() == list(range(20))
    assert run.spaces == ["hidden", "logits"]
    assert run.steps("hidden") == run.steps() == [10]
    assert run.scalars().at("loss", 10) == 0.5
    run.close()


def test_another_reader_sees_it_after_a_flush(store, vectors):
    run = store.create("run")
    run.log(0, {"hidden": vectors})

    assert run.flush()
    assert np.array_equal(store.run("run").snapshot("hidden", 0).vectors, vectors)
    run.close()


def test_waiting_makes_one_step_visible_at_once(local, vectors):
    run = local.create("run")

    assert run.log(0, {"hidden": vectors}, wait=True)
    assert dg.open(local.path).run("run").steps("hidden") == [0]
    run.close()


def test_a_snapshot_is_mapped_and_cannot_be_changed(logged):
    vectors = logged.snapshot("hidden", 1).vectors

    assert isinstance(vectors, np.memmap)
    assert not vectors.flags.writeable
    assert vectors.flags.c_contiguous


def test_the_caller_may_change_an_array_right_after_logging_it(local, vectors):
    run = local.create("run")
    original = vectors.copy()
    for step in range(20):
        vectors[:] = original + step
        run.log(step, {"hidden": vectors}, np.full(20, step))
        vectors[:] = -1

    for step in range(20):
        assert np.array_equal(run.snapshot("hidden", step).vectors, original + step)
        assert (run.predictions(step).predicted == step).all()
    run.close()


def test_rows_come_in_any_order_with_some_missing_and_some_new(store, vectors):
    run = store.create("run", ids=[f"i{n}" for n in range(20)])
    order = [7, 3, 19, 0]
    run.log(1, {"hidden": vectors[order]}, ids=[f"i{n}" for n in order])
    run.log(2, {"hidden": vectors[:2]}, ids=["new", "i5"])

    assert run.snapshot("hidden", 1).ids.tolist() == ["i7", "i3", "i19", "i0"]
    assert np.array_equal(run.snapshot("hidden", 1).select(["i3"]).vectors[0], vectors[3])
    assert run.ids.tolist() == [f"i{n}" for n in range(20)] + ["new"]
    run.close()


def test_a_repeated_step_becomes_the_next_attempt(store, vectors):
    run = store.create("run")
    for value in (1, 2, 3):
        run.log(5, {"hidden": vectors * value}, np.full(20, value), {"loss": float(value)})

    assert np.array_equal(run.snapshot("hidden", 5).vectors, vectors * 3)
    assert np.array_equal(run.snapshot("hidden", 5, attempt=1).vectors, vectors)
    assert run.describe("hidden")[0].attempt == 3
    assert (run.predictions(5).predicted == 3).all()
    assert run.scalars().at("loss", 5) == 3.0
    with pytest.raises(NotFoundError, match=r"attempt.*Available: \[1, 2, 3\]"):
        run.snapshot("hidden", 5, attempt=9)
    run.close()


def test_steps_may_go_backwards(store, vectors):
    run = store.create("run")
    for step in (30, 10, 20):
        run.log(step, {"hidden": vectors + step}, scalars={"loss": step})

    assert run.steps("hidden") == [10, 20, 30]
    assert run.scalars()["loss"][0].tolist() == [10, 20, 30]
    assert np.array_equal(run.snapshot("hidden", 10).vectors, vectors + 10)
    run.close()


def test_scalars_may_be_nan_and_infinite(store):
    run = store.create("run")
    run.log(0, scalars={"loss": float("nan"), "a": np.float32(1.5)})
    run.log(1, scalars={"loss": float("inf"), "a": np.array(2)})
    run.log(2, scalars={"loss": -float("inf"), "a": True})

    steps, values = run.scalars()["loss"]
    assert steps.tolist() == [0, 1, 2]
    assert np.isnan(values[0])
    assert values[1:].tolist() == [float("inf"), -float("inf")]
    assert run.scalars()["a"][1].tolist() == [1.5, 2.0, 1.0]
    run.close()


@pytest.mark.parametrize("dtype", ["float16", "float32", "int8", "uint8"])
def test_small_types_stay_as_they_are(store, rng, dtype):
    run = store.create("run")
    values = rng.integers(0, 100, (5, 3)).astype(dtype)
    run.log(0, {"hidden": values})

    assert run.snapshot("hidden", 0).vectors.dtype == dtype
    assert np.array_equal(run.snapshot("hidden", 0).vectors, values)
    assert run.notes() == []
    run.close()


def test_float64_is_stored_as_float32_and_said_once(store, rng):
    run = store.create("run")
    values = rng.standard_normal((5, 3))
    for step in range(3):
        run.log(step, {"hidden": values})

    assert np.array_equal(run.snapshot("hidden", 2).vectors, values.astype(np.float32))
    assert len(run.notes()) == 1
    assert 'dtype="keep"' in run.notes()[0]
    run.close()


def test_keep_stores_float64_and_integers_exactly(store, rng):
    run = store.create("run", dtype="keep")
    numbers = rng.integers(-(2**60), 2**60, (5, 3))
    run.log(0, {"a": rng.standard_normal((5, 3)), "b": numbers})

    assert run.snapshot("a", 0).vectors.dtype == np.float64
    assert np.array_equal(run.snapshot("b", 0).vectors, numbers)
    run.close()


def test_float16_counts_what_it_cannot_hold(store):
    run = store.create("run", dtype="float16")
    values = np.array([[1.0, 2.0], [70_000.0, -1e6], [np.inf, 3.0]], dtype=np.float32)
    run.log(0, {"hidden": values})

    assert run.snapshot("hidden", 0).vectors.dtype == np.float16
    assert run.describe("hidden")[0].n_not_finite == 2
    assert any("2 values" in note and "too large for float16" in note for note in run.notes())
    run.close()


def test_bfloat16_is_stored_as_its_bits(local, monkeypatch):
    class Tensor:
        """As much of a torch tensor as logging looks at."""

        dtype = "torch.bfloat16"

        def __init__(self, bits):
            self.bits = bits

        def detach(self):
            return self

        cpu = detach

        def view(self, dtype):
            assert dtype == "int16"
            return SimpleNamespace(numpy=lambda: self.bits.view(np.int16))

    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(int16="int16"))
    values = np.array([[1.0, -2.5], [np.nan, 0.15625]], dtype=np.float32)
    bits = (values.view(np.uint32) >> 16).astype(np.uint16)
    run = local.create("run")
    run.log(0, {"hidden": Tensor(bits)})
    info = run.describe("hidden")[0]
    kept = run.snapshot("hidden", 0).vectors

    assert (info.dtype, info.n_not_finite, info.nbytes) == ("bfloat16", 1, 128 + 8)
    assert kept.dtype == np.float32
    assert np.array_equal(kept, values, equal_nan=True)
    run.close()


def test_rows_that_are_not_finite_are_kept_counted_and_named(store, vectors):
    run = store.create("run", ids=[f"i{n}" for n in range(20)])
    vectors[3, 1] = np.nan
    vectors[7, 0] = np.inf
    run.log(4, {"hidden": vectors})
    info = run.describe("hidden")[0]

    assert (info.n_not_finite, info.first_not_finite) == (2, "i3")
    assert np.array_equal(run.snapshot("hidden", 4).vectors, vectors, equal_nan=True)
    assert any("2 of 20 rows are not finite at step 4, first: id 'i3'" in n for n in run.notes())
    run.close()


def test_an_empty_snapshot_is_stored_as_empty(store):
    run = store.create("run")
    run.log(0, {"hidden": np.empty((0, 8), np.float32)})

    assert run.snapshot("hidden", 0).vectors.shape == (0, 8)
    assert run.describe("hidden")[0].n_samples == 0
    run.close()


def test_a_change_of_width_is_noted_and_both_can_be_read(store, rng):
    run = store.create("run")
    run.log(0, {"hidden": rng.random((5, 3), dtype=np.float32)})
    run.log(1, {"hidden": rng.random((5, 4), dtype=np.float32)})

    assert [info.n_features for info in run.describe("hidden")] == [3, 4]
    assert run.snapshot("hidden", 0).n_features == 3
    assert any("4 features from step 1 on, 3 before" in note for note in run.notes())
    run.close()


def test_parts_longer_than_the_limit_are_split_and_joined(local, rng):
    run = local.create("run", ids=[f"i{n}" for n in range(100)])
    run._recording.writer.part_bytes = 1000
    values = rng.random((100, 8), dtype=np.float32)
    run.log(0, {"hidden": values})

    assert len(list(run.parts("hidden", 0))) == 4
    assert np.array_equal(run.snapshot("hidden", 0).vectors, values)
    assert run.snapshot("hidden", 0).ids.tolist() == run.ids.tolist()
    assert run.verify().ok
    run.close()


def test_predictions_bring_scores_classes_and_ids(store):
    run = store.create("run", ids=["a", "b", "c"], classes=["cat", "dog"])
    scores = np.array([[0.9, 0.1], [0.2, 0.8], [0.5, 0.5]])
    run.log(0, predictions=scores)
    run.log(1, predictions=np.array([1, 0, 1]))
    run.log(2, predictions=Predictions(["c", "a"], [[3.0, -2.0], [0.0, 9.0]], 2))

    assert run.prediction_steps == [0, 1, 2]
    assert run.predictions(0).kind == "probabilities"
    assert run.predictions(0).class_names == ("cat", "dog")
    assert np.allclose(run.predictions(0).values, scores)
    assert run.predictions(1).predicted.tolist() == [1, 0, 1]
    assert (run.predictions(2).kind, run.predictions(2).ids.tolist()) == ("logits", ["c", "a"])
    with pytest.raises(NotFoundError, match=r"No step of predictions named 7"):
        run.predictions(7)
    run.close()


def test_metadata_images_and_classes_come_back(store, rng):
    ids = [f"i{n}" for n in range(6)]
    images = rng.integers(0, 255, (6, 5, 5), dtype=np.uint8)
    table = {"n": [1.5, 2, None, 4, 5, 6], "tags": [["x", "y"], [], None, ["y"], [], ["x"]]}
    run = store.create(
        "run", ids=ids, metadata=table, images=images, labels=[0, 1, 1, 0, 1, None],
        classes=["no", "yes"],
    )  # fmt: skip
    metadata, sheet = run.metadata, run.images

    assert list(metadata.columns) == ["label", "n", "tags"]
    assert metadata.row("i0") == {"label": "no", "n": 1.5, "tags": ["x", "y"]}
    assert metadata.row("i5")["label"] is None
    assert sheet.ids.tolist() == ids
    assert np.array_equal(sheet.crop("i3"), SpriteSheet.pack(images, ids).crop("i3"))
    assert run.classes == ["no", "yes"]
    run.close()


def test_metadata_may_name_the_column_of_ids(store):
    run = store.create("run", ids="name", metadata={"name": ["a", "b"], "v": [1.5, 2.5]})

    assert run.ids.tolist() == ["a", "b"]
    assert run.metadata.row("b") == {"v": 2.5}
    run.close()


def test_metadata_of_its_own_ids_is_joined_by_id(store, vectors):
    metadata = Metadata.from_table({"v": [1.5, 2.5]}, ids=["b", "z"])
    run = store.create("run", ids=["a", "b"], metadata=metadata)
    run.log(0, {"hidden": vectors[:2]})

    assert run.snapshot("hidden", 0).ids.tolist() == ["a", "b"]
    assert run.ids.tolist() == ["a", "b", "z"]
    run.close()


def test_a_bad_image_is_counted_and_the_run_is_made(store):
    run = store.create("run", images=[np.zeros((4, 4), np.uint8), b"no picture", None])

    assert [item for item, _ in run.images.failed] == [1]
    assert run.images.locate(0) is not None
    run.close()


def test_the_revision_grows_with_every_commit(store, vectors):
    run = store.create("run")
    reader = store.run("run")
    seen = [reader.revision]
    for step in range(3):
        run.log(step, {"hidden": vectors}, wait=True)
        seen.append(reader.revision)

    assert seen == sorted(set(seen))
    run.close()


def test_equal_content_has_an_equal_hash(store, vectors):
    run = store.create("run")
    run.log(0, {"hidden": vectors})
    run.log(1, {"hidden": vectors})
    run.log(2, {"hidden": vectors + 1})
    run.log(3, {"hidden": vectors}, ids=np.arange(20)[::-1])
    contents = [info.content for info in run.describe("hidden")]

    assert contents[0] == contents[1]
    assert len(set(contents)) == 3
    run.close()


def test_space_names_may_be_any_text(store, vectors):
    names = [
        "layer4.1/conv",
        "Größe",
        "../../etc",
        "a" * 200,
        "a b",
        "A B",
        "<b>",
        "💡",
        "CON",
        ".",
    ]
    run = store.create("run")
    run.log(0, {name: vectors + n for n, name in enumerate(names)})

    assert run.spaces == names
    for n, name in enumerate(names):
        assert np.array_equal(run.snapshot(name, 0).vectors, vectors + n)
    run.close()


def test_a_missing_space_or_step_names_those_that_are_there(logged):
    with pytest.raises(NotFoundError, match=r"'hiden'\. Did you mean 'hidden'\?"):
        logged.snapshot("hiden", 0)
    with pytest.raises(NotFoundError, match=r"step of space 'hidden' named 9.*\[0, 1, 2\]"):
        logged.snapshot("hidden", 9)
    with pytest.raises(NotFoundError, match="'nothing'"):
        logged.describe("nothing")
    with pytest.raises(NotFoundError, match="'nothing'"):
        logged.steps("nothing")


def test_a_context_closes_the_run(store, vectors):
    with store.create("run") as run:
        run.log(0, {"hidden": vectors})

    assert run.state == "closed"
    assert store.run("run").state == "closed"
    assert store.run("run").steps() == [0]


def test_a_context_loses_nothing_on_an_exception(store, vectors):
    def train():
        with store.create("run") as run:
            run.log(0, {"hidden": vectors})
            raise ZeroDivisionError("loss scale")

    with pytest.raises(ZeroDivisionError, match="loss scale"):
        train()

    reader = store.run("run")
    assert reader.state == "interrupted"
    assert np.array_equal(reader.snapshot("hidden", 0).vectors, vectors)
    assert any("ZeroDivisionError" in note for note in reader.notes())


def test_a_resumed_run_goes_on(store, vectors):
    with store.create("run", ids=[f"i{n}" for n in range(20)], dtype="float16") as run:
        run.log(0, {"hidden": vectors})
    with store.resume("run") as run:
        run.log(1, {"hidden": vectors})
        run.log(0, {"hidden": vectors})

    reader = store.run("run")
    assert [(info.step, info.attempt) for info in reader.describe("hidden")] == [(0, 2), (1, 1)]
    assert reader.snapshot("hidden", 1).ids[0] == "i0"
    assert reader.describe("hidden")[1].dtype == "float16"
    assert reader.state == "closed"


def test_reading_runs_refuse_to_log(logged, vectors):
    with pytest.raises(StoreError, match=r"store\.resume\('run'\)"):
        logged.log(0, {"hidden": vectors})
    with pytest.raises(StoreError, match="for reading"):
        logged.flush()


def test_logging_to_a_closed_run_warns_and_strictly_raises(store, vectors):
    run = store.create("run")
    run.close()
    run.close()
    with pytest.warns(DriftglassWarning, match=r"is closed.*store\.resume\('run'\)"):
        assert not run.log(0, {"hidden": vectors})
    strict = store.create("strict", strict=True)
    strict.close()
    with pytest.raises(StoreError, match="is closed"):
        strict.log(0)


def test_a_store_lists_runs_and_says_what_is_missing(store):
    for name in ("b", "a"):
        store.create(name).close()

    assert [run.name for run in store.runs()] == ["a", "b"]
    with pytest.raises(NotFoundError, match=r"No run named 'ab'.*Available: \['a', 'b'\]"):
        store.run("ab")
    with pytest.raises(NotFoundError, match="No run named 'c'"):
        store.resume("c")


def test_a_deleted_run_is_gone_and_its_name_is_free(store, vectors):
    run = store.create("run")
    run.log(0, {"hidden": vectors}, wait=True)
    if isinstance(store._blobs, dg.store.LocalBlobs):
        with pytest.raises(StoreError, match="is being written"):
            store.delete("run")
    run.close()
    store.delete("run")
    store.create("run").close()

    assert store.run("run").steps() == []


@pytest.mark.parametrize(
    "name", ["", "a/b", "..", ".a", "-a", "a b", "é", "x" * 129, 7, "con", "nul.txt", "a\0"]
)
def test_run_names_that_some_disk_cannot_hold_are_refused(local, name):
    with pytest.raises(InvalidInputError, match="cannot be named"):
        local.create(name)


def test_a_name_that_is_taken_is_refused_also_in_other_case(local):
    local.create("Run").close()

    with pytest.raises(InvalidInputError, match=r"store\.resume\('Run'\)"):
        local.create("Run")
    with pytest.raises(InvalidInputError, match="differs from 'run' only in case"):
        local.create("run")


def test_a_run_folder_opens_as_a_store_of_one_run(logged, local):
    single = dg.open(local.path / "run")

    assert [run.name for run in single.runs()] == ["run"]
    assert single.run("run").steps() == [0, 1, 2]
    with pytest.raises(InvalidInputError, match="Open the folder above"):
        single.create("other")


def test_a_renamed_folder_is_a_renamed_run(logged, local):
    (local.path / "run").rename(local.path / "other")

    assert [run.name for run in dg.open(local.path).runs()] == ["other"]
    assert dg.open(local.path).run("other").steps() == [0, 1, 2]


def test_opening_nothing_makes_nothing(tmp_path):
    store = dg.open(tmp_path / "new")

    assert store.runs() == []
    assert not (tmp_path / "new").exists()
    with pytest.raises(NotFoundError, match="no store"):
        dg.open(tmp_path / "new", read_only=True)


def test_a_memory_store_leaves_no_files(tmp_path, monkeypatch, vectors):
    monkeypatch.chdir(tmp_path)
    with Store(dg.store.MemoryBlobs()).create("run") as run:
        run.log(0, {"hidden": vectors})

    assert list(tmp_path.iterdir()) == []


def test_a_report_counts(local, vectors):
    run = local.create("run")
    run.log(0, {"a": vectors, "b": vectors})
    run.flush()
    report = run.write_report()

    assert (report.n_logged, report.n_written, report.n_dropped, report.n_refused) == (2, 2, 0, 0)
    assert report.n_pending == 0
    assert report.bytes_written == 2 * (128 + vectors.nbytes)
    assert 0 < report.seconds_in_log < 1
    run.close()
