"""Every row of the tables against mpmath, in the exact meaning."""

from __future__ import annotations

import json
from collections.abc import Iterator
from fractions import Fraction
from itertools import product
from pathlib import Path

import mpmath
import numpy as np
import pytest

import emlc
from emlc.check.reference import Reference
from emlc.ir.node import Lit, Var, lit, node, postorder, substitute, var, variables
from emlc.ir.tape import Tape, flatten, is_pure
from emlc.lower.balls import evaluate, evaluate_all
from emlc.passes.compile import compile_tree
from emlc.passes.ranges import ranges, raw_formula
from emlc.passes.simplify import simplify
from emlc.passes.templates import Template
from emlc.tables.primitives import BY_NAME, EML, NOT_ELEMENTARY, ROWS, Primitive
from emlc.tables.witnesses import Witness
from tests.rows import BODY_ROWS, TREE_ROWS, compared, is_off, label, lies_in, row_ranges, sampled

KNOWN = json.loads((Path(__file__).parent / "data" / "known_sizes.json").read_text("utf-8"))
TREE_CASES = pytest.mark.parametrize(("name", "row"), TREE_ROWS, ids=label)
BODY_CASES = pytest.mark.parametrize(("name", "row"), BODY_ROWS, ids=label)
ROW_CASES = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)


def pure(template: Template) -> Tape:
    return flatten(template.build([var(p) for p in template.params]))


# -- witnesses -----------------------------------------------------------------------------------


@TREE_CASES
def test_a_tree_is_pure_and_of_its_table(name: str, row: Witness) -> None:
    template = Template(row)
    depth = 0
    for token in row.tree:
        depth += -1 if token == "E" else 1
        assert depth >= 1
    assert depth == 1
    assert len(row.tree) % 2 == 1
    assert set(row.tree) <= {"1", "E", *template.params}
    assert is_pure(pure(template))
    head = template.pattern.head
    assert name == ("number" if isinstance(head, Lit) else head.name)


@BODY_CASES
def test_a_body_is_of_its_table(name: str, row: Witness) -> None:
    template = Template(row)
    assert not row.tree
    assert template.pattern.head is BY_NAME[name]
    assert set(variables(raw_formula(row.body))) <= set(template.params)


@TREE_CASES
def test_a_tree_is_right_on_its_domain(name: str, row: Witness) -> None:
    template = Template(row)
    tape = pure(template)
    seen = 0
    for point, got, want, error in compared(tape, template.pattern, sampled(template, 40)):
        if not is_off(template, point):
            assert error < 1e-12, (point, got, want)
            seen += 1
    assert seen >= (20 if template.params else 1)


@BODY_CASES
def test_a_body_is_right_on_its_domain(name: str, row: Witness) -> None:
    template = Template(row)
    mode = "finite" if row.use == "finite" else "exact"
    tape = flatten(compile_tree(template.body, row_ranges(template), mode).tree)
    seen = 0
    for point, got, want, error in compared(tape, template.pattern, sampled(template, 26)):
        assert error < 1e-12, (point, got, want)
        seen += 1
    assert seen >= 15


@pytest.mark.parametrize(("name", "row"), [case for case in TREE_ROWS if case[1].off], ids=label)
def test_a_tree_is_wrong_where_it_says_so(name: str, row: Witness) -> None:
    """A finite row may name a point because an infinity occurs there."""
    template = Template(row)
    tape = pure(template)
    for part, values in template.off:
        for value in values:
            rest = Fraction(3) if isinstance(part.head, Var) else Fraction(0)
            point = {p: (value if part is var(p) else rest, Fraction(0)) for p in template.params}
            ((_, got, want, error),) = compared(tape, template.pattern, iter([point]))
            inside = {ball.kind for ball in evaluate_all(tape, point)}
            assert error > 1e-6 or (row.finite and "infinite" in inside), (point, got, want)


@pytest.mark.parametrize(("name", "row"), [case for case in TREE_ROWS if case[1].finite], ids=label)
def test_a_finite_tree_holds_no_infinity(name: str, row: Witness) -> None:
    template = Template(row)
    tape = pure(template)
    formula = Reference(template.pattern)
    seen = 0
    for point in sampled(template, 25):
        if not is_off(template, point) and formula.at(point, 20) is not None:
            kinds = {ball.kind for ball in evaluate_all(tape, point, 8, 512)}
            assert "infinite" not in kinds, point
            assert "undefined" not in kinds, point
            seen += "undecided" not in kinds
    assert seen >= (6 if template.params else 1)


@pytest.mark.parametrize(
    ("name", "row"),
    [case for case in TREE_ROWS if case[1].finite and case[1].where],
    ids=label,
)
def test_no_logarithm_of_a_finite_tree_passes_zero(name: str, row: Witness) -> None:
    """A real argument that changes its sign is 0 somewhere, at a point that no sample meets."""
    template = Template(row)
    tape, known = pure(template), row_ranges(template).variables
    for first, rest in product(template.params, (0.3, -2.2, 17.3)):
        line = np.concatenate([np.linspace(-9, 9, 1800), np.linspace(16, 25, 900)])
        held = np.array([known[first].contains(Fraction(x)) for x in line])
        held &= np.abs(line) <= (row.reach or 1)
        if known[first].excludes(0.0) or row.off or name == "eml":
            held &= np.abs(line) > 0.01
        others = [p for p in template.params if p != first]
        if all(known[p].contains(Fraction(rest)) and rest <= row.reach for p in others):
            at = {p: np.full_like(line, rest) for p in others} | {first: line}
            for b in arguments(tape, at):
                real = held & np.isfinite(b) & (np.abs(b.imag) <= 1e-9 * np.abs(b))
                with np.errstate(all="ignore"):
                    passed = np.diff(np.sign(b.real)).astype(bool) & (np.abs(np.diff(b.real)) < 0.5)
                assert not (real[1:] & real[:-1] & passed).any(), first


def arguments(tape: Tape, at: dict[str, np.ndarray]) -> Iterator[np.ndarray]:
    """The values of what stands under the logarithms, in complex doubles."""
    found = values(at, tape)
    for op, right in zip(tape.op, tape.right, strict=True):
        if tape.heads[op] is EML:
            yield found[right]


def values(at: dict[str, np.ndarray], tape: Tape) -> list[np.ndarray]:
    """The values of all entries in complex doubles."""
    found: list[np.ndarray] = []
    one = np.ones_like(next(iter(at.values())))
    for op, left, right in zip(tape.op, tape.left, tape.right, strict=True):
        head = tape.heads[op]
        if head is EML:
            with np.errstate(all="ignore"):
                found.append(np.exp(found[left]) - np.log(found[right]))
        else:
            found.append((at[head.name] if isinstance(head, Var) else one) + 0j)
    return found


@pytest.mark.parametrize(
    ("name", "row"), [case for case in TREE_ROWS if case[1].reach and case[1].where], ids=label
)
def test_plain_doubles_reach_as_far_as_a_row_says(name: str, row: Witness) -> None:
    template = Template(row)
    tape, known = pure(template), row_ranges(template).variables
    reference = Reference(template.pattern)
    seen = 0
    for parts in product(map(Fraction, ("1", "-2/3", "1/99")), repeat=2):
        sizes = [1 if known[p].re.hi <= 1 else row.reach for p in template.params]
        at = {p: k * x for p, k, x in zip(template.params, sizes, parts, strict=False)}
        want = reference.at({p: (x, Fraction(0)) for p, x in at.items()}, 30)
        if want is None or not all(known[p].contains(x) for p, x in at.items()):
            continue
        if 1e-300 < abs(want) < 1e300:
            *_, found = values({p: np.array([float(x)]) for p, x in at.items()}, tape)
            assert abs(found[0] - complex(want)) <= 1e-7 * abs(want), at
            seen += 1
    assert seen or "upper" in row.where


@pytest.mark.parametrize(("name", "row"), [case for case in BODY_ROWS if case[1].given], ids=label)
def test_what_a_body_takes_as_given_holds(name: str, row: Witness) -> None:
    template = Template(row)
    points = [p for p in sampled(template, 60) if Reference(template.pattern).at(p) is not None]
    assert len(points) >= 15
    for part, held in template.given:
        reference = Reference(part)
        for point in points:
            value = reference.at(point, 60)
            assert value is not None and lies_in(value, held), (point, value)


def test_the_complex_plane_is_where_an_odd_tree_flips() -> None:
    row = next(r for n, r in TREE_ROWS if n == "ln" and r.tree == "11xE1EE")
    assert complex(evaluate(pure(Template(row)), {"x": -1})) == pytest.approx(-3.14159265358979j)


# -- primitives ----------------------------------------------------------------------------------


def test_every_name_belongs_to_one_row() -> None:
    names = [name for row in ROWS for name in (row.name, *row.aliases)]
    assert len(names) == len(set(names))
    assert not set(names) & set(NOT_ELEMENTARY)
    assert all(BY_NAME[name].name for name in names)


def samples(row: Primitive) -> list[dict[str, tuple[Fraction, Fraction]]]:
    """Points of the natural real domain, none an end of it."""
    pool = [Fraction(n, 60) for n in (-200, -90, -41, -17, -9, 13, 25, 53, 77, 125, 260)]
    found = []
    for k, x in enumerate(pool):
        point = {
            p: (pool[(k + 4 * j) % len(pool)] if j else x, Fraction(0))
            for j, p in enumerate(row.params)
        }
        value = Reference(node(row, *map(var, row.params))).at(point, 20)
        if value is not None and abs(value.imag) < 1e-18:
            found.append(point)
    return found


@pytest.mark.parametrize("row", [r for r in ROWS if r.params], ids=lambda row: row.name)
def test_a_derivative_is_the_derivative(row: Primitive) -> None:
    assert len(row.derivative) == len(row.params)
    reference = Reference(node(row, *map(var, row.params)))
    seen = 0
    for name, text in zip(row.params, row.derivative, strict=True):
        claimed = Reference(raw_formula(text))
        for point in samples(row)[:6]:
            want = claimed.at(point, 30)
            step = Fraction(1, 10**10)
            ends = [
                reference.at({**point, name: (point[name][0] + s * step, Fraction(0))}, 50)
                for s in (1, -1)
            ]
            if want is None or None in ends:
                continue
            with mpmath.workdps(50):
                got = (ends[0] - ends[1]) * (10**10) / 2
            assert abs(got - want) < 1e-12 * (1 + abs(want)), (name, point)
            seen += 1
    assert seen >= 2 * len(row.params)


@pytest.mark.parametrize(
    "row",
    [r for r in ROWS if r.sympy and r.params and r.name not in ("add", "mul", "pow")],
    ids=lambda row: row.name,
)
def test_a_ground_row_names_the_same_function_everywhere(row: Primitive) -> None:
    import sympy

    f = getattr(sympy, row.sympy)
    reference = Reference(node(row, *map(var, row.params)))
    seen = 0
    third, half = Fraction(1, 3), Fraction(1, 2)
    for re, im in ((2, 1), (-2, 1), (third, -half), (-3, 0), (half, 0)):
        point = {"x": (Fraction(re), Fraction(im))}
        want = complex(f(sympy.Rational(re) + sympy.I * sympy.Rational(im)).evalf(20))
        got = complex(reference.at(point, 20))
        assert abs(got - want) < 1e-14 * (1 + abs(want)), point
        seen += 1
    assert seen == 5


@ROW_CASES
def test_a_meaning_uses_known_rows_only(row: Primitive) -> None:
    assert bool(row.meaning) != bool(row.sympy)
    if row.meaning:
        before = {r.name for r in ROWS[: ROWS.index(row)]} | {"eml", "ln", "exp", "sub"}
        used = {
            n.head.name
            for n in postorder(raw_formula(row.meaning))
            if isinstance(n.head, Primitive)
        }
        assert used - before <= {"inv", "div", "sqrt", "acos", "atan"}
        assert set(variables(raw_formula(row.meaning))) <= set(row.params)


# -- sizes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "best"), KNOWN["best"].items(), ids=str)
def test_shortest_is_no_longer_than_the_best_known(name: str, best: int) -> None:
    made = emlc.compile(name, mode="shortest", check=False)
    assert made.size <= best
    assert len(made.rpn()) == made.size


def test_the_rows_together_are_a_tenth_below_the_best_known() -> None:
    best = KNOWN["best"]
    sizes = {name: emlc.compile(name, mode="shortest", check=False).size for name in best}
    assert sum(sizes.values()) <= 0.9 * sum(best.values())
    assert sum(sizes[name] < k for name, k in best.items()) >= 12


@pytest.mark.parametrize("mode", ["exact", "shortest"])
@pytest.mark.parametrize("row", [r for r in ROWS if r.paper], ids=lambda row: row.name)
def test_every_primitive_of_the_paper_compiles(row: Primitive, mode: str) -> None:
    formula = simplify(node(row, *map(var, row.params)))
    made = compile_tree(formula, ranges(formula), mode)
    tape = flatten(made.tree)
    assert is_pure(tape)
    assert set(variables(made.tree)) == set(row.params)
    point = next(iter(samples(row)), {})
    want = Reference(formula).at(point, 20)
    assert abs(complex(evaluate(tape, point)) - complex(want)) < 1e-12 * (1 + abs(want))


def test_a_row_may_be_applied_to_numbers() -> None:
    tree = substitute(raw_formula("log(x,b)"), {"x": lit(8), "b": lit(2)})
    made = compile_tree(tree, ranges(tree))
    assert complex(evaluate(flatten(made.tree))) == 3
