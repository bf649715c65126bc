"""Rows of a table, named one by one, so that a selection needs no windows of everything."""

import pytest


def asked(client, **question):
    return client.post("/api/runs/run/table", question)


def test_values_come_in_the_order_in_which_rows_are_named(client):
    answer = asked(client, rows=[9, 2, 40], columns=["label", "weight", "tags"]).json()

    ids = client.json("/api/runs/run/ids")["ids"]
    assert answer["ids"] == [ids[9], ids[2], ids[40]]
    for position, row in enumerate((9, 2, 40)):
        item = client.json(f"/api/runs/run/items?row={row}")["metadata"]
        for name in ("label", "weight", "tags"):
            assert answer["values"][name][position] == item[name]


def test_all_columns_come_unless_some_are_named(client):
    assert list(asked(client, rows=[0]).json()["values"]) == [
        "label", "weight", "seen", "taken", "tags", "records", "story",
    ]  # fmt: skip


def test_long_text_is_cut(client):
    ids = client.json("/api/runs/run/ids")["ids"]
    answer = asked(client, rows=[ids.index("item-000")], columns=["story"]).json()

    assert len(answer["values"]["story"][0]) == 301


@pytest.mark.parametrize(
    "question",
    [
        {},
        {"rows": [1], "bits": "AA=="},
        {"rows": [True]},
        {"rows": [0] * 1001},
        {"rows": [0], "columns": "label"},
        {"rows": [0], "columns": ["x"] * 65},
    ],
)
def test_a_bad_question_is_refused(client, question):
    assert asked(client, **question).status == 400


def test_a_column_that_is_not_there_is_said_to_be_missing(client):
    assert asked(client, rows=[0], columns=["labels"]).status == 404
    assert asked(client, rows=[0], columns=[7]).status == 404
