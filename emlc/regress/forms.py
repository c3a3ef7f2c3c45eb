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
_IMPLIED = {"inv": "div", "neg": "sub"}


class Forms:
    """The forms that some operators allow, to be drawn for columns x of shape (variables, points).

    `rows` are the engine's, whose places are the codes.
    """

    def __init__(self, x: Array, rows: Sequence[Primitive], operators: Sequence[str]) -> None:
        self.codes = {row.name: k for k, row in enumerate(rows)}
        self.operators = operators
        self.x = x
        self.plain = [[-2 - 2 * v] for v in range(len(x))]
        self.shapes = [s for s in (parse(t, "infix").root for t in SHAPES) if self._allowed(s)]
        self.joins = [j for j in (parse(t, "infix").root for t in JOINS) if self._allowed(j)]
        self.powers = self._allowed(parse("f^p*g").root) and bool((x > 0).all())

    def _allowed(self, root: Node) -> bool:
        names = {n.head.name for n in postorder(root) if isinstance(n.head, Primitive)}
        return all(_IMPLIED.get(name, name) in self.operators for name in names)

    def draw(self, rng: np.random.Generator) -> Coded:
        """One of them, as codes and numbers."""
        join = self.joins[rng.integers(len(self.joins))]
        parts = {"f": self._shape(rng), "g": self._shape(rng)}
        return self._coded(join, lambda name: parts.get(name) or _number(rng.normal()))

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
        return self._coded(shape, lambda n: argument if n == "x" else _number(numbers[n]))

    def _argument(self, rng: np.random.Generator) -> tuple[Coded, Array]:
        v, u = (int(n) for n in rng.integers(len(self.x), size=2))
        ways = ["plain"] + [n for n in ("mul", "div") if n in self.operators] * (v != u)
        way = ways[rng.integers(len(ways))]
        if way == "plain":
            return ([-2 - 2 * v], [1.0]), self.x[v]
        code = [-2 - 2 * v, -2 - 2 * u, self.codes[way]]
        with np.errstate(all="ignore"):
            column = self.x[v] * self.x[u] if way == "mul" else self.x[v] / self.x[u]
        return (code, [1.0] * 3), np.nan_to_num(column)

    def _coded(self, root: Node, leaf: Callable[[str], Coded]) -> Coded:
        """Postfix codes of a form; a number times a variable is one entry."""

        def write(n: Node, args: list[Coded]) -> Coded:
            if isinstance(n.head, Var):
                return leaf(n.head.name)
            if isinstance(n.head, Lit):
                return ([UNIT], [1.0]) if n.head.value == 1 else _number(double(n.head.value))
            assert isinstance(n.head, Primitive)
            code = [c for part in args for c in part[0]]
            const = [c for part in args for c in part[1]]
            if n.head.name == "mul" and code[0] == CONSTANT and code[1:] in self.plain:
                return [code[1] - 1], [const[0]]
            return [*code, self.codes[n.head.name]], [*const, 1.0]

        return fold(root, write)


def _number(value: float) -> Coded:
    return [CONSTANT], [float(value)]
