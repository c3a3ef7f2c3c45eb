"""The paper's master formula: a complete tree of eml gates whose inputs are mixtures.

Gate s of a circuit of depth n, 1 <= s < 2^n, has the inputs 2s and 2s+1; input j is
alpha + beta x + ... + gamma f_j, with f_j the output of gate j where j < 2^n, and no such term at
the bottom. The coefficients are a softmax of `logits[j] / tau`; 5*2^n - 6 of them in one variable.

Values and derivatives go through all gates in tiles of points, in real arithmetic as long as a
gate's values are real. Where a double does not hold a gate's value, the loss is inf, never a number
that stands for it.
"""

# mypy: disable-error-code="no-any-return"

from __future__ import annotations

import math

import numpy as np
from numba import njit

from emlc.lower.jit import Array, compiled
from emlc.lower.vector import atan as small_atan
from emlc.lower.vector import exp as fast_exp
from emlc.lower.vector import log as fast_log
from emlc.lower.vector import sin_cos

_LARGEST_EXPONENT = 709.0
_LEAST = 1e-300

# Sums in any order, so that they become vector code; what is not finite stays so.
_sums = njit(error_model="numpy", fastmath={"reassoc"})


def tile(inputs: int, points: int) -> int:
    """How many points go through a circuit at once: many, as long as the caches hold them."""
    return min(points, max(64, 2**17 // inputs))


def parameters(depth: int, variables: int) -> int:
    """How many coefficients a circuit has.

    >>> [parameters(n, 1) - (5 * 2**n - 6) for n in (1, 2, 6)]
    [0, 0, 0]
    """
    return (1 + variables) * 2**depth + (2 + variables) * (2**depth - 2)


@compiled
def mixtures(logits: Array, allowed: Array, tau: float, out: Array) -> None:
    """out = softmax(logits / tau) over the allowed terms of each input."""
    for j in range(2, logits.shape[0]):
        top = -math.inf
        for o in range(logits.shape[1]):
            if allowed[j, o] and logits[j, o] > top:
                top = logits[j, o]
        total = 0.0
        for o in range(logits.shape[1]):
            out[j, o] = math.exp((logits[j, o] - top) / tau) if allowed[j, o] else 0.0
            total += out[j, o]
        for o in range(logits.shape[1]):
            out[j, o] /= total


# -- values ----------------------------------------------------------------------------------------


@compiled
def fill(
    j: int, mix: Array, x: Array, lo: int, n: int, real: Array,
    ur: Array, ui: Array, fr: Array, fi: Array,
) -> bool:  # fmt: skip
    """Input j at points lo..lo+n; whether it is real."""
    last = mix.shape[1] - 1
    c = mix[j, last] if j < real.size else 0.0
    if c == 0.0:
        for t in range(n):
            ur[j, t] = mix[j, 0]
    else:
        for t in range(n):
            ur[j, t] = mix[j, 0] + c * fr[j, t]
    for v in range(0, last - 1, 2):
        w = min(v + 1, last - 2)
        a, b = mix[j, 1 + v], mix[j, 1 + w] if w > v else 0.0
        if a != 0.0 or b != 0.0:
            for t in range(n):
                ur[j, t] += a * x[v, lo + t] + b * x[w, lo + t]
    if c == 0.0 or real[j]:
        return True
    for t in range(n):
        ui[j, t] = c * fi[j, t]
    return False


@compiled
def polar(size: float, angle: float) -> tuple[float, float]:
    """size cos(angle) and size sin(angle), without branches, for abs(angle) < 1e9."""
    turns = angle * (2.0 / math.pi)
    quarter = math.floor(turns + 0.5)
    s, c = sin_cos(0.5 * (turns - quarter))
    s = s * math.pi
    odd = quarter - 2.0 * math.floor(0.5 * quarter)
    side = 1.0 - 2.0 * (math.floor(0.5 * quarter) - 2.0 * math.floor(0.25 * quarter))
    re = side * (c if odd == 0.0 else -s)
    im = side * (s if odd == 0.0 else c)
    return size * re, size * im


@compiled
def argument(re: float, im: float) -> float:
    """The angle of re + i im, without branches; pi on the negative real axis."""
    x, y = abs(re), abs(im)
    low, high = min(x, y), max(x, y)
    steep = low > 0.41421356237309503 * high
    q = (low - high if steep else low) / max(low + high if steep else high, _LEAST)
    a = small_atan(q) * math.pi + (0.25 * math.pi if steep else 0.0)
    a = 0.5 * math.pi - a if y > x else a
    a = math.pi - a if re < 0.0 else a
    return -a if im < 0.0 else a


@compiled
def powers(
    j: int, s: int, n: int, plain: bool, ur: Array, ui: Array, er: Array, ei: Array,
) -> bool:  # fmt: skip
    """e_s = exp(input j); whether doubles hold it."""
    high = far = 0
    for t in range(n):
        high |= 0 if ur[j, t] < _LARGEST_EXPONENT else 1
        er[s, t] = fast_exp(ur[j, t])
    if plain:
        return high == 0
    for t in range(n):
        far |= 0 if abs(ui[j, t]) < 1e9 else 1
    if far == 0:
        for t in range(n):
            er[s, t], ei[s, t] = polar(er[s, t], ui[j, t])
    else:
        for t in range(n):
            ei[s, t] = er[s, t] * math.sin(ui[j, t])
            er[s, t] *= math.cos(ui[j, t])
    return high == 0


@compiled
def less_real_logs(k: int, s: int, n: int, ur: Array, er: Array, fr: Array) -> bool:
    """f_s = e_s - ln(input k) where that input is real and positive; whether it is."""
    low = 0
    for t in range(n):
        low |= 0 if ur[k, t] > _LEAST else 1
        fr[s, t] = er[s, t] - fast_log(ur[k, t])
    return low == 0


@compiled
def less_logs(
    k: int, s: int, n: int, ur: Array, ui: Array, er: Array, ei: Array, fr: Array, fi: Array
) -> bool:
    """f_s = e_s - ln(input k); whether doubles hold it."""
    off = 0
    for t in range(n):
        size = ur[k, t] * ur[k, t] + ui[k, t] * ui[k, t]
        off |= 0 if (size > _LEAST) & (size < 1.0 / _LEAST) else 1
        fr[s, t] = er[s, t] - 0.5 * fast_log(size)
        fi[s, t] = ei[s, t] - argument(ur[k, t], ui[k, t])
    if off == 0:
        return True
    for t in range(n):
        length = math.hypot(ur[k, t], ui[k, t])
        if not _LEAST < length < 1.0 / _LEAST:
            return False
        fr[s, t] = er[s, t] - math.log(length)
    return True


@compiled
def gate(
    s: int, n: int, plain: Array, real: Array,
    ur: Array, ui: Array, er: Array, ei: Array, fr: Array, fi: Array,
) -> bool:  # fmt: skip
    """f_s = exp(input 2s) - ln(input 2s+1) at n points; whether doubles hold it."""
    j, k = 2 * s, 2 * s + 1
    if not powers(j, s, n, plain[j], ur, ui, er, ei):
        return False
    real[s] = plain[j]
    if plain[k]:
        if less_real_logs(k, s, n, ur, er, fr):
            if not plain[j]:
                for t in range(n):
                    fi[s, t] = ei[s, t]
            return True
        for t in range(n):
            ui[k, t] = 0.0
    if plain[j]:
        for t in range(n):
            ei[s, t] = 0.0
    real[s] = False
    return less_logs(k, s, n, ur, ui, er, ei, fr, fi)


# -- derivatives -----------------------------------------------------------------------------------


@_sums
def dot(a: Array, b: Array, n: int) -> float:
    """The sum of the first n products."""
    made = 0.0
    for t in range(n):
        made += a[t] * b[t]
    return made


@_sums
def sums(g: Array, a: Array, b: Array, n: int) -> tuple[float, float, float]:
    """The sums of the first n of g, g a and g b."""
    one = first = second = 0.0
    for t in range(n):
        one += g[t]
        first += g[t] * a[t]
        second += g[t] * b[t]
    return one, first, second


@compiled
def back(
    j: int, n: int, mix: Array, x: Array, lo: int, plain: bool, real: Array, gr: Array, gi: Array,
    ar: Array, ai: Array, fr: Array, fi: Array, slope: Array,
) -> None:  # fmt: skip
    """Add to the slopes of input j's coefficients from its adjoint gr + i gi; pass it on below."""
    last = mix.shape[1] - 1
    for v in range(0, x.shape[0], 2):
        w = min(v + 1, x.shape[0] - 1)
        one, first, second = sums(gr, x[v, lo:], x[w, lo:], n)
        slope[j, 1 + w] += second
        if w > v:
            slope[j, 1 + v] += first
        if v == 0:
            slope[j, 0] += one
    if j >= real.size:
        return
    c = mix[j, last]
    slope[j, last] += dot(gr, fr[j], n)
    for t in range(n):
        ar[j, t] = c * gr[t]
    if real[j]:
        return  # what is imaginary in the adjoint of a real value changes nothing
    if plain:
        for t in range(n):
            ai[j, t] = 0.0
    else:
        slope[j, last] -= dot(gi, fi[j], n)
        for t in range(n):
            ai[j, t] = c * gi[t]


@compiled
def through_power(
    s: int, n: int, plain: bool, gr: Array, gi: Array, ar: Array, ai: Array, er: Array, ei: Array
) -> None:
    """g = the adjoint of gate s times e_s."""
    if plain:
        for t in range(n):
            gr[t] = ar[s, t] * er[s, t]
    else:
        for t in range(n):
            gr[t] = ar[s, t] * er[s, t] - ai[s, t] * ei[s, t]
            gi[t] = ar[s, t] * ei[s, t] + ai[s, t] * er[s, t]


@compiled
def through_log(
    s: int, k: int, n: int, plain: bool, gr: Array, gi: Array,
    ar: Array, ai: Array, ur: Array, ui: Array,
) -> None:  # fmt: skip
    """g = minus the adjoint of gate s by input k."""
    if plain:
        for t in range(n):
            gr[t] = -ar[s, t] / ur[k, t]
    else:
        for t in range(n):
            size = -1.0 / (ur[k, t] * ur[k, t] + ui[k, t] * ui[k, t])
            gr[t] = (ar[s, t] * ur[k, t] + ai[s, t] * ui[k, t]) * size
            gi[t] = (ai[s, t] * ur[k, t] - ar[s, t] * ui[k, t]) * size


@compiled
def reverse(
    mix: Array, x: Array, lo: int, n: int, work: Array, plain: Array, real: Array, weight: Array,
    g: Array, slope: Array,
) -> None:  # fmt: skip
    """Add to the slopes what n points give, from the adjoint of the root downwards."""
    ur, ui, er, ei = work[0], work[1], work[2], work[3]
    fr, fi, ar, ai = work[4], work[5], work[6], work[7]
    gr, gi = g[0], g[1]
    for s in range(1, real.size):
        j, k = 2 * s, 2 * s + 1
        if weight.size:
            push(s, n, weight[s], real[s], fr, fi, ar, ai)
        through_power(s, n, plain[j], gr, gi, ar, ai, er, ei)
        back(j, n, mix, x, lo, plain[j], real, gr, gi, ar, ai, fr, fi, slope)
        through_log(s, k, n, plain[k], gr, gi, ar, ai, ur, ui)
        back(k, n, mix, x, lo, plain[k], real, gr, gi, ar, ai, fr, fi, slope)


# -- the loss --------------------------------------------------------------------------------------

MOST = 50.0


@compiled
def excess(s: int, n: int, real: bool, fr: Array, fi: Array) -> float:
    """The sum of (abs(f_s) - MOST)^2 where f_s is larger."""
    made = 0.0
    for t in range(n):
        size = abs(fr[s, t]) if real else math.sqrt(fr[s, t] ** 2 + fi[s, t] ** 2)
        if size > MOST:
            made += (size - MOST) ** 2
    return made


@compiled
def push(
    s: int, n: int, weight: float, real: bool, fr: Array, fi: Array, ar: Array, ai: Array
) -> None:
    """Add the derivative of weight * excess to the adjoint of gate s."""
    for t in range(n):
        size = abs(fr[s, t]) if real else math.sqrt(fr[s, t] ** 2 + fi[s, t] ** 2)
        if size > MOST:
            pull = 2.0 * weight * (size - MOST) / size
            ar[s, t] += pull * fr[s, t]
            if not real:
                ai[s, t] -= pull * fi[s, t]


@compiled
def clear(
    k: int, mix: Array, x: Array, lo: int, n: int, plain: bool, real: Array, work: Array,
    room: Array,
) -> None:  # fmt: skip
    """Lower room[k] to the least abs(w) / a at n points, w the argument k of ln and a the sum of
    the sizes of its terms.

    Logits that move by at most d move w, the gate below apart, by at most 2 a d / tau.
    """
    last = mix.shape[1] - 1
    c = mix[k, last] if k < real.size else 0.0
    ur, ui, fr, fi = work[0], work[1], work[4], work[5]
    for t in range(n):
        size = mix[k, 0]
        for v in range(last - 1):
            size += mix[k, 1 + v] * abs(x[v, lo + t])
        if c != 0.0:
            size += c * (abs(fr[k, t]) if real[k] else math.hypot(fr[k, t], fi[k, t]))
        near = abs(ur[k, t]) if plain else math.hypot(ur[k, t], ui[k, t])
        room[k] = min(room[k], near / size)


@compiled
def loss_and_slopes(
    mix: Array, x: Array, wanted: Array, work: Array, weight: Array, room: Array, slope: Array,
    derive: bool,
) -> tuple[float, float]:  # fmt: skip
    """The mean squared error over all points and the penalty, with their derivatives by the
    coefficients; inf where doubles do not hold the values.

    wanted is (2, points), real and imaginary; work is (8, inputs, tile). The penalty is the sum of
    weight[s] * (abs(f_s) - MOST)^2 where abs(f_s) is larger; none for empty weight. room[k], unless
    empty, becomes how far the argument k of ln stays from 0; see `clear`.
    """
    count = x.shape[1]
    real = np.zeros(mix.shape[0] // 2, dtype=np.bool_)
    plain = np.zeros(mix.shape[0], dtype=np.bool_)
    ur, ui, er, ei = work[0], work[1], work[2], work[3]
    fr, fi, ar, ai = work[4], work[5], work[6], work[7]
    g = np.zeros((2, work.shape[2]))
    slope[:, :], room[:] = 0.0, 1.0
    error = penalty = 0.0
    for lo in range(0, count, work.shape[2]):
        n = min(work.shape[2], count - lo)
        for s in range(real.size - 1, 0, -1):
            plain[2 * s] = fill(2 * s, mix, x, lo, n, real, ur, ui, fr, fi)
            plain[2 * s + 1] = fill(2 * s + 1, mix, x, lo, n, real, ur, ui, fr, fi)
            if not gate(s, n, plain, real, ur, ui, er, ei, fr, fi):
                return math.inf, 0.0
            if weight.size:
                penalty += weight[s] * excess(s, n, real[s], fr, fi)
            if room.size:
                clear(2 * s + 1, mix, x, lo, n, plain[2 * s + 1], real, work, room)
        for t in range(n):
            dr = fr[1, t] - wanted[0, lo + t]
            di = (0.0 if real[1] else fi[1, t]) - wanted[1, lo + t]
            error += dr * dr + di * di
            ar[1, t], ai[1, t] = 2.0 * dr / count, -2.0 * di / count
        if not error + penalty < math.inf:
            return math.inf, 0.0
        if derive:
            reverse(mix, x, lo, n, work, plain, real, weight, g, slope)
    return error / count, penalty
