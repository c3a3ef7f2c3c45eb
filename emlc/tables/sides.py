"""On which side of its cuts numpy, C and Python take a complex function.

They read the side off the sign of a zero part; emlc's zeros are all +0. Where the principal value
lies on the other side, the argument is spelled so that its zero gets the right sign: twice a
quarter turn, there and back, changes nothing else. `J` stands for the imaginary unit.
"""

from __future__ import annotations

# Cuts on the real axis: above left of 0, below right of 0.
_REAL = "-J*(J*{x})"
# Cuts on the imaginary axis: right of it above 0, left of it below.
_IMAGINARY = "J*(-J*{x})"

SIDES: dict[str, str] = {
    "asin": _REAL,
    "acos": _REAL,
    "atanh": _REAL,
    "asinh": _IMAGINARY,
    "atan": _IMAGINARY,
}
