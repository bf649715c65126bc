from __future__ import annotations

import driftglass as dg
from driftglass.server import _projected, _read, _warming
from driftglass.server._library import Library
from driftglass.server._warming import read_ahead


def test_what_the_page_asks_first_is_there_before_it_asks(client, monkeypatch):
    key = client.json("/api/runs/run/projection?space=hidden&n_components=2")["key"]
    known = client.frame(f"/api/runs/run/frames?projection={key}&step=20&start=0&stop=60")
    library = Library(client.library.store)

    read_ahead(library).join()

    def refused(*_, **__):
        raise AssertionError("read again")

    monkeypatch.setattr(_projected, "read_frame", refused)
    monkeypatch.setattr(_read, "describe_column", refused)
    client.library = library
    reading = library.reading("run")
    coordinates, _ = _projected.coordinates_of(reading, key, 20)
    assert (coordinates == known.arrays["coordinates"]).all()
    assert {column["name"] for column in _read._describe_columns(reading)} >= {"label", "tags"}
    library.close()


def test_a_store_without_runs_and_one_that_cannot_be_read_are_no_trouble(
    tmp_path, store, monkeypatch
):
    def damaged(*_):
        raise OSError("The disk is gone.")

    monkeypatch.setattr(_warming, "answer_run", damaged)
    for found in (dg.open(tmp_path / "empty"), store):
        library = Library(found)

        thread = read_ahead(library)
        thread.join()  # an exception in it would fail the test
        library.close()

        assert not thread.is_alive()
