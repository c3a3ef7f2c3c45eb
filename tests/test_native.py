"""Formulas as machine code: accuracy, range, numpy's conventions, and the two tiers."""

from __future__ import annotations

import gc
import math
import subprocess
import sys
import weakref
from collections.abc import Callable
from typing import Any

import mpmath as mp
import numpy as np
import pytest

from emlc.errors import ArgumentError
from emlc.ir.node import Node, Var, node
from emlc.lower.careful import Careful
from emlc.lower.direct import direct, native
from emlc.lower.native import engine, loop, ufunc
from emlc.lower.native.plan import KERNEL_OF, plan
from emlc.lower.native.ssa import Target
from emlc.lower.steady import steady
from emlc.parse import parse
from emlc.show import show
from emlc.tables.primitives import BY_NAME, Primitive

HERE = engine.target()
PLAIN = Target(width=8, register=4, avx512=False)
TARGETS = pytest.mark.parametrize("target", [HERE, PLAIN], ids=["here", "plain"])


def formula(text: str) -> Node:
    return parse(text).root


def call(row: Primitive) -> Node:
    return node(row, *(node(Var(p)) for p in row.params))


def bare(root: Node, names: tuple[str, ...], target: Target) -> Any:
    """The compiled loop of a formula for a target, without anything done again by numpy."""
    loop = ufunc.Loop("f8", len(names), 1)
    made = engine.load(plan([root], names).text(target))
    loop.run(made.address("body"), 0, made)
    loop.careful(lambda columns, count, marks: 0)
    return ufunc.ufunc([loop], len(names), 1, "bare")


# -- kernels -----------------------------------------------------------------------------------


def sizes(low: float, high: float, n: int = 60) -> np.ndarray:
    return 10 ** np.random.default_rng(1).uniform(low, high, n)


def signed(low: float, high: float) -> np.ndarray:
    return sizes(low, high) * np.resize([1.0, -1.0], 60)


def evenly(low: float, high: float) -> np.ndarray:
    return np.random.default_rng(2).uniform(low, high, 60)


WIDE = np.concatenate([signed(-300, 300), evenly(-4, 4)])
ABOVE = np.concatenate([sizes(-323, 308), 1 + signed(-15, -0.4)])
UNIT = np.concatenate([evenly(-1, 1), signed(-300, 0), 1 - sizes(-15, 0)])
TURNS = np.concatenate([evenly(-50, 50), signed(-300, 8), np.arange(1, 400) * (math.pi / 2)])
POWER = np.concatenate([sizes(-300, 300), 1 + signed(-8, -0.4)])


def mp_root(x: Any, n: Any) -> Any:
    return mp.power(x, 1 / n)


KERNELS: list[tuple[str, Callable[..., Any], tuple[np.ndarray, ...], float]] = [
    ("exp", mp.exp, (np.concatenate([evenly(-745, 709.7), signed(-300, 2.8)]),), 1),
    ("ln", mp.log, (ABOVE,), 1),
    ("exp2", lambda x: mp.mpf(2) ** x, (evenly(-1074, 1023),), 1),
    ("expm1", mp.expm1, (np.concatenate([evenly(-40, 709), signed(-300, 2)]),), 2),
    ("log1p", mp.log1p, (np.concatenate([sizes(-300, 300), -sizes(-300, 0)]),), 1),
    ("log2", lambda x: mp.log(x, 2), (ABOVE,), 2),
    ("log10", mp.log10, (ABOVE,), 2),
    ("sin", mp.sin, (TURNS,), 2),
    ("cos", mp.cos, (TURNS,), 2),
    ("tan", mp.tan, (TURNS,), 2),
    ("asin", mp.asin, (UNIT,), 2),
    ("acos", mp.acos, (UNIT,), 2),
    ("atan", mp.atan, (WIDE,), 2),
    ("atan2", mp.atan2, (WIDE, WIDE[::-1].copy()), 2),
    ("sinh", mp.sinh, (np.concatenate([evenly(-710, 710), signed(-300, 1)]),), 2),
    ("cosh", mp.cosh, (np.concatenate([evenly(-710, 710), signed(-300, 1)]),), 2),
    ("tanh", mp.tanh, (WIDE,), 2),
    ("asinh", mp.asinh, (WIDE,), 2),
    ("acosh", mp.acosh, (1 + sizes(-15, 300),), 2),
    ("atanh", mp.atanh, (UNIT,), 2),
    ("sqrt", mp.sqrt, (ABOVE,), 0.5),
    ("cbrt", mp.cbrt, (ABOVE,), 1),
    ("hypot", mp.hypot, (WIDE, WIDE[::-1].copy()), 2),
    ("pow", mp.power, (POWER, evenly(-744, 709).repeat(2) / np.log(POWER)), 2),
    ("root", mp_root, (POWER, np.log(POWER) / evenly(-744, 709).repeat(2)), 2),
    ("sigmoid", lambda x: 1 / (1 + mp.exp(-x)), (evenly(-740, 40),), 2),
    ("softplus", lambda x: mp.log1p(mp.exp(x)), (evenly(-740, 40),), 2),
]


@TARGETS
@pytest.mark.parametrize(("name", "want", "args", "bound"), KERNELS, ids=[k[0] for k in KERNELS])
def test_kernels_are_accurate(
    name: str, want: Callable[..., Any], args: tuple[np.ndarray, ...], bound: float, target: Target
) -> None:
    row = BY_NAME[name]
    with np.errstate(all="ignore"):
        got = bare(call(row), row.params, target)(*args)
    compared = 0
    with mp.workprec(200):
        for point, value in zip(zip(*args, strict=True), got, strict=True):
            exact = want(*(mp.mpf(float(p)) for p in point))
            if not 0 < abs(exact) < 1.7e308:
                continue
            error = abs(mp.mpf(float(value)) - exact) / math.ulp(float(exact))
            assert error <= bound + 0.01, (point, value, float(error))
            compared += 1
    assert compared >= 50


SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, -2.0, 3.0, 5e-324, -2e-308, 1e300, -1.7e308]
SPECIAL += [math.inf, -math.inf, math.nan, 709.5, -745.0, 750.0]
# Rows that have lanes done again where numpy's value is in question: huge angles, pairs of
# infinities, and 1/n beyond doubles.
AGAIN = ("sin", "cos", "tan", "atan2", "hypot", "pow", "root")


@TARGETS
def test_special_values_are_numpys(target: Target) -> None:
    compared = 0
    for row in KERNEL_OF:
        if row.name in AGAIN or not row.params or BY_NAME.get(row.name) is not row:
            continue
        grids = np.meshgrid(*[SPECIAL] * len(row.params))
        args = [g.ravel() for g in grids]
        with np.errstate(all="ignore"):
            got = bare(call(row), row.params, target)(*args)
            (want,), _ = Careful([call(row)], row.params, plane=False).interpret(args, np.float64)
        good = np.isclose(got, want, rtol=4e-16, atol=1e-323, equal_nan=True)
        assert np.all(good), (row.name, [a[~good] for a in args])
        compared += got.size
    assert compared > 1000


@pytest.mark.parametrize("name", AGAIN)
def test_special_values_done_again(name: str) -> None:
    row = BY_NAME[name]
    args = [g.ravel() for g in np.meshgrid(*[[*SPECIAL, 1e16, 1e22]] * len(row.params))]
    with np.errstate(all="ignore"):
        got = direct(call(row), variables=row.params).ufunc(*args)
        (want,), _ = Careful([call(row)], row.params, plane=False).interpret(args, np.float64)
    good = np.isclose(got, want, rtol=4e-16, atol=1e-323, equal_nan=True)
    assert np.all(good), [a[~good] for a in args]


# -- formulas ----------------------------------------------------------------------------------

STEADY = [
    ("ln(1 + x)", "log1p(x)"),
    ("x^3/(exp(x) - 1)", "cube(x)/expm1(x)"),
    ("ln(1 + exp(x))", "softplus(x)"),
    ("sqrt(x^2 + y^2)", "hypot(x, y)"),
    ("1/(1 + exp(-x))", "sigmoid(x)"),
    ("(exp(x) - exp(-x))/2", "sinh(x)"),
    ("1 - cos(x)", "2*sqr(sin(x/2))"),
    ("x^-12 - x^-6", "sqr(inv(sqr(cube(x)))) - inv(sqr(cube(x)))"),
    ("(x + y)*(x - y)", "(x + y)*(x - y)"),
]


@pytest.mark.parametrize(("text", "want"), STEADY)
def test_steady(text: str, want: str) -> None:
    assert show(steady(formula(text))) == want


# What plain doubles get wrong: digits that cancel, and parts that leave the range of doubles.
VALUES = [
    ("ln(1 + x)", {"x": 1e-20}, 1e-20),
    ("1 - exp(-x)", {"x": 1e-300}, 1e-300),
    ("x^3/(exp(x) - 1)", {"x": 1e-100}, 1e-200),
    ("1 - cos(x)", {"x": 1e-10}, 5e-21),
    ("sqrt(1 + x) - 1", {"x": 1e-30}, 5e-31),
    ("(sqrt(b^2 + c) - b)/2", {"b": 1e8, "c": 1.0}, 2.5e-9),
    ("-b - sqrt(b^2 - 4*c)", {"b": -1e8, "c": 1.0}, 2e-8),
    ("ln(1 + exp(x))", {"x": 1000.0}, 1000.0),
    ("1/(1 + exp(-x))", {"x": -740.0}, math.exp(-740)),
    ("sqrt(x^2 + y^2)", {"x": 1e-300, "y": 1e-300}, math.sqrt(2) * 1e-300),
    ("(exp(x) - exp(-x))/(exp(x) + exp(-x))", {"x": 1e5}, 1.0),
    ("x/(x*x)", {"x": 1e-200}, 1e200),
    ("x*y/z", {"x": 1e-200, "y": 1e-200, "z": 1e-300}, 1e-100),
    ("x*y*z", {"x": 1e200, "y": 1e200, "z": 1e-300}, 1e100),
    ("(x*x + y*y)/z", {"x": 1e-170, "y": 1e-170, "z": 1e-300}, 2e-40),
    ("exp(x)*exp(y)", {"x": 800.0, "y": -790.0}, math.exp(10)),
    ("1/(x*x - y*y)", {"x": 3e-160, "y": 1e-160}, 1.25e319),
    ("x^-12 - x^-6", {"x": 1e60}, -0.0),
    ("sin(x)", {"x": 1e22}, -0.8522008497671888),
    ("(x/y)^2*y", {"x": 1e-200, "y": 1e200}, 0.0),
    ("asec(x)", {"x": 1 + 2**-27}, 0.00012207031212104387),
    ("acos(1/x)", {"x": -1 - 2**-27}, 3.1414705832776724),
    ("acsc(x)", {"x": 1 + 2**-27}, 1.5706742564827756),
    ("asech(x)", {"x": 1 - 2**-27}, 0.00012207031287895612),
    ("acoth(x)", {"x": 1 + 2**-27}, 9.704060529701879),
    ("acoth(x)", {"x": -1.0}, -math.inf),
    ("x^(1/10)", {"x": 1e-104}, 3.981071705534973e-11),
    ("x^(1/3)", {"x": 1e288}, 1e96),
]


@pytest.mark.parametrize("tier", ["tile", "compiled"])
@pytest.mark.parametrize(("text", "point", "want"), VALUES)
def test_values(text: str, point: dict[str, float], want: float, tier: str) -> None:
    f = direct(formula(text), tier=tier)
    with np.errstate(all="ignore"):
        got = f({name: np.full(3, x) for name, x in point.items()})
    assert got == pytest.approx([want] * 3, rel=1e-15, abs=0)


LONG = " + ".join(f"sin({k}*x)*exp(-x/{k})/ln({k} + 2 + x*x)" for k in range(1, 13))


def test_long_formulas_run_in_several_loops() -> None:
    x = np.linspace(-3, 3, 1003)
    want = sum(np.sin(k * x) * np.exp(-x / k) / np.log(k + 2 + x * x) for k in range(1, 13))
    for tier in ("tile", "compiled"):
        assert np.allclose(direct(formula(LONG), tier=tier)(x), want, rtol=1e-13, atol=1e-13)


# -- quick code ----------------------------------------------------------------------------------

ORDINARY = [
    "exp(x)*y", "ln(x) - 2^y", "(exp(x) - 1)*y", "x^3/(exp(y) - 1)", "x/(1 + y)", "1/x^6 - y",
    "sqrt(x^2 + y^2)", "sqrt(x)/y", "(-y + sqrt(y^2 - 4*x))/(2*x)", "ln(1 + exp(x)) + y",
    "exp(-x)*cos(2*y)", "sin(x)/y", "exp(-exp(x)) + 1/exp(y)", "x^y", "1/(1 + 1/(x*y))",
]  # fmt: skip


@pytest.mark.skipif(engine.quick() is None, reason="no quick code for this processor")
@pytest.mark.parametrize("text", ORDINARY)
def test_quick_code_gives_the_same_bits(text: str) -> None:
    x, y = np.random.default_rng(3).uniform(0.1, 1.5, (2, 4999))
    y = y + 3.0
    f, slow = (direct(formula(text), tier=tier) for tier in ("compiled", "tile"))
    with np.errstate(all="raise"):
        assert np.array_equal(f(x=x, y=y), slow(x=x, y=y))
    assert f._machine.loops[1].block[loop.QUICK]


@pytest.mark.parametrize("text", ORDINARY)
def test_quick_code_knows_its_limits(text: str) -> None:
    rng = np.random.default_rng(4)
    root = formula(text)
    slow = direct(root, tier="tile")
    odd = [*SPECIAL, 1e-310, 1e40, -1e-70, 720.0, 1e10]
    wild = rng.integers(-(2**63), 2**63, (40, 2)).view(np.float64)
    for a, b in [(v, 3.5) for v in odd] + [(0.5, v) for v in odd] + wild.tolist():
        x, y = rng.uniform(0.5, 1.0, 40), rng.uniform(3.0, 4.0, 40)
        k = int(rng.integers(40))
        x[k], y[k] = a, b
        with np.errstate(all="ignore"):
            got, want = direct(root, tier="compiled")(x=x, y=y), slow(x=x, y=y)
        good = np.allclose(got, want, rtol=5e-16, atol=0, equal_nan=True)
        assert good, (a, b, got[k], want[k])


@pytest.mark.parametrize("shift", [0, 3, 5])
def test_very_many_points(shift: int) -> None:
    size = loop.HUGE // 2
    f = direct(formula("x/(1 + x^2)"), tier="compiled")
    x, room = np.linspace(-9, 9, size), np.full(size + 16, 7.0)
    out = room[shift : shift + size]
    assert f(x, out=out) is out
    assert np.array_equal(out[-99:], f(x[-99:]))
    assert np.allclose(out, x / (1 + x * x), rtol=1e-15)
    assert set(room[:shift]) | set(room[shift + size :]) == {7.0}


# -- numpy's conventions ------------------------------------------------------------------------


@pytest.mark.parametrize("tier", ["tile", "compiled"])
@pytest.mark.parametrize("size", [1, 7, 8, 9, 255, 256, 257, 4095, 4097, 9001])
def test_sizes_and_strides(size: int, tier: str) -> None:
    f = direct(formula("x/(1 + y*y)"), tier=tier)
    x, y = np.random.default_rng(size).normal(size=(2, 3 * size))
    for step in (1, 2, -3):
        a, b = x[::step][:size], y[::step][:size]
        assert np.array_equal(f(x=a, y=b), a / (1 + b * b))
        assert np.array_equal(f(x=a, y=2.0), a / 5)
    single = f(x=x.astype(np.float32), y=y.astype(np.float32))
    assert single.dtype == np.float32
    assert np.allclose(single, x / (1 + y * y), rtol=1e-5)


def test_ufunc() -> None:
    f = direct(formula("x + 2*y")).ufunc
    assert isinstance(f, np.ufunc)
    assert (f.nin, f.nout, f.types) == (2, 1, ["ff->f", "dd->d"])
    x = np.arange(12.0).reshape(3, 4)
    assert np.array_equal(f(x.T, x[0, :3]), x.T + 2 * x[0, :3])
    out = np.full((3, 4), -1.0)
    assert f(x, 1.0, out=out, where=x > 5) is out
    assert np.array_equal(out, np.where(x > 5, x + 2, -1))
    assert f.outer([1.0, 2.0], [3.0]).shape == (2, 1)


def test_in_place() -> None:
    f = direct(formula("exp(x) - x"))
    x = np.linspace(-800, 800, 5001)
    with np.errstate(over="ignore"):
        want = f(x.copy())
        f(x, out=x)
    assert np.array_equal(x, want)


def test_where_without_out() -> None:
    got = direct(formula("ln(x)"))([-1.0, math.e], where=np.array([False, True]))
    assert got[1] == 1.0


def test_ufuncs_outlive_their_evaluators() -> None:
    made = [direct(formula(f"x + {k}")).ufunc for k in range(20)]
    gc.collect()
    assert [f(0.0) for f in made] == list(range(20))


def test_evaluators_are_freed() -> None:
    f = direct(formula("x*exp(x)"))
    assert f(1.0) == math.e
    held = weakref.ref(f._machine)
    del f
    gc.collect()
    assert held() is None


def test_warnings_stay_away_from_good_lanes() -> None:
    f = direct(formula("x/(x*x)"))
    with np.errstate(all="raise"):
        got = f(np.array([1e200, math.nan, 2.0, -1e-200]))
        assert np.array_equal(got, [1e-200, math.nan, 0.5, -1e200], equal_nan=True)
        with pytest.raises(FloatingPointError, match="invalid"):
            f(np.zeros(9))


# -- several formulas, tiers -------------------------------------------------------------------


def test_several_formulas() -> None:
    texts = ["exp(x)*y", "exp(x)*y - 1", "x", "2"]
    x, y = np.random.default_rng(0).normal(size=(2, 700))
    for tier in ("tile", "compiled"):
        f = native([formula(t) for t in texts], ("x", "y"), tier=tier)
        a, b, c, d = f(x=x, y=y)
        assert np.array_equal(a, direct(formula(texts[0]))(x=x, y=y))
        assert np.array_equal(b, a - 1)
        assert np.array_equal(c, x)
        assert np.array_equal(d, np.full(700, 2.0))
    outs = tuple(np.empty(700) for _ in texts)
    assert f(x=x, y=y, out=outs)[1] is outs[1]
    assert np.array_equal(outs[1], b)
    assert [type(v) for v in f(x=1.0, y=2.0)] == [np.float64] * 4


def test_tiers_give_the_same_numbers() -> None:
    texts = [LONG, "x^2.5", "tanh(x)*atan(x)/hypot(x, 2)", "sqrt(abs(x)) + cosh(x/100)"]
    x = np.concatenate([np.linspace(0, 9, 999), [0.0, math.inf, math.nan, 1e300]])
    for text in texts:
        with np.errstate(all="ignore"):
            one, two = (direct(formula(text), tier=t)(x) for t in ("tile", "compiled"))
        assert np.allclose(one, two, rtol=5e-16, atol=1e-15, equal_nan=True), text
    with pytest.raises(ArgumentError, match="no tier 'fast'"):
        direct(formula("x"), tier="fast")


def test_compiled_code_takes_over() -> None:
    f = direct(formula("x*1.2345 + 3/(2 + x)"))
    x = np.linspace(0, 1, 50_001)
    assert len({f(x).tobytes() for _ in range(8)}) == 1


def test_more_variables_than_a_ufunc_takes() -> None:
    f = direct(formula("+".join(f"x{k}*x{k + 1}" for k in range(80))))
    assert f.ufunc is None
    values = {f"x{k}": np.arange(5.0) + k for k in range(81)}
    assert np.array_equal(f(values), sum(values[f"x{k}"] * values[f"x{k + 1}"] for k in range(80)))


def test_threads_give_the_same() -> None:
    root = formula("exp(-x)*ln(y)")
    rng = np.random.default_rng(5)
    x, y = rng.normal(size=(700, 1)), rng.uniform(0.5, 2, size=(700, 600))
    one, two = direct(root), direct(root, threads=3)
    assert np.array_equal(one(x=x, y=y), two(x=x, y=y))
    assert np.array_equal(one(x=x[:5], y=2.0), two(x=x[:5], y=2.0))
    out = np.empty_like(y)
    assert two(x=x, y=y, out=out) is out
    y[-1, -1] = -1.0
    with np.errstate(invalid="raise"), pytest.raises(FloatingPointError):
        two(x=x, y=y)


FAR = """
import ctypes
import numpy as np
from emlc.lower.direct import direct
from emlc.parse import parse

libc = ctypes.CDLL(None)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p] + [ctypes.c_size_t] + [ctypes.c_int] * 3 + [ctypes.c_long]
libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]

def reserve(size):
    return libc.mmap(None, size, 0, 0x4022, -1, 0)  # PROT_NONE, PRIVATE | ANONYMOUS | NORESERVE

direct(parse("x + 1").root)(x=1.0)  # libraries are loaded
wall = reserve(8 << 30)
for shift in range(33, 11, -1):  # no room is left above the wall
    while (at := reserve(1 << shift)) > wall:
        pass
    libc.munmap(at, 1 << shift)
for hole in range(1, 4):  # but for a page: data fits there and code does not
    libc.munmap(wall + (7 << 30) + (hole << 20), 4096)
print(direct(parse("sin(x) * 17 / 3").root)(x=np.full(9, 0.5))[8])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the numbers of flags are those of Linux")
def test_parts_of_machine_code_may_lie_far_apart() -> None:
    done = subprocess.run([sys.executable, "-c", FAR], capture_output=True, text=True, timeout=120)
    assert done.stderr == ""
    assert float(done.stdout) == pytest.approx(math.sin(0.5) * 17 / 3)
