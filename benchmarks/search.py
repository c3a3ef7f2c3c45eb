"""Speed of the search: values a second, bytes a value, growth per size, seconds per target.

python benchmarks/search.py [--quick]

Seconds are of processor time, after the kernels are compiled and the modules imported. Of a target,
`engine` is the table and the meetings; `all` adds what confirms, proves and describes the trees.
"""

from __future__ import annotations

import sys
import time

import numpy as np

from emlc.parse import parse
from emlc.search import search
from emlc.search.goal import goal
from emlc.search.progress import Pulse
from emlc.search.run import Limits, Round, prepare_round, settle
from emlc.search.table import TERM_BYTES, Table, grow

ALPHABETS = (("2", 33, 29), ("x", 21, 17), ("x*y", 17, 13))
TARGETS = ("x*y", "x+y", "-x", "x^2", "x/2", "sigmoid(x)", "exp(-x^2)", "x/(1+x)")
LIMITS = Limits(memory=4e9, seconds=600)


def fresh(text: str) -> Round:
    """A search of a formula at its first point, nothing kept from one before."""
    search("1", memory=LIMITS.memory)
    made = goal(parse(text).root)
    return prepare_round(made, [made.first_point()] if made.names else [{}], LIMITS)


def table(text: str, size: int) -> tuple[Table, float]:
    """A fresh table for the variables of a formula, and the CPU seconds it took."""
    t = fresh(text).table
    begun = time.process_time()
    grow(t, size)
    return t, time.process_time() - begun


def bytes_held(t: Table) -> int:
    """Bytes of the entries, of the exp and ln that are ready, and of the hash table."""
    entry = t.value[0].nbytes + t.left.itemsize + t.right.itemsize
    return t.start[-1] * entry + t.filled * TERM_BYTES + t.slots.nbytes


def engine(target: str, k: int) -> float:
    """CPU seconds of table and meetings up to k nodes."""
    r = fresh(target)
    pulse = Pulse(lambda progress: None, time.monotonic() + LIMITS.seconds)
    begun = time.process_time()
    for size in range(1, k + 1, 2):
        settle(r, size, LIMITS, pulse)
    return time.process_time() - begun


def main() -> None:
    quick = "--quick" in sys.argv
    search("x-1", memory=LIMITS.memory)  # compiles the kernels
    print("alphabet    size    values  candidates  CPU s  s/10^7  values/s  bytes/value  growth")
    for text, size, small in ALPHABETS:
        t, seconds = table(text, small if quick else size)
        counts, values = np.diff(t.start), t.start[-1]
        print(
            f"{{{','.join(t.leaves)}}}".ljust(10),
            f"{t.size:5d} {values:9d} {t.candidates:11d} {seconds:6.1f}",
            f"{seconds / values * 1e7:7.1f} {values / seconds:9.0f}",
            f"{bytes_held(t) / values:12.0f} {counts[-1] / counts[-2]:7.2f}",
            flush=True,
        )
        del t
    print("\ntarget          K  bound  engine     all   (CPU s)")
    for target in TARGETS[: 4 if quick else None]:
        begun = time.process_time()
        r = search(target, seconds=LIMITS.seconds, memory=LIMITS.memory)
        seconds = time.process_time() - begun
        k = r.best.k if r.best else 0
        alone = engine(target, k)
        bound = f"{r.lower_bound}{'?' if r.conditional else ''}"
        print(f"{target:12s} {k:4d} {bound:>6s} {alone:7.2f} {seconds:7.2f}", flush=True)


if __name__ == "__main__":
    main()
