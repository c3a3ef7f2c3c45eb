"""How large everyday formulas are when everything is eml.

Run it: python examples/sizes.py
"""

from __future__ import annotations

import emlc

FORMULAS = (
    ("sum", "x + y"),
    ("product", "x*y"),
    ("kinetic energy", "m*v^2/2"),
    ("quadratic formula", "(-b + sqrt(b^2 - 4*a*c))/(2*a)"),
    ("compound interest", "p*(1 + r)^n"),
    ("logistic function", "1/(1 + exp(-x))"),
    ("normal density", "exp(-x^2/2)/sqrt(2*pi)"),
    ("decibels", "10*log10(p/q)"),
    ("pendulum", "2*pi*sqrt(l/g)"),
    ("one angle twice", "sin(x)^2 + cos(x)^2"),
)

print(f"{'':18}  {'K':>6}  {'dag':>5}  {'depth':>5}  formula")
for name, source in FORMULAS:
    c = emlc.compile(source, check=False)
    assert c.size % 2 == 1 and c.dag <= c.size
    print(f"{name:18}  {c.size:6}  {c.dag:5}  {c.depth:5}  {source}")
