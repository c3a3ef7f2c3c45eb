"""Proofs case by case: what is claimed, the cases that cover it, and what is left open."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from itertools import islice
from pathlib import Path

import pytest

from emlc.check import compare
from emlc.check.points import sample
from emlc.check.reference import Reference
from emlc.ir.domain import Domain, domain
from emlc.ir.node import Node, var, variables
from emlc.ir.tape import flatten, is_pure
from emlc.lower.balls import evaluate
from emlc.parse import parse_tree
from emlc.passes.normal import cases
from emlc.passes.normal.cases import Proof, prove_equal
from emlc.passes.ranges import Ranges, raw_formula

# Formula, tree or formula; sets of variables and parts; points left out. What is proved follows:
# the points that had to be left out and the cases, or what was left open and the cases before it.
GOLDEN = Path(__file__).parent / "golden" / "cases.txt"
CLAIMS = GOLDEN.read_text(encoding="utf-8").splitlines()


def node(text: str) -> Node:
    tree = text in ("1", "x") or (set(text) <= set("1Exy") and len(text) > 2)
    return parse_tree(text) if tree else raw_formula(text)


def claim(line: str) -> tuple[Node, Node, Ranges, list[tuple[Node, Fraction]]]:
    formula, tree, over, points = line.split(" | ")[:4]
    root, other = raw_formula(formula), node(tree)
    sets = dict(word.split(":") for word in over.split("; ")) if ":" in over else {}
    names = sorted({*variables(root), *variables(other)})
    found = Ranges({n: domain(sets.pop(n, over)) for n in names}, frozenset())
    found.conditions.update((raw_formula(part), domain(text)) for part, text in sets.items())
    pairs = (word.split("=") for word in points.split())
    return root, other, found, [(var(name), Fraction(value)) for name, value in pairs]


def said(proof: Proof) -> str:
    used = ", ".join(f"{part.head.name} = {value}" for part, value in proof.used)  # type: ignore[union-attr]
    return f"{proof.failed or 'proved'} | {used} | {'; '.join(proof.cases)}"


@pytest.mark.parametrize("line", CLAIMS)
def test_what_is_proved_and_how(line: str) -> None:
    """What is proved also holds at points."""
    root, other, found, but = claim(line)
    proof = prove_equal(root, flatten(other), found.variables, found.conditions, but, seconds=9)
    assert said(proof) == " | ".join(line.split(" | ")[4:])
    if proof.failed:
        return
    formula, apart = Reference(root), [Reference(part) for part, _ in proof.used]
    for point in islice(sample(found, 40, 3), 0, 40, 4):
        want = formula.at(point)
        if want is None or 0 in [
            part.at(point) - value for part, (_, value) in zip(apart, proof.used, strict=True)
        ]:
            continue
        if is_pure(flatten(other)):
            got = evaluate(flatten(other), point)
            assert got.kind == "finite" and compare._difference(got, want) < 1e-12, point
        else:
            assert abs(Reference(other).at(point) - want) < 1e-12 * (1 + abs(want)), point


def test_what_is_left_open_may_be_settled_elsewhere() -> None:
    asked: list[Node] = []

    def decide(difference: Node, domains: Mapping[str, Domain]) -> bool:
        assert set(domains) <= {"x"}
        asked.append(difference)
        return answer

    root, other = raw_formula("x + cosh(x)"), flatten(raw_formula("x + cos(i*x)^2"))
    for answer in (True, False):
        asked.clear()
        real = {"x": domain("(2,inf)")}
        proof = prove_equal(root, other, real, {}, decide=decide)
        assert len(asked) == 1
        at_3 = {"x": (Fraction(3), Fraction(0))}
        want = Reference(raw_formula("cos(3*i)^2 - cosh(3)")).at({})
        assert abs(Reference(asked[0]).at(at_3) - want) < 1e-20
        assert bool(proof.failed) is not answer
        assert any(what == "u = 0 by sympy" for what, _ in proof.steps) is answer
        assert len(proof.cases) == answer
    asked.clear()
    answer = True
    assert prove_equal(root, other, {"x": domain("real")}, {}, decide=decide).failed
    assert len(asked) == 2


def test_proofs_end(monkeypatch: pytest.MonkeyPatch) -> None:
    root, other, found, _ = claim("x*y | 1111xEE1EEyE1EE1E | real | ")
    late = prove_equal(root, flatten(other), found.variables, {}, seconds=0)
    assert late.failed.endswith("cases were proved when the time was over")
    for most, failed in ((5, ""), (3, "4 cases were proved when a limit was reached")):
        monkeypatch.setattr(cases, "MAX_CASES", most)
        assert prove_equal(root, flatten(other), found.variables, {}).failed == failed
