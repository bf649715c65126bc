"""A job in a process of its own that dies in the middle; run by test_failure."""

from __future__ import annotations

import os
import signal
import sys

import driftglass as dg


def main() -> None:
    rows, store, stage, after = sys.argv[1:5]

    def progress(done, total, what):
        if what == stage and done >= int(after):
            os.kill(os.getpid(), signal.SIGKILL)

    dg.project_large(rows, store, rows=100, n_fitted=400, n_anchors=40, progress=progress)


if __name__ == "__main__":
    main()
