"""Principal component analysis as a scikit-learn estimator."""

from __future__ import annotations

import warnings
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
)
from sklearn.utils.validation import check_is_fitted, validate_data

from ..errors import DriftglassWarning, InvalidInputError
from ._affine import AffineMap
from ._moments import Axes, Moments, principal_axes

__all__ = ["PCA"]


class PCA(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Linear projection onto the directions of largest variance.

    The map is exact, deterministic and linear: distances in it are never larger than in the
    vectors, and directions mean the same everywhere. Unlike scikit-learn's, `partial_fit` gives
    the axes that `fit` on all rows together would give, to rounding, because it keeps the whole
    covariance matrix; this takes ``8 * n_features**2`` bytes.

    Parameters
    ----------
    n_components : int
        Coordinates per row. Lowered with a warning to min(n_samples, n_features).

    Attributes
    ----------
    components_ : ndarray of shape (n_components_, n_features)
        Orthonormal axes by falling variance; the largest loading of each is positive.
    explained_variance_ : ndarray of shape (n_components_,)
        Variance along each axis (with n_samples - 1 degrees of freedom).
    explained_variance_ratio_ : ndarray of shape (n_components_,)
        Share of the total variance; zeros if there is none.
    singular_values_ : ndarray of shape (n_components_,)
        Norms of the coordinates of the fitted rows.
    mean_ : ndarray of shape (n_features,)
        Mean of the fitted rows.
    n_components_ : int
        Coordinates that `transform` gives.
    n_samples_seen_ : int
        Rows fitted.
    n_features_in_ : int
        Features fitted.

    See Also
    --------
    driftglass.projections.project_sequence : the same for the snapshots of a run, in one frame.

    References
    ----------
    .. [1] Chan, Golub and LeVeque (1983). Algorithms for computing the sample variance.
       The American Statistician.

    Examples
    --------
    >>> X = np.array([[0.0, 0.0], [1.0, 1.0], [2.0, 2.0], [3.0, 3.0]])
    >>> PCA(n_components=1).fit_transform(X).round(3).ravel()
    array([-2.121, -0.707,  0.707,  2.121])
    """

    def __init__(self, n_components: int = 2) -> None:
        self.n_components = n_components

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn the axes from X.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Finite vectors of any real dtype.
        y : None
            Ignored.

        Returns
        -------
        self : PCA
            Fitted.
        """
        X = validate_data(self, X, dtype="numeric")
        self._moments: Moments | None = None
        return self._learn(principal_axes(X, self._clamped(*X.shape)))

    def partial_fit(self, X: Any, y: Any = None) -> Self:
        """Take in more rows; the axes are those of all rows seen since the first call.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Finite vectors of any real dtype.
        y : None
            Ignored.

        Returns
        -------
        self : PCA
            Fitted to all rows so far.
        """
        moments: Moments | None = getattr(self, "_moments", None)
        X = validate_data(self, X, dtype="numeric", reset=moments is None)
        if moments is None:
            moments = Moments.empty(X.shape[1])
        moments.add(X)
        self._moments = moments
        n_components = self._clamped(moments.n_samples, X.shape[1])
        return self._learn(principal_axes(moments, n_components))

    def transform(self, X: Any) -> NDArray[Any]:
        """Place rows in the map.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Finite vectors.

        Returns
        -------
        Y : ndarray of shape (n_samples, n_components_)
            float64 for float64, else float32.
        """
        check_is_fitted(self)
        X = validate_data(self, X, dtype="numeric", reset=False)
        origin = np.zeros(self.n_components_)
        Y = AffineMap(self.mean_, self.components_, origin, self.explained_variance_ratio_)(X)
        return Y.astype(_result_type(X), copy=False)

    def inverse_transform(self, X: Any) -> NDArray[Any]:
        """Vectors at places of the map: the nearest to zero variance elsewhere.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_components_)
            Coordinates.

        Returns
        -------
        vectors : ndarray of shape (n_samples, n_features)
            float64 for float64, else float32.
        """
        check_is_fitted(self)
        X = np.asarray(X)
        if X.ndim != 2 or X.shape[1] != self.n_components_:
            raise InvalidInputError(
                f"X has shape {X.shape}; (n_samples, {self.n_components_}) is needed, "
                f"as transform gives."
            )
        vectors = X.astype(np.float64) @ self.components_ + self.mean_
        return np.asarray(vectors, dtype=_result_type(X))

    def _clamped(self, n_samples: int, n_features: int) -> int:
        wanted = self.n_components
        if not isinstance(wanted, (int, np.integer)) or isinstance(wanted, bool) or wanted < 1:
            raise InvalidInputError(
                f"n_components is {wanted!r}; an integer of at least 1 is needed."
            )
        most = min(n_samples, n_features)
        if wanted > most:
            warnings.warn(
                f"n_components {wanted} lowered to {most}: X has {n_samples} rows and "
                f"{n_features} features.",
                DriftglassWarning,
                stacklevel=3,
            )
        return min(int(wanted), most)

    def _learn(self, axes: Axes) -> Self:
        total = axes.total_variance
        self.mean_ = axes.mean
        self.components_ = axes.components
        self.explained_variance_ = axes.variance
        self.explained_variance_ratio_ = (
            axes.variance / total if total > 0 else np.zeros(len(axes.variance))
        )
        self.singular_values_ = np.sqrt(axes.variance * max(axes.n_samples - 1, 1))
        self.n_components_ = len(axes.components)
        self.n_samples_seen_ = axes.n_samples
        return self

    @property
    def _n_features_out(self) -> int:
        return int(self.n_components_)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def _result_type(X: NDArray[Any]) -> type[np.floating[Any]]:
    return np.float64 if X.dtype == np.float64 else np.float32
