"""Every way to compute a primitive gives the same values: agreement.py counts where not."""

from __future__ import annotations

import math
import shutil
from pathlib import Path

import pytest

from emlc.ir.node import node, var
from emlc.tables.primitives import BY_NAME, ROWS, Primitive
from tests.conformance import FULL, many
from tests.conformance.agreement import Told, compare, judge, values, wanted

# the difference of two logarithms, and exp(y ln x) of up to 1,024 units: docs/explanation/trust.md
LOOSE_REAL = {"log"}
LOOSE_PLANE = {"pow", "root"}
CHOSEN = [row for row in ROWS if row.params and row.name != "eml"]


@pytest.mark.parametrize("row", CHOSEN, ids=lambda row: row.name)
def test_ways_agree(row: Primitive, tmp_path: Path) -> None:
    ways = ["direct", "wolfram", "numpy", "python"]
    if shutil.which("cc") and (FULL or CHOSEN.index(row) % 9 == 0):
        ways.append("c")
    for way, told in compare(row, True, many(60, 10_000), ways, tmp_path).items():
        # a logarithm of a negative number is not real, though a quotient of two may be
        lost = [at for at, *_ in told.lost if row.name != "log" or min(at) >= 0]
        # plain Python raises where others overflow on the way
        assert way == "python" or not lost, (way, lost[:3])
        assert not told.wrong, (way, told.wrong[:3])
        assert not told.none or row.name == "root", (way, told.none[:3])
        assert told.points and (told.worst < 4 or row.name in LOOSE_REAL), (way, told)
    if row.real_only:
        return
    (told,) = compare(row, False, many(60, 10_000), ["direct"], tmp_path).values()
    assert not told.wrong, told.wrong[:3]
    assert not told.lost, told.lost[:3]
    assert not told.none or row.name == "root", told.none[:3]
    assert told.points and told.worst < (1100 if row.name in LOOSE_PLANE else 4), told


# beside the zeros and poles of the functions below, on both sides of their cuts, and where 1/z is
# beyond the range of doubles
BESIDE = [
    sign * complex(x, y)
    for sign in (1, -1, 1j, -1j)
    for x, y in ((1 + 2**-27, 0), (1 - 2**-53, 0), (1, 2**-40), (1 - 2**-30, -(2**-30)),
                 (1, 5e-324), (0.5, 5e-324), (0.5, -5e-324), (1e-9, 1e-300), (2, -5e-324),
                 (5e-324, 0), (5e-324, -1e-323), (1e-300, 1e-310), (1e308, 1e308), (3, -4))
]  # fmt: skip


@pytest.mark.parametrize("name", ["asec", "acsc", "acot", "asech", "acsch", "acoth", "cbrt"])
def test_digits_beside_zeros_poles_and_cuts(name: str, tmp_path: Path) -> None:
    row = BY_NAME[name]
    ways = ["direct", "numpy", "python", *(["c"] if shutil.which("cc") and name != "cbrt" else [])]
    for way in ways:
        told = Told()
        found = values(way, node(row, var("x0")), False, [BESIDE], tmp_path)
        for z, got in zip(BESIDE, found, strict=True):
            judge(told, wanted(row, [z + 0]), complex(got), z, False)
        assert not told.lost and not told.wrong, (way, told.lost[:3], told.wrong[:3])
        assert told.worst < 4, (way, told)


@pytest.mark.parametrize("way", ["direct", "numpy", "python"])
def test_both_zeros_are_one_number(way: str, tmp_path: Path) -> None:
    angle = node(BY_NAME["atan2"], var("x0"), var("x1"))
    found = values(way, angle, True, [[0.0, -0.0, -0.0], [-1.0, -1.0, 1.0]], tmp_path)
    assert [complex(z).real for z in found] == [math.pi, math.pi, 0.0]
