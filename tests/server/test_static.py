import gzip

import pytest

from driftglass.server._app import is_open, make_app
from driftglass.server._library import Library
from driftglass.server._security import Rules
from driftglass.server._static import load_static

from .asgi import BEARER, HOST, TOKEN, ask


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "static"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><p>viewer</p>" * 20)
    (folder / "assets" / "app-1a2b.js").write_text("let a = 1;" * 100)
    (folder / "icon.png").write_bytes(b"\x89PNG")
    return folder


@pytest.fixture
def app(store, folder):
    library = Library(store)
    yield make_app(library, Rules(token=TOKEN, port=1, is_open=is_open), static=load_static(folder))
    library.close()


def get(app, path, *headers, method="GET"):
    return ask(app, method, path, [HOST, BEARER, *headers])


def test_the_viewer_is_served_from_memory(app, folder):
    expected = (folder / "index.html").read_bytes()
    (folder / "index.html").unlink()

    assert get(app, "/").body == expected
    assert get(app, "/index.html").body == expected
    assert get(app, "/").headers["content-type"] == "text/html; charset=utf-8"


def test_files_named_by_their_content_may_be_kept_for_ever_and_others_not(app):
    assert "immutable" in get(app, "/assets/app-1a2b.js").headers["cache-control"]
    assert get(app, "/").headers["cache-control"] == "no-cache"
    assert get(app, "/api/info").headers["cache-control"] == "no-store"


def test_text_is_compressed_for_those_who_take_it(app):
    plain = get(app, "/assets/app-1a2b.js")
    small = get(app, "/assets/app-1a2b.js", ("accept-encoding", "br, gzip"))

    assert "content-encoding" not in plain.headers
    assert small.headers["content-encoding"] == "gzip"
    assert gzip.decompress(small.body) == plain.body
    assert len(small.body) < len(plain.body)
    assert small.headers["vary"] == "Accept-Encoding"
    assert small.headers["content-type"].startswith("text/javascript")


def test_pictures_and_arrays_are_not_compressed(app):
    encoding = ("accept-encoding", "gzip")

    assert "content-encoding" not in get(app, "/icon.png", encoding).headers
    target = "/api/runs/run/columns?name=label"
    assert "content-encoding" not in get(app, target, encoding).headers


def test_a_file_can_only_be_read(app):
    assert get(app, "/index.html", method="POST").status == 405


def test_no_file_is_served_without_the_token(app):
    for path in ("/", "/index.html", "/assets/app-1a2b.js", "/icon.png"):
        assert ask(app, "GET", path, [HOST]).status == 401


def test_without_a_build_the_page_says_how_to_make_one(store, tmp_path):
    library = Library(store)
    rules = Rules(token=TOKEN, port=1, is_open=is_open)
    app = make_app(library, rules, static=load_static(tmp_path / "none"))

    page = get(app, "/")

    assert page.status == 200
    assert b"make viewer" in page.body
    assert b"style=" not in page.body
    assert b"<script" not in page.body
