"""Very long and very deep formulas, with next to no stack."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

import emlc
from emlc.parse import parse
from emlc.passes.ranges import ranges
from emlc.passes.simplify import simplify

SCRIPT = """
import json, sys, time
import emlc
emlc.compile("x+1", check=True)
text = {text}
started = time.monotonic()
sys.setrecursionlimit(200)
made = emlc.compile(text, check=True)
document = made.to_json()
sys.setrecursionlimit(1000)
assert len(json.dumps(document)) > 1_000_000
assert document["k"] == made.size
assert made.size >= {least}
assert made.verdict.status in ("proved", "agrees", "unknown")
print(time.monotonic() - started)
"""


@pytest.mark.parametrize(
    ("text", "least"),
    [
        ('"+".join("x" + str(k % 7) for k in range(100_000))', 10 * 99_999),
        ('"exp(" * 100_000 + "x" + ")" * 100_000', 200_001),
    ],
    ids=["sum", "exp"],
)
def test_a_hundred_thousand(text: str, least: int) -> None:
    script = SCRIPT.format(text=text, least=least)
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=150, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert float(done.stdout) < 60


def test_long_sums_are_made_as_short_ones_are() -> None:
    """Rows that never won are not tried again, none that would win is lost, in linear time."""
    for count in (5, 400):
        terms = "+".join(f"a{k}*exp(x{k})/b{k}" for k in range(count))
        assert emlc.compile(terms, check=False).size == 36 * count - 1


@pytest.mark.parametrize("text", ["{}^({})", "ln({})+{}", "{}+1/({})", "sqrt({})*({})"])
def test_many_variables_shrink_at_once(text: str) -> None:
    """Each variable of thousands has a smaller natural domain."""
    tower = "y"
    for k in range(3000):
        tower = text.format(f"x{k}", tower)
    root = simplify(parse(tower).root)
    spent = time.process_time()
    found = ranges(root)
    assert time.process_time() - spent < 5
    assert len(found.variables) == 3001
