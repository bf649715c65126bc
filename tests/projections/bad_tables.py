"""Thin or odd tables that every projector must turn into a finite map, or refuse by name."""

from __future__ import annotations

import numpy as np


def odd_tables():
    """Tables by name; each has a finite map."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 5))
    half = X.copy()
    half[:30] = half[0]
    zero_rows = X.copy()
    zero_rows[:3] = 0
    return {
        "one row": X[:1],
        "two rows": X[:2],
        "three rows": X[:3],
        "four rows": X[:4],
        "all equal": np.full((20, 4), 2.5),
        "half equal": half,
        "two stacks": np.repeat(np.eye(2, 5), 30, axis=0),
        "constant columns": np.column_stack([X, np.full((60, 3), 7.0)]),
        "zero rows": zero_rows,
        "one feature": X[:, :1],
        "huge": X * 1e30,
        "tiny": X * 1e-30,
        "integers": (X * 2**40).astype(np.int64),
        "booleans": X > 0,
        "half precision": X.astype(np.float16),
        "numbers as objects": X.astype(object),
        "two far groups": np.concatenate([X, X + 1e6]),
        "columns first": np.asfortranarray(X),
    }


REFUSED = {
    "not finite": (
        np.where(np.arange(12).reshape(6, 2) == 5, np.nan, 1.0),
        r"NaN or inf: 1 of 6 rows of X hold them, row 2\. Leave",
    ),
    "infinite": (np.array([[1.0, np.inf], [0.0, 1.0]]), r"1 of 2 rows of X hold them, row 0\."),
    "empty": (np.empty((0, 3)), "minimum of 1 is required"),
    "no features": (np.empty((3, 0)), "minimum of 1 is required"),
    "ragged": ([[1.0, 2.0], [3.0]], "ragged: row 0 has 2 values, row 1 has 1"),
    "complex": (np.zeros((5, 2), complex), "Complex data not supported"),
    "one dimension": (np.zeros(5), "Expected 2D array"),
    "three dimensions": (np.zeros((2, 2, 2)), "Pool the other axes"),
    "text": (np.array([["a", "b"]]), "could not convert|numeric"),
}
"""Tables by name, and what the error says."""
