"""Formula to pure EML tree: for every part the smallest row right on the values it meets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

from emlc.errors import DomainError
from emlc.ir.node import ONE, Lit, Node, Var, postorder, substitute
from emlc.passes.match import match
from emlc.passes.numbers import spell
from emlc.passes.ranges import Ranges, formula, postorder_new
from emlc.passes.rewrite import Rewriter
from emlc.passes.simplify import instantiate
from emlc.passes.templates import (
    LOGARITHM,
    OPPOSITE,
    REST,
    VALUE,
    Program,
    Template,
    rows_like,
    token,
)
from emlc.show import show
from emlc.tables.primitives import Primitive
from emlc.tables.witnesses import Witness

MODES = ("exact", "shortest", "finite", "robust")
_FULL_REACH = 1000
_MAX_NESTING = 60
_PARTS = 1000  # beyond so many for each of the formula nothing new is tried
_TRIED = 3500  # beyond so many, and a few for each, the first way that is right will do
_LISTED = 200
_RETRIES = 300
_SMALLER = "declare a smaller domain, for example --domain x:positive"

Exclusion = tuple[Node, Fraction]


def exclusion_text(excluded: Exclusion) -> str:
    """`x = 0`, as results name a point."""
    return f"{show(excluded[0])} = {excluded[1]}"


@dataclass(frozen=True, slots=True)
class Choice:
    """The best way found for one part.

    size      nodes of its written-out tree
    reach     least reach of the rows in it
    excluded  points of the domain where it is not right: part = value
    witness   the row, None for a leaf
    parts     what stands for the row's parameters, or the body's formula
    program   the row's tree in the form that is made, None for a leaf and a body
    """

    size: int
    reach: int
    excluded: frozenset[Exclusion]
    witness: Witness | None = None
    parts: tuple[Node, ...] = ()
    program: Program | None = None


Forms = tuple[Choice, ...]  # the best choice for every form
_SHOWN = ("x", "ln(x)", "e-ln(x)", "e-x")
# a rest of the value's tree, a logarithm of the rest's
_AROUND = {
    REST: Program(("1", token(0, VALUE), "E"), 2, ((0, VALUE, 1),)),
    LOGARITHM: Program(("1", token(0, REST), "1", "E", "E"), 4, ((0, REST, 1),)),
    OPPOSITE: Program(("1", token(0, VALUE), "1", "E", "E"), 4, ((0, VALUE, 1),)),
}


class Compiler:
    """Chooses a row for every part of a formula, given the ranges of the parts."""

    def __init__(self, ranges: Ranges, mode: str, rewriter: Rewriter | None = None) -> None:
        self.ranges = ranges
        self.mode = mode
        self.rewriter = rewriter
        self.best: dict[Node, Forms | None] = {}
        self._open: set[Node] = set()
        self._budget = self._patience = 0
        self._retries = _RETRIES if rewriter is not None else 0

    # -- choosing --------------------------------------------------------------------------------

    def solve(self, root: Node) -> Forms | None:
        """The best choices for a formula; parts tried on the way are bounded by its size."""
        parts = 1 + sum(1 for _ in postorder(root))
        self._budget, self._patience = _PARTS * parts, _TRIED + 20 * parts
        return self.choose(root)

    def choose(self, root: Node) -> Forms | None:
        """The best choices for an expression, its parts chosen on the way."""
        if root in self.best:
            return self.best[root]
        for n in postorder_new(root, self.best):
            for smaller in self._numbers_below(n):
                self._settle(smaller)
            self._settle(n)
        return self.best.get(root)

    def _settle(self, n: Node) -> None:
        if n not in self.best and n not in self._open:
            self._open.add(n)
            made = self._best_of(n)
            self._open.discard(n)
            if made is None and self._open and self._retries:
                self._retries -= 1  # it may only have needed a part that is still open
                return
            self.best[n] = made

    def _numbers_below(self, n: Node) -> list[Node]:
        """The numbers that a number is spelled with, smallest first, so that none nests deep."""
        found: dict[Node, Fraction] = {}
        stack = [n] if isinstance(n.head, Lit) else []
        while stack:
            head = stack.pop().head
            spelled = spell(head.value) if isinstance(head, Lit) else None
            for part in postorder(spelled) if spelled else ():
                if isinstance(part.head, Lit) and part not in found and part not in self.best:
                    found[part] = part.head.value
                    stack.append(part)
        return sorted(found, key=lambda m: (found[m].denominator, found[m] < 0, abs(found[m])))

    def _best_of(self, n: Node) -> Forms | None:
        if n is ONE or isinstance(n.head, Var):
            return self._completed(n, [(Choice(1, _FULL_REACH, frozenset()), None, None, None)])
        if len(self._open) > _MAX_NESTING:
            return None
        real = all(self.ranges.of(a).real for a in (n, *n.args))
        plane = not real and self.mode != "finite"
        uses = {"", self.mode} | ({"plane"} if plane else set())
        uses |= set() if self.mode == "robust" else {"cut"}
        candidates = self._right(n, uses)
        if not candidates and plane and all(self.best.get(a) for a in n.args):
            candidates = self._right(n, {"fallback"})
        return self._completed(n, candidates, real) if candidates else None

    def _right(self, n: Node, uses: set[str]) -> list[tuple[Choice | None, ...]]:
        """The candidates that are right; one will do once patience is at its end."""
        found = []
        for made in self._candidates(n, uses):
            if made is not None:
                found.append(made)
                if len(self.best) > self._patience:
                    break
        return found

    def _completed(
        self, n: Node, candidates: list[tuple[Choice | None, ...]], real: bool = True
    ) -> Forms:
        """The best of every form; a logarithm and a rest are never far from the value."""
        found: dict[int, Choice] = {}
        for form in (VALUE, REST, LOGARITHM, OPPOSITE):
            # of a product that is 0, the rest is infinite in a direction of the other factors
            known = form != REST or self.ranges.of(n).excludes(0.0)
            some = [c[form] for c in candidates] if real or known else []
            around = _AROUND.get(form)
            if around is not None:
                inner = found[around.uses[0][1]]
                size = around.base + inner.size
                some.append(replace(inner, size=size, parts=(n,), program=around))
            found[form] = min((c for c in some if c is not None), key=self._rank)
        return found[VALUE], found[LOGARITHM], found[REST], found[OPPOSITE]

    def _rank(self, c: Choice) -> tuple[int, ...]:
        points = len(c.excluded)
        if self.mode == "shortest":
            return (c.size, points, -c.reach)
        if self.mode == "robust":
            return (points, -c.reach, c.size)
        return (points, c.size, -c.reach)

    def _candidates(self, n: Node, uses: set[str]) -> Iterator[tuple[Choice | None, ...] | None]:
        if isinstance(n.head, Lit):
            spelled = spell(n.head.value)
            if spelled is not None:
                yield self._through(None, spelled)
        tried: set[str] = set()
        for template in rows_like(n):
            if template.row.use not in uses or template.row.tree in tried:
                continue
            if template.dominated and self.mode != "finite":
                continue
            for parts in match(template.pattern, n):
                choice = self._use(template, parts)
                if choice is not None and template.symmetric:
                    tried.add(template.row.tree)
                yield choice
                if template.symmetric:
                    break
        # last, since what they lead to may not be built while this part is open
        for other in self.rewriter.others(n) if self.rewriter is not None else ():
            yield self._through(None, other)

    def _use(self, template: Template, found: dict[str, Node]) -> tuple[Choice | None, ...] | None:
        """What this row makes of these parts in every form, None where it is not known right."""
        for part, needed in template.needed:
            if not self.ranges.holds(_place(part, found), needed):
                return None
        excluded: set[Exclusion] = set()
        for part, values in template.off:
            place = _place(part, found)
            hit = [v for v in values if not self.ranges.of(place).excludes(float(v))]
            if hit and self.mode not in ("shortest", "finite"):
                return None
            excluded.update((place, v) for v in hit)
        if template.row.body:
            return self._body(template, found, excluded)
        if self.mode == "finite" and not template.row.finite:
            return None
        return self._tree(template, [found[p] for p in template.params], excluded)

    def _tree(
        self, template: Template, parts: list[Node], excluded: set[Exclusion]
    ) -> tuple[Choice | None, ...] | None:
        below = [self.choose(part) for part in parts]
        known = [forms for forms in below if forms is not None]
        if len(known) < len(below):
            return None

        def choice(program: Program | None) -> Choice | None:
            if program is None:
                return None
            size, reach, points = program.base, template.row.reach, set(excluded)
            for k, form, count in program.uses:
                part = known[k][form]
                size += count * part.size
                reach = min(reach, part.reach)
                points |= part.excluded
            return Choice(size, reach, frozenset(points), template.row, tuple(parts), program)

        return tuple(choice(program) for program in template.programs)

    def _body(
        self, template: Template, found: dict[str, Node], excluded: set[Exclusion]
    ) -> tuple[Choice | None, ...] | None:
        assert template.body is not None
        expand = substitute if template.raw else instantiate
        expansion = expand(template.body, found)
        if expansion in self._open or len(self.best) > self._budget:
            return None
        for part, fact in template.given:
            self.ranges.learn(expand(part, found), fact)
        made = self._through(template.row, expansion)
        if made is None or not excluded:
            return made
        return tuple(replace(c, excluded=c.excluded | excluded) for c in made)

    def _through(self, row: Witness | None, expansion: Node) -> Forms | None:
        below = self.choose(expansion)
        if below is None:
            return None
        how, parts = row or SPELLED, (expansion,)
        return tuple(Choice(c.size, c.reach, c.excluded, how, parts) for c in below)

    # -- building --------------------------------------------------------------------------------

    def build(self, root: Node) -> tuple[Node, set[Witness]]:
        """The pure tree of the choices, and the rows it rests on."""
        made: dict[tuple[Node, int], Node] = {}
        used: set[Witness] = set()
        stack = [(root, VALUE)]
        while stack:
            key = stack[-1]
            if key in made:
                stack.pop()
                continue
            choice = self._choice(*key)
            below = _below(choice, key[1])
            waiting = [p for p in below if p not in made]
            if waiting:
                stack.extend(waiting)
                continue
            stack.pop()
            if choice.program is not None:
                trees = [
                    (k, form, made[choice.parts[k], form]) for k, form, _ in choice.program.uses
                ]
                made[key] = choice.program.build(trees)
            else:
                made[key] = made[below[0]] if below else key[0]
            if choice.witness is not None:
                used.add(choice.witness)
        return made[root, VALUE], used - {SPELLED}

    def chosen(self, root: Node) -> Iterator[tuple[Node, Node | Witness, int]]:
        """The parts from the whole down, each with what builds it and its size."""
        seen: set[tuple[Node, int]] = set()
        stack = [(root, VALUE)]
        while stack and len(seen) < _LISTED:
            n, form = key = stack.pop()
            choice = self._choice(n, form)
            if key in seen or choice.witness is None:
                continue
            if choice.program is not _AROUND.get(form):
                seen.add(key)
                spelled = choice.witness is SPELLED
                shown = substitute(formula(_SHOWN[form]), {"x": n})
                yield shown, choice.parts[0] if spelled else choice.witness, choice.size
            stack.extend(reversed(_below(choice, form)))

    def _choice(self, n: Node, form: int) -> Choice:
        forms = self.best[n]
        assert forms is not None
        return forms[form]


def _below(choice: Choice, form: int) -> list[tuple[Node, int]]:
    """What a choice is made of: parts, each in a form."""
    if choice.program is None:
        return [(part, form) for part in choice.parts]
    return [(choice.parts[k], f) for k, f, _ in choice.program.uses]


SPELLED = Witness("a number", body="its spelling")


def _place(part: Node, found: dict[str, Node]) -> Node:
    if isinstance(part.head, Var):
        return found[part.head.name]
    return substitute(part, found)


@dataclass(frozen=True, slots=True)
class Compilation:
    """A pure tree, the rows it rests on and the points where it is not right.

    chosen   every part with the row that builds it, or the other way it was written, and its size
    """

    tree: Node
    size: int
    used: frozenset[Witness]
    excluded: tuple[Exclusion, ...]
    chosen: tuple[tuple[Node, Node | Witness, int], ...] = ()


def compile_tree(
    root: Node, ranges: Ranges, mode: str = "exact", rewriter: Rewriter | None = None
) -> Compilation:
    """The pure EML tree of a formula whose ranges are known.

    A rewriter adds other ways to write the parts; the tree is then to be proved as a whole. Raises
    DomainError when no row is known for some part on the values it meets.

    >>> from emlc.parse import parse
    >>> from emlc.passes.ranges import ranges
    >>> f = parse("x*y").root
    >>> compile_tree(f, ranges(f)).size
    17
    """
    compiler = Compiler(ranges, mode, rewriter)
    forms = compiler.solve(root)
    if forms is None:
        raise _no_row(compiler, root)
    choice = forms[VALUE]
    tree, used = compiler.build(root)
    chosen = tuple(compiler.chosen(root))
    excluded = tuple(sorted(choice.excluded, key=exclusion_text))
    return Compilation(tree, choice.size, frozenset(used), excluded, chosen)


def _no_row(compiler: Compiler, root: Node) -> DomainError:
    for n in postorder(root):
        if compiler.best.get(n) is None and all(compiler.best.get(a) for a in n.args):
            name = n.head.name if isinstance(n.head, Primitive) else show(n)
            where = ", ".join(f"{show(a)} in {compiler.ranges.of(a)}" for a in n.args)
            return DomainError(
                f"no {compiler.mode} tree is known for {name} with {where}",
                hint="mode exact knows more trees" if compiler.mode == "finite" else _SMALLER,
            )
    return DomainError("no tree is known for this formula on this domain")
