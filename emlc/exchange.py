"""Formulas and trees from whatever holds one; to and from sympy; a stand-in for `sympy.lambdify`.

Nothing is evaluated from text: sympy's nodes become emlc's one by one, and back.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING, Any

from emlc import limits
from emlc.errors import ArgumentError, LimitError, NameError_
from emlc.ir.node import Lit, Node, Var, fold, lit, node, substitute, var, variables
from emlc.ir.tape import Tape, flatten, is_pure, unflatten
from emlc.parse import meaning, parse, parse_tree
from emlc.parse.names import canonical, variable_problem
from emlc.passes.simplify import simplify
from emlc.tables.primitives import BY_NAME, EML, ROWS, Primitive

if TYPE_CHECKING:
    import sympy as sympy_types


def formula_of(source: Any, notation: str = "auto") -> Node:
    """The formula that a text, a node, a tape, a result of emlc's or a sympy expression is.

    Raises what `parse` and `from_sympy` raise.

    >>> import sympy
    >>> formula_of("x^2") is formula_of(sympy.Symbol("x")**2) is formula_of(parse("x^2"))
    True
    """
    if isinstance(source, str):
        return parse(source, notation).root
    return _held(source, "formula") or from_sympy(source)


def tree_of(source: Any) -> Node:
    """The pure tree that a text, a node, a tape or a compiled formula is.

    Raises what `parse_tree` raises, and ArgumentError for what is not pure.

    >>> tree_of("11xE1EE") is tree_of(flatten(parse_tree("11xE1EE")))
    True
    """
    if isinstance(source, str):
        return parse_tree(source)
    root = _held(source, "tree")
    if root is None or not is_pure(flatten(root)):
        raise ArgumentError("the tree is not over eml, 1 and variables")
    return root


def _held(source: Any, part: str) -> Node | None:
    """The node that an object is or holds, None where it holds none."""
    if isinstance(source, Tape):
        return unflatten(source)
    found = (source, getattr(source, part, None), getattr(source, "root", None))
    return next((node for node in found if isinstance(node, Node)), None)


def from_sympy(expression: Any) -> Node:
    """The formula that a sympy expression is.

    Floats are taken exactly, as the binary fractions that they are. Raises NameError_ for what is
    not elementary or not known, ArgumentError for what is not an expression.

    >>> import sympy
    >>> from emlc.show import show
    >>> x = sympy.Symbol("x")
    >>> show(from_sympy(sympy.sin(x)**2 + x/3))
    '1/3*x + sin(x)^2'
    """
    import sympy

    if isinstance(expression, int | float | Fraction):
        expression = sympy.sympify(expression)
    if not isinstance(expression, sympy.Expr):
        raise ArgumentError(
            f"a {type(expression).__name__} is not a formula",
            hint="give a text, a node, a compiled formula or a sympy expression",
        )
    made: dict[Any, Node] = {}
    stack = [expression]
    while stack:
        top = stack[-1]
        if top.args:
            _row(top)
        waiting = [a for a in top.args if a not in made]
        if waiting:
            stack += waiting
            continue
        stack.pop()
        if top not in made:
            made[top] = _from_one(sympy, top, [made[a] for a in _in_order(top)])
    symbols = [s for s in made if s.is_Symbol]
    if len({made[s] for s in symbols}) < len(symbols):
        raise NameError_("two different symbols have one name", hint="rename one of them")
    return made[expression]


def _in_order(top: Any) -> tuple[Any, ...]:
    """The arguments; terms and factors as sympy prints them, since it keeps them in no order."""
    ordered = top.args
    if top.is_Add:
        ordered = tuple(top.as_ordered_terms())
    elif top.is_Mul:
        ordered = tuple(top.as_ordered_factors())
    same = len(ordered) == len(top.args) and set(ordered) == set(top.args)
    return ordered if same else tuple(top.args)


def _from_one(sympy: Any, top: Any, args: list[Node]) -> Node:
    """One sympy node over arguments that are emlc's already."""
    if top.is_Symbol:
        return var(_name(top.name))
    if top.is_Rational:
        return lit(Fraction(int(top.p), int(top.q)))
    if top.is_Float:
        return lit(_fraction(sympy, top))
    if top.is_Pow and top.exp == sympy.Rational(1, 2):
        return node(BY_NAME["sqrt"], args[0])
    row = _row(top)
    if len(row.params) == len(args):
        return node(row, *args)
    if len(row.params) == 2 and row.name in ("add", "mul") and args:
        return _balanced(row, args)
    raise NameError_(f"{type(top).__name__} with {len(args)} arguments is not known")


def _row(top: Any) -> Primitive:
    """The row that a sympy node is of."""
    row = _rows().get(type(top).__name__)
    if row is None:
        raise NameError_(f"emlc has no {type(top).__name__}", hint="rewrite it in elementary terms")
    return row


def _balanced(row: Primitive, args: list[Node]) -> Node:
    """A sum or product of many, as pairs of pairs, so that it is not deep."""
    while len(args) > 1:
        pairs = [node(row, *args[k : k + 2]) for k in range(0, len(args) - 1, 2)]
        args = pairs + args[len(args) & ~1 :]
    return args[0]


@cache
def _rows() -> dict[str, Primitive]:
    """Rows by the names that sympy has for them."""
    found = {alias: row for row in ROWS for alias in (row.name, *row.aliases)}
    found.update({row.sympy: row for row in ROWS if row.sympy})
    found |= {"Exp1": BY_NAME["e"], "Pi": BY_NAME["pi"], "ImaginaryUnit": BY_NAME["i"]}
    return found


def _fraction(sympy: Any, value: Any) -> Fraction:
    exact = sympy.Rational(value)
    return Fraction(int(exact.p), int(exact.q))


def _name(text: str) -> str:
    name = canonical(text)
    if name is None or variable_problem(name) is not None:
        raise NameError_(f"a variable cannot be called {text!r}", hint="rename the symbol")
    return name


def to_sympy(formula: Node, *, evaluate: bool = True) -> sympy_types.Expr:
    """The expression in sympy, with plain symbols for its variables.

    eml becomes exp(x) - log(y). With `evaluate=False` sympy leaves it as it is written, which is
    how to look at a tree: evaluated, sympy turns ln 0 into nan. Raises LimitError for what is too
    large or too deep for sympy.

    >>> from emlc.parse import parse
    >>> to_sympy(parse("x^2 + sin(y)/2").root)
    x**2 + sin(y)/2
    >>> to_sympy(parse("eml(1, eml(x, 1))").root, evaluate=False)
    -log(exp(x) - log(1)) + exp(1)
    """
    import sympy

    tape = flatten(formula)
    depth = fold(formula, lambda n, below: 1 + max(below, default=0))
    if depth > limits.SYMPY_DEPTH or len(tape) > limits.SYMPY_ENTRIES:
        raise LimitError(
            f"sympy cannot hold expressions of depth {depth} and {len(tape):,} parts",
            hint=limits.another("SYMPY_DEPTH", "SYMPY_ENTRIES"),
        )
    return fold(_ground(formula), lambda n, args: _to_one(sympy, n, args, evaluate))


def _ground(formula: Node) -> Node:
    """The formula over rows that sympy has, and eml."""

    def expand(n: Node, args: list[Node]) -> Node:
        head = n.head
        if not isinstance(head, Primitive) or head.sympy or head is EML:
            return node(head, *args)
        body = _ground(meaning(head))
        return substitute(body, dict(zip(head.params, args, strict=True)))

    return fold(formula, expand)


def _to_one(sympy: Any, n: Node, args: list[Any], evaluate: bool) -> Any:
    """One node over arguments that are sympy's already."""
    head = n.head
    if isinstance(head, Var):
        return sympy.Symbol(head.name)
    if isinstance(head, Lit):
        return sympy.Rational(head.value.numerator, head.value.denominator)
    assert isinstance(head, Primitive)
    if head is EML:
        power = sympy.exp(args[0], evaluate=evaluate)
        less = sympy.Mul(-1, sympy.log(args[1], evaluate=evaluate), evaluate=evaluate)
        return sympy.Add(power, less, evaluate=evaluate)
    made = getattr(sympy, head.sympy)
    return made(*args, evaluate=evaluate) if args else made


def lambdify(args: Any, expr: Any, modules: Any = None) -> Callable[..., Any]:
    """A function of arrays from a formula, in the manner of `sympy.lambdify`.

    `args` is a symbol or a name, or several; `expr` whatever `formula_of` takes, or a list of such,
    for which the function returns a list. The function takes its arguments
    by position, broadcasts, and runs native code; complex arguments give principal values.
    `modules` is taken and not needed.

    >>> import sympy
    >>> x, y = sympy.symbols("x y")
    >>> f = lambdify((x, y), sympy.exp(-x**2)*y)
    >>> f([0.0, 1.0], 2.0)
    array([2.        , 0.73575888])
    """
    from emlc.lower.direct import native

    names = [_symbol(a) for a in (args if isinstance(args, list | tuple) else [args])]
    several = isinstance(expr, list | tuple)
    roots = [simplify(formula_of(e)) for e in (expr if several else [expr])]
    unknown = {name for root in roots for name in variables(root)} - set(names)
    if unknown:
        raise ArgumentError(f"the arguments lack {', '.join(sorted(unknown))}")
    compiled = native(roots, names)

    def call(*values: Any) -> Any:
        if len(values) != len(names):
            raise ArgumentError(f"takes {len(names)} arguments, {', '.join(names)}")
        found = compiled(dict(zip(names, values, strict=True)))
        return list(found) if several else found[0]

    return call


def _symbol(argument: Any) -> str:
    return _name(argument if isinstance(argument, str) else getattr(argument, "name", ""))
