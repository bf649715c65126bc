"""Which store and which run a command means, and what the shell may offer for it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from .._settings import value_of
from ..errors import NotFoundError

if TYPE_CHECKING:
    from ..store import Run, Store

__all__ = ["RunName", "StorePath", "find_run", "open_store", "store_option"]


class StorePath(click.ParamType[Path]):
    """Folder of a store, or of one run."""

    name = "path"

    def convert(self, value: Any, param: Any, ctx: Any) -> Path:
        """Expand ``~``; whether something is there is asked when it is opened."""
        return Path(value).expanduser()

    def shell_complete(self, ctx: Any, param: Any, incomplete: str) -> list[CompletionItem]:
        """Leave folders to the shell."""
        return [CompletionItem(incomplete, type="dir")]


class RunName(click.ParamType[str]):
    """Name of a run in the store, or the folder of one."""

    name = "run"

    def shell_complete(
        self, ctx: click.Context, param: Any, incomplete: str
    ) -> list[CompletionItem]:
        """Offer the runs of the store, and folders."""
        try:
            runs = open_store(ctx.params.get("store") or default_store()).runs()
        except Exception:  # A shell must not be interrupted by what it could not complete.
            runs = []
        offers = [CompletionItem(run.name) for run in runs if run.name.startswith(incomplete)]
        return offers or [CompletionItem(incomplete, type="dir")]


def default_store() -> Path:
    """``DRIFTGLASS_DIR``, what a file of settings says, or ``runs`` in the current folder."""
    return Path(value_of("store")).expanduser()


def store_option(command: Any) -> Any:
    """Give a command ``--store``, for runs that are named without their folder."""
    return click.option(
        "--store",
        type=StorePath(),
        default=default_store,
        show_default="DRIFTGLASS_DIR, or ./runs",
        help="Folder of the store that a run is in.",
    )(command)


def open_store(path: Path, *, read_only: bool = True) -> Store:
    """Open what is at `path`, which must be there."""
    from .. import open as open_folder

    if not path.is_dir():
        raise NotFoundError(
            f"There is no folder {str(path)!r}. Name the folder of a store, set DRIFTGLASS_DIR, "
            f"or make a first run with `driftglass demo`."
        )
    return open_folder(path, read_only=read_only)


def find_run(name: str, store: Path, *, read_only: bool = True) -> Run:
    """Run of that name in the store, or in the folder that `name` is a path of."""
    path = Path(name).expanduser()
    if (path / "run.json").is_file():
        only = open_store(path, read_only=read_only).runs()
        return only[0]
    return open_store(store, read_only=read_only).run(name)
