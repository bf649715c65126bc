"""Measuring the methods of one work in turns, and keeping their figures from sitting to sitting."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import record
from .engine_lines import RECALL, Work
from .engine_peers import LADDERS
from .engine_pythons import Pythons
from .map_quality import map_quality, recall_of

N_CHECKED = 1000
N_ANCHORS_LARGE = 500
LARGE = 200_000
SITTING = datetime.now(UTC).strftime("%Y-%m-%d %H:%M")


class Kept:
    """The figures of ``results/<name>.json``; a newer one takes the place of an older."""

    def __init__(self, name: str) -> None:
        self._name = name
        path = record.RESULTS / f"{name}.json"
        self.figures: list[dict[str, Any]] = []
        if path.exists():
            self.figures = json.loads(path.read_text(encoding="utf-8"))["figures"]

    def find(self, **wanted: Any) -> dict[str, Any] | None:
        """Figure with these values, if there is one."""
        return next((f for f in self.figures if wanted.items() <= f.items()), None)

    def add(self, figure: dict[str, Any]) -> None:
        """Keep a figure, on disk as well."""
        same = ("work", "data", "method")
        self.figures = [f for f in self.figures if any(f[key] != figure[key] for key in same)]
        self.figures.append(figure)
        record.write(self._name, self.figures)


class Bench:
    """Vectors in a folder, and processes that work on them.

    Parameters
    ----------
    folder : Path
        Empty.
    name : str
        What figures call the vectors.
    X : ndarray of shape (n_samples, n_features)
        Vectors.
    labels : ndarray of shape (n_samples,) or None
        Small integers.
    metric : str
        Distance.
    pythons : Pythons
        What runs the methods.
    """

    def __init__(
        self,
        folder: Path,
        name: str,
        X: NDArray[np.float32],
        labels: NDArray[Any] | None,
        metric: str,
        pythons: Pythons,
    ) -> None:
        self._folder, self._name, self._X, self._labels = folder, name, X, labels
        self._metric, self._pythons = metric, pythons
        np.save(folder / "X.npy", X)

    def write_graph(self) -> None:
        """Graph and start that all methods of the layout share."""
        from driftglass.neighbors import nearest_neighbors
        from driftglass.projections import UMAP

        neighbors = nearest_neighbors(self._X, 14, metric=self._metric)
        options = {"init": "pca", "n_epochs": 0, "random_state": 0, "metric": self._metric}
        fitted = UMAP(precomputed_knn=neighbors, **options).fit(self._X)
        np.savez(
            self._folder / "graph.npz",
            starts=fitted.graph_.indptr,
            columns=fitted.graph_.indices,
            weights=fitted.graph_.data,
            start=fitted.embedding_,
            ab=[fitted.a_, fitted.b_],
        )

    def compared(
        self, work: str, wanted: Work, methods: list[str], repeats: int, kept: Kept
    ) -> Iterator[dict[str, Any]]:
        """Figures of the methods, in their order."""
        plans = {}
        for method in methods:
            settings = wanted.settings
            if "n_new" in settings:
                settings = {"n_new": min(settings["n_new"], len(self._X) // 7)}
            if method in LADDERS:
                former = kept.find(work=work, data=self._name, method=method)
                found = (former or {}).get("settings") or self._reaching(method, wanted)
                if found is None:
                    continue
                settings = found
            plans[method] = settings
        runs: dict[str, list[dict[str, Any]]] = {method: [] for method in plans}
        results: dict[str, Any] = {}
        for turn in range(repeats):
            for method, settings in plans.items():
                if turn and not runs[method]:
                    continue
                run = self._run(method, wanted, settings, wanted.n_calls)
                if run is not None:
                    runs[method].append(run)
                    results[method] = self._result()
        for method, found in runs.items():
            if found:
                yield self._figure(work, wanted, method, plans[method], found, results[method])

    def _figure(
        self,
        work: str,
        wanted: Work,
        method: str,
        settings: dict[str, Any],
        runs: list[dict[str, Any]],
        result: Any,
    ) -> dict[str, Any]:
        figure: dict[str, Any] = {"work": work, "data": self._name, "method": method}
        figure |= {"n_samples": len(self._X), "n_features": self._X.shape[1]}
        figure |= {
            "n_threads": self._pythons.n_threads,
            "sitting": SITTING,
            "commit": record.commit(),
        }
        if settings:
            figure["settings"] = settings
        for key in runs[0]:
            figure[key] = round(float(np.median([run[key] for run in runs])), 4)
        figure["all_cold_seconds"] = [round(run["cold_seconds"], 3) for run in runs]
        figure |= self._quality(wanted, result)
        return figure

    def _quality(self, wanted: Work, result: Any) -> dict[str, float]:
        if wanted.measured is None:
            return {}
        if wanted.measured == "recall":
            options: dict[str, Any] = {"metric": self._metric, "n_checked": N_CHECKED}
            return {"recall": recall_of(self._X, result, **options)}
        options = {"metric": self._metric}
        if len(self._X) > LARGE:
            options["n_anchors"] = N_ANCHORS_LARGE
        # What was placed by `transform` are the last rows.
        X, labels = self._X[-len(result) :], self._labels
        labels = None if labels is None else labels[-len(result) :]
        return map_quality(X, np.ascontiguousarray(result, np.float32), labels, **options)

    def _reaching(self, method: str, wanted: Work) -> dict[str, Any] | None:
        """Cheapest settings with which a search finds as much as ours must."""
        for settings in LADDERS[method]:
            run = self._run(method, wanted, settings, 1)
            if run is None:
                return None
            recall = self._quality(wanted, self._result())["recall"]
            seconds = run["cold_seconds"]
            print(f"{method} {settings}: recall {recall:.4f} in {seconds:.1f} s", flush=True)
            if recall >= RECALL:
                return settings
        print(f"{method}: no settings reach {RECALL}, left out", flush=True)
        return None

    def _result(self) -> Any:
        path = self._folder / "result.npy"
        if not path.exists():
            return None
        result = np.load(path)
        path.unlink()
        return result

    def _run(
        self, method: str, wanted: Work, settings: dict[str, Any], n_calls: int
    ) -> dict[str, Any] | None:
        plan = {"method": method, "folder": str(self._folder), "metric": self._metric}
        plan |= {"settings": settings, "n_calls": n_calls, "import_counts": wanted.import_counts}
        return self._pythons.run(plan)
