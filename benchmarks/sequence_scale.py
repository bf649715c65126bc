"""How time and memory of `refine` grow with points and snapshots, stage by stage.

    python -m benchmarks.sequence_scale

Each size runs in a fresh process. CPU seconds are counted, after a small sequence that pays for
imports. The exponent of a stage is the slope of its logarithm over all sizes of one axis.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from typing import Any

STAGES = {
    "finding neighbours": "neighbours",
    "laying out the rough map": "rough map",
    "placing all rows in the rough map": "placing",
    "refining": "refining",
}
POINTS = [(n, 10) for n in (2000, 5000, 12_500, 25_000, 50_000)]
SNAPSHOTS = [(2000, T) for T in (10, 20, 40, 80, 160)]
LONG = (5000, 200)
D = 64


def main(given: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=("points", "snapshots", "long"))
    parser.add_argument("--child", nargs=2, type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args(given)
    if arguments.child:
        print(json.dumps(at_size(*arguments.child)))
        return

    from . import record

    axes = {"points": POINTS, "snapshots": SNAPSHOTS, "long": [LONG]}
    if arguments.only:
        axes = {arguments.only: axes[arguments.only]}
    print(f"{'n':>7}{'T':>5}{'s':>8}{'MiB':>7}   CPU s: " + heading())
    figures: list[dict[str, Any]] = []
    for axis, sizes in axes.items():
        here = [in_fresh_process(n, T) for n, T in sizes]
        figures += here
        if len(here) > 1:
            exponents = {"axis": axis, "exponents": exponents_of(here, axis)}
            figures.append(exponents)
            print(f"{'exponent with ' + axis:>27}          " + row(exponents["exponents"], ".2f"))
    print(record.write("sequences-scale", figures))


def heading() -> str:
    return "".join(f"{name:>12}" for name in (*STAGES.values(), "all", "µs a row"))


def row(numbers: dict[str, float], form: str) -> str:
    return "".join(
        f"{numbers[name]:12{form}}" if name in numbers else f"{'':12}"
        for name in (*STAGES.values(), "all", "µs a row")
    )


def in_fresh_process(n: int, T: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.sequence_scale", "--child", str(n), str(T)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    figure: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    shown = figure["cpu_seconds"] | {"µs a row": 1e6 * figure["cpu_seconds"]["all"] / (n * T)}
    print(
        f"{n:7}{T:5}{figure['seconds']:8.1f}{figure['peak_mib']:7}          " + row(shown, ".1f"),
        flush=True,
    )
    return figure


def exponents_of(figures: list[dict[str, Any]], axis: str) -> dict[str, float]:
    import numpy as np

    key = "n_samples" if axis == "points" else "n_snapshots"
    sizes = np.log([figure[key] for figure in figures])
    slopes = {}
    for stage in (*STAGES.values(), "all"):
        spent = [max(figure["cpu_seconds"][stage], 1e-3) for figure in figures]
        slopes[stage] = round(float(np.polyfit(sizes, np.log(spent), 1)[0]), 3)
    return slopes


def snapshots(n: int, T: int) -> list[Any]:
    """Clusters that drift, some of which meet; each snapshot is made when it is asked for."""
    import numpy as np

    rng = np.random.default_rng(0)
    start, end = rng.normal(size=(2, 20, D)) * 3
    kinds, noise = rng.integers(20, size=n), rng.normal(size=(n, D)).astype(np.float32)

    def snapshot(t: int) -> Any:
        share = t / max(T - 1, 1)
        own = np.random.default_rng([1, t]).normal(scale=0.1, size=(n, D))
        return (((1 - share) * start + share * end)[kinds] + noise + own).astype(np.float32)

    return [lambda t=t: snapshot(t) for t in range(T)]


def at_size(n: int, T: int) -> dict[str, Any]:
    from driftglass.projections import project_sequence

    project_sequence(snapshots(1000, 2), n_iter=5)
    spent = dict.fromkeys(STAGES.values(), 0.0)
    now, since = "", time.process_time()

    def heard(done: float, total: float, what: str) -> None:
        nonlocal now, since
        at = time.process_time()
        if now:
            spent[now] += at - since
        # What is said within a stage belongs to it.
        now, since = STAGES.get(what, now), at

    began, cpu = time.perf_counter(), time.process_time()
    project_sequence(snapshots(n, T), progress=heard)
    heard(1, 1, "")
    spent["all"] = time.process_time() - cpu
    return {
        "n_samples": n,
        "n_snapshots": T,
        "n_features": D,
        "seconds": round(time.perf_counter() - began, 1),
        "cpu_seconds": {stage: round(seconds, 2) for stage, seconds in spent.items()},
        "peak_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


if __name__ == "__main__":
    main()
