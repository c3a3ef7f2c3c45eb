"""Normal forms: identities that are seen, and those that are not; zeros solved for."""

from __future__ import annotations

from fractions import Fraction

import pytest

import emlc
from emlc.check.reference import Reference
from emlc.deadline import OutOfTime, within
from emlc.ir.domain import ZERO, Domain, domain
from emlc.ir.node import node, var, variables
from emlc.ir.tape import flatten
from emlc.parse import parse, parse_tree
from emlc.passes.normal.cases import prove_equal
from emlc.passes.normal.equal import is_zero
from emlc.passes.normal.read import read_formula, read_tape
from emlc.passes.normal.solve import zeros
from emlc.passes.normal.space import Infinite, Space, Unknown
from emlc.passes.normal.terms import Form
from emlc.passes.normal.write import write
from emlc.passes.simplify import simplify
from emlc.show import show
from emlc.tables.identities import DEFINITIONS
from emlc.tables.primitives import BY_NAME


def form(space: Space, text: str) -> Form:
    made = read_formula(space, parse(text).root)
    assert isinstance(made, Form)
    return made


@pytest.mark.parametrize(
    ("text", "over"),
    [
        ("exp(ln(x)) - x", "complex nonzero"),
        ("ln(exp(x)) - x", "real"),
        ("ln(x^2) - 2*ln(x)", "positive"),
        ("(x+1)^3 - x^3 - 3*x^2 - 3*x - 1", "complex"),
        ("1/(1+exp(-x)) - exp(x)/(1+exp(x))", "real"),
        ("cos(2*x) - 2*cos(x)^2 + 1", "complex"),
        ("tanh(x) - (exp(2*x)-1)/(exp(2*x)+1)", "real"),
        ("ln((1+i*x)/(1-i*x)) - 2*i*atan(x)", "real"),
        ("asin(x) + acos(x) - pi/2", "[-1,1]"),
        ("acosh(x) - 2*ln(sqrt((x+1)/2)+sqrt((x-1)/2))", "[1,inf)"),
        ("sqrt(x^2) - x", "nonnegative"),
        ("sqrt(8) - 2*sqrt(2)", "real"),
        ("e^(i*pi) + 1", "real"),
        ("2*cos(pi/3) - 1", "real"),
        ("2*sin(pi/6 + x) - 2*cos(x - pi/3)", "real"),
        ("exp(i*pi/6) + i*exp(i*pi/3) - i", "real"),
        ("2*exp(ln(ln(x*y))) - 2*ln(x*y)", "real"),
        ("y*ln(1+x) + y*ln(1+y) - y*ln(1+x+y+x*y)", "positive"),
        ("(ln(1+x)+ln(1+y))/x - (ln(1+x)+ln(1+y))/(x+1) - ln(1+x+y+x*y)/(x^2+x)", "positive"),
        ("(ln(1+i*x)+ln(1+i*y)-ln(1+i*x+i*y-x*y))/(x+1) + (x^2-1)/(x+1) - x + 1", "positive"),
        ("ln(1+x)/12 + ln(1+y)/12 - ln(1+x+y+x*y)/12", "positive"),
        ("ln(1+i*x) + ln(1+i*y) - ln(1+i*x+i*y-x*y)", "real"),
    ],
)
def test_an_identity_is_seen(text: str, over: str) -> None:
    space = Space({"x": domain(over), "y": domain(over)})
    assert is_zero(space, form(space, text))


@pytest.mark.parametrize(
    ("text", "over"),
    [
        ("ln(exp(x)) - x", "complex"),
        ("ln(x^2) - 2*ln(x)", "real"),
        ("sqrt(x^2) - x", "real"),
        ("sqrt(x*y) - sqrt(x)*sqrt(y)", "real"),
        ("ln(x*y) - ln(x) - ln(y)", "complex nonzero"),
        ("(x^2)^(1/2) - x", "complex"),
        ("atan(x) - (ln(1+i*x) - ln(1-i*x))/2", "real"),
        ("exp(x) - 1", "real"),
        ("2*sin(pi/3) - 1", "real"),
        ("exp(i*pi/6) - exp(i*pi/3)", "real"),
        ("x*exp(i*pi/6) + i*x*exp(i*pi/3) + i*x", "real"),
        ("ln(i+x) + ln(i+y) - ln(i*x+i*y+x*y-1)", "real"),
        ("ln(i+x)/2 + ln(i+y)/2 - ln(i*x+i*y+x*y-1)/2", "real"),
        ("ln(x-i)/2 + ln(y-i)/2 - ln(x*y-1-i*x-i*y)/2", "real"),
        ("ln(1+x)/13 + ln(1+y)/13 - ln(1+x+y+2*x*y)/13", "positive"),
        ("ln(1+x) + ln(1+y) - ln(1+x+y+2*x*y)", "positive"),
        ("2*ln(1+x) + 2*ln(1+y) - ln(1+x+y+x*y)", "positive"),
        ("y*ln(1+x) + y*ln(1+y) - ln(1+x+y+x*y)", "positive"),
        ("2*exp(ln(ln(x*y))) - 2*x*y", "real"),
    ],
)
def test_a_false_identity_is_not_seen(text: str, over: str) -> None:
    space = Space({"x": domain(over), "y": domain(over)})
    assert not is_zero(space, form(space, text))


@pytest.mark.parametrize(
    ("text", "over", "said"),
    [
        ("exp(x) - x", "real", "positive"),
        ("x - ln(x)", "positive", "positive"),
        ("x + sqrt(x^2 + 1)", "real", "positive"),
        ("exp(i*x) + exp(-i*x)", "real", "real"),
        ("i*x + sqrt(1 - x^2)", "[-1,1]", "nonzero"),
        ("exp(2*x) - exp(x)", "positive", "positive"),
    ],
)
def test_lemmas_know_a_sum(text: str, over: str, said: str) -> None:
    space = Space({"x": domain(over)})
    assert space.box(form(space, text)).within(domain(said))


@pytest.mark.parametrize(
    ("text", "over", "refused"),
    [
        ("7/5*x - sqrt(2)*x", "positive", "positive"),
        ("exp(x) - sqrt(2)", "[0,1]", "positive"),
        ("x*exp(-x) - exp(-2)/sqrt(2)", "[1,3]", "positive"),
        ("sqrt(5)/sqrt(7 + x)", "positive", "[0,0.4]"),
        ("x/sqrt(ln(x^2 + 3))", "real", "[-1,1]"),
    ],
)
def test_lemmas_claim_no_more(text: str, over: str, refused: str) -> None:
    space = Space({"x": domain(over)})
    assert not space.box(form(space, text)).within(domain(refused))


@pytest.mark.parametrize(
    ("known", "text", "over", "seen"),
    [
        ("x+exp(x)", "x^2*y+x*y*exp(x)", "real", True),
        ("x+exp(x)", "x^2-exp(2*x)", "real", True),
        ("x+exp(x)", "x^3+exp(3*x)", "real", True),
        ("x+exp(x)", "1+x*exp(-x)", "real", True),
        ("x+exp(x)", "1+exp(x)/x", "real", True),
        ("x+exp(x)", "x*y*exp(y)+y*exp(x+y)", "real", True),
        ("x+exp(x)", "x^2+x*exp(x)+1", "real", False),
        ("x+exp(x)", "x^2+exp(2*x)", "real", False),
        ("x+exp(x)", "2*x+exp(x)", "real", False),
        ("3*x-2*exp(x)", "9*x^2-4*exp(2*x)", "real", True),
        ("3*x-2*exp(x)", "9*x^2+4*exp(2*x)", "real", False),
        ("3*x-2*exp(x)", "4*x^2-9*exp(2*x)", "real", False),
        ("i*x+exp(x)", "x^2+exp(2*x)", "real", True),
        ("i*x+exp(x)", "x^2-exp(2*x)", "real", False),
        ("x-ln(y)", "exp(x)-y", "positive", True),
        ("x-ln(y)", "x*exp(x)+y*ln(y)", "positive", False),
        ("1/x+exp(x)", "1+x*exp(x)", "real", True),
        # where y is 0 the sum is 0, and this need not be
        ("x*y+y^2*exp(x)", "x*z+y*z*exp(x)", "real", False),
        ("x*y+y^2*exp(x)", "x*z+y*z*exp(x)", "positive", True),
        ("x-x; x+exp(x)", "x^2-exp(2*x)", "real", True),
        ("y*z+exp(y); x+exp(x)", "x^2-exp(2*x)", "real", True),
        ("x-x", "x", "real", False),
        ("ln(1+x*(y+exp(y)))", "x*y+x*exp(y)", "real", True),
        ("ln(1+x*(y+exp(y)))", "y+exp(y)", "real", False),  # x may be 0 instead
    ],
)
def test_a_multiple_of_a_sum_that_is_0(known: str, text: str, over: str, seen: bool) -> None:
    space = Space(dict.fromkeys("xyz", domain(over)))
    for zero in known.split("; "):
        space.vanish(form(space, zero))
    assert is_zero(space, form(space, text)) is seen


def test_joined_logarithms_are_a_step_of_the_proof() -> None:
    space = Space(dict.fromkeys("xy", domain("real")))
    assert is_zero(space, form(space, "ln(1+i*x) + ln(1+i*y) - ln(1+i*x+i*y-x*y)"))
    assert ("ln u + ln v = ln(u v)", "Im in (-2,2) pi") in space.steps


def test_a_fact_about_a_sum_is_none_about_its_multiple_by_0() -> None:
    space = Space({"x": domain("real"), "y": domain("real")})
    space.learn(form(space, "cos(x)"), domain("real nonzero"))
    assert space.box(form(space, "2*exp(i*x) + 2*exp(-i*x)")).excludes(0.0)
    assert not space.box(form(space, "y*exp(i*x) + y*exp(-i*x)")).excludes(0.0)


def test_a_bound_of_a_quotient_bounds_its_parts() -> None:
    space = Space({"x": domain("real"), "y": domain("positive"), "z": domain("real")})
    space.learn(form(space, "x/y"), domain("[-1,2]"))
    space.learn(form(space, "x/z"), domain("[-1,2]"))
    for text in ("2*y - x", "x + y", "3*x + 3*y"):
        assert space.box(form(space, text)).within(domain("nonnegative")), text
    for text in ("y - x", "x", "2*z - x", "x + z", "2*x + y"):
        assert not space.box(form(space, text)).within(domain("nonnegative")), text


@pytest.mark.parametrize(
    ("known", "fact", "text", "least"),
    [
        ("4 - x^2", "nonnegative", "x", "[-2,2]"),
        ("8 - x^3", "nonnegative", "x", "(-inf,inf)"),
        ("1/(2*x)", "[1,2]", "x", "[1/4,1/2]"),
    ],
)
def test_a_fact_bounds_what_it_is_about_and_no_more(
    known: str, fact: str, text: str, least: str
) -> None:
    space = Space({"x": domain("real"), "y": domain("real")})
    space.learn(form(space, known), domain(fact))
    box, want = space.box(form(space, text)).re, domain(least).re
    assert box.lo <= want.lo <= box.lo + 1e-14 or box.lo == want.lo
    assert box.hi - 1e-14 <= want.hi <= box.hi or box.hi == want.hi


def test_what_is_remembered_of_a_sum_is_scaled_for_its_multiples() -> None:
    space = Space({"x": domain("real"), "y": domain("real")})
    space.remember(form(space, "x/2 + y/2"), domain("[0,1]"))
    assert [str(space.box(form(space, t))) for t in ("x + y", "2*x + 2*y")] == ["[0,2]", "[0,4]"]


def test_the_box_of_a_turned_or_rooted_variable() -> None:
    space = Space({"x": Domain(ZERO, domain("[0,1]").re), "y": domain("real nonzero")})
    assert space.box(form(space, "i*x")).within(domain("nonpositive"))
    assert not space.box(form(space, "sqrt(y)")).real


def test_quarter_turns_and_whole_ones_leave_an_exponent_together() -> None:
    space = Space({"n": domain("integer")})
    assert is_zero(space, form(space, "exp(i*pi/2 + 2*i*pi*n) - i"))
    assert not is_zero(space, form(space, "exp(i*pi/2 + i*pi*n) - i"))


def test_a_zero_in_a_strip_is_found() -> None:
    space = Space({"x": Domain(ZERO, domain("[1/4,1/2]").re)})
    found = zeros(space, form(space, "1 + i*x"))
    assert found is not None and [show(write(space, value)) for _, value in found] == ["i"]
    assert zeros(space, form(space, "2 + i*x")) == []


def test_a_variable_in_two_factors_of_a_term_is_not_isolated() -> None:
    space = Space({"x": domain("positive")})
    assert zeros(space, form(space, "x*ln(x+1) - 1")) is None


def test_a_real_square_need_not_have_a_real_root() -> None:
    space = Space({"y": domain("complex")})
    space.learn(form(space, "1 - y^2"), domain("nonnegative"))
    assert not space.box(space.var("y")).real


def test_no_formula_names_a_number_of_turns() -> None:
    space = Space({"x": domain("complex")}, count_turns=True)
    made = form(space, "ln(exp(x))")
    assert is_zero(space, space.plus(made, form(space, "ln(exp(x))"), -1))
    with pytest.raises(Unknown):
        write(space, made)


@pytest.mark.parametrize(
    ("im", "sides"), [("[0,1]", 1), ("(-1,0)", -1), ("(-1,0]", None), ("(-1,1]", None)]
)
def test_the_logarithm_of_minus_infinity(im: str, sides: int | None) -> None:
    space = Space({"x": Domain(ZERO, domain(im).re)})
    made = space.ln(Infinite(-1, space.var("x")))
    assert isinstance(made, Infinite)
    assert made.im == (None if sides is None else space.scaled(space.half_turn, sides))


def test_0_to_a_power_of_unknown_sign_is_not_decided() -> None:
    space = Space({"y": domain("real")})
    with pytest.raises(Unknown):
        read_formula(space, parse("x^y").root, {"x": space.zero})


@pytest.mark.parametrize(
    ("text", "over"),
    [("sqrt((1/exp(-x) - exp(e))*x)", "negative"), ("sqrt(cos(e)*ln(cos(1/16)))", "real")],
)
def test_roots_of_products_come_to_an_end(text: str, over: str) -> None:
    assert form(Space({"x": domain(over)}), text).terms


def test_numbers_beyond_doubles_in_a_condition() -> None:
    assert emlc.compile("sqrt(1 - 10^400*x)").verdict.status == "proved"


@pytest.mark.parametrize(
    ("text", "over", "found"),
    [
        ("1 - x", "real", {"1"}),
        ("e - ln(x)", "positive", {"exp(e)"}),
        ("x^2 - 4", "real", {"2", "-2"}),
        ("x^4 - 16", "real", {"2", "-2"}),
        ("x^3 + 8", "real", {"-2"}),
        ("exp(x) - 3", "real", {"ln(3)"}),
        ("exp(x) + 1", "real", set()),
        ("exp(x) - 3", "complex", {"ln(3) + 4*i*pi*n'", "ln(3) + 4*i*pi*n' + 2*i*pi"}),
        ("exp(a) - 3", "complex", {"ln(3) + 4*i*pi*n'", "ln(3) + 4*i*pi*n' + 2*i*pi"}),
        ("sin(x)", "real", {"2*pi*n'", "2*pi*n' + pi"}),
        ("x*ln(x+a) + sin(x)", "real", {"0", "exp(-(sin(x)/x)) - x"}),
        ("exp(i*x) - (1+i*sqrt(3))/2", "real", {"pi/3 + 4*pi*n'", "7*pi/3 + 4*pi*n'"}),
        ("exp(i*x) + (1-i*sqrt(3))/2", "real", {"2*pi/3 + 4*pi*n'", "8*pi/3 + 4*pi*n'"}),
        ("exp(i*x) - (sqrt(3)-i)/2", "real", {"4*pi*n' - pi/6", "11*pi/6 + 4*pi*n'"}),
        ("exp(i*x) - (3+4*i)/5", "real", {"atan2(4, 3) + 4*pi*n'", "atan2(4, 3) + 4*pi*n' + 2*pi"}),
        ("ln(x) + ln(x+1)", "positive", {"sqrt(5)/2 - 1/2", "-(sqrt(5)/2) - 1/2"}),
    ],
)
def test_zeros_are_solved_for(text: str, over: str, found: set[str]) -> None:
    space = Space(dict.fromkeys("ax", domain(over)))
    place = form(space, text)
    space.zeros[place] = None
    solutions = zeros(space, place)
    assert solutions is not None
    assert {show(write(space, value)) for _, value in solutions} == found


@pytest.mark.parametrize("name", DEFINITIONS)
def test_a_definition_holds_on_the_cuts_too(name: str) -> None:
    direct, defined = (
        Reference(node(BY_NAME[name], var("x"))),
        Reference(parse(DEFINITIONS[name]).root),
    )
    seen = 0
    for re in (-3, -2, -1, Fraction(-1, 2), 0, Fraction(1, 2), 1, 2, 3):
        for im in (-2, -1, Fraction(-1, 2), 0, Fraction(1, 3), 1, 3):
            at = {"x": (Fraction(re), Fraction(im))}
            want, got = direct.at(at), defined.at(at)
            if want is not None and got is not None:
                seen += 1
                assert abs(want - got) < 1e-20 * (1 + abs(want)), at
    assert seen > 50


def test_reading_ends_when_its_time_is_over() -> None:
    tape = flatten(parse_tree("11xE1EE"))
    with pytest.raises(OutOfTime), within(0):
        while True:
            read_tape(Space({}), tape)


def test_a_power_of_what_turns_out_to_be_zero() -> None:
    """Where 1 + (1/x)^2 is 0, at x = i, the root under a logarithm is 0 in more than one way."""
    for text, over in (("acsch(ln(x))", "(-1,1)"), ("sin(asin(x*y))", "[-1,1]")):
        root = simplify(parse(text).root)
        proof = prove_equal(root, flatten(root), dict.fromkeys(variables(root), domain(over)), {})
        assert proof.cases


def test_numbers_of_too_many_digits_are_left_alone() -> None:
    """(3 x)^2 squared forty times over has a coefficient that no memory holds."""
    text = "(" * 40 + "3*x" + ")^2" * 40
    with pytest.raises(Unknown, match="digits"):
        form(Space({}), text)
    assert emlc.check(text, "x").status == "refuted"
