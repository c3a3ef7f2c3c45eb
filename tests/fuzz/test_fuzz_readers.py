"""Whatever is typed, a reader gives an expression or one clear error, and soon."""

from __future__ import annotations

import time
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emlc.check.reference import Reference
from emlc.errors import EmlcError
from emlc.ir.domain import Domain, domain
from emlc.ir.node import Node
from emlc.parse import parse, parse_tree
from emlc.show import show
from tests.fuzz import settings
from tests.fuzz.texts import NOTATIONS, documents, near, sets, valid, written
from tests.strategies import expressions, formulas, pure_trees

_SECONDS = 20.0


def read(text: str, notation: str = "auto") -> Node | None:
    """What the parser makes of a text; None where it refuses, in a way that can be printed."""
    begun = time.process_time()
    try:
        return parse(text, notation).root
    except EmlcError as error:
        assert error.message and error.render().startswith("error: ")
        if error.span is not None:
            assert 0 <= error.span.start <= error.span.end
        return None
    finally:
        assert time.process_time() - begun < _SECONDS


@pytest.mark.parametrize("notation", NOTATIONS)
@settings(200)
@given(data=st.data())
def test_near_texts_are_read_or_refused(notation: str, data: st.DataObject) -> None:
    text = data.draw(near(notation))
    read(text)
    found = read(text, notation)
    if found is not None:
        # What is read can be written, and is then read as the same thing.
        assert read(written(found, notation), notation) is not None
        again = show(found)
        assert show(parse(again, "infix").root) == again


@pytest.mark.parametrize("notation", NOTATIONS)
@settings(100)
@given(data=st.data())
def test_valid_texts_are_read(notation: str, data: st.DataObject) -> None:
    assert read(data.draw(valid(notation)), notation) is not None


@settings(150)
@given(expressions, st.sampled_from(("infix", "latex", "wolfram")))
def test_formulas_come_back(root: Node, notation: str) -> None:
    text = show(root, notation)
    again = parse(text, notation).root
    assert show(again, notation) == text
    if notation == "infix":
        assert again is parse(show(again)).root


_POINTS = [
    {"x": (Fraction(a), Fraction(b)), "y": (Fraction(c), Fraction(d))}
    for a, b, c, d in (("7/3", 0, "-5/2", 0), ("-1/3", "5/4", 2, "-2/7"), (0, 0, 1, 0))
]


@settings(60)
@given(formulas, st.sampled_from(("infix", "latex", "wolfram")))
def test_formulas_come_back_with_their_meaning(root: Node, notation: str) -> None:
    again = parse(show(root, notation), notation).root
    here, there = Reference(root), Reference(again)
    for point in _POINTS:
        want, got = here.at(point, 30), there.at(point, 30)
        assert (want is None) == (got is None), (point, want, got)
        assert want is None or abs(want - got) <= 1e-25 * max(1, abs(want)), (point, want, got)


@settings(150)
@given(pure_trees, st.sampled_from(("nested", "rpn", "json", "latex", "wolfram")))
def test_trees_come_back_as_the_same_object(root: Node, notation: str) -> None:
    assert parse_tree(show(root, notation), notation) is root


@settings(200)
@given(documents)
def test_documents(text: str) -> None:
    read(text, "json")
    read(text)


@settings(150)
@given(st.one_of(st.text(max_size=40), st.binary(max_size=40).map(lambda b: b.decode("latin-1"))))
def test_any_text(text: str) -> None:
    for notation in ("auto", *NOTATIONS):
        read(text, notation)
    try:
        parse_tree(text)
    except EmlcError as error:
        assert error.render()


@settings(200)
@given(sets)
def test_sets_come_back(text: str) -> None:
    try:
        found = domain(text)
    except EmlcError as error:
        assert error.render()
        return
    assert isinstance(found, Domain)
    assert domain(str(found)) == found
