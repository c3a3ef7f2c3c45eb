"""The lines of vector code, written once each, and what every kernel may ask of them."""

from __future__ import annotations

import struct
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, replace
from typing import Self

from emlc.lower.native.value import Operand, Value

_SUFFIX = {"d": "f64", "i": "i64", "m": "i1"}
_LANE = {"d": "double", "i": "i64", "m": "i1"}


@dataclass(frozen=True, slots=True)
class Target:
    """What the code may use: lanes a value, lanes a register, and whether AVX-512 is there.

    quick   whether the code may be for ordinary numbers alone: it says so where others come by
    far     whether it writes past the caches, to whole lines of memory
    """

    width: int
    register: int
    avx512: bool
    quick: bool = False
    far: bool = False


class Lines:
    """Lines of vector code for one target."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.lines: list[str] = []
        self.declared: dict[str, str] = {}
        self.types = {kind: f"<{target.width} x {lane}>" for kind, lane in _LANE.items()}
        self.kinds: dict[str, str] = {}
        self.lanes: dict[str, int] = {}
        self.numbers: dict[str, float] = {}
        self.mirrors: dict[str, Value] = {}  # what a value is but for its sign
        self.known: dict[str, Value] = {}

    def shape(self, name: str) -> str:
        """The type of a value."""
        return f"<{self.lanes[name]} x {_LANE[self.kinds[name]]}>"

    def narrow(self) -> Self:
        """The same lines, for values of one register."""
        made = copy(self)
        size = self.target.register
        made.target = replace(self.target, width=size)
        made.types = {kind: f"<{size} x {lane}>" for kind, lane in _LANE.items()}
        return made

    def halves(self, do: Callable[..., Value], *args: Value) -> Value:
        """A value from what is done to each register of the operands."""
        small = self.narrow()
        sides = zip(*(self.parts(a) for a in args), strict=True)
        made = [do(small, *(Value(small, "d", p) for p in side)) for side in sides]
        return self.join("d", [m.name for m in made])

    def one(self, kind: str, text: str) -> str:
        """The name of what one instruction makes of registers."""
        found = self.line(kind, text)
        self.lanes[found.name] = self.target.register
        return found.name

    def line(self, kind: str, text: str) -> Value:
        """The value of one instruction, written once."""
        found = self.known.get(text)
        if found is None:
            found = self.known[text] = Value(self, kind, f"%v{len(self.known)}")
            self.lines.append(f"{found.name} = {text}")
            self.kinds[found.name], self.lanes[found.name] = kind, self.target.width
        return found

    def lift(self, value: Operand, kind: str) -> Value:
        """The operand as a value of this kind; a Python number in all lanes."""
        if isinstance(value, Value):
            if value.kind != kind:
                raise TypeError(f"a value of kind {value.kind} where {kind} was expected")
            return value
        if kind == "d":
            made = Value(self, "d", f"splat (double {hexed(float(value))})")
            self.numbers[made.name] = float(value)
            return made
        return Value(self, "i", f"splat (i64 {int(value)})")

    def number(self, value: float) -> Value:
        """The double in all lanes."""
        return self.lift(value, "d")

    def call(self, name: str, kind: str, *args: Value) -> Value:
        """A generic LLVM intrinsic, overloaded on the first operand."""
        suffix = f"v{self.target.width}{_SUFFIX[args[0].kind]}"
        full = f"llvm.{name}.{suffix}"
        types = ", ".join(self.types[a.kind] for a in args)
        self.declared[full] = f"declare {self.types[kind]} @{full}({types})"
        listed = ", ".join(f"{self.types[a.kind]} {a.name}" for a in args)
        return self.line(kind, f"call {self.types[kind]} @{full}({listed})")

    def fma(self, x: Operand, y: Operand, z: Operand) -> Value:
        """x*y + z rounded once."""
        return self.call("fma", "d", *(self.lift(v, "d") for v in (x, y, z)))

    def sqrt(self, x: Value) -> Value:
        return self.call("sqrt", "d", x)

    def abs(self, x: Value) -> Value:
        made = self.call("fabs", "d", x)
        self.mirrors[made.name] = self.mirrors.get(x.name, x)
        return made

    def round(self, x: Value) -> Value:
        """The nearest whole number, halves to even."""
        return self.call("roundeven", "d", x)

    def copysign(self, size: Operand, sign: Value) -> Value:
        return self.call("copysign", "d", self.lift(size, "d"), sign)

    def least(self, bound: Operand, x: Operand) -> Value:
        """min(bound, x); x where either is nan."""
        b, v = self.lift(bound, "d"), self.lift(x, "d")
        return self.select(b < v, b, v)

    def most(self, bound: Operand, x: Operand) -> Value:
        """max(bound, x); x where either is nan."""
        b, v = self.lift(bound, "d"), self.lift(x, "d")
        return self.select(b > v, b, v)

    def select(self, mask: Value, x: Operand, y: Operand) -> Value:
        """x where the mask holds, else y."""
        kind = x.kind if isinstance(x, Value) else y.kind if isinstance(y, Value) else "d"
        a, b = self.lift(x, kind), self.lift(y, kind)
        t = self.types
        return self.line(
            kind, f"select {t['m']} {mask.name}, {t[kind]} {a.name}, {t[kind]} {b.name}"
        )

    def bits(self, x: Value) -> Value:
        """The bits of doubles as integers."""
        return self.convert("bitcast", x, "i")

    def doubles(self, x: Value) -> Value:
        """The doubles that have these bits."""
        return self.convert("bitcast", x, "d")

    def whole(self, x: Value) -> Value:
        """Doubles as integers, cut off."""
        return self.convert("fptosi", x, "i")

    def odd(self, x: Value) -> Value:
        """Where the last bit of a double is set."""
        return ~(self.bits(x) & 1).same(0)

    def widen(self, x: Value) -> Value:
        """Integers as doubles, rounded."""
        return self.convert("sitofp", x, "d")

    def convert(self, how: str, x: Value, kind: str) -> Value:
        t = self.types
        return self.line(kind, f"{how} {t[x.kind]} {x.name} to {t[kind]}")

    def shift_right(self, x: Value, by: int) -> Value:
        """Integers shifted right, zeros coming in."""
        return self.line("i", f"lshr {self.types['i']} {x.name}, {self.lift(by, 'i').name}")

    def pick(self, table: tuple[float, ...], index: Value) -> Value:
        """The entry of a table of a register or two that the low bits of the index name."""
        lane = "<8 x double>"
        rows = [", ".join(f"double {hexed(v)}" for v in table[k : k + 8]) for k in (0, 8)]
        full = "llvm.x86.avx512.vpermi2var.pd.512"
        self.declared[full] = f"declare {lane} @{full}({lane}, <8 x i64>, {lane})"
        call = f"call {lane} @{full}({lane} <{rows[0]}>, <8 x i64> {{}}, {lane} <{rows[1]}>)"
        parts = [self.one("d", call.format(p)) for p in self.parts(index)]
        return self.join("d", parts)

    def parts(self, x: Value) -> list[str]:
        """The registers that hold the value."""
        width, size = self.target.width, self.target.register
        if width == size:
            return [x.name]
        made = []
        for start in range(0, width, size):
            lanes = ", ".join(f"i32 {start + k}" for k in range(size))
            t = self.types[x.kind]
            text = f"shufflevector {t} {x.name}, {t} poison, <{size} x i32> <{lanes}>"
            made.append(self.one(x.kind, text))
        return made

    def pairs(self, x: Value, y: Value) -> list[tuple[str, str]]:
        """The registers that hold two values, side by side."""
        return list(zip(self.parts(x), self.parts(y), strict=True))

    def join(self, kind: str, parts: list[str]) -> Value:
        """The value that lies in these registers."""
        size = self.target.register
        while len(parts) > 1:
            t = f"<{size} x {_LANE[kind]}>"
            lanes = ", ".join(f"i32 {k}" for k in range(2 * size))
            parts = [
                self.line(
                    kind, f"shufflevector {t} {a}, {t} {b}, <{2 * size} x i32> <{lanes}>"
                ).name
                for a, b in zip(parts[::2], parts[1::2], strict=True)
            ]
            size *= 2
        return Value(self, kind, parts[0])

    def poly(self, x: Value, *coefficients: float) -> Value:
        """The polynomial with these coefficients, the highest power first.

        Even and odd powers run side by side: half as long a chain for one more multiplication.
        """
        if len(coefficients) < 5:
            return self.horner(x, *coefficients)
        square = x * x
        most, rest = coefficients[-1::-2][::-1], coefficients[-2::-2][::-1]
        return self.fma(x, self.horner(square, *rest), self.horner(square, *most))

    def horner(self, x: Value, *coefficients: float) -> Value:
        """The same in one chain, with the fewest operations."""
        made = self.number(coefficients[0])
        for c in coefficients[1:]:
            made = self.fma(made, x, c)
        return made


def hexed(value: float) -> str:
    """A double as LLVM writes it, bit for bit."""
    return f"0x{struct.unpack('<Q', struct.pack('<d', value))[0]:016X}"
