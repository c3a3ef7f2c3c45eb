"""What a command is about: a formula with its compiled tree, or a pure tree as it stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from emlc.cli.watch import working
from emlc.errors import UsageError
from emlc.ir.node import Node, variables
from emlc.ir.tape import Tape, flatten, is_pure
from emlc.tables.primitives import EML

if TYPE_CHECKING:
    from emlc.pipeline import Compiled


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """`made` is None for a pure tree, which is evaluated and drawn as it is."""

    source: str
    root: Node
    tree: Node
    tape: Tape
    variables: tuple[str, ...]
    made: Compiled | None = None

    @property
    def real(self) -> bool:
        """Whether every value on the domain is real."""
        return self.made is not None and self.made.real

    @property
    def fast(self) -> str:
        """The evaluator for many points."""
        return "faithful" if self.made is None else "direct"

    @property
    def weak_points(self) -> tuple[str, ...]:
        """Where the formula has a value that no known tree has, as text."""
        if self.made is None:
            return ()
        found = self.made.excluded_points
        return found[: len(found) - len(self.made.ranges.poles)]

    def evaluator(self, kind: str) -> Any:
        """The vectorised function of the variables."""
        if self.made is not None:
            return self.made.evaluator(kind)
        if kind == "direct":
            from emlc.lower.direct import direct

            return direct(self.tree, real=False)
        if kind == "balls":
            from emlc.lower.rigorous import rigorous

            return rigorous(self.tape, real=False)
        from emlc.lower.faithful import faithful

        return faithful(self.tape, real=False)


def subject(text: str, domain: dict[str, str], mode: str = "exact") -> Subject:
    """The formula or pure tree that the text holds, not yet checked."""
    from emlc.parse import parse

    root = parse(text).root
    tape = flatten(root)
    if EML in tape.heads and is_pure(tape):
        if domain:
            raise UsageError("a tree has no domain", hint="leave out --domain, or give a formula")
        return Subject(text, root, root, tape, variables(root))
    from emlc.pipeline import compile

    with working("compiling"):
        return compiled(compile(text, domain, mode, check=False))


def compiled(made: Compiled) -> Subject:
    """A formula that is compiled already."""
    return Subject(made.source, made.formula, made.tree, made.tape, made.variables, made)
