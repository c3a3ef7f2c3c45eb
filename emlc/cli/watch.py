"""How far a long search has come, shown while it runs on a terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from emlc.cli.report import colourful


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
