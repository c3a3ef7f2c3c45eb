"""How far long work has come and when it should end, shown while it runs on a terminal."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from emlc.cli.report import colourful, width
from emlc.deadline import listening


def _silent(progress: Any) -> None:
    """Nobody looks at a pipe."""


@contextmanager
def watching(seconds: float) -> Iterator[Callable[[Any], None]]:
    """A callback for `search` that keeps one line on standard error; silent when piped."""
    if not colourful(sys.stderr):
        yield _silent
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    begun = time.monotonic()
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task("getting ready", total=None)

        def tell(progress: Any) -> None:
            left = seconds - (time.monotonic() - begun)
            shown.update(task, description=f"{progress}; at most {left:.0f} s more in all")

        yield tell


class Waiting:
    """A line on the terminal that counts the seconds of a call which takes more than one."""

    def __init__(self, what: str) -> None:
        self._what, self._begun = what, time.monotonic()
        self._stage, self._due, self._shown = "", 0.0, False

    def stage(self, what: str, seconds: float) -> None:
        """A stage that should take so long."""
        self._stage, self._due = f": {what}", time.monotonic() + seconds

    def share(self, done: float) -> None:
        """The part of all the work that is done; 0 says nothing."""
        if done > 0:
            now = time.monotonic()
            self._due = now + (now - self._begun) * (1 / done - 1)

    def clear(self) -> None:
        """Make room on the terminal for lines that stay."""
        if self._shown:
            self._shown = False
            sys.stderr.write("\r\033[K")
            sys.stderr.flush()

    def show(self) -> None:
        """The line, in the place of the one before."""
        self._shown = True
        sys.stderr.write(f"\r\033[K{str(self)[: width() - 1]}")
        sys.stderr.flush()

    def __str__(self) -> str:
        now = time.monotonic()
        left = self._due - now
        eta = f", about {left:.0f} s more" if left >= 0.5 else ""
        return f"{self._what}{self._stage}, {now - self._begun:.0f} s{eta}"


@contextmanager
def working(what: str) -> Iterator[Waiting]:
    """Show how long a call takes and will take, if that is more than a second; silent when piped.

    Stages that the call tells of, and what its caller says of it, make the estimate.
    """
    waiting = Waiting(what)
    if not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield waiting
        return
    done = threading.Event()

    def tell() -> None:
        while not done.wait(1.0):
            waiting.show()

    teller = threading.Thread(target=tell, daemon=True)
    teller.start()
    try:
        with listening(waiting.stage):
            yield waiting
    finally:
        done.set()
        teller.join()
        waiting.clear()
