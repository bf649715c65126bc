"""A trait that holds ids: arrays have no single answer to whether they are equal."""

from __future__ import annotations

from typing import Any

import numpy as np
import traitlets
from numpy.typing import NDArray

__all__ = ["Ids"]


class Ids(traitlets.TraitType[NDArray[Any], Any]):
    """Array of ids; observers hear of it only when it has changed."""

    info_text = "ids of the run"

    def set(self, obj: traitlets.HasTraits, value: Any) -> None:
        """Take ids, and tell observers where they differ from those before."""
        name = str(self.name)
        new: NDArray[Any] = np.asarray(self._validate(obj, value))
        old = obj._trait_values.get(name)
        obj._trait_values[name] = new
        if old is None or len(old) != len(new) or not np.array_equal(old, new):
            obj._notify_trait(name, old, new)
