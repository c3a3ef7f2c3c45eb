"""How the work of a meeting is divided: the cheapest way for each pair of sizes, and threads."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple, TypeVar

import numpy as np

from emlc.search.table import Array

# Measured costs of a pair streamed, a need asked, one undone, a row marked, a need stored.
_STREAM_NS, _ASK_NS, _UNDO_NS, _MARK_NS, WIDEN_NS = 8.0, 12.0, 1800.0, 150.0, 4000.0

PLANNED = 2  # threads of a forecast: what is done must not depend on how many there are
MOST_HITS = 1000  # of one call of a kernel; more are passed over, which counts as one undecided
Rows = tuple[list[list[int]], list[list[int]], int]
T = TypeVar("T")


class Way(NamedTuple):
    """How pairs of entries of f and h nodes are compared with needs, and the seconds it takes."""

    how: str
    f: int
    h: int
    seconds: float


def ways(
    g: int, needs: float, count: Callable[[int], float], top: int, marked: int = 0
) -> Iterator[Way]:
    """The cheapest way for each pair of sizes that makes g nodes; sizes up to `marked` are ready.

    stream   every pair, against a table of the needs
    ask      every need beside every entry of the smaller block, against a table of the larger
    undo     the same, against the table of all values: dearer, but nothing is made ready for it
    """
    for f in range(1, g - 1, 2):
        h = g - 1 - f
        if max(f, h) > top:
            continue
        less, more = sorted((count(f), count(h)))
        options = [Way("undo", f, h, 0.5 * less * needs * _UNDO_NS * 1e-9)]
        if min(f, h) > marked:
            options = [Way("none", f, h, math.inf)]
        if max(f, h) <= marked:
            ready = 0.1 * more * _MARK_NS
            options += [
                Way("stream", f, h, (less * more * _STREAM_NS + ready + needs * _MARK_NS) * 1e-9),
                Way("ask", f, h, (less * needs * _ASK_NS + ready) * 1e-9),
            ]
        yield min(options, key=lambda w: w.seconds)


def run_kernel(kernel: Any, most: int, width: int, *args: Any) -> Rows:
    """One call of a kernel, in a thread of its own perhaps: hits, lossy ones and their number."""
    hits = np.empty((MOST_HITS, 4), dtype=np.int64)
    unsure = np.empty((most, width), dtype=np.int64)
    found, lossy = kernel(*args, hits, unsure)
    return hits[:found].tolist(), unsure[:lossy].tolist(), int(lossy)


def in_threads(work: Iterable[Callable[[], T]], threads: int) -> Iterator[T]:
    """The results in order; the kernels let go of the interpreter's lock."""
    if threads == 1:
        yield from (piece() for piece in work)
        return
    from concurrent.futures import Future, ThreadPoolExecutor

    with ThreadPoolExecutor(threads) as pool:
        waiting: deque[Future[T]] = deque()
        try:
            for piece in work:
                waiting.append(pool.submit(piece))
                if len(waiting) > 2 * threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def hashed(rows: int) -> tuple[Array, Array]:
    """Empty slots for so many rows, and the filter before them."""
    width = max(10, (4 * rows).bit_length())
    return (
        np.zeros(1 << width, dtype=np.int64),
        np.zeros(1 << max(0, width - 2), dtype=np.int64),
    )
