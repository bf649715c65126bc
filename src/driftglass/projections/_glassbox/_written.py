"""A fitted model as arrays and a JSON description, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ...errors import FormatError
from ._preparation import Preparation

__all__ = ["UNCOMPARED", "VERSION", "described", "restored"]

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


def described(model: Any) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Arrays and description of a fitted model."""
    parameters = {
        name: value
        for name, value in model.get_params(deep=False).items()
        if name not in UNCOMPARED and (name != "init" or isinstance(value, str))
    }
    if not isinstance(model.random_state, (int, type(None))):
        parameters["random_state"] = None
    description = {
        "class": type(model).__name__,
        "version": VERSION,
        "parameters": {name: _plain(value) for name, value in parameters.items()},
        "encoder_kwargs": _plain(model._encoder_kwargs),
        "seed": model._seed,
        "curve": [model.a_, model.b_],
        "input_dims": list(model.input_dims_),
        "n_components": model.n_components_,
        "notes": list(model.notes_),
        "history": model.history_,
    }
    arrays = {f"encoder.{k}": v.cpu().numpy() for k, v in model.encoder_.state_dict().items()}
    arrays |= {f"preparation.{k}": v for k, v in model.preparation_.to_arrays().items()}
    arrays |= {"origin": model.origin_, "embedding": model.embedding_}
    if hasattr(model, "feature_names_in_"):
        description["feature_names"] = [str(name) for name in model.feature_names_in_]
    return arrays, description


def restored(kind: Any, arrays: Mapping[str, NDArray[Any]], description: Mapping[str, Any]) -> Any:
    """Fitted model of a class from what `described` gives; FormatError if it does not fit."""
    if description.get("version", 0) > VERSION:
        raise FormatError(
            f"The model is of version {description['version']}; this driftglass reads up to "
            f"{VERSION}. Install a newer driftglass."
        )
    try:
        model = kind(**description["parameters"])
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
    return model


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
