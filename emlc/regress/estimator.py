"""The scikit-learn estimator."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from emlc.errors import ArgumentError, MissingError
from emlc.lower.jit import Array
from emlc.parse.names import variable_of
from emlc.regress.equation import Equation
from emlc.regress.fit import Fit, Options, fit

try:
    from sklearn.base import BaseEstimator, RegressorMixin
    from sklearn.utils.validation import check_is_fitted, validate_data
except ImportError:
    raise MissingError(
        "the estimator needs scikit-learn", hint='pip install "emlc[regress]"'
    ) from None

if TYPE_CHECKING:
    import pandas
    import sympy

    from emlc.ir.node import Node


class EMLRegressor(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """Formulas for data, as a scikit-learn estimator.

    timeout       seconds for one fit
    max_size      most entries of a formula: operators, variables and numbers
    operators     names of rows of the table of functions; None for the usual ones
    max_fits      most formulas fitted, for results that do not depend on the machine's speed
    solve         look for exact pure trees first (up to three variables)
    random_state  seed of the evolution
    n_jobs        processes, by joblib, with an evolution each (-1: all processors); inside
                  `joblib.parallel_config("dask")` they run on the cluster
    warm_start    whether `fit` goes on from the last one on the same data
    checkpoint    file that keeps the state every few seconds; a fit that finds it goes on
    progress      called with the current front as text every few seconds

    After `fit`: `equations_` (the Pareto front as a data frame), `best_` (an Equation), `tree_`
    (its pure tree as a Node), `feature_names_` (the variables of formulas), `stopped_`, `n_iter_`
    (formulas fitted).

    >>> X = np.linspace(1, 3, 30)[:, None]
    >>> model = EMLRegressor(timeout=20).fit(X, 2 * np.exp(X[:, 0]))
    >>> model.best_.text, model.sympy()
    ('2*exp(x0)', 2*exp(x0))
    """

    def __init__(
        self,
        *,
        timeout: float = 30.0,
        max_size: int = 40,
        operators: Sequence[str] | None = None,
        max_fits: int | None = None,
        solve: bool = True,
        random_state: Any = None,
        n_jobs: int = 1,
        warm_start: bool = False,
        checkpoint: str | None = None,
        progress: Callable[[str], None] | None = None,
    ) -> None:
        self.timeout = timeout
        self.max_size = max_size
        self.operators = operators
        self.max_fits = max_fits
        self.solve = solve
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.warm_start = warm_start
        self.checkpoint = checkpoint
        self.progress = progress

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> EMLRegressor:
        """Find formulas of the columns of X, shape (points, variables), for y, shape (points,)."""
        from sklearn.utils import check_random_state
        from sklearn.utils.validation import _check_sample_weight

        _positive(timeout=self.timeout, max_size=self.max_size)
        names = getattr(X, "columns", None)
        X, y = validate_data(self, X, y, dtype=np.float64, y_numeric=True)
        if sample_weight is not None:
            sample_weight = _check_sample_weight(sample_weight, X, ensure_non_negative=True)
        self.feature_names_ = _names(names, X.shape[1])
        seed = int(check_random_state(self.random_state).randint(1 << 20))
        options = Options(
            timeout=self.timeout, max_size=self.max_size, operators=self.operators, seed=seed,
            n_jobs=self.n_jobs or 1, max_fits=self.max_fits, solve=self.solve,
            checkpoint=self.checkpoint, progress=self.progress,
        )  # fmt: skip
        state = self._warm(X, y)
        columns = dict(zip(self.feature_names_, X.T, strict=True))
        self.result_: Fit = fit(
            columns, np.asarray(y, dtype=np.float64), sample_weight, options=options, state=state
        )
        self._last = (_mark(X, y), self.result_.state)
        self.best_: Equation = self.result_.best
        self.stopped_ = self.result_.stopped
        self.n_iter_ = max(1, self.result_.fits)
        return self

    def _warm(self, X: Array, y: Array) -> dict[str, Array] | None:
        mark, state = getattr(self, "_last", ("", None))
        return state if self.warm_start and mark == _mark(X, y) else None

    def predict(self, X: Any) -> Array:
        """The best formula at the rows of X; nan where it is not defined."""
        check_is_fitted(self, "best_")
        X = validate_data(self, X, dtype=np.float64, reset=False)
        return self.best_.predict(np.ascontiguousarray(X.T))

    @property
    def tree_(self) -> Node | None:
        """The pure tree of the best formula, a variable c1, c2, ... for each fitted number."""
        check_is_fitted(self, "best_")
        return self.best_.tree

    @property
    def equations_(self) -> pandas.DataFrame:
        """The Pareto front: k, loss, r2, score, length, formula, latex, domain, exact, snapped."""
        check_is_fitted(self, "best_")
        try:
            import pandas as pd
        except ImportError:
            raise MissingError(
                "equations_ needs pandas", hint='pip install "emlc[regress]"; or see result_'
            ) from None
        return pd.DataFrame([
            {
                "k": e.k, "loss": e.loss, "r2": e.r2, "score": e.score, "length": e.length,
                "formula": e.text, "latex": e.latex, "domain": e.domain, "exact": e.exact,
                "snapped": "; ".join(e.snapped),
            }
            for e in self.result_.equations
        ])  # fmt: skip

    def sympy(self, index: int | None = None) -> sympy.Expr:
        """The best formula, or that of a row of `equations_`, in sympy."""
        from emlc.exchange import to_sympy

        return to_sympy(self._chosen(index).formula)

    def latex(self, index: int | None = None) -> str:
        """The best formula, or that of a row of `equations_`, in LaTeX."""
        return self._chosen(index).latex

    def _chosen(self, index: int | None) -> Equation:
        check_is_fitted(self, "best_")
        return self.best_ if index is None else self.result_.equations[index]


def _positive(**values: float) -> None:
    for name, value in values.items():
        if not value > 0:
            raise ArgumentError(f"{name} is {value}, which is not positive")


def _names(given: Any, count: int) -> list[str]:
    """A variable for each column: its own name where formulas can have it."""
    texts = [str(name) for name in given] if given is not None else [f"x{k}" for k in range(count)]
    found: list[str] = []
    for k, text in enumerate(texts):
        name = variable_of(text)
        found.append(name if name and name not in found else f"x{k}")
    return found


def _mark(X: Array, y: Array) -> str:
    import hashlib

    return hashlib.sha256(X.tobytes() + np.asarray(y).tobytes()).hexdigest()
