import numpy as np
import pytest

from driftglass import Metadata
from driftglass.data._conditions import parse
from driftglass.errors import InvalidInputError, NotFoundError

IDS = list("abcdefgh")
TABLE = {
    "label": ["cat", "dog", None, "Cat", "ÉLAN", "e\u0301lan", "猫", 'say "hi"'],
    "loss": [0.1, 0.5, 0.9, None, 2.0, -1.0, 1e9, 0.0],
    "seen": [True, False, None, True, False, True, False, True],
    "taken": ["2026-11-20", "2026-11-21", None, "2026-11-22", "2026-01-01", *["2026-12-31"] * 3],
    "tags": [["x"], ["x", "y"], [], None, ["y"], ["x", "y", "z"], ["z"], ["y"]],
    "owner (old)": ["Ann", "Bob", None, "ann", "Cid", "Dov", "Eve", "Fay"],
    "story": ["a wolf", "Two WOLVES", None, "straße", "STRASSE", "ÇA", "日本語の文", "a\nb"],
}
METADATA = Metadata.from_table(
    TABLE,
    ids=IDS,
    kinds={"story": "text", "taken": "date", "label": "categorical", "owner (old)": "text"},
)


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ('label = "cat"', "a"),
        ("label = 'cat' or label = \"Cat\"", "ad"),
        ('label == "猫"', "g"),
        ('label = "élan"', "f"),  # one character or two: the same letter
        ('label = "say \\"hi\\""', "h"),
        ('label != "cat"', "bdefgh"),
        ("label is missing", "c"),
        ("label is not missing and not seen", "beg"),
        ("loss > 0.5", "ceg"),
        ("loss >= .5 and loss <= 2", "bce"),
        ("loss = -1", "f"),
        ("loss < -0.5 or loss > 1e8", "fg"),
        ("loss != 0.5", "acefgh"),
        ("loss is missing", "d"),
        ("not loss > 0.5", "abdfh"),
        ("loss in (0.1, 0.9)", "ac"),
        ("seen", "adfh"),
        ("not seen", "bceg"),
        ("seen = false", "beg"),
        ("seen != true", "beg"),
        ('taken < "2026-11-21"', "ae"),
        ('taken >= "2026-11-21T12:00" and taken < "2026-12-01"', "d"),
        ('tags any ("x", "z")', "abfg"),
        ('tags all ("x", "y")', "bf"),
        ('tags exactly ("x", "y")', "b"),
        ('tags none ("x")', "cegh"),
        ("tags exactly ()", "c"),
        ('tags all ("x", "nowhere")', ""),
        ('tags = "z"', "fg"),
        ("tags is missing", "d"),
        ('`owner (old)` = "Ann"', "a"),
        ('`owner (old)` < "b"', "ad"),
        ('story contains "WOL"', "ab"),
        ('story contains "strasse"', "de"),
        ('story contains "ça"', "f"),
        ('story contains "本語"', "g"),
        ('label contains "c"', "ad"),
        ('label not in ("cat", "dog")', "cdefgh"),
        ('label = "dog" and loss > 1 or loss = 0', "h"),
        ('label = "dog" and (loss > 1 or loss = 0.5)', "b"),
        ("NOT not seen", "adfh"),
    ],
)
def test_a_condition_finds_its_rows(condition, found):
    assert "".join(METADATA.where(condition)) == found


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ("", "empty"),
        ("label = ", "a value at character 9, where the end stands"),
        ("label = cat", 'Text stands between quotes: "cat"'),
        ('label = "cat', "at character 9"),
        ('label = "cat" label', "'and', 'or' or the end at character 15"),
        ("(seen", "')'"),
        ("seen)", "'and', 'or' or the end"),
        ("and seen", "a column, '(' or 'not'"),
        ("tags all", "'(' and values"),
        ('tags all ("x"', "',' or ')'"),
        ("loss > 'much'", "holds numbers"),
        ("loss > true", "holds numbers"),
        ('taken > "yesterday"', "holds dates"),
        ("seen > 1", "cannot be asked of it"),
        ("tags < 3", "cannot be asked of it"),
        ('loss contains "1"', "cannot be asked of it"),
        ('label all ("cat")', "cannot be asked of it"),
        ("loss > 1e999", "no number"),
        ("__import__('os').system('true')", "at character"),
        ("seen; drop", "cannot be read at character 5"),
        ("(" * 100 + "seen" + ")" * 100, "nested"),
        ("seen or " * 600 + "seen", "characters"),
        ("a or " * 550 + "a", "more than 500"),
    ],
)
def test_what_is_no_condition_is_refused_with_its_place(condition, said):
    with pytest.raises(InvalidInputError) as caught:
        METADATA.where(condition)

    assert said in str(caught.value)


def test_an_unknown_column_is_named_with_what_was_meant():
    with pytest.raises(NotFoundError, match="Did you mean 'label'"):
        METADATA.where('lable = "cat"')


def test_a_text_of_four_thousand_signs_is_read_at_once():
    for text in ('"' * 3_999, "(" * 3_999, "not " * 999, "`" * 3_999, "\\" * 3_999, "1." * 1_999):
        with pytest.raises(InvalidInputError):
            parse(text)


def test_an_empty_table_has_no_matching_rows():
    empty = Metadata.from_table({"label": [], "n": []}, ids=np.zeros(0, dtype=np.int64))

    assert len(empty.where("label is missing or n > 3 or not n > 3")) == 0
