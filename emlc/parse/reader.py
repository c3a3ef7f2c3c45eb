"""From text to nodes through one of the grammars; syntax errors in words."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emlc.errors import EmlcError, ParseError, Span, shorten
from emlc.ir.node import Node
from emlc.parse.build import Builder, Head

if TYPE_CHECKING:
    from lark import Lark, Token

_HINTS = {
    "=": "an equation is not a formula; write one side, or one side minus the other",
    "<": "a comparison is not a formula",
    ">": "a comparison is not a formula",
    "≤": "a comparison is not a formula",
    "≥": "a comparison is not a formula",
    "≠": "a comparison is not a formula",
    "!": "the factorial is not elementary",
    "%": "write x/100 for a percentage; the remainder of a division is not elementary",
    "'": "quotes have no meaning in a formula; write a derivative out",
    '"': "quotes have no meaning in a formula",
    "[": "group with parentheses; brackets are for calls in Wolfram notation",
    "]": "group with parentheses; brackets are for calls in Wolfram notation",
    "{": "group with parentheses; braces are for LaTeX",
    "}": "group with parentheses; braces are for LaTeX",
    "\\": "a backslash begins a command in LaTeX notation",
    ";": "write one formula",
    "_": "a name begins with a letter",
    "∞": "infinity is not a number; write the finite bound that you mean",
    "°": "angles are in radians; write x*pi/180",
    ".": "write a decimal as 0.5",
}
_OPENERS = {"LPAR": ")", "LBRACE": "}", "LBRACKET": "]", "LSET": "\\}", "LABS": "|"}
_CLOSERS = {"RPAR", "RBRACE", "RBRACKET", "RSET", "RABS"}
_ENDS = {"NUMBER", "NAME", "CONSTANT", "SUB", "SUPERSCRIPT"} | _CLOSERS
_WORDS = ("NAME", "COMMAND", "WORD")


def _grammar(name: str) -> Path:
    """The grammar file: in the installed package, else at the top of the source tree."""
    package = Path(__file__).parents[1]
    inside = package / "grammar" / f"{name}.lark"
    return inside if inside.exists() else package.parent / "grammar" / f"{name}.lark"


class _Actions:
    """The builder under the names that rules have after being imported into another grammar."""

    def __init__(self, builder: Builder) -> None:
        self._builder = builder

    def __getattr__(self, name: str) -> Any:
        return getattr(self._builder, name.rpartition("__")[2])


class _Bars:
    """Turns BAR into LABS and RABS between lexer and parser."""

    # Terminals that no rule names; the builder gives them the types that rules name.
    always_accept = ("BAR", *_WORDS)

    def __init__(self, builder: Builder) -> None:
        self._builder = builder

    def process(self, stream: Iterator[Token]) -> Iterable[Token]:
        text = self._builder.text
        if "|" not in text and "vert" not in text:
            return stream
        from emlc.parse.bars import resolve

        return resolve(list(stream), text)


class Reader:
    """One grammar with its builder; for one thread."""

    def __init__(self, builder: Builder) -> None:
        from lark import Lark

        from emlc.parse.lalr import FlatParser

        self._builder = builder
        self._lark: Lark = Lark.open(
            str(_grammar(builder.grammar)),
            parser="lalr",
            lexer="basic",
            transformer=_Actions(builder),
            lexer_callbacks={
                name: getattr(builder, f"lex_{name.lower()}")
                for name in _WORDS
                if hasattr(builder, f"lex_{name.lower()}")
            },
            postlex=_Bars(builder),
            keep_all_tokens=True,
            maybe_placeholders=False,
            _plugins={"LALR_Parser": FlatParser},
        )

    def read(self, text: str) -> tuple[Node, dict[Node, Span]]:
        """The formula and where each of its parts first stands."""
        from lark import UnexpectedCharacters

        from emlc.parse.lalr import Unexpected

        self._builder.begin(text)
        try:
            root = self._lark.parse(text)
        except UnexpectedCharacters as error:
            raise _character(text, error.pos_in_stream or 0) from None
        except Unexpected as error:
            raise _token(text, error.token, error.values) from None
        assert isinstance(root, Node)
        return root, self._builder.spans


class Readers(threading.local):
    """The readers of one thread, made when first used."""

    def __init__(self) -> None:
        self._made: dict[type[Builder], Reader] = {}

    def get(self, builder: type[Builder]) -> Reader:
        """The reader for this kind of builder."""
        if builder not in self._made:
            self._made[builder] = Reader(builder())
        return self._made[builder]


def _character(text: str, place: int) -> EmlcError:
    c = text[place]
    what = c if c.isprintable() else f"control character U+{ord(c):04X}"
    return ParseError(
        f"unexpected {what}", span=Span(place, place + 1), text=text, hint=_HINTS.get(c)
    )


def _open(stack: list[Any]) -> Token | None:
    """The innermost bracket that is still open."""
    closed = 0
    for value in reversed(stack):
        kind = getattr(value, "type", "")
        if kind in _CLOSERS:
            closed += 1
        elif kind in _OPENERS:
            if not closed:
                found: Token = value
                return found
            closed -= 1
    return None


def _token(text: str, token: Any, stack: list[Any]) -> EmlcError:
    """What is wrong with a token that the grammar does not accept after what is on the stack."""
    before = stack[-1] if stack else None
    waiting = _function(before)
    if waiting is not None:
        name, start = waiting
        place = Span(start, start + len(name))
        wanted = f"write {name}(x)"
        return ParseError(f"{name} needs an argument", span=place, text=text, hint=wanted)
    complete = isinstance(before, (tuple, list)) or getattr(before, "type", "") in _ENDS
    opener = _open(stack)
    if token.type == "$END":
        return _unfinished(text, opener if complete else None)
    shown = shorten(str(token))
    hint: str | None = None
    if token.type in _CLOSERS and opener is None:
        message, hint = f"{shown} closes nothing", "remove it, or add the opening one"
    elif token.type in _CLOSERS and opener is not None and complete:
        message, hint = f"{opener} is closed by {shown}", f"write {_OPENERS[opener.type]}"
    elif token.type == "COMMA":
        message = "unexpected comma"
        hint = "a comma separates the arguments of a function; decimals are written with a point"
    elif complete and token.type in ("POWER", "SUPERSCRIPT"):
        message, hint = "it is not clear what this exponent applies to", "add parentheses"
    elif complete:
        message = f"unexpected {shown}"
    else:
        message = f"a number, a name or a parenthesis should stand before {shown}"
    return ParseError(message, span=Span(token.start_pos, token.end_pos), text=text, hint=hint)


def _unfinished(text: str, opener: Token | None) -> EmlcError:
    """The error at the end of the text."""
    end = len(text.rstrip())
    place = Span(end, end) if end else None
    hint: str | None = None
    if not end:
        message, hint = "the formula is empty", "write a formula such as x^2 + 1"
    elif opener is not None:
        message, hint = f"{opener} is never closed", f"add {_OPENERS[opener.type]}"
        place = Span(opener.start_pos or 0, opener.end_pos or 0)
    else:
        message = "the formula ends where a number, a name or a parenthesis should follow"
    return ParseError(message, span=place, text=text, hint=hint)


def _function(value: Any) -> tuple[str, int] | None:
    """The name and place of a function that still waits for its argument."""
    if isinstance(value, Head):
        return value.name, value.start
    return (str(value), value.start_pos) if getattr(value, "type", "") == "FUNC" else None
