"""The group of commands, and how an error becomes a message and an exit code."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

import click

from .. import __version__
from ..errors import (
    DriftglassError,
    FormatError,
    InvalidInputError,
    MissingDependencyError,
    NotFoundError,
)
from ._bench import bench
from ._compare import compare
from ._config import completion, config
from ._console import to_json
from ._demo import demo
from ._doctor import doctor
from ._export import export
from ._import import import_, open_
from ._project import project
from ._runs import ls, show
from ._serve import serve
from ._text import plain
from ._trust import trust
from ._upkeep import gc, repair, verify
from ._version import version

__all__ = ["cli", "main"]

FAILED, USAGE, NOT_FOUND, DAMAGED, MISSING_EXTRA, INTERRUPTED = 1, 2, 3, 4, 5, 130
EXIT_CODES: tuple[tuple[type[DriftglassError], int], ...] = (
    (InvalidInputError, USAGE),
    (NotFoundError, NOT_FOUND),
    (FormatError, DAMAGED),
    (MissingDependencyError, MISSING_EXTRA),
    (DriftglassError, FAILED),
)

EPILOG = """\b
Examples:
  driftglass demo                    train a small network and watch it
  driftglass serve runs              open the viewer on a folder of runs
  driftglass vectors.npy             show a file of vectors, bundles and tables too
  driftglass ls runs --json          list its runs for a script
  driftglass project runs/digits     project every space of one run

\b
Exit codes: 0 done, 1 failed, 2 wrong usage, 3 not found, 4 damaged store,
5 an optional package is missing, 130 interrupted.

\b
Completion of commands and runs, for bash (zsh and fish likewise):
  eval "$(driftglass completion bash)"
"""


class _InOrder(click.Group):
    """Lists commands as they were added: what people do first comes first."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)


@click.group(
    cls=_InOrder,
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 90},
)
@click.version_option(__version__, "-V", "--version", prog_name="driftglass")
def cli() -> None:
    """Log, project and watch the embedding spaces of a model while it trains."""


COMMANDS = (  # in the order in which people meet them
    demo,
    serve,
    open_,
    ls,
    show,
    project,
    trust,
    compare,
    import_,
    export,
    verify,
    repair,
    gc,
    doctor,
    bench,
    config,
    completion,
    version,
)

for command in COMMANDS:
    cli.add_command(command)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit.

    Parameters
    ----------
    arguments : sequence of str, optional
        Words after ``driftglass``; those of the process by default.

    Raises
    ------
    SystemExit
        Always, with the exit code.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    sys.exit(_run(words))


def _run(words: list[str]) -> int:
    """Exit code of the command, after its message has been printed."""
    words = _with_open(words)
    try:
        code = cli.main(args=words, prog_name="driftglass", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except click.exceptions.Abort:
        return _fail(words, "interrupted", "Interrupted.", INTERRUPTED)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return USAGE
    except click.UsageError as error:
        context = error.ctx.get_usage() + "\n" if error.ctx else ""
        return _fail(words, "usage", _said(error), USAGE, before=context)
    except click.ClickException as error:
        return _fail(words, "failed", error.format_message(), FAILED)
    except DriftglassError as error:
        code = next(code for kind, code in EXIT_CODES if isinstance(error, kind))
        return _fail(words, error.kind, str(error), code)
    except OSError as error:
        return _fail(words, "failed", str(error), FAILED)
    except Exception as error:
        if "-v" in words or "--verbose" in words:
            traceback.print_exc()
        message = (
            f"Unexpected {type(error).__name__}: {error}. This is a fault of driftglass; "
            f"run the command with -v for the traceback and report it."
        )
        return _fail(words, "unexpected", message, FAILED)


def _said(error: click.UsageError) -> str:
    """Message of a usage error; a method's parameter that was given as an option is put right."""
    message = error.format_message()
    takes = [option.name for option in error.ctx.command.params] if error.ctx else []
    if not isinstance(error, click.NoSuchOption) or "parameters" not in takes:
        return message
    name = error.option_name.lstrip("-").replace("-", "_")
    return f"{message} A parameter of the method is given as -p {name}=VALUE."


def _with_open(words: list[str]) -> list[str]:
    """``driftglass FILE`` means ``driftglass open FILE``, unless the word is a command."""
    first = words[0] if words else ""
    is_word = bool(first) and not first.startswith("-") and first not in cli.commands
    return ["open", *words] if is_word and Path(first).expanduser().exists() else words


def _fail(words: list[str], kind: str, message: str, code: int, *, before: str = "") -> int:
    if "--json" in words:
        click.echo(to_json({"error": {"kind": kind, "message": message}}))
    else:
        safe = "\n".join(map(plain, message.splitlines()))
        click.echo(f"{before}driftglass: {safe}", err=True)
    return code
