"""One function per framework; each imports its framework when it is called."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._optional import require
from ._recorder import Recorder

if TYPE_CHECKING:
    from ..store import Run
    from ._keras import KerasRecorder
    from ._lightning import LightningRecorder
    from ._torch import TorchRecorder
    from ._transformers import TransformersRecorder

__all__ = ["keras_callback", "lightning_callback", "torch_recorder", "transformers_callback"]


def torch_recorder(
    run: Run, model: Any, probe: Any, *, batch_size: int = 256, **options: Any
) -> TorchRecorder:
    """Recorder for a plain PyTorch loop; takes the first snapshot at once.

    Parameters
    ----------
    run : Run
        Run open for writing, with one id per item of the probe.
    model : torch.nn.Module
        The model. Wrappers for several devices or for compilation are seen through.
    probe : tensor or array of shape (n_items, ...), tuple or mapping of them, or iterable
        A fixed set of inputs, the same at every step: a tuple for several arguments, a mapping
        for keywords, an iterable of batches where it does not fit into memory at once.
    batch_size : int
        Items at a time.
    **options
        layers, pool, schedule, scalars_every, labels, ids, weights and active; see `Recorder`.
        By default only the first of several training processes is active.

    Returns
    -------
    recorder : TorchRecorder
        Call its ``step(loss=loss, optimizer=optimizer)`` after every step of the optimizer.

    Raises
    ------
    MissingDependencyError
        torch is not installed.

    Examples
    --------
    >>> recorder = torch_recorder(run, model, X[:1000])  # doctest: +SKIP
    >>> recorder.step(loss=loss, optimizer=optimizer)  # doctest: +SKIP
    """
    require("torch", extra="torch")
    from ._torch import torch_recorder as make

    return make(run, model, probe, batch_size=batch_size, **options)


def lightning_callback(
    run: Run, probe: Any, *, batch_size: int = 256, **options: Any
) -> LightningRecorder:
    """Lightning callback that records; nothing is recorded in the sanity check.

    Parameters
    ----------
    run : Run
        Run open for writing, with one id per item of the probe.
    probe : tensor or array of shape (n_items, ...), tuple or mapping of them, or iterable
        What the module's ``forward`` takes, as in `torch_recorder`.
    batch_size : int
        Items at a time.
    **options
        layers, pool, schedule, scalars_every, labels, ids and weights; see `Recorder`.

    Returns
    -------
    callback : lightning.pytorch.Callback
        For ``Trainer(callbacks=[...])``.

    Raises
    ------
    MissingDependencyError
        Lightning is not installed.
    """
    from ._lightning import LightningRecorder

    return LightningRecorder(Recorder(run, **options), probe, batch_size=batch_size)


def transformers_callback(
    run: Run, probe: Any, *, batch_size: int = 64, **options: Any
) -> TransformersRecorder:
    """Callback that records, for the Trainer of Hugging Face transformers.

    Parameters
    ----------
    run : Run
        Run open for writing, with one id per item of the probe.
    probe : mapping of str to tensor, or iterable of such batches
        What the model takes: "input_ids", "attention_mask" and so on. The mask says which
        tokens count when they are pooled.
    batch_size : int
        Items at a time.
    **options
        layers, pool, schedule, scalars_every, labels, ids and weights; see `Recorder`.

    Returns
    -------
    callback : transformers.TrainerCallback
        For ``Trainer(callbacks=[...])``.

    Raises
    ------
    MissingDependencyError
        transformers is not installed.
    """
    from ._transformers import TransformersRecorder

    return TransformersRecorder(Recorder(run, **options), probe, batch_size=batch_size)


def keras_callback(run: Run, probe: Any, *, batch_size: int = 256, **options: Any) -> KerasRecorder:
    """Keras 3 callback that records, for Sequential and functional models.

    Parameters
    ----------
    run : Run
        Run open for writing, with one id per item of the probe.
    probe : array of shape (n_items, ...), or list or mapping of them
        What the model takes.
    batch_size : int
        Items at a time.
    **options
        layers, pool, schedule, scalars_every, labels, ids, weights and active; see `Recorder`.

    Returns
    -------
    callback : keras.callbacks.Callback
        For ``model.fit(callbacks=[...])``.

    Raises
    ------
    MissingDependencyError
        Keras is not installed.
    """
    from ._keras import KerasRecorder

    return KerasRecorder(Recorder(run, **options), probe, batch_size=batch_size)
