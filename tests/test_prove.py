"""The proofs of rows with sympy: rows that are right, and what stands in the way of others."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from emlc.check import prove as rows
from emlc.check import raised
from emlc.check.prove import NotProved, prove
from emlc.tables.witnesses import Witness

# The pattern, its tree (or = and its body), where it is right, but for, what is given; the proof.
GOLDEN = Path(__file__).parent / "golden" / "prove.txt"


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No help by the normal form: what sympy leaves open stays open."""
    monkeypatch.setattr(raised, "LARGEST", 0)
    yield


def row(line: str) -> Witness:
    computes, how, where, off, given = line.split(" | ")[:5]
    tree, body = ("", how[1:]) if how.startswith("=") else (how, "")
    return Witness(computes, tree, where, off, body=body, given=given)


def said(line: str) -> str:
    try:
        return prove(row(line))
    except NotProved as why:
        return f"not proved: {why}"


@pytest.mark.parametrize("line", GOLDEN.read_text(encoding="utf-8").splitlines())
def test_what_proves_a_row(line: str, alone: None) -> None:
    assert said(line) == line.split(" | ", 5)[5]


ONE_PLUS_X = "111111EEE1EEx1EE1EE"


@pytest.mark.parametrize(
    ("where", "proved"), [("1+x:positive", True), ("x:positive", True), ("x:real", False)]
)
def test_the_normal_form_is_told_where_a_row_holds(
    where: str, proved: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows, "_LONG", 0)
    said_ = said(f"ln(1+x) | 11{ONE_PLUS_X}E1EE | {where} |  |  | ")
    assert said_ == (
        "raised: the tree has the normal form of the pattern"
        if proved
        else "not proved: too long for sympy"
    )
