"""Vectors in straight-line code, with the operators of IEEE arithmetic."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from emlc.lower.native.lines import Lines


class Value:
    """One vector; the operators are those of IEEE arithmetic and of two's complement."""

    __slots__ = ("code", "kind", "name")

    def __init__(self, code: Lines, kind: str, name: str) -> None:
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
        made = code.line("d", f"fneg {code.types['d']} {self.name}")
        code.mirrors[made.name] = code.mirrors.get(self.name, self)
        return made

    def __invert__(self) -> Value:
        return self ^ Value(self.code, "m", "splat (i1 true)")

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
