"""Callables that make and read latent vectors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._optional import require
from ..errors import InvalidInputError, ShapeError

__all__ = ["Decoder", "decoded", "from_torch"]

Decoder = Callable[[NDArray[Any]], Any]
"""Latent vectors of shape (n, n_latent) to items of shape (n, ...)."""


def from_torch(module: Any, *, batch_size: int = 1024) -> Callable[[Any], NDArray[Any]]:
    """Arrays in, arrays out, for a torch module.

    The module is called in evaluation mode and without gradients, on the device and in the
    floating-point type of its parameters; its training mode is put back afterwards.

    Parameters
    ----------
    module : torch.nn.Module
        An encoder or a decoder.
    batch_size : int
        Rows at a time.
    """
    torch = require("torch", extra="torch")

    def call(X: Any) -> NDArray[Any]:
        like = next(iter(module.parameters()), torch.zeros(()))
        training = module.training
        module.eval()
        try:
            with torch.no_grad():
                rows = torch.as_tensor(np.asarray(X)).to(like)
                parts = [module(part).cpu().numpy() for part in rows.split(batch_size)]
        finally:
            module.train(training)
        return np.concatenate(parts)

    return call


def decoded(decode: Decoder, Z: NDArray[Any]) -> NDArray[Any]:
    """What a decoder makes of latent vectors, checked to be one finite item for each."""
    items = decode(Z)
    items = items.detach().cpu().numpy() if hasattr(items, "detach") else np.asarray(items)
    if items.ndim == 0 or len(items) != len(Z):
        raise ShapeError(
            f"decode gave shape {items.shape} for {len(Z)} latent vectors; one item for each, "
            f"shape ({len(Z)}, ...), is needed."
        )
    if items.dtype.kind not in "fiub":
        raise InvalidInputError(f"decode gave {items.dtype} values; numbers are needed.")
    if not np.isfinite(items).all():
        raise InvalidInputError(
            "decode gave values that are not finite. The latent vectors may lie too far from "
            "those that the decoder was trained on; take shorter steps."
        )
    return np.asarray(items)
