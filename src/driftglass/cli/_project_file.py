"""What ``driftglass project`` does with a file of vectors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import InvalidInputError
from ._console import Console
from ._text import count, megabytes, plain, seconds

if TYPE_CHECKING:
    from .._project_file import FileMap
    from ..formats import VectorFile

__all__ = ["is_file_of_vectors", "project_vectors"]

SHOWN = 6


def is_file_of_vectors(source: str) -> bool:
    """Whether a source is a file rather than a run, by what is there or by its name."""
    from ..formats import VECTOR_SUFFIXES

    path = Path(source).expanduser()
    return path.is_file() or (path.suffix.lower() in VECTOR_SUFFIXES and not path.is_dir())


def project_vectors(
    console: Console,
    source: str,
    output: Path | None,
    *,
    reading: Mapping[str, Any],
    method: str,
    **options: Any,
) -> None:
    """Read, project, measure, write, and print what came of it."""
    from .._arrays import finite_rows
    from .._project_file import project_file, refuse_gaps
    from ..formats import MAP_SUFFIXES, read_vectors

    path = Path(source).expanduser()
    written = (output or Path(f"{path.stem}-{method.lower()}.csv")).expanduser()
    # What cannot be written is said before minutes of work, not after.
    if written.suffix.lower() not in MAP_SUFFIXES:
        raise InvalidInputError(
            f"--output {written} must end in {', '.join(MAP_SUFFIXES)}, which says what to write."
        )
    if not written.parent.is_dir():
        raise InvalidInputError(f"There is no folder {str(written.parent)!r} to write to. Make it.")
    if written.suffix.lower() == ".parquet":
        from .._optional import require

        require("pyarrow.parquet", extra="parquet")
    if written.exists() and path.exists() and written.samefile(path):
        raise InvalidInputError(f"--output {written} is the file to read. Name another.")
    file = read_vectors(path, **reading)
    if written.suffix.lower() == ".npy" and options.get("nan") == "drop":
        refuse_gaps(int((~finite_rows(file.X)).sum()))
    console.note(_found(path, file))
    with console.bar() as bar:
        result = project_file(file, method=method, progress=bar, **options)
    names = result.write(written)
    console.result(
        _as_dict(path, file, result, written, names), _lines(file, result, written, names)
    )


def _found(path: Path, file: VectorFile) -> str:
    n, d = file.X.shape
    said = f"{plain(path.name)}: {count(n, 'row')} × {count(d, 'feature')}"
    if file.features:
        said += f" ({_listed(file.features)})"
    if file.columns:
        said += f"; kept beside: {_listed(tuple(file.columns))}"
    return said


def _listed(names: tuple[str, ...]) -> str:
    shown = [plain(name) for name in names]
    if len(names) > SHOWN:
        shown = [*shown[: SHOWN - 2], "…", shown[-1]]
    return ", ".join(shown)


def _as_dict(
    path: Path, file: VectorFile, result: FileMap, written: Path, names: tuple[str, ...]
) -> dict[str, Any]:
    quality = result.quality
    figures = ("trustworthiness", "continuity", "null", "n_neighbors", "n_anchors")
    return {
        "source": str(path),
        "output": str(written),
        "columns": list(names),
        "n_samples": len(result.ids),
        "n_features": file.X.shape[1],
        "n_components": result.coordinates.shape[1],
        "n_excluded": len(result.excluded),
        "excluded": result.excluded[:1000].tolist(),
        "method": result.method,
        "parameters": dict(result.parameters),
        "seconds": result.seconds,
        "quality": quality and {name: getattr(quality, name) for name in figures},
        "quality_metric": result.quality_metric,
        "notes": list(result.notes),
    }


def _lines(
    file: VectorFile, result: FileMap, written: Path, names: tuple[str, ...]
) -> Iterator[str]:
    n, n_components = result.coordinates.shape
    took = f"{result.seconds * 1000:.0f} ms"
    if result.seconds >= 0.1:
        took = f"{seconds(result.seconds)}, {n / result.seconds:,.0f} rows/s"
    yield f"{result.method}, {n_components}D, {count(n, 'point')}: {took}"
    quality = result.quality
    if quality is None:
        yield "  quality          not measured: fewer than three rows, or all equal"
    else:
        yield f"  trustworthiness  {quality.trustworthiness:.3f}   by chance {quality.null:.3f}"
        yield f"  continuity       {quality.continuity:.3f}"
        whole = quality.n_anchors == n
        rows = "all rows" if whole else f"{count(quality.n_anchors, 'anchor row')} against all"
        near = f"{quality.n_neighbors} {result.quality_metric} neighbours"
        yield f"  measured         {near} of {rows}"
    for note in result.notes:
        yield f"  note             {plain(note)}"
    size = megabytes(written.stat().st_size)
    yield f"{plain(written)}: {_listed(names)}; {size}"
