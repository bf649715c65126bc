"""What every command shares: its three options, and where its words go."""

from __future__ import annotations

import functools
import json
import math
import os
import sys
from collections.abc import Callable, Iterable
from typing import Any, ParamSpec

import click

from ._bar import Bar

__all__ = ["Console", "command_options", "examples", "to_json"]

P = ParamSpec("P")


class Console:
    """Results go to standard output; notes, progress and errors to standard error.

    Parameters
    ----------
    as_json : bool
        Print results as one JSON document instead of text.
    quiet : bool
        No notes and no progress.
    verbose : bool
        More notes, and the traceback of an unexpected error.
    """

    def __init__(
        self, *, as_json: bool = False, quiet: bool = False, verbose: bool = False
    ) -> None:
        self.as_json = as_json
        self.quiet = quiet
        self.verbose = verbose

    def result(self, data: object, lines: Iterable[str], *, one_line: bool = False) -> None:
        """Print what the command found: `data` with ``--json``, otherwise the lines."""
        if self.as_json:
            click.echo(to_json(data, one_line=one_line))
        else:
            for line in lines:
                click.echo(line, color=_colour())

    def note(self, text: str) -> None:
        """Say what is going on, unless asked to be quiet."""
        if not self.quiet:
            click.echo(text, err=True, color=_colour())

    def detail(self, text: str) -> None:
        """Say what only the curious want to know."""
        if self.verbose:
            self.note(text)

    def bar(self) -> Bar:
        """Return a progress callback for work that may take longer than a second."""
        return Bar(sys.stderr, quiet=self.quiet)


def command_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command ``--json``, ``--quiet`` and ``--verbose``, passed on as a `Console`."""

    @click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
    @click.option("-q", "--quiet", is_flag=True, help="No notes and no progress.")
    @click.option("-v", "--verbose", is_flag=True, help="More notes; tracebacks of errors.")
    @functools.wraps(command)
    def wrapped(*args: Any, as_json: bool, quiet: bool, verbose: bool, **options: Any) -> None:
        command(Console(as_json=as_json, quiet=quiet, verbose=verbose), *args, **options)

    return wrapped


def examples(*lines: str) -> str:
    """Epilog of a command's help; the backspace keeps click from joining the lines."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)


def to_json(data: object, *, one_line: bool = False) -> str:
    """One JSON document in ASCII; a number that is not finite becomes null."""
    return json.dumps(_plain(data), indent=None if one_line else 2, allow_nan=False)


def _plain(value: Any) -> Any:
    """Reduce to what JSON has, with NumPy's scalars and arrays as numbers and lists."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, bool | int | str):
        return value
    return str(value)


def _colour() -> bool | None:
    """None lets click ask the terminal; https://no-color.org says when not to."""
    return False if os.environ.get("NO_COLOR") else None
