"""A store from a stranger is data only: it cannot run, reach, hang or exhaust anything."""

from __future__ import annotations

import json
import os
import random
import resource
import shutil
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
import xxhash

import driftglass as dg

from .conftest import folder_of

READER = """
import resource, sys
import driftglass as dg

def attempt(name, act):
    try:
        act()
    except dg.DriftglassError as error:
        print(f"{name}: {type(error).__name__}: {error}"[:300].replace("\\n", " "))

def read(root):
    store = dg.open(root)
    store.unreadable()
    for run in store.runs():
        for name in ("ids", "metadata", "images", "classes", "spaces", "state", "nbytes",
                     "revision", "created", "prediction_steps", "declared_ids"):
            attempt(name, lambda name=name: getattr(run, name))
        attempt("notes", lambda: print("NOTES", [note[:200] for note in run.notes()]))
        attempt("events", run.events)
        attempt("scalars", run.scalars)
        attempt("verify", run.verify)
        attempt("cache", lambda: [run.cache.get(key) for key in run.cache.keys()])
        def snapshots():
            for space in run.spaces:
                attempt("describe", lambda: run.describe(space))
                for step in run.steps(space):
                    attempt("snapshot", lambda: run.snapshot(space, step).vectors.sum())
        attempt("spaces", snapshots)
        def predictions():
            for step in run.prediction_steps:
                attempt("predictions", lambda: run.predictions(step).probabilities)
        attempt("prediction_steps", predictions)
        def sheet():
            images = run.images
            return images and [images.locate(item) for item in images.ids.tolist()]
        attempt("sheet", sheet)

dg.open(sys.argv[1]).runs()
for root in sys.argv[2:]:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print("STORE", root, flush=True)
    attempt("open", lambda: read(root))
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    print("GREW", grown, flush=True)
"""

SECRET = "the secret of the machine"


def npy(header: bytes, data: bytes = b"", version: bytes = b"\x01\x00") -> bytes:
    return b"\x93NUMPY" + version + len(header).to_bytes(2, "little") + header + data


def header(descr="'<f4'", fortran="False", shape="(20, 4)") -> bytes:
    text = f"{{'descr': {descr}, 'fortran_order': {fortran}, 'shape': {shape}, }}"
    return (text + " " * (-(len(text) + 11) % 64) + "\n").encode()


class Crafted:
    """A store whose records say whatever a stranger wants, with checksums that fit."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.run = root / "run"
        for path in self.run.glob("catalog.db*"):
            path.unlink()
        (self.journal,) = (self.run / "journal").iterdir()
        self.commits = [json.loads(line[9:]) for line in self.journal.read_text().splitlines()]

    def entries(self, kind):
        return [e for commit in self.commits for e in commit["entries"] if e["kind"] == kind]

    def save(self) -> None:
        lines = [json.dumps(commit, separators=(",", ":")).encode() for commit in self.commits]
        self.journal.write_bytes(b"".join(b"%08x %b\n" % (zlib.crc32(x), x) for x in lines))

    def replace(self, kind: str, data: bytes, name: str = "file") -> None:
        """Give the first file of a kind another content, and fit its checksum."""
        file = self.entries(kind)[0][name]
        (self.run / file["key"]).write_bytes(data)
        file["size"] = len(data)
        pieces = [data[i : i + (8 << 20)] for i in range(0, len(data), 8 << 20)] or [b""]
        file["hashes"] = [xxhash.xxh3_128_hexdigest(piece) for piece in pieces]
        self.save()

    def edit(self, kind: str, **changes) -> None:
        self.entries(kind)[0].update(changes)
        self.save()

    def edit_file(self, kind: str, **changes) -> None:
        self.entries(kind)[0]["file"].update(changes)
        self.save()


def vectors(data):
    return lambda store: store.replace("part", data)


def ids(array):
    def act(store):
        import io

        stream = io.BytesIO()
        np.save(stream, array, allow_pickle=True)
        store.replace("ids", stream.getvalue())

    return act


def link(name, target):
    def act(store):
        path = store.run / name
        if path.is_dir():
            shutil.rmtree(path)
        elif path.exists():
            path.unlink()
        path.symlink_to(store.root.parent / target if not os.path.isabs(target) else target)

    return act


def pipe(name):
    def act(store):
        path = store.run / name
        path.unlink(missing_ok=True)
        os.mkfifo(path)

    return act


def sparse(name, size):
    def act(store):
        with (store.run / name).open("ab") as file:
            file.truncate(size)

    return act


def content(name, data):
    return lambda store: (store.run / name).write_bytes(data)


def first_vector(store):
    return store.entries("part")[0]["file"]["key"]


def record(entry):
    def act(store):
        store.commits[-1]["entries"].append(entry)
        store.save()

    return act


def raw_record(body: bytes):
    def act(store):
        with store.journal.open("ab") as file:
            file.write(b"%08x %b\n" % (zlib.crc32(body), body))

    return act


PICKLE = b"cos\nsystem\n(S'touch /tmp/driftglass-was-here'\ntR."
BIG = 2**62
HUGE_CLASS = (2**45).to_bytes(8, "little")
LONG = "y" * 10_000_000
DEEP = b"[" * 200_000

CASES = {
    # arrays
    "pickled objects": vectors(npy(header("'|O'"), PICKLE)),
    "structured type": vectors(npy(header("[('a', '<f4')]"), bytes(320))),
    "dates": vectors(npy(header("'<M8[D]'"), bytes(640))),
    "huge shape": vectors(npy(header(shape="(1099511627776, 1099511627776)"))),
    "huge rows": vectors(npy(header(shape="(20, 999999999999999999)"), bytes(320))),
    "negative shape": vectors(npy(header(shape="(-20, -4)"), bytes(320))),
    "shape that overflows": vectors(npy(header(shape="(4294967296, 4294967296)"), bytes(320))),
    "header with code": vectors(npy(header(shape="__import__('os').getpid()"), bytes(320))),
    "nested header": vectors(npy(b"(" * 60_000)),
    "endless header": vectors(npy(b"\xff" * 10)[:10] + b"\xff" * 100),
    "column order": vectors(npy(header(fortran="True"), bytes(320))),
    "other version": vectors(npy(header(), bytes(320), b"\x03\x00")),
    "text as vectors": vectors(npy(header("'<U1'"), bytes(320))),
    "wide text": vectors(npy(header("'<U99999'", shape="(20, 4)"), bytes(320))),
    "type of no size": vectors(npy(header("'<U0'", shape="(20, 4)"))),
    "empty file": vectors(b""),
    "no array": vectors(b"PK\x03\x04" + bytes(1000)),
    "too short": vectors(npy(header(), bytes(100))),
    "too long": vectors(npy(header(), bytes(400))),
    "ids of two dimensions": ids(np.zeros((20, 2), np.int64)),
    "ids that are floats": ids(np.zeros(20)),
    "ids that repeat": ids(np.zeros(20, np.int64)),
    "ids that are objects": ids(np.array([{}] * 20)),
    "ids that are too few": ids(np.arange(3)),
    # records
    "unknown type": lambda s: s.edit("part", dtype="object"),
    "another type": lambda s: s.edit("part", dtype="float64"),
    "more rows": lambda s: s.edit("part", n_rows=2**40),
    "more features": lambda s: s.edit("part", n_features=BIG),
    "negative rows": lambda s: s.edit("part", n_rows=-20, n_features=-4),
    "rows before the first": lambda s: s.edit("part", start=-5),
    "rows beyond the last": lambda s: s.edit("part", start=BIG),
    "unknown ids": lambda s: s.edit("part", ids="0" * 32),
    "many ranks": lambda s: s.edit("part", world_size=BIG, n_splits=BIG, attempt=BIG),
    "step beyond 64 bits": lambda s: s.edit("part", step=2**70),
    "space of ten megabytes": lambda s: s.edit("part", space="x" * 10_000_000),
    "path upwards": lambda s: s.edit_file("part", key="../../secret"),
    "absolute path": lambda s: s.edit_file("part", key="/etc/passwd"),
    "path with a zero": lambda s: s.edit_file("part", key="vectors/a\0b"),
    "windows path": lambda s: s.edit_file("part", key="C:\\secret"),
    "negative size": lambda s: s.edit_file("part", size=-1),
    "huge size": lambda s: s.edit_file("part", size=BIG),
    "no checksums": lambda s: s.edit_file("part", hashes=[]),
    "odd checksums": lambda s: s.edit_file("part", hashes=["zz" * 16]),
    "many checksums": lambda s: s.edit_file("part", hashes=["00" * 16] * 100_000),
    "no tiles": lambda s: s.edit("images", columns=0, rows=0),
    "tiles of no size": lambda s: s.edit("images", tile_width=-1, tile_height=0),
    "tiles beyond the pages": lambda s: s.replace(
        "images", npy(header("'<i4'", shape="(20,)"), b"\x7f" * 80), "tiles"
    ),
    "class beyond counting": lambda s: (
        s.edit("predictions", n_classes=0, dtype="int64"),
        s.replace("predictions", npy(header("'<i8'", shape="(20,)"), HUGE_CLASS * 20)),
    ),
    "classes that are no names": lambda s: s.edit("classes", names=[[1], {}]),
    "unknown kind": record({"kind": "run_code", "code": "os.system('x')"}),
    "scalar that is text": record({"kind": "scalars", "step": 1, "values": {"a": "__import__"}}),
    "event of ten megabytes": record({"kind": "event", "event": "note", "message": LONG}),
    "image path upwards": record({"kind": "damage", "key": "../../secret", "reason": "x"}),
    "deep record": raw_record(DEEP),
    "record of another shape": raw_record(b'{"writer":[],"seq":{}}'),
    "record that is no text": raw_record(b"\xff\xfe\x00"),
    "journal of a terabyte": sparse("journal/" + "0" * 32 + ".rec", 2**40),
    "journal with odd name": content("journal/x y;rm -rf.rec", b"00000000 {}\n"),
    # files
    "deep run.json": content("run.json", DEEP),
    "run.json of a terabyte": sparse("run.json", 2**40),
    "run.json that is a list": content("run.json", b"[]"),
    "catalog of garbage": content("catalog.db", b"SQLite format 3\0" + os.urandom(8000)),
    "catalog of a terabyte": sparse("catalog.db", 2**40),
    "deep result": lambda s: (
        (s.run / "derived" / "k").mkdir(parents=True),
        content("derived/k/result.json", DEEP)(s),
    ),
    # links, pipes, devices
    "vectors that are a link": lambda s: link(first_vector(s), "secret")(s),
    "folder that is a link": lambda s: link("vectors/hidden", "outside")(s),
    "vectors folder that is a link": link("vectors", "/etc"),
    "journal that is a link": lambda s: link("journal/" + "1" * 32 + ".rec", "secret")(s),
    "catalog that is a link": link("catalog.db", "secret"),
    "log of the catalog that is a link": link("catalog.db-wal", "secret"),
    "run.json that is a link": link("run.json", "secret"),
    "endless device": lambda s: link(first_vector(s), "/dev/zero")(s),
    "vectors that are a pipe": lambda s: pipe(first_vector(s))(s),
    "catalog that is a pipe": pipe("catalog.db"),
    "run.json that is a pipe": pipe("run.json"),
    "journal that is a pipe": pipe("journal/" + "2" * 32 + ".rec"),
}  # fmt: skip


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """A good store and one altered copy per case."""
    base = tmp_path_factory.mktemp("corpus")
    (base / "secret").write_text(SECRET)
    (base / "outside").mkdir()
    store = dg.open(base / "good")
    with store.create(
        "run", labels=list("ab") * 10, images=np.zeros((20, 4, 4)), classes="ab"
    ) as run:
        run.log(0, {"hidden": np.ones((20, 4), np.float32)}, np.eye(2)[[0, 1] * 10], {"loss": 1.0})
    roots = {}
    for number, (name, alter) in enumerate(CASES.items()):
        root = base / f"case-{number:02d}"
        shutil.copytree(base / "good", root)
        alter(Crafted(root))
        roots[name] = root
    return base, roots


def read_all(base, roots):
    result = subprocess.run(
        [sys.executable, "-c", READER, str(base / "good"), *map(str, roots)],
        capture_output=True, text=True, timeout=300, errors="replace",
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (6 << 30, 6 << 30)),
    )  # fmt: skip
    blocks = result.stdout.split("STORE ")[1:]
    assert result.returncode == 0, (blocks[-1:], result.stderr[-2000:])
    return dict(zip(map(str, roots), blocks, strict=True))


@pytest.fixture(scope="module")
def outcomes(corpus):
    base, roots = corpus
    blocks = read_all(base, list(roots.values()))
    return {name: blocks[str(root)] for name, root in roots.items()}


def test_the_corpus_is_large():
    assert len(CASES) >= 40


@pytest.mark.parametrize("name", CASES)
def test_a_crafted_store_is_read_or_refused_in_little_memory(outcomes, name):
    grown = int(outcomes[name].split("GREW ")[1])

    assert grown < 200_000, outcomes[name]
    assert SECRET not in outcomes[name]


MUST_REFUSE = [
    name
    for name in CASES
    if name.split()[0]
    in ("pickled", "structured", "dates", "huge", "negative", "header", "ids", "path", "absolute")
]


@pytest.mark.parametrize("name", MUST_REFUSE)
def test_what_could_harm_is_refused_with_a_reason(outcomes, name):
    assert "Error: " in outcomes[name] or "cannot be" in outcomes[name]


def test_nothing_was_run(outcomes):
    assert not Path("/tmp/driftglass-was-here").exists()


def test_damaged_metadata_with_fitting_checksums_never_crashes(corpus, tmp_path):
    base, _ = corpus
    source = random.Random(0)
    (original,) = (base / "good" / "run" / "columns").iterdir()
    data = original.read_bytes()
    roots = []
    for number in range(60):
        root = tmp_path / f"{number}"
        shutil.copytree(base / "good", root)
        altered = bytearray(data)
        for _ in range(source.randint(1, 4)):
            place = source.randrange(len(altered))
            altered[place] = source.choice([0, 1, 0x7F, 0x80, 0xFF, altered[place] ^ 4])
        Crafted(root).replace("metadata", bytes(altered))
        roots.append(root)
    blocks = read_all(base, roots)

    assert len(blocks) == 60
    assert all(int(block.split("GREW ")[1]) < 200_000 for block in blocks.values())


def test_a_run_that_is_a_link_out_of_the_store_is_refused(logged, tmp_path):
    root = tmp_path / "other"
    dg.open(root).create("mine").close()
    (root / "theirs").symlink_to(folder_of(logged))
    (root / "alias").symlink_to(root / "mine")
    store = dg.open(root)

    with pytest.raises(dg.FormatError, match=r"leaves the store.*driftglass\.open"):
        store.run("theirs")
    assert [run.name for run in store.runs()] == ["alias", "mine"]
    assert "symbolic link" in store.unreadable()["theirs"]
