"""From expressions to text, in every notation that `emlc.parse` reads."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cache
from string import Formatter
from typing import NamedTuple

from emlc import limits
from emlc.errors import ArgumentError, LimitError
from emlc.ir.node import Lit, Node, Var, fold, node, substitute, weight
from emlc.ir.tape import NONE, Tape, flatten
from emlc.parse import meaning, require_pure
from emlc.parse.trees import OPERATOR
from emlc.tables.primitives import ROWS, Primitive
from emlc.tables.spellings import LETTERS

# How tightly a text holds together. A hole of a template asks for a least one.
SUM, SIGN, PRODUCT, FRACTION, POWER, ATOM, NEVER = range(1, 8)

# Operator -> (level of the result, least level on its left, on its right).
_BINARY = {
    "+": (SUM, SUM, PRODUCT),
    "-": (SUM, SUM, PRODUCT),
    "*": (PRODUCT, SIGN, FRACTION),
    "/": (PRODUCT, SIGN, FRACTION),
    "^": (POWER, ATOM, POWER),
}
_SIGN = (SIGN, NEVER, FRACTION)
_OPERATOR = re.compile(r"\\cdot|[-+*/^]")

Piece = str | tuple[int, int]
"""Text, or an argument and the level that it needs to stand without parentheses."""


class Spelling(NamedTuple):
    """The pieces of a text and how tightly it holds together.

    folds   read back with numbers for arguments, it would be a number
    """

    pieces: tuple[Piece, ...]
    level: int
    folds: bool = False


@dataclass(frozen=True, slots=True)
class Notation:
    """How one notation writes rows, numbers, names and parentheses.

    template   the text of a row with {param} holes; "" spells the row's meaning instead
    fraction   two integers as a fraction, and how tightly it holds together
    scientific a decimal and a power of ten
    """

    template: Callable[[Primitive], str]
    fraction: str
    scientific: str
    scientific_level: int
    name: Callable[[str], str]
    parentheses: tuple[str, str] = ("(", ")")


def show(root: Node, notation: str = "infix") -> str:
    r"""The expression as text that `emlc.parse.parse` reads back.

    `notation` is infix, nested, rpn, json, latex or wolfram; nested, rpn and json are for pure
    trees only. Raises TreeError for a tree that is not pure, LimitError when the text would be
    longer than `limits.WRITTEN_NODES` nodes.

    >>> from emlc.parse import parse
    >>> f = parse("-x^2/(1 + sin(x))").root
    >>> show(f)
    '-x^2/(1 + sin(x))'
    >>> show(f, "wolfram"), show(parse("eml(1, x)").root, "rpn")
    ('-x^2/(1+Sin[x])', '1xE')
    """
    if notation == "rpn":
        tokens = rpn_tokens(root)
        if len(tokens) == 1 and len(tokens[0]) > 1 and OPERATOR in tokens[0]:
            return f"{tokens[0]},"  # a lone variable that would read as a tree
        return ("" if all(len(t) == 1 for t in tokens) else " ").join(tokens)
    if notation == "json":
        require_pure(root)
        return json.dumps({"nodes": nodes_json(flatten(root))}, separators=(",", ":"))
    if notation == "nested":
        require_pure(root)
        notation = "infix"
    if notation not in _NOTATIONS:
        known = ", ".join((*_NOTATIONS, "nested", "rpn", "json"))
        raise ArgumentError(f"no notation {notation}", hint=f"one of {known}")
    chosen = _NOTATIONS[notation]
    return _write(_spelled_out(root, chosen), chosen)


def rpn_tokens(root: Node) -> list[str]:
    """The tokens of a pure tree in reverse Polish order: 1, variables and E.

    Raises TreeError when it is not pure, LimitError beyond `limits.WRITTEN_NODES`.

    >>> from emlc.parse import parse
    >>> rpn_tokens(parse("eml(alpha, 1)").root)
    ['alpha', '1', 'E']
    """
    require_pure(root)
    _check_size(root)
    tokens: list[str] = []
    stack = [root]
    while stack:
        n = stack.pop()
        tokens.append(OPERATOR if n.args else n.head.name if isinstance(n.head, Var) else "1")
        stack.extend(n.args)
    tokens.reverse()
    return tokens


def nodes_json(tape: Tape) -> list[list[str | int]]:
    """The entries of a pure tree: ["1"], ["x"] or [left, right], operands first.

    >>> from emlc.parse import parse
    >>> nodes_json(flatten(parse("eml(x, 1)").root))
    [['x'], ['1'], [0, 1]]
    """
    names = [h.name if isinstance(h, Var) else "1" for h in tape.heads]
    return [
        [names[o]] if a == NONE else [a, b]
        for o, a, b in zip(tape.op, tape.left, tape.right, strict=True)
    ]


def require_short(parts: Iterable[Node]) -> None:
    """Raise LimitError where the parts that a domain names are too long to be written down."""
    left = limits.DOMAIN_NODES
    for part in parts:
        left -= weight(part, left)
        if left < 0:
            raise LimitError(
                f"the domain takes more than {limits.DOMAIN_NODES:,} nodes to write down",
                hint=limits.another("DOMAIN_NODES"),
            )


def _check_size(root: Node) -> None:
    limit = limits.WRITTEN_NODES
    size = fold(root, lambda n, below: 1 + sum(below))
    if size > limit:
        count = f"{size:,}" if size < 10**18 else f"more than 10^{len(str(Decimal(size))) - 1}"
        message = f"the text would have {count} nodes, beyond the limit of {limit:,}"
        raise LimitError(
            message, hint=f"JSON writes shared parts once; {limits.another('WRITTEN_NODES')}"
        )


def _write(root: Node, notation: Notation) -> str:
    """The text of an expression whose rows all have a template."""
    _check_size(root)
    opening, closing = notation.parentheses
    leaves: dict[Node, Spelling] = {}
    out: list[str] = []
    stack: list[str | tuple[Node, int]] = [(root, 0)]
    while stack:
        top = stack.pop()
        if isinstance(top, str):
            out.append(top)
            continue
        n, least = top
        if isinstance(n.head, Primitive):
            pieces, level, folds = _spelling(notation, n.head)
            if folds and all(_is_number(a) for a in n.args):
                pieces = _guarded(pieces)
        else:
            found = leaves.get(n)
            if found is None:
                found = leaves[n] = _leaf(n, notation)
            pieces, level, _ = found
        if level < least:
            out.append(opening)
            stack.append(closing)
        for piece in reversed(pieces):
            stack.append(piece if isinstance(piece, str) else (n.args[piece[0]], piece[1]))
    return "".join(out)


def _is_number(n: Node) -> bool:
    return isinstance(n.head, Lit)


def _guarded(pieces: tuple[Piece, ...]) -> tuple[Piece, ...]:
    """The pieces with the last operand in parentheses whatever it is."""
    last = max(k for k, piece in enumerate(pieces) if not isinstance(piece, str))
    return tuple(
        (piece[0], NEVER) if k == last and not isinstance(piece, str) else piece
        for k, piece in enumerate(pieces)
    )


def _leaf(n: Node, notation: Notation) -> Spelling:
    if isinstance(n.head, Lit):
        text, level = _number(n.head.value, notation)
        return Spelling((text,), level)
    assert not isinstance(n.head, Primitive)
    return Spelling((notation.name(n.head.name),), ATOM)


def _number(value: Fraction, notation: Notation) -> tuple[str, int]:
    """The shortest exact text of a number: integer, fraction, decimal or with a power of ten."""
    sign = "-" if value < 0 else ""
    value = abs(value)
    over, under = (_digits(k) for k in value.as_integer_ratio())
    if under == "1":
        choices = [(over, ATOM)]
    else:
        choices = [(notation.fraction.format(over, under), _level(notation.fraction))]
    decimal = _decimal(value)
    if decimal is not None:
        digits, power = decimal
        point = len(digits) + power
        if 0 < point < len(digits):
            choices.append((f"{digits[:point]}.{digits[point:]}", ATOM))
        elif -6 < point <= 0:
            choices.append((f"0.{'0' * -point}{digits}", ATOM))
        mantissa = digits[0] + (f".{digits[1:]}" if len(digits) > 1 else "")
        text = notation.scientific.format(mantissa, point - 1)
        if not -6 < point <= 7:
            choices.append((text, notation.scientific_level))
    text, level = min(choices, key=lambda choice: len(choice[0]))
    return sign + text, min(level, SIGN) if sign else level


def _digits(k: int) -> str:
    """The decimal digits; unlike str, of any length."""
    return str(k) if k.bit_length() < 1000 else str(Decimal(k))


def _decimal(value: Fraction) -> tuple[str, int] | None:
    """Digits and power of ten, when the number has finitely many decimals."""
    under = value.denominator
    twos = (under & -under).bit_length() - 1
    rest, fives = under >> twos, 0
    if rest.bit_length() > 4 * limits.LITERAL_DIGITS:
        return None
    while rest % 5 == 0:
        rest //= 5
        fives += 1
    if rest != 1:
        return None
    power = max(twos, fives)
    digits = _digits(value.numerator * 10**power // under)
    short = digits.rstrip("0")
    return (short, len(digits) - len(short) - power) if short else ("0", 0)


def _level(text: str) -> int:
    """How tightly a text without operators outside brackets holds together."""
    if "/" in text:
        return PRODUCT
    return FRACTION if text.startswith(r"\frac") else ATOM


@cache
def _spelling(notation: Notation, row: Primitive) -> Spelling:
    """The pieces of a row's template, each hole with the least level that needs no parentheses."""
    template = list(Formatter().parse(notation.template(row)))
    pieces: list[Piece] = []
    level = FRACTION if template and template[0][0].startswith(r"\frac") else ATOM
    # What the operator just before asks for, in each open bracket.
    asked = [0]
    for text, field, _, _ in template:
        start = 0
        for k, c in enumerate(text):
            if c in "([{":
                asked.append(0)
            elif c in ")]}":
                asked.pop()
                asked[-1] = 0
            found = _OPERATOR.match(text, k)
            if found is None:
                continue
            alone = not text[start:k].strip()
            rule = _SIGN if alone and not pieces else _BINARY[found[0].replace(r"\cdot", "*")]
            if alone and pieces and not isinstance(pieces[-1], str):
                pieces[-1] = (pieces[-1][0], max(pieces[-1][1], rule[1]))
            if len(asked) == 1:
                level = min(level, rule[0])
            asked[-1] = rule[2]
            start = k + len(found[0])
        if text:
            pieces.append(text)
        if field is not None:
            pieces.append((row.params.index(field), asked[-1]))
            asked[-1] = 0
    written = "".join(text for text, *_ in template)
    folds = SIGN <= level <= FRACTION and ("/" in written or written.startswith(("-", r"\frac")))
    return Spelling(tuple(pieces), level, folds)


def _spelled_out(root: Node, notation: Notation) -> Node:
    """The expression with each row that has no template replaced by its meaning."""

    def spell(n: Node, args: list[Node]) -> Node:
        if isinstance(n.head, Primitive) and not notation.template(n.head):
            values = dict(zip(n.head.params, args, strict=True))
            return substitute(_definition(notation, n.head), values)
        return node(n.head, *args)

    return fold(root, spell)


@cache
def _definition(notation: Notation, row: Primitive) -> Node:
    """The meaning of a row in rows that have a template."""
    return _spelled_out(meaning(row), notation)


def _infix_template(row: Primitive) -> str:
    holes = [f"{{{p}}}" for p in row.params]
    if row.infix in _BINARY and len(holes) == 2:
        space = " " if _BINARY[row.infix][0] == SUM else ""
        return f"{space}{row.infix}{space}".join(holes)
    if row.infix in _BINARY:
        return row.infix + holes[0]
    return f"{row.name}({', '.join(holes)})" if holes else row.name


def _latex_name(name: str) -> str:
    r"""x_{1} for x_1, \alpha for alpha, \mathrm{mass} for mass."""
    head, _, below = name.partition("_")
    if head in LETTERS:
        spelled = "\\" + head
    elif len(head) == 1:
        spelled = head
    else:
        spelled = rf"\mathrm{{{head}}}"
    if below:
        return f"{spelled}_{{{below}}}"
    return spelled if head == name else rf"\mathrm{{{name.replace('_', chr(92) + '_')}}}"


_NOTATIONS = {
    "infix": Notation(_infix_template, "{}/{}", "{}e{}", ATOM, str),
    "latex": Notation(
        lambda row: row.latex,
        r"\frac{{{}}}{{{}}}",
        r"{}\times 10^{{{}}}",
        PRODUCT,
        _latex_name,
        (r"\left(", r"\right)"),
    ),
    "wolfram": Notation(
        lambda row: row.wolfram, "{}/{}", "{}*^{}", ATOM, lambda name: name.replace("_", "$")
    ),
}
assert all(row.infix in ("", "²", *_BINARY) for row in ROWS)
