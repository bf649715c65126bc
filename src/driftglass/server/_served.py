"""Which stores this user's servers show, so that a second one is not started for the same store.

Each server leaves one file, readable by its user only, because it holds the token.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import secrets
import stat
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["Served", "find_served", "forget_served", "remember_served"]

PING_SECONDS = 1.0


@dataclass(frozen=True)
class Served:
    """One running server.

    Parameters
    ----------
    path : str
        Resolved path of the store.
    port : int
        Port on the loopback address.
    token : str
        What its address carries.
    pid : int
        Process that serves.
    options : mapping of str to JSON value
        How it serves; another call must want the same to be sent there.
    """

    path: str
    port: int
    token: str = field(repr=False)
    pid: int
    options: Mapping[str, Any]

    @property
    def url(self) -> str:
        """Address without the token."""
        return f"http://{self._host}:{self.port}{self.options.get('root_path', '')}/"

    @property
    def url_with_token(self) -> str:
        """Address that opens the viewer."""
        return f"{self.url}?token={self.token}"

    @property
    def _host(self) -> str:
        host = str(self.options.get("host", "127.0.0.1"))
        if host in ("0.0.0.0", "::", "localhost"):
            return "127.0.0.1"
        return f"[{host}]" if ":" in host else host


def remember_served(served: Served) -> Path | None:
    """Write down a server; None where this user has no private folder."""
    folder = _folder()
    if folder is None:
        return None
    record = folder / f"{served.port}-{secrets.token_hex(4)}.json"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Made with its final permissions: there is no moment in which others could read it.
        handle = os.open(record, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(handle, "w", encoding="utf-8") as stream:
            json.dump(asdict(served), stream)
    except OSError:
        return None
    return record


def forget_served(record: Path | None) -> None:
    """Remove what `remember_served` wrote."""
    if record is not None:
        with contextlib.suppress(OSError):
            record.unlink()


def find_served(path: Path, options: Mapping[str, Any]) -> Served | None:
    """Living server of this user that shows the same store in the same way."""
    folder = _folder()
    if folder is None or not folder.is_dir():
        return None
    for record in sorted(folder.glob("*.json")):
        served = _read(record)
        if served is None or served.path != str(path) or dict(served.options) != dict(options):
            continue
        if _answers(served):
            return served
        forget_served(record)
    return None


def _read(record: Path) -> Served | None:
    try:
        facts = record.lstat()
        if not stat.S_ISREG(facts.st_mode):
            return None
        # On Windows a profile's folder is private by its access list, which st_mode does not show.
        if os.name == "posix" and (facts.st_uid != os.getuid() or facts.st_mode & 0o077):
            return None
        return Served(**json.loads(record.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _answers(served: Served) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=PING_SECONDS)
    try:
        headers = {"Authorization": f"Bearer {served.token}"}
        connection.request("GET", "/api/info", headers=headers)
        response = connection.getresponse()
        return response.status == 200 and json.loads(response.read())["name"] == "driftglass"
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError):
        return False
    finally:
        connection.close()


def _folder() -> Path | None:
    if os.name == "nt":
        base = os.environ.get("LOCALAPPDATA")
        return Path(base) / "driftglass" / "servers" if base else None
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    if runtime and os.path.isdir(runtime):
        return Path(runtime) / "driftglass"
    state = os.environ.get("XDG_STATE_HOME")
    home = state or os.path.expanduser("~/.local/state")
    return Path(home) / "driftglass" / "servers" if os.path.isabs(home) else None
