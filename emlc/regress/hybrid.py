"""Circuits propose, a table of small trees completes: pure trees of any number of variables.

A snapped circuit that is right but for one subtree has, at that subtree's input, the value that it
should have: what the target leaves when the gates above are undone. The table is asked for it.
"""

# mypy: disable-error-code="no-any-return"

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from emlc.lower.jit import Array, compiled
from emlc.regress.exact import pivots
from emlc.regress.snapping import draw, polish
from emlc.regress.table import Table, begin, find, forecast, grow
from emlc.regress.train import Circuit, seeded, spread
from emlc.regress.values import FINE, difference, eml, exponential, logarithm

_CAPACITY = 300_000
_BIAS = 0.7
_POLISHED = 8
_POINTS = 36
_BATCH = 3_000
_DEPTH = 6
_DRAWS = 4
_ROWS = 3


@compiled
def part(j: int, choice: Array, x: Array, f: Array, p: int) -> tuple[float, float]:
    """The value of input j at point p."""
    o = choice[j]
    if o == 0:
        return 1.0, 0.0
    if o <= x.shape[0]:
        return x[o - 1, p], 0.0
    return f[j, p, 0], f[j, p, 1]


@compiled
def gates_at(choice: Array, x: Array, f: Array, fine: Array) -> None:
    """The values f of all gates at all points, and which of them are fine."""
    half = choice.size // 2
    for s in range(half - 1, 0, -1):
        fine[s] = True
        for j in range(2 * s, 2 * s + 2):
            fine[s] = fine[s] and (choice[j] <= x.shape[0] or fine[j])
        for p in range(x.shape[1] if fine[s] else 0):
            a, b = part(2 * s, choice, x, f, p)
            c, d = part(2 * s + 1, choice, x, f, p)
            f[s, p, 0], f[s, p, 1], status = eml(a, b, c, d)
            fine[s] = fine[s] and status == FINE


@compiled
def needed(s: int, side: int, choice: Array, x: Array, f: Array, need: Array) -> bool:
    """Fill need[2s + side], the value with which gate s is need[s]; whether there is one."""
    j = 2 * s + side
    for p in range(x.shape[1]):
        a, b = part(2 * s + 1 - side, choice, x, f, p)
        if side == 0:
            a, b, one = logarithm(a, b)
            a, b, two = difference(need[s, p, 0], need[s, p, 1], -a, -b)
            a, b, three = logarithm(a, b)
        else:
            a, b, one = exponential(a, b)
            a, b, two = difference(a, b, need[s, p, 0], need[s, p, 1])
            if not -1.0 < b <= 1.0:
                return False
            a, b, three = exponential(a, b)
        need[j, p, 0], need[j, p, 1] = a, b
        if max(one, two, three) != FINE:
            return False
    return True


@compiled
def completed(
    choice: Array, x: Array, f: Array, fine: Array, need: Array, slots: Array, value: Array
) -> tuple[int, int]:
    """An input and the entry of the table that makes the circuit right there; (0, 0) for none.

    need[1] is the target.
    """
    half = choice.size // 2
    gates_at(choice, x, f, fine)
    asked = np.zeros(half, dtype=np.bool_)
    asked[1] = True
    for s in range(1, half):
        if not asked[s]:
            continue
        for side in range(2):
            other = 2 * s + 1 - side
            if choice[other] > x.shape[0] and not fine[other]:
                continue
            if not needed(s, side, choice, x, f, need):
                continue
            j = 2 * s + side
            n = find(slots, value, need[j])
            if n >= 0:
                return j, n
            if choice[j] > x.shape[0]:
                asked[j] = True
    return 0, 0


@compiled
def proposals(
    count: int, allowed: Array, data: tuple[Array, Array], work: tuple[Array, Array],
    few: tuple[Array, Array, Array, Array], table: tuple[Array, Array], choice: Array,
) -> tuple[int, int]:  # fmt: skip
    """Circuits from random weights, some of them polished, until the table completes one.

    The data are those that polish them; few are the rows that the table knows, and the workspace of
    `completed`.
    """
    x, wanted = data
    f, good = work
    rows, g, fine, need = few
    logits = np.zeros(allowed.shape)
    for k in range(count):
        if k % _DRAWS == 0:
            for j in range(2, allowed.shape[0]):
                for o in range(allowed.shape[1]):
                    logits[j, o] = np.random.normal()
                logits[j, 0] += _BIAS
        draw(logits, allowed, choice)
        j, n = completed(choice, rows, g, fine, need, table[0], table[1])
        if j == 0 and k % _POLISHED == 0:
            polish(choice, allowed, x, wanted, f, good, 12)
            j, n = completed(choice, rows, g, fine, need, table[0], table[1])
        if j > 0:
            return j, n
    return 0, 0


def propose(
    columns: Mapping[str, Any], target: Any, *, seed: int = 0, seconds: float = 1.0,
    most: float = math.inf,
) -> list[str] | None:  # fmt: skip
    """A pure tree that gives all the data to rounding.

    None if time ends first, or so many circuits were tried.

    >>> a, b, c, d = np.random.default_rng(0).uniform(1.0, 2.0, (4, 30))
    >>> wanted = np.exp(a - np.log(b)) - np.log(np.exp(c) - np.log(d))
    >>> "".join(propose({"a": a, "b": b, "c": c, "d": d}, wanted, seconds=60) or ())
    '11aE1EEbEcdEE'
    """
    until = time.monotonic() + seconds
    circuit = Circuit(_DEPTH, columns, target)
    seeded(seed)
    pivot = sorted({p for pair in pivots(circuit.x, circuit.target) for p in pair})[:_ROWS]
    rows = np.ascontiguousarray(circuit.x[:, pivot])
    table = _table(dict(zip(circuit.names, rows, strict=True)), until)
    g, need = np.zeros((2, circuit.inputs, len(pivot), 2))
    need[1] = np.stack([circuit.target.real, circuit.target.imag / math.pi], axis=1)[pivot]
    few = rows, g, np.zeros(circuit.inputs, dtype=np.bool_), need
    sample = spread(circuit.x, _POINTS, seed)
    data = tuple(np.ascontiguousarray(a[:, sample]) for a in (circuit.x, circuit.wanted))
    work = np.zeros((circuit.inputs, len(sample), 2)), np.zeros(circuit.inputs, dtype=np.bool_)
    choice = np.zeros(circuit.inputs, dtype=np.int64)
    hashed = table.slots, table.value
    # A circuit of many variables takes long to polish, and nothing looks at the clock meanwhile.
    batch = max(_POLISHED, _BATCH // circuit.terms)
    n, drawn = find(*hashed, need[1]), 0
    found = table.rpn(n) if n >= 0 else []
    while not (found and circuit.fits(found)):
        if drawn and (drawn >= most or time.monotonic() > until):
            return None
        j, n = proposals(batch, circuit.allowed, data, work, few, hashed, choice)
        found = circuit.rpn(choice, {j: table.rpn(n)}) if j else []
        drawn += batch
    return found


def _table(columns: Mapping[str, Array], until: float) -> Table:
    """Small trees, as many as the capacity allows."""
    leaves = {"1": np.ones(len(next(iter(columns.values())))), **columns}
    made = begin(leaves, _CAPACITY)
    while made.start[-1] + forecast(made) / 4 < _CAPACITY and grow(made, until):
        pass
    return made
