"""Trees read back from the drawings that emlc writes."""

from __future__ import annotations

import pytest

from emlc.errors import TreeError
from emlc.ir.tape import flatten
from emlc.parse import parse_tree
from emlc.render import to_dot

TREES = ("11xE1EE", "11xE1EEy1EE", "1", "x", "111yEE1EE1xE1EE1E")


@pytest.mark.parametrize("style", ["tree", "dag"])
@pytest.mark.parametrize("rpn", TREES)
def test_a_drawing_is_read_back(rpn: str, style: str) -> None:
    tree = parse_tree(rpn, "rpn")
    assert parse_tree(to_dot(flatten(tree), style)) is tree


def test_order_of_edges_is_the_order_of_arguments() -> None:
    text = 'digraph {\n a [label="eml"];\n b [label="x"]; \n c [label="1"];\n a -> b;\n a -> c\n}'
    assert parse_tree(text) is parse_tree("x1E")


@pytest.mark.parametrize(
    "text",
    [
        "digraph {}",
        'digraph {\n a [label="eml"];\n b [label="1"];\n a -> b;\n}',
        'digraph {\n r [label="eml"];\n a [label="eml"];\n r -> a;\n a -> a;\n}',
        'digraph {\n a [label="x+1"];\n}',
    ],
)
def test_what_is_no_tree_is_refused(text: str) -> None:
    with pytest.raises(TreeError):
        parse_tree(text)
