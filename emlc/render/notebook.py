"""What notebooks show of results: HTML with MathML and a picture, LaTeX, text.

A notebook calls these whenever a result is the last line of a cell, so they are bounded in size and
time, and leave out what cannot be had rather than fail.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import log10

from emlc.errors import EmlcError, shorten
from emlc.ir.node import Node, weight
from emlc.ir.tape import Tape, flatten, is_pure, measure
from emlc.passes.ranges import Ranges
from emlc.render.mathml import mathml
from emlc.render.picture import to_svg
from emlc.render.scene import words
from emlc.render.svg import xml
from emlc.show import show

Bundle = dict[str, str]

_ENTRIES = 3_000
_FORMULA = 400
_DRAWN = 120
_CELL = 400
_LEFT = ' style="text-align: left; padding: 0 1em 0 0"'  # notebooks set words to the right


def bundle(
    plain: str,
    rows: Sequence[tuple[str, str]],
    *,
    formula: Node | None = None,
    tape: Tape | None = None,
    ranges: Ranges | None = None,
) -> Bundle:
    """The representations of one result by MIME type.

    `rows` are the names and words of a small table; the formula and the picture of the tape in
    blocks are left out where they are large.

    >>> sorted(bundle("a", [("size", "K = 1")]))
    ['text/html', 'text/plain']
    """
    out = {"text/plain": plain}
    math = ""
    if formula is not None and weight(formula, _FORMULA) <= _FORMULA:
        try:
            math = f"<p>{mathml(formula, display=True)}</p>"
            out["text/latex"] = f"$${show(formula, 'latex')}$$"
        except EmlcError:
            math = ""
    svg = _picture(tape, ranges)
    out["text/html"] = f"<div>{math}{table(rows)}{_folded(svg)}</div>"
    if svg:
        out["image/svg+xml"] = svg
    return out


def node_bundle(root: Node) -> Bundle:
    """What a notebook shows of a node: a formula as such, a tree by its size and its blocks.

    >>> from emlc.parse import parse_tree
    >>> sorted(node_bundle(parse_tree("11xE1EE")))
    ['image/svg+xml', 'text/html', 'text/plain']
    """
    tape = flatten(root)
    size, depth, dag = measure(tape)
    plain = show(root) if size <= _FORMULA else repr(root)
    if not is_pure(tape) or size == 1:
        return bundle(plain, [], formula=root)
    counted = f"K = {words(size if size < 2**53 else log10(size))}, depth {depth:,}"
    return bundle(plain, [("tree", counted), ("distinct", f"{dag:,} subtrees")], tape=tape)


def table(rows: Iterable[Sequence[str]], head: Sequence[str] = ()) -> str:
    """An HTML table of text; every cell is cut to a bounded length."""
    top = "".join(f"<th{_LEFT}>{xml(cell)}</th>" for cell in head)
    body = "".join(
        "<tr>" + "".join(f"<td{_LEFT}>{xml(shorten(cell, _CELL))}</td>" for cell in row) + "</tr>"
        for row in rows
    )
    return f"<table>{f'<thead><tr>{top}</tr></thead>' if top else ''}<tbody>{body}</tbody></table>"


def _picture(tape: Tape | None, ranges: Ranges | None) -> str:
    if tape is None or len(tape) > _ENTRIES:
        return ""
    try:
        return to_svg(tape, "macro", engine="own", limit=_DRAWN, ranges=ranges)
    except EmlcError:
        return ""


def _folded(svg: str) -> str:
    return f"<details><summary>tree</summary>{svg}</details>" if svg else ""
