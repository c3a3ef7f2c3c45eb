"""The constants of a tree, computed rigorously: what doubles get wrong first.

A page computes trees in doubles with error bounds. A zero that is the difference of two rounded
numbers is no zero to it, so the subtrees without variables are given to it, exact where they are.
"""

from __future__ import annotations

import math
from array import array
from typing import Any

from emlc.ir.node import Var
from emlc.ir.tape import NONE, Tape
from emlc.lower.balls import Ball, evaluate_all

_MOST = 5_000
_UNIT = 2.3e-16
_BITS = 4_096


def constants(tape: Tape) -> list[list[Any]]:
    """The entries without variables that are not leaves: entry, a, b, da and db.

    The value is a + i pi b, with errors of at most da and pi db; infinite parts are text, and a
    value that is not known, or beyond doubles, is null.

    >>> from emlc.ir.tape import flatten
    >>> from emlc.parse import parse_tree
    >>> constants(flatten(parse_tree("11xE1EE"))), constants(flatten(parse_tree("111E1EE")))[-1]
    ([], [3, 0.0, 0.0, 0.0, 0.0])
    """
    place: dict[int, int] = {}
    left, right, op = array("i"), array("i"), array("i")
    for k, (a, b) in enumerate(zip(tape.left, tape.right, strict=True)):
        leaf = a == NONE and not isinstance(tape.head(k), Var)
        if leaf or (a in place and b in place):
            place[k] = len(op)
            op.append(tape.op[k])
            left.append(place.get(a, NONE))
            right.append(place.get(b, NONE))
    if not op or len(op) > _MOST:
        return []
    balls = evaluate_all(Tape(tape.heads, op, left, right), max_bits=_BITS)
    return [[k, *_turned(balls[n])] for k, n in place.items() if left[n] != NONE]


def _turned(ball: Ball) -> list[Any]:
    """A value in half-turns with its errors."""
    if ball.kind == "infinite":
        turns = float(ball.turns) if ball.turns is not None else 0.0
        return ["Infinity" if ball.sign > 0 else "-Infinity", turns, 0.0, 0.0]
    if ball.kind != "finite":
        return [None, None, 0.0, 0.0]
    import flint

    a, da = _rounded(ball.value.real)
    if ball.turns is not None:
        b = float(ball.turns)
        db = 0.0 if b == ball.turns else _UNIT * abs(b)
    else:
        b, db = _rounded(ball.value.imag / flint.arb.pi())
    beyond = not all(map(math.isfinite, (a, b, da, db)))
    return [None, None, 0.0, 0.0] if beyond else [a, b, da, db]


def _rounded(part: Any) -> tuple[float, float]:
    """A real ball as a double and how far off it may be."""
    near = float(part.mid())
    if part == near:
        return near, 0.0
    return near, _UNIT * abs(near) + float(part.rad()) * 2
