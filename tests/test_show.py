"""Writing expressions: every notation, least parentheses, limits."""

from __future__ import annotations

import json
import sys

import pytest
from hypothesis import example, given

from emlc.errors import ArgumentError, LimitError, TreeError
from emlc.ir.node import ONE, Node, eml, lit, node, var
from emlc.ir.tape import flatten
from emlc.parse import parse, parse_tree
from emlc.show import nodes_json, show
from emlc.tables.primitives import BY_NAME, ROWS
from tests.strategies import expressions, pure_trees

x, y = var("x"), var("y")


def row(name: str, *args: Node) -> Node:
    return node(BY_NAME[name], *args)


# infix text -> LaTeX, Wolfram. Each infix text is what `show` writes for what it means.
SPELLINGS = {
    "x": ("x", "x"),
    "x + y - 1": ("x+y-1", "x+y-1"),
    "x - (y - 1)": (r"x-\left(y-1\right)", "x-(y-1)"),
    "x + (-y)": (r"x+\left(-y\right)", "x+(-y)"),
    "-x*y": (r"-x\cdot y", "-x*y"),
    "-(x*y)": (r"-\left(x\cdot y\right)", "-(x*y)"),
    "x*(y/2)": (r"x\cdot \frac{y}{2}", "x*(y/2)"),
    "x/(y*2)": (r"\frac{x}{y\cdot 2}", "x/(y*2)"),
    "(x + 1)/2": (r"\frac{x+1}{2}", "(x+1)/2"),
    "x^y^2": ("x^{y^{2}}", "x^y^2"),
    "(x^y)^2": (r"\left(x^{y}\right)^{2}", "(x^y)^2"),
    "-x^2": ("-x^{2}", "-x^2"),
    "(-x)^2": (r"\left(-x\right)^{2}", "(-x)^2"),
    "x^(-1)": ("x^{-1}", "x^(-1)"),
    "(x/y)^2": (r"\left(\frac{x}{y}\right)^{2}", "(x/y)^2"),
    "sin(x)^2": (r"\sin\left(x\right)^{2}", "Sin[x]^2"),
    "hypot(x + 1, y)": (r"\sqrt{\left(x+1\right)^{2}+y^{2}}", "Sqrt[(x+1)^2+y^2]"),
    "exp(x)^2": (r"\left(e^{x}\right)^{2}", "Exp[x]^2"),
    "atan2(y, x)": (r"\operatorname{atan2}\left(y,x\right)", "ArcTan[x,y]"),
    "log(x, 2)": (r"\log_{2}\left(x\right)", "Log[2,x]"),
    "root(x, 3)": (r"\sqrt[3]{x}", "Surd[x,3]"),
    "inv(x + y)": (r"\frac{1}{x+y}", "1/(x+y)"),
    "half(x)*y": (r"\frac{x}{2}\cdot y", "x/2*y"),
    "abs(x)": (r"\left|x\right|", "Abs[x]"),
    "eml(x, 1)": (r"\operatorname{eml}\left(x,1\right)", "EML[x,1]"),
    "x_max*alpha_2*mass": (r"x_{max}\cdot \alpha_{2}\cdot \mathrm{mass}", "x$max*alpha$2*mass"),
    "2*e*pi*i*phi": (r"2\cdot e\cdot \pi\cdot i\cdot \varphi", "2*E*Pi*I*GoldenRatio"),
    "1/3*x": (r"\frac{1}{3}\cdot x", "1/3*x"),
    "-1/3": (r"-\frac{1}{3}", "-1/3"),
    "-(1/3)": (r"-\left(\frac{1}{3}\right)", "-(1/3)"),
    "1/(3)": (r"\frac{1}{\left(3\right)}", "1/(3)"),
    "x^(1/3)": (r"x^{\frac{1}{3}}", "x^(1/3)"),
    "0.1*x": (r"0.1\cdot x", "0.1*x"),
    "-6.626e-34*x": (r"-6.626\times 10^{-34}\cdot x", "-6.626*^-34*x"),
    "1e30^x": (r"\left(1\times 10^{30}\right)^{x}", "1*^30^x"),
}


@pytest.mark.parametrize("text", SPELLINGS)
def test_spelling(text: str) -> None:
    root = parse(text).root
    assert show(root) == text
    for notation, spelled in zip(("latex", "wolfram"), SPELLINGS[text], strict=True):
        assert show(root, notation) == spelled
        assert show(parse(spelled, notation).root, notation) == spelled


def test_meaning_is_spelled_where_a_notation_has_no_word() -> None:
    assert show(row("softplus", x), "wolfram") == "Log[1+Exp[x]]"
    assert show(row("log1p", row("log1p", x)), "latex") == (
        r"\ln\left(1+\ln\left(1+x\right)\right)"
    )


@given(expressions)
@example(row("neg", lit(2)))
@example(row("div", lit(6), lit(2)))
@example(row("div", row("neg", lit(1)), lit(2)))
@example(row("div", row("div", lit(1), lit(2)), lit(3)))
def test_infix_reads_back_to_the_same_node(root: Node) -> None:
    text = show(root)
    assert parse(text, "infix").root is root


@given(expressions)
def test_latex_and_wolfram_read_back_to_the_same_text(root: Node) -> None:
    for notation in ("latex", "wolfram"):
        text = show(root, notation)
        assert show(parse(text, notation).root, notation) == text


@pytest.mark.parametrize("name", [r.name for r in ROWS])
def test_every_row_has_a_text_that_means_it(name: str) -> None:
    root = node(BY_NAME[name], *(var(p) for p in BY_NAME[name].params))
    assert parse(show(root)).root is root
    for notation in ("latex", "wolfram"):
        text = show(root, notation)
        assert show(parse(text).root, notation) == text


@given(pure_trees)
def test_pure_trees_read_back(root: Node) -> None:
    for notation in ("nested", "rpn", "json", "wolfram", "latex"):
        assert parse_tree(show(root, notation), notation) is root
        assert not root.args or parse_tree(show(root, notation)) is root


def test_pure_tree_spellings() -> None:
    log = eml(ONE, eml(eml(ONE, x), ONE))
    assert show(log, "nested") == "eml(1, eml(eml(1, x), 1))"
    assert show(log, "rpn") == "11xE1EE"
    assert show(eml(ONE, var("alpha")), "rpn") == "1 alpha E"
    assert json.loads(show(log, "json")) == {"nodes": nodes_json(flatten(log))}
    assert nodes_json(flatten(log)) == [["1"], ["x"], [0, 1], [2, 0], [0, 3]]
    assert show(log, "wolfram") == "EML[1,EML[EML[1,x],1]]"


def test_only_pure_trees_are_nested_rpn_and_json() -> None:
    for notation in ("nested", "rpn", "json"):
        with pytest.raises(TreeError, match="sin"):
            show(eml(ONE, row("sin", x)), notation)
    with pytest.raises(ArgumentError, match="runic"):
        show(x, "runic")


def test_limits_and_depth() -> None:
    doubled = x
    for _ in range(2000):
        doubled = eml(doubled, doubled)
    for notation in ("infix", "rpn", "latex"):
        with pytest.raises(LimitError, match="more than 10\\^602 nodes"):
            show(doubled, notation)
    assert parse_tree(show(doubled, "json")) is doubled

    deep = x
    for _ in range(5_000):
        deep = eml(ONE, row("add", deep, y))
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(300)
    try:
        assert parse(show(deep)).root is deep
    finally:
        sys.setrecursionlimit(limit)


@pytest.mark.parametrize("name", ["E1", "x1E", "EE", "alpha", "x1"])
def test_a_lone_variable_stays_one_in_rpn(name: str) -> None:
    assert parse_tree(show(var(name), "rpn"), "rpn") is var(name)
