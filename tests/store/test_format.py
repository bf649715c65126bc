"""Names, records, catalog, file systems and budgets: what the format promises in detail."""

from __future__ import annotations

import json
import random
import sqlite3
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import driftglass as dg
from driftglass.errors import (
    FormatError,
    InvalidInputError,
    NotFoundError,
)
from driftglass.store import MemoryBlobs
from driftglass.store._budget import Retention, estimate_text, human_bytes, kept_ordinal
from driftglass.store._catalog import Catalog
from driftglass.store._codecs import encode_array, read_any_array, write_file
from driftglass.store._convert import convert, rows_not_finite
from driftglass.store._keys import (
    CHUNK_BYTES,
    check_key,
    file_owner,
    slug,
    temporary_owner,
    vectors_key,
)
from driftglass.store._mounts import catalog_kind, file_system, is_network
from driftglass.store._records import (
    Commit,
    Event,
    ScalarValues,
    decode_line,
    encode_line,
    read_journal,
)
from driftglass.store._replay import Replay
from driftglass.testing._blobs import BAD_KEYS

from .conftest import folder_of


def test_a_person_reads_vectors_with_ls_and_numpy(logged, vectors):
    """The promise of docs/format.md, kept without driftglass."""
    folder = folder_of(logged) / "vectors" / "hidden"
    names = sorted(path.name for path in folder.iterdir())
    loaded = np.load(folder / names[2], mmap_mode="r", allow_pickle=False)
    (ids,) = (folder_of(logged) / "ids").iterdir()

    assert [name[:19] for name in names] == [f"{step:012d}-r0000-" for step in range(3)]
    assert np.array_equal(loaded, vectors + 2)
    assert np.load(ids, allow_pickle=False).tolist() == logged.ids.tolist()


def test_a_person_reads_the_catalog_with_sqlite(logged):
    with sqlite3.connect(folder_of(logged) / "catalog.db") as connection:
        rows = connection.execute(
            "SELECT step, n_rows, n_features, dtype, key FROM parts WHERE space = 'hidden'"
        ).fetchall()

    assert [row[:4] for row in rows] == [(step, 20, 4, "float32") for step in range(3)]
    assert all((folder_of(logged) / row[4]).exists() for row in rows)


def test_a_person_reads_a_journal_with_json(logged):
    (path,) = (folder_of(logged) / "journal").iterdir()
    lines = path.read_text().splitlines()
    commits = [json.loads(line[9:]) for line in lines]

    assert [line[:8] for line in lines] == [f"{zlib.crc32(l[9:].encode()):08x}" for l in lines]  # noqa: E741
    assert [commit["seq"] for commit in commits] == list(range(len(commits)))
    assert commits[0]["entries"][0]["kind"] == "writer"


@pytest.mark.parametrize("key", [*BAD_KEYS, None, 3, "a/..", "~/x", "a b", "a:b"])
def test_keys_that_could_lead_elsewhere_are_refused(key):
    with pytest.raises(FormatError, match="not a path inside the run"):
        check_key(key)


@given(st.text(min_size=1, max_size=200), st.text(min_size=1, max_size=200))
def test_every_space_has_a_safe_folder_of_its_own(first, second):
    assert check_key(slug(first)) == slug(first)
    assert len(slug(first)) <= 60
    assert (slug(first) == slug(second)) == (first == second)


def test_slugs_differ_even_where_case_does_not_count():
    names = ["Layer", "layer", "LAYER", "la-yer", "la yer"]

    assert len({slug(name).lower() for name in names}) == len(names)


def test_owners_of_files_are_in_their_names():
    key = vectors_key("hidden", 5, 3, "0123abcd-00001f", 2)

    assert key == "vectors/hidden/000000000005-r0003-0123abcd-00001f-p0002.npy"
    assert file_owner(key) == "0123abcd"
    assert temporary_owner(f"{key}.0123abcd-7.tmp") == "0123abcd"
    assert temporary_owner(key) is None
    assert file_owner("ids/x.npy") is None


# Arrays


@pytest.mark.parametrize("shape", [(0,), (0, 5), (1, 1), (3,), (2, 3), (2, 0, 4), ()])
@pytest.mark.parametrize("dtype", ["<f2", "<f4", "<f8", "|i1", "<u4", "|b1", "<U3", "<i8"])
def test_array_files_are_what_numpy_writes(tmp_path, shape, dtype):
    array = np.arange(int(np.prod(shape))).reshape(shape).astype(dtype)
    np.save(tmp_path / "numpy.npy", array)
    ours = b"".join(bytes(piece) for piece in encode_array(array))

    assert ours == (tmp_path / "numpy.npy").read_bytes()


@pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1])
def test_there_is_one_checksum_per_chunk(size):
    blobs = MemoryBlobs()
    file = write_file(blobs, "a", [bytes(size // 2), bytes(size - size // 2)])

    assert file.size == size
    assert len(file.hashes) == max(1, -(-size // CHUNK_BYTES))
    assert len(set(file.hashes)) <= 2


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("value", [np.nan, -np.nan, np.inf, -np.inf])
def test_every_kind_of_not_finite_is_found(rng, dtype, value):
    array = rng.standard_normal((3000, 40)).astype(dtype)
    rows = np.unique(rng.integers(0, 3000, 5))
    array[rows, rng.integers(0, 40, len(rows))] = value

    assert rows_not_finite(array, dtype).tolist() == rows.tolist()


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_extreme_finite_numbers_are_finite(dtype):
    limits = np.finfo(dtype)
    values = [limits.max, limits.min, limits.tiny, limits.smallest_subnormal, -0.0, 0.0]

    assert len(rows_not_finite(np.array([values], dtype), dtype)) == 0


@pytest.mark.parametrize("wanted", [None, "float16", "float32", "keep"])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int8", "uint8", "int64"])
def test_types_are_kept_or_converted_as_asked(rng, wanted, dtype):
    array = rng.integers(0, 100, (4, 3)).astype(dtype)
    stored = convert(array, dtype, wanted, "h")
    expected = {
        None: dtype if dtype in ("float16", "float32", "int8", "uint8") else "float32",
        "float16": dtype if dtype in ("int8", "uint8") else "float16",
        "float32": "float32",
        "keep": dtype,
    }[wanted]

    assert stored.dtype == stored.array.dtype == expected
    assert np.array_equal(stored.array, array)
    assert bool(stored.note) == (wanted is None and dtype in ("float64", "int64"))


# Records


def commit(seq=0, writer="w" * 32, clock=None, **scalars):
    values = {name: value for name, value in scalars.items()}
    return Commit(writer, seq, seq if clock is None else clock, 1.0, [ScalarValues(seq, values)])


def journal_of(*commits):
    blobs = MemoryBlobs()
    for one in commits:
        blobs.append(f"journal/{one.writer}.rec", encode_line(one))
    return blobs


def test_a_record_comes_back():
    one = commit(3, loss=0.1)

    assert decode_line(encode_line(one).rstrip(b"\n")) == one


@given(st.binary(max_size=200))
def test_no_bytes_crash_the_reader_of_records(data):
    blobs = MemoryBlobs()
    blobs.append("journal/w.rec", encode_line(commit(0)) + data + b"\n" + encode_line(commit(1)))
    lines = list(read_journal(blobs, "journal/w.rec"))

    assert lines[0].commit == commit(0)
    assert lines[-1].commit == commit(1)


def test_kinds_and_fields_of_later_versions_are_ignored():
    body = json.loads(encode_line(commit(0, loss=1.0))[9:])
    body["entries"].insert(0, {"kind": "groups", "names": ["a"]})
    body["entries"][1]["unit"] = "nats"
    body["later"] = True
    text = json.dumps(body).encode()

    assert decode_line(b"%08x %b" % (zlib.crc32(text), text)) == commit(0, loss=1.0)


def test_a_known_kind_with_wrong_content_is_damage():
    body = json.loads(encode_line(commit(0))[9:])
    body["entries"] = [{"kind": "scalars", "step": "zero", "values": {}}]
    text = json.dumps(body).encode()

    with pytest.raises(FormatError, match="not a record of this format"):
        decode_line(b"%08x %b" % (zlib.crc32(text), text))


def test_an_unfinished_record_is_left_for_later():
    line = encode_line(commit(1))
    blobs = journal_of(commit(0))
    key = f"journal/{'w' * 32}.rec"
    for cut in range(len(line)):
        blobs.write(key, [encode_line(commit(0)), line[:cut]])
        assert [found.commit for found in read_journal(blobs, key)] == [commit(0)]


def test_an_endless_line_is_not_read_to_its_end(monkeypatch):
    monkeypatch.setattr("driftglass.store._records.MAX_LINE_BYTES", 3 << 20)
    blobs = MemoryBlobs()
    blobs.append("journal/w.rec", encode_line(commit(0)) + b"x" * (8 << 20))
    lines = list(read_journal(blobs, "journal/w.rec"))

    assert lines[0].commit == commit(0)
    assert "longer than" in lines[1].problem
    assert len(lines) == 2


def test_applying_a_commit_twice_changes_nothing():
    catalog = Catalog()
    with catalog.transaction():
        assert catalog.apply(commit(0, loss=1.0), 10)
        assert not catalog.apply(commit(0, loss=1.0), 10)

    assert catalog.revision() == 1
    assert len(catalog.rows("SELECT * FROM scalars")) == 1


def test_the_order_of_commits_is_that_of_their_clocks_not_of_time():
    a, b = "a" * 32, "b" * 32
    blobs = journal_of(
        commit(0, b, clock=2, loss=2.0), commit(1, b, clock=4, loss=4.0),
        commit(0, a, clock=1, loss=1.0), commit(1, a, clock=3, loss=3.0),
    )  # fmt: skip
    catalog = Catalog()
    Replay(blobs, catalog).refresh()

    values = catalog.column("SELECT value FROM scalars ORDER BY rowid")
    assert values == ["1.0", "2.0", "3.0", "4.0"]


def test_replaying_goes_on_where_it_stopped():
    blobs = journal_of(commit(0))
    catalog = Catalog()
    replay = Replay(blobs, catalog)
    counts = [replay.refresh(), replay.refresh()]
    blobs.append(f"journal/{'w' * 32}.rec", encode_line(commit(1)))
    counts.append(replay.refresh())

    assert counts == [1, 0, 1]


def test_a_clock_that_jumps_back_changes_no_order(local, vectors, monkeypatch):
    times = iter(range(1_000_000, 0, -1000))
    run = local.create("run")
    monkeypatch.setattr("driftglass.store._committer.time.time", lambda: float(next(times)))
    for step in (0, 0, 1):
        run.log(step, {"hidden": vectors + step}, scalars={"loss": step}, wait=True)

    assert [(info.step, info.attempt) for info in run.describe("hidden")] == [(0, 2), (1, 1)]
    assert run.events() == sorted(run.events(), key=lambda event: event.step or 0)
    run.close()


# The catalog


def test_a_failed_transaction_leaves_nothing():
    catalog = Catalog()

    def fail():
        with catalog.transaction():
            catalog.apply(commit(0, loss=1.0), 10)
            raise RuntimeError("killed")

    with pytest.raises(RuntimeError):
        fail()
    assert catalog.revision() == 0


def test_a_commit_that_cannot_be_applied_leaves_the_others():
    catalog = Catalog()
    huge = Commit("w" * 32, 1, 2, 1.0, [Event("note", "x"), Event("note", "x", 2**70)])
    replay = Replay(journal_of(commit(0), huge, commit(2)), catalog)

    assert replay.refresh() == 2
    assert catalog.rows("SELECT * FROM events") == []
    assert any("record 1 cannot be" in problem for problem in replay.problems)


def test_a_changed_row_is_noticed(logged):
    path = folder_of(logged) / "catalog.db"
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE parts SET step = 77 WHERE step = 2")

    run = dg.open(path.parent.parent).run("run")
    assert run.steps() == [0, 1, 2]
    assert any("'parts'" in note and "driftglass repair" in note for note in run.notes())
    problems = run.verify().problems
    assert [(p.kind, p.file, p.space, p.step) for p in problems] == [
        ("catalog", "catalog.db", "hidden", 77)
    ]


@pytest.mark.parametrize("table", ["parts", "files", "scalars", "commits", "ids"])
def test_a_lost_row_is_noticed(logged, table):
    path = folder_of(logged) / "catalog.db"
    with sqlite3.connect(path) as connection:
        connection.execute(f"DELETE FROM {table} WHERE rowid = (SELECT max(rowid) FROM {table})")
    run = dg.open(path.parent.parent).run("run")

    assert run.steps() == [0, 1, 2]
    assert len(run.scalars()["loss"][0]) == 3
    assert any(f"{table!r}" in note for note in run.notes())
    assert not run.verify(full=False).ok


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE VIEW evil AS SELECT load_extension('x')",
        "CREATE TRIGGER evil AFTER INSERT ON parts BEGIN DELETE FROM parts; END",
        "CREATE TABLE unknown (a)",
        "ALTER TABLE parts ADD COLUMN extra TEXT",
        "DROP TABLE scalars",
    ],
)
def test_a_catalog_with_other_tables_is_not_used(logged, statement):
    path = folder_of(logged) / "catalog.db"
    with sqlite3.connect(path) as connection:
        connection.execute(statement)
    run = dg.open(path.parent.parent).run("run")

    assert run.steps() == [0, 1, 2]
    assert any("journals are read instead" in note for note in run.notes())
    assert not run.verify(full=False).ok


def test_tables_of_later_versions_are_ignored(logged):
    path = folder_of(logged) / "catalog.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE groups_v2 (name TEXT)")

    assert dg.open(path.parent.parent).run("run").notes() == []


def test_many_runs_can_be_watched_with_few_descriptors(local):
    import resource

    for number in range(100):
        local.create(f"run-{number}", ids=range(2)).close()
    runs = dg.open(local.path).runs()
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (250, before[1]))
    try:
        revisions = [[run.revision for run in runs] for _ in range(3)]
        states = {run.state for run in runs}
        ids = {tuple(run.ids.tolist()) for run in runs}
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)

    assert revisions[0] == revisions[1] == revisions[2]
    assert states == {"closed"}
    assert ids == {(0, 1)}


# Versions


def edited(path, **changes):
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


@pytest.mark.parametrize("changes", [{"min_reader": 2}, {"required": ["quantum"]}])
def test_a_newer_format_says_what_to_do(logged, changes):
    root = folder_of(logged).parent
    edited(root / "driftglass.json", created_by="driftglass 9.1.0", **changes)

    with pytest.raises(FormatError, match=r"driftglass 9\.1\.0 and needs .*pip install --upgrade"):
        dg.open(root)


def test_later_versions_that_stay_readable_are_read(logged):
    root = folder_of(logged).parent
    edited(root / "driftglass.json", version=7, optional=["colours"], something_new=[1])

    assert dg.open(root).run("run").steps() == [0, 1, 2]


def test_a_store_without_marker_is_read_by_its_runs(logged):
    root = folder_of(logged).parent
    (root / "driftglass.json").unlink()

    assert dg.open(root, read_only=True).run("run").steps() == [0, 1, 2]


def test_a_store_that_another_process_is_making_can_be_opened(tmp_path):
    (tmp_path / "driftglass.json.4f1c9d20-0.tmp").write_text("{")

    dg.open(tmp_path).create("run", ids=[1]).close()

    assert dg.open(tmp_path).run("run").state == "closed"


def test_a_folder_of_other_files_is_refused(tmp_path):
    (tmp_path / "thesis.txt").write_text("x")

    with pytest.raises(
        FormatError, match=r"'thesis\.txt' but no driftglass\.json.*driftglass\.open"
    ):
        dg.open(tmp_path)
    with pytest.raises(FormatError, match="is a file"):
        dg.open(tmp_path / "thesis.txt")


def test_a_run_that_cannot_be_read_does_not_hide_the_others(logged, local):
    local.create("other").close()
    root = folder_of(logged)
    (root / "run.json").write_text("{}")
    for path in (root / "journal").iterdir():
        path.write_bytes(b"garbage\n")
    store = dg.open(local.path)

    assert [run.name for run in store.runs()] == ["other"]
    assert "run.json" in store.unreadable()["run"]
    with pytest.raises(FormatError, match="driftglass repair"):
        store.run("run")


# File systems

MOUNTS = """\
/dev/sda1 / ext4 rw 0 0
server:/home /home nfs4 rw 0 0
/dev/sdb /home/local\\040disk xfs rw 0 0
lustre@tcp:/x /scratch lustre rw 0 0
sshfs#a /mnt/ssh fuse.sshfs rw 0 0
tmpfs /dev/shm tmpfs rw 0 0
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/data/runs", "ext4"), ("/home/me", "nfs4"), ("/home", "nfs4"), ("/homework", "ext4"),
        ("/home/local disk/x", "xfs"), ("/scratch/a", "lustre"), ("/mnt/ssh/a", "fuse.sshfs"),
        ("/dev/shm/x", "tmpfs"),
    ],
)  # fmt: skip
def test_the_file_system_is_that_of_the_nearest_mount(path, kind):
    assert file_system(path, MOUNTS) == kind


def test_network_disks_are_known():
    remote = ["nfs", "nfs4", "cifs", "smb3", "lustre", "gpfs", "fuse.sshfs", "fuse", "9p", "ceph"]
    near = ["ext4", "xfs", "btrfs", "zfs", "tmpfs", "overlay", "apfs", ""]

    assert all(is_network(kind) for kind in remote)
    assert not any(is_network(kind) for kind in near)


def test_the_environment_decides_the_catalog(tmp_path, monkeypatch):
    monkeypatch.setenv("DRIFTGLASS_CATALOG", "journal")
    assert catalog_kind(tmp_path) == "journal"
    assert catalog_kind(tmp_path, "sqlite") == "sqlite"
    monkeypatch.setenv("DRIFTGLASS_CATALOG", "duckdb")
    with pytest.raises(InvalidInputError, match=r"'duckdb'.*DRIFTGLASS_CATALOG"):
        catalog_kind(tmp_path)


def test_runs_on_network_disks_have_journals_and_are_not_mapped(tmp_path, monkeypatch, vectors):
    for module in ("_mounts", "_source", "_open"):
        monkeypatch.setattr(f"driftglass.store.{module}.file_system", lambda path: "nfs4")
    store = dg.open(tmp_path / "runs")
    with store.create("run") as run:
        run.log(0, {"hidden": vectors})
        assert store.run("run").state == "writing"
    kept = dg.open(tmp_path / "runs").run("run").snapshot("hidden", 0).vectors

    assert not (tmp_path / "runs" / "run" / "catalog.db").exists()
    assert not isinstance(kept, np.memmap)
    assert np.array_equal(kept, vectors)
    assert dg.open(tmp_path / "runs").run("run").state == "closed"


# Budgets


def test_retention_none_keeps_everything():
    retention = Retention(None)

    assert [retention.add(step) for step in range(50)] == [[]] * 50


@given(st.lists(st.integers(0, 60), max_size=80), st.integers(1, 5))
def test_retention_keeps_the_last_n_steps(steps, n):
    retention = Retention(n)
    kept = set()
    for step in steps:
        kept.add(step)
        kept -= set(retention.add(step))
    newest_first = dict.fromkeys(reversed(steps))

    assert kept == set(list(newest_first)[:n])


def test_logarithmic_retention_grows_with_the_logarithm():
    kept = [n for n in range(100_000) if kept_ordinal(n)]
    octaves = [sum(2**k <= n < 2 ** (k + 1) for n in kept) for k in range(4, 16)]

    assert kept[:17] == list(range(17))
    assert octaves == [8] * 12


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1000, "1.0 KB"),
        (51_200_000, "51.2 MB"),
        (2e11, "200 GB"),
        (3e15, "3000 TB"),
    ],
)
def test_bytes_are_said_as_people_do(count, text):
    assert human_bytes(int(count)) == text


def test_the_estimate_says_whether_it_fits():
    fits = estimate_text(10**6, 100, None, 10**9, None)
    kept = estimate_text(10**6, 10_000, "log", 10**9, None)
    not_ = estimate_text(10**9, 100, None, 10**9, 10**10)

    assert fits == "This run will write about 100 MB: 1.0 MB at each of 100 steps; 1.0 GB are free."
    assert "after retention" in kept
    assert "does not fit" in not_
    assert "limit is 10.0 GB" in not_


def test_reading_a_missing_array_says_which():
    blobs = MemoryBlobs()
    file = write_file(blobs, "a", encode_array(np.arange(3)))
    blobs.delete("a")

    with pytest.raises(NotFoundError, match="'a'"):
        read_any_array(blobs, file, check=True, what="x")


def test_the_order_of_journals_does_not_matter():
    source = random.Random(0)
    commits = [commit(n, source.choice("abc") * 32, clock=n, loss=float(n)) for n in range(30)]
    contents = []
    for _ in range(3):
        blobs = MemoryBlobs()
        for one in sorted(commits, key=lambda c: source.random() if False else c.seq):
            blobs.append(f"journal/{one.writer}.rec", encode_line(one))
        catalog = Catalog()
        Replay(blobs, catalog).refresh()
        contents.append(catalog.rows("SELECT step, name, value FROM scalars ORDER BY rowid"))

    assert contents[0] == contents[1] == contents[2]
    assert [row[0] for row in contents[0]] == list(range(30))


def test_the_contract_names_every_table_kind_and_field():
    from pathlib import Path
    from typing import get_args

    from driftglass.store import _keys
    from driftglass.store._codecs import FILE_DTYPES
    from driftglass.store._markers import Options, RunMarker, StoreMarker
    from driftglass.store._records import Entry
    from driftglass.store._schema import APPLICATION_ID, COLUMNS

    text = (Path(__file__).parents[2] / "docs" / "format.md").read_text()
    words = [kind.__struct_config__.tag for kind in get_args(Entry)]
    words += [name for kind in get_args(Entry) for name in kind.__struct_fields__]
    words += [*COLUMNS, *FILE_DTYPES, *Options.__struct_fields__, *StoreMarker.__struct_fields__]
    words += [name for name in RunMarker.__struct_fields__]
    missing = [word for word in dict.fromkeys(words) if f"`{word}`" not in text]

    assert missing == []
    assert f"Version {_keys.FORMAT_VERSION}." in text
    assert f"0x{APPLICATION_ID:X}" in text
    assert f"{CHUNK_BYTES >> 20} MiB chunk" in text
