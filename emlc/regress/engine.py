"""The search over formulas with fitted constants: values, Levenberg-Marquardt, generations.

A formula is postfix codes beside numbers: CONSTANT with its value, UNIT for 1, -2-2k the variable
k, -3-2k the variable k times a fitted weight, else an operator's number. What is fitted is a + b
formula: a and b by linear least squares, the numbers inside by Levenberg-Marquardt.
"""

# mypy: disable-error-code="no-any-return"

from __future__ import annotations

import math

import numpy as np

from emlc.lower.jit import Array, compiled, inlined, inner
from emlc.regress.archive import CONSTANT, MOST_FITTED, UNIT, Archive, Data, People
from emlc.regress.stub import backward, forward
from emlc.regress.vary import spans

_LOST = 1e300


@compiled
def evaluate(
    code: Array, const: Array, length: int, arity: Array, size: Array, x: Array, v: Array
) -> None:
    """v[k] = the values of the subtree that ends at k, at all points."""
    for k in range(length):
        c = code[k]
        if c in (CONSTANT, UNIT):
            for t in range(v.shape[1]):
                v[k, t] = const[k] if c == CONSTANT else 1.0
        elif c < 0:
            w = const[k] if -c % 2 == 1 else 1.0
            row = x[(-c - 2) // 2]
            for t in range(v.shape[1]):
                v[k, t] = w * row[t]
        else:
            forward(c, v, k, k - 1 if arity[c] == 1 else k - 1 - size[k - 1], k - 1)


@inner
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


@inner
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
    for t in range(d.shape[1]):
        d[length - 1, t] = 1.0
    for k in range(length - 1, -1, -1):
        c = code[k]
        if c >= 0:
            backward(c, v, d, k, k - 1 if arity[c] == 1 else k - 1 - size[k - 1], k - 1)
    for p in range(count):
        k = where[p]
        for t in range(d.shape[1]):
            jac[p, t] = d[k, t]
            if code[k] != CONSTANT:
                jac[p, t] *= x[(-code[k] - 2) // 2, t]


@inlined
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


@inlined
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


@inlined
def started(
    code: Array, const: Array, length: int, arity: Array, size: Array, x: Array, y: Array,
    w: Array, free: bool, where: Array, count: int, v: Array,
) -> tuple[float, float, float]:  # fmt: skip
    """The formula as it is, or with numbers redrawn that put it off its domain."""
    evaluate(code, const, length, arity, size, x, v)
    a, b, error = scaling(v[length - 1], y, w, free)
    for _ in range(4):
        if error < _LOST or count == 0:
            break
        for p in range(count):
            const[where[p]] = np.random.normal() * math.exp(1.5 * np.random.normal())
        evaluate(code, const, length, arity, size, x, v)
        a, b, error = scaling(v[length - 1], y, w, free)
    return a, b, error


@inlined
def fit(
    code: Array, const: Array, length: int, arity: Array, x: Array, y: Array, w: Array,
    free: bool, iterations: int, v: Array, d: Array, jac: Array,
) -> tuple[float, float, float]:  # fmt: skip
    """Fit the numbers in place; a, b and the weighted squared error."""
    size = np.empty(length, dtype=np.int64)
    spans(code, length, arity, size)
    where = np.empty(MOST_FITTED, dtype=np.int64)
    count = places(code, length, where)
    a, b, error = started(code, const, length, arity, size, x, y, w, free, where, count, v)
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
        for _ in range(min(iterations, 8)):
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


# -- generations ---------------------------------------------------------------------------------


@inlined
def remember(
    code: Array, const: Array, length: int, a: float, b: float, error: float, kept: Archive
) -> None:
    """Keep the formula if none of its kind has a smaller error. Fitted numbers cost 2."""
    cost = numbers = 0
    for k in range(length):
        numbers += code[k] < 0 and -code[k] % 2 == 1
        cost += 2 if code[k] == CONSTANT else 3 if code[k] < 0 and -code[k] % 2 == 1 else 1
    row = cost * (MOST_FITTED + 1) + min(numbers, MOST_FITTED)
    if row < kept.error.size and error < kept.error[row]:
        kept.error[row] = error
        for k in range(length):
            kept.code[row, k], kept.const[row, k] = code[k], const[k]
        kept.length[row] = length
        kept.scale[row, 0], kept.scale[row, 1] = a, b


@compiled
def rate(
    people: People, first: int, data: Data, arity: Array, iterations: int,
    work: tuple[Array, Array, Array], kept: Archive,
) -> None:  # fmt: skip
    """Fit the formulas from the first on in place, and give them their scores."""
    x, y, w, free = data
    v, d, jac = work
    for i in range(first, people.score.size):
        code, const, length = people.code[i], people.const[i], people.length[i]
        a, b, error = fit(code, const, length, arity, x, y, w, free, iterations, v, d, jac)
        people.score[i] = math.log(error + 1e-300)
        remember(code, const, length, a, b, error, kept)
