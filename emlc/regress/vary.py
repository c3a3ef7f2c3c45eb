"""Variation: random formulas, changed copies, crossings, and who is chosen for them.

A formula is postfix codes beside numbers, as in `engine`.
"""

# mypy: disable-error-code="no-any-return"

from __future__ import annotations

import math

import numpy as np

from emlc.lower.jit import Array, compiled
from emlc.regress.archive import CONSTANT, UNIT


@compiled
def spans(code: Array, length: int, arity: Array, size: Array) -> None:
    """Entries of the subtree that ends at each place."""
    for k in range(length):
        size[k] = 1
        if code[k] >= 0:
            n = 1 + size[k - 1]
            if arity[code[k]] == 2:
                n += size[k - n]
            size[k] = n


@compiled
def leaf(code: Array, const: Array, k: int, variables: int) -> None:
    """A random leaf at place k."""
    u = np.random.random()
    if variables == 0 or u < 0.15:
        code[k] = CONSTANT
        const[k] = np.random.normal() * 2.0
        return
    if u < 0.22:
        code[k], const[k] = UNIT, 1.0
        return
    n = np.random.randint(variables)
    code[k] = -2 - 2 * n if u < 0.6 else -3 - 2 * n
    const[k] = 1.0 if u < 0.6 else np.random.normal() * math.exp(0.7 * np.random.normal())


@compiled
def operator(chance: Array, arity: Array, wanted: int) -> int:
    """A random operator, of the wanted number of operands unless that is 0; -1 if there is none."""
    total = 0.0
    for o in range(chance.size):
        if wanted in (0, arity[o]):
            total += chance[o]
    u = np.random.random() * total
    last = -1
    for o in range(chance.size):
        if wanted in (0, arity[o]) and chance[o] > 0.0:
            last = o
            u -= chance[o]
            if u < 0.0:
                return o
    return last


@compiled
def grow(code: Array, const: Array, most: int, variables: int, arity: Array, chance: Array) -> int:
    """A random formula of up to `most` entries; its length."""
    length, open_ = 0, 1
    prefix = np.empty(most + 2, dtype=np.int64)
    while open_ > 0:
        room = most - length - open_
        o = -1
        if room >= 1:
            o = operator(chance, arity, 0 if room >= 2 else 1)
        prefix[length] = o
        length += 1
        open_ += (arity[o] if o >= 0 else 0) - 1
        if length == 1 and most > 1 and o < 0:
            break
    for k in range(length):
        o = prefix[length - 1 - k]
        if o >= 0:
            code[k], const[k] = o, 1.0
        else:
            leaf(code, const, k, variables)
    return length


@compiled
def splice(
    code: Array, const: Array, length: int, start: int, end: int,
    piece: Array, numbers: Array, count: int, out: Array, out_const: Array,
) -> int:  # fmt: skip
    """The formula with entries start..end replaced by a piece; its length, 0 if too long."""
    total = length - (end - start) + count
    if total > out.size:
        return 0
    out[:start], out_const[:start] = code[:start], const[:start]
    out[start : start + count], out_const[start : start + count] = piece[:count], numbers[:count]
    out[start + count : total] = code[end:length]
    out_const[start + count : total] = const[end:length]
    return total


@compiled
def mutate(
    code: Array, const: Array, length: int, variables: int, arity: Array, chance: Array,
    out: Array, out_const: Array,
) -> int:  # fmt: skip
    """A changed copy of the formula; its length, 0 if it became too long."""
    most = out.size
    size = np.empty(length, dtype=np.int64)
    spans(code, length, arity, size)
    k = np.random.randint(length)
    start, end = k - size[k] + 1, k + 1
    piece, numbers = np.empty(most, dtype=code.dtype), np.empty(most)
    u = np.random.random()
    if u < 0.25:  # one entry
        out[:length], out_const[:length] = code[:length], const[:length]
        if code[k] >= 0:
            out[k] = operator(chance, arity, arity[code[k]])
        elif -code[k] % 2 == 1 and np.random.random() < 0.6:
            out_const[k] = const[k] * (1.0 + np.random.normal()) + 0.1 * np.random.normal()
        else:
            leaf(out, out_const, k, variables)
        return length
    if u < 0.45:  # a new subtree
        count = grow(piece, numbers, 1 + np.random.randint(7), variables, arity, chance)
        return splice(code, const, length, start, end, piece, numbers, count, out, out_const)
    if u < 0.75:  # an operator above
        n = end - start
        o = operator(chance, arity, 0)
        if n + 8 > most or o < 0:
            return 0
        first = arity[o] == 2 and np.random.random() < 0.3
        extra = 0
        if arity[o] == 2:
            extra = grow(piece, numbers, 1 + np.random.randint(4), variables, arity, chance)
        if not first and extra:
            piece[n : n + extra] = piece[:extra].copy()
            numbers[n : n + extra] = numbers[:extra].copy()
        at = extra if first else 0
        piece[at : at + n], numbers[at : at + n] = code[start:end], const[start:end]
        piece[n + extra], numbers[n + extra] = o, 1.0
        return splice(
            code, const, length, start, end, piece, numbers, n + extra + 1, out, out_const
        )
    if code[k] < 0:
        leaf(piece, numbers, 0, variables)
        return splice(code, const, length, start, end, piece, numbers, 1, out, out_const)
    child = k - 1  # an operand in the place of its operator
    if arity[code[k]] == 2 and np.random.random() < 0.5:
        child = k - 1 - size[k - 1]
    n = size[child]
    piece[:n], numbers[:n] = code[child - n + 1 : child + 1], const[child - n + 1 : child + 1]
    return splice(code, const, length, start, end, piece, numbers, n, out, out_const)


@compiled
def cross(
    code: Array, const: Array, length: int, code2: Array, const2: Array, length2: int,
    arity: Array, out: Array, out_const: Array,
) -> int:  # fmt: skip
    """The first formula with a part of the second one; its length, 0 if it became too long."""
    size, size2 = np.empty(length, dtype=np.int64), np.empty(length2, dtype=np.int64)
    spans(code, length, arity, size)
    spans(code2, length2, arity, size2)
    k, m = np.random.randint(length), np.random.randint(length2)
    for _ in range(3):
        if code[k] < 0 and np.random.random() < 0.7:
            k = np.random.randint(length)
        if code2[m] < 0 and np.random.random() < 0.7:
            m = np.random.randint(length2)
    n = size2[m]
    return splice(
        code, const, length, k - size[k] + 1, k + 1,
        code2[m - n + 1 : m + 1], const2[m - n + 1 : m + 1], n, out, out_const,
    )  # fmt: skip


@compiled
def pick(score: Array, lengths: Array, rounds: int) -> int:
    """The winner of a tournament: least error, by classes of 5%, then least length."""
    best = np.random.randint(score.size)
    for _ in range(rounds - 1):
        other = np.random.randint(score.size)
        gap = score[other] - score[best]
        if gap < -0.05 or (gap < 0.05 and lengths[other] < lengths[best]):
            best = other
    return best
