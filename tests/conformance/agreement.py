"""How far the ways to compute a primitive agree: `python -m tests.conformance.agreement`.

Every primitive at thousands of doubles, or pairs of them, in the plane too: powers of ten of all
sizes, subnormal numbers, 1e308, both zeros, and the points beside every cut and end. Each way to
compute it is judged by mpmath at up to 1,300 digits. Counted are

    worst   the error of values that are right but for rounding, in units in the last place
    lost    points with a value within doubles where the way gives nan or an infinity
    wrong   points where it gives another number
    none    points without a value where it gives a number
"""

from __future__ import annotations

import argparse
import ctypes
import importlib.util
import itertools
import math
import random
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import mpmath
import numpy as np

from emlc.ir.node import Node, node, var
from emlc.lower.direct import direct
from emlc.lower.export import export
from emlc.parse import parse
from emlc.show import show
from emlc.tables.primitives import ROWS, Primitive
from tests.conformance.interpreter import FUNCTIONS

WAYS = ("direct", "wolfram", "numpy", "c", "python", "mpmath", "jax", "torch")
LARGEST = sys.float_info.max
_SPECIAL = (
    0.0, -0.0, 5e-324, 2.2250738585072014e-308, 2.225073858507201e-308, 1e-300, 1e-17, 1e-8,
    0.5, 1.0, 2.0, 3.0, math.e, math.pi, math.pi / 2, 10.0, 100.0, 709.5, 745.0, 1e5, 1e8, 1e16,
    1e22, 1e154, 1e300, 1e308, LARGEST,
)  # fmt: skip
_SIDES = (0.0, -0.0, 5e-324, -5e-324, 1e-300, -1e-300, 1e-17, -1e-17, 1e-9, -1e-9)


@dataclass
class Told:
    """What was seen of one way to compute one primitive."""

    points: int = 0
    worst: float = 0.0
    lost: list[Any] = field(default_factory=list)
    wrong: list[Any] = field(default_factory=list)
    none: list[Any] = field(default_factory=list)

    def __str__(self) -> str:
        counts = (f"{name} {len(getattr(self, name)):5}" for name in ("lost", "wrong", "none"))
        return f"worst {self.worst:9.3g} ulp  {'  '.join(counts)}"


def line(rng: random.Random) -> Iterator[float]:
    """The special doubles, their neighbours, and random ones of all sizes."""
    for x in _SPECIAL:
        for y in (x, math.nextafter(x, math.inf), math.nextafter(x, 0.0)):
            if math.isfinite(y):
                yield from (y, -y)
    while True:
        size = rng.choice((1.0, 1.0, 20.0, 300.0))
        yield rng.choice((-1, 1)) * rng.uniform(1, 10) * 10 ** rng.uniform(-size, size)
        yield rng.uniform(-2, 2)


def plane(rng: random.Random) -> Iterator[complex]:
    """Special points on both sides of both axes, and random ones."""
    ends = [
        x for x in itertools.islice(line(rng), 150) if abs(x) in (0.0, 5e-324) or 0.1 < abs(x) < 20
    ]
    for x, y in itertools.product(ends, _SIDES):
        yield from (complex(x, y), complex(y, x))
    stream = line(rng)
    while True:
        re, im = next(stream), rng.choice((next(stream), rng.uniform(-3, 3), rng.choice(_SIDES)))
        yield from (complex(re, im), complex(im, re))


def drawn(row: Primitive, real: bool, count: int) -> list[list[Any]]:
    """A list of doubles or complex numbers for each parameter."""
    rng = random.Random(f"{row.name}{real}")
    streams = [line(rng) if real else plane(rng) for _ in row.params]
    few = [list(itertools.islice(s, 6000)) for s in streams]
    for k, column in enumerate(few):
        if k or count < 2000:
            rng.shuffle(column)
    return [(column * (count // len(column) + 1))[:count] for column in few]


# -- the reference -------------------------------------------------------------------------------


def wanted(row: Primitive, args: Sequence[Any]) -> Any:
    """The value by mpmath with digits to spare, None where there is none."""
    parts = [abs(p) for a in args for p in (complex(a).real, complex(a).imag) if p]
    # twice the digits between the smallest part, the largest, and 1
    apart = math.log10(max(1.0, *parts)) - math.log10(min(1.0, *parts)) if parts else 0
    digits = 60 + 20 * int(apart / 10 + 0.9)
    if row.name == "softplus" and parts:
        # ln(1 + e^x): as many digits as e^x is small
        x = complex(args[0]).real
        if x < -1600:
            return mpmath.mpf(0)
        digits += 0 if x > 1600 else int(abs(x))
    with mpmath.workdps(digits):
        if row.name == "softplus" and complex(args[0]).real > 1600:
            return mpmath.mpc(args[0].real, mpmath.arg(mpmath.expj(args[0].imag)))
        real = not any(complex(a).imag for a in args) and any(args)
        exact = [mpmath.mpc(a) if complex(a).imag else mpmath.mpf(complex(a).real) for a in args]
        try:
            f = mpmath.atan2 if row.name == "atan2" and real else FUNCTIONS[row.name]
            found = mpmath.mpmathify(f(*exact))
        except (ZeroDivisionError, ValueError, OverflowError):
            return None
        if not mpmath.isfinite(found):
            return None
        # what cancels to the last digits is 0
        small = mpmath.mpf(10) ** (20 - digits) * abs(found)
        return mpmath.mpc(*(p if abs(p) > small else 0 for p in (found.real, found.imag)))


def judge(told: Told, want: Any, got: complex, at: Any, real: bool) -> None:
    """Counts one value."""
    told.points += 1
    finite = math.isfinite(got.real) and math.isfinite(got.imag)
    if want is None or (real and want.imag):
        if finite:
            told.none.append((at, got))
        return
    if abs(want) > LARGEST * (1 - 1e-15):
        if finite and math.hypot(got.real, got.imag) < 1e308:
            told.wrong.append((at, got, "beyond doubles"))
        return
    if not finite:
        told.lost.append((at, got, complex(want)))
        return
    away = abs(mpmath.mpc(got) - want)
    unit = math.ulp(float(abs(want)))
    if away > 1e-7 * abs(want) + 4 * unit:
        told.wrong.append((at, got, complex(want)))
    else:
        told.worst = max(told.worst, float(away / unit))


# -- the ways ------------------------------------------------------------------------------------


def load(text: str, path: Path) -> Any:
    """The module of this source text."""
    path.write_text(text, encoding="utf-8")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def each(f: Callable[..., Any], columns: list[list[Any]], make: Callable[[Any], Any]) -> list[Any]:
    """A function of numbers at every point; plain Python raises where others give nan."""
    found = []
    for args in zip(*columns, strict=True):
        try:
            found.append(complex(f(*map(make, args))))
        except (ValueError, ZeroDivisionError, OverflowError):
            found.append(complex(math.nan))
    return found


def in_c(root: Node, real: bool, columns: list[list[Any]], folder: Path) -> Any:
    kind = "double" if real else "double _Complex"
    code = export(root, "c", name="f", real=real)
    count = len(columns)
    taken = ", ".join(f"a[{k}*n+i]" for k in range(count))
    code += f"\nvoid run(long n, const {kind} *a, {kind} *z)\n"
    code += f"{{ for (long i = 0; i < n; i++) z[i] = f({taken}); }}\n"
    (folder / "f.c").write_text(code)
    name = Path(tempfile.mkdtemp(dir=folder)) / "f.so"  # a loaded file is not loaded again
    command = ["cc", "-O2", "-std=c99", "-shared", "-fPIC", "f.c", "-o", str(name), "-lm"]
    subprocess.run(command, cwd=folder, check=True)
    a = np.array(columns, dtype=float if real else complex)
    z = np.empty(a.shape[1], a.dtype)
    pointer = ctypes.c_void_p
    ctypes.CDLL(str(name)).run(
        ctypes.c_long(len(z)), pointer(a.ctypes.data), pointer(z.ctypes.data)
    )
    return z


def values(way: str, root: Node, real: bool, columns: list[list[Any]], folder: Path) -> Any:
    """What one way gives at all points."""
    names = [f"x{k}" for k in range(len(columns))]
    kind = float if real else complex
    arrays = [np.array(c, dtype=kind) for c in columns]
    if way in ("direct", "wolfram"):
        made = root if way == "direct" else parse(show(root, "wolfram"), "wolfram").root
        return direct(made, real=real)(**dict(zip(names, arrays, strict=True)))
    if way == "c":
        return in_c(root, real, columns, folder)
    f = load(export(root, way, real=real), folder / f"{way}.py").f
    if way == "python":
        return each(f, columns, kind)
    if way == "mpmath":
        # exact arguments; more digits than doubles have, as a user of mpmath would ask for
        with mpmath.workdps(40):
            return each(
                f,
                columns,
                lambda a: mpmath.mpc(a) if complex(a).imag else mpmath.mpf(complex(a).real),
            )
    if way == "jax":
        import jax

        jax.config.update("jax_enable_x64", True)
        return np.asarray(f(*map(jax.numpy.asarray, arrays)))
    if way == "torch":
        import torch

        return f(*map(torch.tensor, arrays)).numpy()
    return f(*arrays)


def compare(
    row: Primitive, real: bool, count: int, ways: Sequence[str], folder: Path
) -> dict[str, Told]:
    """One primitive by every way."""
    columns = drawn(row, real, count)
    root = node(row, *(var(f"x{k}") for k in range(len(row.params))))
    want = [wanted(row, args) for args in zip(*columns, strict=True)]
    found = {}
    for way in ways:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            got = np.broadcast_to(values(way, root, real, columns, folder), (count,))
        found[way] = told = Told()
        for args, w, g in zip(zip(*columns, strict=True), want, got, strict=True):
            judge(told, w, complex(g), args, real and way != "mpmath")
    return found


def available() -> tuple[str, ...]:
    """The ways that can be taken here."""
    found = [w for w in WAYS if w not in ("jax", "torch") or importlib.util.find_spec(w)]
    return tuple(w for w in found if w != "c" or shutil.which("cc"))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.conformance.agreement")
    parser.add_argument("--points", type=int, default=10_000)
    parser.add_argument("--ways", default=",".join(available()))
    parser.add_argument("--rows", default="")
    parser.add_argument("--show", type=int, default=0, help="so many points of each finding")
    options = parser.parse_args()
    chosen = options.rows.split(",") if options.rows else [r.name for r in ROWS if r.params]
    with tempfile.TemporaryDirectory() as folder:
        for row in (r for r in ROWS if r.name in chosen):
            for real in (True, False) if not row.real_only else (True,):
                found = compare(row, real, options.points, options.ways.split(","), Path(folder))
                for way, told in found.items():
                    sys.stdout.write(
                        f"{row.name:9} {'real ' if real else 'plane'} {way:8} {told}\n"
                    )
                    for kind in ("lost", "wrong", "none"):
                        for point in getattr(told, kind)[: options.show]:
                            sys.stdout.write(f"      {kind} {' '.join(map(str, point))}\n")
                sys.stdout.flush()


if __name__ == "__main__":
    main()
