"""Sums of few products, and quotients of such sums, for the target and for functions of it.

All by linear least squares. A product is of powers of columns and of simple functions of them. Of
many products, all pairs are tried, and more are added to the best. Polynomials of low degree are
taken with all their products at once, of which those go that the data do not need.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import combinations, combinations_with_replacement, permutations

import numpy as np

from emlc.lower.jit import Array
from emlc.parse import parse
from emlc.regress.forms import ONE, Coded, Forms
from emlc.regress.predict import OfFormula
from emlc.tables.forms import MIXED, SINGLE, TARGETS

_POWERS = {
    1.0: 1.0, -1.0: 1.2, 2.0: 1.4, -2.0: 1.7, 0.5: 1.4, -0.5: 1.8, 3.0: 2.1, -3.0: 2.6,
    4.0: 2.6, 1.5: 2.8, -4.0: 3.2, 5.0: 3.2, -1.5: 3.2, 6.0: 3.6, -6.0: 4.4,
}  # fmt: skip
_SINGLE, _MIXED, _GAP = {1.0: 2.0, 2.0: 3.5}, {1.0: 2.8}, {1.0: 1.8, 2.0: 1.8}
_PRODUCTS, _PAIRS, _BEAM, _TERMS = 1_200, 10, 8, 5
_DEGREES, _COLUMNS, _SUPPORT = range(1, 7), 130, 7
_DEPENDENT, _EXACT = 1e-14, 1e-22
Product = tuple[tuple[int, float], ...]
Parts = list[tuple[float, Product]]


@dataclass(frozen=True, slots=True)
class Base:
    """A column or a function of some: its code, its values, and what its powers cost."""

    code: Coded
    column: Array
    costs: dict[float, float]


def sums(forms: Forms, y: Array, w: Array, most: int) -> list[Coded]:
    """Formulas of at most so many entries, fitted up to a scale and an offset; w sums to 1.

    Where the data leave no doubt, only the one that gives them to rounding.
    """
    return _Sums(forms, y, w, most).all()


class _Sums:
    def __init__(self, forms: Forms, y: Array, w: Array, most: int) -> None:
        self.forms, self.y, self.root, self.most = forms, y, np.sqrt(w), most
        self.bases = list(_bases(forms))
        self.products = _products([base.costs for base in self.bases])
        with np.errstate(all="ignore"):
            columns = np.array([self._column(p) for p in self.products])
            self.means = columns @ w
            centred = (columns - self.means[:, None]) * self.root
            self.sizes = np.sqrt(np.sum(centred * centred, axis=1))
            fine = np.isfinite(self.sizes) & (self.sizes > 1e-9 * np.abs(self.means))
        self.products = [p for p, good in zip(self.products, fine, strict=True) if good]
        self.means, self.sizes = self.means[fine], self.sizes[fine]
        self.columns = centred[fine] / self.sizes[:, None]
        self.gram = self.columns @ self.columns.T
        self.room = min(_COLUMNS, len(y) // 2)
        self.monomials = self._independent()

    def _independent(self) -> list[Product]:
        """The products of whole powers of columns, as far as there is room, that are no sums of
        simpler ones: the square of a column of 0 and 1 is itself."""
        found: list[Product] = []
        basis = np.empty((0, len(self.y)))
        for degree in range(_DEGREES[-1] + 1):
            for some in combinations_with_replacement(range(len(self.forms.x)), degree):
                product = tuple((v, float(some.count(v))) for v in sorted(set(some)))
                with np.errstate(all="ignore"):
                    column = self._column(product) * self.root
                    column /= np.linalg.norm(column)
                if not np.isfinite(column).all():
                    continue
                for _ in range(2):
                    column = column - (basis @ column) @ basis
                size = float(np.linalg.norm(column))
                if size > 1e-11:
                    found.append(product)
                    basis = np.vstack([basis, column / size])
                if len(found) == self.room:
                    return found
        return found

    def all(self) -> list[Coded]:
        """The sums for every function of the target that is defined at all of it."""
        found: list[Coded] = []
        for form, made, (low, high), lost in TARGETS:
            root, inverse = parse(form, "infix").root, parse(made, "infix").root
            sign = -1.0 if self.y.max() < 0.0 <= low else 1.0
            inside = low <= sign * self.y.min() and sign * self.y.max() <= high
            if not inside or not self.forms.allowed(root):
                continue
            wanted = _values(
                self.forms, self.forms.coded(inverse, lambda _: self.forms.column(0)),
                sign * self.y[None],
            )  # fmt: skip
            for error, above, below in (*self._dense(wanted), *self._sparse(wanted)):
                whole = self.forms.coded(
                    root, {"s": self._quotient(above, below, lost)}.__getitem__
                )
                if len(whole[0]) > self.most:
                    continue
                if error < _EXACT:
                    return [whole]
                found.append(whole)
        return found

    def _column(self, product: Product) -> Array:
        made = np.ones(len(self.y))
        for k, power in product:
            made = made * self.bases[k].column ** power
        return made

    # -- few of many

    def _sparse(self, wanted: Array) -> Iterator[tuple[float, Parts, Parts]]:
        """The best sums of up to some products, two of each number of them."""
        w = self.root * self.root
        mean = float(w @ wanted)
        t = self.root * (wanted - mean)
        size = float(np.linalg.norm(t))
        if not (1e-12 * abs(mean) < size < math.inf) or not self.products:
            return
        for error, support in _supports(self.columns, self.gram, t / size, len(t) // 4):
            chosen = list(support)
            factor = np.linalg.lstsq(self.columns[chosen].T, t, rcond=None)[0] / self.sizes[chosen]
            rest = mean - float(factor @ self.means[chosen])
            above = [(float(c), self.products[k]) for c, k in zip(factor, chosen, strict=True)]
            if abs(rest) > 1e-11 * (size + abs(mean)):
                above.append((rest, ()))
            yield error, above, [(1.0, ())]

    # -- all of some degree

    def _dense(self, wanted: Array) -> Iterator[tuple[float, Parts, Parts]]:
        """The polynomial, or the quotient of two, of least degree that gives the data exactly."""
        for quotient in (False, True):
            for degree in _DEGREES:
                every = [p for p in self.monomials if sum(power for _, power in p) <= degree]
                below = every if quotient else every[:1]
                n = len(every)
                if n + len(below) > self.room:
                    break
                under = np.array([self._column(p) for p in below]) * -wanted
                matrix = np.vstack([[self._column(p) for p in every], under]).T
                kept, factor = _relation(matrix * self.root[:, None])
                if not 0 < np.count_nonzero(kept < n) < len(kept):
                    continue
                pairs = [(float(f), int(k)) for k, f in zip(kept, factor, strict=True)]
                yield (
                    0.0,
                    [(f, every[k]) for f, k in pairs if k < n],
                    [(f, below[k - n]) for f, k in pairs if k >= n],
                )
                return

    # -- writing

    def _quotient(self, above: Parts, below: Parts, lost: str) -> Coded:
        """One sum over the other, without the factor or the number that is lost in the scale."""
        under = below[0][0]
        if "number" in lost and len(below) == 1:
            above = [(f, p) for f, p in above if p] or above
        over = math.copysign(_unit(above), under) if "factor" in lost else under
        made = self._total([(f / over, p) for f, p in above])
        if len(below) == 1 and not below[0][1]:
            return made
        return self.forms.apply("div", made, self._total([(f / under, p) for f, p in below]))

    def _total(self, parts: Parts) -> Coded:
        made: Coded | None = None
        for factor, product in sorted(parts, key=lambda part: abs(part[0] - 1.0)):
            plain = abs(abs(factor) - 1.0) < 1e-9 and bool(product)
            code = self._product(product)
            if made is None:
                made = code if plain and factor > 0 else self.forms.scaled(factor, code)
            elif plain:
                made = self.forms.apply("add" if factor > 0 else "sub", made, code)
            else:
                made = self.forms.apply("add", made, self.forms.scaled(factor, code))
        assert made is not None
        return made

    def _product(self, product: Product) -> Coded:
        above, below = (
            self.forms.product([self.forms.power(self.bases[k].code, abs(power))
                                for k, power in product if (power < 0) == inverse])
            for inverse in (False, True)
        )  # fmt: skip
        return above if below == ONE else self.forms.apply("div", above, below)


def _bases(forms: Forms) -> Iterator[Base]:
    """The columns, and the functions of one and of two of them that are allowed."""
    for v, column in enumerate(forms.x):
        signs = [1.0, -1.0] if column.all() else [1.0]
        if "div" not in forms.operators:
            signs = [1.0]
        halves = bool((column > 0).all()) and "sqrt" in forms.operators
        costs = {
            p: c for p, c in _POWERS.items()
            if math.copysign(1.0, p) in signs and (halves or p == int(p))
        }  # fmt: skip
        yield Base(forms.column(v), column, costs)
    count = len(forms.x)
    for texts, places, costs in (
        (SINGLE, [(u, u) for u in range(count)], _SINGLE),
        (MIXED, list(permutations(range(count), 2)), _MIXED),
        (("u-v",), list(combinations(range(count), 2)), _GAP),
    ):
        for root in (parse(text, "infix").root for text in texts):
            for u, v in places if forms.allowed(root) else ():
                named = {"u": forms.column(u), "v": forms.column(v)}
                code = forms.coded(root, named.__getitem__)
                yield Base(code, _values(forms, code, forms.x), costs)


def _values(forms: Forms, code: Coded, x: Array) -> Array:
    """A formula's values at columns x of shape (variables, points)."""
    names = [row.name for row in forms.rows]
    return OfFormula(np.array(code[0]), np.array(code[1]), names)(x)


def _products(costs: Sequence[dict[float, float]]) -> list[Product]:
    """The simplest products of powers of bases."""
    powers = sorted(
        (cost, k, power) for k, known in enumerate(costs) for power, cost in known.items()
    )
    found: list[Product] = []
    open_: list[tuple[float, tuple[int, ...]]] = [(powers[0][0], (0,))]
    while open_ and len(found) < _PRODUCTS:
        cost, picked = heappop(open_)
        product = tuple((powers[n][1], powers[n][2]) for n in picked)
        once = len({k for k, _ in product}) == len(product)
        if once:
            found.append(product)
        last = picked[-1] + 1
        if last < len(powers):
            more = powers[last][0]
            heappush(open_, (cost - powers[last - 1][0] + more, (*picked[:-1], last)))
            if once:
                heappush(open_, (cost + more, (*picked, last)))
    return found


def _unit(parts: Parts) -> float:
    """The factor of which most others are whole multiples."""

    def whole(unit: float) -> int:
        ratios = [f / unit for f, _ in parts]
        return sum(abs(r - round(r)) < 1e-9 * abs(r) for r in ratios)

    return max((abs(f) for f, _ in parts), key=lambda unit: (whole(unit), unit))


def _supports(
    columns: Array, gram: Array, t: Array, most: int
) -> Iterator[tuple[float, tuple[int, ...]]]:
    """Sets of columns by which t is approached, two of each size, with the squared error left.

    All have unit norm; gram holds the products of the columns.
    """
    along = columns @ t
    beam: list[tuple[int, ...]] = [(int(k),) for k in np.argsort(-np.abs(along))[:2]]
    for terms in range(1, min(most, _TERMS) + 1):
        if terms == 2:
            beam = _pairs(along, gram)
        reached: dict[tuple[int, ...], tuple[float, Array, Array]] = {}
        for support in beam:
            basis = np.linalg.qr(columns[list(support)].T)[0]
            rest = t - basis @ (basis.T @ t)
            rest -= basis @ (basis.T @ rest)
            reached[support] = float(rest @ rest), basis, rest
        order = sorted(reached, key=lambda s: reached[s][0])[:_BEAM]
        for support in order[:2]:
            yield reached[support][0], support
        if not order or reached[order[0]][0] < _EXACT:
            return
        beam = []
        for support in order:
            _, basis, rest = reached[support]
            free = 1.0 - np.sum((columns @ basis) ** 2, axis=1)
            gain = np.where(free > 1e-10, (columns @ rest) ** 2 / np.maximum(free, 1e-10), 0.0)
            beam += [tuple(sorted((*support, int(k)))) for k in np.argsort(-gain)[:4]]


def _pairs(along: Array, gram: Array) -> list[tuple[int, ...]]:
    """Of the pairs that each column makes, the best few."""
    apart = 1.0 - gram * gram
    apart[apart < 1e-9] = np.inf
    reach = gram * (-2.0 * along[:, None] * along)
    reach += along[:, None] ** 2 + along**2
    reach /= apart
    other = np.argmax(reach, axis=1)
    order = np.argsort(-reach[np.arange(len(along)), other])[: 2 * _PAIRS]
    return list({(min(int(k), int(other[k])), max(int(k), int(other[k]))): None for k in order})


def _relation(matrix: Array) -> tuple[Array, Array]:
    """The fewest columns that the data show to depend on each other, and how; none where none do.

    That is 0 = the sum of them, each by its factor.
    """
    none = np.zeros(0, dtype=np.int64), np.zeros(0)
    with np.errstate(all="ignore"):
        sizes = np.sqrt(np.sum(matrix * matrix, axis=0))
    if not ((sizes > 0.0) & (sizes < 1e150)).all():
        return none
    triangle = np.linalg.qr(matrix / sizes)[1]
    kept = np.arange(len(sizes))
    strength, factor = _weakest(triangle)
    if strength > _DEPENDENT:
        return none
    light = np.abs(factor) > 1e-7 * np.abs(factor).max()
    if _weakest(triangle[:, light])[0] <= _DEPENDENT:
        kept = kept[light]
    while len(kept) > 2:
        factor = _weakest(triangle[:, kept])[1]
        fewer = np.delete(kept, np.argmin(np.abs(factor)))
        if _weakest(triangle[:, fewer])[0] > _DEPENDENT:
            break
        kept = fewer
    if len(kept) > _SUPPORT:
        return none
    return kept, _weakest(triangle[:, kept])[1] / sizes[kept]


def _weakest(matrix: Array) -> tuple[float, Array]:
    """The least singular value over the largest, and its right vector."""
    _, strength, right = np.linalg.svd(matrix, full_matrices=False)
    return float(strength[-1] / strength[0]), right[-1]
