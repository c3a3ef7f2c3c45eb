"""Forms that keep their digits in floating point, each equal to its pattern at all real points."""

from __future__ import annotations

# (pattern, body): parameters range over the reals, and the body is defined where the pattern is.
STABLE: tuple[tuple[str, str], ...] = (
    ("ln(1+exp(x))", "softplus(x)"),
    ("ln(1+x)", "log1p(x)"),
    ("ln(1-x)", "log1p(-x)"),
    ("exp(x)-1", "expm1(x)"),
    ("-1+exp(x)", "expm1(x)"),
    ("1-exp(x)", "-expm1(x)"),
    ("sqrt(x^2+y^2)", "hypot(x,y)"),
    ("sqrt(x^2+1)", "hypot(x,1)"),
    ("sqrt(x^2)", "abs(x)"),
)
