"""The machine's own operations as kernels, named like the rows they lower."""

from __future__ import annotations

from emlc.lower.native.ssa import Code, Value


def add(code: Code, x: Value, y: Value) -> Value:
    return x + y


def sub(code: Code, x: Value, y: Value) -> Value:
    return x - y


def mul(code: Code, x: Value, y: Value) -> Value:
    return x * y


def div(code: Code, x: Value, y: Value) -> Value:
    return x / y


def neg(code: Code, x: Value) -> Value:
    return -x


def half(code: Code, x: Value) -> Value:
    return x * 0.5


def sqr(code: Code, x: Value) -> Value:
    return x * x


def inv(code: Code, x: Value) -> Value:
    return 1.0 / x


def sqrt(code: Code, x: Value) -> Value:
    return code.sqrt(x)


def abs(code: Code, x: Value) -> Value:
    return code.abs(x)
