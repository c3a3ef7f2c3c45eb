"""Where a form vanishes: a variable solved for, one way after another.

The sets given hold all zeros, and may hold more points; None where they are not found.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction

from emlc.ir.domain import PI, domain
from emlc.passes.facts import arg_of
from emlc.passes.normal.digits import Number
from emlc.passes.normal.equal import per_log
from emlc.passes.normal.read import div
from emlc.passes.normal.space import Space, Value
from emlc.passes.normal.terms import Atom, Form, Mono, names_in

Solutions = list[tuple[str, Form]]
_MAX_STEPS = 12
WHOLE = "n'"  # stands for any integer in a solution


def zeros(space: Space, a: Form, steps: int = _MAX_STEPS) -> Solutions | None:
    """Pairs (variable, value) that hold all zeros of the form.

    >>> s = Space({})
    >>> zeros(s, s.plus(s.var("x"), s.one, -1))
    [('x', 1*1)]
    """
    if steps <= 0 or not a.terms:
        return None
    if space.box(a).excludes(0.0) and a not in space.zeros:
        return []
    common = space.common(a)
    found = _product_zeros(space, common, steps) if common is not space.unit else []
    if found is None:
        return None
    if common is not space.unit:
        number, inverse = space.power(common, -1)
        a = space.times(a, inverse, number)
    if len(a.terms) == 1:
        (m,) = a.terms
        more = _product_zeros(space, m, steps)
        return None if more is None else found + more
    grown = space.expand(a)
    if grown is not a:
        more = zeros(space, grown, steps - 1) if grown.terms else None
        return None if more is None else found + more
    if _apart(space, a):
        return found
    for name in _variables(a):
        more = _isolate(space, a, name, steps)
        if more is not None:
            return found + more
    single, times = per_log(space, a)
    if any(m.log is not None for m in single.terms):
        more, beside = _joined_logs(space, single, steps), _product_zeros(space, times, steps)
        return None if more is None or beside is None else found + beside + more
    return None


def places(space: Space, sums: Iterable[Form]) -> Iterator[tuple[Form, Solutions | None]]:
    """The sums with their zeros in the domain; the space is not to be read into any more."""
    space.solving = True
    for place in list(sums):
        found = zeros(space, place)
        yield place, None if found is None else [s for s in found if _inside(space, *s)]


def _inside(space: Space, name: str, value: Form) -> bool:
    """Whether the variable may have that value in its domain."""
    own = space.domains[name]
    return space.box(value).meet(own) is not None if value.terms else own.contains(Fraction(0))


def _apart(space: Space, a: Form) -> bool:
    """Whether the form is c + k u, c and k numbers, and -c/k has no imaginary part that u has."""
    parts: dict[Mono, dict[Mono, Number]] = {}
    for m, c in a.terms.items():
        _, own = space.monomial(0, {x: q for x, q in m.factors if _is_variable(x)}, None)
        number, rest = space.product(m, space.power(own, -1)[1])
        if names_in(rest):
            return False
        parts.setdefault(own, {})[rest] = c * number
    constant = parts.pop(space.unit, None)
    if constant is None or not parts:
        return False
    k = space.form(next(iter(parts.values())))
    u: dict[Mono, Number] = {}
    for own, terms in parts.items():
        found = space.ratio(space.form(terms), k)
        if found is None or found[1] is not space.unit:
            return False
        u[own] = found[0]
    free, along, im = space.box(space.form(constant)), space.box(k), space.box(space.form(u)).im
    size = along.re * along.re + along.im * along.im * PI * PI
    return 0.0 not in free.re * along.im + -(free.im * along.re) + -(im * size)


def _is_variable(atom: Atom) -> bool:
    inside = atom.body.terms if isinstance(atom.body, Form) else ()
    return atom.kind == "var" or (atom.kind == "ln" and any(names_in(m) for m in inside))


def _joined_logs(space: Space, a: Form, steps: int) -> Solutions | None:
    """A sum of logarithms vanishes only where their product is 1."""
    whole = space.exp(space.expand(a))
    assert isinstance(whole, Form)
    return zeros(space, space.cleared(space.plus(whole, space.one, -1)), steps - 1)


def _product_zeros(space: Space, m: Mono, steps: int) -> Solutions | None:
    found: Solutions = []
    for atom, q in m.factors:
        if q < 0 or atom.kind in ("pi", "prime"):
            continue
        if atom.kind == "var":
            found.append((str(atom.body), space.zero))
            continue
        if atom.kind == "turn":
            return None
        assert isinstance(atom.body, Form)
        inner = atom.body if atom.kind == "sum" else space.plus(atom.body, space.one, -1)
        more = zeros(space, inner, steps - 1)
        if more is None:
            return None
        found += more
    return found


def _variables(a: Form) -> list[str]:
    """The variables of the form, those in few terms first; an integer of ours is not solved for."""
    counts: dict[str, int] = {}
    for m in a.terms:
        for name in names_in(m) - {WHOLE}:
            counts[name] = counts.get(name, 0) + 1
    return sorted(counts, key=lambda n: (counts[n], n))


def _isolate(space: Space, a: Form, name: str, steps: int) -> Solutions | None:
    touching = {m: c for m, c in a.terms.items() if name in names_in(m)}
    rest = space.form({m: c for m, c in a.terms.items() if m not in touching})
    if len(touching) == 1:
        ((m, c),) = touching.items()
        return _single(space, m, c, rest, name, steps)
    found = _polynomial(space, a, name, steps)
    return _squared(space, a, steps) if found is None else found


def _squared(space: Space, a: Form, steps: int) -> Solutions | None:
    """A term with square roots taken to the other side, and both sides squared."""
    rooted = [m for m in a.terms if any(Fraction(q).denominator == 2 for _, q in m.factors)]
    if len(rooted) != 1:
        return None
    side = space.form({rooted[0]: a.terms[rooted[0]]})
    rest = space.plus(a, side, -1)
    both = space.plus(space.multiplied(side, side), space.multiplied(rest, rest), -1)
    return zeros(space, space.cleared(both), steps - 1)


def _single(
    space: Space, m: Mono, c: Number, rest: Form, name: str, steps: int
) -> Solutions | None:
    """Solutions of c * m + rest = 0 where only m holds the variable."""
    own = {x: q for x, q in m.factors if _touches(x, name)}
    others = {x: -q for x, q in m.factors if x not in own}
    number, outside = space.monomial(3 * m.i, others, None)
    if any(not x.box.excludes(0.0) for x, _ in m.factors if x not in own):
        return None
    inside = m.expo is not None and any(name in names_in(n) for n in m.expo.terms)
    value = space.times(rest, outside, -number / Fraction(c))
    if not inside and m.expo is not None:
        value = space.times(value, space.mono(0, (), space.scaled(m.expo, -1)))
    if inside and not own and m.expo is not None:
        return _exponential(space, m.expo, value, steps)
    if inside or len(own) != 1:
        return None
    ((atom, q),) = own.items()
    return _root(space, atom, q, value, steps)


def _touches(atom: Atom, name: str) -> bool:
    if atom.kind == "var":
        return atom.body == name
    return isinstance(atom.body, Form) and any(name in names_in(m) for m in atom.body.terms)


def _root(space: Space, atom: Atom, q: Number, value: Form, steps: int) -> Solutions | None:
    """Solutions of atom^q = value."""
    if q < 0:
        if not isinstance(space.ln(value), Form):
            return []
        q, value = -q, _power(space, value, Fraction(-1))
    if atom.kind == "ln" and q == 1:
        inner = atom.body
        grown = space.exp(value)
        assert isinstance(inner, Form)
        assert isinstance(grown, Form)
        return zeros(space, space.plus(inner, grown, -1), steps - 1)
    if atom.kind == "var":
        name = str(atom.body)
        if q == 1:
            return [(name, value)]
        if q == 2:
            root = _power(space, value, Fraction(1, 2))
            return [(name, root), (name, space.scaled(root, -1))]
        return _higher_root(space, atom, q, value)
    power = Fraction(q)
    if atom.kind == "sum" and power.numerator == 1 and isinstance(atom.body, Form):
        raised = space.one
        for _ in range(power.denominator):
            raised = space.multiplied(raised, value)
        return zeros(space, space.plus(atom.body, raised, -1), steps - 1)
    return None


def _higher_root(space: Space, atom: Atom, q: Number, value: Form) -> Solutions | None:
    """Real solutions of v^q = value for a whole power."""
    box = space.box(value)
    if q != int(q) or not (atom.box.real and box.real) or not value.terms:
        return [(str(atom.body), value)] if q == int(q) and not value.terms else None
    signs = (1, -1) if q % 2 == 0 else (1,)
    if box.re.hi <= 0 and q % 2:
        value, signs = space.scaled(value, -1), (-1,)
    elif box.re.lo < 0:
        return None
    root = _power(space, value, Fraction(1) / Fraction(q))
    return [(str(atom.body), space.scaled(root, s)) for s in signs]


def _power(space: Space, value: Form, q: Fraction) -> Form:
    """The principal power; 0 of what is known to be 0."""
    log = space.ln(value)
    return _form(space.exp(space.scaled(log, q))) if isinstance(log, Form) else space.zero


def _exponential(space: Space, expo: Form, value: Form, steps: int) -> Solutions | None:
    """Solutions of exp(expo) = value."""
    if not value.terms:
        return []
    box, target = space.box(expo), space.box(value)
    if box.real:
        if target.within(domain("nonpositive")) or not (target.real or 0.0 in target.im):
            return []
        if not target.real:
            return None
    turns = _root_of_unity(space, value)
    log = space.ln(value) if turns is None else space.scaled(space.half_turn, turns)
    if not isinstance(log, Form):
        return []
    gap = space.plus(expo, log, -1)
    if box.real:
        return zeros(space, gap, steps - 1)
    if any(names_in(m) for m in log.terms):
        return None
    space.domains[WHOLE] = domain("integer")
    whole = space.var(WHOLE)
    found: Solutions = []
    for extra in (0, 1):
        count = space.plus(space.scaled(whole, 2), space.number(extra))
        more = zeros(space, space.plus(gap, space.times(count, space.i_pi, 2), -1), steps - 1)
        if more is None or any(name == WHOLE for name, _ in more):
            return None
        found += more
    return found


def _root_of_unity(space: Space, value: Form) -> Fraction | None:
    """The p/q of a sum of two numbers that is exp(i pi p/q), q at most 6; None for others."""
    box = space.box(value)
    arg = arg_of(box)
    near = 1.0 in box.re * box.re + box.im * box.im * PI * PI and arg.hi - arg.lo < 0.01
    if len(value.terms) != 2 or not near or any(names_in(m) for m in value.terms):
        return None
    power = space.one
    for q in range(1, 7):
        power = space.expand(space.multiplied(power, value))
        if set(power.terms) == {space.unit} and power.terms[space.unit] in (1, -1):
            return Fraction(round(q * (arg.lo + arg.hi) / 2), q)
    return None


def _polynomial(space: Space, a: Form, name: str, steps: int) -> Solutions | None:
    """Solutions of a polynomial of degree 1 or 2 in the variable, or in one exponential of it."""
    expos = [
        m.expo
        for m in a.terms
        if m.expo is not None and any(name in names_in(n) for n in m.expo.terms)
    ]
    if not expos:
        ((own, _),) = space.var(name).terms.items()
        roots = _quadratic(space, _by_degree(space, a, own, name))
        return None if roots is None else [(name, r) for r in roots]
    least = min(expos, key=lambda e: min(float(c) for c in e.terms.values()))
    shifted = space.times(a, space.mono(0, (), space.scaled(least, -1)))
    for m in shifted.terms:
        if m.expo is None or name not in names_in(m):
            continue
        base = space.mono(0, (), m.expo)
        roots = _quadratic(space, _by_degree(space, shifted, base, name))
        if roots is not None and m.expo is not None:
            found: Solutions = []
            for root in roots:
                more = _exponential(space, m.expo, root, steps - 1)
                if more is None:
                    return None
                found += more
            return found
    return None


def _by_degree(space: Space, a: Form, base: Mono, name: str) -> dict[int, Form] | None:
    """The coefficients of the powers 0, 1 and 2 of the base, free of the variable."""
    out: dict[int, Form] = {}
    for m, c in a.terms.items():
        left, n, scale = m, 0, c
        while name in names_in(left) and n < 2:
            turned, inverse = space.power(base, -1)
            number, left = space.product(left, inverse)
            scale, n = scale * number * turned, n + 1
        if name in names_in(left):
            return None
        out[n] = space.plus(out.get(n, space.zero), space.form({left: scale}))
    return out


def _quadratic(space: Space, by_degree: dict[int, Form] | None) -> list[Form] | None:
    """The roots of c + b u + a u^2."""
    if by_degree is None:
        return None
    a, b, c = (by_degree.get(k, space.zero) for k in (2, 1, 0))
    lead = a if a.terms else b
    if not lead.terms or not space.box(lead).excludes(0.0):
        return None
    if not a.terms:
        return [_form(div(space, space.scaled(c, -1), b))]
    gap = space.plus(space.multiplied(b, b), space.multiplied(a, c), -4)
    if not gap.terms:
        return [_form(div(space, b, space.scaled(a, -2)))]
    root = _power(space, gap, Fraction(1, 2))
    return [
        _form(div(space, space.plus(space.scaled(root, s), b, -1), space.scaled(a, 2)))
        for s in (1, -1)
    ]


def _form(value: Value) -> Form:
    assert isinstance(value, Form)
    return value
