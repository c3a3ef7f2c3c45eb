"""The loop between numpy and a body: strides, types, tails, flags; one for all formulas.

`run` is the inner loop of a ufunc, which `entry` gives to numpy. It hands the body whole vectors of
contiguous doubles, in place where the arrays are such, from and to small buffers where they are
not. Lanes that a body marks go to `careful`, which may change the outputs and says what to tell
numpy.

    data   slots of 8 bytes: body, inputs, outputs, item size, careful, program, width, quick body
           or 0, its width, far body or 0, whether a call has ended, then argument and byte
           offset of each column

A quick body takes any count from its width on. Where it meets values that it was not made for, it
says so; `careful`, called without marks, provides the body, and the work goes on with that. A far
body is a quick one that writes past the caches; `careful`, called without columns, provides it.

An interrupt may end `careful` before its work is done: it is called again then, with a negative
count, until it says DONE.
"""

from __future__ import annotations

from emlc.lower.native.moves import MOVES

BODY, INPUTS, OUTPUTS, ITEM, CAREFUL, PROGRAM, WIDTH, QUICK, LEAST, FAR, ENDED, COLUMNS = range(12)
_WORK_DONE = 0x2E171E59  # what ctypes gives where a function fails is no number in particular
DONE = _WORK_DONE << 32  # beside the flags that numpy is told
_TRIES = 8
TILE = 256  # points in a buffer
CHUNK = 4096  # points between two looks at the marks, no buffer being in use
MANY = 1 << 14  # points from which it pays to begin at a line of memory
HUGE = 1 << 22  # doubles that no cache holds

_SLOT = """
define internal i64 @slot(ptr %data, i64 %k) alwaysinline {
  %p = getelementptr i64, ptr %data, i64 %k
  %v = load i64, ptr %p
  ret i64 %v
}
"""

_PIECE = f"""
define internal i64 @piece(ptr %args, ptr %steps, ptr %data, ptr %direct, ptr %buffers,
                           i64 %start, i64 %n, i1 %forced, i64 %quick) {{
entry:
  %columns = alloca ptr, i64 512
  %marks = alloca i8, i64 {CHUNK // 8 + 64}
  %plain = icmp eq i64 %quick, 0
  %body.at = call i64 @slot(ptr %data, i64 {BODY})
  %chosen = select i1 %plain, i64 %body.at, i64 %quick
  %body = inttoptr i64 %chosen to ptr
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
  %m.plain = and i64 %up1, %mask
  %least = call i64 @slot(ptr %data, i64 {LEAST})
  %m.quick = call i64 @llvm.smax.i64(i64 %n, i64 %least)
  %m = select i1 %plain, i64 %m.plain, i64 %m.quick
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
  %tries = phi i64 [0, %work], [%tries.next, %redo]
  %first = icmp eq i64 %tries, 0
  %minus = sub i64 0, %n
  %lanes = select i1 %first, i64 %n, i64 %minus
  %careful.at = call i64 @slot(ptr %data, i64 {CAREFUL})
  %careful = inttoptr i64 %careful.at to ptr
  %marks.there = select i1 %plain, ptr %marks, ptr null
  %said = call i64 %careful(ptr %columns, i64 %lanes, ptr %marks.there)
  %word = lshr i64 %said, 32
  %lost = icmp ne i64 %word, {_WORK_DONE}
  %told = and i64 %said, 63
  %tries.next = add i64 %tries, 1
  %may = icmp slt i64 %tries.next, {_TRIES}
  %once.more = and i1 %lost, %may
  br i1 %once.more, label %redo, label %redone
redone:
  br i1 %plain, label %out.start, label %again
again:
  ret i64 -1
out.start:
  %flags = phi i64 [0, %work], [%told, %redone]
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

declare i64 @llvm.smax.i64(i64, i64)

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

# How many points come before the first at which all outputs begin a line of memory; below 0 where
# there is no such point, or where there are so few points that it does not matter.
_LEAD = f"""
define internal i64 @lead(ptr %args, ptr %steps, ptr %data, i64 %total, i64 %all) {{
entry:
  %many = icmp sge i64 %total, {MANY}
  %flat = icmp ne i64 %all, 0
  %look = and i1 %many, %flat
  %inputs = call i64 @slot(ptr %data, i64 {INPUTS})
  %outputs = call i64 @slot(ptr %data, i64 {OUTPUTS})
  %count = add i64 %inputs, %outputs
  %mine = call ptr @place(ptr %args, ptr %steps, ptr %data, i64 %inputs, i64 0)
  %at = ptrtoint ptr %mine to i64
  br i1 %look, label %loop, label %no
loop:
  %k = phi i64 [%inputs, %entry], [%k.next, %loop]
  %apart = phi i64 [0, %entry], [%apart.next, %loop]
  %other = call ptr @place(ptr %args, ptr %steps, ptr %data, i64 %k, i64 0)
  %other.at = ptrtoint ptr %other to i64
  %off = xor i64 %other.at, %at
  %apart.next = or i64 %apart, %off
  %k.next = add i64 %k, 1
  %more = icmp slt i64 %k.next, %count
  br i1 %more, label %loop, label %done
done:
  %minus = sub i64 0, %at
  %bytes = and i64 %minus, 63
  %points = lshr i64 %bytes, 3
  %odd.apart = and i64 %apart.next, 63
  %odd.at = and i64 %at, 7
  %odd = or i64 %odd.apart, %odd.at
  %fits = icmp eq i64 %odd, 0
  %lead = select i1 %fits, i64 %points, i64 -1
  ret i64 %lead
no:
  ret i64 -1
}}

define internal i64 @far(ptr %data, i64 %total, i64 %lead, i64 %quick) {{
entry:
  %inputs = call i64 @slot(ptr %data, i64 {INPUTS})
  %outputs = call i64 @slot(ptr %data, i64 {OUTPUTS})
  %count = add i64 %inputs, %outputs
  %numbers = mul i64 %count, %total
  %huge = icmp sge i64 %numbers, {HUGE}
  %fits = icmp sge i64 %lead, 0
  %has = icmp ne i64 %quick, 0
  %both = and i1 %huge, %fits
  %all = and i1 %both, %has
  br i1 %all, label %ask, label %no
ask:
  %known = call i64 @slot(ptr %data, i64 {FAR})
  %there = icmp ne i64 %known, 0
  br i1 %there, label %yes, label %make
make:
  %careful.at = call i64 @slot(ptr %data, i64 {CAREFUL})
  %careful = inttoptr i64 %careful.at to ptr
  %said = call i64 %careful(ptr null, i64 0, ptr null)
  br label %yes
yes:
  %made = call i64 @slot(ptr %data, i64 {FAR})
  ret i64 %made
no:
  ret i64 0
}}
"""

_LOOP = f"""
define internal i64 @run(ptr %args, i64 %total, ptr %steps, ptr %data) {{
entry:
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
  %quick.at = call i64 @slot(ptr %data, i64 {QUICK})
  %least = call i64 @slot(ptr %data, i64 {LEAST})
  %lead = call i64 @lead(ptr %args, ptr %steps, ptr %data, i64 %total, i64 %all)
  %far = call i64 @far(ptr %data, i64 %total, i64 %lead, i64 %quick.at)
  br label %loop
loop:
  %start = phi i64 [0, %entry], [%start.next, %next]
  %flags = phi i64 [0, %entry], [%flags.next, %next]
  %quick = phi i64 [%quick.at, %entry], [%quick.next, %next]
  %left = sub i64 %total, %start
  %more = icmp sgt i64 %left, 0
  br i1 %more, label %part, label %done
part:
  %short = icmp slt i64 %left, %chunk
  %most = select i1 %short, i64 %left, i64 %chunk
  %first = icmp eq i64 %start, 0
  %leads = icmp sgt i64 %lead, 0
  %leading = and i1 %first, %leads
  %n = select i1 %leading, i64 %lead, i64 %most
  %plain = icmp eq i64 %quick, 0
  br i1 %plain, label %even, label %any
any:
  %down = sub i64 0, %least
  %round = and i64 %n, %down
  %rounds = icmp sgt i64 %round, 0
  %near = icmp eq i64 %far, 0
  %n.round = select i1 %rounds, i64 %round, i64 %n
  %n.any = select i1 %near, i64 %n, i64 %n.round
  %few = icmp slt i64 %n.any, %least
  %same = or i1 %near, %few
  %with = select i1 %same, i64 %quick, i64 %far
  %tried = call i64 @piece(ptr %args, ptr %steps, ptr %data, ptr %direct, ptr %buffers,
                           i64 %start, i64 %n.any, i1 %few, i64 %with)
  %failed = icmp slt i64 %tried, 0
  %got = select i1 %failed, i64 0, i64 %n.any
  %told = select i1 %failed, i64 0, i64 %tried
  %go = select i1 %failed, i64 0, i64 %quick
  br label %next
even:
  %mask = sub i64 0, %width
  %full = and i64 %n, %mask
  %some = icmp sgt i64 %full, 0
  br i1 %some, label %whole, label %last
whole:
  %said = call i64 @piece(ptr %args, ptr %steps, ptr %data, ptr %direct, ptr %buffers,
                          i64 %start, i64 %full, i1 false, i64 0)
  br label %next
last:
  %said.last = call i64 @piece(ptr %args, ptr %steps, ptr %data, ptr %direct, ptr %buffers,
                               i64 %start, i64 %n, i1 true, i64 0)
  br label %next
next:
  %did = phi i64 [%got, %any], [%full, %whole], [%n, %last]
  %now = phi i64 [%told, %any], [%said, %whole], [%said.last, %last]
  %quick.next = phi i64 [%go, %any], [0, %whole], [0, %last]
  %flags.next = or i64 %flags, %now
  %start.next = add i64 %start, %did
  br label %loop
done:
  %ended = getelementptr i64, ptr %data, i64 {ENDED}
  store i64 1, ptr %ended
  ret i64 %flags
}}
"""

# `run`, with all that it calls, but for the marked lanes.
RUN = "".join([_SLOT, MOVES, _PIECE, _MODES, _LEAD, _LOOP])
