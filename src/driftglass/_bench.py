"""How fast this machine is: neighbours and maps of made rows, beside peers that are installed."""

from __future__ import annotations

import os
import platform
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._progress import Progress, silent
from .errors import InvalidInputError

__all__ = ["Machine", "Timing", "machine", "timings"]

N_FEATURES = 64
N_CLUSTERS = 30
N_NEIGHBORS = 15
N_COMPONENTS_LINEAR = 50
N_ANCHORS = 300
LEAST_ROWS, MOST_ROWS = 500, 1_000_000
WARM_ROWS = 600
"""A first small call has peers compile what they compile; only the second call is timed."""

Call = Callable[[NDArray[np.float32]], Any]


@dataclass(frozen=True)
class Machine:
    """What matters to speed here.

    Parameters
    ----------
    processor : str
        As the system calls it.
    cores : int
        That this process may use.
    kernels : tuple of str
        Variants that can run here, narrowest first; the last is chosen.
    system, python, numpy, driftglass : str
        Versions.
    """

    processor: str
    cores: int
    kernels: tuple[str, ...]
    system: str
    python: str
    numpy: str
    driftglass: str


@dataclass(frozen=True)
class Timing:
    """How long one piece of work took.

    Parameters
    ----------
    work : str
        What was done.
    by : str
        "driftglass", or the name of a peer.
    seconds : float
        Of one call, imports and compiling left out.
    rows_per_second : float
        Throughput.
    trustworthiness : float or None
        Of a map, at 15 neighbours.
    times_as_long : float or None
        A peer's seconds over ours.
    """

    work: str
    by: str
    seconds: float
    rows_per_second: float
    trustworthiness: float | None = None
    times_as_long: float | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the same as plain values."""
        return asdict(self)


def machine() -> Machine:
    """Look at this machine."""
    from . import __version__, _kernels
    from .parallel import effective_n_jobs

    return Machine(
        processor=_processor(),
        cores=effective_n_jobs(None),
        kernels=tuple(_kernels.cpu_features()),
        system=f"{platform.system()} {platform.machine()}",
        python=platform.python_version(),
        numpy=np.__version__,
        driftglass=__version__,
    )


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def timings(
    n_samples: int = 10_000, *, peers: bool = True, progress: Progress = silent
) -> Iterator[Timing]:
    """Measure each work once, ours before its peers.

    Parameters
    ----------
    n_samples : int
        Rows to make, of 64 features in 30 groups; 500 to 1,000,000.
    peers : bool
        Whether to measure umap-learn, pynndescent, openTSNE, pacmap and scikit-learn too, as far
        as they are installed.
    progress : callable
        Told before and after every call; may raise to stop.

    Yields
    ------
    timing : Timing
        As soon as it is known.
    """
    if not LEAST_ROWS <= n_samples <= MOST_ROWS:
        raise InvalidInputError(
            f"n_samples is {n_samples}; {LEAST_ROWS} to {MOST_ROWS:,} rows are needed."
        )
    X = made_rows(n_samples)
    works = [(work, call, _peers_of(work) if peers else {}) for work, call in _ours().items()]
    total, done = sum(1 + len(beside) for _, _, beside in works), 0
    for work, call, beside in works:
        progress(done, total, work)
        ours = _timed(work, "driftglass", call, X)
        done += 1
        yield ours
        for name, make in beside.items():
            progress(done, total, f"{work} by {name}")
            timing = _timed(work, name, make(), X)
            done += 1
            yield _beside(timing, ours)
    progress(total, total, "done")


def made_rows(n_samples: int) -> NDArray[np.float32]:
    """Rows of shape (n_samples, 64) around 30 centres; the same every time."""
    rng = np.random.default_rng(0)
    centers = rng.normal(size=(N_CLUSTERS, N_FEATURES)).astype(np.float32) * 2
    noise = rng.standard_normal((n_samples, N_FEATURES), dtype=np.float32)
    rows: NDArray[np.float32] = centers[rng.integers(0, N_CLUSTERS, n_samples)] + noise
    return rows


def _timed(work: str, by: str, call: Call, X: NDArray[np.float32]) -> Timing:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about peers' own affairs, and few rows in the first call
        call(X[:WARM_ROWS])
        start = time.perf_counter()
        result = call(X)
        seconds = time.perf_counter() - start
    trust = None
    if isinstance(result, np.ndarray) and result.ndim == 2 and result.shape[1] <= 3:
        from .diagnostics import trustworthiness

        trust = trustworthiness(X, result, n_neighbors=N_NEIGHBORS, n_anchors=N_ANCHORS)
    return Timing(work, by, seconds, len(X) / seconds, trust)


def _beside(timing: Timing, ours: Timing) -> Timing:
    values = asdict(timing) | {"times_as_long": timing.seconds / ours.seconds}
    return Timing(**values)


def _ours() -> dict[str, Call]:
    from .neighbors import exact_neighbors, nearest_neighbors
    from .projections import PCA, TSNE, UMAP, PaCMAP

    return {
        "neighbours": lambda X: nearest_neighbors(X, N_NEIGHBORS),
        "exact neighbours": lambda X: exact_neighbors(X, N_NEIGHBORS),
        "UMAP": lambda X: UMAP(random_state=0).fit_transform(X),
        "t-SNE": lambda X: TSNE(random_state=0).fit_transform(X),
        "PaCMAP": lambda X: PaCMAP(random_state=0).fit_transform(X),
        "PCA": lambda X: PCA(N_COMPONENTS_LINEAR).fit_transform(X),
    }


def _peers_of(work: str) -> dict[str, Callable[[], Call]]:
    """Peers that are installed, each as a function that imports it."""
    known: dict[str, dict[str, tuple[str, Callable[[], Call]]]] = {
        "neighbours": {"pynndescent": ("pynndescent", _pynndescent)},
        "exact neighbours": {"scikit-learn": ("sklearn", _sklearn_neighbors)},
        "UMAP": {"umap-learn": ("umap", _umap_learn)},
        "t-SNE": {"openTSNE": ("openTSNE", _opentsne)},
        "PaCMAP": {"pacmap": ("pacmap", _pacmap)},
        "PCA": {"scikit-learn": ("sklearn", _sklearn_pca)},
    }
    found = known[work].items()
    return {name: make for name, (module, make) in found if find_spec(module) is not None}


def _pynndescent() -> Call:
    import pynndescent  # type: ignore[import-not-found, unused-ignore]

    return lambda X: pynndescent.NNDescent(X, n_neighbors=N_NEIGHBORS + 1).neighbor_graph


def _sklearn_neighbors() -> Call:
    from sklearn.neighbors import NearestNeighbors

    def find(X: NDArray[np.float32]) -> Any:
        model = NearestNeighbors(n_neighbors=N_NEIGHBORS, algorithm="brute", n_jobs=-1)
        return model.fit(X).kneighbors()

    return find


def _umap_learn() -> Call:
    import umap  # type: ignore[import-not-found, unused-ignore]

    return lambda X: umap.UMAP(n_jobs=-1).fit_transform(X)


def _opentsne() -> Call:
    import openTSNE  # type: ignore[import-not-found, unused-ignore]

    return lambda X: np.asarray(openTSNE.TSNE(n_jobs=os.cpu_count() or 1).fit(X))


def _pacmap() -> Call:
    import pacmap  # type: ignore[import-not-found, unused-ignore]

    return lambda X: pacmap.PaCMAP().fit_transform(X)


def _sklearn_pca() -> Call:
    from sklearn.decomposition import PCA

    return lambda X: PCA(N_COMPONENTS_LINEAR).fit_transform(X)
