"""A small table of results, ready for a report."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import NotFoundError, ShapeError

__all__ = ["Table"]

_LATEX = {character: f"\\{character}" for character in "&%$#_{}"} | {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
}


@dataclass(frozen=True)
class Table:
    """Rows of plain values under named columns.

    Parameters
    ----------
    columns : tuple of str
        Names, each once.
    rows : tuple of tuple
        One value per column: text, a number, or None where there is none.
    caption : str
        What the table shows and how it was measured; goes with every format.

    Raises
    ------
    ShapeError
        A row has not one value per column.

    Examples
    --------
    >>> print(Table(("space", "silhouette"), (("tuned", 0.25),)).to_markdown())
    | space | silhouette |
    | --- | ---: |
    | tuned | 0.25 |
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    caption: str = ""

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ShapeError(
                    f"A row has {len(row)} values for {len(self.columns)} columns: {row!r:.80}."
                )

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        return (dict(zip(self.columns, row, strict=True)) for row in self.rows)

    def __getitem__(self, column: str) -> list[Any]:
        """Values of one column."""
        if column not in self.columns:
            raise NotFoundError.for_name("column", column, self.columns)
        at = self.columns.index(column)
        return [row[at] for row in self.rows]

    def to_dict(self) -> dict[str, list[Any]]:
        """Columns by name, as data frame libraries take them."""
        return {name: self[name] for name in self.columns}

    def to_csv(self) -> str:
        """Text with commas, numbers in full."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(self.columns)
        writer.writerows(["" if value is None else value for value in row] for row in self.rows)
        return out.getvalue()

    def to_markdown(self) -> str:
        """A pipe table, numbers to three digits."""
        numeric = self._numeric()
        lines = [
            self.columns,
            tuple("---:" if number else "---" for number in numeric),
            *(tuple(_shown(value).replace("|", "\\|") for value in row) for row in self.rows),
        ]
        text = "\n".join(f"| {' | '.join(line)} |" for line in lines)
        return f"{text}\n\n{self.caption}" if self.caption else text

    def to_latex(self) -> str:
        """A tabular with rules of the booktabs package, numbers to three digits."""
        align = "".join("r" if number else "l" for number in self._numeric())
        rows = [" & ".join(_escaped(_shown(value)) for value in row) for row in self.rows]
        body = [
            rf"\begin{{tabular}}{{{align}}}",
            r"\toprule",
            " & ".join(_escaped(name) for name in self.columns) + r" \\",
            r"\midrule",
            *(row + r" \\" for row in rows),
            r"\bottomrule",
            r"\end{tabular}",
        ]
        if self.caption:
            body = [
                r"\begin{table}",
                *body,
                rf"\caption{{{_escaped(self.caption)}}}",
                r"\end{table}",
            ]
        return "\n".join(body)

    def _numeric(self) -> Sequence[bool]:
        return [
            any(isinstance(value, (int, float)) for value in self[name])
            and not any(isinstance(value, str) for value in self[name])
            for name in self.columns
        ]


def _shown(value: Any) -> str:
    if value is None or value != value:
        return "–"
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _escaped(text: str) -> str:
    return "".join(_LATEX.get(character, character) for character in text).replace("–", "--")
