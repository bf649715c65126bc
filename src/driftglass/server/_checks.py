"""Single rules about a request, each of which passes or refuses it.

They look at the ASGI scope only; `_security` says in which order they are asked.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Awaitable, Callable, Collection, MutableMapping
from typing import Any

__all__ = [
    "MAX_BODY",
    "SAFE_METHODS",
    "App",
    "Message",
    "Receive",
    "Refused",
    "Scope",
    "Send",
    "check_body",
    "check_host",
    "check_site",
    "header_of",
    "headers_of",
]

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

MAX_BODY = 32 << 20
SAFE_METHODS = frozenset({"GET", "HEAD"})


class Refused(Exception):
    """The request ends here with an error."""

    def __init__(self, status: int, kind: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind


def check_host(scope: Scope, allow_hosts: Collection[str]) -> str:
    """Return the Host header, lower case, if it names this server."""
    values = headers_of(scope, b"host")
    if len(values) != 1:
        raise Refused(400, "host", f"The request has {len(values)} Host headers; it needs one.")
    host = values[0].lower()
    match = re.fullmatch(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::([0-9]{1,5}))?", host)
    if match is None or int(match[2] or 1) > 65_535:
        raise Refused(400, "host", f"The Host header {host[:80]!r} is not a host name.")
    name = match[1].strip("[]")
    if not (_is_loopback(name) or name in allow_hosts or _is_own_address(scope, name)):
        raise Refused(
            421,
            "host",
            f"This server is not {name[:80]!r}. Use the address it printed, or start it with "
            f"--allow-host {name[:80]} if that is a name you gave to this machine.",
        )
    return host


def _is_loopback(name: str) -> bool:
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _is_own_address(scope: Scope, name: str) -> bool:
    """Whether the browser named the very address that it reached.

    A page that rebinds its own name sends that name, so an address is safe to accept.
    """
    address = (scope.get("server") or ("",))[0]
    try:
        return ipaddress.ip_address(name) == ipaddress.ip_address(address)
    except ValueError:
        return False


def check_site(scope: Scope, host: str, *, unsafe: bool) -> None:
    """Refuse what a page of another origin makes the browser send."""
    site = header_of(scope, b"sec-fetch-site")
    if not unsafe:
        # A link from elsewhere may open the page; nothing else may be fetched from elsewhere.
        navigates = header_of(scope, b"sec-fetch-mode") == "navigate"
        if site in ("cross-site", "same-site") and not navigates:
            raise Refused(403, "origin", "Another site asked for this; only this page may.")
        return
    origin = header_of(scope, b"origin")
    if site is not None and site not in ("same-origin", "none"):
        raise Refused(403, "origin", "Another site asked for this; only this page may.")
    if origin is None:
        return
    # Compared as a whole: there is no parser that a strange origin could mislead.
    if origin.lower() not in (f"http://{host}", f"https://{host}"):
        raise Refused(
            403, "origin", f"The origin {origin[:80]!r} may not change anything; {host!r} may."
        )


def check_body(scope: Scope, method: str) -> None:
    """Refuse a body that is too long or not JSON."""
    length = header_of(scope, b"content-length")
    chunked = header_of(scope, b"transfer-encoding") is not None
    if length is not None and (not length.isdigit() or int(length) > MAX_BODY):
        raise Refused(413, "too_large", f"The body is longer than {MAX_BODY >> 20} MB.")
    if method in SAFE_METHODS or not (chunked or int(length or 0)):
        return
    media_type = (header_of(scope, b"content-type") or "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise Refused(
            415, "media_type", f"The body is {media_type[:60]!r}; application/json is expected."
        )


def headers_of(scope: Scope, name: bytes) -> list[str]:
    """Values of every header of this name."""
    return [value.decode("latin-1").strip() for key, value in scope["headers"] if key == name]


def header_of(scope: Scope, name: bytes) -> str | None:
    """Value of a header, several joined by commas; None where it is absent."""
    values = headers_of(scope, name)
    return ", ".join(values) if values else None
