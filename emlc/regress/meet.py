"""Contexts of a target: invert eml from it with every known sibling.

A need is the value that a hole must take, at the first point, for its context to give the target.
With eml(c, hole) = t it is exp(exp(c) - t); with eml(hole, d) = t it is ln(t + ln d), or that one
turn on. Walking from the root of a tree to the larger child, all siblings are the smaller ones:
contexts with siblings from the table lead to a node of every tree.
"""

# mypy: disable-error-code="no-any-return"

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field

import numpy as np

from emlc.lower.jit import Array, compiled
from emlc.lower.slots import mixed
from emlc.regress.table import Table, cells, close, key, put
from emlc.regress.values import (
    ABSORBED,
    FINE,
    LOSSY,
    UNDEFINED,
    exponential,
    logarithm,
)

RIGHT, LEFT = 0, 1
_SHARP = 1e-10
_EPS = 2.3e-16
_CHUNK = 2_000_000
_GROWTH = 9
# Above this exp alone makes a value: any ln of a double is absorbed beside it.
_HUGE = 710.0 / ABSORBED


@compiled
def whole(b: float) -> float:
    """Half-turns, with the errors of inversions off whole quarters undone."""
    near = math.floor(2.0 * b + 0.5) * 0.5
    return near + 0.0 if abs(b - near) < 1e-11 else b


@compiled
def invert(
    side: int, ta: float, tb: float, error: float, ca: float, cb: float
) -> tuple[float, float, float, int]:
    """The hole's value and its relative error; c is exp or ln of the sibling."""
    if math.isinf(ca):
        return 0.0, 0.0, 0.0, UNDEFINED
    if math.isinf(ta):
        if side == RIGHT:
            return (math.inf if ta < 0.0 else 0.0), 0.0, 0.0, FINE
        return math.inf, (1.0 if ta < 0.0 else 0.0), 0.0, FINE
    if side == RIGHT:
        a, b = ca - ta, cb - tb
    else:
        a, b = ta + ca, tb + cb
    b = whole(b)
    scale = abs(ta) + abs(tb)
    lost = error * scale + _EPS * (scale + abs(ca) + abs(cb))
    size, known = abs(a) + abs(b), abs(ca) + abs(cb)
    if size <= lost:
        size = a = b = 0.0
    if (size < ABSORBED * known and size > 0.0) or (known < ABSORBED * size and known > 0.0):
        return 0.0, 0.0, 0.0, LOSSY
    if side == RIGHT:
        if not -1.0 < b <= 1.0:
            return 0.0, 0.0, 0.0, UNDEFINED
        x, y, status = exponential(a, b)
        wrong = lost
    else:
        if size == 0.0:
            return -math.inf, 0.0, 0.0, FINE
        x, y, status = logarithm(a, b)
        wrong = lost / size / max(abs(x) + abs(y), 1e-300)
    if wrong > _SHARP:
        return 0.0, 0.0, 0.0, LOSSY
    return x, whole(y), wrong, status


@compiled
def glance(side: int, ta: float, tb: float, ca: float, cb: float) -> tuple[float, float]:
    """The hole's value by principal values, right or not: it tells contexts apart."""
    if side == RIGHT:
        a, b, status = exponential(ca - ta, whole(cb - tb))
    else:
        a, b, status = logarithm(ta + ca, whole(tb + cb))
    return (a, b) if status == FINE else (math.inf, 0.0)


@compiled
def known(slots: Array, needs: Array, a: float, b: float, c: float, d: float) -> bool:
    """Whether a need has these values already, at the first point and by `glance` at the second."""
    mask = slots.size - 1
    main, other = cells(a, b)
    cell = main
    while True:
        h = mixed(cell)
        tag, at = h >> 31, h & mask
        while slots[at] != 0:
            word = slots[at] - 1
            n = word & 0xFFFFFFFF
            alike = word >> 32 == tag and close(needs[n, 0], needs[n, 1], a, b)
            if alike and close(needs[n, 3], needs[n, 4], c, d):
                return True
            at = (at + 1) & mask
        if cell == other:
            return False
        cell = other


@compiled
def expand(
    needs: Array, keys: Array, origin: Array, slots: Array, lo: int, hi: int, ilo: int, ihi: int,
    exp: Array, ln: Array, status: Array, count: int, last: bool,
) -> tuple[int, int]:  # fmt: skip
    """Invert needs lo..hi with siblings ilo..ihi: new count (-1: full), and the lossy ones.

    The last ones, which nothing is made of, are not worth being told apart.
    """
    lossy = 0
    for q in range(lo, hi):
        ta, tb, error = needs[q, 0], needs[q, 1], needs[q, 2]
        huge = _HUGE < abs(ta) + abs(tb) < math.inf
        for i in range(ilo, ihi):
            for side in range(2):
                if status[i, side] != FINE:
                    continue
                c = exp[i] if side == RIGHT else ln[i]
                if huge and (side == RIGHT or c[0, 0] != 0.0 or c[0, 1] != 0.0):
                    continue
                a, b, wrong, st = invert(side, ta, tb, error, c[0, 0], c[0, 1])
                if st != FINE:
                    lossy += st == LOSSY
                    continue
                e = f = 0.0
                if not last:
                    e, f = glance(side, needs[q, 3], needs[q, 4], c[1, 0], c[1, 1])
                for branch in range(2):
                    if branch == 1:
                        # exp forgets whole turns, and -1 is as near the real axis as 1.
                        if side == RIGHT or b != 1.0:
                            break
                        b = -1.0
                    if not last and known(slots, needs, a, b, e, f):
                        continue
                    if count == (keys.shape[1] if last else needs.shape[0]):
                        return -1, lossy
                    keys[0, count] = key(a, b)
                    keys[1, count] = wrong * (min(abs(a), 1e300) + abs(b))
                    origin[count, 0], origin[count, 1], origin[count, 2] = q, i, side
                    if not last:
                        needs[count, 0], needs[count, 1], needs[count, 2] = a, b, wrong
                        needs[count, 3], needs[count, 4] = e, f
                        put(slots, count, a, b)
                    count += 1
    return count, lossy


@dataclass(slots=True)
class Contexts:
    """The needs of one target: value, relative error, `glance` at the second point.

    Those of contexts of s gates are start[s]:start[s+1]. `keys` holds the key of each and its
    error, and all that is known of the last ones.
    """

    table: Table
    needs: Array
    keys: Array
    origin: Array
    slots: Array
    start: list[int] = field(default_factory=lambda: [0, 1])
    lossy: int = 0
    full: bool = False

    @property
    def gates(self) -> int:
        """The most gates of a context known."""
        return len(self.start) - 2

    def rpn(self, need: int, made: list[str]) -> list[str]:
        """The whole tree when the hole of a need is filled."""
        while need:
            need, sibling, side = (int(k) for k in self.origin[need])
            other = self.table.rpn(sibling)
            made = [*other, *made, "E"] if side == RIGHT else [*made, *other, "E"]
        return made


def contexts(table: Table, target: Array, capacity: int) -> Contexts:
    """The empty context of the target's values, in half-turn form, at the points of the table."""
    whole = capacity // (_GROWTH - 2)  # of the last size, which is the most, the keys are enough
    made = Contexts(
        table, np.empty((whole, 5)), np.empty((2, capacity)),
        np.empty((capacity, 3), dtype=np.int32),
        np.zeros(1 << max(10, int(whole * 1.4).bit_length()), dtype=np.int64),
    )  # fmt: skip
    made.needs[0] = *target[0], _EPS, *target[1]
    made.keys[:, 0] = key(*target[0]), _EPS * np.abs(target[0]).sum()
    made.origin[0] = -1, -1, -1
    put(made.slots, 0, target[0, 0], target[0, 1])
    return made


def widen(m: Contexts, until: float) -> bool:
    """Add the contexts of one gate more; False, for good, when memory or time ends before."""
    s, count, lost = m.gates + 1, m.start[-1], 0
    last = count + (count - m.start[-2]) * _GROWTH * (_GROWTH + 1) > m.keys.shape[1]
    for before in range(s):
        sibling = s - before - 1
        if sibling >= len(m.table.start) - 1:
            continue
        ilo, ihi = m.table.start[sibling], m.table.start[sibling + 1]
        step = max(1, _CHUNK // max(1, ihi - ilo))
        for lo in range(m.start[before], m.start[before + 1], step):
            count, lossy = expand(
                m.needs, m.keys, m.origin, m.slots, lo, min(lo + step, m.start[before + 1]),
                ilo, ihi, m.table.exp, m.table.ln, m.table.status, count, last,
            )  # fmt: skip
            lost += lossy
            if count < 0 or time.monotonic() > until:
                m.full = True
                return False
    m.start.append(count)
    m.lossy += lost
    m.full = last
    return True
