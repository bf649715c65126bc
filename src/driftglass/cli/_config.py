"""``driftglass config`` and ``driftglass completion``: settings, and what a shell may offer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from ._console import Console, command_options, examples
from ._text import plain

__all__ = ["completion", "config"]


@click.command(
    epilog=examples(
        "driftglass config --origin",
        "driftglass config port",
        "DRIFTGLASS_PORT=8000 driftglass config port --origin",
    )
)
@click.argument("name", required=False)
@click.option("--origin", is_flag=True, help="Say where each value came from.")
@command_options
def config(console: Console, name: str | None, origin: bool) -> None:
    """Print the settings.

    An option of a command comes first, then the environment, then the nearest driftglass.toml or
    the table tool.driftglass of a pyproject.toml, then config.toml in the user's folder for
    settings, then the default.
    """
    from .._settings import SETTINGS, find_setting, user_file

    chosen = [setting for setting in SETTINGS if name in (None, setting.name)]
    if not chosen and name is not None:
        find_setting(name)  # says which there are
    answer: dict[str, Any] = {}
    for setting in chosen:
        found = find_setting(setting.name)
        answer[setting.name] = {
            "value": found.value,
            "origin": found.origin,
            "place": found.place,
            "variable": setting.variable,
            "about": setting.about,
        }
    console.detail(f"The user's settings: {user_file()}")
    console.result(answer, _lines(answer, origin, alone=name is not None))


def _lines(answer: dict[str, Any], origin: bool, *, alone: bool) -> Iterator[str]:
    for name, found in answer.items():
        text = str(found["value"]) if not isinstance(found["value"], bool) else (
            "true" if found["value"] else "false"
        )  # fmt: skip
        place = f" ({plain(found['place'])})" if found["place"] else ""
        said = f"  {found['origin']}{place}" if origin else ""
        yield f"{plain(text)}{said}" if alone else f"{name:10}{plain(text):28}{said}".rstrip()


@click.command(
    epilog=examples(
        'eval "$(driftglass completion bash)"      in ~/.bashrc',
        "driftglass completion fish > ~/.config/fish/completions/driftglass.fish",
    )
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@command_options
def completion(console: Console, shell: str) -> None:
    """Print what makes a shell complete commands, options and names of runs.

    SHELL is bash, zsh or fish.
    """
    from click.shell_completion import get_completion_class

    from ._main import cli

    kind = get_completion_class(shell)
    assert kind is not None
    script = kind(cli, {}, "driftglass", "_DRIFTGLASS_COMPLETE").source()
    console.result({"shell": shell, "script": script}, [script])
