"""What `machine` writes in the place of this module: the operators of formulas."""

from __future__ import annotations

from emlc.lower.jit import Array


def forward(op: int, v: Array, k: int, a: int, b: int) -> None:
    """v[k] = the operator applied to v[a] and v[b]."""
    raise NotImplementedError


def backward(op: int, v: Array, d: Array, k: int, a: int, b: int) -> None:
    """d[a] and d[b] from d[k]: how the result changes with the operands."""
    raise NotImplementedError
