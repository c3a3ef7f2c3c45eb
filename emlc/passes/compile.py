"""Formula to pure EML tree: for every part the smallest row right on the values it meets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from emlc.errors import DomainError
from emlc.ir.domain import domain
from emlc.ir.node import ONE, Lit, Node, Var, from_tokens, postorder, substitute
from emlc.passes.match import COMMUTE, match
from emlc.passes.numbers import spell
from emlc.passes.ranges import Ranges, conditions, formula, postorder_new, raw_formula
from emlc.passes.rewrite import Rewriter
from emlc.passes.simplify import instantiate
from emlc.show import show
from emlc.tables.primitives import BY_NAME, EML, Primitive
from emlc.tables.witnesses import BODIES, TREES, Witness

MODES = ("exact", "shortest", "finite", "robust")
_FULL_REACH = 1000
_MAX_NESTING = 60
_PARTS = 1000
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
    """

    size: int
    reach: int
    excluded: frozenset[Exclusion]
    witness: Witness | None = None
    parts: tuple[Node, ...] = ()


class Template:
    """A row ready for use: its pattern, its domain, and its tree as a program."""

    __slots__ = (
        "base", "body", "counts", "dominated", "given", "heads", "needed", "off", "params",
        "pattern", "raw", "row", "symmetric",
    )  # fmt: skip

    def __init__(self, row: Witness) -> None:
        self.row = row
        self.pattern = formula(row.computes)
        heads = [None if isinstance(a.head, Var) else a.head for a in self.pattern.args]
        self.heads = heads if any(heads) else []
        self.params = tuple(_letters(self.pattern))
        self.needed = [(formula(left), domain(right)) for left, right in conditions(row.where)]
        self.off = [
            (formula(left), [Fraction(v) for v in right.split(",")])
            for left, right in conditions(row.off)
        ]
        self.given = [(formula(left), domain(right)) for left, right in conditions(row.given)]
        self.body = formula(row.body) if row.body else None
        self.raw = self.body is self.pattern
        if self.raw:
            self.body = raw_formula(row.body)
        self.counts = [row.tree.count(p) for p in self.params]
        self.base = len(row.tree) - sum(self.counts)
        self.dominated = False
        self.symmetric = (
            self.pattern.head in COMMUTE
            and all(isinstance(a.head, Var) for a in self.pattern.args)
            and len(set(self.counts)) == 1
            and len({d for _, d in self.needed}) == 1
            and not row.body
        )

    def dominates(self, other: Template) -> bool:
        """Whether this row is as good wherever the other may be used, infinities aside."""
        mine, theirs = self.row, other.row
        if mine.computes != theirs.computes or mine.where != theirs.where or mine.off:
            return False
        if not (mine.tree and theirs.tree) or mine.reach < theirs.reach:
            return False
        costs = list(
            zip((*self.counts, len(mine.tree)), (*other.counts, len(theirs.tree)), strict=True)
        )
        return all(a <= b for a, b in costs) and any(a < b for a, b in costs)

    def may_match(self, n: Node) -> bool:
        """A quick look at the heads below; False only where `match` finds nothing."""
        if not self.heads:
            return True
        heads = [a.head for a in n.args]
        return all(h is None or any(h is m for m in heads) for h in self.heads)

    def build(self, parts: Sequence[Node]) -> Node:
        """The tree with pure trees in place of the parameters."""
        return from_tokens(self.row.tree, dict(zip(self.params, parts, strict=True)))


def _letters(pattern: Node) -> list[str]:
    names = [n.head.name for n in postorder(pattern) if isinstance(n.head, Var)]
    return sorted(names)


def _meaning(row: Primitive) -> Witness:
    """A defined row's meaning, as a body."""
    call = f"{row.name}({','.join(row.params)})" if row.params else row.name
    return Witness(call, body=row.meaning, source="meaning")


_templates: dict[str, list[Template]] = {}
_by_row: dict[Witness, Template] = {}


def rows_for(name: str) -> list[Template]:
    """The rows for a head (a primitive's name, or "number"), prepared on first use."""
    if name not in _templates:
        rows = [*TREES.get(name, ()), *BODIES.get(name, ())]
        head = BY_NAME.get(name)
        if head is not None and head.meaning and head is not EML:
            rows.append(_meaning(head))
        made = [Template(row) for row in rows]
        kept = [t for t in made if not (t.raw and t.row.source == "meaning")]
        for t in kept:
            t.dominated = any(other.dominates(t) for other in kept)
        _templates[name] = kept
        _by_row.update((t.row, t) for t in _templates[name])
    return _templates[name]


_alike: dict[tuple[object, ...], list[Template]] = {}
_mentioned: dict[str, set[object]] = {}


def rows_like(n: Node) -> list[Template]:
    """The rows that may match an expression, by the heads of its arguments."""
    name = n.head.name if isinstance(n.head, Primitive) else "number"
    if name not in _mentioned:
        _mentioned[name] = {h for t in rows_for(name) for h in t.heads if h is not None}
    named = _mentioned[name]
    key = (name, *(a.head if a.head in named else None for a in n.args))
    found = _alike.get(key)
    if found is None:
        found = _alike[key] = [t for t in rows_for(name) if t.may_match(n)]
    return found


class Compiler:
    """Chooses a row for every part of a formula, given the ranges of the parts."""

    def __init__(self, ranges: Ranges, mode: str, rewriter: Rewriter | None = None) -> None:
        self.ranges = ranges
        self.mode = mode
        self.rewriter = rewriter
        self.best: dict[Node, Choice | None] = {}
        self._open: set[Node] = set()
        self._budget = 0
        self._retries = _RETRIES if rewriter is not None else 0

    # -- choosing --------------------------------------------------------------------------------

    def solve(self, root: Node) -> Choice | None:
        """The best choice for a formula; parts tried on the way are bounded by its size."""
        self._budget = _PARTS * (1 + sum(1 for _ in postorder(root)))
        return self.choose(root)

    def choose(self, root: Node) -> Choice | None:
        """The best choice for an expression, its parts chosen on the way."""
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

    def _best_of(self, n: Node) -> Choice | None:
        if n is ONE or isinstance(n.head, Var):
            return Choice(1, _FULL_REACH, frozenset())
        if len(self._open) > _MAX_NESTING:
            return None
        real = all(self.ranges.of(a).real for a in (n, *n.args))
        plane = not real and self.mode != "finite"
        uses = {"", self.mode, "plane"} if plane else {"", self.mode}
        candidates = [c for c in self._candidates(n, uses) if c is not None]
        if not candidates and plane and all(self.best.get(a) for a in n.args):
            candidates = [c for c in self._candidates(n, {"fallback"}) if c is not None]
        return min(candidates, key=self._rank, default=None)

    def _rank(self, c: Choice) -> tuple[int, ...]:
        points = len(c.excluded)
        if self.mode == "shortest":
            return (c.size, points, -c.reach)
        if self.mode == "robust":
            return (points, -c.reach, c.size)
        return (points, c.size, -c.reach)

    def _candidates(self, n: Node, uses: set[str]) -> Iterator[Choice | None]:
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

    def _use(self, template: Template, found: dict[str, Node]) -> Choice | None:
        """The choice that this row makes of these parts, None where it is not known to be right."""
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
    ) -> Choice | None:
        size, reach = template.base, template.row.reach
        for part, count in zip(parts, template.counts, strict=True):
            below = self.choose(part)
            if below is None:
                return None
            size += count * below.size
            reach = min(reach, below.reach)
            excluded |= below.excluded
        return Choice(size, reach, frozenset(excluded), template.row, tuple(parts))

    def _body(
        self, template: Template, found: dict[str, Node], excluded: set[Exclusion]
    ) -> Choice | None:
        assert template.body is not None
        expand = substitute if template.raw else instantiate
        expansion = expand(template.body, found)
        if expansion in self._open or len(self.best) > self._budget:
            return None
        for part, fact in template.given:
            self.ranges.learn(expand(part, found), fact)
        made = self._through(template.row, expansion)
        return made and replace(made, excluded=made.excluded | excluded)

    def _through(self, row: Witness | None, expansion: Node) -> Choice | None:
        below = self.choose(expansion)
        return below and replace(below, witness=row or SPELLED, parts=(expansion,))

    # -- building --------------------------------------------------------------------------------

    def build(self, root: Node) -> tuple[Node, set[Witness]]:
        """The pure tree of the choices, and the rows it rests on."""
        made: dict[Node, Node] = {}
        used: set[Witness] = set()
        stack = [root]
        while stack:
            n = stack[-1]
            if n in made:
                stack.pop()
                continue
            choice = self.best[n]
            assert choice is not None
            waiting = [p for p in choice.parts if p not in made]
            if waiting:
                stack.extend(waiting)
                continue
            stack.pop()
            made[n] = self._make(n, choice, [made[p] for p in choice.parts])
            if choice.witness is not None:
                used.add(choice.witness)
        return made[root], used - {SPELLED}

    def chosen(self, root: Node) -> Iterator[tuple[Node, Node | Witness, int]]:
        """The parts from the whole down, each with what builds it and its size."""
        seen: set[Node] = set()
        stack = [root]
        while stack and len(seen) < _LISTED:
            n = stack.pop()
            choice = self.best[n]
            if n in seen or choice is None or choice.witness is None:
                continue
            seen.add(n)
            spelled = choice.witness is SPELLED
            yield n, choice.parts[0] if spelled else choice.witness, choice.size
            stack.extend(reversed(choice.parts))

    def _make(self, n: Node, choice: Choice, parts: list[Node]) -> Node:
        if choice.witness is None:
            return n
        if not choice.witness.tree:
            return parts[0]
        return _by_row[choice.witness].build(parts)


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
    choice = compiler.solve(root)
    if choice is None:
        raise _no_row(compiler, root)
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
