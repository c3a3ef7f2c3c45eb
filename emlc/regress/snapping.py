"""Circuits with every input fixed to one of its terms: choosing the terms, and changing one.

`choice[j]` is 0 for the constant 1, 1.. for a variable, and the last number for the gate below.
"""

# mypy: disable-error-code="no-any-return"

from __future__ import annotations

import math

import numpy as np

from emlc.lower.jit import Array, compiled
from emlc.regress.circuit import loss_and_slopes, mixtures

EXACT = 1e-22
_LIGHT = 0.02


@compiled
def output(s: int, choice: Array, x: Array, f: Array, terms: int, points: int) -> bool:
    """Fill the output of gate s, f[s] of shape (points, 2); False where it is not finite."""
    for t in range(points):
        a = choice[2 * s]
        if a == 0:
            re, im = 1.0, 0.0
        elif a < terms - 1:
            re, im = x[a - 1, t], 0.0
        else:
            re, im = f[2 * s, t, 0], f[2 * s, t, 1]
        size = math.exp(re)
        er, ei = size, 0.0
        if im != 0.0:
            er, ei = size * math.cos(im), size * math.sin(im)
        a = choice[2 * s + 1]
        if a == 0:
            re, im = 1.0, 0.0
        elif a < terms - 1:
            re, im = x[a - 1, t], 0.0
        else:
            re, im = f[2 * s + 1, t, 0], f[2 * s + 1, t, 1]
        if im == 0.0 and re > 0.0:
            er -= math.log(re)
        else:
            er -= math.log(math.hypot(re, im))
            ei -= math.atan2(im, re)
        f[s, t, 0], f[s, t, 1] = er, ei
        if not (abs(er) < 1e300 and abs(ei) < 1e300):
            return False
    return True


@compiled
def misfit(f: Array, good: Array, wanted: Array, points: int) -> float:
    """The mean squared error of the circuit; inf where it has no finite value."""
    if not good[1]:
        return math.inf
    total = 0.0
    for t in range(points):
        total += (f[1, t, 0] - wanted[0, t]) ** 2 + (f[1, t, 1] - wanted[1, t]) ** 2
    return total / points


@compiled
def refresh(
    s: int, choice: Array, x: Array, f: Array, good: Array, terms: int, points: int
) -> None:
    """Compute gate s from what is below it."""
    gates = choice.size // 2
    fine = True
    for j in range(2 * s, 2 * s + 2):
        if j < gates and choice[j] == terms - 1 and not good[j]:
            fine = False
    good[s] = fine and output(s, choice, x, f, terms, points)


@compiled
def settle(choice: Array, x: Array, wanted: Array, f: Array, good: Array, terms: int) -> float:
    """Compute all gates; the error."""
    for s in range(choice.size // 2 - 1, 0, -1):
        refresh(s, choice, x, f, good, terms, x.shape[1])
    return misfit(f, good, wanted, x.shape[1])


@compiled
def climb(s: int, choice: Array, x: Array, f: Array, good: Array, terms: int) -> None:
    """Compute gate s and those above it, as far as they depend on it."""
    while s > 0:
        refresh(s, choice, x, f, good, terms, x.shape[1])
        if s > 1 and choice[s] != terms - 1:
            break
        s //= 2


@compiled
def live(j: int, choice: Array, terms: int) -> bool:
    """Whether the circuit's value depends on input j."""
    s = j // 2
    while s > 1:
        if choice[s] != terms - 1:
            return False
        s //= 2
    return True


@compiled
def polish(
    choice: Array, allowed: Array, x: Array, wanted: Array, f: Array, good: Array, most: int
) -> float:
    """Change one input at a time while that lowers the error; the error."""
    terms = allowed.shape[1]
    error = settle(choice, x, wanted, f, good, terms)
    order = np.arange(2, choice.size)
    for _ in range(most):
        if error < EXACT:
            return error
        improved = False
        np.random.shuffle(order)
        for j in order:
            if not live(j, choice, terms):
                continue
            before, best, best_error = choice[j], choice[j], error
            for o in range(terms):
                if o == before or not allowed[j, o]:
                    continue
                choice[j] = o
                climb(j // 2, choice, x, f, good, terms)
                now = misfit(f, good, wanted, x.shape[1])
                if now < best_error * (1.0 - 1e-9):
                    best, best_error = o, now
            choice[j] = best
            climb(j // 2, choice, x, f, good, terms)
            if best != before:
                error = best_error
                improved = True
        if not improved:
            break
    return error


@compiled
def draw(logits: Array, allowed: Array, choice: Array) -> None:
    """Fix every input to a term drawn from its mixture."""
    for j in range(2, logits.shape[0]):
        choice[j] = 0
        top = -math.inf
        for o in range(logits.shape[1]):
            if allowed[j, o]:
                u = max(np.random.random(), 1e-300)
                size = logits[j, o] - math.log(-math.log(u) + 1e-300)
                if size > top:
                    choice[j], top = o, size


@compiled
def harden_by_loss(
    logits: Array, allowed: Array, tau: float, x: Array, wanted: Array, work: Array, choice: Array
) -> None:
    """Fix one input after the other, from the root, to the term that costs the loss least.

    Terms of next to no weight are not tried, nor inputs that no longer matter.
    """
    mix, slope, none = np.zeros(logits.shape), np.zeros(logits.shape), np.zeros(0)
    mixtures(logits, allowed, tau, mix)
    for j in range(2, logits.shape[0]):
        choice[j] = 0
        if live(j, choice, logits.shape[1]):
            soft = mix[j].copy()
            choice[j] = np.argmax(soft)
            low = math.inf
            for o in range(logits.shape[1]):
                if _LIGHT < soft[o] <= 1.0 - _LIGHT:
                    mix[j, :] = 0.0
                    mix[j, o] = 1.0
                    now, _ = loss_and_slopes(mix, x, wanted, work, none, none, slope, False)
                    if now < low:
                        choice[j], low = o, now
        mix[j, :] = 0.0
        mix[j, choice[j]] = 1.0
