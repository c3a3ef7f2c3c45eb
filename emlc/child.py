"""emlc in a process of its own, within bounds of time and memory."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence

from emlc import limits


def run(module: str, words: Sequence[str], data: bytes, seconds: float) -> bytes | None:
    """What a module of emlc's, run as a program, prints; nothing where it does not end well.

    None means that the time was over. Modules are found where this process finds them and not in
    the folder that it happens to be in.
    """
    paths = os.pathsep.join(os.path.abspath(path) for path in sys.path if path)
    environment = {**os.environ, "PYTHONPATH": paths, _MEMORY: str(limits.CHILD_MEMORY)}
    command = [sys.executable, "-P", "-m", module, *words]
    try:
        done = subprocess.run(
            command, input=data, capture_output=True, timeout=seconds, env=environment, check=False
        )
    except subprocess.TimeoutExpired:
        return None
    return done.stdout


_MEMORY = "_EMLC_MEMORY"


def bounded() -> None:
    """Keep to the memory that the parent gave: the first thing that such a program does.

    The parent cannot set it between fork and exec, since it has threads.
    """
    given = os.environ.pop(_MEMORY, "")
    if given and sys.platform == "linux":
        import resource

        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        least = int(given) if hard == resource.RLIM_INFINITY else min(int(given), hard)
        resource.setrlimit(resource.RLIMIT_AS, (least, hard))
