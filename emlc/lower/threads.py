"""A ufunc over several threads: numpy's loops run without the interpreter's lock."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextvars import copy_context
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

    from numpy.typing import NDArray

ENOUGH = 1 << 18  # points below which threads do not pay


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    from concurrent.futures import ThreadPoolExecutor

    return ThreadPoolExecutor(threads, thread_name_prefix="emlc")


def processors() -> int:
    """How many processors this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def spread(
    run: Callable[..., Any], args: Sequence[Any], outs: Sequence[NDArray[Any]], threads: int
) -> None:
    """Fill the targets, parts of the first axis side by side; `np.errstate` holds in all of them.

    Raises what the first part that fails raises.
    """
    import numpy as np

    shape = outs[0].shape
    wide = [np.broadcast_to(a, shape) for a in args]
    edges = np.linspace(0, shape[0], threads + 1).astype(int)
    waiting = []
    for low, high in pairwise(edges):
        part = [a[low:high] for a in wide]
        targets = tuple(out[low:high] for out in outs)
        context = copy_context()
        waiting.append(_pool(threads).submit(context.run, _run, run, part, targets))
    for one in waiting:
        one.result()


def _run(run: Callable[..., Any], part: list[Any], targets: tuple[Any, ...]) -> None:
    run(*part, out=targets)
