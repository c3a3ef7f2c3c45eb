"""Planted errors in the rows of the tables, each of which the tests of that row should notice.

python benchmarks/plant.py [--sample 150] [--seed 1]

One change of a row: a leaf of a tree, a sign, number or function of a formula, a larger set, a
point no longer left out, an infinity denied. The tests of tests/test_tables.py and of the
conformance of rows that have the row as their parameter run in a fork, and end at the first that
fails. Lemmas are left out: they name the whole row, so that any change of it is noticed.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path[:0] = [str(Path(__file__).parent), str(Path.cwd())]
from mutate import _forked  # noqa: E402

TESTS = ("tests/test_tables.py", "tests/conformance/test_conformance_rows.py")
WIDER = {
    "positive": "real", "nonnegative": "real", "negative": "real", "real": "complex",
    "complex nonzero": "complex", "real nonzero": "real", "principal": "complex",
}  # fmt: skip
NARROWER = {"real": "positive", "nonnegative": "positive", "complex": "real", "[-1,1]": "[0,1]"}
WORDS = {
    "+": "-", "-": "+", "*": "/", "/": "*", "sin": "cos", "cos": "sin", "sinh": "cosh",
    "cosh": "sinh", "exp": "ln", "ln": "exp", "sqrt": "exp", "x": "(2*x)", "y": "(y+1)",
}  # fmt: skip
Plant = tuple[Any, str, Any]


def formulas(text: str) -> Iterator[str]:
    """A formula with one sign, number, function or variable changed."""
    for m in re.finditer(r"[a-z]+|\d+|[-+*/]", text):
        word = m.group()
        new = str(int(word) + 1) if word.isdigit() else WORDS.get(word)
        if new is not None:
            yield text[: m.start()] + new + text[m.end() :]


def trees(rpn: str) -> Iterator[str]:
    for k, token in enumerate(rpn):
        if token != "E":
            new = "1" if token != "1" else "x" if "x" in rpn else "11E"
            yield rpn[:k] + new + rpn[k + 1 :]


def sets(where: str, change: dict[str, str]) -> Iterator[str]:
    """Conditions with one of the sets changed."""
    parts = where.split("; ")
    for k, part in enumerate(parts):
        name, _, old = part.partition(":")
        if old in change:
            yield "; ".join([*parts[:k], f"{name}:{change[old]}", *parts[k + 1 :]])


def plants(row: Any) -> Iterator[Plant]:
    """The errors that may be planted in a row: field and value."""
    if hasattr(row, "tree"):
        yield from ((row, "tree", t) for t in trees(row.tree))
        yield from ((row, "body", t) for t in formulas(row.body))
        yield from ((row, "where", t) for t in sets(row.where, WIDER))
        if row.off:
            yield row, "off", row.off.rpartition(",")[0]
        if row.tree and not row.finite:
            yield row, "finite", True
        return
    yield from ((row, "meaning", t) for t in formulas(row.meaning))
    yield from ((row, "domain", t) for t in sets(row.domain, {**NARROWER, **WIDER}))
    for k, text in enumerate(row.derivative):
        for t in formulas(text):
            yield row, "derivative", (*row.derivative[:k], t, *row.derivative[k + 1 :])


class Runner:
    """Takes the place of pytest's loop over the tests."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        from emlc.tables.primitives import ROWS
        from emlc.tables.witnesses import BODIES, TREES

        of: dict[int, list[pytest.Item]] = {}
        for item in session.items:
            for value in getattr(getattr(item, "callspec", None), "params", {}).values():
                of.setdefault(id(value), []).append(item)
        witnesses = [r for table in (TREES, BODIES) for rows in table.values() for r in rows]
        every = [p for row in (*witnesses, *ROWS) for p in plants(row)]
        count = min(self.options.sample, len(every))
        chosen = random.Random(self.options.seed).sample(every, count)
        told: Counter[tuple[str, bool]] = Counter()
        for row, field, value in chosen:
            asked = (session, of[id(row)], row, field, value)
            _, status = _forked(lambda a=asked: run(*a), 120)
            told[field, status != 0] += 1
            if not status:
                name = getattr(row, "computes", None) or row.name
                say(f"survived: {name}: {field} {getattr(row, field)!r} -> {value!r}")
        for field in sorted({f for f, _ in told}):
            say(f"{field}: {told[field, True]} of {told[field, True] + told[field, False]}")
        say(f"{sum(n for (_, k), n in told.items() if k)} of {len(chosen)} noticed")
        return True


def say(text: str) -> None:
    print(text, file=sys.__stderr__, flush=True)


def run(session: Any, items: list[pytest.Item], row: Any, field: str, value: Any) -> None:
    object.__setattr__(row, field, value)
    for item in items:
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
        if session.testsfailed:
            raise AssertionError(item.nodeid)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--sample", type=int, default=150)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    without = [f"-pno:{name}" for name in ("cacheprovider", "xdist", "logging")]
    return int(pytest.main(["-q", *without, *TESTS], plugins=[Runner(options)]))


if __name__ == "__main__":
    sys.exit(main())
