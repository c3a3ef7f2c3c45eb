"""Fits on several machines, interrupted, and of laws that carry noise."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest

from emlc.regress.fit import Fit, Options, fit

X = np.linspace(0.3, 2.7, 60)


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
    assert found.stopped == "interrupted" and len(found.equations) > 3
    assert time.process_time() - said[0] < 2
