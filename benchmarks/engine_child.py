"""One measurement in a process of its own, of ours or of a peer, in whichever interpreter has it.

A method is a generator in `engine_ours` or `engine_peers`. It imports what it needs and yields;
then it prepares what the figure is not about and yields the call to be timed. So "cold" is the
import and the first call, as a user feels them, without the reading of the file.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

NOT_INSTALLED = 3


class Inputs:
    """What a method works on; arrays are read when first asked for, after its imports."""

    def __init__(self, folder: str, metric: str, n_threads: int) -> None:
        self.folder = Path(folder)
        self.metric = metric
        self.n_threads = n_threads
        self.parts: dict[str, float] = {}
        """Seconds of the parts of the last call, where a method says them."""

    @property
    def X(self) -> Any:
        """Vectors of shape (n_samples, n_features), float32."""
        import numpy as np

        return np.load(self.folder / "X.npy")

    def graph(self) -> dict[str, Any]:
        """Graph, start and curve that all methods of the layout share."""
        import numpy as np

        with np.load(self.folder / "graph.npz") as loaded:
            return {key: loaded[key] for key in loaded.files}


def main() -> None:
    """Measure the method that the first argument describes, and print one line of JSON."""
    plan = json.loads(sys.argv[1])
    if plan["method"].startswith("driftglass"):
        from .engine_ours import METHODS
    else:
        from .engine_peers import METHODS
    inputs = Inputs(plan["folder"], plan["metric"], plan["n_threads"])
    steps = METHODS[plan["method"]](inputs, **plan["settings"])
    start = moment()
    try:
        next(steps)
    except ImportError:
        sys.exit(NOT_INSTALLED)
    imported = since(start)
    call = next(steps)
    calls, result = [], None
    for _ in range(plan["n_calls"] if call else 0):
        start = moment()
        result = call()
        calls.append(since(start))
        if len(calls) == 1:
            peak = peak_megabytes()
    first = calls[0] if calls else (0.0, 0.0)
    if plan["import_counts"]:
        first = (first[0] + imported[0], first[1] + imported[1])
    figures = {
        "import_seconds": imported[0],
        "cold_seconds": first[0],
        "cold_cpu_seconds": first[1],
    }
    if calls[1:]:
        warm = sorted(calls[1:])[(len(calls) - 1) // 2]
        figures |= {"warm_seconds": warm[0], "warm_cpu_seconds": warm[1]}
    figures |= {f"{name}_seconds": seconds for name, seconds in inputs.parts.items()}
    figures["peak_megabytes"] = peak if calls else peak_megabytes()
    if result is not None:
        import numpy as np

        np.save(inputs.folder / "result.npy", np.asarray(result))
    print(json.dumps(figures))


def moment() -> tuple[float, float]:
    """Wall clock, and user and system seconds of this process and its children."""
    used = os.times()
    return time.perf_counter(), sum(used[:4])


def since(start: tuple[float, float]) -> tuple[float, float]:
    """Wall and processor seconds since a moment."""
    now = moment()
    return now[0] - start[0], now[1] - start[1]


def peak_megabytes() -> float:
    """Most memory that this process has held.

    Not `ru_maxrss`: on Linux a process starts with that of the one that started it.
    """
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        import resource

        unit = 1 << 20 if sys.platform == "darwin" else 1 << 10
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
    peak = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(peak.split()[1]) / 1024
