from __future__ import annotations

import cmath
import importlib.util
import json
import math
import shutil
import subprocess
import warnings
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import mpmath
import numpy as np
import pytest

from emlc.check.reference import Reference
from emlc.errors import ArgumentError, EmlcError, LimitError, TreeError
from emlc.ir.node import Node, lit, node, var, variables
from emlc.ir.tape import flatten
from emlc.lower import balls
from emlc.lower.direct import direct
from emlc.lower.export import LANGUAGES, export
from emlc.lower.export.dialects import DIALECTS
from emlc.parse import parse, parse_tree
from emlc.passes.differentiate import gradient
from emlc.tables.plane import CALLS
from emlc.tables.primitives import BY_NAME, EML, ROWS, Primitive
from tests.conformance.agreement import load

CC = shutil.which("cc")
LN = "11xE1EE"
TREES = [
    LN,
    "11xE1EE1E",
    "x11xyEE1EExE1EE1E",
    "1xx1y1EEE1EEx1EE1EE",
    "y11y11xE1EEEE1EEyE1EE1E1E",
    "11111E1EEEEx1EE",
    "1111111111111EEE1EE11EE1EEEE1EE11E1EE1EEE1EE1111111EEE1EE11E1EEE1EEE1EE1E1E",
    "111x111111x1EEE1EE11E1EE1E1EEE1EE11E1EE1EEEE1EE1x111x1EEE1EE11E1EE1E1EEE1EE1E",
]
FORMULAS = [
    "exp(-(x-m)^2/(2*s^2))/(s*sqrt(2*pi))",
    "x^3/(exp(x)-1)",
    "4*u*((s/r)^12-(s/r)^6)",
    "hypot(x, y) + atan2(y, x) + abs(x)",
    "x^0.5 + cbrt(x) + root(x, 5) - log(x, 3)",
    "e^x + phi*2^-x",
    "(exp(i*x)+exp(-i*x))/2",
    "0.1 - (-3)*x",
]
REALS = [-2.5, -1.0, -0.0, 0.0, 0.5, 1.0, 2.0, 800.0]
PLANE = [-1 + 0j, complex(-1, -0.0), -2 + 1e-12j, -2 - 1e-12j, 2 + 0j, 1j, -2j, 0.5 - 3j]
ENDS = [-2.5, -1.0, -0.5, 0.0, 1e-9, 0.5, 1.0, 2.0, 3.0]
PYTHONS = [
    "python",
    "numpy",
    "mpmath",
    *(name for name in ("jax", "torch") if importlib.util.find_spec(name)),
]
SLOW = ("jax", "torch")  # one operation at a time
Points = list[list[Any]]


def points(root: Node, pool: list[Any]) -> Points:
    count = len(variables(root))
    return [[pool[(i + 3 * k) % len(pool)] for k in range(count)] for i in range(len(pool))]


def argument(a: Any, to: str) -> Any:
    """A number as the language takes it, in doubles."""
    if to == "jax":
        import jax

        jax.config.update("jax_enable_x64", True)
        return jax.numpy.asarray(a)
    if to == "torch":
        import torch

        return torch.tensor(a, dtype=torch.complex128 if type(a) is complex else torch.float64)
    return np.asarray(a)[()] if to == "numpy" else a


def called(f: Callable[..., Any], args: list[Any], to: str) -> Any:
    """What a generated function returns; plain Python and mpmath raise where C gives inf or nan."""
    try:
        digits = 400 if 800.0 in args else 15
        with np.errstate(all="ignore"), warnings.catch_warnings(), mpmath.workdps(digits):
            warnings.simplefilter("ignore")
            return f(*(argument(a, to) for a in args))
    except (ValueError, ZeroDivisionError, OverflowError):
        return None


def number(found: Any) -> complex:
    try:
        return complex(math.nan if found is None else found)
    except OverflowError:
        return complex(math.inf)


def run_c(roots: list[Node], real: bool, folder: Path, pool: list[Any], slopes: bool) -> Any:
    """Value, then slopes, of every formula at every point: a file each and a main program."""
    kind = "double" if real else "complex double"
    main = ["#include <complex.h>", "#include <stdio.h>", "#include <math.h>"]
    body = []
    for k, root in enumerate(roots):
        code = export(root, "c", name=f"f_{k}", real=real, with_gradient=slopes)
        (folder / f"f{k}.c").write_text(code)
        taken = [kind] * len(variables(root))
        main.append(f"{kind} f_{k}({', '.join(taken) or 'void'});")
        if slopes:
            main.append(f"{kind} f_{k}_gradient({', '.join([*taken, kind + '*'])});")
        for args in points(root, pool):
            parts = [f"{complex(a).real!r} + I * {complex(a).imag!r}" for a in args]
            texts = [repr(float(a.real)) for a in args] if real else parts
            body.append(f"    z[0] = f_{k}({', '.join(texts)});")
            if slopes:
                taken_too = ", ".join([*texts, "g"])
                body += [
                    f"    w = f_{k}_gradient({taken_too});",
                    "    different += !SAME(z[0], w);",
                ]
                body += [f"    z[{j + 1}] = g[{j}];" for j in range(len(args))]
            count = 1 + len(args) * slopes
            body += [f"    show(z[{j}], {int(j == count - 1)});" for j in range(count)]
    main += [
        "#define SAME(a, b) (a == b || a != a)",
        "static void show(complex double z, int last) {",
        '    printf("%.17g %.17g%c", creal(z), cimag(z), last ? 10 : 32);', "}",
        "int main(void) {", f"    complex double z[9]; {kind} w, g[9];", "    int different = 0;",
        "    w = g[0] = 0; (void)w; (void)g;", *body, "    return different;", "}",
    ]  # fmt: skip
    (folder / "main.c").write_text("\n".join(main) + "\n")
    sources = [f"f{k}.c" for k in range(len(roots))]
    flags = ["-O2", "-Wall", "-Werror", "-std=c99"]
    for names in (sources, ["main.c"]):
        subprocess.run([str(CC), *flags, "-c", *names], cwd=folder, check=True)
    objects = [f"{name[:-2]}.o" for name in [*sources, "main.c"]]
    subprocess.run([str(CC), *objects, "-o", "main", "-lm"], cwd=folder, check=True)
    done = subprocess.run([str(folder / "main")], capture_output=True, text=True, check=True)
    lines = [[float(w) for w in line.split()] for line in done.stdout.splitlines()]
    values = [[complex(*line[k : k + 2]) for k in range(0, len(line), 2)] for line in lines]
    count = [len(points(root, pool)) for root in roots]
    return [values[sum(count[:k]) : sum(count[: k + 1])] for k in range(len(roots))]


def same(got: complex, want: complex, slack: float = 1e-9) -> bool:
    if cmath.isnan(want):
        return cmath.isnan(got)
    away = max(abs(got.real - want.real), abs(got.imag - want.imag))
    return got == want or away <= slack * max(1.0, abs(want.real), abs(want.imag))


# -- formulas ------------------------------------------------------------------------------------


class Wanted:
    """Value and slopes of a formula by mpmath, None where there is none."""

    def __init__(self, root: Node) -> None:
        self.names = variables(root)
        self.parts = [Reference(root), *map(Reference, gradient(root, self.names))]

    def at(self, args: list[Any]) -> list[complex | None]:
        exact = [(Fraction(complex(a).real), Fraction(complex(a).imag)) for a in args]
        point = dict(zip(self.names, exact, strict=True))
        found = [part.at(point, 30) for part in self.parts]
        return [None if v is None else complex(mpmath.chop(v, 1e-20)) for v in found]


def outcome(found: Any, count: int) -> list[complex]:
    """Value and slopes of what a function of both returned."""
    if found is None:
        return [complex(math.nan)] * (1 + count)
    value, slopes = found
    return [complex(value), *(complex(slope) for slope in slopes)]


def agree(got: list[complex], want: list[complex | None], real: bool, about: Any) -> int:
    """How many values agree; where a real value was asked for, a complex one must be nan."""
    if real and want[0] is not None and want[0].imag:
        assert cmath.isnan(got[0]), (about, got, want)
        return 0
    seen = 0
    for one, other in zip(got, want, strict=True):
        if other is not None and abs(other) < 1e300:
            target = complex(math.nan) if real and other.imag else other
            assert same(one, target), (about, got, want)
            seen += 1
    return seen


ROW_POOL = {True: ENDS, False: PLANE}


@pytest.mark.skipif(CC is None, reason="no C compiler")
@pytest.mark.parametrize("real", [True, False], ids=["real", "complex"])
def test_every_row_agrees_with_its_meaning(real: bool, tmp_path: Path) -> None:
    rows = [row for row in ROWS[1:] if row.params and (real or not row.real_only)]
    roots = [node(row, *map(var, row.params)) for row in rows]
    found_c = run_c(roots, real, tmp_path, ROW_POOL[real], slopes=True)
    total = dict.fromkeys(("c", *PYTHONS), 0)
    for k, (row, root) in enumerate(zip(rows, roots, strict=True)):
        wanted = Wanted(root)
        texts = {to: export(root, to, real=real, with_gradient=True) for to in PYTHONS}
        made = {to: load(text, tmp_path / f"{to}{k}.py") for to, text in texts.items()}
        seen = dict.fromkeys(("c", *PYTHONS), 0)
        for i, args in enumerate(points(root, ROW_POOL[real])):
            want = wanted.at(args)
            smooth = None not in want
            seen["c"] += agree(found_c[k][i], want, real, (row.name, "c", args))
            for to, module in made.items():
                if to in SLOW and i % 3:
                    continue
                about = row.name, to, args
                value = number(called(module.f, args, to))
                seen[to] += agree([value], want[:1], real and to != "mpmath", about)
                if smooth:
                    both = outcome(called(module.f_gradient, args, to), len(args))
                    if to == "python" and any(w is not None and w.imag for w in want):
                        continue
                    seen[to] += agree(both, want, real and to != "mpmath", about)
        assert min(n for to, n in seen.items() if to not in SLOW) >= 5, (row.name, seen)
        total = {to: n + seen[to] for to, n in total.items()}
    assert min(total.values()) >= 100, total


# Sizes beside which the helpers go another way, in directions that meet cuts from both sides, and
# where 1 + exp(z) is small.
SIZES = (3e-300, 1e-151, 1e-149, 1e-12, 1e-3, 0.49, 0.51, 0.99, 1.01, 1.49, 1.51, 1.99, 2.01, 7.0)
BRANCHES = [r * cmath.exp(1j * t) for r in SIZES for t in (0.3, 1.5, 1.7, 2.9, -0.1, -1.4, -2.5)]
BRANCHES += [complex(x, y) for x in (-1.01, -0.99, -1e-9, 1e-9, 0.5) for y in (3.14159, -3.1415926)]
FAR = [complex(x, y) for x in (-99.0, -101.0, 99.0, 101.0, 600.0, -600.0) for y in (0.4, -2.5)]
LARGE = [1e151 * z for z in BRANCHES[77:98]]
HELPED = dict.fromkeys((*CALLS, "expm1"), BRANCHES)
HELPED |= dict.fromkeys(("sech", "csch", "sigmoid"), BRANCHES + FAR)
HELPED |= dict.fromkeys(("hypot", "cbrt", "asec", "acoth"), BRANCHES + LARGE)


@pytest.mark.skipif(CC is None, reason="no C compiler")
def test_functions_of_the_plane_keep_their_digits(tmp_path: Path) -> None:
    """In C, Python and numpy, by branches."""
    rows = [BY_NAME[name] for name in HELPED]
    roots = [node(row, *map(var, row.params)) for row in rows]
    pool = [*BRANCHES, *FAR, *LARGE]
    found_c = run_c(roots, False, tmp_path, pool, slopes=False)
    for k, (row, root) in enumerate(zip(rows, roots, strict=True)):
        names, reference, seen = variables(root), Reference(root), 0
        made = [load(export(root, to, real=False), tmp_path / f"{to}{k}.py") for to in PYTHONS[:2]]
        for i, args in enumerate(points(root, pool)):
            exact = [(Fraction(z.real), Fraction(z.imag)) for z in args]
            tiny = not all(1e-100 < abs(z) < 1e100 for z in args)
            want = reference.at(dict(zip(names, exact, strict=True)), 340 if tiny else 40)
            if (
                want is None
                or not set(args) <= set(HELPED[row.name])
                or not 1e-290 < abs(want) < 1e290
            ):
                continue
            values = found_c[k][i][0], *(called(m.f, args, "python") for m in made)
            for to, got in zip(("c", *PYTHONS), values, strict=False):
                assert abs(got - complex(want)) <= 6e-15 * abs(want), (row.name, to, args, got)
            seen += 1
        assert seen >= 50, (row.name, seen)


@pytest.mark.skipif(CC is None, reason="no C compiler")
@pytest.mark.parametrize("real", [True, False], ids=["real", "complex"])
def test_formulas_agree_with_direct(real: bool, tmp_path: Path) -> None:
    roots = [parse(text).root for text in FORMULAS]
    if not real:
        roots = [r for r in roots if not any(h in flatten(r).heads for h in REAL_ONLY)]
        roots += [parse(t).root for t in ("asin(x) + acos(x)", "atanh(x)*asinh(x)", "ln(-x)")]
    pool = REALS if real else PLANE
    found_c = run_c(roots, real, tmp_path, pool, slopes=False)
    compared = 0
    for k, root in enumerate(roots):
        f = direct(root, real=real)
        made = {
            to: load(export(root, to, real=real), tmp_path / f"{to}{k}.py").f
            for to in ("python", "numpy")
        }
        for i, args in enumerate(points(root, pool)):
            with np.errstate(all="ignore"):
                want = complex(f(dict(zip(variables(root), args, strict=True))))
            if not cmath.isfinite(want):
                continue
            assert same(found_c[k][i][0], want), ("c", FORMULAS, k, args, found_c[k][i], want)
            for to, g in made.items():
                got = number(called(g, args, to))
                raised = to == "python" and cmath.isnan(got) and 800.0 in args
                assert raised or same(got, want), (to, k, args, want)
            compared += 1
    assert compared >= 35


STABLE = [
    ("ln(1+x)", "log1p(", 1e-18),
    ("exp(x)-1", "expm1(", 1e-18),
    ("1-exp(-x)", "expm1(", 1e-18),
    ("sqrt(x^2+1)", "hypot(", 1e200),
    ("sqrt(x^2)", "abs(", 1e200),
    ("ln(1+exp(x))", "log1p(", 800.0),
]


@pytest.mark.parametrize(("text", "word", "at"), STABLE)
def test_forms_that_keep_digits(text: str, word: str, at: float, tmp_path: Path) -> None:
    root = parse(text).root
    for to in ("c", "python", "numpy", "jax", "torch"):
        assert word in export(root, to)
    f = load(export(root, "python"), tmp_path / "f.py").f
    assert math.isclose(f(at), at, rel_tol=1e-15)


def test_gradients_broadcast(tmp_path: Path) -> None:
    f = load(export(parse("2*x + y").root, "numpy", with_gradient=True), tmp_path / "f.py")
    value, slopes = f.f_gradient(np.ones((4, 1)), np.arange(3.0))
    assert value.shape == (4, 3)
    assert slopes.shape == (4, 3, 2)
    assert (slopes == [2, 1]).all()


def test_mpmath_keeps_numbers_exact(tmp_path: Path) -> None:
    f = load(export(parse("x/10 + 1/3").root, "mpmath"), tmp_path / "f.py").f
    with mpmath.workdps(40):
        assert abs(f(1) - mpmath.mpf(13) / 30) < mpmath.mpf(10) ** -39


def test_jax_differentiates(tmp_path: Path) -> None:
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", True)
    f = load(export(parse(DIFFERENTIABLE).root, "jax", with_gradient=True), tmp_path / "f.py")
    found = jax.grad(f.f, argnums=(0, 1))(0.7, 1.3)
    assert np.allclose(found, f.f_gradient(0.7, 1.3)[1], rtol=1e-12)
    assert jax.jit(f.f)(0.7, 1.3) == pytest.approx(float(f.f(0.7, 1.3)))


def test_torch_differentiates(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    f = load(export(parse(DIFFERENTIABLE).root, "torch", with_gradient=True), tmp_path / "f.py")
    x = torch.tensor([0.7, 0.2], dtype=torch.float64, requires_grad=True)
    y = torch.tensor([1.3, 0.4], dtype=torch.float64, requires_grad=True)
    found = torch.autograd.grad(f.f(x, y).sum(), (x, y))
    value, slopes = f.f_gradient(x, y)
    assert torch.allclose(value, f.f(x, y))
    assert torch.allclose(torch.stack(found, dim=-1), slopes, rtol=1e-12)


DIFFERENTIABLE = "exp(-x^2/2)*sin(y)/sqrt(2*pi) + ln(1+x*y)"


REAL_ONLY = [row for row in ROWS if row.real_only]


# -- trees ---------------------------------------------------------------------------------------


@pytest.mark.skipif(CC is None, reason="no C compiler")
@pytest.mark.parametrize("real", [True, False], ids=["real", "complex"])
def test_trees_are_right_on_their_cuts(real: bool, tmp_path: Path) -> None:
    roots = [parse_tree(text) for text in TREES]
    pool = REALS if real else PLANE
    found_c = run_c(roots, real, tmp_path, pool, slopes=False)
    compared = 0
    for k, root in enumerate(roots):
        made = {to: load(export(root, to, real=real), tmp_path / f"{to}{k}.py").f for to in PYTHONS}
        for i, args in enumerate(points(root, pool)):
            ball = balls.evaluate(flatten(root), dict(zip(variables(root), args, strict=True)))
            want = complex(ball)
            if real and want.imag:
                want = complex(math.nan)
            values = {to: number(called(f, args, to)) for to, f in made.items()}
            for to, got in {"c": found_c[k][i][0], **values}.items():
                lost = cmath.isnan(got) and (
                    800.0 in args or math.hypot(want.real, want.imag) > 100
                )
                if want.real != want.real or math.isinf(want.real):
                    good = cmath.isnan(got) or got.real == want.real
                else:
                    good = lost or same(got, want)
                assert good, (to, TREES[k], args, got, want)
            compared += not cmath.isnan(found_c[k][i][0])
    assert compared >= 25


def test_numpy_trees_take_arrays(tmp_path: Path) -> None:
    f = load(export(parse_tree(LN), "numpy"), tmp_path / "f.py").f
    assert np.allclose(f(np.array([[1.0, 2.0], [3.0, 4.0]])), np.log([[1, 2], [3, 4]]))


TEXTS = [
    ("x*sin(x)", "wolfram", "f[x_] := x*Sin[x]"),
    ("x/y", "latex", r"f\left(x, y\right) = \frac{x}{y}"),
    ("eml(x, 1)", "rpn", "x1E"),
    ("eml(x, 1)", "wolfram", "EML[x_, y_] := Exp[x] - Log[y];\nf[x_] := EML[x,1]"),
]
GRADIENT_TEXTS = [
    ("x*sin(y)", "wolfram", "f[x_, y_] := x*Sin[y];\n"
     "fGradient[x_, y_] := {f[x, y], {Sin[y], x*Cos[y]}}"),
    ("x/y", "latex", "f\\left(x, y\\right) = \\frac{x}{y}\n"
     "\\nabla f\\left(x, y\\right) = \\left(\\frac{1}{y}, \\frac{-x}{y^{2}}\\right)"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "to", "want"), TEXTS)
def test_texts(text: str, to: str, want: str) -> None:
    assert export(parse(text).root, to) == want


@pytest.mark.parametrize(("text", "to", "want"), GRADIENT_TEXTS)
def test_texts_of_gradients(text: str, to: str, want: str) -> None:
    assert export(parse(text).root, to, with_gradient=True) == want


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_wolfram_reads_back(row: Primitive) -> None:
    root = node(row, *map(var, row.params))
    text = export(root, "wolfram", with_gradient=bool(row.params))
    value, *rest = text.removeprefix("EML[x_, y_] := Exp[x] - Log[y];\n").split(";\n")
    back = parse(value.split(" := ")[1], "wolfram").root
    for point in ({p: (Fraction(2 + k, 7), Fraction(0)) for k, p in enumerate(row.params)},):
        want = Reference(root).at(point, 30)
        assert want is None or abs(Reference(back).at(point, 30) - want) < 1e-25
    for text in rest:
        slopes = text.split(", {", 1)[1].removesuffix("}}")
        assert parse(f"List[{slopes}]"[5:-1].split(", ")[0], "wolfram").root


def test_the_command_raises_trees(emlc: Any) -> None:
    done = emlc("export", LN, "--to", "wolfram", "--gradient")
    assert done.out == "f[x_] := Log[x];\nfGradient[x_] := {f[x], {1/x}}\n"
    assert "ln(x); x positive" in done.err
    assert "EML[1," in emlc("export", LN, "--to", "wolfram", "--tree").out


def test_json_holds_the_tree() -> None:
    found = json.loads(export(flatten(parse_tree(LN)), "json", name="ln"))
    assert found == {
        "name": "ln",
        "variables": ["x"],
        "nodes": [["1"], ["x"], [0, 1], [2, 0], [0, 3]],
    }


def test_shared_parts_are_written_once() -> None:
    text = export(parse("sin(x*y)^2 + cos(x*y)^2 + sin(x*y)").root, "c")
    assert text.count("sin(") == 1
    assert text.count("x*y") == 1


NAMES = [
    ("c", "double", "double f(double x1) {", "x1 is double"),
    ("c", "exp", "double f(double x1) {", "x1 is exp"),
    ("c", "λ", "double f(double x1) {", r"x1 is \u03bb"),
    ("c", "v1", "double f(double x1) {", "x1 is v1"),
    ("c", "f", "double f(double x1) {", "x1 is f"),
    ("c", "a*/b\n", "double f(double x1) {", r"/* x1 is a* /b\n */"),
    ("python", "lambda", "def f(x1):", "x1 is lambda"),
    ("python", "λ", "def f(λ):", ""),
    ("numpy", "np", "def f(x1):", "x1 is np"),
]


@pytest.mark.parametrize(("to", "name", "signature", "comment"), NAMES)
def test_names_that_a_language_cannot_take(
    to: str, name: str, signature: str, comment: str
) -> None:
    text = export(node(BY_NAME["sin"], var(name)), to)
    assert signature in text
    assert comment in text


REFUSED: list[tuple[Callable[[], str], type[EmlcError], str]] = [
    (lambda: export(var("x"), "cobol"), ArgumentError, "no language 'cobol'"),
    (lambda: export(var("x"), "c", name="a b"), ArgumentError, "cannot name a function"),
    (lambda: export(var("x"), "c", name="return"), ArgumentError, "cannot name a function"),
    (lambda: export(parse("sin(x)").root, "rpn"), TreeError, "sin"),
    (lambda: export(parse("sin(x)").root, "json"), TreeError, "sin"),
    (lambda: export(parse("x*1e400").root, "c"), LimitError, "range of doubles"),
    (
        lambda: export(parse_tree(LN), "c", with_gradient=True),
        ArgumentError,
        "without its gradient",
    ),
    (lambda: export(parse_tree(LN), "rpn", with_gradient=True), ArgumentError, "no gradient"),
    (lambda: export(lit(2), "python", with_gradient=True), ArgumentError, "no gradient"),
]


@pytest.mark.parametrize(("call", "kind", "message"), REFUSED)
def test_refused(call: Callable[[], str], kind: type[EmlcError], message: str) -> None:
    with pytest.raises(kind, match=message):
        call()


@pytest.mark.parametrize("to", LANGUAGES[:6])
def test_deep_expressions(to: str) -> None:
    deep = var("x")
    for _ in range(10_000):
        deep = node(BY_NAME["add"], deep, lit(1))
    assert len(export(deep, to).splitlines()) >= 10_000


def test_every_language_writes_every_row() -> None:
    for row in ROWS:
        root = node(row, *(var(p) for p in row.params))
        for to in LANGUAGES[:8]:
            real = row.plane != "imaginary unit"
            slopes = bool(row.params) and (row is not EML or to not in DIALECTS)
            assert export(root, to, real=real, with_gradient=slopes)
