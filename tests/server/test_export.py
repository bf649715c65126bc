"""A run as a page that carries its own answers."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re

import numpy as np
import pytest

import driftglass as dg
from driftglass.errors import InvalidInputError, NotFoundError, StoreError
from driftglass.server import _export as exporting
from driftglass.server._explaining import answer_explanation
from driftglass.server._library import Library
from driftglass.server._question import Question
from driftglass.server._wire import decode

MARKUP = "</script><script>alert(1)</script>"
COLUMN = 'a&b "<~*'


@pytest.fixture
def built(tmp_path, monkeypatch):
    """A viewer in two lines, so that these tests need no build."""
    folder = tmp_path / "built"
    folder.mkdir()
    (folder / "page.js").write_text('const end = "</script>";')
    (folder / "page.css").write_text("body{margin:0}")
    monkeypatch.setattr(exporting, "STATIC", folder)


@pytest.fixture
def run(tmp_path, built):
    rng = np.random.default_rng(0)
    n = 30
    store = dg.open(tmp_path / "secret-place" / "runs")
    with store.create(
        "small",
        ids=[f"{MARKUP}{row}" for row in range(n)],
        labels=[MARKUP, "b"] * (n // 2),
        metadata={COLUMN: np.arange(n) / 7, "note": [f"text {row}" * 50 for row in range(n)]},
        images=rng.random((n, 4, 4)),
        classes=["a", "b"],
    ) as made:
        for step in (0, 5, 9):
            made.log(step, {"hidden": rng.normal(size=(n, 4)), "out": rng.normal(size=(n, 2))})
            made.log(step, predictions=rng.random((n, 2)))
    return store.run("small")


def parts_of(path):
    text = path.read_text(encoding="utf-8")
    index = json.loads(re.search(r'id="driftglass-answers">(.*?)</script>', text, re.DOTALL)[1])
    data = re.search(r'id="driftglass-data">(.*?)</script>', text, re.DOTALL)
    return text, index, data[1] if data else ""


def answer(index, data, path):
    kind, packed, start, length = index["answers"][path]
    raw = base64.b64decode(data[start : start + length])
    raw = gzip.decompress(raw) if packed else raw
    return json.loads(raw) if kind == "json" else raw


def test_a_page_holds_the_answers_to_what_the_viewer_asks(run, tmp_path):
    report = dg.export(run, tmp_path / "map.html")
    _, index, data = parts_of(tmp_path / "map.html")
    described = answer(index, data, "/api/runs/small")
    map_2d = answer(
        index,
        data,
        "/api/runs/small/projection?method=auto&n_components=2&space=hidden",
    )
    frame = answer(index, data, f"/api/runs/small/frames?projection={map_2d['key']}&step=5")

    assert report.nbytes == (tmp_path / "map.html").stat().st_size
    assert (report.n_items, report.steps) == (30, (0, 5, 9))
    assert [space["name"] for space in described["spaces"]] == ["hidden", "out"]
    assert (map_2d["status"], map_2d["steps"]) == ("ready", [0, 5, 9])
    assert frame[:4] == b"DGW1"
    assert len(answer(index, data, "/api/runs/small/items?block=0")) == 30
    assert answer(index, data, "/api/runs")[0]["name"] == "small"
    assert answer(index, data, "/api/runs/small/sprites?page=0")[:4] == b"\x89PNG"


def test_questions_are_written_as_browsers_write_them(run, tmp_path):
    dg.export(run, tmp_path / "map.html")
    _, index, _ = parts_of(tmp_path / "map.html")

    assert "/api/runs/small/columns?name=a%26b+%22%3C%7E*" in index["answers"]


def test_markup_cannot_end_the_elements_it_stands_in(run, tmp_path):
    dg.export(run, tmp_path / "map.html")
    text, _, _ = parts_of(tmp_path / "map.html")

    assert text.count("<script") == 3
    assert text.count("</script>") == 3
    assert MARKUP not in text


def test_the_policy_allows_this_script_and_this_style_and_no_connection(run, tmp_path):
    dg.export(run, tmp_path / "map.html")
    text, _, _ = parts_of(tmp_path / "map.html")
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)[1]
    script = re.search(r'<script type="module">(.*?)</script>', text, re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()

    assert policy.startswith("default-src 'none'")
    assert f"'sha256-{digest}'" in policy
    assert "connect-src" not in policy
    assert "unsafe" not in policy


def test_what_is_left_out_is_said_and_is_not_there(run, tmp_path):
    report = dg.export(
        run,
        tmp_path / "map.html",
        spaces=["out"],
        steps=[9],
        columns=[],
        images=False,
        predictions=False,
    )
    _, index, data = parts_of(tmp_path / "map.html")
    described = answer(index, data, "/api/runs/small")

    assert report.left_out == (
        "the vectors themselves",
        "neighbours beyond the 10 nearest",
        "why items are where they are before the last step, or several at once",
        "1 space: 'hidden'",
        "2 steps of 3",
        f"3 metadata columns: 'label', {COLUMN!r}, 'note'",
        "images",
        "predictions",
    )
    assert "2 steps of 3" in described["notes"][-1]
    assert [one["step"] for one in described["spaces"][0]["snapshots"]] == [9]
    assert (described["columns"], described["images"]) == ([], None)
    assert not [path for path in index["answers"] if re.search("sprite|predict|column|text", path)]
    assert answer(index, data, "/api/runs/small/items?block=0")[0]["metadata"] == {}


def test_everybodys_neighbours_go_along(run, tmp_path):
    report = dg.export(run, tmp_path / "map.html", spaces=["hidden"], steps=[5], neighbors=4)
    _, index, data = parts_of(tmp_path / "map.html")
    frame = decode(answer(index, data, "/api/runs/small/nearest?space=hidden&step=5"))
    ids = np.array(answer(index, data, "/api/runs/small/ids")["ids"])
    snapshot = run.snapshot("hidden", 5)
    X = snapshot.vectors[[snapshot.ids.tolist().index(item) for item in ids]]
    D = np.linalg.norm(X[:, None] - X[None], axis=2)
    np.fill_diagonal(D, np.inf)
    expected = np.argsort(D, axis=1)[:, :4]

    np.testing.assert_array_equal(frame.arrays["rows"], expected)
    np.testing.assert_allclose(
        frame.arrays["distances"] / 65_535 * frame.meta["largest"],
        np.take_along_axis(D, expected, axis=1),
        atol=frame.meta["largest"] / 65_535,
    )
    assert frame.meta["method"] == "exact"
    assert "neighbours beyond the 4 nearest" in report.left_out


def test_why_items_are_where_they_are_goes_along(run, tmp_path):
    dg.export(run, tmp_path / "map.html", spaces=["hidden"])
    _, index, data = parts_of(tmp_path / "map.html")
    (path,) = [p for p in index["answers"] if re.search(r"explanations\?.*step=9", p)][:1]
    frame = decode(answer(index, data, path))
    ids = answer(index, data, "/api/runs/small/ids")["ids"]
    key = re.search("projection=([^&]+)", path)[1]
    way = {"projection": key, "step": 9}
    library = Library(dg.open(run.path))
    bits = base64.b64encode(np.packbits(np.arange(30) == 7, bitorder="little").tobytes()).decode()
    served = answer_explanation(library, Question({"run": "small"}, {**way, "bits": bits})).value
    library.close()
    n = len(served["axes"])
    listed = frame.arrays["features"][7].reshape(n, -1)
    values = frame.arrays["contributions"][7].reshape(n, -1)
    sums = frame.arrays["sums"][7].reshape(n, 4)

    assert len(ids) == 30
    for axis, told in enumerate(served["axes"]):
        assert listed[axis].tolist() == [one["index"] for one in told["features"]]
        np.testing.assert_allclose(
            values[axis], [one["contribution"] for one in told["features"]], rtol=1e-5
        )
        np.testing.assert_allclose(
            sums[axis],
            [told[name] for name in ("coordinate", "sum", "offset", "rest")],
            rtol=1e-4,
            atol=1e-5,
        )
    assert frame.meta["about"]["label"] == served["label"]


def test_neighbours_that_would_take_long_stay_behind(run, tmp_path, monkeypatch):
    monkeypatch.setattr("driftglass.server._carried_neighbors.MOST_SECONDS", -1)
    unasked = dg.export(run, tmp_path / "map.html", steps=[5])
    none = dg.export(run, tmp_path / "none.html", steps=[5], neighbors=0)

    assert any("neighbours, which would take" in one for one in unasked.left_out)
    assert "neighbours" in none.left_out
    assert "/nearest" not in (tmp_path / "map.html").read_text()
    with pytest.raises(InvalidInputError, match="0 to 100"):
        dg.export(run, tmp_path / "x.html", neighbors=101)


def test_no_path_of_the_machine_is_in_it(run, tmp_path):
    (run.path / "catalog.db").write_bytes(b"no catalog")
    read = dg.open(run.path).runs()[0]
    assert any("secret-place" in note for note in read.notes())
    dg.export(read, tmp_path / "map.html")
    text, index, data = parts_of(tmp_path / "map.html")
    everything = [text, *(str(answer(index, data, path)) for path in index["answers"])]

    assert not [one for one in everything if "secret-place" in one]


def test_a_folder_holds_the_same_answers_as_files(run, tmp_path):
    report = dg.export(run, tmp_path / "site", kind="folder")
    text = (tmp_path / "site" / "index.html").read_text()
    _, index, _ = parts_of(tmp_path / "site" / "index.html")
    kind, packed, number, length = index["answers"]["/api/runs/small"]
    raw = (tmp_path / "site" / "data" / f"{number}.bin").read_bytes()

    assert index["files"] == "./data"
    assert len(raw) == length
    assert json.loads(gzip.decompress(raw) if packed else raw)["name"] == "small"
    assert kind == "json"
    assert 'src="./page.js"' in text
    assert report.nbytes > length


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"spaces": ["hiden"]}, NotFoundError, "Did you mean 'hidden'"),
        ({"steps": [4]}, NotFoundError, "No step named '4'|No step named 4"),
        ({"columns": ["lable"]}, NotFoundError, "Did you mean 'label'"),
        ({"spaces": []}, InvalidInputError, "Nothing of run"),
        ({"kind": "pdf"}, NotFoundError, "No format named 'pdf'"),
    ],
)
def test_what_is_not_there_cannot_be_exported(run, tmp_path, arguments, error, message):
    with pytest.raises(error, match=message):
        dg.export(run, tmp_path / "map.html", **arguments)

    assert not (tmp_path / "map.html").exists()


def test_nothing_is_written_where_there_is_no_folder_or_no_room(run, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()

    with pytest.raises(InvalidInputError, match="no folder"):
        dg.export(run, tmp_path / "missing" / "map.html")
    with pytest.raises(InvalidInputError, match="not an empty folder"):
        dg.export(run, tmp_path / "full", kind="folder")
    with pytest.raises(StoreError, match="cannot be written"):
        dg.export(run, tmp_path / ("x" * 300 + ".html"))


def test_a_page_that_no_browser_would_open_is_refused(run, tmp_path, monkeypatch):
    monkeypatch.setattr(exporting, "MOST_BYTES", 1000)

    with pytest.raises(InvalidInputError, match="Choose fewer steps"):
        dg.export(run, tmp_path / "map.html")


def test_what_was_measured_goes_along_and_nothing_is_measured_for_it(run, tmp_path):
    from driftglass._measure import MeasureRequest, measure

    dg.export(run, tmp_path / "first.html", spaces=["hidden"])
    key = run.cache.keys()
    projection = next(
        name for name in key if run.cache.get(name).description["kind"] == "projection"
    )
    asked = {"kind": "errors", "space": "hidden", "projection": projection, "step": 5}
    kept = measure(run, MeasureRequest(**asked))
    tracks = measure(run, MeasureRequest("tracks", "hidden"))
    before = set(run.cache.keys())
    dg.export(run, tmp_path / "all.html", spaces=["hidden"])
    dg.export(run, tmp_path / "some.html", spaces=["hidden"], steps=[5])

    _, first, _ = parts_of(tmp_path / "first.html")
    _, index, _ = parts_of(tmp_path / "all.html")
    _, some, _ = parts_of(tmp_path / "some.html")
    base = "/api/runs/small"
    assert not [path for path in first["answers"] if "measure" in path]
    query = f"kind=errors&projection={projection}&space=hidden&step=5"
    assert f"{base}/measurement?{query}" in index["answers"]
    assert {f"{base}/measured?key={kept}", f"{base}/measured?key={tracks}"} <= set(index["answers"])
    # Tracks tell of steps that were left out.
    assert f"{base}/measured?key={kept}" in some["answers"]
    assert f"{base}/measured?key={tracks}" not in some["answers"]
    assert not [name for name in set(run.cache.keys()) - before if name.startswith("measured")]
