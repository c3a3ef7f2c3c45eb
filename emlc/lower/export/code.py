"""Straight-line code of a formula: one assignment for each distinct part.

dialect ::= how a language writes rows and numbers, on the line and on the plane, and functions
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from emlc.ir.node import Lit, Node, Var, postorder, variables
from emlc.lower.expand import double, expand, imaginary
from emlc.lower.export.names import argument_names, renamed
from emlc.passes.differentiate import gradient
from emlc.passes.simplify import simplify
from emlc.passes.stable import stabilize
from emlc.tables.primitives import Primitive
from emlc.tables.sides import SIDES

LINE, PLANE, SHADOW = "real", "complex", "real, by way of complex parts"


@dataclass(frozen=True, slots=True)
class Body:
    """A function to be written: assignments `v1 = ...`; `kind` is LINE, PLANE or SHADOW.

    inner    what the lines call the arguments
    slopes   the derivatives by the arguments, None where only the value is wanted
    """

    name: str
    arguments: list[str]
    inner: list[str]
    lines: list[str]
    value: str
    slopes: list[str] | None
    kind: str


@dataclass(frozen=True, slots=True)
class Dialect:
    """One language.

    template   (row, on the plane) -> text with {param} holes, "" where there is none
    function   the text of a function
    module     (functions, on the plane) -> the whole text, with what the functions need
    number     (value, on the plane) -> the text of a number
    constants  the language of parts without variables on the line, where it is another one, and
    lifted     what makes such a part fit to stand beside variables in a call
    inner      (argument, kind) -> what the lines call it
    signed     whether numbers are doubles: zeros have signs that say on which side of a cut a point
               lies, and what is not real is nan
    sided      whether functions heed them; elsewhere the value is moved to the other side
    comment    what starts a comment, and what ends it
    """

    name: str
    template: Callable[[Primitive, bool], str]
    function: Callable[[Body], str]
    module: Callable[[str, bool], str]
    number: Callable[[Fraction, bool], str] = lambda value, plane: decimal(value)
    constants: Dialect | None = None
    lifted: str = "{v}"
    inner: Callable[[str, int, str], str] = lambda name, k, kind: name
    signed: bool = True
    sided: bool = True
    comment: tuple[str, str] = ("# ", "")


def decimal(value: Fraction) -> str:
    """The nearest double, in parentheses where it has a sign."""
    text = repr(double(value))
    return f"({text})" if text.startswith("-") else text


def formula_code(
    root: Node, dialect: Dialect, name: str, *, real: bool, with_gradient: bool = False
) -> str:
    """The text of the function, and of another one that gives the gradient as well."""
    root = simplify(root)
    names = argument_names(variables(root), dialect.name, name)
    kind = PLANE if not real else SHADOW if imaginary(root) else LINE
    write = _Writer(dialect, names, kind)
    made = stabilize(root, doubles=dialect.signed) if kind == LINE else root
    functions = [dialect.function(write.body(name, [made]))]
    if with_gradient:
        slopes = gradient(stabilize(root, doubles=False) if kind == LINE else root, tuple(names))
        if kind == LINE:
            slopes = tuple(stabilize(slope, doubles=dialect.signed) for slope in slopes)
        functions.append(dialect.function(write.body(f"{name}_gradient", [made, *slopes])))
    gap = "\n\n" if dialect.name == "c" else "\n\n\n"
    text = dialect.module(gap.join(functions), kind != LINE)
    return "\n".join([*renamed(names, *dialect.comment), text, ""])


@dataclass(frozen=True, slots=True)
class _Writer:
    """Writes parts in one dialect."""

    dialect: Dialect
    names: dict[str, str]
    kind: str

    @property
    def plane(self) -> bool:
        return self.kind != LINE

    def body(self, name: str, roots: Sequence[Node]) -> Body:
        """The assignments for every part that is no leaf, and the texts of the roots."""
        arguments = list(self.names.values())
        inner = [self.dialect.inner(a, k, self.kind) for k, a in enumerate(arguments, 1)]
        called = dict(zip(self.names, inner, strict=True))
        ready = [expand(root, self._spelled, plane=self.plane) for root in roots]
        texts: dict[Node, str] = {}
        fixed: dict[Node, bool] = {}
        lines: list[str] = []
        for n in postorder(*ready):
            fixed[n] = not isinstance(n.head, Var) and all(fixed[a] for a in n.args)
            below = [texts[a] for a in n.args]
            text = called[n.head.name] if isinstance(n.head, Var) else self._text(n, below, fixed)
            texts[n] = text
            if n.args and not (len(ready) == 1 and n is ready[0]):
                texts[n] = f"v{len(lines) + 1}"
                lines.append(f"{texts[n]} = {text}")
        value, *slopes = (texts[root] for root in ready)
        return Body(name, arguments, inner, lines, value, slopes or None, self.kind)

    def _spelled(self, row: Primitive) -> bool:
        return bool(self.dialect.template(row, self.plane))

    def _text(self, n: Node, below: list[str], fixed: dict[Node, bool]) -> str:
        head = n.head
        if isinstance(head, Lit):
            return self.dialect.number(head.value, self.plane)
        assert isinstance(head, Primitive)
        operands = dict(zip(head.params, below, strict=True))
        plane, dialect = self.plane, self.dialect
        signed, side = plane and dialect.signed, SIDES.get(head.name)
        if signed and side and dialect.sided:
            operands = {p: f"{side}({v})" for p, v in operands.items()}
        if dialect.constants and fixed[n] and not plane:
            dialect = dialect.constants
        template = dialect.template(head, plane)
        if "(" in template and not fixed[n] and not plane:
            pairs = zip(head.params, n.args, below, strict=True)
            operands = {p: dialect.lifted.format(v=v) if fixed[a] else v for p, a, v in pairs}
        text = template.format(**operands)
        if signed and side and not dialect.sided:
            text = f"{side}({below[0]}, {text})"
        return f"plus_zero({text})" if signed and below else text
