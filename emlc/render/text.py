"""The picture of a tree in plain characters, for terminals."""

from __future__ import annotations

from emlc.errors import ArgumentError
from emlc.ir.tape import Tape
from emlc.render.scene import Spot, Style, scene

LINES = 400
_WIDEST_LABEL = 24
_NARROWEST = 20

# Corners and bars, from roomy to tight; a deep tree takes the first that fits the width.
# (left child, right child, below a left child, below a right child)
_UNICODE = (("├─ ", "╰╌ ", "│  ", "   "), ("├─", "╰╌", "│ ", "  "), ("├", "╰", "│", " "))
_ASCII = (("|-- ", "`.. ", "|   ", "    "), ("|-", "`.", "| ", "  "), ("|", "`", "|", " "))


def to_text(
    tape: Tape,
    style: Style = "tree",
    *,
    width: int = 80,
    unicode: bool = True,
    limit: int = LINES,
    title: str = "",
) -> str:
    """The tree as lines of at most `width` characters, one node a line.

    The upper branch of a node is the argument of exp, the lower one of ln. In style "dag" a subtree
    that is used again is written once, named #1, #2, ... What does not fit is counted.

    >>> from emlc.ir.node import ONE, eml, var
    >>> from emlc.ir.tape import flatten
    >>> print(to_text(flatten(eml(var("x"), eml(ONE, ONE)))))
    eml
    ├─ x
    ╰╌ eml
       ├─ 1
       ╰╌ 1
    <BLANKLINE>
    ├─ argument of exp  ╰╌ argument of ln
    K = 5, depth 2, 4 distinct subtrees
    <BLANKLINE>
    """
    if width < _NARROWEST:
        raise ArgumentError(f"a width of {width} is too narrow", hint=f"at least {_NARROWEST}")
    pens = _UNICODE if unicode else _ASCII
    room = max(1, width - _WIDEST_LABEL)
    seen = scene(tape, style, limit=limit, max_depth=room // len(pens[-1][0]))
    deepest = max(s.depth for s in seen.spots)
    pen = next((p for p in pens if deepest * len(p[0]) <= room), pens[-1])
    lines = [title] if title else []
    lines += _branches(seen.spots, pen)
    lines.append("")
    if any(s.kind == "eml" for s in seen.spots):
        lines.append(f"{pen[0]}argument of exp  {pen[1]}argument of ln")
    lines += [seen.caption, *seen.notes]
    cut = [
        _cut(line if unicode else _ascii(line), width, "…" if unicode else "~") for line in lines
    ]
    return "\n".join([*cut, ""])


def _branches(spots: list[Spot], pen: tuple[str, str, str, str]) -> list[str]:
    """One line for every spot, each subtree below its root."""
    lines: list[str] = []
    waiting = [(0, "", "")]
    while waiting:
        number, before, after = waiting.pop()
        spot = spots[number]
        lines.append(before + _word(spot))
        below = spot.children()
        for child in reversed(below):
            last = child == below[-1]
            corner, bar = (pen[1], pen[3]) if last else (pen[0], pen[2])
            waiting.append((child, after + corner, after + bar))
    return lines


def _word(spot: Spot) -> str:
    if spot.kind == "more":
        return f"… {spot.label} more nodes"
    return f"{spot.label} {spot.tag}" if spot.tag else spot.label


def _cut(line: str, width: int, mark: str) -> str:
    return line if len(line) <= width else line[: width - 1] + mark


def _ascii(line: str) -> str:
    """The line in ASCII; letters that have no place there are written as their code point."""
    line = line.replace("…", "...").replace("≈", "~")
    return "".join(c if c.isascii() else f"U+{ord(c):04X}" for c in line)
