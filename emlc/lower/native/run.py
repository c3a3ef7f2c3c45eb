"""Formulas as numpy ufuncs of machine code."""

from __future__ import annotations

import ctypes
import platform
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from emlc.ir.node import Node
from emlc.lower.careful import Careful
from emlc.lower.evaluator import Trouble
from emlc.lower.native import engine, tile, ufunc
from emlc.lower.native.plan import Plan, plan

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAX_OPERANDS = 60  # numpy's ufuncs take 64
MAX_COMPILED = 400
_MOST_COLUMNS = 500
_DOUBLES = ("f4", "f8")
# The bits of the floating-point environment: C's FE_INVALID, FE_DIVBYZERO, FE_OVERFLOW.
_ARM = platform.machine().lower() in ("aarch64", "arm64")
BITS = {Trouble.INVALID: 1, Trouble.DIVIDE: 2 if _ARM else 4, Trouble.OVER: 4 if _ARM else 8}


class Machine:
    """The ufunc of formulas over real variables.

    ufunc    a numpy ufunc with loops for float32 and float64; it has one input that it ignores
             where there are no variables
    tier     "tile" runs a program of operations, "compiled" machine code made for the formula;
             "auto" begins with tiles unless the disk has the code, or the code must be made anyway
    """

    def __init__(
        self, roots: Sequence[Node], names: Sequence[str], label: str, tier: str = "auto"
    ) -> None:
        self.plan = plan(roots, names)
        self.careful = Careful(self.plan.roots, names, plane=False)
        self.inputs = max(1, len(names))
        self.loops = [ufunc.Loop(kind, self.inputs, len(roots)) for kind in _DOUBLES]
        self._bits = 0
        for one in self.loops:
            one.careful(self._redo)
        self.columns = self.inputs + len(roots)
        few = self.columns <= MAX_OPERANDS
        self.ufunc = ufunc.ufunc(self.loops, self.inputs, len(roots), label) if few else None
        self.final = False
        small = len(self.plan.order) <= MAX_COMPILED
        if tier == "compiled" or (tier == "auto" and small and _at_once(self.plan)):
            self.compile()
        else:
            made = tile.program(self.plan)
            for one in self.loops:
                one.run(made.run, made.address, made)
            self.final = tier == "tile" or not small

    def compile(self) -> None:
        """Run compiled code from now on."""
        quick = engine.quick()
        if self.final:
            return
        self.final = True
        if quick is None:
            self._compile_all()
            return
        made = engine.load_as(self.plan.key, lambda: self.plan.text(quick))
        for one in self.loops:
            one.hurry(made.address("body"), quick.width, made)

    def _compile_all(self) -> None:
        """Run code for all numbers from now on."""
        key = f"all numbers {self.plan.key}"
        made = engine.load_as(key, lambda: self.plan.text(engine.target()))
        for one in self.loops:
            one.switch(made.address("body"), made)

    def _compile_far(self) -> None:
        quick = engine.quick()
        assert quick is not None
        far = replace(quick, far=True)
        made = engine.load_as(f"far {self.plan.key}", lambda: self.plan.text(far))
        for one in self.loops:
            one.far(made.address("body"), made)

    def fill(self, args: Sequence[NDArray[Any]], size: int) -> tuple[list[NDArray[Any]], Trouble]:
        """The values at contiguous doubles, without numpy's ufunc machinery."""
        import numpy as np

        made = [np.empty(size) for _ in self.plan.roots]
        columns = [a.ctypes.data for a in (*args, *made)]
        if len(columns) > _MOST_COLUMNS:
            return self._by_numpy(args, size)
        self._bits = 0
        self.loops[1].call(columns, size)
        return made, Trouble(sum(flag for flag, bit in BITS.items() if self._bits & bit))

    def _by_numpy(
        self, args: Sequence[NDArray[Any]], size: int
    ) -> tuple[list[NDArray[Any]], Trouble]:
        import numpy as np

        values, trouble = self.careful.run(args)
        return [np.broadcast_to(v, (size,)) for v in values], trouble

    def _redo(self, columns: int, count: int, marks: int) -> int:
        """Compute the marked lanes again; what to say of them, in the processor's bits.

        Without columns, provide code for very many points, without marks, that for all numbers.
        """
        import numpy as np

        if not columns:
            self._compile_far()
            return 0
        if not marks:
            self._compile_all()
            return 0

        total = self.inputs + len(self.plan.roots)
        places = (ctypes.c_void_p * total).from_address(columns)
        bits = np.asarray((ctypes.c_uint8 * ((count + 7) // 8)).from_address(marks))
        odd = np.unpackbits(bits, bitorder="little")[:count]
        again = np.flatnonzero(odd)
        if not again.size:
            return 0
        lanes = [_column(p or 0, count) for p in places]
        args = [lane[again] for lane in lanes[: len(self.careful.place)]]
        values, trouble = self.careful.run(args)
        for lane, value in zip(lanes[self.inputs :], values, strict=True):
            lane[again] = value
        said = sum(bit for flag, bit in BITS.items() if flag in trouble)
        self._bits |= said
        return said


_direct = 0


def _at_once(made: Plan) -> bool:
    """Whether to compile before the first call.

    That is so where the disk has the code, and for the first formula of a process that would have
    to compile the operations of the other tier.
    """
    global _direct
    if engine.on_disk(made.key):
        return True
    if tile.ready() or _direct:
        return False
    _direct += 1
    return True


def _column(address: int, count: int) -> NDArray[Any]:
    import numpy as np

    return np.asarray((ctypes.c_double * count).from_address(address))
