"""Classes of equal formulas: equal they are, and only where their identities hold."""

from __future__ import annotations

from fractions import Fraction
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rows import label, row_ranges

import emlc
from emlc.check.lemmas import lemmas, row_key
from emlc.check.points import sample
from emlc.check.reference import Reference
from emlc.ir.domain import domain
from emlc.ir.node import Node, lit, node, var
from emlc.ir.tape import measure
from emlc.parse import parse
from emlc.passes.compile import compile_tree
from emlc.passes.egraph import EGraph
from emlc.passes.ranges import Ranges, ranges
from emlc.passes.rewrite import Rewriter
from emlc.passes.saturate import LARGEST, saturate
from emlc.passes.simplify import simplify
from emlc.passes.templates import Template
from emlc.show import show
from emlc.tables.identities import LAWS, PRODUCTS, SUMS
from emlc.tables.primitives import BY_NAME
from emlc.tables.witnesses import Witness

EVERY_LAW = (SUMS, PRODUCTS, *LAWS)


def graph_of(text: str, **domains: str) -> tuple[EGraph, Node]:
    root = simplify(parse(text).root)
    return saturate(root, ranges(root, {n: domain(d) for n, d in domains.items()})), root


def same(graph: EGraph, a: str, b: str) -> bool:
    one, other = (simplify(parse(text).root) for text in (a, b))
    return graph.find(graph.add(one)) is graph.find(graph.add(other))


def agree(a: Node, b: Node, found: Ranges, points: int) -> int:
    """How many points both have a value at, all of them equal."""
    left, right = Reference(a), Reference(b)
    seen = 0
    for point in islice(sample(found, 40, 7), 40):
        one, other = left.at(point, 30), right.at(point, 30)
        if one is None or other is None:
            continue
        assert abs(one - other) <= 1e-20 * (1 + abs(one)), (show(a), show(b), point)
        seen += 1
        if seen == points:
            break
    return seen


# -- laws ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("law", EVERY_LAW, ids=label)
def test_a_law_holds_on_its_domain_and_is_proved(law: Witness) -> None:
    template = Template(law)
    assert template.body is not None
    assert agree(parse(law.computes).root, parse(law.body).root, row_ranges(template), 12) >= 8
    assert row_key(law) in lemmas()


@pytest.mark.parametrize(
    ("text", "other", "domains", "equal"),
    [
        ("ln(x*y)", "ln(x)+ln(y)", {"x": "positive", "y": "positive"}, True),
        ("ln(x*y)", "ln(x)+ln(y)", {"x": "real", "y": "real"}, False),
        ("ln(x^2)", "2*ln(x)", {"x": "positive"}, True),
        ("ln(x^2)", "2*ln(x)", {"x": "real"}, False),
        ("sqrt(x^2)", "x", {"x": "nonnegative"}, True),
        ("sqrt(x^2)", "x", {"x": "real"}, False),
        ("sqrt(x)*sqrt(y)", "sqrt(x*y)", {"x": "nonnegative", "y": "real"}, True),
        ("sqrt(x)*sqrt(y)", "sqrt(x*y)", {"x": "real", "y": "real"}, False),
        ("x^y*x^z", "x^(y+z)", {"x": "positive"}, True),
        ("(x^y)^z", "x^(y*z)", {"x": "positive"}, True),
        ("(x^y)^z", "x^(y*z)", {"x": "complex", "y": "complex", "z": "complex"}, False),
        ("x/(y/z)", "x*z/y", {}, True),
        ("x/(x+y)", "1/(1+y/x)", {"x": "positive", "y": "positive"}, True),
        ("x/(x+y)", "1/(1+y/x)", {"x": "real", "y": "positive"}, False),
        ("ln(exp(x))", "x", {"x": "real"}, True),
        ("ln(exp(x))", "x", {"x": "complex"}, False),
    ],
)  # fmt: skip
def test_a_law_is_applied_where_it_holds_and_nowhere_else(
    text: str, other: str, domains: dict[str, str], equal: bool
) -> None:
    assert same(graph_of(text, **domains)[0], text, other) is equal


# -- classes ---------------------------------------------------------------------------------------


def test_equal_arguments_make_equal_applications() -> None:
    x, y, f = var("x"), var("y"), BY_NAME["sin"]
    graph = EGraph(Ranges({}, frozenset()))
    graph.add(node(f, node(f, x)))
    graph.add(node(f, node(f, y)))
    graph.merge(x, y, None)
    graph.rebuild()
    assert graph.find(node(f, node(f, x))) is graph.find(node(f, node(f, y)))
    assert len(graph.leaders()) == 3
    assert graph.size == 4


def test_why_arguments_are_equal_whatever_stands_beside_them() -> None:
    x, y, z, f = var("x"), var("y"), var("z"), BY_NAME["atan2"]
    for one, other in ((node(f, y, x), node(f, z, x)), (node(f, x, y), node(f, x, z))):
        graph = EGraph(Ranges({}, frozenset()))
        graph.add(one)
        graph.add(other)
        graph.merge(y, z, SUMS)
        graph.rebuild()
        assert graph.why(one, other) == [SUMS]


_SMALL = st.recursive(
    st.sampled_from([var("x"), var("y"), lit(1), lit(2), lit(Fraction(1, 2))]),
    lambda below: st.one_of(
        st.tuples(st.sampled_from(["add", "sub", "mul", "div"]), below, below).map(
            lambda t: node(BY_NAME[t[0]], t[1], t[2])
        ),
        st.tuples(st.sampled_from(["exp", "ln", "sqr", "sqrt", "neg", "inv"]), below).map(
            lambda t: node(BY_NAME[t[0]], t[1])
        ),
    ),
    max_leaves=6,
)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(_SMALL, st.sampled_from(["natural", "real", "complex", "positive"]))
def test_the_members_of_a_class_agree(written: Node, where: str) -> None:
    """At points of the domain, negative ones and both sides of cuts among them."""
    try:
        root = simplify(written)
        declared = {} if where == "natural" else dict.fromkeys("xy", domain(where))
        found = ranges(root, declared)
    except emlc.EmlcError:
        return
    graph = saturate(root, found.copy(), rounds=2)
    for leader in graph.leaders()[:12]:
        for member in list(graph.members(leader))[:6]:
            agree(leader, member, found, 4)


@pytest.mark.parametrize("text", ["-(x-m)^2/(2*s^2)", "x*x*y/(y*x*x*s)", "x-y-x-y-x+s+s+m"])
def test_a_part_that_comes_twice_is_counted_twice(text: str) -> None:
    graph, root = graph_of(text)
    found = ranges(root)
    assert sum(agree(root, other, found, 3) for other in graph.members(root)) >= 6


# -- what it is for --------------------------------------------------------------------------------

SMALLER = {
    "a*b+a*c": 35, "x-y+z-t": 31, "x+y-z": 29, "1-1/(1+x)": 29, "1/(1+exp(-x))": 29,
    "ln(x)+ln(y)": 15, "exp(x)*exp(y)": 21, "(exp(x)*exp(y))^2": 41, "x^a*x^b": 43,
    "sinh(x)/cosh(x)": 43, "2*sigmoid(2*x)-1": 43, "k*x^2/(1+k*x^2)": 45, "x^n/(k^n+x^n)": 61,
    "(1+tanh(x/2))/2": 29, "x*y/z*t": 33, "1/sqrt(x*y)": 65, "4*((1/r)^12-(1/r)^6)": 175,
    "4*k*((s/r)^12-(s/r)^6)": 295,
}  # fmt: skip


@pytest.mark.parametrize(("text", "most"), SMALLER.items(), ids=str)
def test_other_ways_to_write_a_formula_make_smaller_trees(text: str, most: int) -> None:
    made = emlc.compile(text, check=False)
    assert made.size <= most
    assert made.size == measure(made.tape)[0]
    assert made.verdict.status == "proved"


def test_normal_forms_that_are_not_proved_are_no_way_to_write_a_part() -> None:
    """That of asin is long, and not known to be its value; that of a product is."""
    for text, count in (("asin(n*sin(t))", 0), ("a*b+a*c", 1)):
        root = simplify(parse(text).root)
        assert len(Rewriter(root, ranges(root)).others(root)) == count


@pytest.mark.parametrize("text", ["a*b+a*c+d", "exp(x)*exp(y)-x", "1-1/(1+x^2)", "x/y+y/x", "x-2"])
@pytest.mark.parametrize("mode", ["exact", "shortest"])
def test_never_larger_than_part_by_part(text: str, mode: str) -> None:
    root = simplify(parse(text).root)
    assert (
        emlc.compile(text, mode=mode, check=False).size
        <= compile_tree(root, ranges(root), mode).size
    )


def test_the_identities_used_are_named() -> None:
    made = emlc.compile("a*b + a*c", check=False)
    assert made.laws == ("x*y+x*z = x*(y+z)",)
    written = [
        (show(part), show(other)) for part, other, _ in made.chosen if isinstance(other, Node)
    ]
    assert written == [("a*b + a*c", "a*(b + c)")]


def test_a_formula_of_many_parts_is_taken_as_it_is_written() -> None:
    root = simplify(parse("+".join(f"x{k}*y" for k in range(LARGEST))).root)
    assert saturate(root, ranges(root)).size == 0
