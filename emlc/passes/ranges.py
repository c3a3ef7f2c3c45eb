"""What values each part of a formula takes, and where the formula is defined.

Abstract interpretation of a formula from the domains of its variables. A variable without a
declared domain has the natural real one: the real points where every part is defined and real.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cache, lru_cache

from emlc.errors import ArgumentError, DomainError
from emlc.ir.domain import INF, ZERO, Domain, Interval, domain, point
from emlc.ir.node import Lit, Node, Var, postorder, substitute
from emlc.parse import parse
from emlc.passes.facts import outward
from emlc.passes.simplify import simplify
from emlc.show import require_short, show
from emlc.tables.primitives import Cases, Primitive

Condition = tuple[Node, Domain]


@dataclass
class Ranges:
    """The ranges of the parts of a formula under its conditions.

    variables   the domain of every variable
    conditions  what must hold besides, as pairs (part, set); part of the natural domain
    poles       parts that must not be 0 on a declared domain: the points to exclude
    """

    variables: dict[str, Domain]
    natural: frozenset[str]
    conditions: dict[Node, Domain] = field(default_factory=dict)
    poles: dict[Node, str] = field(default_factory=dict)
    known: dict[Node, Domain] = field(default_factory=dict)
    _free: dict[Node, bool] = field(default_factory=dict)

    def copy(self) -> Ranges:
        """The same ranges, to learn from without changing these."""
        return replace(
            self,
            variables=dict(self.variables),
            conditions=dict(self.conditions),
            poles=dict(self.poles),
            known=dict(self.known),
            _free=dict(self._free),
        )

    def of(self, root: Node) -> Domain:
        """The range of any expression over the same variables (no new conditions are added)."""
        known = self.known.get(root)
        if known is None:
            for n in postorder_new(root, self.known):
                self.known[n] = self._plain(n)
            known = self.known[root]
        return known

    def holds(self, part: Node, needed: Domain) -> bool:
        """Whether the part is known to lie in the set."""
        return self.of(part).within(needed)

    def learn(self, part: Node, fact: Domain) -> None:
        """Take a fact about a part for granted (a condition, or a row's stated lemma)."""
        met = self.of(part).meet(fact)
        if met is not None:
            self.known[part] = met

    def domain(self) -> dict[str, str]:
        """The domain as text: variables first, then the conditions on parts."""
        require_short(self.conditions)
        out = {name: str(d) for name, d in sorted(self.variables.items())}
        out.update({show(part): str(d) for part, d in self.conditions.items()})
        return out

    # -- one node --------------------------------------------------------------------------------

    def _plain(self, n: Node) -> Domain:
        head = n.head
        if isinstance(head, Var):
            return self.variables.get(head.name, domain("real"))
        if isinstance(head, Lit):
            return point(head.value)
        if not isinstance(head, Primitive):
            return domain("real")
        args = [self.known[a] for a in n.args]
        return self._image(head, n, args)

    def _image(self, row: Primitive, n: Node, args: list[Domain]) -> Domain:
        inside = all(a.real for a in args) and all(
            self.of(part).within(needed) for part, needed in needs(n, args)
        )
        made = _transfer(row.range if inside else row.plane, args)
        if inside and row.monotone and len(args) == 1:
            tighter = made.meet(_monotone(row, args[0]))
            made = tighter or made
        return made

    def visit(self, n: Node) -> Node | None:
        """Range of n, its natural conditions added; or a variable whose domain shrank."""
        head = n.head
        if isinstance(head, Primitive):
            args = [self.known[a] for a in n.args]
            if head.real_only and not all(a.real for a in args):
                raise DomainError(
                    f"{head.name} takes real arguments only, and one of {show(n)} may be complex",
                    hint="declare its variables real, or write it with sqrt and squares",
                )
            variables_first = sorted(needs(n, args), key=lambda need: bool(need[0].args))
            for part, needed in variables_first:
                if not self._require(n, part, needed, all(a.real for a in args)):
                    return part
            if not all(a.real for a in args):
                self._note_poles(n)
        self.known[n] = self._plain(n)
        if n in self.conditions:
            self.learn(n, self.conditions[n])
        return None

    def _require(self, n: Node, part: Node, needed: Domain, real: bool) -> bool:
        have = self.of(part)
        if have.within(needed):
            return True
        pole = needed == domain("nonzero")
        met = have.meet(replace(needed, im=ZERO) if have.real else needed)
        if met is None and pole:
            raise _nowhere(n, part)
        if met is None or not real or not self._is_natural(part):
            self._note_poles(n)
            return True
        if isinstance(part.head, Var):
            self.variables[part.head.name] = self.known[part] = met
            return False
        self.conditions[part] = met
        self.known[part] = met
        return True

    def _note_poles(self, n: Node) -> None:
        assert isinstance(n.head, Primitive)
        for pole in poles(n, [self.known[a] for a in n.args]):
            have = self.of(pole)
            if have.excludes(0.0):
                continue
            if have.meet(domain("nonzero")) is None:
                raise _nowhere(n, pole)
            self.learn(pole, domain("nonzero"))
            self.poles[pole] = f"{n.head.name} is not defined there"

    def _is_natural(self, part: Node) -> bool:
        for n in postorder_new(part, self._free):
            own = isinstance(n.head, Var) and n.head.name in self.natural
            self._free[n] = own or any(self._free[a] for a in n.args)
        return self._free[part]


def _nowhere(n: Node, part: Node) -> DomainError:
    return DomainError(
        f"{show(n)} is defined nowhere: {show(part)} is 0",
        hint="this formula divides by zero or takes the logarithm of zero",
    )


def postorder_new(root: Node, done: Mapping[Node, object]) -> list[Node]:
    """The nodes below root that are not in `done` yet, operands first."""
    out: list[Node] = []
    seen: set[Node] = set()
    stack = [root]
    while stack:
        top = stack[-1]
        if top in done or top in seen:
            stack.pop()
            continue
        waiting = [a for a in top.args if a not in done and a not in seen]
        if waiting:
            stack.extend(waiting)
        else:
            seen.add(stack.pop())
            out.append(top)
    return out


def ranges(root: Node, declared: Mapping[str, Domain] | None = None) -> Ranges:
    """The ranges of every part of the formula, with its natural or declared domain.

    Raises DomainError for a formula that is defined nowhere.

    >>> from emlc.parse import parse
    >>> ranges(parse("ln(x)/y").root).domain()
    {'x': 'positive', 'y': 'real nonzero'}
    """
    given = dict(declared or {})
    order = list(postorder(root))
    names = {n.head.name for n in order if isinstance(n.head, Var)}
    variables = {name: given.get(name, domain("real")) for name in sorted(names)}
    while True:
        found = Ranges(variables, frozenset(names - set(given)))
        if settled(found, order):
            return found
        variables = found.variables


def settled(found: Ranges, order: list[Node]) -> bool:
    """Visit parts, operands first; False where the domain of a variable shrank.

    What holds a part whose range was found before that is left out, to be visited next time: so
    many variables may shrink in one round.
    """
    users: dict[Node, list[Node]] = {}
    stale: set[Node] = set()
    for n in order:
        while n not in stale and (shrunk := found.visit(n)) is not None:
            users = users or _users(order)
            below = [shrunk] if any(u in found.known for u in users[shrunk] if u is not n) else []
            while below:
                fresh = [u for u in users.get(below.pop(), ()) if u not in stale]
                stale.update(fresh)
                below += fresh
    return not users


def _users(order: list[Node]) -> dict[Node, list[Node]]:
    """What stands directly above each part."""
    users: dict[Node, list[Node]] = {}
    for n in order:
        for a in n.args:
            users.setdefault(a, []).append(n)
    return users


# -- rows read as formulas -----------------------------------------------------------------------


@cache
def formula(text: str) -> Node:
    """A formula of a table, parsed and simplified once."""
    return simplify(parse(text, notation="infix").root)


def raw_formula(text: str) -> Node:
    """A formula of a table as it is written, not simplified."""
    return parse(text, notation="infix").root


@lru_cache(maxsize=1024)
def conditions(text: str) -> tuple[tuple[str, str], ...]:
    """The pairs of a table's `expr:set; expr:set`."""
    pairs = (item.rsplit(":", 1) for item in text.split(";") if item.strip())
    return tuple((left.strip(), right.strip()) for left, right in pairs)


def needs(n: Node, args: list[Domain]) -> list[Condition]:
    """Where this application is defined and real, as conditions on its arguments."""
    assert isinstance(n.head, Primitive)
    if not n.head.domain:
        return []
    values = dict(zip(n.head.params, n.args, strict=True))
    text = _case(n.head.domain, n.head.params, args)
    return [(_apply(left, values), domain(right)) for left, right in conditions(text)]


def poles(n: Node, args: list[Domain]) -> list[Node]:
    """What must not be 0 for this application to be defined for complex arguments."""
    assert isinstance(n.head, Primitive)
    if not n.head.poles:
        return []
    values = dict(zip(n.head.params, n.args, strict=True))
    text = _case(n.head.poles, n.head.params, args)
    return [_apply(part.strip(), values) for part in text.split(";") if part.strip()]


def _case(text: str | Cases, params: tuple[str, ...], args: list[Domain]) -> str:
    if isinstance(text, str):
        return text
    return next(then for guard, then in text if _guard(guard, params, args))


def _apply(text: str, values: dict[str, Node]) -> Node:
    return values[text] if text in values else substitute(formula(text), values)


def _guard(guard: str, params: tuple[str, ...], args: list[Domain]) -> bool:
    values = dict(zip(params, args, strict=True))
    return all(values[left].within(domain(right)) for left, right in conditions(guard))


# -- transfer ------------------------------------------------------------------------------------


def _power(x: Domain, y: Domain) -> Domain:
    if not (x.real and y.real):
        return replace(domain("complex"), nonzero=x.excludes(0.0))
    if x.within(domain("positive")):
        above = x.re.lo >= 1 and y.re.lo >= 0
        return Domain(Interval(1.0, INF, False, True)) if above else domain("positive")
    if x.within(domain("nonnegative")):
        return domain("nonnegative")
    even = y.re.lo == y.re.hi and y.integer and y.re.lo % 2 == 0
    made = domain("nonnegative" if even else "real") if y.integer else domain("complex")
    return replace(made, nonzero=x.excludes(0.0)).trimmed()


_TRANSFER: dict[str, Callable[..., Domain]] = {
    "add": lambda x, y: x + y,
    "sub": lambda x, y: x - y,
    "mul": lambda x, y: x * y,
    "neg": lambda x: -x,
    "inv": lambda x: x.inverse(),
    "div": lambda x, y: x * y.inverse() if y.excludes(0.0) else domain("complex"),
    "half": lambda x: x * point(Fraction(1, 2)),
    "avg": lambda x, y: (x + y) * point(Fraction(1, 2)),
    "sqr": lambda x: x.square(),
    "pow": _power,
}


def _transfer(rule: str, args: list[Domain]) -> Domain:
    special = _TRANSFER.get(rule)
    if special is not None:
        return special(*args)
    return domain(rule)


def _monotone(row: Primitive, x: Domain) -> Domain:
    """The image of a real interval under a monotone row, by its values at the ends."""
    below, above = (x.re.lo, x.re.lo_open), (x.re.hi, x.re.hi_open)
    if row.monotone == "down":
        below, above = above, below
    low, high = _at(row, below[0], -1), _at(row, above[0], 1)
    lo, hi = (-INF if low is None else low), (INF if high is None else high)
    if lo > hi:
        return domain("real")
    return Domain(Interval(lo, hi, below[1] or lo == -INF, above[1] or hi == INF))


def _at(row: Primitive, x: float, way: int) -> float | None:
    """The row at an end of an interval, rounded outward; None when that has no finite value."""
    f: Callable[[float], float] | None = getattr(math, row.sympy, None) if row.sympy else None
    if f is None or math.isinf(x):
        return None
    try:
        return outward(f, x, way)
    except (ValueError, OverflowError):
        return None


def declare(texts: Mapping[str, str]) -> dict[str, Domain]:
    """Domains from text, as `--domain` gives them; `natural` leaves the variable undeclared.

    Raises ArgumentError where names and domains do not come as a mapping.
    """
    if not isinstance(texts, Mapping):
        raise ArgumentError(
            f"domains are a mapping, not {type(texts).__name__}",
            hint='write domain={"x": "real", "y": "[0,1]"}',
        )
    return {name: domain(text) for name, text in texts.items() if text != "natural"}
