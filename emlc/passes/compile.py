"""Formula to pure EML tree: for every part the smallest row right on the values it meets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from emlc.errors import DomainError
from emlc.ir.node import ONE, Lit, Node, Var, postorder, substitute
from emlc.passes.choices import (
    AROUND,
    SHOWN,
    SPELLED,
    Choice,
    Exclusion,
    Forms,
    Priced,
    Way,
    exclusion_text,
    price,
)
from emlc.passes.egraph import EGraph
from emlc.passes.habits import Habits, Speller
from emlc.passes.match import match, placed
from emlc.passes.ranges import Ranges, formula, postorder_new
from emlc.passes.simplify import instantiate
from emlc.passes.templates import (
    LOGARITHM,
    OPPOSITE,
    REST,
    VALUE,
    Template,
    rows_like,
)
from emlc.show import require_short, show
from emlc.tables.primitives import Primitive
from emlc.tables.witnesses import Witness

MODES = ("exact", "shortest", "finite", "robust")
_FULL_REACH = 1000
_MAX_NESTING = 60
_PARTS = 1000  # beyond so many for each of the formula nothing new is tried
_LONG = 1000  # parts; rows that never won for a kind of part are not tried in a longer formula
_TRIED = 3500  # beyond so many, and a few for each, the first way that is right will do
_LISTED = 200
_SMALLER = "declare a smaller domain, for example --domain x:positive"


class Compiler:
    """Chooses a row for every part of a formula, given the ranges of the parts."""

    def __init__(self, mode: str, graph: EGraph) -> None:
        self.graph = graph
        self.ranges = graph.ranges
        self.mode = mode
        self.best: dict[Node, Forms | None] = {}
        self._open: set[Node] = set()
        self._budget = self._patience = 0
        self._users: dict[Node, list[tuple[Node, Way]]] = {}
        self._habits: Habits | None = None
        self._numbers = Speller()

    # -- choosing --------------------------------------------------------------------------------

    def solve(self, root: Node) -> Forms | None:
        """The best choices for a formula; parts tried on the way are bounded by its size."""
        parts = 1 + sum(1 for _ in postorder(root)) + self.graph.size
        self._budget, self._patience = _PARTS * parts, _TRIED + 20 * parts
        long = parts > _LONG and not self.graph.size
        self._habits = Habits(self.ranges) if long else None
        for leader in self.graph.leaders():
            self._settle(leader)
        self.choose(root)
        self._improve()
        return self.forms(root)

    def forms(self, n: Node) -> Forms | None:
        """The best choices for an expression, None where there are none so far."""
        return self.best.get(self.graph.find(n))

    def choose(self, root: Node) -> Forms | None:
        """The best choices for an expression, its parts chosen on the way."""
        leader = self.graph.find(root)
        if leader in self.best:
            return self.best[leader]
        for n in postorder_new(root, self.best):
            for smaller in self._numbers.below(n, self.best):
                self._settle(smaller)
            self._settle(self.graph.find(n))
        return self.best.get(leader)

    def _settle(self, n: Node) -> None:
        if n not in self.best and n not in self._open:
            self._open.add(n)
            self.best[n] = self._best_of(n)
            self._open.discard(n)

    def _best_of(self, n: Node) -> Forms | None:
        if n is ONE or isinstance(n.head, Var):
            return self._completed(n, [((Choice(1, _FULL_REACH, frozenset()), *[None] * 3), True)])
        if len(self._open) > _MAX_NESTING:
            return None
        if self._habits is not None:
            return self._as_usual(n, self._habits)
        priced = []
        for m in self.graph.members(n):
            priced += self._right(n, m, rows_like(m, self.graph.heads))
        return self._completed(n, priced) if priced else None

    def _as_usual(self, n: Node, habits: Habits) -> Forms | None:
        """By the rows that won for many parts alike, or by all."""
        rows = rows_like(n, self.graph.heads)
        usual = habits.usual(n, rows)
        priced = self._right(n, n, usual)
        if not priced and usual is not rows:
            priced = self._right(n, n, rows)
        made = self._completed(n, priced) if priced else None
        if made is not None and usual is rows:
            habits.learn(n, rows, made)
        return made

    def _right(self, n: Node, m: Node, rows: list[Template]) -> list[Priced]:
        """What is right for one member of a class."""
        real = all(self.ranges.of(a).real for a in (n, *m.args))
        plane = not real and self.mode != "finite"
        uses = {"", self.mode} | ({"plane"} if plane else set())
        uses |= set() if self.mode == "robust" else {"cut"}
        found = self._priced(n, self._candidates(m, rows, uses, real))
        if not found and plane and all(self.forms(a) for a in m.args):
            found = self._priced(n, self._candidates(m, rows, {"fallback"}, real))
        return found

    def _priced(self, n: Node, ways: Iterable[Way]) -> list[Priced]:
        """The ways that are right; one will do once patience is at its end."""
        found = []
        for way in ways:
            if self.graph.size:
                for part in dict.fromkeys(way.parts):
                    self._users.setdefault(self.graph.find(part), []).append((n, way))
            made = self._price(way)
            if made is not None:
                found.append((made, way.real))
                if len(self.best) > self._patience:
                    break
        return found

    def _improve(self) -> None:
        """Price again what is made of a part that has become smaller, until none does."""
        waiting = dict.fromkeys(self._users)
        while waiting:
            part = next(iter(waiting))
            del waiting[part]
            for n, way in self._users.get(part, ()):
                made = self._price(way)
                if made is not None and self._improved(n, (made, way.real)):
                    waiting[n] = None

    def _improved(self, n: Node, priced: Priced) -> bool:
        """Whether a form of an expression has a better choice now."""
        old = self.best.get(n)
        if old is None:
            self.best[n] = self._completed(n, [priced])
            return True
        pairs = zip(priced[0], old, strict=True)
        if not any(a is not None and self._rank(a) < self._rank(b) for a, b in pairs):
            return False
        new = self.best[n] = self._completed(n, [(old, True), priced])
        return any(a is not b for a, b in zip(old, new, strict=True))

    def _completed(self, n: Node, priced: list[Priced]) -> Forms:
        """The best of every form; a logarithm and a rest are never far from the value."""
        found: dict[int, Choice] = {}
        # of a product that is 0, the rest is infinite in a direction of the other factors
        whole = self.ranges.of(n).excludes(0.0)
        for form in (VALUE, REST, LOGARITHM, OPPOSITE):
            some = [c[form] for c, real in priced if form != REST or real or whole]
            around = AROUND.get(form)
            if around is not None:
                inner = found[around.uses[0][1]]
                size = around.base + inner.size
                some.append(inner._replace(size=size, parts=(n,), program=around))
            found[form] = min((c for c in some if c is not None), key=self._rank)
        return tuple(found[form] for form in range(len(found)))

    def _rank(self, c: Choice) -> tuple[int, ...]:
        points = len(c.excluded)
        if self.mode == "shortest":
            return (c.size, points, -c.reach)
        if self.mode == "robust":
            return (points, -c.reach, c.size)
        return (points, c.size, -c.reach)

    def _candidates(
        self, n: Node, rows: list[Template], uses: set[str], real: bool
    ) -> Iterator[Way]:
        if isinstance(n.head, Lit):
            for spelled in self._numbers.spellings(n.head.value):
                self.choose(spelled)
                yield Way(n, None, (spelled,), frozenset())
        tried: set[str] = set()
        for template in rows:
            if template.row.use not in uses or template.row.tree in tried:
                continue
            if template.dominated and self.mode != "finite":
                continue
            for parts in match(template.pattern, n, self.graph.alike):
                way = self._use(n, template, parts, real)
                if way is not None:
                    if template.symmetric:
                        tried.add(template.row.tree)
                    yield way
                if template.symmetric:
                    break

    def _use(self, n: Node, template: Template, found: dict[str, Node], real: bool) -> Way | None:
        """This row for these parts, None where it is not known right."""
        for part, needed in template.needed:
            if not self.ranges.holds(placed(part, found), needed):
                return None
        excluded: set[Exclusion] = set()
        for part, values in template.off:
            place = placed(part, found)
            hit = [v for v in values if not self.ranges.of(place).excludes(float(v))]
            if hit and self.mode not in ("shortest", "finite"):
                return None
            excluded.update((place, v) for v in hit)
        if template.body is None:
            if self.mode == "finite" and not template.row.finite:
                return None
            parts = tuple(found[p] for p in template.params)
        else:
            expansion = self._body(template, found)
            if expansion is None:
                return None
            parts = (expansion,)
        for part in parts:
            if part not in self.graph:  # whose classes are all chosen in turn
                self.choose(part)
        return Way(n, template, parts, frozenset(excluded), real)

    def _body(self, template: Template, found: dict[str, Node]) -> Node | None:
        assert template.body is not None
        expand = substitute if template.raw else instantiate
        expansion = expand(template.body, found)
        if len(self.best) > self._budget:
            return None
        for part, fact in template.given:
            self.ranges.learn(expand(part, found), fact)
        return expansion

    def _price(self, way: Way) -> tuple[Choice | None, ...] | None:
        """What a way makes in every form, None while something it is made of is not made."""
        known = [forms for p in way.parts if (forms := self.forms(p)) is not None]
        return price(way, known) if len(known) == len(way.parts) else None

    # -- building --------------------------------------------------------------------------------

    def build(self, root: Node) -> tuple[Node, set[Witness]]:
        """The pure tree of the choices, and the rows it rests on."""
        made: dict[tuple[Node, int], Node] = {}
        used: set[Witness] = set()
        stack = [(self.graph.find(root), VALUE)]
        while stack:
            key = stack[-1]
            if key in made:
                stack.pop()
                continue
            choice = self._choice(*key)
            below = self._below(choice, key[1])
            waiting = [p for p in below if p not in made]
            if waiting:
                stack.extend(waiting)
                continue
            stack.pop()
            if choice.program is not None:
                keys = zip(choice.program.uses, below, strict=True)
                made[key] = choice.program.build((k, f, made[part]) for (k, f, _), part in keys)
            else:
                made[key] = made[below[0]] if below else key[0]
            if choice.witness is not None:
                used.add(choice.witness)
        return made[self.graph.find(root), VALUE], used - {SPELLED}

    def laws(self, root: Node) -> list[Witness]:
        """The identities by which the parts are made as they are, from the whole down."""
        found = dict.fromkeys(self.graph.why(root, self.graph.find(root)))
        seen: set[tuple[Node, int]] = set()
        stack = [(self.graph.find(root), VALUE)]
        while stack:
            n, form = key = stack.pop()
            if key in seen:
                continue
            seen.add(key)
            choice = self._choice(n, form)
            if choice.way is not None and n in self.graph:
                for a, b in ((n, choice.way.of), *self._nested(choice.way)):
                    found.update(dict.fromkeys(self.graph.why(a, b)))
            stack.extend(reversed(self._below(choice, form)))
        return list(found)

    def _nested(self, way: Way) -> Iterator[tuple[Node, Node]]:
        """The parts that a row reads further than their leaders are written."""
        template = way.template
        if template is None or template.body is not None:
            return
        values = dict(zip(template.params, way.parts, strict=True))
        for part in postorder(template.pattern):
            if part.args and part is not template.pattern:
                read = substitute(part, values)
                yield self.graph.find(read), read

    def chosen(self, root: Node) -> Iterator[tuple[Node, Node | Witness, int]]:
        """The parts from the whole down, each with what builds it and its size."""
        seen: set[tuple[Node, int]] = set()
        stack = [(self.graph.find(root), VALUE)]
        while stack and len(seen) < _LISTED:
            n, form = key = stack.pop()
            choice = self._choice(n, form)
            if key in seen or choice.witness is None:
                continue
            if choice.program is not AROUND.get(form):
                seen.add(key)
                spelled = choice.witness is SPELLED
                shown = substitute(formula(SHOWN[form]), {"x": n})
                if choice.way is not None and choice.way.of is not n:
                    yield shown, choice.way.of, choice.size
                yield shown, choice.parts[0] if spelled else choice.witness, choice.size
            stack.extend(reversed(self._below(choice, form)))

    def _choice(self, n: Node, form: int) -> Choice:
        forms = self.forms(n)
        assert forms is not None
        return forms[form]

    def _below(self, choice: Choice, form: int) -> list[tuple[Node, int]]:
        """What a choice is made of: parts, each in a form."""
        if choice.program is None:
            return [(self.graph.find(part), form) for part in choice.parts]
        return [(self.graph.find(choice.parts[k]), f) for k, f, _ in choice.program.uses]


@dataclass(frozen=True, slots=True)
class Compilation:
    """A pure tree, the rows it rests on and the points where it is not right.

    chosen   every part with the row that builds it, or the other way it was written, and its size
    laws     the identities by which parts were written another way
    """

    tree: Node
    size: int
    used: frozenset[Witness]
    excluded: tuple[Exclusion, ...]
    chosen: tuple[tuple[Node, Node | Witness, int], ...] = ()
    laws: tuple[str, ...] = ()


def compile_tree(
    root: Node, ranges: Ranges, mode: str = "exact", graph: EGraph | None = None
) -> Compilation:
    """The pure EML tree of a formula whose ranges are known.

    An e-graph adds other ways to write the parts. Raises DomainError when no row is known for some
    part on the values it meets.

    >>> from emlc.parse import parse
    >>> from emlc.passes.ranges import ranges
    >>> f = parse("x*y").root
    >>> compile_tree(f, ranges(f)).size
    17
    """
    compiler = Compiler(mode, graph or EGraph(ranges))
    forms = compiler.solve(root)
    if forms is None:
        raise _no_row(compiler, root)
    choice = forms[VALUE]
    tree, used = compiler.build(root)
    laws = compiler.laws(root)
    used.update(laws)
    chosen = tuple(compiler.chosen(root))
    require_short(part for part, _ in choice.excluded)
    excluded = tuple(sorted(choice.excluded, key=exclusion_text))
    names = tuple(f"{law.computes} = {law.body}" for law in laws)
    return Compilation(tree, choice.size, frozenset(used), excluded, chosen, names)


def _no_row(compiler: Compiler, root: Node) -> DomainError:
    for n in postorder(root):
        if compiler.forms(n) is None and all(compiler.forms(a) for a in n.args):
            name = n.head.name if isinstance(n.head, Primitive) else show(n)
            where = ", ".join(f"{show(a)} in {compiler.ranges.of(a)}" for a in n.args)
            return DomainError(
                f"no {compiler.mode} tree is known for {name} with {where}",
                hint="mode exact knows more trees" if compiler.mode == "finite" else _SMALLER,
            )
    return DomainError("no tree is known for this formula on this domain")
