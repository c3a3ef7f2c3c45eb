"""Which parts of a formula may leave the range of doubles where the whole does not.

    wild       parts whose infinity or nan might not show in the value
    vanishing  parts that may be too small for a double and still matter, each with the operands
               that, being 0, make it rightly 0
    tiny       sums that matter and may be all that is left of such parts

A part too small does not matter in the value itself, nor where only products with plain numbers
lead from it to the value, nor beside a number in a sum.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from emlc.ir.node import Node
from emlc.tables.kernels import KERNELS, Kernel
from emlc.tables.primitives import Primitive


@dataclass
class Watched:
    """What to look at."""

    wild: list[Node] = field(default_factory=list)
    vanishing: list[tuple[Node, list[Node]]] = field(default_factory=list)
    tiny: list[Node] = field(default_factory=list)


def watched(
    order: Sequence[Node], roots: Sequence[Node], fixed: Mapping[Node, float], *, sums: bool
) -> Watched:
    """The parts to watch.

    order   operands first
    fixed   the parts that are numbers
    sums    whether to look at sums in place of their parts: fewer operations, but a sum that is
            rightly 0 is done again
    """
    made = Watched()
    seen_above = set(roots)  # an infinity here shows in the value, or in a watched part
    matters: set[Node] = set()
    ends = set(roots)
    base = _bases(order)
    for n in reversed(order):
        head = n.head
        if n in fixed or not isinstance(head, Primitive):
            continue
        kernel = KERNELS[head.name]
        if n in ends or n not in seen_above:
            made.wild.append(n)
        operands = list(zip(head.params, n.args, strict=True))
        seen_above.update(a for p, a in operands if p in kernel.through)
        if kernel.sum:
            if n in matters and not any(abs(fixed.get(a, 0.0)) > 1e-200 for a in n.args):
                if sums:
                    made.tiny.append(n)
                else:
                    matters.update(n.args)
        elif base[n] is not n:
            if n in matters:
                made.vanishing.append((n, [base[n]]))
                matters.add(base[n])
        else:
            _operator(n, fixed, matters, made)
    return made


def _operator(n: Node, fixed: Mapping[Node, float], matters: set[Node], made: Watched) -> None:
    """One operation that is neither a sum nor a power."""
    head = n.head
    assert isinstance(head, Primitive)
    row = KERNELS[head.name]
    numbers = [fixed[a] for a in n.args if a in fixed]
    if row.power and numbers and abs(numbers[0]) >= 1.0:
        # nothing is lost here that was not lost below
        lifted = n in matters or abs(numbers[0]) > 1e30
        matters.update(a for a in n.args if lifted and a not in fixed)
        return
    if n in matters and row.under != "never":
        zeros = [a for p, a in zip(head.params, n.args, strict=True)
                 if row.under != "always" and p in row.under and a not in fixed]  # fmt: skip
        made.vanishing.append((n, zeros))
    if _scales(n, row, fixed) and n not in matters:
        return
    matters.update(a for p, a in zip(head.params, n.args, strict=True) if p not in row.calm)


def _scales(n: Node, row: Kernel, fixed: Mapping[Node, float]) -> bool:
    """Whether the value is tiny only where the one operand that is no plain number is."""
    numbers = [fixed[a] for a in n.args if a in fixed]
    if not row.scale or len(n.args) - len(numbers) != 1:
        return False
    divides = not row.power and n.args[-1] not in fixed
    return not numbers or (row.scale == "all" and not divides and 1e-30 < abs(numbers[0]) < 1e30)


def _bases(order: Sequence[Node]) -> dict[Node, Node]:
    """For a power built of products what it is a power of; for all else the part itself."""
    base: dict[Node, Node] = {}
    for n in order:
        below = {base[a] for a in n.args}
        power = isinstance(n.head, Primitive) and n.args and KERNELS[n.head.name].power
        base[n] = below.pop() if power and len(below) == 1 else n
    return base
