"""``driftglass project``: maps of a run's spaces, kept with the run; or of a file's rows."""

from __future__ import annotations

import json
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from ..errors import DriftglassWarning
from ._console import Console, command_options, examples
from ._places import RunName, find_run, store_option
from ._project_file import is_file_of_vectors, project_vectors
from ._project_large import LARGE_OPTIONS, is_folder_of_vectors, large_options, project_folder
from ._text import count, plain, seconds, table

if TYPE_CHECKING:
    from ..data import ProjectionSequence
    from ..store import Run

__all__ = ["project", "trust"]

SHOWN_FRAMES = 12


@click.command(
    epilog=examples(
        "driftglass project digits-mlp",
        "driftglass project runs/digits-mlp --space hidden2 --n-components 3",
        "driftglass project vectors.npy --method umap -o map.parquet",
        "driftglass project words.csv --id word --metric cosine -p n_neighbors=30",
        "driftglass project mnist.npz --flatten --method tsne -o map.npz",
        "driftglass project shards/ --dask tcp://scheduler:8786 --method umap",
    )
)
@click.argument("source", type=RunName(), metavar="SOURCE")
@store_option
@click.option("-s", "--space", "spaces", multiple=True, help="Space to project; all by default.")
@click.option(
    "--method",
    help="Name of the method.  [default: pca for a run, umap for a file]",
    metavar="NAME",
)
@click.option(
    "--n-components",
    "--components",
    type=click.IntRange(1, 64),
    default=2,
    show_default=True,
    help="Axes of the map; 2 or 3 for a run.",
)
@click.option(
    "--basis",
    default="all",
    show_default=True,
    help="Snapshots that the axes come from: all, first, last, window, or N for every N-th.",
)
@click.option("--metric", help="Distance between rows: euclidean, cosine, …", metavar="NAME")
@click.option(
    "-p",
    "--parameter",
    "parameters",
    multiple=True,
    callback=lambda context, option, values: parsed(values),
    help="Parameter of the method, such as n_neighbors=30; may be repeated.",
    metavar="NAME=VALUE",
)
@click.option(
    "--random-state", "--seed", type=int, default=0, show_default=True, help="Seed of the method."
)
@click.option("--refresh", is_flag=True, help="Project a run again even if a result is kept.")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="For a file: .parquet, .csv, .tsv, .npz or .npy.  [default: SOURCE-METHOD.csv]",
)
@click.option("--array", help="For .npz: array with the vectors.", metavar="NAME")
@click.option("--id", "ids", help="For a file: column with the names of the rows.", metavar="NAME")
@click.option(
    "--keep",
    multiple=True,
    help="For a file: column of numbers that is no feature.",
    metavar="NAME",
)
@click.option("--drop", multiple=True, help="For a file: column to leave out.", metavar="NAME")
@click.option("--flatten", is_flag=True, help="For a file: make each image or sequence one row.")
@click.option(
    "--nan",
    type=click.Choice(["drop", "raise", "impute"]),
    default="drop",
    show_default=True,
    help="What becomes of rows that are not finite.",
)
@large_options
@command_options
def project(
    console: Console,
    source: str,
    store: Path,
    spaces: tuple[str, ...],
    method: str | None,
    n_components: int,
    basis: str,
    metric: str | None,
    parameters: dict[str, Any],
    random_state: int,
    refresh: bool,
    output: Path | None,
    nan: str,
    **reading: Any,
) -> None:
    """Project the spaces of a run or the rows of a file, and measure each map.

    SOURCE is a run (a name in the store, or its folder), a file (.npy, .npz, .csv, .tsv or
    .parquet), or a folder of .npy or .parquet files or in Zarr's format, which may be larger than
    memory: it becomes a run of the store. The viewer finds the maps of a run and shows them at
    once; the map of a file is written to another file, with the ids and with the columns that are
    not features.

    Trustworthiness and continuity lie in [0, 1]; the null is the trustworthiness of a shuffled
    map, which is what chance gives.
    """
    if metric is not None:
        parameters["metric"] = metric
    options = {"n_components": n_components, "random_state": random_state, "nan": nan, **parameters}
    large = {name: reading.pop(name) for name in LARGE_OPTIONS}
    if is_folder_of_vectors(source):
        beside = tuple(name for name in reading if name != "array")
        _refuse("a folder", ("basis", "refresh", "output", "nan", *beside))
        if len(spaces) > 1:
            raise click.UsageError("--space is the one name that the space of a folder gets.")
        options.pop("nan")
        project_folder(
            console,
            source,
            store,
            large=large,
            method=method or "umap",
            array=reading["array"],
            space=spaces[0] if spaces else "vectors",
            **options,
        )
        return
    if is_file_of_vectors(source):
        _refuse("a file", ("spaces", "basis", "refresh", "store", *LARGE_OPTIONS))
        project_vectors(
            console, source, output, reading=reading, method=method or "umap", **options
        )
        return
    _refuse("a run", ("output", *reading, *LARGE_OPTIONS))
    if not 2 <= n_components <= 3:
        raise click.UsageError(f"--n-components is {n_components}; maps of a run have 2 or 3.")
    found = find_run(source, store, read_only=False)
    if nan == "drop":  # what a request leaves out and what it spells out find the same result
        options.pop("nan")
    options |= {"method": method or "pca", "refresh": refresh}
    options["basis"] = int(basis) if basis.isdecimal() else basis
    results = [
        _projected(console, found, space, options) for space in spaces or tuple(found.spaces)
    ]
    console.result(results, [line for result in results for line in _lines(result)])


def parsed(values: tuple[str, ...]) -> dict[str, Any]:
    """Parameters from NAME=VALUE, with numbers, lists, true, false and null as JSON has them."""
    parameters: dict[str, Any] = {}
    for given in values:
        name, equals, value = given.partition("=")
        name = name.strip().replace("-", "_")
        if not equals or not name.isidentifier():
            raise click.BadParameter(f"{given!r} is not NAME=VALUE, such as n_neighbors=30.")
        try:
            parameters[name] = json.loads({"None": "null", "True": "true", "False": "false"}.get(
                value, value
            ))  # fmt: skip
        except ValueError:
            parameters[name] = value
    return parameters


def _refuse(what: str, names: tuple[str, ...]) -> None:
    """Say that options are of no use rather than do as if they had been heeded."""
    context = click.get_current_context()
    for parameter in context.command.params:
        source = context.get_parameter_source(parameter.name or "")
        if parameter.name in names and source is ParameterSource.COMMANDLINE:
            raise click.UsageError(f"{parameter.opts[-1]} has no meaning for {what}.")


def _projected(console: Console, run: Run, space: str, options: dict[str, Any]) -> dict[str, Any]:
    from .. import project as project_space

    start = time.perf_counter()
    with warnings.catch_warnings(record=True) as caught, console.bar() as bar:
        warnings.simplefilter("always", DriftglassWarning)
        sequence = project_space(run, space, progress=bar, **options)
    for said in dict.fromkeys(str(item.message) for item in caught):
        console.note(f"{plain(space)}: {plain(said)}")
    return {"space": space, "seconds": time.perf_counter() - start, **trust(sequence)}


def trust(sequence: ProjectionSequence) -> dict[str, Any]:
    """Key of a sequence and the quality of each of its frames, as plain values."""
    return {
        "key": sequence.provenance.key,
        "method": sequence.provenance.method,
        "n_components": sequence.n_components,
        "frames": [
            {
                "step": frame.step,
                "n_samples": len(frame.ids),
                "n_excluded": len(frame.excluded),
                "trustworthiness": frame.quality and frame.quality.trustworthiness,
                "continuity": frame.quality and frame.quality.continuity,
                "null": frame.quality and frame.quality.null,
            }
            for frame in sequence
        ],
    }


def _lines(result: dict[str, Any]) -> Iterator[str]:
    frames = result["frames"]
    yield (
        f"{plain(result['space'])}: {result['method']}, {result['n_components']}D, "
        f"{count(len(frames), 'snapshot')}, {seconds(result['seconds'])}"
    )
    # The first and last frames say most; the middle is there with --json.
    half = SHOWN_FRAMES // 2
    shown = frames if len(frames) <= SHOWN_FRAMES else [*frames[:half], None, *frames[-half:]]
    header = ("STEP", "POINTS", "EXCLUDED", "TRUSTWORTHINESS", "CONTINUITY", "NULL")
    rows = [
        ("…",) * len(header)
        if frame is None
        else (
            f"{frame['step']:,}",
            f"{frame['n_samples']:,}",
            f"{frame['n_excluded']:,}",
            *(_figure(frame[name]) for name in ("trustworthiness", "continuity", "null")),
        )
        for frame in shown
    ]
    yield from (f"  {line}" for line in table(header, rows))


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
