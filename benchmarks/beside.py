"""Beside other packages for EML trees: sizes, exact meaning, accuracy and speed.

pip install emltree exp-minus-log uninum
python benchmarks/beside.py [--points N]

Each package compiles the same formulas and evaluates its own trees with its own evaluator. "right"
counts the functions of one variable whose tree `emlc check` does not refute: where they are real,
and well inside, away from the points 0 and 1.
Packages that are not installed are left out. The tables of docs/comparison.md are this output.
"""

from __future__ import annotations

import argparse
import importlib.util
import time
import warnings
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np

import emlc

UNARY = [
    "exp", "ln", "sqrt", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh",
]  # fmt: skip
SIZED = ("1000", "i", "pi", "x*y", "x+y", "x^y", "sqrt(x)", "tanh(x)", "sin(x)", "atan(x)")
RIGHT = ("sin(x)", "atan(x)", "tanh(x)", "sqrt(x)")
RANGES = {"sin(x)": (-10, 10), "atan(x)": (-10, 10), "tanh(x)": (-20, 20), "sqrt(x)": (1e-3, 1e3)}


class Emlc:
    """This package: the tree as it is, and the formula that it is proved to be."""

    def rpn(self, text: str) -> list[str]:
        return list(emlc.compile(text, check=False).rpn() or [])

    def values(self, text: str, x: Any) -> Any:
        return emlc.compile(text, check=False).evaluator("faithful")(x=x)


class EmlcFormula(Emlc):
    """What `emlc.compile(..).evaluator()` runs."""

    def values(self, text: str, x: Any) -> Any:
        return emlc.compile(text, check=False).evaluator()(x=x)


class EmlTree:
    """emltree of PyPI."""

    def tree(self, text: str) -> Any:
        import emltree

        spelled = text.replace("^", "**").replace("ln", "log")
        spelled = {"i": "I", "e": "E"}.get(spelled, spelled)
        return emltree.compile_formula(spelled, variables=[v for v in "xy" if v in text])

    def rpn(self, text: str) -> list[str]:
        return str(self.tree(text).to_rpn()).split()

    def values(self, text: str, x: Any) -> Any:
        import emltree

        return emltree.evaluate(self.tree(text), {"x": x})


class ExpMinusLog:
    """exp-minus-log of PyPI; it has a table of primitives, and no reader of formulas."""

    NAMES = {"asin": "arcsin", "acos": "arccos", "atan": "arctan"}  # noqa: RUF012
    PAIRS = {"x*y": "mul", "x+y": "add", "x^y": "pow"}  # noqa: RUF012

    def tree(self, text: str) -> Any:
        from eml import library

        if text in self.PAIRS:
            return library.build_binary(self.PAIRS[text], "x", "y")
        name, _, of = text.partition("(")
        name = self.NAMES.get(name, name)
        return library.build_unary(name, "x") if of else library.build_constant(name)

    def rpn(self, text: str) -> list[str]:
        return list(self.tree(text).to_rpn())

    def values(self, text: str, x: Any) -> Any:
        return self.tree(text)(x=x)


class Uninum:
    """uninum of PyPI."""

    def tree(self, text: str) -> Any:
        import uninum

        x, y = uninum.var("x"), uninum.var("y")
        name, _, of = text.partition("(")
        if of:
            return getattr(uninum, name)(x).to_eml()
        known = {"i": uninum.I, "pi": uninum.pi, "x*y": x * y, "x+y": x + y, "x^y": x**y}
        return known[text].to_eml()

    def rpn(self, text: str) -> list[str]:
        out: list[str] = []
        todo = [self.tree(text)]
        while todo:
            top = todo.pop()
            todo += [top.left, top.right] if hasattr(top, "left") else []
            out.append("E" if hasattr(top, "left") else str(top))
        return out[::-1]

    def values(self, text: str, x: Any) -> Any:
        """Point by point: its numpy backend gives nan for sin."""
        tree = self.tree(text)
        return np.array([tree.evaluate(x=float(v)) for v in x])


TOOLS: dict[str, tuple[str, type]] = {
    "emlc, tree": ("emlc", Emlc),
    "emlc, formula": ("emlc", EmlcFormula),
    "emltree": ("emltree", EmlTree),
    "exp-minus-log": ("eml", ExpMinusLog),
    "uninum": ("uninum", Uninum),
}


def size(tool: Any, text: str) -> str:
    return f"{len(tool.rpn(text)):,}"


def meaning(tool: Any, text: str) -> str:
    """The constant that a tree is in the exact meaning."""
    tape = emlc.flatten(emlc.parse_tree(" ".join(tool.rpn(text))))
    return f"{complex(emlc.evaluate(tape)):.4g}"


def right(tool: Any, where: str) -> str:
    """How many functions are not refuted, and which are."""
    domain = {"x": where} if where else {}
    wrong = []
    for name in UNARY:
        tree = emlc.parse_tree(" ".join(tool.rpn(f"{name}(x)")))
        if emlc.check(f"{name}(x)", tree, domain).status == "refuted":
            wrong.append(name)
    return f"{len(UNARY) - len(wrong)} of {len(UNARY)}" + f", not {' '.join(wrong)}" * bool(wrong)


def error(tool: Any, text: str) -> str:
    """The largest error at 2001 points, relative to the value or to 1e-3; how many have none."""
    xs = np.linspace(*RANGES[text], 2001)
    reference = getattr(mpmath, text.partition("(")[0])
    wanted = np.array([float(reference(mpmath.mpf(x))) for x in xs])
    found = np.asarray(tool.values(text, xs)).astype(complex)
    finite = np.isfinite(found)
    scale = np.maximum(np.abs(wanted), 1e-3)
    worst = np.max((np.abs(found - wanted) / scale)[finite], initial=0.0)
    lost = int((~finite).sum())
    return f"{worst:.0e}" + (f", {lost} of 2001 without a value" if lost else "")


def speed(tool: Any, text: str, points: int) -> str:
    """CPU time, the least of five; from the time of a hundredth where points are taken singly."""
    share = 100 if isinstance(tool, Uninum) else 1
    xs = np.linspace(-3, 3, points // share)
    times = []
    for _ in range(5):
        before = time.process_time()
        tool.values(text, xs)
        times.append((time.process_time() - before) * share)
    return f"{min(times) * 1e3:.3g} ms"


def cell(measure: Callable[..., str], *args: Any) -> str:
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            return measure(*args)
    except Exception as failure:  # noqa: BLE001 - whatever a package raises is its answer
        return type(failure).__name__


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--points", type=int, default=100_000)
    points = ask.parse_args().points
    here = {n: t() for n, (m, t) in TOOLS.items() if importlib.util.find_spec(m)}
    rows: list[tuple[str, Callable[..., str], tuple[Any, ...]]] = [
        *((f"K of {text}", size, (text,)) for text in SIZED),
        *((f"the tree of {text} is", meaning, (text,)) for text in ("i", "pi")),
        ("right where real", right, ("",)),
        ("right in [0.1, 0.9]", right, ("[0.1,0.9]",)),
        *((f"error of {text}", error, (text,)) for text in RIGHT),
        (f"sin(x) at {points:,} points", speed, ("sin(x)", points)),
    ]
    print("| |", " | ".join(here), "|")
    print("|---" * (len(here) + 1) + "|")
    for name, measure, args in rows:
        print(f"| {name} |", " | ".join(cell(measure, t, *args) for t in here.values()), "|")


if __name__ == "__main__":
    main()
