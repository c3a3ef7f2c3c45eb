"""Infix notation: 2x^2 + sin(x)/3."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from emlc.errors import Span
from emlc.ir.node import Node
from emlc.parse.build import Builder, Children, Head
from emlc.parse.names import CONSTANTS, FUNCTIONS, based, unknown
from emlc.tables.spellings import FUNCTION_LETTERS

if TYPE_CHECKING:
    from lark import Token

_CALL = re.compile(r"\s*\(")


class Infix(Builder):
    """The words of infix notation: a name before a parenthesis is a function, or one letter."""

    grammar = "expr"

    def lex_name(self, token: Token) -> Token:
        kind = _kind(token)
        if kind == "NAME" and _CALL.match(self.text, token.end_pos or 0):
            letter = token.rstrip("0123456789").partition("_")[0]
            if len(letter) > 1 or token in FUNCTION_LETTERS:
                raise unknown(str(token), Span(token.start_pos or 0, token.end_pos or 0), self.text)
        token.type = kind
        return token

    def head(self, c: Children) -> Head:
        token = c[0]
        parts = based(token)
        if parts is None:
            return Head(str(token), token.start_pos)
        return Head(parts[0], token.start_pos, self.log_base(parts[1], token))

    def log_base(self, below: str, token: Token) -> Node:
        """The base written as a subscript of a function."""
        if below.isdigit():
            return self.leaf(below, token)
        return self.named(token.update(value=below))


def _kind(name: str) -> str:
    if name in FUNCTIONS or ("_" in name and based(name)):
        return "FUNC"
    return "CONSTANT" if name in CONSTANTS else "NAME"
