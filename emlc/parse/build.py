"""What the rules of the grammars build: nodes, their places in the text, literals folded exactly.

Every value on the parser's stack is (node, start, end, flags).
"""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any, ClassVar

from emlc import limits
from emlc.errors import EmlcError, LimitError, NameError_, ParseError, Span, shorten
from emlc.ir.node import Lit, Node, Var, lit, node, var
from emlc.parse.names import (
    CONSTANTS,
    canonical,
    reads_as_function,
    row_for,
    unknown,
    variable_problem,
    wrong_count,
)
from emlc.tables.primitives import BY_NAME, ROWS, Primitive
from emlc.tables.spellings import SIGNS

if TYPE_CHECKING:
    from lark import Token

Value = tuple[Node, int, int, int]
Children = list[Any]

# Flags. LITERAL: a number as written, which a sign or a quotient still folds into. QUOTIENT: such
# a quotient. DIGIT: begins with a digit. CALL: begins with a function. BARE: ends with an argument
# without parentheses. DOUBT: ends with a name that must be a misspelled function if something
# follows. TEN: a power of ten.
LITERAL, QUOTIENT, DIGIT, CALL, BARE, DOUBT, TEN = (1 << k for k in range(7))
_ENDS = BARE | DOUBT

_by_sign = {(row.infix, len(row.params)): row for row in ROWS if row.infix}
ADD, SUB, MUL, DIV, POW = (_by_sign[sign, 2] for sign in "+-*/^")
NEG = _by_sign["-", 1]

_superscripts = str.maketrans("⁺⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "+-0123456789")


class Head:
    """A function before its arguments, with what was written on it: log_2, sin^2."""

    __slots__ = ("base", "name", "power", "start")

    def __init__(self, name: str, start: int, base: Node | None = None) -> None:
        self.name = name
        self.start = start
        self.base = base
        self.power: Fraction | None = None


class Builder:
    """The actions that all notations share; a method per rule or alias of the grammars."""

    grammar: ClassVar[str]
    text: str
    spans: dict[Node, Span]

    def begin(self, text: str) -> None:
        """Forget the previous formula."""
        self.text = text
        self.spans = {}
        self.leaves: dict[str, Node] = {}
        self.doubtful: set[Node] = set()
        self.digits = 0

    def fail(
        self, message: str, start: int, end: int, hint: str, kind: type[EmlcError] = ParseError
    ) -> EmlcError:
        """The error about this part of the text."""
        return kind(message, span=Span(start, end), text=self.text, hint=hint)

    def made(self, made: Node, start: int, end: int, flags: int = 0) -> Value:
        """The value of a node that stands here."""
        if made not in self.spans:
            self.spans[made] = Span(start, end)
        return made, start, end, flags

    # sums, products, signs

    def start(self, c: Children) -> Node:
        root: Node = c[0][0]
        return root

    def add(self, c: Children) -> Value:
        a, _, b = c
        return self.made(node(ADD, a[0], b[0]), a[1], b[2])

    def sub(self, c: Children) -> Value:
        a, _, b = c
        return self.made(node(SUB, a[0], b[0]), a[1], b[2])

    def mul(self, c: Children) -> Value:
        return self.multiplied(MUL, c[0], c[2])

    def div(self, c: Children) -> Value:
        a, _, b = c
        if a[3] & b[3] & LITERAL and b[0].head.value:
            return self.made(lit(a[0].head.value / b[0].head.value), a[1], b[2], QUOTIENT)
        return self.multiplied(DIV, a, b)

    def implicit(self, c: Children) -> Value:
        a, b = c
        if b[3] & DIGIT:
            raise self.fail(
                "a number cannot follow a factor directly", b[1], b[2], "write * between them"
            )
        if a[3] & DOUBT:
            last = re.compile(r"\w+").findall(self.text, max(a[1], b[1] - 60), b[1])[-1]
            start = self.text.rindex(last, 0, b[1])
            raise unknown(last, Span(start, start + len(last)), self.text)
        if a[0].head == _ZERO and b[2] - a[1] > 2 and self.text[a[1] : a[2] + 1].lower() in _RADIX:
            raise self.fail("numbers are decimal", a[1], b[2], "write 31 for 0x1F")
        return self.multiplied(MUL, a, b)

    def multiplied(self, row: Primitive, a: Value, b: Value) -> Value:
        if a[3] & BARE and not b[3] & CALL:
            raise self.endless(a, b)
        return self.made(node(row, a[0], b[0]), a[1], b[2], a[3] & (CALL | DIGIT) | b[3] & _ENDS)

    def neg(self, c: Children) -> Value:
        sign, a = c
        if a[3] & (LITERAL | QUOTIENT):
            flags = a[3] & (LITERAL | QUOTIENT)
            return self.made(lit(-a[0].head.value), sign.start_pos, a[2], flags)
        return self.made(node(NEG, a[0]), sign.start_pos, a[2], a[3] & _ENDS)

    def pos(self, c: Children) -> Value:
        sign, a = c
        return a[0], sign.start_pos, a[2], a[3] & ~(CALL | DIGIT)

    # powers, roots, bars, groups

    def pow(self, c: Children) -> Value:
        a, _, b = c
        flags = a[3] & (CALL | DIGIT) | b[3] & _ENDS
        if a[0].head == _TEN and a[3] & b[3] & LITERAL and _is_power(b[0].head.value):
            flags |= TEN
        return self.made(node(POW, a[0], b[0]), a[1], b[2], flags)

    def superscript(self, c: Children) -> Value:
        a, mark = c
        power = self.leaf(mark.translate(_superscripts), mark)
        return self.made(node(POW, a[0], power), a[1], mark.end_pos, a[3] & (CALL | DIGIT))

    def rooted(self, c: Children) -> Value:
        a = c[1]
        return self.made(node(BY_NAME[SIGNS[c[0]]], a[0]), c[0].start_pos, a[2])

    def absolute(self, c: Children) -> Value:
        return self.made(node(BY_NAME[SIGNS["|"]], c[1][0]), c[0].start_pos, c[2].end_pos)

    def group(self, c: Children) -> Value:
        return c[1][0], c[0].start_pos, c[2].end_pos, 0

    # leaves

    def number(self, c: Children) -> Value:
        token = c[0]
        made = self.leaf(str(token), token)
        return self.made(made, token.start_pos, token.end_pos, LITERAL | DIGIT)

    def leaf(self, digits: str, token: Token) -> Node:
        """The number that the token writes with these digits."""
        found = self.leaves.get(digits)
        if found is None:
            found = self.leaves[digits] = lit(self.exact(digits, token))
        return found

    def exact(self, digits: str, token: Token) -> Fraction:
        head, _, tail = digits.replace("*^", "e").lower().partition("e")
        power = int(tail) if 0 < len(tail) < 20 else 0
        most = limits.LITERAL_DIGITS
        self.digits += len(head) + abs(power)
        if len(head) > most or len(tail) >= 20 or abs(power) > most:
            message, name = f"a number of more than {most:,} digits", "LITERAL_DIGITS"
        elif self.digits > limits.LITERAL_TOTAL:
            message = f"numbers of more than {limits.LITERAL_TOTAL:,} digits in one formula"
            name = "LITERAL_TOTAL"
        else:
            return Fraction(*Decimal(f"{head}e{power}").as_integer_ratio())
        hint = f"powers of ten and digits go to {most:,}; {limits.another(name)}"
        raise self.fail(message, token.start_pos or 0, token.end_pos or 0, hint, LimitError)

    def name(self, c: Children) -> Value:
        token = c[0]
        name = str(token)
        found = self.leaves.get(name)
        if found is None:
            found = self.leaves[name] = self.named(token)
            if isinstance(found.head, Var) and reads_as_function(name):
                self.doubtful.add(found)
        doubt = DOUBT if found in self.doubtful else 0
        return self.made(found, token.start_pos, token.end_pos, doubt)

    def named(self, token: Token) -> Node:
        """The variable or constant of this name."""
        name = str(token)
        spelled = canonical(name)
        start, end = token.start_pos or 0, token.end_pos or 0
        if spelled is None:
            raise self.stranger(name, start, end)
        row = CONSTANTS.get(spelled)
        if row is not None:
            return node(row)
        problem = variable_problem(spelled)
        if problem is not None:
            raise self.fail(problem[0], start, end, problem[1], NameError_)
        return var(spelled)

    def stranger(self, name: str, start: int, end: int) -> EmlcError:
        """The error for a name with a character that no name has."""
        hint = "a name is a letter, then letters, digits and underscores; write 1/2 for ½"
        for k, c in enumerate(name):
            if canonical(f"a{c}") is None and self.text.startswith(name, start):
                return self.fail(f"unexpected {c}", start + k, start + k + 1, hint)
        return self.fail(f"{shorten(name)} is not a name", start, end, hint, NameError_)

    # calls

    def head(self, c: Children) -> Head:
        return Head(str(c[0]), c[0].start_pos)

    def head_power(self, c: Children) -> Head:
        """sin^2, or sin² when the last child is the superscript itself."""
        head, last = c[0], c[-1]
        if not isinstance(head, Head):
            head = self.head(c)
        if isinstance(last, tuple):
            power, _, end, flags = last
        else:
            power, end, flags = (
                self.leaf(last.translate(_superscripts), last),
                last.end_pos,
                LITERAL,
            )
        value: Fraction = getattr(power.head, "value", Fraction(-1))
        if len(c) > 3 or not flags & LITERAL or value < 0 or value.denominator != 1:
            hint = f"write {head.name}(x)^(...) for a power"
            inverse = "a" + head.name
            if inverse in BY_NAME:
                hint = f"write {inverse}(x) for the inverse, 1/{head.name}(x) for 1 over it"
            raise self.fail(
                "only whole powers of 0 or more go between a function and its argument",
                head.start,
                end,
                hint,
            )
        head.power = value
        return head

    def arguments(self, c: Children) -> list[Value]:
        return [c[0]]

    def more(self, c: Children) -> list[Value]:
        found: list[Value] = c[0]
        found.append(c[2])
        return found

    def call(self, c: Children) -> Value:
        given = c[2] if len(c) == 4 else []
        return self.applied(c[0], [given] if isinstance(given, tuple) else given, c[-1].end_pos)

    def bare(self, c: Children) -> Value:
        made, start, end, flags = self.applied(c[0], [c[1]], c[1][2])
        return made, start, end, flags | BARE

    def scaled(self, c: Children) -> Value:
        """A number or constant before the rest of an argument without parentheses."""
        a = self.number(c) if c[0].type == "NUMBER" else self.name(c)
        b = c[1]
        if b[3] & CALL:
            raise self.endless(a, b)
        return self.implicit([a, b])

    def endless(self, a: Value, b: Value) -> EmlcError:
        """The error for an argument without parentheses that may go on or not."""
        message = "it is not clear where the argument of the function ends"
        return self.fail(message, a[1], b[2], "put the argument in parentheses")

    def applied(self, head: Head, values: list[Value], end: int) -> Value:
        """The function with what is written on it, applied."""
        given = [v[0] for v in values]
        span = Span(head.start, end)
        if head.base is not None:
            if len(given) != 1:
                message = f"{head.name} with a base takes 1 argument, got {len(given)}"
                raise ParseError(message, span=span, text=self.text)
            given.append(head.base)
        row = row_for(head.name, len(given))
        if len(row.params) != len(given):
            raise wrong_count(head.name, row, len(given), span, self.text)
        made = self.made(node(row, *given), head.start, end, CALL)
        if head.power is None:
            return made
        return self.made(node(POW, made[0], lit(head.power)), head.start, end, CALL)


def _is_power(value: Fraction) -> bool:
    """Whether ten to this power is within the limits of a number."""
    return value.denominator == 1 and abs(value) <= limits.LITERAL_DIGITS


_ZERO, _TEN = Lit(Fraction(0)), Lit(Fraction(10))
_RADIX = ("0x", "0b", "0o")
