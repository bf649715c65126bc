"""Each kind of map, asked for contributions a block of rows at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from .._arrays import as_vectors, finite_rows
from ..errors import InvalidInputError, ShapeError
from ..projections._affine import AffineMap
from ._attribution import Fidelity

if TYPE_CHECKING:
    from ..projections import GlassBoxUMAP

__all__ = ["Block", "ExplainedMap", "as_map"]

HIDDEN = 1e-4
"""Relative residual that rounding doesn't explain: something in the encoder was not seen."""
METHODS = ("local", "path", "frozen")


@dataclass(frozen=True, eq=False)
class Block:
    """Some rows explained."""

    rows: slice
    contributions: NDArray[Any]
    offset: NDArray[Any]
    coordinates: NDArray[Any]


class ExplainedMap(Protocol):
    """A map that can be asked for contributions."""

    method: str
    derived_exactly: bool
    note: str
    scale: float
    fidelity: Fidelity | None
    n_components: int
    mean: NDArray[np.float64]
    feature_names: tuple[str, ...]

    def rows_of(self, X: Any) -> NDArray[Any]:
        """Check rows and flatten them."""
        ...

    def blocks(self, X: NDArray[Any], baseline: NDArray[np.float64], rows: int) -> Iterator[Block]:
        """Explain rows, so many at a time."""
        ...


def as_map(model: Any, attribution: str, precision: str) -> ExplainedMap:
    """The kind of map that a fitted model is."""
    if attribution not in METHODS:
        raise InvalidInputError(
            f"attribution is {attribution!r}; 'local', 'path' or 'frozen' is needed."
        )
    if precision not in ("float32", "float64"):
        raise InvalidInputError(f"precision is {precision!r}; 'float32' or 'float64' is needed.")
    if hasattr(model, "encoder_") and hasattr(model, "preparation_"):
        return NetworkMap(model, attribution, precision)
    if isinstance(model, AffineMap):
        return LinearMap(model.components, model.mean, model.offset, precision)
    components, mean = getattr(model, "components_", None), getattr(model, "mean_", None)
    if components is not None and mean is not None:
        return LinearMap.of(model, precision)
    raise InvalidInputError(
        f"{type(model).__name__} has neither an encoder nor loadings. Fit it first, or let a "
        f"network stand in for it: explain(fit_surrogate(X, Y), X)."
    )


class LinearMap:
    """Loadings: every coordinate is a weighted sum of centred features, everywhere.

    Parameters
    ----------
    components : ndarray of shape (n_components, n_features)
        Weights.
    mean : ndarray of shape (n_features,)
        Subtracted.
    shift : ndarray of shape (n_components,)
        Where the mean lies in the map.
    precision : {"float32", "float64"}
        Of the contributions.
    feature_names : tuple of str
        Names, if there are any.
    """

    method = "linear"
    derived_exactly = True
    note = ""
    scale = 0.0
    fidelity: Fidelity | None = None

    def __init__(
        self,
        components: NDArray[Any],
        mean: NDArray[Any],
        shift: NDArray[Any],
        precision: str = "float64",
        feature_names: tuple[str, ...] = (),
    ) -> None:
        self._components = np.asarray(components, dtype=np.float64)
        self.mean = np.asarray(mean, dtype=np.float64)
        self._shift = np.asarray(shift, dtype=np.float64)
        self._dtype = np.dtype(precision)
        self.n_components = len(self._components)
        self.feature_names = feature_names

    @classmethod
    def of(cls, model: Any, precision: str) -> LinearMap:
        """Loadings of a fitted PCA, ours or scikit-learn's."""
        components = np.asarray(model.components_, dtype=np.float64)
        if getattr(model, "whiten", False):
            components = components / np.sqrt(np.asarray(model.explained_variance_))[:, None]
        names = tuple(str(name) for name in getattr(model, "feature_names_in_", ()))
        return cls(components, model.mean_, np.zeros(len(components)), precision, names)

    def rows_of(self, X: Any) -> NDArray[Any]:
        """Check rows."""
        return _checked(X, len(self.mean))

    def blocks(self, X: NDArray[Any], baseline: NDArray[np.float64], rows: int) -> Iterator[Block]:
        """Explain rows, so many at a time."""
        for start in range(0, len(X), rows):
            part = slice(start, min(start + rows, len(X)))
            values = X[part].astype(np.float64)
            origin = np.broadcast_to(
                baseline if baseline.ndim == 1 else baseline[part], values.shape
            )
            contributions = (values - origin)[:, None, :] * self._components
            offset = (origin - self.mean) @ self._components.T + self._shift
            coordinates = (values - self.mean) @ self._components.T + self._shift
            yield Block(
                part,
                contributions.astype(self._dtype, copy=False),
                offset.astype(self._dtype, copy=False),
                coordinates.astype(self._dtype, copy=False),
            )


class NetworkMap:
    """A fitted network, explained by its derivatives.

    Parameters
    ----------
    model : GlassBoxUMAP
        Fitted.
    attribution : {"local", "path", "frozen"}
        What is explained.
    precision : {"float32", "float64"}
        In which derivatives are taken; paths are always taken in double.
    """

    def __init__(self, model: GlassBoxUMAP, attribution: str, precision: str) -> None:
        from ..projections._glassbox._derivatives import as_double, has_norms

        self._model = model
        self._attribution = attribution
        self._double = precision == "float64"
        self._dtype = np.dtype(precision)
        self._wide = as_double(model.encoder_)
        self._encoder = self._wide if self._double else model.encoder_
        self.method = attribution
        self.n_components = model.n_components_
        self.mean = model.preparation_.mean
        self.scale = float(np.abs(model.embedding_).max(initial=0.0))
        self.fidelity: Fidelity | None = getattr(model, "fidelity_", None)
        self.feature_names = tuple(str(n) for n in getattr(model, "feature_names_in_", ()))
        self._norms = has_norms(model.encoder_)
        self.derived_exactly, self.note = True, ""
        self._piecewise: bool | None = None

    def rows_of(self, X: Any) -> NDArray[Any]:
        """Check rows and flatten them."""
        return np.asarray(self._model._flat(X))

    def blocks(self, X: NDArray[Any], baseline: NDArray[np.float64], rows: int) -> Iterator[Block]:
        """Explain rows, so many at a time."""
        from ..projections._glassbox._learning import threads

        explained = self._path if self._attribution == "path" else self._local
        with threads(self._model.n_jobs):
            self._look(X)
        for start in range(0, len(X), rows):
            part = slice(start, min(start + rows, len(X)))
            origin = np.broadcast_to(baseline, X.shape)[part]
            with threads(self._model.n_jobs):
                block = explained(X[part], origin, part)
            yield block

    def _look(self, X: NDArray[Any]) -> None:
        """Find out what may be claimed for this encoder."""
        from ..projections._glassbox._derivatives import is_piecewise_linear

        if self.fidelity is not None:
            self.derived_exactly, self.note = False, str(self.fidelity)
        if self._attribution == "frozen":
            self.derived_exactly = True
            self.note = (
                "normalisers count as constants: the sum is right, the derivative is not"
                if self._norms
                else "the encoder has no normaliser, so this is the same as 'local'"
            )
            return
        sample = X[:: max(1, len(X) // 64)]
        self._piecewise = is_piecewise_linear(self._wide, self._tensor(sample, wide=True))
        if not self._piecewise:
            self.derived_exactly = False
            self.note += (
                "the encoder is not piecewise linear: the tangent plane at each sample"
                if self._attribution == "local"
                else "the encoder is not piecewise linear: a sum of 64 points along the path"
            )

    def _tensor(self, X: NDArray[Any], *, wide: bool) -> Any:
        import torch

        encoder = self._wide if wide else self._encoder
        device = next((p.device for p in encoder.parameters()), torch.device("cpu"))
        U = torch.from_numpy(self._model.preparation_(X))
        return U.to(device, torch.float64 if wide or self._double else torch.float32)

    def _local(self, X: NDArray[Any], origin: NDArray[np.float64], part: slice) -> Block:
        from contextlib import nullcontext

        from ..projections._glassbox._derivatives import evaluated, frozen_norms, jacobian
        from ..projections._glassbox._pieces import piece_at

        frozen = self._attribution == "frozen"
        U = self._tensor(X, wide=False)
        with frozen_norms(self._encoder) if frozen else nullcontext():
            J = self._model.preparation_.back(jacobian(self._encoder, U).cpu().numpy())
        J *= (X.astype(np.float64) - origin).astype(self._dtype)[:, None, :]
        there = evaluated(self._encoder, U).double().cpu().numpy() - self._model.origin_
        hidden = False
        if frozen or self._piecewise:
            # Found apart from the derivative, so that the residual is a check of both.
            at_origin = piece_at(self._encoder, U, self._tensor(origin, wide=False))
            offset = at_origin.double().cpu().numpy() - self._model.origin_
            missing = np.abs(J.sum(axis=2, dtype=np.float64) + offset - there).max(initial=0.0)
            hidden = missing > HIDDEN * max(self.scale, float(np.abs(there).max(initial=0.0)))
        if hidden:
            self.note = "the encoder bends where it cannot be seen: the offset is what is left over"
        if hidden or not (frozen or self._piecewise):
            offset = there - J.sum(axis=2, dtype=np.float64)
        return Block(part, J, offset.astype(self._dtype), there.astype(self._dtype))

    def _path(self, X: NDArray[Any], origin: NDArray[np.float64], part: slice) -> Block:
        from ..projections._glassbox._derivatives import evaluated
        from ..projections._glassbox._pieces import average_jacobian

        start, end = self._tensor(origin, wide=True), self._tensor(X, wide=True)
        there = evaluated(self._wide, end).cpu().numpy() - self._model.origin_
        offset = evaluated(self._wide, start).cpu().numpy() - self._model.origin_
        difference = (X.astype(np.float64) - origin)[:, None, :]
        found = average_jacobian(self._wide, start, end, piecewise_linear=bool(self._piecewise))
        J = self._model.preparation_.back(found.jacobian.cpu().numpy()) * difference
        missing = np.abs(J.sum(axis=2) + offset - there).max(initial=0.0)
        hidden = missing > HIDDEN * max(self.scale, float(np.abs(there).max(initial=0.0)))
        if found.exact and hidden:
            found = average_jacobian(self._wide, start, end, piecewise_linear=False)
            J = self._model.preparation_.back(found.jacobian.cpu().numpy()) * difference
        if not found.exact and self._piecewise:
            self.derived_exactly = False
            self.note = "the encoder bends where it cannot be seen: a sum of 64 points stands in"
        return Block(
            part,
            J.astype(self._dtype, copy=False),
            offset.astype(self._dtype, copy=False),
            there.astype(self._dtype, copy=False),
        )


def _checked(X: Any, n_features: int) -> NDArray[Any]:
    rows = as_vectors(X, name="X")
    if rows.shape[1] != n_features:
        raise ShapeError(
            f"X has {rows.shape[1]} features; the map was fitted to {n_features}. Give it the "
            f"same features in the same order."
        )
    finite = finite_rows(rows)
    if not finite.all():
        raise InvalidInputError(
            f"X is not finite in row {int(np.argmin(finite))}. Drop such rows; they have no place "
            f"in the map."
        )
    return rows
