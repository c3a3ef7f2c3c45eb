"""Values over any operator at high precision: what the doubles could not decide."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from emlc.search.exact import Half, TooLarge, Undefined, run_exact
from emlc.search.halfturn import BEYOND, FINE, UNDEFINED
from emlc.search.program import Program, Split, program
from emlc.search.refine import split
from emlc.search.table import Array
from emlc.tables.operators import Operator

DIGITS = 120


class Precise:
    """High-precision values of the entries of a table, computed once each."""

    def __init__(self, row: Operator, stages: Split, leaves: Sequence[Half], mp: Any) -> None:
        self.mp, self.leaves = mp, leaves
        self._whole, self._stages = program(row), stages
        self.constants = [self.number(c) for c in self._whole.constants]
        self._known: dict[int, Half] = {}

    def number(self, c: Fraction) -> Half:
        """A rational number as a value."""
        return self.mp.mpf(c.numerator) / c.denominator, self.mp.mpf(0)

    def run(self, p: Program, inputs: Sequence[Half], branch: int = 0) -> list[Half]:
        """All registers after the steps; raises Undefined or TooLarge."""
        registers = [*inputs, *self.constants]
        run_exact(self.mp, p.steps, registers, branch)
        return registers

    def value(self, kids: Array, n: int) -> Half:
        """The value of an entry; raises Undefined or TooLarge."""
        known, arity = self._known, len(self._stages.alone)
        stack = [n]
        while stack:
            top = stack[-1]
            if top in known:
                stack.pop()
            elif kids[top, 0] < 0:
                known[stack.pop()] = self.leaves[-1 - int(kids[top, 0])]
            else:
                operands = [int(k) for k in kids[top, :arity]]
                waiting = [k for k in operands if k not in known]
                if waiting:
                    stack += waiting
                    continue
                known[stack.pop()] = self.run(self._whole, [known[k] for k in operands])[-1]
        return known[n]

    def joined(self, kids: Array, operands: Sequence[int], out: Array) -> int:
        """Write the operator's value on entries as six doubles; its status."""
        try:
            v = self.run(self._whole, [self.value(kids, k) for k in operands])[-1]
        except Undefined:
            return UNDEFINED
        except TooLarge:
            return BEYOND
        return split(self.mp, v, out)

    def alone(self, kids: Array, n: int, param: int, out: Array) -> int:
        """Write what an entry gives as an operand, a row for each out; the status."""
        try:
            made = self.outs(kids, n, param)
        except Undefined:
            return UNDEFINED
        except TooLarge:
            return BEYOND
        for row, v in zip(out, made, strict=True):
            split(self.mp, v, row)
        return FINE

    def outs(self, kids: Array, n: int, param: int) -> list[Half]:
        """What an entry gives as an operand; raises Undefined or TooLarge."""
        registers = self.run(self._stages.alone[param], [self.value(kids, n)])
        return [registers[r] for r in self._stages.outs[param]]
