import pytest

from driftglass.data import Table
from driftglass.errors import NotFoundError, ShapeError

TABLE = Table(("name", "value"), (("a_b & c", 0.12345), ("d|e", None)), caption="50 % of rows")


def test_csv_keeps_every_digit():
    assert TABLE.to_csv() == "name,value\na_b & c,0.12345\nd|e,\n"


def test_markdown_aligns_numbers_and_escapes_bars():
    assert TABLE.to_markdown() == (
        "| name | value |\n| --- | ---: |\n| a_b & c | 0.123 |\n| d\\|e | – |\n\n50 % of rows"
    )


def test_latex_escapes_what_it_would_read_as_commands():
    text = TABLE.to_latex()

    assert r"a\_b \& c & 0.123 \\" in text
    assert r"\caption{50 \% of rows}" in text
    assert r"\begin{tabular}{lr}" in text


def test_a_table_is_rows_and_columns():
    assert [row["name"] for row in TABLE] == ["a_b & c", "d|e"]
    assert TABLE["value"] == [0.12345, None]
    assert len(TABLE) == 2


def test_what_is_not_there_is_refused():
    with pytest.raises(NotFoundError, match="Did you mean 'value'"):
        TABLE["valu"]
    with pytest.raises(ShapeError, match="1 values for 2 columns"):
        Table(("a", "b"), ((1,),))
