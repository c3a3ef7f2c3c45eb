"""Proofs of the rows with sympy: run a tree on symbols, case by case of the signs of its variables.

A tree row is executed on symbols: every parameter in turn positive, negative, zero or a generic
complex number, as its domain allows. exp and ln are sympy's; ln 0 and exp(-inf) follow the exact
meaning; ln of a product is the sum of logarithms plus 2 pi i k with an integer k that is 0 where
the imaginary parts show it. Where a sum under a logarithm may vanish, that case is run as well. A
body row is an identity between its body, rows replaced by their sympy meanings, and the pattern.
What sympy does not decide of a tree row, or only in minutes as of a long tree, raising may: the
tree has the normal form of the pattern.
"""

from __future__ import annotations

import itertools
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any

import sympy as sp

from emlc import child
from emlc.check.lemmas import row_key
from emlc.check.raised import proved_by_raising
from emlc.check.reference import grounded
from emlc.ir.domain import Domain, domain
from emlc.ir.node import Lit, Node, Var, fold, postorder, var
from emlc.ir.tape import flatten
from emlc.passes.ranges import Ranges, raw_formula
from emlc.passes.templates import Template
from emlc.show import show
from emlc.tables.identities import LAWS, PRODUCTS, SUMS
from emlc.tables.primitives import Primitive
from emlc.tables.witnesses import BODIES, TREES, Witness

Symbolic = Any
INFINITY = "inf"
_RAISING = 8.0
_SECONDS = 30.0
_LONG = 140


class NotProved(Exception):
    """The method does not decide this row; the message says where it stopped."""


def prove(row: Witness) -> str:
    """How the row is proved, in a sentence. Raises NotProved."""
    template = Template(row)
    if row.body:
        return _prove_body(row, template)
    if len(row.tree) > _LONG:
        return _prove_raised(template, NotProved("too long for sympy"))
    try:
        cases = sum(_prove_case(template, values) for values in _cases(template))
    except NotProved as why:
        return _prove_raised(template, why)
    what = "a constant" if not template.params else f"{cases} cases of the variables' signs"
    return f"sympy, by execution on symbols: {what}"


def _prove_raised(template: Template, why: NotProved) -> str:
    """Prove a tree row by raising it. Raises NotProved with what sympy left open."""
    stated = dict(zip(template.params, _domains(template), strict=True))
    found = Ranges(stated, frozenset())
    for part, fact in template.needed:
        if not isinstance(part.head, Var):
            found.conditions[part] = fact
    tape = flatten(template.build([var(p) for p in template.params]))
    off = [(part, value) for part, values in template.off for value in values]
    verdict = proved_by_raising(template.pattern, tape, found, off, seconds=_RAISING)
    if verdict.status != "proved":
        raise why
    return "raised: the tree has the normal form of the pattern"


def to_sympy(root: Node, values: dict[str, Symbolic]) -> Symbolic:
    """The sympy meaning of a formula, rows replaced down to the ground."""

    def build(n: Node, args: list[Symbolic]) -> Symbolic:
        head = n.head
        if isinstance(head, Var):
            return values[head.name]
        if isinstance(head, Lit):
            return sp.Rational(head.value.numerator, head.value.denominator)
        assert isinstance(head, Primitive)
        made = getattr(sp, head.sympy)
        return made(*args) if args else made

    return fold(grounded(root), build)


# -- bodies --------------------------------------------------------------------------------------


def _prove_body(row: Witness, template: Template) -> str:
    symbols = {p: _symbol(p, d) for p, d in zip(template.params, _domains(template), strict=True)}
    want = to_sympy(template.pattern, symbols)
    got = to_sympy(raw_formula(row.body), symbols)
    for part, fact in template.given:
        if not _fact_holds(to_sympy(part, symbols), fact, symbols):
            raise NotProved(f"the fact about {show(part)} is not proved")
    if not _is_zero(got - want):
        raise NotProved("sympy does not reduce the difference to 0")
    return "sympy, as an identity between the pattern and the body"


def _symbol(name: str, d: Domain) -> Symbolic:
    if not d.real:
        return sp.Symbol(name, complex=True, zero=False if d.excludes(0.0) else None)
    if d.within(domain("positive")):
        return sp.Symbol(name, positive=True)
    if d.within(domain("negative")):
        return sp.Symbol(name, negative=True)
    if d.within(domain("nonnegative")):
        return sp.Symbol(name, nonnegative=True)
    return sp.Symbol(name, real=True, nonzero=True if d.excludes(0.0) else None)


def _fact_holds(part: Symbolic, fact: Domain, symbols: dict[str, Symbolic]) -> bool:
    names = [s for s in symbols.values() if s in part.free_symbols]
    if fact == domain("nonzero"):
        return _never_zero(part, names)
    if fact == domain("positive"):
        return bool(part.is_positive) or _positive_on_the_line(part, names)
    if fact == domain("[1,inf)") and len(names) == 1 and names[0].is_real:
        t = sp.Symbol("t", real=True)
        return bool(sp.calculus.util.minimum(part.subs(names[0], t), t, sp.S.Reals) >= 1)
    if fact == domain("unit circle"):
        return bool(sp.simplify(sp.Abs(part)) == 1)
    return False


def _positive_on_the_line(part: Symbolic, names: list[Symbolic]) -> bool:
    """Whether a part is positive at one real number, continuous and never 0."""
    if len(names) != 1 or not names[0].is_real:
        return False
    t = sp.Symbol("t", real=True)
    line = part.subs(names[0], t)
    whole = sp.calculus.util.continuous_domain(line, t, sp.S.Reals) == sp.S.Reals
    return whole and bool(line.subs(t, sp.Rational(1, 2)) > 0) and _never_zero(line, [t])


def _never_zero(part: Symbolic, names: list[Symbolic]) -> bool:
    if part.is_zero is False or len(names) != 1:
        return part.is_zero is False
    space = sp.S.Reals if names[0].is_real else sp.S.Complexes
    t = sp.Symbol("t")
    try:
        return bool(sp.solveset(part.subs(names[0], t), t, space) is sp.S.EmptySet)
    except (NotImplementedError, ValueError):
        return False


def _is_zero(difference: Symbolic) -> bool:
    """Whether a difference is 0 by rewriting and simplifying."""
    if difference == 0:
        return True
    for form in (difference, difference.rewrite(sp.log), difference.rewrite(sp.exp)):
        reduced = sp.simplify(sp.expand(form, complex=False))
        if reduced == 0 or sp.simplify(sp.powsimp(reduced)) == 0:
            return True
    return False


# -- trees ---------------------------------------------------------------------------------------


def _domains(template: Template) -> list[Domain]:
    """The domain of each parameter that the row states by itself, complex otherwise."""
    stated = {n.head.name: d for n, d in template.needed if isinstance(n.head, Var)}
    return [stated.get(p, domain("complex")) for p in template.params]


def _cases(template: Template) -> Iterator[dict[str, Symbolic]]:
    """The parameters as signed symbols, every combination that the domains allow."""
    choices = [_signs(p, d) for p, d in zip(template.params, _domains(template), strict=True)]
    for k, (part, fact) in ((template.params.index(p), c) for p, c in _stated_parts(template)):
        name = template.params[k]
        x = sp.Symbol(name)
        solutions = sp.solve(to_sympy(part, {name: x}) - sp.Symbol("u"), x)
        if len(solutions) != 1:
            raise NotProved(f"{name} is not settled by the condition on it")
        choices[k] = [solutions[0].subs(sp.Symbol("u"), u) for u in _signs("u", fact)]
    for combination in itertools.product(*choices):
        yield dict(zip(template.params, combination, strict=True))


def _stated_parts(template: Template) -> Iterator[tuple[str, tuple[Node, Domain]]]:
    """Conditions on a part in one parameter, such as 1+x:positive, with the parameter."""
    for part, fact in template.needed:
        names = [n.head.name for n in postorder(part) if isinstance(n.head, Var)]
        if part.args and len(names) == 1:
            yield names[0], (part, fact)


def _signs(name: str, d: Domain) -> list[Symbolic]:
    p = sp.Symbol(f"{name}_", positive=True)
    if d.real:
        if d.re.lo not in (0.0, float("-inf")) or d.re.hi not in (0.0, float("inf")):
            raise NotProved("a bounded domain is not split into signs")
        found = [p] if d.re.hi > 0 else []
        found += [-p] if d.re.lo < 0 else []
        return found if d.excludes(0.0) else [*found, sp.Integer(0)]
    if d == domain("open half strip"):
        return [sp.Symbol(f"{name}_half", complex=True), sp.Integer(0)]
    if d == domain("right nonzero"):
        return [sp.Symbol(f"{name}_right", complex=True, zero=False)]
    if d.within(domain("principal")):
        strip = sp.Symbol(f"{name}_strip", complex=True)
        return [strip] if d.excludes(0.0) else [strip, sp.Integer(0)]
    if d not in (domain("complex"), domain("complex nonzero")):
        raise NotProved("this part of the plane is not split into cases")
    generic = sp.Symbol(f"{name}_", complex=True, zero=False)  # sympy's nonzero is real
    return [generic, p, -p] + ([] if d.excludes(0.0) else [sp.Integer(0)])


def _prove_case(template: Template, values: dict[str, Symbolic]) -> int:
    """Prove one case and those it splits into; their number."""
    if any(_off(template, values)):
        return 0
    run = _Execution()
    result = run.tree(template, values)
    want = to_sympy(template.pattern, values)
    if want.has(sp.zoo, sp.nan):
        return 0
    if isinstance(result, tuple):
        raise NotProved(f"an infinite result for {values}")
    if not _is_zero(sp.expand(result - want)):
        raise NotProved(f"{result} is not reduced to {want}")
    return 1 + sum(_prove_case(template, inner) for inner in run.vanishing(values))


def _off(template: Template, values: dict[str, Symbolic]) -> Iterator[bool]:
    for part, points in template.off:
        place = to_sympy(part, values)
        for v in points:
            yield place == sp.Rational(v.numerator, v.denominator)


class _Execution:
    """One run of a tree on symbols, remembering the sums whose vanishing is another case."""

    def __init__(self) -> None:
        self.sums: list[Symbolic] = []
        self.fresh = itertools.count()

    def tree(self, template: Template, values: dict[str, Symbolic]) -> Symbolic:
        stack: list[Symbolic] = []
        for token in template.row.tree:
            if token == "E":
                y = stack.pop()
                stack.append(self._subtract(self._exp(stack.pop()), self._log(y)))
            else:
                stack.append(sp.Integer(1) if token == "1" else values[token])
        return stack[0]

    def _exp(self, v: Symbolic) -> Symbolic:
        if not isinstance(v, tuple):
            return sp.exp(sp.expand(v))
        _, sign, im = v
        if sign < 0:
            return sp.Integer(0)
        turns = sp.simplify(im / sp.pi)
        if not turns.is_integer:
            raise NotProved("exp of an infinity off the real directions")
        if turns.is_even is None:
            raise NotProved("the direction of an infinity is not known")
        return (INFINITY, 1 if turns.is_even else -1, 0)

    def _subtract(self, a: Symbolic, b: Symbolic) -> Symbolic:
        if not isinstance(a, tuple) and not isinstance(b, tuple):
            return sp.expand(a - b)
        sign_a, im_a = (a[1], a[2]) if isinstance(a, tuple) else (0, sp.im(a))
        sign_b, im_b = (b[1], b[2]) if isinstance(b, tuple) else (0, sp.im(b))
        if sign_a == sign_b:
            raise NotProved("inf - inf")
        return (INFINITY, sign_a or -sign_b, sp.simplify(im_a - im_b))

    def _log(self, v: Symbolic) -> Symbolic:
        if isinstance(v, tuple):
            return (INFINITY, 1, sp.Integer(0) if v[1] > 0 else sp.pi)
        v = sp.factor_terms(sp.powsimp(sp.expand(v)))
        if v == 0:
            return (INFINITY, -1, sp.Integer(0))
        total, real = sp.Integer(0), True
        for factor in sp.Mul.make_args(v):
            term, is_real = self._log_factor(factor)
            total, real = total + term, real and is_real
        return sp.expand(total) if real else self._principal(sp.expand(total))

    def _log_factor(self, f: Symbolic) -> tuple[Symbolic, bool]:
        """ln of one factor up to 2 pi i k, and whether it is certainly real."""
        if isinstance(f, sp.exp):
            return f.exp, bool(f.exp.is_real)
        if f.is_Pow and f.exp.is_integer:
            inner, real = self._log_factor(f.base)
            return f.exp * inner, real
        if f.is_positive:
            return sp.expand_log(sp.log(f)), True
        if f.is_negative:
            return sp.expand_log(sp.log(-f)) + sp.I * sp.pi, False
        if f.is_Add or f.is_zero is not False:
            self.sums.append(f)
        return sp.log(f), False

    def _principal(self, w: Symbolic) -> Symbolic:
        """w + 2 pi i k with the imaginary part in (-pi, pi]; k a fresh integer when unknown."""
        if isinstance(w, sp.log) or _in_strip(w):
            return w
        im = sp.expand(w.as_real_imag()[1]) if not w.has(sp.log) or _real_logs(w) else None
        if im is not None and not im.free_symbols and not im.has(sp.arg, sp.Function):
            return sp.expand(w - 2 * sp.pi * sp.I * sp.ceiling((im / sp.pi - 1) / 2))
        return w + 2 * sp.pi * sp.I * sp.Symbol(f"k{next(self.fresh)}", integer=True)

    def vanishing(self, values: dict[str, Symbolic]) -> Iterator[dict[str, Symbolic]]:
        """The cases in which a sum under a logarithm is 0, a variable solved for."""
        own = {s for v in values.values() for s in v.free_symbols}
        for total in dict.fromkeys(self.sums):
            symbols = sorted(total.free_symbols, key=lambda s: s.name)
            if not own.issuperset(symbols):
                raise NotProved(f"where {total} vanishes depends on unknown turns")
            if not symbols:
                if sp.simplify(total).is_zero is not False and abs(sp.N(total, 50)) < 1e-40:
                    raise NotProved("a constant under a logarithm may vanish")
                continue
            yield from self._solved(total, symbols, values)

    def _solved(
        self, total: Symbolic, symbols: list[Symbolic], values: dict[str, Symbolic]
    ) -> Iterator[dict[str, Symbolic]]:
        for s in symbols:
            if not s.is_real and any(e.has(s) for e in total.atoms(sp.exp)):
                continue  # sympy gives one of the solutions, which are periodic
            try:
                roots = sp.solve(total, s)
            except NotImplementedError:
                continue
            if not all(isinstance(root, sp.Expr) for root in roots):
                continue
            for root in roots:
                if s.is_positive and root.is_positive is False:
                    continue
                yield {p: sp.expand(v.subs(s, root)) for p, v in values.items()}
            return
        raise NotProved(f"where {total} vanishes is not found")


def _in_strip(w: Symbolic) -> bool:
    """Whether the imaginary part is in (-pi, pi] by the kind of the symbols in a sum."""
    if w.is_Symbol and w.name.endswith("_strip"):
        return True
    halves = 0
    for term in sp.Add.make_args(w):
        unsigned = term.as_coeff_Mul()[1] if term.as_coeff_Mul()[0] in (1, -1) else term
        inner = unsigned.args[0] if isinstance(unsigned, sp.log) else unsigned
        kind = inner.name.rpartition("_")[2] if inner.is_Symbol else ""
        if (inner is unsigned and kind == "half") or (inner is not unsigned and kind == "right"):
            halves += 1
        elif not term.is_real:
            return False
    return halves <= 2


def _real_logs(w: Symbolic) -> bool:
    return all(term.args[0].is_positive for term in w.atoms(sp.log))


def all_rows() -> Iterator[Witness]:
    """Every row of the tables that needs a proof."""
    for table in (TREES, BODIES):
        for rows in table.values():
            yield from rows
    yield from (SUMS, PRODUCTS, *LAWS)


def derive(rows: Iterable[Witness]) -> dict[str, str]:
    """How each row is proved, in a process of its own with a time limit; others are left out."""
    said = {
        row_key(row): child.run("emlc.check.prove", [row_key(row)], b"", _SECONDS) for row in rows
    }
    return {key: how.decode() for key, how in said.items() if how}


def main(keys: Sequence[str]) -> None:
    """Print how the row of a key is proved; without one, the document of all lemmas."""
    if not keys:
        sys.stdout.write(
            json.dumps({"proved": derive(all_rows())}, indent=1, sort_keys=True) + "\n"
        )
        return
    child.bounded()
    with suppress(NotProved):
        sys.stdout.write(prove(next(row for row in all_rows() if row_key(row) == keys[0])))


if __name__ == "__main__":
    main(sys.argv[1:])
