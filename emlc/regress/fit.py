"""Formulas for data: exact trees first, then evolution with fitted constants, then the reading."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

import numpy as np

from emlc.ir.node import from_tokens, var
from emlc.lower.jit import Array
from emlc.regress import machine
from emlc.regress.archive import CONSTANT, Formula
from emlc.regress.constants import near
from emlc.regress.data import checked
from emlc.regress.equation import Equation, chosen, front, raised, with_tree
from emlc.regress.evolve import Task
from emlc.regress.exact import TOLERANCE, misfit, solve
from emlc.regress.finish import prune, round_free, snap
from emlc.regress.forms import Forms
from emlc.regress.groups import Groups, warm
from emlc.regress.hybrid import propose
from emlc.regress.keep import Kept, State, mark
from emlc.regress.model import FLOOR, ROUNDING, SAID, Model, model
from emlc.regress.options import Options
from emlc.regress.predict import OfFormula, OfText, OfTree
from emlc.regress.scan import scan, squared_error
from emlc.regress.spelled import to_node
from emlc.regress.sums import sums
from emlc.regress.trees import values
from emlc.show import show

_SEARCHED, _SUMMED, _READ = 150, 300, 10_000
_CHUNK = 3.0
_NOISELESS = 1e-26
_SOLVED_VARIABLES = 3
_PROPOSED = 5_000
_SHOWN = 16
_READING = 3.0
_ANSWERING = 0.4
_SOLVED = ("solved", "proof")


@dataclass(slots=True)
class Fit:
    """The outcome: equations of the front, smallest first; `stopped` is why it ended."""

    equations: list[Equation]
    best: Equation
    seconds: float
    stopped: str
    names: list[str]
    fits: int
    state: State = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The document of `emlc fit --json`."""
        return {
            "schema": 1,
            "best": self.best.to_json(),
            "front": [e.to_json() for e in self.equations],
            "seconds": round(self.seconds, 3),
            "stopped": self.stopped,
        }

    def __repr__(self) -> str:
        return f"<Fit: {len(self.equations)} formulas, best {self.best!r}>"

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, str]:
        """What a notebook shows: the best formula, and the front with a mark at it."""
        from emlc.render.notebook import bundle, table

        rows = [
            ["→" * (e is self.best), f"{e.k:,}", f"{e.loss:.2g}", f"{e.r2:.6g}", e.text]
            for e in self.equations
        ]
        out = bundle(repr(self), [], formula=self.best.formula)
        front = table(rows, ("", "K", "loss", "R²", "formula"))
        return {**out, "text/html": f"<div>{out['text/html']}{front}</div>"}


def fit(
    columns: Mapping[str, Sequence[float] | Array],
    target: Sequence[float] | Array,
    weights: Sequence[float] | Array | None = None,
    *,
    options: Options | None = None,
    state: State | None = None,
) -> Fit:
    """Find formulas that give the target from the columns.

    Columns are real numbers, finite, of one length; weights are not negative. An interrupt (Ctrl-C)
    ends the search with what is known. Raises ArgumentError for data that cannot be used.

    >>> x = np.linspace(0.5, 3.0, 40)
    >>> found = fit({"x": x}, 3 * np.exp(-x / 2) + 1, options=Options(timeout=20))
    >>> found.stopped, found.best.text, found.best.exact
    ('exact', '3*exp(-x/2) + 1', True)
    """
    return _Run(columns, target, weights, options or Options(), state).all()


class _Run:
    def __init__(
        self, columns: Mapping[str, Any], target: Any, weights: Any, options: Options,
        state: State | None,
    ) -> None:  # fmt: skip
        self.begun = time.monotonic()
        self.until = self.begun + options.timeout
        self.options = options
        self.names, self.x, self.y, self.w = checked(columns, target, weights)
        # E is eml in RPN.
        free = next(n for k in range(len(self.names) + 1) if (n := f"E{k}") not in self.names)
        self.tokens = [free if name == "E" else name for name in self.names]
        rows = machine.rows(options.operators)
        self.operators = tuple(row.name for row in rows)
        known = [row.name for row in machine.table(rows)]
        settings = (self.operators, known, options.max_size)
        self.belongs = mark(self.names, (self.x, self.y, self.w), settings)
        asked = None if options.any_seed else options.seed
        self.kept = Kept(options.checkpoint, self.belongs, asked)
        warm = state is not None and str(state.get("mark")) == self.belongs
        self.given = state if warm else self.kept.state
        self.seed = options.seed if self.given is None else int(self.given["seed"])
        some = list(_chosen(len(self.y), _READ, self.seed))
        self.whole = len(some) == len(self.y)
        self.sample = (
            self.x[:, some],
            self.y[some],
            self.w[some] / max(float(self.w[some].sum()), 1e-300),
        )
        self.equations: list[Equation] = []
        self.stopped = "time"
        mean = float(np.sum(self.w * self.y))
        self.spread = float(np.sum(self.w * (self.y - mean) ** 2))
        self.scale = math.sqrt(self.spread) or abs(mean) or 1.0
        self.solved: State = {}
        self.groups = self._grouped()

    def all(self) -> Fit:
        """The stages in their order."""
        self._get_ready()  # where nothing is known yet that an interrupt could end with
        try:
            self._exact()
            if self.stopped != "exact":
                self._evolve()
        except KeyboardInterrupt:
            self.stopped = "interrupted"
        early, pure = self.stopped == "interrupted", list(self.equations)
        try:
            self._read(time.monotonic() + _ANSWERING if early else self.until)
        except KeyboardInterrupt:
            self.stopped, self.equations = "interrupted", pure
            self._read(time.monotonic() + _ANSWERING)
        found = front(self.equations)
        best = chosen(found)
        if self.stopped == "time" and best.exact:
            self.stopped = "exact"
        seconds = time.monotonic() - self.begun
        state = {"mark": np.array(self.belongs), **self._state()}
        return Fit(found, best, seconds, self.stopped, self.names, self.groups.tried, state)

    def _state(self) -> State:
        """What a later run needs to go on."""
        return self.groups.state() | self.solved

    def tell(self, text: str) -> None:
        """Progress, if somebody listens."""
        if self.options.progress is not None:
            self.options.progress(text)

    def _get_ready(self) -> None:
        """Have everything compiled, which the time given does not pay for."""
        warm(Task(self.x, self.y, self.w, self.operators, self.options.max_size))
        solve({"x": [0.3, 0.7]}, [0.3, 0.7], seconds=0.1)
        near(0.5, 1e-9)
        if len(self.names) > _SOLVED_VARIABLES:
            propose({"x": [0.3, 0.7, 0.9]}, [0.1, 0.3, 0.2], seconds=0.0)
        self.until = time.monotonic() + self.options.timeout

    # -- pure trees

    def _exact(self) -> None:
        if not self.options.solve or not self.names or self.spread == 0:
            return
        data = dict(zip(self.tokens, self.x, strict=True))
        few = len(self.names) <= _SOLVED_VARIABLES
        if self.given is None:
            self.solved = self._searched(data) if few else self._proposed(data)
            self.kept.save(self._state())  # a fit that goes on from here does not solve again
        else:
            self.solved = {n: self.given[n] for n in _SOLVED if n in self.given}
            if self.solved and not self._fits(self.solved):
                self.kept.refuse()
        if self.solved:
            rpn = self.solved["solved"].tolist()
            made = self._pure(rpn, self._error(rpn))
            made.exact, made.proof = True, str(self.solved["proof"])
            self.equations.append(made)
            if len(rpn) <= 2 * len(self.y):
                self.stopped = "exact"
        elif few:
            until = time.monotonic() + self._share()
            for rpn, error in scan(self.tokens, *self.sample, until):
                if not self.whole:
                    error = squared_error(rpn, self.tokens, self.x, self.y, self.w)
                if math.isfinite(error):
                    self.equations.append(self._pure(rpn, error))

    def _fits(self, solved: State) -> bool:
        """Whether a tree from a file is one, and gives the data."""
        rpn = solved["solved"].tolist() if solved.keys() == {*_SOLVED} else None
        if not isinstance(rpn, list) or not {*map(str, rpn)} <= {"1", "E", *self.tokens}:
            return False
        depths = list(accumulate(-1 if token == "E" else 1 for token in rpn))
        if min(depths, default=0) < 1 or depths[-1] > 1:
            return False
        return misfit(rpn, self.tokens, self.x, self.y.astype(np.complex128)) <= TOLERANCE

    def _share(self) -> float:
        """Seconds for the solver; many where memory bounds it, for results that repeat."""
        timeout = self.options.timeout
        return min(3.0, 0.15 * timeout) if self.options.max_fits is None else 0.5 * timeout

    def _searched(self, data: Mapping[str, Array]) -> State:
        """The smallest tree found, and what is known of smaller ones."""
        memory = 8e8 if self.options.max_fits is None else 3e7
        found = solve(data, self.y, seconds=self._share(), memory=memory, max_size=31)
        if found is None:
            return {}
        but = f", {found.lossy} values undecided" if found.lossy else ""
        fewer = "smaller tree" if found.smallest else f"tree of fewer than {found.below} nodes"
        proof = f"no {fewer} fits these samples{but}"
        return {"solved": np.array(found.rpn), "proof": np.array(proof)}

    def _proposed(self, data: Mapping[str, Array]) -> State:
        """A tree by circuits, where there are too many variables for the solver."""
        timed = self.options.max_fits is None
        rpn = propose(
            data, self.y, seed=self.seed,
            seconds=min(1.0, 0.05 * self.options.timeout) if timed else math.inf,
            most=math.inf if timed else _PROPOSED,
        )  # fmt: skip
        return {} if rpn is None else {"solved": np.array(rpn), "proof": np.array("")}

    def _error(self, rpn: list[str]) -> float:
        """The weighted squared error of a tree that fits; 0 where doubles cannot tell."""
        made, _ = values(rpn, self.tokens, self.x)
        error = float(np.sum(self.w * (made[:, 0] - self.y) ** 2))
        return error if math.isfinite(error) else 0.0

    def _pure(self, rpn: list[str], error: float) -> Equation:
        points = len(self.sample[1])
        relative = error / self.scale**2
        length = 0.5 * points * math.log(relative + FLOOR)
        length += len(rpn) * math.log(3.0 + len(self.names))
        tree = from_tokens(rpn, dict(zip(self.tokens, map(var, self.names), strict=True)))
        shown, where = raised(tree, dict(zip(self.names, self.x, strict=True)))
        read = shown is not tree
        predict = OfText(show(shown), self.names) if read else OfTree(rpn, self.tokens)
        made = Equation(shown, {}, error, self._r2(error), length, predict, tree=tree)
        made.domain = where
        made.exact = relative < ROUNDING
        return made

    def _r2(self, error: float) -> float:
        return 1.0 - error / self.spread if self.spread else float(error == 0.0)

    # -- evolution

    def _grouped(self) -> Groups:
        rows = list(_chosen(len(self.y), _SEARCHED, self.seed))
        w = self.w[rows] / max(float(self.w[rows].sum()), 1e-300)
        task = Task(
            np.ascontiguousarray(self.x[:, rows]), self.y[rows] / self.scale, w,
            self.operators, self.options.max_size, _NOISELESS,
        )  # fmt: skip
        groups = Groups(task, self.seed, self.options.n_jobs)
        given = {n: a for n, a in (self.given or {}).items() if n not in ("mark", *_SOLVED)}
        if given and not groups.restore(given):
            self.kept.refuse()
        return groups

    def _evolve(self) -> None:
        if self.spread == 0.0 or not self.names:
            self.stopped = "exact" if self.spread == 0.0 else "size"
            return
        groups = self.groups
        begun = bool(groups.tried)
        if not begun:
            self._sum()
            self.kept.save(self._state())
        most = math.inf if self.options.max_fits is None else self.options.max_fits
        until = self.until - min(_READING, 0.15 * self.options.timeout)
        while not groups.over(most) and (not begun or time.monotonic() < until):
            groups.run(min(until, time.monotonic() + _CHUNK), most)
            begun = True
            self.kept.save(self._state())
            self.tell(self._said())
        self.stopped = "exact" if groups.exact else "size" if groups.over(most) else "time"

    def _sum(self) -> None:
        """What least squares alone finds, for evolution to start from."""
        task, rows = self.groups.task, _chosen(len(self.y), _SUMMED, self.seed)
        forms = Forms(np.ascontiguousarray(self.x[:, rows]), task.rows, self.operators)
        w = self.w[rows] / max(float(self.w[rows].sum()), 1e-300)
        self.groups.begin(sums(forms, self.y[rows], w, self.options.max_size))

    # -- reading

    def _read(self, until: float) -> None:
        """The archive as equations: refitted on all rows or ten thousand, snapped, with trees.

        The promising ones come first; what the time does not suffice for is left as it is.
        """
        x, y, w = self.sample
        task = Task(x, y, w / self.scale**2, self.operators, self.options.max_size)
        models = [model(f, task, self.scale) for f in self._promising()]
        for m in sorted(models, key=Model.length):
            self._add(m, task, until)
        if not any(e.r2 > -1e-9 for e in self.equations):
            mean = float(np.sum(self.w * self.y))
            code, const = np.array([CONSTANT]), np.array([mean])
            self._add(model(Formula(code, const, 0.0, 1.0, self.spread, 2, 1), task), task, until)
        observed = {
            n: f"[{_decimal(c.min())},{_decimal(c.max())}]"
            for n, c in zip(self.names, self.x, strict=True)
        }
        for e in sorted(self.equations, key=lambda e: e.length):
            with_tree(e, observed)

    def _promising(self) -> list[Formula]:
        """The front, where each step is worth it, and what comes near the least description."""
        found = self.groups.view()
        kept: list[Formula] = []
        for f in found.front():
            if not kept or f.error < 0.98 * kept[-1].error:
                kept.append(f)
        points = len(self.sample[1])

        def length(f: Formula) -> float:
            said = SAID * len(f.code) + (0.5 * math.log(points) + 2.0) * f.numbers
            return 0.5 * points * math.log(f.error + FLOOR) + said

        near = sorted(found.all(), key=length)[:_SHOWN]
        return kept[-_SHOWN:] + [f for f in near if all(f.error != other.error for other in kept)]

    def _add(self, m: Model, task: Task, until: float) -> None:
        if time.monotonic() < until:
            m.refit()
        if not math.isfinite(m.error):
            return
        if math.isfinite(m.length()):  # else there are too few rows to judge by
            prune(m, until)
            snap(m, until)
        round_free(m)
        template, constants = to_node(m, task, self.names)
        predict = OfFormula(m.code, m.const, [row.name for row in task.rows])
        values = m.values() if self.whole else predict(self.x)
        with np.errstate(all="ignore"):
            error = float(np.sum(self.w * (self.y - values) ** 2))
        if not math.isfinite(error):
            return
        made = Equation(template, constants, error, self._r2(error), m.length(), predict)
        made.exact = not constants and error < ROUNDING * self.scale**2
        made.snapped = m.said
        self.equations.append(made)

    def _said(self) -> str:
        """The current front in some lines."""
        seconds = time.monotonic() - self.begun
        task = self.groups.task
        lines = [f"{seconds:5.0f} s  {self.groups.tried} formulas fitted"]
        for f in self.groups.view().front()[-6:]:
            template, constants = to_node(model(f, task), task, self.names)
            short = {n: float(f"{v:.4g}") for n, v in constants.items()}
            text = show(Equation(template, short, 0, 0, 0, lambda x: x).formula)
            lines.append(f"  {f.cost:3d}  1-R2 = {f.error:.2e}  {text}")
        return "\n".join(lines)


def _chosen(count: int, most: int, seed: int) -> Sequence[int]:
    """Rows that stand for all in the search."""
    if count <= most:
        return range(count)
    return sorted(np.random.default_rng(seed).choice(count, most, replace=False).tolist())


def _decimal(value: float) -> str:
    return f"{value:.17g}"
