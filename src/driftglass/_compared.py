"""Comparisons of two runs that are kept, so that the page can show one without making it again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ._combine import combine
from ._compare import RunComparison, compare, space_of
from ._nearby import graph_seconds
from ._progress import Progress, silent
from .data import Provenance
from .data._ids import positions
from .errors import InvalidInputError, NotFoundError

if TYPE_CHECKING:
    from .store import Run, Store

__all__ = [
    "RunPair",
    "combine_pair",
    "combined_name",
    "combining_seconds",
    "comparison_seconds",
    "keep_comparison",
    "kept_comparison",
]

VERSION = "1"
PREFIX = "compared"
MAX_PART = 40
BYTES_PER_SECOND = 5e7
"""Logged, projected and measured again by a slow laptop."""
NUMBERS = (
    "steps",
    "cka",
    "cka_errors",
    "mutual_knn",
    "mutual_knn_errors",
    "procrustes",
    "procrustes_null",
    "shared_neighbors",
    "cka_map",
)


@dataclass(frozen=True)
class RunPair:
    """Two spaces, of two runs or of one.

    Parameters
    ----------
    run_a, run_b : Run
        With snapshots.
    space_a, space_b : str
        One of each.
    """

    run_a: Run
    run_b: Run
    space_a: str
    space_b: str

    def __post_init__(self) -> None:
        space_of(self.run_a, self.space_a)
        space_of(self.run_b, self.space_b)
        if self.run_a.name == self.run_b.name and self.space_a == self.space_b:
            raise InvalidInputError(
                f"The space {self.space_a!r} of the run {self.run_a.name!r} cannot be compared "
                f"with itself. Choose another run or another space."
            )

    @property
    def shared_steps(self) -> list[int]:
        """Steps that both have, undamaged; may be none."""
        here, there = (set(contents) for contents in self._contents())
        return sorted(here & there)

    @property
    def key(self) -> str:
        """Hash of the question and of every vector that its answer is made from."""
        inputs = [
            f"{step}:{content}" for part in self._contents() for step, content in part.items()
        ]
        said = [str(sorted(run.prediction_steps)) for run in (self.run_a, self.run_b)]
        parameters = {
            "runs": [self.run_a.name, self.run_b.name],
            "spaces": [self.space_a, self.space_b],
            "predictions": said,
        }
        return f"{PREFIX}-{Provenance('compare', parameters, tuple(inputs), 0, VERSION).key[:24]}"

    def _contents(self) -> list[dict[int, str]]:
        pairs = (self.run_a, self.space_a), (self.run_b, self.space_b)
        return [
            {info.step: info.content for info in run.describe(space) if not info.damaged}
            for run, space in pairs
        ]


def kept_comparison(pair: RunPair) -> RunComparison | None:
    """What `keep_comparison` has kept of the pair as it is now; None if nothing."""
    kept = pair.run_a.cache.get(pair.key)
    if kept is None:
        return None
    arrays = {name: np.asarray(kept.arrays[name]) for name in NUMBERS}
    described = kept.description
    return RunComparison(
        runs=(pair.run_a.name, pair.run_b.name),
        spaces=(pair.space_a, pair.space_b),
        ids=pair.run_a.ids[kept.arrays["rows"]],
        n_neighbors=int(described["n_neighbors"]),
        n_probe=int(described["n_probe"]),
        map_steps=(
            np.asarray(kept.arrays["map_steps_a"]),
            np.asarray(kept.arrays["map_steps_b"]),
        ),
        agreement={int(step): float(share) for step, share in described["agreement"]},
        **arrays,
    )


def keep_comparison(pair: RunPair, *, progress: Progress = silent) -> str:
    """Compare two runs and keep the answer with the first.

    Returns
    -------
    key : str
        In that run's cache.

    Raises
    ------
    NotFoundError
        No step that both runs have.
    InvalidInputError
        Fewer than twelve items that both runs have.
    """
    key = pair.key
    if pair.run_a.cache.get(key) is not None:
        return key
    found = compare(
        pair.run_a, pair.run_b, space=pair.space_a, space_b=pair.space_b, progress=progress
    )
    description: dict[str, Any] = {
        "kind": "comparison",
        "runs": list(found.runs),
        "spaces": list(found.spaces),
        "n_neighbors": found.n_neighbors,
        "n_probe": found.n_probe,
        "agreement": [[step, share] for step, share in found.agreement.items()],
    }
    arrays: dict[str, NDArray[Any]] = {name: getattr(found, name) for name in NUMBERS}
    arrays["rows"] = positions(found.ids, pair.run_a.ids)
    arrays["map_steps_a"], arrays["map_steps_b"] = found.map_steps
    pair.run_a.cache.put(key, description, arrays)
    return key


def combined_name(pair: RunPair) -> str:
    """Name of the run that holds both."""
    parts = [pair.run_a.name, pair.run_b.name, pair.space_a]
    if pair.space_b != pair.space_a:
        parts.append(pair.space_b)
    short = [part[:MAX_PART] for part in parts]
    return f"{short[0]}-and-{short[1]}-" + "-".join(short[2:])


def combine_pair(pair: RunPair, store: Store, *, progress: Progress = silent) -> str:
    """Write one run that holds both, with its map; the comparison's numbers become columns.

    Returns
    -------
    name : str
        Of the new run, or of the one that is there already.
    """
    from ._project import project

    name = combined_name(pair)
    try:
        made = store.run(name)
    except NotFoundError:
        progress(0, 2, "writing one run that holds both")
        made = combine(
            pair.run_a,
            pair.run_b,
            store,
            name=name,
            space=pair.space_a,
            space_b=pair.space_b,
            comparison=kept_comparison(pair),
        )
    progress(1, 2, "making its map")
    project(made, basis="all")
    return name


def comparison_seconds(pair: RunPair) -> float:
    """About how long comparing takes: everybody's neighbours in both, at every shared step."""
    infos = {info.step: info for info in pair.run_a.describe(pair.space_a) if not info.damaged}
    each = [
        2 * graph_seconds(infos[step].n_samples, infos[step].n_features)
        for step in pair.shared_steps
    ]
    return 0.5 + 0.2 * sum(each)


def combining_seconds(pair: RunPair) -> float:
    """About how long writing both as one run takes, with its map."""
    infos = {info.step: info for info in pair.run_a.describe(pair.space_a) if not info.damaged}
    values = sum(infos[step].n_samples * infos[step].n_features for step in pair.shared_steps)
    return 1.0 + 2 * 4 * values / BYTES_PER_SECOND
