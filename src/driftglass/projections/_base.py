"""What a projector is: scikit-learn's transformer, by structure."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

from numpy.typing import NDArray

__all__ = ["Projector", "SupportsTransform"]


@runtime_checkable
class Projector(Protocol):
    """Maps vectors to a few coordinates.

    Any object with this method qualifies; it need not inherit from anything.
    """

    def fit_transform(self, X: Any) -> NDArray[Any]:
        """Project X of shape (n_samples, n_features) to (n_samples, n_components)."""
        ...


@runtime_checkable
class SupportsTransform(Projector, Protocol):
    """A projector that can place new samples without moving the old ones."""

    def fit(self, X: Any) -> Any:
        """Learn the map from X of shape (n_samples, n_features)."""
        ...

    def transform(self, X: Any) -> NDArray[Any]:
        """Place X of shape (n_samples, n_features) at (n_samples, n_components)."""
        ...
