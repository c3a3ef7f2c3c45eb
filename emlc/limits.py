"""Every size limit of the input and of written-out text, in one place.

A limit that is reached raises `LimitError`, which names it.
"""

from __future__ import annotations

FORMULA_CHARS = 4_000_000
"""Longest formula: a sum of 100,000 terms takes about 800,000 characters."""

TREE_CHARS = 32_000_000
"""Longest text of a tree in RPN or JSON, which read faster than formulas."""

LITERAL_DIGITS = 10_000
"""Most digits of one number, and the largest power of ten that it may carry."""

LITERAL_TOTAL = 10_000_000
"""Most digits of all different numbers of one formula, written out without powers of ten."""

WRITTEN_NODES = 5_000_000
"""Largest expression that is written out in full, counting shared parts each time they occur."""

ARRAY_BYTES = 8_000_000_000
"""Most bytes of arrays in one file, unpacked."""
