"""A worker process as its parent sees it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

__all__ = ["COMMAND", "Child"]

COMMAND = (sys.executable, "-P", "-m", "driftglass.server._worker")
"""-P: the present folder, which may be a stranger's store, is not searched for modules."""
KEPT_ERRORS = 2_000


class Child:
    """One worker process: give it jobs one after another, read what it says, or kill it.

    Parameters
    ----------
    command : sequence of str
        Program that speaks as `driftglass.server._worker` does.

    Attributes
    ----------
    n_jobs : int
        Jobs given so far.
    """

    def __init__(self, command: Sequence[str] = COMMAND) -> None:
        package = str(Path(__file__).parents[2])
        environment = dict(os.environ)
        # The same driftglass as here, also where it was found only through sys.path.
        environment["PYTHONPATH"] = os.pathsep.join(
            [package, *filter(None, [environment.get("PYTHONPATH")])]
        )
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the child
        self._process = subprocess.Popen(
            list(command),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=environment,
            # Ctrl-C in the terminal reaches the server, which then ends its children.
            start_new_session=os.name == "posix",
        )
        self._writing = threading.Lock()
        self.n_jobs = 0

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether the process still runs."""
        return self._process.poll() is None

    def do(self, job: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """Give a job and yield its messages; the last is "done" or "failed"."""
        assert self._process.stdout is not None
        self.n_jobs += 1
        self.say(job)
        for line in self._process.stdout:
            message = json.loads(line)
            yield message
            if "done" in message or "failed" in message:
                return
        yield {"failed": {"kind": "crashed", "message": self._epitaph()}}

    def say(self, message: Mapping[str, Any]) -> None:
        """Write a line to the process: a job, or an order about the one it does."""
        assert self._process.stdin is not None
        # If it has died, reading says so.
        with self._writing, contextlib.suppress(OSError, ValueError):
            self._process.stdin.write(json.dumps(message).encode() + b"\n")
            self._process.stdin.flush()

    def kill(self) -> None:
        """End the process now."""
        self._process.kill()

    def close(self) -> None:
        """End the process and free what belonged to it."""
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._errors):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()

    def last_errors(self) -> str:
        """End of what the process wrote to its standard error."""
        self._errors.seek(0, os.SEEK_END)
        self._errors.seek(max(0, self._errors.tell() - KEPT_ERRORS))
        return self._errors.read().decode("utf-8", "replace")

    def _epitaph(self) -> str:
        code = self._process.wait()
        if code >= 0:
            return f"The process that computed this ended with code {code}."
        name = signal.Signals(-code).name if -code in set(signal.Signals) else str(-code)
        reason = {
            "SIGKILL": ", most often because the memory of the machine did not suffice. "
            "Close other programs, or project fewer rows or steps.",
            "SIGSEGV": ": a numerical library crashed on these data. Nothing else was harmed.",
        }.get(name, ".")
        return f"The process that computed this was ended by {name}{reason}"
