"""Gradient descent on a circuit: Adam, at a falling temperature."""

# mypy: disable-error-code="no-any-return"

from __future__ import annotations

import math

import numpy as np

from emlc.lower.jit import Array, compiled
from emlc.regress.circuit import loss_and_slopes, mixtures


@compiled
def to_logits(mix: Array, slope: Array, allowed: Array, tau: float, grad: Array) -> float:
    """Derivatives by the logits from those by the coefficients; their length."""
    length = 0.0
    for j in range(2, mix.shape[0]):
        mean = 0.0
        for o in range(mix.shape[1]):
            mean += mix[j, o] * slope[j, o]
        for o in range(mix.shape[1]):
            grad[j, o] = mix[j, o] * (slope[j, o] - mean) / tau if allowed[j, o] else 0.0
            length += grad[j, o] ** 2
    return math.sqrt(length)


@compiled
def adam(
    grad: Array, scale: float, step: int, rate: float, first: Array, second: Array, move: Array
) -> None:
    """The step number `step` = 1, 2, ... of Adam along -scale * grad."""
    fade, fade_second = 1.0 - 0.9**step, math.sqrt(1.0 - 0.999**step)
    for j in range(2, grad.shape[0]):
        for o in range(grad.shape[1]):
            g = grad[j, o] * scale
            first[j, o] += 0.1 * (g - first[j, o])
            second[j, o] = 0.999 * second[j, o] + 0.001 * g * g
            move[j, o] = -rate / fade * first[j, o]
            move[j, o] /= math.sqrt(second[j, o]) / fade_second + 1e-8


@compiled
def put(source: Array, out: Array) -> None:
    """out = source; as a slice it would compile numba's words for unequal shapes."""
    for j in range(source.shape[0]):
        for o in range(source.shape[1]):
            out[j, o] = source[j, o]


@compiled
def blur(logits: Array, allowed: Array, noise: float, out: Array) -> None:
    """out = logits with Gumbel noise."""
    put(logits, out)
    if noise > 0.0:
        for j in range(2, logits.shape[0]):
            for o in range(logits.shape[1]):
                if allowed[j, o]:
                    u = max(np.random.random(), 1e-12)
                    out[j, o] -= noise * math.log(-math.log(u) + 1e-12)


@compiled
def follow(logits: Array, move: Array, room: Array, tau: float) -> None:
    """Move the logits, those of an argument of ln by no more than brings it halfway to 0."""
    for j in range(2, logits.shape[0]):
        most = 0.25 * tau * room[j]
        for o in range(logits.shape[1]):
            logits[j, o] += min(max(move[j, o], -most), most)


@compiled
def descend(
    logits: Array, allowed: Array, x: Array, wanted: Array, work: Array,
    rate: tuple[float, float], tau: tuple[float, float], clip: float, noise: float, enough: float,
    history: Array,
) -> int:  # fmt: skip
    """Adam with rate and temperature that fall from first to last; how many steps it took.

    With noise, Gumbel noise of falling size is added to the logits, so that every step tries a
    choice near a discrete one; without, a step after which the loss is not finite is undone and
    halved. The history gets every loss.
    """
    shape, steps = logits.shape, history.size
    mix, slope, grad, tried = np.zeros(shape), np.zeros(shape), np.zeros(shape), np.zeros(shape)
    first, second, move = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    room, unweighted = np.ones(shape[0]), np.zeros(0)
    kept = logits.copy()
    shrink = 1.0
    for step in range(steps):
        part = step / max(1, steps - 1)
        heat = tau[0] * (tau[1] / tau[0]) ** part
        blur(logits, allowed, noise * (1.0 - part), tried)
        mixtures(tried, allowed, heat, mix)
        loss, _ = loss_and_slopes(mix, x, wanted, work, unweighted, room, slope, True)
        history[step] = loss
        if loss < enough:
            return step + 1
        length = to_logits(mix, slope, allowed, heat, grad) if loss < math.inf else math.inf
        if length < math.inf:
            put(logits, kept)
            pace = (rate[0] + (rate[1] - rate[0]) * part) * shrink
            scale = min(1.0, clip / max(length, 1e-300))
            adam(grad, scale, step + 1, pace, first, second, move)
            follow(logits, move, room, heat)
        elif noise == 0.0:
            put(kept, logits)
            shrink *= 0.5
    return steps
