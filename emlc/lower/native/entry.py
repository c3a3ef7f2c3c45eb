"""What numpy calls: a loop over points that are apart, or one after the other, and its flags."""

from __future__ import annotations

from emlc.lower.native.loop import COLUMNS, INPUTS, OUTPUTS, RUN

# The processor's own flags are replaced by what `run` says.
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

# numpy reduces by an output that stays where it is, and accumulates by one that follows the first
# input: each point then needs the one before.
_ENTRY = f"""
define void @loop(ptr %args, ptr %dims, ptr %steps, ptr %data) {{
entry:
  %one = alloca ptr, i64 3
  %total = call i64 @slot(ptr %dims, i64 0)
  %inputs = call i64 @slot(ptr %data, i64 {INPUTS})
  %outputs = call i64 @slot(ptr %data, i64 {OUTPUTS})
  %count = add i64 %inputs, %outputs
  %twice = mul i64 %count, 2
  %slot = add i64 %twice, {COLUMNS - 2}
  %out = call i64 @slot(ptr %data, i64 %slot)
  %binary = icmp eq i64 %out, 2
  %several = icmp sgt i64 %total, 1
  %maybe = and i1 %binary, %several
  br i1 %maybe, label %look, label %whole
look:
  %from = call i64 @slot(ptr %args, i64 0)
  %to = call i64 @slot(ptr %args, i64 2)
  %step = call i64 @slot(ptr %steps, i64 0)
  %step.out = call i64 @slot(ptr %steps, i64 2)
  %stays = icmp eq i64 %step.out, 0
  %next.from = add i64 %from, %step
  %follows = icmp eq i64 %to, %next.from
  %alike = icmp eq i64 %step, %step.out
  %chain = and i1 %follows, %alike
  %single = or i1 %stays, %chain
  br i1 %single, label %each, label %whole
each:
  %k = phi i64 [0, %look], [%k.next, %moved]
  %told = phi i64 [0, %look], [%told.next, %moved]
  br label %move
move:
  %a = phi i64 [0, %each], [%a.next, %move]
  %base.at = getelementptr ptr, ptr %args, i64 %a
  %base = load ptr, ptr %base.at
  %s = call i64 @slot(ptr %steps, i64 %a)
  %off = mul i64 %s, %k
  %here = getelementptr i8, ptr %base, i64 %off
  %here.at = getelementptr ptr, ptr %one, i64 %a
  store ptr %here, ptr %here.at
  %a.next = add i64 %a, 1
  %rest = icmp slt i64 %a.next, 3
  br i1 %rest, label %move, label %moved
moved:
  %flags.one = call i64 @run(ptr %one, i64 1, ptr %steps, ptr %data)
  %told.next = or i64 %told, %flags.one
  %k.next = add i64 %k, 1
  %more = icmp slt i64 %k.next, %total
  br i1 %more, label %each, label %done
whole:
  %flags.all = call i64 @run(ptr %args, i64 %total, ptr %steps, ptr %data)
  br label %done
done:
  %flags = phi i64 [%flags.all, %whole], [%told.next, %moved]
  call void @say(i64 %flags)
  ret void
}}
"""


def source(x86: bool) -> str:
    """The module with `loop`."""
    return RUN + (_X86_FLAGS if x86 else _OTHER_FLAGS) + _ENTRY
