"""``driftglass ls`` and ``driftglass show``: what is in a store, and in a run."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ._console import Console, command_options, examples
from ._places import RunName, StorePath, default_store, find_run, open_store, store_option
from ._text import age, count, megabytes, plain, table

if TYPE_CHECKING:
    from ..store import Run

__all__ = ["ls", "show", "summary"]

SHOWN_CATEGORIES = 6
SHOWN_NOTES = 10


@click.command(
    epilog=examples(
        "driftglass ls",
        "driftglass ls /data/runs --json",
    )
)
@click.argument("path", type=StorePath(), default=default_store)
@command_options
def ls(console: Console, path: Path) -> None:
    """List the runs of a store.

    PATH is DRIFTGLASS_DIR or ./runs by default.
    """
    runs = sorted(open_store(path).runs(), key=lambda run: run.created)
    found = [summary(run) for run in runs]
    rows = [
        (
            run["name"],
            run["state"],
            f"{run['n_items']:,}",
            run["n_snapshots"],
            _span(run["steps"]),
            ", ".join(space["name"] for space in run["spaces"]),
            megabytes(run["nbytes"]),
            age(made.created),
        )
        for run, made in zip(found, runs, strict=True)
    ]
    header = ("RUN", "STATE", "ITEMS", "SNAPSHOTS", "STEPS", "SPACES", "SIZE", "MADE")
    empty = f"No runs in {plain(path)} yet. Log one, or try: driftglass demo --dir {plain(path)}"
    console.result(found, table(header, rows) if rows else [empty])


@click.command(
    epilog=examples(
        "driftglass show digits-mlp",
        "driftglass show runs/digits-mlp --json",
    )
)
@click.argument("run", type=RunName())
@store_option
@command_options
def show(console: Console, run: str, store: Path) -> None:
    """Describe one run.

    RUN is a name in the store, or the folder of a run.
    """
    found = find_run(run, store)
    described = _description(found)
    console.result(described, _lines(described, found))


def summary(run: Run) -> dict[str, Any]:
    """Return what one line about a run says, as plain values."""
    spaces = []
    for name in run.spaces:
        infos = run.describe(name)
        spaces.append(
            {
                "name": name,
                "n_features": infos[-1].n_features if infos else 0,
                "dtype": str(infos[-1].dtype) if infos else "",
                "n_snapshots": len(infos),
                "n_not_finite": sum(info.n_not_finite for info in infos),
                "n_damaged": sum(bool(info.damaged) for info in infos),
            }
        )
    return {
        "name": run.name,
        "state": run.state,
        "created": run.created.astimezone(UTC).isoformat(),
        "n_items": len(run.ids),
        "n_snapshots": sum(space["n_snapshots"] for space in spaces),
        "steps": run.steps(),
        "spaces": spaces,
        "nbytes": run.nbytes,
    }


def _description(run: Run) -> dict[str, Any]:
    """`summary`, and everything else about the run but its arrays."""
    images = run.images
    metadata = run.metadata
    scalars = run.scalars()
    return {
        **summary(run),
        "classes": None if run.classes is None else list(run.classes),
        "columns": []
        if metadata is None
        else [
            {"name": name, "kind": column.kind, "categories": list(_categories(column))}
            for name, column in metadata.columns.items()
        ],
        "images": None
        if images is None
        else {
            "n_images": len(images),
            "tile_width": images.tile_width,
            "tile_height": images.tile_height,
            "n_failed": len(images.failed),
        },
        "predictions": {"steps": run.prediction_steps},
        "scalars": {name: _last(scalars[name]) for name in scalars},
        "notes": run.notes(),
    }


def _categories(column: Any) -> Iterator[str]:
    for category in getattr(column, "categories", ()):
        yield category if isinstance(category, str) else ": ".join(map(str, category))


def _last(curve: Any) -> float | None:
    steps, values = curve
    return float(values[-1]) if len(steps) else None


def _lines(described: dict[str, Any], run: Run) -> Iterator[str]:
    spaces = described["spaces"]
    yield click.style(plain(described["name"]), bold=True)
    state = f"{described['state']}, made {age(run.created)}, {megabytes(described['nbytes'])}"
    yield f"  {'state':13}{state}"
    yield f"  {'items':13}{described['n_items']:,}"
    yield f"  {'steps':13}{_span(described['steps'])}"
    for space in spaces:
        shape = f"{count(space['n_snapshots'], 'snapshot')} of {space['n_features']} features"
        faults = [
            text
            for number, text in (
                (space["n_not_finite"], f"{space['n_not_finite']:,} rows not finite"),
                (space["n_damaged"], f"{space['n_damaged']} damaged"),
            )
            if number
        ]
        about = ", ".join([shape, space["dtype"], *faults])
        yield f"  {'space':13}{plain(space['name'])}: {about}"
    for column in described["columns"]:
        names = column["categories"]
        more = f" … {len(names)} in all" if len(names) > SHOWN_CATEGORIES else ""
        listed = ", ".join(map(plain, names[:SHOWN_CATEGORIES])) + more
        yield f"  {'column':13}{plain(column['name'])}: {column['kind']} {listed}".rstrip()
    images = described["images"]
    if images:
        failed = f", {images['n_failed']} failed" if images["n_failed"] else ""
        size = f"{images['tile_width']} × {images['tile_height']} pixels"
        yield f"  {'images':13}{images['n_images']:,} of {size}{failed}"
    if described["predictions"]["steps"]:
        yield f"  {'predictions':13}at {count(len(described['predictions']['steps']), 'step')}"
    for name, value in described["scalars"].items():
        shown = "none" if value is None else f"{value:.6g}"
        yield f"  {'scalar':13}{plain(name)}: {shown} at the end"
    for note in described["notes"][-SHOWN_NOTES:]:
        yield f"  {'note':13}{plain(note)}"


def _span(steps: list[int]) -> str:
    """Give steps as ``1 … 4,000``."""
    if not steps:
        return "-"
    return f"{steps[0]:,}" if len(steps) == 1 else f"{steps[0]:,} … {steps[-1]:,}"
