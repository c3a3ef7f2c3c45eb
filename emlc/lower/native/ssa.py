"""Straight-line vector code: values with operators that write LLVM's language as they are used.

    Code      the lines written so far, and what each computes (equal lines are written once)
    Value     a vector of doubles ("d"), of 64-bit integers ("i") or of truth values ("m")

Nothing here knows a mathematical function, and nothing is reordered: each line is one IEEE
operation.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

_SUFFIX = {"d": "f64", "i": "i64", "m": "i1"}
_LANE = {"d": "double", "i": "i64", "m": "i1"}


@dataclass(frozen=True, slots=True)
class Target:
    """What the code may use: lanes a value, lanes a register, and whether AVX-512 is there."""

    width: int
    register: int
    avx512: bool


_LONG = 16  # lines


class Value:
    """One vector; the operators are those of IEEE arithmetic and of two's complement."""

    __slots__ = ("code", "kind", "name")

    def __init__(self, code: Code, kind: str, name: str) -> None:
        self.code = code
        self.kind = kind
        self.name = name

    @property
    def number(self) -> float | None:
        """The double that is in all lanes, None where lanes differ."""
        return self.code.numbers.get(self.name)

    def _two(self, op: dict[str, str], other: Operand, swap: bool = False) -> Value:
        code = self.code
        y = code.lift(other, self.kind)
        a, b = (y, self) if swap else (self, y)
        return code.line(self.kind, f"{op[self.kind]} {code.types[self.kind]} {a.name}, {b.name}")

    def __add__(self, other: Operand) -> Value:
        return self._two(_ADD, other)

    def __radd__(self, other: Operand) -> Value:
        return self._two(_ADD, other, True)

    def __sub__(self, other: Operand) -> Value:
        return self._two(_SUB, other)

    def __rsub__(self, other: Operand) -> Value:
        return self._two(_SUB, other, True)

    def __mul__(self, other: Operand) -> Value:
        return self._two(_MUL, other)

    def __rmul__(self, other: Operand) -> Value:
        return self._two(_MUL, other, True)

    def __truediv__(self, other: Operand) -> Value:
        return self._two(_DIV, other)

    def __rtruediv__(self, other: Operand) -> Value:
        return self._two(_DIV, other, True)

    def __and__(self, other: Operand) -> Value:
        return self._two(_AND, other)

    def __or__(self, other: Operand) -> Value:
        return self._two(_OR, other)

    def __xor__(self, other: Operand) -> Value:
        return self._two(_XOR, other)

    def __lshift__(self, other: int) -> Value:
        return self._two(_SHL, other)

    def __rshift__(self, other: int) -> Value:
        return self._two(_SHR, other)

    def __neg__(self) -> Value:
        code = self.code
        if self.kind == "i":
            return 0 - self
        return code.line("d", f"fneg {code.types['d']} {self.name}")

    def __invert__(self) -> Value:
        return self ^ code_true(self.code)

    def _compare(self, how: tuple[str, str], other: Operand) -> Value:
        code = self.code
        y = code.lift(other, self.kind)
        test = f"fcmp {how[0]}" if self.kind == "d" else f"icmp {how[1]}"
        return code.line("m", f"{test} {code.types[self.kind]} {self.name}, {y.name}")

    def __lt__(self, other: Operand) -> Value:
        return self._compare(("olt", "slt"), other)

    def __le__(self, other: Operand) -> Value:
        return self._compare(("ole", "sle"), other)

    def __gt__(self, other: Operand) -> Value:
        return self._compare(("ogt", "sgt"), other)

    def __ge__(self, other: Operand) -> Value:
        return self._compare(("oge", "sge"), other)

    def same(self, other: Operand) -> Value:
        """Lane by lane equality."""
        return self._compare(("oeq", "eq"), other)


Operand = Value | float | int

_ADD = {"d": "fadd", "i": "add"}
_SUB = {"d": "fsub", "i": "sub"}
_MUL = {"d": "fmul", "i": "mul"}
_DIV = {"d": "fdiv"}
_AND = {"i": "and", "m": "and"}
_OR = {"i": "or", "m": "or"}
_XOR = {"i": "xor", "m": "xor"}
_SHL = {"i": "shl"}
_SHR = {"i": "ashr"}


def code_true(code: Code) -> Value:
    """All lanes true."""
    return Value(code, "m", "splat (i1 true)")


class Code:
    """Lines of vector code for one target."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.lines: list[str] = []
        self.declared: dict[str, str] = {}
        self.types = {kind: f"<{target.width} x {lane}>" for kind, lane in _LANE.items()}
        self.cuts: list[int] = []
        self.kinds: dict[str, str] = {}
        self.numbers: dict[str, float] = {}
        self.flagged: Value | None = None
        self._known: dict[str, Value] = {}

    def line(self, kind: str, text: str) -> Value:
        """The value of one instruction, written once."""
        found = self._known.get(text)
        if found is None:
            found = self._known[text] = Value(self, kind, f"%v{len(self._known)}")
            self.lines.append(f"{found.name} = {text}")
            self.kinds[found.name] = kind
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
        return self.call("fabs", "d", x)

    def round(self, x: Value) -> Value:
        """The nearest whole number, halves to even."""
        return self.call("roundeven", "d", x)

    def trunc(self, x: Value) -> Value:
        return self.call("trunc", "d", x)

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

    def nan(self, x: Value) -> Value:
        """Where x is nan."""
        return self.line("m", f"fcmp uno {self.types['d']} {x.name}, {x.name}")

    def breathe(self) -> None:
        """A good place to begin another loop, where the present one is long.

        A processor looks ahead by a hundred operations or so: two long chains one after the other
        run slower in one loop than in two.
        """
        if len(self.lines) - (self.cuts[-1] if self.cuts else 0) >= _LONG:
            self.cuts.append(len(self.lines))

    def flag(self, mask: Value) -> None:
        """Ask for the lanes of the mask to be done again with care."""
        self.flagged = mask if self.flagged is None else self.flagged | mask

    def fpclass(self, x: Value, classes: int) -> Value:
        """Where x is of the classes: 1 nan, 6 zero, 8 inf, 16 -inf, 32 subnormal (AVX-512)."""
        key = f"{x.name} {classes}"
        if key in self._known:
            return self._known[key]
        v, name = "<8 x double>", "llvm.x86.avx512.fpclass.pd.512"
        self.declared[name] = f"declare <8 x i1> @{name}({v}, i32)"
        parts = [
            self.line("m", f"call <8 x i1> @{name}({v} {p}, i32 {classes})").name
            for p in self.parts(x)
        ]
        self._known[key] = self.join("m", parts)
        return self._known[key]

    def wild(self, x: Value) -> Value:
        """Where x is infinite or nan."""
        if self.target.avx512:
            return self.fpclass(x, 0x99)
        return ~(self.abs(x) <= 1.7976931348623157e308)

    def vanished(self, x: Value) -> Value:
        """Where x is zero or subnormal."""
        if self.target.avx512:
            return self.fpclass(x, 0x26)
        return self.abs(x) < 2.2250738585072014e-308

    def bits(self, x: Value) -> Value:
        """The bits of doubles as integers."""
        return self._convert("bitcast", x, "i")

    def doubles(self, x: Value) -> Value:
        """The doubles that have these bits."""
        return self._convert("bitcast", x, "d")

    def whole(self, x: Value) -> Value:
        """Doubles as integers, cut off."""
        return self._convert("fptosi", x, "i")

    def odd(self, x: Value) -> Value:
        """Where the last bit of a double is set."""
        return ~(self.bits(x) & 1).same(0)

    def widen(self, x: Value) -> Value:
        """Integers as doubles, rounded."""
        return self._convert("sitofp", x, "d")

    def _convert(self, how: str, x: Value, kind: str) -> Value:
        t = self.types
        return self.line(kind, f"{how} {t[x.kind]} {x.name} to {t[kind]}")

    def unsigned_less(self, x: Value, y: Operand) -> Value:
        """x < y as unsigned integers."""
        b = self.lift(y, "i")
        return self.line("m", f"icmp ult {self.types['i']} {x.name}, {b.name}")

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
        parts = [self.line("d", call.format(p)).name for p in self.parts(index)]
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
            made.append(
                self.line(
                    x.kind, f"shufflevector {t} {x.name}, {t} poison, <{size} x i32> <{lanes}>"
                ).name
            )
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
            return self._horner(x, coefficients)
        square = x * x
        most, rest = coefficients[-1::-2][::-1], coefficients[-2::-2][::-1]
        return self.fma(x, self._horner(square, rest), self._horner(square, most))

    def _horner(self, x: Value, coefficients: tuple[float, ...]) -> Value:
        made = self.number(coefficients[0])
        for c in coefficients[1:]:
            made = self.fma(made, x, c)
        return made


def hexed(value: float) -> str:
    """A double as LLVM writes it, bit for bit."""
    return f"0x{struct.unpack('<Q', struct.pack('<d', value))[0]:016X}"
