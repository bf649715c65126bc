"""The table of `benchmarks.engine` as Markdown: seconds, ratios, goals and what quality costs."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from .engine_lines import LINES, Line

Figure = dict[str, Any]
QUALITY = (
    ("trustworthiness", "trust"),
    ("continuity", "cont."),
    ("neighbours_kept", "kNN"),
    ("label_accuracy", "label"),
    ("spearman", "Spearman"),
    ("triplets", "triplets"),
    ("recall", "recall"),
)
PARTS = (
    ("all", "cold_seconds"),
    ("all, processor", "cold_cpu_seconds"),
    ("neighbours", "neighbors_seconds"),
    ("affinities", "affinities_seconds"),
    ("initialization", "initialization_seconds"),
    ("layout", "layout_seconds"),
)
TRUST_SLACK, SLACK = 0.005, 0.01


def show(figures: Sequence[Figure]) -> None:
    """Print the tables that the figures allow."""
    data = dict.fromkeys(figure["data"] for figure in figures)
    given = [name for name in data if not name.startswith("planted")]
    for name in given:
        rows = [row for line in LINES for row in _row(line, name, figures)]
        if rows:
            header = (
                *("work", "ours", "s", "peer", "s", "ratio", "goal", "stretch", "", "of floor"),
                "quality",
            )
            print(f"\n### {name}\n")
            _print(header, rows)
    for name in data:
        print(f"\n#### Measured: {name}\n")
        _print_figures([figure for figure in figures if figure["data"] == name])
    _print_scaling([figure for figure in figures if figure["work"] == "scaling"])
    print("\n`of floor`: ours over the seconds that counting work gives for MNIST on two cores.")
    print("`*`: ours and the peer's were not measured in the same sitting.")


def _row(line: Line, name: str, figures: Sequence[Figure]) -> Iterator[tuple[str, ...]]:
    if (name == "digits") != (line.data == "digits"):
        # Lines of the big set are of use for digits too, but have no goal there.
        if line.data == "digits":
            return
        line = replace(line, goal=math.nan, stretch=None)
    ours = _find(figures, name, line.ours, line)
    if ours is None:
        return
    beside = (_find(figures, name, peer, line, near=ours) for peer in line.peers)
    peers = [peer for peer in beside if peer is not None]
    peer = min(peers, key=lambda figure: figure[line.figure], default=None)
    ratio = math.nan if peer is None else ours[line.figure] / peer[line.figure]
    compared = ours[line.figure] if line.limit else ratio
    mark = "" if peer is None or peer["sitting"] == ours["sitting"] else "*"
    unit = " s" if line.limit else ""
    yield (
        line.text,
        line.ours,
        f"{ours[line.figure]:.2f}",
        "–" if peer is None else peer["method"],
        "–" if peer is None else f"{peer[line.figure]:.2f}",
        "–" if peer is None else f"{ratio:.3f}{mark}",
        _goal(line.goal, unit),
        _goal(line.stretch, unit),
        _verdict(line, compared),
        f"{ours[line.figure] / line.floor:.2f}" if line.floor and name == "mnist" else "",
        "" if peer is None else _quality(ours, peer),
    )


def _find(
    figures: Sequence[Figure], name: str, method: str, line: Line, near: Figure | None = None
) -> Figure | None:
    """Figure of a method: that of the line's own work, or of one at the same time."""
    found = [f for f in figures if (f["data"], f["method"]) == (name, method) and line.figure in f]
    found.sort(key=lambda f: (f["work"] != line.work, near and f["sitting"] != near["sitting"]))
    return found[0] if found else None


def _goal(value: float | None, unit: str) -> str:
    return "" if value is None or math.isnan(value) else f"{value:.3g}{unit}"


def _verdict(line: Line, compared: float) -> str:
    if math.isnan(compared) or math.isnan(line.goal):
        return ""
    if line.stretch is not None and compared <= line.stretch:
        return "stretch"
    return "goal" if compared <= line.goal else "missed"


def _quality(ours: Figure, peer: Figure) -> str:
    """Where ours is below the peer's by more than may be; "as good" where nowhere."""
    below = []
    for key, short in QUALITY:
        if key not in ours or key not in peer:
            continue
        slack = TRUST_SLACK if key == "trustworthiness" else SLACK
        if ours[key] < peer[key] - slack:
            below.append(f"{short} {ours[key]:.3f} < {peer[key]:.3f}")
    if any(key in ours and key in peer for key, _ in QUALITY):
        return ", ".join(below) or "as good"
    return ""


def _print_figures(figures: Sequence[Figure]) -> None:
    keys = [(key, short) for key, short in QUALITY if any(key in f for f in figures)]
    header = ("work", "method", "first s", "CPU s", "later s", "CPU s", "peak MB")
    rows = [
        (
            figure["work"],
            figure["method"],
            *(
                f"{figure[key]:.2f}" if key in figure else ""
                for key in ("cold_seconds", "cold_cpu_seconds", "warm_seconds", "warm_cpu_seconds")
            ),
            f"{figure['peak_megabytes']:,.0f}",
            *(f"{figure[key]:.4f}" if key in figure else "" for key, _ in keys),
        )
        for figure in figures
    ]
    _print((*header, *(short for _, short in keys)), rows)


def _print_scaling(figures: Sequence[Figure]) -> None:
    for method in dict.fromkeys(figure["method"] for figure in figures):
        found = sorted(
            (figure for figure in figures if figure["method"] == method),
            key=lambda figure: figure["n_samples"],
        )
        if len(found) < 2:
            continue
        print(f"\n#### {method} as rows grow: seconds, and exponents (goal of all: 1.1)\n")
        rows = [
            (name, *(_seconds(f, key) for f in found), _exponent(found, key))
            for name, key in PARTS
            if all(key in figure for figure in found)
        ]
        _print(("", *(f"{figure['n_samples']:,}" for figure in found), "exponent"), rows)


def _seconds(figure: Figure, key: str) -> str:
    return f"{figure[key]:.2f}"


def _exponent(figures: Sequence[Figure], key: str) -> str:
    """Slope of the logarithms of seconds by those of rows."""
    logs = [(math.log(f["n_samples"]), math.log(max(f[key], 1e-3))) for f in figures]
    mean = [sum(values) / len(logs) for values in zip(*logs, strict=True)]
    slope = sum((x - mean[0]) * (y - mean[1]) for x, y in logs)
    return f"{slope / sum((x - mean[0]) ** 2 for x, _ in logs):.2f}"


def _print(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    print("| " + " | ".join(header) + " |")
    print("|" + " --- |" * len(header))
    for row in rows:
        print("| " + " | ".join(row) + " |")
