import logging

import pytest

from driftglass.errors import InvalidInputError
from driftglass.server import _security
from driftglass.server._security import (
    SECURITY_HEADERS,
    Rules,
    SecurityLayer,
    check_token,
    new_ticket,
    new_token,
)

from .asgi import BEARER, HOST, TOKEN, ask, open_socket

JSON = ("content-type", "application/json")


async def hello(scope, receive, send):
    """The application inside: reads the body and says hello, or fails on request."""
    if scope["path"] == "/fail":
        raise RuntimeError("secret detail")
    more = scope["method"] == "POST"
    while more:
        more = (await receive()).get("more_body", False)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"hello"})


@pytest.fixture
def rules():
    return Rules(
        token=TOKEN,
        port=7430,
        is_open=lambda method, path: (method, path) == ("GET", "/healthz"),
        allow_hosts=frozenset({"lab.example"}),
    )


@pytest.fixture
def app(rules):
    return SecurityLayer(hello, rules)


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "localhost:7430",
        "LOCALHOST:1",
        "127.0.0.1",
        "127.0.0.1:9999",
        "127.8.8.8:80",
        "[::1]",
        "[::1]:7430",
        "lab.example",
        "Lab.Example:443",
    ],
)
def test_own_names_are_answered(app, host):
    assert ask(app, "GET", "/", [("host", host), BEARER]).status == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "localhost.evil.example",
        "localhost.",
        "127.0.0.1.nip.io",
        "127.0.0.1.evil.example:7430",
        "lab.example.evil.example",
        "xlab.example",
        "2130706433",
        "0x7f.1",
        "0.0.0.0:7430",
        "[::]:7430",
        "[::ffff:8.8.8.8]",
        "192.168.1.7",
        "a/?x=",
        "evil.example/?x=127.0.0.1",
        "127.0.0.1@evil.example",
        "evil.example#127.0.0.1",
        "127.0.0.1:7430:80",
        "127.0.0.1:99999",
        "127.0.0.1:",
        "[::1",
        "::1",
        "",
        "   ",
        "local host",
        "löcalhost",
        "a" * 10_000,
    ],
)
def test_other_hosts_are_refused_even_with_the_token(app, host):
    reply = ask(app, "GET", "/api/info", [("host", host), BEARER])

    assert reply.status in (400, 421)
    assert reply.kind == "host"


@pytest.mark.parametrize("hosts", [[], [HOST, HOST], [HOST, ("host", "evil.example")]])
def test_exactly_one_host_header_is_needed(app, hosts):
    assert ask(app, "GET", "/api/info", [*hosts, BEARER]).status == 400


def test_a_foreign_host_does_not_even_see_the_open_path(app):
    assert ask(app, "GET", "/healthz", [("host", "evil.example")]).status == 421
    assert ask(app, "GET", "/healthz").status == 200


def test_the_address_that_was_really_reached_is_a_good_host(rules):
    async def elsewhere(scope, receive, send):
        await SecurityLayer(hello, rules)({**scope, "server": ("10.1.2.3", 80)}, receive, send)

    assert ask(elsewhere, "GET", "/", [("host", "10.1.2.3:80"), BEARER]).status == 200
    assert ask(elsewhere, "GET", "/", [("host", "10.1.2.4:80"), BEARER]).status == 421


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("authorization", "Bearer")],
        [("authorization", f"Bearer {TOKEN}x")],
        [("authorization", f"Bearer {TOKEN[:-1]}")],
        [("authorization", f"Basic {TOKEN}")],
        [("authorization", TOKEN)],
        [("cookie", f"driftglass-7430={TOKEN}")],
        [("cookie", "driftglass-7430=")],
        [("cookie", "a\x7f=;;;=")],
    ],
)
def test_without_the_token_everything_is_refused(app, headers):
    reply = ask(app, "GET", "/api/anything", [HOST, *headers])

    assert reply.status == 401
    assert reply.kind == "unauthorised"


def test_the_token_in_the_address_of_a_request_opens_nothing(app):
    assert ask(app, "GET", f"/api/runs?token={TOKEN}").status == 401


def test_the_token_becomes_a_cookie_and_leaves_the_address(app, rules):
    reply = ask(app, "GET", f"/?token={TOKEN}")

    cookie = reply.headers["set-cookie"]
    assert reply.status == 303
    assert reply.headers["location"] == "/"
    assert cookie.startswith("driftglass-7430=")
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(cookie.split("; "))
    assert TOKEN not in cookie
    assert ask(app, "GET", "/api/info", [HOST, ("cookie", cookie.split(";")[0])]).status == 200


def test_a_link_in_another_site_gets_a_page_that_moves_on(app):
    """A redirect would still count as that site's request and not carry the Strict cookie."""
    headers = [HOST, ("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")]
    reply = ask(app, "GET", f"/?token={TOKEN}", headers)

    assert reply.status == 200
    assert b'url=./"' in reply.body
    assert TOKEN.encode() not in reply.body
    assert "set-cookie" in reply.headers


@pytest.mark.parametrize(
    "query", ["token=", "token=wrong", f"token={TOKEN}x", f"token=a&token={TOKEN}", "ticket=1.2.3"]
)
def test_a_wrong_token_in_the_address_is_refused(app, query):
    reply = ask(app, "GET", f"/?{query}")

    assert reply.status in (401, 403)
    assert "set-cookie" not in reply.headers


def test_a_ticket_opens_once(app):
    ticket = new_ticket(TOKEN)

    assert ask(app, "GET", f"/?ticket={ticket}").status == 303
    assert ask(app, "GET", f"/?ticket={ticket}").status == 403


@pytest.mark.parametrize(
    "ticket",
    [
        new_ticket(TOKEN, now=0),
        new_ticket("another-token-0123456789"),
        "9999999999." + new_ticket(TOKEN).partition(".")[2],
        "nan.x." + "0" * 64,
        "." * 5,
        "é",
    ],
    ids=["old", "another token", "later", "not a time", "dots", "not ascii"],
)
def test_a_ticket_that_is_old_or_forged_opens_nothing(app, ticket):
    from urllib.parse import quote

    assert ask(app, "GET", f"/?ticket={quote(ticket)}").status == 403


def test_the_cookie_of_another_port_opens_nothing(app, rules):
    cookie = ("cookie", f"driftglass-7431={rules.session}")

    assert ask(app, "GET", "/api/info", [HOST, cookie]).status == 401


ORIGIN_TABLE = [
    # (Sec-Fetch-Site, Origin, may a POST pass?)
    (None, None, True),
    ("same-origin", None, True),
    ("same-origin", "http://127.0.0.1:7430", True),
    ("none", None, True),
    (None, "http://127.0.0.1:7430", True),
    (None, "HTTP://127.0.0.1:7430", True),
    ("same-site", None, False),
    ("cross-site", None, False),
    ("cross-site", "http://127.0.0.1:7430", False),
    ("", None, False),
    ("same-origin, cross-site", None, False),
    ("same-origin", "http://evil.example", False),
    (None, "null", False),
    ("same-origin", "null", False),
    (None, "", False),
    (None, "http://127.0.0.1:7431", False),
    (None, "http://127.0.0.1", False),
    (None, "http://localhost:7430", False),
    (None, "http://127.0.0.1:7430.evil.example", False),
    (None, "http://127.0.0.1:7430@evil.example", False),
    (None, "http://evil.example/127.0.0.1:7430", False),
    (None, "file://127.0.0.1:7430", False),
    (None, "http://[::1", False),
]


@pytest.mark.parametrize(("site", "origin", "passes"), ORIGIN_TABLE)
def test_only_the_page_itself_may_change_something(app, site, origin, passes):
    headers = [HOST, BEARER, JSON]
    headers += [("sec-fetch-site", site)] if site is not None else []
    headers += [("origin", origin)] if origin is not None else []

    reply = ask(app, "POST", "/api/runs/x/projection", headers, b"{}")

    assert reply.status == (200 if passes else 403)


@pytest.mark.parametrize(
    ("site", "mode", "passes"),
    [
        (None, None, True),
        ("same-origin", "cors", True),
        ("none", "navigate", True),
        ("cross-site", "navigate", True),
        ("cross-site", "no-cors", False),
        ("same-site", "no-cors", False),
        ("same-site", "cors", False),
    ],
)
def test_another_site_may_lead_here_but_not_fetch_from_here(app, site, mode, passes):
    headers = [HOST, BEARER]
    headers += [("sec-fetch-site", site), ("sec-fetch-mode", mode)] if site else []

    assert ask(app, "GET", "/api/info", headers).status == (200 if passes else 403)


@pytest.mark.parametrize(
    ("media_type", "passes"),
    [
        ("application/json", True),
        ("application/json; charset=utf-8", True),
        ("Application/JSON", True),
        ("text/plain", False),
        ("text/plain; application/json", False),
        ("application/x-www-form-urlencoded", False),
        ("multipart/form-data; boundary=x", False),
        ("application/jsonp", False),
        ("", False),
        (None, False),
    ],
)
def test_a_body_must_say_that_it_is_json(app, media_type, passes):
    headers = [HOST, BEARER, ("content-length", "2")]
    headers += [("content-type", media_type)] if media_type is not None else []

    reply = ask(app, "POST", "/api/x", headers, b"{}")

    assert reply.status == (200 if passes else 415)


def test_a_chunked_body_must_say_that_it_is_json_too(app):
    assert ask(app, "POST", "/x", [HOST, BEARER, ("transfer-encoding", "chunked")]).status == 415


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "X"])
def test_other_methods_are_not_used(app, method):
    assert ask(app, method, "/api/info", [HOST, BEARER]).status == 405


@pytest.mark.parametrize("length", [str((32 << 20) + 1), "-1", "x", "1e3"])
def test_a_body_that_says_it_is_too_long_is_refused_before_it_comes(app, length):
    headers = [HOST, BEARER, JSON, ("content-length", length)]

    assert ask(app, "POST", "/x", headers, pieces=[]).status == 413


def test_a_body_that_grows_too_long_is_cut_off(app):
    headers = [HOST, BEARER, JSON, ("transfer-encoding", "chunked")]

    reply = ask(app, "POST", "/x", headers, pieces=[b"x" * (1 << 20)] * 40)

    assert reply.status == 413


def test_a_body_that_does_not_come_is_not_waited_for(app, monkeypatch):
    monkeypatch.setattr(_security, "BODY_SECONDS", 0.05)

    reply = ask(app, "POST", "/x", [HOST, BEARER, JSON, ("content-length", "9")], pieces=[])

    assert reply.status == 408


@pytest.mark.parametrize(
    ("method", "target", "headers"),
    [
        ("GET", "/healthz", [HOST]),
        ("GET", "/", [HOST, BEARER]),
        ("GET", "/api/info", [HOST]),
        ("GET", "/api/info", [("host", "evil.example")]),
        ("GET", "/api/info", []),
        ("POST", "/x", [HOST, BEARER, ("origin", "null")]),
        ("DELETE", "/x", [HOST, BEARER]),
        ("GET", f"/?token={TOKEN}", [HOST]),
        ("GET", "/?token=no", [HOST]),
        ("GET", "/fail", [HOST, BEARER]),
        ("GET", "/x", [HOST, BEARER, ("upgrade", "websocket"), ("connection", "upgrade")]),
    ],
)
def test_every_answer_carries_the_headers_and_none_of_cors(app, method, target, headers):
    reply = ask(app, method, target, [*headers, ("accept", "text/html")])

    for name, value in SECURITY_HEADERS:
        assert [v for n, v in reply.raw_headers if n == name] == [value]
    assert not [name for name in reply.headers if name.startswith("access-control")]


def test_the_policy_allows_neither_inline_nor_foreign_code():
    policy = dict(SECURITY_HEADERS)[b"content-security-policy"].decode()

    directives = dict(part.split(" ", 1) for part in policy.split("; "))
    assert directives["default-src"] == directives["script-src"] == "'self'"
    assert directives["object-src"] == directives["base-uri"] == "'none'"
    assert directives["frame-ancestors"] == "'self'"
    assert "unsafe" not in policy
    assert "http" not in policy


def test_a_fault_says_nothing_to_the_caller_and_no_secret_to_the_log(app, rules, caplog):
    cookie = f"driftglass-7430={rules.session}"
    with caplog.at_level(logging.ERROR, logger="driftglass.server"):
        reply = ask(app, "GET", "/fail?token=in-the-query", [HOST, BEARER, ("cookie", cookie)])

    assert reply.status == 500
    assert reply.kind == "internal"
    assert b"secret detail" not in reply.body
    assert "secret detail" in caplog.text
    for secret in (TOKEN, rules.session, "in-the-query"):
        assert secret not in caplog.text


def test_neither_secret_shows_in_the_repr_of_the_rules(rules):
    assert TOKEN not in repr(rules)
    assert rules.session not in repr(rules)


@pytest.mark.parametrize(
    "headers",
    [
        [HOST, BEARER],
        [HOST, BEARER, ("origin", "http://127.0.0.1:7430")],
        [HOST, BEARER, ("origin", "http://evil.example")],
        [HOST],
        [("host", "evil.example"), BEARER],
    ],
)
def test_a_websocket_is_refused_before_it_is_accepted(app, headers):
    plain = open_socket(app, "/api/events", headers)
    spoken = open_socket(app, "/api/events", headers, {"websocket.http.response": {}})

    assert [message["type"] for message in plain] == ["websocket.close"]
    assert spoken[0]["status"] in (401, 403, 421)


def test_a_websocket_from_another_origin_gets_403(app):
    headers = [HOST, BEARER, ("origin", "http://evil.example")]

    (start, _) = open_socket(app, "/api/events", headers, {"websocket.http.response": {}})

    assert start["status"] == 403


def test_a_prefix_of_a_proxy_changes_no_rule():
    rules = Rules(
        token=TOKEN, port=7430, is_open=lambda _, path: path == "/healthz", root_path="/glass"
    )
    app = SecurityLayer(hello, rules)

    assert ask(app, "GET", "/glass/healthz").status == 200
    assert ask(app, "GET", "/healthz").status == 200
    assert ask(app, "GET", "/glass/api/info").status == 401
    assert ask(app, "GET", "/glassy/healthz").status == 401
    assert ask(app, "GET", f"/glass/?token={TOKEN}").headers["location"] == "/glass/"


@pytest.mark.parametrize("token", ["", "short", "a" * 21, "a b" * 10, "ü" * 30, "a\n" * 20])
def test_a_weak_token_is_refused_with_the_reason(token):
    with pytest.raises(InvalidInputError, match="128 bits"):
        check_token(token)


def test_tokens_are_random_and_long():
    tokens = {new_token() for _ in range(100)}

    assert len(tokens) == 100
    assert min(map(len, tokens)) >= 43
    assert check_token(tokens.pop())
