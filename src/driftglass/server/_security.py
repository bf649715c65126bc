"""Who may talk to the server: one layer around everything, which refuses by default.

The threats and the reasons are in ``SECURITY.md``. The rules, in the order in which they are asked:
the Host header is on a list (no DNS rebinding), the request does not come from another site, the
path is open or the caller holds the token, a body is JSON and not too long.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs

from ..errors import InvalidInputError
from ._checks import (
    MAX_BODY,
    SAFE_METHODS,
    App,
    Message,
    Receive,
    Refused,
    Scope,
    Send,
    check_body,
    check_host,
    check_site,
    header_of,
    headers_of,
)

__all__ = ["SECURITY_HEADERS", "Rules", "SecurityLayer", "check_token", "new_ticket", "new_token"]

logger = logging.getLogger("driftglass.server")

BODY_SECONDS = 20.0
TICKET_SECONDS = 60
SHORTEST_TOKEN = 22
"""Characters of base64 that carry 128 bits."""
METHODS = SAFE_METHODS | {"POST"}

CONTENT_SECURITY_POLICY = "; ".join(
    [
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'self'",
    ]
)
SECURITY_HEADERS: tuple[tuple[bytes, bytes], ...] = (
    (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"x-frame-options", b"SAMEORIGIN"),
)


def new_token() -> str:
    """Random token of 256 bits."""
    return secrets.token_urlsafe(32)


def new_ticket(token: str, *, now: float | None = None) -> str:
    """Make what stands for the token once, within a minute: ``expiry.nonce.signature``.

    Whoever holds the token can make one, so a second process can open a browser at a server that
    runs already.
    """
    expiry = int((time.time() if now is None else now) + TICKET_SECONDS)
    message = f"{expiry}.{secrets.token_hex(8)}"
    return f"{message}.{_signature(token, message)}"


def _signature(token: str, message: str) -> str:
    return hmac.new(token.encode(), b"ticket " + message.encode(), "sha256").hexdigest()


def check_token(token: str) -> str:
    """Return `token` if it can protect something; InvalidInputError otherwise."""
    if len(token) < SHORTEST_TOKEN or not re.fullmatch(r"[A-Za-z0-9._~-]+", token):
        raise InvalidInputError(
            f"The token has {len(token)} characters; at least {SHORTEST_TOKEN} out of letters, "
            f"digits and . _ ~ - are needed (128 bits). Leave it out to get a random one."
        )
    return token


@dataclass(frozen=True)
class Rules:
    """What one server allows.

    Parameters
    ----------
    token : str
        Secret that the address printed in the terminal carries.
    port : int
        Port of the server; the cookie is named after it, because browsers share cookies
        between all ports of a host.
    allow_hosts : frozenset of str
        Further names by which the server may be addressed, lower case, without port.
    root_path : str
        Prefix under which a reverse proxy shows the server; "" without one.
    is_open : callable
        Tells for a method and a path whether it needs no token.
    session : str
        What the cookie holds: another secret, so that a leaked cookie is not the token.
    """

    token: str = field(repr=False)
    port: int
    is_open: Callable[[str, str], bool]
    allow_hosts: frozenset[str] = frozenset()
    root_path: str = ""
    session: str = field(default_factory=new_token, repr=False)

    @property
    def cookie_name(self) -> str:
        """Name of the session cookie."""
        return f"driftglass-{self.port}"


class SecurityLayer:
    """Outer ASGI application: checks a request, then lets `app` answer it.

    Parameters
    ----------
    app : ASGI application
        Sees only requests that passed.
    rules : Rules
        What to allow.
    """

    def __init__(self, app: App, rules: Rules) -> None:
        self.app = app
        self.rules = rules
        self._redeemed: dict[str, float] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, as ASGI asks."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, _with_headers(send))
        else:
            # There is no WebSocket in this server; whoever opens one is refused before `accept`,
            # for the reason that would count if there were.
            status = 403
            try:
                self._check(scope, "GET", websocket=True)
            except Refused as refused:
                status = refused.status
            await _refuse_socket(scope, receive, send, status)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def watching(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            method = scope["method"]
            scope = {**scope, "path": _without_root(scope["path"], self.rules.root_path)}
            if header_of(scope, b"upgrade") is not None:
                raise Refused(403, "forbidden", "This server does not speak WebSocket.")
            login = self._check(scope, method, websocket=False)
            if login:
                await _log_in(scope, self.rules, watching)
                return
            await self.app(scope, _limited(scope, receive), watching)
        except Refused as refused:
            if not started:
                await _answer_error(scope, send, refused.status, refused.kind, str(refused))
        except Exception:
            # Neither query (it may hold the token) nor headers (cookies) go into the log.
            logger.exception("%s %.200r failed", scope["method"], scope["path"])
            if started:
                raise
            message = "The server failed on this request; its log says why."
            await _answer_error(scope, send, 500, "internal", message)

    def _check(self, scope: Scope, method: str, *, websocket: bool) -> bool:
        """Raise `Refused`, or tell whether this is a login that needs a cookie."""
        host = check_host(scope, self.rules.allow_hosts)
        if method not in METHODS:
            raise Refused(405, "method", f"The method {method[:20]} is not used here.")
        check_site(scope, host, unsafe=websocket or method not in SAFE_METHODS)
        if not websocket:
            if self.rules.is_open(method, scope["path"]):
                return False
            if self._is_login(scope, method):
                return True
        if not self._is_authorised(scope):
            raise Refused(
                401,
                "unauthorised",
                "This page needs the token. Open the address that driftglass printed when it "
                "started; it ends in ?token=…",
            )
        check_body(scope, method)
        return False

    def _is_login(self, scope: Scope, method: str) -> bool:
        if method != "GET" or scope["path"] != "/":
            return False
        try:
            query = parse_qs(scope["query_string"].decode("latin-1"), max_num_fields=20)
        except ValueError:
            raise Refused(400, "invalid", "The address has too many parameters.") from None
        token, ticket = query.get("token", []), query.get("ticket", [])
        if not token and not ticket:
            return False
        if len(token) == 1 and _same(token[0], self.rules.token):
            return True
        if len(ticket) == 1 and self._redeem(ticket[0]):
            return True
        raise Refused(
            403,
            "forbidden",
            "This address is not valid, or not any more: a server makes a new token at every "
            "start. Open the address that it printed last.",
        )

    def _redeem(self, ticket: str) -> bool:
        message, _, signature = ticket.rpartition(".")
        expiry = message.partition(".")[0]
        now = time.time()
        good = _same(signature, _signature(self.rules.token, message)) and float(expiry) >= now
        if not good or ticket in self._redeemed:
            return False
        self._redeemed = {t: e for t, e in self._redeemed.items() if e >= now}
        self._redeemed[ticket] = float(expiry)
        return True

    def _is_authorised(self, scope: Scope) -> bool:
        scheme, _, bearer = (header_of(scope, b"authorization") or "").partition(" ")
        if scheme.lower() == "bearer" and _same(bearer.strip(), self.rules.token):
            return True
        for value in headers_of(scope, b"cookie"):
            try:
                cookie = SimpleCookie(value).get(self.rules.cookie_name)
            except CookieError:
                continue
            if cookie is not None and _same(cookie.value, self.rules.session):
                return True
        return False


def _limited(scope: Scope, receive: Receive) -> Receive:
    """Stop reading a body that is too long or too slow."""
    received = 0

    async def limited() -> Message:
        nonlocal received
        if scope["method"] in SAFE_METHODS:
            return await receive()
        try:
            message = await asyncio.wait_for(receive(), BODY_SECONDS)
        except TimeoutError:
            raise Refused(408, "timeout", "The body did not arrive in time.") from None
        received += len(message.get("body", b""))
        if received > MAX_BODY:
            raise Refused(413, "too_large", f"The body is longer than {MAX_BODY >> 20} MB.")
        return message

    return limited


async def _log_in(scope: Scope, rules: Rules, send: Send) -> None:
    """Turn the token of the address into a cookie and lead to the address without it."""
    home = f"{rules.root_path}/"
    secure = "; Secure" if scope.get("scheme") == "https" else ""
    cookie = f"{rules.cookie_name}={rules.session}; Path={home}; HttpOnly; SameSite=Strict{secure}"
    headers = [(b"set-cookie", cookie.encode()), (b"cache-control", b"no-store")]
    if header_of(scope, b"sec-fetch-site") == "cross-site":
        # After a click in another site the redirected request would still count as that site's
        # and lack the Strict cookie; a page of our own that moves on does not.
        body = b'<!doctype html><meta http-equiv="refresh" content="0;url=./">'
        await _send(send, 200, [*headers, (b"content-type", b"text/html; charset=utf-8")], body)
    else:
        await _send(send, 303, [*headers, (b"location", home.encode())], b"")


async def _answer_error(scope: Scope, send: Send, status: int, kind: str, message: str) -> None:
    headers = [(b"cache-control", b"no-store")]
    if status in (400, 408, 413):
        headers.append((b"connection", b"close"))
    if scope["path"].startswith("/api/") or b"text/html" not in _accepted(scope):
        body = json.dumps({"error": {"kind": kind, "message": message}}).encode()
        headers.append((b"content-type", b"application/json"))
    else:
        body = f"driftglass\n\n{message}\n".encode()
        headers.append((b"content-type", b"text/plain; charset=utf-8"))
    await _send(send, status, headers, b"" if scope["method"] == "HEAD" else body)


async def _refuse_socket(scope: Scope, receive: Receive, send: Send, status: int) -> None:
    await receive()  # websocket.connect
    if "websocket.http.response" in scope.get("extensions", {}):
        await send(
            {
                "type": "websocket.http.response.start",
                "status": status,
                "headers": list(SECURITY_HEADERS),
            }
        )
        await send({"type": "websocket.http.response.body", "body": b""})
    else:
        await send({"type": "websocket.close", "code": 1008})


async def _send(send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    headers = [*headers, (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            names = {name for name, _ in SECURITY_HEADERS}
            own = [pair for pair in message.get("headers", []) if pair[0].lower() not in names]
            message = {**message, "headers": [*own, *SECURITY_HEADERS]}
        await send(message)

    return sending


def _without_root(path: str, root_path: str) -> str:
    """Path without the proxy's prefix, whether or not the proxy has removed it."""
    if root_path and (path == root_path or path.startswith(root_path + "/")):
        return path[len(root_path) :] or "/"
    return path


def _accepted(scope: Scope) -> bytes:
    return (header_of(scope, b"accept") or "").encode("latin-1", "replace")


def _same(given: str, secret: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), secret.encode())
