"""Enumeration for any operator: what one operand gives by itself is computed once a value.

Entries are ordered by their number of operators: those with n of them are start[n]:start[n + 1].
`kids[k]` are the operands of entry k, -1 - leaf number in its first place for a leaf. `outs[k]`
are what entry k gives as each operand, see `program.Split`, with the status of each.
"""

# mypy: disable-error-code="no-any-return"

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from emlc.lower.jit import compiled
from emlc.search.halfturn import FINE, LOSSY
from emlc.search.precise import Precise
from emlc.search.program import Program, Split, program, split
from emlc.search.steps import move, run
from emlc.search.table import NO_SLOTS, Array, assign, enter, find, put, roomy
from emlc.tables.operators import Operator

MOST_KIDS = 3
_PIECE = 1_000_000  # candidates between two ticks
_LOSSY = 100_000
GROW_NS = 400.0


def coded(p: Program) -> Array:
    """The steps as rows (code, i, j, place)."""
    rows = [(s.code, s.i, s.j, p.first + k) for k, s in enumerate(p.steps)]
    return np.array(rows, dtype=np.int64).reshape(-1, 4)


@dataclass(slots=True)
class General:
    """All values found."""

    operator: Operator
    stages: Split
    constants: Array  # rows of the program's constants
    value: Array
    outs: Array
    status: Array
    kids: Array
    slots: Array
    leaves: tuple[str, ...]
    precise: Precise
    finite: bool
    start: list[int] = field(default_factory=lambda: [0])
    candidates: int = 0
    undecided: int = 0
    filled: int = 0

    @property
    def arity(self) -> int:
        """Operands of the operator."""
        return len(self.stages.alone)

    @property
    def top(self) -> int:
        """The largest complete number of operators."""
        return len(self.start) - 2

    def block(self, ops: int) -> tuple[int, int]:
        """First entry with so many operators and the one after the last."""
        return self.start[ops], self.start[ops + 1]

    def count(self, ops: int) -> int:
        """How many entries have so many operators."""
        return self.start[ops + 1] - self.start[ops]

    def rpn(self, n: int) -> list[str]:
        """The tree of an entry as RPN tokens, E the operator."""
        out: list[str] = []
        stack = [n]
        while stack:
            top = stack.pop()
            if top < 0:
                out.append("E")
            elif self.kids[top, 0] < 0:
                out.append(self.leaves[-1 - int(self.kids[top, 0])])
            else:
                stack.append(-1)
                stack += reversed([int(k) for k in self.kids[top, : self.arity]])
        return out


def begin(
    row: Operator, constants: Array, leaves: dict[str, Array], precise: Precise, *, finite: bool,
    memory: float,
) -> General:  # fmt: skip
    """The table of the leaves; `leaves` maps a token to its value, six doubles."""
    stages = split(program(row))
    columns = stages.rest.inputs
    capacity = int(memory / (48 * (1 + columns) + 22 * (1 + columns) + 4 * MOST_KIDS + columns))
    value = np.empty((capacity, 1, 6))
    t = General(
        row, stages, constants, value, np.empty((capacity, columns, 6)),
        np.empty((capacity, len(stages.alone)), dtype=np.int8),
        np.empty((capacity, MOST_KIDS), dtype=np.int32), roomy(NO_SLOTS, value, 0, 0),
        tuple(leaves), precise, finite,
    )  # fmt: skip
    for n, v in enumerate(leaves.values()):
        t.value[n, 0], t.kids[n] = v, (-1 - n, -1, -1)
        put(t.slots, n, v)
    t.start.append(len(leaves))
    return t


def splits(total: int, parts: int) -> Iterator[tuple[int, ...]]:
    """All ways to share a number of operators among operands, in order."""
    if parts == 1:
        yield (total,)
        return
    for first in range(total + 1):
        for rest in splits(total - first, parts - 1):
            yield (first, *rest)


@compiled
def ready(codes: Array, constants: Array, first: int) -> Array:
    """Registers for these steps, the constants in those from `first` on."""
    registers = np.zeros((first + constants.shape[0] + codes.shape[0], 6))
    for c in range(constants.shape[0]):
        move(registers[first + c], constants[c])
    return registers


@compiled
def place(
    registers: Array, first: int, entry: int, operand: int, columns: Array, outs: Array,
    status: Array,
) -> bool:  # fmt: skip
    """Whether the entry can be this operand; what it gives as such is in the registers then."""
    if status[entry, operand] != FINE:
        return False
    for c in range(columns[operand], columns[operand + 1]):
        move(registers[first + c], outs[entry, c])
    return True


@compiled
def prepare(
    codes: Array, constants: Array, wanted: Array, column: int, value: Array, outs: Array,
    status: Array, lo: int, hi: int,
) -> None:  # fmt: skip
    """Fill what entries lo..hi give as one operand: the registers wanted, from a column on."""
    registers = ready(codes, constants, 1)
    for n in range(lo, hi):
        move(registers[0], value[n, 0])
        status[n] = run(codes, registers, 0)
        for k in range(wanted.shape[0]):
            move(outs[n, column + k], registers[wanted[k]])


def fill(t: General, count: int) -> None:
    """Have what the first `count` entries give as operands ready."""
    for param, p in enumerate(t.stages.alone):
        column, wanted = t.stages.column(param), t.stages.outs[param]
        status = t.status[:, param]
        prepare(
            coded(p), t.constants, np.array(wanted, dtype=np.int64), column, t.value, t.outs,
            status, t.filled, count,
        )  # fmt: skip
        for n in (np.flatnonzero(status[t.filled : count] == LOSSY) + t.filled).tolist():
            rows = t.outs[n, column : column + len(wanted)]
            status[n] = t.precise.alone(t.kids, n, param, rows)
    t.filled = max(t.filled, count)


@compiled
def extend(
    codes: Array, constants: Array, columns: Array, lo: Array, hi: Array, value: Array,
    outs: Array, status: Array, kids: Array, slots: Array, count: int, finite: bool, lossy: Array,
) -> tuple[int, int]:  # fmt: skip
    """Add the values of all operands in blocks: new count (-1: full), and of lossy ones."""
    registers = ready(codes, constants, columns[-1])
    last = registers.shape[0] - 1
    v = np.empty((1, 6))
    unsure = 0
    for i in range(lo[0], hi[0]):
        if not place(registers, 0, i, 0, columns, outs, status):
            continue
        for j in range(lo[1], hi[1]):
            if not place(registers, 0, j, 1, columns, outs, status):
                continue
            for k in range(lo[2], hi[2]):
                if columns.shape[0] > 3 and not place(registers, 0, k, 2, columns, outs, status):
                    continue
                st = run(codes, registers, 0)
                if st == LOSSY:
                    if unsure < lossy.shape[0]:
                        lossy[unsure, 0], lossy[unsure, 1], lossy[unsure, 2] = i, j, k
                    unsure += 1
                if st != FINE:
                    continue
                move(v[0], registers[last])
                if (finite and np.isinf(v[0, 0])) or find(slots, value, v) >= 0:
                    continue
                if count == value.shape[0]:
                    return -1, unsure
                assign(value, count, v)
                kids[count, 0], kids[count, 1], kids[count, 2] = i, j, k
                put(slots, count, v[0])
                count += 1
    return count, unsure


def columns_of(t: General) -> Array:
    """The first column of each operand, and the number of all."""
    return np.array([t.stages.column(k) for k in range(t.arity + 1)])


def pairs(t: General, ops: int) -> float:
    """How many operands make a tree with so many operators, where blocks are there or forecast."""
    sizes = [float(t.count(s)) for s in range(t.top + 1)]
    while len(sizes) < ops:
        sizes.append(sizes[-1] * growth(t))
    return sum(float(np.prod([sizes[s] for s in share])) for share in splits(ops - 1, t.arity))


def growth(t: General) -> float:
    """How many times more values one operator more brings, about."""
    counts = [t.count(s) for s in range(t.top + 1)]
    return counts[-1] / max(1, counts[-2]) if len(counts) > 2 and counts[-1] else 10.0


def grow(t: General, tick: Callable[[], None]) -> bool:
    """Add the values with one operator more; False, and none added, when they do not fit."""
    fill(t, t.start[-1])
    count, undecided = -1, t.undecided
    try:
        count = _grown(t, tick)
    finally:  # a limit or an interrupt may come between two pieces
        if count < 0:
            t.undecided = undecided
            t.slots.fill(0)
            enter(t.slots, t.value, t.start[-1])
    if count >= 0:
        t.start.append(count)
    return count >= 0


def _grown(t: General, tick: Callable[[], None]) -> int:
    codes, columns, count = coded(t.stages.rest), columns_of(t), t.start[-1]
    lossy = np.empty((_LOSSY, MOST_KIDS), dtype=np.int64)
    for share in splits(t.top, t.arity):
        blocks = [t.block(ops) for ops in share] + [(0, 1)] * (MOST_KIDS - t.arity)
        others = 1
        for lo, hi in blocks[1:]:
            others *= hi - lo
        piece = max(1, _PIECE // max(1, others))
        for first in range(*blocks[0], piece):
            tick()
            los = np.array([first, *(b[0] for b in blocks[1:])])
            his = np.array([min(first + piece, blocks[0][1]), *(b[1] for b in blocks[1:])])
            seen = int(his[0] - first) * others
            t.slots = roomy(t.slots, t.value, count, seen)
            count, unsure = extend(
                codes, t.constants, columns, los, his, t.value, t.outs, t.status, t.kids, t.slots,
                count, t.finite, lossy,
            )  # fmt: skip
            if count >= 0:
                t.undecided += max(0, unsure - len(lossy))
                count = _decide(t, lossy[:unsure], count, tick)
            if count < 0:
                return -1
            t.candidates += seen
    return count


def _decide(t: General, waiting: Array, count: int, tick: Callable[[], None]) -> int:
    """Enter the values that the doubles could not decide; the new count (-1: full)."""
    v = np.empty((1, 6))
    for row in waiting.tolist():
        tick()
        st = t.precise.joined(t.kids, row[: t.arity], v[0])
        if st != FINE or (t.finite and np.isinf(v[0, 0])) or find(t.slots, t.value, v) >= 0:
            continue
        if count == len(t.value):
            return -1
        t.value[count], t.kids[count] = v, row
        put(t.slots, count, v[0])
        count += 1
    return count
