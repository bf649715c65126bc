"""A network that copies a given map and goes no further."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ...neighbors import nearest_neighbors
from ._glass_box import GlassBoxUMAP
from ._learning import Neighbourhood

__all__ = ["CopiedMap"]

SIZE = 7.0
"""Root mean square radius of what the network copies: about that of a UMAP, for which its rates and
losses are made. Maps of other methods are thousands wide, or a thousandth."""


class CopiedMap(GlassBoxUMAP):
    """Stands in for a map that was made in another way, and keeps its frame.

    Parameters
    ----------
    **parameters
        As of `GlassBoxUMAP`; `init` is the map.
    """

    def __init__(self, *, init: Any = None, random_state: int = 0, epochs: int = 200,
                 quiet: bool = True, jitter: float | str = "auto") -> None:  # fmt: skip
        places = np.zeros((0, 2)) if init is None else np.asarray(init)
        super().__init__(
            init=places,
            random_state=random_state,
            epochs=epochs,
            quiet=quiet,
            jitter=jitter,
            n_components=int(places.shape[1]),
        )

    def _around(
        self,
        X: NDArray[Any],
        U: NDArray[np.float64],
        first: NDArray[np.intp],
        n_samples: int,
        notes: list[str],
    ) -> Neighbourhood:
        layout = np.asarray(self.init, dtype=np.float64)[first]
        self._center = layout.mean(axis=0)
        radius = np.sqrt(((layout - self._center) ** 2).sum(axis=1).mean())
        self._unit = radius / SIZE if radius > 0 else 1.0
        layout = ((layout - self._center) / self._unit).astype(np.float32)
        k = min(15, len(U) - 1)
        neighbors = np.empty((len(U), 0), dtype=np.int64)
        if k >= 1:
            found = nearest_neighbors(U, k, random_state=self._seed)
            neighbors = found.indices.astype(np.int64)
        empty = np.empty(0, dtype=np.int64)
        return Neighbourhood(layout, empty, empty, empty.astype(np.float32), neighbors, (1.0, 1.0))

    def _place_origin(self) -> None:
        """Give the network the size of the map it has copied, and the map its frame."""
        last: Any = self.encoder_.get_submodule("layers")[-1]  # type: ignore[index]
        with torch.no_grad():
            last.weight.mul_(self._unit)
            last.bias.mul_(self._unit)
        self.origin_ = -self._center
