"""``driftglass compare``: what two runs share, and one run that shows both."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ._console import Console, command_options, examples
from ._places import RunName, find_run, open_store, store_option
from ._serve import DEFAULT_PORT
from ._text import count, plain, table

if TYPE_CHECKING:
    from .._compare import RunComparison

__all__ = ["compare"]

SHOWN_STEPS = 12


@click.command(
    epilog=examples(
        "driftglass compare sgd adam",
        "driftglass compare sgd adam --space penultimate --view",
        "driftglass compare runs/sgd other/adam --no-keep --json",
    )
)
@click.argument("run_a", type=RunName())
@click.argument("run_b", type=RunName())
@store_option
@click.option("-s", "--space", help="Space to compare; may be left out if there is one.")
@click.option("--space-b", help="Its name in RUN_B, where it is another.")
@click.option(
    "--frame",
    type=click.Choice(["aligned", "pooled"]),
    default="aligned",
    show_default=True,
    help="Turn RUN_B onto RUN_A for the picture, or leave vectors as they are.",
)
@click.option("--method", default="pca", show_default=True, help="Method of the picture.")
@click.option("--name", help="Name of the run that holds both; made of their names by default.")
@click.option("--keep/--no-keep", default=True, help="Write that run and its projection.")
@click.option("--view", is_flag=True, help="Open the viewer on it.")
@command_options
def compare(
    console: Console,
    run_a: str,
    run_b: str,
    store: Path,
    space: str | None,
    space_b: str | None,
    frame: str,
    method: str,
    name: str | None,
    keep: bool,
    view: bool,
) -> None:
    """Compare the same items in two runs, and put both into one picture.

    RUN_A and RUN_B are names in the store, or folders of runs, that logged the same ids. For
    every step that both have: CKA (1 is equal but for a rotation, 0 unrelated), the share of
    nearest neighbours in common beyond chance, and Procrustes distance beside what shuffled
    rows give. A run beside RUN_A then holds every item twice, for the viewer: its columns "run"
    and "shared_neighbors" are made for colours.
    """
    from .. import combine, project
    from .. import compare as compare_runs

    if view and not keep:
        raise click.UsageError("--view shows the run that --no-keep does not write.")
    first, second = find_run(run_a, store), find_run(run_b, store)
    with console.bar() as bar:
        found = compare_runs(first, second, space=space, space_b=space_b, progress=bar)
    answer: dict[str, Any] = {
        "runs": found.runs,
        "spaces": found.spaces,
        "n_items": len(found.ids),
        "n_neighbors": found.n_neighbors,
        "steps": {column: values.tolist() for column, values in found.table().items()},
        "cka_map": {
            "steps": [steps.tolist() for steps in found.map_steps],
            "values": found.cka_map.tolist(),
        },
    }
    lines = list(_lines(found))
    folder = Path(first.path).parent
    if keep:
        place = open_store(folder, read_only=False)
        combined = combine(
            first,
            second,
            place,
            name=name,
            space=space,
            space_b=space_b,
            frame="pooled" if frame == "pooled" else "aligned",
            comparison=found,
        )
        with console.bar() as bar:
            project(combined, method=method, progress=bar)
        answer["combined"] = str(combined.path)
        lines.append(f"Both in one frame: {plain(combined.path)}")
        if not view:
            lines.append(f"See them with: driftglass serve {plain(folder)}")
    console.result(answer, lines)
    if view:
        from ..server import serve

        serve(open_store(folder), port=DEFAULT_PORT, open_browser=True)


def _lines(found: RunComparison) -> Iterator[str]:
    names = " and ".join(plain(name) for name in found.runs)
    yield (
        f"{names}, {plain(found.spaces[0])}: {count(len(found.ids), 'item')}, "
        f"{count(len(found.steps), 'shared step')}"
    )
    columns = found.table()
    header = ["STEP", "CKA", "SHARED NEIGHBOURS", "PROCRUSTES", "SHUFFLED"]
    if "agreement" in columns:
        header.append("EQUAL PREDICTIONS")
    every = range(len(found.steps))
    half = SHOWN_STEPS // 2
    shown = [*every] if len(every) <= SHOWN_STEPS else [*every[:half], None, *every[-half:]]
    rows = [["…"] * len(header) if at is None else _row(columns, at) for at in shown]
    yield from (f"  {line}" for line in table(header, rows))


def _row(columns: Any, at: int) -> list[str]:
    cells = [
        f"{columns['step'][at]:,}",
        f"{columns['cka'][at]:.3f} ± {columns['cka_error'][at]:.3f}",
        f"{columns['mutual_knn'][at]:.3f} ± {columns['mutual_knn_error'][at]:.3f}",
        f"{columns['procrustes'][at]:.3f}",
        f"{columns['procrustes_null'][at]:.3f}",
    ]
    return cells + ([f"{columns['agreement'][at]:.3f}"] if "agreement" in columns else [])
