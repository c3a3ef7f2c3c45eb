"""Hypothesis strategies for expressions and pure trees."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import strategies as st

from emlc.ir.node import ONE, Node, eml, lit, node, var
from emlc.tables.primitives import ROWS

NAMES = ("x", "y", "x1", "x_1", "T_max", "alpha", "lambda_2", "mass", "α", "a_b_c", "x_")

variables = st.sampled_from(NAMES).map(var)

numbers = st.one_of(
    st.integers(-9, 9).map(Fraction),
    st.fractions(),
    st.builds(
        lambda digits, power: Fraction(digits) * Fraction(10) ** power,
        st.integers(-(10**6), 10**6),
        st.integers(-60, 60),
    ),
)

leaves = st.one_of(
    variables,
    numbers.map(lit),
    st.sampled_from([node(row) for row in ROWS if not row.params]),
)


def _applied(below: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    rows = st.sampled_from([row for row in ROWS if row.params])
    return rows.flatmap(
        lambda row: st.tuples(*(below for _ in row.params)).map(lambda args: node(row, *args))
    )


# Every row of the tables, over variables, rational numbers and constants.
expressions = st.recursive(leaves, _applied, max_leaves=12)

# Trees over {eml, 1, variables}.
pure_trees = st.recursive(
    st.one_of(st.just(ONE), variables),
    lambda below: st.builds(eml, below, below),
    max_leaves=30,
)

# Formulas of x and y with small numbers, which other systems can evaluate.
formulas = st.recursive(
    st.one_of(
        st.sampled_from(("x", "y")).map(var),
        st.sampled_from([Fraction(n, d) for n, d in ((1, 1), (2, 1), (3, 1), (-1, 1), (1, 2))]).map(
            lit
        ),
        st.sampled_from([node(row) for row in ROWS if not row.params]),
    ),
    _applied,
    max_leaves=5,
)
