"""``driftglass serve``: the viewer on a folder of runs."""

from __future__ import annotations

import signal
import threading
from pathlib import Path
from typing import Any

import click

from .._settings import value_of
from ._console import Console, command_options, examples
from ._places import StorePath, default_store, open_store

__all__ = ["DEFAULT_PORT", "serve", "wait_for_end"]

# The server's own, repeated because importing the server for --help would import Starlette.
DEFAULT_PORT = 7430


@click.command(
    epilog=examples(
        "driftglass serve",
        "driftglass serve /data/runs --port 8000 --no-browser",
        "driftglass serve runs --read-only --json     one line with the address, for a script",
    )
)
@click.argument("path", type=StorePath(), default=default_store)
@click.option(
    "--host",
    default=lambda: value_of("host"),
    show_default="127.0.0.1",
    help="Address to listen on.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    default=lambda: value_of("port"),
    show_default=str(DEFAULT_PORT),
    help="Port, or the next free one; 0 takes any.",
)
@click.option(
    "--browser/--no-browser",
    default=lambda: value_of("browser"),
    show_default=True,
    help="Open the page.",
)
@click.option(
    "--allow-host", multiple=True, help="Further name by which browsers may address the server."
)
@click.option("--root-path", default="", help="Prefix under which a reverse proxy shows it.")
@click.option("--read-only", is_flag=True, help="Compute and keep nothing.")
@command_options
def serve(
    console: Console,
    path: Path,
    host: str,
    port: int,
    browser: bool,
    allow_host: tuple[str, ...],
    root_path: str,
    read_only: bool,
) -> None:
    """Show a store in the browser.

    PATH is a store or the folder of one run; DRIFTGLASS_DIR or ./runs by default. Runs that are
    still being logged grow on the page. The printed address holds a token: whoever has it can
    read the store. Only this machine can reach the server, unless --host says otherwise and
    DRIFTGLASS_TOKEN holds a token you chose.
    """
    from ..server import serve as serve_store
    from ..server import start

    store = open_store(path, read_only=read_only)
    options: dict[str, Any] = {
        "host": host,
        "port": port,
        "allow_hosts": allow_host,
        "root_path": root_path,
        "read_only": read_only,
    }
    if not console.as_json:
        serve_store(store, open_browser=browser, **options)
        return
    with start(store, open_browser=browser, **options) as serving:
        answer = {"url": serving.url, "port": serving.port, "path": str(path)}
        console.result(answer, [], one_line=True)
        wait_for_end()


def wait_for_end() -> None:
    """Return when the process is asked to end, by Ctrl-C or SIGTERM."""
    asked = threading.Event()
    former = {
        number: signal.signal(number, lambda *_: asked.set())
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        # Waiting without a limit would not let signals through on Windows.
        while not asked.wait(1.0):
            pass
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
