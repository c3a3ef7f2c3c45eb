"""Straight-line code of a formula: one assignment for each distinct part.

dialect ::= how a language writes rows, on the line and on the plane, and a whole function
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from emlc.ir.node import Lit, Node, Var, variables
from emlc.ir.tape import NONE, Tape, flatten
from emlc.lower.expand import double, expand, imaginary
from emlc.lower.export.names import argument_names, renamed
from emlc.tables.primitives import Primitive
from emlc.tables.sides import SIDES

LINE, PLANE, SHADOW = "real", "complex", "real, by way of complex parts"


@dataclass(frozen=True, slots=True)
class Body:
    """A function to be written: assignments `v1 = ...`; `kind` is LINE, PLANE or SHADOW."""

    name: str
    arguments: list[str]
    lines: list[str]
    result: str
    kind: str


@dataclass(frozen=True, slots=True)
class Dialect:
    """One language.

    template   (row, on the plane) -> text with {param} holes, "" where there is none
    comment    what starts a comment, and what ends it
    """

    name: str
    template: Callable[[Primitive, bool], str]
    function: Callable[[Body], str]
    comment: tuple[str, str] = ("# ", "")


def formula_code(root: Node, dialect: Dialect, name: str, *, real: bool) -> str:
    """The function's text."""
    kind = PLANE if not real else SHADOW if imaginary(root) else LINE
    plane = kind != LINE
    expanded = expand(root, lambda row: bool(dialect.template(row, plane)), plane=plane)
    names = argument_names(variables(root), dialect.name, name)
    lines, result = _assignments(flatten(expanded), dialect, names, plane=plane)
    text = dialect.function(Body(name, list(names.values()), lines, result, kind))
    return "\n".join([*renamed(names, *dialect.comment), text, ""])


def _assignments(
    tape: Tape, dialect: Dialect, names: dict[str, str], *, plane: bool
) -> tuple[list[str], str]:
    """`v3 = ...` for every entry but leaves and the last, and the text of the last."""
    texts: list[str] = []
    lines: list[str] = []
    for k, (x, y) in enumerate(zip(tape.left, tape.right, strict=True)):
        text = _entry(tape, k, [texts[j] for j in (x, y) if j != NONE], dialect, names, plane)
        texts.append(text)
        if x != NONE and k != len(tape) - 1:
            texts[k] = f"v{len(lines) + 1}"
            lines.append(f"{texts[k]} = {text}")
    return lines, texts[-1]


def _entry(
    tape: Tape, k: int, below: list[str], dialect: Dialect, names: dict[str, str], plane: bool
) -> str:
    head = tape.head(k)
    if isinstance(head, Var):
        return names[head.name]
    if isinstance(head, Lit):
        text = repr(double(head.value))
        return f"({text})" if text.startswith("-") else text
    assert isinstance(head, Primitive)
    operands = dict(zip(head.params, below, strict=True))
    if plane and head.name in SIDES:
        operands = {p: f"{SIDES[head.name]}({v})" for p, v in operands.items()}
    text = dialect.template(head, plane).format(**operands)
    return f"plus_zero({text})" if plane and below else text
