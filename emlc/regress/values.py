"""Values of trees at data points, in doubles: a + i pi b, so that whole half-turns stay exact.

The status of an operation is FINE, UNDEFINED (no value in the exact meaning) or LOSSY (a double
does not hold the value: it overflowed, or one of two terms was absorbed by the other).
"""

# mypy: disable-error-code="no-any-return"

from __future__ import annotations

import math

from emlc.lower.jit import compiled

FINE, UNDEFINED, LOSSY = 0, 1, 2
ABSORBED = 1e-12
_ZERO = 3e-15
_SNAP = 2e-14
_OVER, _UNDER = 700.0, -700.0

Value = tuple[float, float, int]


@compiled
def exponential(a: float, b: float) -> Value:
    """exp(a + i pi b)."""
    if math.isinf(a):
        if a < 0.0:
            return 0.0, 0.0, FINE
        turns = b - 2.0 * math.floor(0.5 * b)
        if turns == 0.0 or turns == 1.0:
            return a if turns == 0.0 else -a, 0.0, FINE
        return 0.0, 0.0, UNDEFINED
    if a > _OVER or a < _UNDER:
        return 0.0, 0.0, LOSSY
    size = math.exp(a)
    if b == 0.0:
        return size, 0.0, FINE
    turns = b - 2.0 * math.floor(0.5 * b)
    if turns * 2.0 == math.floor(turns * 2.0):
        quarter = int(turns * 2.0)
        if quarter % 2 == 0:
            return size if quarter == 0 else -size, 0.0, FINE
        return 0.0, (size if quarter == 1 else -size) / math.pi, FINE
    return size * math.cos(math.pi * b), size * math.sin(math.pi * b) / math.pi, FINE


@compiled
def logarithm(a: float, b: float) -> Value:
    """The principal ln(a + i pi b)."""
    if b == 0.0:
        if a > 0.0:
            return math.log(a), 0.0, FINE
        if a < 0.0:
            return math.log(-a), 1.0, FINE
        return -math.inf, 0.0, FINE
    if math.isinf(a):
        return math.inf, 0.0 if a > 0.0 else 1.0, UNDEFINED
    return math.log(math.hypot(a, math.pi * b)), snapped(math.atan2(math.pi * b, a) / math.pi), FINE


@compiled
def snapped(b: float) -> float:
    """Half-turns, with rounding errors off whole quarters undone."""
    near = math.floor(2.0 * b + 0.5) * 0.5
    return near + 0.0 if abs(b - near) < _SNAP else b


@compiled
def difference(ea: float, eb: float, la: float, lb: float) -> Value:
    """exp minus ln, given both."""
    if math.isinf(ea) or math.isinf(la):
        a = ea - la
        if math.isnan(a):
            return 0.0, 0.0, UNDEFINED
        return a, snapped(eb - lb), FINE
    e = abs(ea) + abs(eb)
    n = abs(la) + abs(lb)
    if (e < ABSORBED * n and e > 0.0) or (n < ABSORBED * e and n > 0.0):
        return 0.0, 0.0, LOSSY
    scale = _ZERO * (e + n)
    a, b = ea - la, eb - lb
    if abs(a) < scale:
        a = 0.0
    if abs(b) < scale:
        b = 0.0
    return a, snapped(b) if b != 0.0 and eb == 0.0 else b, FINE


@compiled
def eml(xa: float, xb: float, ya: float, yb: float) -> Value:
    """exp(x) - ln(y)."""
    ea, eb, status = exponential(xa, xb)
    la, lb, other = logarithm(ya, yb)
    if status != FINE or other != FINE:
        return 0.0, 0.0, max(status, other)
    return difference(ea, eb, la, lb)
