"""``driftglass trust``: how far a map can be trusted, in numbers, words and a page of figures."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import InvalidInputError
from ._console import Console, command_options, examples
from ._places import RunName, find_run, store_option
from ._project import parsed
from ._project_file import is_file_of_vectors
from ._text import plain, table

if TYPE_CHECKING:
    from .._trust import MeasuredMap

__all__ = ["trust"]

PAGES = (".png", ".pdf", ".svg")


@click.command(
    epilog=examples(
        "driftglass trust vectors.npy -o trust.pdf",
        "driftglass trust digits-mlp --space hidden2 --method tsne",
        "driftglass trust words.csv --label topic --others",
    )
)
@click.argument("source", type=RunName(), metavar="SOURCE")
@store_option
@click.option("-s", "--space", help="Space of a run; the first by default.")
@click.option("--step", type=int, help="Step of a run; the last by default.")
@click.option("--method", default="umap", show_default=True, help="Name of the method.")
@click.option(
    "--n-components", "--components", type=click.IntRange(2, 3), default=2, show_default=True,
    help="Axes of the map.",
)  # fmt: skip
@click.option(
    "-p",
    "--parameter",
    "parameters",
    multiple=True,
    callback=lambda context, option, values: parsed(values),
    help="Parameter of the method, such as n_neighbors=30; may be repeated.",
    metavar="NAME=VALUE",
)
@click.option("--random-state", "--seed", type=int, default=0, show_default=True, help="Seed.")
@click.option("--label", help="Column with classes; label or target if there is one.")
@click.option(
    "--noise/--no-noise",
    default=True,
    show_default=True,
    help="Compare with a map of permuted columns, which costs a second map.",
)
@click.option("--others", is_flag=True, help="Try other settings and seeds: nine more maps.")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Draw a page of figures: .png, .pdf or .svg.",
)
@command_options
def trust(
    console: Console,
    source: str,
    store: Path,
    space: str | None,
    step: int | None,
    output: Path | None,
    parameters: dict[str, Any],
    **options: Any,
) -> None:
    """Report how far a map of a run's snapshot or of a file can be trusted.

    SOURCE is a run (a name in the store, or its folder) or a file of vectors. The map is made,
    measured against the vectors, and compared with what the method makes of noise. What should not
    be concluded from the picture is said in words.
    """
    if output is not None:
        _check(output)
    options |= parameters
    with console.bar() as bar:
        measured = _measured(source, store, space, step, options, bar)
    if output is not None:
        from ..plots import trust_page

        figure = trust_page(
            measured.report, measured.coordinates, color=measured.classes, title=measured.title
        )
        figure.savefig(output, dpi=150)
    console.result(_as_dict(measured, output), _lines(measured, output))


def _check(output: Path) -> None:
    """Say before minutes of work what cannot be written after them."""
    from .._optional import require

    if output.suffix.lower() not in PAGES:
        raise InvalidInputError(f"--output {output} must end in {', '.join(PAGES)}.")
    if not output.expanduser().parent.is_dir():
        raise InvalidInputError(f"There is no folder {str(output.parent)!r} to write to. Make it.")
    # A page is drawn without a screen.
    require("matplotlib", extra="plot").use("Agg")


def _measured(
    source: str,
    store: Path,
    space: str | None,
    step: int | None,
    options: dict[str, Any],
    bar: Any,
) -> MeasuredMap:
    from .._trust import trust_of_file, trust_of_run

    if is_file_of_vectors(source):
        from ..formats import read_vectors

        if space is not None or step is not None:
            raise click.UsageError("--space and --step have no meaning for a file.")
        path = Path(source).expanduser()
        return trust_of_file(read_vectors(path), title=path.name, progress=bar, **options)
    run = find_run(source, store)
    return trust_of_run(run, space=space, step=step, progress=bar, **options)


def _as_dict(measured: MeasuredMap, output: Path | None) -> dict[str, Any]:
    report = measured.report
    return {
        "title": measured.title,
        "caption": report.caption,
        "measures": [dict(row) for row in report.table()],
        "cautions": [
            {"kind": c.kind, "text": c.text, "value": c.value, "limit": c.limit}
            for c in report.cautions
        ],
        "output": None if output is None else str(output),
    }


def _lines(measured: MeasuredMap, output: Path | None) -> Iterator[str]:
    report = measured.report
    yield plain(measured.title)
    rows = [
        (row["measure"], f"{row['value']:.3f}", _or_nothing(row["chance"]), row["measured"])
        for row in report.table()
    ]
    yield from table(("measure", "value", "chance", "measured"), rows)
    yield ""
    if report.cautions:
        yield "What not to conclude from this map:"
        yield from (f"  {plain(caution.text)}" for caution in report.cautions)
    else:
        yield "Nothing that was measured speaks against this map."
    if output is not None:
        yield f"The page is in {output}."


def _or_nothing(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
