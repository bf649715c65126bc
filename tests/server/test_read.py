import io

import numpy as np
import pytest
from PIL import Image

import driftglass as dg
from driftglass.server._library import Library

from .conftest import N_ITEMS, STEPS, Client


def ids_of(client, run="run"):
    return client.json(f"/api/runs/{run}/ids")["ids"]


@pytest.fixture
def numbers(client):
    """Number in each row's id, so that values can be joined by id and not by position."""
    return np.array([int(item.split("-")[1]) for item in ids_of(client)])


def test_the_description_says_what_the_run_holds(client):
    description = client.json("/api/runs/run")

    assert description["n_items"] == N_ITEMS
    assert description["state"] == "closed"
    assert description["classes"] == ["cat", "dog", "owl"]
    assert description["predictions"] == {"steps": list(STEPS)}
    assert description["scalars"] == ["loss"]
    (space,) = description["spaces"]
    assert (space["name"], space["n_features"], space["dtype"]) == ("hidden", 8, "float32")
    assert [snapshot["step"] for snapshot in space["snapshots"]] == list(STEPS)
    assert space["snapshots"][0] == {
        "step": 0,
        "n_samples": N_ITEMS,
        "n_not_finite": 0,
        "attempt": 1,
        "complete": True,
        "ranks": [1, 1],
        "damaged": False,
    }
    assert description["images"]["tile_width"] == 4
    assert description["images"]["tile_height"] == 6


def test_the_description_of_columns_counts_what_the_rows_hold(client):
    columns = {column["name"]: column for column in client.json("/api/runs/run")["columns"]}

    assert [column["kind"] for column in columns.values()] == [
        "categorical", "number", "boolean", "date", "set", "records", "text",
    ]  # fmt: skip
    assert columns["label"]["n_missing"] == 1
    counts = {entry["name"]: entry["count"] for entry in columns["label"]["categories"]}
    assert counts == {"cat": 19, "dog": 20, "owl": 20}
    assert columns["weight"]["range"] == [0.0, 29.5]
    assert columns["records"]["categories"] == [{"name": "striped", "group": "coat", "count": 30}]
    assert columns["tags"]["n_missing"] == 1


def test_every_run_is_listed(client):
    (summary,) = client.json("/api/runs")

    assert summary["name"] == "run"
    assert summary["state"] == "closed"


def test_a_run_that_cannot_be_read_is_named_with_the_reason(client, store):
    (store.path / "broken").mkdir()
    (store.path / "broken" / "run.json").write_text("{")

    assert [run["name"] for run in client.json("/api/runs")] == ["run"]
    assert "run.json" in client.json("/api/info")["unreadable"]["broken"]
    assert client.get("/api/runs/broken").status == 404


def test_ids_come_in_windows_of_the_canonical_order(client):
    everything = ids_of(client)

    window = client.json("/api/runs/run/ids?start=10&stop=15")

    assert sorted(everything) == [f"item-{number:03d}" for number in range(N_ITEMS)]
    assert everything != sorted(everything)
    assert window == {"start": 10, "stop": 15, "ids": everything[10:15]}
    assert client.json("/api/runs/run/ids?start=50&stop=1000")["stop"] == N_ITEMS
    assert client.json("/api/runs/run/ids?start=70")["ids"] == []


def test_every_group_appears_in_the_first_rows(client, numbers):
    labels = ["cat", "dog", "owl"]

    assert {labels[number % 3] for number in numbers[:8]} == set(labels)


def test_a_categorical_column_joins_by_id(client, numbers):
    codes = client.frame("/api/runs/run/columns?name=label").arrays["codes"]
    names = [c["name"] for c in client.json("/api/runs/run")["columns"][0]["categories"]]

    assert codes.dtype == np.uint16
    for number, code in zip(numbers, codes, strict=True):
        if number == 0:
            assert code == 65535
        else:
            assert names[code] == ["cat", "dog", "owl"][number % 3]


def test_a_number_column_is_nan_where_it_is_missing(client, numbers):
    frame = client.frame("/api/runs/run/columns?name=weight")

    expected = np.where(numbers == 5, np.nan, numbers / 2).astype(np.float32)
    np.testing.assert_array_equal(frame.arrays["values"], expected)
    assert frame.meta["range"] == [0.0, 29.5]


def test_a_boolean_column_is_255_where_it_is_missing(client, numbers):
    codes = client.frame("/api/runs/run/columns?name=seen").arrays["codes"]

    np.testing.assert_array_equal(codes, np.where(numbers == 7, 255, numbers % 2 == 0))


def test_a_date_column_is_in_milliseconds(client, numbers):
    values = client.frame("/api/runs/run/columns?name=taken").arrays["values"]

    assert np.isnan(values[numbers == 9]).all()
    assert (values[numbers != 9] == 1795219200000.0).all()


def test_a_set_column_tells_empty_from_missing(client, numbers):
    arrays = client.frame("/api/runs/run/columns?name=tags").arrays

    sizes = np.diff(arrays["offsets"].astype(int))
    np.testing.assert_array_equal(sizes, np.where(numbers == 3, 0, numbers % 3))
    np.testing.assert_array_equal(arrays["present"], numbers != 3)
    assert arrays["offsets"][-1] == len(arrays["codes"])


def test_a_records_column_has_the_form_of_a_set(client, numbers):
    arrays = client.frame("/api/runs/run/columns?name=records").arrays

    np.testing.assert_array_equal(np.diff(arrays["offsets"].astype(int)), numbers % 2)


def test_text_is_clipped_in_lists_and_whole_in_an_item(client, numbers):
    row = int(np.flatnonzero(numbers == 0)[0])
    answer = client.json(f"/api/runs/run/text?name=story&start={row}&stop={row + 2}")

    assert answer["values"][0] == ("long " * 200)[:300] + "…"
    assert answer["clipped"] == [row]
    assert client.json(f"/api/runs/run/items?row={row}")["metadata"]["story"] == "long " * 200


def test_a_text_column_has_no_frame_and_says_where_to_find_it(client):
    reply = client.get("/api/runs/run/columns?name=story")

    assert reply.status == 400
    assert "text?name=" in reply.json()["error"]["message"]


def test_an_item_has_its_values_its_prediction_and_what_went_wrong(client, numbers):
    row = int(np.flatnonzero(numbers == 4)[0])

    item = client.json(f"/api/runs/run/items?row={row}&step=20")

    assert (item["id"], item["row"]) == ("item-004", row)
    assert item["metadata"]["label"] == "dog"
    assert item["metadata"]["tags"] == ["wild"]
    assert item["prediction"]["predicted"] in ("cat", "dog", "owl")
    assert 0 <= item["prediction"]["confidence"] <= 1
    assert client.json(f"/api/runs/run/items?row={row}&step=5")["prediction"] is None
    assert client.json(f"/api/runs/run/items?row={row}")["prediction"] is None


def test_predictions_join_by_id(client, store, numbers):
    arrays = client.frame("/api/runs/run/predictions?step=10").arrays
    stored = store.run("run").predictions(10)

    np.testing.assert_array_equal(arrays["predicted"], stored.predicted[numbers])
    np.testing.assert_array_equal(arrays["confidence"], stored.confidence[numbers])


def test_a_step_without_predictions_names_those_with(client):
    reply = client.get("/api/runs/run/predictions?step=11")

    assert (reply.status, reply.kind) == (404, "not_found")
    assert "[0, 10, 20]" in reply.json()["error"]["message"]


def test_sprites_are_found_by_explicit_tile_numbers(client, store, numbers):
    tiles = client.frame("/api/runs/run/sprite_index").arrays["tiles"]
    page = client.get("/api/runs/run/sprites?page=0")
    sheet = store.run("run").images
    layout = client.json("/api/runs/run")["images"]

    assert page.headers["content-type"] == "image/png"
    assert tiles[numbers == 4] == 2**32 - 1
    pixels = np.asarray(Image.open(io.BytesIO(page.body)).convert("RGBA"))
    for number, tile in list(zip(numbers, tiles, strict=True))[:10]:
        if number != 4:
            down, across = divmod(int(tile), layout["columns"])
            crop = pixels[6 * down : 6 * down + 6, 4 * across : 4 * across + 4]
            np.testing.assert_array_equal(crop, sheet.crop(f"item-{number:03d}"))


@pytest.mark.parametrize("page", ["1", "-1", "0x0", "../0", ""])
def test_a_page_is_asked_for_by_number_only(client, page):
    assert client.get(f"/api/runs/run/sprites?page={page}").status == 400


def test_scalars_that_are_not_finite_are_null(client):
    assert client.json("/api/runs/run/scalars")["loss"]["values"] == [1.0, None, 1 / 21]


@pytest.mark.parametrize(
    "target",
    [
        "/api/runs/rum",
        "/api/runs/run/columns?name=lable",
        "/api/runs/run/frames?projection=x&step=0",
        "/api/jobs/none",
    ],
)
def test_what_is_not_there_is_404_with_a_reason(client, target):
    reply = client.get(target)

    assert (reply.status, reply.kind) == (404, "not_found")
    assert len(reply.json()["error"]["message"]) > 20


def test_a_near_miss_is_guessed(client):
    message = client.get("/api/runs/rum").json()["error"]["message"]

    assert "Did you mean 'run'?" in message


STRANGE = [
    "<img src=x onerror=alert(1)>",
    "</script><script>alert(1)</script>",
    "javascript:alert(1)",
    "\x1b[31mred\x1b[0m\x07",
    "\u202egnp.exe\u202c",
    "a\u0301 👩‍👩‍👧 ﷽ שלום",
    'quote" slash\\ line\nnull\x00end',
]


def test_strange_text_comes_back_as_the_data_it_is(tmp_path):
    store = dg.open(tmp_path / "runs")
    labels = [*STRANGE, "x" * (1 << 20)]
    n = len(labels)
    ids = [f"{text[:100]} #{number}" for number, text in enumerate(labels)]
    run = store.create(
        "run", ids=ids, metadata={"<b>": labels}, kinds={"<b>": "categorical"}, classes=labels
    )
    with run:
        run.log(0, spaces={"<i>\u202e": np.eye(n)}, scalars={"</td>": 1.0}, predictions=np.eye(n))
    client = Client(Library(store))

    description = client.json("/api/runs/run")
    items = [client.json(f"/api/runs/run/items?row={row}&step=0") for row in range(n)]

    assert sorted(client.json("/api/runs/run/ids")["ids"]) == sorted(ids)
    assert sorted(item["metadata"]["<b>"] for item in items) == sorted(labels)
    assert sorted(item["prediction"]["predicted"] for item in items) == sorted(labels)
    names = [entry["name"] for entry in description["columns"][0]["categories"]]
    assert set(STRANGE) <= set(names)
    assert max(map(len, names)) == 301
    assert description["spaces"][0]["name"] == "<i>\u202e"
    assert client.get("/api/runs/run").headers["content-type"] == "application/json"


def test_large_integer_ids_travel_as_text(tmp_path):
    store = dg.open(tmp_path / "runs")
    with store.create("run", ids=[2**53, 2**53 + 1, 7]) as run:
        run.log(0, spaces={"a": np.eye(3)})
    client = Client(Library(store))

    ids = client.json("/api/runs/run/ids")["ids"]

    assert sorted(map(str, ids)) == [str(7), str(2**53), str(2**53 + 1)]
    assert 7 in ids


def test_a_run_without_anything_is_described_all_the_same(tmp_path):
    store = dg.open(tmp_path / "runs")
    store.create("run").close()
    client = Client(Library(store))

    description = client.json("/api/runs/run")

    assert description["n_items"] == 0
    assert description["spaces"] == []
    assert description["images"] is None
    assert client.json("/api/runs/run/ids")["ids"] == []
    assert client.json("/api/runs/run/scalars") == {}
    assert client.get("/api/runs/run/items?row=0").status == 404
    assert client.get("/api/runs/run/sprite_index").status == 404
    assert client.get("/api/runs/run/sprites?page=0").status == 404


def test_rows_that_were_never_in_the_table_have_no_values(tmp_path):
    store = dg.open(tmp_path / "runs")
    with store.create("run", metadata={"label": ["a", "b"]}, ids=["x", "y"]) as run:
        run.log(0, spaces={"s": np.eye(3)}, ids=["y", "new", "x"])
    client = Client(Library(store))

    ids = client.json("/api/runs/run/ids")["ids"]
    codes = client.frame("/api/runs/run/columns?name=label").arrays["codes"]

    assert sorted(ids) == ["new", "x", "y"]
    assert codes[ids.index("new")] == 65535
    assert client.json(f"/api/runs/run/items?row={ids.index('new')}")["metadata"] == {"label": None}
    assert client.json("/api/runs/run")["columns"][0]["n_missing"] == 1


def test_a_new_run_and_a_new_snapshot_are_seen(client, store):
    from .conftest import fill

    before = client.json("/api/runs/run")
    fill(store, "second", steps=(0,))
    with store.resume("run") as run:
        run.log(30, spaces={"hidden": np.zeros((N_ITEMS, 8), np.float32)})

    assert client.json("/api/runs/second")["name"] == "second"
    after = client.json("/api/runs/run")
    assert {run["name"] for run in client.json("/api/runs")} == {"run", "second"}
    assert after["revision"] > before["revision"]
    assert after["order"] == before["order"]
    assert [s["step"] for s in after["spaces"][0]["snapshots"]] == [*STEPS, 30]


def test_new_ids_give_another_order_with_another_hash(client, store):
    before = client.json("/api/runs/run")["order"]
    with store.resume("run") as run:
        run.log(30, spaces={"hidden": np.zeros((1, 8), np.float32)}, ids=["newcomer"])

    assert client.json("/api/runs/run")["order"] != before
    assert "newcomer" in client.json("/api/runs/run/ids")["ids"]
