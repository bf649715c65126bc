"""Projection onto directions drawn by chance, which keeps distances within a known error."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ._affine import AffineMap
from ._checks import checked_choice, checked_integer, checked_number, in_single, rng_of
from ._estimator import Transformer

__all__ = ["RandomProjection"]


class RandomProjection(Transformer):
    """Linear projection onto directions drawn by chance.

    Squared distances are kept on average, and with ``n_components`` of at least
    ``4 log(n) / (eps² / 2 - eps³ / 3)`` all of them to within a factor of 1 ± `eps`, most
    probably. In two or three components they are not; such a map is what any other should beat.

    Parameters
    ----------
    n_components : int
        Coordinates per row; may be more than there are features.
    kind : {"gaussian", "sparse"}
        Normal entries, or mostly zeros and a few of one size (Li, Hastie and Church 2006), which
        cost less.
    density : float or None
        Share of entries of a sparse projection that are not zero, above 0 and at most 1. None is
        ``1 / sqrt(n_features)``.
    random_state : int, RandomState or None
        Seed of the directions.

    Attributes
    ----------
    mean_ : ndarray of shape (n_features,)
        Mean of the fitted rows, which lies at the origin of the map.
    components_ : ndarray or csr_array of shape (n_components, n_features)
        Directions; their squares add up to one per feature on average.
    density_ : float
        Share of entries that are not zero, as asked for.
    n_features_in_ : int
        Features fitted.

    See Also
    --------
    driftglass.projections.PCA : the directions that lose least.

    References
    ----------
    .. [1] Johnson and Lindenstrauss (1984). Extensions of Lipschitz mappings into a Hilbert space.
    .. [2] Li, Hastie and Church (2006). Very sparse random projections. KDD.

    Examples
    --------
    >>> X = np.random.default_rng(0).normal(size=(9, 100))
    >>> RandomProjection(random_state=0).fit_transform(X).shape
    (9, 2)
    """

    def __init__(
        self,
        n_components: int = 2,
        *,
        kind: str = "gaussian",
        density: float | None = None,
        random_state: Any = None,
    ) -> None:
        self.n_components = n_components
        self.kind = kind
        self.density = density
        self.random_state = random_state

    def fit(self, X: Any, y: Any = None) -> Self:
        """Draw directions for the features of X.

        Parameters
        ----------
        X : array-like or sparse array of shape (n_samples, n_features)
            Finite vectors; their number of features and their mean count.
        y : None
            Ignored.

        Returns
        -------
        self : RandomProjection
            Fitted.

        Raises
        ------
        InvalidInputError
            A parameter is out of range, or a row is not finite.
        """
        X = self._checked(X, reset=True, accept_sparse=True)
        d = X.shape[1]
        if hasattr(X, "tocsr"):
            self.mean_ = np.asarray(X.sum(axis=0, dtype=np.float64)).ravel() / X.shape[0]
        else:
            self.mean_ = X.mean(axis=0, dtype=np.float64)
        n_components = checked_integer("n_components", self.n_components)
        checked_choice("kind", self.kind, ("gaussian", "sparse"))
        rng = rng_of(self.random_state)
        self.density_ = 1.0
        if self.kind == "gaussian":
            self.components_: Any = rng.normal(size=(n_components, d)) / np.sqrt(n_components)
            return self
        if self.density is None:
            self.density_ = 1.0 / np.sqrt(d)
        else:
            self.density_ = checked_number("density", self.density, least=0.0, most=1.0, above=True)
        from scipy.sparse import csr_array

        counts = rng.binomial(d, self.density_, size=n_components)
        columns = [np.sort(rng.choice(d, count, replace=False)) for count in counts]
        size = 1.0 / np.sqrt(self.density_ * n_components)
        values = size * rng.choice([-1.0, 1.0], size=int(counts.sum()))
        starts = np.concatenate([[0], np.cumsum(counts)])
        self.components_ = csr_array(
            (values, np.concatenate(columns), starts), shape=(n_components, d)
        )
        return self

    def fit_transform(self, X: Any, y: Any = None) -> NDArray[Any]:
        """Draw directions for the features of X and place its rows.

        Parameters
        ----------
        X : array-like or sparse array of shape (n_samples, n_features)
            Finite vectors.
        y : None
            Ignored.

        Returns
        -------
        Y : ndarray of shape (n_samples, n_components)
            float64 for float64, else float32.
        """
        return self.fit(X).transform(X)

    def transform(self, X: Any) -> NDArray[Any]:
        """Place rows in the map.

        Parameters
        ----------
        X : array-like or sparse array of shape (n_samples, n_features)
            Finite vectors.

        Returns
        -------
        Y : ndarray of shape (n_samples, n_components)
            float64 for float64, else float32.
        """
        self._require_fitted()
        X = self._checked(X, reset=False, accept_sparse=True)
        if hasattr(X, "tocsr") or self.kind == "sparse":
            Y = X.astype(np.float64, copy=False) @ self.components_.T
            Y = np.asarray(Y.toarray() if hasattr(Y, "toarray") else Y)
            Y = Y - self.components_ @ self.mean_
        else:
            nothing = np.zeros(len(self.components_))
            Y = AffineMap(self.mean_, self.components_, nothing, nothing)(X)
        return Y if X.dtype == np.float64 else in_single(Y)

    @property
    def _n_features_out(self) -> int:
        return int(self.components_.shape[0])

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        tags.input_tags.sparse = True
        return tags
