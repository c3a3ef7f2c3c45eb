"""Rows, identities and primitives by balls, by sympy's lemmas and by the interpreter."""

from __future__ import annotations

import random
from collections.abc import Iterator
from fractions import Fraction
from itertools import islice, product
from pathlib import Path

import pytest
from mpmath import mp, mpc

from emlc.check.lemmas import lemmas, row_key
from emlc.check.raised import proved_by_raising
from emlc.check.reference import Point, Reference
from emlc.ir.node import node, var
from emlc.ir.tape import flatten
from emlc.lower.balls import Ball, evaluate
from emlc.passes.compile import compile_tree
from emlc.passes.templates import Template
from emlc.show import show
from emlc.tables.primitives import ROWS, Primitive
from emlc.tables.witnesses import Witness
from tests.conformance import FULL, many
from tests.conformance.claims import (
    STEP,
    Claim,
    ball,
    by_sympy,
    call,
    claims,
    number,
    slope_by_sympy,
)
from tests.conformance.interpreter import CONSTANTS, FUNCTIONS, formula, same, tree
from tests.rows import BODY_ROWS, TREE_ROWS, is_off, label, row_ranges, sampled

HALF, TINY = Fraction(1, 2), Fraction(1, 1 << 40)


def as_told(told: Ball) -> mpc | str | None:
    """What a ball says, in the interpreter's words; None where it is undecided."""
    if told.kind != "finite":
        return None if told.kind == "undecided" else told.kind
    return number(told.value)


# -- rows of the table of witnesses ----------------------------------------------------------------


@pytest.mark.parametrize(("name", "row"), TREE_ROWS, ids=label)
def test_a_tree_row(name: str, row: Witness) -> None:
    template = Template(row)
    tape = flatten(template.build([var(p) for p in template.params]))
    right = told = 0
    for point in sampled(template, many(9, 200)):
        want = formula(row.computes, point)
        if want is None:
            continue
        got = tree(row.tree, point)
        held = as_told(evaluate(tape, point, 24, 1 << 12))
        assert held is None or got is None or same(got, held), point
        told += held is not None
        if got is not None and not is_off(template, point):
            assert same(got, want), (point, got, want)
            right += 1
    assert min(right, told) >= (4 if template.params else 1)


@pytest.mark.parametrize(("name", "row"), BODY_ROWS, ids=label)
def test_a_body_row(name: str, row: Witness) -> None:
    """The body is the pattern, and so is the tree that the compiler makes of it.

    A body with eml inside goes around a cut, where mpmath's rounded pi takes it to the other side:
    it is judged by its tree alone.
    """
    template = Template(row)
    mode = "finite" if row.use == "finite" else "exact"
    made = compile_tree(template.body, row_ranges(template), mode).tree
    rpn, tape = show(made, "rpn"), flatten(made)
    seen = 0
    for point in sampled(template, many(6, 200)):
        want, got = formula(row.computes, point), formula(row.body, point)
        if want is None or got is None:
            continue
        assert "eml" in row.body or same(want, got), (point, want, got)
        own = tree(rpn, point)
        held = as_told(evaluate(tape, point, 24, 1 << 12))
        for told in (own, held):
            assert told is None or same(want, told), (point, want, told)
        seen += own is not None and held is not None
    assert seen >= 3


UNDECIDED = [row for _, row in (*TREE_ROWS, *BODY_ROWS) if row_key(row) not in lemmas()]
# What sympy does not decide and the normal form proves; bodies rest on points.
RAISED = [row for row in UNDECIDED if row.tree]


def test_the_rows_that_sympy_leaves_open_are_known() -> None:
    """A row that is changed loses its lemma; tests/test_check.py derives them again."""
    golden = Path(__file__).parents[1] / "golden" / "open.txt"
    assert sorted(map(row_key, UNDECIDED)) == golden.read_text("utf-8").splitlines()


@pytest.mark.parametrize("row", RAISED, ids=row_key)
def test_a_row_that_sympy_leaves_open_is_proved_by_its_normal_form(row: Witness) -> None:
    template = Template(row)
    tape = flatten(template.build([var(p) for p in template.params]))
    off = [(part, value) for part, values in template.off for value in values]
    verdict = proved_by_raising(template.pattern, tape, row_ranges(template), off, seconds=30)
    assert verdict.status == "proved", verdict.how


# Without a lemma for a fact about a part, twelve are identities that sympy decides; these are not.
HARD_BODIES = {
    "ln(x+sqrt(x^2-1))", "2*ln(sqrt((x+1)/2)+sqrt((x-1)/2))", "ln((1+x)/(1-x))/2",
    "eml(1,exp(eml(1,e*(i*(x+2)-2*i+sqrt(1-x^2)))))/i-1/i", "ln(x+i*sqrt(1-x^2))/i",
    "eml(1,exp(eml(1,e*((i-x)/eml(eml(1,exp(eml(1,i))),exp(-x))))))/(2*i)-1/(2*i)",
    "eml(1,exp(eml(1,(i-x)/(x-(-i)))))/(2*i)",
}  # fmt: skip
BODIES = [row for row in UNDECIDED if row.body]


@pytest.mark.parametrize("row", BODIES if FULL else BODIES[::6], ids=row_key)
def test_a_body_without_a_lemma_is_an_identity(row: Witness) -> None:
    real = "real" in row.where or "[" in row.where or "(" in row.where
    claim = Claim("body", row.computes, row.body, real)
    assert by_sympy(claim) == (row.body not in HARD_BODIES)


# -- primitives and identities ---------------------------------------------------------------------


def pool(names: tuple[str, ...], real: bool) -> Iterator[Point]:
    """Points on both sides of every cut, on the cuts, and at the special places."""
    line = [Fraction(n) for n in (0, 1, -1, -5, 12, -12, "1/2", "-1/2", "7/3", "-7/3", "1/1000",
                                  "-1/1000", "1/7", "3/4", "8/9", "4/3")]  # fmt: skip
    values = [(x, Fraction(0)) for x in line]
    if not real:
        values += [(x, s * TINY) for x in (-2, -HALF, HALF, Fraction(2)) for s in (1, -1)]
        values += [(s * TINY, y) for y in (-2, -HALF, HALF, Fraction(2)) for s in (1, -1)]
        values += [(Fraction(0), y) for y in (-2, -1, -HALF, HALF, Fraction(1), Fraction(2))]
        values += [(Fraction(a), Fraction(b)) for a, b in ((1, 2), (-3, 1), (-1, -2), (2, -3))]
    every = list(product(values, repeat=len(names)))
    if not FULL and len(every) > 200:
        every = every[:20] + random.Random(7).sample(every, 180)
    for chosen in every:
        yield dict(zip(names, chosen, strict=True))


def test_the_interpreter_knows_every_row() -> None:
    assert {row.name for row in ROWS} == {*FUNCTIONS, *CONSTANTS}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_primitive(row: Primitive) -> None:
    """mpmath as emlc calls it and FLINT have the function of the books."""
    reference = Reference(node(row, *map(var, row.params)))
    seen = 0
    for point in pool(row.params, row.real_only):
        want = formula(call(row), point, 60)
        got = reference.at(point, 60)
        if want is None or got is None or abs(want) > 1e40:
            continue
        assert same(got, want), (point, got, want)
        held = ball(call(row), point)
        assert held is None or same(held, want), (point, held, want)
        seen += held is not None
    assert seen >= (5 if row.params else 1)


@pytest.mark.parametrize("row", [r for r in ROWS if r.params], ids=lambda row: row.name)
def test_a_derivative(row: Primitive) -> None:
    """Off the cuts it is the limit of difference quotients, in the plane too."""
    seen = 0
    step = Fraction(1, 10**30)
    for point in islice(generic(row), many(8, 400)):
        for name, text in zip(row.params, row.derivative, strict=True):
            claimed = formula(text, point, 70)
            if claimed is None or abs(claimed) > 1e15:
                continue
            re, im = point[name]
            for way in (formula, ball):
                ends = [way(call(row), {**point, name: (re + s * step, im)}, 90) for s in (1, -1)]
                if None not in ends:
                    with mp.workdps(90):
                        got = (ends[0] - ends[1]) * (10**30) / 2
                    assert abs(got - claimed) <= 1e-15 * (1 + abs(claimed)), (point, name)
                    seen += 1
    assert seen >= 6


SLOPES = [(r, n, text) for r in ROWS for n, text in zip(r.params, r.derivative, strict=True)]


@pytest.mark.parametrize(("row", "name", "text"), SLOPES if FULL else SLOPES[::7], ids=str)
def test_a_derivative_by_sympy(row: Primitive, name: str, text: str) -> None:
    # sympy's derivative of asech is another one off the real line
    assert slope_by_sympy(row, name, text) == (row.name != "asech")


def generic(row: Primitive) -> Iterator[Point]:
    """Points of the plane off every cut; of real functions, positive numbers."""
    rng = random.Random(row.name)
    while True:
        parts = {p: [Fraction(rng.randint(-400, 400) or 1, 101) for _ in "ab"] for p in row.params}
        yield {p: (abs(a), Fraction(0)) if row.real_only else (a, b) for p, (a, b) in parts.items()}


# -- identities ------------------------------------------------------------------------------------

CLAIMS = list(claims())
# What sympy does not decide: inverse functions of 1/x by roots, and one with a bounded range.
LEFT_OPEN = {
    "asec(x)", "acos(inv(x))", "acsc(x)", "asin(inv(x))", "asech(x)", "acosh(inv(x))", "acoth(x)",
    "atanh(inv(x))", "acsch(x)", "asinh(inv(x))", "asin((sin(y)))",
}  # fmt: skip


def places(claim: Claim) -> Iterator[Point]:
    """Points of a claim's domain."""
    if claim.law is not None:
        yield from islice(sampled(Template(claim.law), many(12, 100)), many(12, 100))
    elif claim.range is not None:
        low, high = max(claim.range[0], -40), min(claim.range[1], 40)
        for k in range(1, many(12, 200)):
            at = low + (high - low) * k / many(12, 200)
            yield {name: (Fraction(at), Fraction(0)) for name in claim.names}
    else:
        yield from pool(claim.names, claim.real)


@pytest.mark.parametrize("claim", CLAIMS, ids=str)
def test_an_identity(claim: Claim) -> None:
    """By mpmath and by balls."""
    seen = told = 0
    for point in places(claim):
        want = formula(claim.left, point, 60)
        if want is None or (claim.real and abs(want.imag) > 1e-40):
            continue
        got = formula(claim.right, point, 60)
        if got is None and claim.kind == STEP:
            continue  # the logarithm of 0
        assert got is not None and same(got, want), (point, got, want)
        balls = ball(claim.left, point), ball(claim.right, point)
        for value in balls:
            assert value is None or same(value, want), (point, value, want)
        seen += 1
        told += None not in balls
    assert min(seen, told) >= (6 if claim.names else 1)


@pytest.mark.parametrize("claim", CLAIMS if FULL else CLAIMS[::9], ids=str)
def test_an_identity_by_sympy(claim: Claim) -> None:
    assert by_sympy(claim) == (claim.left not in LEFT_OPEN or claim.kind == "meaning")
