"""The direct evaluator: the source formula in native arithmetic.

Real formulas of moderate size become one compiled loop, one assignment for each distinct part.
Complex and very large ones are interpreted by numpy, a tile at a time. Points where some part left
the comfortable range of doubles are computed again in numpy's longest type, under numpy's eyes:
its floating-point flags become the warnings.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emlc.ir.node import Lit, Node, Var
from emlc.ir.tape import NONE, Tape, flatten
from emlc.lower import cache
from emlc.lower.evaluator import Evaluator, Trouble
from emlc.lower.expand import double, expand, imaginary
from emlc.tables.primitives import ROWS, Primitive
from emlc.tables.sides import NUMPY_HELPERS, SIDES

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MAX_COMPILED = 300
_MAX_ARGUMENTS = 24
_REAL_ENOUGH = 1e-9


def direct(root: Node, *, real: bool = True, variables: Sequence[str] | None = None) -> Evaluator:
    """The evaluator of a formula in native arithmetic, fast but with its rounding and its range.

    real        whether the values are real on the domain; a value that is not becomes nan
    variables   the names that calls must give, when they are more than the formula holds

    Complex arguments, or `real=False`, compute with complex128 and principal values; zero parts
    count as +0, so a point on a cut has the value that the exact meaning gives it.

    >>> from emlc.parse import parse
    >>> f = direct(parse("x^2 + y").root)
    >>> f(x=[1.0, 2.0], y=0.5)
    array([1.5, 4.5])
    """
    return Direct(root, real=real, variables=variables)


class Direct(Evaluator):
    """See `direct`."""

    def __init__(self, root: Node, *, real: bool, variables: Sequence[str] | None) -> None:
        tape = flatten(root)
        names = sorted({h.name for h in tape.heads if isinstance(h, Var)})
        super().__init__(names if variables is None else variables, real=real)
        self._root = root
        self._line = not imaginary(root)

    @cached_property
    def _real_plan(self) -> _Plan:
        return _Plan(expand(self._root, _spelled, plane=False), self.variables, plane=False)

    @cached_property
    def _complex_plan(self) -> _Plan:
        return _Plan(expand(self._root, _spelled, plane=True), self.variables, plane=True)

    def _fill(self, args: list[NDArray[Any]], out: NDArray[Any]) -> Trouble:
        import numpy as np

        if out.dtype.kind == "f" and self._line:
            return self._real_plan.fill(args, out)
        args = [a.astype(np.complex128) + 0.0 for a in args]
        if out.dtype.kind == "c":
            return self._complex_plan.fill(args, out)
        made = np.empty(out.size, dtype=np.complex128)
        trouble = self._complex_plan.fill(args, made)
        slack = _REAL_ENOUGH * np.maximum(1.0, np.abs(made.real))
        off = ~(np.abs(made.imag) <= slack) & ~np.isnan(made)
        out[...] = np.where(off, math.nan, made.real)
        return trouble | Trouble.INVALID if off.any() else trouble


class _Plan:
    """An expanded formula as a tape, with the two ways to run it."""

    def __init__(self, root: Node, names: Sequence[str], *, plane: bool) -> None:
        self.tape = flatten(root)
        self.plane = plane
        self.names = {name: k for k, name in enumerate(names)}
        self.spare = _last_uses(self.tape)
        self.numbers = {h: double(h.value) for h in self.tape.heads if isinstance(h, Lit)}

    @cached_property
    def compiled(self) -> Callable[..., None] | None:
        """The compiled loop, None when the formula is too large for one."""
        if self.plane or len(self.tape) > _MAX_COMPILED or len(self.names) > _MAX_ARGUMENTS:
            return None
        import numba

        functions = Path(__file__).with_name("vector.py").read_text(encoding="utf-8")
        made = cache.module(self.source(), functions, numba.__version__)
        run: Callable[..., None] = made.run
        return run

    def fill(self, args: list[NDArray[Any]], out: NDArray[Any]) -> Trouble:
        """Compute one chunk; what leaves the comfortable range is done again, longer."""
        import numpy as np

        if self.compiled is not None:
            odd = np.empty(out.size, dtype=np.bool_)
            self.compiled(*args, out, odd)
            again = np.flatnonzero(odd)
            if not again.size:
                return Trouble.NONE
            values, flags = self.longer([a[again] for a in args])
            out[again] = values
            return self.trouble(args, out, flags)
        values, flags = self.interpret(args, np.complex128 if self.plane else np.float64)
        if flags:
            values, flags = self.longer(args)
        out[...] = values
        return self.trouble(args, out, flags)

    def longer(self, args: list[NDArray[Any]]) -> tuple[Any, int]:
        """The values by way of numpy's longest type, and the flags raised on the way."""
        import numpy as np

        wide: Any = np.clongdouble if self.plane else np.longdouble
        narrow: Any = np.complex128 if self.plane else np.float64
        values, flags = self.interpret([a.astype(wide) for a in args], wide)
        with np.errstate(all="ignore", over="call", call=lambda _, flag: seen.append(flag)):
            seen: list[int] = []
            made = np.asarray(values).astype(narrow)
        return made, flags | (int(Trouble.OVER) if seen else 0)

    def trouble(self, args: list[NDArray[Any]], out: NDArray[Any], flags: int) -> Trouble:
        """Numpy's flags as troubles; complex arithmetic raises `invalid` where nothing is."""
        import numpy as np

        if self.plane and flags & Trouble.INVALID:
            fresh = np.isnan(out)
            for a in args:
                fresh &= ~np.isnan(a)
            flags = flags if fresh.any() else flags & ~int(Trouble.INVALID)
        return Trouble(flags & int(Trouble.DIVIDE | Trouble.OVER | Trouble.INVALID))

    def interpret(self, args: list[NDArray[Any]], kind: Any) -> tuple[Any, int]:
        """Run the tape by numpy calls in numbers of one kind; with the union of numpy's flags."""
        import numpy as np

        functions = _functions()
        seen: list[int] = []
        values: list[Any] = []
        with np.errstate(all="call", call=lambda _, flag: seen.append(flag)):
            for k in range(len(self.tape)):
                head = self.tape.head(k)
                made: Any
                if isinstance(head, Var):
                    made = args[self.names[head.name]]
                elif isinstance(head, Lit):
                    made = kind(self.numbers[head])
                else:
                    assert isinstance(head, Primitive)
                    below = [values[j] for j in (self.tape.left[k], self.tape.right[k]) if j >= 0]
                    made = functions[self.plane, head.name](*below)
                    made = made if below else kind(made)
                    made = made + 0.0 if self.plane else made
                values.append(made)
                for j in self.spare[k]:
                    values[j] = None
        return values[-1], _union(seen)

    def source(self) -> str:
        """The compiled loop as numba source; no name of the formula occurs in it."""
        count = len(self.names)
        types = ", ".join(["line"] * count + ["float64[::1]", "boolean[::1]"])
        arguments = ", ".join([*(f"a{k}" for k in range(count)), "out", "odd"])
        before, inside = ["    good = True"], ["        sound = good"]
        fixed: list[bool] = []
        for k, (x, y) in enumerate(zip(self.tape.left, self.tape.right, strict=True)):
            head = self.tape.head(k)
            below = [j for j in (x, y) if j != NONE]
            fixed.append(not isinstance(head, Var) and all(fixed[j] for j in below))
            lines, indent = (before, "    ") if fixed[k] else (inside, "        ")
            lines.append(f"{indent}v{k} = {self._text(head, below)}")
            if below:
                flag = "good" if fixed[k] else "sound"
                lines.append(f"{indent}{flag} &= (abs(v{k}) > 1e-290) & (abs(v{k}) < 1e290)")
        return "\n".join([
            "import numpy as np", "from numba import boolean, float64, njit, types, void",
            "from emlc.lower.vector import exp, log_or_nan as log", "",
            'line = types.Array(float64, 1, "C", readonly=True)', "", "",
            f'@njit(void({types}), error_model="numpy", cache=True)', f"def run({arguments}):",
            *before, "    for k in range(out.size):", *inside,
            f"        out[k] = v{len(self.tape) - 1}", "        odd[k] = not sound", "",
        ])  # fmt: skip

    def _text(self, head: Any, below: list[int]) -> str:
        if isinstance(head, Var):
            return f"a{self.names[head.name]}[k]"
        if isinstance(head, Lit):
            return repr(self.numbers[head])
        operands = {p: f"v{j}" for p, j in zip(head.params, below, strict=True)}
        text: str = head.native.format(**operands)
        return text.replace("np.exp(", "exp(").replace("np.log(", "log(")


def _spelled(row: Primitive) -> bool:
    return bool(row.native)


def _last_uses(tape: Tape) -> list[list[int]]:
    """For each entry the operands that nothing uses after it."""
    last = list(range(len(tape)))
    for k, (x, y) in enumerate(zip(tape.left, tape.right, strict=True)):
        for j in (x, y):
            if j != NONE:
                last[j] = k
    spare: list[list[int]] = [[] for _ in last]
    for j, k in enumerate(last):
        if k != j:
            spare[k].append(j)
    return spare


def _union(flags: list[int]) -> int:
    total = 0
    for flag in flags:
        total |= flag
    return total


@lru_cache(maxsize=1)
def _functions() -> dict[tuple[bool, str], Callable[..., Any]]:
    """Every spelled row as a numpy function, on the line and on the plane."""
    lines = ["import numpy as np", *NUMPY_HELPERS.values()]
    rows = [row for row in ROWS if row.native]
    for row in rows:
        names = {p: p for p in row.params}
        sided = f"{SIDES.get(row.name, '')}(x)"
        for prefix, operands in (("line", names), ("plane", names | {"x": sided})):
            lines.append(f"def {prefix}_{row.name}({', '.join(names)}):")
            lines.append(f"    return {row.native.format(**operands)}")
    made = cache.module("\n".join([*lines, ""]))
    return {
        (plane, row.name): getattr(made, f"{prefix}_{row.name}")
        for row in rows
        for plane, prefix in ((False, "line"), (True, "plane"))
    }
