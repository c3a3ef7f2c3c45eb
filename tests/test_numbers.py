"""Numbers spelled in smaller ones."""

from __future__ import annotations

import math
import random
from fractions import Fraction
from itertools import chain

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import emlc
from emlc.ir.node import Lit, Node, fold, lit
from emlc.lower.balls import evaluate
from emlc.passes.compile import compile_tree
from emlc.passes.numbers import spell
from emlc.passes.ranges import ranges

OPERATIONS = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "pow": lambda a, b: a**b,
    "neg": lambda a: -a,
    "inv": lambda a: 1 / a,
}


def total(root: Node) -> Fraction:
    return fold(
        root,
        lambda n, args: n.head.value if isinstance(n.head, Lit) else OPERATIONS[n.head.name](*args),
    )


def spelled_out(value: Fraction) -> Fraction:
    """The value of a spelling, its numbers spelled in turn down to the least."""
    known: dict[Fraction, Fraction] = {}
    stack = [value]
    while stack:
        top = stack[-1]
        made = spell(top)
        parts = (
            []
            if made is None
            else fold(
                made, lambda n, args: [n.head.value] if isinstance(n.head, Lit) else [*chain(*args)]
            )
        )
        waiting = [p for p in parts if p not in known]
        if waiting:
            assert top not in waiting
            stack.extend(waiting)
            continue
        stack.pop()
        known[top] = top if made is None else total(made)
        assert known[top] == top
    return known[value]


@pytest.mark.parametrize("low", range(0, 2000, 500))
def test_small_integers_are_spelled_exactly(low: int) -> None:
    for n in range(low, low + 500):
        assert spelled_out(Fraction(n)) == n


@settings(max_examples=60, deadline=None)
@given(st.one_of(st.integers(-(10**40), 10**40).map(Fraction), st.fractions()))
def test_rationals_are_spelled_exactly(value: Fraction) -> None:
    assert spelled_out(value) == value


def size(value: Fraction) -> int:
    root = lit(value)
    return compile_tree(root, ranges(root)).size


def test_sizes_grow_with_the_digits() -> None:
    rng = random.Random(4)
    for bits in (8, 16, 32, 64, 128):
        sizes = [size(Fraction(rng.getrandbits(bits) | 1 << (bits - 1))) for _ in range(4)]
        assert max(sizes) <= 60 * bits


def test_a_number_of_256_bits_has_a_tree() -> None:
    assert size(Fraction((1 << 256) // 3)) <= 60 * 256


def test_decimal_powers_are_short() -> None:
    assert size(Fraction(10**30)) < 4 * size(Fraction(10**3))
    assert size(Fraction(1, 10**6)) < 2 * size(Fraction(10**6))


@pytest.mark.parametrize(
    "text",
    ["7", "9", "42", "-17", "1000", "10^6", "123456789", "299792458", "1/10", "-22/7", "355/113",
     "6.02214076e23", "6.62607015e-34", "1.602176634e-19", "3.14159"],
)  # fmt: skip
def test_numbers_evaluate_to_within_four_ulps(text: str) -> None:
    made = emlc.compile(text, check=False)
    want = total(emlc.pipeline.simplify(made.formula))
    exact = evaluate(made.tape, {}, 30).value
    assert abs(complex(exact).real - want) <= Fraction(math.ulp(float(want)))
    got = complex(made.evaluator("faithful")())
    assert got.imag == 0
    assert abs(Fraction(got.real) - want) <= 4 * Fraction(math.ulp(float(want)))
