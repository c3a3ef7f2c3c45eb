"""Kepler's third law from the orbits of the planets, and a law of decay from noisy points."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

import emlc
from emlc.regress.options import Options


def kepler() -> None:
    """Years of a revolution from the distance in astronomical units."""
    with open(Path(__file__).with_name("planets.csv"), encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    axis = [float(row["semi axis"]) for row in rows]
    period = [float(row["period"]) for row in rows]
    found = emlc.fit({"a": axis}, period, options=Options(timeout=10, max_fits=20_000))
    print("period of a planet:", found.best.text)
    print("as an eml tree, K =", found.best.k)


def decay() -> None:
    """The constants of a law from 100 points with 1% noise."""
    rng = np.random.default_rng(1)
    t = rng.uniform(0, 4, 100)
    y = 2.5 * np.exp(-1.3 * t) + 0.5
    noisy = y + 0.01 * y.std() * rng.normal(size=100)
    found = emlc.fit({"t": t}, noisy, options=Options(timeout=10, max_fits=30_000))
    for e in found.equations:
        mark = "  <- chosen" if e is found.best else ""
        print(f"K {e.k:5d}  1 - R2 {1 - e.r2:.0e}  {e.text}{mark}")
    for said in found.best.snapped:
        print("snapped", said)


def exact() -> None:
    """A pure tree from values without noise, and the proof that none is smaller."""
    x = np.linspace(0.5, 3, 20)
    best = emlc.fit({"x": x}, 1 / x).best
    print("values of", best.text, "by", "".join(best.rpn or []))
    print(best.proof)


kepler()
decay()
exact()
