"""An estimator by the name of its method."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from ..errors import NotFoundError
from ._registry import ESTIMATORS, methods

__all__ = ["make_projector"]


def make_projector(method: str, parameters: Mapping[str, Any], defaults: Mapping[str, Any]) -> Any:
    """Make an estimator that is ready to be fitted.

    Parameters
    ----------
    method : str
        One of `methods`.
    parameters : mapping of str to value
        Of the method.
    defaults : mapping of str to value
        Further ones, of which a method takes those it has.

    Returns
    -------
    estimator : object
        With ``fit_transform``.

    Raises
    ------
    NotFoundError
        No such method, or no such parameter of it.
    """
    name = method.lower()
    if name not in methods():
        raise NotFoundError.for_name("method", method, methods())
    module, kind = {"pca": ("._pca", "PCA"), **ESTIMATORS}[name]
    estimator = getattr(import_module(module, __package__), kind)()
    known = estimator.get_params()
    for parameter in parameters:
        if parameter not in known:
            raise NotFoundError.for_name(f"parameter of {name}", parameter, sorted(known))
    fitting = {key: value for key, value in defaults.items() if key in known}
    return estimator.set_params(**fitting, **parameters)
