from __future__ import annotations

import cmath
import importlib.util
import json
import math
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emlc.errors import ArgumentError, EmlcError, LimitError, TreeError
from emlc.ir.node import Node, lit, node, var, variables
from emlc.ir.tape import flatten
from emlc.lower import balls
from emlc.lower.direct import direct
from emlc.lower.export import LANGUAGES, export
from emlc.parse import parse, parse_tree
from emlc.tables.primitives import BY_NAME, ROWS

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


def points(root: Node, pool: list[Any]) -> list[list[Any]]:
    names = variables(root)
    return [[pool[(i + 3 * k) % len(pool)] for k in range(len(names))] for i in range(len(pool))]


def load(text: str, path: Path) -> Callable[..., Any]:
    path.write_text(text, encoding="utf-8")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    made: Callable[..., Any] = module.f
    return made


def in_python(f: Callable[..., Any], args: list[Any]) -> complex:
    """Plain Python raises where C gives inf or nan."""
    try:
        return complex(f(*args))
    except (ValueError, ZeroDivisionError, OverflowError):
        return complex(math.nan)


def run_c(roots: list[Node], real: bool, folder: Path) -> list[list[complex]]:
    """Compile one file a function and a main program that prints every value."""
    number = "double" if real else "complex double"
    main = ["#include <complex.h>", "#include <stdio.h>", "#include <math.h>"]
    body = []
    pool = REALS if real else PLANE
    for k, root in enumerate(roots):
        (folder / f"f{k}.c").write_text(export(root, "c", name=f"f_{k}", real=real))
        taken = ", ".join([number] * len(variables(root))) or "void"
        main.append(f"{number} f_{k}({taken});")
        for args in points(root, pool):
            parts = [f"{complex(a).real!r} + I * {complex(a).imag!r}" for a in args]
            texts = [repr(float(a.real)) for a in args] if real else parts
            body.append(f"    z = f_{k}({', '.join(texts)});")
            body.append('    printf("%.17g %.17g\\n", creal(z), cimag(z));')
    main += ["int main(void) {", "    complex double z;", *body, "    return 0;", "}"]
    (folder / "main.c").write_text("\n".join(main) + "\n")
    sources = [f"f{k}.c" for k in range(len(roots))] + ["main.c"]
    flags = ["-O2", "-Wall", "-Werror", "-std=c99"]
    subprocess.run([str(CC), *flags, *sources, "-o", "main", "-lm"], cwd=folder, check=True)
    done = subprocess.run([str(folder / "main")], capture_output=True, text=True, check=True)
    values = [complex(*map(float, line.split())) for line in done.stdout.splitlines()]
    count = [len(points(root, pool)) for root in roots]
    return [values[sum(count[:k]) : sum(count[: k + 1])] for k in range(len(roots))]


def same(got: complex, want: complex, slack: float = 1e-9) -> bool:
    if cmath.isnan(want):
        return cmath.isnan(got)
    away = max(abs(got.real - want.real), abs(got.imag - want.imag))
    return got == want or away <= slack * max(1.0, abs(want.real), abs(want.imag))


@pytest.mark.skipif(CC is None, reason="no C compiler")
@pytest.mark.parametrize("real", [True, False])
def test_formulas_agree_with_direct(real: bool, tmp_path: Path) -> None:
    roots = [parse(text).root for text in FORMULAS]
    if not real:
        roots = [r for r in roots if not any(h in flatten(r).heads for h in REAL_ONLY)]
        roots += [parse(t).root for t in ("asin(x) + acos(x)", "atanh(x)*asinh(x)", "ln(-x)")]
    found_c = run_c(roots, real, tmp_path)
    compared = 0
    for k, root in enumerate(roots):
        python = load(export(root, "python", real=real), tmp_path / f"p{k}.py")
        numpy = load(export(root, "numpy", real=real), tmp_path / f"n{k}.py")
        for i, args in enumerate(points(root, REALS if real else PLANE)):
            with np.errstate(all="ignore"):
                want = complex(
                    direct(root, real=real)(dict(zip(variables(root), args, strict=True)))
                )
                from_numpy = complex(numpy(*[np.asarray(a)[()] for a in args]))
            if not cmath.isfinite(want):
                continue
            assert same(found_c[k][i], want), ("c", FORMULAS, k, args, found_c[k][i], want)
            from_python = in_python(python, args)
            raised = cmath.isnan(from_python) and 800.0 in args
            assert raised or same(from_python, want), ("python", k, args, want)
            assert same(from_numpy, want), ("numpy", k, args, want)
            compared += 1
    assert compared >= 35


REAL_ONLY = [row for row in ROWS if row.real_only]


@pytest.mark.skipif(CC is None, reason="no C compiler")
@pytest.mark.parametrize("real", [True, False])
def test_trees_are_right_on_their_cuts(real: bool, tmp_path: Path) -> None:
    roots = [parse_tree(text) for text in TREES]
    found_c = run_c(roots, real, tmp_path)
    compared = 0
    for k, root in enumerate(roots):
        python = load(export(root, "python", real=real), tmp_path / f"p{k}.py")
        numpy = load(export(root, "numpy", real=real), tmp_path / f"n{k}.py")
        for i, args in enumerate(points(root, REALS if real else PLANE)):
            ball = balls.evaluate(flatten(root), dict(zip(variables(root), args, strict=True)))
            want = complex(ball)
            if real and want.imag:
                want = complex(math.nan)
            values = {
                "c": found_c[k][i],
                "python": in_python(python, args),
                "numpy": complex(numpy(*args)),
            }
            for to, got in values.items():
                lost = cmath.isnan(got) and (abs(want) > 100 or 800.0 in args)
                if want.real != want.real or math.isinf(want.real):
                    good = cmath.isnan(got) or got.real == want.real
                else:
                    good = lost or same(got, want)
                assert good, (to, TREES[k], args, got, want)
            compared += not cmath.isnan(found_c[k][i])
    assert compared >= 25


def test_numpy_trees_take_arrays(tmp_path: Path) -> None:
    f = load(export(parse_tree(LN), "numpy"), tmp_path / "f.py")
    assert np.allclose(f(np.array([[1.0, 2.0], [3.0, 4.0]])), np.log([[1, 2], [3, 4]]))


TEXTS = [
    ("x*sin(x)", "wolfram", "f[x_] := x*Sin[x]"),
    ("x/y", "latex", r"f\left(x, y\right) = \frac{x}{y}"),
    ("eml(x, 1)", "rpn", "x1E"),
    ("eml(x, 1)", "wolfram", "EML[x_, y_] := Exp[x] - Log[y];\nf[x_] := EML[x,1]"),
]


@pytest.mark.parametrize(("text", "to", "want"), TEXTS)
def test_texts(text: str, to: str, want: str) -> None:
    assert export(parse(text).root, to) == want


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
]


@pytest.mark.parametrize(("call", "kind", "message"), REFUSED)
def test_refused(call: Callable[[], str], kind: type[EmlcError], message: str) -> None:
    with pytest.raises(kind, match=message):
        call()


@pytest.mark.parametrize("to", ["c", "python", "numpy"])
def test_deep_expressions(to: str) -> None:
    deep = var("x")
    for _ in range(10_000):
        deep = node(BY_NAME["add"], deep, lit(1))
    assert len(export(deep, to).splitlines()) >= 10_000


def test_every_language_writes_every_row() -> None:
    for row in ROWS:
        root = node(row, *(var(p) for p in row.params))
        for to in LANGUAGES[:5]:
            assert export(root, to, real=row.plane != "imaginary unit")
