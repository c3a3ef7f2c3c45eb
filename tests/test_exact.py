"""The exact solver: trees that only a cut in three parts reaches, and what its bounds rest on."""

from __future__ import annotations

import itertools
import random

import numpy as np
import pytest

from emlc.regress.exact import misfit, solve
from emlc.regress.sets import Kind, met, needless
from emlc.regress.train import paper_data
from emlc.regress.trees import values

Shape = tuple["Shape", "Shape"] | None
SHAPES: list[list[Shape]] = [[None]]
for size in range(1, 7):
    SHAPES.append([(a, b) for i in range(size) for a in SHAPES[i] for b in SHAPES[size - 1 - i]])


def kinds(shape: Shape) -> set[Kind]:
    """The kinds of all gates of a shape."""
    found: list[tuple[int, int]] = []

    def gates(at: Shape) -> int:
        if at is None:
            return 0
        i, j = gates(at[0]), gates(at[1])
        found.append((i, j))
        return i + j + 1

    whole = gates(shape)
    return {(whole - 1 - i - j, i, j) for i, j in found}


@pytest.mark.parametrize("gates", range(1, 7))
def test_bounds_hold_for_every_shape(gates: int) -> None:
    every = [k for k in itertools.product(range(gates), repeat=3) if sum(k) == gates - 1]
    rng, proofs, left_out = random.Random(gates), 0, 0
    for share in (0.5, 0.7, 0.8, 0.9, 0.95, 1.0) * 20:
        done = {k for k in every if rng.random() < share}
        missed = [s for s in SHAPES[gates] if not kinds(s) & done]
        if met(gates, done):
            proofs += 1
            assert not missed
        for kind in every:
            if kind not in done and needless(kind, done):
                left_out += 1
                assert not any(kind in kinds(s) for s in missed)
    assert proofs >= 20 and (gates < 3 or left_out)


# Ten and twelve gates, the third complex at most points; a near twin (8e-12) of a part that comes
# first; a part whose inverse loses all digits.
@pytest.mark.parametrize(
    "tree",
    [
        "x1yEy1xExEy1EEE1EEExE", "1xxy111xEExEEyEExEEExxEE", "1xExyx1x1Ex1EEEEEEE11ExEE",
        "111EyExEExEy1EEyE", "yyExxEyxyy1EEEEEE",
    ],
)  # fmt: skip
def test_solver_finds_large_trees(tree: str) -> None:
    side = np.linspace(1.0, 3.0, 21)
    x, y = (a.ravel() for a in np.meshgrid(side, side))
    made, status = values(list(tree), ["x", "y"], np.array([x, y]))
    assert not status.any()
    wanted = made[:, 0] + 1j * np.pi * made[:, 1]
    found = solve({"x": x, "y": y}, wanted, prove=False, seconds=60)
    assert found is not None and found.k <= len(tree)
    far = np.random.default_rng(0).uniform(0.5, 4.0, (2, 40))
    one, fine = values(list(tree), ["x", "y"], far)
    two, also = values(found.rpn, ["x", "y"], far)
    good = (fine == 0) & (also == 0)
    assert good.sum() > 10 and np.allclose(one[good], two[good], rtol=1e-8)


def test_a_tree_that_nearly_fits_does_not() -> None:
    columns, y = paper_data("1yxEE")
    x = np.array(list(columns.values()))
    assert misfit(list("1yxEE"), list(columns), x, y.astype(complex)) < 1e-13
    assert misfit(list("1yxEE"), list(columns), x, y * (1 + 1e-11 + 0j)) > 1e-13
