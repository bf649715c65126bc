"""Asking a running driftglass server, as the page does."""

from __future__ import annotations

import json
import time
from typing import Any
from urllib.error import HTTPError
from urllib.parse import parse_qs, quote, urlencode, urlsplit
from urllib.request import ProxyHandler, Request, build_opener

from .._progress import Progress, silent
from ..errors import StoreError

__all__ = ["Asking"]

POLL_SECONDS = 0.1
ANSWER_SECONDS = 60.0


class Asking:
    """A client of the server's JSON answers.

    Parameters
    ----------
    url : str
        Address of the page with its token, as `driftglass.server.start` returns it.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._base = f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"
        self._token = parse_qs(parts.query)["token"][0]
        # A proxy of the environment must not hear of a server on this machine.
        self._opener = build_opener(ProxyHandler({}))

    def ask(self, path: str, body: Any = None, /, **parameters: Any) -> Any:
        """Answer to GET, or to POST if there is a body; StoreError with the server's message."""
        query = f"?{urlencode(parameters)}" if parameters else ""
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = Request(f"{self._base}{path}{query}", data, headers)
        try:
            with self._opener.open(request, timeout=ANSWER_SECONDS) as response:
                return json.load(response)
        except HTTPError as error:
            with error:
                message = json.load(error)["error"]["message"]
            raise StoreError(f"The server refused {path}: {message}") from error

    def start_projection(self, run: str, wanted: dict[str, Any]) -> None:
        """Have a projection made or extended, without waiting for it."""
        self.ask(f"/api/runs/{quote(run)}/projection", wanted)

    def projection(
        self, run: str, wanted: dict[str, Any], *, progress: Progress = silent
    ) -> dict[str, Any]:
        """Description of an up-to-date projection, made now if need be."""
        path = f"/api/runs/{quote(run)}/projection"
        asked = 0
        while True:
            found: dict[str, Any] = self.ask(path, **wanted)
            if found["status"] == "ready":
                return found
            if found["status"] != "running" and found["reason"] and asked:
                raise StoreError(f"Projecting {wanted['space']!r} failed: {found['reason']}")
            if found["status"] != "running":
                self.start_projection(run, wanted)
                asked += 1
            done = len(found["steps"])
            progress(done, done + len(found["pending_steps"]), "projecting")
            time.sleep(POLL_SECONDS)
