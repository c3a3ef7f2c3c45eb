"""Other ways to write a part of a formula, from its normal form.

    sin(x)^2 + cos(x)^2  ->  1        a*b + a*c  ->  a*(b + c)        exp(x)*exp(y)  ->  exp(x + y)

Each is proved to have the value of the part wherever the part has one on the formula's domain.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from math import inf

from emlc.deadline import steps_done, within_steps
from emlc.ir.node import Lit, Node, Var, fold, postorder
from emlc.ir.tape import flatten
from emlc.passes.normal.cases import prove_equal
from emlc.passes.normal.digits import Number, size_in_bits
from emlc.passes.normal.read import apply
from emlc.passes.normal.space import Infinite, Space, Undefined, Unknown
from emlc.passes.normal.terms import Form, Mono
from emlc.passes.normal.write import write
from emlc.passes.ranges import Ranges
from emlc.passes.simplify import simplify
from emlc.tables.primitives import Primitive

LARGEST = 60
_MOST_TERMS = 8
_GENERATIONS = 2
_LONG = 256
_STEPS = 500_000


class Rewriter:
    """Finds other ways to write the parts of one formula.

    >>> from emlc.parse import parse
    >>> from emlc.passes.ranges import ranges
    >>> from emlc.show import show
    >>> root = simplify(parse("a*b + a*c").root)
    >>> [show(other) for other in Rewriter(root, ranges(root)).others(root)]
    ['a*(b + c)']
    """

    def __init__(self, root: Node, ranges: Ranges) -> None:
        self._space = Space(ranges.variables)
        self._forms: dict[Node, Form | None] = {}
        self._others: dict[Node, tuple[Node, ...]] = {}
        self._ranges = ranges
        self._left = _STEPS
        parts = list(islice(postorder(root), LARGEST + 1))
        self.open = len(parts) <= LARGEST
        self._own = dict.fromkeys(parts, _GENERATIONS)
        if not self.open:
            return
        for part, fact in ranges.conditions.items():
            made = self._form(part)
            if made is not None:
                self._space.learn(made, fact)

    def others(self, part: Node) -> tuple[Node, ...]:
        """Equal formulas; none for what is no part of the formula or of another way to write it."""
        left = self._own.get(part, 0)
        if not self.open or not left or not part.args:
            return ()
        found = self._others.get(part)
        if found is None:
            found = self._others[part] = tuple(self._found(part))
            for n in (n for other in found for n in postorder(other)):
                self._own.setdefault(n, left - 1)
        return found

    def _found(self, part: Node) -> Iterator[Node]:
        form = self._form(part)
        if form is None or len(form.terms) > _MOST_TERMS:
            return
        seen = {part}
        for other in self._shapes(form):
            made = simplify(write(self._space, other)) if isinstance(other, Form) else other
            if made not in seen:
                seen.add(made)
                if not self._has_longer_numbers(made) and self._is_equal(part, made):
                    yield made

    def _is_equal(self, part: Node, other: Node) -> bool:
        """Whether the other way to write a part has its value wherever it has one."""
        domains, conditions = self._ranges.variables, self._ranges.conditions
        before = steps_done()
        with within_steps(self._left):  # not seconds: trees are the same on every machine
            proof = prove_equal(part, flatten(other), domains, conditions, seconds=inf)
        self._left -= steps_done() - before
        return bool(proof.cases) and not proof.failed

    def _has_longer_numbers(self, other: Node) -> bool:
        """Whether it has a long number that the formula has not; its tree would be no smaller."""
        return any(
            isinstance(n.head, Lit) and n not in self._own and size_in_bits(n.head.value) > _LONG
            for n in postorder(other)
        )

    def _shapes(self, form: Form) -> Iterator[Form | Node]:
        space = self._space
        yield form
        grown = space.expand(form)
        if grown is not form and len(grown.terms) <= _MOST_TERMS:
            yield grown
        common = _shared(space, form)
        number, inverse = space.power(common, -1)
        content, inner = space.factored(space.times(form, inverse, number))
        if len(form.terms) > 1 and (common is not space.unit or content != 1):
            d, whole = space.product(common, inner)
            yield space.form({whole: content * d})

    def _form(self, root: Node) -> Form | None:
        def build(n: Node, args: list[Form | None]) -> Form | None:
            if n in self._forms:
                return self._forms[n]
            made = self._applied(n, args)
            self._forms[n] = made
            return made

        return fold(root, build)

    def _applied(self, n: Node, args: list[Form | None]) -> Form | None:
        space = self._space
        if isinstance(n.head, Var):
            return space.var(n.head.name)
        if not isinstance(n.head, Primitive):
            value = getattr(n.head, "value", None)
            return None if value is None else space.number(value)
        if any(a is None for a in args):
            return None
        try:
            made = apply(space, n.head, [a for a in args if a is not None])
        except (Undefined, Unknown):
            return None
        return None if isinstance(made, Infinite) else made


def _shared(space: Space, a: Form) -> Mono:
    """The factors with positive powers that all terms share."""
    shared: dict[int, Number] = {}
    for k, m in enumerate(a.terms):
        own = {atom.id: q for atom, q in m.factors if q > 0}
        shared = own if k == 0 else {x: min(q, own[x]) for x, q in shared.items() if x in own}
    first = next(iter(a.terms), None)
    if first is None:
        return space.unit
    kept = {atom: shared[atom.id] for atom, _ in first.factors if atom.id in shared}
    return space.monomial(0, kept, None)[1]
