from __future__ import annotations

import cmath
import math
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import emlc
from emlc.errors import ArgumentError, LimitError, TreeError
from emlc.ir.node import Lit, Node, Param, Var, fold, node
from emlc.lower.direct import direct
from emlc.parse import parse
from emlc.tables.primitives import ROWS, Primitive


def formula(text: str) -> Node:
    return parse(text).root


def call(row: Primitive) -> Node:
    return node(row, *(node(Var(p)) for p in row.params))


def reference(root: Node, point: dict[str, complex]) -> complex | None:
    """The principal value by mpmath at 30 digits, by the rows' sympy names and meanings."""
    mpmath = pytest.importorskip("mpmath")
    basic = {
        "E": lambda: +mpmath.e,
        "pi": lambda: +mpmath.pi,
        "I": lambda: mpmath.mpc(0, 1),
        "Add": lambda x, y: x + y,
        "Mul": lambda x, y: x * y,
        "Pow": lambda x, y: mpmath.power(x, y) if x else mpmath.mpf(0) ** mpmath.re(y),
    }

    def value(n: Node, args: list[object]) -> object:
        if isinstance(n.head, Var):
            return mpmath.mpmathify(point[n.head.name])
        if isinstance(n.head, Lit):
            return mpmath.mpf(n.head.value.numerator) / n.head.value.denominator
        assert isinstance(n.head, Primitive)
        if n.head.meaning:
            inner = parse(n.head.meaning, "infix").root
            return below(inner, dict(zip(n.head.params, args, strict=True)))
        return (basic.get(n.head.sympy) or getattr(mpmath, n.head.sympy))(*args)

    def below(inner: Node, values: dict[str, object]) -> object:
        return fold(
            inner,
            lambda n, args: values[n.head.name] if isinstance(n.head, Var) else value(n, args),
        )

    with mpmath.workdps(30):
        try:
            found = complex(below(root, {k: mpmath.mpmathify(v) for k, v in point.items()}))
        except (ZeroDivisionError, ValueError, OverflowError):
            return None
    return found if cmath.isfinite(found) else None


REALS = [-2.5, -1.0, -0.5, -1e-9, 0.0, 1e-9, 0.25, 0.5, 1.0, 1.5, 2.0, 7.0]
PLANE = [
    2 + 0j,
    -2 + 0j,
    2j,
    -2j,
    0.5 + 0j,
    -0.5 - 0j,
    complex(-2, -0.0),
    1 + 2j,
    -1 - 0.5j,
    3 - 1j,
]


# Rows whose meaning is real at more points than their real domain holds.
NARROW = ("log", "root")


def close(got: complex, want: complex) -> bool:
    return abs(got - want) <= 1e-9 * abs(want) + 1e-15


@pytest.mark.parametrize("plane", [False, True])
def test_every_row_agrees_with_its_meaning(plane: bool) -> None:
    compared, quiet = 0, 0
    for row in ROWS:
        if plane and row.real_only:
            continue
        root = call(row)
        f = direct(root, real=not plane)
        pool = PLANE if plane else REALS
        values = {p: np.roll(np.array(pool), 5 * k) for k, p in enumerate(f.variables)}
        with np.errstate(all="ignore"):
            found = np.broadcast_to(f(**values), len(pool))
        for i in range(len(pool)):
            want = reference(root, {p: v[i].item() for p, v in values.items()})
            if want is None or (not plane and abs(want.imag) > 1e-12):
                quiet += 1
                assert plane or not np.isfinite(found[i]) or row.name == "acot", (row, values, i)
                continue
            if row.name in NARROW and np.isnan(found[i]):
                continue
            assert close(complex(found[i]), want), (row, {p: v[i] for p, v in values.items()}, want)
            compared += 1
    assert compared >= 400
    assert plane or quiet >= 20


VALUES = [
    ("x^2 + y", {"x": 3.0, "y": 1.0}, 10.0),
    ("x^-3 + x^16", {"x": 2.0}, 65536.125),
    ("x^0.1", {"x": 2.0}, 2**0.1),
    ("0.1", {}, 0.1),
    ("eml(1, eml(eml(1, x), 1))", {"x": 5.0}, math.log(5)),
    ("(exp(i*x) + exp(-i*x))/2", {"x": 0.3}, math.cos(0.3)),
    # the result fits, a part of it does not
    ("x/(x*x)", {"x": 1e200}, 1e-200),
    ("x*1e300*1e300", {"x": 1e-306}, 1e294),
    ("exp(x)*1e300*1e300", {"x": -800.0}, 3.6678745841776876e252),
    ("hypot(x, y)", {"x": 3e200, "y": 4e200}, 5e200),
    ("sigmoid(x)", {"x": -1000.0}, 0.0),
    ("tanh(x)", {"x": 400.0}, 1.0),
]


@pytest.mark.parametrize(("text", "point", "want"), VALUES)
def test_values(text: str, point: dict[str, float], want: float) -> None:
    got = direct(formula(text))(**point)
    assert type(got) is np.float64
    assert got == pytest.approx(want, rel=1e-14)


PRINCIPAL = [
    ("ln(-2)", math.log(2) + 1j * math.pi),
    ("(-8)^(1/3)", 1 + 1j * math.sqrt(3)),
    ("sqrt(-4)", 2j),
    ("ln(-(1 + 0*i))", 1j * math.pi),
    ("asin(2)", math.pi / 2 - 1j * math.acosh(2)),
    ("acosh(-3)", math.acosh(3) + 1j * math.pi),
    ("exp(800 + i) * exp(-800)", cmath.exp(1j)),
]


@pytest.mark.parametrize(("text", "want"), PRINCIPAL)
def test_principal_values(text: str, want: complex) -> None:
    got = direct(formula(text), real=False)()
    assert type(got) is np.complex128
    assert got == pytest.approx(want, rel=1e-14, abs=1e-15)


WARNED = [
    ("ln(x)", -1.0, math.nan, "invalid value"),
    ("ln(x)", 0.0, -math.inf, "divide by zero"),
    ("1/x", 0.0, math.inf, "divide by zero"),
    ("sqrt(x)", -1.0, math.nan, "invalid value"),
    ("x^(1/3)", -8.0, math.nan, "invalid value"),
    ("x^0.5", -8.0, math.nan, "invalid value"),
    ("asin(x)", 1.5, math.nan, "invalid value"),
    ("exp(x)", 1000.0, math.inf, "overflow"),
    ("x*x", 1e200, math.inf, "overflow"),
    ("atan2(x, x)", 0.0, math.nan, "invalid value"),
    ("(exp(i*x) + exp(-i*x))*i/2", 1.0, math.nan, "invalid value"),
]


@pytest.mark.parametrize(("text", "x", "want", "message"), WARNED)
def test_warnings_are_numpys(text: str, x: float, want: float, message: str) -> None:
    f = direct(formula(text))
    with pytest.warns(RuntimeWarning) as told:
        got = f([x, 0.5])
    assert any(message in str(w.message) for w in told)
    assert np.array_equal(got[0], want, equal_nan=True)
    assert np.isfinite(got[1]) or np.isnan(want)
    with np.errstate(all="raise"), pytest.raises(FloatingPointError):
        f(x)


def test_infinities_and_nan_pass_without_a_word() -> None:
    got = direct(formula("exp(x)"))([math.inf, -math.inf, math.nan])
    assert list(got[:2]) == [math.inf, 0.0]
    assert np.isnan(got[2])
    assert np.isnan(direct(formula("x*y"), real=False)(x=math.nan, y=1j))


def test_large_formulas_are_interpreted() -> None:
    terms = [f"x{k % 40}*{k}.5" for k in range(2_000)]
    f = direct(formula("+".join(terms)))
    values = {name: np.linspace(-1, 1, 7) * len(name) for name in f.variables}
    want = sum(values[f"x{k % 40}"] * (k + 0.5) for k in range(2_000))
    assert np.allclose(f(**values), want, rtol=1e-12, atol=1e-9)


def test_deep_formulas() -> None:
    deep = formula("x")
    half = formula("half(x)").head
    for _ in range(30_000):
        deep = node(half, deep)
    with np.errstate(all="ignore"):
        assert direct(deep)(1.0) == 0.0


@given(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3))
@settings(max_examples=40, deadline=None)
def test_arithmetic_is_the_machines(x: float, y: float) -> None:
    assert direct(formula("(x + y)*(x - y)"))(x=x, y=y) == (x + y) * (x - y)


def test_layouts_and_types() -> None:
    f = direct(formula("x + 2*y"))
    x = np.arange(12.0).reshape(3, 4)[:, ::-2]
    assert np.array_equal(f(x=x, y=1), x + 2)
    assert f(x=np.float32(1), y=1.0).dtype == np.float32
    assert f(x=np.complex64(1j), y=1.0).dtype == np.complex64
    assert f(x=np.zeros((0, 3)), y=1.0).shape == (0, 3)
    out = np.empty(4)
    assert f(x=np.arange(4), y=0.5, out=out) is out
    assert list(out) == [1, 2, 3, 4]


def test_what_doubles_cannot_hold_is_refused() -> None:
    for text in ("x*1e400", "x + 1e-400"):
        with pytest.raises(LimitError, match="range of doubles"):
            direct(formula(text))(1.0)
    with pytest.raises(TreeError, match="parameter a"):
        direct(node(Param("a")))()


# Evaluators as ufuncs


@pytest.mark.parametrize("kind", ["direct", "faithful", "balls"])
def test_an_evaluator_is_called_like_a_ufunc(kind: str) -> None:
    f, x = emlc.compile("x/(1 + y)", check=False).evaluator(kind), np.arange(4.0)
    assert (f.nin, f.nout, f.nargs, f.ntypes, f.types[1]) == (2, 1, 3, 4, "dd->d")
    assert np.array_equal(f(x, 2.0), f(x=x, y=2.0))
    some = f(x, 2.0, where=x > 1)
    assert np.array_equal(np.isnan(some), x <= 1) and np.array_equal(some[2:], f(x[2:], 2.0))
    kept = f(x, [[1.0], [2.0]], where=[[True], [False]], out=np.full((2, 4), 7.0))
    assert np.allclose(kept, [x / 2, [7.0] * 4], rtol=1e-14)
    with np.errstate(all="raise"):
        assert np.allclose(f(x, [-1.0, 0.0, 0.0, 0.0], where=x > 0)[1:], x[1:], rtol=1e-13)
    for wrong in (((1.0,), {}), ((1.0, 2.0, 3.0), {}), ((1.0, 2.0), {"x": 3.0}),
                  (({"x": 1.0, "y": 2.0},), {"x": 3.0})):  # fmt: skip
        with pytest.raises(ArgumentError):
            f(*wrong[0], **wrong[1])


@pytest.mark.parametrize("count", [2, 3, 17])
def test_a_reduction_takes_one_point_after_the_other(count: int) -> None:
    """numpy hands the output of one point to the next; vectors of points must not."""
    made, plain = emlc.evaluator("x/(1 + y)").ufunc, np.frompyfunc(lambda a, b: a / (1 + b), 2, 1)
    values = np.random.default_rng(count).uniform(0.5, 1.5, (count, count))
    for axis in (0, 1):
        for way in ("reduce", "accumulate"):
            want = getattr(plain, way)(values.astype(object), axis=axis).astype(float)
            assert np.allclose(getattr(made, way)(values, axis=axis), want, rtol=1e-13)


def test_a_domain_names_variables_of_the_formula() -> None:
    with pytest.raises(ArgumentError, match="no variable y"):
        emlc.evaluator("x^2", {"y": "real"})


INTERRUPTED = """
import os, signal, threading
import numpy as np
from emlc.lower.direct import direct
from emlc.parse import parse

x = np.linspace(2e9, 3e9, 400_000)  # every point is done again in Python
formula = parse("tan(x) + exp(x/1e12)").root
want = direct(formula, tier="tile")(x=x)
seen = 0
for delay in (0.0, 0.002, 0.005, 0.01, 0.02):
    f = direct(formula, tier="compiled")
    alarm = threading.Timer(delay, os.kill, (os.getpid(), signal.SIGINT))
    got = np.full(x.size, np.nan)
    try:
        alarm.start()
        f(x=x, out=got)
        threading.Event().wait(5)
    except KeyboardInterrupt:
        seen += 1
    assert np.array_equal(f(x=x), want)
    assert np.isnan(got).all() or np.array_equal(got, want)
print(seen)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals are those of POSIX")
def test_an_interrupt_in_the_midst_is_neither_lost_nor_mistaken_for_values() -> None:
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED], capture_output=True, text=True, timeout=120
    )
    assert (done.stdout, done.returncode) == ("5\n", 0), done.stderr
