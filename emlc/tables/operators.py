"""Operators that may stand for eml: formulas in their parameters, and constants to start from."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, eq=False)
class Operator:
    """One row.

    formula   what it computes, principal values, by the rows of STEPS alone
    leaves    constants that trees over it may hold besides variables: formulas, or -inf
    variable  whether trees for constants hold the variable x, having no finite constant to start
    """

    name: str
    params: tuple[str, ...]
    formula: str
    leaves: tuple[str, ...] = ("1",)
    variable: bool = False
    source: str = "A. Odrzywolek, arXiv 2603.21852"


OPERATORS: tuple[Operator, ...] = (
    Operator("eml", ("x", "y"), "exp(x)-ln(y)"),
    Operator("edl", ("x", "y"), "exp(x)/ln(y)", ("e",)),
    Operator("-eml", ("x", "y"), "ln(x)-exp(y)", ("-inf",), variable=True),
    Operator("ternary", ("x", "y", "z"), "exp(x)/ln(x)*(ln(z)/exp(y))", (), variable=True),
)

BY_NAME: dict[str, Operator] = {row.name: row for row in OPERATORS}

# The primitives that an operator's formula may use, and the step each one is.
STEPS: dict[str, str] = {
    "exp": "exp", "ln": "ln", "add": "add", "sub": "sub", "mul": "mul", "div": "div",
}  # fmt: skip

# How else a formula may be written: by the steps alone.
REWRITTEN: dict[str, str] = {
    "neg": "0-x", "inv": "1/x", "sqr": "x*x", "half": "x/2", "sqrt": "exp(ln(x)/2)",
    "pow": "exp(y*ln(x))", "log": "ln(x)/ln(b)",
}  # fmt: skip
