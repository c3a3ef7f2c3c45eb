"""What emlc claims, derived again by means that share nothing with it.

A sample of the points by default; EMLC_CONFORMANCE=full takes all.
"""

from __future__ import annotations

import os

FULL = os.environ.get("EMLC_CONFORMANCE") == "full"


def many(few: int, all_: int) -> int:
    """How many points to take."""
    return all_ if FULL else few
