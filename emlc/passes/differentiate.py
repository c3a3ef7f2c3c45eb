"""Derivatives of formulas, exact, by reverse accumulation over the shared parts.

The derivative of a part is its row's. Where that has a factor that the chain rule cancels, it is
cancelled: d/dx abs(x)^2 is 2*x, also at 0. Elsewhere the result is undefined where a row's
derivative is, and there the function has none.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from emlc.errors import ArgumentError, TreeError
from emlc.ir.domain import Domain, domain
from emlc.ir.node import Lit, Node, Param, Var, postorder, variables
from emlc.passes.ranges import Ranges, formula, settled
from emlc.passes.simplify import (
    ADD,
    MUL,
    NEG,
    ONE,
    POW,
    SUB,
    ZERO,
    build,
    instantiate,
    simplify,
)
from emlc.passes.tidy import Product, cancels, factors, merged, product, tidy
from emlc.tables.primitives import BY_NAME, Primitive

ROOT = BY_NAME["root"]
REAL_NONZERO = domain("real nonzero")
LARGE = 300
UNIT = "imaginary unit"


def derivative(root: Node, name: str, order: int = 1) -> Node:
    """The derivative by one variable, in textbook form.

    Raises TreeError where the formula holds a parameter, ArgumentError for a negative order.

    >>> from emlc.parse import parse
    >>> from emlc.show import show
    >>> show(derivative(parse("x^2*sin(x)").root, "x"))
    'x^2*cos(x) + 2*x*sin(x)'
    >>> show(derivative(parse("eml(x, y)").root, "y", 2))
    '1/y^2'
    """
    if order < 0:
        raise ArgumentError(f"the order of a derivative is 0, 1, 2, ..., not {order}")
    for _ in range(order):
        root = tidy(gradient(root, (name,))[0])
    return root


def gradient(root: Node, names: Sequence[str]) -> tuple[Node, ...]:
    """The derivatives by several variables, sharing parts with the simplified formula.

    Together they have a number of distinct parts linear in the formula's.

    >>> from emlc.parse import parse
    >>> from emlc.show import show
    >>> [show(d) for d in gradient(parse("x*exp(y)").root, ("x", "y"))]
    ['exp(y)', 'x*exp(y)']
    """
    clean = simplify(root)
    live = _live(clean, set(names))
    found: dict[str, Node] = {}
    adjoint = {clean: ONE} if live else {}
    for n in reversed(live):
        seed = adjoint.pop(n, ZERO)
        if seed is ZERO:
            continue
        if isinstance(n.head, Var):
            found[n.head.name] = seed
            continue
        for part, slope in _slopes(n, live, alone=len(names) == 1):
            step = _times(seed, slope)
            adjoint[part] = _plus(adjoint[part], step) if part in adjoint else step
    return tuple(found.get(name, ZERO) for name in names)


def ranges_inside(root: Node, outer: Ranges) -> Ranges:
    """The ranges of a simplified formula where it and another one are both defined.

    Its variables are among the other's, as a derivative's are.
    """
    names = set(variables(root))
    domains = {name: outer.variables[name] for name in names}
    facts = {p: d for p, d in outer.conditions.items() if names.issuperset(variables(p))}
    order = list(postorder(root))
    while True:
        found = Ranges(dict(domains), outer.natural & names)
        for part, fact in facts.items():
            found.conditions[part] = fact
            found.learn(part, fact)
        if not settled(found, order):
            domains = found.variables
            continue
        apart = _factors_apart(found)
        if not apart:
            return found
        for part, fact in apart.items():
            if isinstance(part.head, Var):
                domains[part.head.name] = fact
            else:
                facts[part] = fact


def _factors_apart(found: Ranges) -> dict[Node, Domain]:
    """The factors of nonzero products that are not known to be nonzero, with what they are then."""
    apart: dict[Node, Domain] = {}
    for part, fact in found.conditions.items():
        made = factors(part) if fact.excludes(0.0) else None
        for base in made.powers if made else ():
            have = found.of(base)
            fewer = have.meet(REAL_NONZERO) if have.real and not have.excludes(0.0) else None
            if fewer is not None and found.natural.issuperset(variables(base)):
                apart[base] = fewer
    return apart


def rewritten(root: Node, found: Ranges) -> Node | None:
    """The formula by way of the normal form of exp and ln, tidied; None where that says nothing."""
    from emlc.passes.normal.read import read_formula
    from emlc.passes.normal.space import Space, Undefined, Unknown
    from emlc.passes.normal.terms import Form
    from emlc.passes.normal.write import write

    if sum(1 for _ in postorder(root)) > LARGE:
        return None
    space = Space(found.variables)
    try:
        for part, fact in found.conditions.items():
            known = read_formula(space, part)
            if isinstance(known, Form):
                space.learn(known, fact)
        value = read_formula(space, root)
    except (Undefined, Unknown):
        return None
    if not isinstance(value, Form) or space.zeros:
        return None
    made = tidy(write(space, value))
    units = (isinstance(n.head, Primitive) and n.head.plane == UNIT for n in postorder(made))
    return None if any(units) else made


def _live(root: Node, names: Collection[str]) -> dict[Node, None]:
    """The parts that depend on the variables, operands first."""
    live: dict[Node, None] = {}
    for n in postorder(root):
        if isinstance(n.head, Param):
            raise TreeError(f"the parameter {n.head.name} has no value")
        own = isinstance(n.head, Var) and n.head.name in names
        if own or any(a in live for a in n.args):
            live[n] = None
    return live


def _slopes(n: Node, live: dict[Node, None], *, alone: bool) -> Iterator[tuple[Node, Node]]:
    """The live arguments of a part, each with the part's derivative by it."""
    row = n.head
    assert isinstance(row, Primitive)
    values = dict(zip(row.params, n.args, strict=True))
    if (row is POW or row is ROOT) and n.args[0] is ZERO:
        # A power of 0 is 0 wherever it is defined.
        return
    texts = row.derivative
    if row is POW and alone and all(a in live for a in n.args):
        # The other slope has ln(x) in it, so nothing is lost where x is 0.
        texts = ("y*x^y/x", texts[1])
    for part, text in zip(n.args, texts, strict=True):
        if part in live:
            yield part, instantiate(formula(text), values)


def _times(seed: Node, slope: Node) -> Node:
    """seed*slope, with common factors cancelled and the sign in front."""
    if seed is ONE or slope is ONE:
        return slope if seed is ONE else seed
    if seed.head is NEG:
        return build(NEG, _times_unsigned(seed.args[0], slope))
    return _times_unsigned(seed, slope)


def _times_unsigned(seed: Node, slope: Node) -> Node:
    if slope.head is NEG:
        return build(NEG, _times_unsigned(seed, slope.args[0]))
    if not isinstance(slope.head, Lit) and not isinstance(seed.head, Lit):
        left, right = factors(seed), factors(slope)
        if left and right and _may_cancel(left, right):
            both = merged(left, right)
            if cancels(left, right, both):
                return product(both)
    return build(MUL, seed, slope)


def _may_cancel(a: Product, b: Product) -> bool:
    numbers = abs(a.coefficient) != 1 and abs(b.coefficient) != 1
    return numbers or any(e < 0 for e in (*a.powers.values(), *b.powers.values()))


def _plus(a: Node, b: Node) -> Node:
    """a + b; equal terms of opposite sign are nothing."""
    made = build(ADD, a, b)
    return ZERO if made.head is SUB and made.args[0] is made.args[1] else made
