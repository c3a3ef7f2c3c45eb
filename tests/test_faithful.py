from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import emlc
from emlc.errors import ArgumentError, TreeError
from emlc.ir.node import ONE, Node, eml, lit, node, var
from emlc.ir.tape import Tape, flatten
from emlc.lower import balls
from emlc.lower.evaluator import Evaluator
from emlc.lower.faithful import faithful
from emlc.parse import parse_tree
from emlc.tables.primitives import BY_NAME
from emlc.tables.witnesses import TREES

X, Y = var("x"), var("y")
EXP = eml(X, ONE)
LN = eml(ONE, eml(eml(ONE, X), ONE))


def tree(rpn: str) -> Node:
    """The expression of compact RPN text."""
    return parse_tree(rpn, "rpn")


TIMES = flatten(tree("x11xyEE1EExE1EE1E"))
PLUS = flatten(tree("1xx1y1EEE1EEx1EE1EE"))

REALS = [-50.0, -3.0, -1.0, -0.5, -1e-3, 0.0, 1e-3, 0.5, 1.0, 1.5, 7.0, 800.0]
PLANE = [1j, -1j, -1 + 0j, 2 + 1j, -2 - 1j, -3 + 1e-20j, -3 - 1e-20j, 0.3 - 2j]


def disagreements(tape: Tape, f: Evaluator, pools: list[list[complex]]) -> tuple[int, list[object]]:
    """Points compared and those where faithful and balls differ; undecided ones do not count."""
    compared, wrong = 0, []
    for pool in pools:
        values = {name: np.roll(np.array(pool), 3 * k) for k, name in enumerate(f.variables)}
        with np.errstate(all="ignore"):
            found = np.broadcast_to(f(**values), len(pool))
        for i in range(len(pool) if f.variables else 1):
            point = {name: v[i].item() for name, v in values.items()}
            ball = balls.evaluate(tape, point)
            if ball.kind == "undecided":
                continue
            want, got = complex(ball), complex(found[i])
            if ball.kind == "finite":
                good = got == want or abs(got - want) <= 2e-12 * abs(want)
            elif ball.kind == "infinite":
                good = got.real == want.real
            else:
                good = math.isnan(got.real)
            compared += 1
            wrong += [] if good else [(point, got, want, ball.kind)]
    return compared, wrong


@pytest.mark.parametrize("part", range(4))
def test_every_known_tree_agrees_with_balls(part: int) -> None:
    rows = [row for group in TREES.values() for row in group if row.tree][part::4]
    compared = 0
    for row in rows:
        tape = flatten(tree(row.tree))
        f = faithful(tape, real=False)
        pools = [REALS, PLANE] if len(row.tree) < 100 else [REALS[1:9:2]]
        count, wrong = disagreements(tape, f, pools)
        assert not wrong, (row.computes, row.tree, wrong)
        compared += count
    assert compared >= 200


RIGHT = [
    # the tree of ln that jumps: exact on the cut, above and below it
    (LN, -1.0, -math.pi * 1j),
    (LN, complex(-1.0, -0.0), -math.pi * 1j),
    (LN, complex(-1.0, 1e-300), math.pi * 1j),
    (LN, complex(-1.0, -1e-300), -math.pi * 1j),
    (LN, 0.0, -math.inf),
    (LN, 1.0 + 2**-52, 2.220446049250313e-16),
    # published as i and pi, and -i and -pi in truth
    (
        tree("1111111111111EEE1EE11EE1EEEE1EE11E1EE1EEE1EE1111111EEE1EE11E1EEE1EEE1EE1E1E"),
        None,
        -1j,
    ),
    (tree("1111111111E1E1EEE1EE11E1EEEE1EEE1EE111111EEE1EE11EE1EEE1E1E"), None, -1j),
    # infinities
    (EXP, -math.inf, 0.0),
    (EXP, math.inf, math.inf),
    (eml(eml(ONE, X), ONE), 0.0, math.inf),
    (eml(eml(ONE, X), eml(ONE, X)), 0.0, None),
    (EXP, 0.0 + math.inf * 1j, None),
    # beyond the range of doubles inside, and at the result
    (EXP, -745.0, 5e-324),
    (EXP, -1e6, 0.0),
    (EXP, 1e6, math.inf),
    (eml(ONE, eml(EXP, ONE)), 800.0, -math.inf),
]


@pytest.mark.parametrize(("root", "x", "want"), RIGHT)
def test_exact_meaning(root: Node, x: complex | None, want: complex | None) -> None:
    f = faithful(flatten(root), real=False)
    with np.errstate(all="ignore"):
        got = f() if x is None else f(x)
    if want is None:
        assert np.isnan(got)
    else:
        assert got == pytest.approx(want, rel=1e-15, abs=0)
        assert math.copysign(1, got.imag) == math.copysign(1, complex(want).imag) or not got.imag


@pytest.mark.parametrize("x", [50.0, -50.0, 6.7, 0.0, 1e-200, 1.5e150, 3.0])
def test_a_product_is_right_where_its_tree_overflows(x: float) -> None:
    ys = np.array([50.0, -3.0, 1.0, -0.125])
    assert np.allclose(faithful(TIMES)(x=x, y=ys), x * ys, rtol=2e-12, atol=0)


@given(st.floats(-20, 20), st.floats(-20, 20))
@settings(max_examples=60, deadline=None)
def test_a_sum_is_right(x: float, y: float) -> None:
    assert faithful(PLUS)(x=x, y=y) == pytest.approx(x + y, rel=1e-12, abs=1e-300)


def test_real_values_only_where_the_tree_is_real() -> None:
    f = faithful(flatten(LN))
    with pytest.warns(RuntimeWarning, match="invalid value"):
        got = f([-1.0, 1.0, 2.0])
    assert np.isnan(got[0])
    assert list(got[1:]) == pytest.approx([0.0, math.log(2)], rel=1e-15)
    assert f(-1.0, dtype=complex) == pytest.approx(-math.pi * 1j)
    assert f(np.array([1j])).dtype == np.complex128


def test_the_kernel_alone_answers_almost_everywhere() -> None:
    xs = np.random.default_rng(3).uniform(0.1, 5, 10_000)
    values = []
    for recompute in (True, False):
        with np.errstate(all="ignore"):
            values.append(faithful(PLUS, recompute=recompute)(x=xs, y=xs[::-1]))
    assert np.allclose(values[1], xs + xs[::-1], rtol=1e-12, atol=0)
    assert (values[0] == values[1]).mean() > 0.99


def test_deep_and_wide_trees_need_few_registers() -> None:
    deep = X
    for _ in range(25_000):
        deep = eml(ONE, eml(eml(ONE, eml(deep, ONE)), ONE))
    xs = np.linspace(1, 2, 300)
    assert np.allclose(faithful(flatten(deep), rtol=1e-9)(xs), xs, rtol=1e-9)


def test_numbers_other_than_one_are_exact() -> None:
    assert faithful(flatten(eml(lit(0), X)))(math.e) == pytest.approx(0, abs=1e-15)
    with pytest.raises(TreeError, match="it holds sin"):
        faithful(flatten(node(BY_NAME["sin"], X)))


# -- numpy's conventions, which every evaluator shares -----------------------------------------

SUM = faithful(PLUS)
BASE = np.linspace(0.5, 4, 24).reshape(4, 6)

LAYOUTS = {
    "contiguous": BASE,
    "transposed": BASE.T,
    "negative strides": BASE[::-1, ::-2],
    "strided": BASE[:, 1::3],
    "broadcast": np.broadcast_to(BASE[:, :1], (4, 6)),
    "0-d": np.array(1.5),
    "empty": BASE[:, :0],
    "integers": np.arange(1, 7),
    "list": [[1.0, 2.0], [3.0, 4.0]],
    "booleans": np.array([True, False]),
    "big-endian": BASE.astype(">f8"),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_any_layout(name: str) -> None:
    x = LAYOUTS[name]
    got = SUM(x=x, y=2.0)
    want = np.asarray(x) + 2.0
    assert np.shape(got) == np.shape(want)
    assert np.allclose(got, want, rtol=1e-12)


def test_broadcasting_and_many_chunks() -> None:
    x, y = np.linspace(1, 2, 300)[:, None], np.linspace(-3, -2.5, 100)
    got = SUM(x=x, y=y)
    assert got.shape == (300, 100)
    assert np.allclose(got, x + y, rtol=1e-12)


TYPES = [
    (np.float32, np.float32),
    (np.float64, np.float64),
    (np.complex64, np.complex64),
    (np.complex128, np.complex128),
    (np.float16, np.float32),
    (np.int8, np.float64),
    (np.uint64, np.float64),
]


@pytest.mark.parametrize(("given_type", "result"), TYPES)
def test_types(given_type: type, result: type) -> None:
    x = np.array([1, 2], dtype=given_type)
    got = SUM(x=x, y=3)
    assert got.dtype == result
    assert np.allclose(got, [4, 5], rtol=1e-6)


def test_scalars_in_scalar_out() -> None:
    for x in (1, 1.0, np.float64(1), np.array(1.0), True):
        got = SUM(x=x, y=2)
        assert type(got) is np.float64
        assert got == pytest.approx(3)
    assert type(SUM(x=1 + 0j, y=2)) is np.complex128
    assert type(SUM(x=np.float32(1), y=2.0)) is np.float32


def test_out_and_dtype() -> None:
    x = np.linspace(1, 2, 6)
    out = np.zeros((2, 12))[:, ::2]
    assert SUM(x=x, y=1.0, out=out) is out
    assert np.allclose(out, x + 1, rtol=1e-12)
    assert SUM(x=x, y=1.0, out=(out,)) is out
    buffer = np.linspace(1, 2, 7)
    SUM(x=buffer[:-1], y=1.0, out=buffer[1:])
    assert np.allclose(buffer[1:], x[0] + 1 + np.arange(6) / 6, rtol=1e-12)
    assert SUM(x=x, y=1.0, dtype=np.float32).dtype == np.float32
    assert SUM(x=x, y=1.0, dtype="complex64").dtype == np.complex64
    single = np.empty(6, dtype=np.float32)
    assert np.allclose(SUM(x=x, y=1.0, out=single), x + 1, rtol=1e-6)


def test_ways_to_call() -> None:
    f = faithful(flatten(EXP))
    assert f(0.0) == f(x=0.0) == f({"x": 0.0}) == 1.0
    odd = faithful(flatten(eml(var("out"), var("dtype"))))
    assert odd({"out": 0.0, "dtype": 1.0}) == 1.0
    assert faithful(flatten(eml(ONE, ONE)))() == math.e
    wider = faithful(flatten(EXP), variables=["x", "z"])
    assert wider(x=0.0, z=np.zeros(3)).shape == (3,)


ERRORS = [
    (lambda: SUM(x=1.0), "no value for the variable y"),
    (lambda: SUM(x=1.0, y=1.0, z=1.0), "no variable z"),
    (lambda: SUM(1.0), "more than one variable"),
    (lambda: SUM({"x": 1.0}), "no value for the variable y"),
    (lambda: SUM(x="a", y=1.0), "not an array of numbers"),
    (lambda: SUM(x=[[1], [1, 2]], y=1.0), "not an array of numbers"),
    (lambda: SUM(x=None, y=1.0), "not an array of numbers"),
    (lambda: SUM(x=10**400, y=1.0), "not an array of numbers"),
    (lambda: SUM(x=np.ones(2, dtype=np.longdouble), y=1.0), "wider"),
    (lambda: SUM(x=np.ones(2), y=np.ones(3)), "do not broadcast"),
    (lambda: SUM(x=np.ones(2), y=1.0, out=np.ones(3)), "out has the shape"),
    (lambda: SUM(x=np.ones(2), y=1.0, out=np.ones(2, dtype=int)), "does not fit"),
    (lambda: SUM(x=np.ones(2), y=1j, out=np.ones(2)), "does not fit"),
    (lambda: SUM(x=np.ones(2), y=1.0, out=np.broadcast_to(1.0, 2)), "read-only"),
    (lambda: SUM(x=1.0, y=1.0, out=3), "out must be an array"),
    (lambda: SUM(x=1.0, y=1.0, dtype=int), "not a result type"),
    (lambda: SUM(x=1.0, y=1.0, dtype="nope"), "not a result type"),
    (lambda: SUM(x=1j, y=1.0, dtype=float), "does not fit"),
]


@pytest.mark.parametrize(("call", "message"), ERRORS)
def test_errors(call: object, message: str) -> None:
    assert callable(call)
    with pytest.raises(ArgumentError, match=message):
        call()


def test_a_close_name_is_suggested() -> None:
    f = faithful(flatten(eml(var("alpha"), ONE)))
    with pytest.raises(ArgumentError) as caught:
        f(alhpa=1.0)
    assert caught.value.hint == "did you mean alpha?"


def test_errstate_decides() -> None:
    f = faithful(flatten(LN), real=False)
    with pytest.warns(RuntimeWarning, match="divide by zero"):
        assert f(0.0) == -math.inf
    with np.errstate(divide="raise"), pytest.raises(FloatingPointError, match="divide"):
        f(0.0)
    seen: list[str] = []
    with np.errstate(divide="call", call=lambda kind, _: seen.append(kind)):
        f(0.0)
    assert seen == ["divide by zero"]
    with pytest.warns(RuntimeWarning, match="overflow"):
        assert faithful(flatten(EXP))(1000.0) == math.inf


def test_nan_in_is_nan_out_without_a_word() -> None:
    assert np.isnan(SUM(x=[math.nan, 1.0], y=1.0))[0]
    assert np.isnan(SUM(x=complex(1, math.nan), y=1.0))
    assert faithful(flatten(EXP))(math.inf) == math.inf


def test_a_tree_whose_variable_cancels_is_not_taken_for_a_constant() -> None:
    f = emlc.evaluator("1111xE1EEE1EExE")  # 0 for positive x
    assert f(x=[-2.0, 3.0]) == pytest.approx([-2j * np.pi, 0])
