"""Numbers spelled in smaller ones."""

from __future__ import annotations

import math
import random
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import emlc
from emlc.ir.node import Lit, Node, fold, lit, postorder
from emlc.lower.balls import evaluate
from emlc.passes import numbers
from emlc.passes.compile import compile_tree
from emlc.passes.numbers import spellings
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
        made = spellings(top)
        parts = [n.head.value for n in postorder(*made) if isinstance(n.head, Lit)]
        stack.pop()
        stack.extend(p for p in parts if p not in known)
        known[top] = top
        assert all(total(formula) == top for formula in made)
    return known[value]


def test_a_number_spelled_in_a_hurry_is_the_number() -> None:
    rng = random.Random(3)
    some = [Fraction(rng.randrange(2, 10**k), 10**j) for k in range(1, 30) for j in (0, 3, 9)]
    for value in [*some, *(-v for v in some), Fraction(1025), Fraction(2**200 + 1, 3**50)]:
        assert all(total(formula) == value for formula in spellings(value, hurried=True)), value


def test_the_first_numbers_cost_the_same_in_a_small_table() -> None:
    small, whole = numbers.Table(128), numbers.Table(1024)
    for n in range(1, 101):
        assert (small.of(n), small.spellings(n)) == (whole.of(n), whole.spellings(n))


@pytest.mark.parametrize("low", (0, 600))
def test_small_integers_are_spelled_exactly(low: int) -> None:
    for n in range(low, low + 600):
        assert spelled_out(Fraction(n)) == n


@settings(max_examples=20, deadline=None)
@given(st.one_of(st.integers(-(10**40), 10**40).map(Fraction), st.fractions()))
def test_rationals_are_spelled_exactly(value: Fraction) -> None:
    assert spelled_out(value) == value


def size(value: Fraction) -> int:
    root = lit(value)
    return compile_tree(root, ranges(root)).size


@pytest.mark.parametrize(
    ("text", "most"),
    [("8", 71), ("205", 175), ("511", 109), ("1000", 127), ("10^6", 153), ("10^11", 183),
     ("10^100", 215),
     ("3628800", 273), ("123456789", 429), ("299792458", 437), ("2147483647", 199), ("3/4", 63),
     ("22/7", 121), ("8/27", 91), ("99/100", 141), ("3.14159", 401), ("-999", 137)],
)  # fmt: skip
def test_numbers_are_no_larger_than_ever(text: str, most: int) -> None:
    assert emlc.compile(text, check=False).size <= most


def test_planned_costs_are_those_of_the_compiler() -> None:
    """A step whose cost is wrong would lead to larger trees without anything failing."""
    for n in (*range(2, 40), 205, 413, 1000, 1013):
        assert size(Fraction(n)) <= numbers._table().of(n)[0], n


@pytest.mark.parametrize("x", ["0", "-1", "5/2", "-1/1000000", "40"])
@pytest.mark.parametrize(
    ("text", "most"),
    [("x*(x-1)*(x+2)", 471), ("x/(x-7)", 313), ("x^2-x", 133), ("-700*x/3", 593)],
)
def test_finite_trees_stay_small_and_right(text: str, most: int, x: str) -> None:
    made = emlc.compile(text, mode="finite", check=False)
    value = evaluate(made.tape, {"x": Fraction(x)}, 20)
    want = emlc.compile(text, check=False).evaluator("balls")(x=float(Fraction(x)))
    assert made.size <= most and value.kind == "finite"
    assert abs(complex(value.value) - complex(want)) < 1e-9


def test_sizes_of_finite_products_grow_slowly() -> None:
    letters = "xyzwuv"
    sizes = [
        emlc.compile("*".join(letters[:k]), mode="finite", check=False).size for k in (2, 4, 6)
    ]
    assert sizes[0] <= 115 and sizes[1] <= 799 and sizes[2] <= 3600


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
