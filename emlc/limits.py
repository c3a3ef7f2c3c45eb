"""Every limit of size, memory and time of the input and of written-out text, in one place.

A limit that is reached raises `LimitError`, which names it. The environment may set each to another
number, `EMLC_FORMULA_CHARS=9000000` for example.
"""

from __future__ import annotations

import os


def _limit(name: str, usual: int) -> int:
    written = os.environ.get(f"EMLC_{name}", "")
    return int(written) if written.isascii() and written.isdigit() else usual


def another(*names: str) -> str:
    """How to set these limits, as an error that names them says."""
    return f"to raise a limit, set {' and '.join(f'EMLC_{name}' for name in names)}"


FORMULA_CHARS = _limit("FORMULA_CHARS", 4_000_000)
"""Longest formula: a sum of 100,000 terms takes about 800,000 characters."""

FORMULA_PARTS = _limit("FORMULA_PARTS", 400_000)
"""Most different parts of a formula to compile; a sum of 100,000 variables has 200,000."""

TREE_CHARS = _limit("TREE_CHARS", 32_000_000)
"""Longest text of a tree in RPN or JSON, which read faster than formulas."""

LITERAL_DIGITS = _limit("LITERAL_DIGITS", 10_000)
"""Most digits of one number, and the largest power of ten that it may carry."""

LITERAL_TOTAL = _limit("LITERAL_TOTAL", 10_000_000)
"""Most digits of all different numbers of one formula, written out without powers of ten."""

WRITTEN_NODES = _limit("WRITTEN_NODES", 5_000_000)
"""Largest expression that is written out in full, counting shared parts each time they occur."""

DOMAIN_NODES = _limit("DOMAIN_NODES", 500_000)
"""Most nodes of all parts that restrict a domain or are excluded from it, written out in full."""

ARRAY_BYTES = _limit("ARRAY_BYTES", 8_000_000_000)
"""Most bytes of arrays in one file, unpacked."""

REQUEST_BYTES = _limit("REQUEST_BYTES", 20_000)
"""Longest request that the explorer's server reads."""

REQUESTS = _limit("REQUESTS", 256)
"""Most requests that the explorer's server answers at once; further ones are turned away."""

CHILD_MEMORY = _limit("CHILD_MEMORY", 2 << 30)
"""Bytes of memory of a process that emlc starts: one for sympy, one for each formula served."""

CHILD_SECONDS = _limit("CHILD_SECONDS", 20)
"""Seconds that the explorer's server gives to one formula."""

SYMPY_ENTRIES = _limit("SYMPY_ENTRIES", 100_000)
"""Most different parts of an expression handed to sympy."""

SYMPY_DEPTH = _limit("SYMPY_DEPTH", 300)
"""Deepest expression handed to sympy, whose functions call themselves."""
