"""What a long formula is spared: rows that never win for its parts, and care for its numbers.

A formula of a thousand terms has few kinds of parts. Whether a row is right is asked anew each
time; habits only spare the rows that never won.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable
from fractions import Fraction

from emlc.ir.node import Lit, Node, postorder
from emlc.passes.choices import Forms
from emlc.passes.numbers import spellings
from emlc.passes.ranges import Ranges
from emlc.passes.templates import Template

_MANY = 48  # forms of parts of a kind, made in every way before one becomes a habit
_WITH_CARE = 100  # numbers of a formula that are not spelled in a hurry


class Habits:
    """The rows that won so far, by the kind of a part."""

    def __init__(self, ranges: Ranges) -> None:
        self._ranges = ranges
        self._won: dict[Hashable, dict[Template, int]] = {}

    def usual(self, n: Node, rows: list[Template]) -> list[Template]:
        """The rows that are worth trying: all of them while the kind is new."""
        won = self._won.get(self._kind(n, rows), {})
        return [t for t in rows if t in won] if sum(won.values()) >= _MANY else rows

    def learn(self, n: Node, rows: list[Template], best: Forms) -> None:
        """Remember what the part was made by, in any form."""
        won = self._won.setdefault(self._kind(n, rows), {})
        for choice in best:
            template = choice.way.template if choice.way else None
            if template is not None:
                won[template] = won.get(template, 0) + 1

    def _kind(self, n: Node, rows: list[Template]) -> Hashable:
        """The rows tell the heads apart that matter; what is left are the values."""
        values = [self._ranges.of(a) for a in (n, *n.args)]
        return id(rows), *((v.real, v.excludes(0.0), v.re.lo >= 0, v.re.hi <= 0) for v in values)


class Speller:
    """The spellings of the numbers of one formula; after the first of many it hurries."""

    def __init__(self) -> None:
        self._known: dict[Fraction, tuple[Node, ...]] = {}

    def spellings(self, value: Fraction) -> tuple[Node, ...]:
        """Formulas in other numbers."""
        found = self._known.get(value)
        if found is None:
            found = self._known[value] = spellings(value, len(self._known) > _WITH_CARE)
        return found

    def below(self, n: Node, known: Collection[Node]) -> list[Node]:
        """The numbers that a number is spelled with, smallest first, so that none nests deep."""
        found: dict[Node, Fraction] = {}
        stack = [n] if isinstance(n.head, Lit) else []
        while stack:
            head = stack.pop().head
            spelled = self.spellings(head.value) if isinstance(head, Lit) else ()
            for part in postorder(*spelled):
                if isinstance(part.head, Lit) and part not in found and part not in known:
                    found[part] = part.head.value
                    stack.append(part)
        return sorted(found, key=lambda m: (found[m].denominator, found[m] < 0, abs(found[m])))
