"""Interned nodes and flat tapes."""

from __future__ import annotations

import copy
import gc
import pickle
from fractions import Fraction
from itertools import chain

import pytest
from hypothesis import given

from emlc.ir import node as module
from emlc.ir.node import ONE, Node, eml, fold, lit, node, postorder, substitute, var, variables
from emlc.ir.tape import Measures, flatten, is_pure, measure, unflatten
from emlc.parse import parse
from emlc.tables.primitives import BY_NAME, ROWS, Primitive
from tests.strategies import expressions, pure_trees

DEEP = 100_000


def tower(depth: int) -> Node:
    root = var("x")
    for _ in range(depth):
        root = eml(root, ONE)
    return root


@given(expressions)
def test_equal_expressions_are_one_object(root: Node) -> None:
    assert fold(root, lambda n, args: node(n.head, *args)) is root
    assert substitute(root, {}) is root
    assert unflatten(flatten(root)) is root


@given(expressions)
def test_operands_come_first(root: Node) -> None:
    order = list(postorder(root))
    place = {n: k for k, n in enumerate(order)}
    assert len(place) == len(order)
    assert order[-1] is root
    assert all(place[a] < place[n] for n in order for a in n.args)
    tape = flatten(root)
    assert len(tape) == len(order)
    assert all(max(tape.left[k], tape.right[k]) < k for k in range(len(tape)))


@given(pure_trees)
def test_measures_are_those_of_the_written_out_tree(root: Node) -> None:
    written = fold(root, lambda n, args: [*chain.from_iterable(args), n])
    depth = fold(root, lambda n, args: 1 + max(args) if args else 0)
    assert measure(flatten(root)) == (len(written), depth, len(set(written)))
    assert is_pure(flatten(root))


def test_sizes_are_exact_however_large() -> None:
    root = var("x")
    for _ in range(1000):
        root = eml(root, root)
    assert measure(flatten(root)) == Measures(2**1001 - 1, 1000, 1001)


def test_substitution_is_simultaneous() -> None:
    x, y = var("x"), var("y")
    assert substitute(eml(x, y), {"x": y, "y": x}) is eml(y, x)
    assert variables(eml(eml(y, ONE), x)) == ("x", "y")


def test_numbers_are_exact() -> None:
    assert lit(Fraction(2, 4)) is lit(Fraction(1, 2))
    assert lit(1) is ONE
    assert lit(1) is not var("1")
    assert repr(lit(-(10**9999))) == "<number of 33,216 bits>"


def test_other_ways_to_make_nodes_are_refused() -> None:
    with pytest.raises(TypeError):
        Node()
    with pytest.raises(TypeError, match="2 arguments, got 1"):
        node(BY_NAME["add"], ONE)
    with pytest.raises(TypeError):
        pickle.dumps(ONE)
    with pytest.raises(TypeError):
        copy.copy(ONE)


def test_unused_nodes_leave_the_table() -> None:
    gc.collect()
    before = len(module._nodes)
    root = tower(1000)
    assert len(module._nodes) >= before + 990
    del root
    gc.collect()
    assert len(module._nodes) <= before + 1


def test_deep_expressions_need_no_recursion() -> None:
    root = tower(DEEP)
    assert measure(flatten(root)) == (2 * DEEP + 1, DEEP, DEEP + 2)
    assert unflatten(flatten(root)) is root
    assert substitute(root, {"x": var("y")}) is not root
    assert variables(root) == ("x",)
    assert repr(root) == "eml(" * 49 + "e..."


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_node_prints_as_what_reads_back(row: Primitive) -> None:
    root = eml(node(row, *map(var, row.params)), lit(Fraction(1, 10)))
    assert parse(repr(root)).root is root
