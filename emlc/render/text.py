"""The picture of a tree in plain characters, for terminals."""

from __future__ import annotations

from textwrap import wrap
from typing import NamedTuple

from emlc.errors import ArgumentError
from emlc.ir.tape import Tape
from emlc.passes.ranges import Ranges
from emlc.render.scene import Spot, Style, scene

TEXT_LIMIT = 1_000
_NARROWEST = 20
_ROOM = 24
_INLINE = ("number", "variable", "parameter", "again")


class _Pen(NamedTuple):
    """What stands before a line: a left child with and without a sibling below it, a right child;
    then what stands below a child with a sibling, and below a last child."""

    left: str
    only_left: str
    right: str
    bar: str
    blank: str
    arrow: str


# From roomy to tight: a deep tree takes the first that fits the width.
_UNICODE = (
    _Pen("├─ ", "╰─ ", "╰╌ ", "│  ", "   ", "↓"),
    _Pen("├─", "╰─", "╰╌", "│ ", "  ", "↓"),
    _Pen("├", "╰", "╰", "│", " ", "↓"),
)
_ASCII = (
    _Pen("|-- ", "`-- ", "`.. ", "|   ", "    ", "_"),
    _Pen("|-", "`-", "`.", "| ", "  ", "_"),
    _Pen("|", "`", "`", "|", " ", "_"),
)


def to_text(
    tape: Tape,
    style: Style = "tree",
    *,
    width: int = 80,
    unicode: bool = True,
    limit: int = TEXT_LIMIT,
    title: str = "",
    ranges: Ranges | None = None,
) -> str:
    """The tree in lines of at most `width` characters.

    Leaves stand in their node's line, and an arrow points to what is drawn below: along a full line
    to the argument of exp, a broken one to that of ln. In style "dag" a subtree that is used again
    is written once, named #1, #2, ...; in style "macro" recognised
    parts are blocks. What does not fit in `limit` nodes is counted.

    >>> from emlc.ir.node import ONE, eml, var
    >>> from emlc.ir.tape import flatten
    >>> x = var("x")
    >>> print(to_text(flatten(eml(eml(x, ONE), eml(x, eml(ONE, ONE))))))
    eml(↓, ↓)
    ├─ eml(x, 1)
    ╰╌ eml(x, ↓)
       ╰╌ eml(1, 1)
    <BLANKLINE>
    K = 9, depth 3, 6 distinct subtrees
    <BLANKLINE>
    """
    if width < _NARROWEST:
        raise ArgumentError(f"a width of {width} is too narrow", hint=f"at least {_NARROWEST}")
    pens = _UNICODE if unicode else _ASCII
    room = max(1, width - _ROOM)
    seen = scene(tape, style, limit=limit, max_depth=room, ranges=ranges)
    deepest = max(s.depth for s in seen.spots)
    pen = next((p for p in pens if deepest * len(p.bar) <= room), pens[-1])
    lines = [title] if title else []
    lines += _branches(seen.spots, pen)
    if not unicode:
        lines = [_ascii(line) for line in lines]
    lines = [_cut(line, width, unicode) for line in lines]
    for words in ("", seen.caption, *seen.notes):
        lines += wrap(words if unicode else _ascii(words), width) or [""]
    return "\n".join([*lines, ""])


def _branches(spots: list[Spot], pen: _Pen) -> list[str]:
    """One line for every spot that has some below it, each subtree below its root."""
    lines: list[str] = []
    waiting = [(0, "", "")]
    while waiting:
        number, before, after = waiting.pop()
        lines.append(before + _word(spots, spots[number], pen.arrow))
        below = [k for k in spots[number].children() if spots[k].kind not in _INLINE]
        for child in reversed(below):
            last = child == below[-1]
            only = pen.only_left if last else pen.left
            corner = only if spots[child].side == "left" else pen.right
            waiting.append((child, after + corner, after + (pen.blank if last else pen.bar)))
    return lines


def _word(spots: list[Spot], spot: Spot, arrow: str) -> str:
    """A node with its leaves."""
    if spot.kind == "more":
        return f"… {spot.label} more nodes"
    if not spot.children():
        return spot.label
    below = [spots[k] for k in spot.children()]
    args = ", ".join(s.label if s.kind in _INLINE else arrow for s in below)
    return f"{spot.label}({args}) {spot.tag}".rstrip()


def _cut(line: str, width: int, unicode: bool) -> str:
    return line if len(line) <= width else line[: width - 1] + ("…" if unicode else "~")


def _ascii(line: str) -> str:
    """The line in ASCII; letters that have no place there are written as their code point."""
    line = line.replace("…", "...").replace("≈", "~")
    return "".join(c if c.isascii() else f"U+{ord(c):04X}" for c in line)
