"""A limit on processor time or steps, obeyed by all that walks an expression or makes a form.

Stages of long work say here how long they should take, to whoever listens.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import count
from math import inf
from time import thread_time

_EVERY = 256
_until: ContextVar[float] = ContextVar("until", default=inf)
_last: ContextVar[float] = ContextVar("last", default=inf)
_ticks = count(1)

Listener = Callable[[str, float], None]
_listener: ContextVar[Listener | None] = ContextVar("listener", default=None)


class OutOfTime(Exception):
    """The time or the steps of the innermost or an outer `within` are over."""


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


@contextmanager
def within_steps(steps: int) -> Iterator[None]:
    """Run the block for at most so many steps, on a fast machine as on a slow one.

    >>> with within_steps(10):
    ...     while True:
    ...         tick()
    Traceback (most recent call last):
    emlc.deadline.OutOfTime
    """
    last = _last.set(min(_last.get(), steps_done() + steps))
    try:
        yield
    finally:
        _last.reset(last)


def steps_done() -> int:
    """The steps of this process until now; asking is one."""
    return next(_ticks)


def tick() -> None:
    """One step of work; every so many look at the clock."""
    done = next(_ticks)
    if done > _last.get() or (not done % _EVERY and thread_time() > _until.get()):
        raise OutOfTime


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Have the stages inside the block told: what is done, and for about how many seconds.

    >>> with listening(lambda what, seconds: print(what, seconds)):
    ...     stage("proving", 2.0)
    proving 2.0
    """
    before = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(before)


def stage(what: str, seconds: float) -> None:
    """A stage begins that takes about so many seconds, or at most so many."""
    listener = _listener.get()
    if listener is not None:
        listener(what, seconds)
