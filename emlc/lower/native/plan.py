"""A formula as the operations that the machine performs.

Plan    the roots over rows with kernels, numbers and variables, operands first
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from types import ModuleType
from typing import Protocol

from emlc.ir.node import Lit, Node, Var, postorder
from emlc.lower.careful import Careful
from emlc.lower.expand import double, expand
from emlc.lower.native import (
    arithmetic,
    body,
    circular,
    exponential,
    hyperbolic,
    inverse,
    logarithm,
    power,
)
from emlc.lower.native.newton import shared
from emlc.lower.native.ssa import Code, Target, Value
from emlc.lower.native.watch import watched
from emlc.lower.steady import gathered, steady
from emlc.tables.careful import HELPERS
from emlc.tables.kernels import KERNELS
from emlc.tables.primitives import ROWS, Primitive

_HOMES: tuple[ModuleType, ...] = (
    arithmetic,
    circular,
    exponential,
    hyperbolic,
    inverse,
    logarithm,
    power,
)


class _Kernel(Protocol):
    def __call__(self, code: Code, *args: Value) -> Value: ...


def _kernels() -> dict[Primitive, _Kernel]:
    """The kernel of every row that has one, found by name."""
    made = {}
    for row in (*ROWS, *HELPERS.values()):
        for home in _HOMES:
            if row.name in KERNELS and row.name in vars(home):
                made[row] = getattr(home, row.name)
        if row.name.startswith("power"):
            made[row] = power.whole(int(row.name.removeprefix("power")))
    return made


KERNEL_OF = _kernels()
TINY = 2.0**-960


@cache
def sources() -> str:
    """A digest of the sources that write code."""
    home = Path(__file__).parent
    digest = hashlib.sha256()
    for path in (*sorted(home.glob("*.py")), home.parents[1] / "tables" / "kernels.py"):
        digest.update(path.read_bytes())
    return digest.hexdigest()


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

    @cached_property
    def key(self) -> str:
        """What names the compiled loop: operations, numbers, the sources of the kernels."""
        place: dict[Node, int] = {}
        lines = [sources()]
        for n in self.order:
            place[n] = len(place)
            if n in self.fixed:
                lines.append(self.fixed[n].hex())
            elif isinstance(n.head, Var):
                lines.append(f"x{self.names.index(n.head.name)}")
            else:
                assert isinstance(n.head, Primitive)
                lines.append(f"{n.head.name} {' '.join(str(place[a]) for a in n.args)}")
        lines.append(f"{len(self.names)} {[place[r] for r in self.roots]}")
        return "\n".join(lines)

    def text(self, target: Target) -> str:
        """The LLVM module of the compiled loop."""
        code, values = self._written(target, frozenset())
        if code.heavy:
            soft = shared(code.heavy, code.products())
            code, values = self._written(target, soft)
        return body.body(code, max(1, len(self.names)), values)

    def _written(self, target: Target, soft: frozenset[int]) -> tuple[Code, list[Value]]:
        """The code and its values, these quotients and roots by products."""
        code = Code(target)
        code.soft = soft
        place = {name: k for k, name in enumerate(self.names)}
        look = _Looks(self)
        values: dict[Node, Value] = {}
        for n in self.order:
            if n in self.fixed:
                values[n] = code.number(self.fixed[n])
            elif isinstance(n.head, Var):
                values[n] = Value(code, "d", f"%x{place[n.head.name]}")
            else:
                assert isinstance(n.head, Primitive)
                code.breathe()
                values[n] = KERNEL_OF[n.head](code, *(values[a] for a in n.args))
                look.at(code, n, values)
        code.look()
        return code, [values[r] for r in self.roots]


class _Looks:
    """The looks to take at values as they are made."""

    def __init__(self, plan: Plan) -> None:
        seen = watched(plan.order, plan.roots, plan.fixed, sums=True)
        self.wild, self.tiny, self.vanishing = set(seen.wild), set(seen.tiny), dict(seen.vanishing)

    def at(self, code: Code, n: Node, values: dict[Node, Value]) -> None:
        """Flag what is to be flagged of this part."""
        if n in self.wild:
            code.finite(values[n])
        if n in self.tiny:
            code.above(values[n], TINY)
        if n not in self.vanishing:
            return
        if code.target.quick:
            if code.span(values[n])[0] <= -1022:
                code.above(values[n], 2.0**-1022)
        else:
            mask = code.vanished(values[n])
            for a in self.vanishing[n]:
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
        numbers = {n: float(v) for n, v in zip(rest, values, strict=True)}
        made |= {n: v for n, v in numbers.items() if math.isfinite(v)}
    return made


def plan(roots: Sequence[Node], names: Sequence[str]) -> Plan:
    """The plan of formulas over real variables."""
    ready = [expand(steady(root), _known, plane=False) for root in roots]
    ready = gathered(ready, constants(tuple(postorder(*ready))))
    return Plan(tuple(ready), tuple(names))


def _known(row: Primitive) -> bool:
    return row in KERNEL_OF or (row.name in KERNELS and not row.params)
