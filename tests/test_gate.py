"""Every test that ``docs/gate.md`` names is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs/gate.md").read_text(encoding="utf-8")
ROWS = [line.split("|")[1:-1] for line in PAGE.splitlines() if re.match(r"\| (\d|[A-Z])", line)]
NAMED = sorted({one.strip() for row in ROWS for one in row[-1].split(" · ")})


def test_every_promise_has_its_row():
    numbers = [int(row[0]) for row in ROWS if row[0].strip().isdigit()]

    assert numbers == list(range(1, 23))


@pytest.mark.parametrize("named", NAMED)
def test_a_named_test_exists(named):
    match = re.fullmatch(r"`([^`]+)`(?: (.+))?", named)

    assert match is not None, f"{named!r} is not a file and the name of a test."
    source = (ROOT / match[1]).read_text(encoding="utf-8")
    assert re.search(r"^(def test_|(test|it|describe)[.(])|^  (test|it)[.(]", source, re.MULTILINE)
    if match[2] is not None:
        assert match[2] in source
