"""Compare bases of a projected sequence by how far their maps can be trusted.

python examples/measure_trust.py runs
"""

from __future__ import annotations

import sys

import numpy as np

import driftglass as dg


def snapshots(n_steps: int = 8) -> list[np.ndarray]:
    """Three groups that leave a common centre, each in a direction of its own."""
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(300, 20))
    directions = np.repeat(np.eye(20)[:3], 100, axis=0)
    return [noise + 6 * step / n_steps * directions for step in range(n_steps)]


def main(folder: str) -> None:
    store = dg.open(folder)
    with store.create("groups", ids=np.arange(300)) as run:
        for step, vectors in enumerate(snapshots()):
            run.log(step, spaces={"hidden": vectors})

    run = store.run("groups")
    print("basis   first step  last step  (trustworthiness; chance is about 0.5)")
    for basis in ("all", "first", "last"):
        sequence = dg.project(run, space="hidden", basis=basis)
        first, last = (sequence[at].quality.trustworthiness for at in (0, -1))
        print(f"{basis:8}{first:10.2f}{last:11.2f}")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "runs")
