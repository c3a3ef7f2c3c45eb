"""Verdicts: proofs that are derived again, and wrong trees that are caught."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import pytest

import emlc
from emlc import limits
from emlc.check import Verdict, check_tree, compare, proved_by_raising, proved_by_rows, raised
from emlc.check import prove as prove_module
from emlc.check.lemmas import lemmas, row_key
from emlc.check.points import sample
from emlc.check.prove import NotProved, all_rows, derive, prove
from emlc.check.reference import Reference
from emlc.deadline import listening
from emlc.errors import ArgumentError
from emlc.ir.domain import domain
from emlc.ir.node import ONE, Node, eml, var
from emlc.ir.tape import flatten
from emlc.lower.balls import evaluate
from emlc.parse import parse, parse_tree
from emlc.passes.choices import Exclusion
from emlc.passes.compile import compile_tree
from emlc.passes.ranges import Ranges, ranges, raw_formula
from emlc.passes.simplify import simplify
from emlc.passes.templates import Template
from emlc.tables.primitives import ROWS, Primitive
from emlc.tables.witnesses import Witness
from tests.rows import compared, sampled

WHOLE = "EMLC_ALL_LEMMAS" in os.environ
PROVED = [row for row in all_rows() if row_key(row) in lemmas()]
PROVED_TREES = [row for row in PROVED if row.tree]


def flips(tokens: list[str], names: tuple[str, ...]) -> list[list[str]]:
    """The tree with one leaf changed: a variable to 1, and 1 to a variable (e in a constant)."""
    found = []
    places = {token: k for k, token in enumerate(tokens) if token != "E"}
    for token, k in places.items():
        other = ["1"] if token != "1" else [names[0]] if names else ["1", "1", "E"]
        found.append([*tokens[:k], *other, *tokens[k + 1 :]])
    return found


# -- lemmas --------------------------------------------------------------------------------------


def test_every_lemma_is_about_a_row() -> None:
    keys = [row_key(row) for row in all_rows()]
    assert len(keys) == len(set(keys))
    assert set(lemmas()) <= set(keys)
    assert len(PROVED) >= 100


@pytest.mark.parametrize("row", PROVED if WHOLE else PROVED[::3], ids=row_key)
def test_a_lemma_is_derived_again(row: Witness) -> None:
    """EMLC_ALL_LEMMAS=1 derives all of them."""
    assert prove(row) == lemmas()[row_key(row)]


def test_the_program_that_writes_the_lemmas_proves_as_they_say(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(prove_module, "all_rows", lambda: PROVED[1::-1])
    prove_module.main([])
    lines = sorted(f"  {json.dumps(row_key(row))}: {json.dumps(lemmas()[row_key(row)])}"
                   for row in PROVED[:2])  # fmt: skip
    assert capsys.readouterr().out == '{\n "proved": {\n' + ",\n".join(lines) + "\n }\n}\n"
    monkeypatch.setattr(limits, "CHILD_MEMORY", 1 << 24)
    assert derive(PROVED[:1]) == {}


@pytest.mark.parametrize("row", PROVED_TREES if WHOLE else PROVED_TREES[2::5], ids=row_key)
def test_a_broken_row_is_not_proved(row: Witness) -> None:
    for tokens in flips(list(row.tree), Template(row).params):
        broken = replace(row, tree="".join(tokens))
        with pytest.raises(NotProved):
            prove(broken)


@pytest.mark.parametrize("row", PROVED_TREES, ids=row_key)
def test_a_broken_row_is_seen_at_a_point(row: Witness) -> None:
    template = Template(row)
    for tokens in flips(list(row.tree), template.params):
        tape = flatten(parse_tree("".join(tokens)))
        tried = compared(tape, template.pattern, sampled(template, 12))
        assert any(error > 1e-9 for *_, error in tried)


def test_only_rows_with_a_lemma_prove() -> None:
    row, other = PROVED[:2]
    open_rows = [replace(r, tree="1") for r in (row, other, row)]
    names = ", ".join(dict.fromkeys(sorted(r.computes for r in open_rows)))
    for used, status, how in (
        ([], "proved", "it is a leaf"),
        ([row], "proved", "one row, proved on the values it meets here"),
        ([row, other], "proved", "2 rows, each proved on the values it meets here"),
        ([replace(row, tree="1", source="meaning")], "proved",
         "one row, proved on the values it meets here"),
        ([row, open_rows[0]], "unknown", f"no proof is known for the rows {row.computes}"),
        (open_rows, "unknown", f"no proof is known for the rows {names}"),
    ):  # fmt: skip
        assert (proved_by_rows(used).status, proved_by_rows(used).how) == (status, how)


# -- wrong trees ---------------------------------------------------------------------------------


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_flipped_leaf_is_refuted_with_a_point(row: Primitive) -> None:
    call = f"{row.name}({','.join(row.params)})" if row.params else row.name
    made = emlc.compile(call, check=False)
    tokens = made.rpn()
    assert tokens is not None
    for changed in flips(tokens, made.variables):
        verdict = emlc.check(call, parse_tree(" ".join(changed)))
        assert verdict.status == "refuted", changed
        witness = verdict.witness
        assert witness is not None
        assert witness["formula"] != witness["tree"]
        point = {name: Fraction(text) for name, text in witness["at"].items()}
        assert set(point) == set(made.variables)
        exact = {name: (value, Fraction(0)) for name, value in point.items()}
        want = Reference(made.formula).at(exact, 40)
        wrong = evaluate(flatten(parse_tree(" ".join(changed))), point, 40)
        assert wrong.kind != "finite" or compare._difference(wrong, want) > 1e-30


@pytest.mark.parametrize(
    ("source", "tree", "where"),
    [
        ("ln(x)", "11xE1EE", "real"),
        ("x*y", "1111xEE1EEyE1EE1E", "complex"),
        ("-x", "11111E1EEEEx1EE", "complex"),
        ("x^2", "x", "real"),
        ("sqrt(x)", "1111xE1EEE111111E1EEEExEE1E1EEE1E1E", "nonnegative"),
    ],
)
def test_published_trees_are_refuted_where_they_are_wrong(
    source: str, tree: str, where: str
) -> None:
    found = emlc.check(source, tree, {n: where for n in "xy" if n in source})
    assert found.status == "refuted"


# -- verdicts ------------------------------------------------------------------------------------


def against(
    source: str,
    tree: Node,
    where: str | None = None,
    proof: Verdict | None = None,
    but: Sequence[Exclusion] = (),
) -> Verdict:
    root = simplify(parse(source).root)
    declared = {"x": domain(where)} if where else {}
    return check_tree(root, flatten(tree), ranges(root, declared), but, proof)


def test_few_points_are_not_agreement(monkeypatch: pytest.MonkeyPatch) -> None:
    tree = parse_tree("x1E")
    assert against("exp(x)", tree).status == "agrees"
    assert against("exp(x)", tree).points >= 200
    monkeypatch.setattr(compare, "POINTS", compare.ENOUGH - 1)
    verdict = against("exp(x)", tree)
    assert verdict.status == "unknown"
    assert "49 points" in verdict.how
    monkeypatch.setattr(compare, "POINTS", compare.ENOUGH)
    assert against("exp(x)", tree).status == "agrees"


PROOF, NO_PROOF = Verdict("proved", "by rows"), Verdict("unknown", "no row")


@pytest.mark.parametrize(
    ("limits", "proof", "status", "points", "how"),
    [
        ({"LARGEST": 2}, None, "unknown", 0, "too large to sample: 3 distinct subtrees"),
        ({"LARGEST": 2}, PROOF, "proved", 0, "by rows"),
        ({"LARGEST": 3}, None, "agrees", 210, "tree and formula agree at 210 points of the domain"),
        ({"SECONDS": -1.0}, None, "unknown", 1,
         "only 1 points could be compared: the limit of -1 s was reached"),
        ({"SECONDS": -1.0, "_BESIDE_A_PROOF": 1e9}, PROOF, "proved", 100, "by rows"),
        ({"_WORK": 0, "_BESIDE_A_PROOF": 1e9}, PROOF, "proved", 50, "by rows"),
        ({"_WORK": 1620, "_BESIDE_A_PROOF": 1e9}, PROOF, "proved", 60, "by rows"),
        ({"_BESIDE_A_PROOF": -1.0}, PROOF, "proved", 1, "by rows"),
        ({"_BESIDE_A_PROOF": -1.0, "_WORK": 0}, NO_PROOF, "agrees", 210,
         "tree and formula agree at 210 points of the domain"),
    ],
)  # fmt: skip
def test_the_limits_of_a_comparison(
    limits: dict[str, float], proof: Verdict | None, status: str, points: int, how: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(compare, "SECONDS", 1e9)
    for name, value in limits.items():
        monkeypatch.setattr(compare, name, value)
    found = against("exp(x)", parse_tree("x1E"), None, proof)
    assert (found.status, found.how) == (status, how)
    assert found.points == points or (points == 1 and found.how.startswith("only 1 "))
    assert (found.worst > 0) == (points > 1)


def test_a_proof_does_not_outweigh_a_point() -> None:
    found = against("ln(x)", parse_tree("11xE1EE"), "real", PROOF)
    assert (found.status, found.points) == ("refuted", 1)
    assert found.witness == {"at": {"x": "-1"}, "formula": "0.0+3.141592653589793i",
                             "tree": "0.0-3.141592653589793i"}  # fmt: skip


def test_points_left_out_are_not_compared() -> None:
    tree = parse_tree("1111xE1EEE111111E1EEEExEE1E1EEE1E1E")
    at = [(var("x"), Fraction(0)), (var("x"), Fraction(1))]
    assert against("sqrt(x)", tree, but=at).points == 208
    assert against("sqrt(x)", tree, but=at[:1]).how.startswith("at x = 1 ")
    assert against("sqrt(x)", tree, but=at[1:]).how.startswith("at x = 0 ")
    beside = [*at, (var("x"), Fraction(1, 1 << 40))]
    assert against("sqrt(x)", tree, but=beside).points == 207


ZERO_TREE = "111E1EE"


@pytest.mark.parametrize(
    ("formula", "tree", "status", "how"),
    [
        ("(10^50+x)-10^50", "x", "unknown", "the formula's own value is not stable"),
        ("1/(10^50+x-10^50-x)", "x", "unknown", "the formula's own value is not stable"),
        ("1/(10^80+x-10^80-x)", "x", "unknown", "the formula's own value is not stable"),
        ("sqrt(2)*sqrt(2)-2+0*x", ZERO_TREE, "agrees", "210 points"),
        ("sqrt(2)*sqrt(2)-2", ZERO_TREE, "agrees", "40 digits"),
        ("sqrt(2)*sqrt(2)-2+10^(-100)", ZERO_TREE, "refuted", "1e-100"),
    ],
)
def test_formulas_and_trees_that_cancel(formula: str, tree: str, status: str, how: str) -> None:
    root = raw_formula(formula)
    found = check_tree(root, flatten(parse_tree(tree)), ranges(root, {"x": domain("real")}))
    assert found.status == status
    assert how in found.how


def test_a_logarithm_of_a_hidden_zero_is_not_compared() -> None:
    nothing = simplify(parse("sqrt(5+2*sqrt(6))-sqrt(2)-sqrt(3)").root)
    found = against("e", eml(ONE, compile_tree(nothing, ranges(nothing)).tree))
    assert found.status == "unknown"
    assert found.how.endswith("the sign of a sum is not visible at this precision")


@pytest.mark.parametrize(
    ("value", "text"),
    [((0, 0), "0"), ((2, 0), "2"), ((0, 3), "3i"), ((0, -3), "-3i"), ((1, 2), "1+2i"),
     ((-1, Fraction(-1, 2)), "-1-1/2i")],
)  # fmt: skip
def test_a_point_is_written(value: tuple[int, Fraction], text: str) -> None:
    assert compare._text(*map(Fraction, value)) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0j, "0.0"), (2 + 0j, "2.0"), (3j, "0.0+3.0i"), (1 - 2j, "1.0-2.0i"), (-1 + 2j, "-1.0+2.0i")],
)
def test_a_value_is_written(value: complex, text: str) -> None:
    assert compare._complex(value) == text


def test_what_raising_says(monkeypatch: pytest.MonkeyPatch) -> None:
    tree = flatten(parse_tree("1111xE1EEE111111E1EEEExEE1E1EEE1E1E"))
    root = simplify(parse("sqrt(x)").root)
    x, used = var("x"), []
    points = [(x, Fraction(v)) for v in (2, 0, 1)]
    found = proved_by_raising(root, tree, ranges(root), points, used=used)
    assert found.status == "proved"
    assert set(used) == set(points[1:])
    assert found.how == "raised, the tree has the normal form of the formula"
    assert not proved_by_raising(root, tree, ranges(root), seconds=0).points
    product = simplify(parse("x*y").root)
    both = proved_by_raising(product, flatten(parse_tree("1111xEE1EEyE1EE1E")), ranges(product))
    assert both.how == f"{found.how}, in each of 6 cases of signs and zeros"
    line = raw_formula("ln(x)"), flatten(parse_tree("11xEE11xEExE1EE"))
    two = proved_by_raising(*line, Ranges({"x": domain("real")}, frozenset()))
    assert two.how == f"{found.how}, in each of 2 cases of signs and zeros"
    monkeypatch.setattr(raised, "LARGEST", len(tree))
    assert proved_by_raising(root, tree, ranges(root), points).status == "proved"
    monkeypatch.setattr(raised, "LARGEST", len(tree) - 1)
    large = proved_by_raising(root, tree, ranges(root), points)
    assert (large.status, large.how) == ("unknown", "too large to raise: 19 distinct subtrees")


def test_raising_proves_nothing_of_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    x, over = flatten(var("x")), {"x": domain("(2,inf)")}
    nowhere = raw_formula("1/(x-x)")
    found = proved_by_raising(nowhere, x, ranges(var("x"), over))
    assert (found.status, found.how) == ("unknown", "not proved: no point has a value")
    root, other = raw_formula("x+cosh(x)"), flatten(raw_formula("x+cos(i*x)^2"))
    for answer, asked, status in ((True, True, "proved"), (True, False, "unknown"),
                                  (False, True, "unknown")):  # fmt: skip
        monkeypatch.setattr(raised, "sympy_says_zero", lambda *_, a=answer: a)
        made = proved_by_raising(root, other, ranges(root, over), ask_sympy=asked)
        assert made.status == status
    monkeypatch.setattr(raised, "sympy_says_zero", lambda *_: True)
    assert proved_by_raising(root, other, ranges(root, over)).status == "unknown"


def test_a_long_difference_is_not_asked_about(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(raised, "_SYMPY_PARTS", 1)
    assert not raised.sympy_says_zero(raw_formula("x-x"), {"x": domain("real")})


def test_sympy_is_told_the_kinds_and_keeps_to_its_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    root = raw_formula("sqrt(x^2)-x")
    assert raised.sympy_says_zero(root, {"x": domain("positive")})
    monkeypatch.setattr(limits, "CHILD_MEMORY", 1 << 24)
    assert not raised.sympy_says_zero(root, {"x": domain("positive")})


def test_a_verdict_as_data() -> None:
    found = Verdict("agrees", "at points", 2, 1e-9, {"at": {}})
    assert found.to_json() == {
        "status": "agrees", "how": "at points", "points": 2, "worst": 1e-9, "witness": {"at": {}},
    }  # fmt: skip
    shown = found._repr_mimebundle_()
    assert "2 points, largest difference 1e-09" in str(shown)
    assert "agrees" in str(shown) and "at points" in str(shown)
    assert "largest" not in str(replace(found, points=1)._repr_mimebundle_())
    bare = Verdict("unknown", "why").to_json()
    assert bare == {"status": "unknown", "how": "why", "points": 0, "worst": 0.0, "witness": None}


def test_the_largest_difference_in_words() -> None:
    for worst, gap in ((0.0, "below 1e-17"), (9.9e-18, "below 1e-17"), (1e-17, "1e-17")):
        assert Verdict("agrees", "", worst=worst).gap == gap


@pytest.mark.parametrize(
    ("over", "kind"),
    [("integer", "integer"), ("positive", "positive"), ("[1,2]", "positive"), ("real", "real"),
     ("nonnegative", "real"), ("complex", "complex"), ("upper", "complex")],
)  # fmt: skip
def test_what_sympy_is_told_of_a_variable(over: str, kind: str) -> None:
    assert raised._kind(domain(over)) == kind


SAID = [
    ("exp(x)", "x1E", "real", "agrees", "tree and formula agree at 210 points of the domain"),
    ("ln(x)", "11xE1EE", "complex", "refuted",
     "at x = -1 the formula is 0.0+3.141592653589793i, the tree 0.0-3.141592653589793i"),
    ("-x", "11111E1EEEEx1EE", "complex", "refuted",
     "at x = 2-5i the formula is -2.0+5.0i, the tree -2.0-1.2831853071795865i"),
    ("x^2", "x", None, "refuted", "at x = -1 the formula is 1.0, the tree -1.0"),
    ("2", "11111E1EEEE11EE", None, "refuted", "the formula is 2.0, the tree -1.0"),
    ("i", "1", None, "refuted", "the formula is 0.0+1.0i, the tree 1.0"),
    ("1", "111E1EE", None, "refuted", "the formula is 1.0, the tree 0.0"),
    ("e", "11E", None, "agrees", "tree and formula agree at 40 digits"),
    ("x+exp(-300)", "x", "real", "refuted",
     "at x = 0 the formula is 5.148200222412013e-131, the tree 0.0"),
    ("exp(x)*(1+1/10^30)", "x1E", "real", "refuted",
     f"at x = 0 the formula is 1.{'0' * 29}1, the tree 1.0"),
    ("e-1/10^30", "11E", None, "refuted",
     "the formula is 2.71828182845904523536028747135"
     "1662497757, the tree 2.718281828459045235360287471352662497757"),
    # what is less than 1e-36 of the value is not told by points
    ("exp(x)*(1+1/10^37)", "x1E", "real", "agrees",
     "tree and formula agree at 210 points of the domain"),
    ("exp(x)*(1+3/10^12)", "x1E", "real", "refuted",
     "at x = 0 the formula is 1.000000000003, the tree 1.0"),
    ("exp(exp(exp(exp(x))))", "x1E1E1E1E", "[10,20]", "unknown",
     "only 0 points could be compared: the formula is undefined at the points tried"),
    ("sqrt(x)", "1111xE1EEE111111E1EEEExEE1E1EEE1E1E", None, "refuted",
     "at x = 0 the formula is 0.0, the tree infinite"),
    ("1/x", "11111E1EEEExE1E", "[0,1]", "agrees",
     "tree and formula agree at 210 points of the domain"),
]  # fmt: skip


@pytest.mark.parametrize(("source", "tree", "where", "status", "how"), SAID)
def test_what_a_comparison_says(
    source: str, tree: str, where: str | None, status: str, how: str
) -> None:
    found = against(source, parse_tree(tree), where)
    assert (found.status, found.how) == (status, how)
    assert (found.points > 0) == (status == "agrees") or found.witness
    assert found.worst < 1e-12
    assert found.worst > 9e-14 or "10^13" not in source


def test_points_outside_the_domain_do_not_refute() -> None:
    assert against("ln(x)", parse_tree("11xE1EE"), "positive").status == "agrees"
    refuted = against("ln(x)", parse_tree("11xE1EE"), "real")
    assert refuted.status == "refuted"
    assert Fraction(refuted.witness["at"]["x"]) < 0


def test_a_verdict_is_not_a_bool() -> None:
    with pytest.raises(TypeError, match="status"):
        bool(Verdict("proved", ""))


def test_checks_and_readings_say_what_they_are_at() -> None:
    told: list[str] = []
    with listening(lambda what, seconds: told.append(what)):
        emlc.check("ln(x)", "11xE1EE")
        emlc.decompile("11xE1EE")
    assert told == ["comparing", "proving", "finding formulas"]


def test_check_refuses_what_is_not_a_tree_of_the_formula() -> None:
    for source, tree in (("2", "x1E"), ("x", "y")):
        with pytest.raises(ArgumentError, match="variable"):
            emlc.check(source, tree)
    with pytest.raises(ArgumentError, match="not over eml"):
        emlc.check("x", raw_formula("x+1"))


# -- points and reference ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "where", "must"),
    [
        ("x", "real", [(0, 0), (1, 0), (-1, 0)]),
        ("x", "[0,1]", [(0, 0), (1, 0), (Fraction(1, 2), 0)]),
        ("x", "complex", [(0, 0), (-2, Fraction(1, 1 << 40)), (-2, -Fraction(1, 1 << 40)), (0, 1)]),
        ("ln(x)", "natural", [(1, 0), (Fraction(1, 1000), 0)]),
    ],
)
def test_samples_hold_the_points_that_matter(
    source: str, where: str, must: list[tuple[Fraction, Fraction]]
) -> None:
    found = ranges(parse(source).root, {} if where == "natural" else {"x": domain(where)})
    points = [p["x"] for p in sample(found, 210, 1)]
    assert len(points) == 210
    assert {(Fraction(a), Fraction(b)) for a, b in must} <= set(points)
    assert all(found.variables["x"].contains(*p) for p in points)


def test_rounding_lets_no_point_in() -> None:
    """1/tanh(x) is beyond 1, by less than doubles tell."""
    found = ranges(simplify(parse("asec(tanh(x))").root))
    assert not list(sample(found, 200, 0))


def test_samples_keep_to_conditions_on_parts() -> None:
    found = ranges(parse("ln(x+y)").root)
    points = list(sample(found, 100, 1))
    assert len(points) == 100
    assert all(p["x"][0] + p["y"][0] > 0 for p in points)


@pytest.mark.parametrize(
    ("source", "x", "value"),
    [("1/x", 0, None), ("ln(x)", 0, None), ("x^x", 0, 1), ("sqrt(x)", -4, 2j), ("tan(x)", 0, 0),
     ("x^(-1)", 0, None), ("exp(exp(exp(x)))", 40, None)],
)  # fmt: skip
def test_the_reference_knows_where_a_formula_is_undefined(
    source: str, x: int, value: complex | None
) -> None:
    got = Reference(parse(source).root).at({"x": (Fraction(x), Fraction(0))})
    assert got is None if value is None else complex(got) == value


def test_a_reference_takes_variables_as_they_are() -> None:
    assert Reference(var("x")).at({"x": (Fraction(1, 3), Fraction(1))}, 20).imag == 1


ON_CUTS = ("ln(exp(-i*pi))", "sqrt(exp(-i*pi))", "ln(cos(pi)-i*sin(pi))", "ln(-exp(-2*i*pi))",
           "ln(exp(-i*pi*x))", "asin(2*exp(2*i*pi))", "log2(x/x)", "sqrt(x/x-1)")  # fmt: skip


@pytest.mark.parametrize("text", ON_CUTS)
def test_rounding_refutes_nothing(text: str) -> None:
    """A formula that comes to a cut, or to 0, only but for rounding."""
    verdict = emlc.compile(text).verdict
    assert verdict.status == "proved" and verdict.points, verdict
