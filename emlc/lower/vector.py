"""Elementary functions without branches, for loops that become vector code.

Each is good to about one unit in the last place; the coefficients interpolate at Chebyshev nodes.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

_PER_PI = 1 / math.pi
_SHIFT = 1.5 * 2.0**52
_SHIFT_BITS = 0x4338000000000000
_ONE_BITS = 0x3FF0000000000000
_ROOT_HALF_BITS = 0x3FE6A09E667F3BCD
_LN2_HIGH = 6.93147180369123816490e-01
_LN2_LOW = 1.90821492927058770002e-10

_jit = njit(error_model="numpy")


@_jit
def exp(x):  # type: ignore[no-untyped-def]
    """exp for -708 <= x <= 709.7."""
    x = min(max(x, -708.0), 709.7)
    z = x * (1 / math.log(2)) + _SHIFT
    k = z - _SHIFT
    r = (x - k * _LN2_HIGH) - k * _LN2_LOW
    p = 2.5100472505694996e-08
    p = (p * r + 2.7620201591031547e-07) * r + 2.7557268276905696e-06
    p = (p * r + 2.4801521057868204e-05) * r + 0.00019841269863171557
    p = (p * r + 0.0013888888917367081) * r + 0.008333333333330039
    p = (p * r + 0.041666666666623824) * r + 0.16666666666666669
    p = p * r + 0.5
    power = (np.float64(z).view(np.int64) << np.int64(52)) + np.int64(_ONE_BITS)
    return (r * r * p + r + 1.0) * np.int64(power).view(np.float64)


@_jit
def log(x):  # type: ignore[no-untyped-def]
    """ln for normal x > 0."""
    bits = np.float64(x).view(np.int64)
    k = (bits - np.int64(_ROOT_HALF_BITS)) >> np.int64(52)
    f = np.int64(bits - (k << np.int64(52))).view(np.float64) - 1.0
    power = np.int64(k + np.int64(_SHIFT_BITS)).view(np.float64) - _SHIFT
    s = f / (2.0 + f)
    t = s * s
    p = 0.1461916613488797
    p = (p * t + 0.1533150161114533) * t + 0.18182895750119193
    p = (p * t + 0.22222211043776857) * t + 0.2857142862653362
    p = (p * t + 0.3999999999989827) * t + 0.666666666666667
    h = 0.5 * f * f
    return power * _LN2_HIGH - ((h - (s * (h + t * p) + power * _LN2_LOW)) - f)


@_jit
def log_or_nan(x):  # type: ignore[no-untyped-def]
    """ln, nan where x is not a normal positive number."""
    return log(x) if (x > 2.3e-308) & (x < math.inf) else math.nan


@_jit
def sin_cos(f):  # type: ignore[no-untyped-def]
    """sin(pi f) / pi and cos(pi f) for abs(f) <= 1/4."""
    t = f * f
    p = -6.920714981184486e-06
    p = (p * t + 0.0001484240587594755) * t - 0.002346080833832126
    p = (p * t + 0.026147847813245743) * t - 0.19075182412203828
    p = (p * t + 0.8117424252833535) * t - 1.6449340668482264
    q = -0.00010370082971594627
    q = (q * t + 0.001929493874894941) * t - 0.025806887964701878
    q = (q * t + 0.23533063028399223) * t - 1.3352627688538095
    q = (q * t + 4.058712126416765) * t - 4.934802200544679
    return f + f * t * p, 1.0 + t * q


@_jit
def atan(p):  # type: ignore[no-untyped-def]
    """atan(p) / pi for abs(p) <= tan(pi/8)."""
    t = p * p
    s = -0.01917392228554793
    s = (s * t + 0.03922923713835943) * t - 0.05085365922344248
    s = (s * t + 0.05858132894427922) * t - 0.06664509603255386
    s = (s * t + 0.07692183059894114) * t - 0.09090904572487347
    s = (s * t + 0.11111111015117626) * t - 0.1428571428466482
    s = (s * t + 0.19999999999995513) * t - 0.3333333333333333
    return (p + p * t * s) * _PER_PI
