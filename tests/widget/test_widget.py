from __future__ import annotations

import gc
import json
import weakref

import numpy as np
import pytest

import driftglass as dg
from driftglass.errors import InvalidInputError, NotFoundError

pytest.importorskip("anywidget")

from driftglass.widget import Widget, link
from driftglass.widget import _widget as module

N = 40


@pytest.fixture(autouse=True)
def script(monkeypatch):
    """These tests look at Python's side; the script is tested in a browser."""
    monkeypatch.setattr(module, "_script", lambda: "export default {}")


@pytest.fixture
def run(tmp_path):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(N, 5)).astype(np.float32)
    ids = [f"item-{row}" for row in range(N)]
    store = dg.open(tmp_path / "runs")
    with store.create("<b>run</b>".replace("<", "").replace(">", "").replace("/", ""), ids=ids,
                      labels=["cat", "dog"] * (N // 2), strict=True) as run:  # fmt: skip
        for step in range(3):
            run.log(step, {"hidden": X + step, "logits": X[:, :2]})
    return store.run(run.name)


@pytest.fixture
def widget(run):
    widget = dg.Widget(run)
    widget.told = []
    widget.send = lambda message, buffers=None: widget.told.append(message)
    yield widget
    widget.close()


def from_page(widget, **message):
    widget._handle_custom_msg({"client": "page", **message}, message.pop("buffers", []))


def test_a_selection_on_the_page_is_read_and_observed_by_id(widget, run):
    seen = []
    widget.observe(lambda change: seen.append(change.new.tolist()), "selection")
    body = json.dumps({"ids": ["item-7", "item-2"]}).encode()

    widget._handle_custom_msg(
        {
            "client": "page",
            "type": "ask",
            "id": 1,
            "method": "POST",
            "address": f"/api/runs/{run.name}/selected",
            "part": 0,
            "parts": 1,
        },
        [body],
    )

    assert sorted(widget.selection) == ["item-2", "item-7"]
    assert [sorted(ids) for ids in seen] == [["item-2", "item-7"]]


def test_a_selection_set_in_python_is_told_to_pages(widget, run):
    widget.selection = ["item-3"]

    assert widget.selection.tolist() == ["item-3"]
    assert widget._library.chosen.asked(run.name).tolist() == ["item-3"]
    widget.selection = []
    assert len(widget.selection) == 0


def test_a_page_that_opens_late_is_shown_what_is_selected(widget, run):
    widget.selection = ["item-3"]
    widget._library.chosen.ask(run.name, np.array([], dtype="<U1"))

    from_page(widget, type="hello")

    assert widget._library.chosen.asked(run.name).tolist() == ["item-3"]
    assert widget.told[0]["type"] == "welcome"


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("selection", ["nobody"], "not in run"),
        ("run", "walk", "No run named"),
        ("space", "hiden", "Did you mean 'hidden'"),
        ("step", 9, "The steps are 0, 1, 2"),
        ("color", "lable", "Did you mean 'label'"),
        ("map", "umpa", "Did you mean 'umap'"),
        ("map", ("umap", {"n_neighbors": -3}), "n_neighbors"),
        ("dimensions", 4, "2 or 3"),
        ("theme", "pink", "'dark' or 'light'"),
        ("height", 10, "240 to 4000"),
    ],
)
def test_what_cannot_be_shown_is_refused_in_words(widget, name, value, said):
    with pytest.raises((InvalidInputError, NotFoundError), match=said):
        setattr(widget, name, value)


def test_a_map_is_named_with_what_differs(widget):
    assert widget.map is None
    widget.map = "umap"
    assert widget.map == "umap"
    widget.map = ("umap", {"n_neighbors": 5, "random_state": 3})
    assert widget.map == ("umap", {"n_neighbors": 5, "random_state": 3})
    assert json.loads(widget._map) == ["umap", {"n_neighbors": 5}, 3]


def test_the_notebook_keeps_a_picture_that_needs_no_script(widget):
    data, _ = widget._repr_mimebundle_()

    assert "application/vnd.jupyter.widget-view+json" in data
    assert 'src="data:image/png;base64,' in data["text/html"]
    assert "<script" not in data["text/html"]
    assert data["image/png"].startswith("iVBOR")


def test_widgets_share_nothing_until_they_are_linked(run):
    one, other = dg.Widget(run), dg.Widget(run)
    one.selection = ["item-1"]

    assert len(other.selection) == 0
    link(one, other, on="selection")
    assert one._links == other._links
    assert one._links[0]["on"] == ["selection"]
    with pytest.raises(InvalidInputError, match="two or more"):
        link(one)
    with pytest.raises(InvalidInputError, match="choose from"):
        link(one, other, on=["colour"])
    one.close()
    other.close()


def test_arrays_and_their_labels_are_shown_and_removed_afterwards():
    widget = Widget(np.random.default_rng(0).normal(size=(9, 4)), labels=list("abcabcabc"))
    folder = widget._library.store.path
    shown = widget._library.reading("shown")

    assert list(shown.columns) == ["label"]
    assert folder.is_dir()
    widget.close()
    assert not folder.exists()


def test_an_empty_store_has_nothing_to_show(tmp_path):
    with pytest.raises(InvalidInputError, match="no run yet"):
        Widget(dg.open(tmp_path / "runs"))


def test_a_closed_widget_can_be_collected(run):
    widget = dg.Widget(run)
    gone = weakref.ref(widget)
    widget.close()

    del widget
    gc.collect()

    assert gone() is None
