"""``driftglass project``: maps of a run's spaces, made once and kept with the run."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ._console import Console, command_options, examples
from ._places import RunName, find_run, store_option
from ._text import count, plain, seconds, table

if TYPE_CHECKING:
    from ..data import ProjectionSequence

__all__ = ["project", "trust"]

SHOWN_FRAMES = 12


@click.command(
    epilog=examples(
        "driftglass project digits-mlp",
        "driftglass project runs/digits-mlp --space hidden2 --n-components 3",
        "driftglass project digits-mlp --basis last --json",
    )
)
@click.argument("run", type=RunName())
@store_option
@click.option("-s", "--space", "spaces", multiple=True, help="Space to project; all by default.")
@click.option("--method", default="pca", show_default=True, help="Name of the method.")
@click.option(
    "--n-components",
    type=click.IntRange(2, 3),
    default=2,
    show_default=True,
    help="Axes of the map.",
)
@click.option(
    "--basis",
    default="all",
    show_default=True,
    help="Snapshots that the axes come from: all, first, last, window, or N for every N-th.",
)
@click.option("--random-state", type=int, default=0, show_default=True, help="Seed.")
@click.option("--refresh", is_flag=True, help="Project again even if a result is kept.")
@command_options
def project(
    console: Console,
    run: str,
    store: Path,
    spaces: tuple[str, ...],
    method: str,
    n_components: int,
    basis: str,
    random_state: int,
    refresh: bool,
) -> None:
    """Project the spaces of a run, and measure each map.

    RUN is a name in the store, or the folder of a run. The viewer finds the result and shows it
    at once. Trustworthiness and continuity lie in [0, 1]; the null is the trustworthiness of a
    shuffled map, which is what chance gives.
    """
    from .. import project as project_space

    found = find_run(run, store, read_only=False)
    results = []
    for space in spaces or tuple(found.spaces):
        start = time.perf_counter()
        with console.bar() as bar:
            sequence = project_space(
                found,
                space,
                method=method,
                n_components=n_components,
                random_state=random_state,
                refresh=refresh,
                progress=bar,
                basis=int(basis) if basis.isdecimal() else basis,
            )
        took = time.perf_counter() - start
        results.append({"space": space, "seconds": took, **trust(sequence)})
    console.result(results, [line for result in results for line in _lines(result)])


def trust(sequence: ProjectionSequence) -> dict[str, Any]:
    """Key of a sequence and the quality of each of its frames, as plain values."""
    return {
        "key": sequence.provenance.key,
        "method": sequence.provenance.method,
        "n_components": sequence.n_components,
        "frames": [
            {
                "step": frame.step,
                "n_samples": len(frame.ids),
                "n_excluded": len(frame.excluded),
                "trustworthiness": frame.quality and frame.quality.trustworthiness,
                "continuity": frame.quality and frame.quality.continuity,
                "null": frame.quality and frame.quality.null,
            }
            for frame in sequence
        ],
    }


def _lines(result: dict[str, Any]) -> Iterator[str]:
    frames = result["frames"]
    yield (
        f"{plain(result['space'])}: {result['method']}, {result['n_components']}D, "
        f"{count(len(frames), 'snapshot')}, {seconds(result['seconds'])}"
    )
    # The first and last frames say most; the middle is there with --json.
    half = SHOWN_FRAMES // 2
    shown = frames if len(frames) <= SHOWN_FRAMES else [*frames[:half], None, *frames[-half:]]
    header = ("STEP", "POINTS", "EXCLUDED", "TRUSTWORTHINESS", "CONTINUITY", "NULL")
    rows = [
        ("…",) * len(header)
        if frame is None
        else (
            f"{frame['step']:,}",
            f"{frame['n_samples']:,}",
            f"{frame['n_excluded']:,}",
            *(_figure(frame[name]) for name in ("trustworthiness", "continuity", "null")),
        )
        for frame in shown
    ]
    yield from (f"  {line}" for line in table(header, rows))


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
