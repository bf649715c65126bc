"""``driftglass import`` and ``driftglass open``: files of other tools, kept or only shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click

from ._console import Console, command_options, examples
from ._places import store_option
from ._serve import wait_for_end
from ._text import count, megabytes, plain

__all__ = ["import_", "open_"]


def reading_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that say how a file is read."""
    for option in reversed(
        (
            click.option("--format", "format_", help="Name of the format; recognised by default."),
            click.option("--array", help="Array or matrix with the vectors."),
            click.option("--ids", help="Column with the names of the rows."),
            click.option("--keep", multiple=True, help="Column of numbers that is no feature."),
            click.option("--drop", multiple=True, help="Column to leave out."),
            click.option("--flatten", is_flag=True, help="Use all values of a row of any shape."),
            click.option("--trust", is_flag=True, help="Read files that could run code (.pt)."),
        )
    ):
        command = option(command)
    return command


@click.command(
    "import",
    epilog=examples(
        "driftglass import vectors.parquet",
        "driftglass import logdir/ --name word2vec     a bundle of TensorBoard's projector",
        "driftglass import layer.pt --trust",
    ),
)
@click.argument("path", type=click.Path(path_type=Path))
@store_option
@click.option("--name", help="Name of the run; the file's by default.")
@reading_options
@command_options
def import_(
    console: Console, path: Path, store: Path, name: str | None, format_: str | None, **reading: Any
) -> None:
    """Make a run of a file or folder of another tool.

    PATH is .npy, .npz, .csv, .tsv, .parquet, .arrow, .safetensors, .h5ad, .h5 of train-viz, .pt
    with --trust, or a folder: a bundle of TensorBoard's projector, Comet's template, a saved
    Hugging Face data set, a Zarr group, or pictures.
    """
    from .. import import_file
    from .. import open as open_folder

    run = import_file(open_folder(store), path, name=name, format=format_, **reading)
    spaces = [{"name": space, "steps": run.steps(space)} for space in run.spaces]
    answer = {
        "run": run.name,
        "path": str(run.path),
        "n_items": len(run.ids),
        "spaces": spaces,
        "nbytes": run.nbytes,
    }
    console.result(answer, _lines(answer))


def _lines(answer: dict[str, Any]) -> Iterator[str]:
    size = megabytes(answer["nbytes"])
    yield f"{plain(answer['run'])}: {count(answer['n_items'], 'item')}, {size}"
    for space in answer["spaces"]:
        yield f"  space            {plain(space['name'])}: {count(len(space['steps']), 'step')}"
    yield f"  look at it       driftglass serve {plain(answer['path'])}"


@click.command(
    "open",
    epilog=examples("driftglass vectors.npy", "driftglass open embeddings.h5ad --array X_pca"),
)
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--port", type=click.IntRange(0, 65_535), help="Port; a free one by default.")
@click.option("--browser/--no-browser", default=True, help="Open the page.")
@reading_options
@command_options
def open_(
    console: Console,
    path: Path,
    port: int | None,
    browser: bool,
    format_: str | None,
    **reading: Any,
) -> None:
    """Show a file, a store or a run at once, and keep nothing.

    Short: `driftglass PATH`. What `driftglass import` reads is shown from a temporary store.
    """
    from .. import show

    serving = show(
        path, port=port, browser=browser, block=False, reading={"format": format_, **reading}
    )
    try:
        answer = {"url": serving.url, "port": serving.port, "path": str(path)}
        console.result(answer, [], one_line=True)
        wait_for_end()
    finally:
        serving.close()
