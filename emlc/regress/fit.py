"""Formulas for data: exact trees first, then evolution with fitted constants, then the reading."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from emlc.errors import ArgumentError, EmlcError, MissingError
from emlc.ir.node import Node, from_tokens, variables
from emlc.ir.tape import flatten
from emlc.lower.jit import Array
from emlc.passes.raise_ import raise_tree
from emlc.passes.ranges import declare
from emlc.regress import finish, machine
from emlc.regress.equation import Equation, domain_text, front, r_squared, with_tree
from emlc.regress.evolve import Island, Task, chosen
from emlc.regress.exact import Solution, solve
from emlc.regress.keep import Kept
from emlc.regress.predict import OfFormula, OfTree
from emlc.regress.scan import scan
from emlc.regress.trees import values
from emlc.show import show

_SEARCHED = 150
_CHUNK = 5.0
_NOISELESS = 1e-26
_ROUNDING = 1e-24
_SOLVED_VARIABLES = 3
_SHOWN = 16


@dataclass(slots=True)
class Options:
    """What a fit may use. See `EMLRegressor` for the meaning."""

    timeout: float = 30.0
    max_size: int = 40
    operators: Sequence[str] | None = None
    seed: int = 0
    n_jobs: int = 1
    max_fits: int | None = None
    solve: bool = True
    checkpoint: str | None = None
    progress: Callable[[str], None] | None = None


@dataclass(slots=True)
class Fit:
    """The outcome: equations of the front, smallest first; `stopped` is why it ended."""

    equations: list[Equation]
    best: Equation
    seconds: float
    stopped: str
    names: list[str]
    fits: int
    states: list[dict[str, Array]] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """The document of `emlc fit --json`."""
        return {
            "schema": 1,
            "best": self.best.to_json(),
            "front": [e.to_json() for e in self.equations],
            "seconds": round(self.seconds, 3),
            "stopped": self.stopped,
        }


def fit(
    columns: Mapping[str, Sequence[float] | Array],
    target: Sequence[float] | Array,
    weights: Sequence[float] | Array | None = None,
    *,
    options: Options | None = None,
    states: Sequence[dict[str, Array]] = (),
) -> Fit:
    """Find formulas that give the target from the columns.

    Columns are real numbers, finite, of one length; weights are not negative. An interrupt (Ctrl-C)
    ends the search with what is known. Raises ArgumentError for data that cannot be used.

    >>> x = np.linspace(0.5, 3.0, 40)
    >>> found = fit({"x": x}, 3 * np.exp(-x / 2) + 1, options=Options(timeout=20))
    >>> found.stopped, found.best.text, found.best.exact
    ('exact', '3*exp(-x/2) + 1', True)
    """
    return _Run(columns, target, weights, options or Options(), states).all()


class _Run:
    def __init__(
        self, columns: Mapping[str, Any], target: Any, weights: Any, options: Options,
        states: Sequence[dict[str, Array]],
    ) -> None:  # fmt: skip
        self.begun = time.monotonic()
        self.options = options
        self.names, self.x, self.y, self.w = checked(columns, target, weights)
        self.operators = tuple(row.name for row in machine.rows(options.operators))
        self.equations: list[Equation] = []
        self.stopped = "time"
        self.until = self.begun + options.timeout
        mean = float(np.sum(self.w * self.y))
        self.spread = float(np.sum(self.w * (self.y - mean) ** 2))
        self.scale = math.sqrt(self.spread) or abs(mean) or 1.0
        self.kept = Kept(options.checkpoint, self.names, self.x, self.y, self.operators,
                         options.max_size)  # fmt: skip
        self.given = list(states) or self.kept.states
        self.islands: list[Island] = []

    def all(self) -> Fit:
        """The stages in their order."""
        try:
            self._exact()
            if self.stopped != "exact":
                self._evolve()
        except KeyboardInterrupt:
            self.stopped = "interrupted"
        self._read()
        found = front(self.equations)
        best = min(found, key=lambda e: e.length)
        if self.stopped == "time" and best.exact:
            self.stopped = "exact"
        seconds = time.monotonic() - self.begun
        tried = sum(island.tried for island in self.islands)
        states = [island.state() for island in self.islands]
        return Fit(found, best, seconds, self.stopped, self.names, tried, states)

    def tell(self, text: str) -> None:
        """Progress, if somebody listens."""
        if self.options.progress is not None:
            self.options.progress(text)

    # -- pure trees

    def _exact(self) -> None:
        options = self.options
        if not options.solve or not 0 < len(self.names) <= _SOLVED_VARIABLES or self.spread == 0:
            return
        data = dict(zip(self.names, self.x, strict=True))
        share = min(3.0, 0.15 * options.timeout)
        found = solve(data, self.y, seconds=share, memory=8e8, prove=True, max_size=31)
        if found is not None:
            self.equations.append(self._solved(found))
            if found.k <= 2 * len(self.y):
                self.stopped = "exact"
            return
        for rpn, error in scan(self.names, self.x, self.y, self.w, time.monotonic() + share):
            self.equations.append(self._pure(rpn, error))

    def _pure(self, rpn: list[str], error: float) -> Equation:
        points = len(self.y)
        relative = error / self.scale**2
        length = 0.5 * points * math.log(relative + finish.FLOOR)
        length += len(rpn) * math.log(3.0 + len(self.names))
        tree = from_tokens(rpn)
        predict = OfTree(rpn, self.names)
        shown, where = _raised(tree, dict(zip(self.names, self.x, strict=True)))
        made = Equation(shown, {}, error, self._r2(error), length, predict, tree=tree)
        made.domain = where
        made.exact = relative < _ROUNDING
        return made

    def _solved(self, found: Solution) -> Equation:
        made, _ = values(found.rpn, self.names, self.x)
        error = float(np.sum(self.w * (made[:, 0] - self.y) ** 2))
        equation = self._pure(found.rpn, error if math.isfinite(error) else 0.0)
        equation.exact = True
        but = f", {found.lossy} values undecided" if found.lossy else ""
        equation.proof = (
            f"no smaller tree fits these samples{but}"
            if found.smallest
            else f"no tree of fewer than {found.below} nodes fits these samples{but}"
        )
        return equation

    def _r2(self, error: float) -> float:
        return 1.0 - error / self.spread if self.spread else float(error == 0.0)

    # -- evolution

    def _evolve(self) -> None:
        rows = list(chosen(len(self.y), _SEARCHED, self.options.seed))
        w = self.w[rows] / max(float(self.w[rows].sum()), 1e-300)
        task = Task(
            np.ascontiguousarray(self.x[:, rows]), self.y[rows] / self.scale, w,
            self.operators, self.options.max_size,
        )  # fmt: skip
        count = max(1, _jobs(self.options.n_jobs))
        seed = self.options.seed
        self.islands = [Island(task, seed * 97 + k, _NOISELESS) for k in range(count)]
        for island, state in zip(self.islands, self.given, strict=False):
            island.restore(state)
        if self.spread == 0.0:
            self.islands[0].constant()
            self.stopped = "exact"
            return
        self._get_ready(task)
        while True:
            if any(i.finished for i in self.islands):
                self.stopped = "exact"
                return
            if time.monotonic() >= self.until or self._enough():
                self.stopped = "time" if time.monotonic() >= self.until else "size"
                return
            self._chunk(min(self.until, time.monotonic() + _CHUNK))
            self.kept.save([i.state() for i in self.islands])
            best = min(self.islands, key=lambda i: float(i.best.min()))
            self.tell(_said(best, task, self.names, time.monotonic() - self.begun))

    def _get_ready(self, task: Task) -> None:
        """Have the engine compiled, which the time given does not pay for."""
        begun = time.monotonic()
        _warm(task)
        self.until += time.monotonic() - begun

    def _enough(self) -> bool:
        most = self.options.max_fits
        return most is not None and sum(i.tried for i in self.islands) >= most

    def _chunk(self, until: float) -> None:
        """Run all islands for a while."""
        most = self.options.max_fits
        each = None if most is None else max(1, most // len(self.islands))
        if len(self.islands) == 1:
            self.islands[0].run(until, most=each)
            return
        joblib = _joblib()
        jobs = [
            joblib.delayed(_advance)(i.task, i.seed, i.state(), until - time.monotonic(), each)
            for i in self.islands
        ]
        done = joblib.Parallel(n_jobs=len(self.islands))(jobs)
        for island, state in zip(self.islands, done, strict=True):
            island.restore(state)

    # -- reading

    def _read(self) -> None:
        """The archive as equations: refitted on all rows, snapped, with their trees."""
        w = self.w / self.scale**2
        task = Task(self.x, self.y, w, self.operators, self.options.max_size)
        candidates = [(f, i) for i in self.islands for f in i.front()]
        candidates.sort(key=lambda c: c[0].error)
        low, kept = math.inf, []
        for f, island in sorted(candidates, key=lambda c: (c[0].cost, c[0].error)):
            if f.error < 0.98 * low:
                low = f.error
                kept.append((f, island))
        for f, island in kept[-_SHOWN:]:
            self._add(f, island, task)
        if not self.equations:
            self._add_mean(task)
        observed = {
            n: f"[{_decimal(c.min())},{_decimal(c.max())}]"
            for n, c in zip(self.names, self.x, strict=True)
        }
        for e in self.equations:
            with_tree(e, observed)

    def _add_mean(self, task: Task) -> None:
        island = Island(Task(task.x, self.y / self.scale, self.w, self.operators, 8), 0)
        island.constant()
        self._add(island.front()[0], island, task)

    def _add(self, f: Any, island: Island, task: Task) -> None:
        m = finish.model(f, island, task, self.scale)
        m.refit()
        if not math.isfinite(m.error):
            return
        finish.prune(m)
        finish.snap(m)
        finish.round_free(m)
        template, constants = finish.to_node(m, task, self.names)
        error = m.error * self.scale**2
        predict = OfFormula(m.code, m.const, [row.name for row in task.rows])
        made = Equation(
            template, constants, error, r_squared(self.y, m.values(), self.w), m.length(), predict
        )
        made.exact = not constants and m.error < _ROUNDING
        made.snapped = m.said
        self.equations.append(made)


def _advance(
    task: Task, seed: int, state: dict[str, Array], seconds: float, most: int | None
) -> dict[str, Array]:
    """One island for a while, in a process of its own."""
    _warm(task)
    island = Island(task, seed, _NOISELESS)
    island.restore(state)
    island.run(time.monotonic() + seconds, most=most)
    return island.state()


def _warm(task: Task) -> None:
    """Run the engine for a moment on three rows."""
    rows = slice(0, 3)
    small = Task(task.x[:, rows].copy(), task.y[rows], task.w[rows], task.operators, 8)
    Island(small, 0).run(math.inf, most=1)


def _jobs(wanted: int) -> int:
    import os

    return wanted if wanted > 0 else max(1, (os.cpu_count() or 1) + 1 + wanted)


def _joblib() -> Any:
    try:
        import joblib
    except ImportError:
        raise MissingError(
            "several processes need joblib", hint='pip install "emlc[regress]"'
        ) from None
    return joblib


def _decimal(value: float) -> str:
    return f"{value:.17g}"


def _said(island: Island, task: Task, names: Sequence[str], seconds: float) -> str:
    """The current front in some lines."""
    lines = [f"{seconds:5.0f} s  {island.tried} formulas fitted"]
    for f in island.front()[-6:]:
        made = finish.model(f, island, task)
        template, constants = finish.to_node(made, task, names)
        short = {n: float(f"{v:.4g}") for n, v in constants.items()}
        text = show(Equation(template, short, 0, 0, 0, lambda x: x).formula)
        lines.append(f"  {f.cost:3d}  1-R2 = {f.error:.2e}  {text}")
    return "\n".join(lines)


def _raised(tree: Node, data: Mapping[str, Array]) -> tuple[Node, str]:
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
    return made.formula, domain_text(made.domain)


def checked(
    columns: Mapping[str, Any], target: Any, weights: Any
) -> tuple[list[str], Array, Array, Array]:
    """Names, columns (variables, points), target and weights that sum to 1, all finite doubles."""
    names = list(columns)
    y = _column("the target", target)
    x = np.empty((len(names), len(y)))
    for k, name in enumerate(names):
        column = _column(name, columns[name])
        if len(column) != len(y):
            raise ArgumentError(f"{name} has {len(column)} values, the target {len(y)}")
        x[k] = column
    w = np.ones(len(y)) if weights is None else _column("the weights", weights)
    if len(w) != len(y):
        raise ArgumentError(f"there are {len(w)} weights for {len(y)} values")
    if (w < 0).any() or not w.sum() > 0:
        raise ArgumentError("weights are not negative, and not all of them 0")
    return names, *_merged(x, y, w)


def _merged(x: Array, y: Array, w: Array) -> tuple[Array, Array, Array]:
    """The rows in order, equal ones as one, so that a weight of 2 is two rows of weight 1."""
    rows, where = np.unique(np.vstack([x, y])[:, w > 0], axis=1, return_inverse=True)
    total = np.zeros(rows.shape[1])
    np.add.at(total, where.reshape(-1), w[w > 0])
    return np.ascontiguousarray(rows[:-1]), rows[-1].copy(), total / total.sum()


def _column(name: str, data: Any) -> Array:
    try:
        column = np.asarray(data, dtype=np.float64)
    except (TypeError, ValueError):
        raise ArgumentError(f"{name} is not a column of real numbers") from None
    if column.ndim != 1 or not len(column):
        raise ArgumentError(f"{name} is not a column of numbers: its shape is {column.shape}")
    bad = np.flatnonzero(~np.isfinite(column))
    if len(bad):
        hint = "leave out such rows, or fill them in"
        raise ArgumentError(
            f"{name} has {len(bad)} missing or infinite values, the first in row {bad[0] + 1}",
            hint=hint,
        )
    return column
