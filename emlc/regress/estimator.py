"""The scikit-learn estimator."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from emlc.errors import ArgumentError, MissingError, shorten
from emlc.lower.jit import Array
from emlc.regress.data import variable_names
from emlc.regress.equation import Equation
from emlc.regress.fit import Fit, fit
from emlc.regress.options import Options

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
        checkpoint: str | os.PathLike[str] | None = None,
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

        names = getattr(X, "columns", None)
        X, y = validate_data(self, X, y, dtype=np.float64, y_numeric=True)
        if sample_weight is not None:
            sample_weight = _check_sample_weight(sample_weight, X, ensure_non_negative=True)
        given = range(X.shape[1]) if names is None else names
        self.feature_names_ = variable_names([str(name) for name in given])
        seed = int(check_random_state(self.random_state).randint(1 << 20))
        options = Options(
            timeout=self.timeout, max_size=self.max_size, operators=self.operators,
            seed=seed, any_seed=self.random_state is None,
            n_jobs=1 if self.n_jobs is None else self.n_jobs, max_fits=self.max_fits,
            solve=self.solve, checkpoint=self.checkpoint, progress=self.progress,
        )  # fmt: skip
        state = getattr(self, "_state", None) if self.warm_start else None
        columns = dict(zip(self.feature_names_, X.T, strict=True))
        self.result_: Fit = fit(
            columns, np.asarray(y, dtype=np.float64), sample_weight, options=options, state=state
        )
        self._state = self.result_.state if self.warm_start else None
        self.result_.state = {}
        self.best_: Equation = self.result_.best
        self.stopped_ = self.result_.stopped
        self.n_iter_ = max(1, self.result_.fits)
        return self

    def predict(self, X: Any) -> Array:
        """The best formula at the rows of X; nan, with a warning, where it has no finite value."""
        check_is_fitted(self, "best_")
        X = validate_data(self, X, dtype=np.float64, reset=False)
        made = self.best_.predict(np.ascontiguousarray(X.T))
        bad = np.flatnonzero(~np.isfinite(made))
        if len(bad):
            made[bad] = np.nan
            where = self.best_.domain and f", which is for {self.best_.domain}"
            warnings.warn(
                f"{shorten(self.best_.text)}{where}, has no finite value at {len(bad)} of "
                f"{len(made)} rows, row {bad[0]} the first: they are nan",
                RuntimeWarning, stacklevel=2,
            )  # fmt: skip
        return made

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
        if index is None:
            return self.best_
        count = len(self.result_.equations)
        if index not in range(-count, count):
            raise ArgumentError(f"equations_ has no row {index!r}", hint=f"rows 0 to {count - 1}")
        return self.result_.equations[index]
