import asyncio
import contextlib
import http.client
import json
import shutil
import socket
import subprocess
import sys
import threading
import time

import pytest

from driftglass.server import _events, start
from driftglass.server._errors import TooBusyError
from driftglass.server._events import GONE, News

from .asgi import BEARER, HOST, ask
from .test_launch import token_of

LOGGER = """
import sys, time
import numpy as np
import driftglass as dg
run = dg.open({path!r}).resume("run")
print("ready", flush=True)
sys.stdin.readline()
run.log(500, spaces={{"hidden": np.zeros((60, 8), np.float32)}}, wait=True)
print(time.time(), flush=True)
sys.stdin.readline()
run.close()
"""


class Stream:
    """Server-sent events read in a thread: (arrival, kind, value)."""

    def __init__(self, serving):
        self.connection = http.client.HTTPConnection("127.0.0.1", serving.port, timeout=30)
        headers = {"Authorization": f"Bearer {token_of(serving.url)}"}
        self.connection.request("GET", "/api/events", headers=headers)
        self.socket = self.connection.sock
        self.response = self.connection.getresponse()
        self.events = []
        self.ended = threading.Event()
        self.changed = threading.Condition()
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        kind = None
        try:
            for line in self.response:
                if line.startswith(b"event: "):
                    kind = line[7:].strip().decode()
                elif line.startswith(b"data: "):
                    with self.changed:
                        self.events.append((time.time(), kind, json.loads(line[6:])))
                        self.changed.notify_all()
        except (OSError, ValueError, AttributeError):
            pass
        self.ended.set()

    def wait(self, condition, seconds=15):
        """First event for which `condition(kind, value)` holds."""

        def found():
            return next((e for e in self.events if condition(e[1], e[2])), None)

        with self.changed:
            return self.changed.wait_for(found, seconds)

    def close(self):
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)  # wakes the thread, which holds the rest
        self.thread.join()
        self.response.close()
        self.connection.close()


@pytest.fixture
def serving(store):
    with start(store, port=0) as serving:
        yield serving


@pytest.fixture
def stream(serving):
    stream = Stream(serving)
    yield stream
    stream.close()


def test_a_stream_begins_with_the_revision_of_every_run(stream, store):
    _, _, value = stream.wait(lambda kind, _: kind == "run")

    assert stream.response.getheader("content-type").startswith("text/event-stream")
    assert value == {"name": "run", "revision": store.run("run").revision}


def test_a_snapshot_logged_by_another_process_is_told_within_two_seconds(stream, store):
    first = stream.wait(lambda kind, _: kind == "run")[2]["revision"]
    program = LOGGER.format(path=str(store.path))
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as logger:
        assert logger.stdout.readline() == "ready\n"
        time.sleep(0.6)
        before = max([first, *(e[2]["revision"] for e in stream.events)])
        logger.stdin.write("go\n")
        logger.stdin.flush()
        logged = float(logger.stdout.readline())
        told = stream.wait(lambda kind, value: kind == "run" and value["revision"] > before)
        logger.communicate("end\n")

    assert told is not None
    assert told[0] - logged < 2
    assert 500 in store.run("run").steps("hidden")


def test_new_and_deleted_runs_are_told(stream, store):
    assert stream.wait(lambda _, value: value.get("name") == "run")

    shutil.copytree(store.path / "run", store.path / "copy")
    assert stream.wait(lambda _, value: value.get("name") == "copy")
    shutil.rmtree(store.path / "copy")

    assert stream.wait(lambda _, value: value == {"name": "copy", "revision": GONE})


def test_jobs_are_told_as_they_move(stream, serving):
    connection = http.client.HTTPConnection("127.0.0.1", serving.port, timeout=30)
    headers = {
        "Authorization": f"Bearer {token_of(serving.url)}",
        "Content-Type": "application/json",
    }
    body = json.dumps({"space": "hidden", "n_components": 3})
    connection.request("POST", "/api/runs/run/projection", body, headers)
    job = json.loads(connection.getresponse().read())["job"]
    connection.close()

    done = stream.wait(lambda kind, value: kind == "job" and value["state"] == "done", 30)
    states = [value["state"] for _, kind, value in stream.events if kind == "job"]

    assert done[2]["id"] == job
    assert done[2]["result"].startswith("projection-")
    assert states[0] == "queued"
    assert "running" in states


def test_closing_the_server_ends_every_stream(serving):
    streams = [Stream(serving) for _ in range(3)]
    for stream in streams:
        assert stream.wait(lambda kind, _: kind == "run")

    serving.close()

    assert all(stream.ended.wait(5) for stream in streams)
    for stream in streams:
        stream.close()


class Counted:
    def __init__(self):
        self.revisions = {"a": 1}
        self.calls = 0

    def __call__(self):
        self.calls += 1
        return dict(self.revisions)


async def collect(news, seconds):
    heard = []

    async def listen():
        async for item in news.subscribe():
            heard.append(item)  # noqa: PERF401 - it is looked at when the task is cancelled

    task = asyncio.create_task(listen())
    await asyncio.sleep(seconds)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return heard


def test_many_readers_share_one_watcher_that_rests_when_nobody_reads(monkeypatch):
    monkeypatch.setattr(_events, "POLL_SECONDS", 0.05)
    source = Counted()
    news = News(source)

    async def many():
        return await asyncio.gather(*(collect(news, 1.0) for _ in range(20)))

    heard = asyncio.run(many())
    time.sleep(0.2)
    calls = source.calls
    time.sleep(0.2)

    assert all(("run", {"name": "a", "revision": 1}) in items for items in heard)
    # Twenty looks of the readers at their start, and at most twenty of the one watcher.
    assert calls <= 20 + 25
    assert source.calls == calls
    assert news.n_readers == 0


def test_a_reader_that_comes_after_a_rest_is_served_too(monkeypatch):
    monkeypatch.setattr(_events, "POLL_SECONDS", 0.05)
    source = Counted()
    news = News(source)
    asyncio.run(collect(news, 0.1))
    time.sleep(0.2)

    async def later():
        listening = asyncio.create_task(collect(news, 0.6))
        await asyncio.sleep(0.2)
        source.revisions["a"] = 2
        return await listening

    assert ("run", {"name": "a", "revision": 2}) in asyncio.run(later())


def test_a_quiet_stream_has_a_heartbeat(monkeypatch):
    monkeypatch.setattr(_events, "HEARTBEAT_SECONDS", 0.05)

    assert None in asyncio.run(collect(News(Counted()), 0.4))


def test_a_reader_that_does_not_keep_up_is_cut_off(monkeypatch):
    monkeypatch.setattr(_events, "MAX_WAITING", 10)
    news = News(Counted())

    async def slow():
        heard = []
        async for item in news.subscribe():
            heard.append(item)
            if len(heard) == 1:
                for number in range(50):
                    news.tell("job", {"id": number})
                await asyncio.sleep(0.1)
        return heard

    heard = asyncio.run(asyncio.wait_for(slow(), 5))

    assert len(heard) < 20
    assert news.n_readers == 0


def test_a_store_that_cannot_be_polled_for_a_moment_ends_nothing(monkeypatch):
    monkeypatch.setattr(_events, "POLL_SECONDS", 0.05)
    source = Counted()
    faults = [OSError("gone"), OSError("gone")]

    def revisions():
        if source.calls > 2 and faults:
            raise faults.pop()
        return source()

    news = News(revisions)

    async def watch():
        listening = asyncio.create_task(collect(news, 1.0))
        await asyncio.sleep(0.6)
        source.revisions["a"] = 5
        return await listening

    assert ("run", {"name": "a", "revision": 5}) in asyncio.run(watch())
    assert not faults


def test_there_is_a_limit_of_open_streams(client, monkeypatch):
    monkeypatch.setattr(_events, "MAX_READERS", 0)

    reply = ask(client.app, "GET", "/api/events", [HOST, BEARER])

    assert (reply.status, reply.kind) == (429, "busy")
    with pytest.raises(TooBusyError):
        client.library.news.check_room()
