"""From text to expressions, in every notation that emlc reads."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from emlc import limits
from emlc.errors import ArgumentError, LimitError, ParseError, Span
from emlc.ir.node import Node
from emlc.parse.build import Builder
from emlc.parse.dot import from_dot, looks_like_dot
from emlc.parse.infix import Infix
from emlc.parse.reader import Readers
from emlc.parse.trees import (
    from_json,
    from_rpn,
    is_list,
    is_rpn,
    looks_like_rpn,
    require_pure,
    rpn_words,
)
from emlc.tables.primitives import Primitive

__all__ = ["Parsed", "meaning", "parse", "parse_tree", "require_pure"]

NOTATIONS = ("auto", "infix", "nested", "latex", "wolfram", "rpn", "json")

_readers = Readers()
_delimiters = re.compile(r"\s*(\$\$?|\\\(|\\\[)(.*?)(\$\$?|\\\)|\\\])[.,]?\s*", re.DOTALL)
_json = re.compile(r"\s*(?:\{\s*\"|\[\s*[\[\"\]])")
_wolfram = re.compile(r"\w\s*\[")


@dataclass(frozen=True, slots=True)
class Parsed:
    """A formula that was read: its root, and where in the text each part first stands."""

    root: Node
    text: str
    notation: str
    spans: Mapping[Node, Span]


def parse(text: str, notation: str = "auto") -> Parsed:
    """Read a formula, or a pure tree, which is a formula too.

    `notation` is auto, infix, nested, latex, wolfram, rpn or json. Raises ParseError, NameError_,
    TreeError or LimitError, each with its place in the text.

    >>> parse("eml(1, x) + 1/10").root.args
    (eml(1, x), 1/10)
    >>> parse(r"\\frac{x}{2}").notation, parse("Sin[x]").notation
    ('latex', 'wolfram')
    """
    if notation not in NOTATIONS:
        raise ArgumentError(f"no notation {notation}", hint="one of " + ", ".join(NOTATIONS))
    _check_length(text, limits.TREE_CHARS, "TREE_CHARS")
    if notation == "auto":
        notation = _detect(text)
    if notation == "json":
        return Parsed(from_json(text), text, notation, {})
    if notation == "rpn" or (notation == "wolfram" and is_list(text)):
        root, spans = from_rpn(rpn_words(text), text)
        return Parsed(root, text, notation, spans)
    _check_length(text, limits.FORMULA_CHARS, "FORMULA_CHARS")
    source = _unwrap(text) if notation == "latex" else text
    root, spans = _readers.get(_builder(notation)).read(source)
    return Parsed(root, text, notation, spans)


def parse_tree(text: str, notation: str = "auto") -> Node:
    """Read a pure EML tree in any notation: nested, Wolfram, RPN, JSON, LaTeX, DOT.

    Raises TreeError when it is something else, ParseError when it is nothing at all.

    >>> parse_tree("11xE1EE") is parse_tree("EML[1, EML[EML[1, x], 1]]")
    True
    """
    _check_length(text, limits.TREE_CHARS, "TREE_CHARS")
    if notation == "dot" or (notation == "auto" and looks_like_dot(text)):
        return from_dot(text)
    if notation == "auto" and looks_like_rpn(text):
        notation = "rpn"
    parsed = parse(text, notation)
    require_pure(parsed.root, text, parsed.spans)
    return parsed.root


@cache
def meaning(row: Primitive) -> Node:
    """The definition of a row by earlier rows, over variables named as its parameters.

    >>> from emlc.show import show
    >>> show(meaning(parse("sec(x)").root.head))
    '1/cos(x)'
    """
    return parse(row.meaning, "infix").root


def _builder(notation: str) -> type[Builder]:
    """The builder of a notation; only infix is in common use."""
    if notation == "latex":
        from emlc.parse.latex import Latex

        return Latex
    if notation == "wolfram":
        from emlc.parse.wolfram import Wolfram

        return Wolfram
    return Infix


def _check_length(text: str, most: int, name: str) -> None:
    if not isinstance(text, str):
        raise ArgumentError(f"a formula is text, not {type(text).__name__}")
    if len(text) > most:
        message = f"a text of {len(text):,} characters is beyond the limit of {most:,}"
        raise LimitError(message, hint=limits.another(name))


def _unwrap(text: str) -> str:
    """The text with the dollar signs around it blanked, so that places stay."""
    found = _delimiters.fullmatch(text)
    if found is None:
        return text
    return " " * found.start(2) + found[2] + " " * (len(text) - found.end(2))


def _detect(text: str) -> str:
    """The notation of a text by what only that notation has.

    Raises ParseError when the text is a formula and an RPN tree as well.
    """
    if _json.match(text):
        return "json"
    if is_list(text):
        return "rpn"
    if "\\" in text or "{" in text or text.lstrip().startswith("$"):
        return "latex"
    if _wolfram.search(text):
        return "wolfram"
    return _rpn_or_infix(text.split(), text) if is_rpn(text) else "infix"


def _rpn_or_infix(words: list[str], text: str) -> str:
    """The reading of a well-formed RPN tree that no one could mean otherwise."""
    if len(words) == 1 and "1" not in text:
        return "infix"
    long = len(words) == 1 and words[0][0] == "1" and len(words[0]) >= 5
    if long or "," in text or any(word[0] == "1" for word in words[1:]):
        return "rpn"
    raise ParseError(
        "this is a formula, and a tree in RPN as well",
        span=Span(0, len(text)),
        text=text,
        hint="write * between the factors of a formula, and a tree as eml(1, x)",
    )
