"""The loop of a compiled formula: whole vectors in, whole vectors out, nothing else."""

from __future__ import annotations

import re
from itertools import pairwise

from emlc.lower.native.ssa import Code, Value

# i64 body(ptr columns, i64 count, ptr marks, ptr program): columns holds the addresses of inputs
# and outputs, contiguous doubles; count is a multiple of the width; marks gets one bit a point.
_HEAD = "define i64 @{}(ptr %columns, i64 %count, ptr %marks, ptr %program)"
ATTRIBUTES = 'attributes #0 = { nounwind "prefer-vector-width"="512" }\n'


def body(code: Code, inputs: int, outputs: list[Value]) -> str:
    """The module that computes the outputs from inputs %x0, %x1, ..."""
    text = function(code, inputs, outputs, "body")
    declared = "\n".join(code.declared.values())
    return f"{text}{ATTRIBUTES}{declared}\n"


def function(code: Code, inputs: int, outputs: list[Value], name: str) -> str:
    """The function alone: one loop, or one loop after the other over a tile."""
    if code.flagged is None:
        code.flagged = Value(code, "m", "zeroinitializer")
    if not code.doubts:
        code.doubts.append(Value(code.narrow(), "i", "zeroinitializer"))
    return "\n".join(_Writer(code, inputs, outputs).function(name)) + "\n"


_NAME = re.compile(r"%[vx]\d+\b")
_TILE = 64  # points between two loops: what they hand on stays in the nearest cache


class _Writer:
    """The text of a function; values that later loops need go through buffers of a tile."""

    def __init__(self, code: Code, inputs: int, outputs: list[Value]) -> None:
        self.code, self.inputs, self.outputs = code, inputs, outputs
        cuts = [c for c in code.cuts if 0 < c < len(code.lines)]
        edges = [0, *cuts, len(code.lines)]
        self.loops = [code.lines[a:b] for a, b in pairwise(edges)]
        self.last = len(self.loops) - 1
        self.seen, self.none = (
            (code.narrow().types["i"], "zeroinitializer") if code.target.quick else ("i64", "0")
        )
        assert code.flagged is not None
        self.quick = code.target.quick
        doubtful = code.doubts[0] if self.quick else code.flagged
        self.ends = [doubtful.name, *(v.name for v in outputs)]
        self.home = {
            line.split(" ", 1)[0]: k for k, lines in enumerate(self.loops) for line in lines
        }
        self.used = [set[str]() for _ in self.loops]
        for k, lines in enumerate(self.loops):
            for line in lines:
                self.used[k].update(_NAME.findall(line.split("=", 1)[1]))
        self.used[self.last].update(n for n in self.ends if _NAME.fullmatch(n))
        self.carried = sorted(
            {n for k, names in enumerate(self.used) for n in names if self.home.get(n, k) < k},
            key=lambda n: int(n[2:]),
        )

    def function(self, name: str) -> list[str]:
        count = self.inputs + len(self.outputs)
        lines = [f"{_HEAD.format(name)} #0 {{", "entry:"]
        for k in range(count):
            lines += [
                f"%s{k} = getelementptr ptr, ptr %columns, i64 {k}",
                f"%p{k} = load ptr, ptr %s{k}",
            ]
        lines += [f"%b{n[1:]} = alloca i8, i64 {_TILE * 8}, align 64" for n in self.carried]
        lines.append(f"%end = sub i64 %count, {self.code.target.width}")
        tile = "%count" if self.last == 0 else str(_TILE)
        lines += [
            "br label %tiles",
            "tiles:",
            "%t = phi i64 [0, %entry], [%t.next, %tile.done]",
            f"%any = phi {self.seen} [{self.none}, %entry], [%any.now, %tile.done]",
            "%left = sub i64 %count, %t",
            "%going = icmp sgt i64 %left, 0",
            "br i1 %going, label %part, label %done",
            "part:",
            f"%short = icmp slt i64 %left, {tile}",
            f"%m = select i1 %short, i64 %left, i64 {tile}",
            "br label %loop0",
        ]
        for k in range(len(self.loops)):
            lines += self._loop(k)
        lines += [
            "tile.done:", "%t.next = add i64 %t, %m", "br label %tiles",
            "done:", *self._verdict(), "}",
        ]  # fmt: skip
        return lines

    def _verdict(self) -> list[str]:
        """Return whether anything was marked or doubted."""
        if not self.quick:
            return ["ret i64 %any"]
        width = self.code.target.register
        return [
            f"%doubt = icmp slt {self.seen} %any, zeroinitializer",
            f"%doubt.bits = bitcast <{width} x i1> %doubt to i{width}",
            f"%doubt.wide = zext i{width} %doubt.bits to i64",
            "ret i64 %doubt.wide",
        ]

    def _loop(self, k: int) -> list[str]:
        before = "%part" if k == 0 else f"%loop{k - 1}"
        after = "tile.done" if k == self.last else f"loop{k + 1}"
        width = self.code.target.width
        lines = [
            f"loop{k}:",
            f"%j{k} = phi i64 [0, {before}], [%n{k}, %loop{k}]",
            *([f"%any.so = phi {self.seen} [%any, {before}], [%any.now, %loop{k}]"]
              if k == self.last else []),
            *self._index(k),
        ]  # fmt: skip
        lines += self._loads(k)
        here = {n: f"{n}.{k}" for n in self.used[k] if self.home.get(n) != k}
        lines += [
            _NAME.sub(lambda found: here.get(found[0], found[0]), line) for line in self.loops[k]
        ]
        lines += self._stores(k)
        if k == self.last:
            lines += self._results(here)
        return [
            *lines,
            f"%n{k} = add i64 %j{k}, {width}",
            f"%c{k} = icmp slt i64 %n{k}, %m",
            f"br i1 %c{k}, label %loop{k}, label %{after}",
        ]

    def _index(self, k: int) -> list[str]:
        """Where the lanes of this step begin: quick code ends with a step over the last lanes."""
        if not self.quick:
            return [f"%i{k} = add i64 %t, %j{k}"]
        return [
            f"%i{k}.next = add i64 %t, %j{k}",
            f"%i{k}.over = icmp sgt i64 %i{k}.next, %end",
            f"%i{k} = select i1 %i{k}.over, i64 %end, i64 %i{k}.next",
        ]

    def _loads(self, k: int) -> list[str]:
        vector = self.code.types["d"]
        lines = []
        for n in sorted(self.used[k]):
            if n not in self.home:
                at = f"%a{n[2:]}.{k}"
                lines += [
                    f"{at} = getelementptr double, ptr %p{n[2:]}, i64 %i{k}",
                    f"{n}.{k} = load {vector}, ptr {at}, align 8",
                ]
            elif self.home[n] < k:
                lines += self._buffer(n, k, "l")
                kind, width = self.code.kinds[n], self.code.lanes[n]
                held = f"i{width}" if kind == "m" else self.code.shape(n)
                name = f"{n}.{k}.bits" if kind == "m" else f"{n}.{k}"
                lines.append(f"{name} = load {held}, ptr %l{n[1:]}.{k}, align 1")
                if kind == "m":
                    lines.append(f"{n}.{k} = bitcast {held} {name} to {self.code.shape(n)}")
        return lines

    def _buffer(self, n: str, k: int, prefix: str) -> list[str]:
        """The place of a carried value: a tile of doubles, or one bit a point."""
        if self.code.kinds[n] != "m":
            return [f"%{prefix}{n[1:]}.{k} = getelementptr double, ptr %b{n[1:]}, i64 %j{k}"]
        return [
            f"%{prefix}{n[1:]}.{k}.o = lshr i64 %j{k}, 3",
            f"%{prefix}{n[1:]}.{k} = getelementptr i8, ptr %b{n[1:]}, i64 %{prefix}{n[1:]}.{k}.o",
        ]

    def _stores(self, k: int) -> list[str]:
        lines = []
        for n in self.carried:
            if self.home[n] != k:
                continue
            kind, width = self.code.kinds[n], self.code.lanes[n]
            lines += self._buffer(n, k, "w")
            held, name = self.code.shape(n), n
            if kind == "m":
                lines.append(f"{n}.w = bitcast {held} {n} to i{width}")
                held, name = f"i{width}", f"{n}.w"
            lines.append(f"store {held} {name}, ptr %w{n[1:]}.{k}, align 1")
        return lines

    def _results(self, here: dict[str, str]) -> list[str]:
        vector, width = self.code.types["d"], self.code.target.width
        mask, *values = [here.get(n, n) for n in self.ends]
        how = "64, !nontemporal !{i32 1}" if self.code.target.far else "8"
        lines = []
        for k, name in enumerate(values):
            lines += [
                f"%o{k} = getelementptr double, ptr %p{self.inputs + k}, i64 %i{self.last}",
                f"store {vector} {name}, ptr %o{k}, align {how}",
            ]
        if self.quick:
            return [*lines, f"%any.now = or {self.seen} %any.so, {mask}"]
        return [
            *lines,
            f"%bits = bitcast <{width} x i1> {mask} to i{width}",
            f"%byte = lshr i64 %i{self.last}, 3",
            "%mark = getelementptr i8, ptr %marks, i64 %byte",
            f"store i{width} %bits, ptr %mark, align 1",
            f"%wide = zext i{width} %bits to i64",
            "%any.now = or i64 %any.so, %wide",
        ]
