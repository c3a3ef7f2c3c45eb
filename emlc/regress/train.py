"""Training circuits: our optimiser, the paper's, and what came out as a tree."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from emlc.errors import ArgumentError
from emlc.lower.jit import Array, compiled
from emlc.regress.circuit import tile
from emlc.regress.descent import descend
from emlc.regress.exact import misfit as tree_misfit
from emlc.regress.snapping import EXACT, draw, harden_by_loss, polish
from emlc.regress.trees import values

MAX_DEPTH = 12
_POINTS = 36
_DRAWS = 16
_BIAS = 0.7
_COLD = 0.25
_FITS = 2e-11


@dataclass(slots=True)
class Trained:
    """One run. `rpn` is the snapped tree, None where its values are no finite numbers.

    success   whether the tree gives all the data to rounding, by rigorous evaluation where needed
    accepted  whether it is a success by the author's criterion
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
    accepted: bool = False


@compiled
def seeded(seed: int) -> None:
    """Start the random numbers of the kernels."""
    np.random.seed(seed)


@compiled
def attempts(
    count: int, allowed: Array, x: Array, wanted: Array, work: Array, f: Array, good: Array,
    bias: float, choice: Array, logits: Array, history: Array, enough: float, passes: int,
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
            descend(logits, allowed, x, wanted, work, (0.3, 0.1), (1.0, _COLD), 1e300, 0.5, EXACT,
                    history)  # fmt: skip
            harden_by_loss(logits, allowed, _COLD, x, wanted, work, trial)
        else:
            draw(logits, allowed, trial)
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
    """

    def __init__(self, depth: int, columns: Mapping[str, Any], target: Any) -> None:
        if not 1 <= depth <= MAX_DEPTH:
            raise ArgumentError(f"a depth of {depth} is not between 1 and {MAX_DEPTH}")
        self.depth, self.names = depth, list(columns)
        self.x = np.ascontiguousarray([np.asarray(c, dtype=np.float64) for c in columns.values()])
        self.target = np.asarray(target, dtype=np.complex128)
        self.wanted = np.stack([self.target.real, self.target.imag])
        self.inputs, self.terms = 2 ** (depth + 1), len(self.names) + 2
        self.allowed = np.ones((self.inputs, self.terms), dtype=np.bool_)
        self.allowed[2**depth :, -1] = False
        self.work = np.zeros((8, self.inputs, tile(self.inputs, self.x.shape[1])))

    def train(self, seed: int, *, seconds: float = 60.0) -> Trained:
        """Short annealed descents on a few points, each snapped and polished, until one is exact.

        Random numbers follow the seed; so does the result, unless time ends it.
        """
        begun = time.monotonic()
        seeded(seed)
        rows = spread(self.x, _POINTS, seed)
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
                batch, self.allowed, x, wanted, self.work, f, good, _BIAS, choice, logits,
                history, EXACT, 12,
            )  # fmt: skip
            restarts += count
            if error < found.loss:
                rpn = self.rpn(choice)
                found.rpn, found.loss = rpn, error
                found.accepted = error < 1e-6
                if error < 1e-12:
                    found.success = self.fits(rpn)
            if found.success or time.monotonic() - begun > seconds:
                break
        found.restarts, found.steps = restarts, -(-restarts // _DRAWS) * steps
        found.seconds = time.monotonic() - begun
        return found

    def rpn(
        self, choice: Sequence[int] | Array, other: Mapping[int, Sequence[str]] | None = None
    ) -> list[str]:
        """The tree of a snapped circuit as tokens, with other trees at some inputs."""
        given = other or {}
        leaves = ["1", *self.names]
        out: list[str] = []
        stack = [1]
        while stack:
            s = stack.pop()
            if s == -1:
                out.append("E")
            elif s < 0:
                out += given[-s] if -s in given else [leaves[int(choice[-s])]]
            else:
                stack.append(-1)
                for j in (2 * s + 1, 2 * s):
                    below = j < self.inputs // 2 and choice[j] == self.terms - 1
                    stack.append(j if below and j not in given else -j)
        return out

    def fits(self, rpn: Sequence[str]) -> bool:
        """Whether the tree gives all the data to rounding."""
        return bool(tree_misfit(rpn, self.names, self.x, self.target) < _FITS)


_STEPS = {1: 20, 2: 30, 3: 30, 4: 40, 5: 40, 6: 40}


def spread(x: Array, most: int, seed: int) -> Array:
    """Rows spread over the data."""
    count = x.shape[1]
    rng = np.random.default_rng(seed)
    return np.sort(rng.choice(count, min(most, count), replace=False))


def paper_data(rpn: Sequence[str], step: float = 0.1) -> tuple[dict[str, Array], Array]:
    """The paper's grid, x and y in [1, 3], where a tree of x and y is real, with its values."""
    side = np.arange(1.0, 3.0 + step / 2, step)
    x, y = (a.ravel() for a in np.meshgrid(side, side, indexing="ij"))
    return _where_real(rpn, x, y)


def same_elsewhere(found: Sequence[str], rpn: Sequence[str]) -> bool:
    """Whether two trees of x and y agree where the paper tests, x and y in [0.5, 5]."""
    x, y = np.random.default_rng(12345).uniform(0.5, 5.0, (2, 400))
    columns, wanted = _where_real(rpn, x, y)
    points_kept = np.array(list(columns.values()))
    return tree_misfit(found, list(columns), points_kept, wanted.astype(complex)) < _FITS


def _where_real(rpn: Sequence[str], x: Array, y: Array) -> tuple[dict[str, Array], Array]:
    made, status = values(rpn, ["x", "y"], np.array([x, y]))
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
