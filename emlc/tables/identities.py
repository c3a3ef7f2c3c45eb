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
