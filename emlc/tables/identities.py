"""Identities, strings only: what formulas may be replaced by, and where.

`DEFINITIONS` write the ground functions by exp, ln and powers; each holds for all complex
arguments, on the cuts too (NIST DLMF 4.14, 4.28, 4.23.16-4.23.26 and 4.37.16-4.37.24).
`LAWS` are other ways to write a part of a formula, for the compiler to choose from: the right side
for the left wherever `where` is known to hold, and the left for the right where `both`.
"""

from __future__ import annotations

from emlc.tables.witnesses import Witness

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


def _law(left: str, right: str, where: str = "", both: bool = True) -> tuple[Witness, ...]:
    """An identity as rows, each with its condition."""
    there = Witness(left, body=right, where=where, source="identity")
    back = Witness(right, body=left, where=where, source="identity")
    return (there, back) if both else (there,)


# Sums and products are brought into every order; that needs these two alone.
SUMS = Witness("x+(y+z)", body="(x+y)+z", source="identity")
PRODUCTS = Witness("x*(y*z)", body="(x*y)*z", source="identity")

LAWS: tuple[Witness, ...] = (
    # factors and denominators
    *_law("x*y+x*z", "x*(y+z)"),
    *_law("x*y-x*z", "x*(y-z)"),
    *_law("x*y+x", "x*(y+1)"),
    *_law("x*y-x", "x*(y-1)"),
    *_law("x-x*y", "x*(1-y)"),
    *_law("x/z+y/z", "(x+y)/z", "z:nonzero"),
    *_law("x/z-y/z", "(x-y)/z", "z:nonzero"),
    *_law("x/y+z", "(x+y*z)/y", "y:nonzero"),
    *_law("x/y-z", "(x-y*z)/y", "y:nonzero"),
    *_law("z-x/y", "(y*z-x)/y", "y:nonzero"),
    *_law("1/x+1/y", "(x+y)/(x*y)", "x:nonzero; y:nonzero"),
    *_law("1/x-1/y", "(y-x)/(x*y)", "x:nonzero; y:nonzero"),
    *_law("1/x+y", "(1+x*y)/x", "x:nonzero"),
    *_law("1/x-y", "(1-x*y)/x", "x:nonzero"),
    *_law("y-1/x", "(x*y-1)/x", "x:nonzero"),
    *_law("x/y", "1/(y/x)", "x:nonzero; y:nonzero"),
    *_law("x/(x+y)", "1/(1+y/x)", "x:nonzero; x+y:nonzero"),
    *_law("x/(x-y)", "1/(1-y/x)", "x:nonzero; x-y:nonzero"),
    *_law("x/(y-x)", "1/(y/x-1)", "x:nonzero; y-x:nonzero"),
    *_law("x/(1+x)", "1-1/(1+x)", "1+x:nonzero"),
    # squares
    *_law("x^2-y^2", "(x+y)*(x-y)"),
    *_law("1-x^2", "(1+x)*(1-x)"),
    *_law("x^2-1", "(x+1)*(x-1)"),
    *_law("(x+y)^2", "x^2+2*x*y+y^2"),
    *_law("(x-y)^2", "x^2-2*x*y+y^2"),
    *_law("(x-y)^2", "(y-x)^2"),
    *_law("(x*y)^2", "x^2*y^2"),
    *_law("(x/y)^2", "x^2/y^2", "y:nonzero"),
    *_law("(1/x)^2", "1/x^2", "x:nonzero"),
    *_law("(x^2)^2", "x^4"),
    *_law("x*x^2", "x^3"),
    *_law("x^2", "exp(2*ln(x))", "x:complex nonzero", both=False),
    *_law("sqrt(x)^2", "x", both=False),
    # exponentials
    *_law("exp(x+y)", "exp(x)*exp(y)"),
    *_law("exp(x-y)", "exp(x)/exp(y)"),
    *_law("exp(-x)", "1/exp(x)"),
    *_law("exp(x)^2", "exp(2*x)"),
    *_law("exp(x)^y", "exp(x*y)", "x:real"),
    *_law("exp(x*ln(y))", "y^x", "y:complex nonzero"),
    *_law("exp(ln(x))", "x", "x:complex nonzero", both=False),
    # logarithms
    *_law("ln(exp(x))", "x", "x:real", both=False),
    *_law("ln(x*y)", "ln(x)+ln(y)", "x:positive; y:complex nonzero"),
    *_law("ln(x/y)", "ln(x)-ln(y)", "x:complex nonzero; y:positive"),
    *_law("ln(1/x)", "-ln(x)", "x:positive"),
    *_law("ln(x^2)", "2*ln(x)", "x:positive"),
    *_law("ln(x^y)", "y*ln(x)", "x:positive; y:real"),
    *_law("ln(sqrt(x))", "ln(x)/2", "x:complex nonzero"),
    # powers
    *_law("sqrt(x)", "exp(ln(x)/2)", "x:complex nonzero"),
    *_law("x^y*x^z", "x^(y+z)", "x:positive"),
    *_law("x^y/x^z", "x^(y-z)", "x:positive"),
    *_law("x*x^y", "x^(y+1)", "x:positive"),
    *_law("x^y/x", "x^(y-1)", "x:positive"),
    *_law("x^(-y)", "1/x^y", "x:complex nonzero"),
    *_law("(x*y)^z", "x^z*y^z", "x:positive; y:positive"),
    *_law("(x/y)^z", "x^z/y^z", "x:positive; y:positive"),
    *_law("x^y/z^y", "(x/z)^y", "x:positive; z:positive"),
    *_law("(x^y)^z", "x^(y*z)", "x:positive; y:real"),
    *_law("sqrt(x)*sqrt(y)", "sqrt(x*y)", "x:nonnegative"),
    *_law("sqrt(x)/sqrt(y)", "sqrt(x/y)", "x:complex; y:positive"),
    *_law("sqrt(x^2)", "x", "x:nonnegative", both=False),
    # hyperbolic functions
    *_law("cosh(x)^2-sinh(x)^2", "1", both=False),
    *_law("sinh(x)/cosh(x)", "tanh(x)", "cosh(x):nonzero"),
    *_law("1-tanh(x)^2", "1/cosh(x)^2", "cosh(x):nonzero"),
    *_law("sinh(x)*cosh(x)", "sinh(2*x)/2"),
    *_law("cosh(x)^2+sinh(x)^2", "cosh(2*x)"),
    *_law("sigmoid(x)", "1/(1+exp(-x))", "x:real"),
    *_law("1-sigmoid(x)", "sigmoid(-x)", "x:real"),
    *_law("tanh(x)", "2*sigmoid(2*x)-1", "x:real"),
    *_law("1+tanh(x)", "2*sigmoid(2*x)", "x:real"),
    *_law("sinh(x)", "(exp(x)-exp(-x))/2"),
    *_law("cosh(x)", "(exp(x)+exp(-x))/2"),
    *_law("ln(1+exp(x))", "softplus(x)", "x:real"),
    # circular functions
    *_law("sin(pi*x)", "(exp(i*pi*x)-exp(-(i*pi)*x))/(2*i)", "x:real", both=False),
    *_law("cos(pi*x)", "(exp(i*pi*x)+exp(-(i*pi)*x))/2", "x:real", both=False),
    *_law("sin(x)^2+cos(x)^2", "1", both=False),
    *_law("cos(x)^2-sin(x)^2", "cos(2*x)"),
    *_law("sin(x)*cos(x)", "sin(2*x)/2"),
    *_law("sin(x)*cos(y)+cos(x)*sin(y)", "sin(x+y)"),
    *_law("sin(x)*cos(y)-cos(x)*sin(y)", "sin(x-y)"),
    *_law("cos(x)*cos(y)-sin(x)*sin(y)", "cos(x+y)"),
    *_law("cos(x)*cos(y)+sin(x)*sin(y)", "cos(x-y)"),
    *_law("1-cos(2*x)", "2*sin(x)^2"),
    *_law("1+cos(2*x)", "2*cos(x)^2"),
    *_law("sin(x)^2", "(1-cos(2*x))/2"),
    *_law("cos(x)^2", "(1+cos(2*x))/2"),
    *_law("1-sin(x)^2", "cos(x)^2"),
    *_law("1-cos(x)^2", "sin(x)^2"),
    *_law("sin(x)/cos(x)", "tan(x)", "cos(x):nonzero", both=False),
    *_law("1+tan(x)^2", "1/cos(x)^2", "cos(x):nonzero"),
)
