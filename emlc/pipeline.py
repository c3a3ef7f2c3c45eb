"""The hallway: the public verbs, each from text to result."""

from __future__ import annotations

import gc
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from math import log10
from typing import Any

from emlc import limits
from emlc.check import Verdict, check_tree, proved_by_raising, proved_by_rows
from emlc.check.reference import Reference
from emlc.deadline import stage
from emlc.errors import ArgumentError, DomainError, LimitError, UsageError, shorten
from emlc.exchange import formula_of, tree_of
from emlc.ir.domain import in_words
from emlc.ir.node import Node, postorder, variables
from emlc.ir.tape import Tape, flatten, measure
from emlc.passes.choices import Exclusion, exclusion_text
from emlc.passes.compile import MODES, Compilation, compile_tree
from emlc.passes.egraph import EGraph
from emlc.passes.raise_ import Raised, raise_tree
from emlc.passes.ranges import Ranges, declare, ranges
from emlc.passes.rewrite import Rewriter
from emlc.passes.saturate import LARGEST, ROUNDS, knows, saturate
from emlc.passes.simplify import simplify
from emlc.show import nodes_json, require_short, rpn_tokens, show
from emlc.tables.witnesses import Witness

RPN_LIMIT = 1_000_000
_PROOF_SECONDS = 12.0
_RAISED_PARTS = 80
_RAISING, _BESIDE_ROWS = 2.0, 0.5
_SECONDS_A_PART = 7e-4
EVALUATORS = ("auto", "direct", "faithful", "balls")


@dataclass(frozen=True, eq=False, repr=False)
class Compiled:
    """A formula and the pure EML tree that means it.

    source     the formula as given
    formula    its parsed form
    tree       the tree, over {eml, 1, variables}
    size       K, nodes of the written-out tree (exact, however large)
    depth      longest path from the root, in edges
    dag        distinct subtrees
    domain     what each variable, and each part that restricts them, ranges over
    excluded_points   points of that domain where the tree is not right, as text
    verdict    what was proved or seen
    tape       the tree as arrays, operands first
    """

    source: str
    formula: Node
    tree: Node
    size: int
    depth: int
    dag: int
    domain: dict[str, str]
    mode: str
    excluded_points: tuple[str, ...]
    verdict: Verdict
    ranges: Ranges
    tape: Tape
    chosen: tuple[tuple[Node, Node | Witness, int], ...] = ()
    laws: tuple[str, ...] = ()

    @cached_property
    def variables(self) -> tuple[str, ...]:
        """The variables of the formula, sorted."""
        return variables(self.formula)

    @property
    def real(self) -> bool:
        """Whether every value on the domain is real."""
        return self.ranges.of(simplify(self.formula)).real

    def __repr__(self) -> str:
        source = shorten(self.source, 60)
        return f"<Compiled {source!r}: {counted(self.size)}, {self.verdict.status}>"

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, str]:
        """What a notebook shows: the formula, what is known of its tree, a picture."""
        from emlc.render.notebook import bundle

        rows = [
            ("size", f"{counted(self.size)}, depth {self.depth}, {self.dag} distinct subtrees"),
            ("domain", in_words(self.domain)),
            ("verdict", f"{self.verdict.status}: {self.verdict.how}"),
            ("excluded", "; ".join(self.excluded_points[:8])),
        ]
        shown = [(name, words) for name, words in rows if words]
        return bundle(repr(self), shown, formula=self.formula, tape=self.tape, ranges=self.ranges)

    def show(self, notation: str = "nested") -> str:
        """The tree as text: nested, rpn, json, wolfram, latex."""
        return show(self.tree, notation)

    def rpn(self) -> list[str] | None:
        """The tree's RPN tokens, None above a million."""
        return rpn_tokens(self.tree) if self.size <= RPN_LIMIT else None

    def evaluator(self, kind: str = "auto") -> Any:
        """A vectorised function of the variables: auto and direct (fast), faithful, balls."""
        if kind == "faithful":
            from emlc.lower.faithful import faithful

            return self._differentiable(
                faithful(self.tape, real=self.real, variables=self.variables)
            )
        if kind in ("auto", "direct"):
            from emlc.lower.direct import direct

            return direct(simplify(self.formula), real=self.real, variables=self.variables)
        if kind == "balls":
            from emlc.lower.rigorous import rigorous

            return self._differentiable(
                rigorous(self.tape, real=self.real, variables=self.variables)
            )
        raise ArgumentError(f"no evaluator {kind!r}", hint=f"one of {', '.join(EVALUATORS)}")

    def _differentiable(self, evaluator: Any) -> Any:
        """The evaluator of the tree, its gradients those of the formula."""
        evaluator.formula = simplify(self.formula)
        return evaluator

    def to_dot(self, **options: Any) -> str:
        """The tree in Graphviz's language."""
        from emlc.render import to_dot

        return to_dot(self.tape, **options)

    def to_svg(self, **options: Any) -> str:
        """A drawing of the tree."""
        from emlc.render import to_svg

        return to_svg(self.tape, **options)

    def to_sympy(self, *, tree: bool = False) -> Any:
        """The formula in sympy; the tree, unevaluated, with `tree`."""
        from emlc.exchange import to_sympy

        return to_sympy(self.tree if tree else self.formula, evaluate=not tree)

    def to_json(self) -> dict[str, Any]:
        """The document that `emlc compile --json` prints."""
        return {
            "schema": 1,
            "source": self.source,
            "variables": list(self.variables),
            "domain": self.domain,
            "mode": self.mode,
            "k": self.size,
            "depth": self.depth,
            "dag": self.dag,
            "rpn": self.rpn(),
            "nodes": nodes_json(self.tape),
            "excluded_points": list(self.excluded_points),
            "verdict": self.verdict.to_json(),
        }


def counted(size: int) -> str:
    """A size as people read it, by its power of ten where nobody would read the digits."""
    return f"K = {size:,}" if size < 10**15 else f"K about 10^{int(log10(size))}"


def compile(
    source: Any,
    domain: Mapping[str, str] | None = None,
    mode: str = "exact",
    check: bool = True,
    notation: str = "auto",
) -> Compiled:
    """Compile a formula to a pure EML tree that is right on its whole domain.

    `source` is a text, a node, a tape, another result or a sympy expression, here and elsewhere.
    `domain` maps variables to sets such as "real", "complex", "positive", "[0,1]"; the default is
    the natural real domain. `mode` is exact, shortest, finite or robust. `check=False` leaves
    out the sampled comparison of tree and formula.

    Raises ParseError, NameError_, DomainError or LimitError.

    >>> c = compile("x*y")
    >>> c.size, c.domain
    (17, {'x': 'real', 'y': 'real'})
    """
    known_mode(mode)
    with no_cycle_collection():
        return _compile(source, domain or {}, mode, check, notation)


def known_mode(mode: str) -> None:
    if mode not in MODES:
        raise UsageError(f"no mode {mode!r}", hint=f"one of {', '.join(MODES)}")


@contextmanager
def no_cycle_collection() -> Iterator[None]:
    """Expressions hold no cycles; looking for some doubles the time of a large compilation."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _compile(
    source: Any, domain: Mapping[str, str], mode: str, check: bool, notation: str
) -> Compiled:
    root = formula_of(source, notation)
    _of_bounded_size(root)
    text = source if isinstance(source, str) else show(root)
    clean = simplify(root)
    declared = declare(domain)
    known_variables(declared, root)
    return assemble(text, root, ranges(clean, declared), mode, check)


def _of_bounded_size(root: Node) -> None:
    most = limits.FORMULA_PARTS
    parts = sum(1 for _ in islice(postorder(root), most + 1))
    if parts > most:
        raise LimitError(
            f"the formula has more than {most:,} parts",
            hint=limits.another("FORMULA_PARTS"),
        )
    stage("choosing the tree", _SECONDS_A_PART * parts)


def assemble(text: str, root: Node, found: Ranges, mode: str, check: bool) -> Compiled:
    clean = simplify(root)
    _settle_constant_poles(found)
    made = _smallest(clean, found, mode)
    tape = flatten(made.tree)
    size, depth, dag = measure(tape)
    verdict = by_rows = proved_by_rows(made.used)
    if check and few_parts(clean):
        seconds = _BESIDE_ROWS if by_rows.status == "proved" else _RAISING
        raised = proved_by_raising(clean, tape, found, made.excluded, seconds=seconds)
        verdict = raised if raised.status == "proved" else by_rows
    if check:
        verdict = check_tree(clean, tape, found, made.excluded, verdict)
    return Compiled(
        text, root, made.tree, size, depth, dag, found.domain(), mode,
        _excluded(made.excluded, found, mode), verdict, found, tape, made.chosen, made.laws,
    )  # fmt: skip


def _smallest(clean: Node, found: Ranges, mode: str) -> Compilation:
    """The best tree of the formula or of other ways to write it, equal where they are applied."""
    rewriter, apart = Rewriter(clean, found.copy()), found.copy()
    made = compile_tree(clean, found, mode)
    if mode == "robust" or not few_parts(clean, LARGEST):
        return made
    rounds = 0 if mode == "finite" else ROUNDS
    graph = saturate(clean, apart.copy(), rounds=rounds)
    made = _smaller(clean, mode, graph, made)
    if rewriter.open and not knows(graph, clean, rewriter):
        for laws in dict.fromkeys((rounds, 0)):
            other = _smaller(clean, mode, saturate(clean, apart.copy(), rewriter, laws), made)
            if other is not made:
                return other
    return made


def _smaller(clean: Node, mode: str, graph: EGraph, made: Compilation) -> Compilation:
    """The tree of an e-graph where it is better than the one made."""
    try:
        other = compile_tree(clean, graph.ranges, mode, graph)
    except DomainError:
        return made

    def rank(c: Compilation) -> tuple[int, int]:
        points = len(c.excluded)
        return (c.size, points) if mode == "shortest" else (points, c.size)

    return other if rank(other) < rank(made) else made


def few_parts(root: Node, most: int = _RAISED_PARTS) -> bool:
    """Whether a proof of the whole is to be had soon; the proofs of its rows are at hand."""
    return sum(1 for _ in islice(postorder(root), most + 1)) <= most


def _settle_constant_poles(found: Ranges) -> None:
    """A part without variables that must not be 0 either is 0, an error, or is no pole."""
    for part in [p for p in found.poles if not variables(p)]:
        value = Reference(part).at({}, 50)
        if value is None or abs(value) < 1e-40:
            raise DomainError(
                f"{show(part)} is 0: {found.poles[part]}", hint="the formula is defined nowhere"
            )
        del found.poles[part]


def _excluded(points: tuple[Exclusion, ...], found: Ranges, mode: str) -> tuple[str, ...]:
    """The excluded points as text, each with its reason."""
    require_short(found.poles)
    known = [f"{exclusion_text(p)}: no {mode} tree is known that is right there" for p in points]
    return (*known, *(f"{show(part)} = 0: {why}" for part, why in found.poles.items()))


def known_variables(
    declared: Collection[str], root: Node, message: str = "the formula has no variable {}"
) -> None:
    names = variables(root) if declared else ()
    for name in declared:
        if name not in names:
            raise ArgumentError(
                message.format(name),
                hint=f"its variables are {', '.join(names)}" if names else "it has no variables",
            )


def check(source: Any, tree: Any, domain: Mapping[str, str] | None = None) -> Verdict:
    """Whether a tree means a formula, everywhere on the domain.

    >>> check("ln(x)", "11xE1EE", {"x": "real"}).status
    'refuted'
    """
    root, pure = simplify(formula_of(source)), tree_of(tree)
    tape = flatten(pure)
    known_variables(variables(pure), root, "the tree has a variable {}, the formula has not")
    found = ranges(root, declare(domain or {}))
    verdict = check_tree(root, tape, found, (), None)
    if verdict.status == "refuted":
        return verdict
    proof = proved_by_raising(root, tape, found, seconds=_PROOF_SECONDS, ask_sympy=True)
    if proof.status == "proved":
        return replace(proof, points=verdict.points, worst=verdict.worst)
    return verdict


def decompile(
    tree: Any, domain: Mapping[str, str] | None = None, seconds: float = _PROOF_SECONDS
) -> Raised:
    """The ordinary formula of a pure tree, and the domain on which it is proved to be that.

    `domain` maps variables to sets; a variable without one gets the formula's natural domain.
    `seconds` bounds the search for a proof. Raises ParseError for a text that is no tree, and
    DomainError where the tree has no value.

    >>> found = decompile("11xE1EE")
    >>> found.show(), found.domain, found.proved
    ('ln(x)', {'x': 'positive'}, True)
    """
    pure = tree_of(tree)
    declared = declare(domain or {})
    known_variables(declared, pure, "the tree has no variable {}")
    with no_cycle_collection():
        return raise_tree(flatten(pure), declared, seconds)
