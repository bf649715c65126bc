"""Animations of a run by each method, with the parameters that train-viz gives them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..._project import project
from ...data import ProjectionSequence
from ...errors import InvalidInputError
from ...projections import project_sequence
from ._animation import Animation
from ._run import Run

__all__ = [
    "generate_mphate_animation",
    "generate_pca_animation",
    "generate_phate_animation",
    "generate_tsne_animation",
    "generate_umap_animation",
]

SEED = 42


def generate_pca_animation(
    run: Run,
    fit_basis: str | int = "all",
    max_frames: int | None = None,
    window_size: int = 10,
    out_dim: int = 2,
    fit_basis_n: int = 5,
    load_and_save: bool = True,
    title: str | None = None,
) -> Animation:
    """Principal axes of all snapshots, the first, the last, one by number, every nth or a window.

    Parameters
    ----------
    run : Run
        What to map.
    fit_basis : {"all", "first", "last", "all_n", "window"} or int
        Snapshots the axes are learnt from; for "window" those up to each frame, which is then
        turned onto the one before.
    max_frames : int, optional
        Only the first so many snapshots.
    window_size : int
        Snapshots in a window.
    out_dim : int
        2 or 3.
    fit_basis_n : int
        For "all_n".
    load_and_save : bool
        Whether to take a result that is kept with the run; it is found by everything that went
        into it.
    title : str, optional
        What it is called.

    Returns
    -------
    animation : Animation
        In one frame.
    """
    said = title or f"PCA {fit_basis}{f' {window_size}' if fit_basis == 'window' else ''}"
    if isinstance(fit_basis, (int, np.integer)):
        axes = _axes_of(run, int(fit_basis), out_dim)
        return _made(run, said, max_frames, load_and_save, out_dim, method="linear", axes=axes)
    basis = {"all": "all", "first": "first", "last": "last", "window": "window",
             "all_n": fit_basis_n}.get(fit_basis)  # fmt: skip
    if basis is None:
        raise InvalidInputError(
            f"fit_basis is {fit_basis!r}; 'all', 'first', 'last', 'all_n', 'window' or the number "
            f"of a snapshot is needed."
        )
    more = {"window": window_size} if basis == "window" else {}
    return _made(run, said, max_frames, load_and_save, out_dim, method="pca", basis=basis, **more)


def generate_tsne_animation(
    run: Run,
    max_frames: int | None = None,
    reverse_computation: bool = False,
    random_state: int | None = SEED,
    tsne_init: str = "pca",
    tsne_perplexity: float = 30.0,
    tsne_update: float = 1,
    metric: str = "euclidean",
    out_dim: int = 2,
    load_and_save: bool = True,
    title: str | None = None,
) -> Animation:
    """t-SNE from the frame before (or after, in reverse), of which each keeps a share.

    Parameters
    ----------
    run, max_frames, out_dim, load_and_save, title
        As in `generate_pca_animation`.
    reverse_computation : bool
        Begin with the last snapshot; vectors are mapped, never maps.
    random_state : int, optional
        Seed; 42 for None.
    tsne_init : {"pca", "random", "spectral"}
        Where the first frame starts.
    tsne_perplexity : float
        Effective number of neighbours.
    tsne_update : float
        In [0, 1], what each frame takes of its own map.
    metric : str
        Distance between vectors.

    Returns
    -------
    animation : Animation
        In one frame.
    """
    return _made(
        run,
        title or f"t-SNE update {tsne_update:g}",
        max_frames,
        load_and_save,
        out_dim,
        method="blended_tsne",
        random_state=SEED if random_state is None else random_state,
        update=float(tsne_update),
        reverse=reverse_computation,
        perplexity=float(tsne_perplexity),
        init=tsne_init,
        metric=metric,
    )


def generate_umap_animation(
    run: Run,
    fit_basis: str = "all_n",
    max_frames: int | None = None,
    reverse_computation: bool = False,
    random_state: int | None = None,
    n_neighbors: int = 15,
    min_dist: float = 0.1,
    metric: str = "euclidean",
    out_dim: int = 2,
    load_and_save: bool = True,
    fit_basis_n: int = 5,
    fit_last_n: int = 20,
    fit_max_n: int = 100,
    online: bool = False,
    title: str | None = None,
) -> Animation:
    """UMAP of some snapshots, all others placed in it; or fitted to the past only.

    Parameters
    ----------
    run, max_frames, out_dim, load_and_save, title
        As in `generate_pca_animation`.
    fit_basis : {"all", "first", "last", "all_n", "last_n", "max_n"}
        Snapshots of the fit; "last_n" and "max_n" are for `online`.
    reverse_computation : bool
        Fit again for each frame, beginning with the last.
    random_state : int, optional
        Seed; 0 for None, so that the same call gives the same maps.
    n_neighbors, min_dist, metric
        As in `driftglass.projections.UMAP`.
    fit_basis_n, fit_last_n, fit_max_n : int
        The n of "all_n", "last_n" and "max_n".
    online : bool
        Fit to the past only, again for each frame.

    Returns
    -------
    animation : Animation
        In one frame.
    """
    seed = 0 if random_state is None else random_state
    settings: dict[str, Any] = {"n_neighbors": n_neighbors, "min_dist": min_dist, "metric": metric}
    if online or reverse_computation:
        sizes = {"all": 1, "all_n": fit_basis_n, "last_n": fit_last_n, "max_n": fit_max_n}
        _among("fit_basis", fit_basis, sizes)
        settings |= {"basis": fit_basis, "n": sizes[fit_basis], "reverse": reverse_computation}
        method = "online_umap"
    else:
        bases = {"all": "all", "first": "first", "last": "last", "all_n": fit_basis_n}
        _among("fit_basis", fit_basis, bases)
        settings["basis"] = bases[fit_basis]
        method = "umap"
    said = title or f"UMAP {metric} {n_neighbors} {min_dist:g}{' online' if online else ''}"
    return _made(
        run, said, max_frames, load_and_save, out_dim, method=method, random_state=seed, **settings
    )


def generate_phate_animation(
    run: Run,
    max_frames: int | None = None,
    out_dim: int = 2,
    knn: int = 5,
    decay: float = 40,
    t: int | str = 20,
    random_state: int = SEED,
    window: int = 0,
    load_and_save: bool = True,
    title: str | None = None,
) -> Animation:
    """PHATE of each snapshot (or of it and those before), turned onto the one before.

    Parameters
    ----------
    run, max_frames, out_dim, load_and_save, title
        As in `generate_pca_animation`.
    knn, decay, t
        As in `driftglass.projections.PHATE`.
    random_state : int
        Seed.
    window : int
        Snapshots before each that are mapped with it.

    Returns
    -------
    animation : Animation
        In one frame.
    """
    return _made(
        run,
        title or "PHATE",
        max_frames,
        load_and_save,
        out_dim,
        method="phate",
        random_state=random_state,
        basis="window",
        window=window + 1,
        knn=knn,
        decay=decay,
        t=t,
    )


def generate_mphate_animation(
    run: Run,
    title: str | None = None,
    t: int | str = "auto",
    gamma: float = 0,
    interslice_knn: int = 25,
    load_and_save: bool = True,
    *,
    intraslice_knn: int = 2,
    knn: int | None = None,
    decay: float = 5,
    max_frames: int | None = None,
    out_dim: int = 2,
    random_state: int = SEED,
) -> Animation:
    """M-PHATE: one walk over all items at all times.

    Parameters
    ----------
    run, title, load_and_save, max_frames, out_dim
        As in `generate_pca_animation`.
    t, gamma, interslice_knn, intraslice_knn, decay
        As in `driftglass.projections.MPHATE`.
    knn : int, optional
        Another name of `intraslice_knn`.
    random_state : int
        Seed.

    Returns
    -------
    animation : Animation
        In one frame, of two snapshots or more.
    """
    return _made(
        run,
        title or "M-PHATE",
        max_frames,
        load_and_save,
        out_dim,
        method="mphate",
        random_state=random_state,
        t=t,
        gamma=float(gamma),
        interslice_knn=interslice_knn,
        intraslice_knn=intraslice_knn if knn is None else knn,
        decay=float(decay),
    )


def _made(
    run: Run,
    title: str,
    max_frames: int | None,
    load_and_save: bool,
    out_dim: int,
    **settings: Any,
) -> Animation:
    if max_frames is not None and max_frames < 1:
        raise InvalidInputError(f"max_frames is {max_frames}; at least 1 is needed.")
    steps = run.steps[:max_frames]
    sequence: ProjectionSequence
    if run.whole:
        # Kept with the run under everything that went into it, not under the title.
        sequence = project(
            run.run,
            run.space,
            steps=None if len(steps) == len(run.run.steps(run.space)) else steps,
            n_components=out_dim,
            refresh=not load_and_save,
            **settings,
        )
    else:
        sequence = project_sequence(
            run.embeddings[: len(steps)],
            ids=run.ids,
            steps=steps,
            n_components=out_dim,
            **settings,
        )
    return Animation(sequence, title, run)


def _axes_of(run: Run, number: int, n_components: int) -> list[list[float]]:
    """Principal axes of one snapshot."""
    from ...projections import PCA

    if not -len(run.embeddings) <= number < len(run.embeddings):
        raise InvalidInputError(
            f"fit_basis is {number}; the run has snapshots 0 to {len(run.embeddings) - 1}."
        )
    fitted = PCA(n_components=n_components).fit(run.embeddings[number])
    axes: list[list[float]] = fitted.components_.tolist()
    return axes


def _among(name: str, value: str, known: Any) -> None:
    if value not in known:
        raise InvalidInputError(f"{name} is {value!r}; one of {', '.join(known)} is needed here.")
