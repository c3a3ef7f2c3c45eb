"""Formulas by numpy's own functions: slow, watched by numpy, and longer where it must be.

This is what does again the points at which some part left the range of doubles, and what computes
with complex numbers. numpy's floating-point flags say what to warn about.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from emlc.ir.node import Lit, Node, Var, postorder
from emlc.lower import cache, turns
from emlc.lower.evaluator import Trouble
from emlc.lower.expand import double
from emlc.tables.careful import HELPERS
from emlc.tables.kernels import KERNELS
from emlc.tables.plane import CALLS, NUMPY_PLANE
from emlc.tables.primitives import BY_NAME, ROWS, Primitive
from emlc.tables.sides import NUMPY_HELPERS, SIDES

if TYPE_CHECKING:
    from numpy.typing import NDArray

_UNDER = 4  # numpy's flag for a result too small, which no evaluator tells


class Careful:
    """Formulas that share their parts, to be run by numpy calls.

    roots    over rows that numpy spells
    plane    whether the numbers are complex
    """

    def __init__(self, roots: Sequence[Node], names: Sequence[str], *, plane: bool) -> None:
        self.plane = plane
        self.roots = tuple(roots)
        self.place = {name: k for k, name in enumerate(names)}
        self.order = tuple(postorder(*roots))
        self.spare = _last_uses(self.order, self.roots)
        self.numbers = {n: double(n.head.value) for n in self.order if isinstance(n.head, Lit)}

    def run(self, args: Sequence[NDArray[Any]]) -> tuple[list[Any], Trouble]:
        """The values, computed again and longer where anything was too large or too small."""
        import numpy as np

        values, flags = self.interpret(args, np.complex128 if self.plane else np.float64)
        if flags & (Trouble.OVER | _UNDER) or (self.plane and flags):
            values, flags = self._longer(args)
        return values, self._trouble(args, values, flags)

    def _longer(self, args: Sequence[NDArray[Any]]) -> tuple[list[Any], int]:
        """The values by way of numpy's longest type, and the flags raised on the way."""
        import numpy as np

        wide: Any = np.clongdouble if self.plane else np.longdouble
        narrow: Any = np.complex128 if self.plane else np.float64
        values, flags = self.interpret([a.astype(wide) for a in args], wide)
        seen: list[int] = []
        with np.errstate(all="ignore", over="call", call=lambda _, flag: seen.append(flag)):
            made = [np.asarray(v).astype(narrow) for v in values]
        return made, flags | (int(Trouble.OVER) if seen else 0)

    def _trouble(self, args: Sequence[NDArray[Any]], values: list[Any], flags: int) -> Trouble:
        """Numpy's flags as troubles; complex arithmetic raises `invalid` where nothing is."""
        import numpy as np

        if self.plane and flags & Trouble.INVALID:
            fresh = np.any([np.isnan(v) for v in np.broadcast_arrays(*values)], axis=0)
            for a in args:
                fresh = fresh & ~np.isnan(a)
            flags = flags if np.any(fresh) else flags & ~int(Trouble.INVALID)
        return Trouble(flags & int(Trouble.DIVIDE | Trouble.OVER | Trouble.INVALID))

    def interpret(self, args: Sequence[Any], kind: Any) -> tuple[list[Any], int]:
        """The roots in numbers of one kind, by numpy calls, with the union of numpy's flags."""
        import numpy as np

        functions = _functions()
        seen: list[int] = []
        values: dict[Node, Any] = {}
        with np.errstate(all="call", call=lambda _, flag: seen.append(flag)):
            for n, spare in zip(self.order, self.spare, strict=True):
                head = n.head
                if isinstance(head, Var):
                    values[n] = args[self.place[head.name]]
                elif isinstance(head, Lit):
                    values[n] = kind(self.numbers[n])
                else:
                    assert isinstance(head, Primitive)
                    made = functions[self.plane, head](*(values[a] for a in n.args))
                    made = made if n.args else kind(made)
                    values[n] = made + 0.0 if self.plane else made
                for a in spare:
                    del values[a]
        total = 0
        for flag in seen:
            total |= flag
        return [values[r] for r in self.roots], total


def spelled(row: Primitive, *, plane: bool) -> bool:
    """Whether numpy has the row's function, on the line or on the plane."""
    return (plane, row) in _functions()


def _last_uses(order: tuple[Node, ...], roots: tuple[Node, ...]) -> list[list[Node]]:
    """For each part the operands that nothing uses after it."""
    last: dict[Node, int] = {}
    for k, n in enumerate(order):
        for a in n.args:
            last[a] = k
    spare: list[list[Node]] = [[] for _ in order]
    for a, k in last.items():
        if a not in roots:
            spare[k].append(a)
    return spare


@lru_cache(maxsize=1)
def _functions() -> Mapping[tuple[bool, Primitive], Callable[..., Any]]:
    """Every spelled row as a numpy function, on the line and on the plane."""
    lines = ["import numpy as np", *NUMPY_HELPERS.values(), *NUMPY_PLANE.values()]
    found: dict[tuple[bool, Primitive], str] = {}
    for row in (*ROWS, *HELPERS.values()):
        kernel = KERNELS.get(row.name)
        names = {p: p for p in row.params}
        line = (kernel.line if kernel else "") or row.native
        if line:
            found[False, row] = line.format(**names)
        wide = CALLS.get(row.name) or row.native
        if wide and not row.real_only:
            sided = f"{SIDES.get(row.name, '')}(x)"
            found[True, row] = wide.format(**names | {"x": sided})
    for (plane, row), text in found.items():
        prefix = "on_plane" if plane else "on_line"
        lines += [f"def {prefix}_{row.name}({', '.join(row.params)}):", f"    return {text}"]
    made = cache.module("\n".join([*lines, ""]))
    calls = {
        (plane, row): getattr(made, f"on_{'plane' if plane else 'line'}_{row.name}")
        for plane, row in found
    }
    return calls | {(True, BY_NAME[name]): power for name, power in turns.FUNCTIONS.items()}
