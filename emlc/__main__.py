"""`python -m emlc`, and the program `emlc`, are the command line."""

from __future__ import annotations

import os
import signal

_INTERRUPTED = 130


def main() -> None:
    """Run the command line; until it is there to answer, an interrupt ends the program quietly."""
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, lambda *_: os._exit(_INTERRUPTED))
    from emlc.child import bounded

    bounded()
    from emlc.cli import main

    main()


if __name__ == "__main__":
    main()
