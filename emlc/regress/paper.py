"""The trainer that the paper's successes come from, step by step, from its own random weights.

It is the author's PyTorch program (VA00/SymbolicRegressionPackage, EML_toolkit/EmL_training,
version 16), followed in its arithmetic, schedule, seeds and criterion: Adam at temperature 2.5,
then a falling one with penalties on what is undecided; inputs above the bottom choose between 1 and
the gate below only. Gates hold no number above 1e300 there, and what is not a number is 0, which
can make a wrong tree look right.
"""

# mypy: disable-error-code="no-any-return"

from __future__ import annotations

import math
import time
from dataclasses import dataclass

import numpy as np

from emlc.lower.jit import Array, compiled
from emlc.regress.circuit import loss_and_slopes
from emlc.regress.descent import adam
from emlc.regress.draws import Twister
from emlc.regress.train import Circuit, Trained

STARTS = ("biased", "uniform", "xy_biased", "random_hot")
_RATE = 0.01
_HOT, _COLD = 2.5, 0.01
_UNDECIDED = 0.02
_LARGE = 1e-4
_BYPASSED = 1.0 - 2.0**-52
_ACCEPTED, _EXACT = 1e-6, 1e-20
_PATIENT_BELOW, _NEWS = 1e-2, 1e-3
_STREAK, _MOST_RESTARTS = 50, 100


@dataclass(frozen=True, slots=True)
class Sweep:
    """One row of the published runs: each seed from `seed` on, with each of the starts."""

    depth: int
    starts: tuple[str, ...] = STARTS
    seed: int = 137
    seeds: int = 16
    search: int = 6000
    hardening: int = 2000
    patience: int = 4200

    def plan(self) -> list[tuple[int, str]]:
        """Seeds and starts of all runs."""
        seeds = range(self.seed, self.seed + self.seeds)
        return [(seed, start) for seed in seeds for start in self.starts]


_LONG = {"seeds": 64, "search": 9000, "hardening": 3000, "patience": 6500}
SWEEPS = (
    Sweep(2, seeds=8),
    Sweep(3),
    Sweep(4),
    Sweep(5, ("random_hot",), **_LONG),
    Sweep(5, ("uniform",), 1234, **_LONG),
    Sweep(6, ("random_hot",), **_LONG),
    Sweep(6, ("uniform",), 1234, **_LONG),
)


def first_weights(depth: int, seed: int, start: str) -> Array:
    """The logits that the author's program begins with, to the last bit.

    Row j is input j of the circuit: what a leaf is, at the bottom, and in the last column the logit
    of 1 against that leaf or, above, against the gate below.
    """
    rng = Twister(seed)
    leaves, gates = 2**depth, 2**depth - 1
    bottom = rng.normal(3 * leaves).reshape(leaves, 3)
    if start == "biased":
        bottom[:, 0] += 2.0
    elif start == "xy_biased":
        bottom[:, 1:] += 1.0
    elif start == "random_hot":
        bottom[np.arange(leaves), [rng.word() % 3 for _ in range(leaves)]] += 3.0
    bypass = rng.normal(2 * gates).reshape(gates, 2) + (3.0 if start == "random_hot" else 4.0)
    if start == "random_hot":
        opened = [(rng.word() & (2**24 - 1)) * 2.0**-24 < 0.25 for _ in range(2 * gates)]
        bypass[np.reshape(opened, (gates, 2))] -= 6.0
    logits = np.zeros((2 * leaves, 4))
    logits[leaves:, :3] = bottom
    for s in range(1, leaves):  # the author's gates count from the bottom level up
        level = s.bit_length() - 1
        logits[2 * s : 2 * s + 2, 3] = bypass[leaves - 2 ** (level + 1) + s - 2**level]
    return logits


# -- one step --------------------------------------------------------------------------------------


@compiled
def chances(logits: Array, tau: float, leaf: Array, bypass: Array, mix: Array) -> None:
    """The mixtures: leaf[j] = softmax, bypass[j] = the weight of 1, and both multiplied out."""
    half = logits.shape[0] // 2
    for j in range(2, 2 * half):
        s = 1.0 / (1.0 + math.exp(-logits[j, 3] / tau))
        bypass[j] = s
        rest = 0.0 if s > _BYPASSED else 1.0 - s
        mix[j, 0] = 1.0 - rest if rest == 0.0 else s
        if j < half:
            mix[j, 3] = rest
            continue
        top = max(logits[j, 0], logits[j, 1], logits[j, 2])
        total = 0.0
        for o in range(3):
            leaf[j, o] = math.exp((logits[j, o] - top) / tau)
            total += leaf[j, o]
        for o in range(3):
            leaf[j, o] /= total
            mix[j, o] = rest * leaf[j, o] + (mix[j, 0] if o == 0 else 0.0)


@compiled
def undecided(leaf: Array, bypass: Array, by_leaf: Array, by_bypass: Array) -> float:
    """The penalty on what is undecided, and its derivatives."""
    half = bypass.size // 2
    made = 0.0
    for j in range(half, 2 * half):
        entropy, top = 0.0, 0
        for o in range(3):
            entropy -= leaf[j, o] * math.log(leaf[j, o] + 1e-12)
            top = o if leaf[j, o] > leaf[j, top] else top
        doubt = (1.0 - leaf[j, top]) * 1.5
        for o in range(3):
            slope = -math.log(leaf[j, o] + 1e-12) - leaf[j, o] / (leaf[j, o] + 1e-12)
            by_leaf[j, o] = slope * doubt / half
        by_leaf[j, top] -= 1.5 * entropy / half
        made += entropy * doubt / half
    for j in range(2, 2 * half):
        s = bypass[j]
        doubt = 1.0 - abs(2.0 * s - 1.0)
        share = 1.0 / (2 * half - 2)
        by_bypass[j] = share * ((1.0 - 2.0 * s) * doubt - 2.0 * s * (1.0 - s) * np.sign(s - 0.5))
        made += share * s * (1.0 - s) * doubt
    return made


@compiled
def to_logits(
    mix: Array, slope: Array, leaf: Array, bypass: Array, by_leaf: Array, by_bypass: Array,
    tau: float, strength: float, grad: Array,
) -> float:  # fmt: skip
    """Derivatives by the logits; their length."""
    half = bypass.size // 2
    length = 0.0
    for j in range(2, 2 * half):
        s = bypass[j]
        rest = 0.0 if s > _BYPASSED else 1.0 - s
        below = slope[j, 3]
        if j >= half:
            below = mean = 0.0
            for o in range(3):
                below += leaf[j, o] * slope[j, o]
                by_leaf[j, o] = rest * slope[j, o] + strength * by_leaf[j, o]
                mean += leaf[j, o] * by_leaf[j, o]
            for o in range(3):
                grad[j, o] = leaf[j, o] * (by_leaf[j, o] - mean) / tau
                length += grad[j, o] ** 2
        by = (slope[j, 0] - below if rest > 0.0 else 0.0) + strength * by_bypass[j]
        grad[j, 3] = by * s * (1.0 - s) / tau
        length += grad[j, 3] ** 2
    return math.sqrt(length)


@compiled
def advance(
    logits: Array, x: Array, wanted: Array, work: Array, weight: Array, tau: float,
    strength: float, rate: float, step: int, first: Array, second: Array,
) -> tuple[float, bool]:  # fmt: skip
    """One step in place: the mean squared error before it, and whether the loss was finite."""
    mix, slope, leaf = np.zeros(logits.shape), np.zeros(logits.shape), np.zeros(logits.shape)
    grad, by_leaf = np.zeros(logits.shape), np.zeros(logits.shape)
    bypass, by_bypass = np.zeros(logits.shape[0]), np.zeros(logits.shape[0])
    chances(logits, tau, leaf, bypass, mix)
    penalty = strength * undecided(leaf, bypass, by_leaf, by_bypass)
    error, large = loss_and_slopes(mix, x, wanted, work, weight, np.zeros(0), slope, True)
    if not error + large + penalty < math.inf:
        return error, False
    length = to_logits(mix, slope, leaf, bypass, by_leaf, by_bypass, tau, strength, grad)
    scale = 1.0 / (length + 1e-6)
    adam(grad, 1.0 if scale > 1.0 else scale, step, rate, first, second, slope)
    logits += slope
    return error, True


@compiled
def scrubbed(a: float) -> float:
    """The author's gates: nan is 0, and nothing is larger than 1e300."""
    return 0.0 if a != a else min(max(a, -1e300), 1e300)


@compiled
def judged(logits: Array, tau: float, x: Array, wanted: Array) -> float:
    """The mean squared error of the scrubbed circuit."""
    bypass, mix, leaf = np.zeros(logits.shape[0]), np.zeros(logits.shape), np.zeros(logits.shape)
    chances(logits, tau, leaf, bypass, mix)
    half = bypass.size // 2
    fr, fi, u = np.zeros(half), np.zeros(half), np.zeros((2, 2))
    total = 0.0
    for t in range(x.shape[1]):
        for s in range(half - 1, 0, -1):
            for side in range(2):
                j = 2 * s + side
                u[side, 0], u[side, 1] = mix[j, 0], 0.0
                if j >= half:
                    u[side, 0] += mix[j, 1] * x[0, t] + mix[j, 2] * x[1, t]
                elif mix[j, 3] > 0.0:
                    u[side, 0] += mix[j, 3] * fr[j]
                    u[side, 1] = mix[j, 3] * fi[j]
            size = math.exp(u[0, 0])
            fr[s] = size * math.cos(u[0, 1]) - math.log(math.hypot(u[1, 0], u[1, 1]))
            fi[s] = size * math.sin(u[0, 1]) - math.atan2(u[1, 1], u[1, 0])
            fr[s], fi[s] = scrubbed(fr[s]), scrubbed(fi[s])
        total += (fr[1] - wanted[0, t]) ** 2 + (fi[1] - wanted[1, t]) ** 2
    return total / x.shape[1]


# -- the schedule ----------------------------------------------------------------------------------


class _Trainer:
    def __init__(self, circuit: Circuit, sweep: Sweep, logits: Array) -> None:
        self.circuit, self.sweep, self.logits = circuit, sweep, logits
        gates, points = circuit.inputs // 2, len(circuit.target)
        self.weight = np.zeros(gates)
        for s in range(1, gates):
            width = 2 ** (s.bit_length() - 1)
            self.weight[s] = _LARGE / circuit.depth / width / points
        self.soft, self.hard = (math.inf, logits), (math.inf, logits)
        self.cooled = -1  # steps since hardening began
        self.plateau = self.bad = self.restarts = self.near = 0
        self.stuck = False
        self.history: list[float] = []
        self._fresh()

    def _fresh(self) -> None:
        """Adam without a past."""
        self.moments = np.zeros((2, *self.logits.shape))
        self.steps = 0

    def _back_to_best(self) -> None:
        if self.soft[0] < math.inf:
            self.logits = self.soft[1].copy()
            self._fresh()
        self.stuck = False

    def _harden(self) -> None:
        self._back_to_best()
        self.cooled = self.near = 0

    def run(self) -> None:
        """The whole schedule; the state that is to be snapped is left in logits."""
        sweep = self.sweep
        for it in range(1, sweep.search + sweep.hardening + 1):
            patient = self.plateau >= sweep.patience and self.soft[0] < _PATIENT_BELOW
            if self.cooled < 0 and (it > sweep.search or patient):
                self._harden()
            if self.restarts >= _MOST_RESTARTS or self.cooled >= sweep.hardening:
                break
            tau = self._step()
            due = it % 200 == 0 or (self.cooled >= 0 and tau <= 0.2 and it % 50 == 0)
            if due and self.bad == 0 and self._judge():
                break
        best = self.hard if self.hard[0] < math.inf else self.soft
        self.logits = best[1]

    def _step(self) -> float:
        """One step at the temperature that is its turn; the temperature."""
        part = max(self.cooled, 0) / self.sweep.hardening
        tau = _HOT * (_COLD / _HOT) ** part**2
        rate = _RATE * max(0.01, (1.0 - part) ** 2)
        fine, error = False, math.inf
        if not self.stuck:
            circuit = self.circuit
            error, fine = advance(
                self.logits, circuit.x, circuit.wanted, circuit.work, self.weight, tau,
                part * _UNDECIDED, rate, self.steps + 1, *self.moments,
            )  # fmt: skip
        self.history.append(error)
        # While searching, the same weights give the same loss.
        self.stuck = not fine and self.cooled < 0
        if fine:
            self.steps, self.bad = self.steps + 1, 0
            self._keep(error)
        else:
            self.plateau, self.bad = self.plateau + 1, self.bad + 1
            if self.bad == _STREAK:
                self._back_to_best()
                self.bad, self.restarts = 0, self.restarts + 1
        if self.cooled >= 0:
            self.cooled += 1
        return tau

    def _keep(self, error: float) -> None:
        best = self.soft[0]
        self.plateau += 1
        if error < best:
            self.soft = error, self.logits.copy()
            if best == math.inf or best - error > _NEWS * max(best, 1e-15):
                self.plateau = 0

    def _judge(self) -> bool:
        """Look at the circuit at the lowest temperature; whether to end."""
        error = judged(self.logits, _COLD, self.circuit.x, self.circuit.wanted)
        if error < self.hard[0]:
            self.hard = error, self.logits.copy()
        self.near = self.near + 1 if error < _EXACT else 0
        if self.cooled < 0 and self.near >= 3:
            self._harden()
        return self.cooled >= 0 and self.near >= 10


def train_as_author(circuit: Circuit, seed: int, start: str, sweep: Sweep) -> Trained:
    """One of the author's runs, on a circuit of two variables."""
    begun = time.monotonic()
    trainer = _Trainer(circuit, sweep, first_weights(circuit.depth, seed, start))
    trainer.run()
    logits = trainer.logits
    leaf = np.argmax(logits[:, :3], axis=1)
    inner = np.arange(circuit.inputs) < circuit.inputs // 2
    choice = np.where(logits[:, 3] >= 0.0, 0, np.where(inner, circuit.terms - 1, leaf))
    snapped = np.where(np.arange(3) == leaf[:, None], 24.0, -24.0)
    snapped = np.column_stack([snapped, np.where(logits[:, 3] >= 0.0, 24.0, -24.0)])
    loss = judged(snapped, _COLD, circuit.x, circuit.wanted)
    rpn = circuit.rpn(choice)
    made = Trained(rpn, circuit.fits(rpn), loss, 1, len(trainer.history), 0.0,
                   np.array(trainer.history), _mixed(logits))  # fmt: skip
    made.accepted = loss < _ACCEPTED
    made.seconds = time.monotonic() - begun
    return made


def _mixed(logits: Array) -> Array:
    """Logits of the same circuit in the form of ours."""
    bypass, mix, leaf = np.zeros(len(logits)), np.zeros(logits.shape), np.zeros(logits.shape)
    chances(logits, 1.0, leaf, bypass, mix)
    with np.errstate(divide="ignore"):
        made: Array = np.log(mix)
    return made
