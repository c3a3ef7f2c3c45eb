"""Raise: a pure tree read back as an ordinary formula, with the domain on which it is that formula.

The tree is brought to its normal form under what is known of its variables, the form is written as
a formula, and the formula is proved to be the tree's value. A variable without a domain is tried
as any real number, then on smaller sets; the shortest formula that is proved wins.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from emlc.deadline import OutOfTime, stage, within
from emlc.errors import DomainError, LimitError
from emlc.ir.domain import Domain, domain
from emlc.ir.node import Node, Var, postorder, var
from emlc.ir.tape import Tape, measure
from emlc.passes.normal.cases import Proof, prove_equal
from emlc.passes.normal.parts import brief
from emlc.passes.normal.read import read_formula, read_tape
from emlc.passes.normal.solve import zeros
from emlc.passes.normal.space import Space, Undefined, Unknown
from emlc.passes.normal.terms import Form
from emlc.passes.normal.write import write
from emlc.passes.ranges import Ranges, ranges
from emlc.passes.simplify import simplify
from emlc.passes.tidy import tidy
from emlc.show import show
from emlc.tables.primitives import BY_NAME

Step = tuple[str, str]
LARGE = 5_000
_SETS = ("real", "positive", "(0,1)", "[-1,1]", "[1,inf)")
_ROUNDS = 2
_SHORT_SUMS = 8
_SECONDS = 6.0
_READING = 16.0
_READING_ENTRY = 5e-5
_MOST_PLACES = 20
_I = BY_NAME["i"]


@dataclass(frozen=True, eq=False)
class Raised:
    """What a tree is.

    formula      the formula
    domain       what each variable, and each part that restricts them, ranges over
    conditions   what must hold besides, where it was not proved, as text
    steps        the identities used, each with what licensed it
    size         K of the tree
    proved       whether the formula is proved to be the tree's value on all of the domain
    """

    formula: Node
    domain: dict[str, str]
    conditions: tuple[str, ...]
    steps: tuple[Step, ...]
    size: int
    proved: bool

    def show(self, notation: str = "infix") -> str:
        """The formula as text: infix, latex or wolfram."""
        return show(self.formula, notation)

    def to_json(self) -> dict[str, Any]:
        """The document that `emlc decompile --json` prints."""
        return {
            "schema": 1,
            "formula": self.show(),
            "latex": self.show("latex"),
            "domain": self.domain,
            "conditions": list(self.conditions),
            "k": self.size,
            "proved": self.proved,
            "steps": [{"identity": what, "licensed_by": why} for what, why in self.steps],
        }


@dataclass(frozen=True, eq=False)
class _Try:
    """One reading of the tree: the formula, over these sets of values."""

    formula: Node
    domains: dict[str, Domain]
    steps: dict[Step, None]
    places: list[str]
    points: list[tuple[str, Fraction]]
    real: bool

    def rank(self) -> tuple[bool, int]:
        """Real before complex, then short."""
        nodes = list(postorder(self.formula))
        return not (self.real and all(n.head is not _I for n in nodes)), len(nodes)


def raise_tree(
    tape: Tape, domains: Mapping[str, Domain] | None = None, seconds: float = 12.0
) -> Raised:
    """The ordinary formula of a tree over eml.

    `domains` are declared sets of values; a variable without one gets the formula's natural domain.
    `seconds` bounds all proofs together. Raises DomainError where the tree has no value, LimitError
    where reading it takes too long.

    >>> from emlc.ir.tape import flatten
    >>> from emlc.parse import parse_tree
    >>> made = raise_tree(flatten(parse_tree("11xE1EE")))
    >>> show(made.formula), made.domain, made.proved
    ('ln(x)', {'x': 'positive'}, True)
    """
    declared = dict(domains or {})
    names = sorted({h.name for h in tape.heads if isinstance(h, Var)})
    tries = _readings(tape, names, declared)
    if not tries:
        raise DomainError(
            "the tree has no value on its domain",
            hint="some subtree is an infinity less an infinity, or its direction is not known",
        )
    tries.sort(key=_Try.rank)
    size = measure(tape).size
    points = list(dict.fromkeys(p for made in tries for p in made.points))
    tries = [replace(made, points=points) for made in tries]
    with suppress(OutOfTime), within(seconds):
        for found, proof, attempt, points in _proved(tape, tries, declared):
            conditions = tuple(f"{name} != {value}" for name, value in points)
            steps = tuple(attempt.steps | proof.steps)
            return Raised(attempt.formula, found.domain(), conditions, steps, size, True)
    best = tries[0]
    shown = {name: str(d) for name, d in sorted(best.domains.items())}
    places = tuple(f"{p} != 0" for p in best.places)
    return Raised(best.formula, shown, places, tuple(best.steps), size, False)


def _readings(tape: Tape, names: list[str], declared: dict[str, Domain]) -> list[_Try]:
    """The readings that are done in time; at least one, or none is possible."""
    made: list[_Try] = []
    seconds = _READING + _READING_ENTRY * len(tape)
    stage("finding formulas", seconds)
    try:
        with within(seconds):
            made.extend(_tries(tape, names, declared))
    except OutOfTime:
        if not made:
            raise LimitError(
                f"reading the tree took more than {seconds:.0f} s of processor time",
                hint=f"it has {len(tape):,} distinct subtrees; a part of it may be read",
            ) from None
    return made


def _tries(tape: Tape, names: list[str], declared: dict[str, Domain]) -> Iterator[_Try]:
    """Readings of the tree, with smaller and smaller sets for the variables."""
    free = [n for n in names if n not in declared]
    sets = _SETS if free and len(tape) <= LARGE else _SETS[:1]
    seen: set[Node] = set()
    for text in sets:
        made = _read(tape, {n: declared.get(n, domain(text)) for n in names}, {})
        for _ in range(_ROUNDS):
            if made is None:
                break
            if made.formula not in seen:
                seen.add(made.formula)
                yield made
            if not made.rank()[0]:
                return
            made = _again(tape, made, declared) if free and len(tape) <= LARGE else None


def _again(tape: Tape, before: _Try, declared: dict[str, Domain]) -> _Try | None:
    """The tree read once more, on the natural domain of what it was read as."""
    try:
        found = ranges(simplify(before.formula), declared)
    except DomainError:
        return None
    return _read(tape, {**before.domains, **found.variables}, found.conditions)


def _read(tape: Tape, over: dict[str, Domain], conditions: Mapping[Node, Domain]) -> _Try | None:
    space = Space(over, limit=200 if len(tape) <= LARGE else _SHORT_SUMS)
    try:
        for part, fact in conditions.items():
            made = read_formula(space, part)
            if isinstance(made, Form):
                space.learn(made, fact)
        value = read_tape(space, tape)
    except (Undefined, Unknown):
        return None
    if not isinstance(value, Form):
        return None
    written: dict[Form, Node] = {}
    formula = write(space, value, written)
    zeros_ = list(space.zeros)[:_MOST_PLACES]
    points = {p: None for z in zeros_ for p in _points(space, z)} if space.thorough else {}
    shown = [write(space, z, written) for z in zeros_]
    places = [brief(tidy(f) if space.thorough else f) for f in shown]
    real = space.box(value).real
    return _Try(formula, over, dict(space.steps), places, list(points), real)


def _points(space: Space, place: Form) -> Iterator[tuple[str, Fraction]]:
    """The rational values of one variable at which a sum vanishes."""
    for name, value in zeros(space, place) or ():
        if not value.terms:
            yield name, Fraction(0)
        elif set(value.terms) == {space.unit}:
            yield name, Fraction(value.terms[space.unit])


def _proved(
    tape: Tape, tries: list[_Try], declared: dict[str, Domain]
) -> Iterator[tuple[Ranges, Proof, _Try, list[tuple[str, Fraction]]]]:
    """The readings that are proved, on the natural domain of the formula first.

    Points at which the tree has another value, or none, are left out where that helps.
    """
    for natural in (True, False) if len(tape) <= LARGE else ():
        for attempt, formula, without in _spellings(tries):
            if without and not attempt.points:
                continue
            try:
                found = ranges(simplify(formula), declared if natural else attempt.domains)
            except DomainError:
                continue
            # A variable that cancels is not in the formula, and the proof rests on its set, too.
            found.variables = {**attempt.domains, **found.variables}
            points = attempt.points if without else []
            proof = _prove(formula, tape, found, points)
            if proof is not None:
                kept = _needed(formula, tape, found, points)
                yield found, proof, replace(attempt, formula=formula), kept


def _spellings(tries: list[_Try]) -> Iterator[tuple[_Try, Node, bool]]:
    """Every reading, written tidily first, everywhere before it is tried without some points."""
    for attempt in tries:
        for without in (False, True):
            for formula in dict.fromkeys((tidy(attempt.formula), attempt.formula)):
                yield attempt, formula, without


def _prove(
    formula: Node, tape: Tape, found: Ranges, points: list[tuple[str, Fraction]]
) -> Proof | None:
    """The proof that the tree is the formula everywhere but at these points."""
    excluded = [(var(name), value) for name, value in points]
    proof = prove_equal(
        formula, tape, found.variables, found.conditions, excluded, seconds=_SECONDS
    )
    return proof if proof.cases and not proof.failed else None


def _needed(
    formula: Node, tape: Tape, found: Ranges, points: list[tuple[str, Fraction]]
) -> list[tuple[str, Fraction]]:
    """Those of the points that must stay out."""
    kept = list(points)
    for p in points:
        fewer = [q for q in kept if q != p]
        inside = found.variables[p[0]].contains(p[1])
        if not inside or _prove(formula, tape, found, fewer) is not None:
            kept = fewer
    return kept
