"""``driftglass demo``: a real training run to watch, with nothing to prepare."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ._ask import Asking
from ._console import Console, command_options, examples
from ._places import StorePath
from ._serve import DEFAULT_PORT, wait_for_end
from ._text import megabytes, plain, seconds, table

if TYPE_CHECKING:
    from .._progress import Progress
    from ..store import Run, Store
    from ._digits import Digits, Network

__all__ = ["demo", "log_training"]

RUN = "digits-mlp"
PROJECTED_AT = (6, 12, 24)
"""Numbers of snapshots at which the flat maps are brought up to date while training goes on."""


@click.command(
    epilog=examples(
        "driftglass demo",
        "driftglass demo --exit               make everything, print what was made, end",
        "driftglass demo --steps 20000        more time to watch",
    )
)
@click.option("--exit", "leave", is_flag=True, help="End when everything is made.")
@click.option(
    "--dir", "folder", type=StorePath(), default="demo-runs", show_default=True, help="Store."
)
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    default=DEFAULT_PORT,
    show_default=True,
    help="Port, or the next free one; 0 takes any.",
)
@click.option(
    "--browser/--no-browser", default=None, help="Open the page.  [default: not with --exit]"
)
@click.option(
    "--steps", type=click.IntRange(40), default=3000, show_default=True, help="Gradient steps."
)
@click.option("--random-state", type=int, default=0, show_default=True, help="Seed.")
@command_options
def demo(
    console: Console,
    leave: bool,
    folder: Path,
    port: int,
    browser: bool | None,
    steps: int,
    random_state: int,
) -> None:
    """Train a small network and watch its layers move.

    The network learns scikit-learn's handwritten digits. Opens the viewer first, so that
    snapshots arrive while one looks; refines the maps at the end if the viewer stays open.
    Everything is computed here and nothing is downloaded: the digits come with scikit-learn.
    """
    begin = time.perf_counter()
    from .. import open as open_folder
    from ..server import start
    from ._digits import Network, load_digits

    store = open_folder(folder)
    digits = load_digits(random_state)
    run = _create(store, digits, steps)
    with run, start(store, port=port, open_browser=_wanted(browser, leave)) as serving:
        console.note(f"{serving.message}\nTraining on {len(digits.ids):,} digits …")
        asking = Asking(serving.url)
        network = Network(digits, random_state)
        with console.bar() as bar:
            times = log_training(run, network, steps, asking=asking, progress=bar)
            run.close()
            for wanted in _maps(run):
                asking.start_projection(run.name, wanted)
            maps = [asking.projection(run.name, wanted, progress=bar) for wanted in _maps(run)]
        made = _made(store, run, network, times, maps, asking)
        made["seconds"] = time.perf_counter() - begin
        made["url"] = None if leave else serving.url
        console.result(made, _lines(made))
        if not leave:
            console.note("Refining the maps, so that they move only where the vectors moved …")
            with console.bar() as bar:
                trust = refine_maps(run, asking, bar)
            found = " and ".join(
                f"{value:.3f} for {plain(space)}" for space, value in trust.items()
            )
            console.note(f"Trustworthiness {found}. Reload the page to see them.")
            console.note("Press Ctrl-C to stop.")
            wait_for_end()


def _wanted(browser: bool | None, leave: bool) -> bool:
    return not leave if browser is None else browser


def _create(store: Store, digits: Digits, steps: int) -> Run:
    """Begin a run under the first name that is free: earlier demos stay, to be compared."""
    from ._digits import snapshot_steps

    taken = {run.name for run in store.runs()}
    names = itertools.chain([RUN], (f"{RUN}-{number}" for number in itertools.count(2)))
    return store.create(
        next(name for name in names if name not in taken),
        ids=digits.ids,
        metadata=digits.table,
        images=digits.images,
        classes=[str(digit) for digit in range(10)],
        expected_steps=len(snapshot_steps(steps)),
    )


@dataclass(frozen=True)
class Times:
    """Where the time of a training run went, in seconds."""

    training: float
    looking: float
    logging: float

    @property
    def share(self) -> float:
        """Part of a training step that logging takes; looking at the layers is not training."""
        return self.logging / (self.training + self.logging)


def log_training(
    run: Run, network: Network, last: int, *, asking: Asking | None, progress: Progress
) -> Times:
    """Train until step `last`, log each snapshot, and have the maps follow.

    Parameters
    ----------
    run : Run
        Open for writing.
    network : Network
        What to train.
    last : int
        Step to end with.
    asking : Asking or None
        Server to ask for maps now and then; None logs only.
    progress : Progress
        Told after every snapshot.
    """
    from ._digits import snapshot_steps

    training = looking = logging = 0.0
    for number, step in enumerate(snapshot_steps(last), start=1):
        start = time.perf_counter()
        network.train(step)
        trained = time.perf_counter()
        spaces, probabilities = network.spaces(), network.probabilities()
        scalars = network.scalars(probabilities)
        looked = time.perf_counter()
        run.log(step, spaces=spaces, predictions=probabilities, scalars=scalars)
        logged = time.perf_counter()
        training += trained - start
        looking += looked - trained
        logging += logged - looked
        if asking is not None and number in PROJECTED_AT:
            run.flush()
            for wanted in _maps(run, n_components=(2,)):
                asking.start_projection(run.name, wanted)
        progress(step, last, "training")
    return Times(training, looking, logging)


def _maps(run: Run, n_components: tuple[int, ...] = (2, 3)) -> list[dict[str, Any]]:
    """What the page asks for when it opens the run."""
    return [
        {"space": space, "method": "pca", "n_components": n, "basis": "all"}
        for space in run.spaces
        for n in n_components
    ]


def refine_maps(run: Run, asking: Asking, progress: Progress) -> dict[str, float]:
    """Make the maps that show most, which a run that grows has no time for.

    Returns
    -------
    trust : dict of str to float
        Trustworthiness of the last map of each space.
    """
    trust = {}
    for space in run.spaces:
        wanted = {"space": space, "method": "refine", "n_components": 2}
        made = asking.projection(run.name, wanted, progress=progress)
        trust[space] = made["frames"][-1]["trustworthiness"]
    return trust


def _made(
    store: Store,
    run: Run,
    network: Network,
    times: Times,
    maps: list[dict[str, Any]],
    asking: Asking,
) -> dict[str, Any]:
    described = asking.ask(f"/api/runs/{run.name}")
    last = store.run(run.name).scalars()
    return {
        "run": run.name,
        "path": str(store.path),
        "state": described["state"],
        "n_items": described["n_items"],
        "n_training_steps": network.step,
        "nbytes": described["nbytes"],
        "spaces": {space["name"]: len(space["snapshots"]) for space in described["spaces"]},
        "accuracy": {name: float(last[name][1][-1]) for name in ("accuracy", "val_accuracy")},
        "logging_share": times.share,
        "training_seconds": times.training,
        "projections": [
            {
                "label": found["label"],
                "space": wanted["space"],
                "n_frames": len(found["frames"]),
                **{
                    name: found["frames"][-1][name]
                    for name in ("trustworthiness", "continuity", "null")
                },
            }
            for wanted, found in zip(_maps(run), maps, strict=True)
        ],
    }


def _lines(made: dict[str, Any]) -> Iterator[str]:
    spaces = " and ".join(f"{n} of {plain(name)}" for name, n in made["spaces"].items())
    accuracy = made["accuracy"]
    yield f"Made the run {made['run']} in {plain(made['path'])}, {megabytes(made['nbytes'])}:"
    yield f"  snapshots  {spaces}, {made['n_items']:,} digits each"
    yield (
        f"  training   {made['n_training_steps']:,} steps in {seconds(made['training_seconds'])}; "
        f"logging took {made['logging_share']:.1%} of it"
    )
    yield (
        f"  accuracy   {accuracy['accuracy']:.1%} on the digits it learnt from, "
        f"{accuracy['val_accuracy']:.1%} on others"
    )
    rows = [
        (
            found["space"],
            found["label"],
            *(f"{found[name]:.3f}" for name in ("trustworthiness", "null", "continuity")),
        )
        for found in made["projections"]
    ]
    yield "Maps, and how far the last of each can be trusted:"
    header = ("SPACE", "PROJECTION", "TRUSTWORTHINESS", "BY CHANCE", "CONTINUITY")
    yield from (f"  {line}" for line in table(header, rows))
    yield f"{seconds(made['seconds'])} in all."
