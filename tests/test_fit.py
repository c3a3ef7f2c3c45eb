"""Fits on several machines, interrupted, and of laws that carry noise."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest

from emlc.regress import machine
from emlc.regress.fit import Fit, fit
from emlc.regress.forms import Forms
from emlc.regress.options import Options
from emlc.regress.predict import OfFormula
from emlc.regress.sums import sums

X = np.linspace(0.3, 2.7, 60)
V = 2 + np.cos(9 * X)


def noisy(y: Any, seed: int = 0) -> Any:
    return y + 0.01 * y.std() * np.random.default_rng(seed).normal(size=len(y))


def fitted(y: Any, **options: Any) -> Fit:
    return fit({"x": X}, y, options=Options(**{"timeout": 200.0, "solve": False, **options}))


@pytest.mark.parametrize(
    ("y", "form"),
    [
        (2.5 * np.exp(-1.3 * X) + 0.5, "exp(-"),
        (3.1 * X / (0.8 + X), "/(x + "),
        (1 / np.sqrt(1 - (X / 2.9) ** 2), "(1 - ("),
    ],
    ids=["decay", "Michaelis-Menten", "gamma"],
)
def test_the_front_holds_the_law_under_noise(y: Any, form: str) -> None:
    found = fitted(noisy(y), max_fits=3_000)
    near = [e for e in found.equations if e.loss < 1.1 * np.mean((noisy(y) - y) ** 2)]
    assert any(form in e.text for e in near)


def test_numbers_are_not_snapped_without_evidence() -> None:
    """A number known to four digits may lie near a fraction, as any number does."""
    found = fitted(noisy(3.14 * X**1.37), max_fits=8_000)
    assert found.best.constants and not found.best.snapped


def test_few_points_do_not_make_a_large_formula() -> None:
    x = np.array([0.39, 0.72, 1.0, 1.52, 5.2, 9.54, 19.2, 30.1])
    y = x**1.5 * (1 + 1e-4 * np.random.default_rng(0).normal(size=8))
    found = fit({"x": x}, y, options=Options(timeout=200.0, max_fits=8_000, solve=False))
    assert found.best.text.startswith("x^1.")


def test_a_cluster_gives_the_same() -> None:
    distributed, joblib = pytest.importorskip("distributed"), pytest.importorskip("joblib")
    y = np.random.default_rng(4).normal(size=60)
    options: dict[str, Any] = {"processes": True, "dashboard_address": None}
    here = fitted(y, max_fits=4_000)
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, **options) as cluster,
        distributed.Client(cluster),
        joblib.parallel_config("dask"),
    ):
        there = fitted(y, max_fits=4_000, n_jobs=2)
    assert [e.to_json() for e in there.equations] == [e.to_json() for e in here.equations]


def test_an_interrupt_ends_with_what_is_known() -> None:
    said: list[float] = []

    def tell(text: str) -> None:
        said.append(time.process_time())
        raise KeyboardInterrupt

    found = fitted(noisy(np.sin(3 * X)), progress=tell)
    assert found.stopped == "interrupted" and len(found.equations) > 1
    assert time.process_time() - said[0] < 2


@pytest.mark.parametrize(
    "target",
    [
        lambda u, v, w: u**6 + u**4 - u / 2,
        lambda u, v, w: w**2 * (u + v) / (w**2 + u * v),
        lambda u, v, w: np.sqrt((u - v) ** 2 + w**2),
        lambda u, v, w: 1 / np.sqrt(1 / u**2 - v / w / 30),
        lambda u, v, w: np.exp(-(u**2) / w) / v,
    ],
    ids=["polynomial", "quotient", "distance", "inverse root", "Gaussian"],
)
def test_sums_are_found_by_least_squares_alone(target: Any) -> None:
    """No formula is bred for these: the scale and the offset are all that is left to fit."""
    columns = np.random.default_rng(3).uniform(1.0, 3.0, (3, 120))
    rows = machine.table(machine.rows(None))
    forms = Forms(columns, rows, list(machine.DEFAULT))
    y = target(*columns)
    (code, const), *more = sums(forms, y, np.full(120, 1 / 120), 40)
    made = OfFormula(np.array(code), np.array(const), [row.name for row in rows])(columns)
    assert not more and abs(np.corrcoef(made, y)[0, 1]) > 1 - 1e-14


@pytest.mark.parametrize(
    ("columns", "y", "text"),
    [
        ({"E": np.linspace(1, 2, 9)}, np.exp(np.linspace(1, 2, 9)), "exp(E)"),
        ({"m": X * 1e-31, "v": V * 1e6}, X * 1e-31 * (V * 1e6) ** 2 / 2, "m*v^2/2"),
        ({"x": X}, 2.37 * X**2 + 0.41, "2.37*x^2 + 0.41"),
        ({"x": [1.0]}, [3.3663], "3.3663"),
        ({}, [3.0, 4.0, 5.0], "4"),
        ({"x": X}, np.full(60, 3.7), "3.7"),
    ],
    ids=["E", "tiny", "decimals", "one row", "no columns", "constant"],
)
def test_odd_tables_have_sensible_formulas(columns: Any, y: Any, text: str) -> None:
    assert fit(columns, y, options=Options(timeout=60.0)).best.text == text
