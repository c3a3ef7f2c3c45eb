"""The paper's master formula: a complete tree of eml gates whose inputs are mixtures.

Gate s of a circuit of depth n, 1 <= s < 2^n, has the inputs 2s and 2s+1; input j is
alpha + beta x + ... + gamma f_j, with f_j the output of gate j where j < 2^n, and no such term at
the bottom. The coefficients are a softmax of `logits[j] / tau`; 5*2^n - 6 of them in one variable.

Values and derivatives go through all gates in tiles of points, in real arithmetic as long as a
gate's values are real. A loss that is not finite is inf, never a number that stands for one.
"""

# mypy: disable-error-code="no-any-return"

from __future__ import annotations

import math

import numpy as np

from emlc.lower.jit import Array, compiled
from emlc.lower.vector import atan as small_atan
from emlc.lower.vector import exp as fast_exp
from emlc.lower.vector import log as fast_log
from emlc.lower.vector import sin_cos

TILE = 64


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


@compiled
def inputs(
    j: int, gates: int, mix: Array, x: Array, lo: int, n: int,
    ur: Array, ui: Array, fr: Array, fi: Array, real: Array,
) -> bool:  # fmt: skip
    """Fill input j at points lo..lo+n; whether it is real."""
    for t in range(n):
        ur[j, t] = mix[j, 0]
    for v in range(x.shape[0]):
        c = mix[j, 1 + v]
        if c != 0.0:
            for t in range(n):
                ur[j, t] += c * x[v, lo + t]
    c = mix[j, mix.shape[1] - 1]
    if j >= gates or c == 0.0:
        return True
    for t in range(n):
        ur[j, t] += c * fr[j, t]
    if real[j]:
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
    p = min(x, y) / max(max(x, y), 1e-300)
    steep = p > 0.41421356237309503
    q = (p - 1.0) / (p + 1.0) if steep else p
    a = small_atan(q) * math.pi + (0.25 * math.pi if steep else 0.0)
    a = 0.5 * math.pi - a if y > x else a
    a = math.pi - a if re < 0.0 else a
    return -a if im < 0.0 else a


@compiled
def gate(
    s: int, n: int, plain_x: bool, plain_y: bool, ur: Array, ui: Array,
    er: Array, ei: Array, fr: Array, fi: Array,
) -> bool:  # fmt: skip
    """f_s = exp(input 2s) - ln(input 2s+1) at n points; whether it is real."""
    j, k = 2 * s, 2 * s + 1
    if plain_x:
        for t in range(n):
            er[s, t] = fast_exp(ur[j, t])
    else:
        for t in range(n):
            er[s, t], ei[s, t] = polar(fast_exp(ur[j, t]), ui[j, t])
    if plain_y:
        low = math.inf
        for t in range(n):
            low = min(low, ur[k, t])
        if low > 1e-300:
            for t in range(n):
                fr[s, t] = er[s, t] - fast_log(ur[k, t])
            if not plain_x:
                for t in range(n):
                    fi[s, t] = ei[s, t]
            return plain_x
    if plain_y:
        for t in range(n):
            ui[k, t] = 0.0
    if plain_x:
        for t in range(n):
            ei[s, t] = 0.0
    for t in range(n):
        size = max(ur[k, t] * ur[k, t] + ui[k, t] * ui[k, t], 1e-300)
        fr[s, t] = er[s, t] - 0.5 * fast_log(size)
        fi[s, t] = ei[s, t] - argument(ur[k, t], ui[k, t])
    return False


@compiled
def back(
    j: int, n: int, gates: int, mix: Array, x: Array, lo: int, plain: bool, real: Array,
    gr: Array, gi: Array, ar: Array, ai: Array, fr: Array, fi: Array, slope: Array,
) -> None:  # fmt: skip
    """Add to the slopes of input j's coefficients from its adjoint gr + i gi; pass it on below."""
    last = mix.shape[1] - 1
    total = 0.0
    for t in range(n):
        total += gr[t]
    slope[j, 0] += total
    for v in range(x.shape[0]):
        total = 0.0
        for t in range(n):
            total += gr[t] * x[v, lo + t]
        slope[j, 1 + v] += total
    if j >= gates:
        return
    total = 0.0
    for t in range(n):
        total += gr[t] * fr[j, t]
    if not plain and not real[j]:
        for t in range(n):
            total -= gi[t] * fi[j, t]
    slope[j, last] += total
    c = mix[j, last]
    for t in range(n):
        ar[j, t] = c * gr[t]
    if plain:
        for t in range(n):
            ai[j, t] = 0.0
    else:
        for t in range(n):
            ai[j, t] = c * gi[t]


@compiled
def loss_and_slopes(
    mix: Array, x: Array, wanted: Array, work: Array, slope: Array, derive: bool
) -> float:
    """The mean squared error over all points, and its derivatives by the coefficients.

    wanted is (2, points), real and imaginary; work is (8, inputs, TILE).
    """
    gates = mix.shape[0] // 2
    count = x.shape[1]
    ur, ui, er, ei = work[0], work[1], work[2], work[3]
    fr, fi, ar, ai = work[4], work[5], work[6], work[7]
    real = np.zeros(gates, dtype=np.bool_)
    plain = np.zeros(2 * gates, dtype=np.bool_)
    gr, gi = np.empty(TILE), np.zeros(TILE)
    slope[:, :] = 0.0
    total = 0.0
    for lo in range(0, count, TILE):
        n = min(TILE, count - lo)
        for s in range(gates - 1, 0, -1):
            for j in range(2 * s, 2 * s + 2):
                plain[j] = inputs(j, gates, mix, x, lo, n, ur, ui, fr, fi, real)
            real[s] = gate(s, n, plain[2 * s], plain[2 * s + 1], ur, ui, er, ei, fr, fi)
        for t in range(n):
            dr = fr[1, t] - wanted[0, lo + t]
            di = (0.0 if real[1] else fi[1, t]) - wanted[1, lo + t]
            total += dr * dr + di * di
            ar[1, t], ai[1, t] = 2.0 * dr / count, -2.0 * di / count
        if not total < 1e300:
            return math.inf
        if not derive:
            continue
        for s in range(1, gates):
            j, k = 2 * s, 2 * s + 1
            flat = real[s]
            for t in range(n):
                gr[t] = ar[s, t] * er[s, t]
            if not flat:
                if plain[j]:
                    for t in range(n):
                        gi[t] = ai[s, t] * er[s, t]
                else:
                    for t in range(n):
                        gr[t] -= ai[s, t] * ei[s, t]
                        gi[t] = ar[s, t] * ei[s, t] + ai[s, t] * er[s, t]
            elif s > 1:
                for t in range(n):
                    gi[t] = ai[s, t] * er[s, t]
            back(j, n, gates, mix, x, lo, False, real, gr, gi, ar, ai, fr, fi, slope)
            if plain[k]:
                for t in range(n):
                    gr[t] = -ar[s, t] / ur[k, t]
                    gi[t] = -ai[s, t] / ur[k, t]
            else:
                for t in range(n):
                    size = -1.0 / (ur[k, t] ** 2 + ui[k, t] ** 2)
                    gr[t] = (ar[s, t] * ur[k, t] + ai[s, t] * ui[k, t]) * size
                    gi[t] = (ai[s, t] * ur[k, t] - ar[s, t] * ui[k, t]) * size
            back(k, n, gates, mix, x, lo, False, real, gr, gi, ar, ai, fr, fi, slope)
    return total / count


@compiled
def nearest_singularity(gates: int, work: Array, n: int) -> float:
    """The least modulus of an argument of ln at the last tile."""
    low = math.inf
    for s in range(1, gates):
        for t in range(n):
            low = min(low, abs(work[0, 2 * s + 1, t]) + abs(work[1, 2 * s + 1, t]))
    return low


@compiled
def to_logits(mix: Array, slope: Array, allowed: Array, tau: float, grad: Array) -> None:
    """Derivatives by the logits from those by the coefficients."""
    for j in range(2, mix.shape[0]):
        mean = 0.0
        for o in range(mix.shape[1]):
            mean += mix[j, o] * slope[j, o]
        for o in range(mix.shape[1]):
            grad[j, o] = mix[j, o] * (slope[j, o] - mean) / tau if allowed[j, o] else 0.0


@compiled
def descend(
    logits: Array, allowed: Array, free: Array, x: Array, wanted: Array, work: Array,
    steps: int, rate: float, rate_end: float, tau: float, tau_end: float, power: float,
    noise: float, clip: float, enough: float, history: Array,
) -> float:  # fmt: skip
    """Adam with a falling temperature; the last finite loss. The history gets every loss.

    With noise, Gumbel noise of falling size is added to the logits, so that every step tries a
    choice near a discrete one. A step after which the loss is not finite is undone and halved.
    """
    shape = logits.shape
    mix, slope, grad = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    first, second, tried = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    kept = logits.copy()
    shrink, last = 1.0, math.inf
    for step in range(steps):
        part = step / max(1, steps - 1)
        heat = tau * (tau_end / tau) ** (part**power)
        pace = (rate + (rate_end - rate) * part) * shrink
        for j in range(2, shape[0]):
            for o in range(shape[1]):
                tried[j, o] = logits[j, o]
                if noise > 0.0 and allowed[j, o]:
                    u = max(np.random.random(), 1e-12)
                    tried[j, o] -= noise * (1.0 - part) * math.log(-math.log(u) + 1e-12)
        mixtures(tried, allowed, heat, mix)
        loss = loss_and_slopes(mix, x, wanted, work, slope, True)
        history[step] = loss
        if not loss < math.inf:
            if noise == 0.0:
                logits[:, :] = kept
                shrink *= 0.5
            continue
        last = loss
        kept[:, :] = logits
        if loss < enough:
            break
        to_logits(mix, slope, allowed, heat, grad)
        norm = 0.0
        for j in range(2, shape[0]):
            for o in range(shape[1]):
                norm += grad[j, o] ** 2
        if not norm < 1e300:
            continue
        # No step goes farther than the nearest zero of an argument of ln allows.
        near = nearest_singularity(shape[0] // 2, work, min(TILE, x.shape[1]))
        pace *= min(1.0, 20.0 * near + 0.02)
        scale = min(1.0, clip / math.sqrt(norm)) if clip > 0.0 and norm > 0.0 else 1.0
        for j in range(2, shape[0]):
            for o in range(shape[1]):
                if free[j, o]:
                    g = grad[j, o] * scale
                    first[j, o] = 0.9 * first[j, o] + 0.1 * g
                    second[j, o] = 0.999 * second[j, o] + 0.001 * g * g
                    m = first[j, o] / (1.0 - 0.9 ** (step + 1))
                    v = second[j, o] / (1.0 - 0.999 ** (step + 1))
                    logits[j, o] -= pace * m / (math.sqrt(v) + 1e-8)
    return last
