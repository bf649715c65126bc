"""Show vectors that are already there, with labels and pictures, in one call.

python examples/show_vectors.py
"""

from __future__ import annotations

import sys

from sklearn.datasets import load_digits

import driftglass as dg


def main(*, stay: bool = True) -> None:
    digits = load_digits()
    serving = dg.show(
        digits.data,
        labels=digits.target.astype(str),
        images=digits.images,
        space="pixels",
        block=stay,
    )
    serving.close()


if __name__ == "__main__":
    main(stay="--exit" not in sys.argv)
