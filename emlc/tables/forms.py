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
