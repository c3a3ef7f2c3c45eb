"""Compile a formula to a tree over eml and evaluate it, three ways.

Run it: python examples/compile_and_evaluate.py
"""

from __future__ import annotations

import numpy as np

import emlc

SOURCE = "exp(-t/5) * cos(3*t)"

compiled = emlc.compile(SOURCE)
print(f"{SOURCE}: {compiled.size} nodes, {compiled.dag} distinct, {compiled.verdict.status}")
print(f"right on {compiled.domain}, except {list(compiled.excluded_points) or 'nowhere'}")

t = np.linspace(0.0, 4.0, 9)
expected = np.exp(-t / 5) * np.cos(3 * t)

# Native arithmetic on the formula: as fast as the machine goes.
fast = compiled.evaluator()(t=t)
# The tree itself, with branches taken exactly.
tree = compiled.evaluator("faithful")(t=t)
# The tree in rigorous arithmetic: slow, and right to the last digit.
rigorous = compiled.evaluator("balls")(t=t)

for name, values in (("native", fast), ("tree", tree), ("rigorous", rigorous)):
    worst = float(np.max(np.abs(values - expected)))
    assert worst < 1e-13, (name, worst)
    print(f"{name:9} differs from numpy by at most {worst:.0e}")
