"""The exact meaning of a tree at a point, by mpmath at high precision: slow, simple, independent.

Values are pairs (a, b), meaning a + i pi b, of mpmath reals, a possibly infinite. A value smaller
than 10^-(digits/2) of its operands is taken to be zero, a phase that close to a multiple of 1/2
to be that multiple.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from emlc.search.program import ADD, CUT, EXP, LN, MUL, SUB, TURNED

Half = tuple[Any, Any]
LARGEST = 1e260  # exp of what is larger is outside the terms of every bound


class Undefined(ArithmeticError):
    """The tree has no value in the exact meaning."""


class TooLarge(ArithmeticError):
    """A value that no exponent can carry."""


def exp_exact(mp: Any, v: Half) -> Half:
    a, b = v
    if mp.isinf(a):
        if a < 0:
            return mp.mpf(0), mp.mpf(0)
        if b == mp.floor(b):
            return (a if mp.floor(b / 2) * 2 == b else -a), mp.mpf(0)
        raise Undefined
    if max(abs(a), abs(b)) > LARGEST:
        raise TooLarge
    r = mp.exp(a)
    return r * mp.cospi(b), r * mp.sinpi(b) / mp.pi


def ln_exact(mp: Any, v: Half) -> Half:
    a, b = v
    if mp.isinf(a):
        if a > 0:
            return a, mp.mpf(0)
        if b == 0:
            return -a, mp.mpf(1)
        raise Undefined
    if a == 0 and b == 0:
        return -mp.inf, mp.mpf(0)
    if b == 0:
        return mp.log(abs(a)), mp.mpf(0 if a > 0 else 1)
    y = b * mp.pi
    if a == 0:
        return mp.log(abs(y)), mp.mpf(1 if b > 0 else -1) / 2
    return mp.log(a * a + y * y) / 2, mp.atan2(y, a) / mp.pi


def minus_exact(mp: Any, e: Half, n: Half) -> Half:
    a, b = e[0] - n[0], e[1] - n[1]
    if mp.isnan(a):
        raise Undefined
    half = mp.mpf(10) ** (-(mp.dps // 2))
    if mp.isinf(a):
        scale = mp.mpf(1)
    else:
        scale = max(abs(e[0]), abs(e[1]), abs(n[0]), abs(n[1]))
        if abs(a) < half * scale:
            a = mp.mpf(0)
    near = mp.nint(2 * b) / 2
    return a, (near if abs(b - near) < half * max(scale, 1) else b)


def times_exact(mp: Any, x: Half, y: Half) -> Half:
    """The product; undefined for infinities unless both factors are real and none is 0."""
    if mp.isinf(x[0]) or mp.isinf(y[0]):
        a = x[0] * y[0]
        if x[1] or y[1] or mp.isnan(a):
            raise Undefined
        return a, mp.mpf(0)
    parts = x[0] * y[0], x[1] * y[1] * mp.pi**2, x[0] * y[1], x[1] * y[0]
    half = mp.mpf(10) ** (-(mp.dps // 2))
    scale = max(abs(p) for p in parts)
    a, b = parts[0] - parts[1], parts[2] + parts[3]
    return tuple(mp.mpf(0) if abs(v) < half * scale else v for v in (a, b))


def over_exact(mp: Any, x: Half, y: Half) -> Half:
    """The quotient; undefined for the divisor 0."""
    if not y[0] and not y[1]:
        raise Undefined
    if mp.isinf(y[0]):
        if x[1] or y[1] or mp.isinf(x[0]):
            raise Undefined
        return mp.mpf(0), mp.mpf(0)
    norm = y[0] ** 2 + (mp.pi * y[1]) ** 2
    return times_exact(mp, x, (y[0] / norm, -y[1] / norm))


def _compared(mp: Any, x: Half, y: Half) -> None:
    """Raises TooLarge where one term is lost beside the other."""
    sizes = [max(abs(a), abs(b)) for a, b in (x, y)]
    if 0 < min(sizes) < mp.mpf(10) ** -mp.dps * max(sizes) < mp.inf:
        raise TooLarge


def run_exact(
    mp: Any, steps: Iterable[tuple[int, int, int]], registers: list[Half], branch: int = 0
) -> Half:
    """Append the result of every step, see `program`, to the registers; the last one.

    `branch` tells in base 3 the turn of every TURNED step, 0 for one turn back.
    """
    for code, i, j in steps:
        x, y = registers[i], registers[j]
        if code == CUT and not (mp.isinf(x[0]) or -1 < x[1] <= 1):
            raise Undefined
        if code in (EXP, CUT):
            v = exp_exact(mp, x)
        elif code == TURNED:
            v = ln_exact(mp, x)
            turn, branch = branch % 3 - 1, branch // 3
            if turn and mp.isinf(v[0]):
                raise Undefined
            v = v[0], v[1] + 2 * turn
        elif code == LN:
            v = ln_exact(mp, x)
        elif code in (ADD, SUB):
            _compared(mp, x, y)
            v = minus_exact(mp, x, y if code == SUB else (-y[0], -y[1]))
        else:
            v = times_exact(mp, x, y) if code == MUL else over_exact(mp, x, y)
        registers.append(v)
    return registers[-1]
