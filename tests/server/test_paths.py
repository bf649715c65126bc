"""No value out of a request ever becomes a path."""

import ast
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import driftglass.server as server
from driftglass.server._static import load_static

from .asgi import BEARER, HOST, ask

SECRET = b"do-not-show-this"
ODD = [
    "..",
    "../secret.txt",
    "../../secret.txt",
    "....//secret.txt",
    "..\\secret.txt",
    "..%2fsecret.txt",
    "%2e%2e/secret.txt",
    "%2e%2e%2fsecret.txt",
    "..%5csecret.txt",
    "%252e%252e%252fsecret.txt",
    "run/../../secret.txt",
    "run%00.txt",
    "\x00",
    "C:\\Windows\\win.ini",
    "C:/secret.txt",
    "//host/share",
    "\\\\host\\share\\secret.txt",
    "%5c%5chost%5cshare",
    "file:///etc/passwd",
    "/etc/passwd",
    "~/secret.txt",
    "$HOME",
    "run;ls",
    "run|ls",
    "`ls`",
    "CON",
    "aux.txt",
    "run.",
    "run ",
    "RUN",
    "a" * 10_000,
    "%ff%fe",
    "ru\u0000n",
    "run\r\nX-Evil: 1",
    "\u202enur",
    "ｒｕｎ",
]
PLACES = [
    "/api/runs/{}",
    "/api/runs/{}/columns?name=label",
    "/api/runs/{}/sprites?page=0",
    "/api/jobs/{}",
    "/{}",
    "/assets/{}",
    "/api/runs/run/columns?name={}",
    "/api/runs/run/sprites?page={}",
    "/api/runs/run/frames?step=0&projection={}",
    "/api/runs/run/projection?space={}",
    "/api/runs/run/picture?step=0&projection={}&color={}",
    "/api/runs/run/predictions?step={}",
]


@pytest.fixture
def guarded(client, store):
    """A file beside, above and inside the store that no answer may ever contain."""
    for folder in (store.path.parent, store.path, store.path / "run"):
        (folder / "secret.txt").write_bytes(SECRET)
    return client


@pytest.mark.parametrize("place", PLACES)
def test_odd_names_find_nothing(guarded, place):
    for name in ODD:
        for spelling in (name, quote(name, safe="")):
            target = place.replace("{}", spelling)
            reply = ask(guarded.app, "GET", target, [HOST, BEARER])

            assert reply.status in (400, 404), (target[:100], reply.status)
            assert SECRET not in reply.body
            assert len(reply.body) < 2_000
            assert "x-evil" not in reply.headers


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(place=st.sampled_from(PLACES), name=st.text(min_size=1, max_size=40))
def test_no_name_brings_the_server_down(guarded, place, name):
    name = name.encode("utf-8", "replace").decode()
    reply = ask(guarded.app, "GET", place.replace("{}", quote(name, safe="")), [HOST, BEARER])

    assert reply.status in (200, 303, 400, 404)
    assert SECRET not in reply.body


# What touches files, the network or code, and the only files that may: _static reads the viewer
# at start, _served writes its own record and asks the loopback address, _reporter writes into the
# folder that the server made for its job, the others open stores.
DANGEROUS = {
    "read_bytes": {"_static.py"},
    "read_text": {"_served.py", "_export.py"},
    "open": {"_served.py", "_launch.py", "_worker.py", "_reporter.py"},
    "HTTPConnection": {"_served.py"},
    **dict.fromkeys(
        ["FileResponse", "StaticFiles", "eval", "exec", "pickle", "urlopen"], frozenset()
    ),
}


def test_no_other_code_touches_files_or_the_network():
    for source in Path(server.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            name = getattr(node, "id", None) or getattr(node, "attr", None)
            assert source.name in DANGEROUS.get(name, {source.name}), (source.name, name)


def test_links_in_the_folder_of_the_viewer_are_not_served(tmp_path):
    (tmp_path / "secret.txt").write_bytes(SECRET)
    folder = tmp_path / "static"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<p>viewer</p>")
    (folder / "assets" / "app-1a2b.js").write_text("let a = 1;" * 100)
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    (folder / "linked").symlink_to(tmp_path)

    files = load_static(folder)

    assert set(files) == {"/", "/index.html", "/assets/app-1a2b.js"}
    assert files["/"] is files["/index.html"]
