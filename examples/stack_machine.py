"""A calculator with one instruction: run what emlc compiles on a stack machine.

Run it: python examples/stack_machine.py
"""

from __future__ import annotations

import cmath
import math

import emlc


def run(program: list[str], **variables: float) -> complex:
    """The value of a program: `1` and names push a number, `E` is eml of the two on top."""
    stack: list[complex] = []
    for token in program:
        if token == "E":
            y = stack.pop()
            stack.append(eml(stack.pop(), y))
        else:
            stack.append(1.0 if token == "1" else variables[token])
    (result,) = stack
    return result


def eml(x: complex, y: complex) -> complex:
    """exp(x) - ln(y) in complex doubles, with ln 0 = -inf and exp(-inf) = 0."""
    power = 0.0 if x.real == -math.inf else cmath.exp(x)
    return power - (cmath.log(y) if y else -math.inf)


def assemble(source: str) -> list[str]:
    """The program of a formula, a tree that suits plain complex doubles."""
    program = emlc.compile(source, mode="robust").rpn()
    assert program is not None
    return program


for source, point, expected in (
    ("a*b", {"a": 6.0, "b": 7.0}, 42.0),
    ("sqrt(a)/b", {"a": 2.0, "b": 3.0}, math.sqrt(2) / 3),
    ("p*(1 + r)^n", {"p": 100.0, "r": 0.05, "n": 10.0}, 100 * 1.05**10),
):
    program = assemble(source)
    value = run(program, **point)
    print(f"{source}: {len(program)} instructions, at {point} {value.real:.12g}")
    assert abs(value - expected) < 1e-9 * abs(expected)
