"""Walks through the latent space of an autoencoder, over any encoder and decoder.

A decoder is a callable from latent vectors of shape (n, n_latent) to decoded items of shape
(n, ...); `from_torch` makes one of a module. Paths are values: `driftglass.plots` draws them as a
strip of images and over a map.
"""

from ._directions import Direction, attribute_direction
from ._modules import from_torch
from ._paths import LatentPath, interpolate, move, traverse

__all__ = [
    "Direction",
    "LatentPath",
    "attribute_direction",
    "from_torch",
    "interpolate",
    "move",
    "traverse",
]
