"""Fuzzing: a smoke test by default, as long as wanted by EMLC_FUZZ, a factor of the examples.

EMLC_FUZZ=200 python -m pytest tests/fuzz -p no:cacheprovider
"""

from __future__ import annotations

import os

import hypothesis

_FACTOR = float(os.environ.get("EMLC_FUZZ", "1"))


def settings(examples: int) -> hypothesis.settings:
    """So many examples in the smoke test, always the same ones; others in a longer run."""
    return hypothesis.settings(
        max_examples=max(1, int(examples * _FACTOR)),
        deadline=None,
        derandomize=_FACTOR == 1,
        database=None,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
