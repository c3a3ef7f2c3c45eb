"""Inverse circular functions for vectors."""

from __future__ import annotations

import math

from emlc.lower.native.ssa import Code, Value

_HALF_PI, _HALF_PI_LOW = 1.5707963267948966, 6.123233995736766e-17
_TAN_PI_8 = math.sqrt(2) - 1

# (asin(s) - s) / s^3 for 0 <= s <= 1/2, in powers of s^2
_ASIN = (
    0.03263283644102553, -0.021005402550433976, 0.02171162838812004, 0.003704822424150887,
    0.010780634697965483, 0.011398851558000639, 0.013980826940921082, 0.017351611577838766,
    0.022372215005494935, 0.030381942707429953, 0.044642857174611666, 0.0749999999997081,
    0.1666666666666676,
)  # fmt: skip

# (atan(t) - t) / t^3 for |t| <= tan(pi/8), in powers of t^2
_ATAN = (
    -0.017898335655634704, 0.0380561955025537, -0.05038964079449309, 0.058478109063858724,
    -0.0666309284349611, 0.07692059186577507, -0.09090897697277629, 0.11111110781259552,
    -0.14285714280150563, 0.19999999999953114, -0.333333333333332,
)  # fmt: skip


def _near(code: Code, x: Value) -> tuple[Value, Value, Value, Value]:
    """Where |x| <= 1/2; s = |x| or sqrt((1-|x|)/2), asin(s) - s, and the rounding of s."""
    a = code.abs(x)
    small = a <= 0.5
    z = code.select(small, a * a, code.fma(a, -0.5, 0.5))
    root = code.sqrt(z)
    s = code.select(small, a, root)
    rest = (s * z) * code.poly(z, *_ASIN)
    lost = code.fma(-root, root, z) / (root + root)
    return small, s, rest, code.select(small | z.same(0.0), 0.0, lost)


def asin(code: Code, x: Value) -> Value:
    small, s, rest, lost = _near(code, x)
    far = _HALF_PI - 2.0 * s
    low = ((_HALF_PI - far) - 2.0 * s) + (_HALF_PI_LOW - 2.0 * (rest + lost))
    made = code.select(small, s, far) + code.select(small, rest, low)
    return code.copysign(made, x)


def acos(code: Code, x: Value) -> Value:
    small, s, rest, lost = _near(code, x)
    s, rest = code.copysign(s, x), code.copysign(rest, x)
    middle = _HALF_PI - s
    middle_low = ((_HALF_PI - middle) - s) + (_HALF_PI_LOW - rest)
    double, double_low = s + s, 2.0 * (rest + code.copysign(lost, x))
    left = x < 0.0
    far = code.select(left, 2 * _HALF_PI, 0.0) + double
    far_low = code.select(left, (2 * _HALF_PI - far) + double, 0.0)
    far_low = far_low + (double_low + code.select(left, code.number(2 * _HALF_PI_LOW), 0.0))
    made = code.select(small, middle, far) + code.select(small, middle_low, far_low)
    return made


def _angle(code: Code, y: Value, x: Value) -> tuple[Value, Value]:
    """The angle of (x, y), both at least 0, in two parts."""
    low, high = y <= x * _TAN_PI_8, y * _TAN_PI_8 >= x
    over = code.select(low, y, code.select(high, -x, y - x))
    under = code.select(low, x, code.select(high, y, y + x))
    base = code.select(low, 0.0, code.select(high, code.number(_HALF_PI), _HALF_PI / 2))
    base_low = code.select(low, 0.0, code.select(high, code.number(_HALF_PI_LOW), _HALF_PI_LOW / 2))
    t = over / under
    z = t * t
    rest = code.fma(t * z, code.poly(z, *_ATAN), base_low)
    total = base + t
    return total, ((base - total) + t) + rest


def atan(code: Code, x: Value) -> Value:
    high, low = _angle(code, code.abs(x), code.number(1.0))
    return code.copysign(high + low, x)


def atan2(code: Code, y: Value, x: Value) -> Value:
    """The angle of the point (x, y); nan at the origin. Zeros have no sign."""
    y = y + 0.0
    a, b = code.abs(y), code.abs(x)
    shrink = code.select(code.most(a, b) > 1e300, code.number(2.0**-100), 1.0)
    high, low = _angle(code, a * shrink, b * shrink)
    left = code.copysign(1.0, x) < 0.0
    turned = 2 * _HALF_PI - high
    turned_low = ((2 * _HALF_PI - turned) - high) + (2 * _HALF_PI_LOW - low)
    made = code.select(left, turned, high) + code.select(left, turned_low, low)
    return code.copysign(made, y)
