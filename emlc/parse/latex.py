r"""LaTeX notation: \frac{1}{2}\sin^2 x."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from emlc.errors import NameError_, Span, shorten
from emlc.ir.node import Node, lit, node
from emlc.parse.build import BARE, LITERAL, QUOTIENT, TEN, Builder, Children, Head, Value
from emlc.parse.names import BASED, CONSTANTS, FUNCTIONS, WORDS, nearest, unknown
from emlc.tables.primitives import BY_NAME, NOT_ELEMENTARY, ROWS
from emlc.tables.spellings import DEGREE_ROOT, FUNCTION_LETTERS, LETTERS, SIGNS

if TYPE_CHECKING:
    from lark import Token

_CONSTANTS = {row.latex: row for row in ROWS if not row.params}
# dy/dx
_D = re.compile(r"d\s*[}^a-zA-Z\\]")
_DX = re.compile(rf"d\s*(?:[a-zA-Z]|\\(?:{'|'.join(LETTERS)})(?![a-zA-Z]))")
_CALL = re.compile(r"\s*(?:\\left\s*)?\(")


class Latex(Builder):
    """The words of LaTeX: letters, commands and upright words."""

    grammar = "latex"

    def lex_name(self, token: Token) -> Token:
        self.refuse_function(token, str(token))
        constant = token in _CONSTANTS or (token in CONSTANTS and not token.isascii())
        token.type = "CONSTANT" if constant else "NAME"
        return token

    def lex_command(self, token: Token) -> Token:
        """A command that is a function, a constant or a letter."""
        name = token[1:]
        if name in FUNCTIONS:
            return token.update("FUNC", name)
        if token in _CONSTANTS:
            return token.update("CONSTANT")
        if name in LETTERS:
            self.refuse_function(token, name)
            return token.update("NAME")
        if name.lower() in NOT_ELEMENTARY:
            raise unknown(name, _span(token), self.text)
        near = nearest(name, WORDS | dict.fromkeys(LETTERS, BY_NAME[SIGNS["|"]]))
        hint = f"did you mean \\{near}?" if near else r"write a name of your own as \mathrm{name}"
        message = f"unknown command \\{shorten(name)}"
        raise NameError_(message, span=_span(token), text=self.text, hint=hint)

    def refuse_function(self, token: Token, name: str) -> None:
        """Raise NameError_ for a letter that reads as a function before a parenthesis."""
        if name in FUNCTION_LETTERS and _CALL.match(self.text, token.end_pos or 0):
            raise unknown(name, _span(token), self.text, product=f"{token}\\cdot(...)")

    def lex_word(self, token: Token) -> Token:
        r"""\mathrm{name} or \operatorname{name}."""
        command, _, rest = token.partition("{")
        name = rest[:-1].strip().replace(r"\_", "_")
        if name in FUNCTIONS:
            return token.update("FUNC", name)
        if command.rstrip("* ") == r"\operatorname":
            product = rf"\mathrm{{{shorten(name)}}}\cdot(...)"
            raise unknown(name, _span(token), self.text, product=product)
        return token.update("CONSTANT" if name in CONSTANTS else "NAME")

    def named(self, token: Token) -> Node:
        if token in _CONSTANTS:
            return node(_CONSTANTS[token])
        name = _plain(token)
        row = CONSTANTS.get(name)
        if row is not None and name.isascii() and not ("{" in token and name == row.name):
            hint = f"write {row.latex} for it, or rename the variable"
            message = f"{name} is a constant and cannot be a variable"
            raise NameError_(message, span=_span(token), text=self.text, hint=hint)
        return super().named(token.update(value=name))

    def subscripted(self, c: Children) -> Value:
        r"""x_{1} is the variable x_1."""
        name, below = c
        spelled = f"{_plain(name)}_{_below(below)}"
        whole = name.update(value=spelled)
        whole.end_pos = below.end_pos
        return super().name([whole])

    def cross(self, c: Children) -> Value:
        r"""A product, or the one number 6.6\times 10^{-34}."""
        a, _, b = c
        if a[3] & LITERAL and b[3] & TEN:
            power = int(b[0].args[1].head.value)
            value = a[0].head.value * self.exact(f"1e{power}", c[1])
            return self.made(lit(value), a[1], b[2], QUOTIENT)
        return self.mul(c)

    def brace(self, c: Children) -> Value:
        inner = c[1]
        return inner[0], c[0].start_pos, c[2].end_pos, inner[3] & (LITERAL | QUOTIENT)

    def digit(self, c: Children) -> Value:
        made: Value = c[0]
        if made[2] - made[1] > 1:
            hint = f"write {{{shorten(self.text[made[1] : made[2]])}}} in braces"
            raise self.fail("without braces, only one digit belongs here", *made[1:3], hint)
        return made

    def fraction(self, c: Children) -> Value:
        over, under = c[2], c[5]
        if _D.match(self.text, over[1]) and _DX.match(self.text, under[1]):
            hint = "write the derivative out"
            raise self.fail("a derivative is not a formula", c[0].start_pos, c[6].end_pos, hint)
        over = over[0], c[0].start_pos, over[2], over[3] & ~BARE
        made, start, _, flags = self.div([over, None, under])
        end = c[6].end_pos
        return self.made(made, start, end, flags & QUOTIENT)

    def short_fraction(self, c: Children) -> Value:
        r"""\frac12."""
        digits = c[1]
        if not re.fullmatch("[0-9][1-9]", digits):
            hint = r"write \frac{a}{b}"
            raise self.fail("a fraction takes two parts in braces", *_ends(digits), hint)
        made = lit(int(digits[0])).head.value / int(digits[1])  # type: ignore[union-attr]
        return self.made(lit(made), c[0].start_pos, digits.end_pos, QUOTIENT)

    def rooted(self, c: Children) -> Value:
        row = BY_NAME[SIGNS["√"]]
        inside = c[2] if len(c) > 2 else c[1]
        end = c[3].end_pos if len(c) > 2 else inside[2]
        return self.made(node(row, inside[0]), c[0].start_pos, end)

    def nth_root(self, c: Children) -> Value:
        row = BY_NAME[DEGREE_ROOT]
        return self.made(node(row, c[5][0], c[2][0]), c[0].start_pos, c[6].end_pos)

    def head_subscript(self, c: Children) -> Head:
        r"""\log_2 and \log_{b}."""
        name, token = c
        below = token[1:].strip().removeprefix("{").removesuffix("}").strip()
        if below.isdigit():
            return self.with_base(name, self.leaf(below, token), token)
        if len(below.partition("_")[0]) > 1 and below[0] != "\\":
            hint = rf"write the base as \mathrm{{{below}}} if it is one name"
            raise self.fail("this base is several letters", *_ends(token), hint)
        return self.with_base(name, self.named(token.update(value=below)), token)

    def head_based(self, c: Children) -> Head:
        r"""\log_{b+1}."""
        return self.with_base(c[0], c[3][0], c[4])

    def with_base(self, name: Token, base: Node, last: Token) -> Head:
        if name not in BASED:
            hint = "a subscript gives the base of a logarithm only"
            message = f"{name} takes no subscript"
            raise self.fail(message, name.start_pos or 0, last.end_pos or 0, hint)
        return Head(str(name), name.start_pos or 0, base)


def _plain(token: str) -> str:
    r"""The name in x, \alpha and \mathrm{name}."""
    inner = re.fullmatch(r"\\[a-z]+\*?\s*\{\s*(.*?)\s*\}", token)
    return inner[1].replace(r"\_", "_") if inner else token.lstrip("\\")


def _below(token: str) -> str:
    r"""The subscript in _1, _{max} and _{\mathrm{max}}."""
    return re.sub(r"\\(?:mathrm|text|rm|mathit)(?![a-zA-Z])|[\\{}\s]", "", token[1:])


def _span(token: Token) -> Span:
    return Span(*_ends(token))


def _ends(token: Token) -> tuple[int, int]:
    return token.start_pos or 0, token.end_pos or 0
