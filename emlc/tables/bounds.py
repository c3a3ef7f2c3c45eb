"""Sizes that no right tree over eml goes below, one row a target, each with the search behind it.

A bound holds in every mode: it says that no smaller tree is right at one generic point of the
natural real domain, by exhaustion under the terms that the search prints.

    emlc search TARGET --mode shortest --time SECONDS --memory 7
"""

from __future__ import annotations

from typing import NamedTuple


class Bound(NamedTuple):
    """No tree of fewer than `least` nodes; the search takes about so many seconds of one core."""

    target: str
    least: int
    seconds: int


BOUNDS: tuple[Bound, ...] = (
    # settled: trees of this size are known
    Bound("1", 1, 1), Bound("x", 1, 1), Bound("y", 1, 1), Bound("e", 3, 1), Bound("exp(x)", 3, 1),
    Bound("0", 7, 1), Bound("ln(x)", 7, 1), Bound("x-y", 11, 1), Bound("x-1", 11, 1),
    Bound("1-x", 11, 1), Bound("-1", 15, 1), Bound("-x", 15, 1), Bound("inv(x)", 15, 1),
    Bound("sqr(x)", 17, 1), Bound("x*y", 17, 1), Bound("x/y", 17, 1), Bound("exp(-x)", 17, 1),
    Bound("2", 19, 1), Bound("x+y", 19, 1), Bound("x+1", 19, 1), Bound("2*x", 19, 1),
    Bound("x^3", 25, 5), Bound("x^y", 25, 5), Bound("ln(1+x)", 25, 1),
    Bound("ln(1+exp(x))", 25, 1), Bound("ln(exp(x)+exp(y))", 27, 3), Bound("1/2", 29, 1),
    Bound("half(x)", 29, 3), Bound("log(x,b)", 29, 21), Bound("sigmoid(x)", 29, 1),
    Bound("3", 29, 1), Bound("1/3", 35, 1), Bound("sqrt(x)", 35, 37), Bound("4", 39, 1),
    # open: smaller ones than are known are not ruled out
    Bound("pi", 55, 240), Bound("i", 57, 240), Bound("sqrt(2)", 57, 240),
    Bound("phi", 55, 240), Bound("sinh(x)", 39, 240), Bound("cosh(x)", 37, 240),
    Bound("tanh(x)", 39, 240), Bound("asinh(x)", 37, 240), Bound("atanh(x)", 39, 160),
    Bound("sin(x)", 37, 240), Bound("cos(x)", 37, 240), Bound("tan(x)", 39, 190),
    Bound("asin(x)", 37, 240), Bound("acos(x)", 37, 240),
    Bound("atan(x)", 37, 250), Bound("acosh(x)", 37, 250),
    Bound("avg(x,y)", 31, 250), Bound("x^2+y^2", 31, 240), Bound("hypot(x,y)", 29, 300),
)  # fmt: skip
