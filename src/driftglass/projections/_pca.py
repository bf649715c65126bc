"""Principal component analysis as a scikit-learn estimator."""

from __future__ import annotations

import warnings
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ..errors import DriftglassWarning, InvalidInputError
from ._affine import AffineMap
from ._checks import checked_choice, checked_integer, rng_of
from ._estimator import Transformer
from ._moments import MAX_FEATURES, SINGLE_FROM, Axes, Moments, axes_of_few_rows, principal_axes
from ._randomized import randomized_axes

__all__ = ["PCA"]

SOLVERS = ("auto", "full", "covariance_eigh", "randomized")
NEAR_ZERO = 100.0
"""Squared mean, in total variances, up to which rows are multiplied before it is subtracted."""
MAX_FULL = 2000
"""Rows and features up to which a full decomposition takes seconds at most."""


class PCA(Transformer):
    """Linear projection onto the directions of largest variance.

    The map is deterministic and linear: distances in it are never larger than in the vectors, and
    directions mean the same everywhere. Unlike scikit-learn's incremental class, `partial_fit`
    gives the axes that `fit` on all rows together would give, to rounding, because it keeps the
    whole covariance matrix; this takes ``8 * n_features**2`` bytes. Rows in single precision are
    not copied: a file that is mapped into memory is read a block at a time.

    Parameters
    ----------
    n_components : int
        Coordinates per row. Lowered with a warning to min(n_samples, n_features).
    whiten : bool
        Divide each coordinate by its standard deviation, so that all count the same.
    svd_solver : {"auto", "full", "covariance_eigh", "randomized"}
        A decomposition of the rows, of their covariance matrix (at most 8192 features), or of a
        random sketch, which needs least memory and is not exact. "auto" takes the covariance
        matrix where there are more rows than features, and else the rows; beyond 8192 features or
        where both are above 2000 and few axes are wanted, the sketch.
    n_oversamples : int
        Directions of the sketch beyond those wanted.
    iterated_power : int
        Iterations that sharpen the sketch.
    random_state : int, RandomState or None
        Seed of the sketch.

    Attributes
    ----------
    components_ : ndarray of shape (n_components_, n_features)
        Orthonormal axes by falling variance; the largest loading of each is positive.
    explained_variance_ : ndarray of shape (n_components_,)
        Variance along each axis (with n_samples - 1 degrees of freedom).
    explained_variance_ratio_ : ndarray of shape (n_components_,)
        Share of the total variance; zeros if there is none.
    loadings_ : ndarray of shape (n_components_, n_features)
        Covariance of each feature with each coordinate at unit variance:
        ``components_ * sqrt(explained_variance_)``.
    singular_values_ : ndarray of shape (n_components_,)
        Norms of the coordinates of the fitted rows, before whitening.
    mean_ : ndarray of shape (n_features,)
        Mean of the fitted rows.
    n_components_ : int
        Coordinates that `transform` gives.
    n_samples_seen_ : int
        Rows fitted.
    solver_ : str
        Which of the solvers was taken.
    n_features_in_ : int
        Features fitted.

    See Also
    --------
    driftglass.projections.project_sequence : the same for the snapshots of a run, in one frame.

    References
    ----------
    .. [1] Halko, Martinsson and Tropp (2011). Finding structure with randomness. SIAM Review.
    .. [2] Chan, Golub and LeVeque (1983). Algorithms for computing the sample variance.
       The American Statistician.

    Examples
    --------
    >>> X = np.array([[0.0, 0.0], [1.0, 1.0], [2.0, 2.0], [3.0, 3.0]])
    >>> PCA(n_components=1).fit_transform(X).round(3).ravel()
    array([-2.121, -0.707,  0.707,  2.121])
    """

    _moments: Moments | None

    def __init__(
        self,
        n_components: int = 2,
        *,
        whiten: bool = False,
        svd_solver: str = "auto",
        n_oversamples: int = 10,
        iterated_power: int = 4,
        random_state: Any = None,
    ) -> None:
        self.n_components = n_components
        self.whiten = whiten
        self.svd_solver = svd_solver
        self.n_oversamples = n_oversamples
        self.iterated_power = iterated_power
        self.random_state = random_state

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn the axes from X.

        Parameters
        ----------
        X : array-like or sparse array of shape (n_samples, n_features)
            Finite vectors of any real dtype.
        y : None
            Ignored.

        Returns
        -------
        self : PCA
            Fitted.
        """
        self._fit(X)
        return self

    def fit_transform(self, X: Any, y: Any = None) -> NDArray[Any]:
        """Learn the axes from X and place its rows.

        Parameters
        ----------
        X : array-like or sparse array of shape (n_samples, n_features)
            Finite vectors of any real dtype.
        y : None
            Ignored.

        Returns
        -------
        Y : ndarray of shape (n_samples, n_components_)
            float64 for float64, else float32.
        """
        return self._place(self._fit(X))

    def partial_fit(self, X: Any, y: Any = None) -> Self:
        """Take in more rows; the axes are those of all rows seen since the first call.

        Parameters
        ----------
        X : array-like or sparse array of shape (n_samples, n_features)
            Finite vectors of any real dtype.
        y : None
            Ignored.

        Returns
        -------
        self : PCA
            Fitted to all rows so far.
        """
        moments: Moments | None = getattr(self, "_moments", None)
        X = self._checked(X, reset=moments is None, accept_sparse=True)
        self._check_parameters()
        if moments is None:
            moments = Moments.empty(X.shape[1])
        moments.add(X)
        self._moments = moments
        n_components = self._clamped(moments.n_samples, X.shape[1])
        self.solver_ = "covariance_eigh"
        return self._learn(principal_axes(moments, n_components))

    def transform(self, X: Any) -> NDArray[Any]:
        """Place rows in the map.

        Parameters
        ----------
        X : array-like or sparse array of shape (n_samples, n_features)
            Finite vectors.

        Returns
        -------
        Y : ndarray of shape (n_samples, n_components_)
            float64 for float64, else float32.

        Raises
        ------
        InvalidInputError
            A place of float32 rows is beyond what float32 holds.
        """
        self._require_fitted()
        return self._place(self._checked(X, reset=False, accept_sparse=True))

    def _place(self, X: Any) -> NDArray[Any]:
        components = self.components_
        if self.whiten:
            components = components * self._shrink()[:, None]
        origin = np.zeros(self.n_components_)
        place = AffineMap(self.mean_, components, origin, self.explained_variance_ratio_)
        if hasattr(X, "tocsr"):
            Y = np.asarray(X @ components.T) - components @ self.mean_
            return Y.astype(_result_type(X), copy=False)
        if X.dtype == np.float32:
            return place.in_single(X, near=self._near_zero)
        return place(X).astype(_result_type(X), copy=False)

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
        self._require_fitted()
        X = np.asarray(X)
        if X.ndim != 2 or X.shape[1] != self.n_components_:
            raise InvalidInputError(
                f"X has shape {X.shape}; (n_samples, {self.n_components_}) is needed, "
                f"as transform gives."
            )
        Y = X.astype(np.float64)
        if self.whiten:
            Y *= np.sqrt(self.explained_variance_)
        vectors = Y @ self.components_ + self.mean_
        return np.asarray(vectors, dtype=_result_type(X))

    def _clamped(self, n_samples: int, n_features: int) -> int:
        wanted = int(self.n_components)
        most = min(n_samples, n_features)
        if wanted > most:
            warnings.warn(
                f"n_components {wanted} lowered to {most}: X has {n_samples} rows and "
                f"{n_features} features.",
                DriftglassWarning,
                stacklevel=3,
            )
        return min(wanted, most)

    def _fit(self, X: Any) -> Any:
        """Learn the axes; returns X as checked, which reads all of it."""
        given = X
        # A large table has a mean that is finite only if all of it is: one pass less over it.
        late = isinstance(X, np.ndarray) and X.ndim == 2 and X.size >= SINGLE_FROM
        X = self._checked(X, reset=True, accept_sparse=True, finite=not late)
        self._check_parameters()
        self._moments = None
        n_components = self._clamped(*X.shape)
        self.solver_ = self._solver(X, n_components)
        if not late:
            self._learn(self._axes(X, n_components))
            return X
        try:
            with np.errstate(over="ignore", invalid="ignore"):
                axes = self._axes(X, n_components)
        except (ValueError, np.linalg.LinAlgError):
            self._checked(given, reset=True)  # names the rows that are not finite, if any
            raise
        if not np.isfinite(axes.mean).all():
            self._checked(given, reset=True)
        self._learn(axes)
        return X

    def _check_parameters(self) -> None:
        checked_integer("n_components", self.n_components)
        checked_choice("svd_solver", self.svd_solver, SOLVERS)
        checked_integer("n_oversamples", self.n_oversamples, least=0)
        checked_integer("iterated_power", self.iterated_power, least=0)

    def _solver(self, X: Any, n_components: int) -> str:
        (n, d), wanted = X.shape, str(self.svd_solver)
        if wanted == "auto":
            few = 10 * n_components < min(n, d)
            large = min(n, d) > MAX_FULL
            if (d > MAX_FEATURES and (n >= d or hasattr(X, "tocsr"))) or (n < d and large and few):
                return "randomized"
            return "covariance_eigh" if n >= d or hasattr(X, "tocsr") else "full"
        if wanted == "full" and hasattr(X, "tocsr"):
            raise InvalidInputError(
                "svd_solver is 'full', which needs dense rows. Use 'covariance_eigh' or "
                "'randomized' for sparse ones, or pass X.toarray()."
            )
        return wanted

    def _axes(self, X: Any, n_components: int) -> Axes:
        if self.solver_ == "full":
            return axes_of_few_rows(np.array(X, dtype=np.float64), n_components)
        if self.solver_ == "covariance_eigh":
            moments = Moments.empty(X.shape[1])
            moments.add(X)
            return principal_axes(moments, n_components)
        return randomized_axes(
            X,
            n_components,
            n_oversamples=int(self.n_oversamples),
            n_iter=int(self.iterated_power),
            rng=rng_of(self.random_state),
        )

    def _shrink(self) -> NDArray[np.float64]:
        """Reciprocal deviations; zero along axes that have none but for rounding."""
        deviation = np.sqrt(self.explained_variance_)
        there = deviation > 1e-7 * deviation.max(initial=0.0)
        return np.divide(1.0, deviation, out=np.zeros_like(deviation), where=there)

    def _learn(self, axes: Axes) -> Self:
        total = axes.total_variance
        # Then the rows' own rounding is larger than what not subtracting the mean costs.
        self._near_zero = float(axes.mean @ axes.mean) <= NEAR_ZERO * total
        self.mean_ = axes.mean
        self.components_ = axes.components
        self.explained_variance_ = axes.variance
        self.explained_variance_ratio_ = (
            axes.variance / total if total > 0 else np.zeros(len(axes.variance))
        )
        self.singular_values_ = np.sqrt(axes.variance * max(axes.n_samples - 1, 1))
        self.loadings_ = axes.components * np.sqrt(axes.variance)[:, None]
        self.n_components_ = len(axes.components)
        self.n_samples_seen_ = axes.n_samples
        return self

    @property
    def _n_features_out(self) -> int:
        return int(self.n_components_)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        tags.input_tags.sparse = True
        return tags


def _result_type(X: NDArray[Any]) -> type[np.floating[Any]]:
    return np.float64 if X.dtype == np.float64 else np.float32
