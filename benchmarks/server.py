"""What the server costs: a million rows over HTTP, a long run's description, news of a snapshot.

    python -m benchmarks.server
    python -m benchmarks.server --rows 200000

Frames are compared with sending the same bytes through a bare socket pair of the same machine.
"""

from __future__ import annotations

import argparse
import gzip
import http.client
import json
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

import driftglass as dg
from driftglass.server import Serving, start

from . import record

REPEATS = 7


class Asking:
    """One connection that holds the token."""

    def __init__(self, serving: Serving) -> None:
        token = serving.url.rpartition("token=")[2]
        self.headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self.connection = http.client.HTTPConnection("127.0.0.1", serving.port, timeout=120)

    def __call__(self, path: str, body: Any = None) -> bytes:
        """Answer to a GET, or to a POST when there is a body."""
        method = "GET" if body is None else "POST"
        data = None if body is None else json.dumps(body)
        self.connection.request(method, path, data, self.headers)
        return self.connection.getresponse().read()

    def project(self, run: str) -> dict[str, Any]:
        """Compute the 2D map of space "h" and wait; returns its description."""
        job = json.loads(self(f"/api/runs/{run}/projection", {"space": "h"}))["job"]
        while job and json.loads(self(f"/api/jobs/{job}"))["state"] in ("queued", "running"):
            time.sleep(0.01)
        return json.loads(self(f"/api/runs/{run}/projection?space=h"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        store = dg.open(Path(folder) / "runs")
        fill(store, arguments.rows)
        with start(store, port=0) as serving:
            ask = Asking(serving)
            figures = {
                **frames(ask, arguments.rows),
                **descriptions(ask),
                **liveness(store, ask),
            }
    for name, value in figures.items():
        print(f"{name:48} {value}")
    if arguments.rows == 1_000_000:
        print(record.write("server", figures))


def fill(store: dg.Store, rows: int) -> None:
    """A wide run of two steps, a long one of 1,000, and one of digits' size that will grow."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 10, rows).astype(str).tolist()
    with store.create("wide", ids=np.arange(rows), labels=labels, when_full="block") as run:
        for step in range(2):
            run.log(step, spaces={"h": rng.normal(size=(rows, 4)).astype(np.float32)})
    with store.create("long", ids=np.arange(100), when_full="block") as run:
        for step in range(1_000):
            vectors = rng.normal(size=(100, 4)).astype(np.float32)
            run.log(step, spaces={"h": vectors}, scalars={"loss": 1 / (1 + step)})


def frames(ask: Asking, rows: int) -> dict[str, float]:
    key = ask.project("wide")["key"]
    target = f"/api/runs/wide/frames?projection={key}&step="
    first = seconds(lambda: ask(target + "0"), 1)
    body = ask(target + "1")
    with loopback(body) as send:
        best = record.best_seconds({"http": lambda: ask(target + "1"), "bare": send}, REPEATS)
    packed = gzip.compress(body[: 4 << 20], 1)
    gzip_seconds = seconds(lambda: gzip.compress(body[: 4 << 20], 1), 1)
    return {
        f"frame of {rows:,} rows, MB": round(len(body) / 1e6, 1),
        "frame, first time, ms": round(1e3 * first, 1),
        "frame, afterwards, ms": round(1e3 * best["http"], 1),
        "frame, afterwards, MB/s": round(len(body) / best["http"] / 1e6),
        "the same bytes through a bare socket, MB/s": round(len(body) / best["bare"] / 1e6),
        "gzip would leave of it": round(len(packed) / (4 << 20), 3),
        "gzip would run at, MB/s": round((4 << 20) / gzip_seconds / 1e6),
    }


def descriptions(ask: Asking) -> dict[str, float]:
    return {
        "smallest request, ms": round(1e3 * seconds(lambda: ask("/healthz"), 50), 2),
        "description of 1,000 snapshots, ms": round(
            1e3 * seconds(lambda: ask("/api/runs/long"), REPEATS), 1
        ),
    }


def liveness(store: dg.Store, ask: Asking) -> dict[str, float]:
    """From `log` in a training loop until the new frame has been fetched."""
    rng = np.random.default_rng(0)
    waits = []
    with store.create("growing", ids=np.arange(1_797), when_full="block") as run:
        for step in range(20):
            run.log(step, spaces={"h": rng.normal(size=(1_797, 64)).astype(np.float32)})
        run.flush()
        ask.project("growing")
        for step in range(20, 25):
            run.log(step, spaces={"h": rng.normal(size=(1_797, 64)).astype(np.float32)}, wait=True)
            began = time.perf_counter()
            ready = ask.project("growing")
            ask(f"/api/runs/growing/frames?projection={ready['key']}&step={step}")
            waits.append(time.perf_counter() - began)
    return {"a new snapshot of 1,797 x 64 placed and fetched, ms": round(1e3 * np.median(waits))}


def seconds(call: Callable[[], Any], repeats: int) -> float:
    return record.best_seconds({"call": call}, repeats)["call"]


@contextmanager
def loopback(body: bytes) -> Iterator[Callable[[], None]]:
    """A call that sends `body` through a loopback connection and waits until all has come."""
    listener = socket.create_server(("127.0.0.1", 0))
    near = socket.create_connection(listener.getsockname())
    far, _ = listener.accept()

    def send() -> None:
        thread = threading.Thread(target=near.sendall, args=(body,))
        thread.start()
        missing = len(body)
        while missing:
            missing -= len(far.recv(1 << 20))
        thread.join()

    try:
        yield send
    finally:
        for opened in (near, far, listener):
            opened.close()


if __name__ == "__main__":
    main()
