"""Wolfram notation: Sin[x]^2 + ArcTan[x, y]/3."""

from __future__ import annotations

import re
from functools import reduce
from typing import TYPE_CHECKING

from emlc.errors import NameError_, Span, shorten
from emlc.ir.node import Node, node
from emlc.parse.build import ADD, CALL, DIV, MUL, Builder, Children, Value
from emlc.parse.names import canonical, nearest, unknown, wrong_count
from emlc.tables.primitives import BY_NAME, NOT_ELEMENTARY, ROWS, Primitive
from emlc.tables.spellings import WOLFRAM

if TYPE_CHECKING:
    from lark import Token


def _templates() -> dict[tuple[str, int], tuple[Primitive, tuple[int, ...]]]:
    """(name, number of arguments) -> row and, for each parameter, the place of its argument."""
    found = {}
    for row in ROWS:
        match = re.fullmatch(r"(\w+)\[(\{\w+\}(?:,\{\w+\})*)\]", row.wolfram)
        if match:
            order = re.findall(r"\w+", match[2])
            found[match[1], len(order)] = row, tuple(order.index(p) for p in row.params)
    return found


_CALLS = _templates()
_CONSTANTS = {row.wolfram: row for row in ROWS if row.wolfram.isidentifier()}
_NAMES = {name: BY_NAME[row] for name, row in WOLFRAM.items()}
_NAMES |= {name: row for name, row in BY_NAME.items() if row.params and name[0].isupper()}
_KNOWN = {name: row for (name, _), (row, _) in reversed(_CALLS.items())} | _NAMES


class Wolfram(Builder):
    """The words of Wolfram notation: functions by capital names, brackets for calls."""

    grammar = "wolfram"

    def lex_name(self, token: Token) -> Token:
        token.type = "CONSTANT" if token in _CONSTANTS else "NAME"
        return token

    def named(self, token: Token) -> Node:
        name = str(token)
        span = Span(token.start_pos or 0, token.end_pos or 0)
        if name in _CONSTANTS:
            return node(_CONSTANTS[name])
        if name in _KNOWN:
            hint = f"write {name}[...]"
            raise NameError_(f"{name} is a function", span=span, text=self.text, hint=hint)
        spelled = canonical(name.replace("$", "_"))
        row = BY_NAME.get(spelled or "")
        if row is not None:
            hint = "rename the variable"
            if row.wolfram:
                hint = f"write {row.wolfram.format(**{p: p for p in row.params})}, or {hint}"
            kind = "function" if row.params else "constant"
            message = f"{name} is a {kind} and cannot be a variable"
            raise NameError_(message, span=span, text=self.text, hint=hint)
        return super().named(token.update(value=spelled)) if spelled else super().named(token)

    def number(self, c: Children) -> Value:
        after = self.text[c[0].end_pos : c[0].end_pos + 3]
        if re.match(r"[eE][+-]?[0-9]", after):
            hint = "write 6.6*^-34 for a power of ten"
            raise self.fail("e is not part of a number", c[0].start_pos, c[0].end_pos + 1, hint)
        return super().number(c)

    def call(self, c: Children) -> Value:
        token, end = c[0], c[-1].end_pos
        values: list[Value] = c[2] if len(c) == 4 else []
        given = [v[0] for v in values]
        found = _CALLS.get((str(token), len(values)))
        if found is not None:
            row, order = found
            made = node(row, *(given[k] for k in order))
        else:
            row = self.alias(token)
            if row is DIV and len(values) == 2:
                values[0] = values[0][0], token.start_pos, *values[0][2:]
                return self.div([values[0], None, values[1]])
            if row in (ADD, MUL) and given:
                made = reduce(lambda a, b: node(row, a, b), given)
            elif len(given) == len(row.params):
                made = node(row, *given)
            else:
                span = Span(token.start_pos, end)
                raise wrong_count(str(token), row, len(given), span, self.text, "{}[{}]")
        return self.made(made, token.start_pos, end, CALL)

    def alias(self, token: Token) -> Primitive:
        """The row of a name that has no template for this number of arguments."""
        name, span = str(token), Span(token.start_pos or 0, token.end_pos or 0)
        if name in _KNOWN:
            return _KNOWN[name]
        if name.lower() in NOT_ELEMENTARY:
            raise unknown(name, span, self.text)
        near = nearest(name, _KNOWN)
        hint = "write functions as in Sin[x] and Log[b, x], a subscript as in x$1"
        if near:
            hint = f"did you mean {near}[...]?"
        message = f"unknown function {shorten(name)}"
        raise NameError_(message, span=span, text=self.text, hint=hint)
