"""UMAP with a network as the map, as a scikit-learn estimator."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import check_array, check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from ...errors import DriftglassWarning, InvalidInputError
from .._duplicates import group_rows
from ._checks import as_samples, check_parameters, flattened
from ._derivatives import as_double, evaluated
from ._directions import MANY_FEATURES, leading_directions
from ._encoders import check_sizes, create_encoder
from ._graph import neighbourhood_of
from ._kept_model import KeptModel
from ._learning import Neighbourhood, Settings, learn, threads
from ._preparation import Preparation
from ._watching import Audience, FitState, Module, SupportsLog, check_callbacks

__all__ = ["ParametricUMAP"]

BLOCK = 1024
"""Rows that go through the encoder together; always so many, so that the place of a row does not
depend on which others come with it."""
WIDE_BEYOND, WIDE = 10_000, 256
"""Rows beyond which the default encoder has wider layers."""


class ParametricUMAP(KeptModel, ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """UMAP whose map is a network, so that new rows have a place at once.

    The parameters are those of `GlassBoxUMAP`, which also explains the map.

    Parameters
    ----------
    n_neighbors, min_dist, metric, n_components, negative_sample_rate, repulsion_strength
        See `GlassBoxUMAP`.
    pca_components, encoder_name, encoder_kwargs, lr, epochs, batch_size, num_batches, num_workers
        See `GlassBoxUMAP`.
    checkpoint_dir, restore_best_weights, random_state, quiet, extra_callbacks
        See `GlassBoxUMAP`.
    init, jitter, early_stopping, device, n_jobs, monitor
        See `GlassBoxUMAP`.
    """

    def __init__(
        self,
        *,
        n_neighbors: int = 15,
        min_dist: float = 0.1,
        metric: str = "euclidean",
        n_components: int = 2,
        negative_sample_rate: int = 5,
        repulsion_strength: float = 1.0,
        pca_components: int | None = None,
        encoder_name: str = "default",
        encoder_kwargs: Mapping[str, Any] | None = None,
        lr: float = 1e-3,
        epochs: int = 200,
        batch_size: int | str = 10_000,
        num_batches: int | None = None,
        num_workers: int = 0,
        checkpoint_dir: Any = None,
        restore_best_weights: bool = True,
        random_state: Any = None,
        quiet: bool = False,
        extra_callbacks: Sequence[Any] | None = None,
        init: Any = "umap",
        jitter: float | str = "auto",
        early_stopping: bool = True,
        device: Any = "cpu",
        n_jobs: int | None = None,
        monitor: SupportsLog | None = None,
    ) -> None:
        self.n_neighbors = n_neighbors
        self.min_dist = min_dist
        self.metric = metric
        self.n_components = n_components
        self.negative_sample_rate = negative_sample_rate
        self.repulsion_strength = repulsion_strength
        self.pca_components = pca_components
        self.encoder_name = encoder_name
        self.encoder_kwargs = encoder_kwargs
        self.lr = lr
        self.epochs = epochs
        self.batch_size = batch_size
        self.num_batches = num_batches
        self.num_workers = num_workers
        self.checkpoint_dir = checkpoint_dir
        self.restore_best_weights = restore_best_weights
        self.random_state = random_state
        self.quiet = quiet
        self.extra_callbacks = extra_callbacks
        self.init = init
        self.jitter = jitter
        self.early_stopping = early_stopping
        self.device = device
        self.n_jobs = n_jobs
        self.monitor = monitor

    def fit(self, X: Any, y: Any = None) -> Self:
        """Train the network on X.

        Parameters
        ----------
        X : array-like or tensor of shape (n_samples, n_features) or (n_samples, *input_dims)
            Finite samples of any real dtype. More than two dimensions need an encoder for them,
            and count as flat where neighbours are searched.
        y : None
            Ignored.

        Returns
        -------
        self : ParametricUMAP
            Fitted. Ctrl-C keeps the map as far as it is, with a warning.

        Raises
        ------
        InvalidInputError
            A parameter is out of range, or a sample is not finite.
        """
        X = validate_data(self, as_samples(X), dtype="numeric", allow_nd=True)
        check_parameters(self)
        callbacks = check_callbacks(self.extra_callbacks)
        device = _device(self.device)
        n_axes = self.pca_components
        if n_axes is not None and X.ndim != 2:
            raise InvalidInputError(
                f"pca_components is {n_axes} for samples of shape {X.shape[1:]}; principal axes "
                f"need flat rows. Leave it None, or flatten X."
            )
        notes: list[str] = []
        flat = X.reshape(len(X), -1)
        if n_axes is not None and n_axes > min(flat.shape):
            notes.append(
                f"pca_components {n_axes} lowered to {min(flat.shape)}: X has {len(flat)} rows and "
                f"{flat.shape[1]} features."
            )
            n_axes = min(flat.shape)
        self.input_dims_ = tuple(int(size) for size in X.shape[1:])
        self._n_fitted_components = int(self.n_components)
        shape = self.input_dims_ if n_axes is None else (n_axes,)
        self._seed = int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))
        self.preparation_ = Preparation.learnt(flat, n_axes, shape)
        if not self.preparation_.scale.any():
            notes.append(f"all {len(X)} rows are equal: one stacked point.")
        with threads(self.n_jobs):
            self._train(flat, device, callbacks, notes)
        for note in notes:
            warnings.warn(note, DriftglassWarning, stacklevel=2)
        return self

    def _train(
        self, flat: NDArray[Any], device: torch.device, callbacks: list[Any], notes: list[str]
    ) -> None:
        U64 = self.preparation_(flat)
        first = group_rows(flat).first
        rows = U64[first].reshape(len(first), -1)
        around = self._around(flat[first], rows, first, len(flat), notes)
        self.a_, self.b_ = around.curve
        self.encoder_ = self._begun_encoder(rows).to(device)
        U = torch.from_numpy(U64[first].astype(np.float32)).to(device)
        audience = Audience(
            FitState(2 * int(self.epochs)),
            Module(self.encoder_),
            callbacks,
            quiet=bool(self.quiet),
            monitor=self.monitor,
        )
        self.history_, self.interrupted_ = learn(
            self.encoder_, U, around, self._settings(), audience, self._checkpoint
        )
        self.n_iter_ = len(self.history_)
        self._place_origin()
        self.embedding_: NDArray[np.float32] = self._placed(U64)
        audience.show(self.embedding_)
        self.notes_ = tuple(notes)
        if self.checkpoint_dir is not None:
            self.save(Path(self.checkpoint_dir) / "last.safetensors")

    def _begun_encoder(self, rows: NDArray[np.float64]) -> torch.nn.Module:
        """An encoder for the rows (n_different, n_features) that it will get."""
        kwargs = dict(self.encoder_kwargs or {})
        directions = None
        if self.encoder_name == "default":
            if len(rows) > WIDE_BEYOND:
                kwargs.setdefault("hidden_size", WIDE)
            wanted = kwargs.get("n_axes", "auto")
            if wanted == "auto":
                wide = rows.shape[1] > MANY_FEATURES
                directions = leading_directions(rows) if wide else None
            elif wanted is not None:
                check_sizes(n_axes=wanted)
                directions = leading_directions(rows, wanted)
            kwargs["n_axes"] = None if directions is None else len(directions)
        self._encoder_kwargs = kwargs
        encoder = self._fresh_encoder()
        if directions is not None:
            encoder.look_along(torch.from_numpy(directions))  # type: ignore[operator]
        return encoder

    def _fresh_encoder(self) -> torch.nn.Module:
        devices = [torch.cuda.current_device()] if torch.cuda.is_available() else []
        # Nobody else's random numbers change because a model is fitted.
        with torch.random.fork_rng(devices=devices):
            torch.manual_seed(self._seed)
            return create_encoder(
                self.encoder_name,
                self.preparation_.shape,
                int(self.n_components),
                **self._encoder_kwargs,
            )

    def _settings(self) -> Settings:
        return Settings(
            n_components=int(self.n_components),
            lr=float(self.lr),
            epochs=int(self.epochs),
            batch_size=self.batch_size,
            num_batches=self.num_batches,
            negative_sample_rate=int(self.negative_sample_rate),
            repulsion_strength=float(self.repulsion_strength),
            jitter=self.jitter,
            early_stopping=bool(self.early_stopping),
            restore_best_weights=bool(self.restore_best_weights),
            seed=self._seed,
        )

    def _around(
        self,
        X: NDArray[Any],
        U: NDArray[np.float64],
        first: NDArray[np.intp],
        n_samples: int,
        notes: list[str],
    ) -> Neighbourhood:
        """Graph and layout of the rows that differ."""
        Z = X if self.preparation_.components is None else U
        return neighbourhood_of(self, Z, first, n_samples, self._seed, notes)

    def _place_origin(self) -> None:
        """Let the mean sample lie at the origin of the map."""
        zero = np.zeros((1, *self.preparation_.shape))
        self.origin_ = self._encoded(zero, as_double(self.encoder_), torch.float64)[0]

    def transform(self, X: Any, batch_size: int | None = None) -> NDArray[np.float32]:
        """Place samples in the map; each on its own.

        Parameters
        ----------
        X : array-like or tensor of shape (n_samples, n_features) or (n_samples, *input_dims)
            Finite samples.
        batch_size : int, optional
            Samples that go through the network together. The default is small and always the
            same, so that the place of a sample does not depend on the others to the last bit.

        Returns
        -------
        Y : ndarray of shape (n_samples, n_components)
            Coordinates. The mean of the fitted samples lies at the origin.

        Raises
        ------
        ShapeError
            Samples of another shape than those fitted.
        """
        U = self._prepared(X)
        with threads(self.n_jobs):
            return self._placed(U, BLOCK if batch_size is None else int(batch_size))

    def fit_transform(self, X: Any, y: Any = None) -> NDArray[np.float32]:
        """Train the network on X and place its samples.

        Parameters
        ----------
        X : array-like or tensor of shape (n_samples, n_features) or (n_samples, *input_dims)
            Finite samples.
        y : None
            Ignored.

        Returns
        -------
        Y : ndarray of shape (n_samples, n_components)
            Coordinates.
        """
        return self.fit(X, y).embedding_

    def to(self, device: Any) -> Self:
        """Move the network to a device, where it is used and trained from now on.

        Parameters
        ----------
        device : str or torch.device
            For example "cuda".

        Returns
        -------
        self : ParametricUMAP
            The same.
        """
        place = _device(device)
        self.device = str(place)
        if hasattr(self, "encoder_"):
            self.encoder_ = self.encoder_.to(place)
        return self

    def _prepared(self, X: Any) -> NDArray[np.float64]:
        return self.preparation_(self._flat(X))

    def _flat(self, X: Any) -> NDArray[Any]:
        """Rows of numbers, checked against what was fitted."""
        check_is_fitted(self)
        X = as_samples(X)
        if len(self.input_dims_) == 1:
            X = validate_data(self, X, dtype="numeric", allow_nd=True, reset=False)
        else:
            X = check_array(X, dtype="numeric", allow_nd=True)
        return flattened(X, self.input_dims_)

    def _placed(self, U: NDArray[np.float64], block: int = BLOCK) -> NDArray[np.float32]:
        Y = self._encoded(U, self.encoder_, torch.float32, block) - self.origin_
        return np.asarray(Y, dtype=np.float32)

    def _encoded(
        self,
        U: NDArray[np.float64],
        encoder: torch.nn.Module,
        dtype: torch.dtype,
        block: int = BLOCK,
    ) -> NDArray[np.float64]:
        device = next((p.device for p in encoder.parameters()), torch.device("cpu"))
        Y = np.empty((len(U), int(self.n_components_)))
        for start in range(0, len(U), block):
            part = torch.from_numpy(U[start : start + block]).to(device, dtype)
            filled = part.new_zeros((block, *part.shape[1:]))
            filled[: len(part)] = part
            places = evaluated(encoder, filled)[: len(part)]
            Y[start : start + len(part)] = places.double().cpu().numpy()
        return Y

    @property
    def n_components_(self) -> int:
        """Coordinates of the fitted map."""
        return self._n_fitted_components

    @property
    def _n_features_out(self) -> int:
        return self.n_components_

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float32"]
        tags.input_tags.three_d_array = True
        return tags


def _device(device: Any) -> torch.device:
    try:
        place = torch.device(device)
    except (RuntimeError, TypeError) as error:
        raise InvalidInputError(
            f"device is {device!r}; for example 'cpu' or 'cuda' is needed."
        ) from error
    if place.type == "cuda" and not torch.cuda.is_available():
        raise InvalidInputError(
            f"device is {device!r}, but torch finds no such device here. Use device='cpu'."
        )
    return place
