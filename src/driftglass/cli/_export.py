"""``driftglass export``: a run as one page, as a folder for a web server, or as files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from ..errors import InvalidInputError
from ._console import Console, command_options, examples
from ._places import RunName, find_run, store_option
from ._text import count, megabytes, plain

__all__ = ["export"]


@click.command(
    epilog=examples(
        "driftglass export digits --html map.html",
        "driftglass export digits --html map.html --steps 0-100,500 --no-images",
        "driftglass export digits --folder site          for a web server",
        "driftglass export digits --projector logdir     for TensorBoard",
        "driftglass export digits -o last.parquet --space hidden",
    )
)
@click.argument("run", type=RunName())
@store_option
@click.option("--html", type=click.Path(path_type=Path), help="One page that needs no network.")
@click.option("--folder", type=click.Path(path_type=Path), help="A folder for a web server.")
@click.option(
    "--projector", type=click.Path(path_type=Path), help="A folder that TensorBoard opens."
)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="A file of vectors.")
@click.option("--format", "format_", help="Kind of that file; by its ending otherwise.")
@click.option("--space", "spaces", multiple=True, help="Space to take along; all by default.")
@click.option("--steps", help="Steps to take along, such as 0-100,500; all by default.")
@click.option("--column", "columns", multiple=True, help="Metadata column to take along.")
@click.option("--metadata/--no-metadata", default=True, help="Take metadata along.")
@click.option("--images/--no-images", default=True, help="Take pictures along.")
@click.option("--predictions/--no-predictions", default=True, help="Take predictions along.")
@click.option(
    "--method", "methods", multiple=True, default=("auto",), show_default=True, help="Map to show."
)
@click.option(
    "--neighbors", type=click.IntRange(0, 100), help="Nearest items of each that a page tells."
)
@command_options
def export(
    console: Console,
    run: str,
    store: Path,
    html: Path | None,
    folder: Path | None,
    projector: Path | None,
    output: Path | None,
    format_: str | None,
    spaces: tuple[str, ...],
    steps: str | None,
    columns: tuple[str, ...],
    metadata: bool,
    images: bool,
    predictions: bool,
    methods: tuple[str, ...],
    neighbors: int | None,
) -> None:
    """Write a run as something to send.

    RUN is the name of a run in the store, or its folder. A page holds the viewer, the maps and
    what belongs to the items, and opens from the disk; the vectors stay behind. A file gets the
    vectors: of the last step, unless it holds several or --steps says which.
    """
    from .. import export as export_run

    named = (
        ("html", html), ("folder", folder), ("projector", projector), (format_, output),
    )  # fmt: skip
    targets = [(kind, path) for kind, path in named if path]
    if len(targets) != 1:
        raise click.UsageError(
            "Say where to: --html PAGE, --folder FOLDER, --projector FOLDER or -o FILE."
        )
    kind, path = targets[0]
    found = find_run(run, store, read_only=False)
    with console.bar() as bar:
        report = export_run(
            found,
            path,
            kind=kind,
            spaces=spaces or None,
            steps=None if steps is None else _chosen(steps, found.steps()),
            columns=(columns or None) if metadata else (),
            images=images,
            predictions=predictions,
            methods=methods,
            neighbors=neighbors,
            progress=bar,
        )
    answer: dict[str, Any] = {
        "path": str(report.path),
        "nbytes": report.nbytes,
        "n_items": report.n_items,
        "steps": list(report.steps),
        "left_out": list(report.left_out),
    }
    console.result(answer, _lines(answer))


def _lines(answer: dict[str, Any]) -> Iterator[str]:
    held = f"{count(answer['n_items'], 'item')}, {count(len(answer['steps']), 'step')}"
    yield f"{plain(answer['path'])}: {held}; {megabytes(answer['nbytes'])}"
    for one in answer["left_out"]:
        yield f"  left out         {plain(one)}"


def _chosen(text: str, available: list[int]) -> list[int]:
    """Steps of ``0-100,500``: every step there is within a span, and single ones as they stand."""
    chosen: set[int] = set()
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        if not first.isdigit() or (dash and not last.isdigit()):
            raise InvalidInputError(
                f"--steps is {text!r:.60}; steps and spans such as 0-100,500 are needed."
            )
        if dash:
            chosen.update(step for step in available if int(first) <= step <= int(last))
        else:
            chosen.add(int(first))
    return sorted(chosen)
