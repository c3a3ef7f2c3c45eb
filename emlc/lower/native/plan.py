"""A formula as the operations that the machine performs.

    Plan    the roots over rows with kernels, numbers and variables, operands first, and what to watch
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from types import ModuleType
from typing import Protocol

from emlc.ir.node import Lit, Node, Var, postorder
from emlc.lower.careful import Careful
from emlc.lower.expand import double, expand
from emlc.lower.native import (
    arithmetic,
    body,
    circular,
    elementary,
    hyperbolic,
    inverse,
    power,
)
from emlc.lower.native.ssa import Code, Target, Value
from emlc.tables.kernels import KERNELS
from emlc.tables.primitives import ROWS, Primitive

_HOMES: tuple[ModuleType, ...] = (
    arithmetic,
    elementary,
    circular,
    hyperbolic,
    inverse,
    power,
)


class _Kernel(Protocol):
    def __call__(self, code: Code, *args: Value) -> Value: ...


def _kernels() -> dict[Primitive, _Kernel]:
    """The kernel of every row that has one, found by name."""
    made = {}
    for row in ROWS:
        for home in _HOMES:
            if row.name in KERNELS and row.name in vars(home):
                made[row] = getattr(home, row.name)
    return made


_BY_ROW = _kernels()


@dataclass(frozen=True, eq=False)
class Plan:
    """Roots in the machine's operations; `names` are the variables in the order of the columns."""

    roots: tuple[Node, ...]
    names: tuple[str, ...]

    @cached_property
    def order(self) -> tuple[Node, ...]:
        return tuple(postorder(*self.roots))

    @cached_property
    def fixed(self) -> dict[Node, float]:
        """The parts without variables, as doubles."""
        return constants(self.order)

    def text(self, target: Target) -> str:
        """The LLVM module of the compiled loop."""
        code = Code(target)
        place = {name: k for k, name in enumerate(self.names)}
        values: dict[Node, Value] = {}
        for n in self.order:
            if n in self.fixed:
                values[n] = code.number(self.fixed[n])
            elif isinstance(n.head, Var):
                values[n] = Value(code, "d", f"%x{place[n.head.name]}")
            else:
                assert isinstance(n.head, Primitive)
                values[n] = _BY_ROW[n.head](code, *(values[a] for a in n.args))
        self._watch(code, values)
        return body.body(code, max(1, len(self.names)), [values[r] for r in self.roots])

    def _watch(self, code: Code, values: dict[Node, Value]) -> None:
        wild, vanishing = watched(self)
        for n in wild:
            code.flag(code.wild(values[n]))
        for n in vanishing:
            mask = code.vanished(values[n])
            assert isinstance(n.head, Primitive)
            under = KERNELS[n.head.name].under
            for p, a in zip(n.head.params, n.args, strict=True):
                if p in under and under != "always" and a not in self.fixed:
                    mask = mask & ~values[a].same(0.0)
            code.flag(mask)


def constants(order: tuple[Node, ...]) -> dict[Node, float]:
    """The values of the parts without variables, rounded from numpy's longest type."""
    import numpy as np

    still: set[Node] = set()
    for n in order:
        if not isinstance(n.head, Var) and still.issuperset(n.args):
            still.add(n)
    parts = [n for n in order if n in still]
    made = {n: double(n.head.value) for n in parts if isinstance(n.head, Lit)}
    rest = [n for n in parts if n not in made]
    if rest:
        values, _ = Careful(rest, (), plane=False).interpret((), np.longdouble)
        made |= {n: float(v) for n, v in zip(rest, values, strict=True) if np.isfinite(v)}
    return made


def watched(plan: Plan) -> tuple[list[Node], list[Node]]:
    """The parts to look at for infinities and nan, and those for values too small."""
    wild: list[Node] = []
    vanishing: list[Node] = []
    roots = set(plan.roots)
    shows = set(roots)  # an infinity here is seen: at a root, or at a watched part above
    matters: set[Node] = set()
    for n in reversed(plan.order):
        head = n.head
        if n in plan.fixed or not isinstance(head, Primitive):
            continue
        if n in roots or n not in shows:
            wild.append(n)
        kernel = KERNELS[head.name]
        if n in matters and kernel.under != "never":
            vanishing.append(n)
        for p, a in zip(head.params, n.args, strict=True):
            if p in kernel.through:
                shows.add(a)
            if p not in kernel.calm and not _anchored(plan, n, a):
                matters.add(a)
    return wild, vanishing


def _anchored(plan: Plan, n: Node, operand: Node) -> bool:
    """Whether a number beside the operand makes a tiny one not matter: 1 + x, but not x + x."""
    assert isinstance(n.head, Primitive)
    if n.head.name not in ("add", "sub"):
        return False
    return any(abs(plan.fixed.get(a, 0.0)) > 1e-200 for a in n.args if a is not operand)


def plan(roots: Sequence[Node], names: Sequence[str]) -> Plan:
    """The plan of formulas over real variables."""
    ready = [expand(root, _known, plane=False) for root in roots]
    return Plan(tuple(ready), tuple(names))


def _known(row: Primitive) -> bool:
    return row in _BY_ROW or row.name in KERNELS and not row.params
