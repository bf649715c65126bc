"""HTTP in, answer out: Starlette carrying the table of requests and the viewer's files."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import anyio
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.routing import Route, Router

from ..errors import DriftglassError
from ._api import REQUESTS, Request, find_request
from ._asking import body_parameters, error_body, packed, query_parameters
from ._errors import TooBusyError, status_of
from ._library import Library
from ._question import Content, Events, Question
from ._security import Rules, SecurityLayer
from ._static import StaticFile, load_static
from ._stream import EventStreamResponse

__all__ = ["is_open", "make_app"]

ANSWER_SECONDS = 120.0
THREADS = 8


def make_app(
    library: Library, rules: Rules, *, static: Mapping[str, StaticFile] | None = None
) -> SecurityLayer:
    """Build the whole server as one ASGI application.

    Parameters
    ----------
    library : Library
        What to show.
    rules : Rules
        Who may see it.
    static : mapping of str to StaticFile, optional
        Files of the viewer by path; the built ones by default.
    """
    threads = anyio.CapacityLimiter(THREADS)
    routes = [
        Route(
            request.path,
            functools.partial(_answer, library, request, threads),
            methods=[request.method],
        )
        for request in REQUESTS
    ]
    files = load_static() if static is None else static
    router = Router(routes, redirect_slashes=False, default=_Files(files))
    return SecurityLayer(router, rules)


def is_open(method: str, path: str) -> bool:
    """Tell whether a request needs no token; what is not in the table does."""
    requests, _ = find_request(path)
    request = requests.get("GET" if method == "HEAD" else method)
    return request is not None and request.policy == "open"


async def _answer(
    library: Library, request: Request, threads: anyio.CapacityLimiter, http: HttpRequest
) -> Response:
    try:
        if request.policy == "write" and library.read_only:
            return error_response(403, "read_only", "This server is read-only.")
        question = Question(http.path_params, await _parameters(http))
        return await _in_thread(library, request, question, threads)
    except DriftglassError as error:
        return error_response(status_of(error), error.kind, str(error))


async def _in_thread(
    library: Library, request: Request, question: Question, threads: anyio.CapacityLimiter
) -> Response:
    work = functools.partial(_respond, library, request, question)
    try:
        with anyio.fail_after(ANSWER_SECONDS):
            return await anyio.to_thread.run_sync(work, limiter=threads, abandon_on_cancel=True)
    except TimeoutError:
        raise TooBusyError(
            f"This took longer than {ANSWER_SECONDS:.0f} s and was given up. Ask for fewer rows, "
            f"or try again when the machine is less busy."
        ) from None


def _respond(library: Library, request: Request, question: Question) -> Response:
    answer = request.function(library, question)
    if isinstance(answer, Events):
        return EventStreamResponse(answer)
    headers = {"Cache-Control": "no-store"}
    kind, data = packed(answer)
    media_type = "application/json" if kind == "json" else "application/octet-stream"
    if isinstance(answer, Content):
        media_type = answer.media_type
    return Response(memoryview(data), headers=headers, media_type=media_type)


async def _parameters(http: HttpRequest) -> dict[str, Any]:
    parameters = query_parameters(http.scope["query_string"].decode("latin-1"))
    if http.method == "POST":
        parameters |= body_parameters(await http.body())
    return parameters


def error_response(status: int, kind: str, message: str) -> Response:
    """Say what went wrong the way the viewer reads it."""
    headers = {"Cache-Control": "no-store"}
    return Response(
        error_body(kind, message), status, headers=headers, media_type="application/json"
    )


class _Files:
    """The viewer's files, and the answer to every path that is neither they nor in the table."""

    def __init__(self, files: Mapping[str, StaticFile]) -> None:
        self.files = files

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        file = self.files.get(scope["path"])
        if scope["type"] != "http":
            return
        if file is None or scope["path"].startswith("/api/"):
            response = error_response(404, "not_found", "There is nothing at this address.")
        elif scope["method"] not in ("GET", "HEAD"):
            response = error_response(405, "method", "A file can only be read.")
        else:
            response = _file_response(file, HttpRequest(scope))
        await response(scope, receive, send)


def _file_response(file: StaticFile, http: HttpRequest) -> Response:
    headers = {
        "Cache-Control": "private, max-age=31536000, immutable" if file.immutable else "no-cache",
        "Vary": "Accept-Encoding",
    }
    body = file.body
    if file.compressed is not None and "gzip" in http.headers.get("accept-encoding", ""):
        body = file.compressed
        headers["Content-Encoding"] = "gzip"
    return Response(body, headers=headers, media_type=file.media_type)
