"""GlassBoxUMAP beside glass-box-umap and umap-learn: time, quality, memory.

    python -m benchmarks.glassbox --parts digits held-out --peers ~/peers/bin/python
    python -m benchmarks.glassbox --parts mnist mnist-held-out --vectors mnist.npz --peers …

Every fit runs in a fresh process, with the threads that its package uses by default, at most two.
Every part leaves a file of its own in ``results``, written anew after each figure; figures that are
measured again take the place of the older ones and all others stay, so that a part can be measured
a method or a seed at a time (``--only``, ``--seeds``). Peers are looked for in the interpreter of
``--peers``; those that it lacks are left out. Where a peer would take very long, some of its epochs
are measured and its time is extrapolated from the seconds of an epoch; such figures say so, their
quality is that after the epochs measured, and ``--peer-epochs 200`` measures all of them.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

THREADS = 2
PARTS = ("roll", "digits", "held-out", "mnist", "mnist-held-out", "memory")
EPOCHS = 200
"""Default of both packages."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--parts", nargs="+", default=["roll", "digits", "held-out", "memory"], choices=PARTS
    )
    parser.add_argument("--vectors", type=Path, help="MNIST: an .npz file with images and labels")
    parser.add_argument("--peers", default=sys.executable, help="interpreter that has the peers")
    parser.add_argument("--peer-epochs", type=int, default=5, help="epochs measured of the peer")
    parser.add_argument(
        "--only", nargs="+", default=[], metavar="METHOD", help="such as umap-learn"
    )
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2, 3, 4], help="rolls")
    parser.add_argument("--peer-seeds", type=int, default=1, help="swiss rolls of the peer")
    parser.add_argument("--limit", type=float, default=3600, help="most seconds of one fit")
    parser.add_argument("--child", nargs=4, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        child(*arguments.child)
        return

    from . import record

    for part in arguments.parts:
        for figure in globals()["measure_" + part.replace("-", "_")](arguments):
            print(json.dumps(figure), flush=True)
            # A long part that is ended early has said something all the same.
            written = record.write(f"glassbox-{part}", merged(part, figure, record))
            print(written)


SAME = ("part", "method", "seed", "split", "pca_components", "n_samples")
"""What tells figures of one part apart."""


def merged(part: str, figure: dict[str, Any], record: Any) -> list[dict[str, Any]]:
    """Figures kept so far, with this one in the place of an older one of the same."""
    path = record.RESULTS / f"glassbox-{part}.json"
    kept = json.loads(path.read_text(encoding="utf-8"))["figures"] if path.exists() else []

    def key(one: dict[str, Any]) -> list[Any]:
        return [one.get(name) for name in SAME]

    others = [one for one in kept if key(one) != key(figure)]
    return [*others, {**figure, "commit": record.commit()}]


def measure_roll(arguments: Any) -> Any:
    """Does the map unroll? Share of neighbours on another sheet, trust, order along the roll."""
    import numpy as np
    from scipy.stats import spearmanr
    from sklearn.datasets import make_swiss_roll
    from sklearn.manifold import trustworthiness
    from sklearn.neighbors import NearestNeighbors
    from sklearn.preprocessing import StandardScaler

    tuned = {"lr": 0.1, "batch_size": 512, "hidden_size": 64, "n_hidden_layers": 1}
    for seed in arguments.seeds:
        raw, along = make_swiss_roll(n_samples=1000, random_state=seed)
        X = StandardScaler().fit_transform(raw).astype(np.float32)
        methods: list[tuple[str, dict[str, Any]]] = [("driftglass", {}), ("umap-learn", {})]
        if seed < arguments.peer_seeds:
            # The peer takes minutes for each.
            peer = {"epochs": arguments.peer_epochs}
            methods += [("glass-box-umap", peer), ("glass-box-umap", {**tuned, **peer})]
        for who, settings in methods:
            found = measured(arguments, who, X, {**settings, "seed": seed})
            if found is None:
                continue
            Y, figure = found
            near = NearestNeighbors(n_neighbors=15).fit(Y).kneighbors(return_distance=False)
            angles = np.linspace(0, np.pi, 90)
            order = max(abs(float(spearmanr(along, Y @ [np.cos(a), np.sin(a)])[0])) for a in angles)
            yield {
                "part": "roll",
                "method": who + (" (tuned)" if "lr" in settings else ""),
                "seed": seed,
                "other_sheet": round(float((abs(along[near] - along[:, None]) > np.pi).mean()), 4),
                "trustworthiness": round(float(trustworthiness(X, Y, n_neighbors=15)), 4),
                "order": round(order, 3),
                **figure,
            }


def measure_digits(arguments: Any) -> Any:
    """Time and trustworthiness on all digits, and time of their contributions."""
    import numpy as np
    from sklearn.datasets import load_digits
    from sklearn.manifold import trustworthiness

    X = load_digits().data.astype(np.float32)
    for who, settings in (
        ("driftglass", {}),
        ("glass-box-umap", {"epochs": arguments.peer_epochs}),
    ):
        found = measured(arguments, who, X, {**settings, "contributions": True})
        if found is None:
            continue
        Y, figure = found
        trust = round(float(trustworthiness(X, Y, n_neighbors=15)), 4)
        yield {"part": "digits", "method": who, "trustworthiness": trust, **figure}


def measure_held_out(arguments: Any) -> Any:
    """Quality on digits that were held out, beside umap-learn."""
    import numpy as np
    from sklearn.datasets import load_digits

    X, y = load_digits(return_X_y=True)
    X = X.astype(np.float32)
    for split in range(3):
        order = np.random.default_rng(split).permutation(len(X))
        for figure in _held_out(arguments, "digits", X[order], y[order], 1400, {"seed": split}):
            yield {"split": split, **figure}


def measure_mnist(arguments: Any) -> Any:
    """70,000 digits on 50 principal axes: time."""
    X, _ = _mnist(arguments)
    for who, settings in (
        ("driftglass", {"pca_components": 50}),
        ("glass-box-umap", {"pca_components": 50, "epochs": min(2, arguments.peer_epochs)}),
    ):
        found = measured(arguments, who, X, settings)
        if found is not None:
            yield {"part": "mnist", "method": who, "n_samples": len(X), **found[1]}


def measure_mnist_held_out(arguments: Any) -> Any:
    """Quality on 10,000 digits that were held out, on 50 principal axes and on the pixels."""
    X, y = _mnist(arguments)
    for axes in (50, None):
        for figure in _held_out(arguments, "mnist", X, y, 60_000, {"pca_components": axes}):
            yield {"pca_components": axes, **figure}


def _mnist(arguments: Any) -> tuple[Any, Any]:
    import numpy as np

    if arguments.vectors is None:
        sys.exit("--vectors is needed: an .npz file with images and labels.")
    loaded = np.load(arguments.vectors)
    X = loaded["images"].reshape(len(loaded["images"]), -1).astype(np.float32) / 255
    return X, loaded["labels"].astype(np.int64)


def _held_out(arguments: Any, part: str, X: Any, y: Any, n: int, settings: Any) -> Any:
    import numpy as np
    from sklearn.decomposition import PCA
    from sklearn.neighbors import KNeighborsClassifier

    from driftglass.diagnostics import quality

    axes = settings.get("pca_components")
    for who in ("driftglass", "umap-learn"):
        given = X
        if axes and who == "umap-learn":
            given = PCA(axes, random_state=0).fit(X[:n]).transform(X).astype(np.float32)
        own = settings if who == "driftglass" else {"seed": settings.get("seed", 0)}
        found = measured(arguments, who, given, {**own, "fit_rows": n})
        if found is None:
            continue
        Y, figure = found
        knn = KNeighborsClassifier(11).fit(Y[:n], y[:n])
        yield {
            "part": part,
            "method": who,
            "held_out": len(X) - n,
            "trustworthiness": round(quality(X[:n], Y[:n], n_anchors=2000).trustworthiness, 4),
            "held_out_trustworthiness": round(
                quality(X[n:], Y[n:], n_anchors=2000).trustworthiness, 4
            ),
            "knn_accuracy": round(float(knn.score(Y[:n], y[:n])), 4),
            "held_out_knn_accuracy": round(
                float(KNeighborsClassifier(10).fit(Y[:n], y[:n]).score(Y[n:], y[n:])), 4
            ),
            **figure,
        }


def measure_memory(arguments: Any) -> Any:
    """Contributions of 1,000,000 rows of 50 features: peak memory of the whole process."""
    import numpy as np

    X = np.random.default_rng(0).normal(size=(1_000_000, 50)).astype(np.float32)
    for who in ("driftglass l2", "driftglass top", "glass-box-umap l2"):
        found = measured(arguments, who, X, {"fit_rows": 2000, "epochs": 2})
        if found is not None:
            yield {"part": "memory", "method": who, "n_samples": len(X), **found[1]}


def measured(arguments: Any, who: str, X: Any, settings: Any) -> tuple[Any, dict[str, Any]] | None:
    """Places of the rows and figures of a fit in a process of its own; None if there is none."""
    import numpy as np

    if arguments.only and not any(who.startswith(name) for name in arguments.only):
        return None
    python = sys.executable if who.startswith("driftglass") else arguments.peers
    threads = dict.fromkeys(
        ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), str(THREADS)
    )
    with tempfile.TemporaryDirectory() as folder:
        vectors, places = Path(folder) / "X.npy", Path(folder) / "Y.npy"
        np.save(vectors, X)
        command = [python, "-W", "ignore", __file__, "--child", who, str(vectors), str(places)]
        try:
            done = subprocess.run(
                [*command, json.dumps(settings)],
                capture_output=True,
                text=True,
                check=False,
                cwd=Path(__file__).parents[1] if who.startswith("driftglass") else folder,
                env={**os.environ, **threads},
                timeout=arguments.limit,
            )
        except subprocess.TimeoutExpired:
            print(f"{who}: not done after {arguments.limit:g} s, left out")
            return None
        if done.returncode == 3:
            print(f"{who}: not installed, left out")
            return None
        if done.returncode:
            # What was measured before is kept, and the others are still to come.
            print(f"{who} failed, left out:\n{done.stderr[-2000:]}", file=sys.stderr)
            return None
        figure: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return np.load(places), figure


def child(who: str, vectors: str, places: str, text: str) -> None:
    """Fit in this process; prints one line of JSON."""
    import numpy as np

    X, settings = np.load(vectors), json.loads(text)
    n = settings.pop("fit_rows", len(X))
    seed, wanted = settings.pop("seed", 0), settings.pop("contributions", False)
    begun, used = time.perf_counter(), time.process_time()
    epochs = None
    try:
        model = made(who, settings, seed)
        if who.startswith("glass-box-umap"):
            epochs = epoch_clock()
            model.extra_callbacks = [epochs]
    except ImportError:
        sys.exit(3)
    imported, imported_cpu = time.perf_counter() - begun, time.process_time() - used
    begun, used = time.perf_counter(), time.process_time()
    Y = model.fit(X[:n])
    Y = model.transform(X[:n]) if who.startswith("glass-box-umap") else model.embedding_
    figure: dict[str, Any] = {
        "import_seconds": round(imported, 2),
        "fit_seconds": round(time.perf_counter() - begun, 2),
        "fit_cpu_seconds": round(time.process_time() - used, 2),
    }
    if epochs is not None:
        per_epoch, per_epoch_cpu = epochs.typical()
        missing = EPOCHS - len(epochs.seconds)
        figure |= {
            "epochs_measured": len(epochs.seconds),
            "seconds_per_epoch": round(per_epoch, 3),
            "extrapolated": missing > 0,
            "fit_seconds_200_epochs": round(figure["fit_seconds"] + missing * per_epoch, 1),
            "fit_cpu_seconds_200_epochs": round(
                figure["fit_cpu_seconds"] + missing * per_epoch_cpu, 1
            ),
        }
    if who.endswith((" l2", " top")):
        before = time.perf_counter()
        if who.endswith("l2"):
            model.compute_contributions(X, reduction="l2")
        else:
            from driftglass.explanations import top_contributions

            top_contributions(model, X, 8)
        figure["contributions_seconds"] = round(time.perf_counter() - before, 2)
    elif n < len(X):
        Y = np.concatenate([Y, model.transform(X[n:])])
    if wanted:
        model.compute_contributions(X)
        taken = []
        for _ in range(9):
            before, before_cpu = time.perf_counter(), time.process_time()
            model.compute_contributions(X)
            taken.append((time.perf_counter() - before, time.process_time() - before_cpu))
        figure["contributions_seconds"] = round(min(wall for wall, _ in taken), 4)
        figure["contributions_cpu_seconds"] = round(min(cpu for _, cpu in taken), 4)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    figure["peak_megabytes"] = round(peak, 1)
    # Above the number of cores the machine had other things to do: seconds are longer than they
    # need be, those of the processor hardly.
    figure["load_average"] = round(os.getloadavg()[0], 1)
    np.save(places, np.asarray(Y))
    print(json.dumps(figure | {"import_cpu_seconds": round(imported_cpu, 2)}))


def epoch_clock() -> Any:
    """Callback of the peer that measures its epochs."""
    from pytorch_lightning import Callback

    class Epochs(Callback):  # type: ignore[misc]
        def __init__(self) -> None:
            self.seconds: list[tuple[float, float]] = []

        def on_train_epoch_start(self, trainer: Any, module: Any) -> None:
            self.begun = time.perf_counter(), time.process_time()

        def on_train_epoch_end(self, trainer: Any, module: Any) -> None:
            now = time.perf_counter(), time.process_time()
            self.seconds.append((now[0] - self.begun[0], now[1] - self.begun[1]))

        def typical(self) -> tuple[float, float]:
            later = self.seconds[1:] or self.seconds
            middle = sorted(later)[len(later) // 2]
            return middle

    return Epochs()


def made(who: str, settings: dict[str, Any], seed: int) -> Any:
    encoder = {k: settings.pop(k) for k in ("hidden_size", "n_hidden_layers") if k in settings}
    if encoder:
        settings["encoder_kwargs"] = encoder
    if who.startswith("driftglass"):
        from driftglass.projections import GlassBoxUMAP

        return GlassBoxUMAP(random_state=seed, quiet=True, **settings)
    if who.startswith("glass-box-umap"):
        from glass_box_umap import GlassBoxUMAP as Peer

        return Peer(random_state=seed, quiet=True, **settings)
    import umap

    return umap.UMAP(random_state=seed, n_jobs=1)


if __name__ == "__main__":
    main()
