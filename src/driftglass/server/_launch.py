"""Ports, browser and lifetime of a server."""

from __future__ import annotations

import atexit
import contextlib
import os
import socket
import sys
import threading
import webbrowser
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import store as stores
from .._arrays import is_reserved_text
from ..errors import InvalidInputError, NotFoundError, StoreError
from ..store import Store
from ._app import is_open, make_app
from ._http import HttpServer
from ._library import Library
from ._security import Rules, check_token, new_ticket, new_token
from ._served import Served, find_served, forget_served, remember_served
from ._serving import Serving
from ._sockets import is_loopback, open_sockets
from ._warming import read_ahead

__all__ = ["DEFAULT_PORT", "Serving", "serve", "start"]

DEFAULT_PORT = 7430
TOKEN_VARIABLE = "DRIFTGLASS_TOKEN"
START_SECONDS = 20.0


def start(
    path_or_store: str | os.PathLike[str] | Store,
    *,
    host: str = "127.0.0.1",
    port: int | None = None,
    token: str | None = None,
    open_browser: bool | None = False,
    allow_hosts: Iterable[str] = (),
    root_path: str = "",
    read_only: bool = False,
    search: Callable[[str], Any] | None = None,
    on_close: Callable[[], None] | None = None,
) -> Serving:
    """Serve a store in a background thread.

    Takes what `serve` takes, and `on_close`, which is called once it has ended. If this machine
    serves the same store already, the result points to that server and does not end it.

    Returns
    -------
    serving : Serving
        Its `url` opens the viewer; `close` ends it. It also ends with the process.
    """
    plan = _plan(path_or_store, host, port, token, allow_hosts, root_path, read_only, search)
    finish = on_close if on_close is not None else _nothing
    running = _running(plan)
    if running is not None:
        _open(running, open_browser)
        return Serving(running.url_with_token, running.port, _already(running), finish)
    sockets, bound = open_sockets(host, port if port is not None else DEFAULT_PORT)
    served = plan.served(bound)
    server = _server(plan, bound, lambda: _open(served, open_browser))
    thread = threading.Thread(
        target=server.run, args=(sockets,), name="driftglass-server", daemon=True
    )
    thread.start()
    if not server.answers.wait(START_SECONDS):
        raise StoreError(f"The server did not start within {START_SECONDS:.0f} s on port {bound}.")
    record = remember_served(served)

    def stop() -> None:
        forget_served(record)
        server.should_exit = True
        thread.join()
        finish()

    atexit.register(forget_served, record)
    return Serving(served.url_with_token, bound, _message(served, host), stop, plan.library)


def serve(
    path_or_store: str | os.PathLike[str] | Store,
    *,
    host: str = "127.0.0.1",
    port: int | None = None,
    token: str | None = None,
    open_browser: bool | None = None,
    allow_hosts: Iterable[str] = (),
    root_path: str = "",
    read_only: bool = False,
    search: Callable[[str], Any] | None = None,
) -> None:
    """Serve a store until Ctrl-C or SIGTERM.

    Prints the address, which holds a token. If this machine serves the same store already,
    its address is printed and opened instead.

    Parameters
    ----------
    path_or_store : str, path or Store
        Folder of runs, or an open store.
    host : str
        Address to listen on. The default, and "localhost", are reachable from this machine
        only; any other needs `token`.
    port : int, optional
        Port; the next free one if it is taken. 0 takes any. The default is 7430.
    token : str, optional
        At least 22 characters. By default the environment variable DRIFTGLASS_TOKEN, or else
        a random one.
    open_browser : bool, optional
        False never opens the viewer. Otherwise it opens where it can be seen: on a display, not
        over SSH, or with the program that the environment variable BROWSER names.
    allow_hosts : iterable of str
        Further host names by which browsers may address the server, as behind a proxy.
    root_path : str
        Prefix under which a reverse proxy shows it, for example "/driftglass".
    read_only : bool
        Show only what is there: no projections are computed or kept.
    search : callable, optional
        From what somebody typed to a vector of the space on screen, to ids with the best first,
        to (ids, scores), or to a mapping from id to score; the page then searches by meaning.

    Raises
    ------
    InvalidInputError
        Listening beyond this machine without a token; a token, host or prefix that cannot be.
    StoreError
        The address cannot be listened on.
    """
    plan = _plan(path_or_store, host, port, token, allow_hosts, root_path, read_only, search)
    running = _running(plan)
    if running is not None:
        print(_already(running), flush=True)
        _open(running, open_browser)
        return
    wanted = port if port is not None else DEFAULT_PORT
    sockets, bound = open_sockets(host, wanted)
    served = plan.served(bound)
    server = _server(plan, bound, lambda: _open(served, open_browser))
    record = remember_served(served)
    try:
        if wanted not in (bound, 0):
            print(f"Port {wanted} is taken; using {bound}.")
        print(f"{_message(served, host)}\nPress Ctrl-C to stop.", flush=True)
        server.run(sockets)
    finally:
        forget_served(record)


@dataclass(frozen=True)
class _Plan:
    """What was asked for, checked."""

    library: Library
    token: str
    host: str
    allow_hosts: frozenset[str]
    root_path: str

    @property
    def options(self) -> dict[str, Any]:
        """What another server must share to be as good."""
        return {"read_only": self.library.read_only, "root_path": self.root_path, "host": self.host}

    def served(self, port: int) -> Served:
        return Served(str(self.library.store.path), port, self.token, os.getpid(), self.options)


def _plan(
    path_or_store: str | os.PathLike[str] | Store,
    host: str,
    port: int | None,
    token: str | None,
    allow_hosts: Iterable[str],
    root_path: str,
    read_only: bool,
    search: Callable[[str], Any] | None,
) -> _Plan:
    if search is not None and not callable(search):
        raise InvalidInputError(f"search is {search!r:.60}; a function that takes text is needed.")
    if port is not None and not 0 <= port <= 65_535:
        raise InvalidInputError(f"The port is {port}; 0 to 65535 are possible.")
    if root_path and (not root_path.startswith("/") or is_reserved_text(root_path)):
        raise InvalidInputError(f"root_path is {root_path!r}; it must begin with '/'.")
    given = token if token is not None else os.environ.get(TOKEN_VARIABLE) or None
    if given is None and not is_loopback(host):
        raise InvalidInputError(
            f"Listening on {host} lets other machines in, so the token must be one you chose: set "
            f"{TOKEN_VARIABLE} to at least 22 random characters, for example with "
            f"export {TOKEN_VARIABLE}=$(openssl rand -hex 16). To reach this machine from yours, "
            f"ssh -L is safer and needs none of this."
        )
    names = frozenset(name.strip().lower() for name in allow_hosts)
    if not is_loopback(host) and host not in ("0.0.0.0", "::"):
        names |= {host.lower()}
    if isinstance(path_or_store, (str, os.PathLike)):
        if not Path(path_or_store).expanduser().is_dir():
            raise NotFoundError(
                f"There is no folder {str(path_or_store)!r} to serve. Check the path, or make a "
                f"store there first by logging a run."
            )
        store = stores.open(Path(path_or_store), read_only=read_only)
    else:
        store = path_or_store
    secret = check_token(given) if given is not None else new_token()
    library = Library(store, read_only=read_only, search=search)
    return _Plan(library, secret, host, names, root_path.rstrip("/"))


def _running(plan: _Plan) -> Served | None:
    # A function lives in this process, so no other server can have it.
    if plan.library.search is not None:
        return None
    return find_served(plan.library.store.path, plan.options)


def _server(plan: _Plan, port: int, when_ready: Callable[[], None]) -> HttpServer:
    rules = Rules(
        token=plan.token,
        port=port,
        is_open=is_open,
        allow_hosts=plan.allow_hosts,
        root_path=plan.root_path,
    )
    app = make_app(plan.library, rules)

    def ready() -> None:
        when_ready()
        read_ahead(plan.library)

    return HttpServer(app, when_ready=ready, when_leaving=plan.library.close)


def _nothing() -> None:
    return None


def _already(running: Served) -> str:
    return f"This store is being served already:\n\n    {running.url_with_token}\n"


def _message(served: Served, host: str) -> str:
    lines = [f"driftglass is serving {served.path}", "", f"    {served.url_with_token}", ""]
    if not is_loopback(host):
        lines.insert(
            0,
            f"Warning: listening on {host}, so every machine that can reach this one can try the "
            f"token, and nothing that is sent is encrypted.",
        )
    if _by_ssh():
        user = os.environ.get("USER", "you")
        lines += [
            "You are connected by SSH. On your own machine, run",
            "",
            f"    ssh -N -L {served.port}:127.0.0.1:{served.port} {user}@{socket.gethostname()}",
            "",
            "and open the address above there.",
        ]
    prefix = os.environ.get("JUPYTERHUB_SERVICE_PREFIX")
    if prefix:
        lines.append(
            f"Under JupyterHub, open {prefix}proxy/{served.port}/ and start with --root-path "
            f"{prefix}proxy/{served.port} and --allow-host and the name of the hub."
        )
    return "\n".join(lines)


def _by_ssh() -> bool:
    return bool(os.environ.get("SSH_CONNECTION") or os.environ.get("SSH_TTY"))


def _has_display() -> bool:
    if os.environ.get("BROWSER"):  # chosen on purpose; editors on remote machines set it too
        return True
    if sys.platform in ("win32", "darwin"):
        return not _by_ssh()
    # Without a display the default may be a text browser, which would take over the terminal.
    display = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    return bool(display) and not _by_ssh()


def _open(served: Served, wanted: bool | None) -> None:
    """Open the browser with a ticket: every user of a machine can read its command lines."""
    if wanted is not False and _has_display():
        with contextlib.suppress(webbrowser.Error, OSError):
            webbrowser.open(f"{served.url}?ticket={new_ticket(served.token)}")
