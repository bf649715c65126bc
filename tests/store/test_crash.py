"""A writer killed at random moments loses nothing that was acknowledged.

`make crash-test` does this as often as you like.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "crash_test.py"


@pytest.mark.slow
def test_ten_killed_writers_lose_nothing(tmp_path):
    result = subprocess.run(
        [sys.executable, str(SCRIPT), "10", "--seed", "7", "--dir", str(tmp_path)],
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip

    assert result.returncode == 0, result.stdout + result.stderr
    assert "10  writers killed" in result.stdout
    assert "0  acknowledged snapshots lost" in result.stdout


def test_the_crash_test_notices_a_lost_snapshot(tmp_path):
    """A test that cannot fail proves nothing: hide one acknowledged step and look."""
    script = f"""
import sys
sys.path.insert(0, {str(SCRIPT.parent)!r})
import crash_test, driftglass as dg
store = dg.open({str(tmp_path)!r})
with store.create("run", ids=range(crash_test.N_ITEMS)) as run:
    for step in (0, 2):
        spaces = {{space: crash_test.content(1, space, step) for space in crash_test.SPACES}}
        run.log(step, spaces, crash_test.labels(step), {{"loss": 1 / (step + 1)}})
    run.log(3, {{space: crash_test.content(1, space, 4) for space in crash_test.SPACES}})
found = crash_test.read_back({str(tmp_path)!r}, 1, True, 3)
print(found["lost"], found["wrong"], found["compared"])
"""
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)

    assert result.stdout.split() == ["3", "2", "6"], result.stderr
