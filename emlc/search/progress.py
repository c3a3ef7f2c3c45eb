"""How far a search has come, told while it runs; and the end of its time."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

_EVERY = 0.1


class TimeUp(Exception):
    """The time of the search is over."""


@dataclass(frozen=True, slots=True)
class Progress:
    """One report.

    size      the size that is being searched, or has just been settled
    settled   whether it has been
    values    entries of the table, `needs` of the meeting
    left      seconds that this step of the size will take still, about; None once settled
    """

    size: int
    settled: bool
    values: int
    needs: int
    left: float | None = None

    def __str__(self) -> str:
        held = f"{self.values:,} values, {self.needs:,} needs"
        if self.left is None:
            return f"size {self.size} done: {held}"
        return f"size {self.size}: {held}, {self.left:.0f} s to go"


Tell = Callable[[Progress], None]


@dataclass(slots=True)
class Pulse:
    """Called between two pieces of work: reports, and raises TimeUp after `until`."""

    tell: Tell
    until: float
    begun: float = field(default_factory=time.monotonic)
    _step: Progress | None = None
    _due: float = 0.0
    _told: float = 0.0

    def __call__(self) -> None:
        now = time.monotonic()
        if now > self.until:
            raise TimeUp
        if self._step is not None and now > self._told + _EVERY:
            self._told = now
            s = self._step
            self.tell(Progress(s.size, False, s.values, s.needs, max(0.0, self._due - now)))

    def step(self, size: int, seconds: float, values: int, needs: int) -> None:
        """A step begins that should take so long; TimeUp when most of it would come too late."""
        self._due = time.monotonic() + seconds
        if time.monotonic() + 0.5 * seconds > self.until:
            raise TimeUp
        self._step = Progress(size, False, values, needs, seconds)

    def settled(self, size: int, values: int, needs: int) -> None:
        """A size is done."""
        self._step = None
        self.tell(Progress(size, True, values, needs))
