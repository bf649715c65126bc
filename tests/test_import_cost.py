"""What importing costs: which modules come in, and how long it takes."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import pytest

HEAVY = {
    "PIL",
    "anywidget",
    "matplotlib",
    "msgspec",
    "nanoarrow",
    "narwhals",
    "pandas",
    "polars",
    "pyarrow",
    "scipy",
    "sklearn",
    "starlette",
    "torch",
    "tqdm",
    "uvicorn",
    "xxhash",
}


def modules_after(code):
    """Top-level names in sys.modules of a fresh interpreter after running `code`."""
    program = (
        f"{code}\nimport json, sys\n"
        "print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    return set(json.loads(answer.stdout.splitlines()[-1]))


def quickest(arguments, attempts=5):
    """Least wall-clock seconds of several runs: the machine may be busy with other tests."""
    times = []
    for _ in range(attempts):
        start = time.perf_counter()
        subprocess.run(arguments, capture_output=True, check=True, timeout=60)
        times.append(time.perf_counter() - start)
    return min(times)


@pytest.mark.parametrize(
    "code",
    [
        "import driftglass",
        "import driftglass.errors",
        "from driftglass.cli import main",
        "import contextlib\nfrom driftglass.cli import main\n"
        "with contextlib.suppress(SystemExit):\n    main(['--help'])",
        "import contextlib\nfrom driftglass.cli import main\n"
        "with contextlib.suppress(SystemExit):\n    main(['project', '--help'])",
    ],
)
def test_nothing_heavy_is_imported_before_it_is_needed(code):
    assert modules_after(code) & HEAVY == set()


def test_the_data_model_needs_numpy_alone():
    assert modules_after("from driftglass.data import Snapshot, Projection") & HEAVY == set()


def test_reading_and_logging_need_neither_scipy_nor_a_server():
    code = "import driftglass\ndriftglass.open"

    assert modules_after(code) & {"scipy", "sklearn", "starlette", "matplotlib", "torch"} == set()


def test_help_comes_at_once():
    # 0.3 s is the promise on a machine with nothing else to do; tests share theirs.
    assert quickest([sys.executable, "-m", "driftglass", "--help"]) < 0.6


def test_importing_costs_little_more_than_numpy():
    bare = quickest([sys.executable, "-c", "import numpy"])

    assert quickest([sys.executable, "-c", "import driftglass"]) - bare < 0.2
