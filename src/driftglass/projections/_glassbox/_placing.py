"""One network for all snapshots of a sequence, and the sequence's model that keeps it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..._progress import Progress, silent
from .._fitting import FittedFromRows, Place
from .._snapshots import Snapshots
from ._files import pack, unpack
from ._glass_box import GlassBoxUMAP

__all__ = ["NETWORK", "FittedNetwork", "NetworkPlace"]

NETWORK = "network"
"""Key of the array, in the model of a sequence, that holds the network's file."""


class NetworkPlace:
    """Places vectors with a fitted network, and can be kept.

    Parameters
    ----------
    network : GlassBoxUMAP
        Fitted.
    """

    def __init__(self, network: GlassBoxUMAP) -> None:
        self.network = network

    @property
    def shape(self) -> tuple[int, int]:
        """Coordinates and features."""
        return self.network.n_components_, int(np.prod(self.network.input_dims_))

    def __call__(self, X: NDArray[Any]) -> NDArray[Any]:
        """Place X of shape (n_samples, n_features)."""
        return self.network.transform(X)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """One array that holds the bytes of the network's file."""
        arrays, description = self.network.to_arrays()
        # The map of the fitted rows would be kept a second time.
        arrays["embedding"] = arrays["embedding"][:0]
        scale = float(np.abs(self.network.embedding_).max(initial=0.0))
        data = pack(arrays, description | {"scale": scale, "history": []})
        return {NETWORK: np.frombuffer(data, dtype=np.uint8)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> NetworkPlace:
        """Read what `to_arrays` gives."""
        data = np.ascontiguousarray(arrays[NETWORK], dtype=np.uint8).tobytes()
        found, description = unpack(data, "The network of a sequence")
        network = GlassBoxUMAP.from_arrays(found, description)
        scale = np.full((1, network.n_components_), description["scale"], dtype=np.float32)
        network.embedding_ = scale
        return cls(network)


class FittedNetwork(FittedFromRows):
    """A network fitted to the rows of the basis, pooled in memory.

    Parameters
    ----------
    snapshots : Snapshots
        Where to read.
    method : GlassBoxUMAP
        Settings. Never fitted itself: copies are.
    n_components : int
        Coordinates where there are too few rows for a network.
    report : Progress
        Hears how far the fit is, and may raise to stop it.
    """

    def __init__(
        self,
        snapshots: Snapshots,
        method: GlassBoxUMAP,
        n_components: int,
        *,
        report: Progress = silent,
    ) -> None:
        method.quiet = True
        method.extra_callbacks = [*(method.extra_callbacks or ()), _Reporter(report)]
        super().__init__(snapshots, method, n_components, name="glassbox")

    @property
    def parameters(self) -> Mapping[str, Any]:
        """What the network says of itself in ``get_params``, but for who watches."""
        unrelated = ("extra_callbacks", "monitor", "quiet", "checkpoint_dir", "n_jobs")
        return {k: v for k, v in super().parameters.items() if k not in unrelated}

    def fit(self, numbers: Sequence[int]) -> Place | None:
        """Network learnt from the rows of these snapshots."""
        place = super().fit(numbers)
        owner = getattr(place, "__self__", None)
        return NetworkPlace(owner) if isinstance(owner, GlassBoxUMAP) else place


class _Reporter:
    """Tells whoever waits how far the fit is; what they raise ends it."""

    def __init__(self, report: Progress) -> None:
        self._report = report

    def __deepcopy__(self, memo: Any) -> _Reporter:
        # What hears of progress may hold locks, which cannot be copied.
        return self

    def on_train_epoch_end(self, trainer: Any, module: Any) -> None:
        """After an epoch."""
        self._report(trainer.current_epoch + 1, trainer.max_epochs, "fitting glassbox")
