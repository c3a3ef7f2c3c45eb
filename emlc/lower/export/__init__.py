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
from emlc.passes.differentiate import derivative
from emlc.show import show
from emlc.tables.primitives import EML

LANGUAGES = ("c", "python", "numpy", "jax", "torch", "mpmath", "wolfram", "latex", "rpn", "json")


def export(
    source: Node | Tape,
    to: str,
    *,
    name: str = "f",
    real: bool = True,
    with_gradient: bool = False,
) -> str:
    r"""A formula or a pure tree as source text.

    c        C99; `double` where `real`, else `complex double`; link with -lm
    python   plain Python with math or cmath, which raise where C gives inf or nan
    numpy, jax, torch   a function of arrays or tensors, which broadcast
    mpmath   a function at mpmath's working precision, numbers exact; principal values
    wolfram, latex   a definition;  rpn, json   the text of a pure tree

    In the programming languages every distinct part is one assignment, and a real formula takes
    the forms that keep digits: log1p, expm1, hypot. A pure tree becomes calls of an eml in
    half-turn form, which is right on the branch cuts where complex arithmetic is not; a value that
    is not real is nan where `real`. Variables that the language cannot name get other names, told
    in a comment.

    with_gradient adds a function `f_gradient` (`fGradient` in wolfram) that gives value and
    gradient, the derivatives in the order of the arguments. In c it fills its last argument, an
    array, and returns the value; in python and mpmath it returns (value, (slope, ...)); in numpy,
    jax and torch (value, slopes), where slopes has the value's shape and one axis more, the last,
    for the arguments.

    Raises ArgumentError for an unknown language, a bad name and for a gradient that the language
    or the source has not, TreeError for the rpn or json of a formula, LimitError for a number
    outside the range of doubles and for text that would be too long.

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
    if with_gradient:
        _has_gradient(root, to)
    if to == "rpn":
        return show(root, "rpn")
    if to == "json":
        function = {"name": name, "variables": list(variables(root))}
        return json.dumps(function | json.loads(show(root, "json")), separators=(",", ":"))
    function_name(name, to)
    if to in ("latex", "wolfram"):
        return _definition(root, to, name, with_gradient)
    if _is_tree(root):
        return tree_code(root, to, name, real=real)
    return formula_code(root, DIALECTS[to], name, real=real, with_gradient=with_gradient)


def _has_gradient(root: Node, to: str) -> None:
    if to in ("rpn", "json"):
        raise ArgumentError(f"{to} holds a tree and no gradient", hint="emlc diff gives trees")
    if to in DIALECTS and _is_tree(root):
        raise ArgumentError(
            "a tree is exported without its gradient",
            hint="export the formula that it means",
        )
    if not variables(root):
        raise ArgumentError("a formula without variables has no gradient")


def _is_tree(root: Node) -> bool:
    tape = flatten(root)
    return EML in tape.heads and all(h is EML or isinstance(h, Var | Lit) for h in tape.heads)


def _definition(root: Node, to: str, name: str, with_gradient: bool) -> str:
    names = variables(root)
    arguments = [show(var(v), to) for v in names]
    slopes = [show(derivative(root, v), to) for v in names] if with_gradient else []
    if to == "latex":
        taken = rf"\left({', '.join(arguments)}\right)"
        text = rf"{name}{taken} = {show(root, 'latex')}"
        if slopes:
            text += "\n" + rf"\nabla {name}{taken} = \left({', '.join(slopes)}\right)"
        return text
    pattern = ", ".join(f"{a}_" for a in arguments)
    text = f"{name}[{pattern}] := {show(root, 'wolfram')}"
    if slopes:
        value = f"{name}[{', '.join(arguments)}]"
        text += f";\n{name}Gradient[{pattern}] := {{{value}, {{{', '.join(slopes)}}}}}"
    if "EML[" in text:
        text = f"EML[x_, y_] := Exp[x] - Log[y];\n{text}"
    return text
