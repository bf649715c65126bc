"""What methods that learn a map from one table, and keep its rows, have in common."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ._estimator import Transformer
from ._notes import Notes

__all__ = ["MapOfRows"]


class MapOfRows(Transformer):
    """A map of some rows, among which later ones are placed.

    Subclasses check their parameters (`_check_parameters`), learn ``embedding_`` (`_learn`) and
    place rows that were checked (`_placed`).
    """

    embedding_: NDArray[np.float32]
    notes_: tuple[str, ...]

    def fit(self, X: Any, y: Any = None) -> Self:
        """Make the map of X.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Finite vectors of any real dtype. With metric "precomputed", where there is one,
            dissimilarities of shape (n_samples, n_samples), symmetric and zero on the diagonal.
        y : None
            Ignored.

        Returns
        -------
        self : Transformer
            Fitted.

        Raises
        ------
        InvalidInputError
            A parameter is out of range, a row is not finite, or X holds no dissimilarities.
        """
        X = self._checked(X, reset=True)
        self._check_parameters()
        notes = Notes()
        self._learn(X, notes)
        self.notes_ = notes.published()
        return self

    def fit_transform(self, X: Any, y: Any = None) -> NDArray[np.float32]:
        """Make the map of X and return it.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            As `fit` takes it.
        y : None
            Ignored.

        Returns
        -------
        Y : ndarray of shape (n_samples, n_components), dtype float32
            Coordinates.
        """
        return self.fit(X).embedding_

    def transform(self, X: Any) -> NDArray[np.float32]:
        """Place rows in the map, each by its distances to the fitted ones.

        Parameters
        ----------
        X : array-like of shape (n_new, n_features)
            Finite vectors; with metric "precomputed", dissimilarities to all fitted rows.

        Returns
        -------
        Y : ndarray of shape (n_new, n_components), dtype float32
            A row equal to a fitted row takes its place. Rows do not depend on each other.
        """
        self._require_fitted()
        return self._placed(self._checked(X, reset=False))

    def _check_parameters(self) -> None:
        raise NotImplementedError

    def _learn(self, X: NDArray[Any], notes: Notes) -> None:
        raise NotImplementedError

    def _placed(self, X: NDArray[Any]) -> NDArray[np.float32]:
        raise NotImplementedError

    @property
    def _n_features_out(self) -> int:
        return int(self.embedding_.shape[1])
