"""Straight-line vector code: values with operators that write LLVM's language as they are used.

    Code      the lines written so far, and what each computes (equal lines are written once)
    Value     a vector of doubles ("d"), of 64-bit integers ("i") or of truth values ("m")

Nothing here knows a mathematical function, and nothing is reordered: each line is one IEEE
operation. Code marks the lanes that are to be done again with care. Quick code marks nothing: where
a lane is not what it was made for, it says so at its end, and all is done again by other code.
"""

from __future__ import annotations

import math
import struct

from emlc.lower.native.lines import Lines, Target
from emlc.lower.native.value import Operand, Value

__all__ = ["Code", "Operand", "Target", "Value"]

_LONG = 16  # lines
_LARGEST = 1.7976931348623157e308
_SIZE = (1 << 63) - 1


def _bits(value: float) -> int:
    made: int = struct.unpack("<q", struct.pack("<d", value))[0]
    return made


class Code(Lines):
    """Lines of vector code for one target, with the looks it takes at values."""

    def __init__(self, target: Target) -> None:
        super().__init__(target)
        self.cuts: list[int] = []
        self.flagged: Value | None = None
        self.doubts: list[Value] = []
        self.spans: dict[str, tuple[float, float]] = {}
        self.waiting: dict[str, tuple[Code, Value, float]] = {}
        self.heavy: list[str] = []
        self.soft: frozenset[int] = frozenset()

    def breathe(self) -> None:
        """A good place to begin another loop, where the present one is long.

        A processor looks ahead by a hundred operations or so: two long chains one after the other
        run slower in one loop than in two.
        """
        if len(self.lines) - (self.cuts[-1] if self.cuts else 0) >= _LONG:
            self.look()
            self.cuts.append(len(self.lines))

    def flag(self, mask: Value) -> None:
        """Ask for the lanes of the mask to be done again with care."""
        if self.target.quick:
            self.doubt(self.convert("sext", mask, "i"))
        else:
            self.flagged = mask if self.flagged is None else self.flagged | mask

    def below(self, x: Value, bound: float) -> None:
        """Ask for care where |x| exceeds the bound."""
        if self.target.quick:
            self._wait(x, bound)
        else:
            self.flag(self.abs(x) > bound)

    def above(self, x: Value, bound: float) -> None:
        """Ask for care where |x| is less than the bound."""
        if self.target.quick:
            bits = self.bits(self.mirrors.get(x.name, x))
            self.doubt((bits - _bits(bound)) ^ bits)
        else:
            self.flag(self.abs(x) < bound)

    def finite(self, x: Value) -> None:
        """Ask for care where x is infinite or nan."""
        if not self.target.quick:
            self.flag(self.wild(x))
        elif self.span(x)[1] >= 1024:
            self._wait(x, _LARGEST)

    def wild(self, x: Value) -> Value:
        """Where x is infinite or nan."""
        if self.target.avx512:
            return self.fpclass(x, 0x99)
        return ~(self.abs(x) <= _LARGEST)

    def vanished(self, x: Value) -> Value:
        """Where x is zero or subnormal."""
        if self.target.avx512:
            return self.fpclass(x, 0x26)
        return self.abs(x) < 2.2250738585072014e-308

    def nan(self, x: Value) -> Value:
        """Where x is nan."""
        return self.line("m", f"fcmp uno {self.types['d']} {x.name}, {x.name}")

    def fpclass(self, x: Value, classes: int) -> Value:
        """Where x is of the classes: 1 nan, 6 zero, 8 inf, 16 -inf, 32 subnormal (AVX-512)."""
        key = f"{x.name} {classes}"
        if key in self.known:
            return self.known[key]
        v, name = "<8 x double>", "llvm.x86.avx512.fpclass.pd.512"
        self.declared[name] = f"declare <8 x i1> @{name}({v}, i32)"
        parts = [
            self.one("m", f"call <8 x i1> @{name}({v} {p}, i32 {classes})") for p in self.parts(x)
        ]
        self.known[key] = self.join("m", parts)
        return self.known[key]

    # -- quick code ----------------------------------------------------------------------------

    def doubt(self, x: Value) -> None:
        """Give up quick code where an integer is negative in any lane."""
        small = self.narrow()
        for name in self.parts(x):
            part = Value(small, "i", name)
            self.doubts[:] = [self.doubts[0] | part if self.doubts else part]

    def doubt_size(self, x: Value, bound: float) -> None:
        """Give up quick code where |x| exceeds the bound: there the sign of a sum changes."""
        bits = self.bits(x)
        self.doubt((bits + (_SIZE - _bits(bound))) ^ bits)

    def size(self, x: Value) -> Value:
        """The bits of |x|."""
        return self.bits(x) & _SIZE

    def _wait(self, x: Value, bound: float) -> None:
        """Look at the size of x later: a smaller bound may come up."""
        x = self.mirrors.get(x.name, x)
        before = self.waiting[x.name][2] if x.name in self.waiting else math.inf
        self.waiting[x.name] = self, x, min(bound, before)

    def waits(self, x: Value) -> bool:
        """Whether the size of x is to be looked at."""
        return self.mirrors.get(x.name, x).name in self.waiting

    def look(self) -> None:
        """Look at what waits for it."""
        for code, x, bound in self.waiting.values():
            code.doubt_size(x, bound)
        self.waiting.clear()

    def vast(self, x: Value, low: float, high: float) -> Value:
        """x, between 2^low and 2^high in size unless there was a doubt before."""
        self.spans[x.name] = low, high
        return x

    def span(self, x: Value) -> tuple[float, float]:
        """What is known of the exponent of x."""
        if x.number:
            exponent = math.frexp(x.number)[1]
            return exponent - 1, exponent
        return self.spans.get(self.mirrors.get(x.name, x).name, (-math.inf, math.inf))

    def products(self) -> int:
        """How many registers go through the multipliers so far."""
        count = 0
        for line in self.lines:
            if " fmul " in line or "@llvm.fma." in line or " fcmp " in line:
                count += self.lanes[line.split(" ", 1)[0]] // self.target.register
        return count

    def by_products(self, how: str) -> bool:
        """Whether the next quotient or root of one register is for the multipliers."""
        self.heavy.append(how)
        return len(self.heavy) - 1 in self.soft

    def next_by_products(self) -> bool:
        """Whether that holds for a register of the next quotient or root."""
        count = self.target.width // self.target.register
        return any(len(self.heavy) + k in self.soft for k in range(count))
