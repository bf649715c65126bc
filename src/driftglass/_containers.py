"""Vectors in the containers of other libraries, as NumPy arrays; none of them is imported here."""

from __future__ import annotations

from typing import Any

import numpy as np

from .errors import InvalidInputError, ShapeError

__all__ = ["is_loader", "loaded_labels", "plain_array"]


def plain_array(values: Any, name: str = "X") -> Any:
    """The array behind a container; what NumPy or scikit-learn take themselves comes back as it is.

    Parameters
    ----------
    values : object
        A tensor on any device, an embedding layer, whatever speaks DLPack, a table that narwhals
        takes, or a loader of batches.
    name : str
        What to call it in messages.

    Returns
    -------
    array : object
        A view where the container allows one: tensors, arrays and memory in one piece on the CPU
        are not copied.
    """
    if isinstance(values, (np.ndarray, list, tuple, str, bytes)) or values is None:
        return values
    if _is_tensor(values):
        return _of_tensor(values)
    weight = getattr(values, "weight", None)
    if weight is not None and hasattr(values, "parameters") and _is_tensor(weight):
        return _of_tensor(weight)  # an embedding layer is its table
    if is_loader(values):
        return _of_batches(values, name)
    if hasattr(values, "tocsr"):  # sparse: whoever can use it as it is, does
        return values
    if hasattr(values, "__dlpack__") and not hasattr(values, "__array__"):
        return _of_dlpack(values, name)
    if hasattr(values, "__array__") and not _is_frame(values):
        return values
    return _of_frame(values)


def is_loader(values: Any) -> bool:
    """Whether this gives batches, as PyTorch's DataLoader does."""
    return hasattr(values, "__iter__") and hasattr(values, "dataset") and hasattr(
        values, "batch_size"
    )  # fmt: skip


def loaded_labels(loader: Any) -> Any:
    """What a loader's batches hold beside the vectors, as one array; None if there is nothing."""
    parts = [batch[1] for batch in loader if isinstance(batch, (list, tuple)) and len(batch) > 1]
    arrays = [np.asarray(plain_array(part)) for part in parts]
    return np.concatenate(arrays) if arrays else None


def _is_tensor(values: Any) -> bool:
    return hasattr(values, "detach") and hasattr(values, "cpu")


def _of_tensor(values: Any) -> Any:
    values = values.detach().cpu()
    if getattr(values, "is_sparse", False):
        values = values.to_dense()
    if str(values.dtype) == "torch.bfloat16":
        values = values.float()
    return values.numpy()


def _of_batches(loader: Any, name: str) -> Any:
    parts = []
    for batch in loader:
        first = batch
        if isinstance(batch, dict):
            first = next(iter(batch.values()), None)
        elif isinstance(batch, (list, tuple)):
            first = batch[0] if batch else None
        part = np.asarray(plain_array(first, name))
        parts.append(part.reshape(len(part), -1) if part.ndim > 2 else part)
    if not parts:
        raise InvalidInputError(f"{name} is a loader without batches.")
    widths = {part.shape[1:] for part in parts}
    if len(widths) > 1:
        raise ShapeError(f"{name} is a loader whose batches have rows of {sorted(widths)} values.")
    return np.concatenate(parts)


def _of_dlpack(values: Any, name: str) -> Any:
    try:
        return np.from_dlpack(values)
    except (BufferError, RuntimeError, TypeError):
        pass
    try:  # on another device: ask for a copy on this one
        return np.from_dlpack(values, device="cpu", copy=True)
    except (BufferError, RuntimeError, TypeError, ValueError) as error:
        if hasattr(values, "get"):  # CuPy's way
            return values.get()
        raise InvalidInputError(
            f"{name} is a {type(values).__name__} on a device that NumPy cannot read: {error}. "
            f"Copy it to the CPU first."
        ) from error


def _is_frame(values: Any) -> bool:
    module = type(values).__module__.partition(".")[0]
    return module in ("pyarrow", "duckdb", "cudf", "modin", "ibis")


def _of_frame(values: Any) -> Any:
    """A table as one array of numbers; what is no table comes back as it is."""
    import narwhals as nw

    try:
        frame = nw.from_native(values, pass_through=True)
    except TypeError:
        return values
    if isinstance(frame, nw.LazyFrame):
        frame = frame.collect()
    return frame.to_numpy() if isinstance(frame, nw.DataFrame) else values
