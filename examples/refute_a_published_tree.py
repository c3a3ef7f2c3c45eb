"""Check published trees, and refute those that are wrong for negative numbers.

Run it: python examples/refute_a_published_tree.py
"""

from __future__ import annotations

import cmath

import emlc

LN = "11xE1EE"  # eml(1, eml(eml(1, x), 1)), the seven nodes of the paper


def as_numpy_sees_it(x: complex) -> complex:
    """The tree of ln in ordinary complex doubles."""
    inner = cmath.exp(1) - cmath.log(x)
    return cmath.exp(1) - cmath.log(cmath.exp(inner))


# It is ln for positive numbers,
verdict = emlc.check("ln(x)", LN, {"x": "positive"})
print(f"ln, x positive: {verdict.status}")
assert verdict.status in ("proved", "agrees")

# and not for negative ones, where doubles report agreement all the same.
print(f"in doubles, at -1: {as_numpy_sees_it(-1)}")
verdict = emlc.check("ln(x)", LN, {"x": "real"})
print(f"ln, x real: {verdict.status}, {verdict.how}")
assert verdict.status == "refuted"

# So every tree for i*pi that is made of ln(-1) in this way is -i*pi.
ln_of_minus_one = LN.replace("x", "11111E1EEEE11EE")
verdict = emlc.check("i*pi", ln_of_minus_one)
print(f"i*pi: {verdict.status}, {verdict.how}")
assert verdict.status == "refuted"
assert emlc.check("-i*pi", ln_of_minus_one).status != "refuted"

# The smallest known tree that is right on the whole line:
whole = emlc.compile("ln(x)", {"x": "real"})
print(f"right for all real x: {whole.size} nodes, {whole.show('rpn')}")
