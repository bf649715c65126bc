"""The questions that `driftglass doctor` asks, each answered by one function."""

from __future__ import annotations

import os
import shutil
import socket
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from importlib import metadata, resources
from pathlib import Path

from .._progress import Progress, silent
from ..errors import DriftglassError, NotFoundError
from ._text import count, megabytes
from ._webgl import webgl2

__all__ = ["PROBLEM", "WARNING", "Finding", "examine"]

OK, WARNING, PROBLEM = "ok", "warning", "problem"
LITTLE_SPACE = 2_000_000_000
MAX_SKEW = 2.0


@dataclass(frozen=True)
class Finding:
    """One answer: what was looked at, how it is, and what to do if it is not well."""

    name: str
    level: str
    found: str
    remedy: str = ""

    def as_dict(self) -> dict[str, str]:
        """Return the same as plain values."""
        return asdict(self)


def examine(
    path: Path, *, port: int, browser: bool = True, progress: Progress = silent
) -> list[Finding]:
    """Ask everything.

    Parameters
    ----------
    path : Path
        Folder of a store; need not exist.
    port : int
        Port that the server would take.
    browser : bool
        Whether to start a browser and ask it for WebGL 2, which takes seconds.
    progress : Progress
        Told after every question.

    Returns
    -------
    findings : list of Finding
        In the order of asking. A question that fails is itself a finding.
    """
    questions: list[Callable[[], Iterator[Finding]]] = [
        _python,
        _packages,
        _kernels,
        _viewer,
        partial(_browser, browser),
        _display,
        partial(_port, port),
        _sqlite,
        partial(_folder, path),
        partial(_runs, path),
    ]
    findings: list[Finding] = []
    for number, question in enumerate(questions, start=1):
        try:
            findings.extend(question())
        except Exception as error:  # The doctor must survive what is wrong with the patient.
            name = getattr(question, "__name__", None) or question.func.__name__  # type: ignore[attr-defined]
            found = f"{type(error).__name__}: {error}"
            findings.append(Finding(name.strip("_"), PROBLEM, found, "Report this as a fault."))
        progress(number, len(questions), "examining")
    return findings


def _python() -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    bits = 64 if sys.maxsize > 2**32 else 32
    if bits == 32:
        yield Finding("python", PROBLEM, f"{version}, 32 bits", "Install a 64-bit Python.")
    else:
        yield Finding("python", OK, f"{version} at {sys.executable}")


def _packages() -> Iterator[Finding]:
    missing = []
    for requirement in metadata.requires("driftglass") or []:
        if "extra ==" in requirement:
            continue
        name = requirement.split(";")[0].split(">")[0].split("=")[0].strip()
        try:
            metadata.version(name)
        except metadata.PackageNotFoundError:
            missing.append(name)
    if missing:
        fix = f"pip install {' '.join(missing)}"
        yield Finding("packages", PROBLEM, f"missing: {', '.join(missing)}", fix)
    else:
        version = metadata.version("driftglass")
        yield Finding("packages", OK, f"driftglass {version} and all it stands on")


def _kernels() -> Iterator[Finding]:
    try:
        from .. import _kernels as kernels
    except ImportError as error:
        remedy = "Install driftglass again; from a clone: make clean && make setup"
        yield Finding("kernels", PROBLEM, f"the compiled module does not load: {error}", remedy)
    else:
        variants = ", ".join(kernels.cpu_features())
        yield Finding("kernels", OK, f"{variants}; {os.cpu_count()} processors")


def _viewer() -> Iterator[Finding]:
    if resources.files("driftglass").joinpath("server/static/index.html").is_file():
        yield Finding("viewer", OK, "the built page is there")
    else:
        remedy = "From a clone: make viewer. Otherwise install the released wheel."
        yield Finding("viewer", PROBLEM, "server/static/index.html is missing", remedy)


def _browser(start: bool) -> Iterator[Finding]:
    import webbrowser

    try:
        webbrowser.get()
        yield Finding("browser", OK, "a page can be opened from here")
    except webbrowser.Error:
        remedy = "Open the printed address yourself; `driftglass serve` says how from afar."
        yield Finding("browser", WARNING, "no browser to open a page with", remedy)
    if not start:
        return
    answer = webgl2()
    if answer is None:
        remedy = "Open the viewer; it says so itself and draws on the server where WebGL 2 lacks."
        yield Finding("webgl", WARNING, "no Chromium here to ask for WebGL 2", remedy)
    elif answer:
        yield Finding("webgl", OK, f"WebGL 2 by {answer}")
    else:
        remedy = "Switch on hardware acceleration in the browser, or use Firefox or Chrome."
        yield Finding("webgl", WARNING, "the browser here has no WebGL 2", remedy)


def _display() -> Iterator[Finding]:
    if os.environ.get("SSH_CONNECTION"):
        remedy = "`driftglass serve` prints the `ssh -L` line that brings the page to your desk."
        yield Finding("session", OK, "over SSH", remedy)


def _port(port: int) -> Iterator[Finding]:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            remedy = "`driftglass serve` takes the next free port, or the one after --port."
            yield Finding("port", WARNING, f"{port} is in use", remedy)
        else:
            yield Finding("port", OK, f"{port} is free")


def _sqlite() -> Iterator[Finding]:
    if sqlite3.sqlite_version_info < (3, 24):
        remedy = "Use a newer Python, which brings a newer SQLite."
        yield Finding("sqlite", PROBLEM, f"{sqlite3.sqlite_version}, 3.24 is needed", remedy)
    else:
        yield Finding("sqlite", OK, sqlite3.sqlite_version)


def _folder(path: Path) -> Iterator[Finding]:
    place = next(folder for folder in (path, *path.absolute().parents) if folder.is_dir())
    free = shutil.disk_usage(place).free
    level, remedy = OK, ""
    if free < LITTLE_SPACE:
        level, remedy = WARNING, "Free some, or log less: dtype='float16', retention, max_bytes."
    yield Finding("disk", level, f"{megabytes(free)} free at {place}", remedy)
    yield from _file_system(place)
    yield from _written(place)


def _written(place: Path) -> Iterator[Finding]:
    """Write, force to the disk, and compare the file's clock with this machine's."""
    before = time.time()
    start = time.perf_counter()
    try:
        with tempfile.NamedTemporaryFile(dir=place, prefix=".driftglass-doctor-") as probe:
            probe.write(b"0" * 4096)
            probe.flush()
            os.fsync(probe.fileno())
            duration = time.perf_counter() - start
            written = os.stat(probe.name).st_mtime
    except OSError as error:
        remedy = "Runs can be watched from here but not logged. Change the rights or the folder."
        yield Finding("writing", WARNING, f"{place} cannot be written: {error.strerror}", remedy)
        return
    yield Finding("writing", OK, f"{place} can be written, {duration * 1000:.0f} ms to the disk")
    skew = max(before - written, written - time.time(), 0.0)
    if skew > MAX_SKEW:
        remedy = "Results stay right (order is by sequence number); set the clocks by NTP."
        yield Finding("clock", WARNING, f"the disk's clock is {skew:.0f} s off", remedy)
    else:
        yield Finding("clock", OK, "the disk's clock agrees with this machine's")


def _file_system(place: Path) -> Iterator[Finding]:
    from ..store._mounts import file_system, is_network

    kind = file_system(place)
    if is_network(kind):
        remedy = "Nothing to do: catalogs are journals there. Local disks are faster."
        yield Finding("file system", OK, f"{kind}, on the network", remedy)
    else:
        yield Finding("file system", OK, kind or "of unknown type")


def _runs(path: Path) -> Iterator[Finding]:
    if not path.is_dir():
        yield Finding("store", OK, f"{path} does not exist yet", "It is made when a run is logged.")
        return
    from .. import open as open_folder

    try:
        store = open_folder(path, read_only=True)
        runs, unreadable = store.runs(), store.unreadable()
    except NotFoundError:
        yield Finding("store", OK, f"{path} has no runs yet", "It fills when a run is logged.")
        return
    except DriftglassError as error:
        yield Finding("store", PROBLEM, str(error), f"driftglass repair {path}")
        return
    damaged = [*unreadable, *(run.name for run in runs if not run.verify(full=False).ok)]
    ahead = [run.name for run in runs if run.created.timestamp() > time.time() + MAX_SKEW]
    if damaged:
        remedy = f"driftglass verify {path} says what; driftglass repair {path} saves the rest."
        yield Finding("store", PROBLEM, f"damaged: {', '.join(damaged)}", remedy)
    else:
        yield Finding("store", OK, f"{count(len(runs), 'run')} in {path}")
    if ahead:
        remedy = "Order is by sequence number, so results stay right; set the clock that is wrong."
        yield Finding("clock", WARNING, f"made in the future: {', '.join(ahead)}", remedy)
