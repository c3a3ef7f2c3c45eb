"""Circuits of eml gates: values and derivatives, what ends a step, trees, the author's trainer."""

from __future__ import annotations

import math

import numpy as np
import pytest

from emlc.lower.jit import Array
from emlc.regress.circuit import loss_and_slopes, mixtures
from emlc.regress.descent import descend, to_logits
from emlc.regress.draws import Twister
from emlc.regress.fit import fit
from emlc.regress.hybrid import propose
from emlc.regress.options import Options
from emlc.regress.paper import STARTS, SWEEPS, Sweep, first_weights, train_as_author
from emlc.regress.snapping import harden_by_loss
from emlc.regress.train import TARGETS, Circuit, paper_data, same_elsewhere
from emlc.regress.trees import values

NONE = np.zeros(0)
RPN = {depth: list(rpn) for depth, rpn, _ in TARGETS}


def circuit_of(depth: int, step: float = 0.1) -> Circuit:
    return Circuit(depth, *paper_data(RPN[depth], step))


def loss(c: Circuit, mix: Array, weight: Array = NONE, slope: Array | None = None) -> float:
    slope_ = np.zeros_like(mix) if slope is None else slope
    derive = slope is not None
    return sum(loss_and_slopes(mix, c.x, c.wanted, c.work, weight, NONE, slope_, derive))


# -- values and derivatives ------------------------------------------------------------------------


@pytest.mark.parametrize("weight", [0.0, 1e-3])
@pytest.mark.parametrize("seed", range(3))
def test_slopes_are_derivatives(seed: int, weight: float) -> None:
    """On complex values and three variables, so that every path of the kernel is taken."""
    columns, y = paper_data("11xyEE1EE", step=0.5)
    c = Circuit(3, {**columns, "z": columns["x"] - 2}, np.exp(1j * y))
    weights = np.full(c.inputs // 2, weight) if weight else NONE
    logits = np.random.default_rng(seed).normal(size=(c.inputs, c.terms)) * 0.7
    logits[:, 0] += 1.0
    logits[4, 1] += 4.0 + 3.0 * (weight > 0)
    mix, slope, grad = (np.zeros_like(logits) for _ in range(3))

    def at(logits: Array) -> float:
        mixtures(logits, c.allowed, 0.8, mix)
        return loss(c, mix, weights)

    assert math.isfinite(at(logits))
    loss(c, mix, weights, slope)
    assert to_logits(mix, slope, c.allowed, 0.8, grad) > 0
    for j, o in np.argwhere(c.allowed)[10::7]:
        moved = [logits.copy(), logits.copy()]
        moved[0][j, o] += 1e-5
        moved[1][j, o] -= 1e-5
        numeric = (at(moved[0]) - at(moved[1])) / 2e-5
        assert grad[j, o] == pytest.approx(numeric, rel=1e-4, abs=1e-5 * np.abs(grad).max())


def snapped(c: Circuit, choice: dict[int, int]) -> Array:
    """The mixtures of a circuit whose inputs are 1 but for those named."""
    mix = np.zeros((c.inputs, c.terms))
    mix[:, 0] = 1.0
    for j, o in choice.items():
        mix[j] = np.eye(c.terms)[o]
    return mix


@pytest.mark.parametrize(
    ("x", "choice", "expected"),
    [
        # ln(exp(800)), exp(exp(exp(2))), ln(0) and exp(ln 0) are in reach of no double on the way,
        # whatever the root makes of them.
        (800.0, {3: 2, 6: 1}, math.inf),
        (2.0, {2: 2, 4: 2, 8: 1}, math.inf),
        (0.0, {3: 1}, math.inf),
        (0.0, {2: 2, 5: 1}, math.inf),
        # Large but within reach: exp(700) under ln, an angle of 1e12, a length of 1e200.
        (700.0, {3: 2, 6: 1}, (math.e - 700.0) ** 2),
        (-1e200, {3: 1}, (math.e - math.log(1e200)) ** 2 + math.pi**2),
        (1e12 + 0.5, {2: 1, 3: 1}, math.inf),
    ],
)  # fmt: skip
def test_a_value_out_of_range_is_never_hidden(
    x: float, choice: dict[int, int], expected: float
) -> None:
    c = Circuit(3, {"x": [x]}, [0.0])
    assert loss(c, snapped(c, choice)) == pytest.approx(expected)


def test_large_angles_are_angles() -> None:
    """exp(i pi k) for a large odd k, which comes from ln(-1) and a weight."""
    c = Circuit(2, {"x": [-1.0]}, [0.0])
    mix = snapped(c, {2: 2, 5: 1, 3: 0})
    mix[2] = [0.0, 0.0, 3e10 + 1]
    mix[4] = [-50.0, 0.0, 0.0]
    e = np.exp((3e10 + 1) * (np.exp(-50.0) - 1j * np.pi))
    assert loss(c, mix) == pytest.approx(abs(e) ** 2, rel=1e-4)


@pytest.mark.parametrize("seed", range(5))
def test_a_step_stays_on_its_side_of_a_singularity(seed: int) -> None:
    """However large the rate, an argument of ln goes no more than about halfway to 0."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(-3.0, 1.0, 20)
    c = Circuit(1, {"x": x}, rng.normal(size=20))
    logits = rng.normal(size=(4, 3))

    def arguments() -> Array:
        mix = np.zeros_like(logits)
        mixtures(logits, c.allowed, 1.0, mix)
        return mix[3, 0] + mix[3, 1] * x

    before = arguments()
    start = logits.copy()
    descend(logits, c.allowed, c.x, c.wanted, c.work, (1e3, 1e3), (1.0, 1.0), 1e300, 0.0, 0.0,
            np.zeros(1))  # fmt: skip
    assert np.abs(logits - start).max() > 0
    assert np.abs(arguments() / before - 1.0).max() < 0.6


def test_a_step_out_of_range_is_undone() -> None:
    c = Circuit(4, {"x": np.linspace(1.0, 6.0, 9)}, np.full(9, 1e6))
    logits = np.zeros((c.inputs, c.terms))
    logits[:, 0] = 2.0
    history = np.zeros(60)
    descend(logits, c.allowed, c.x, c.wanted, c.work, (3.0, 3.0), (1.0, 1.0), 1e300, 0.0, 0.0,
            history)  # fmt: skip
    assert not np.isfinite(history).all() and math.isfinite(history[-1])
    mix = np.zeros_like(logits)
    mixtures(logits, c.allowed, 1.0, mix)
    assert loss(c, mix) < math.inf


# -- trees -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("depth", [2, 3, 4, 5])
def test_circuits_recover_the_papers_targets(depth: int) -> None:
    circuit = circuit_of(depth)
    for seed in range(8):
        run = circuit.train(seed, seconds=20)
        assert run.success and run.accepted and run.rpn is not None
        assert same_elsewhere(run.rpn, RPN[depth])
    again = circuit.train(3, seconds=20)
    assert circuit.train(3, seconds=20).rpn == again.rpn


def test_choices_follow_the_loss_and_not_the_weight() -> None:
    c = circuit_of(2)
    right = snapped(c, {3: 3, 6: 2, 7: 1})
    logits = np.log(0.6 * right + 0.4 / c.terms)
    logits[6] = np.log([0.02, 0.58, 0.38, 0.02])  # x rather than y, by its weight
    choice = np.zeros(c.inputs, dtype=np.int64)
    harden_by_loss(logits, c.allowed, 1.0, c.x, c.wanted, c.work, choice)
    assert c.rpn(choice) == RPN[2]


def test_trees_are_told_apart_off_the_grid() -> None:
    assert same_elsewhere(list("xxxyEE1EE"), list("11xyEE1EE"))
    assert not same_elsewhere(list("1xE"), list("1yE"))


def test_circuits_propose_and_a_table_completes() -> None:
    """Four variables, which the exact solver does not take; in `fit` as well."""
    rng = np.random.default_rng(1)
    names = ("a", "b", "c", "d")
    rpn = "1abEEcdEE"
    columns = dict(zip(names, rng.uniform(0.5, 1.5, (4, 40)), strict=True))
    y, status = values(list(rpn), names, np.array(list(columns.values())))
    assert not status.any()
    found = propose(columns, y[:, 0], seconds=60)
    assert found is not None and len(found) <= len(rpn)
    elsewhere = rng.uniform(0.5, 1.5, (4, 9))
    expected, _ = values(list(rpn), names, elsewhere)
    assert values(found, names, elsewhere)[0] == pytest.approx(expected)
    assert propose(columns, rng.normal(size=40), seconds=60, most=1_000) is None
    fitted = fit(columns, y[:, 0], options=Options(max_fits=1))
    assert (fitted.stopped, fitted.best.k) == ("exact", len(found))


# -- the author's trainer --------------------------------------------------------------------------


def test_random_numbers_are_pytorchs() -> None:
    few = [0.6613521715704522, 0.2669240982925188, 0.061677258237348306, 0.6213173286854216]
    assert Twister(1).normal(4).tolist() == few
    many = Twister(137).normal(24)[[0, 15, 16, 23]].tolist()
    expected = [-0.04789136962373227, -0.4015317025232875, -1.0131723163921318, 0.33400461190226965]
    assert many == expected


# Losses of the author's program before steps 1, 2, 41 and 121; in the last row hardening begins
# with step 61.
GOLDEN: list[tuple[int, int, str, int, list[float]]] = [
    (2, 137, "biased", 121,
     [7.459883246719668, 7.420588332469127, 6.089756988073097, 4.13428200589314]),
    (3, 140, "random_hot", 121,
     [16.17488209756442, 15.683753014286385, 5.734685678935134, 3.0741681672804444]),
    (4, 138, "xy_biased", 121,
     [21.948591028456086, 21.44658704427387, 9.476988483000865, 1.5256232992430423]),
    (5, 1234, "uniform", 121,
     [39.125276605360185, 38.53167219704248, 22.465196976534813, 3.085493770501435]),
    (3, 139, "random_hot", 60,
     [3.4178681796631483, 2.6781492236082896, 4.272755785828047, 4.3992717995638415]),
]  # fmt: skip


@pytest.mark.parametrize("row", GOLDEN, ids=lambda row: f"{row[0]} {row[2]} {row[3]}")
def test_the_authors_trainer_step_by_step(row: tuple[int, int, str, int, list[float]]) -> None:
    depth, seed, start, search, expected = row
    steps = [0, 1, 40, 120] if search > 60 else [0, 60, 90, 120]
    run = train_as_author(circuit_of(depth), seed, start, Sweep(depth, search=search, hardening=61))
    assert run.history[steps] == pytest.approx(expected, rel=1e-11)


def test_the_authors_first_weights_and_plan() -> None:
    assert [len(sweep.plan()) for sweep in SWEEPS] == [32, 64, 64, 64, 64, 64, 64]
    assert SWEEPS[1].plan()[:5] == [*((137, start) for start in STARTS), (138, "biased")]
    logits = first_weights(3, 138, "random_hot")
    assert sorted({round(v) // 3 * 3 for v in logits[2:, 3]})[0] < 0  # some gates open


def test_the_author_succeeds_at_depth_two_and_fails_at_three() -> None:
    (two, *_), (three, *_) = SWEEPS[:1], SWEEPS[1:]
    run = train_as_author(circuit_of(2), 137, "biased", two)
    assert (run.success, run.accepted, run.rpn) == (True, True, RPN[2])
    run = train_as_author(circuit_of(3), 139, "biased", three)
    assert (run.success, run.accepted) == (False, False) and run.loss > 1.0
