"""Settings under which a picture should not change much."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["GRIDS", "OTHER_ROWS", "SEEDS"]

GRIDS: Mapping[str, Mapping[str, tuple[float, ...]]] = {
    "tsne": {"perplexity": (10, 30, 100)},
    "umap": {"n_neighbors": (10, 30, 100)},
    "pacmap": {"n_neighbors": (5, 10, 30)},
    "localmap": {"n_neighbors": (5, 10, 30)},
    "phate": {"knn": (3, 5, 10)},
}
SEEDS = (1, 2, 3)
OTHER_ROWS = 5_000
"""Other settings are tried on so many rows at most: nine maps cost nine times one."""
