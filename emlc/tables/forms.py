"""What laws look like, strings only: shapes of one variable, and how two of them are joined.

In a shape, x is a variable or a product or quotient of two. The numbers are drawn, then fitted:
p a power, k a rate for x and r a positive one, j that rate k times a value of x, q a rate that
keeps q*x below 1, m a value of x, c any number. In a join, f and g are shapes.
"""

from __future__ import annotations

SHAPES: tuple[str, ...] = (
    "x",
    "x^p",
    "exp(k*x)",
    "exp(m/x)",
    "exp(-sqr(k*x-j))",
    "sin(k*x)",
    "cos(k*x)",
    "sin(k*x-j)",
    "ln(x+m)",
    "tanh(k*x-j)",
    "sqr(x-m)",
    "inv(x+m)",
    "inv(1+sqr(k*x-j))",
    "inv(1+x^p/c)",
    "inv(exp(r*x)-1)",
    "inv(1+exp(k*x-j))",
    "sqrt(1+sqr(k*x))",
    "sqrt(1-sqr(q*x))",
    "inv(sqrt(1-sqr(q*x)))",
    "(1-sqr(q*x))^p",
    "(1+sqr(k*x))^p",
)

JOINS: tuple[str, ...] = (
    "f",
    "f*g",
    "f*g",
    "f+c*g",
    "sqr(f)-c*f",
    "inv(f+c*g)",
    "exp(c*f)*g",
)

# A sum s is fitted to what a target y becomes by the second formula, where y is in the range, and
# gives the target back by the first, where a factor of s or a number added becomes a factor of y
# or a number added to it, if the last says so.
TARGETS: tuple[tuple[str, str, tuple[float, float], str], ...] = (
    ("s", "y", (-1e300, 1e300), "factor and number"),
    ("inv(s)", "inv(y)", (1e-300, 1e300), "factor"),
    ("sqrt(s)", "sqr(y)", (0.0, 1e300), "factor"),
    ("inv(sqrt(s))", "inv(sqr(y))", (1e-300, 1e300), "factor"),
    ("exp(s)", "ln(y)", (1e-300, 1e300), "number"),
    ("sqr(s)", "sqrt(y)", (0.0, 1e300), "factor"),
    ("ln(s)", "exp(y)", (-30.0, 30.0), "factor"),
    ("asin(s)", "sin(y)", (-1.57, 1.57), ""),
)

# What a product may hold beside powers of columns: functions of one of them, u, and of two.
SINGLE: tuple[str, ...] = ("sin(u)", "cos(u)", "exp(u)", "exp(-u)", "ln(u)")
MIXED: tuple[str, ...] = ("sin(u*v)", "cos(u*v)", "exp(-u*v)", "exp(u/v)", "exp(-u/v)", "cos(u-v)")
