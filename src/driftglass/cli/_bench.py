"""``driftglass bench``: how fast this machine is, beside peers that are installed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ._console import Console, command_options, examples, to_json
from ._text import count, plain, table

if TYPE_CHECKING:
    from .._bench import Machine, Timing

__all__ = ["bench"]


@click.command(
    epilog=examples(
        "driftglass bench",
        "driftglass bench --rows 50000 --no-peers",
        "driftglass bench -o speed.json",
    )
)
@click.option(
    "--rows",
    type=click.IntRange(500, 1_000_000),
    default=10_000,
    show_default=True,
    help="Rows to make, of 64 features.",
)
@click.option(
    "--peers/--no-peers",
    default=True,
    help="Measure umap-learn, pynndescent, openTSNE, pacmap and scikit-learn too, if installed.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Also write the figures as JSON.",
)
@command_options
def bench(console: Console, rows: int, peers: bool, output: Path | None) -> None:
    """Measure how fast neighbours and maps are here.

    Takes half a minute, on rows that are made for it and with every core; peers that compile
    themselves take longer. Each work is done twice, first on few rows, so that neither imports
    nor compiling are in the figures. Trust is the trustworthiness of the map.
    """
    from .._bench import machine, timings

    here = machine()
    with console.bar() as bar:
        found = list(timings(rows, peers=peers, progress=bar))
    data = {
        "machine": asdict(here),
        "n_samples": rows,
        "n_features": 64,
        "timings": [timing.as_dict() for timing in found],
    }
    if output is not None:
        output.write_text(to_json(data) + "\n", encoding="utf-8")
    console.result(data, _lines(here, rows, found))


def _lines(here: Machine, rows: int, found: Sequence[Timing]) -> Iterator[str]:
    yield f"{plain(here.processor)}: {count(here.cores, 'core')}, {here.kernels[-1]} kernels"
    yield f"{rows:,} rows × 64 features, driftglass {here.driftglass}, Python {here.python}"
    yield ""
    header = ("WORK", "BY", "SECONDS", "ROWS/S", "TRUST", "TIMES OURS")
    yield from table(header, [_row(timing) for timing in found])


def _row(timing: Timing) -> tuple[Any, ...]:
    ours = timing.times_as_long is None
    return (
        timing.work if ours else "",
        timing.by,
        f"{timing.seconds:.2f}" if timing.seconds >= 0.1 else f"{timing.seconds:.3f}",
        f"{timing.rows_per_second:,.0f}",
        "" if timing.trustworthiness is None else f"{timing.trustworthiness:.3f}",
        "" if timing.times_as_long is None else f"{timing.times_as_long:.1f}×",
    )
