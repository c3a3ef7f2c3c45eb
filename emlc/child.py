"""emlc in a process of its own, within bounds of time and memory."""

from __future__ import annotations

import atexit
import math
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from subprocess import PIPE

from emlc import limits

_STEP = 0.25
_BOUNDS = "_EMLC_BOUNDS"
_running: set[subprocess.Popen[bytes]] = set()


@atexit.register
def _end() -> None:
    """No child outlives this process, whose threads may be waiting for some."""
    for program in [*_running]:
        program.kill()


def run(
    module: str,
    words: Sequence[str],
    data: bytes,
    seconds: float,
    share: Callable[[], float] = lambda: math.inf,
) -> bytes | None:
    """What a module of emlc's, run as a program, prints; nothing where it does not end well.

    None means that the time was over: `seconds`, or what `share` grants, which is asked now and
    then. Modules are found where this process finds them and not in the folder that it happens to
    be in.
    """
    paths = os.pathsep.join(os.path.abspath(path) for path in sys.path if path)
    bounds = f"{limits.CHILD_MEMORY} {2 + 2 * math.ceil(seconds)}"
    environment = {**os.environ, "PYTHONPATH": paths, _BOUNDS: bounds}
    command = [sys.executable, "-P", "-m", module, *words]
    given: bytes | None = data
    began = time.monotonic()
    with subprocess.Popen(
        command, stdin=PIPE, stdout=PIPE, stderr=subprocess.DEVNULL, env=environment
    ) as program:
        _running.add(program)
        try:
            while True:
                left = began + min(seconds, share()) - time.monotonic()
                try:
                    return program.communicate(given, timeout=max(0.0, min(left, _STEP)))[0]
                except subprocess.TimeoutExpired:
                    given = None
                    if left <= _STEP:
                        return None
        finally:
            program.kill()
            _running.remove(program)


def bounded() -> None:
    """Keep to the memory and time that the parent gave: the first thing that such a program does.

    The parent cannot set them between fork and exec, since it has threads; the bound of processor
    time is for a program whose parent is gone.
    """
    given = os.environ.pop(_BOUNDS, "")
    if given and sys.platform == "linux":
        import resource

        for kind, most in zip(
            (resource.RLIMIT_AS, resource.RLIMIT_CPU), given.split(), strict=True
        ):
            hard = resource.getrlimit(kind)[1]
            least = int(most) if hard == resource.RLIM_INFINITY else min(int(most), hard)
            resource.setrlimit(kind, (least, hard))
