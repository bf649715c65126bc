"""A question as every carrier puts it, an address and a body, and its answer as bytes."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import parse_qsl, unquote

import msgspec

from ..errors import DriftglassError, InvalidInputError
from ._api import Request, find_request
from ._errors import status_of
from ._library import Library
from ._question import Answer, Content, Json, Question
from ._wire import Frame, dump_json, encode

__all__ = ["Reply", "ask", "body_parameters", "error_body", "packed", "query_parameters"]

logger = logging.getLogger("driftglass.server")

MAX_PARAMETERS = 32


@dataclass(frozen=True)
class Reply:
    """What goes back.

    Parameters
    ----------
    status : int
        HTTP's number; below 400 where all is well.
    kind : {"json", "bytes"}
        What the viewer reads it as.
    data : bytes
        The answer, or what went wrong as JSON.
    """

    status: int
    kind: Literal["json", "bytes"]
    data: bytes | bytearray


def ask(library: Library, method: str, address: str, body: bytes = b"") -> Reply:
    """Answer one question as the server would, without a socket.

    Parameters
    ----------
    library : Library
        What is shown.
    method : {"GET", "POST"}
        HTTP's word.
    address : str
        Path and query.
    body : bytes
        JSON object of a POST.

    Returns
    -------
    reply : Reply
        Never raises: what goes wrong is in the reply, in words meant to be shown.
    """
    try:
        path, _, query = address.partition("?")
        request, names = _requested(method, path)
        if isinstance(request, Reply):
            return request
        if request.policy == "write" and library.read_only:
            return _refusal(403, "read_only", "This viewer is read-only.")
        parameters = query_parameters(query)
        if method == "POST":
            parameters |= body_parameters(body)
        kind, data = packed(request.function(library, Question(names, parameters)))
        return Reply(200, kind, data)
    except DriftglassError as error:
        return _refusal(status_of(error), error.kind, str(error))
    except Exception:
        logger.exception("A question could not be answered: %s %s", method, address[:200])
        return _refusal(500, "internal", "This question met a fault of driftglass; see the log.")


def _requested(method: str, path: str) -> tuple[Request | Reply, dict[str, str]]:
    requests, names = find_request(path)
    if not requests or path == "/api/events":
        return _refusal(404, "not_found", "There is nothing at this address."), {}
    if method not in requests:
        return _refusal(405, "method", f"This is not asked with {method[:10]}."), {}
    return requests[method], {name: unquote(text) for name, text in names.items()}


def packed(answer: Answer) -> tuple[Literal["json", "bytes"], bytes | bytearray]:
    """An answer as bytes, and what the viewer reads them as."""
    if isinstance(answer, Json):
        return "json", dump_json(answer.value)
    if isinstance(answer, Frame):
        return "bytes", encode(answer)
    assert isinstance(answer, Content)
    return "bytes", answer.data


def query_parameters(query: str) -> dict[str, Any]:
    """Parameters of a query, each given once."""
    try:
        pairs = parse_qsl(
            query, keep_blank_values=True, max_num_fields=MAX_PARAMETERS, errors="strict"
        )
    except ValueError as error:
        raise InvalidInputError(f"The query cannot be read: {error}.") from error
    parameters: dict[str, Any] = dict(pairs)
    if len(parameters) != len(pairs):
        raise InvalidInputError("The query gives a parameter twice.")
    return parameters


def body_parameters(data: bytes) -> dict[str, Any]:
    """Members of a body, which is a JSON object or empty."""
    if not data:
        return {}
    try:
        value = msgspec.json.decode(data)
    except (msgspec.DecodeError, RecursionError) as error:
        raise InvalidInputError(f"The body is not JSON: {error}.") from error
    if not isinstance(value, dict):
        raise InvalidInputError(
            f"The body is a JSON {type(value).__name__}; an object is expected."
        )
    return value


def error_body(kind: str, message: str) -> bytes:
    """What went wrong, the way the viewer reads it."""
    return dump_json({"error": {"kind": kind, "message": message}})


def _refusal(status: int, kind: str, message: str) -> Reply:
    return Reply(status, "json", error_body(kind, message))
