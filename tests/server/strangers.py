"""Stores made to mislead: each function spoils a copy of a good run, checksums and all."""

import os
import pickle
import sqlite3
import struct
import zlib
from pathlib import Path

import msgspec
import xxhash

from driftglass.store._cache import _Result
from driftglass.store._schema import row_checksum

CANARY = "canary-was-executed"


class Canary:
    """Leaves a file behind when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (Path.touch, (Path(self.path),))


def npy(header, data=b"", version=b"\x01\x00", length=None):
    text = header.encode() if isinstance(header, str) else header
    return b"\x93NUMPY" + version + struct.pack("<H", length or len(text)) + text + data


def head(descr, shape, order=False):
    return f"{{'descr': {descr!r}, 'fortran_order': {order}, 'shape': {shape}, }}\n"


def rewrite(run, table, change):
    """Change the newest row of a table and give it the checksum it would have had."""
    with sqlite3.connect(run / "catalog.db") as connection:
        names = [item[1] for item in connection.execute(f"PRAGMA table_info({table})")]
        rowid, *row = connection.execute(
            f"SELECT rowid, * FROM {table} ORDER BY rowid DESC LIMIT 1"
        ).fetchone()
        row = [*{**dict(zip(names[:-1], row[:-1], strict=True)), **change}.values()]
        row.append(row_checksum(table, row))
        marks = ", ".join(f"{name} = ?" for name in names)
        connection.execute(f"UPDATE {table} SET {marks} WHERE rowid = {rowid}", row)
    connection.close()


def replace(run, pattern, data):
    """Put other bytes into every file of a kind, with the checksums that fit them."""
    digests = b"".join(
        xxhash.xxh3_128_digest(data[start : start + (8 << 20)])
        for start in range(0, max(1, len(data)), 8 << 20)
    )
    with sqlite3.connect(run / "catalog.db") as connection:
        for path in sorted(run.glob(pattern)):
            path.chmod(0o644)
            path.write_bytes(data)
            key = path.relative_to(run).as_posix()
            revision = connection.execute(
                "SELECT revision FROM files WHERE key = ?", (key,)
            ).fetchone()[0]
            row = (revision, key, len(data), digests)
            connection.execute(
                "UPDATE files SET size = ?, hashes = ?, crc = ? WHERE key = ?",
                (len(data), digests, row_checksum("files", row), key),
            )
    connection.close()


def png_bomb(side=60_000):
    def chunk(kind, data):
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    pixels = zlib.compress(b"\x00" * 1_000_000, 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels)


def kept(run, change):
    """Change the description of the kept projection, with the checksum that fits it."""
    for path in run.glob("derived/projection-*/result.json"):
        result = msgspec.json.decode(path.read_bytes(), type=_Result)
        description = change(dict(result.description))
        result = msgspec.structs.replace(result, description=description)
        result = msgspec.structs.replace(result, check=result.checksum())
        path.chmod(0o644)
        path.write_bytes(msgspec.json.encode(result))


def with_frames(**change):
    """Give every frame of a kept projection other members."""
    return lambda d: {**d, "frames": [{**frame, **change} for frame in d["frames"]]}


def link(run, pattern, target):
    for path in sorted(run.glob(pattern)):
        path.unlink()
        path.symlink_to(target)


GIANT = head("<f4", "(100000000000, 1000)")
HEADERS = {
    "giant": npy(GIANT),
    "object": lambda canary: npy(head("|O", "(60, 8)"), pickle.dumps(Canary(canary))),
    "pickle-alone": lambda canary: pickle.dumps(Canary(canary)),
    "structured": npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (60,), }\n"),
    "fortran": npy(head("<f4", "(60, 8)", True), b"\0" * 1920),
    "negative": npy(head("<f4", "(-60, 8)"), b"\0" * 1920),
    "overflow": npy(head("<f4", "(4611686018427387904, 4)")),
    "header-beyond-file": npy("{", length=60_000),
    "version": npy(head("<f4", "(60, 8)"), b"\0" * 1920, version=b"\x09\x09"),
    "wide-text": npy(head("<U100000000", "(60,)")),
    "code": npy("__import__('os').system('touch canary-was-executed')\n"),
    "nested": npy("(" * 60_000),
    "empty": b"",
    "magic": b"\x00" * 2000,
    "complex": npy(head("<c8", "(60, 4)"), b"\0" * 1920),
    "moment": npy(head("<M8[s]", "(60, 4)"), b"\0" * 1920),
    "scalar": npy(head("<f4", "()"), b"\0" * 4),
    "cube": npy(head("<f4", "(60, 2, 4)"), b"\0" * 1920),
    "short": npy(head("<f4", "(60, 8)"), b"\0" * 100),
    "void": npy(head("|V8", "(60, 4)"), b"\0" * 1920),
}


def spoilers(canary, secret):
    """Every way of spoiling a run: name and function of the run's folder."""
    found = {}
    for kind in ("vectors/*/*.npy", "ids/*.npy", "predictions/*.npy"):
        for name, data in HEADERS.items():
            data = data(canary) if callable(data) else data
            found[f"{kind.split('/')[0]} {name}"] = lambda run, kind=kind, data=data: replace(
                run, kind, data
            )
    columns = "columns/*.arrows"
    images = "images/*.png"
    tables = {
        "zeros": bytes(1000),
        "ones": b"\xff" * 1000,
        "long-message": b"\xff\xff\xff\xff\xff\xff\xff\x7f" + bytes(1000),
        "pickle": pickle.dumps(Canary(canary)),
    }
    for name, data in tables.items():
        found[f"columns {name}"] = lambda run, data=data: replace(run, columns, data)
    pictures = {
        "bomb": png_bomb(),
        "svg": b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        "html": b"<!doctype html><script>alert(1)</script>",
        "empty": b"",
    }
    for name, data in pictures.items():
        found[f"images {name}"] = lambda run, data=data: replace(run, images, data)
    rows = {
        "path-up": ("parts", {"key": "../../secret.txt"}),
        "path-absolute": ("parts", {"key": "/etc/passwd"}),
        "path-backslash": ("parts", {"key": "..\\secret.txt"}),
        "path-nul": ("parts", {"key": "vectors/\x00.npy"}),
        "path-catalog": ("parts", {"key": "catalog.db"}),
        "rows": ("parts", {"n_rows": 1 << 60}),
        "features": ("parts", {"n_features": 1 << 60}),
        "negative-rows": ("parts", {"n_rows": -1}),
        "step-text": ("parts", {"step": "<script>"}),
        "dtype": ("parts", {"dtype": "object"}),
        "space": ("parts", {"space": "x" * (1 << 20)}),
        "ids": ("parts", {"ids": "0" * 32}),
        "first-not-finite": ("parts", {"first_not_finite": "[" * 100_000}),
        "classes-json": ("classes", {"names": "[" * 100_000}),
        "classes-kind": ("classes", {"names": '{"a": 1}'}),
        "tiles": ("images", {"tiles": "../../secret.txt"}),
        "pages": ("images", {"pages": '["../../secret.txt"]'}),
        "tile-size": ("images", {"tile_width": 1 << 60, "columns": -5}),
        "scalar": ("scalars", {"value": "__import__('os')", "name": "</script>"}),
        "id-count": ("ids", {"n_ids": 1 << 60}),
        "writer": ("writers", {"pid": -1, "host": "x" * 100_000}),
        "revision": ("commits", {"time": "never"}),
    }
    for name, (table, change) in rows.items():
        found[f"catalog {name}"] = lambda run, table=table, change=change: rewrite(
            run, table, change
        )
    found |= {
        "catalog noise": lambda run: (run / "catalog.db").write_bytes(os.urandom(20_000)),
        "catalog link": lambda run: link(run, "catalog.db", secret),
        "vectors link": lambda run: link(run, "vectors/*/*.npy", secret),
        "images link": lambda run: link(run, images, secret),
        "ids link": lambda run: link(run, "ids/*.npy", secret),
        "marker nested": lambda run: (run / "run.json").write_text("[" * 1_000_000),
        "marker link": lambda run: link(run, "run.json", secret),
        "journal noise": lambda run: [p.write_bytes(b"\xff" * 9999) for p in run.glob("journal/*")],
        "kept empty": lambda run: kept(run, lambda d: {}),
        "kept kind": lambda run: kept(run, lambda d: {**d, "kind": "frame"}),
        "kept number": lambda run: kept(run, lambda d: {**d, "frames": 5}),
        "kept frames": lambda run: kept(run, lambda d: {**d, "frames": [{}]}),
        "kept keys": lambda run: kept(run, with_frames(key="../../secret.txt")),
        "kept bounds": lambda run: kept(run, with_frames(low=["a"], high=None)),
        "kept widths": lambda run: kept(run, with_frames(low=[0.0] * 9, high=[1.0])),
        "kept steps": lambda run: kept(run, with_frames(step="<script>")),
        "kept quality": lambda run: kept(run, with_frames(quality="good")),
        "kept made": lambda run: kept(run, lambda d: {**d, "made": "x"}),
        "kept provenance": lambda run: kept(run, lambda d: {**d, "provenance": []}),
        "kept parameters": lambda run: kept(
            run,
            lambda d: {
                **d,
                "provenance": {**d["provenance"], "parameters": {"n_components": 1 << 40}},
            },
        ),
    }
    return found
