"""The exact meaning of a tree at a point, by mpmath at high precision: slow, simple, independent.

Values are pairs (a, b), meaning a + i pi b, of mpmath reals, a possibly infinite. A value smaller
than 10^-(digits/2) of its operands is taken to be zero, a phase that close to a multiple of 1/2
to be that multiple.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

Half = tuple[Any, Any]


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
    if abs(a) > 1e12:
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


def evaluate_exact(
    rpn: Iterable[str], values: Mapping[str, Half], mp: Any, seen: list[Half] | None = None
) -> Half:
    """The value; raises Undefined or TooLarge. `seen` collects the values of all subtrees."""
    stack: list[Half] = []
    memo: dict[tuple[Half, Half], Half] = {}
    for token in rpn:
        if token == "E":
            y, x = stack.pop(), stack.pop()
            v = memo.get((x, y))
            if v is None:
                v = memo[(x, y)] = minus_exact(mp, exp_exact(mp, x), ln_exact(mp, y))
            stack.append(v)
            if seen is not None:
                seen.append(v)
        else:
            stack.append((mp.mpf(1), mp.mpf(0)) if token == "1" else values[token])
    return stack.pop()
