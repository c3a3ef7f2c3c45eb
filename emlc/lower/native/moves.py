"""Moves between numpy's arrays and small buffers of doubles, in LLVM's language."""

from __future__ import annotations


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
_COPIES = (
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

MOVES = "".join([*_COPIES, _HELPERS])
