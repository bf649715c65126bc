"""Logging embeddings beside SummaryWriter, and reading large files: seconds, bytes, peak memory.

    python -m benchmarks.io               everything
    python -m benchmarks.io --small       a tenth of the rows, for a first look

Both loggers run in the same process, epoch by epoch in turns, with labels and pictures: ours by
`Run.log_embedding` with pictures made once, theirs through `SummaryWriter.add_embedding`, whose
pictures are part of each call. What each of them leaves on the disk is counted. Files are read in a
process of their own each, so that the peak is that of reading alone; a plain copy of the same file
to the same disk says what the disk allows.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

import driftglass as dg
from driftglass.formats import VectorFile, write_file

RESULTS = Path(__file__).parent / "results"
SIDE = 12


def spent() -> float:
    """CPU seconds of this process, all threads."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def peak_mib() -> float:
    """Most memory of this process since it began; what its parent held is not counted."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def size_of(folder: Path) -> int:
    """Bytes of all files in a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def logging(n_rows: int, n_features: int, n_epochs: int) -> dict[str, Any]:
    """Seconds per epoch of both loggers: of the call, and of ours until all is on the disk."""
    rng = np.random.default_rng(0)
    labels = [f"class {row % 10}" for row in range(n_rows)]
    images = rng.integers(0, 255, size=(n_rows, SIDE, SIDE), dtype=np.uint8)
    X = rng.normal(size=(n_rows, n_features)).astype(np.float32)
    with tempfile.TemporaryDirectory() as scratch:
        ours, other = Path(scratch) / "ours", Path(scratch) / "theirs"
        seconds: dict[str, list[float]] = {"ours": [], "theirs": []}
        cpu: dict[str, list[float]] = {"ours": [], "theirs": []}
        flushed: list[float] = []
        begun = time.perf_counter()
        run = dg.open(ours).create("run", when_full="block", strict=True)
        _, address = run.create_embedding_image(images, (SIDE, SIDE))
        prepared = time.perf_counter() - begun
        writer = _summary_writer(other)
        pictures = None
        if writer is not None:
            import torch

            pictures = torch.from_numpy(images[:, None] / np.float32(255)).expand(-1, 3, -1, -1)
        for epoch in range(n_epochs):
            X += 0.01
            options = {"title": f"epoch-{epoch}", "group": "hidden"}
            _timed(seconds["ours"], cpu["ours"], run.log_embedding, X, labels, address, **options)
            _timed(flushed, [], run.flush)  # so that our writing is not counted as theirs
            if writer is not None:
                said = {"global_step": epoch, "tag": "hidden"}
                add = writer.add_embedding
                _timed(seconds["theirs"], cpu["theirs"], add, X, labels, pictures, **said)
        begun = time.perf_counter()
        run.close()
        closed = time.perf_counter() - begun
        result: dict[str, Any] = {
            "rows": n_rows, "features": n_features, "epochs": n_epochs,
            "ours": {
                "images_once_seconds": prepared,
                "first_call_seconds": seconds["ours"][0],
                "later_call_seconds": float(np.median(seconds["ours"][1:])),
                "later_call_cpu_seconds": float(np.median(cpu["ours"][1:])),
                "later_flush_seconds": float(np.median(flushed[1:])),
                "close_seconds": closed,
                "bytes_per_epoch": size_of(ours) / n_epochs,
            },
        }  # fmt: skip
        if writer is not None:
            writer.close()
            result["theirs"] = {
                "first_call_seconds": seconds["theirs"][0],
                "later_call_seconds": float(np.median(seconds["theirs"][1:])),
                "later_call_cpu_seconds": float(np.median(cpu["theirs"][1:])),
                "bytes_per_epoch": size_of(other) / n_epochs,
            }
            call, later = result["theirs"]["later_call_seconds"], result["ours"]
            result["ratio_of_later_calls"] = call / later["later_call_seconds"]
            until_written = later["later_call_seconds"] + later["later_flush_seconds"]
            result["ratio_until_written"] = call / until_written
        return result


def _timed(
    seconds: list[float], cpu: list[float], work: Any, *arguments: Any, **options: Any
) -> None:
    before, used = time.perf_counter(), spent()
    work(*arguments, **options)
    seconds.append(time.perf_counter() - before)
    cpu.append(spent() - used)


def _summary_writer(folder: Path) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        print("  SummaryWriter is not installed: pip install tensorboard torch")
        return None
    return SummaryWriter(folder)


def reading(path: Path) -> dict[str, Any]:
    """Import one file in a process of its own."""
    child = [sys.executable, "-m", "benchmarks.io", "--import", str(path)]
    told = json.loads(subprocess.run(child, check=True, capture_output=True, text=True).stdout)
    nbytes = path.stat().st_size
    copying = copy_seconds(path)
    return {
        "file": path.suffix,
        "megabytes": nbytes / 1e6,
        "megabytes_per_second": nbytes / 1e6 / told["seconds"],
        "megabytes_per_cpu_second": nbytes / 1e6 / told["cpu_seconds"],
        "seconds_of_a_plain_copy": copying,
        "times_a_plain_copy": told["seconds"] / copying,
        **told,
    }


def copy_seconds(path: Path) -> float:
    """How long this disk takes to read a file, write it and have it: nothing imports faster."""
    target = path.with_suffix(".copy")
    begun = time.perf_counter()
    with path.open("rb") as source, target.open("wb") as copy:
        while block := source.read(8 << 20):
            copy.write(block)
        copy.flush()
        os.fsync(copy.fileno())
    seconds = time.perf_counter() - begun
    target.unlink()
    return seconds


def import_once(path: Path) -> None:
    """What the process of `reading` does."""
    base = peak_mib()
    with tempfile.TemporaryDirectory() as scratch:
        begun, used = time.perf_counter(), spent()
        dg.import_file(dg.open(Path(scratch) / "runs"), path)
        seconds, cpu = time.perf_counter() - begun, spent() - used
    told = {"seconds": seconds, "cpu_seconds": cpu, "peak_MiB": peak_mib(), "start_MiB": base}
    print(json.dumps(told))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="a tenth of the rows")
    parser.add_argument("--import", dest="path", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.path is not None:
        import_once(chosen.path)
        return
    n_log, n_read = (1_000, 100_000) if chosen.small else (10_000, 1_000_000)
    result: dict[str, Any] = {
        "machine": platform.processor() or platform.machine(),
        "python": platform.python_version(),
        "logging": logging(n_log, 128, 20 if chosen.small else 100),
    }
    print(json.dumps(result["logging"], indent=1))
    result["reading"] = []
    with tempfile.TemporaryDirectory() as scratch:
        X = np.random.default_rng(0).standard_normal((n_read, 128), dtype=np.float32)
        file = VectorFile(X, np.arange(n_read))
        for name in ("x.npy", "x.npz", "x.parquet", "x.arrow", "x.safetensors"):
            path = write_file(Path(scratch) / name, file)
            result["reading"].append(reading(path))
            print(json.dumps(result["reading"][-1]))
            path.unlink()
    if not chosen.small:
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / "io.json").write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
