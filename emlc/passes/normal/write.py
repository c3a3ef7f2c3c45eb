"""Forms written as formulas."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction

from emlc.ir.node import Node, lit, node, var
from emlc.passes.normal.space import Space
from emlc.passes.normal.terms import Atom, Form, Mono, Number
from emlc.passes.simplify import simplify
from emlc.tables.primitives import BY_NAME, Primitive

Shorten = Callable[[Form, dict[Form, Node]], Node | None]


def _row(name: str) -> Primitive:
    return BY_NAME[name]


def write(space: Space, root: Form, shorten: Shorten | None = None) -> Node:
    """The formula of a form; `shorten` may give a shorter one for a form, its parts written.

    >>> from emlc.show import show
    >>> s = Space({})
    >>> show(write(s, s.exp(s.scaled(s.ln(s.var("x")), -1))))
    '1/x'
    """
    done: dict[Form, Node] = {}
    stack = [root]
    while stack:
        top = stack[-1]
        if top in done:
            stack.pop()
            continue
        waiting = [part for part in parts(space, top) if part not in done]
        if waiting:
            stack.extend(waiting)
            continue
        stack.pop()
        short = shorten(top, done) if shorten else None
        done[top] = short if short is not None else simplify(_sum(space, top, done))
    return done[root]


def parts(space: Space, a: Form) -> Iterator[Form]:
    """The forms whose formulas that of a form is put together from."""
    for m in a.terms:
        yield from mono_parts(space, m)


def mono_parts(space: Space, m: Mono) -> Iterator[Form]:
    """The same for one product."""
    for atom, _ in m.factors:
        if isinstance(atom.body, Form):
            yield atom.body
    if m.expo is not None:
        powers, rest = split_powers(space, m.expo)
        for base, exponent in powers:
            if isinstance(base.body, Form):
                yield base.body
            yield exponent
        if rest.terms:
            yield rest


def split_powers(space: Space, expo: Form) -> tuple[list[tuple[Atom, Form]], Form]:
    """exp(expo) as powers P^u and exp(rest): the terms of the exponent with one logarithm."""
    powers: dict[Atom, Form] = {}
    rest: dict[Mono, Number] = {}
    for m, c in expo.terms.items():
        logs = [a for a, q in m.factors if a.kind == "ln" and q == 1]
        if len(logs) != 1 or m.expo is not None and m.expo.depth > 8:
            rest[m] = c
            continue
        number, other = space.monomial(
            m.i, {a: q for a, q in m.factors if a is not logs[0]}, m.expo
        )
        term = space.form({other: c * number})
        old = powers.get(logs[0])
        powers[logs[0]] = term if old is None else space.plus(old, term)
    return list(powers.items()), space.form(rest)


def _sum(space: Space, a: Form, done: dict[Form, Node]) -> Node:
    """The sum of the terms, positive ones first."""
    up: list[Node] = []
    down: list[Node] = []
    for m, c in a.terms.items():
        (up if c > 0 else down).append(_term(space, m, abs(c), done))
    if not up and not down:
        return lit(0)
    if not up:
        first = node(_row("neg"), down.pop(0))
    else:
        first = up.pop(0)
    for t in up:
        first = node(_row("add"), first, t)
    for t in down:
        first = node(_row("sub"), first, t)
    return first


def _term(space: Space, m: Mono, c: Number, done: dict[Form, Node]) -> Node:
    top, bottom = _factors(space, m, done)
    value = Fraction(c)
    if value.numerator != 1 or not top:
        top.insert(0, lit(value.numerator))
    if value.denominator != 1:
        bottom.insert(0, lit(value.denominator))
    made = _times(top)
    return node(_row("div"), made, _times(bottom)) if bottom else made


def _times(factors: list[Node]) -> Node:
    made = factors[0]
    for f in factors[1:]:
        made = node(_row("mul"), made, f)
    return made


def _factors(space: Space, m: Mono, done: dict[Form, Node]) -> tuple[list[Node], list[Node]]:
    top: list[Node] = [node(_row("i"))] if m.i else []
    bottom: list[Node] = []
    roots: list[list[Node]] = [[], []]
    for atom, q in m.factors:
        base = atom_node(atom, done)
        side, size = (top, q) if q > 0 else (bottom, -q)
        if size == 1:
            side.append(base)
        elif Fraction(size).denominator == 2 and size < 2:
            whole = [base] if size > 1 else []
            side.extend(whole)
            roots[q < 0].append(base)
        else:
            side.append(node(_row("pow"), base, lit(Fraction(size))))
    for side, under in zip((top, bottom), roots, strict=True):
        side.extend(node(_row("sqrt"), u) for u in under)
    if m.expo is not None:
        powers, rest = split_powers(space, m.expo)
        for base, exponent in powers:
            assert isinstance(base.body, Form)
            top.append(node(_row("pow"), done[base.body], done[exponent]))
        if rest.terms:
            _exponential(space, rest, done, top, bottom)
    return top, bottom


def _exponential(
    space: Space, rest: Form, done: dict[Form, Node], top: list[Node], bottom: list[Node]
) -> None:
    constant = rest.terms.get(space.unit)
    if constant is not None and len(rest.terms) == 1 and constant == int(constant):
        e = node(_row("e"))
        power = node(_row("pow"), e, lit(abs(constant))) if abs(constant) != 1 else e
        (top if constant > 0 else bottom).append(power)
        return
    top.append(node(_row("exp"), done[rest]))


def atom_node(atom: Atom, done: dict[Form, Node]) -> Node:
    """The formula of an atom, the forms below it written."""
    if atom.kind == "var":
        return var(str(atom.body))
    if atom.kind == "prime":
        assert isinstance(atom.body, int)
        return lit(atom.body)
    if atom.kind == "pi":
        return node(_row("pi"))
    assert isinstance(atom.body, Form)
    return node(_row("ln"), done[atom.body]) if atom.kind == "ln" else done[atom.body]
