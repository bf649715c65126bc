"""What ``driftglass project`` does with a folder of vectors that is larger than memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ._console import Console
from ._text import count, plain, seconds

if TYPE_CHECKING:
    from ..large import LargeMap

__all__ = ["LARGE_OPTIONS", "is_folder_of_vectors", "large_options", "project_folder"]

LARGE_OPTIONS = ("executor", "dask", "workers", "fitted", "anchors", "label", "name", "strict")
SHOWN_TROUBLES = 8


def large_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Options that only folders take."""
    for option in reversed(
        (
            click.option(
                "--executor",
                type=click.Choice(["threads", "processes", "dask"]),
                help="For a folder: where to work.  [default: threads]",
            ),
            click.option(
                "--dask",
                metavar="ADDRESS",
                help="For a folder: a Dask scheduler, tcp://host:8786, or 'local' for a cluster "
                "that is started for this command.",
            ),
            click.option(
                "--workers",
                type=click.IntRange(1, 4096),
                help="For a folder: threads, processes or workers.  [default: every core]",
            ),
            click.option(
                "--fitted",
                type=click.IntRange(1),
                help="For a folder: rows that the map is fitted to.  [default: 200000]",
            ),
            click.option(
                "--anchors",
                type=click.IntRange(1),
                help="For a folder: rows that trust is measured at.  [default: 300]",
            ),
            click.option("--label", help="For a folder: column of labels.", metavar="NAME"),
            click.option("--name", help="For a folder: name of the run.", metavar="NAME"),
            click.option(
                "--strict", is_flag=True, help="For a folder: stop at what cannot be used."
            ),
        )
    ):
        command = option(command)
    return command


def is_folder_of_vectors(source: str) -> bool:
    """Whether a source is a folder of shards or in Zarr's format, and no run."""
    path = Path(source).expanduser()
    if not path.is_dir() or (path / "run.json").exists() or (path / "driftglass.json").exists():
        return False
    marks = ("zarr.json", ".zarray", ".zgroup")
    return any((path / name).is_file() for name in marks) or any(
        file.suffix in (".npy", ".parquet") for file in path.iterdir()
    )


def project_folder(
    console: Console,
    source: str,
    store: Path,
    *,
    large: Mapping[str, Any],
    method: str,
    array: str | None,
    space: str,
    **options: Any,
) -> None:
    """Map the rows of a folder into a run of the store, and print what came of it."""
    from ..large import project_large

    path = Path(source).expanduser()
    executor = large["executor"]
    if large["dask"] is not None:
        if executor not in (None, "dask"):
            raise click.UsageError(f"--dask and --executor {executor} exclude each other.")
        executor = "dask" if large["dask"] == "local" else large["dask"]
    wanted = {"n_fitted": large["fitted"], "n_anchors": large["anchors"]}
    asked = {key: value for key, value in wanted.items() if value is not None}
    with console.bar() as bar:
        made = project_large(
            path,
            store,
            method=method,
            space=space,
            executor=executor,
            n_jobs=large["workers"],
            strict=large["strict"],
            label=large["label"],
            array=array,
            progress=bar,
            name=large["name"] or path.stem,
            **asked,
            **options,
        )
    console.result(_as_dict(made, method), list(_lines(made, method)))


def _as_dict(made: LargeMap, method: str) -> dict[str, Any]:
    figures = ("trustworthiness", "continuity", "null", "n_neighbors", "n_anchors")
    return {
        "run": made.run.name,
        "method": method,
        "n_samples": made.n_samples,
        "n_fitted": made.n_fitted,
        "labels": dict(made.labels),
        "seconds": dict(made.seconds),
        "quality": {
            str(step): quality and {name: getattr(quality, name) for name in figures}
            for step, quality in made.quality.items()
        },
        "troubles": [
            {"name": trouble.name, "reason": trouble.reason, "n_rows": trouble.n_rows}
            for trouble in made.troubles
        ],
    }


def _lines(made: LargeMap, method: str) -> Iterator[str]:
    whole = sum(made.seconds.values())
    yield (
        f"{method}: {count(made.n_samples, 'point')}, fitted to {made.n_fitted:,}, {seconds(whole)}"
    )
    slowest = sorted(made.seconds.items(), key=lambda item: -item[1])[:3]
    yield "  time             " + ", ".join(f"{stage} {seconds(took)}" for stage, took in slowest)
    for step, quality in made.quality.items():
        if quality is None:
            yield f"  step {step}: trust not measured"
            continue
        yield (f"  trustworthiness  {quality.trustworthiness:.3f}   by chance {quality.null:.3f}")
        yield f"  continuity       {quality.continuity:.3f}"
        yield f"  measured         {count(quality.n_anchors, 'anchor row')} against all"
    for trouble in made.troubles[:SHOWN_TROUBLES]:
        yield f"  left out         {plain(trouble.reason)}"
    more = len(made.troubles) - SHOWN_TROUBLES
    if more > 0:
        yield f"  left out         {more} more, listed with --json"
    yield f"{plain(made.run.name)}: driftglass serve shows it"
