"""Identities, strings only: what formulas may be replaced by, and where.

`DEFINITIONS` write the ground functions by exp, ln and powers; each holds for all complex
arguments, on the cuts too (NIST DLMF 4.14, 4.28, 4.23.16-4.23.26 and 4.37.16-4.37.24).
"""

from __future__ import annotations

DEFINITIONS: dict[str, str] = {
    "sin": "(exp(i*x)-exp(-i*x))/(2*i)",
    "cos": "(exp(i*x)+exp(-i*x))/2",
    "tan": "(exp(i*x)-exp(-i*x))/(i*(exp(i*x)+exp(-i*x)))",
    "sinh": "(exp(x)-exp(-x))/2",
    "cosh": "(exp(x)+exp(-x))/2",
    "tanh": "(exp(x)-exp(-x))/(exp(x)+exp(-x))",
    "asin": "-i*ln(i*x+sqrt(1-x^2))",
    "acos": "pi/2+i*ln(i*x+sqrt(1-x^2))",
    "atan": "i/2*(ln(1-i*x)-ln(1+i*x))",
    "asinh": "ln(x+sqrt(x^2+1))",
    "acosh": "ln(x+sqrt(x-1)*sqrt(x+1))",
    "atanh": "(ln(1+x)-ln(1-x))/2",
}

# exp(w) + exp(-w) and exp(w) - exp(-w), for imaginary and for real w
CIRCULAR = ("cos", "sin")
HYPERBOLIC = ("cosh", "sinh")
# numerator: (denominator, quotient)
QUOTIENTS: dict[str, tuple[str, str]] = {"sin": ("cos", "tan"), "sinh": ("cosh", "tanh")}
# what stands under the logarithm of an inverse function: u with a square root, u with 1 or i, or
# the real and the imaginary part; the first that fits is taken
INVERSES: dict[str, str] = {
    "asin": "root",
    "acos": "root",
    "asinh": "root",
    "acosh": "root",
    "atan": "one",
    "atanh": "one",
    "acot": "one",
    "atan2": "parts",
}
