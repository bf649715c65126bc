"""What cannot be stored is refused with what to do; training goes on unless it is strict."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from driftglass.errors import (
    DriftglassWarning,
    InvalidInputError,
    NotFoundError,
    ShapeError,
    StoreError,
)

GOOD = np.zeros((4, 2), np.float32)

BAD_LOGS = {
    "float step": ((1.5,), {}, InvalidInputError, r'whole numbers.*scalars=\{"epoch": 1\.5\}'),
    "whole float step": ((3.0,), {}, InvalidInputError, "whole numbers"),
    "nan step": ((np.float64("nan"),), {}, InvalidInputError, "whole numbers"),
    "bool step": ((True,), {}, InvalidInputError, "whole numbers"),
    "text step": (("3",), {}, InvalidInputError, "a whole number is needed"),
    "negative step": ((-1,), {}, InvalidInputError, "between 0 and"),
    "huge step": ((2**60,), {}, InvalidInputError, "between 0 and"),
    "no mapping": ((0, [GOOD]), {}, InvalidInputError, r'spaces=\{"hidden": vectors\}'),
    "number as space": ((0, {3: GOOD}), {}, InvalidInputError, "names are text"),
    "empty space name": ((0, {"": GOOD}), {}, InvalidInputError, "1 to 200"),
    "long space name": ((0, {"x" * 201: GOOD}), {}, InvalidInputError, "201 characters"),
    "surrogate name": ((0, {"\ud800": GOOD}), {}, InvalidInputError, "not valid Unicode"),
    "one dimension": ((0, {"h": np.zeros(4)}), {}, ShapeError, r"reshape\(-1, 1\)"),
    "three dimensions": ((0, {"h": np.zeros((4, 3, 2))}), {}, ShapeError, r"mean\(axis=1\)"),
    "ragged": ((0, {"h": [[1, 2], [3]]}), {}, ShapeError, "row 1 has 1"),
    "objects": ((0, {"h": np.array([[1, "a"]], object)}), {}, InvalidInputError, "object array"),
    "complex": ((0, {"h": np.zeros((4, 2), complex)}), {}, InvalidInputError, "complex"),
    "text vectors": ((0, {"h": np.array([["a"]])}), {}, InvalidInputError, "numbers are needed"),
    "too few rows": ((0, {"h": GOOD[:3]}), {}, ShapeError, "3 rows at step 0 for 4 ids.*ids="),
    "too many ids": ((0, {"h": GOOD}), {"ids": range(5)}, ShapeError, "4 rows at step 0 for 5 ids"),
    "text as ids": ((0, {"h": GOOD}), {"ids": "abcd"}, InvalidInputError, "one id per row"),
    "scalars as list": ((0,), {"scalars": [1]}, InvalidInputError, r'scalars=\{"loss": 0\.31\}'),
    "text scalar": ((0,), {"scalars": {"l": "1.5"}}, InvalidInputError, "a real number is needed"),
    "array scalar": ((0,), {"scalars": {"l": np.zeros(2)}}, ShapeError, "more than one value"),
    "complex scalar": ((0,), {"scalars": {"l": 1j}}, InvalidInputError, "real number"),
    "none scalar": ((0,), {"scalars": {"l": None}}, InvalidInputError, "a number is needed"),
    "predictions of three dimensions": (
        (0, None, np.zeros((4, 2, 2))), {}, ShapeError, "class numbers of shape",
    ),
    "too few predictions": ((0, None, np.zeros(3)), {}, ShapeError, "predictions has 3 rows"),
}  # fmt: skip

LATE = {
    "repeated ids": ((0, {"h": GOOD}), {"ids": [1, 1, 2, 3]}, "repeats 1 of its 3 values: 1"),
    "mixed ids": ((0, {"h": GOOD}), {"ids": [1, "a", 2, 3]}, "all integers or all text"),
    "float ids": ((0, {"h": GOOD}), {"ids": np.arange(4) / 2}, "integers or text are needed"),
    "half classes": ((0, None, np.array([0.5, 1, 2, 0])), {}, "whole class numbers"),
}
"""What only the background thread finds out, because looking takes time."""


@pytest.mark.parametrize("case", BAD_LOGS)
def test_a_bad_argument_warns_once_and_training_goes_on(local, case):
    arguments, more, _, message = BAD_LOGS[case]
    run = local.create("run", ids=range(4))
    with pytest.warns(DriftglassWarning, match=message):
        assert not run.log(*arguments, **more)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run.log(*arguments, **more)
        assert run.log(7, {"other": GOOD}, scalars={"loss": 1.0})
        run.flush()

    assert run.write_report().n_refused == 2
    assert run.steps("other") == [7]
    assert sum(event.kind == "refused" for event in run.events()) == 2
    run.close()


@pytest.mark.parametrize("case", BAD_LOGS)
def test_strict_raises_the_same(local, case):
    arguments, more, error, message = BAD_LOGS[case]
    run = local.create("run", ids=range(4), strict=True)

    with pytest.raises(error, match=message):
        run.log(*arguments, **more)
    run.close()


@pytest.mark.parametrize("case", LATE)
def test_what_is_found_late_is_warned_about_at_the_next_call(local, case):
    arguments, more, message = LATE[case]
    run = local.create("run", ids=range(4))

    def log_and_flush():
        run.log(*arguments, **more)
        run.flush()

    with pytest.warns(DriftglassWarning, match=message):
        log_and_flush()

    assert run.write_report().n_refused == 1
    assert any(event.kind == "refused" for event in run.events())
    run.close()


@pytest.mark.parametrize("case", LATE)
def test_what_is_found_late_is_raised_at_the_next_strict_call(local, case):
    arguments, more, message = LATE[case]
    run = local.create("run", ids=range(4), strict=True)
    run.log(*arguments, **more)

    with pytest.raises(InvalidInputError, match=message):
        run.flush()
    run.close()


def test_one_bad_space_does_not_cost_the_others(local):
    run = local.create("run", ids=range(4))
    with pytest.warns(DriftglassWarning, match="one dimension"):
        accepted = run.log(0, {"bad": np.zeros(4), "good": GOOD}, scalars={"loss": 1.0})

    assert not accepted
    assert run.spaces == ["good"]
    assert run.scalars().at("loss", 0) == 1.0
    run.close()


def test_a_failing_array_does_not_stop_training(local):
    class Exploding:
        def __array__(self, dtype=None, copy=None):
            raise RuntimeError("CUDA error: device-side assert triggered")

    run = local.create("run")
    with pytest.warns(DriftglassWarning, match="device-side assert"):
        assert not run.log(0, {"h": Exploding()})
    run.close()


def test_what_is_refused_at_every_step_fills_no_journal(local):
    run = local.create("run")
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        for step in range(200):
            run.log(step, {"bad": np.zeros(4)}, scalars={"loss": step})
    run.flush()
    refused = [event for event in run.events() if event.kind == "refused"]

    assert len(seen) == 1
    assert run.write_report().n_refused == sum(event.count for event in refused) == 200
    assert len(refused) == 21
    assert len(run.notes()) == 2
    run.close()


def test_integer_like_steps_are_taken(local):
    class Tensor:
        def __index__(self):
            return 5

    run = local.create("run")
    for step in (np.int32(1), np.uint8(2), np.array(3), Tensor()):
        run.log(step, {"h": GOOD})

    assert run.steps() == [1, 2, 3, 5]
    run.close()


def test_lists_numbers_and_objects_of_numbers_are_taken(local):
    run = local.create("run")
    run.log(
        0, {"a": [[1, 2], [3, 4]], "b": np.array([[1, 2.5]], object), "c": np.eye(2, dtype=bool)}
    )

    assert run.snapshot("a", 0).vectors.tolist() == [[1, 2], [3, 4]]
    assert run.snapshot("b", 0).vectors.tolist() == [[1, 2.5]]
    assert run.snapshot("c", 0).vectors.dtype == np.int8
    run.close()


def test_views_and_foreign_byte_orders_are_taken(local, rng):
    values = rng.random((6, 4)).astype(">f4")
    run = local.create("run")
    run.log(0, {"a": values, "b": values[::2, ::-1], "c": np.asfortranarray(values)})

    assert np.array_equal(run.snapshot("a", 0).vectors, values)
    assert np.array_equal(run.snapshot("b", 0).vectors, values[::2, ::-1])
    assert np.array_equal(run.snapshot("c", 0).vectors, values)
    run.close()


BAD_CREATES = {
    "repeated ids": ({"ids": [1, 1]}, InvalidInputError, "repeats"),
    "labels of another length": ({"ids": [1, 2], "labels": [1]}, ShapeError, "1 labels for 2 ids"),
    "images of another number": (
        {"ids": [1, 2], "images": np.zeros((3, 4, 4))}, ShapeError, "3 images for 2 ids",
    ),
    "table of another length": (
        {"ids": [1, 2], "metadata": {"a": [1, 2, 3]}}, ShapeError, "3 values for 2 ids",
    ),
    "labels twice": (
        {"labels": [1], "metadata": {"label": [1]}}, InvalidInputError, "Leave one of them out",
    ),
    "class beyond the names": (
        {"labels": [0, 2], "classes": ["a", "b"]}, InvalidInputError, r"labels\[1\] is class 2",
    ),
    "column without table": ({"ids": "name"}, InvalidInputError, "there is no metadata"),
    "unknown column": ({"ids": "nme", "metadata": {"name": [1]}}, NotFoundError, "Did you mean"),
    "unknown kind of column": (
        {"metadata": {"a": [1]}, "kinds": {"a": "colour"}}, InvalidInputError, "colour",
    ),
    "dtype": ({"dtype": "float8"}, InvalidInputError, "dtype is 'float8'"),
    "durability": ({"durability": "none"}, InvalidInputError, "durability"),
    "when_full": ({"when_full": "wait"}, InvalidInputError, "when_full"),
    "retention": ({"retention": 0}, InvalidInputError, "retention is 0"),
    "max_bytes": ({"max_bytes": 1.5}, InvalidInputError, "max_bytes"),
    "expected_steps": ({"expected_steps": 0}, InvalidInputError, "expected_steps"),
    "rank": ({"rank": 2, "world_size": 2}, InvalidInputError, "ranks count from 0"),
    "image size": (
        {"images": np.zeros((1, 4, 4)), "image_size": 2}, InvalidInputError, "thumbnail size",
    ),
    "catalog": ({"catalog": "duckdb"}, InvalidInputError, "'sqlite' and 'journal'"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD_CREATES)
def test_create_always_raises(local, case):
    arguments, error, message = BAD_CREATES[case]

    with pytest.raises(error, match=message):
        local.create("run", **arguments)
    assert local.runs() == []
    assert not any(local.path.glob(".new-*"))


def test_resume_names_unknown_options(local):
    local.create("run").close()

    with pytest.raises(InvalidInputError, match=r"no option 'dtpye'.*'dtype'"):
        local.resume("run", dtpye="float16")


def test_a_store_opened_for_reading_refuses_to_write(logged, local):
    import driftglass as dg

    reading = dg.open(local.path, read_only=True)
    for act in (
        lambda: reading.create("x"),
        lambda: reading.resume("run"),
        lambda: reading.delete("run"),
        lambda: reading.gc(),
        lambda: reading.run("run").repair(),
        lambda: reading.run("run").gc(),
    ):
        with pytest.raises(StoreError, match="opened for reading"):
            act()
    assert reading.run("run").verify().ok


def test_labels_may_miss_and_be_of_any_kind(local):
    made = {
        "ints": [3, 1, None],
        "text": ["a", None, "b"],
        "floats": [0.5, float("nan"), 2.0],
        "bools": [True, None, False],
        "sets": [["a"], None, ["b", "c"]],
    }
    for name, labels in made.items():
        local.create(name, labels=labels).close()
    kinds = {name: local.run(name).metadata["label"].kind for name in made}

    assert kinds["ints"] == kinds["text"] == "categorical"
    assert kinds["floats"] == "number"
    assert kinds["sets"] == "set"
    assert all(local.run(name).metadata["label"].n_missing == 1 for name in made)


@pytest.mark.parametrize("ids", [[0, 2**62, -5], ["", "é", "a\nb"], ["<b>", "\u202e", "x" * 512]])
def test_odd_ids_come_back_exactly(local, ids):
    run = local.create("run", ids=ids)
    run.log(0, {"h": GOOD[:3]})

    assert run.snapshot("h", 0).ids.tolist() == ids
    assert run.ids.tolist() == ids
    run.close()
