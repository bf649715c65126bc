"""UMAP with a map that says which feature put each sample where it is."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from ...errors import InvalidInputError, ShapeError
from ._contributions import block_rows, local_contributions
from ._derivatives import as_double, frozen_norms, jacobian
from ._learning import threads
from ._parametric import ParametricUMAP

__all__ = ["GlassBoxUMAP"]


class GlassBoxUMAP(ParametricUMAP):
    """UMAP whose map is a piecewise linear network: each coordinate splits into contributions.

    The network first copies a layout that `UMAP` finds, then descends UMAP's loss itself. It has
    biases and only straight pieces, so that near a sample x the map is J(x) x + b(x) with its true
    derivative J(x). `compute_contributions` gives J(x) (x - mean) by feature;
    `driftglass.explanations.explain` gives the offset, the residual and exact path integrals too.

    Every argument can be changed after construction and counts from the next `fit`.

    Parameters
    ----------
    n_neighbors : int
        Neighbours of each row in the graph, the row itself included.
    min_dist : float
        How near points may come in the map, from 0 to 1.
    metric : {"euclidean", "cosine", "correlation", "manhattan"}
        Distance by which neighbours are found.
    n_components : int
        Coordinates per row.
    negative_sample_rate : int
        Random rows that repel, for every edge.
    repulsion_strength : float
        Weight of repulsion.
    pca_components : int or None
        Principal axes that the network gets in place of the features; contributions are still
        those of the features.
    encoder_name : str
        "default" (layers with hinges), "default_conv" (images), "published" (the network without
        biases of the published method), or the name of a registered encoder.
    encoder_kwargs : dict or None
        Of the encoder's constructor, for example ``{"hidden_size": 64, "n_hidden_layers": 1}``.
        Layers of the default encoder have 128 units, and 256 beyond 10,000 rows. Of more than 100
        features its first layer sees the ``n_axes`` principal axes that hold nine tenths of the
        variance, which places new rows better; ``{"n_axes": None}`` lets it see all features.
    lr : float
        Learning rate of the descent; copying takes ten times as much, and at most 0.02.
    epochs : int
        Passes over the data, or over the edges of the graph, that each of the two parts may take.
    batch_size : int or "auto"
        Edges per step of the descent, and rows per step of `compute_contributions`.
    num_batches : int or None
        Most steps per epoch.
    num_workers : int
        Accepted and not needed: no data are loaded one by one.
    checkpoint_dir : path or None
        Where the best weights and at the end the model are written.
    restore_best_weights : bool
        End with the weights of the epoch that had the lowest mean loss.
    random_state : int, RandomState or None
        Seed; None draws one. Random numbers of other code are left alone.
    quiet : bool
        No progress bar. There is none either where the output is not a terminal.
    extra_callbacks : list or None
        Objects with hooks of a Lightning callback, such as
        ``on_train_epoch_end(trainer, module)``; ``trainer.should_stop = True`` ends the fit.
    init : {"umap", "random"} or array of shape (n_samples, n_components)
        Layout to copy first; "random" only descends.
    jitter : float or "auto"
        Noise on the rows while training, as a share of the distance to their neighbours; "auto" is
        1. Less of it shows more detail and places new rows worse.
    early_stopping : bool
        Stop when the loss is flat, and after as many steps as maps of this size have been found
        to need. False takes every epoch.
    device : str
        "cpu" or "cuda".
    n_jobs : int or None
        Threads. None uses every core for neighbours and layout and one for the network, which
        gives the same bytes on any number of cores. A number is used for both: the network trains
        faster on more threads, and its last digits depend on how many.
    monitor : Run or None
        Anything with ``log(step, spaces=…, scalars=…)``: gets the map and the loss while fitting.

    Attributes
    ----------
    embedding_ : ndarray of shape (n_samples, n_components), dtype float32
        Map of the fitted rows.
    encoder_ : torch.nn.Module
        The network.
    preparation_ : object
        What is done to rows before the network; linear.
    history_ : list of dict
        Phase, epoch, loss, learning rate and seconds of each epoch.
    n_iter_ : int
        Epochs made.
    interrupted_ : bool
        Whether Ctrl-C ended the fit.
    notes_ : tuple of str
        What a reader of the map should know; each was also a warning.
    n_features_in_ : int
        Features fitted.

    See Also
    --------
    driftglass.explanations.explain : contributions with offset, coordinates and residual.
    driftglass.projections.UMAP : the same kind of map without a network.

    References
    ----------
    .. [1] Sainburg, McInnes and Gentner (2021). Parametric UMAP embeddings for representation and
       semisupervised learning. Neural Computation.

    Examples
    --------
    >>> X = np.random.default_rng(0).normal(size=(90, 5)) + 9 * np.repeat(np.eye(3, 5), 30, axis=0)
    >>> model = GlassBoxUMAP(epochs=10, random_state=0).fit(X)
    >>> model.compute_contributions(X).shape
    (90, 2, 5)
    """

    def compute_contributions(
        self,
        X: Any,
        batch_size: int | None = None,
        reduction: Literal["l2"] | None = None,
        *,
        attribution: Literal["local", "frozen"] = "local",
    ) -> NDArray[np.float32]:
        """How much each feature contributes to each coordinate, relative to the mean sample.

        With the offset that `explain` reports they add up to the coordinates.

        Parameters
        ----------
        X : array-like or tensor of shape (n_samples, n_features) or (n_samples, *input_dims)
            Finite samples.
        batch_size : int, optional
            Rows that are worked on together; as many as 64 MiB hold by default.
        reduction : "l2" or None
            Length over the coordinates in place of each; needs no more memory than its result.
        attribution : {"local", "frozen"}
            True derivative, or the one that takes normalisers for constants.

        Returns
        -------
        contributions : ndarray, dtype float32
            In units of the map, (n_samples, n_components, n_features); features keep their
            flattened order. With a reduction (n_samples, n_features).

        Raises
        ------
        InvalidInputError
            Unknown reduction or attribution.
        """
        if reduction not in (None, "l2"):
            raise InvalidInputError(f"reduction is {reduction!r}; None or 'l2' is needed.")
        if attribution not in ("local", "frozen"):
            raise InvalidInputError(
                f"attribution is {attribution!r}; 'local' or 'frozen' is needed here. Use "
                f"driftglass.explanations.explain for path integrals."
            )
        flat = self._flat(X)
        n, d, k = len(flat), flat.shape[1], self.n_components_
        shape = (n, d) if reduction == "l2" else (n, k, d)
        result = np.empty(shape, dtype=np.float32)
        rows = block_rows(k, d, 4, 8192) if batch_size is None else int(batch_size)
        blocks = local_contributions(
            self.encoder_, self.preparation_, flat, self.preparation_.mean, torch.float32, rows
        )
        frozen = attribution == "frozen"
        with threads(self.n_jobs), frozen_norms(self.encoder_) if frozen else nullcontext():
            _fill(result, blocks, reduction)
        return result

    def compute_jacobian(self, x: Any, batch_size: int = 1024) -> torch.Tensor:
        """True derivative of the coordinates by what the network gets.

        Parameters
        ----------
        x : Tensor of shape (n_samples, *dims)
            As `prepare` gives: centred, scaled, and on principal axes if there are any.
        batch_size : int
            Samples that are worked on together.

        Returns
        -------
        J : Tensor of shape (n_samples, n_components, *dims)
            In the precision of x.
        """
        check_is_fitted(self)
        given = torch.as_tensor(x)
        if tuple(given.shape[1:]) != self.preparation_.shape:
            raise ShapeError(
                f"x has samples of shape {tuple(given.shape[1:])}; the network takes "
                f"{self.preparation_.shape}. Pass what prepare(X) gives."
            )
        dtype = torch.float64 if given.dtype == torch.float64 else torch.float32
        encoder = self.encoder_ if dtype == torch.float32 else self._double()
        device = next((p.device for p in encoder.parameters()), torch.device("cpu"))
        blocks = torch.split(given.to(device, dtype), batch_size)
        with threads(self.n_jobs):
            return torch.cat([jacobian(encoder, block) for block in blocks]).to(given.device)

    def prepare(self, X: Any) -> NDArray[np.float64]:
        """Return what the network gets for these samples.

        Parameters
        ----------
        X : array-like or tensor of shape (n_samples, n_features) or (n_samples, *input_dims)
            Finite samples.

        Returns
        -------
        U : ndarray of shape (n_samples, *dims)
            Centred, scaled by one number, and on principal axes if there are any.
        """
        return self._prepared(X)

    def _double(self) -> torch.nn.Module:
        return as_double(self.encoder_)


def _fill(result: NDArray[np.float32], blocks: Any, reduction: str | None) -> None:
    for part, contributions in blocks:
        if reduction == "l2":
            result[part] = np.sqrt(np.einsum("ikj,ikj->ij", contributions, contributions))
        else:
            result[part] = contributions
