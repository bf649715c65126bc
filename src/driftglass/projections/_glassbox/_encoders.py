"""Networks that map vectors to coordinates, by name."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import torch
from torch import nn

from ...errors import InvalidInputError, NotFoundError

__all__ = [
    "ConvEncoder",
    "MLPEncoder",
    "PublishedEncoder",
    "ScaleNorm",
    "check_sizes",
    "create_encoder",
    "register_encoder",
    "view_registry",
]

SLOPE = 0.1
"""Of the hinges for negative values. Learning it takes twice the time and adds little."""

_REGISTRY: dict[str, type[nn.Module]] = {}

Encoder = TypeVar("Encoder", bound=type[nn.Module])


def register_encoder(name: str) -> Callable[[Encoder], Encoder]:
    """Make a class of encoders known by name, so that a saved model can find it again.

    Parameters
    ----------
    name : str
        What `encoder_name` will say.

    Returns
    -------
    decorator : callable
        Takes the class and returns it. Its constructor takes ``input_dims`` (the shape of one
        sample, as a tuple) and ``n_components``, then keywords; ``forward`` turns a batch into
        coordinates of shape (n_samples, n_components).

    Raises
    ------
    InvalidInputError
        The name is taken by another class.
    """

    def register(encoder: Encoder) -> Encoder:
        known = _REGISTRY.get(name)
        # A notebook cell that is run again defines the same class anew.
        if known is not None and _where(known) != _where(encoder):
            raise InvalidInputError(
                f"An encoder named {name!r} is registered already ({known.__name__}). "
                f"Choose another name."
            )
        _REGISTRY[name] = encoder
        return encoder

    return register


def _where(encoder: type[nn.Module]) -> tuple[str, str]:
    return encoder.__module__, encoder.__qualname__


def view_registry() -> Mapping[str, type[nn.Module]]:
    """Return the encoders that are known, by name; a copy."""
    return dict(_REGISTRY)


def create_encoder(
    name: str, input_dims: tuple[int, ...], n_components: int, **encoder_kwargs: Any
) -> nn.Module:
    """Make an encoder by name.

    Parameters
    ----------
    name : str
        One of `view_registry`.
    input_dims : tuple of int
        Shape of one sample.
    n_components : int
        Coordinates per sample.
    **encoder_kwargs
        Of the encoder's constructor.

    Returns
    -------
    encoder : torch.nn.Module
        With fresh weights.

    Raises
    ------
    NotFoundError
        No encoder of that name.
    InvalidInputError
        The constructor does not take these arguments.
    """
    if name not in _REGISTRY:
        raise NotFoundError.for_name("encoder", name, sorted(_REGISTRY))
    try:
        return _REGISTRY[name](input_dims=input_dims, n_components=n_components, **encoder_kwargs)
    except TypeError as error:
        raise InvalidInputError(
            f"The encoder {name!r} cannot be made: {error}. Its constructor must take input_dims "
            f"and n_components, and the keywords of encoder_kwargs ({sorted(encoder_kwargs)})."
        ) from error


@register_encoder("default")
class MLPEncoder(nn.Module):
    """Layers with biases and hinges between them: continuous and piecewise linear.

    Parameters
    ----------
    input_dims : tuple of int
        Shape of one sample; flattened.
    n_components : int
        Coordinates.
    hidden_size : int
        Units of each hidden layer.
    n_hidden_layers : int
        Hidden layers; 0 is an affine map.
    dropout_rate : float
        Share of units left out while training.
    n_axes : int or None
        Fixed directions that the first layer sees in place of the features; `look_along` says
        which. None lets it see the features.

    Attributes
    ----------
    n_directions : int
        Of its input that make a difference.
    """

    def __init__(
        self,
        input_dims: tuple[int, ...],
        n_components: int,
        hidden_size: int = 128,
        n_hidden_layers: int = 3,
        dropout_rate: float = 0.0,
        n_axes: int | None = None,
    ) -> None:
        super().__init__()
        check_sizes(hidden_size=hidden_size)
        width = math.prod(input_dims)
        layers: list[nn.Module] = [nn.Flatten()]
        if n_axes is not None:
            check_sizes(n_axes=n_axes)
            layers.append(nn.Linear(width, n_axes, bias=False).requires_grad_(False))
            width = n_axes
        self.n_directions = width
        for number in range(n_hidden_layers):
            layers += [_linear(width, hidden_size, first=number == 0), nn.LeakyReLU(SLOPE)]
            if dropout_rate:
                layers.append(nn.Dropout(dropout_rate))
            width = hidden_size
        layers.append(nn.Linear(width, n_components))
        self.layers = nn.Sequential(*layers)

    def look_along(self, directions: torch.Tensor) -> None:
        """Let the first layer see what lies along directions of shape (n_axes, n_features)."""
        with torch.no_grad():
            self.layers.get_parameter("1.weight").copy_(directions)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Coordinates (n_samples, n_components) of samples (n_samples, *input_dims)."""
        coordinates: torch.Tensor = self.layers(x)
        return coordinates


@register_encoder("default_conv")
class ConvEncoder(nn.Module):
    """Two convolutions of stride 2, then hidden layers: for images (channels, height, width).

    Parameters
    ----------
    input_dims : tuple of int
        (channels, height, width); (height, width) is one channel.
    n_components : int
        Coordinates.
    hidden_dims : sequence of int
        Units of the hidden layers after the convolutions.
    n_channels : int
        Of both convolutions.
    """

    def __init__(
        self,
        input_dims: tuple[int, ...],
        n_components: int,
        hidden_dims: Sequence[int] = (512, 512),
        n_channels: int = 64,
    ) -> None:
        super().__init__()
        if len(input_dims) not in (2, 3):
            raise InvalidInputError(
                f"Samples have shape {tuple(input_dims)}; a convolutional encoder needs images: "
                f"(channels, height, width). Reshape X, or use encoder_name='default'."
            )
        check_sizes(
            n_channels=n_channels, **{f"hidden_dims[{i}]": w for i, w in enumerate(hidden_dims)}
        )
        self.dims = tuple(input_dims) if len(input_dims) == 3 else (1, *input_dims)
        height, width = ((size + 3) // 4 for size in self.dims[1:])
        layers: list[nn.Module] = [
            _started(nn.Conv2d(self.dims[0], n_channels, 3, stride=2, padding=1), first=True),
            nn.LeakyReLU(SLOPE),
            _started(nn.Conv2d(n_channels, n_channels, 3, stride=2, padding=1)),
            nn.LeakyReLU(SLOPE),
            nn.Flatten(),
        ]
        n_units = n_channels * height * width
        for size in hidden_dims:
            layers += [_linear(n_units, size), nn.LeakyReLU(SLOPE)]
            n_units = size
        layers.append(nn.Linear(n_units, n_components))
        self.layers = nn.Sequential(*layers)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Coordinates (n_samples, n_components) of images (n_samples, *input_dims)."""
        coordinates: torch.Tensor = self.layers(x.reshape(len(x), *self.dims))
        return coordinates


class ScaleNorm(nn.Module):
    """Each sample divided by the spread of its features, times learnt weights; no bias.

    Parameters
    ----------
    n_features : int
        Features.

    Attributes
    ----------
    frozen : bool
        Whether derivatives treat the spread as a constant, which they then are not.
    """

    def __init__(self, n_features: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(n_features))
        self.frozen = False

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return samples of the same shape."""
        spread = torch.sqrt(x.var(dim=1, keepdim=True, unbiased=False) + 1e-5)
        return self.weight * x / (spread.detach() if self.frozen else spread)


@register_encoder("published")
class PublishedEncoder(nn.Module):
    """The published network: no biases, and a normalisation after all hidden layers but the last.

    For comparison with published figures. Samples that lie on one ray from the mean get nearly the
    same place, and the map is not piecewise linear, so only ``attribution="frozen"`` adds up
    without an offset, and what it gives is not the derivative.

    Parameters
    ----------
    input_dims : tuple of int
        Shape of one sample; flattened.
    n_components : int
        Coordinates.
    hidden_size : int
        Units of each hidden layer.
    n_hidden_layers : int
        Hidden layers.
    dropout_rate : float
        Share of units left out while training.
    """

    def __init__(
        self,
        input_dims: tuple[int, ...],
        n_components: int,
        hidden_size: int = 128,
        n_hidden_layers: int = 3,
        dropout_rate: float = 0.0,
    ) -> None:
        super().__init__()
        check_sizes(hidden_size=hidden_size)
        width = math.prod(input_dims)
        layers: list[nn.Module] = [nn.Flatten()]
        for number in range(n_hidden_layers):
            layers += [nn.Linear(width, hidden_size, bias=False), nn.PReLU()]
            if number < n_hidden_layers - 1:
                layers.append(ScaleNorm(hidden_size))
            if dropout_rate:
                layers.append(nn.Dropout(dropout_rate))
            width = hidden_size
        layers.append(nn.Linear(width, n_components, bias=False))
        self.layers = nn.Sequential(*layers)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Coordinates (n_samples, n_components) of samples (n_samples, *input_dims)."""
        coordinates: torch.Tensor = self.layers(x)
        return coordinates


def check_sizes(**sizes: Any) -> None:
    """Refuse numbers of units that no layer can have."""
    for name, size in sizes.items():
        if not isinstance(size, int) or isinstance(size, bool) or size < 1:
            raise InvalidInputError(f"{name} is {size!r}; an integer of at least 1 is needed.")


def _linear(width: int, n_units: int, *, first: bool = False) -> nn.Linear:
    return _started(nn.Linear(width, n_units), first=first)


Layer = TypeVar("Layer", nn.Linear, nn.Conv2d)


def _started(layer: Layer, *, first: bool = False) -> Layer:
    """Weights that keep variance through hinges; the first layer's hinges spread over the data."""
    nn.init.kaiming_normal_(layer.weight, a=SLOPE, nonlinearity="leaky_relu")
    assert layer.bias is not None
    if first:
        nn.init.uniform_(layer.bias, -1.0, 1.0)
    else:
        nn.init.zeros_(layer.bias)
    return layer
