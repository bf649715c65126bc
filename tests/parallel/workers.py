"""Functions that workers can find by name."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path


def times(item, factor):
    return item * factor


def pid_after(item):
    time.sleep(0.02)
    return os.getpid()


def killed_once(item, folder):
    """Die the first time that an item comes, as a worker does that ran out of memory."""
    mark = Path(folder) / str(item)
    try:
        mark.touch(exist_ok=False)
    except FileExistsError:
        return item
    if item % 3 == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return item


def deadly(item):
    os.kill(os.getpid(), signal.SIGKILL)


def refusing(item):
    raise ValueError(f"not {item}")
