"""From an operator and its constants to all primitives: each found by the ones before it.

Compositions of what is known are enumerated in doubles; a primitive takes part where its tree has
been compared with it, elsewhere its tree does, so that no branch is taken on trust. What gives a
missing primitive is then compared, as a tree over the operator alone, in the exact meaning.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np

from emlc.check import Verdict
from emlc.check.points import specials
from emlc.check.reference import Point, Reference
from emlc.errors import LimitError
from emlc.ir.node import Lit, Node, Var, fold, variables
from emlc.parse import parse
from emlc.search.goal import Goal, goal
from emlc.search.other import Trees
from emlc.search.program import ADD, CUT, EXP, LN, MUL, SUB, TURNED, Program, inverse
from emlc.search.progress import Pulse
from emlc.search.table import Array
from emlc.tables.operators import Operator
from emlc.tables.primitives import ROWS, Primitive

Expr = tuple[Any, ...]  # (token,) or (name, Expr, ...); the operator's name is OP
Solver = tuple[str, int, Callable[[Array, Array], Array]]
OP = ""
_LEVELS = 9
_MOST, _PRODUCT = 1_500, 400_000
_TRIED = 6
_COMPARED = 60
_PROBES = 10
_NUMBERS = ("1", "-1", "2")
_VARIABLES = ("x", "y")
# points at which targets of a domain are compared, generic and of both signs where it has both
_REAL = (0.5772156649015329, -0.8346268416740732, 1.3063778838630806, -2.6854520010653064)
_POSITIVE = (0.5772156649015329, 1.3063778838630806, 3.3598856662431776, 0.2614972128476428)
_UNIT = (0.5772156649015329, -0.8346268416740732, 0.2614972128476428, -0.0712360183)
_LARGE = (1.3063778838630806, 3.3598856662431776, 2.6854520010653064, 5.2614972128476428)
_GROUPS = (_REAL, _POSITIVE, _UNIT, _LARGE)
_SHIFTS = (0, 2, 3, 1)


@dataclass(frozen=True, slots=True)
class Member:
    """A primitive that has been reached.

    by       the formula by earlier members that gave it
    k, dag   nodes of its tree over the operator alone, written out, and its distinct subtrees
    verdict  how the tree compares with it at generic points of the natural real domain
    off      special points of that domain at which the tree is not right
    """

    name: str
    params: tuple[str, ...]
    by: str
    k: int
    dag: int
    verdict: Verdict
    off: tuple[str, ...]
    tape: tuple[Any, ...] = field(repr=False)
    right: tuple[bool, ...] = field(repr=False)


def goals() -> dict[str, Goal]:
    """The 36 primitives of the paper, by name, with their natural domains."""
    rows = {n: n for n in (*_NUMBERS, *_VARIABLES)}
    for row in ROWS:
        if row.paper:
            letters = ",".join(_VARIABLES[: len(row.params)])
            rows[row.name] = f"{row.name}({letters})" if letters else row.name
    return {name: goal(parse(text).root, None, "shortest") for name, text in rows.items()}


def bootstrap(operator: Operator, pulse: Pulse) -> Iterator[Member]:
    """The primitives in the order in which they are reached; TimeUp when time is over first.

    Raises LimitError when none of the missing ones is found among the compositions tried.
    """
    run = _Bootstrap(operator, pulse)
    yield from run.given()
    while run.missing:
        found = list(run.round())
        if not found:
            missing = ", ".join(run.missing)
            raise LimitError(f"not reached by compositions of {_LEVELS} parts: {missing}")
        yield from found


Look = Callable[["_Values", dict[str, Goal]], dict[str, list[Expr]]]


class _Bootstrap:
    def __init__(self, operator: Operator, pulse: Pulse) -> None:
        self.operator, self.pulse = operator, pulse
        self.trees = Trees(operator, 40)
        self.goals = goals()
        self.missing = dict(self.goals)
        self.members: dict[str, Member] = {}
        self._solvers: dict[int, list[Solver]] = {}
        self.rng = random.Random(1)

    def given(self) -> Iterator[Member]:
        """The variables, and the constants that the operator starts from."""
        for token in (*_VARIABLES, *self.operator.leaves):
            name = token if token in self.missing else ""
            if name:
                goal_ = self.missing.pop(name)
                verdict = Verdict("proved", "given", 1)
                params = variables(goal_.root)
                tape: tuple[Any, ...] = (token,)
                right = (True,) * 4
                self.members[name] = Member(name, params, token, 1, 1, verdict, (), tape, right)
                yield self.members[name]

    def round(self) -> Iterator[Member]:
        """The members found at the lowest level that gives any."""
        kinds = dict.fromkeys(self._kind(goal_) for goal_ in self.missing.values())
        enumerations = [_Values(self, group, names) for group, names in kinds]
        for _level in range(_LEVELS):
            yield from (got := self._adopted(enumerations, _Values.extend))
            if got or all(values.full for values in enumerations):
                break
        if not got:
            yield from self._adopted(enumerations, _Values.met)

    def _adopted(self, enumerations: list[_Values], look: Look) -> list[Member]:
        """The members that one step of the enumerations gives."""
        got = []
        for values in enumerations:
            self.pulse()
            wanted = {n: g for n, g in self.missing.items()
                      if self._kind(g) == (values.group, values.names)}  # fmt: skip
            for name, found in look(values, wanted).items():
                member = self._adopt(name, wanted[name], found)
                if member is not None:
                    got.append(member)
                    del self.missing[name]
        self.members.update({member.name: member for member in got})
        return got

    def _kind(self, goal_: Goal) -> tuple[tuple[float, ...], tuple[str, ...]]:
        """The points at which a target is looked for, and the variables that may occur."""
        names = goal_.names or (("x",) if self.operator.variable else ())
        return _group(goal_), names

    def _adopt(self, name: str, goal_: Goal, found: list[Expr]) -> Member | None:
        """The smallest of the compositions whose tree is right."""
        tapes = [(self._tape(e), e) for e in found]
        free = {*_VARIABLES} - {*goal_.names} - ({"x"} if self.operator.variable else set())
        tapes = [(t, e) for t, e in tapes if not free & {*t}]
        order = sorted(tapes, key=lambda t: (written(t[0]), str(t[1])))
        for tape, e in order[:_TRIED]:
            self.pulse()
            verdict = self.compare(tape, goal_, self._generic(goal_))
            if verdict.status != "agrees":
                continue
            off = tuple(
                ", ".join(f"{n} = {v[0]}" for n, v in p.items())
                for p in _special(goal_) if not self._right(tape, goal_, p)
            )  # fmt: skip
            params = _VARIABLES[: len(goal_.names)]
            return Member(name, params, text(e, self.operator), written(tape), len(tape),
                          verdict, off, tape, self._classes(tape, goal_, params))  # fmt: skip
        return None

    def _tape(self, e: Expr) -> tuple[Any, ...]:
        """The composition as a tape over the operator: tokens and tuples of earlier entries."""
        entries: list[Any] = []
        place: dict[Any, int] = {}

        def put(entry: Any) -> int:
            if entry not in place:
                place[entry] = len(entries)
                entries.append(entry)
            return place[entry]

        def enter(e: Expr) -> int:  # compositions are at most a few levels deep
            if e[0] == OP:
                return put(tuple(enter(a) for a in e[1:]))
            member = self.members.get(e[0])
            if member is None:
                return put(e[0])
            args = dict(zip(member.params, (enter(a) for a in e[1:]), strict=False))
            at: list[int] = []
            for entry in member.tape:
                if isinstance(entry, tuple):
                    at.append(put(tuple(at[k] for k in entry)))
                else:
                    at.append(args[entry] if entry in args else put(entry))
            return at[-1]

        last = enter(e)
        return _reachable(entries, last)

    def value(self, tape: Sequence[Any], point: Point) -> Any:
        """The exact value of a tape at a point, None where undefined."""
        return self.trees.of_tape(tape, point)

    def compare(self, tape: Sequence[Any], goal_: Goal, points: Sequence[Point]) -> Verdict:
        """Whether the tape has the value of the formula at the points."""
        worst = 0.0
        for point in points:
            want, got = goal_.reference.at(point, 40), self.value(tape, point)
            error = float(abs(got - want) / (abs(want) or 1)) if got is not None else 1.0
            if error > 1e-20:
                return Verdict("refuted", f"at {point}", 0, error)
            worst = max(worst, error)
        how = f"tree and formula agree at {len(points)} points of the domain in the exact meaning"
        return Verdict("agrees", how, len(points), worst)

    def preimages(self, m: Member, target: Array) -> Iterator[Array]:
        """Values that a function of one makes the target of, by inverses among all functions."""
        for row in ROWS:
            if row.paper and len(row.params) == 1:
                t = native(self.goals[row.name].reference.root, {"x": target})
                if np.isfinite(t).all() and _close(_apply(self, m, (t,)), target):
                    yield _clean(t)

    def solvers(self) -> list[Solver]:
        """For functions of two: (name, place of the operand sought, its value by the other's)."""
        key = len(self.members)
        if key not in self._solvers:
            made = [
                s for m in self.members.values() if len(m.params) == 2 for s in _inverses(self, m)
            ]
            self._solvers = {key: [*made, *_undone(self.trees.program)]}
        return self._solvers[key]

    def raw(self, m: Member, operands: Sequence[Array]) -> Array:
        """The tree of a member on arrays, in doubles."""
        given = dict(zip(m.params, operands, strict=False))
        made: list[Array] = []
        for entry in m.tape:
            if isinstance(entry, tuple):
                made.append(operate(self.trees.program, [made[k] for k in entry]))
            elif entry in given:
                made.append(given[entry])
            else:
                a, b = self.trees.leaves[entry]
                made.append(np.full_like(operands[0], complex(float(a), float(b) * np.pi)))
        return made[-1]

    def _generic(self, goal_: Goal) -> list[Point]:
        """Points of the domain; trees for constants may hold x where the operator needs it."""
        points = goal_.trial_points()[:_COMPARED]
        if self.operator.variable and "x" not in goal_.names:
            points = [{**p, "x": (Fraction(k + 1, 7), Fraction(0))} for k in range(_PROBES)
                      for p in points[:_COMPARED // _PROBES]]  # fmt: skip
        return points

    def _right(self, tape: Sequence[Any], goal_: Goal, point: Point) -> bool:
        want, got = goal_.reference.at(point, 40), self.value(tape, point)
        return want is None or (got is not None and abs(got - want) <= 1e-20 * (abs(want) or 1))

    def _classes(
        self, tape: Sequence[Any], goal_: Goal, params: tuple[str, ...]
    ) -> tuple[bool, ...]:
        """Whether the tree is right: on the domain, at other reals, in the strip, in the plane."""
        if not params:
            return (True,) * 4
        out = [True]
        for kind in range(1, 4):
            points = (_draw(self.rng, params, kind) for _ in range(_PROBES))
            out.append(all(self._right(tape, goal_, p) for p in points))
        return tuple(out)


def _reachable(entries: list[Any], last: int) -> tuple[Any, ...]:
    used = {last}
    for k in range(last, -1, -1):
        if k in used and isinstance(entries[k], tuple):
            used.update(entries[k])
    order = {k: n for n, k in enumerate(sorted(used))}
    return tuple(
        tuple(order[a] for a in entries[k]) if isinstance(entries[k], tuple) else entries[k]
        for k in sorted(used)
    )


def written(tape: Sequence[Any]) -> int:
    """Nodes of the tape written out."""
    sizes: list[int] = []
    for entry in tape:
        sizes.append(1 + sum(sizes[k] for k in entry) if isinstance(entry, tuple) else 1)
    return sizes[-1]


def text(e: Expr, operator: Operator) -> str:
    """A composition as a formula, op(..) for the operator."""
    if len(e) == 1:
        return str(e[0])
    name = e[0] or ("eml" if operator.name == "eml" else "op")
    return f"{name}({', '.join(text(a, operator) for a in e[1:])})"


def _special(goal_: Goal) -> list[Point]:
    """Points of the domain that trees are often wrong at."""
    lists = [[p for p in specials(goal_.ranges.variables[n])[:9] if not p[1]] for n in goal_.names]
    points = [dict(zip(goal_.names, p, strict=True)) for p in itertools.product(*lists)]
    return [p for p in points if goal_.names and goal_.allows(p) and goal_.value(p) is not None]


def _draw(rng: random.Random, params: tuple[str, ...], kind: int) -> Point:
    """Numbers of a class: reals of any sign; the strip of one turn; the plane beyond it."""
    high = (0.0, 0.0, 3.0, 9.0)[kind]
    while True:
        point = {}
        for n in params:
            real = kind == 1 or (len(params) > 1 and rng.random() < 0.4)
            im = Fraction(0) if real else Fraction(rng.uniform(-high, high)).limit_denominator(999)
            re = Fraction(0) if not real and rng.random() < 0.3 else Fraction(
                rng.uniform(-3, 3)).limit_denominator(999)  # fmt: skip
            point[n] = (re, im)
        if kind == 1 or any(v[1] for v in point.values()):
            return point


def _group(goal_: Goal) -> tuple[float, ...]:
    for group in _GROUPS:
        if all(goal_.allows(p) and goal_.value(p) is not None for p in _points(goal_, group)):
            return group
    return _POSITIVE


def _points(goal_: Goal, group: tuple[float, ...]) -> list[Point]:
    zero = Fraction(0)
    names = goal_.names
    return [
        {n: (Fraction(group[(k + _SHIFTS[k] * (n != "x")) % 4]), zero) for n in names}
        for k in range(len(group))
    ]


class _Values:
    """Compositions by level with their values at the points of a group, shape (n, points)."""

    def __init__(self, run: _Bootstrap, group: tuple[float, ...], names: tuple[str, ...]) -> None:
        self.run, self.group, self.names = run, group, names
        self.exprs: list[list[Expr]] = [[]]
        self.values: list[Array] = [np.empty((0, len(group)), dtype=complex)]
        self.seen: set[bytes] = set()

    @property
    def full(self) -> bool:
        """Whether no further level is kept."""
        return sum(map(len, self.exprs)) > _MOST

    def extend(self, wanted: dict[str, Goal]) -> dict[str, list[Expr]]:
        """Keep the compositions of one level more, unless full: what gives the targets."""
        if self.full:
            return {}
        exprs: list[Expr] = []
        parts: list[Array] = [self.values[0]]
        for e, v in self._made(len(self.exprs)):
            new = self._new(v)
            exprs += [e(k) for k in new]
            parts.append(v[new])
        made = np.concatenate(parts)
        self.exprs.append(exprs)
        self.values.append(made)
        targets = self._targets(wanted)
        return {n: [exprs[k] for k in _giving(made, t)] for n, t in targets.items()}

    def _targets(self, wanted: dict[str, Goal]) -> dict[str, Array]:
        return {n: np.array([complex(g.value(p)) for p in _points(g, self.group)])
                for n, g in wanted.items()}  # fmt: skip

    def met(self, wanted: dict[str, Goal]) -> dict[str, list[Expr]]:
        """Two kept values under a function of two, under one of one perhaps, that give a target."""
        exprs = [e for level in self.exprs for e in level]
        values = np.concatenate(self.values)
        order = np.argsort(values[:, 0].real)
        keys = values[order, 0].real
        found: dict[str, list[Expr]] = {}
        for name, target in self._targets(wanted).items():
            out = found.setdefault(name, [])
            for wrapped, t in self._peeled(target):
                self.run.pulse()
                for function, place, solve in self.run.solvers():
                    need = solve(t, values)
                    for i, j in _matches(need, values, keys, order):
                        pair = (exprs[i], exprs[j]) if place == 1 else (exprs[j], exprs[i])
                        out.append(wrapped((function, *pair)))
        return found

    def _peeled(self, target: Array) -> Iterator[tuple[Callable[[Expr], Expr], Array]]:
        """The target, and what a known function of one makes it of."""
        yield (lambda e: e), target
        for m in self.run.members.values():
            if len(m.params) != 1 or m.name in _VARIABLES:
                continue
            for t in self.run.preimages(m, target):
                yield (lambda e, m=m: (m.name, e)), t  # type: ignore[misc]

    def _made(self, level: int) -> Iterator[tuple[Callable[[int], Expr], Array]]:
        """Blocks of values with the expression of each row."""
        if level == 1:
            for token, v in self._leaves():
                yield (lambda k, token=token: (token,)), v[None, :]  # type: ignore[misc]
            return
        functions = [m for m in self.run.members.values() if m.params and m.name not in _VARIABLES]
        below = self.exprs[level - 1]
        for m in functions:
            if len(m.params) == 1:
                made = _apply(self.run, m, (self.values[level - 1],))
                yield (lambda k, m=m, b=below: (m.name, b[k])), made  # type: ignore[misc]
        for shares in _shares(level - 1, len(self.run.operator.params)):
            yield from self._operated(shares, None)
        for m in functions:
            if len(m.params) == 2:
                for shares in _shares(level - 1, 2):
                    yield from self._operated(shares, m)

    def _operated(
        self, shares: tuple[int, ...], m: Member | None
    ) -> Iterator[tuple[Callable[[int], Expr], Array]]:
        """The operator, or a member, on all operands of some levels."""
        sizes = [len(self.exprs[s]) for s in shares]
        if not all(sizes) or int(np.prod(sizes)) > _PRODUCT:
            return
        chosen = np.unravel_index(np.arange(int(np.prod(sizes))), sizes)
        operands = tuple(self.values[s][c] for s, c in zip(shares, chosen, strict=True))
        name = OP if m is None else m.name

        def expr(k: int) -> Expr:
            return (name, *(self.exprs[s][c[k]] for s, c in zip(shares, chosen, strict=True)))

        if m is None:
            yield expr, operate(self.run.trees.program, operands)
        else:
            yield expr, _apply(self.run, m, operands)

    def _leaves(self) -> Iterator[tuple[str, Array]]:
        points = len(self.group)
        shifted = [self.group[(k + _SHIFTS[k]) % 4] for k in range(points)]
        for name, at in zip(_VARIABLES, (self.group, shifted), strict=True):
            if name in self.names:
                yield name, np.array(at, dtype=complex)
        for leaf in self.run.operator.leaves:
            a, b = self.run.trees.leaves[leaf]
            yield leaf, np.full(points, complex(float(a), float(b) * np.pi))
        for name, m in self.run.members.items():
            if not m.params and name not in self.run.operator.leaves:
                z = complex(self.run.goals[name].value({}))
                yield name, np.full(points, z)

    def _new(self, v: Array) -> list[int]:
        """The rows that are defined and have not been seen."""
        out: list[int] = []
        good = np.isfinite(v).all(axis=1) & (np.abs(v) < 1e6).all(axis=1)
        good |= (v.shape[0] == 1) & ~np.isnan(v).any(axis=1)
        keys = np.round(v, 9) + (0.0 + 0.0j)
        for k in np.flatnonzero(good).tolist():
            key = keys[k].tobytes()
            if key not in self.seen:
                self.seen.add(key)
                out.append(k)
        return out


def _giving(v: Array, want: Array) -> list[int]:
    """The rows of values that are the target's."""
    near = np.flatnonzero(np.abs(v[:, 0] - want[0]) <= 1e-9 * max(1.0, abs(want[0])))
    close = np.abs(v[near] - want) <= 1e-9 * np.maximum(1.0, np.abs(want))
    return [int(k) for k in near[close.all(axis=1)]]


def _shares(total: int, parts: int) -> Iterator[tuple[int, ...]]:
    if parts == 1:
        yield (total,)
        return
    for first in range(1, total - parts + 2):
        for rest in _shares(total - first, parts - 1):
            yield (first, *rest)


def _clean(z: Array) -> Array:
    """Parts that are only rounding set to +0."""
    size = np.where(np.isfinite(z), np.abs(z) * 1e-13, 0.0)
    re = np.where(np.abs(z.real) <= size, 0.0, z.real)
    im = np.where((np.abs(z.imag) <= size) | np.isinf(z.real), 0.0, z.imag)
    out = np.empty(z.shape, dtype=complex)
    out.real, out.imag = re, im
    return out


def operate(program: Any, operands: Sequence[Array]) -> Array:
    """The operator on arrays of complex doubles, principal values; nan where it has none."""
    registers = [*operands, *(np.full_like(operands[0], float(c)) for c in program.constants)]
    with np.errstate(all="ignore"):
        for code, i, j in program.steps:
            x, y = registers[i], registers[j]
            if code in (EXP, CUT):
                v = np.where(np.isneginf(x.real), 0.0, np.exp(x))
            elif code in (LN, TURNED):
                v = np.log(x)
            elif code in (ADD, SUB):
                v = x + y if code == ADD else x - y
                v = np.where(np.abs(v) < 1e-13 * np.abs(x), 0.0, v)
            else:
                v = x * y if code == MUL else x / y
            registers.append(_clean(v))
    out: Array = registers[-1]
    return out


def _apply(run: _Bootstrap, m: Member, operands: tuple[Array, ...]) -> Array:
    """The value of a member's tree on arrays: the member's where they are known to agree."""
    goal_ = run.goals[m.name]
    with np.errstate(all="ignore"):
        values = dict(zip(m.params, operands, strict=True))
        made = _clean(native(goal_.reference.root, values))
        real = np.logical_and.reduce([z.imag == 0 for z in operands])
        strip = np.logical_and.reduce([np.abs(z.imag) < np.pi * (1 - 1e-9) for z in operands])
        natural = real & (made.imag == 0)
        kinds = np.where(natural, 0, np.where(real, 1, np.where(strip, 2, 3)))
        wrong = ~np.array(m.right)[kinds]
        if wrong.any():  # there the tree means something else: what, it says itself
            made[wrong] = run.raw(m, [np.broadcast_to(z, made.shape)[wrong] for z in operands])
        return made


def native(root: Node, values: dict[str, Array]) -> Array:
    """A formula over ground rows on arrays of complex doubles, by numpy's functions."""
    shape = next(iter(values.values())).shape

    def apply(n: Node, args: list[Array]) -> Array:
        if isinstance(n.head, Var):
            return values[n.head.name]
        if isinstance(n.head, Lit):
            return np.full(shape, complex(float(n.head.value)))
        assert isinstance(n.head, Primitive)
        row = n.head
        if not row.params:
            return np.full(shape, complex(Reference(n).at({}, 20)))
        if row.infix in _ARITHMETIC and len(row.params) == 2:
            return np.asarray(_ARITHMETIC[row.infix](*args))
        name = row.native.removeprefix("np.").partition("(")[0]
        return np.asarray(getattr(np, name)(*args))

    return fold(root, apply)


def _close(v: Array, w: Array) -> bool:
    return bool(np.all(np.abs(v - w) <= 1e-10 * (1.0 + np.abs(w))))


def _inverses(run: _Bootstrap, m: Member) -> Iterator[Solver]:
    """How a function of two is undone by one of two, tried on numbers."""
    a, b = np.array([1.7 + 0j, 0.6 + 0j]), np.array([0.8 + 0j, 2.3 + 0j])
    t = _apply(run, m, (a, b))
    for row in ROWS:
        if not row.paper or len(row.params) != 2:
            continue
        root = run.goals[row.name].reference.root
        for place, (known, sought) in ((1, (a, b)), (0, (b, a))):
            for first in (True, False):

                def solve(t: Array, c: Array, root: Node = root, first: bool = first) -> Array:
                    x, y = (t + 0 * c, c) if first else (c, t + 0 * c)
                    with np.errstate(all="ignore"):
                        return native(root, {"x": x, "y": y})

                if _close(solve(t, known), sought):
                    yield m.name, place, solve
                    break


def _undone(program: Program) -> Iterator[Solver]:
    """How an operator of two is undone."""
    for param in range(program.inputs if program.inputs == 2 else 0):
        back = inverse(program, param)
        if back is None:
            continue

        def solve(t: Array, c: Array, back: Program = back) -> Array:
            return operate(back, (t + 0 * c, c, c))

        yield OP, param, solve


def _matches(need: Array, values: Array, keys: Array, order: Array) -> Iterator[tuple[int, int]]:
    """Pairs (i, j) such that row i of what is needed is row j of the values."""
    re = need[:, 0].real
    width = 1e-9 * np.maximum(1.0, np.abs(re))
    good = np.isfinite(need).all(axis=1)
    first = np.searchsorted(keys, np.where(good, re - width, np.inf))
    last = np.searchsorted(keys, np.where(good, re + width, -np.inf))
    for i in np.flatnonzero(last > first).tolist():
        for j in order[first[i] : last[i]].tolist():
            if _close(values[j], need[i]):
                yield i, j


_ARITHMETIC: dict[str, Callable[[Array, Array], Array]] = {
    "+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide, "^": np.power,
}  # fmt: skip
