"""scikit-learn's conventions for a transformer, without importing scikit-learn.

Importing it takes longer than making a small map. So plain arrays are checked here, and what is
rarer (tables with named columns, lists, refusals in scikit-learn's words) is left to it.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from functools import wraps
from importlib import import_module
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from .._arrays import finite_rows
from ..errors import InvalidInputError

__all__ = ["Transformer", "random_state_of"]

WRAPPED = ("fit_transform", "transform")
"""Methods whose result `set_output` can turn into a table."""


class _Root:
    """Python can't give new bases to a class that has none but `object`."""


class Transformer(_Root):
    """A transformer with parameters as scikit-learn knows them.

    Subclasses name their parameters in ``__init__`` and keep them unchanged, learn in ``fit``
    attributes that end in an underscore, and say by ``_n_features_out`` how many columns they
    make.
    """

    _sklearn_auto_wrap_output_keys: ClassVar[set[str]] = {"transform"}

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        for name in WRAPPED:
            if name in vars(cls):
                setattr(cls, name, _in_the_container_asked_for(vars(cls)[name]))

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Parameters by name.

        Parameters
        ----------
        deep : bool
            Also those of parameters that have parameters, as ``outer__inner``.

        Returns
        -------
        parameters : dict
            As they were given.
        """
        parameters = {name: getattr(self, name) for name in _parameter_names(type(self))}
        if deep:
            for name, value in list(parameters.items()):
                if hasattr(value, "get_params") and not isinstance(value, type):
                    inner = value.get_params()
                    parameters |= {f"{name}__{key}": inner[key] for key in inner}
        return parameters

    def set_params(self, **parameters: Any) -> Self:
        """Change parameters; a later fit goes by them.

        Parameters
        ----------
        **parameters
            By name; those of a parameter as ``outer__inner``.

        Returns
        -------
        self : Transformer
            With them.
        """
        known = _parameter_names(type(self))
        for key, value in parameters.items():
            name, _, inner = key.partition("__")
            if name not in known:
                raise InvalidInputError(
                    f"Invalid parameter {name!r} for estimator {self!r}. "
                    f"Valid parameters are: {known!r}."
                )
            if inner:
                getattr(self, name).set_params(**{inner: value})
            else:
                setattr(self, name, value)
        return self

    def set_output(self, *, transform: str | None = None) -> Self:
        """Choose what `transform` and `fit_transform` return.

        Parameters
        ----------
        transform : {"default", "pandas", "polars"} or None
            None leaves it as it is.

        Returns
        -------
        self : Transformer
            Ready to be fitted.
        """
        if transform is not None:
            # Whoever asks for a table will need scikit-learn to make it.
            import_module("sklearn.utils._set_output")
            self._sklearn_output_config = {"transform": transform}
        return self

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """Names of the columns of a map.

        Parameters
        ----------
        input_features : ignored
            A map's columns don't come from single features.

        Returns
        -------
        names : ndarray of str, shape (n_components,)
            The name of the class in small letters, numbered.
        """
        self._require_fitted()
        name = type(self).__name__.lower()
        return np.asarray([f"{name}{i}" for i in range(self._n_features_out)], dtype=object)

    def __repr__(self) -> str:
        defaults = inspect.signature(type(self).__init__).parameters
        changed = [
            f"{name}={value!r:.80}"
            for name, value in self.get_params(deep=False).items()
            if not _same(value, defaults[name].default)
        ]
        return f"{type(self).__name__}({', '.join(changed)})"

    def _repr_html_(self) -> str:
        from sklearn.utils import estimator_html_repr

        text: str = estimator_html_repr(self)
        return text

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import InputTags, Tags, TargetTags, TransformerTags

        _join_scikit_learn()
        return Tags(
            estimator_type=None,
            target_tags=TargetTags(required=False),
            transformer_tags=TransformerTags(preserves_dtype=["float32"]),
            input_tags=InputTags(),
        )

    @property
    def _n_features_out(self) -> int:
        """Columns of the map; only the estimator itself knows."""
        raise NotImplementedError(f"{type(self).__name__} does not say how many columns it gives.")

    def _require_fitted(self) -> None:
        if not hasattr(self, "n_features_in_"):
            from sklearn.exceptions import NotFittedError

            raise NotFittedError(
                f"This {type(self).__name__} instance is not fitted yet. Call 'fit' with "
                f"appropriate arguments before using this estimator."
            )

    def _checked(
        self, X: Any, *, reset: bool, accept_sparse: bool = False, finite: bool = True
    ) -> Any:
        """X as a finite table of numbers; `reset` takes its features for those to come.

        Without `finite`, an array's values are not looked at: who asks for that does it later.
        """
        if self._is_plain(X, reset) and (not finite or finite_rows(X).all()):
            if reset:
                self.n_features_in_ = X.shape[1]
                vars(self).pop("feature_names_in_", None)
            return X if X.dtype.isnative else X.astype(X.dtype.newbyteorder("="))
        from .._containers import plain_array
        from ._checks import checked_table

        X = plain_array(X)
        return checked_table(self, X, reset=reset, accept_sparse=accept_sparse)

    def _is_plain(self, X: Any, reset: bool) -> bool:
        if not (isinstance(X, np.ndarray) and type(X) in (np.ndarray, np.memmap)):
            return False
        if X.ndim != 2 or 0 in X.shape or X.dtype.kind not in "fiub":
            return False
        named = hasattr(self, "feature_names_in_")
        return reset or (not named and X.shape[1] == self.n_features_in_)


def random_state_of(random_state: Any) -> np.random.RandomState:
    """Generator of a seed, of NumPy's own state (None), or the one given; as scikit-learn does."""
    if isinstance(random_state, np.random.RandomState):
        return random_state
    if random_state is None or random_state is np.random:
        own: np.random.RandomState = np.random.mtrand._rand
        return own
    if isinstance(random_state, np.random.Generator):
        return np.random.RandomState(random_state.integers(2**32, dtype=np.uint32))
    whole = isinstance(random_state, (int, np.integer)) and not isinstance(random_state, bool)
    if not whole or not 0 <= random_state < 2**32:
        raise InvalidInputError(
            f"random_state is {random_state!r}; None, an integer from 0 to 2**32 - 1 or a "
            f"RandomState is needed."
        )
    return np.random.RandomState(random_state)


def _parameter_names(kind: type) -> list[str]:
    names = inspect.signature(kind.__init__).parameters  # type: ignore[misc]
    return sorted(name for name in names if name != "self")


def _same(value: Any, default: Any) -> bool:
    if value is default:
        return True
    return type(value) is type(default) and bool(np.all(value == default))


def _in_the_container_asked_for(method: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(method)
    def wrapped(self: Any, X: Any, *arguments: Any, **options: Any) -> Any:
        Y = method(self, X, *arguments, **options)
        # Until scikit-learn is there, nobody can have asked for anything but arrays.
        if "sklearn.utils._set_output" not in sys.modules:
            return Y
        from sklearn.utils._set_output import _wrap_data_with_container

        if isinstance(Y, tuple):
            return (_wrap_data_with_container("transform", Y[0], X, self), *Y[1:])
        return _wrap_data_with_container("transform", Y, X, self)

    return wrapped


def _join_scikit_learn() -> None:
    """Make ours instances of its `BaseEstimator`, now that it has been imported anyway."""
    from sklearn.base import BaseEstimator

    if BaseEstimator not in Transformer.__mro__:
        Transformer.__bases__ = (BaseEstimator,)
