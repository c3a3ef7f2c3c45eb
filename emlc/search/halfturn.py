"""eml on doubles in half-turn form, with error bounds: a pair (a, b) means a + i pi b.

Every function returns a status besides the value: FINE, UNDEFINED in the exact meaning, or LOSSY
when a double cannot carry the value (overflow, underflow, too many digits cancelled).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeVar

import numba

F = TypeVar("F", bound=Callable[..., Any])

FINE, UNDEFINED, LOSSY = 0, 1, 2
UNIT = 2.0**-52  # one rounding, with room for the last bit of libm
SHARP = 2.0**-38  # a value whose relative error is larger cannot be compared
FAINT = 2.0**-33  # an operand relatively smaller leaves no trace in a comparison
_HUGE = 690.0


def compiled(function: F) -> F:
    """Compile with numba, on first use, and keep the machine code beside the source."""
    made: F = numba.njit(cache=True, nogil=True, error_model="numpy")(function)
    return made


@compiled
def cos_sin_pi(b: float) -> tuple[float, float]:
    """cos(pi b) and sin(pi b), exact at multiples of a half."""
    r = b - 2.0 * math.floor(0.5 * b + 0.5)
    if r == 0.0:
        return 1.0, 0.0
    if r == 0.5:
        return 0.0, 1.0
    if r == -0.5:
        return 0.0, -1.0
    if r == -1.0 or r == 1.0:
        return -1.0, 0.0
    if r > 0.5:
        return -math.cos(math.pi * (1.0 - r)), math.sin(math.pi * (1.0 - r))
    if r < -0.5:
        return -math.cos(math.pi * (1.0 + r)), -math.sin(math.pi * (1.0 + r))
    return math.cos(math.pi * r), math.sin(math.pi * r)


@compiled
def exp_half(a: float, b: float, err: float) -> tuple[float, float, float, int]:
    """exp of a value: value, absolute error, status."""
    if math.isinf(a):
        if a < 0.0:
            return 0.0, 0.0, 0.0, FINE
        c, s = cos_sin_pi(b)
        if s != 0.0:
            return 0.0, 0.0, 0.0, UNDEFINED
        return c * math.inf, 0.0, 0.0, FINE
    if a > _HUGE or a < -_HUGE or err > SHARP:
        return 0.0, 0.0, 0.0, LOSSY
    r = math.exp(a)
    c, s = cos_sin_pi(b)
    return r * c, r * s / math.pi, r * (err + UNIT * (1.0 + abs(b))), FINE


@compiled
def ln_half(a: float, b: float, err: float) -> tuple[float, float, float, int]:
    """Principal ln of a value: value, absolute error, status."""
    if math.isinf(a):
        if a > 0.0:
            return math.inf, 0.0, 0.0, FINE
        if b == 0.0:
            return math.inf, 1.0, 0.0, FINE
        return 0.0, 0.0, 0.0, UNDEFINED
    if a == 0.0 and b == 0.0:
        return -math.inf, 0.0, 0.0, FINE
    if b == 0.0:
        la = math.log(abs(a))
        return la, (0.0 if a > 0.0 else 1.0), err / abs(a) + UNIT * abs(la), FINE
    y = math.pi * b
    r = math.hypot(a, y)
    la = math.log(r)
    if a == 0.0:
        lb = 0.5 if b > 0.0 else -0.5
    else:
        lb = math.atan2(y, a) / math.pi
    return la, lb, err / r + UNIT * (1.0 + abs(la)), FINE


@compiled
def snapped(b: float, err: float) -> float:
    """The nearest multiple of a half turn if the error allows no other reading."""
    n = 0.5 * math.floor(2.0 * b + 0.5)
    if abs(b - n) <= 4.0 * err + UNIT:
        return n + 0.0
    return b


@compiled
def minus(
    ea: float, eb: float, ee: float, la: float, lb: float, le: float
) -> tuple[float, float, float, int]:
    """exp part minus ln part: value, absolute error, status."""
    a = ea - la
    if math.isnan(a):
        return 0.0, 0.0, 0.0, UNDEFINED
    b = eb - lb
    err = ee + le
    if math.isinf(a):
        return a, snapped(b, err), err, FINE
    me = max(abs(ea), abs(eb))
    ml = max(abs(la), abs(lb))
    err += UNIT * max(abs(a), abs(b))
    if abs(a) <= 4.0 * err:
        a = 0.0
    b = snapped(b, err)
    if a == 0.0 and b == 0.0:
        return 0.0, 0.0, 0.0, FINE
    if (me != 0.0 and me < FAINT * ml) or (ml != 0.0 and ml < FAINT * me):
        return a, b, err, LOSSY
    if err > SHARP * max(abs(a), abs(b)):
        return a, b, err, LOSSY
    return a, b, err, FINE
