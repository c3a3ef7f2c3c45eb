"""Every way to compute a primitive gives the same values: agreement.py counts where not."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from emlc.tables.primitives import ROWS, Primitive
from tests.conformance import FULL, many
from tests.conformance.agreement import compare

# exp(y ln x) multiplies the rounding of y ln x, in the plane and in exported code; so do turns: see
# docs/explanation/trust.md
LOOSE_REAL = {"root", "log"}
LOOSE_PLANE = {"pow", "root", "exp2"}
CHOSEN = [row for row in ROWS if row.params and row.name != "eml"]


@pytest.mark.parametrize("row", CHOSEN, ids=lambda row: row.name)
def test_ways_agree(row: Primitive, tmp_path: Path) -> None:
    ways = ["direct", "wolfram", "numpy", "python"]
    if shutil.which("cc") and (FULL or CHOSEN.index(row) % 9 == 0):
        ways.append("c")
    for way, told in compare(row, True, many(60, 10_000), ways, tmp_path).items():
        # plain Python raises where others overflow on the way
        assert way == "python" or not told.lost, (way, told.lost[:3])
        assert not told.wrong, (way, told.wrong[:3])
        assert not told.none or row.name == "root", (way, told.none[:3])
        assert told.points and (told.worst < 4 or row.name in LOOSE_REAL), (way, told)
    if row.real_only:
        return
    (told,) = compare(row, False, many(60, 10_000), ["direct"], tmp_path).values()
    assert not told.wrong or row.name in LOOSE_PLANE, told.wrong[:3]
    assert not told.lost, told.lost[:3]
    assert not told.none or row.name == "root", told.none[:3]
    assert told.points and (told.worst < 4 or row.name in LOOSE_PLANE), told
