"""The search over formulas with fitted constants: values, Levenberg-Marquardt, variation.

A formula is postfix codes beside numbers: CONSTANT with its value, -2-2k the variable k, -3-2k the
variable k times a fitted weight, else an operator's number. What is fitted is a + b formula: a and
b by linear least squares, the numbers inside by Levenberg-Marquardt.
"""

# mypy: disable-error-code="no-any-return"

from __future__ import annotations

import math

import numpy as np

from emlc.lower.jit import Array, compiled
from emlc.regress.stub import backward, forward

CONSTANT = -1
MOST_FITTED = 10
_LOST = 1e300


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
def evaluate(
    code: Array, const: Array, length: int, arity: Array, size: Array, x: Array, v: Array
) -> None:
    """v[k] = the values of the subtree that ends at k, at all points."""
    for k in range(length):
        c = code[k]
        if c == CONSTANT:
            v[k, :] = const[k]
        elif c < 0:
            w = const[k] if -c % 2 == 1 else 1.0
            row = x[(-c - 2) // 2]
            for t in range(v.shape[1]):
                v[k, t] = w * row[t]
        else:
            forward(c, v, k, k - 1 if arity[c] == 1 else k - 1 - size[k - 1], k - 1)


@compiled
def scaling(f: Array, y: Array, w: Array, free: bool) -> tuple[float, float, float]:
    """a, b and the weighted squared error of y = a + b f by least squares."""
    s = sx = sy = sxx = sxy = syy = 0.0
    for t in range(f.size):
        s += w[t]
        sx += w[t] * f[t]
        sy += w[t] * y[t]
    mx, my = (sx / s, sy / s) if free else (0.0, 0.0)
    for t in range(f.size):
        p, q = f[t] - mx, y[t] - my
        sxx += w[t] * p * p
        sxy += w[t] * p * q
        syy += w[t] * q * q
    if not (sxx < _LOST and sxx > 1e-28 * (s * mx * mx) and sxx > 1e-200):
        return my, 0.0, (syy if sxx == sxx and sxx < _LOST else _LOST)
    b = sxy / sxx
    a = my - b * mx
    error = 0.0
    for t in range(f.size):
        r = y[t] - a - b * f[t]
        error += w[t] * r * r
    return a, b, (error if error == error else _LOST)


@compiled
def places(code: Array, length: int, where: Array) -> int:
    """The places of the fitted numbers."""
    count = 0
    for k in range(length):
        if code[k] < 0 and -code[k] % 2 == 1 and count < where.size:
            where[count] = k
            count += 1
    return count


@compiled
def jacobian(
    code: Array, length: int, arity: Array, size: Array, x: Array, v: Array, d: Array,
    where: Array, count: int, jac: Array,
) -> None:  # fmt: skip
    """jac[p] = the derivative of the formula by its p-th fitted number, by reverse mode."""
    d[length - 1, :] = 1.0
    for k in range(length - 1, -1, -1):
        c = code[k]
        if c >= 0:
            backward(c, v, d, k, k - 1 if arity[c] == 1 else k - 1 - size[k - 1], k - 1)
    for p in range(count):
        k = where[p]
        if code[k] == CONSTANT:
            jac[p] = d[k]
        else:
            row = x[(-code[k] - 2) // 2]
            for t in range(row.size):
                jac[p, t] = d[k, t] * row[t]


@compiled
def normal(
    jac: Array, count: int, f: Array, r: Array, w: Array, b: float, free: bool,
    a_matrix: Array, g: Array,
) -> None:  # fmt: skip
    """The normal equations of the fitted numbers, with a and b projected out."""
    n = f.size
    s = mf = 0.0
    for t in range(n):
        s += w[t]
        mf += w[t] * f[t]
    mf = mf / s if free else 0.0
    ff = 1e-300
    for t in range(n):
        ff += w[t] * (f[t] - mf) ** 2
    for p in range(count):
        m = cf = 0.0
        for t in range(n):
            m += w[t] * jac[p, t]
        m = m / s if free else 0.0
        for t in range(n):
            cf += w[t] * (jac[p, t] - m) * (f[t] - mf)
        cf /= ff
        for t in range(n):
            jac[p, t] = b * (jac[p, t] - m - cf * (f[t] - mf))
    for p in range(count):
        z = 0.0
        for t in range(n):
            z += w[t] * jac[p, t] * r[t]
        g[p] = z
        for q in range(p + 1):
            z = 0.0
            for t in range(n):
                z += w[t] * jac[p, t] * jac[q, t]
            a_matrix[p, q] = z
            a_matrix[q, p] = z


@compiled
def solve_damped(a_matrix: Array, g: Array, count: int, damp: float, step: Array) -> bool:
    """Solve (A + damp diag A) step = g by Cholesky; False when A is not positive."""
    low = np.zeros((count, count))
    for p in range(count):
        for q in range(p + 1):
            z = a_matrix[p, q]
            if p == q:
                z += damp * a_matrix[p, p] + 1e-14 * a_matrix[p, p] + 1e-250
            for i in range(q):
                z -= low[p, i] * low[q, i]
            if p == q:
                if not z > 0.0:
                    return False
                low[p, p] = math.sqrt(z)
            else:
                low[p, q] = z / low[q, q]
    for p in range(count):
        z = g[p]
        for i in range(p):
            z -= low[p, i] * step[i]
        step[p] = z / low[p, p]
    for p in range(count - 1, -1, -1):
        z = step[p]
        for i in range(p + 1, count):
            z -= low[i, p] * step[i]
        step[p] = z / low[p, p]
    return True


@compiled
def fit(
    code: Array, const: Array, length: int, arity: Array, x: Array, y: Array, w: Array,
    free: bool, iterations: int, v: Array, d: Array, jac: Array,
) -> tuple[float, float, float]:  # fmt: skip
    """Fit the numbers in place; a, b and the weighted squared error."""
    size = np.empty(length, dtype=np.int64)
    spans(code, length, arity, size)
    evaluate(code, const, length, arity, size, x, v)
    a, b, error = scaling(v[length - 1], y, w, free)
    where = np.empty(MOST_FITTED, dtype=np.int64)
    count = places(code, length, where)
    for _ in range(4):
        # Numbers that put a logarithm or a root off its domain cannot be improved, only redrawn.
        if error < _LOST or count == 0:
            break
        for p in range(count):
            const[where[p]] = np.random.normal() * math.exp(1.5 * np.random.normal())
        evaluate(code, const, length, arity, size, x, v)
        a, b, error = scaling(v[length - 1], y, w, free)
    if count == 0 or not error < _LOST or b == 0.0:
        return a, b, error
    matrix, g = np.empty((count, count)), np.empty(count)
    step, old, r = np.empty(count), np.empty(count), np.empty(y.size)
    damp = 1e-3
    for _ in range(iterations):
        f = v[length - 1]
        for t in range(y.size):
            r[t] = y[t] - a - b * f[t]
        jacobian(code, length, arity, size, x, v, d, where, count, jac)
        normal(jac, count, f, r, w, b, free, matrix, g)
        for p in range(count):
            old[p] = const[where[p]]
        better = False
        for _ in range(4):
            if solve_damped(matrix, g, count, damp, step):
                for p in range(count):
                    const[where[p]] = old[p] + step[p]
                evaluate(code, const, length, arity, size, x, v)
                a2, b2, error2 = scaling(v[length - 1], y, w, free)
                if error2 < error and b2 != 0.0:
                    better = True
                    break
            damp = max(damp * 10.0, 1e-6)
        if not better:
            for p in range(count):
                const[where[p]] = old[p]
            evaluate(code, const, length, arity, size, x, v)
            break
        gain = error - error2
        a, b, error = a2, b2, error2
        damp *= 0.1
        if gain < 1e-5 * error or error < 1e-300:
            break
    return a, b, error


# -- variation -----------------------------------------------------------------------------------


@compiled
def leaf(code: Array, const: Array, k: int, variables: int) -> None:
    """A random leaf at place k."""
    u = np.random.random()
    if variables == 0 or u < 0.15:
        code[k] = CONSTANT
        const[k] = np.random.normal() * 2.0
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
    most = code.size
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


@compiled
def seed_random(seed: int) -> None:
    """Start the sequence of random numbers."""
    np.random.seed(seed)


@compiled
def remember(
    code: Array, const: Array, length: int, cost: int, a: float, b: float, error: float,
    best: Array, best_code: Array, best_const: Array, best_length: Array, best_scale: Array,
) -> None:  # fmt: skip
    """Keep the formula if none of its cost has a smaller error."""
    if cost < best.size and error < best[cost]:
        best[cost] = error
        best_code[cost, :length], best_const[cost, :length] = code[:length], const[:length]
        best_length[cost] = length
        best_scale[cost, 0], best_scale[cost, 1] = a, b


@compiled
def cost_of(code: Array, length: int, price: Array) -> int:
    """What a formula costs: its operators and leaves, fitted numbers twice."""
    total = 0
    for k in range(length):
        if code[k] >= 0:
            total += price[code[k]]
        elif code[k] != CONSTANT and -code[k] % 2 == 1:
            total += 3
        else:
            total += 1 if code[k] != CONSTANT else 2
    return total


@compiled
def generations(
    count: int, code: Array, const: Array, lengths: Array, score: Array, fresh: bool,
    x: Array, y: Array, w: Array, free: bool, arity: Array, chance: Array, price: Array,
    iterations: int, best: Array, best_code: Array, best_const: Array, best_length: Array,
    best_scale: Array, halt: float,
) -> int:  # fmt: skip
    """Evolve the population in place; how many formulas were fitted.

    score is the natural logarithm of the error; `fresh` has the given formulas fitted first.
    """
    people, most = code.shape
    n = y.size
    v, d = np.empty((most, n)), np.empty((most, n))
    jac = np.empty((MOST_FITTED, n))
    tried = 0
    if fresh:
        for i in range(people):
            a, b, error = fit(
                code[i], const[i], lengths[i], arity, x, y, w, free, iterations, v, d, jac
            )
            score[i] = math.log(error + 1e-300)
            cost = cost_of(code[i], lengths[i], price)
            remember(code[i], const[i], lengths[i], cost, a, b, error,
                     best, best_code, best_const, best_length, best_scale)  # fmt: skip
            tried += 1
    new_code, new_const = np.empty_like(code), np.empty_like(const)
    new_lengths, new_score = np.empty_like(lengths), np.empty_like(score)
    temp, temp_const = np.empty(most, dtype=code.dtype), np.empty(most)
    seen = np.zeros(4 * people + 1, dtype=np.int64)
    for _ in range(count):
        seen[:] = 0
        elite = np.argmin(score)
        new_code[0], new_const[0] = code[elite], const[elite]
        new_lengths[0], new_score[0] = lengths[elite], score[elite]
        i = 1
        attempts = 0
        while i < people:
            attempts += 1
            p = pick(score, lengths, 4)
            out, numbers = new_code[i], new_const[i]
            if np.random.random() < 0.7:
                q = pick(score, lengths, 4)
                length = cross(
                    code[p], const[p], lengths[p], code[q], const[q], lengths[q],
                    arity, out, numbers,
                )  # fmt: skip
                if length and np.random.random() < 0.25:
                    temp[:length], temp_const[:length] = out[:length], numbers[:length]
                    length = mutate(
                        temp, temp_const, length, x.shape[0], arity, chance, out, numbers
                    )
            else:
                length = mutate(
                    code[p], const[p], lengths[p], x.shape[0], arity, chance, out, numbers
                )
            if length == 0 or length > most:
                continue
            a, b, error = fit(out, numbers, length, arity, x, y, w, free, iterations, v, d, jac)
            tried += 1
            if not error < 1e299 and attempts < 6 * people:
                continue
            cost = cost_of(out, length, price)
            remember(out, numbers, length, cost, a, b, error,
                     best, best_code, best_const, best_length, best_scale)  # fmt: skip
            if error <= halt:
                return tried
            mark = 1 + int(abs(math.log(error + 1e-300)) * 1e7)
            slot = mark % seen.size
            if seen[slot] == mark and attempts < 6 * people:
                continue
            seen[slot] = mark
            new_lengths[i], new_score[i] = length, math.log(error + 1e-300)
            i += 1
        code[:], const[:], lengths[:], score[:] = new_code, new_const, new_lengths, new_score
    return tried
