"""Names for the crowds of a run's map, made of its metadata, and the names people give them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ._project import project
from .data import Projection, ProjectionSequence, Provenance
from .data._ids import positions
from .errors import InvalidInputError
from .groups import GroupName, map_clusters, name_groups, rename_groups

if TYPE_CHECKING:
    from .store import Run

__all__ = ["ClusterLabels", "keep_names", "kept_names", "label_clusters", "labels_of_frame"]

FEATURE_ROWS = 20_000
LONGEST_NAME = 200


@dataclass(frozen=True, eq=False)
class ClusterLabels:
    """Crowds of one map, and what each is called.

    Parameters
    ----------
    ids : ndarray of shape (n_samples,)
        Items of the map.
    codes : ndarray of shape (n_samples,), dtype int64
        Number of each item's crowd; -1 for none.
    groups : tuple of GroupName
        By number, the largest crowd first: name, automatic name, words and count.
    centers : ndarray of shape (n_groups, n_components)
        Median place of each crowd in the map.
    step : int
        Of the map.
    """

    ids: NDArray[Any]
    codes: NDArray[np.int64]
    groups: tuple[GroupName, ...]
    centers: NDArray[np.float64]
    step: int

    @property
    def names(self) -> list[str]:
        """What the crowds are called, by number."""
        return [group.name for group in self.groups]

    def rename(self, names: Mapping[int, str]) -> ClusterLabels:
        """Call some crowds otherwise; an empty name gives the automatic one back."""
        return replace(self, groups=rename_groups(self.groups, names))


def label_clusters(
    run: Run,
    space: str | None = None,
    *,
    step: int | None = None,
    columns: list[str] | None = None,
    names: Mapping[int, str] | None = None,
    method: Any = "pca",
    **parameters: Any,
) -> ClusterLabels:
    """Find the crowds of a map and name them by the words that tell them from the rest.

    Parameters
    ----------
    run : Run
        With snapshots.
    space : str, optional
        Space of the map; the only one by default.
    step : int, optional
        Step of the map; the last by default.
    columns : list of str, optional
        Metadata columns whose words may be used; all by default, and the classes predicted at
        the step.
    names : mapping of int to str, optional
        Names for some crowds in place of the automatic ones. By default those that were given
        on the page count.
    method : str
        Method of the map, as in `driftglass.project`.
    **parameters
        Of the map.

    Returns
    -------
    labels : ClusterLabels
        Crowds, names, and the words that made them.

    Raises
    ------
    NotFoundError
        No such space, step, column or crowd.

    Examples
    --------
    >>> labels = dg.label_clusters(run, "hidden", step=300)  # doctest: +SKIP
    >>> labels.groups[0].name, labels.groups[0].words[0].share  # doctest: +SKIP
    ('cat', 0.97)
    """
    sequence: ProjectionSequence = project(run, space, method=method, **parameters)
    if len(sequence) == 0:
        raise InvalidInputError("The sequence has no maps. Log a snapshot first.")
    frame = sequence[-1] if step is None else sequence.at(step)
    labels = labels_of_frame(run, frame, columns=columns)
    return labels.rename(kept_names(run, frame) if names is None else names)


def labels_of_frame(
    run: Run, frame: Projection, *, columns: list[str] | None = None
) -> ClusterLabels:
    """Crowds of one map with their automatic names."""
    from .data import CategoricalColumn

    codes = map_clusters(frame.coordinates) if len(frame.ids) else np.empty(0, dtype=np.int64)
    metadata = run.metadata
    used: dict[str, Any] = {}
    if metadata is not None:
        where = positions(frame.ids, metadata.ids)
        wanted = list(metadata.columns) if columns is None else columns
        used = {name: metadata[name].take(where) for name in wanted}
    if columns is None and run.classes is not None and frame.step in run.prediction_steps:
        predictions = run.predictions(frame.step)
        at = positions(frame.ids, predictions.ids)
        predicted = np.where(at >= 0, predictions.predicted[at], -1) if len(at) else at
        classes = tuple(str(name) for name in run.classes)
        if not _repeats(classes, used):
            used["predicted"] = CategoricalColumn(predicted.astype(np.int32), classes)
    groups = name_groups(codes, used, vectors=_some_vectors(run, frame, codes))
    centers = [np.median(frame.coordinates[codes == i], axis=0) for i in range(len(groups))]
    return ClusterLabels(
        frame.ids,
        codes,
        groups,
        np.array(centers, dtype=np.float64).reshape(len(groups), frame.n_components),
        frame.step,
    )


def kept_names(run: Run, frame: Projection) -> dict[int, str]:
    """Names that were given to the crowds of this very map."""
    given = run.labels.cluster_names(_key(frame))
    if given is not None:
        return given
    kept = run.cache.get(_key(frame))  # where earlier versions kept them
    return {} if kept is None else {int(n): str(v) for n, v in kept.description["names"].items()}


def keep_names(run: Run, frame: Projection, names: Mapping[int, str]) -> dict[int, str]:
    """Give names to crowds of this map, beside those that have been given; returns all."""
    for number, name in names.items():
        if len(name) > LONGEST_NAME:
            raise InvalidInputError(
                f"The name of group {number} has {len(name)} characters; at most {LONGEST_NAME} "
                f"are kept."
            )
    known = {**kept_names(run, frame), **names}
    known = {number: name.strip() for number, name in known.items() if name.strip()}
    # What a person said is no derived result: the cache forgets what is not asked for.
    run.labels.keep_cluster_names(_key(frame), known)
    return known


def _key(frame: Projection) -> str:
    import xxhash

    content = xxhash.xxh3_128_hexdigest(np.ascontiguousarray(frame.coordinates).tobytes())
    made = Provenance("cluster-names", {"step": frame.step, "space": frame.space}, (content,))
    return f"cluster-names-{made.key}"


def _repeats(classes: tuple[str, ...], columns: Mapping[str, Any]) -> bool:
    """Whether a column already has these very categories, which say more than predictions."""
    return any(
        set(classes) <= set(getattr(column, "categories", ())) for column in columns.values()
    )


def _some_vectors(run: Run, frame: Projection, codes: NDArray[np.int64]) -> NDArray[Any] | None:
    if len(frame.ids) == 0 or not (codes >= 0).any():
        return None
    return run.snapshot(frame.space, frame.step).select(frame.ids).vectors
