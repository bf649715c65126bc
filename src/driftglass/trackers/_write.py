"""Our pages, pictures and coordinates in the trackers that people have: one call each."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .._optional import require
from ..errors import InvalidInputError

if TYPE_CHECKING:
    from ..store import Run

__all__ = ["to_mlflow", "to_tensorboard", "to_trackio", "to_wandb"]

MOST_ROWS = 10_000
"""Rows of a tracker's table; more would stall its page."""


@dataclass(frozen=True)
class _Shown:
    """What goes to a tracker: one snapshot's map, its picture, and the page of the run."""

    space: str
    step: int
    table: Mapping[str, list[Any]]
    picture: np.ndarray[Any, np.dtype[np.uint8]]


def to_tensorboard(
    run: Run,
    writer: Any,
    *,
    space: str | None = None,
    step: int | None = None,
    page: bool = True,
    tag: str = "driftglass",
) -> None:
    """Write a snapshot, its labels, its map and the map's picture into an open `SummaryWriter`.

    The projector gets the vectors as ``TAG-SPACE`` and the coordinates as ``TAG-SPACE-map``.
    TensorBoard shows no pages, so ours lies beside its events as ``TAG.html``, and a text says so.

    Parameters
    ----------
    run : Run
        What to show.
    writer : torch.utils.tensorboard.SummaryWriter
        Open; it stays so.
    space : str, optional
        Space to show; may be left out when the run has only one.
    step : int, optional
        Step; the last by default.
    page : bool
        Write the exported page as well.
    tag : str
        Begin of the names.

    Raises
    ------
    NotFoundError
        No such space or step.
    """
    shown = _shown(run, space, step)
    snapshot = run.snapshot(shown.space, shown.step)
    names = [name for name in shown.table if name not in ("id", "x", "y")]
    rows = [list(map(str, row)) for row in zip(*(shown.table[n] for n in names), strict=True)]
    few = _few(len(snapshot.ids))
    single = [row[0] for row in rows] if len(names) == 1 else rows
    options: dict[str, Any] = {"metadata_header": names} if len(names) > 1 else {}
    options |= {"metadata": single if names else None, "global_step": shown.step}
    vectors = np.asarray(snapshot.vectors, dtype=np.float32)[few]
    writer.add_embedding(vectors, tag=f"{tag}-{shown.space}", **options)
    map_ = np.column_stack([shown.table["x"], shown.table["y"]]).astype(np.float32)
    writer.add_embedding(map_, tag=f"{tag}-{shown.space}-map", **options)
    writer.add_image(f"{tag}/{shown.space}", shown.picture, shown.step, dataformats="HWC")
    if page:
        path = Path(writer.log_dir) / f"{tag}.html"
        path.write_text(_page(run), encoding="utf-8")
        writer.add_text(f"{tag}/page", f"The page of this run: `{path.name}`, beside the events.")
    writer.flush()


def to_wandb(
    run: Run,
    tracked: Any,
    *,
    space: str | None = None,
    step: int | None = None,
    page: bool = True,
    tag: str = "driftglass",
) -> None:
    """Log a map's picture, its coordinates as a table and the page to an open W&B run.

    Parameters
    ----------
    run : Run
        What to show.
    tracked : wandb.Run
        Open, online or offline.
    space, step
        As in `to_tensorboard`.
    page : bool
        Log the exported page as well.
    tag : str
        Begin of the names.
    """
    wandb = require("wandb", extra="trackers")
    shown = _shown(run, space, step)
    name = f"{tag}/{shown.space}"
    rows = [list(row) for row in zip(*shown.table.values(), strict=True)]
    held = {
        f"{name}/map": wandb.Image(shown.picture),
        f"{name}/coordinates": wandb.Table(columns=list(shown.table), data=rows),
    }
    if page:
        held[f"{name}/page"] = wandb.Html(_page(run), inject=False)
    tracked.log(held)


def to_mlflow(
    run: Run,
    run_id: str | None = None,
    *,
    space: str | None = None,
    step: int | None = None,
    page: bool = True,
    tag: str = "driftglass",
) -> None:
    """Log a map's picture, its coordinates as a table and the page to MLflow.

    Parameters
    ----------
    run : Run
        What to show.
    run_id : str, optional
        MLflow's run; its active one by default.
    space, step, page, tag
        As in `to_wandb`.
    """
    mlflow = require("mlflow", extra="trackers")
    client = mlflow.MlflowClient()
    if run_id is None:
        active = mlflow.active_run()
        if active is None:
            raise InvalidInputError("MLflow has no active run. Start one, or pass run_id=.")
        run_id = active.info.run_id
    shown = _shown(run, space, step)
    place = f"{tag}/{shown.space}-{shown.step}"
    client.log_image(run_id, shown.picture, f"{place}-map.png")
    client.log_table(run_id, dict(shown.table), f"{place}-coordinates.json")
    if page:
        client.log_text(run_id, _page(run), f"{tag}/map.html")


def to_trackio(
    run: Run,
    tracked: Any = None,
    *,
    space: str | None = None,
    step: int | None = None,
    page: bool = True,
    tag: str = "driftglass",
) -> None:
    """Log a map's picture, its coordinates as a table and the page to trackio.

    Parameters
    ----------
    run : Run
        What to show.
    tracked : trackio.Run, optional
        Open; the one that `trackio.init` made by default.
    space, step, page, tag
        As in `to_wandb`.

    Raises
    ------
    InvalidInputError
        This version of trackio has no pages.
    """
    trackio = require("trackio", extra="trackers")
    pandas = require("pandas", extra="trackers")
    shown = _shown(run, space, step)
    name = f"{tag}/{shown.space}"
    held = {
        f"{name}/map": trackio.Image(shown.picture),
        f"{name}/coordinates": trackio.Table(dataframe=pandas.DataFrame(dict(shown.table))),
    }
    if page:
        if not hasattr(trackio, "Html"):
            raise InvalidInputError(
                f"trackio {trackio.__version__} shows no pages. Update it, or pass page=False."
            )
        held[f"{name}/page"] = trackio.Html(_page(run))
    (trackio if tracked is None else tracked).log(held)


def _few(n_rows: int) -> slice:
    return slice(0, min(n_rows, MOST_ROWS))


def _shown(run: Run, space: str | None, step: int | None) -> _Shown:
    """One snapshot's PCA map as a table and a picture."""
    from .._project import project

    if space is None:
        if len(run.spaces) != 1:
            raise InvalidInputError(f"The run has the spaces {run.spaces}; say which with space=.")
        space = run.spaces[0]
    at = run.steps(space)[-1] if step is None else step
    frame = project(run, space, method="pca", basis="all").at(at)
    few = _few(len(frame.ids))
    ids = frame.ids[few]
    table: dict[str, list[Any]] = {
        "id": ids.tolist(),
        "x": frame.coordinates[few, 0].tolist(),
        "y": frame.coordinates[few, 1].tolist(),
    }
    metadata = run.metadata
    labels = None
    if metadata is not None:
        rows = metadata.select(ids)
        for name, column in rows.columns.items():
            table[name if name not in table else f"{name} column"] = [
                column.value(row) for row in range(len(rows))
            ]
        labels = next((c for c in rows.columns.values() if c.kind == "categorical"), None)
    return _Shown(space, at, table, _picture(frame.coordinates[few], labels))


def _picture(coordinates: Any, labels: Any) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """The map as pixels, shape (480, 640, 3)."""
    import io

    from PIL import Image

    from ..server._picture import coloring_of, draw_map

    low, high = coordinates.min(axis=0).tolist(), coordinates.max(axis=0).tolist()
    colours = coloring_of("label" if labels is not None else "", labels, len(coordinates), "light")
    data = draw_map(coordinates, colours, (low, high), "PCA", width=640, height=480, theme="light")
    with Image.open(io.BytesIO(data), formats=("PNG",)) as picture:
        return np.asarray(picture.convert("RGB"))


def _page(run: Run) -> str:
    from .._exporting import export

    with tempfile.TemporaryDirectory(prefix="driftglass-") as scratch:
        path = Path(scratch) / "map.html"
        export(run, path)
        return path.read_text(encoding="utf-8")
