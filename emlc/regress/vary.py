"""Variation: random formulas, changed copies, crossings, and who is chosen for them.

A formula is postfix codes beside numbers, as in `engine`.
"""

# mypy: disable-error-code="no-any-return"

from __future__ import annotations

import math

import numpy as np

from emlc.lower.jit import Array, compiled, inlined, inner
from emlc.regress.archive import CONSTANT, UNIT, People


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


@inner
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


@inner
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


@inner
def copied(
    code: Array, const: Array, start: int, end: int, out: Array, numbers: Array, at: int
) -> int:
    """Copy entries start..end to place `at`, backwards; the place after them."""
    for k in range(end - start - 1, -1, -1):
        out[at + k], numbers[at + k] = code[start + k], const[start + k]
    return at + end - start


@inner
def splice(
    code: Array, const: Array, length: int, start: int, end: int,
    piece: Array, numbers: Array, first: int, last: int, out: Array, out_const: Array,
) -> int:  # fmt: skip
    """The formula with entries start..end replaced by first..last of a piece; 0 if too long."""
    if length - (end - start) + last - first > out.size:
        return 0
    at = copied(code, const, 0, start, out, out_const, 0)
    at = copied(piece, numbers, first, last, out, out_const, at)
    return copied(code, const, end, length, out, out_const, at)


@inlined
def altered(code: Array, const: Array, k: int, variables: int, arity: Array, chance: Array) -> None:
    """Another entry of its arity at place k."""
    if code[k] >= 0:
        code[k] = operator(chance, arity, arity[code[k]])
    elif -code[k] % 2 == 1 and np.random.random() < 0.6:
        const[k] = const[k] * (1.0 + np.random.normal()) + 0.1 * np.random.normal()
    else:
        leaf(code, const, k, variables)


@inlined
def wrapped(
    code: Array, const: Array, start: int, end: int, variables: int, arity: Array, chance: Array,
    piece: Array, numbers: Array,
) -> int:  # fmt: skip
    """Entries start..end with a random operator above them; their number, 0 if there is none."""
    n, o = end - start, operator(chance, arity, 0)
    if n + 8 > piece.size or o < 0:
        return 0
    first = arity[o] == 2 and np.random.random() < 0.3
    extra = 0
    if arity[o] == 2:
        extra = grow(piece, numbers, 1 + np.random.randint(4), variables, arity, chance)
    if not first:
        copied(piece, numbers, 0, extra, piece, numbers, n)
    copied(code, const, start, end, piece, numbers, extra if first else 0)
    piece[n + extra], numbers[n + extra] = o, 1.0
    return n + extra + 1


@inlined
def mutate(
    code: Array, const: Array, length: int, variables: int, arity: Array, chance: Array,
    out: Array, out_const: Array,
) -> int:  # fmt: skip
    """A changed copy of the formula; its length, 0 if it became too long."""
    size = np.empty(length, dtype=np.int64)
    spans(code, length, arity, size)
    k = np.random.randint(length)
    start, end = k - size[k] + 1, k + 1
    piece, numbers = np.empty(out.size, dtype=np.int64), np.empty(out.size)
    u, count = np.random.random(), 1
    if u < 0.25:  # one entry
        copied(code, const, 0, length, out, out_const, 0)
        altered(out, out_const, k, variables, arity, chance)
        return length
    if u < 0.45:  # a new subtree
        count = grow(piece, numbers, 1 + np.random.randint(7), variables, arity, chance)
    elif u < 0.75:
        count = wrapped(code, const, start, end, variables, arity, chance, piece, numbers)
    elif code[k] < 0:
        leaf(piece, numbers, 0, variables)
    else:  # an operand in the place of its operator
        child = k - 1
        if arity[code[k]] == 2 and np.random.random() < 0.5:
            child = k - 1 - size[k - 1]
        count = copied(code, const, child - size[child] + 1, child + 1, piece, numbers, 0)
    if count == 0:
        return 0
    return splice(code, const, length, start, end, piece, numbers, 0, count, out, out_const)


@inlined
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
    return splice(
        code, const, length, k - size[k] + 1, k + 1, code2, const2, m - size2[m] + 1, m + 1, out,
        out_const,
    )  # fmt: skip


@inner
def pick(score: Array, lengths: Array, rounds: int) -> int:
    """The winner of a tournament: least error, by classes of 5%, then least length."""
    best = np.random.randint(score.size)
    for _ in range(rounds - 1):
        other = np.random.randint(score.size)
        gap = score[other] - score[best]
        if gap < -0.05 or (gap < 0.05 and lengths[other] < lengths[best]):
            best = other
    return best


@inlined
def child(
    people: People, variables: int, arity: Array, chance: Array, out: Array, numbers: Array
) -> int:
    """A formula from one or two of the better ones; its length, 0 if it became too long."""
    p = pick(people.score, people.length, 4)
    code, const, n = people.code[p], people.const[p], people.length[p]
    if np.random.random() < 0.7:
        q = pick(people.score, people.length, 4)
        n = cross(
            code, const, n, people.code[q], people.const[q], people.length[q], arity, out, numbers
        )
        if n == 0 or np.random.random() >= 0.25:
            return n
        code, const = out.copy(), numbers.copy()
    return mutate(code, const, n, variables, arity, chance, out, numbers)


@compiled
def breed(
    people: People, new: People, first: int, variables: int, arity: Array, chance: Array
) -> None:
    """Fill rows from the first on with children."""
    for i in range(first, new.length.size):
        length = 0
        while length == 0:
            length = child(people, variables, arity, chance, new.code[i], new.const[i])
        new.length[i] = length


@compiled
def seed_random(seed: int) -> None:
    """Start the sequence of random numbers."""
    np.random.seed(seed)
