"""``driftglass import``, ``open``, ``config`` and ``completion``."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request

import numpy as np
import pytest

import driftglass as dg


@pytest.fixture
def words(tmp_path):
    path = tmp_path / "words.csv"
    path.write_text("id,a,b,label\nup,1,2,x\ndown,3,4,y\nleft,5,6,x\n")
    return path


@pytest.fixture
def alone(tmp_path, monkeypatch):
    """A folder without settings of anybody."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))
    for name in ("PORT", "HOST", "BROWSER"):
        monkeypatch.delenv(f"DRIFTGLASS_{name}", raising=False)
    return tmp_path


def test_imports_a_table(driftglass, words, tmp_path):
    store = tmp_path / "runs"
    answer = driftglass("import", words, "--store", store, "--json")

    assert answer.code == 0
    assert answer.json["run"] == "words"
    assert answer.json["spaces"] == [{"name": "vectors", "steps": [0]}]
    assert dg.open(store).run("words").metadata.row("down") == {"label": "y"}


def test_says_where_to_look(driftglass, words, tmp_path):
    answer = driftglass("import", words, "--store", tmp_path / "runs", "--name", "w")

    assert "3 items" in answer.out
    assert "driftglass serve" in answer.out


@pytest.mark.parametrize(
    ("words_", "code", "message"),
    [
        (["nothing.npy"], 3, "no file or folder"),
        (["x.pt"], 2, "--trust"),
        (["x.docx"], 4, "ends in '.docx'"),
        (["words.csv", "--format", "cvs"], 3, "Did you mean 'csv'"),
    ],
)
def test_says_what_is_wrong(driftglass, words, alone, words_, code, message):
    (alone / "x.pt").write_bytes(b"x")
    (alone / "x.docx").write_bytes(b"x")
    answer = driftglass("import", *words_)

    assert answer.code == code
    assert message in answer.err


def test_a_run_goes_to_the_projector_and_into_files(driftglass, words, tmp_path):
    store = tmp_path / "runs"
    driftglass("import", words, "--store", store)
    bundle = driftglass("export", "words", "--store", store, "--projector", tmp_path / "bundle")
    file = driftglass("export", "words", "--store", store, "-o", tmp_path / "x.safetensors")

    assert (bundle.code, file.code) == (0, 0)
    assert (tmp_path / "bundle" / "projector_config.pbtxt").is_file()
    assert (tmp_path / "x.safetensors").is_file()


@pytest.mark.slow
def test_the_name_of_a_file_alone_shows_it(words):
    command = [sys.executable, "-m", "driftglass", str(words), "--no-browser", "--json"]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        assert child.stdout is not None
        port = json.loads(child.stdout.readline())["port"]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=20) as page:
            status = page.status
        child.send_signal(signal.SIGTERM)
        code = child.wait(30)
    finally:
        child.kill()
        child.communicate()

    assert (status, code) == (200, 0)


def test_a_command_is_not_taken_for_a_file(driftglass, alone):
    (alone / "ls").mkdir()
    answer = driftglass("ls", "--json")

    assert answer.code == 3  # there is no store here; a folder named ls is not opened


def test_config_says_what_holds_and_why(driftglass, alone, monkeypatch):
    (alone / "driftglass.toml").write_text('host = "127.0.0.2"\n')
    monkeypatch.setenv("DRIFTGLASS_PORT", "8123")
    answer = driftglass("config", "--origin")
    one = driftglass("config", "port")
    told = driftglass("config", "--json").json

    assert "8123" in answer.out
    assert "env (DRIFTGLASS_PORT)" in answer.out
    assert f"project ({alone / 'driftglass.toml'})" in answer.out
    assert one.out == "8123\n"
    assert told["store"]["origin"] == "default"
    assert driftglass("config", "prot").code == 3


def test_an_option_wins_over_every_setting(driftglass, words, alone, monkeypatch):
    monkeypatch.setenv("DRIFTGLASS_DIR", str(alone / "by-env"))
    (alone / "driftglass.toml").write_text('store = "by-project"\n')
    driftglass("import", words, "--store", alone / "by-option")
    monkeypatch.delenv("DRIFTGLASS_DIR", raising=False)
    driftglass("import", words)

    assert sorted(path.name for path in alone.iterdir() if path.name.startswith("by-")) == [
        "by-option",
        "by-project",
    ]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_a_script_for_the_shell(driftglass, shell):
    answer = driftglass("completion", shell)

    assert answer.code == 0
    assert "_DRIFTGLASS_COMPLETE" in answer.out


def test_completion_offers_runs(tmp_path, rng):
    with dg.open(tmp_path / "runs").create("digits") as run:
        run.log(0, {"hidden": np.eye(2)})
    environment = {
        **os.environ,
        "_DRIFTGLASS_COMPLETE": "bash_complete",
        "COMP_WORDS": "driftglass show dig",
        "COMP_CWORD": "2",
        "DRIFTGLASS_DIR": str(tmp_path / "runs"),
    }
    code = "from driftglass.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )

    assert "digits" in done.stdout
