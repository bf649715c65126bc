"""A small store with everything in it, and a client that may ask for all of it."""

from __future__ import annotations

import json
import shutil
import time

import numpy as np
import pytest

import driftglass as dg
from driftglass.server._app import is_open, make_app
from driftglass.server._library import Library
from driftglass.server._security import Rules
from driftglass.server._wire import decode

from .asgi import BEARER, HOST, TOKEN, Reply, ask

N_ITEMS = 60
STEPS = (0, 10, 20)


@pytest.fixture(autouse=True)
def private_folder(tmp_path_factory, monkeypatch):
    """Keep records of running servers out of the user's own folders."""
    folder = tmp_path_factory.mktemp("runtime")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
    monkeypatch.delenv("DRIFTGLASS_TOKEN", raising=False)
    monkeypatch.delenv("SSH_CONNECTION", raising=False)
    return folder


def vectors(step, n_items=N_ITEMS, n_features=8):
    """Two clusters that move apart with the step."""
    rng = np.random.default_rng(step)
    X = rng.normal(size=(n_items, n_features)).astype(np.float32)
    X[: n_items // 2, 0] += step / 2
    return X


def fill(store, name="run", steps=STEPS):
    """Log a run with every kind of column, images, predictions and scalars."""
    rng = np.random.default_rng(0)
    ids = [f"item-{number:03d}" for number in range(N_ITEMS)]
    metadata = {
        "label": [["cat", "dog", "owl"][number % 3] if number else None for number in range(60)],
        "weight": [number / 2 if number != 5 else None for number in range(60)],
        "seen": [number % 2 == 0 if number != 7 else None for number in range(60)],
        "taken": ["2026-11-21" if number != 9 else None for number in range(60)],
        "tags": [["wild", "tame"][: number % 3] if number != 3 else None for number in range(60)],
        "records": [[{"group": "coat", "name": "striped"}] * (number % 2) for number in range(60)],
        "story": [
            f"Once upon a time, {number}." if number else "long " * 200 for number in range(60)
        ],
    }
    images = [rng.integers(0, 255, (6, 4), dtype=np.uint8) for _ in range(60)]
    images[4] = None
    run = store.create(
        name,
        ids=ids,
        metadata=metadata,
        images=images,
        classes=["cat", "dog", "owl"],
        kinds={"story": "text", "label": "categorical", "taken": "date"},
        when_full="block",
    )
    with run:
        for step in steps:
            run.log(
                step,
                spaces={"hidden": vectors(step)},
                predictions=rng.random((60, 3)),
                scalars={"loss": float("nan") if step == 10 else 1.0 / (1 + step)},
            )
    return store.run(name)


@pytest.fixture(scope="session")
def template(tmp_path_factory):
    """Made once and copied for each test, which may then change its copy.

    The 2D projection is kept already, the 3D one is not: computing takes a child process.
    """
    path = tmp_path_factory.mktemp("template") / "runs"
    dg.project(fill(dg.open(path)), "hidden", basis="all")
    return path


@pytest.fixture
def store(template, tmp_path):
    return dg.open(shutil.copytree(template, tmp_path / "runs"))


class Client:
    """Asks one application with the right token."""

    def __init__(self, library):
        self.library = library
        self.rules = Rules(token=TOKEN, port=7430, is_open=is_open)
        self.app = make_app(library, self.rules, static={})

    def get(self, target, headers=()) -> Reply:
        return ask(self.app, "GET", target, [HOST, BEARER, *headers])

    def post(self, target, value=None) -> Reply:
        body = b"" if value is None else json.dumps(value).encode()
        headers = [HOST, BEARER, ("content-type", "application/json")]
        return ask(self.app, "POST", target, [*headers, ("content-length", str(len(body)))], body)

    def json(self, target):
        reply = self.get(target)
        assert reply.status == 200, reply.body
        return reply.json()

    def frame(self, target):
        reply = self.get(target)
        assert reply.status == 200, reply.body
        return decode(reply.body)

    def finish(self, identity):
        """Wait for a job."""
        job = self.library.jobs.get(identity)
        deadline = time.monotonic() + 60
        while job.seconds is None and time.monotonic() < deadline:
            time.sleep(0.01)
        return job

    def project(self, run="run", **request):
        """Start a projection and wait until it is done; returns its description."""
        request = {"space": "hidden", "n_components": 2, **request}
        started = self.post(f"/api/runs/{run}/projection", request).json()
        if started["job"] is not None:
            job = self.finish(started["job"])
            assert job.state == "done", job.message
        query = "&".join(f"{name}={value}" for name, value in request.items())
        return self.json(f"/api/runs/{run}/projection?{query}")


@pytest.fixture
def client(store):
    library = Library(store)
    yield Client(library)
    library.close()
