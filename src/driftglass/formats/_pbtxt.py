"""The text form of protocol buffers, as far as a projector's configuration uses it."""

from __future__ import annotations

import json
import re
from typing import Any

from ..errors import FormatError

__all__ = ["parse_pbtxt", "to_pbtxt"]

_TOKEN = re.compile(
    r"""\s*(?:\#[^\n]*\n\s*)*(?:(?P<name>[A-Za-z_]\w*)|(?P<mark>[{}:<>;,])"""
    r"""|(?P<text>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')|(?P<number>[-+]?[\d.][\w.+-]*))"""
)
MOST_DEPTH = 8
MOST_FIELDS = 100_000
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "'": "'", "\\": "\\"}


def parse_pbtxt(text: str, name: str) -> dict[str, list[Any]]:
    """Fields by name, each a list of text, numbers and further fields.

    Parameters
    ----------
    text : str
        The configuration.
    name : str
        Its file, for messages.

    Raises
    ------
    FormatError
        Not of this form, or nested deeper than any configuration.
    """
    tokens = _tokens(text, name)
    fields, rest = _fields(tokens, 0, 0, name)
    if rest != len(tokens):
        raise FormatError(f"{name}: there is a closing brace without an opening one.")
    return fields


def _tokens(text: str, name: str) -> list[tuple[str, str]]:
    tokens: list[tuple[str, str]] = []
    at, end = 0, len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None:
            if text[at:].lstrip().startswith("#"):
                break
            line = text.count("\n", 0, at) + 1
            raise FormatError(f"{name}, line {line:,}: {text[at : at + 20].strip()!r} is no field.")
        kind = match.lastgroup or ""
        tokens.append((kind, match[kind]))
        at = match.end()
        if len(tokens) > MOST_FIELDS:
            raise FormatError(f"{name} has more than {MOST_FIELDS:,} words.")
    return tokens


def _fields(
    tokens: list[tuple[str, str]], at: int, depth: int, name: str
) -> tuple[dict[str, list[Any]], int]:
    if depth > MOST_DEPTH:
        raise FormatError(f"{name} is nested deeper than {MOST_DEPTH} levels.")
    fields: dict[str, list[Any]] = {}
    while at < len(tokens):
        kind, word = tokens[at]
        if (kind, word) in (("mark", "}"), ("mark", ">")):
            return fields, at
        if (kind, word) in (("mark", ";"), ("mark", ",")):
            at += 1
            continue
        if kind != "name":
            raise FormatError(f"{name}: {word!r:.40} stands where the name of a field belongs.")
        at += 1
        if at < len(tokens) and tokens[at] == ("mark", ":"):
            at += 1
        if at >= len(tokens):
            raise FormatError(f"{name} ends after {word!r}.")
        if tokens[at] in (("mark", "{"), ("mark", "<")):
            value, at = _fields(tokens, at + 1, depth + 1, name)
            if at >= len(tokens):
                raise FormatError(f"{name}: the brace behind {word!r} is not closed.")
        else:
            value = _value(*tokens[at], name)
        fields.setdefault(word, []).append(value)
        at += 1
    if depth:
        return fields, at
    return fields, at


def _value(kind: str, word: str, name: str) -> Any:
    if kind == "text":
        return re.sub(r"\\(.)", lambda match: _ESCAPES.get(match[1], match[1]), word[1:-1])
    if kind == "number":
        try:
            return int(word)
        except ValueError:
            pass
        try:
            return float(word)
        except ValueError:
            raise FormatError(f"{name}: {word!r:.40} is no number.") from None
    if kind == "name":
        return word
    raise FormatError(f"{name}: {word!r:.40} stands where a value belongs.")


def to_pbtxt(fields: dict[str, Any], indent: str = "") -> str:
    """Write fields; a list repeats its field, a mapping nests."""
    lines = []
    for name, value in fields.items():
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, dict):
                lines.append(f"{indent}{name} {{\n{to_pbtxt(one, indent + '  ')}{indent}}}\n")
            else:
                text = json.dumps(one, ensure_ascii=False) if isinstance(one, str) else str(one)
                lines.append(f"{indent}{name}: {text}\n")
    return "".join(lines)
