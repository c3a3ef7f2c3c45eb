"""Formulas and trees as source text of other languages."""

from __future__ import annotations

import json

from emlc.errors import ArgumentError
from emlc.ir.node import Lit, Node, Var, var, variables
from emlc.ir.tape import Tape, flatten, unflatten
from emlc.lower.export.code import formula_code
from emlc.lower.export.dialects import DIALECTS
from emlc.lower.export.halfturn import tree_code
from emlc.lower.export.names import function_name
from emlc.show import show
from emlc.tables.primitives import EML

LANGUAGES = ("c", "python", "numpy", "wolfram", "latex", "rpn", "json")


def export(source: Node | Tape, to: str, *, name: str = "f", real: bool = True) -> str:
    r"""A formula or a pure tree as source text.

    c        C99; `double` where `real`, else `complex double`; link with -lm
    python   plain Python with math or cmath, which raise where C gives inf or nan
    numpy    a function of arrays
    wolfram, latex   a definition;  rpn, json   the text of a pure tree

    In c, python and numpy every distinct part is one assignment. A pure tree becomes calls of an
    eml in half-turn form, which is right on the branch cuts where complex arithmetic is not; a
    value that is not real is nan where `real`. Variables that the language cannot name get other
    names, told in a comment.

    Raises ArgumentError for an unknown language or a bad name, TreeError for the rpn or json of a
    formula, LimitError for a number outside the range of doubles and for text that would be too
    long.

    >>> from emlc.parse import parse
    >>> print(export(parse("x*sin(x)").root, "python"), end="")
    import math
    <BLANKLINE>
    <BLANKLINE>
    def f(x):
        v1 = math.sin(x)
        return x*v1
    >>> print(export(parse("sqrt(x)").root, "latex"))
    f\left(x\right) = \sqrt{x}
    """
    if to not in LANGUAGES:
        raise ArgumentError(f"no language {to!r}", hint=f"one of {', '.join(LANGUAGES)}")
    root = unflatten(source) if isinstance(source, Tape) else source
    if to == "rpn":
        return show(root, "rpn")
    if to == "json":
        function = {"name": name, "variables": list(variables(root))}
        return json.dumps(function | json.loads(show(root, "json")), separators=(",", ":"))
    function_name(name, to)
    if to in ("latex", "wolfram"):
        return _definition(root, to, name)
    if _is_tree(root):
        return tree_code(root, to, name, real=real)
    return formula_code(root, DIALECTS[to], name, real=real)


def _is_tree(root: Node) -> bool:
    tape = flatten(root)
    return EML in tape.heads and all(h is EML or isinstance(h, Var | Lit) for h in tape.heads)


def _definition(root: Node, to: str, name: str) -> str:
    arguments = [show(var(v), to) for v in variables(root)]
    if to == "latex":
        return rf"{name}\left({', '.join(arguments)}\right) = {show(root, 'latex')}"
    text = f"{name}[{', '.join(f'{a}_' for a in arguments)}] := {show(root, 'wolfram')}"
    if EML in flatten(root).heads:
        text = f"EML[x_, y_] := Exp[x] - Log[y];\n{text}"
    return text
