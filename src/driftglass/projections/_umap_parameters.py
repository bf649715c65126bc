"""Parameters of UMAP, and which of their values have a meaning."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from .._device import as_device
from ..errors import InvalidInputError
from ..neighbors import NeighborGraph
from ._edge_layout import Callback
from ._estimator import Transformer
from ._umap_start import STARTS
from ._umap_targets import CATEGORICAL
from ._watch import Listener

__all__ = ["Parameters", "check_parameters"]

METRICS = ("euclidean", "cosine", "correlation", "manhattan", "precomputed")
MOST_COMPONENTS = 64
MOST_NEIGHBORS = 4097
SHARES = ("set_op_mix_ratio", "target_weight", "dens_frac")
AMOUNTS = (
    "learning_rate",
    "repulsion_strength",
    "local_connectivity",
    "dens_lambda",
    "dens_var_shift",
)


class Parameters(Transformer):
    """Those of `UMAP`, which says what they mean."""

    def __init__(
        self,
        n_neighbors: int = 15,
        *,
        n_components: int = 2,
        metric: Any = "euclidean",
        metric_kwds: Mapping[str, Any] | None = None,
        n_epochs: int | None = None,
        learning_rate: float = 1.0,
        init: Any = "spectral",
        min_dist: float = 0.1,
        spread: float = 1.0,
        set_op_mix_ratio: float = 1.0,
        local_connectivity: float = 1.0,
        repulsion_strength: float = 1.0,
        negative_sample_rate: int = 5,
        a: float | None = None,
        b: float | None = None,
        target_n_neighbors: int = -1,
        target_metric: str | Callable[..., float] = CATEGORICAL,
        target_metric_kwds: Mapping[str, Any] | None = None,
        target_weight: float = 0.5,
        transform_seed: int = 42,
        transform_mode: str = "embedding",
        unique: bool = True,
        output_metric: str = "euclidean",
        force_approximation_algorithm: bool = False,
        densmap: bool = False,
        dens_lambda: float = 2.0,
        dens_frac: float = 0.3,
        dens_var_shift: float = 0.1,
        output_dens: bool = False,
        disconnection_distance: float | None = None,
        precomputed_knn: NeighborGraph | tuple[Any, ...] | None = None,
        random_state: Any = None,
        n_jobs: int | None = None,
        device: Any = None,
        callback: Callback | None = None,
        progress: Listener | None = None,
        verbose: bool = False,
    ) -> None:
        self.n_neighbors = n_neighbors
        self.n_components = n_components
        self.metric = metric
        self.metric_kwds = metric_kwds
        self.n_epochs = n_epochs
        self.learning_rate = learning_rate
        self.init = init
        self.min_dist = min_dist
        self.spread = spread
        self.set_op_mix_ratio = set_op_mix_ratio
        self.local_connectivity = local_connectivity
        self.repulsion_strength = repulsion_strength
        self.negative_sample_rate = negative_sample_rate
        self.a = a
        self.b = b
        self.target_n_neighbors = target_n_neighbors
        self.target_metric = target_metric
        self.target_metric_kwds = target_metric_kwds
        self.target_weight = target_weight
        self.transform_seed = transform_seed
        self.transform_mode = transform_mode
        self.unique = unique
        self.output_metric = output_metric
        self.force_approximation_algorithm = force_approximation_algorithm
        self.densmap = densmap
        self.dens_lambda = dens_lambda
        self.dens_frac = dens_frac
        self.dens_var_shift = dens_var_shift
        self.output_dens = output_dens
        self.disconnection_distance = disconnection_distance
        self.precomputed_knn = precomputed_knn
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.device = device
        self.callback = callback
        self.progress = progress
        self.verbose = verbose


def check_parameters(estimator: Any) -> None:
    """Refuse parameters out of range, with what would do."""
    counts: dict[str, tuple[int, int | None]] = {
        "n_neighbors": (2, MOST_NEIGHBORS),
        "n_components": (1, MOST_COMPONENTS),
        "negative_sample_rate": (0, None),
    }
    if estimator.n_epochs is not None:
        counts["n_epochs"] = (0, None)
    if estimator.target_n_neighbors != -1:
        counts["target_n_neighbors"] = (2, MOST_NEIGHBORS)
    for name, (least, most) in counts.items():
        value = getattr(estimator, name)
        whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
        if not whole or value < least or (most is not None and value > most):
            limits = f"of at least {least}" if most is None else f"from {least} to {most}"
            raise InvalidInputError(f"{name} is {value!r}; an integer {limits} is needed.")
    for name in (*SHARES, *AMOUNTS):
        value = getattr(estimator, name)
        if not _is_real(value) or not 0 <= value < np.inf or (name in SHARES and value > 1):
            limits = "from 0 to 1" if name in SHARES else "of at least 0"
            raise InvalidInputError(f"{name} is {value!r}; a number {limits} is needed.")
    for name in ("a", "b", "disconnection_distance"):
        value = getattr(estimator, name)
        if value is not None and (not _is_real(value) or not value > 0):
            raise InvalidInputError(f"{name} is {value!r}; None or a positive number is needed.")
    if (estimator.a is None) != (estimator.b is None):
        raise InvalidInputError(
            f"a is {estimator.a!r} and b is {estimator.b!r}; give both, or neither to have them "
            f"follow from min_dist and spread."
        )
    if not callable(estimator.metric) and estimator.metric not in METRICS:
        raise InvalidInputError(
            f"metric is {estimator.metric!r}; one of {', '.join(METRICS)} or a function of two "
            f"rows is needed."
        )
    if estimator.metric_kwds and not callable(estimator.metric):
        raise InvalidInputError(
            f"metric_kwds is {estimator.metric_kwds!r}, which metric={estimator.metric!r} does "
            f"not take; only a function of two rows can."
        )
    if isinstance(estimator.init, str) and estimator.init not in STARTS:
        raise InvalidInputError(
            f"init is {estimator.init!r}; {', '.join(STARTS)} or an array is needed."
        )

    as_device(estimator.device)
    _check_names(estimator)


def _check_names(estimator: Any) -> None:
    """Parameters that umap-learn has, and of which only some values have a meaning here."""
    if estimator.transform_mode not in ("embedding", "graph"):
        raise InvalidInputError(
            f"transform_mode is {estimator.transform_mode!r}; 'embedding' or 'graph' is needed."
        )
    if estimator.output_metric != "euclidean":
        raise InvalidInputError(
            f"output_metric is {estimator.output_metric!r}; maps are euclidean here. umap-learn "
            f"draws on spheres and in hyperbolic space."
        )
    if estimator.unique is not True:
        raise InvalidInputError(
            f"unique is {estimator.unique!r}; equal rows always share a place. Add noise to rows "
            f"that shall be laid out on their own."
        )
    seed = estimator.transform_seed
    whole = isinstance(seed, (int, np.integer)) and not isinstance(seed, bool)
    if not whole or not 0 <= seed < 2**64:
        raise InvalidInputError(
            f"transform_seed is {seed!r}; an integer from 0 to 2**64 - 1 is needed."
        )
    if estimator.target_metric_kwds and not callable(estimator.target_metric):
        raise InvalidInputError(
            f"target_metric_kwds is {estimator.target_metric_kwds!r}, which "
            f"target_metric={estimator.target_metric!r} does not take; only a function can."
        )
    if estimator.transform_mode == "graph" and (estimator.densmap or estimator.output_dens):
        raise InvalidInputError(
            "transform_mode is 'graph', which makes no map whose density could be kept. Leave "
            "densmap and output_dens out."
        )


def _is_real(value: Any) -> bool:
    return isinstance(value, (int, float, np.number)) and not isinstance(value, bool)
