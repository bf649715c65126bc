"""Time and memory against the number of rows: partitions on disk, a map, trust, viewer files.

    python -m benchmarks.scale                         1, 3 and 10 million rows, exponents
    python -m benchmarks.scale --sizes 200000 600000
    python -m benchmarks.scale --sizes 10000000 --executor dask --workers 2 --folder /scratch

Rows of 64 features in nested clusters are written to ``.npy`` shards first. Each job runs in a
fresh process; the memory of every process of the job is looked at twice a second.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np

SHARD = 250_000
WIDTH = 64
GROUPS, SUBGROUPS = 12, 20
STAGES = ("moments", "tracks", "sample", "fit", "place", "trust", "viewer files")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000_000, 3_000_000, 10_000_000])
    parser.add_argument("--executor", default="dask", help="threads, processes, dask or tcp://…")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--method", default="umap")
    parser.add_argument("--fitted", type=int, default=200_000)
    parser.add_argument("--folder", type=Path, help="where rows and results go; temporary")
    parser.add_argument("--keep", action="store_true", help="leave rows and results there")
    parser.add_argument("--record", action="store_true", help="write benchmarks/results/scale.json")
    parser.add_argument("--job", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.job:
        job(json.loads(arguments.job))
        return
    folder = arguments.folder or Path(tempfile.mkdtemp(prefix="driftglass-scale-"))
    found = []
    try:
        for n in arguments.sizes:
            rows = folder / f"rows-{n}"
            make_rows(rows, n)
            found.append(measured(rows, folder / f"runs-{n}", n, arguments))
            show(found[-1])
            if not arguments.keep:
                shutil.rmtree(rows)
                shutil.rmtree(folder / f"runs-{n}", ignore_errors=True)
    finally:
        if not arguments.keep and arguments.folder is None:
            shutil.rmtree(folder, ignore_errors=True)
    exponents = exponents_of(found)
    for stage, exponent in exponents.items():
        print(f"exponent  {stage:14} {exponent:5.2f}   goal <= 1.10")
    if arguments.record:
        from . import record

        print(record.write("scale", {"jobs": found, "exponents": exponents}))


def make_rows(folder: Path, n: int) -> None:
    """Write shards of nested clusters; what is there already stays."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(GROUPS, 1, WIDTH)) * 4 + rng.normal(size=(GROUPS, SUBGROUPS, WIDTH))
    shares = rng.dirichlet(np.full(GROUPS, 2.0))
    for number, start in enumerate(range(0, n, SHARD)):
        path = folder / f"part-{number:05d}.npy"
        if path.exists() and path.with_suffix(".labels.npy").exists():
            continue
        size = min(SHARD, n - start)
        own = np.random.default_rng([1, number])
        group = own.choice(GROUPS, size, p=shares)
        sub = own.integers(SUBGROUPS, size=size)
        X = own.standard_normal((size, WIDTH), dtype=np.float32) * 0.5
        X += centres[group, sub].astype(np.float32)
        np.save(path.with_suffix(".labels.npy"), np.char.add("group ", group.astype("U2")))
        np.save(path, X)


def measured(rows: Path, store: Path, n: int, arguments: argparse.Namespace) -> dict[str, Any]:
    """Run one job in a fresh process and watch its memory."""
    task = {
        "rows": str(rows),
        "store": str(store),
        "executor": arguments.executor,
        "workers": arguments.workers,
        "method": arguments.method,
        "fitted": arguments.fitted,
    }
    command = [sys.executable, "-m", "benchmarks.scale", "--job", json.dumps(task)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    peaks: dict[int, int] = {}
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.5):
            for pid in family(process.pid):
                peaks[pid] = max(peaks.get(pid, 0), resident(pid))

    watcher = threading.Thread(target=watch)
    watcher.start()
    output, _ = process.communicate()
    done.set()
    watcher.join()
    if process.returncode:
        raise SystemExit(f"the job with {n:,} rows ended with {process.returncode}")
    figures = json.loads(output.strip().splitlines()[-1])
    return {
        "n": n,
        "executor": arguments.executor,
        "workers": arguments.workers,
        "method": arguments.method,
        **figures,
        "peak_gb_of_any_process": round(max(peaks.values()) / 1e9, 2),
        "peak_gb_of_the_driver": round(peaks[process.pid] / 1e9, 2),
        "processes": len(peaks),
    }


def family(pid: int) -> list[int]:
    """A process and all that it started, with what those started."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            parents.setdefault(int(fields[1]), []).append(int(entry.name))
    found, todo = [], [pid]
    while todo:
        one = todo.pop()
        found.append(one)
        todo += parents.get(one, [])
    return found


def resident(pid: int) -> int:
    """Bytes of memory that are a process's own; files mapped into it do not count."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    own = {line.split(":")[0]: line.split()[1] for line in lines if line.startswith("Rss")}
    return 1024 * (int(own.get("RssAnon", 0)) + int(own.get("RssShmem", 0)))


def job(task: dict[str, Any]) -> None:
    """One job, in a process of its own; prints its figures as JSON."""
    import driftglass as dg

    begin, cpu = time.perf_counter(), os.times()
    made = dg.project_large(
        task["rows"],
        task["store"],
        method=task["method"],
        n_fitted=task["fitted"],
        executor=task["executor"],
        n_jobs=task["workers"],
        progress=told,
    )
    seconds = time.perf_counter() - begin
    after = os.times()
    quality = made.quality[0]
    figures = {
        "n_placed": made.n_samples,
        "n_fitted": made.n_fitted,
        "seconds": round(seconds, 2),
        "cpu_seconds": round(sum(after[:4]) - sum(cpu[:4]), 1),
        "stages": {stage: round(took, 2) for stage, took in made.seconds.items()},
        "trustworthiness": quality and round(quality.trustworthiness, 4),
        "continuity": quality and round(quality.continuity, 4),
        "null": quality and round(quality.null, 4),
        "effective_rank": round(float(made.tracks.values["effective_rank"][0]), 3),
        "labels": len(made.labels),
        "troubles": len(made.troubles),
    }
    print(json.dumps(figures))


def told(done: int, total: int, what: str) -> None:
    if done == total:
        print(f"{time.strftime('%H:%M:%S')}  {what}", file=sys.stderr, flush=True)


def show(figures: dict[str, Any]) -> None:
    n, whole = figures["n"], figures["seconds"]
    print(f"{n:,} rows, {figures['executor']} x {figures['workers']}: {whole:.1f} s wall")
    for stage, took in figures["stages"].items():
        print(f"  {stage:14} {took:9.2f} s  {100 * took / whole:5.1f} %")
    for name in ("cpu_seconds", "peak_gb_of_any_process", "peak_gb_of_the_driver",
                 "trustworthiness", "continuity", "null", "n_fitted"):  # fmt: skip
        print(f"  {name:24} {figures[name]}")
    sys.stdout.flush()


def exponents_of(found: list[dict[str, Any]]) -> dict[str, float]:
    """Slope of a line through the logarithms of sizes and times, by stage."""
    if len(found) < 2:
        return {}
    logs = np.log([figures["n"] for figures in found])
    result = {}
    for stage in (*STAGES, "all but fit"):
        times = [
            sum(t for name, t in figures["stages"].items() if name != "fit")
            if stage == "all but fit"
            else figures["stages"][stage]
            for figures in found
        ]
        if min(times) > 0:
            slope = float(np.polyfit(logs, np.log(times), 1)[0])
            result[stage] = slope if math.isfinite(slope) else float("nan")
    return result


if __name__ == "__main__":
    main()
