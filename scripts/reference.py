"""Write the pages of docs/reference that the code itself can tell: commands, names, keys."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import click

import driftglass
from driftglass import MissingDependencyError
from driftglass.cli import main as _  # noqa: F401 - the folder must load before its files
from driftglass.cli._main import cli

REFERENCE = Path(__file__).parents[1] / "docs" / "reference"
NOTICE = "<!-- Written by `make reference`; change the code instead. -->"
KEYMAP = Path(__file__).parents[1] / "web/src/state/keymap.ts"
ENTRY = re.compile(r'caps: "([^"]+)",\s*does: "([^"]+)"(?:,\s*group: "([^"]+)")?')
WIDTH = 90


def cli_page() -> str:
    """Help of every command, in the order in which people meet them."""
    context = click.Context(cli, info_name="driftglass", **cli.context_settings)
    parts = [
        "# Command line",
        NOTICE,
        "The same texts as `driftglass COMMAND --help`.",
        "## driftglass",
        _help(context),
    ]
    for name in cli.list_commands(context):
        command = cli.get_command(context, name)
        assert command is not None
        inner = click.Context(command, info_name=name, parent=context)
        parts += [f"## driftglass {name}", _help(inner)]
    return "\n\n".join(parts) + "\n"


def _help(context: click.Context) -> str:
    context.terminal_width = WIDTH
    lines = (line.rstrip() for line in context.command.get_help(context).splitlines())
    return "```text\n" + "\n".join(lines).strip() + "\n```"


def python_page() -> str:
    """Public names of every folder, each with the sentence that opens its docstring."""
    folders = [
        f"driftglass.{module.name}"
        for module in pkgutil.iter_modules(driftglass.__path__)
        if module.ispkg and module.name != "cli" and not module.name.startswith("_")
    ]
    parts = ["# Python", NOTICE, "`help(name)` in Python shows parameters, shapes and errors."]
    for folder in ["driftglass", *sorted(folders)]:
        module = importlib.import_module(folder)
        parts += [f"## {folder}", "\n".join(_rows(module, module.__all__))]
    return "\n\n".join(parts) + "\n"


def _rows(module: object, names: list[str]) -> Iterator[str]:
    yield "| name | |"
    yield "|---|---|"
    for name in names:
        try:
            value = getattr(module, name)
        except MissingDependencyError:  # the page keeps what it said where the package was there
            yield from (row for row in _written() if row.startswith(f"| `{name}` |"))
            continue
        text = inspect.getdoc(value) if callable(value) else f"`{value!r}`"
        summary = (text or "").partition("\n\n")[0].replace("\n", " ").replace("|", "\\|")
        yield f"| `{name}` | {summary} |"


def _written() -> list[str]:
    return (REFERENCE / "python.md").read_text(encoding="utf-8").splitlines()


def keys_page() -> str:
    """What the keyboard and the pointer do on the page, as its own help says it."""
    groups: dict[str, list[str]] = {}
    for caps, does, group in ENTRY.findall(KEYMAP.read_text(encoding="utf-8")):
        groups.setdefault(group or "On the map", []).append(f"| `{caps}` | {does} |")
    parts = ["# Keys", NOTICE, "The viewer shows the same with `?`."]
    for group, rows in groups.items():
        parts += [f"## {group}", "\n".join(["| | |", "|---|---|", *rows])]
    return "\n\n".join(parts) + "\n"


PAGES = {"cli.md": cli_page, "keys.md": keys_page, "python.md": python_page}

if __name__ == "__main__":
    REFERENCE.mkdir(exist_ok=True)
    for name, page in PAGES.items():
        (REFERENCE / name).write_text(page(), encoding="utf-8")
        print(f"wrote docs/reference/{name}", file=sys.stderr)
