"""Complex powers exp(y ln x) of many turns, with the digits that y ln x loses in doubles."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_SOME = 1024.0  # units in the last place, which is what exp(y ln x) loses
_MANY = 65536.0  # where numpy's longest type loses digits as well


def power(x: Any, y: Any) -> Any:
    """x^y."""
    return _mended(x**y, x, y, inverse=False)


def root(x: Any, n: Any) -> Any:
    """x^(1/n)."""
    return _mended(x ** (1 / n), x, n, inverse=True)


def exp2(x: Any) -> Any:
    """2^x."""
    two = x.dtype.type(2)
    return _mended(two**x, two, x, inverse=False)


FUNCTIONS: dict[str, Callable[..., Any]] = {f.__name__: f for f in (root, exp2)} | {"pow": power}


def _mended(value: Any, x: Any, y: Any, *, inverse: bool) -> Any:
    """The value, computed again where the exponent of e is large."""
    import numpy as np

    with np.errstate(all="ignore"):
        factor = 1 / np.abs(y) if inverse else np.abs(y)
        size = factor * (np.abs(np.log(np.abs(x))) + 4)
        again = (size > _SOME) & (size < np.inf)
        if not np.any(again):
            return value
        value, base, exponent = np.broadcast_arrays(value, x, y)
        value = value.copy()
        many = again & (size >= _MANY)
        if value.dtype != np.clongdouble:
            some = again & ~many
            long = exponent[some].astype(np.clongdouble)
            lift = (1 / long if inverse else long) * np.log(base[some].astype(np.clongdouble))
            value[some] = np.exp(lift)
        if np.any(many):
            bits = int(np.log2(np.max(size[many]))) + 150
            value[many] = _exact(base[many], exponent[many], value[many], bits, inverse=inverse)
    return value


def _exact(base: Any, exponent: Any, spare: Any, bits: int, *, inverse: bool) -> list[complex]:
    """The powers by balls, `spare` where they are beyond doubles."""
    import flint

    def ball(z: Any) -> Any:
        high = complex(z)
        return flint.acb(high) + flint.acb(complex(z - high))

    found = []
    with flint.ctx.workprec(bits):
        for x, y, other in zip(base, exponent, spare, strict=True):
            lift = (1 / ball(y) if inverse else ball(y)) * ball(x).log()
            z = lift.exp() if abs(lift.real) < 1000 else None
            found.append(other if z is None else complex(z))
    return found
