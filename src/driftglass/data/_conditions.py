"""A small language of conditions on columns, read into a tree and never evaluated as code.

label = "cat" and (loss > 0.5 or not seen)
tags all ("wild", "small") and story contains "wolf"
`loss (val)` >= 2 and taken < "2026-11-01" and owner is missing
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from ..errors import InvalidInputError

__all__ = ["And", "Compare", "Condition", "IsMissing", "Members", "Not", "Or", "Value", "parse"]

LONGEST = 4_000
DEEPEST = 40
MOST_TERMS = 500

Value = str | float | bool
Comparison = Literal["=", "!=", "<", "<=", ">", ">=", "contains"]
Membership = Literal["in", "any", "all", "none", "exactly"]


@dataclass(frozen=True)
class Compare:
    """A column against one value."""

    column: str
    operator: Comparison
    value: Value


@dataclass(frozen=True)
class Members:
    """A column against several values."""

    column: str
    operator: Membership
    values: tuple[Value, ...]


@dataclass(frozen=True)
class IsMissing:
    """Whether a column has no value."""

    column: str


@dataclass(frozen=True)
class Not:
    """The rows that a condition does not hold for."""

    condition: Condition


@dataclass(frozen=True)
class And:
    """Both conditions."""

    left: Condition
    right: Condition


@dataclass(frozen=True)
class Or:
    """Either condition, or both."""

    left: Condition
    right: Condition


Condition = Compare | Members | IsMissing | Not | And | Or

# Alternatives begin with different characters, so no text makes this slow.
_TOKEN = re.compile(
    r"""
    (?P<space>\s+)
    | (?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    | (?P<quoted>`[^`]*`)
    | (?P<number>[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?(?![\w.]))
    | (?P<sign><=|>=|!=|<>|==|=|<|>|\(|\)|,)
    | (?P<word>[^\W\d][\w.:/-]*)
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_SIGNS = {"==": "=", "<>": "!="}
_COMPARISONS = ("=", "!=", "<", "<=", ">", ">=")
_MEMBERSHIPS = ("in", "any", "all", "none", "exactly")
_RESERVED = {"and", "or", "not", "is", "missing", "true", "false", "contains", *_MEMBERSHIPS}


def parse(text: str) -> Condition:
    """Read a condition.

    Parameters
    ----------
    text : str
        Columns are named by a word, or between backquotes: `` `loss (val)` ``. Operators are
        ``= != < <= > >=``, ``contains`` (text, whatever the case), ``in (…)``, and for columns of
        sets ``any (…)``, ``all (…)``, ``none (…)`` and ``exactly (…)``; a boolean column may stand
        alone. ``is missing``, ``is not missing``, ``not``, ``and``, ``or`` and parentheses work as
        they read. Text stands between single or double quotes.

    Raises
    ------
    InvalidInputError
        What is wrong, and at which character.
    """
    if len(text) > LONGEST:
        raise InvalidInputError(
            f"The filter has {len(text):,} characters; at most {LONGEST:,} are possible."
        )
    return _Reader(text).whole()


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    at: int


class _Reader:
    """Reads tokens from left to right; each method reads one kind of phrase."""

    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._next = 0
        self._depth = 0
        self._terms = 0

    def whole(self) -> Condition:
        if self._peek().kind == "end":
            raise InvalidInputError(
                'The filter is empty. Write a condition, for example label = "cat".'
            )
        found = self._either()
        if self._peek().kind != "end":
            raise self._wrong("'and', 'or' or the end")
        return found

    def _either(self) -> Condition:
        self._depth += 1
        if self._depth > DEEPEST:
            raise InvalidInputError(f"The filter is nested more than {DEEPEST} deep.")
        found = self._both()
        while self._word("or"):
            found = Or(found, self._both())
        self._depth -= 1
        return found

    def _both(self) -> Condition:
        found = self._one()
        while self._word("and"):
            found = And(found, self._one())
        return found

    def _one(self) -> Condition:
        negations = 0
        while self._word("not"):
            negations += 1
        if self._sign("("):
            found = self._either()
            if not self._sign(")"):
                raise self._wrong("')'")
        else:
            found = self._term()
        return Not(found) if negations % 2 else found

    def _term(self) -> Condition:
        self._terms += 1
        if self._terms > MOST_TERMS:
            raise InvalidInputError(f"The filter has more than {MOST_TERMS} conditions.")
        column = self._column()
        token = self._peek()
        if token.kind == "sign" and token.text in _COMPARISONS:
            self._next += 1
            return Compare(column, token.text, self._value())  # type: ignore[arg-type]
        if self._word("contains"):
            return Compare(column, "contains", self._value())
        if self._word("is"):
            inverted = self._word("not")
            if not self._word("missing"):
                raise self._wrong("'missing'")
            missing = IsMissing(column)
            return Not(missing) if inverted else missing
        if self._word("not"):
            if not self._word("in"):
                raise self._wrong("'in'")
            return Not(Members(column, "in", self._values()))
        for operator in _MEMBERSHIPS:
            if self._word(operator):
                return Members(column, operator, self._values())  # type: ignore[arg-type]
        return Compare(column, "=", True)

    def _column(self) -> str:
        token = self._peek()
        if token.kind == "quoted":
            self._next += 1
            return token.text[1:-1]
        if token.kind == "word" and token.text.casefold() not in _RESERVED:
            self._next += 1
            return token.text
        raise self._wrong("a column, '(' or 'not'")

    def _value(self) -> Value:
        token = self._peek()
        self._next += 1
        if token.kind == "text":
            return _ESCAPED.sub(r"\1", token.text[1:-1])
        if token.kind == "number":
            return float(token.text)
        if token.kind == "word" and token.text.casefold() in ("true", "false"):
            return token.text.casefold() == "true"
        self._next -= 1
        hint = ""
        if token.kind == "word":
            hint = f' Text stands between quotes: "{token.text}".'
        raise self._wrong("a value", hint)

    def _values(self) -> tuple[Value, ...]:
        if not self._sign("("):
            raise self._wrong("'(' and values")
        if self._sign(")"):
            return ()
        values = [self._value()]
        while self._sign(","):
            values.append(self._value())
        if not self._sign(")"):
            raise self._wrong("',' or ')'")
        return tuple(values)

    def _peek(self) -> _Token:
        return self._tokens[self._next]

    def _word(self, word: str) -> bool:
        token = self._peek()
        found = token.kind == "word" and token.text.casefold() == word
        self._next += found
        return found

    def _sign(self, sign: str) -> bool:
        token = self._peek()
        found = token.kind == "sign" and token.text == sign
        self._next += found
        return found

    def _wrong(self, wanted: str, hint: str = "") -> InvalidInputError:
        token = self._peek()
        found = f"{token.text!r:.60}" if token.kind != "end" else "the end"
        return InvalidInputError(
            f"The filter needs {wanted} at character {token.at + 1}, where {found} stands.{hint}"
        )


def _tokens(text: str) -> list[_Token]:
    tokens = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise InvalidInputError(
                f"The filter cannot be read at character {at + 1}: {text[at : at + 20]!r}."
                + (" A quotation mark has no partner." if text[at] in "\"'`" else "")
            )
        kind = match.lastgroup or ""
        said = match.group()
        if kind != "space":
            tokens.append(_Token(kind, _SIGNS.get(said, said) if kind == "sign" else said, at))
        at = match.end()
    return [*tokens, _Token("end", "", len(text))]
