"""The first tier: a program of operations run a tile of points at a time, nothing compiled.

    program   int64: points in a tile, steps, registers, numbers, address of steps, of the numbers
    step      int64: address of the operation, number of columns, then six columns: a register, or
              ~c for column c of the loop

An operation is a body (see `body`) of one kernel; all of them are compiled once for a processor and
kept on disk. The first registers hold the numbers of the formula, a tile of each. Where there is no
memory for registers, all points are marked.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from emlc.ir.node import Node, Var
from emlc.lower.native import body, engine
from emlc.lower.native.plan import KERNEL_OF, Plan, sources
from emlc.lower.native.ssa import Code, Target, Value
from emlc.lower.native.watch import watched

_KEY = "operations "
_STEP = 8
_MEMORY = 1 << 19  # bytes of registers that stay near the processor
_TILES = (256, 64, 16)

INTERPRETER = f"""
define i64 @run(ptr %columns, i64 %count, ptr %marks, ptr %program) {{
entry:
  %near = alloca ptr, i64 8
  %scratch = alloca i8, i64 64
  %tile = load i64, ptr %program
  %p1 = getelementptr i64, ptr %program, i64 1
  %steps = load i64, ptr %p1
  %p2 = getelementptr i64, ptr %program, i64 2
  %registers = load i64, ptr %p2
  %p3 = getelementptr i64, ptr %program, i64 3
  %numbers = load i64, ptr %p3
  %p4 = getelementptr i64, ptr %program, i64 4
  %list = load ptr, ptr %p4
  %p5 = getelementptr i64, ptr %program, i64 5
  %values = load ptr, ptr %p5
  %row = mul i64 %tile, 8
  %size = mul i64 %registers, %row
  %more.size = add i64 %size, 64
  %base = call ptr @malloc(i64 %more.size)
  %bytes = lshr i64 %count, 3
  %none = icmp eq ptr %base, null
  br i1 %none, label %all, label %ready
all:
  call void @llvm.memset.p0.i64(ptr %marks, i8 255, i64 %bytes, i1 false)
  ret i64 1
ready:
  call void @llvm.memset.p0.i64(ptr %marks, i8 0, i64 %bytes, i1 false)
  br label %fill
fill:
  %f = phi i64 [0, %ready], [%f.next, %fill.done]
  %f.more = icmp slt i64 %f, %numbers
  br i1 %f.more, label %fill.one, label %tiles
fill.one:
  %v.at = getelementptr double, ptr %values, i64 %f
  %v = load double, ptr %v.at
  %v.off = mul i64 %f, %row
  %v.to = getelementptr i8, ptr %base, i64 %v.off
  br label %fill.lane
fill.lane:
  %l = phi i64 [0, %fill.one], [%l.next, %fill.lane]
  %l.at = getelementptr double, ptr %v.to, i64 %l
  store double %v, ptr %l.at
  %l.next = add i64 %l, 1
  %l.more = icmp slt i64 %l.next, %tile
  br i1 %l.more, label %fill.lane, label %fill.done
fill.done:
  %f.next = add i64 %f, 1
  br label %fill
tiles:
  %start = phi i64 [0, %fill], [%start.next, %tile.done]
  %any = phi i64 [0, %fill], [%any.step, %tile.done]
  %left = sub i64 %count, %start
  %going = icmp sgt i64 %left, 0
  br i1 %going, label %part, label %done
part:
  %short = icmp slt i64 %left, %tile
  %m = select i1 %short, i64 %left, i64 %tile
  %far = mul i64 %start, 8
  %marks.off = lshr i64 %start, 3
  %marks.here = getelementptr i8, ptr %marks, i64 %marks.off
  br label %step
step:
  %s = phi i64 [0, %part], [%s.next, %step.done]
  %any.step = phi i64 [%any, %part], [%any.next, %step.done]
  %s.more = icmp slt i64 %s, %steps
  br i1 %s.more, label %operands, label %tile.done
operands:
  %s.off = mul i64 %s, {_STEP * 8}
  %s.at = getelementptr i8, ptr %list, i64 %s.off
  %fn = load ptr, ptr %s.at
  %c.at = getelementptr i64, ptr %s.at, i64 1
  %c.count = load i64, ptr %c.at
  br label %operand
operand:
  %c = phi i64 [0, %operands], [%c.next, %operand.done]
  %c.more = icmp slt i64 %c, %c.count
  br i1 %c.more, label %operand.one, label %call
operand.one:
  %c.slot = add i64 %c, 2
  %o.at = getelementptr i64, ptr %s.at, i64 %c.slot
  %o = load i64, ptr %o.at
  %outer = icmp slt i64 %o, 0
  br i1 %outer, label %operand.column, label %operand.register
operand.column:
  %o.not = xor i64 %o, -1
  %col.at = getelementptr ptr, ptr %columns, i64 %o.not
  %col = load ptr, ptr %col.at
  %col.here = getelementptr i8, ptr %col, i64 %far
  br label %operand.done
operand.register:
  %r.off = mul i64 %o, %row
  %r.here = getelementptr i8, ptr %base, i64 %r.off
  br label %operand.done
operand.done:
  %place = phi ptr [%col.here, %operand.column], [%r.here, %operand.register]
  %near.at = getelementptr ptr, ptr %near, i64 %c
  store ptr %place, ptr %near.at
  %c.next = add i64 %c, 1
  br label %operand
call:
  %said = call i64 %fn(ptr %near, i64 %m, ptr %scratch, ptr null)
  %odd = icmp ne i64 %said, 0
  br i1 %odd, label %mark, label %step.done
mark:
  %k = phi i64 [0, %call], [%k.next, %mark]
  %from.at = getelementptr i8, ptr %scratch, i64 %k
  %from = load i8, ptr %from.at
  %to.at = getelementptr i8, ptr %marks.here, i64 %k
  %to = load i8, ptr %to.at
  %both = or i8 %from, %to
  store i8 %both, ptr %to.at
  %k.next = add i64 %k, 1
  %k.points = shl i64 %k.next, 3
  %k.more = icmp slt i64 %k.points, %m
  br i1 %k.more, label %mark, label %step.done
step.done:
  %any.next = or i64 %any.step, %said
  %s.next = add i64 %s, 1
  br label %step
tile.done:
  %start.next = add i64 %start, %m
  br label %tiles
done:
  call void @free(ptr %base)
  ret i64 %any
}}
declare ptr @malloc(i64)
declare void @free(ptr)
declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)
"""


def _watchers(code: Code, name: str, x: list[Value]) -> None:
    """The operations that only look: their marks are all they give."""
    if name == "wild":
        code.flag(code.wild(x[0]))
    else:
        mask = code.vanished(x[0])
        for zero in x[1:]:
            mask = mask & ~zero.same(0.0)
        code.flag(mask)


_LOOKS = {"wild": 1, "vanished0": 1, "vanished1": 2, "vanished2": 3}


def _library(target: Target) -> str:
    """The module of all operations and the interpreter."""
    parts: list[str] = []
    declared: dict[str, str] = {}
    for name, inputs in _LOOKS.items():
        code = Code(target)
        _watchers(code, name, [Value(code, "d", f"%x{k}") for k in range(inputs)])
        parts.append(body.function(code, inputs, [], name))
        declared |= code.declared
    code = Code(target)
    parts.append(body.function(code, 1, [Value(code, "d", "%x0")], "copy"))
    for row, kernel in KERNEL_OF.items():
        code = Code(target)
        args = [Value(code, "d", f"%x{k}") for k in range(len(row.params))]
        parts.append(body.function(code, len(args), [kernel(code, *args)], f"op_{row.name}"))
        declared |= code.declared
    return "".join(parts) + INTERPRETER + body.ATTRIBUTES + "\n".join(declared.values()) + "\n"


def ready() -> bool:
    """Whether the operations need not be compiled first."""
    return _loaded.cache_info().currsize > 0 or engine.on_disk(_KEY + sources())


@cache
def _loaded() -> engine.Loaded:
    return engine.load_as(_KEY + sources(), lambda: _library(engine.target()))


@cache
def _address(name: str) -> int:
    return _loaded().address(name)


class Program(NamedTuple):
    """A formula for the interpreter: addresses of `run` and of the program, and what holds it."""

    run: int
    address: int
    kept: tuple[array[int], array[int], array[float]]


def program(plan: Plan) -> Program:
    """The program of a plan; linear in its length."""
    numbers = [n for n in plan.order if n in plan.fixed]
    place = {n: k for k, n in enumerate(numbers)}
    columns = {name: ~k for k, name in enumerate(plan.names)}
    first = max(1, len(plan.names))
    steps = array("q")
    count = _Steps(plan, steps, place, columns, first).write()
    size = next((t for t in _TILES if count * t * 8 <= _MEMORY), _TILES[-1])
    values = array("d", [plan.fixed[n] for n in numbers] or [0.0])
    head = array("q", [
        size, len(steps) // _STEP, count, len(numbers), steps.buffer_info()[0],
        values.buffer_info()[0],
    ])  # fmt: skip
    return Program(_address("run"), head.buffer_info()[0], (head, steps, values))


class _Steps:
    """The steps in order, each result in a register that nothing later reads any more."""

    def __init__(
        self, plan: Plan, steps: array[int], place: dict[Node, int], columns: dict[str, int],
        first: int,
    ) -> None:  # fmt: skip
        self.plan, self.steps, self.place, self.columns = plan, steps, place, columns
        self.first = first
        self.free: list[int] = []
        self.count = len(place)
        self.looks: dict[Node, list[tuple[str, list[Node]]]] = {}
        self.uses: dict[Node, int] = {}

    def _look(self, name: str, n: Node, others: Sequence[Node] = ()) -> None:
        operands = [n, *others]
        self.looks.setdefault(max(operands, key=self._rank), []).append((name, operands))

    def _rank(self, n: Node) -> int:
        return self.order.get(n, -1)

    def write(self) -> int:
        """Fill in the steps; the number of registers."""
        plan = self.plan
        self.order = {n: k for k, n in enumerate(plan.order)}
        seen = watched(plan.order, plan.roots, plan.fixed, sums=False)
        for n in seen.wild:
            self._look("wild", n)
        for n, zeros in seen.vanishing:
            self._look(f"vanished{len(zeros)}", n, zeros)
        for n in plan.order:
            for a in n.args:
                self.uses[a] = self.uses.get(a, 0) + 1
        for listed in self.looks.values():
            for _, operands in listed:
                for a in operands:
                    self.uses[a] = self.uses.get(a, 0) + 1
        for root in plan.roots:
            self.uses[root] = self.uses.get(root, 0) + 1
        for n in plan.order:
            self._one(n)
        for k, root in enumerate(plan.roots):
            self._step("copy", [self.place[root], ~(self.first + k)])
        return max(1, self.count)

    def _one(self, n: Node) -> None:
        head = n.head
        if isinstance(head, Var):
            self.place[n] = self.columns[head.name]
        elif n not in self.plan.fixed:
            target = self.free.pop() if self.free else self._fresh()
            self.place[n] = target
            self._step(f"op_{head.name}", [*(self.place[a] for a in n.args), target])  # type: ignore[union-attr]
            self._release(n.args)
        for name, operands in self.looks.get(n, ()):
            self._step(name, [self.place[a] for a in operands])
            self._release(operands)

    def _fresh(self) -> int:
        self.count += 1
        return self.count - 1

    def _release(self, operands: Sequence[Node]) -> None:
        for a in operands:
            self.uses[a] -= 1
            if self.uses[a] == 0 and self.place[a] >= 0 and a not in self.plan.fixed:
                self.free.append(self.place[a])

    def _step(self, name: str, columns: list[int]) -> None:
        self.steps.extend((_address(name), len(columns), *columns, *[0] * (6 - len(columns))))
