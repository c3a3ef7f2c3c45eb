"""What a page is about: a formula with its tree, or a tree with the formula that it is."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

from emlc.deadline import OutOfTime, within
from emlc.errors import ArgumentError, EmlcError
from emlc.ir.domain import Domain, domain
from emlc.ir.node import Node, Var, variables
from emlc.ir.tape import Tape, flatten, is_pure, subtrees
from emlc.parse import parse
from emlc.passes.raise_ import Raised, raise_tree
from emlc.passes.ranges import Ranges, declare, ranges
from emlc.passes.simplify import simplify
from emlc.render.blocks import Blocks, blocks, parts_of
from emlc.tables.primitives import EML

_RAISED_ENTRIES = 500
_PROOF_SECONDS = 0.3
_SECONDS = 2.0


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """`formula` is None for a tree that could not be read back; `made_for` are trees of its parts.

    excluded   points of the domain where the tree is not right, with reasons
    verdict    status and reason, None where nothing is claimed
    """

    source: str
    tape: Tape
    known: Ranges
    formula: Node | None
    made_for: Mapping[Node, Node]
    domain: Mapping[str, str]
    mode: str
    verdict: tuple[str, str] | None
    excluded: tuple[str, ...]

    def domains(self) -> dict[str, Domain]:
        """A domain for every variable of the tree, the reals where none is known."""
        names = [h.name for h in self.tape.heads if isinstance(h, Var)]
        return {name: self.known.variables.get(name, domain("real")) for name in names}


def read(source: str, domains: Mapping[str, str], mode: str) -> Subject:
    """The formula or the tree that a text is.

    Raises the errors of `emlc.pipeline.compile`.
    """
    from emlc.pipeline import compile

    root = parse(source).root
    tape = flatten(root)
    if EML in tape.heads and is_pure(tape):
        return _tree(source, root, tape, declare(domains))
    made = compile(source, domains, mode)
    parts = parts_of(made.formula, made.ranges, made.mode)
    parts[made.tree] = simplify(made.formula)
    said = (made.verdict.status, made.verdict.how)
    return Subject(
        source, made.tape, made.ranges, made.formula, parts, made.domain, made.mode, said,
        made.excluded_points,
    )  # fmt: skip


def _tree(source: str, root: Node, tape: Tape, declared: dict[str, Domain]) -> Subject:
    """The tree, with the formula that it is proved to be."""
    for name in declared:
        if name not in variables(root):
            raise ArgumentError(f"the tree has no variable {name}")
    known = Ranges(dict(declared), frozenset())
    texts = {name: str(d) for name, d in declared.items()}
    found = _raised(tape, declared, _SECONDS)
    if found is None:
        return Subject(source, tape, known, None, {}, texts, "", None, ())
    formula = simplify(found.formula)
    allowed = {n: domain(d) for n, d in found.domain.items() if n in variables(formula)}
    known = ranges(formula, {**allowed, **declared})
    how = "the tree read back as this formula"
    return Subject(
        source, tape, known, found.formula, {root: found.formula}, {**texts, **found.domain}, "",
        ("proved", how), found.conditions,
    )  # fmt: skip


def _raised(tape: Tape, given: Mapping[str, Domain], seconds: float) -> Raised | None:
    """The formula that a tree is proved to be, if any."""
    if len(tape) > _RAISED_ENTRIES:
        return None
    try:
        with within(2 * seconds):
            found = raise_tree(tape, given, seconds)
    except (EmlcError, OutOfTime):
        return None
    return found if found.proved else None


def meanings(about: Subject) -> Blocks:
    """What every entry computes: by the rows of the tables, and read back where they do not say."""
    found = blocks(about.tape, about.known, about.made_for)
    given = about.domains()
    trees = subtrees(about.tape)
    until = time.process_time() + _SECONDS
    for k in reversed(range(len(trees))):
        if time.process_time() > until:
            break
        if k in found.sure or not trees[k].args:
            continue
        mine = {name: given[name] for name in variables(trees[k])}
        made = _raised(flatten(trees[k]), mine, _PROOF_SECONDS)
        if made is not None and not made.conditions:
            found.meaning[k] = made.formula
            found.sure.add(k)
    return found
