"""Ways to compute that lose fewer digits: what a careful person writes instead of a formula.

Each row is an identity for all real numbers at which its left side has a real value; the right side
keeps the digits that the left one cancels, and does not overflow where the value does not.
"""

from __future__ import annotations

from emlc.tables.primitives import Primitive

# By functions that every language has which formulas are exported to.
COMMON: tuple[tuple[str, str], ...] = (
    ("ln(1+x)", "log1p(x)"),
    ("ln(1-x)", "log1p(-x)"),
    ("log1p(exp(x))", "softplus(x)"),
    ("exp(x)-1", "expm1(x)"),
    ("-1+exp(x)", "expm1(x)"),
    ("1-exp(x)", "-expm1(x)"),
    ("sqrt(sqr(x)+sqr(y))", "hypot(x,y)"),
    ("cosh(x)/sinh(x)", "inv(tanh(x))"),
    ("coth(x)", "inv(tanh(x))"),
)

# Inverse functions of 1/x, which rounding spoils beside 1 and -1. Off the real domain the principal
# values of the sides may differ.
INVERSES: tuple[tuple[str, str], ...] = tuple(
    (left, right)
    for name, inner, right in (
        ("asec(x)", "acos(inv(x))", "atan2(sqrt(abs(x)-1)*sqrt(abs(x)+1),x/abs(x))"),
        ("acsc(x)", "asin(inv(x))", "atan2(x/abs(x),sqrt(abs(x)-1)*sqrt(abs(x)+1))"),
        ("asech(x)", "acosh(inv(x))", "2*asinh(sqrt(half((1-x)/x)))"),
        ("acoth(x)", "atanh(inv(x))", "log1p(2/(abs(x)-1))/2*(x/abs(x))"),
        # no number at 0, where the arc tangent of an infinity has two sides
        ("acot(x)", "atan(inv(x))", "atan(inv(x))+0/x"),
    )
    for left in (name, inner)
)

# Reciprocals whose divisor leaves the range of doubles before they do, and functions of reciprocals
# that do; compiled code computes such points again.
TAILS: tuple[tuple[str, str], ...] = (
    ("sigmoid(x)", "exp(half(x-abs(x)))/(1+exp(-abs(x)))"),
    ("sech(x)", "2*exp(-abs(x))/(1+exp(-2*abs(x)))"),
    ("csch(x)", "2*exp(-abs(x))/(1+exp(-2*abs(x)))/tanh(x)"),
    *(
        (left, right)
        for name, inner, right in (
            ("asech(x)", "acosh(inv(x))", "2*asinh(sqrt(half(1-x))/sqrt(x))"),
            (
                "acsch(x)",
                "asinh(inv(x))",
                "2*asinh(half(inv(sqrt(abs(x))*sqrt(half(hypot(x,1))+half(abs(x))))))*(x/abs(x))",
            ),
            ("acot(x)", "atan(inv(x))", "atan2(x/abs(x),abs(x))"),
        )
        for left in (name, inner)
    ),
)

# COMMON, and two that the compiled code does without: it computes such roots again where they
# overflow.
EXPORTED = (*COMMON, ("sqrt(sqr(x)+1)", "hypot(x,1)"), ("sqrt(sqr(x))", "abs(x)"))

# Left side; right side, in emlc's own syntax, or the name of a helper and its arguments.
FORMS: tuple[tuple[str, ...], ...] = (
    *COMMON,
    *INVERSES,
    ("root(x,3)", "cbrt(x)"),
    ("log1p(-exp(x))", "ln(-expm1(x))"),
    ("inv(1+exp(x))", "sigmoid(-x)"),
    ("x/(1+exp(y))", "x*sigmoid(-y)"),
    ("exp(x)*sigmoid(-x)", "sigmoid(x)"),
    ("1-sigmoid(x)", "sigmoid(-x)"),
    ("exp(x)-exp(-x)", "2*sinh(x)"),
    ("exp(-x)-exp(x)", "-2*sinh(x)"),
    ("exp(x)+exp(-x)", "2*cosh(x)"),
    ("2*sinh(x)/(2*cosh(x))", "tanh(x)"),
    ("sinh(x)/cosh(x)", "tanh(x)"),
    ("2*sinh(x)/2", "sinh(x)"),
    ("2*cosh(x)/2", "cosh(x)"),
    ("1-cos(x)", "2*sqr(sin(x/2))"),
    ("cos(x)-1", "-2*sqr(sin(x/2))"),
    ("-1+cos(x)", "-2*sqr(sin(x/2))"),
    ("cosh(x)-1", "2*sqr(sinh(x/2))"),
    ("-1+cosh(x)", "2*sqr(sinh(x/2))"),
    ("1-cosh(x)", "-2*sqr(sinh(x/2))"),
    ("1-sqr(tanh(x))", "inv(sqr(cosh(x)))"),
    ("1-sqr(sin(x))", "sqr(cos(x))"),
    ("1-sqr(cos(x))", "sqr(sin(x))"),
    ("1-sqr(x)", "(1-x)*(1+x)"),
    ("sqr(x)-1", "(x-1)*(x+1)"),
    ("-1+sqr(x)", "(x-1)*(x+1)"),
    ("sqr(x)-sqr(y)", "(x-y)*(x+y)"),
    ("sqrt(x)-sqrt(x+y)", "minus gap", "sqrt(x+y)", "sqrt(x)", "y"),
    ("sqrt(x+y)-sqrt(x)", "gap", "sqrt(x+y)", "sqrt(x)", "y"),
    ("sqrt(x)-sqrt(x-y)", "minus gap", "sqrt(x-y)", "sqrt(x)", "-y"),
    ("sqrt(1+x)-1", "x/(1+sqrt(1+x))"),
    ("1-sqrt(1-x)", "x/(1+sqrt(1-x))"),
    ("-1+sqrt(1+x)", "x/(1+sqrt(1+x))"),
    # one root of a quadratic equation: no cancellation on either side of x = 0
    ("sqrt(sqr(x)+y)-x", "gap", "sqrt(sqr(x)+y)", "x", "y"),
    ("sqrt(sqr(x)-y)-x", "gap", "sqrt(sqr(x)-y)", "x", "-y"),
    ("x+sqrt(sqr(x)+y)", "gap", "sqrt(sqr(x)+y)", "-x", "y"),
    ("x+sqrt(sqr(x)-y)", "gap", "sqrt(sqr(x)-y)", "-x", "-y"),
    ("x-sqrt(sqr(x)+y)", "minus gap", "sqrt(sqr(x)+y)", "x", "y"),
    ("x-sqrt(sqr(x)-y)", "minus gap", "sqrt(sqr(x)-y)", "x", "-y"),
    ("-x-sqrt(sqr(x)+y)", "minus gap", "sqrt(sqr(x)+y)", "-x", "y"),
    ("-x-sqrt(sqr(x)-y)", "minus gap", "sqrt(sqr(x)-y)", "-x", "-y"),
)

P = Primitive
LARGEST_POWER = 16  # written as products; above it pow

# Operations that no formula names.
HELPERS: dict[str, Primitive] = {
    row.name: row
    for row in (
        P("gap", ("s", "x", "y")),  # s - x where s = sqrt(x^2 + y)
        P("gap_over", ("s", "x", "y", "z")),  # the same divided by z
        P("cube", ("x",)),  # x^3, rounded once
        P("fractional", ("x", "y", "low")),  # x^(y + low) for a number y + low that is no double
        # powers that squares and cubes give with an error of 4 units in the last place or more
        *(P(f"power{n}", ("x",)) for n in (10, 11, 13, 14, 15, 16)),
    )
}
