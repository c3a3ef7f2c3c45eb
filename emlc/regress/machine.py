"""The operators of formulas as compiled loops, values and derivatives, written from their rows.

A row without a native spelling is lowered by its meaning, its derivatives by their formulas.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from emlc.errors import ArgumentError
from emlc.ir.node import Lit, Node, Var, fold, node, var
from emlc.lower import cache
from emlc.lower.expand import double, expand
from emlc.lower.jit import Array
from emlc.parse import parse
from emlc.tables.primitives import BY_NAME, Primitive

# Operators and how often a random formula has them.
DEFAULT = {
    "add": 4.0, "sub": 3.0, "mul": 4.0, "div": 3.0, "sqr": 1.5, "sqrt": 1.0, "exp": 1.2,
    "ln": 0.7, "sin": 0.6, "cos": 0.6, "tanh": 0.2, "asin": 0.1, "pow": 0.7,
}  # fmt: skip
_BUILT = (*DEFAULT, "neg", "inv", "acos", "atan", "tan", "sinh", "cosh", "abs", "softplus")


def rows(operators: Sequence[str] | None) -> tuple[Primitive, ...]:
    """The rows of these names, or of the default ones.

    Raises ArgumentError for a name that no row has, and for one that takes no arguments.
    """
    found: list[Primitive] = []
    for name in DEFAULT if operators is None else operators:
        row = BY_NAME.get(name)
        if row is None or not row.params or row.range == "imaginary unit":
            hint = f"such as {', '.join(DEFAULT)}"
            raise ArgumentError(f"there is no operator {name}", hint=hint)
        if row not in found:
            found.append(row)
    if not found:
        raise ArgumentError("there must be an operator")
    return tuple(found)


def table(wanted: Sequence[Primitive]) -> tuple[Primitive, ...]:
    """The rows compiled together: the usual ones, and what else is wanted."""
    usual = [BY_NAME[name] for name in _BUILT]
    return (*usual, *(row for row in wanted if row not in usual))


@lru_cache(maxsize=4)
def engine(known: tuple[Primitive, ...]) -> ModuleType:
    """The compiled search over formulas of these rows."""
    import numba

    text = Path(__file__).with_name("engine.py").read_text(encoding="utf-8")
    mark = "from emlc.regress.stub import backward, forward\n"
    assert mark in text
    return cache.module(text.replace(mark, source(known)), numba.__version__)


def sizes(engine: Any, code: Array, arity: Array) -> Array:
    """How many entries each part of a formula has."""
    size = np.empty(len(code), dtype=np.int64)
    engine.spans(code, len(code), arity, size)
    return size


def values_of_parts(engine: Any, code: Array, const: Array, arity: Array, x: Array) -> Array:
    """The values of every part at columns of shape (variables, points), (parts, points)."""
    v = np.empty((len(code), x.shape[1]))
    engine.evaluate(code, const, len(code), arity, sizes(engine, code, arity), x, v)
    return v


def source(known: Sequence[Primitive]) -> str:
    """`forward` and `backward` for the rows, as numba source."""
    lines = [
        "from emlc.lower.vector import exp as _exp, log_or_nan as _log",
        "", "", "@inlined", "def forward(op, v, k, a, b):",
        "    n = v.shape[1]",
    ]  # fmt: skip
    for number, row in enumerate(known):
        names = dict(zip(row.params, ("v[a, t]", "v[b, t]"), strict=False))
        lines += [f"    {'el' if number else ''}if op == {number}:", "        for t in range(n):"]
        lines.append(f"            v[k, t] = {_text(_body(row), names)}")
    lines += ["", "", "@inlined", "def backward(op, v, d, k, a, b):"]
    lines.append("    n = v.shape[1]")
    for number, row in enumerate(known):
        names = dict(zip(row.params, ("v[a, t]", "v[b, t]"), strict=False))
        lines += [f"    {'el' if number else ''}if op == {number}:", "        for t in range(n):"]
        for place, rule in zip("ab", row.derivative, strict=False):
            text = _text(parse(rule, "infix").root, names)
            lines.append(f"            d[{place}, t] = d[k, t] * ({text})")
    return "\n".join([*lines, "", ""])


def _body(row: Primitive) -> Node:
    return node(row, *(var(p) for p in row.params))


def _text(root: Node, names: dict[str, str]) -> str:
    """The formula as one line of numba source."""

    def write(n: Node, args: list[str]) -> str:
        head = n.head
        if isinstance(head, Var):
            return names[head.name]
        if isinstance(head, Lit):
            return repr(double(head.value))
        assert isinstance(head, Primitive)
        text = head.native.format(**dict(zip(head.params, args, strict=True)))
        return f"({text})".replace("np.exp(", "_exp(").replace("np.log(", "_log(")

    return fold(expand(root, lambda row: bool(row.native), plane=False), write)
