import datetime
import enum

import numpy as np
import pytest

from driftglass import InvalidInputError, Metadata, NotFoundError, ShapeError
from driftglass.data import BooleanColumn, CategoricalColumn, DateColumn, RecordsColumn, SetColumn


class Colour(enum.Enum):
    RED = 1


def column(values, **options):
    return Metadata.from_table({"x": values}, **options)["x"]


def plain(values, **options):
    found = column(values, **options)
    return [found.value(i) for i in range(len(found))]


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["cat", "dog", "cat"], "categorical"),
        ([f"sentence {i}" for i in range(60)], "text"),
        ([1, 2, 3], "categorical"),
        (list(range(100)), "number"),
        ([0.5, 1.0, None], "number"),
        ([True, False, None], "boolean"),
        (np.array(["2020-01-01", "NaT"], dtype="M8[D]"), "date"),
        ([datetime.date(2020, 1, 1), None], "date"),
        ([["a", "b"], [], None], "set"),
        ([{"a"}, frozenset()], "set"),
        ([[{"group": "g", "name": "n"}], None], "records"),
        ([2**60, 1, 2], "categorical"),
        ([Colour.RED, None], "categorical"),
        ([None, None], "categorical"),
        ([1, "one"], "categorical"),
    ],
)
def test_the_kind_is_found_from_the_values(values, kind):
    assert column(values).kind == kind


def test_the_kind_can_be_stated():
    assert column([1, 2, 3], kinds={"x": "number"}).kind == "number"
    assert column(["a", "b"], kinds={"x": "text"}).kind == "text"
    assert plain(["2020-05-01"], kinds={"x": "date"}) == ["2020-05-01"]


@pytest.mark.parametrize("missing", [None, float("nan"), np.nan])
def test_missing_values_are_missing_in_every_kind(missing):
    assert plain(["a", missing]) == ["a", None]
    assert plain([1.5, missing]) == [1.5, None]
    assert plain([["a"], missing]) == [["a"], None]
    assert plain([True, missing]) == [True, None]


def test_an_empty_set_is_not_a_missing_set():
    labels = column([["a", "b", "a"], [], None])

    assert isinstance(labels, SetColumn)
    assert [labels.value(i) for i in range(3)] == [["a", "b"], [], None]
    assert labels.counts.tolist() == [1, 1]
    assert labels.n_missing == 1


def test_records_keep_group_and_name():
    records = column([[{"group": "animal", "name": "dog"}, {"name": "brown"}], []])

    assert isinstance(records, RecordsColumn)
    assert records.value(0) == [{"group": "animal", "name": "dog"}, {"group": "", "name": "brown"}]


def test_a_record_without_a_name_says_what_is_needed():
    with pytest.raises(InvalidInputError, match="'name'"):
        column([[{"group": "animal"}]])


def test_categories_sort_as_people_count():
    found = column(["10", "9", "2", "b", "a"])

    assert isinstance(found, CategoricalColumn)
    assert found.categories == ("2", "9", "10", "a", "b")


def test_integers_beyond_double_precision_keep_their_digits():
    assert plain([2**60 + 1, 5]) == [str(2**60 + 1), "5"]


def test_dates_read_as_utc_and_print_as_iso():
    found = column([datetime.datetime(2021, 1, 1, 3), datetime.date(2020, 1, 1)])

    assert isinstance(found, DateColumn)
    assert [found.value(0), found.value(1)] == ["2021-01-01T03:00:00+00:00", "2020-01-01"]


def test_select_joins_by_id_and_leaves_gaps():
    metadata = Metadata.from_table({"x": ["p", "q"], "s": [["m"], ["n"]]}, ids=["a", "b"])

    chosen = metadata.select(["b", "new", "a"])

    assert [chosen["x"].value(i) for i in range(3)] == ["q", None, "p"]
    assert [chosen["s"].value(i) for i in range(3)] == [["n"], None, ["m"]]


def test_lengths_are_named_when_they_differ():
    with pytest.raises(ShapeError, match="'x' has 2 values for 3 ids"):
        Metadata.from_table({"x": [1, 2]}, ids=[1, 2, 3])


def test_rows_as_mappings_may_lack_keys():
    metadata = Metadata.from_table([{"a": 1, "b": "x"}, {"b": "y"}])

    assert metadata.row(1) == {"a": None, "b": "y"}


def test_ids_may_be_a_column():
    metadata = Metadata.from_table({"id": ["p", "q"], "x": [1.5, 2.5]}, ids="id")

    assert metadata.ids.tolist() == ["p", "q"]
    assert list(metadata.columns) == ["x"]


def test_an_unknown_column_is_guessed():
    metadata = Metadata.from_table({"label": ["a"]})

    with pytest.raises(NotFoundError, match="Did you mean 'label'"):
        metadata["labl"]


@pytest.mark.parametrize("bad", [5, "table", {"x": "abc"}, [1, 2]])
def test_what_is_not_a_table_is_refused(bad):
    with pytest.raises(InvalidInputError, match=r"data frame|table|sequence"):
        Metadata.from_table(bad)


def test_values_that_do_not_fit_a_stated_kind_are_named():
    with pytest.raises(InvalidInputError, match="cannot be read as number"):
        column(["a", "b"], kinds={"x": "number"})
    with pytest.raises(InvalidInputError, match="known kinds"):
        column(["a"], kinds={"x": "numeric"})


@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow"])
def test_any_data_frame_is_read(library):
    module = pytest.importorskip(library)
    table = {"id": ["a", "b"], "x": [1.5, None], "l": [["p"], []], "ok": [True, False]}
    frame = module.table(table) if library == "pyarrow" else module.DataFrame(table)

    metadata = Metadata.from_table(frame, ids="id")

    assert metadata.row("b") == {"x": None, "l": [], "ok": False}
    assert isinstance(metadata["ok"], BooleanColumn)


@pytest.mark.parametrize("text", ["<img onerror=1>", "\x1b[31mred", "\u202etxt", "é" * 1000])
def test_text_is_kept_as_it_is(text):
    assert plain([text, None]) == [text, None]
