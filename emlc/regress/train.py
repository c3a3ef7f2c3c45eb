"""Training circuits: our optimiser, the paper's, and what came out as a tree."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from emlc.errors import ArgumentError
from emlc.lower.jit import Array, compiled
from emlc.regress.circuit import TILE, descend
from emlc.regress.exact import misfit as tree_misfit
from emlc.regress.snapping import EXACT, harden, harden_by_loss, polish

MAX_DEPTH = 12
_POINTS = 36
_DRAWS = 16
_BIAS = 0.7
_FITS = 2e-11


@dataclass(slots=True)
class Trained:
    """One run. `rpn` is the snapped tree, None where its values are no finite numbers.

    success   whether the tree gives all the data to rounding, by rigorous evaluation where needed
    loss      mean squared error of the snapped tree on the points trained on
    restarts  how many circuits were snapped and polished
    history   the loss of each step of the last descent
    logits    what the last descent ended with
    """

    rpn: list[str] | None
    success: bool
    loss: float
    restarts: int
    steps: int
    seconds: float
    history: Array = field(repr=False)
    logits: Array = field(repr=False)


@compiled
def seeded(seed: int) -> None:
    """Start the random numbers of the kernels."""
    np.random.seed(seed)


@compiled
def attempts(
    count: int, allowed: Array, x: Array, wanted: Array, work: Array, f: Array, good: Array,
    steps: int, bias: float, choice: Array, logits: Array, history: Array, enough: float,
    passes: int,
) -> tuple[float, int]:  # fmt: skip
    """Circuits drawn from trained and from random logits, snapped and polished, until one is exact.

    Of sixteen, one is what a short descent ends with, three are drawn from its mixtures and the
    others from random ones. The error of the best, left in choice, and how many were drawn.
    """
    low = math.inf
    trial = np.zeros(choice.size, dtype=np.int64)
    for k in range(count):
        trained = k % _DRAWS == 0
        if k % _DRAWS in (0, 4):
            for j in range(2, logits.shape[0]):
                for o in range(logits.shape[1]):
                    logits[j, o] = np.random.normal()
                logits[j, 0] += bias
        if trained:
            descend(logits, allowed, allowed, x, wanted, work, steps, 0.3, 0.1, 1.0, 0.25, 1.0,
                    0.5, 0.0, EXACT, history)  # fmt: skip
        harden(logits, allowed, 0.0 if trained else 1.0, trial)
        error = polish(trial, allowed, x, wanted, f, good, passes)
        if error < low:
            low = error
            choice[:] = trial
        if low < enough:
            return low, k + 1
    return low, count


class Circuit:
    """A complete tree of gates over some variables, with data to be trained on.

    columns   variable names and their values; target real or complex values, one a point
    gates     "mixed" (the master formula) or "paper" (inputs above the bottom choose between 1 and
              the gate below only, as in the author's trainer)
    """

    def __init__(
        self, depth: int, columns: Mapping[str, Any], target: Any, *, gates: str = "mixed"
    ) -> None:
        if not 1 <= depth <= MAX_DEPTH:
            raise ArgumentError(f"a depth of {depth} is not between 1 and {MAX_DEPTH}")
        if gates not in ("mixed", "paper"):
            raise ArgumentError(f"no gates {gates!r}", hint="mixed or paper")
        self.depth, self.names = depth, list(columns)
        self.x = np.ascontiguousarray([np.asarray(c, dtype=np.float64) for c in columns.values()])
        self.target = np.asarray(target, dtype=np.complex128)
        self.wanted = np.stack([self.target.real, self.target.imag])
        self.inputs, self.terms = 2 ** (depth + 1), len(self.names) + 2
        self.allowed = np.ones((self.inputs, self.terms), dtype=np.bool_)
        self.allowed[2**depth :, -1] = False
        if gates == "paper":
            self.allowed[: 2**depth, 1:-1] = False
        self.work = np.zeros((8, self.inputs, TILE))

    def train(self, seed: int, *, seconds: float = 60.0) -> Trained:
        """Short annealed descents on a few points, each snapped and polished, until one is exact.

        Random numbers follow the seed; so does the result, unless time ends it.
        """
        begun = time.monotonic()
        seeded(seed)
        rows = _spread(self.x, _POINTS, seed)
        x, wanted = (
            np.ascontiguousarray(self.x[:, rows]),
            np.ascontiguousarray(self.wanted[:, rows]),
        )
        f, good = np.zeros((self.inputs, len(rows), 2)), np.zeros(self.inputs, dtype=np.bool_)
        steps = _STEPS.get(self.depth, 60)
        choice = np.zeros(self.inputs, dtype=np.int64)
        logits, history = np.zeros((self.inputs, self.terms)), np.full(steps, math.inf)
        restarts = 0
        found = Trained(None, False, math.inf, 0, 0, 0.0, history, logits)
        while True:
            batch = 4 * _DRAWS
            error, count = attempts(
                batch, self.allowed, x, wanted, self.work, f, good, steps, _BIAS, choice, logits,
                history, EXACT, 12,
            )  # fmt: skip
            restarts += count
            if error < found.loss:
                rpn = self.rpn(choice)
                found.rpn, found.loss = rpn, error
                if error < 1e-12:
                    found.success = self.fits(rpn)
            if found.success or time.monotonic() - begun > seconds:
                break
        found.restarts, found.steps = restarts, -(-restarts // _DRAWS) * steps
        found.seconds = time.monotonic() - begun
        return found

    def train_as_paper(self, seed: int, *, search: int = 6000, hardening: int = 2000) -> Trained:
        """The schedule of the author's trainer: Adam at a high temperature, then a falling one.

        Its penalties on entropy and size are left out, and its random numbers are not ours.
        """
        begun = time.monotonic()
        rng = np.random.default_rng(seed)
        logits = rng.normal(size=(self.inputs, self.terms))
        logits[2**self.depth :, 0] += 2.0 if seed % 2 == 0 else 0.0
        logits[: 2**self.depth, :] = 0.0
        logits[: 2**self.depth, 0] = rng.normal(size=2**self.depth) + 4.0
        free = self.allowed.copy()
        free[: 2**self.depth, -1] = False
        history = np.full(search + hardening, math.inf)
        data = (self.allowed, free, self.x, self.wanted, self.work)
        descend(logits, *data, search, 0.01, 0.01, 2.5, 2.5, 1.0, 0.0, 1.0, 1e-20, history)
        descend(logits, *data, hardening, 0.01, 1e-4, 2.5, 0.01, 2.0, 0.0, 1.0, 1e-24,
                history[search:])  # fmt: skip
        choice = np.zeros(self.inputs, dtype=np.int64)
        harden(logits, self.allowed, 0.0, choice)
        rpn = self.rpn(choice)
        worst = tree_misfit(rpn, self.names, self.x, self.target)
        loss = float(np.mean(np.abs(worst * self.target) ** 2)) if worst < math.inf else math.inf
        seconds = time.monotonic() - begun
        return Trained(rpn, worst < _FITS, loss, 1, search + hardening, seconds, history, logits)

    def snapped_by_loss(self, logits: Array, tau: float = 1.0) -> list[str]:
        """The tree of a trained circuit, every choice by how little the loss suffers."""
        choice = np.zeros(self.inputs, dtype=np.int64)
        harden_by_loss(logits, self.allowed, tau, self.x, self.wanted, self.work, choice)
        return self.rpn(choice)

    def rpn(self, choice: Sequence[int] | Array) -> list[str]:
        """The tree of a snapped circuit as tokens."""
        out: list[str] = []
        stack = [1]
        while stack:
            s = stack.pop()
            if s < 0:
                out.append("E" if s == -1 else self._leaf(int(choice[-s])))
                continue
            stack.append(-1)
            for j in (2 * s + 1, 2 * s):
                below = j < self.inputs // 2 and choice[j] == self.terms - 1
                stack.append(j if below else -j)
        return out

    def _leaf(self, term: int) -> str:
        return "1" if term == 0 else self.names[term - 1]

    def fits(self, rpn: Sequence[str]) -> bool:
        """Whether the tree gives all the data to rounding."""
        return bool(tree_misfit(rpn, self.names, self.x, self.target) < _FITS)


_STEPS = {1: 20, 2: 30, 3: 30, 4: 40, 5: 40, 6: 40}


def _spread(x: Array, most: int, seed: int) -> Array:
    """Rows spread over the data."""
    count = x.shape[1]
    rng = np.random.default_rng(seed)
    return np.sort(rng.choice(count, min(most, count), replace=False))


def paper_data(rpn: Sequence[str], step: float = 0.1) -> tuple[dict[str, Array], Array]:
    """The paper's grid, x and y in [1, 3], where a tree of x and y is real, with its values."""
    from emlc.regress.trees import values

    side = np.arange(1.0, 3.0 + step / 2, step)
    x, y = (a.ravel() for a in np.meshgrid(side, side, indexing="ij"))
    made, status = values(list(rpn), ["x", "y"], np.array([x, y]))
    fine = (made[:, 1] == 0.0) & (status == 0)
    return {"x": x[fine], "y": y[fine]}, made[fine, 0]


# Depth of the circuit, tree and the paper's successes.
TARGETS = (
    (2, "1yxEE", "32/32"),
    (3, "1yxEE1E", "17/64"),
    (4, "11xyEE1EE", "15/64"),
    (5, "111xyEEE1EE", "1/64"),
    (6, "11xyE1EE1E1EE", "0/64"),
)

Tell = Callable[[str], None]
