"""Accuracy of the compiled evaluator against mpmath: writes docs/accuracy.md.

python benchmarks/accuracy.py [--points N] [--check]

`--check` prints the table instead of writing it.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mpmath as mp
import numpy as np

import emlc
from emlc.ir.node import Node, Var, node
from emlc.lower.direct import direct
from emlc.lower.faithful import faithful
from emlc.parse import parse
from emlc.tables.primitives import BY_NAME

OUT = Path(__file__).parent.parent / "docs" / "accuracy.md"
Sampler = Callable[[np.random.Generator, int], tuple[np.ndarray, ...]]


def spread(low: float, high: float, sign: bool = True) -> Callable[..., np.ndarray]:
    """Numbers of every magnitude from 10^low to 10^high, of both signs or not."""

    def draw(rng: np.random.Generator, n: int) -> np.ndarray:
        size = 10.0 ** rng.uniform(low, high, n)
        return size * rng.choice([-1.0, 1.0], n) if sign else size

    return draw


def even(low: float, high: float) -> Callable[..., np.ndarray]:
    return lambda rng, n: rng.uniform(low, high, n)


def near(centre: float, low: float, high: float, sides: bool = True) -> Callable[..., np.ndarray]:
    """Numbers at every distance from a point."""
    return lambda rng, n: centre + spread(low, high, sides)(rng, n)


def turns(step: float, offset: float) -> Callable[..., np.ndarray]:
    """The doubles next to odd and even multiples, where a circular function vanishes."""
    return lambda rng, n: (np.round(rng.uniform(-3e8, 3e8, n)) + offset) * step


def mixed(*parts: Callable[..., np.ndarray]) -> Callable[..., np.ndarray]:
    def draw(rng: np.random.Generator, n: int) -> np.ndarray:
        counts = [n // len(parts)] * len(parts)
        counts[0] += n - sum(counts)
        return np.concatenate([part(rng, k) for part, k in zip(parts, counts, strict=True)])

    return draw


def one(draw: Callable[..., np.ndarray]) -> Sampler:
    return lambda rng, n: (draw(rng, n),)


def powers(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    x = mixed(spread(-307, 308, False), near(1.0, -8, -0.4))(rng, n)
    return x, rng.uniform(-745, 709, n) / np.log(x)


def roots(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    x, y = powers(rng, n)
    return x, 1 / y


ABOVE = mixed(near(1.0, -15.6, 0, False), spread(0, 37, False))


def outside(rng: np.random.Generator, n: int) -> np.ndarray:
    """From 1 up and from -1 down."""
    return ABOVE(rng, n) * rng.choice([-1.0, 1.0], n)


ANY = mixed(spread(-307, 308), even(-5, 5))
UNIT = mixed(even(-1, 1), spread(-307, 0), lambda rng, n: 1 - spread(-16, 0, False)(rng, n))


def _sigmoid(x: Any) -> Any:
    return 1 / (1 + mp.exp(-x))


def _softplus(x: Any) -> Any:
    return mp.log1p(mp.exp(x)) if x < 200 else x + mp.exp(-x)


def _gap(b: Any, c: Any) -> Any:
    root = mp.sqrt(b * b + c)
    return c / (root + b) if b > 0 else root - b


@dataclass
class Case:
    """A function: mpmath's own, what its arguments are, and that in words."""

    name: str
    want: Callable[..., Any]
    draw: Sampler
    words: str


POSITIVE = mixed(spread(-323, 308, False), near(1.0, -16, -0.3))
CASES = (
    Case("exp", mp.exp, one(mixed(even(-745, 709.7), spread(-307, 2.8))), "-745 to 709.7"),
    Case("exp2", lambda x: mp.mpf(2) ** x, one(mixed(even(-1074, 1023.9), spread(-307, 3))),
         "-1074 to 1024"),
    Case("expm1", mp.expm1, one(mixed(even(-40, 709), spread(-307, 2))), "to 709"),
    Case("ln", mp.log, one(POSITIVE), "5e-324 to 1e308, around 1"),
    Case("log2", lambda x: mp.log(x) / mp.log(2), one(POSITIVE), "the same"),
    Case("log10", lambda x: mp.log(x) / mp.log(10), one(POSITIVE), "the same"),
    Case("log1p", mp.log1p,
         one(mixed(spread(-307, 308, False), lambda r, n: -spread(-307, 0, False)(r, n))),
         "-1 to 1e308, all magnitudes"),
    Case("sigmoid", _sigmoid, one(mixed(even(-745, 40), spread(-307, 2.8))), "-745 on"),
    Case("softplus", _softplus, one(mixed(even(-745, 40), spread(-307, 2.8))), "-745 on"),
    Case("sin", mp.sin, one(mixed(even(-100, 100), spread(-307, 308), turns(math.pi, 0))),
         "all doubles, next to zeros"),
    Case("cos", mp.cos, one(mixed(even(-100, 100), spread(-307, 308), turns(math.pi, 0.5))),
         "all doubles, next to zeros"),
    Case("tan", mp.tan, one(mixed(even(-100, 100), spread(-307, 308), turns(math.pi / 2, 0))),
         "all doubles, next to zeros and poles"),
    Case("asin", mp.asin, one(UNIT), "-1 to 1"),
    Case("acos", mp.acos, one(UNIT), "-1 to 1"),
    Case("atan", mp.atan, one(ANY), "all doubles"),
    Case("atan2", mp.atan2, lambda r, n: (ANY(r, n), ANY(r, n)), "all pairs of doubles"),
    Case("sinh", mp.sinh, one(mixed(even(-710, 710), spread(-307, 2))), "-710 to 710"),
    Case("cosh", mp.cosh, one(mixed(even(-710, 710), spread(-307, 2))), "-710 to 710"),
    Case("tanh", mp.tanh, one(mixed(even(-5, 5), spread(-307, 3))), "all doubles"),
    Case("asinh", mp.asinh, one(ANY), "all doubles"),
    Case("acosh", mp.acosh, one(mixed(near(1.0, -15.6, 1, False), spread(0, 308, False))),
         "from 1"),
    Case("atanh", mp.atanh, one(UNIT), "-1 to 1"),
    Case("sqrt", mp.sqrt, one(spread(-323, 308, False)), "all positive doubles"),
    Case("cbrt", mp.cbrt, one(spread(-323, 308, False)), "all positive doubles"),
    Case("hypot", mp.hypot, lambda r, n: (ANY(r, n), ANY(r, n)), "all pairs of doubles"),
    Case("pow", mp.power, powers, "x^y from 1e-323 to 1e308"),
    Case("root", lambda x, n: mp.power(x, 1 / n), roots, "x^(1/n) from 1e-323 to 1e308"),
    Case("asec", mp.asec, one(outside), "1 to 1e37 and negative, next to 1"),
    Case("acsc", mp.acsc, one(outside), "the same"),
    Case("asech", mp.asech, one(lambda r, n: 1 / ABOVE(r, n)), "1e-37 to 1, next to 1"),
    Case("acoth", mp.acoth, one(outside), "1 to 1e37 and negative, next to 1"),
)  # fmt: skip

# Formulas, each with itself for mpmath; points of every magnitude from 1e-300 to 1e300.
FORMULAS = (
    ("ln(1+x)", lambda x: mp.log1p(x)),
    ("exp(x)-1", lambda x: mp.expm1(x)),
    ("1-exp(-x)", lambda x: -mp.expm1(-x)),
    ("x^3/(exp(x)-1)", lambda x: x**3 / mp.expm1(x)),
    ("ln(1+exp(x))", _softplus),
    ("1/(1+exp(-x))", _sigmoid),
    ("(exp(x)-exp(-x))/2", mp.sinh),
    ("(exp(x)-exp(-x))/(exp(x)+exp(-x))", mp.tanh),
    ("1-cos(x)", lambda x: 2 * mp.sin(x / 2) ** 2),
    ("sqrt(x+1)-1", lambda x: x / (1 + mp.sqrt(1 + x))),
    ("x/(1+x)", lambda x: x / (1 + x)),
    ("sqrt(1+x^2)", lambda x: mp.sqrt(1 + x * x)),
    ("1/(1+x^2)", lambda x: 1 / (1 + x * x)),
    ("x/(x*x)", lambda x: 1 / x),
    ("sqrt(x^2+y^2)", mp.hypot),
    ("x/(1+y)", lambda x, y: x / (1 + y)),
    ("x/sqrt(x^2+y^2)", lambda x, y: x / mp.hypot(x, y)),
    ("sqrt(b^2+c)-b", _gap),
    ("(-b+sqrt(b^2+4*c))/2", lambda b, c: _gap(b, 4 * c) / 2),
)  # fmt: skip
# Trees run as they are by the faithful evaluator.
TREES = (
    Case("x*y", lambda x, y: x * y, lambda r, n: (even(-5, 5)(r, n), even(-5, 5)(r, n)), "-5 to 5"),
    Case("x*y", lambda x, y: x * y,
         lambda r, n: (even(1, 60)(r, n), spread(-300, 300, False)(r, n)),
         "x from 1 to 60, y from 1e-300 to 1e300"),
    Case("sin(x)", mp.sin, one(even(-10, 10)), "-10 to 10"),
    Case("ln(x)", mp.log, one(spread(-10, 10, False)), "1e-10 to 1e10"),
    Case("sqrt(x)", mp.sqrt, one(spread(-10, 10, False)), "1e-10 to 1e10"),
)  # fmt: skip
TIGHT = 8e-16
WELL = 2.0  # relative change of the value for a relative change of the arguments, at most


def errors(
    f: Callable[..., Any],
    want: Callable[..., Any],
    args: tuple[np.ndarray, ...],
    well: float | None,
) -> tuple[float, tuple[float, ...], int]:
    """The worst error in units in the last place, where, and at how many points."""
    with np.errstate(all="ignore"):
        got = np.asarray(f(*args))
    worst, at, count = 0.0, (math.nan,), 0
    spacing = np.float32 if got.dtype == np.float32 else np.float64
    for k in range(len(got)):
        point = [mp.mpf(float(a[k])) for a in args]
        exact = want(*point)
        if not exact or not mp.isfinite(exact) or exact.imag:
            continue
        near_ = float(exact)
        limits = np.finfo(spacing)
        if not float(limits.smallest_subnormal) * 4 < abs(near_) < float(limits.max):
            continue
        if well is not None and (abs(near_) < 1e-305 or _condition(want, point, exact) > well):
            continue
        count += 1
        unit = float(np.spacing(spacing(abs(near_))))
        error = math.inf
        if np.isfinite(got[k]):
            error = float(abs(mp.mpf(float(got[k])) - exact) / unit)
        if error > worst:
            worst, at = error, tuple(float(a[k]) for a in args)
    return worst, at, count


def _condition(want: Callable[..., Any], point: list[Any], exact: Any) -> float:
    """How much a relative change of the arguments is amplified."""
    step = mp.mpf(2) ** -80
    total = mp.mpf(0)
    for k, p in enumerate(point):
        moved = [*point[:k], p * (1 + step), *point[k + 1 :]]
        total += abs(want(*moved) - exact) / abs(exact) / step
    return float(total)


def called(name: str) -> Node:
    row = BY_NAME[name]
    return node(row, *(node(Var(p)) for p in row.params))


def shown(at: tuple[float, ...]) -> str:
    return ", ".join(f"{a:.17g}" for a in at)


def functions(points: int) -> list[str]:
    rows = []
    for case in CASES:
        rng = np.random.default_rng(2026)
        f = direct(called(case.name), variables=BY_NAME[case.name].params).ufunc
        args = case.draw(rng, points)
        worst, at, count = errors(f, case.want, args, None)
        with np.errstate(all="ignore"):
            short = tuple(a.astype(np.float32) for a in args)
        single, _, _ = errors(f, case.want, tuple(s[np.isfinite(s)] if len(short) == 1 else s
                                                  for s in short), None)  # fmt: skip
        rows.append(
            f"| {case.name} | {case.words} | {count} | {worst:.2f} | {shown(at)} | {single:.2f} |"
        )
        print(rows[-1], flush=True)
    return rows


def formulas(points: int) -> list[str]:
    rows = []
    for text, want in FORMULAS:
        rng = np.random.default_rng(7)
        f = direct(parse(text).root)
        args = tuple(spread(-300, 300)(rng, points) for _ in f.variables)
        narrow = tuple(spread(-3, 2)(rng, points // 4) for _ in f.variables)
        args = tuple(np.concatenate(pair) for pair in zip(args, narrow, strict=True))
        worst, at, count = errors(f.ufunc, want, args, WELL)
        rows.append(f"| `{text}` | {count} | {worst:.2f} | {shown(at)} |")
        print(rows[-1], flush=True)
    return rows


def trees(points: int) -> list[str]:
    rows = []
    for case in TREES:
        tape = emlc.compile(case.name).tape
        found = []
        for rtol in (1e-12, TIGHT):
            args = case.draw(np.random.default_rng(7), points)
            f = faithful(tape, rtol=rtol)
            f(**{name: np.ones(1) for name in f.variables})
            start = time.process_time()
            got = f(**dict(zip(f.variables, args, strict=True)))
            spent = (time.process_time() - start) / points * 1e6
            worst, _, count = errors(lambda *_, got=got: got, case.want, args, None)
            found.append(f"{worst:.2f} | {spent:.1f}")
        rows.append(f"| `{case.name}` | {case.words} | {count} | {' | '.join(found)} |")
        print(rows[-1], flush=True)
    return rows


TEXT = """# Accuracy

Written by `python benchmarks/accuracy.py`, against mpmath at 200 bits. Errors are in units in the
last place of the exact value: 0.5 is a correctly rounded result. Subnormal results count, in their
own units.

## Functions

Each at {points} points. The last column is the worst error of the float32 loop in float32's units
(it computes in double and rounds once).

| function | arguments | points | worst error | at | float32 |
|---|---|---|---|---|---|
{functions}

## Formulas

Formulas as people write them, at points of every magnitude from 1e-300 to 1e300 and both signs,
where the formula is well conditioned: where a relative change of the arguments changes the value by
at most {well:g} times as much. What the compiler does about each is in `emlc/tables/careful.py`.

| formula | points | worst error | at |
|---|---|---|---|
{formulas}

## Trees

Trees run as they are, by the evaluator `faithful`: where its bound of the error is above `rtol`,
1e-12 unless told otherwise, the point is computed again by balls. With `rtol` at 8e-16 every value
is right to a unit, and nearly every point is computed again. Microseconds are of one processor.

| tree of | arguments | points | worst error | µs a point | worst at {tight:g} | µs a point |
|---|---|---|---|---|---|---|
{trees}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--points", type=int, default=10_000)
    parser.add_argument("--check", action="store_true", help="print, do not write")
    args = parser.parse_args()
    mp.mp.prec = 200
    made = TEXT.format(
        points=args.points, functions="\n".join(functions(args.points)),
        formulas="\n".join(formulas(args.points)), well=WELL,
        trees="\n".join(trees(min(args.points, 1000))), tight=TIGHT,
    )  # fmt: skip
    if not args.check:
        OUT.write_text(made, encoding="utf-8")


if __name__ == "__main__":
    main()
