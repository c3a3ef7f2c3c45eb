"""Facts of tapes hold every value that balls find."""

from __future__ import annotations

import math
import random
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emlc.check.points import draw, specials
from emlc.ir.domain import Domain, domain
from emlc.ir.node import ONE, Node, eml, var
from emlc.ir.tape import flatten
from emlc.lower.balls import Ball, evaluate_all
from emlc.parse import parse_tree
from emlc.passes.facts import TOP, Fact, facts

SETS = (
    "real", "positive", "nonnegative", "negative", "nonpositive", "complex", "complex nonzero",
    "[0,1]", "(-1,1)", "[2,3]", "[-3,-2]", "right", "upper", "principal", "natural",
)  # fmt: skip

trees = st.recursive(
    st.sampled_from([ONE, var("x"), var("y")]), lambda t: st.builds(eml, t, t), max_leaves=9
)
compared = {"points": 0}


def holds(values: Domain, ball: Ball) -> bool:
    """Whether a ball may hold a value of the set."""
    re, im = (float(p.mid()) for p in (ball.value.real, ball.value.imag))
    slack = 1e-12 * (1 + abs(complex(re, im)))
    turns = im / math.pi
    inside = values.re.lo - slack <= re <= values.re.hi + slack
    aside = values.im.lo - slack <= turns <= values.im.hi + slack
    return inside and aside and not (ball.value == 0 and values.excludes(0.0))


def violated(fact: Fact, ball: Ball) -> bool:
    if ball.kind == "undefined":
        return fact.defined
    if ball.kind == "infinite":
        return (fact.high if ball.sign > 0 else fact.low) is None
    if ball.kind != "finite":
        return False
    compared["points"] += 1
    if fact.sign is not None and not math.copysign(1, complex(ball).real) * fact.sign >= 0:
        return True
    return fact.values is None or not holds(fact.values, ball)


@settings(max_examples=150, deadline=None)
@given(trees, st.sampled_from(SETS), st.sampled_from(SETS), st.integers(0, 2**32))
def test_no_fact_is_violated(tree: Node, x: str, y: str, seed: int) -> None:
    tape, rng = flatten(tree), random.Random(seed)
    domains = {"x": domain(x), "y": domain(y)}
    found = facts(tape, domains)
    for _ in range(3):
        point: dict[str, tuple[Fraction, Fraction]] = {}
        for name, d in domains.items():
            drawn = rng.choice(specials(d)) if rng.random() < 0.6 else draw(d, rng)
            if drawn is None:
                return
            point[name] = drawn
        for k, (fact, ball) in enumerate(zip(found, evaluate_all(tape, point), strict=True)):
            assert not violated(fact, ball), (k, fact, ball, point)


def test_enough_values_took_part() -> None:
    assert compared["points"] > 500


@pytest.mark.parametrize(
    ("tree", "over", "said"),
    [
        ("x1E", "real", {"sign": 1, "finite": True, "zero": False}),
        ("1xE", "positive", {"sign": None, "finite": True, "real": True}),
        ("1xE", "nonnegative", {"finite": False}),
        ("1xE", "real", {"real": False}),
        ("11xE1EE", "positive", {"real": True, "finite": True}),
        ("111E1EE", "real", {"finite": True, "sign": None}),
        ("x1E", "complex", {"sign": None, "zero": False, "real": False}),
    ],
)
def test_what_is_known(tree: str, over: str, said: dict[str, object]) -> None:
    fact = facts(flatten(parse_tree(tree)), {"x": domain(over)})[-1]
    assert {name: getattr(fact, name) for name in said} == said


def test_no_domain_is_any_value() -> None:
    tape = flatten(parse_tree("eml(x, y)"))
    x, y, result = facts(tape)
    assert x.values == y.values == domain("complex")
    assert not result.finite
    assert not TOP.defined


def test_a_long_tape_takes_one_sweep() -> None:
    tree = var("x")
    for k in range(100_000):
        tree = eml(tree, ONE) if k % 2 else eml(ONE, tree)
    assert len(facts(flatten(tree), {"x": domain("positive")})) == 100_002
