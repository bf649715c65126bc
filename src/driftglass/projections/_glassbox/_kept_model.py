"""A fitted network as arrays and a JSON description: written to a file, read back, compared."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from ...errors import FormatError
from ._files import read_tensors, write_tensors
from ._preparation import Preparation

__all__ = ["KeptModel"]

VERSION = 1
UNCOMPARED = (
    "quiet",
    "extra_callbacks",
    "num_workers",
    "checkpoint_dir",
    "device",
    "n_jobs",
    "monitor",
)
"""Arguments that do not change what a model is."""


class KeptModel:
    """What `ParametricUMAP` can do with files; not to be made by itself."""

    def save(self, path: Any) -> None:
        """Write the fitted model to one file, which holds arrays and JSON and no code.

        Parameters
        ----------
        path : str or Path
            Of the file, in the safetensors format.

        Raises
        ------
        InvalidInputError
            An argument of the encoder cannot be written as JSON.
        """
        write_tensors(Path(path), *self.to_arrays())

    @classmethod
    def load(cls, path: Any) -> Self:
        """Read a model that `save` wrote; nothing in the file is executed.

        Parameters
        ----------
        path : str or Path
            Of the file.

        Returns
        -------
        model : ParametricUMAP
            Fitted, on the processor.

        Raises
        ------
        FormatError
            Not such a file, damaged, or of a newer version.
        NotFoundError
            Made with an encoder that is not registered here.
        """
        return cls.from_arrays(*read_tensors(Path(path)))

    def to_arrays(self: Any) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Arrays and JSON description of the fitted model, as `from_arrays` takes them.

        Returns
        -------
        arrays : dict of str to ndarray
            Weights, preparation and map.
        description : dict
            Parameters.
        """
        check_is_fitted(self)
        parameters = {
            name: _plain(value)
            for name, value in self.get_params(deep=False).items()
            if name not in UNCOMPARED and (name != "init" or isinstance(value, str))
        }
        if not isinstance(self.random_state, (int, type(None))):
            parameters["random_state"] = None
        description = {
            "class": type(self).__name__,
            "version": VERSION,
            "parameters": parameters,
            "encoder_kwargs": _plain(self._encoder_kwargs),
            "seed": self._seed,
            "curve": [self.a_, self.b_],
            "input_dims": list(self.input_dims_),
            "n_components": self.n_components_,
            "notes": list(self.notes_),
            "history": self.history_,
        }
        if hasattr(self, "feature_names_in_"):
            description["feature_names"] = [str(name) for name in self.feature_names_in_]
        return self._state() | {"origin": self.origin_, "embedding": self.embedding_}, description

    @classmethod
    def from_arrays(
        cls, arrays: Mapping[str, NDArray[Any]], description: Mapping[str, Any]
    ) -> Self:
        """Make a fitted model of what `to_arrays` gives.

        Parameters
        ----------
        arrays : mapping of str to ndarray
            Weights, preparation and map.
        description : mapping
            Parameters.

        Returns
        -------
        model : ParametricUMAP
            Fitted, on the processor.

        Raises
        ------
        FormatError
            Something is missing, does not fit together, or is of a newer version.
        """
        if description.get("version", 0) > VERSION:
            raise FormatError(
                f"The model is of version {description['version']}; this driftglass reads up to "
                f"{VERSION}. Install a newer driftglass."
            )
        try:
            model: Any = cls(**description["parameters"])
            model._encoder_kwargs = dict(description["encoder_kwargs"])
            model._seed = int(description["seed"])
            model.a_, model.b_ = description["curve"]
            model.input_dims_ = tuple(description["input_dims"])
            model.n_features_in_ = model.input_dims_[0]
            model._n_fitted_components = int(description["n_components"])
            model.preparation_ = Preparation.from_arrays(_part_of(arrays, "preparation."))
            model.encoder_ = model._fresh_encoder()
            weights = {k: torch.from_numpy(v) for k, v in _part_of(arrays, "encoder.").items()}
            model.encoder_.load_state_dict(weights)
            model.encoder_.eval()
            model.origin_, model.embedding_ = arrays["origin"], arrays["embedding"]
            model.history_ = list(description["history"])
            model.notes_ = tuple(description["notes"])
            if "feature_names" in description:
                model.feature_names_in_ = np.asarray(description["feature_names"], dtype=object)
        except (KeyError, TypeError, ValueError, RuntimeError, IndexError) as error:
            raise FormatError(
                f"The model does not fit together: {error!s:.300}. Write it again with save()."
            ) from error
        model.n_iter_, model.interrupted_ = len(model.history_), False
        kept: Self = model
        return kept

    def _checkpoint(self: Any, encoder: torch.nn.Module) -> None:
        """Write the weights of the best epoch so far."""
        if self.checkpoint_dir is not None:
            description = {"class": type(self).__name__, "version": VERSION, "checkpoint": True}
            path = Path(self.checkpoint_dir) / "best.safetensors"
            write_tensors(path, self._state(encoder), description)

    def _state(self: Any, encoder: torch.nn.Module | None = None) -> dict[str, NDArray[Any]]:
        """Weights and preparation."""
        weights = (encoder or self.encoder_).state_dict()
        state = {f"encoder.{name}": value.cpu().numpy() for name, value in weights.items()}
        prepared = self.preparation_.to_arrays()
        return state | {f"preparation.{name}": value for name, value in prepared.items()}

    def __eq__(self, other: object) -> bool:
        """Whether both have the same parameters and, to the bit, the same weights."""
        if type(other) is not type(self):
            return NotImplemented
        mine: Any = self
        theirs: Any = other
        for name, value in mine.get_params(deep=False).items():
            if name not in UNCOMPARED and not _same(value, getattr(theirs, name)):
                return False
        if not (hasattr(mine, "encoder_") and hasattr(theirs, "encoder_")):
            return hasattr(mine, "encoder_") == hasattr(theirs, "encoder_")
        ours, others = mine._state(), theirs._state()
        return ours.keys() == others.keys() and all(_same(ours[k], others[k]) for k in ours)

    __hash__ = None  # type: ignore[assignment]


def _part_of(arrays: Mapping[str, NDArray[Any]], prefix: str) -> dict[str, NDArray[Any]]:
    return {k.removeprefix(prefix): v for k, v in arrays.items() if k.startswith(prefix)}


def _plain(value: Any) -> Any:
    """NumPy numbers and tuples as JSON knows them."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
        return bool(np.array_equal(np.asarray(a), np.asarray(b)))
    return bool((a or {}) == (b or {})) if isinstance(a or b, Mapping) else bool(a == b)
