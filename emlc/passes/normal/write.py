"""Forms written as formulas."""

from __future__ import annotations

from fractions import Fraction

from emlc.ir.node import Node, lit, node, var
from emlc.passes.normal.digits import Number
from emlc.passes.normal.products import Product, products
from emlc.passes.normal.space import Space, Unknown
from emlc.passes.normal.terms import Atom, Form, Mono
from emlc.passes.simplify import build
from emlc.tables.primitives import BY_NAME

_ADD, _SUB, _NEG = BY_NAME["add"], BY_NAME["sub"], BY_NAME["neg"]
_MUL, _DIV, _POW, _SQRT = BY_NAME["mul"], BY_NAME["div"], BY_NAME["pow"], BY_NAME["sqrt"]
_EXP, _LN, _ABS = BY_NAME["exp"], BY_NAME["ln"], BY_NAME["abs"]
_I, _E, _PI = node(BY_NAME["i"]), node(BY_NAME["e"]), node(BY_NAME["pi"])


class _Plan:
    """The products of one form, with the exponents split in powers and a rest."""

    def __init__(self, space: Space, a: Form) -> None:
        self.terms = products(space, a)
        self.powers: list[list[tuple[Atom, Form]]] = []
        self.rests: list[Form] = []
        self.waiting: list[Form] = []
        for t in self.terms:
            powers, rest = ([], space.zero) if t.expo is None else split_powers(space, t.expo)
            self.powers.append(powers)
            self.rests.append(rest)
            self.waiting += t.forms()
            self.waiting += [
                b.body
                for a in t.atoms
                if a.kind == "sum" and a.spread is not None
                for b, _ in a.spread.factors
                if isinstance(b.body, Form)
            ]
            self.waiting += [base.body for base, _ in powers if isinstance(base.body, Form)]
            self.waiting += [exponent for _, exponent in powers]
            if rest.terms:
                self.waiting.append(rest)


def write(space: Space, root: Form, written: dict[Form, Node] | None = None) -> Node:
    """The formula of a form; `written` keeps the formulas of forms from one call to the next.

    >>> from emlc.show import show
    >>> s = Space({})
    >>> show(write(s, s.exp(s.scaled(s.ln(s.var("x")), 3))))
    'x^3'
    """
    done = {} if written is None else written
    plans: dict[Form, _Plan] = {}
    stack = [root]
    while stack:
        top = stack[-1]
        if top in done:
            stack.pop()
            continue
        plan = plans.get(top)
        if plan is None:
            plan = plans[top] = _Plan(space, top)
        waiting = [part for part in plan.waiting if part not in done]
        if waiting:
            stack.extend(waiting)
            continue
        stack.pop()
        done[top] = _sum(plan, done)
        del plans[top]
    return done[root]


def split_powers(space: Space, expo: Form) -> tuple[list[tuple[Atom, Form]], Form]:
    """exp(expo) as powers P^u and exp(rest): the terms of the exponent with one logarithm."""
    powers: dict[Atom, Form] = {}
    rest: dict[Mono, Number] = {}
    for m, c in expo.terms.items():
        logs = [a for a, q in m.factors if a.kind == "ln" and q == 1]
        if len(logs) != 1:
            rest[m] = c
            continue
        number, other = space.monomial(
            m.i, {a: q for a, q in m.factors if a is not logs[0]}, m.expo
        )
        term = space.form({other: c * number})
        old = powers.get(logs[0])
        powers[logs[0]] = term if old is None else space.plus(old, term)
    return list(powers.items()), space.form(rest)


def _sum(plan: _Plan, done: dict[Form, Node]) -> Node:
    """The sum of the terms, positive ones first."""
    up: list[Node] = []
    down: list[Node] = []
    logs = _number_logs(plan)
    if logs is not None:
        (up if logs > 1 else down).append(build(_LN, lit(max(logs, 1 / logs))))
    for t, powers, rest in zip(plan.terms, plan.powers, plan.rests, strict=True):
        if logs is None or not _is_number_log(t):
            (up if t.c.numerator > 0 else down).append(_term(t, powers, rest, done))
    if not up and not down:
        return lit(0)
    first = up.pop(0) if up else build(_NEG, down.pop(0))
    for more in up:
        first = build(_ADD, first, more)
    for less in down:
        first = build(_SUB, first, less)
    return first


def _is_number_log(t: Product) -> bool:
    """Whether the term is a whole multiple of the logarithm of a prime."""
    if t.turn or t.functions or t.expo is not None or len(t.atoms) != 1 or t.c.denominator != 1:
        return False
    ((atom, q),) = t.atoms.items()
    if atom.kind != "ln" or q != 1 or not isinstance(atom.body, Form) or len(atom.body.terms) != 1:
        return False
    (m,) = atom.body.terms
    return len(m.factors) == 1 and m.factors[0][0].kind == "prime" and abs(t.c) < 64


def _number_logs(plan: _Plan) -> Fraction | None:
    """The number whose logarithm two or more terms are together."""
    found = [t for t in plan.terms if _is_number_log(t)] if len(plan.terms) > 1 else []
    if len(found) < 2:
        return None
    total = Fraction(1)
    for t in found:
        (atom,) = t.atoms
        assert isinstance(atom.body, Form)
        (m,) = atom.body.terms
        prime = m.factors[0][0].body
        assert isinstance(prime, int)
        total *= Fraction(prime) ** int(t.c)
    return total


def _term(t: Product, powers: list[tuple[Atom, Form]], rest: Form, done: dict[Form, Node]) -> Node:
    top: list[Node] = [_I] if t.turn else []
    bottom: list[Node] = []
    for atom, q in t.atoms.items():
        root = _absolute(atom, done)
        if root is not None:
            _power(root, 2 * q, top, bottom)
        else:
            _power(atom_node(atom, done), q, top, bottom)
    for (name, inner), q in t.functions.items():
        args = inner if isinstance(inner, tuple) else (inner,)
        _power(build(BY_NAME[name], *(done[u] for u in args)), q, top, bottom)
    for base, exponent in powers:
        assert isinstance(base.body, Form)
        top.append(build(_POW, done[base.body], done[exponent]))
    if rest.terms:
        _exponential(rest, done, top, bottom)
    size, below = abs(t.c.numerator), t.c.denominator
    if size != 1 or not top:
        top.insert(0, lit(size))
    if below != 1:
        bottom.insert(0, lit(below))
    made = _times(top)
    return build(_DIV, made, _times(bottom)) if bottom else made


def _absolute(atom: Atom, done: dict[Form, Node]) -> Node | None:
    """|u| for the factor (u^2)^q of a real u."""
    m = atom.spread
    if atom.kind != "sum" or m is None or not isinstance(atom.body, Form) or m.i or m.expo:
        return None
    if atom.body.terms[m] < 0 or any(not a.box.real or p % 2 for a, p in m.factors):
        return None
    top: list[Node] = []
    bottom: list[Node] = []
    for a, p in m.factors:
        _power(atom_node(a, done), p // 2, top, bottom)
    inner = _times(top) if top else lit(1)
    return build(_ABS, build(_DIV, inner, _times(bottom)) if bottom else inner)


def _power(base: Node, q: Number, top: list[Node], bottom: list[Node]) -> None:
    side, size = (top, q) if q > 0 else (bottom, -q)
    if size == 1:
        side.append(base)
    elif size == Fraction(1, 2):
        side.append(build(_SQRT, base))
    else:
        side.append(build(_POW, base, lit(size)))


def _times(factors: list[Node]) -> Node:
    made = factors[0]
    for f in factors[1:]:
        made = build(_MUL, made, f)
    return made


def _exponential(rest: Form, done: dict[Form, Node], top: list[Node], bottom: list[Node]) -> None:
    if len(rest.terms) == 1:
        ((m, c),) = rest.terms.items()
        if not m.i and not m.factors and m.expo is None and c == int(c):
            _power(_E, c, top, bottom)
            return
    top.append(build(_EXP, done[rest]))


def atom_node(atom: Atom, done: dict[Form, Node]) -> Node:
    """The formula of an atom, the forms below it written."""
    if atom.kind == "var":
        return var(str(atom.body))
    if atom.kind == "prime":
        assert isinstance(atom.body, int)
        return lit(atom.body)
    if atom.kind == "pi":
        return _PI
    if atom.kind == "turn":
        raise Unknown("no formula names the number of turns")
    assert isinstance(atom.body, Form)
    return build(_LN, done[atom.body]) if atom.kind == "ln" else done[atom.body]
