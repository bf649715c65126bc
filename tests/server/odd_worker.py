"""The worker with further kinds of jobs: slow, noisy, failing and fatal ones."""

import os
import signal
import sys
import time

from driftglass.errors import InvalidInputError
from driftglass.server import _worker


def nap(job, report):
    for tick in range(100):
        report(tick, 100, "napping")
        time.sleep(job["seconds"] / 100)
    return "rested"


def noise(job, report):
    print("a library talks")
    os.write(1, b"so does native code\n")
    sys.stderr.write("and complains\n")
    return "heard"


def refuse(job, report):
    raise InvalidInputError("The vectors are all alike.")


def fault(job, report):
    raise ZeroDivisionError("division by zero")


def hungry(job, report):
    raise MemoryError


def die(job, report):
    report(1, 2, "dying")
    os.kill(os.getpid(), getattr(signal, job["signal"]))
    time.sleep(60)


def leave(job, report):
    os._exit(3)


def who(job, report):
    return str(os.getpid())


_worker._JOBS.update(
    nap=nap, noise=noise, refuse=refuse, fault=fault, hungry=hungry, die=die, leave=leave, who=who
)

if __name__ == "__main__":
    _worker.main()
