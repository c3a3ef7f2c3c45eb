"""The loop between numpy and a body: strides, types, tails, flags; one for all formulas.

numpy calls `loop` as the inner loop of a ufunc. It hands the body whole vectors of contiguous
doubles, in place where the arrays are such, from and to small buffers where they are not. Lanes
that a body marks go to `careful`, which may change the outputs and says what to tell numpy; the
processor's own flags are replaced by that.

    data   slots of 8 bytes: body, inputs, outputs, item size, careful, program, width, then
           argument and byte offset of each column
"""

from __future__ import annotations

BODY, INPUTS, OUTPUTS, ITEM, CAREFUL, PROGRAM, WIDTH, COLUMNS = range(8)
TILE = 256  # points in a buffer
CHUNK = 4096  # points between two looks at the marks, no buffer being in use

_X86_FLAGS = """
define internal void @say(i64 %flags) {
  %word = alloca i32
  call void @llvm.x86.sse.stmxcsr(ptr %word)
  %old = load i32, ptr %word
  %clear = and i32 %old, -64
  %new = trunc i64 %flags to i32
  %set = or i32 %clear, %new
  store i32 %set, ptr %word
  call void @llvm.x86.sse.ldmxcsr(ptr %word)
  ret void
}
declare void @llvm.x86.sse.stmxcsr(ptr)
declare void @llvm.x86.sse.ldmxcsr(ptr)
"""

_OTHER_FLAGS = """
define internal void @say(i64 %flags) {
  %a = call i32 @feclearexcept(i32 31)
  %new = trunc i64 %flags to i32
  %b = call i32 @feraiseexcept(i32 %new)
  ret void
}
declare i32 @feclearexcept(i32)
declare i32 @feraiseexcept(i32)
"""

_SLOT = """
define internal i64 @slot(ptr %data, i64 %k) alwaysinline {
  %p = getelementptr i64, ptr %data, i64 %k
  %v = load i64, ptr %p
  ret i64 %v
}
"""


def _copy(name: str, arguments: str, step: str) -> str:
    """A function with a loop over %i below %n around the lines of one step."""
    return f"""
define internal void @{name}({arguments}) {{
entry:
  %some = icmp sgt i64 %n, 0
  br i1 %some, label %loop, label %done
loop:
  %i = phi i64 [0, %entry], [%next, %loop]
{step}
  %next = add i64 %i, 1
  %more = icmp slt i64 %next, %n
  br i1 %more, label %loop, label %done
done:
  ret void
}}
"""


_AT = "  %o = mul i64 %i, %step\n  %p = getelementptr i8, ptr %far, i64 %o\n"
_NEAR = "  %q = getelementptr double, ptr %near, i64 %i\n"
_MOVES = (
    _copy("gather8", "ptr noalias %near, ptr noalias %far, i64 %step, i64 %n",
          f"{_AT}{_NEAR}  %v = load double, ptr %p\n  store double %v, ptr %q"),
    _copy("gather4", "ptr noalias %near, ptr noalias %far, i64 %step, i64 %n",
          f"{_AT}{_NEAR}  %f = load float, ptr %p\n  %v = fpext float %f to double\n"
          "  store double %v, ptr %q"),
    _copy("scatter8", "ptr noalias %near, ptr noalias %far, i64 %step, i64 %n",
          f"{_AT}{_NEAR}  %v = load double, ptr %q\n  store double %v, ptr %p"),
    _copy("scatter4", "ptr noalias %near, ptr noalias %far, i64 %step, i64 %n",
          f"{_AT}{_NEAR}  %v = load double, ptr %q\n  %f = fptrunc double %v to float\n"
          "  store float %f, ptr %p"),
    _copy("fill", "ptr %near, double %v, i64 %n", f"{_NEAR}  store double %v, ptr %q"),
)  # fmt: skip

_HELPERS = """
define internal void @gather(ptr %near, ptr %far, i64 %step, i64 %n, i64 %m, i64 %item) {
entry:
  %wide = icmp eq i64 %item, 8
  br i1 %wide, label %eight, label %four
eight:
  %flat8 = icmp eq i64 %step, 8
  br i1 %flat8, label %flat, label %strided
flat:
  call void @gather8(ptr %near, ptr %far, i64 8, i64 %n)
  br label %pad
strided:
  call void @gather8(ptr %near, ptr %far, i64 %step, i64 %n)
  br label %pad
four:
  %flat4 = icmp eq i64 %step, 4
  br i1 %flat4, label %flat.four, label %strided.four
flat.four:
  call void @gather4(ptr %near, ptr %far, i64 4, i64 %n)
  br label %pad
strided.four:
  call void @gather4(ptr %near, ptr %far, i64 %step, i64 %n)
  br label %pad
pad:
  %end = getelementptr double, ptr %near, i64 %n
  %last = getelementptr double, ptr %end, i64 -1
  %v = load double, ptr %last
  %left = sub i64 %m, %n
  call void @fill(ptr %end, double %v, i64 %left)
  ret void
}

define internal void @scatter(ptr %near, ptr %far, i64 %step, i64 %n, i64 %item) {
entry:
  %wide = icmp eq i64 %item, 8
  br i1 %wide, label %eight, label %four
eight:
  call void @scatter8(ptr %near, ptr %far, i64 %step, i64 %n)
  ret void
four:
  call void @scatter4(ptr %near, ptr %far, i64 %step, i64 %n)
  ret void
}
"""

_PIECE = f"""
define internal i64 @piece(ptr %args, ptr %steps, ptr %data, ptr %direct, ptr %buffers,
                           i64 %start, i64 %n, i1 %forced) {{
entry:
  %columns = alloca ptr, i64 512
  %marks = alloca i8, i64 {CHUNK // 8 + 64}
  %body.at = call i64 @slot(ptr %data, i64 {BODY})
  %body = inttoptr i64 %body.at to ptr
  %inputs = call i64 @slot(ptr %data, i64 {INPUTS})
  %outputs = call i64 @slot(ptr %data, i64 {OUTPUTS})
  %count = add i64 %inputs, %outputs
  %item = call i64 @slot(ptr %data, i64 {ITEM})
  %width = call i64 @slot(ptr %data, i64 {WIDTH})
  %program.at = call i64 @slot(ptr %data, i64 {PROGRAM})
  %program = inttoptr i64 %program.at to ptr
  %up = add i64 %n, %width
  %up1 = sub i64 %up, 1
  %mask = sub i64 0, %width
  %m = and i64 %up1, %mask
  br label %in
in:
  %k = phi i64 [0, %entry], [%k.next, %in.next]
  %past.in = icmp slt i64 %k, %count
  br i1 %past.in, label %in.column, label %work
in.column:
  %d.at = getelementptr i8, ptr %direct, i64 %k
  %d = load i8, ptr %d.at
  %d.on = icmp ne i8 %d, 0
  %allowed = xor i1 %forced, true
  %straight = and i1 %d.on, %allowed
  %far = call ptr @place(ptr %args, ptr %steps, ptr %data, i64 %k, i64 %start)
  %b.off = mul i64 %k, {TILE * 8}
  %buffer = getelementptr i8, ptr %buffers, i64 %b.off
  %near = select i1 %straight, ptr %far, ptr %buffer
  %c.at = getelementptr ptr, ptr %columns, i64 %k
  store ptr %near, ptr %c.at
  %is.in = icmp slt i64 %k, %inputs
  %bent = xor i1 %straight, true
  %fetch0 = and i1 %is.in, %bent
  %step = call i64 @step(ptr %steps, ptr %data, i64 %k)
  %still = icmp eq i64 %step, 0
  %later = icmp sgt i64 %start, 0
  %had = and i1 %still, %later
  %fresh = xor i1 %had, true
  %fetch = and i1 %fetch0, %fresh
  br i1 %fetch, label %in.fetch, label %in.next
in.fetch:
  call void @gather(ptr %near, ptr %far, i64 %step, i64 %n, i64 %m, i64 %item)
  br label %in.next
in.next:
  %k.next = add i64 %k, 1
  br label %in
work:
  %any = call i64 %body(ptr %columns, i64 %m, ptr %marks, ptr %program)
  %odd = icmp ne i64 %any, 0
  br i1 %odd, label %redo, label %out.start
redo:
  %careful.at = call i64 @slot(ptr %data, i64 {CAREFUL})
  %careful = inttoptr i64 %careful.at to ptr
  %said = call i64 %careful(ptr %columns, i64 %n, ptr %marks)
  br label %out.start
out.start:
  %flags = phi i64 [0, %work], [%said, %redo]
  br label %out
out:
  %j = phi i64 [%inputs, %out.start], [%j.next, %out.next]
  %past.out = icmp slt i64 %j, %count
  br i1 %past.out, label %out.column, label %done
out.column:
  %e.at = getelementptr ptr, ptr %columns, i64 %j
  %from = load ptr, ptr %e.at
  %to = call ptr @place(ptr %args, ptr %steps, ptr %data, i64 %j, i64 %start)
  %moved = icmp ne ptr %from, %to
  br i1 %moved, label %out.store, label %out.next
out.store:
  %step.out = call i64 @step(ptr %steps, ptr %data, i64 %j)
  call void @scatter(ptr %from, ptr %to, i64 %step.out, i64 %n, i64 %item)
  br label %out.next
out.next:
  %j.next = add i64 %j, 1
  br label %out
done:
  ret i64 %flags
}}

define internal i64 @step(ptr %steps, ptr %data, i64 %k) alwaysinline {{
  %twice = mul i64 %k, 2
  %slot = add i64 %twice, {COLUMNS}
  %a = call i64 @slot(ptr %data, i64 %slot)
  %s = call i64 @slot(ptr %steps, i64 %a)
  ret i64 %s
}}

define internal ptr @place(ptr %args, ptr %steps, ptr %data, i64 %k, i64 %start) alwaysinline {{
  %twice = mul i64 %k, 2
  %slot = add i64 %twice, {COLUMNS}
  %a = call i64 @slot(ptr %data, i64 %slot)
  %slot2 = add i64 %slot, 1
  %off = call i64 @slot(ptr %data, i64 %slot2)
  %base.at = getelementptr ptr, ptr %args, i64 %a
  %base = load ptr, ptr %base.at
  %s = call i64 @slot(ptr %steps, i64 %a)
  %far = mul i64 %s, %start
  %sum = add i64 %far, %off
  %p = getelementptr i8, ptr %base, i64 %sum
  ret ptr %p
}}
"""

# A column is 1 where the body may work in place.
_MODES = f"""
define internal i64 @modes(ptr %args, ptr %steps, ptr %data, ptr %direct, i64 %total) {{
entry:
  %inputs = call i64 @slot(ptr %data, i64 {INPUTS})
  %outputs = call i64 @slot(ptr %data, i64 {OUTPUTS})
  %count = add i64 %inputs, %outputs
  %item = call i64 @slot(ptr %data, i64 {ITEM})
  %wide = icmp eq i64 %item, 8
  br label %loop
loop:
  %k = phi i64 [0, %entry], [%k.next, %next]
  %all = phi i64 [1, %entry], [%all.next, %next]
  %more = icmp slt i64 %k, %count
  br i1 %more, label %column, label %done
column:
  %step = call i64 @step(ptr %steps, ptr %data, i64 %k)
  %flat = icmp eq i64 %step, 8
  %plain = and i1 %flat, %wide
  %is.out = icmp sge i64 %k, %inputs
  %mine = call ptr @place(ptr %args, ptr %steps, ptr %data, i64 %k, i64 0)
  br label %look
look:
  %j = phi i64 [0, %column], [%j.next, %look.next]
  %shared = phi i1 [false, %column], [%shared.next, %look.next]
  %look.in = icmp slt i64 %j, %inputs
  %look.on = and i1 %look.in, %is.out
  br i1 %look.on, label %look.next, label %looked
look.next:
  %other = call ptr @place(ptr %args, ptr %steps, ptr %data, i64 %j, i64 0)
  %same = icmp eq ptr %other, %mine
  %shared.next = or i1 %shared, %same
  %j.next = add i64 %j, 1
  br label %look
looked:
  %alone = xor i1 %shared, true
  %straight = and i1 %plain, %alone
  %one = zext i1 %straight to i8
  %d.at = getelementptr i8, ptr %direct, i64 %k
  store i8 %one, ptr %d.at
  %unit64 = zext i1 %straight to i64
  br label %next
next:
  %all.next = and i64 %all, %unit64
  %k.next = add i64 %k, 1
  br label %loop
done:
  ret i64 %all
}}
"""

_LOOP = f"""
define void @loop(ptr %args, ptr %dims, ptr %steps, ptr %data) {{
entry:
  %total = call i64 @slot(ptr %dims, i64 0)
  %inputs = call i64 @slot(ptr %data, i64 {INPUTS})
  %outputs = call i64 @slot(ptr %data, i64 {OUTPUTS})
  %count = add i64 %inputs, %outputs
  %width = call i64 @slot(ptr %data, i64 {WIDTH})
  %direct = alloca i8, i64 512
  %size = mul i64 %count, {TILE * 8}
  %buffers = alloca i8, i64 %size, align 64
  %all = call i64 @modes(ptr %args, ptr %steps, ptr %data, ptr %direct, i64 %total)
  %flat = icmp ne i64 %all, 0
  %chunk = select i1 %flat, i64 {CHUNK}, i64 {TILE}
  br label %loop
loop:
  %start = phi i64 [0, %entry], [%start.next, %next]
  %flags = phi i64 [0, %entry], [%flags.next, %next]
  %left = sub i64 %total, %start
  %more = icmp sgt i64 %left, 0
  br i1 %more, label %part, label %done
part:
  %short = icmp slt i64 %left, %chunk
  %n = select i1 %short, i64 %left, i64 %chunk
  %mask = sub i64 0, %width
  %full = and i64 %n, %mask
  %some = icmp sgt i64 %full, 0
  br i1 %some, label %whole, label %last
whole:
  %said = call i64 @piece(ptr %args, ptr %steps, ptr %data, ptr %direct, ptr %buffers,
                          i64 %start, i64 %full, i1 false)
  br label %next
last:
  %said.last = call i64 @piece(ptr %args, ptr %steps, ptr %data, ptr %direct, ptr %buffers,
                               i64 %start, i64 %left, i1 true)
  br label %next
next:
  %did = phi i64 [%full, %whole], [%left, %last]
  %now = phi i64 [%said, %whole], [%said.last, %last]
  %flags.next = or i64 %flags, %now
  %start.next = add i64 %start, %did
  br label %loop
done:
  call void @say(i64 %flags)
  ret void
}}
"""


def source(x86: bool) -> str:
    """The module with `loop`."""
    flags = _X86_FLAGS if x86 else _OTHER_FLAGS
    return "".join([_SLOT, flags, *_MOVES, _HELPERS, _PIECE, _MODES, _LOOP])
