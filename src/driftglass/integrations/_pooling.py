"""From what a layer puts out to one vector per item, by a declared rule."""

from __future__ import annotations

from typing import Any, Literal

from ..errors import InvalidInputError, ShapeError

__all__ = ["POOLS", "Pool", "pooled"]

Pool = Literal["mean", "cls", "last", "flatten"]
POOLS = ("mean", "cls", "last", "flatten")


def pooled(
    values: Any, rule: Pool = "mean", *, mask: Any = None, channels_last: bool = False
) -> Any:
    """One vector per item.

    Works on NumPy arrays and on tensors alike, which share the few methods used here.

    Parameters
    ----------
    values : array or tensor of shape (n_items, ...)
        (n_items, n_features) is returned as it is; (n_items,) becomes one column. Three axes are
        items, tokens, features; four or more are items, channels and places of an image.
    rule : {"mean", "cls", "last", "flatten"}
        For tokens: mean of those that are not masked, the first, the last that is not masked,
        or all side by side. Images are averaged over their places unless flattened.
    mask : array or tensor of shape (n_items, n_tokens), optional
        1 for tokens that count, 0 for padding.
    channels_last : bool
        Images are (n_items, height, width, channels).

    Returns
    -------
    vectors : array or tensor of shape (n_items, n_features)
        Of the kind that was given.

    Raises
    ------
    InvalidInputError
        An unknown rule.
    ShapeError
        No axis of items.

    Examples
    --------
    >>> tokens = np.arange(12.0).reshape(1, 3, 4)
    >>> pooled(tokens, "mean", mask=np.array([[1, 1, 0]])).tolist()
    [[2.0, 3.0, 4.0, 5.0]]
    """
    if rule not in POOLS:
        raise InvalidInputError(f"pool is {rule!r}; one of {POOLS} is needed.")
    n_axes = len(values.shape)
    if n_axes == 0:
        raise ShapeError("A layer put out a single number; one vector per item is needed.")
    if n_axes == 1:
        return values.reshape(-1, 1)
    if n_axes == 2:
        return values
    n_items = values.shape[0]
    if rule == "flatten":
        return values.reshape(n_items, -1)
    if n_axes > 3:
        if channels_last:
            return values.reshape(n_items, -1, values.shape[-1]).mean(1)
        return values.reshape(n_items, values.shape[1], -1).mean(2)
    return _of_tokens(values, rule, mask)


def _of_tokens(values: Any, rule: str, mask: Any) -> Any:
    if rule == "cls":
        return values[:, 0]
    if mask is not None and tuple(mask.shape) != tuple(values.shape[:2]):
        mask = None  # the mask of other tokens than these, as after a layer that merges some
    if mask is None:
        return values.mean(1) if rule == "mean" else values[:, -1]
    counts = mask.cumsum(1)
    if rule == "last":
        # The count is largest, for the first time, at the last token that counts.
        return values[list(range(values.shape[0])), counts.argmax(1)]
    total = counts[:, -1].reshape(-1, 1)
    weights = mask.reshape(*mask.shape, 1)
    return (values * weights).sum(1) / (total + (total == 0))
