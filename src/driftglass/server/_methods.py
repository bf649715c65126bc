"""The methods a viewer may ask for: what each is good for, its settings and their ranges."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from typing import Any, Literal

from ..errors import InvalidInputError, NotFoundError

__all__ = ["AS_LOGGED", "METHODS", "Method", "Setting", "method_named"]

AS_LOGGED = "as_logged"
"""Vectors that are coordinates already, drawn as they are."""


@dataclass(frozen=True)
class Setting:
    """One parameter of a method, as a form shows it.

    Parameters
    ----------
    name, title : str
        As Python and as people say it.
    kind : {"integer", "number", "choice", "flag"}
        What it holds.
    default : JSON value
        The estimator's own.
    low, high : float or None
        Range of a number, both ends allowed.
    choices : tuple of str
        What may be chosen.
    about : str
        What it changes, in a line.
    """

    name: str
    title: str
    kind: Literal["integer", "number", "choice", "flag"]
    default: Any
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    about: str = ""

    def checked(self, value: Any) -> Any:
        """The value, if this setting can have it."""
        if self.kind == "choice":
            if value not in self.choices:
                raise self._wrong(value, f"one of {', '.join(self.choices)}")
            return value
        if self.kind == "flag":
            if not isinstance(value, bool):
                raise self._wrong(value, "true or false")
            return value
        whole = self.kind == "integer"
        wanted = f"a {'whole ' if whole else ''}number from {self.low:g} to {self.high:g}"
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise self._wrong(value, wanted)
        if not math.isfinite(value) or (whole and value != int(value)):
            raise self._wrong(value, wanted)
        if not (self.low or 0.0) <= value <= (math.inf if self.high is None else self.high):
            raise self._wrong(value, wanted)
        return int(value) if whole else float(value)

    def _wrong(self, value: Any, wanted: str) -> InvalidInputError:
        return InvalidInputError(f"{self.name} is {value!r:.60}; {wanted} is needed.")


@dataclass(frozen=True)
class Method:
    """A method of projection, as a form shows it.

    Parameters
    ----------
    name, title, about : str
        As Python and as people say it, and what it shows.
    family : {"linear", "neighbors", "distances", "sequence", "network"}
        Where it stands in the list.
    settings : tuple of Setting
        In the order of a form.
    basis : bool
        Whether it is fitted to some of the snapshots.
    supervised : bool
        Whether labels of a column may take part.
    live : bool
        Whether the map can be watched while it is made, and stopped halfway.
    needs : str
        Package that must be installed; none if empty.
    """

    name: str
    title: str
    about: str
    family: Literal["linear", "neighbors", "distances", "sequence", "network"]
    settings: tuple[Setting, ...] = ()
    basis: bool = False
    supervised: bool = False
    live: bool = False
    needs: str = ""

    def checked(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Parameters that differ from their defaults, each in its range."""
        known = {setting.name: setting for setting in self.settings}
        for name in parameters:
            if name not in known:
                raise NotFoundError.for_name(f"setting of {self.name}", str(name)[:60], list(known))
        values = {name: known[name].checked(value) for name, value in parameters.items()}
        return {name: value for name, value in values.items() if value != known[name].default}

    def to_dict(self) -> dict[str, Any]:
        """What a viewer is told."""
        missing = bool(self.needs) and find_spec(self.needs) is None
        reason = f"Needs the package {self.needs}: pip install 'driftglass[{self.needs}]'"
        return {**asdict(self), "missing": reason if missing else None}


METRIC = Setting(
    "metric",
    "Distance",
    "choice",
    "euclidean",
    choices=("euclidean", "cosine", "correlation", "manhattan"),
    about="By which neighbours are found",
)


def _neighbors(default: int, name: str = "n_neighbors", low: int = 2) -> Setting:
    about = "Few show small groups, many the large picture"
    return Setting(name, "Neighbours", "integer", default, low, 500, about=about)


def _perplexity(default: float) -> Setting:
    about = "How many points count as near; at most a third of the rows"
    return Setting("perplexity", "Perplexity", "number", default, 2.0, 500.0, about=about)


def _rounds(name: str, default: int, low: int = 10) -> Setting:
    return Setting(name, "Rounds", "integer", default, low, 5_000, about="More take longer")


MIN_DIST = Setting(
    "min_dist", "Least distance", "number", 0.1, 0.0, 0.99, about="How tightly points may sit"
)
CARRY = "How firmly points whose surroundings stay the same are held"

METHODS: tuple[Method, ...] = (
    Method(
        "pca",
        "PCA",
        "Straight axes of largest variance; fast, and distances keep their meaning",
        "linear",
        basis=True,
    ),
    Method(
        AS_LOGGED,
        "As logged",
        "Vectors of two or three features, drawn as they are",
        "linear",
    ),
    Method(
        "axes",
        "Axes between groups",
        "Each axis runs from one group of items to another",
        "linear",
        basis=True,
    ),
    Method("random", "Random axes", "Distances kept on average, nothing learnt", "linear"),
    Method(
        "umap",
        "UMAP",
        "Neighbourhoods; distances between groups say little",
        "neighbors",
        (
            _neighbors(15),
            MIN_DIST,
            METRIC,
            Setting(
                "densmap", "Keep density", "flag", False, about="Loose groups are drawn loosely"
            ),
        ),
        basis=True,
        supervised=True,
        live=True,
    ),
    Method(
        "tsne",
        "t-SNE",
        "Neighbourhoods; sizes of groups and distances between them say little",
        "neighbors",
        (_perplexity(30.0), _rounds("n_iter", 500), METRIC),
        supervised=True,
        live=True,
    ),
    Method(
        "pacmap",
        "PaCMAP",
        "Neighbourhoods and the large picture, balanced",
        "neighbors",
        (
            _neighbors(10),
            Setting("MN_ratio", "Mid-near pairs", "number", 0.5, 0.0, 10.0, about="Per neighbour"),
            Setting("FP_ratio", "Far pairs", "number", 2.0, 0.1, 20.0, about="Per neighbour"),
            METRIC,
        ),
        basis=True,
        live=True,
    ),
    Method(
        "localmap",
        "LocalMAP",
        "As PaCMAP, with sharper borders between groups",
        "neighbors",
        (_neighbors(10), METRIC),
        basis=True,
        live=True,
    ),
    Method(
        "phate",
        "PHATE",
        "Branches and gradual change",
        "distances",
        (
            _neighbors(5, "knn"),
            Setting("decay", "Decay", "number", 40.0, 1.0, 200.0, about="How sharply near ends"),
            METRIC,
        ),
        basis=True,
        live=True,
    ),
    Method(
        "mds",
        "MDS",
        "Distances, all of them at once",
        "distances",
        (_rounds("max_iter", 300, 1), METRIC),
        basis=True,
        live=True,
    ),
    Method(
        "refine",
        "Refined sequence",
        "One rough map for all steps, refined at each; what does not change does not jitter",
        "sequence",
        (
            _perplexity(15.0),
            Setting("carry", "Carry", "number", 2.0, 0.0, 20.0, about=CARRY),
            _rounds("n_iter", 100, 0),
            _neighbors(30),
        ),
    ),
    Method(
        "warm",
        "Warm start",
        "Each step begins where the one before ended",
        "sequence",
        (
            _perplexity(15.0),
            Setting("carry", "Carry", "number", 4.0, 0.0, 20.0, about=CARRY),
            _rounds("n_iter", 100, 0),
        ),
    ),
    Method(
        "joint",
        "Joint map",
        "All steps as one large table, laid out once",
        "sequence",
        (
            Setting(
                "coarse", "Laid out by", "choice", "umap", choices=("umap", "pca"), about="Method"
            ),
            _neighbors(30),
        ),
    ),
    Method(
        "linear",
        "Linear sequence",
        "One straight map for all steps: a point moves only if its vector does",
        "sequence",
    ),
    Method(
        "independent",
        "Independent maps",
        "A map for each step by itself, turned to fit; for comparison",
        "sequence",
        (
            Setting(
                "estimator",
                "Laid out by",
                "choice",
                "tsne",
                choices=("tsne", "umap", "pca"),
                about="Method",
            ),
        ),
    ),
    Method(
        "aligned_umap",
        "Aligned UMAP",
        "UMAP of every step, with ties between them",
        "sequence",
        (
            _neighbors(15),
            Setting(
                "alignment_regularisation",
                "Ties",
                "number",
                0.01,
                0.0,
                1.0,
                about="How strongly steps are tied",
            ),
            MIN_DIST,
        ),
    ),
    Method(
        "dynamic_tsne",
        "Dynamic t-SNE",
        "t-SNE of all steps at once, with a price on movement",
        "sequence",
        (
            Setting("penalty", "Price of movement", "number", 0.1, 0.0, 10.0, about="0 is none"),
            _perplexity(30.0),
        ),
    ),
    Method(
        "mphate",
        "M-PHATE",
        "Steps and items in one diffusion",
        "sequence",
        (
            _neighbors(2, "intraslice_knn", 1),
            Setting(
                "interslice_knn", "Steps near", "integer", 25, 1, 200, about="Ties between steps"
            ),
        ),
    ),
    Method(
        "glassbox",
        "Glass box",
        "A network whose map splits exactly into contributions of features",
        "network",
        (
            _neighbors(15),
            MIN_DIST,
            METRIC,
            Setting("epochs", "Epochs", "integer", 200, 1, 2_000, about="More take longer"),
        ),
        basis=True,
        needs="torch",
    ),
)


def method_named(name: str) -> Method:
    """Method of that name; an error that says which there are."""
    for method in METHODS:
        if method.name == name:
            return method
    raise NotFoundError.for_name("method", name[:60], [method.name for method in METHODS])
