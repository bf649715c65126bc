"""Group-aware UMAP pages: the functions of a thesis framework's ``embedding_viz`` module.

A metadata table is a pandas frame with one row per record and a column ``labels_meta`` that holds a
list of mappings with ``group`` and ``integration_name``. Figures are returned and not shown.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from ..data import Projection
from ..errors import DriftglassWarning, ShapeError
from ._tables import LABELS, NAME, RECORD, column_of, is_missing, joined_to, labels_of, rows_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = [
    "extract_integration_name_for_group",
    "extract_labels_for_group",
    "overlay_group_on_embedding",
    "plot_global_umap_grid",
    "plot_integration_name_distribution",
    "plot_umap_for_group",
    "plot_umap_for_group_extended",
    "prepare_group_data",
    "run_umap",
]

Drawn = TypeVar("Drawn")
UNNAMED = "Unknown"
SAVED_DPI = 300


def run_umap(
    embeddings: Any,
    metric: str = "euclidean",
    min_dist: float = 0.1,
    random_state: int = 42,
    n_neighbors: int = 15,
    n_components: int = 2,
) -> NDArray[np.float32]:
    """UMAP coordinates of embeddings, shape (n_samples, n_components).

    Parameters
    ----------
    embeddings : array-like of shape (n_samples, n_features)
        Vectors.
    metric, min_dist, random_state, n_neighbors, n_components
        As in `driftglass.projections.UMAP`, which keeps the fitted map as well.
    """
    from ..projections import UMAP

    fitted = UMAP(
        metric=metric,
        min_dist=min_dist,
        random_state=random_state,
        n_neighbors=n_neighbors,
        n_components=n_components,
    )
    coordinates: NDArray[np.float32] = fitted.fit_transform(embeddings)
    return coordinates


def extract_labels_for_group(
    labels_meta: Sequence[Mapping[str, Any]] | None,
    group_name: str,
    single_label_only: bool = False,
) -> list[Mapping[str, Any]]:
    """Labels of a record that are in a group; none unless there is exactly one, if so asked."""
    found = [label for label in labels_of(labels_meta) if label.get("group") == group_name]
    return [] if single_label_only and len(found) != 1 else found


def extract_integration_name_for_group(
    labels_meta: Sequence[Mapping[str, Any]] | None, group_name: str
) -> Any:
    """Integration name of a record's first label in a group; None if it has none there."""
    found = extract_labels_for_group(labels_meta, group_name)
    return found[0].get(NAME) if found else None


def prepare_group_data(df: Any, group_name: str, max_samples: int = 100) -> tuple[Any, Any]:
    """Records with exactly one label in a group, and a few of them to draw.

    Parameters
    ----------
    df : pandas.DataFrame
        One row per record, with the column ``labels_meta``. It is not changed.
    group_name : str
        The group, as it stands in the labels.
    max_samples : int
        How many records to draw at most: those with the fewest labels come first.

    Returns
    -------
    full, sub : pandas.DataFrame
        Copies of the matching rows with the columns ``integration_name`` (of the one label in
        the group; records whose label lacks it are left out), ``total_labels``,
        ``other_inames`` (sorted names of the labels of other groups, each once),
        ``mlabel_flag`` ("exclusive" or "multi") and, unless there is one, ``record_id`` (the
        row's index label). Both are empty, with a warning, if no record qualifies.

    Raises
    ------
    NotFoundError
        There is no column ``labels_meta``.

    Notes
    -----
    The first by number of labels are not a random sample: they show the purest records.
    `driftglass.groups.sample` draws in other ways.
    """
    kept, names, totals, others = [], [], [], []
    groups: set[Any] = set()
    for position, labels in enumerate(column_of(df, LABELS)):
        known = labels_of(labels)
        inside = [label for label in known if label.get("group") == group_name]
        groups.update(label.get("group") for label in known)
        if len(inside) != 1 or is_missing(inside[0].get(NAME)):
            continue
        kept.append(position)
        names.append(inside[0][NAME])
        totals.append(len(known))
        outside = {
            UNNAMED if is_missing(name := label.get(NAME, UNNAMED)) else name
            for label in known
            if label.get("group") != group_name
        }
        others.append(sorted(outside, key=str))
    if not kept:
        known_groups = sorted(str(group) for group in groups if group is not None)
        warnings.warn(
            f"No record has exactly one named label in the group {group_name!r}; the tables are "
            f"empty. Groups that occur: {known_groups[:20]}.",
            DriftglassWarning,
            stacklevel=2,
        )
    full = df.iloc[kept].copy()
    full[NAME] = names
    full["total_labels"] = totals
    full["other_inames"] = others
    full["mlabel_flag"] = ["multi" if other else "exclusive" for other in others]
    if RECORD not in full.columns:
        full[RECORD] = full.index
    sub = full.sort_values("total_labels", kind="stable").head(max_samples)
    return full, sub


def plot_global_umap_grid(
    umaps_dict: Mapping[str, Any],
    metadata_df: Any = None,
    color_by: str | None = None,
    *,
    save_path: str | Path | None = None,
    **keywords: Any,
) -> tuple[Figure, list[Axes]]:
    """Maps of several spaces side by side, coloured by one column of a shared table.

    Parameters
    ----------
    umaps_dict : mapping of str to array-like of shape (n_records, 2 or 3), or Projection
        Title and coordinates of each panel. An array has a row for each row of the table; a
        projection is joined to the table's index by its ids.
    metadata_df : pandas.DataFrame, optional
        The table.
    color_by : str, optional
        Column for the colours. By default ``integration_name`` where there is one, else the name
        of each record's first label.
    save_path : str or path, optional
        Where to save the figure, with 300 dots per inch.
    **keywords
        For `driftglass.plots.map_grid`.

    Returns
    -------
    figure, axes
        The figure and its panels, in the order of the mapping.

    Raises
    ------
    ShapeError
        An array has not a row for each row of the table.
    """
    from ..plots import map_grid

    if metadata_df is None:
        return _saved(*map_grid(umaps_dict, **keywords), save_path)
    values, name = _colors(metadata_df, color_by)
    panels: dict[str, Any] = {}
    for title, coordinates in umaps_dict.items():
        if not isinstance(coordinates, Projection):
            _one_row_each(len(coordinates), len(metadata_df), str(title))
        panels[title] = coordinates
    if values is None:
        return _saved(*map_grid(panels, **keywords), save_path)
    from ..data import Metadata

    joined = any(isinstance(panel, Projection) for panel in panels.values())
    table: Any = {name: values}
    if joined:
        table = Metadata.from_table(table, ids=metadata_df.index.to_numpy())
    return _saved(*map_grid(panels, name, metadata=table, **keywords), save_path)


def overlay_group_on_embedding(
    umap_coords: Any,
    metadata_df: Any,
    df_group_sub: Any,
    *,
    highlight_color: Any = None,
    background_color: Any = None,
    markers: tuple[str, str] = ("o", "X"),
    figsize: tuple[float, float] | None = None,
    annotate: bool = False,
    ax: Axes | None = None,
    **keywords: Any,
) -> tuple[Figure, Axes]:
    """All records as a faint background, those of a group on top.

    Parameters
    ----------
    umap_coords : array-like of shape (n_records, 2 or 3), or Projection
        Coordinates, a row for each row of `metadata_df`; or joined to its index by id.
    metadata_df : pandas.DataFrame
        All records.
    df_group_sub : pandas.DataFrame
        The records to highlight, for example from `prepare_group_data`. They are found by their
        ``record_id``, or by their index label where there is none, never by position.
    highlight_color : color or sequence of color, optional
        One for all, or one per integration name in the order of the names.
    background_color : color, optional
        Of the other records.
    markers : (str, str)
        Of exclusive and of multi-label records.
    figsize : (width, height), optional
        Of a new figure, in inches.
    annotate : bool
        Whether to write the other names beside multi-label records, as far as there is room.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.
    **keywords
        For `driftglass.plots.group_overlay`.

    Returns
    -------
    figure, ax
        The figure and its axes, which are current in pyplot if they are new.

    Raises
    ------
    ShapeError
        There is not a row of coordinates for each record.
    NotFoundError
        A highlighted record is not in `metadata_df`.
    InvalidInputError
        Index labels or ``record_id`` repeat, or lead to records with other labels.
    """
    from ..plots import group_overlay
    from ..plots._axes import axes_for, figure_of
    from ..plots._scatter import coordinates_of

    coordinates, ids = coordinates_of(umap_coords)
    rows = rows_of(metadata_df, df_group_sub)
    if ids is None:
        _one_row_each(len(coordinates), len(metadata_df), "umap_coords")
    else:
        rows, df_group_sub = joined_to(metadata_df, df_group_sub, rows, ids)
    crossed = None
    if "mlabel_flag" in df_group_sub:
        crossed = (df_group_sub["mlabel_flag"] == "multi").to_numpy()
    notes = None
    if annotate and "other_inames" in df_group_sub:
        notes = [", ".join(map(str, other)) for other in df_group_sub["other_inames"]]
    spatial = coordinates.shape[1] == 3
    ax = group_overlay(
        coordinates,
        rows,
        df_group_sub[NAME].tolist() if NAME in df_group_sub else None,
        crossed=keywords.pop("crossed", crossed),
        notes=notes,
        highlight_color=highlight_color,
        background_color=background_color,
        markers=markers,
        ax=axes_for(ax, spatial=spatial, size=figsize),
        **keywords,
    )
    return figure_of(ax), ax


def plot_umap_for_group_extended(
    global_umap: Any,
    df_global: Any,
    df_group_sub: Any,
    group_name: str,
    save_path: str | Path | None = None,
    **keywords: Any,
) -> tuple[Figure, Axes]:
    """A group over all records, multi-label records crossed and annotated with their other names.

    Parameters
    ----------
    global_umap, df_global, df_group_sub
        As in `overlay_group_on_embedding`.
    group_name : str
        For the title.
    save_path : str or path, optional
        Where to save the figure, with 300 dots per inch.
    **keywords
        For `overlay_group_on_embedding`.

    Returns
    -------
    figure, ax
        The figure, which is not shown, and its axes.
    """
    settings = {"figsize": (10, 8), "annotate": True, "title": _title(group_name), **keywords}
    drawn = overlay_group_on_embedding(global_umap, df_global, df_group_sub, **settings)
    return _saved(*drawn, save_path)


def plot_umap_for_group(
    global_umap: Any,
    df_global: Any,
    df_group_sub: Any,
    group_name: str,
    save_path: str | Path | None = None,
    **keywords: Any,
) -> tuple[Figure, Axes]:
    """A group over all records, those with more than one label crossed.

    The number of labels is the column ``n_labels`` where there is one, else ``total_labels``.
    Parameters and returns are those of `plot_umap_for_group_extended`.
    """
    for column in ("n_labels", "total_labels"):
        if column in df_group_sub:
            keywords.setdefault("crossed", (df_group_sub[column] > 1).to_numpy())
            keywords.setdefault("marker_names", ("one label", "several labels"))
            break
    settings = {"figsize": (10, 8), "title": _title(group_name), **keywords}
    drawn = overlay_group_on_embedding(global_umap, df_global, df_group_sub, **settings)
    return _saved(*drawn, save_path)


def plot_integration_name_distribution(
    df_group: Any, group_name: str, save_path: str | Path | None = None, **keywords: Any
) -> tuple[Figure, Axes]:
    """How many records each integration name has, in the colours of the maps.

    Parameters
    ----------
    df_group : pandas.DataFrame
        From `prepare_group_data`.
    group_name : str
        For the title.
    save_path : str or path, optional
        Where to save the figure, with 300 dots per inch.
    **keywords
        For `driftglass.plots.counts_of_names`.

    Returns
    -------
    figure, ax
        The figure, which is not shown, and its axes.
    """
    from ..plots import counts_of_names
    from ..plots._axes import figure_of

    names = [str(name) for name in column_of(df_group, NAME) if not is_missing(name)]
    ax = counts_of_names(names, **{"title": _title(group_name), **keywords})
    return _saved(figure_of(ax), ax, save_path)


def _colors(df: Any, color_by: str | None) -> tuple[list[Any] | None, str]:
    if color_by is not None:
        return list(column_of(df, color_by)), color_by
    if NAME in df.columns:
        return list(df[NAME]), NAME
    if LABELS in df.columns:
        first = [labels_of(labels)[:1] for labels in df[LABELS]]
        return [label[0].get(NAME) if label else None for label in first], "first label"
    return None, ""


def _one_row_each(found: int, wanted: int, what: str) -> None:
    if found != wanted:
        raise ShapeError(
            f"{what} has {found:,} rows for {wanted:,} records; one for each is needed. If the "
            f"table was filtered, filter the coordinates with it, or pass a Projection, which is "
            f"joined by id."
        )


def _title(group_name: str) -> str:
    return f"Group: {group_name}"


def _saved(figure: Figure, drawn: Drawn, save_path: str | Path | None) -> tuple[Figure, Drawn]:
    if save_path is not None:
        figure.savefig(save_path, dpi=SAVED_DPI, bbox_inches="tight")
    return figure, drawn
