"""A limit on processor time, obeyed by everything that walks an expression or makes a form."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import count
from math import inf
from time import thread_time

_EVERY = 256
_until: ContextVar[float] = ContextVar("until", default=inf)
_ticks = count(1)


class OutOfTime(Exception):
    """The time of the innermost or an outer `within` is over."""


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Run the block for at most this much processor time of the thread, then raise OutOfTime.

    A block inside another never has more time than the outer one.

    >>> with within(0):
    ...     while True:
    ...         tick()
    Traceback (most recent call last):
    emlc.deadline.OutOfTime
    """
    until = _until.set(min(_until.get(), thread_time() + seconds))
    try:
        yield
    finally:
        _until.reset(until)


def tick() -> None:
    """One step of work; every so many look at the clock."""
    if not next(_ticks) % _EVERY and thread_time() > _until.get():
        raise OutOfTime
