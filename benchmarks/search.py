"""Speed of the search: values a second, bytes a value, growth per size, seconds per target.

python benchmarks/search.py [--quick]
"""

from __future__ import annotations

import sys
import time

import numpy as np

from emlc.parse import parse
from emlc.search import search
from emlc.search.goal import goal
from emlc.search.run import Limits, Round, prepare_round
from emlc.search.table import BYTES, Table, grow

ALPHABETS = (("2", 31, 29), ("x", 19, 17), ("x*y", 15, 13))
TARGETS = ("x*y", "x+y", "-x", "x^2", "x/2", "sigmoid(x)", "exp(-x^2)", "x/(1+x)")


def table(text: str, size: int) -> tuple[Table, float]:
    """A fresh table for the variables of a formula, and the CPU seconds it took."""
    made = goal(parse(text).root)
    points = [made.first_point()] if made.names else [{}]
    r: Round = prepare_round(made, points, Limits(memory=2e9))
    begun = time.process_time()
    grow(r.table, size)
    return r.table, time.process_time() - begun


def main() -> None:
    quick = "--quick" in sys.argv
    search("x-1", memory=2e8)  # compiles the kernels
    print("alphabet    size    values  candidates  ns/candidate  values/s  bytes/value  growth")
    for text, size, small in ALPHABETS:
        t, seconds = table(text, small if quick else size)
        counts = np.diff(t.start)
        print(
            f"{{{','.join(t.leaves)}}}".ljust(10),
            f"{t.size:5d} {t.start[-1]:9d} {t.candidates:11d} {seconds / t.candidates * 1e9:13.0f}",
            f"{t.start[-1] / seconds:9.0f} {BYTES:12d} {counts[-1] / counts[-2]:7.2f}",
        )
    print("\ntarget          K  bound  CPU s (table included)")
    for target in TARGETS[: 4 if quick else None]:
        begun = time.process_time()
        r = search(target, seconds=60, memory=2e9)
        k = r.best.k if r.best else 0
        bound = f"{r.lower_bound}{'?' if r.conditional else ''}"
        print(f"{target:12s} {k:4d} {bound:>6s} {time.process_time() - begun:8.2f}")


if __name__ == "__main__":
    main()
