"""Numbers that say how far a map can be trusted.

Functions of arrays that return numbers. They draw nothing and read no store.
"""

from ._quality import continuity, quality, trustworthiness

__all__ = ["continuity", "quality", "trustworthiness"]
