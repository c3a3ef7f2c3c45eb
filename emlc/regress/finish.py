"""From a formula of the archive to one that is read: pruned, its constants snapped or rounded."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

import numpy as np

from emlc.lower.jit import Array
from emlc.regress.archive import CONSTANT
from emlc.regress.constants import Exact, near
from emlc.regress.machine import sizes
from emlc.regress.model import ROUNDING, Model

_EVIDENCE = math.log(20.0)

# -- pruning ---------------------------------------------------------------------------------------


def prune(m: Model, until: float = math.inf) -> None:
    """Replace parts by an operand of theirs or a number where that shortens the description."""
    better = True
    while better and len(m.code) > 1:
        better = False
        limit = m.length() - 1e-9
        for trial in _shorter(m):
            if time.monotonic() > until:
                return
            if trial.refit(6) < math.inf and trial.length() < limit:
                m.code, m.const, m.free, m.error = trial.code, trial.const, trial.free, trial.error
                better = True
                break


def _shorter(m: Model) -> Iterator[Model]:
    """The formula with one part replaced, large parts first."""
    size = sizes(m.engine, m.code, m.arity)
    values = m.values_of_parts()
    for k in sorted(range(len(m.code)), key=lambda k: -int(size[k])):
        start = k - int(size[k]) + 1
        if m.code[k] >= 0:
            mean = float(np.mean(values[k]))
            if math.isfinite(mean):
                yield _replaced(m, start, k + 1, [CONSTANT], [mean])
                yield _replaced(m, start, k + 1, [CONSTANT], [float(np.min(values[k]))])
            ends = [k - 1]
            if m.arity[m.code[k]] == 2:
                ends.append(k - 1 - int(size[k - 1]))
            for end in ends:
                part = slice(end - int(size[end]) + 1, end + 1)
                yield _replaced(m, start, k + 1, list(m.code[part]), list(m.const[part]))
        elif m.code[k] != CONSTANT and -m.code[k] % 2 == 1:
            yield _replaced(m, k, k + 1, [int(m.code[k]) + 1], [1.0])


def _replaced(m: Model, start: int, end: int, code: list[int], const: list[float]) -> Model:
    made = replace(
        m,
        code=np.array([*m.code[:start], *code, *m.code[end:]], dtype=np.int64),
        const=np.array([*m.const[:start], *const, *m.const[end:]]),
    )
    made.fold()
    return made


# -- snapping --------------------------------------------------------------------------------------


_UNITS = (Exact(Fraction(0), "1", 0.0, 0.0), Exact(Fraction(1), "1", 1.0, 0.0))


def snap(m: Model, until: float = math.inf) -> None:
    """Replace free numbers by exact ones where the data support that.

    They do where the description becomes shorter by what twenty to one is worth.
    """
    while m.free:
        trials = []
        limit = m.length() - _EVIDENCE
        for trial in _trials(m, limit):
            if time.monotonic() > until:
                return
            # Too few points for so many numbers say nothing for others that are not exact.
            if trial.length() < limit and (limit < math.inf or trial.error < ROUNDING):
                trials.append(trial)
        if not trials:
            return
        best = min(trials, key=Model.length)
        (place,) = set(m.free) - set(best.free)
        m.said.append(f"{float(m.const[place])!r} to {best.exact[place]}")
        m.const, m.free, m.exact, m.error = best.const, best.free, best.exact, best.error


def _trials(m: Model, limit: float) -> Iterator[Model]:
    yield from _rescaled(m)
    deviation = m.deviations()
    for place, spread in zip(m.free, deviation, strict=True):
        value = float(m.const[place])
        room = max(4.0 * float(spread), 1e-12 * abs(value))
        found = near(value, min(room, max(0.3 * abs(value), 1e-6)))
        # What other numbers can make up for is 0 or 1, however far from it.
        for exact in [*found, *(e for e in _UNITS if e.value not in [f.value for f in found])]:
            trial = _pinned(m, m.const, place, exact)
            yield trial
            if trial.length() < limit:
                break


def _rescaled(m: Model) -> Iterator[Model]:
    """Where numbers may grow together without any change, each of them made 1."""
    sizes = m.const[m.free]
    if len(sizes) < 2 or not sizes.all():
        return
    slopes = m.slopes() * sizes[:, None] * np.sqrt(m.w)
    if not (np.abs(slopes) < 1e140).all():
        return
    left, strength, _ = np.linalg.svd(slopes, full_matrices=False)
    for direction in left.T[strength < 1e-7 * strength[0]]:
        for k in np.flatnonzero(np.abs(direction) > 0.05):
            place = m.free[k]
            far = np.clip(-math.log(abs(sizes[k])) / direction[k] * direction, -300, 300)
            minus = sizes[k] < 0
            one = Exact(Fraction(-1 if minus else 1), "1", -1.0 if minus else 1.0, 0.0)
            const = m.const.copy()
            const[m.free] = sizes * np.exp(far)
            yield _pinned(m, const, place, one)


def _pinned(m: Model, const: Array, place: int, exact: Exact) -> Model:
    """The formula with these numbers but one, which is exact, and the others refitted."""
    free = [k for k in m.free if k != place]
    made = replace(m, const=const.copy(), free=free, exact=m.exact | {place: exact})
    made.const[place] = exact.value
    made.refit(8)
    return made


def round_free(m: Model) -> None:
    """Write the free numbers in as few digits as the data determine, and two more."""
    if not m.free:
        return
    deviation = m.deviations()
    kept = m.const.copy()
    for place, spread in zip(m.free, deviation, strict=True):
        value = float(m.const[place])
        if value and math.isfinite(spread):
            digits = math.log10(abs(value) / (spread + 1e-300)) if spread < abs(value) else 0.0
            m.const[place] = float(f"{value:.{min(16, max(3, math.ceil(digits) + 2))}e}")
    before = m.error
    if not m.measure() <= before * 1.001 + 1e-30:
        m.const[:] = kept
        m.error = before
