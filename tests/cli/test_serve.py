"""Tests of driftglass.cli._serve, in a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request

import pytest

from driftglass.cli import _serve
from driftglass.cli._ask import Asking
from driftglass.errors import StoreError


@pytest.fixture
def serve(tmp_path):
    """Start `driftglass serve`; ends it after the test."""
    processes = []
    environment = {**os.environ, "BROWSER": "true", "XDG_RUNTIME_DIR": str(tmp_path)}
    environment.pop("DRIFTGLASS_TOKEN", None)

    def start(*words):
        process = subprocess.Popen(
            [sys.executable, "-m", "driftglass", "serve", *map(str, words)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("asked", [signal.SIGINT, signal.SIGTERM])
def test_serves_until_asked_to_end(serve, folder, asked):
    process = serve(folder, "--json", "--port", 0)
    served = json.loads(process.stdout.readline())
    names = [run["name"] for run in Asking(served["url"]).ask("/api/runs")]
    process.send_signal(asked)

    assert sorted(names) == ["first", "second"]
    assert process.wait(timeout=20) == 0


def test_prints_the_address_for_people(serve, folder):
    process = serve(folder, "--no-browser", "--port", 0)
    address = next(line.strip() for line in process.stdout if "token=" in line)
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    with browser.open(address, timeout=20) as page:
        assert "<title>" in page.read().decode()
    process.send_signal(signal.SIGINT)

    assert process.wait(timeout=20) == 0


def test_serves_the_folder_of_one_run(serve, folder):
    process = serve(folder / "second", "--json", "--port", 0)
    served = json.loads(process.stdout.readline())

    assert [run["name"] for run in Asking(served["url"]).ask("/api/runs")] == ["second"]


def test_a_refusal_of_the_server_is_told_in_its_words(serve, folder):
    process = serve(folder, "--json", "--port", 0)
    asking = Asking(json.loads(process.stdout.readline())["url"])

    with pytest.raises(StoreError, match="Did you mean 'first'"):
        asking.ask("/api/runs/frist")


def test_read_only_computes_nothing(serve, folder):
    process = serve(folder, "--json", "--port", 0, "--read-only")
    asking = Asking(json.loads(process.stdout.readline())["url"])

    with pytest.raises(StoreError, match="read-only"):
        asking.start_projection("first", {"space": "hidden"})


def test_listening_to_others_needs_a_chosen_token(driftglass, folder, monkeypatch):
    monkeypatch.delenv("DRIFTGLASS_TOKEN", raising=False)

    answer = driftglass("serve", folder, "--host", "0.0.0.0", "--no-browser")

    assert answer.code == 2
    assert "DRIFTGLASS_TOKEN" in answer.err


def test_a_missing_store_is_not_served(driftglass, tmp_path):
    assert driftglass("serve", tmp_path / "nowhere", "--no-browser").code == 3


def test_the_port_is_the_servers_own():
    from driftglass.server import DEFAULT_PORT

    assert _serve.DEFAULT_PORT == DEFAULT_PORT
