"""Words that somebody put on the map, kept with the run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import InvalidInputError
from ._selections import Selections

__all__ = ["Labels"]

CLUSTER_NAMES = "cluster-names"


class Labels(Selections):
    """Labels of a run: the ids that each text belongs to, oldest first.

    The page writes a label where the items it belongs to lie closest together, at every step and
    in both fits, and gives it room before the names it finds by itself. Labels are files of
    their own beside what was logged, as selections are: nothing that was computed holds them, so
    `gc` never takes them and a map that is made again still carries them.

    Examples
    --------
    >>> run.labels.save("crossed sevens", [3, 17])  # doctest: +SKIP
    >>> run.labels.delete("crossed sevens")  # doctest: +SKIP
    """

    kind = "label"

    def cluster_names(self, key: str) -> dict[int, str] | None:
        """Names that were given to the clusters of one map, by number; None if nobody did.

        Parameters
        ----------
        key : str
            Of the map, as the page knows it.
        """
        kept = self._files.get(key)
        said = kept.description if kept is not None else {}
        names = said.get("names") if said.get("kind") == CLUSTER_NAMES else None
        if not isinstance(names, dict):
            return None
        return {int(n): str(v) for n, v in names.items() if isinstance(n, str) and n.isdecimal()}

    def keep_cluster_names(self, key: str, names: Mapping[int, str]) -> None:
        """Keep all names that were given to the clusters of one map.

        Parameters
        ----------
        key : str
            Of the map.
        names : mapping of int to str
            By number; those before are forgotten.

        Raises
        ------
        InvalidInputError
            A number below zero.
        StoreError
            The store was opened for reading, or the disk is full.
        """
        if any(number < 0 for number in names):
            raise InvalidInputError(f"Clusters are numbered from 0; one is {min(names)}.")
        described: dict[str, Any] = {str(number): name for number, name in names.items()}
        self._files.put(key, {"kind": CLUSTER_NAMES, "names": described}, {})
