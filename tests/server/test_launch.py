import contextlib
import http.client
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from driftglass.errors import InvalidInputError, NotFoundError, StoreError
from driftglass.server import _launch, _sockets, serve, start
from driftglass.server._served import find_served

GIVEN = "chosen-token-0123456789abcdef"
PROGRAM = "import sys; from driftglass.server import serve; serve({!r}, open_browser=False, {})"


def fetch(port, path, headers=(), method="GET", address="127.0.0.1"):
    connection = http.client.HTTPConnection(address, port, timeout=10)
    try:
        connection.request(method, path, headers=dict(headers))
        response = connection.getresponse()
        return response.status, dict(response.getheaders()), response.read()
    finally:
        connection.close()


def token_of(url):
    return url.rpartition("token=")[2]


@pytest.fixture
def serving(store):
    with start(store, port=0) as serving:
        yield serving


@contextlib.contextmanager
def process(path, options="port=0", env=None):
    """A server in a process of its own; yields it and its address once it answers."""
    child = subprocess.Popen(
        [sys.executable, "-c", PROGRAM.format(str(path), options)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **(env or {})},
    )
    lines = []
    try:
        for line in child.stdout:
            lines.append(line)
            if "Ctrl-C" in line:
                break
        url = next((line.strip() for line in lines if "?token=" in line), None)
        yield child, url, lines
    finally:
        if child.poll() is None:
            child.kill()
        child.communicate()


def port_of(url):
    return int(url.split(":")[2].split("/")[0])


def test_the_printed_address_opens_the_viewer(serving):
    status, headers, _ = fetch(serving.port, "/" + serving.url.split("/", 3)[3])
    cookie = headers["set-cookie"].split(";")[0]

    assert status == 303
    assert fetch(serving.port, headers["location"], [("Cookie", cookie)])[0] == 200
    assert fetch(serving.port, "/api/runs")[0] == 401


def test_both_loopback_addresses_answer_on_one_port(serving):
    assert fetch(serving.port, "/healthz")[0] == 200
    if socket.has_ipv6:
        assert fetch(serving.port, "/healthz", address="::1")[0] == 200


def test_only_the_loopback_addresses_are_listened_on():
    sockets, port = _sockets.open_sockets("127.0.0.1", 0)
    addresses = {opened.getsockname()[0] for opened in sockets}
    for opened in sockets:
        opened.close()

    assert addresses <= {"127.0.0.1", "::1"}
    assert port > 0


def test_small_answers_are_not_held_back(serving):
    connection = http.client.HTTPConnection("127.0.0.1", serving.port, timeout=10)
    seconds = []
    for _ in range(20):
        began = time.perf_counter()
        connection.request("GET", "/healthz")
        connection.getresponse().read()
        seconds.append(time.perf_counter() - began)
    connection.close()

    assert sorted(seconds)[10] < 0.02


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="reads /proc")
def test_the_operating_system_sees_loopback_sockets_only(store):
    with process(store.path) as (child, url, _):
        inodes = set()
        for link in Path(f"/proc/{child.pid}/fd").iterdir():
            with contextlib.suppress(OSError):
                inodes.add(os.readlink(link).removeprefix("socket:[").removesuffix("]"))
        listening = set()
        for table in ("tcp", "tcp6"):
            for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
                parts = line.split()
                if parts[3] == "0A" and parts[9] in inodes:
                    listening.add(parts[1])

    port = f"{port_of(url):04X}"
    ipv6 = "00000000000000000000000001000000"
    assert {f"0100007F:{port}"} <= listening <= {f"0100007F:{port}", f"{ipv6}:{port}"}


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "lab.example"])
def test_listening_beyond_this_machine_needs_a_chosen_token(store, host):
    with pytest.raises(InvalidInputError, match="DRIFTGLASS_TOKEN"):
        serve(store, host=host, port=0, open_browser=False)


def test_the_command_line_ends_with_2_without_a_token(store):
    command = [sys.executable, "-m", "driftglass", "serve", str(store.path), "--no-browser"]
    result = subprocess.run(
        [*command, "--host", "0.0.0.0"], capture_output=True, text=True, timeout=60, check=False
    )

    assert result.returncode == 2
    assert "DRIFTGLASS_TOKEN" in result.stderr
    assert "Traceback" not in result.stderr


def test_listening_beyond_this_machine_warns(store):
    with start(store, host="0.0.0.0", port=0, token=GIVEN) as serving:
        assert serving.message.startswith("Warning: listening on 0.0.0.0")
        assert fetch(serving.port, "/healthz")[0] == 200
        assert fetch(serving.port, "/healthz", [("Host", "evil.example")])[0] == 421


def test_the_token_may_come_from_the_environment(store, monkeypatch):
    monkeypatch.setenv("DRIFTGLASS_TOKEN", GIVEN)

    with start(store, port=0) as serving:
        assert token_of(serving.url) == GIVEN


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"token": "short"}, "128 bits"),
        ({"port": 70_000}, "0 to 65535"),
        ({"root_path": "glass"}, "must begin with"),
        ({"root_path": "/glass\r\nX: y"}, "must begin with"),
    ],
)
def test_options_that_cannot_be_are_refused_at_once(store, options, words):
    with pytest.raises(InvalidInputError, match=words):
        start(store, **options)


def test_a_folder_that_is_not_there_is_not_served_as_an_empty_store(tmp_path):
    with pytest.raises(NotFoundError, match="no folder"):
        start(tmp_path / "rnus")


def test_the_folder_of_one_run_can_be_served(store):
    with start(store.path / "run", port=0) as serving:
        headers = [("Authorization", f"Bearer {token_of(serving.url)}")]
        (run,) = json.loads(fetch(serving.port, "/api/runs", headers)[2])

    assert run["name"] == "run"


def test_an_address_of_another_machine_cannot_be_listened_on(store):
    with pytest.raises(StoreError, match=r"Cannot listen on 192\.0\.2\.1"):
        start(store, host="192.0.2.1", port=0, token=GIVEN)


def test_the_next_free_port_is_used(store):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        wanted = taken.getsockname()[1]
        with start(store, port=wanted) as serving:
            assert wanted < serving.port < wanted + 50


def test_a_port_taken_on_one_loopback_address_is_left_alone():
    if not socket.has_ipv6:
        pytest.skip("no IPv6")
    with socket.socket(socket.AF_INET6) as taken:
        taken.bind(("::1", 0))
        taken.listen()
        wanted = taken.getsockname()[1]
        sockets, port = _sockets.open_sockets("localhost", wanted)
        for opened in sockets:
            opened.close()

    assert port != wanted


def test_a_store_that_is_served_already_is_not_served_twice(store):
    with start(store, port=0) as first, start(store.path, port=0) as second:
        assert second.url == first.url
        second.close()
        assert fetch(first.port, "/healthz")[0] == 200


def test_a_store_served_in_another_way_gets_its_own_server(store):
    with start(store, port=0) as first, start(store, port=0, read_only=True) as second:
        assert second.port != first.port


def test_another_process_finds_the_server_and_ends(store, capfd):
    with process(store.path) as (_, url, _):
        serve(store.path, open_browser=False)

        assert url in capfd.readouterr().out


def test_a_record_of_a_server_that_died_is_not_believed(store, private_folder):
    with process(store.path) as (child, _, _):
        child.kill()
        child.wait()
    assert list((private_folder / "driftglass").glob("*.json"))

    with start(store, port=0) as serving:
        assert fetch(serving.port, "/healthz")[0] == 200
        assert len(list((private_folder / "driftglass").glob("*.json"))) == 1


def test_the_file_with_the_token_is_private_and_goes_away(store, private_folder):
    with start(store, port=0) as serving:
        (record,) = (private_folder / "driftglass").glob("*.json")
        assert json.loads(record.read_text())["token"] == token_of(serving.url)
        assert stat.S_IMODE(record.stat().st_mode) == 0o600
        assert stat.S_IMODE(record.parent.stat().st_mode) == 0o700

    assert not record.exists()


@pytest.mark.skipif(os.name != "posix", reason="file modes")
def test_a_record_that_others_could_have_written_is_not_believed(store, private_folder):
    with start(store, port=0) as serving:
        (record,) = (private_folder / "driftglass").glob("*.json")
        options = json.loads(record.read_text())["options"]
        assert find_served(store.path, options).port == serving.port
        record.chmod(0o644)
        assert find_served(store.path, options) is None
        record.chmod(0o600)
        moved = record.with_suffix(".moved")
        record.rename(moved)
        record.symlink_to(moved)
        assert find_served(store.path, options) is None


def test_the_token_shows_neither_in_arguments_nor_in_logs(store):
    with process(store.path) as (child, url, _):
        token = token_of(url)
        fetch(port_of(url), f"/?token={token}")
        fetch(port_of(url), "/api/runs", [("Authorization", f"Bearer {token}")])
        fetch(port_of(url), "/api/runs/nothing", [("Authorization", f"Bearer {token}")])
        arguments = b""
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                arguments += (folder / "cmdline").read_bytes()
        child.send_signal(signal.SIGTERM)
        out, err = child.communicate(timeout=10)

    assert token.encode() not in arguments
    assert token not in out
    assert token not in err


def test_a_browser_is_opened_with_a_ticket_and_not_with_the_token(store, monkeypatch):
    monkeypatch.setenv("BROWSER", "any")
    opened = []
    done = threading.Event()
    monkeypatch.setattr(_launch.webbrowser, "open", lambda url: (opened.append(url), done.set()))

    with start(store, port=0, open_browser=True) as serving:
        assert done.wait(10)
        (url,) = opened
        assert token_of(serving.url) not in url
        assert fetch(serving.port, "/" + url.split("/", 3)[3])[0] == 303
        assert fetch(serving.port, "/" + url.split("/", 3)[3])[0] == 403


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"DISPLAY": ":0"}, True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, True),
        ({}, False),
        ({"DISPLAY": ":10", "SSH_CONNECTION": "a b c d"}, False),
        ({"BROWSER": "open-on-the-desk", "SSH_CONNECTION": "a b c d"}, True),
    ],
)
@pytest.mark.skipif(sys.platform != "linux", reason="displays of X and Wayland")
def test_a_browser_is_opened_by_itself_only_where_one_can_be_seen(
    monkeypatch, environment, expected
):
    for name in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY", "SSH_CONNECTION", "SSH_TTY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    assert _launch._has_display() is expected


def test_over_ssh_the_tunnel_is_spelt_out(store, monkeypatch):
    monkeypatch.setenv("SSH_CONNECTION", "10.0.0.1 1 10.0.0.2 22")

    with start(store, port=0) as serving:
        assert f"ssh -N -L {serving.port}:127.0.0.1:{serving.port} " in serving.message


def test_under_a_hub_the_proxied_address_is_spelt_out(store, monkeypatch):
    monkeypatch.setenv("JUPYTERHUB_SERVICE_PREFIX", "/user/ada/")

    with start(store, port=0) as serving:
        assert f"/user/ada/proxy/{serving.port}/" in serving.message


@pytest.mark.skipif(os.name != "posix", reason="signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_server_within_two_seconds_also_with_open_streams(
    store, number, private_folder
):
    with process(store.path) as (child, url, _), contextlib.ExitStack() as streams:
        headers = {"Authorization": f"Bearer {token_of(url)}"}
        for _ in range(3):
            stream = http.client.HTTPConnection("127.0.0.1", port_of(url), timeout=10)
            streams.callback(stream.close)
            stream.request("GET", "/api/events", headers=headers)
            assert streams.enter_context(stream.getresponse()).readline() == b"retry: 1000\n"
        began = time.monotonic()
        child.send_signal(number)
        _, err = child.communicate(timeout=10)

    assert time.monotonic() - began < 2
    assert child.returncode == 0
    assert err == ""
    assert not list((private_folder / "driftglass").glob("*.json"))


def test_closing_frees_the_port_and_calls_back(store):
    ended = []
    serving = start(store, port=0, on_close=lambda: ended.append(True))
    port = serving.port
    serving.close()
    serving.close()

    assert ended == [True]
    with pytest.raises(ConnectionRefusedError):
        fetch(port, "/healthz")


def test_waiting_ends_when_somebody_closes(store):
    serving = start(store, port=0)
    threading.Timer(0.2, serving.close).start()
    began = time.monotonic()

    serving.wait()

    assert time.monotonic() - began < 5


def test_without_a_private_folder_the_server_runs_all_the_same(store, monkeypatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/nonexistent")
    monkeypatch.setenv("XDG_STATE_HOME", "/proc/nonexistent")

    with start(store, port=0) as serving:
        assert fetch(serving.port, "/healthz")[0] == 200


def test_behind_a_proxy_the_prefix_is_part_of_the_address(store):
    with start(store, port=0, root_path="/glass/") as serving:
        assert f":{serving.port}/glass/?token=" in serving.url
        status, headers, _ = fetch(serving.port, "/glass/?token=" + token_of(serving.url))
        assert (status, headers["location"]) == (303, "/glass/")
