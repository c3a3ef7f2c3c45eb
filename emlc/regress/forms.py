"""Formulas of the forms that laws have, with numbers drawn to suit the data."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from emlc.ir.node import Lit, Node, Var, fold, postorder
from emlc.lower.expand import double
from emlc.lower.jit import Array
from emlc.parse import parse
from emlc.regress.archive import CONSTANT, UNIT
from emlc.tables.forms import JOINS, SHAPES
from emlc.tables.primitives import Primitive

Coded = tuple[list[int], list[float]]
ONE: Coded = [UNIT], [1.0]
_IMPLIED = {"inv": "div", "neg": "sub"}


class Forms:
    """The forms that some operators allow, to be drawn for columns x of shape (variables, points).

    `rows` are the engine's, whose places are the codes.
    """

    def __init__(self, x: Array, rows: Sequence[Primitive], operators: Sequence[str]) -> None:
        self.codes = {row.name: k for k, row in enumerate(rows)}
        self.rows, self.operators = rows, operators
        self.x = x
        self.plain = [[-2 - 2 * v] for v in range(len(x))]
        self.shapes = [s for s in (parse(t, "infix").root for t in SHAPES) if self.allowed(s)]
        self.joins = [j for j in (parse(t, "infix").root for t in JOINS) if self.allowed(j)]
        self.powers = self.allowed(parse("f^p*g").root) and bool((x > 0).all())

    def column(self, v: int) -> Coded:
        """A variable."""
        return [-2 - 2 * v], [1.0]

    def scaled(self, factor: float, code: Coded) -> Coded:
        """A formula times a fitted number; the number alone where the formula is 1."""
        return _number(factor) if code == ONE else self.apply("mul", _number(factor), code)

    def power(self, code: Coded, exponent: float) -> Coded:
        """A formula to a whole or half power, by squares, roots and products."""
        factors = [self.apply("sqrt", code)] if exponent % 1 else []
        left, square = int(exponent), code
        while left:
            if left & 1:
                factors.append(square)
            left >>= 1
            if left:
                more = [square] if "sqr" in self.operators else [square, square]
                square = self.apply("sqr" if len(more) == 1 else "mul", *more)
        return self.product(factors)

    def product(self, codes: Sequence[Coded]) -> Coded:
        """Formulas multiplied."""
        made = codes[0] if codes else ONE
        for code in codes[1:]:
            made = self.apply("mul", made, code)
        return made

    def allowed(self, root: Node) -> bool:
        """Whether a formula has no other operators."""
        names = {n.head.name for n in postorder(root) if isinstance(n.head, Primitive)}
        return all(_IMPLIED.get(name, name) in self.operators for name in names)

    def draw(self, rng: np.random.Generator) -> Coded:
        """One of them, as codes and numbers."""
        join = self.joins[rng.integers(len(self.joins))]
        parts = {"f": self._shape(rng), "g": self._shape(rng)}
        return self.coded(join, lambda name: parts.get(name) or _number(rng.normal()))

    def power_law(self) -> Coded | None:
        """A product of powers of all variables; None where some are not positive."""
        if not self.powers:
            return None
        code: list[int] = []
        for v in range(len(self.x)):
            code += [-2 - 2 * v, CONSTANT, self.codes["pow"]] + [self.codes["mul"]] * (v > 0)
        return code, [1.0] * len(code)

    def _shape(self, rng: np.random.Generator) -> Coded:
        argument, column = self._argument(rng)
        size = float(np.abs(column).max()) + 1e-300
        rate = float(rng.choice([-1, 1]) * math.exp(1.0 + 1.2 * rng.normal()) / size)
        place = float(column[rng.integers(len(column))])
        numbers = {
            "p": float(rng.choice([-1, 1, 1]) * math.exp(0.5 + 0.8 * rng.normal())),
            "r": abs(rate),
            "k": rate, "j": rate * place, "m": place,
            "q": 1.0 / (size * (1.0 + rng.exponential())), "c": float(rng.normal()),
        }  # fmt: skip
        shape = self.shapes[rng.integers(len(self.shapes))]
        return self.coded(shape, lambda n: argument if n == "x" else _number(numbers[n]))

    def _argument(self, rng: np.random.Generator) -> tuple[Coded, Array]:
        v, u = (int(n) for n in rng.integers(len(self.x), size=2))
        ways = ["plain"] + [n for n in ("mul", "div") if n in self.operators] * (v != u)
        way = ways[rng.integers(len(ways))]
        if way == "plain":
            return self.column(v), self.x[v]
        code = [-2 - 2 * v, -2 - 2 * u, self.codes[way]]
        with np.errstate(all="ignore"):
            column = self.x[v] * self.x[u] if way == "mul" else self.x[v] / self.x[u]
        return (code, [1.0] * 3), np.nan_to_num(column)

    def coded(self, root: Node, leaf: Callable[[str], Coded]) -> Coded:
        """Postfix codes of a form, those of its variables given; a number times a column is one."""

        def write(n: Node, args: list[Coded]) -> Coded:
            if isinstance(n.head, Var):
                return leaf(n.head.name)
            if isinstance(n.head, Lit):
                return ONE if n.head.value == 1 else _number(double(n.head.value))
            assert isinstance(n.head, Primitive)
            return self.apply(n.head.name, *args)

        return fold(root, write)

    def apply(self, name: str, *args: Coded) -> Coded:
        """An operator applied."""
        code = [c for part in args for c in part[0]]
        const = [c for part in args for c in part[1]]
        if name == "mul" and code[0] == CONSTANT and code[1:] in self.plain:
            return [code[1] - 1], [const[0]]
        return [*code, self.codes[name]], [*const, 1.0]


def _number(value: float) -> Coded:
    return [CONSTANT], [float(value)]
