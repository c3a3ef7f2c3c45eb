"""What the explorer's page knows of a tree, as one JSON document.

    document = formula, tree, facts of every entry, verdict, a picture in blocks

Nodes of the tree are "1", a name, or a pair of entries; those of the formula carry the name of a
row, and rows that the page does not know are written out by their meaning.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from typing import Any

from emlc.errors import LimitError
from emlc.explore.constants import constants
from emlc.explore.sides import sides, start
from emlc.explore.subject import Subject, meanings, read
from emlc.ir.node import Lit, Node, Param, Var, fold, node, substitute, var
from emlc.ir.tape import NONE, Tape, flatten, measure, unflatten
from emlc.parse import meaning
from emlc.passes.facts import Fact, facts
from emlc.passes.simplify import simplify
from emlc.render.blocks import Blocks, spoken
from emlc.render.drawing import drawing
from emlc.render.mathml import mathml
from emlc.render.scene import scene
from emlc.render.svg import write_svg
from emlc.render.theme import theme_of
from emlc.show import show
from emlc.tables.primitives import ROWS, Primitive

ENTRIES = 20_000
"""Distinct subtrees that a page holds."""

# Rows that the page computes by themselves; all others are written out by their meaning.
KNOWN = frozenset(row.name for row in ROWS if not row.meaning or row.infix)
_MATH_BYTES = 60_000
_FORMULA_NODES = 2_000
_TEXT = 4_000
_DRAWN = 250
_DIGITS = 15


def content(
    source: str, domains: Mapping[str, str] | None = None, mode: str = "exact"
) -> dict[str, Any]:
    """The document of a formula or of a pure tree.

    Raises the errors of `emlc.pipeline.compile`, LimitError for more than `ENTRIES` entries.

    >>> found = content("ln(x)")
    >>> found["k"], found["tree"], found["meanings"][found["meaning"][-1]]
    (7, ['1', 'x', [0, 1], [2, 0], [0, 3]], 'ln(x)')
    """
    about = read(source, domains or {}, mode)
    tape = about.tape
    if len(tape) > ENTRIES:
        raise LimitError(
            f"the tree has {len(tape):,} distinct subtrees, a page holds {ENTRIES:,}",
            hint="emlc render draws the first nodes of any tree",
        )
    found = meanings(about)
    size, depth, dag = measure(tape)
    begin = start(about.domains())
    return {
        "schema": 1,
        "source": source,
        "k": size if size < 2**53 else _astronomical(size),
        "depth": depth,
        "dag": dag,
        "variables": sorted({h.name for h in tape.heads if isinstance(h, Var)}),
        "tree": _tree(tape),
        "constants": constants(tape),
        "begin": begin,
        "sides": sides(tape, begin),
        **_real(about, found),
        **_facts(about, found),
        **_meanings(found),
        **_formula(about),
        "picture": _picture(tape, found),
        "text": _text(tape, size),
    }


def _tree(tape: Tape) -> list[Any]:
    """The entries, operands first."""
    out: list[Any] = []
    for k, (a, b) in enumerate(zip(tape.left, tape.right, strict=True)):
        head = tape.head(k)
        out.append([a, b] if a != NONE else head.name if isinstance(head, Var) else "1")
    return out


def _real(about: Subject, found: Blocks) -> dict[str, Any]:
    """The entries that are known to be real on the domain, and the domain as sets of values.

    A set is a formula with its bounds, null where there is none, whether they are open, and whether
    0 is taken out. Open bounds are put about conditions on formulas: a page computes those rounded.
    """
    sets: list[list[Any]] = []
    places = {var(name): d for name, d in about.known.variables.items()}
    for part, d in (places | about.known.conditions).items():
        steps = _program(part)
        if steps is None or not d.real or d.integer:
            return {"real": [], "sets": []}
        low, high = (end if math.isfinite(end) else None for end in (d.re.lo, d.re.hi))
        rough = not isinstance(part.head, Var)
        sets.append([steps, low, high, rough or d.re.lo_open, rough or d.re.hi_open, d.nonzero])
    real = [k for k in sorted(found.sure) if (m := found.meaning[k]) and about.known.of(m).real]
    return {"real": real, "sets": sets}


def _facts(about: Subject, found: Blocks) -> dict[str, Any]:
    """What is known of every entry, by number; where its meaning is known, that formula's range."""
    said: dict[str, int] = {}
    numbers = []
    for k, fact in enumerate(facts(about.tape, about.domains())):
        meaning, tight = found.meaning[k], None
        if meaning is not None and k in found.sure:
            tight = about.known.of(meaning)
        plain = tight is None or (fact.values is not None and fact.finite and fact.real)
        text = _fact(fact) if plain else str(tight)
        numbers.append(said.setdefault(text, len(said)))
    return {"fact": numbers, "facts": list(said)}


def _fact(fact: Fact) -> str:
    """What is known of a value, in words."""
    words = [] if fact.values is None else [str(fact.values)]
    words += ["may be −∞"] * (fact.low is not None) + ["may be +∞"] * (fact.high is not None)
    words += ["may have no value"] * (not fact.defined)
    return ", ".join(words) or "no value"


def _meanings(found: Blocks) -> dict[str, Any]:
    """The distinct meanings as text and, while there is room, as MathML; each entry's by number."""
    texts: dict[str, int] = {"": 0}
    maths = [""]
    numbers: list[int] = []
    room = _MATH_BYTES
    for entry in found.meaning:
        text = spoken(entry)
        if text not in texts:
            texts[text] = len(texts)
            made = mathml(entry) if entry is not None and room > 0 else ""
            room -= len(made)
            maths.append(made)
        numbers.append(texts[text])
    return {"meaning": numbers, "meanings": list(texts), "maths": maths}


def _formula(about: Subject) -> dict[str, Any]:
    """The formula's side of the document."""
    formula = about.formula
    small = formula is not None and len(show(formula)) < _TEXT
    status, how = about.verdict or ("", "")
    return {
        "formula": None if formula is None else _program(formula),
        "math": mathml(formula, display=True) if formula is not None and small else "",
        "domain": dict(about.domain),
        "mode": about.mode,
        "verdict": {"status": status, "how": how} if about.verdict else None,
        "excluded": list(about.excluded[:20]),
    }


def _program(formula: Node) -> list[list[Any]] | None:
    """The formula as steps over rows that the page knows, operands first; None if too long."""
    clean = _written_out(simplify(formula))
    tape = flatten(clean)
    if len(tape) > _FORMULA_NODES:
        return None
    steps: list[list[Any]] = []
    for k, ends in enumerate(zip(tape.left, tape.right, strict=True)):
        head = tape.head(k)
        if isinstance(head, Lit):
            try:
                steps.append(["number", float(head.value)])
            except OverflowError:
                return None
        elif isinstance(head, Primitive):
            steps.append([head.name, *(end for end in ends if end != NONE)])
        else:
            steps.append(["variable", head.name])
    return steps


def _written_out(formula: Node) -> Node:
    """The formula in rows that the page knows."""

    def write(n: Node, args: list[Node]) -> Node:
        head = n.head
        if isinstance(head, Var | Lit | Param) or head.name in KNOWN:
            return node(head, *args)
        body = _written_out_meaning(head)
        return substitute(body, dict(zip(head.params, args, strict=True)))

    return fold(formula, write)


@cache
def _written_out_meaning(row: Primitive) -> Node:
    """The meaning of a row, in rows that the page knows."""
    return _written_out(meaning(row))


def _picture(tape: Tape, found: Blocks) -> str:
    seen = scene(tape, "macro", limit=_DRAWN, known=found)
    return write_svg(drawing(seen, theme_of("light")))


def _text(tape: Tape, size: int) -> str:
    """The tree in RPN, where it is short enough to copy."""
    return show(unflatten(tape), "rpn") if size <= _TEXT else ""


def _astronomical(size: int) -> str:
    digits = str(size)
    return digits if len(digits) <= _DIGITS + 6 else f"about 10^{len(digits) - 1}"
