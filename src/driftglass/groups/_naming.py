"""Words that tell one group of items from the rest, and a name made of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data import (
    CategoricalColumn,
    Column,
    RecordsColumn,
    SetColumn,
    TextColumn,
)
from ..errors import InvalidInputError, NotFoundError, ShapeError

__all__ = ["GroupName", "Word", "name_groups", "rename_groups"]

MOST_WORDS = 3
MOST_LISTED = 8
SAMPLE = 20_000
"""Rows whose words are counted."""
MOST_CATEGORIES = 1_000
LEAST_SHARE = 0.15
"""Share of a group that a word of its name is found in, at least."""
MOST_SHARE = 0.6
"""A category that is in so much of a group is its name alone."""
LEAST_SCORE = 3.0
"""Standard errors by which a word is commoner in the group than outside."""
PRIOR = 2.0
TOKEN = re.compile(r"[^\W\d_][\w'’-]+", re.UNICODE)
LONGEST_WORD = 40
PROSE_SPACES = 3.0


@dataclass(frozen=True)
class Word:
    """A word that made a name.

    Parameters
    ----------
    text : str
        The word or category.
    source : str
        Column that it comes from, or "features".
    share : float
        Share of the group's items that have it, in [0, 1]; for a feature, how many standard
        deviations the group's mean lies from that of all.
    elsewhere : float
        Share of the other items that have it; 0 for a feature.
    """

    text: str
    source: str
    share: float
    elsewhere: float


@dataclass(frozen=True)
class GroupName:
    """What a group is called, and why.

    Parameters
    ----------
    name : str
        As it stands on the map.
    automatic : str
        As it was found, whatever it is called now.
    words : tuple of Word
        What tells the group from the rest, the most telling first.
    count : int
        Items in the group.
    """

    name: str
    automatic: str
    words: tuple[Word, ...]
    count: int


def name_groups(
    codes: Any, columns: Mapping[str, Column], *, vectors: Any = None, random_state: int = 0
) -> tuple[GroupName, ...]:
    """Name groups by the words and categories that tell them from the rest.

    Categories, labels of sets and words of texts are counted once per item. A word belongs to a
    name if it is commoner in the group than outside by more than chance explains. Where no word
    is, the features that differ most stand in, if vectors are given.

    Parameters
    ----------
    codes : array-like of shape (n_samples,)
        Number of each item's group; -1 for none.
    columns : mapping of str to Column
        Metadata, a value per item.
    vectors : array-like of shape (n_samples, n_features), optional
        Vectors of the items.
    random_state : int
        Seed of the sample that is read when there are more than 20,000 items.

    Returns
    -------
    names : tuple of GroupName
        By the number of the group. No two names are the same.

    Raises
    ------
    ShapeError
        Columns or vectors of another length.

    References
    ----------
    .. [1] Monroe, Colaresi and Quinn (2008). Fightin' words: lexical feature selection and
       evaluation for identifying the content of political conflict. Political Analysis.

    Examples
    --------
    >>> from driftglass.data import CategoricalColumn
    >>> kinds = CategoricalColumn(np.repeat([0, 1], 20).astype(np.int32), ("cat", "dog"))
    >>> [group.name for group in name_groups(np.repeat([0, 1], 20), {"kind": kinds})]
    ['cat', 'dog']
    """
    group = np.asarray(codes, dtype=np.int64)
    for name, column in columns.items():
        if len(column) != len(group):
            raise ShapeError(f"Column {name!r} has {len(column)} rows for {len(group)} codes.")
    counts = np.bincount(group[group >= 0]) if (group >= 0).any() else np.empty(0, dtype=np.int64)
    rows = np.flatnonzero(group >= 0)
    if len(rows) > SAMPLE:
        drawn = np.random.default_rng(random_state).choice(len(rows), SAMPLE, replace=False)
        rows = rows[np.sort(drawn)]
    found: list[list[Word]] = [[] for _ in counts]
    scores: list[list[float]] = [[] for _ in counts]
    for name, column in columns.items():
        for number, word, score in _telling(group[rows], len(counts), name, column, rows):
            found[number].append(word)
            scores[number].append(score)
    if vectors is not None and any(not words for words in found):
        features = _telling_features(group[rows], len(counts), np.asarray(vectors)[rows])
        found = [words or features[number] for number, words in enumerate(found)]
        scores = [one or [0.0] * len(found[i]) for i, one in enumerate(scores)]
    ordered = [
        tuple(words[i] for i in np.argsort([-score for score in score_of], kind="stable"))
        for words, score_of in zip(found, scores, strict=True)
    ]
    names = _distinct([_named(words) for words in ordered], ordered)
    return tuple(
        GroupName(name, name, words[:MOST_LISTED], int(count))
        for name, words, count in zip(names, ordered, counts, strict=True)
    )


def rename_groups(groups: Sequence[GroupName], names: Mapping[int, str]) -> tuple[GroupName, ...]:
    """Call some groups otherwise; an empty name gives the automatic one back.

    Raises
    ------
    NotFoundError
        There is no group of that number.
    InvalidInputError
        A name that is no text.
    """
    renamed = list(groups)
    for number, name in names.items():
        if not 0 <= number < len(groups):
            raise NotFoundError.for_name("group", number, list(range(len(groups))))
        if not isinstance(name, str):
            raise InvalidInputError(f"The name of group {number} is {name!r:.60}; text is needed.")
        called = name.strip() or groups[number].automatic
        renamed[number] = replace(groups[number], name=called)
    return tuple(renamed)


def _telling(
    group: NDArray[np.int64], n_groups: int, source: str, column: Column, rows: NDArray[np.intp]
) -> Iterable[tuple[int, Word, float]]:
    """Words of a column that are commoner in a group than outside, with how telling they are."""
    words, at, of = _mentions(column, rows)
    if len(words) == 0:
        return
    table = np.zeros((n_groups, len(words)))
    np.add.at(table, (group[at], of), 1)
    sizes = np.bincount(group, minlength=n_groups).astype(np.float64)[:, None]
    total, everyone = table.sum(axis=0), float(len(group))
    prior = PRIOR * (total + 0.5) / everyone
    inside, outside = table + prior, total - table + prior
    without = sizes - table + PRIOR - prior
    others = (everyone - sizes) - (total - table) + PRIOR - prior
    odds = np.log(inside / np.maximum(without, 1e-9)) - np.log(outside / np.maximum(others, 1e-9))
    error = np.sqrt(1 / inside + 1 / outside)
    share = table / np.maximum(sizes, 1)
    elsewhere = (total - table) / np.maximum(everyone - sizes, 1)
    alone = n_groups == 1
    telling = (share >= LEAST_SHARE) & ((odds / error >= LEAST_SCORE) | alone)
    worth = share * np.log((share + 0.02) / (elsewhere + 0.02))
    for number, word in zip(*np.nonzero(telling), strict=True):
        if alone or worth[number, word] > 0:
            yield (
                int(number),
                Word(
                    words[word],
                    source,
                    float(share[number, word]),
                    0.0 if alone else float(elsewhere[number, word]),
                ),
                float(worth[number, word]),
            )


def _mentions(
    column: Column, rows: NDArray[np.intp]
) -> tuple[list[str], NDArray[np.int64], NDArray[np.int64]]:
    """Words of a column, and who (place among `rows`) has which (number of the word), each once."""
    none = np.empty(0, dtype=np.int64)
    taken = column.take(rows.astype(np.int64))
    if isinstance(taken, CategoricalColumn) and _is_prose(taken.categories):
        return _words_of([taken.value(row) for row in range(len(taken))])
    if isinstance(taken, CategoricalColumn) and len(taken.categories) <= MOST_CATEGORIES:
        known = np.flatnonzero(taken.codes >= 0)
        return list(taken.categories), known, taken.codes[known].astype(np.int64)
    if isinstance(taken, (SetColumn, RecordsColumn)):
        names = [one if isinstance(one, str) else f"{one[0]}: {one[1]}" for one in taken.categories]
        at = np.repeat(np.arange(len(rows)), np.diff(taken.offsets))
        pairs = np.unique(np.stack([at, taken.codes]), axis=1) if len(at) else np.empty((2, 0))
        return names, pairs[0].astype(np.int64), pairs[1].astype(np.int64)
    if isinstance(taken, TextColumn):
        return _words_of(taken.values)
    return [], none, none


def _is_prose(categories: Sequence[str]) -> bool:
    """Whether categories are sentences that recur, of which the words are of use."""
    return bool(categories) and float(np.mean([c.count(" ") for c in categories])) >= PROSE_SPACES


def _words_of(
    texts: Sequence[str | None],
) -> tuple[list[str], NDArray[np.int64], NDArray[np.int64]]:
    number: dict[str, int] = {}
    at: list[int] = []
    of: list[int] = []
    for place, text in enumerate(texts):
        said = set(TOKEN.findall(text[:2_000].casefold())) if text else ()
        for word in said:
            if len(word) <= LONGEST_WORD:
                at.append(place)
                of.append(number.setdefault(word, len(number)))
    where, which = np.array(at, dtype=np.int64), np.array(of, dtype=np.int64)
    # What one text alone says tells nothing of a group.
    common = np.flatnonzero(np.bincount(which, minlength=len(number)) >= 3) if len(which) else which
    new = np.full(len(number), -1, dtype=np.int64)
    words = list(number)
    # By the alphabet, so that equals are ordered the same whatever order a set was walked in.
    common = np.array(sorted(common, key=lambda i: words[i]), dtype=np.int64)
    new[common] = np.arange(len(common))
    keep = new[which] >= 0 if len(which) else np.empty(0, dtype=bool)
    return [words[i] for i in common], where[keep], new[which[keep]]


def _telling_features(group: NDArray[np.int64], n_groups: int, X: NDArray[Any]) -> list[list[Word]]:
    X = X.astype(np.float64)
    finite = np.isfinite(X).all(axis=1)
    X, group = X[finite], group[finite]
    spread = X.std(axis=0)
    found: list[list[Word]] = []
    for number in range(n_groups):
        mine = group == number
        if not mine.any():
            found.append([])
            continue
        away = np.divide(
            X[mine].mean(axis=0) - X.mean(axis=0),
            spread,
            out=np.zeros(X.shape[1]),
            where=spread > 0,
        )
        order = np.argsort(-np.abs(away), kind="stable")[:MOST_WORDS]
        found.append(
            [
                Word(f"{'+' if away[j] > 0 else '−'}{j}", "features", float(away[j]), 0.0)
                for j in order
                if away[j] != 0
            ]
        )
    return found


def _named(words: Sequence[Word]) -> str:
    if not words:
        return ""
    if words[0].share >= MOST_SHARE and words[0].source != "features":
        return words[0].text
    return " · ".join(word.text for word in words[:MOST_WORDS])


def _distinct(names: list[str], words: Sequence[Sequence[Word]]) -> list[str]:
    """No two the same: the next word is added, and where there is none, a number."""
    result: list[str] = []
    for number, name in enumerate(names):
        called = name or f"group {number + 1}"
        more = [word.text for word in words[number] if word.text not in called.split(" · ")]
        while called in result and more:
            called = f"{called} · {more.pop(0)}"
        again = 2
        base = called
        while called in result:
            called, again = f"{base} ({again})", again + 1
        result.append(called)
    return result
