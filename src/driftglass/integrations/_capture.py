"""Vectors of a PyTorch model's layers for a fixed probe, leaving the model as it was."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

import numpy as np

from .._optional import require
from ..errors import InvalidInputError, NotFoundError, ShapeError
from ._pooling import pooled
from ._recorder import Captured, Recorder

__all__ = ["capture", "flat_weights", "gradient_scalars", "is_first_process", "unwrapped"]

BATCH = 256
OUTPUT = "output"
DEFAULT = "penultimate"


def capture(
    model: Any,
    probe: Any,
    recorder: Recorder,
    *,
    batch_size: int = BATCH,
    call: Callable[[Any, Any], Any] | None = None,
) -> Captured:
    """Run the probe through the model in evaluation mode and keep what the layers put out.

    Parameters
    ----------
    model : torch.nn.Module
        Parameters, buffers, gradients, modes, hooks and random states are the same afterwards,
        also if something fails.
    probe : tensor, array, tuple or mapping of them, or iterable of batches
        What the model takes. A tuple is its positional arguments, a mapping its keywords.
    recorder : Recorder
        Says which layers, how to pool, and whether weights are wanted.
    batch_size : int
        Items at a time.
    call : callable, optional
        Called with the model and a batch instead of the model itself.
    """
    torch = require("torch", extra="torch")
    inner = unwrapped(model)
    kept: dict[str, list[Any]] = {}
    predictions: list[Any] = []
    state: dict[str, Any] = {}
    with ExitStack() as stack:
        stack.enter_context(_undisturbed(torch, inner))
        stack.enter_context(torch.no_grad())
        for name, module, before in _watched(torch, inner, recorder):
            keep = _keeper(name, before, state, recorder)
            register = module.register_forward_pre_hook if before else module.register_forward_hook
            stack.callback(register(keep).remove)
        device = next((p.device for p in inner.parameters()), torch.device("cpu"))
        for batch in batches(torch, probe, batch_size):
            placed = _placed(torch, batch, device)
            state["n_items"] = _length(batch)
            state["mask"] = placed.get("attention_mask") if isinstance(placed, Mapping) else None
            state["now"] = {}
            output = _called(inner, placed) if call is None else call(inner, placed)
            for name, rows in state["now"].items():
                kept.setdefault(name, []).append(rows)
            scores = _first_tensor(torch, output, "logits")
            if scores is not None and scores.ndim == 2 and scores.is_floating_point():
                predictions.append(_plain(scores))
        weights = None if recorder.weights is None else flat_weights(inner)
    if not kept:
        raise NotFoundError(
            "None of the chosen layers was called while the probe went through the model. "
            "Name layers that its forward pass uses."
        )
    spaces = {name: np.concatenate(parts) for name, parts in kept.items()}
    return Captured(spaces, np.concatenate(predictions) if predictions else None, {}, weights)


def unwrapped(model: Any) -> Any:
    """The module inside wrappers for several devices or for compilation."""
    while True:
        name = type(model).__name__
        if name in ("DistributedDataParallel", "DataParallel"):
            model = model.module
        elif name == "OptimizedModule":
            model = model._orig_mod
        elif name == "FullyShardedDataParallel":
            raise InvalidInputError(
                "The model is wrapped in FullyShardedDataParallel, whose layers no single "
                "process has. Record from a copy that is not sharded."
            )
        else:
            return model


def is_first_process() -> bool:
    """Whether this is the only training process, or the first of several."""
    torch = require("torch", extra="torch")
    distributed = torch.distributed
    if not (distributed.is_available() and distributed.is_initialized()):
        return True
    return bool(distributed.get_rank() == 0)


def gradient_scalars(parameters: Iterable[Any]) -> dict[str, float]:
    """Length of the whole gradient, its largest entry, and its mean ratio to the parameters.

    Empty where there are no gradients.
    """
    torch = require("torch", extra="torch")
    pairs = [(p.detach(), p.grad.detach()) for p in parameters if p.grad is not None]
    dense = [(p, g) for p, g in pairs if not g.is_sparse and g.numel() > 0]
    if not dense:
        return {}
    gradients = [g for _, g in dense]
    lengths = torch.stack(torch._foreach_norm(gradients)).float()
    largest = torch.stack([g.abs().amax() for g in gradients]).float().max()
    own = torch.stack(torch._foreach_norm([p for p, _ in dense])).float()
    moving = own > 0
    ratio = (lengths[moving] / own[moving]).mean() if bool(moving.any()) else lengths.new_zeros(())
    # One transfer from the device instead of three.
    norm, top, mean = torch.stack([lengths.norm(), largest, ratio]).tolist()
    return {"gradient_norm": norm, "gradient_max": top, "gradient_ratio": mean}


def flat_weights(model: Any) -> Any:
    """All parameters in a row, as float32 of shape (n_parameters,)."""
    parts = [_plain(parameter).ravel() for parameter in model.parameters()]
    return np.concatenate(parts) if parts else np.empty(0, dtype=np.float32)


def batches(torch: Any, probe: Any, batch_size: int) -> Iterator[Any]:
    """The probe in pieces; an iterable of batches, such as a loader, gives its own."""
    if isinstance(probe, (Mapping, tuple, np.ndarray, torch.Tensor)):
        whole = _tensors(torch, probe)
        n_items = _length(whole)
        for start in range(0, n_items, batch_size):
            here = slice(start, start + batch_size)
            yield _map(whole, partial(_rows, here=here))
    else:
        for batch in probe:
            yield _tensors(torch, tuple(batch) if isinstance(batch, list) else batch)


def _watched(torch: Any, model: Any, recorder: Recorder) -> list[tuple[str, Any, bool]]:
    """Layers to watch: their name as a space, the module, and whether its input is meant."""
    modules = dict(model.named_modules())
    if recorder.layers is not None:
        names = recorder.chosen([*(name for name in modules if name), OUTPUT])
        return [(name, model if name == OUTPUT else modules[name], False) for name in names]
    linear = [module for module in modules.values() if isinstance(module, torch.nn.Linear)]
    if not linear:
        return [(OUTPUT, model, False)]
    return [(DEFAULT, linear[-1], True)]


def _keeper(
    name: str, before: bool, state: dict[str, Any], recorder: Recorder
) -> Callable[..., None]:
    def keep(_module: Any, inputs: Any, output: Any = None) -> None:
        torch = require("torch", extra="torch")
        found = _first_tensor(torch, inputs if before else output, "last_hidden_state")
        if found is None:
            raise InvalidInputError(f"The layer {name!r} puts out no tensor; name another.")
        n_items = state["n_items"]
        if found.ndim == 3 and found.shape[0] != n_items == found.shape[1]:
            found = found.transpose(0, 1)  # tokens came first
        if found.ndim == 0 or found.shape[0] != n_items:
            raise ShapeError(
                f"The layer {name!r} puts out {tuple(found.shape)} for {n_items} items; one row "
                f"per item is needed. Name another layer."
            )
        if not found.is_floating_point():
            found = found.float()
        # A layer that is called more than once counts by its last call.
        state["now"][name] = _plain(pooled(found, recorder.pool, mask=state["mask"]))

    return keep


@contextmanager
def _undisturbed(torch: Any, model: Any) -> Iterator[None]:
    """Evaluation mode, with modes, buffers and random states put back at the end."""
    modes = [(module, module.training) for module in model.modules()]
    holders = [(module, dict(module._buffers)) for module, _ in modes if module._buffers]
    buffers = [(buffer, buffer.detach().clone()) for buffer in model.buffers()]
    devices = sorted({p.device.index or 0 for p in model.parameters() if p.device.type == "cuda"})
    python_state, numpy_state = random.getstate(), np.random.get_state()  # noqa: NPY002 - put back
    with torch.random.fork_rng(devices=devices):
        try:
            # Not model.eval(), which a model may override with side effects.
            for module, _ in modes:
                module.training = False
            yield
        finally:
            for module, training in modes:
                module.training = training
            for module, held in holders:
                module._buffers.update(held)
            with torch.no_grad():
                for buffer, former in buffers:
                    if not torch.equal(buffer, former):
                        buffer.copy_(former)
            random.setstate(python_state)
            np.random.set_state(numpy_state)  # noqa: NPY002 - as it was found


def _called(model: Any, batch: Any) -> Any:
    if isinstance(batch, Mapping):
        return model(**batch)
    return model(*batch) if isinstance(batch, tuple) else model(batch)


def _first_tensor(torch: Any, output: Any, name: str) -> Any:
    """The tensor meant by an output: itself, one of that name, or the first there is."""
    if isinstance(output, torch.Tensor):
        return output
    named = output.get(name) if isinstance(output, Mapping) else getattr(output, name, None)
    if isinstance(named, torch.Tensor):
        return named
    values = output.values() if isinstance(output, Mapping) else output
    if isinstance(values, (tuple, list)) or isinstance(output, Mapping):
        for value in values:
            found = _first_tensor(torch, value, name)
            if found is not None:
                return found
    return None


def _tensors(torch: Any, probe: Any) -> Any:
    return _map(
        probe,
        lambda part: torch.as_tensor(part) if isinstance(part, np.ndarray) else part,
    )


def _placed(torch: Any, batch: Any, device: Any) -> Any:
    return _map(batch, lambda part: part.to(device) if isinstance(part, torch.Tensor) else part)


def _map(values: Any, change: Callable[[Any], Any]) -> Any:
    if isinstance(values, Mapping):
        return {name: change(value) for name, value in values.items()}
    if isinstance(values, tuple):
        return tuple(change(value) for value in values)
    return change(values)


def _rows(part: Any, *, here: slice) -> Any:
    return part[here]


def _length(values: Any) -> int:
    parts = values.values() if isinstance(values, Mapping) else values
    first = next(iter(parts)) if isinstance(values, (Mapping, tuple)) else values
    return len(first)


def _plain(tensor: Any) -> Any:
    found = tensor.detach().cpu()
    return (found.float() if str(found.dtype) == "torch.bfloat16" else found).numpy()
