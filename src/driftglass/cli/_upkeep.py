"""``driftglass verify``, ``repair`` and ``gc``: is it whole, make it whole, make it small."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ._console import Console, command_options, examples
from ._places import StorePath, default_store, open_store
from ._text import count, megabytes, plain, seconds

if TYPE_CHECKING:
    from ..store import Report

__all__ = ["gc", "repair", "verify"]

DAMAGED = 4


@click.command(
    epilog=examples("driftglass verify runs", "driftglass verify runs/digits-mlp --quick")
)
@click.argument("path", type=StorePath(), default=default_store)
@click.option("--quick", is_flag=True, help="Look at names, sizes and records; read no data.")
@command_options
def verify(console: Console, path: Path, quick: bool) -> None:
    """Compare every byte with its checksum.

    PATH is a store or the folder of one run; DRIFTGLASS_DIR or ./runs by default. Names the
    file, the chunk and the step of whatever differs. Exit code 4 if anything does.
    """
    store = open_store(path)
    reports = {}
    for run in store.runs():
        with console.bar() as bar:
            reports[run.name] = run.verify(full=not quick, progress=bar)
    unreadable = store.unreadable()
    console.result(
        [_as_dict(name, report) for name, report in reports.items()]
        + [{"run": name, "ok": False, "unreadable": why} for name, why in unreadable.items()],
        [line for name, report in reports.items() for line in _lines(name, report, "whole")]
        + [f"{plain(name)}: {plain(why)}" for name, why in unreadable.items()],
    )
    if unreadable or not all(report.ok for report in reports.values()):
        raise click.exceptions.Exit(DAMAGED)


@click.command(
    epilog=examples("driftglass repair runs", "driftglass repair runs/digits-mlp --json")
)
@click.argument("path", type=StorePath(), default=default_store)
@command_options
def repair(console: Console, path: Path) -> None:
    """Rebuild catalogs from journals and files.

    PATH is a store or the folder of one run; DRIFTGLASS_DIR or ./runs by default. Nothing is
    deleted. What cannot be read any more is marked as damaged and listed; exit code 4 if there
    is any.
    """
    reports = {run.name: run.repair() for run in open_store(path, read_only=False).runs()}
    console.result(
        [_as_dict(name, report) for name, report in reports.items()],
        [line for name, report in reports.items() for line in _lines(name, report, "whole")],
    )
    if not all(report.ok for report in reports.values()):
        raise click.exceptions.Exit(DAMAGED)


@click.command(epilog=examples("driftglass gc runs --dry-run", "driftglass gc runs --grace 0"))
@click.argument("path", type=StorePath(), default=default_store)
@click.option("-n", "--dry-run", is_flag=True, help="Say what would be removed; remove nothing.")
@click.option(
    "--grace",
    type=click.FloatRange(min=0),
    help="Seconds that files must have been unneeded for.  [default: an hour]",
)
@command_options
def gc(console: Console, path: Path, dry_run: bool, grace: float | None) -> None:
    """Remove what no reader needs.

    That is unfinished files of killed writers, files that no record names, snapshots that the
    run's retention gave up, and old results beyond 2 GiB, in PATH: a store or the folder of one
    run; DRIFTGLASS_DIR or ./runs by default.
    """
    report = open_store(path, read_only=False).gc(grace=grace, dry_run=dry_run)
    verb = "would be freed" if dry_run else "freed"
    console.result(
        {"dry_run": dry_run, **_as_dict(None, report)},
        [*map(plain, report.done), f"{megabytes(report.n_bytes)} {verb}"],
    )


def _as_dict(run: str | None, report: Report) -> dict[str, Any]:
    names = ("kind", "file", "message", "chunk", "space", "step", "rank")
    return {
        **({} if run is None else {"run": run}),
        "ok": report.ok,
        "problems": [{name: getattr(item, name) for name in names} for item in report.problems],
        "done": list(report.done),
        "n_files": report.n_files,
        "nbytes": report.n_bytes,
        "seconds": report.seconds,
    }


def _lines(run: str, report: Report, verdict: str) -> Iterator[str]:
    found = verdict if report.ok else count(len(report.problems), "problem")
    size = f"{count(report.n_files, 'file')}, {megabytes(report.n_bytes)}"
    yield f"{plain(run)}: {found} ({size}, {seconds(report.seconds)})"
    for line in (*report.problems, *report.done):
        yield f"  {plain(line)}"
