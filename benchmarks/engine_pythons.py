"""Running one measurement in the interpreter that has the method."""

from __future__ import annotations

import json
import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .engine_child import NOT_INSTALLED

START = "from benchmarks.engine_child import main; main()"
VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


@dataclass(frozen=True)
class Pythons:
    """Two interpreters, and what their processes may take.

    Parameters
    ----------
    ours, peers : str
        Interpreter that has driftglass; one that has the peers.
    n_threads : int
        Of each process.
    seconds : float
        At most, of each process.
    """

    ours: str
    peers: str
    n_threads: int
    seconds: float

    def run(self, plan: dict[str, Any]) -> dict[str, Any] | None:
        """Figures of one process; None, and the reason printed, where it did not end well."""
        method = plan["method"]
        python = self.ours if method.startswith("driftglass") else self.peers
        began = time.perf_counter()
        try:
            done = subprocess.run(
                [
                    python,
                    "-W",
                    "ignore",
                    "-c",
                    START,
                    json.dumps(plan | {"n_threads": self.n_threads}),
                ],
                capture_output=True,
                text=True,
                check=False,
                timeout=self.seconds,
                cwd=Path(__file__).parent.parent,
                env=os.environ | dict.fromkeys(VARIABLES, str(self.n_threads)),
            )
        except subprocess.TimeoutExpired:
            return _left_out(method, f"not done after {self.seconds:.0f} s")
        if done.returncode == NOT_INSTALLED:
            return _left_out(method, "not installed")
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["no message"])[-1]
            return _left_out(method, f"ended with {done.returncode}, {last}")
        run: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        took = time.perf_counter() - began
        said = f"  {method}: first {run['cold_seconds']:.2f} s"
        if "warm_seconds" in run:
            said += f", later {run['warm_seconds']:.2f} s"
        print(f"{said}, {run['peak_megabytes']:,.0f} MB ({took:.0f} s in all)", flush=True)
        return run


def _left_out(method: str, why: str) -> None:
    print(f"  {method}: {why}; left out", flush=True)
