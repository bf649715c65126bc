"""Tests of driftglass.cli._text."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from driftglass.cli._text import age, count, megabytes, plain, seconds, table


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b]0;owned\x07", "\\x1b]0;owned\\x07"),
        ("line\nbreak\ttab\r", "line\\nbreak\\ttab\\r"),
        ("abc\u202egnp.exe", "abc\\u202egnp.exe"),
        ("\u2066isolated\u2069", "\\u2066isolated\\u2069"),
        ("\x9b31m", "\\x9b31m"),
        ("\ud800", "\\ud800"),
    ],
)
def test_control_characters_are_shown_and_not_obeyed(text, shown):
    assert plain(text) == shown


@pytest.mark.parametrize("text", ["Größe", "数字", "שלום", "👩\u200d🔬", "e\u0301"])
def test_writing_of_any_language_stays_as_it_is(text):
    assert plain(text) == text


@pytest.mark.parametrize(
    ("nbytes", "shown"),
    [(0, "0 B"), (999, "999 B"), (1_500, "1.5 KB"), (150_000_000, "150 MB"), (2e15, "2000 TB")],
)
def test_sizes_keep_at_most_three_digits_before_the_point_up_to_terabytes(nbytes, shown):
    assert megabytes(nbytes) == shown


@pytest.mark.parametrize(
    ("duration", "shown"),
    [(0.04, "0.0 s"), (59.94, "59.9 s"), (125, "2 min 5 s"), (4800, "1 h 20 min")],
)
def test_durations_grow_coarser(duration, shown):
    assert seconds(duration) == shown


@pytest.mark.parametrize(
    ("passed", "shown"),
    [(5, "5 s ago"), (130, "2 min ago"), (7200, "2 h ago"), (200_000, "2 d ago")],
)
def test_ages_are_in_the_largest_whole_unit(passed, shown):
    now = datetime(2026, 1, 10, tzinfo=UTC)

    assert age(now - timedelta(seconds=passed), now) == shown


def test_a_moment_in_the_future_is_now():
    now = datetime(2026, 1, 10, tzinfo=UTC)

    assert age(now + timedelta(hours=1), now) == "0 s ago"


def test_counts_agree_with_their_noun():
    assert [count(n, "run") for n in (0, 1, 1797)] == ["0 runs", "1 run", "1,797 runs"]


def test_columns_line_up_by_what_a_terminal_shows():
    lines = list(table(("NAME", "N"), [("数字", 1), ("digits", 22)]))

    # Wide characters take two places, so the second line is two characters shorter.
    assert lines == ["NAME    N", "数字    1", "digits  22"]


def test_a_cell_cannot_break_its_line():
    lines = list(table(("NAME",), [("two\nlines",)]))

    assert len(lines) == 2
