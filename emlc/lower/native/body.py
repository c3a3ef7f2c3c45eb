"""The loop of a compiled formula: whole vectors in, whole vectors out, nothing else."""

from __future__ import annotations

from emlc.lower.native.ssa import Code, Value

# i64 body(ptr columns, i64 count, ptr marks, ptr program): columns holds the addresses of inputs and
# outputs, contiguous doubles; count is a multiple of the width; marks gets one bit a point.
_HEAD = "define i64 @{}(ptr %columns, i64 %count, ptr %marks, ptr %program)"
ATTRIBUTES = 'attributes #0 = { nounwind "prefer-vector-width"="512" }\n'


def body(code: Code, inputs: int, outputs: list[Value]) -> str:
    """The module that computes the outputs from inputs %x0, %x1, ..."""
    declared = "\n".join(code.declared.values())
    return f"{function(code, inputs, outputs, 'body')}{ATTRIBUTES}{declared}\n"


def function(code: Code, inputs: int, outputs: list[Value], name: str) -> str:
    """The function alone."""
    width = code.target.width
    vector = code.types["d"]
    count = inputs + len(outputs)
    lines = [f"{_HEAD.format(name)} #0 {{", "entry:"]
    for k in range(count):
        lines += [
            f"%s{k} = getelementptr ptr, ptr %columns, i64 {k}",
            f"%p{k} = load ptr, ptr %s{k}",
        ]
    lines += [
        "%some = icmp sgt i64 %count, 0",
        "br i1 %some, label %loop, label %done",
        "loop:",
        "%i = phi i64 [0, %entry], [%next, %loop]",
        "%any = phi i64 [0, %entry], [%any2, %loop]",
    ]
    for k in range(inputs):
        lines += [
            f"%a{k} = getelementptr double, ptr %p{k}, i64 %i",
            f"%x{k} = load {vector}, ptr %a{k}, align 8",
        ]
    lines += code.lines
    for k, value in enumerate(outputs):
        lines += [
            f"%b{k} = getelementptr double, ptr %p{inputs + k}, i64 %i",
            f"store {vector} {value.name}, ptr %b{k}, align 8",
        ]
    if code.flagged is not None:
        lines += [
            f"%bits = bitcast <{width} x i1> {code.flagged.name} to i{width}",
            "%byte = lshr i64 %i, 3",
            "%m = getelementptr i8, ptr %marks, i64 %byte",
            f"store i{width} %bits, ptr %m, align 1",
            f"%wide = zext i{width} %bits to i64",
            "%any2 = or i64 %any, %wide",
        ]
    else:
        lines.append("%any2 = add i64 %any, 0")
    lines += [
        f"%next = add i64 %i, {width}",
        "%more = icmp slt i64 %next, %count",
        "br i1 %more, label %loop, label %done",
        "done:",
        "%all = phi i64 [0, %entry], [%any2, %loop]",
        "ret i64 %all",
        "}",
    ]
    return "\n".join(lines) + "\n"
