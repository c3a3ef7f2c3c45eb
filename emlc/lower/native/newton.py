"""Quotients and square roots by products, beside those that the machine's divider computes.

A divider takes one vector at a time and leaves the multipliers idle. Quick code gives some of its
quotients and roots to them: an estimate of 14 bits, one step to 42, and a last step with the exact
remainder, which rounds as the divider does in all but one of a billion cases.
"""

from __future__ import annotations

from emlc.lower.native.ssa import Code, Value

# Within these neither a reciprocal nor a remainder leaves the range of doubles.
_LEAST, _MOST = 2.0**-900, 2.0**100
# Cycles of the divider, of the multipliers meanwhile, and of the multipliers alone
_COSTS = {"div": (9, 3, 8), "sqrt": (16, 2, 12)}


def quotient(code: Code, x: Value, y: Value) -> Value:
    """x/y."""
    if not code.target.quick:
        return x / y
    seen = code.waits(y) and code.next_by_products()
    if seen:
        code.below(y, _MOST)
    return code.halves(lambda half, a, b: _quotient(half, a, b, seen), x, y)


def root(code: Code, x: Value) -> Value:
    """The square root of x."""
    if not code.target.quick:
        return code.sqrt(x)
    return code.halves(_root, x)


def inside(code: Code, x: Value) -> Value:
    """What is negative where x is not well within the positive doubles."""
    bits = code.bits(x)
    return (bits - _bits_least) | (_bits_most - bits)


def _quotient(code: Code, x: Value, y: Value, seen: bool) -> Value:
    if not code.by_products("div"):
        return x / y
    if not seen:
        code.doubt_size(y, _MOST)
    if x.number is None:
        size = code.size(x)
        code.doubt((size - _bits_least) & -size)
    first = _estimate(code, "rcp14", y)
    error = code.fma(-first, y, 1.0)
    inverse = code.fma(first, code.fma(error, error, error), first)
    if x.number == 1.0:
        return code.fma(code.fma(-inverse, y, 1.0), inverse, inverse)
    q = x * inverse
    made = code.fma(-code.fma(q, y, -x), inverse, q)
    return code.doubles(code.bits(made) | (code.bits(q) & (-1 << 63)))  # the sign of a zero


def _root(code: Code, x: Value) -> Value:
    if not code.by_products("sqrt"):
        return code.sqrt(x)
    code.doubt(inside(code, x))
    first = _estimate(code, "rsqrt14", x)
    g, h = x * first, first * 0.5
    error = code.fma(-g, h, 0.5)
    step = error * code.fma(error, 1.5, 1.0)
    g, h = code.fma(g, step, g), code.fma(h, step, h)
    return code.fma(code.fma(-g, g, x), h, g)


def _estimate(code: Code, how: str, x: Value) -> Value:
    v = code.types["d"]
    name = f"llvm.x86.avx512.{how}.pd.512"
    code.declared[name] = f"declare {v} @{name}({v}, {v}, i8)"
    return code.line("d", f"call {v} @{name}({v} {x.name}, {v} zeroinitializer, i8 -1)")


_bits_least, _bits_most = (1023 - 900) << 52, (1023 + 900) << 52


def shared(heavy: list[str], products: int) -> frozenset[int]:
    """Which of the quotients and roots go by products, so that both units finish together.

    products    cycles of the multipliers for all else
    """
    divider = sum(_COSTS[how][0] for how in heavy)
    products += sum(_COSTS[how][1] for how in heavy)
    chosen: set[int] = set()
    # a root saves most, and the second register of two can go beside the first
    order = sorted(range(len(heavy)), key=lambda k: (-_COSTS[heavy[k]][0], k % 2 == 0, k))
    for k in order:
        alone, beside, instead = _COSTS[heavy[k]]
        if max(divider - alone, products - beside + instead) < max(divider, products):
            divider, products = divider - alone, products - beside + instead
            chosen.add(k)
    return frozenset(chosen)
