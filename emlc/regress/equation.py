"""One formula that the data allow, and the front of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from emlc.errors import DomainError, EmlcError, LimitError
from emlc.ir.domain import in_words
from emlc.ir.node import Node, substitute, variables
from emlc.ir.tape import flatten, measure
from emlc.lower.jit import Array
from emlc.parse import parse, parse_tree
from emlc.passes.compile import compile_tree
from emlc.passes.raise_ import raise_tree
from emlc.passes.ranges import Ranges, declare, ranges
from emlc.passes.simplify import simplify
from emlc.passes.tidy import as_written
from emlc.show import rpn_tokens, show

RPN_LIMIT = 100_000


@dataclass(slots=True, eq=False)
class Equation:
    """A formula with how well it fits.

    formula    the expression; fitted numbers are exact decimals in it
    template   the same with c1, c2, ... for the fitted numbers, and `constants`, their values
    tree       the pure tree of the template, None where no tree is known
    k          its nodes, each fitted number counting as one leaf
    loss       weighted mean squared error; `r2` the coefficient of determination
    length     description length of the data by the formula, in nats: the smaller the better
    exact      no number is fitted, and the data are met to rounding
    snapped    what fitted numbers were replaced by, in words
    proof      what is known of smaller trees, in words
    """

    template: Node
    constants: dict[str, float]
    loss: float
    r2: float
    length: float
    predict: Callable[[Array], Array]
    tree: Node | None = None
    k: int = 0
    exact: bool = False
    score: float = 0.0
    domain: str = ""
    snapped: list[str] = field(default_factory=list)
    proof: str = ""

    def __repr__(self) -> str:
        how = "exactly" if self.exact else f"R2 = {self.r2:.6g}"
        return f"<Equation {self.text!r}: K = {self.k}, {how}>"

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, str]:
        """What a notebook shows: the formula, its size and how well it fits."""
        from emlc.render.notebook import bundle

        rows = [("size", f"K = {self.k:,}"), ("loss", f"{self.loss:.3g}"), ("R²", f"{self.r2:.6g}")]
        said = [("domain", self.domain), ("smaller", self.proof)]
        rows += [(name, words) for name, words in said if words]
        return bundle(repr(self), rows, formula=self.formula)

    def __getstate__(self) -> dict[str, Any]:
        state = {f.name: getattr(self, f.name) for f in fields(self)}
        tree = None if self.tree is None else show(self.tree, "json")
        return state | {"template": show(self.template), "tree": tree}

    def __setstate__(self, state: dict[str, Any]) -> None:
        for name, value in state.items():
            setattr(self, name, value)
        self.template = parse(state["template"], "infix").root
        self.tree = None if state["tree"] is None else parse_tree(state["tree"], "json")

    @property
    def formula(self) -> Node:
        """The expression with its numbers."""
        from emlc.regress.spelled import numbers

        return simplify(substitute(self.template, numbers(self.constants)))

    @property
    def text(self) -> str:
        """The formula as text that emlc reads."""
        return show(as_written(self.formula))

    @property
    def latex(self) -> str:
        """The formula in LaTeX."""
        return show(as_written(self.formula), "latex")

    @property
    def rpn(self) -> list[str] | None:
        """The tokens of the pure tree; None with fitted numbers, or beyond 100,000 tokens, or with
        a variable E, which is eml there."""
        if self.constants or self.tree is None or self.k > RPN_LIMIT:
            return None
        if "E" in variables(self.tree):
            return None
        return rpn_tokens(self.tree)

    def to_json(self) -> dict[str, Any]:
        """The entry of the document of `emlc fit --json`."""
        return {
            "formula": self.text,
            "latex": self.latex,
            "rpn": self.rpn,
            "k": self.k,
            "loss": self.loss,
            "r2": self.r2,
            "exact": self.exact,
            "constants": self.constants,
            "snapped": self.snapped,
            "domain": self.domain,
            "proof": self.proof,
        }


def with_tree(e: Equation, observed: dict[str, str]) -> Equation:
    """The equation with its pure tree, size and natural domain.

    `observed` maps variables to sets that hold their data, the tree's domain if the formula has no
    tree on its natural one.
    """
    if e.tree is not None:
        e.k = measure(flatten(e.tree)).size
        return e
    signs = {
        name: "positive" if value > 0 else "negative" if value < 0 else "real"
        for name, value in e.constants.items()
    }
    root = simplify(e.template)
    names = set(variables(root))
    signs = {name: sign for name, sign in signs.items() if name in names}
    for declared in (signs, signs | {n: d for n, d in observed.items() if n in names}):
        try:
            found = ranges(root, declare(declared))
            e.tree = compile_tree(root, found).tree
        except (DomainError, LimitError):
            continue
        e.domain = in_words(_domain(found, e.constants))
        break
    e.k = measure(flatten(e.tree if e.tree is not None else root)).size
    return e


def _domain(found: Ranges, constants: dict[str, float]) -> dict[str, str]:
    """Where the variables range, and what parts must be, their numbers written out."""
    from emlc.regress.spelled import numbers

    known = {n: str(d) for n, d in sorted(found.variables.items()) if n not in constants}
    for part, where in found.conditions.items():
        made = simplify(substitute(part, numbers(constants)))
        if variables(made):
            known[show(as_written(made))] = str(where)
    return known


def chosen(equations: Sequence[Equation]) -> Equation:
    """The one of least length, of those no farther from the data than their mean if there are."""
    close = [e for e in equations if e.r2 > -1e-9]
    return min(close or equations, key=lambda e: e.length)


def front(equations: Sequence[Equation]) -> list[Equation]:
    """The equations that none of fewer nodes beats, smallest first, with their scores.

    The chosen one is among them: exact numbers make long trees, so that one with fitted
    numbers may seem smaller. The score is how fast the logarithm of the loss falls, by nodes.
    """
    found: list[Equation] = []
    best = chosen(equations)
    low = math.inf
    for e in sorted(equations, key=lambda e: (e.k, e is not best, e.loss, bool(e.constants))):
        if e.loss < low * (1 - 1e-9) - 1e-300 or e is best or not found:
            low = min(low, e.loss)
            if found:
                fall = math.log((found[-1].loss + 1e-300) / (e.loss + 1e-300))
                e.score = max(0.0, fall) / max(1, e.k - found[-1].k)
            found.append(e)
    return found


def raised(tree: Node, data: Mapping[str, Array]) -> tuple[Node, str]:
    """The tree as a textbook formula and where it is that; the tree itself where it has none.

    The variables have the signs that they have in the data.
    """
    known = set(variables(tree))
    signs = {n: "positive" for n, column in data.items() if n in known and column.min() > 0}
    signs |= {n: "negative" for n, column in data.items() if n in known and column.max() < 0}
    try:
        made = raise_tree(flatten(tree), declare(signs))
    except EmlcError:
        return tree, ""
    longer = len(show(made.formula)) > len(show(tree, "nested"))
    if not made.proved or made.conditions or longer:
        return tree, ""
    return made.formula, in_words(made.domain)
