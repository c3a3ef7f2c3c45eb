"""Tapes and formulas read into a space of forms."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import lru_cache

from emlc.ir.domain import domain
from emlc.ir.node import Lit, Node, Var, fold, node, substitute
from emlc.ir.tape import NONE, Tape
from emlc.passes.normal.digits import number_power
from emlc.passes.normal.space import Infinite, Space, Undefined, Unknown, Value
from emlc.passes.normal.terms import Form
from emlc.passes.ranges import raw_formula
from emlc.tables.identities import DEFINITIONS
from emlc.tables.primitives import BY_NAME, EML, Primitive

_SUB = BY_NAME["sub"]


def read_tape(space: Space, tape: Tape, leaves: Mapping[str, Form] | None = None) -> Value:
    """The form of a tape's result; `leaves` replaces variables.

    Raises Undefined where a subtree has no value.
    """
    values: list[Value] = []
    given = leaves or {}
    starts: list[Value | None] = []
    for head in tape.heads:
        if isinstance(head, Var):
            starts.append(given[head.name] if head.name in given else space.var(head.name))
        elif isinstance(head, Lit):
            starts.append(space.number(head.value))
        else:
            starts.append(None)
    eml = space.eml
    for o, a, b in zip(tape.op, tape.left, tape.right, strict=True):
        start = starts[o]
        if start is not None:
            values.append(start)
        elif tape.heads[o] is EML:
            values.append(eml(values[a], values[b]))
        elif tape.heads[o] is _SUB:  # of a tree over another operator: infinities are values there
            values.append(space.minus(values[a], values[b]))
        else:
            head = tape.heads[o]
            assert isinstance(head, Primitive)
            values.append(apply(space, head, [values[k] for k in (a, b) if k != NONE]))
    return values[-1]


def read_formula(space: Space, root: Node, leaves: Mapping[str, Form] | None = None) -> Value:
    """The form of a formula. Raises Undefined where it has no value."""
    given = leaves or {}

    def build(n: Node, args: list[Value]) -> Value:
        head = n.head
        if isinstance(head, Var):
            return given[head.name] if head.name in given else space.var(head.name)
        if isinstance(head, Lit):
            return space.number(_small(head.value))
        assert isinstance(head, Primitive)
        return apply(space, head, args)

    return fold(root, build)


def _small(value: Fraction) -> Fraction | int:
    return value.numerator if value.denominator == 1 else value


def apply(space: Space, row: Primitive, args: list[Value]) -> Value:
    """A primitive applied to forms, by its rule or by its definition."""
    if row is EML:
        return space.eml(*args)
    rule = _RULES.get(row.name)
    if rule is not None:
        if row.name not in ("exp", "ln"):
            for a in args:
                if isinstance(a, Infinite):
                    raise Undefined("an infinite value in a formula")
        return rule(space, *args)
    values = dict(zip(row.params, args, strict=True))
    call = f"{row.name}({', '.join(row.params)})" if row.params else row.name
    space.note(f"{call} = {DEFINITIONS.get(row.name) or row.meaning}", "definition")

    def build(n: Node, below: list[Value]) -> Value:
        head = n.head
        if isinstance(head, Var):
            return values[head.name]
        if isinstance(head, Lit):
            return space.number(_small(head.value))
        assert isinstance(head, Primitive)
        return apply(space, head, below)

    return fold(_definition(row), build)


@lru_cache(maxsize=256)
def _definition(row: Primitive) -> Node:
    """What a row means, over the rows that have a rule here."""
    text = DEFINITIONS.get(row.name) or row.meaning

    def expand(n: Node, args: list[Node]) -> Node:
        head = n.head
        if not isinstance(head, Primitive) or head.name in _RULES:
            return node(head, *args)
        return substitute(_definition(head), dict(zip(head.params, args, strict=True)))

    return fold(raw_formula(text), expand)


# -- rules ---------------------------------------------------------------------------------------


def _mul(space: Space, a: Form, b: Form) -> Value:
    if not a.terms or not b.terms:
        return space.zero
    (c, m), (d, n) = space.factored(a), space.factored(b)
    e, made = space.product(m, n)
    f, made = space.joined_roots(made)
    return space.spread(made, c * d * e * f)


def _whole_power(space: Space, a: Form, n: int) -> Value:
    if not a.terms:
        if n > 0:
            return space.zero
        if n == 0:
            return space.one
        raise Undefined("division by zero")
    if n == 0:
        return space.one
    if n < 0 and isinstance(space.ln(a), Infinite):
        raise Undefined("division by zero")
    c, m = space.factored(a)
    d, made = space.power(m, n)
    return space.spread(made, number_power(c, n) * d)


def _pow(space: Space, a: Form, b: Form) -> Value:
    constant = b.terms.get(space.unit)
    if len(b.terms) <= (constant is not None) and (constant or 0) == int(constant or 0):
        n = int(constant or 0)
        if abs(n) < 1 << 16:
            return _whole_power(space, a, n)
    log = space.ln(a)
    if not isinstance(log, Form):
        return _power_of_zero(space, b)
    made = _mul(space, space.expand(log), b)
    assert isinstance(made, Form)
    return space.exp(space.expand(made))


def _power_of_zero(space: Space, b: Form) -> Value:
    if space.box(b).re.lo > 0 or space.box(b).within(domain("positive")):
        return space.zero
    if space.box(b).re.hi <= 0 and space.box(b).excludes(0.0):
        raise Undefined("0 to a power that is not positive")
    raise Unknown("0 to a power of unknown sign")


def div(space: Space, a: Form, b: Form) -> Value:
    """a / b."""
    inverse = _whole_power(space, b, -1)
    assert isinstance(inverse, Form)
    return _mul(space, a, inverse)


def _root(space: Space, a: Form) -> Value:
    return _pow(space, a, space.number(Fraction(1, 2)))


_RULES: dict[str, Callable[..., Value]] = {
    "exp": lambda s, x: s.exp(x),
    "ln": lambda s, x: s.ln(x),
    "e": lambda s: s.exp(s.one),
    "pi": lambda s: s.form({s.mono(0, ((s.pi, 1),), None): 1}),
    "i": lambda s: s.form({s.imaginary: 1}),
    "add": lambda s, x, y: s.plus(x, y),
    "sub": lambda s, x, y: s.plus(x, y, -1),
    "neg": lambda s, x: s.scaled(x, -1),
    "half": lambda s, x: s.scaled(x, Fraction(1, 2)),
    "avg": lambda s, x, y: s.scaled(s.plus(x, y), Fraction(1, 2)),
    "mul": _mul,
    "div": div,
    "inv": lambda s, x: _whole_power(s, x, -1),
    "sqr": lambda s, x: _whole_power(s, x, 2),
    "sqrt": _root,
    "pow": _pow,
}

assert set(_RULES) <= set(BY_NAME)
