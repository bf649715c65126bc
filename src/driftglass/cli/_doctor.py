"""``driftglass doctor``: what works here, and what to do about what does not."""

from __future__ import annotations

from pathlib import Path

import click

from ._checks import PROBLEM, WARNING, Finding, examine
from ._console import Console, command_options, examples
from ._places import StorePath, default_store
from ._serve import DEFAULT_PORT
from ._text import plain

__all__ = ["doctor"]

SIGNS = {"ok": ("ok", "green"), WARNING: ("warn", "yellow"), PROBLEM: ("FAIL", "red")}


@click.command(
    epilog=examples(
        "driftglass doctor",
        "driftglass doctor /data/runs --json",
    )
)
@click.argument("path", type=StorePath(), default=default_store)
@click.option("--port", type=int, default=DEFAULT_PORT, show_default=True, help="Port to try.")
@click.option("--browser/--no-browser", default=True, help="Start a browser to ask for WebGL 2.")
@command_options
def doctor(console: Console, path: Path, port: int, browser: bool) -> None:
    """Explain what does not work here.

    Looks at this machine and at the store in PATH, and says what to do about each fault. PATH
    is DRIFTGLASS_DIR or ./runs by default; it need not exist yet. Ends with exit code 1 if
    something does not work.
    """
    with console.bar() as bar:
        findings = examine(path, port=port, browser=browser, progress=bar)
    problems = sum(finding.level == PROBLEM for finding in findings)
    console.result(
        {"problems": problems, "findings": [finding.as_dict() for finding in findings]},
        [line for finding in findings for line in _lines(finding)],
    )
    if problems:
        raise click.exceptions.Exit(1)


def _lines(finding: Finding) -> list[str]:
    sign, colour = SIGNS[finding.level]
    lines = [f"{click.style(f'{sign:4}', fg=colour)}  {finding.name:14}{plain(finding.found)}"]
    if finding.remedy:
        lines.append(f"{'':20}-> {plain(finding.remedy)}")
    return lines
