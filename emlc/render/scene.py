"""What a picture shows of a tape, before any layout: the drawn nodes, breadth first.

    Scene = spots (a node, a leaf, "again" = a subtree drawn elsewhere, "more" = a subtree left out)

Every writer draws a scene, so all of them clip alike and none walks more of a tree than it draws.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from math import log10
from typing import Literal, get_args

from emlc.errors import ArgumentError
from emlc.ir.node import Head, Lit, Param, Var
from emlc.ir.tape import NONE, Tape
from emlc.passes.ranges import Ranges
from emlc.render import blocks as folding
from emlc.tables.primitives import EML

Style = Literal["tree", "dag", "macro", "circuit"]
Kind = Literal["eml", "call", "block", "number", "variable", "parameter", "again", "more"]

LIMIT = 10_000
_LABEL = 24
_EXACT = 1 << 53

# A count of nodes: exact as an int, its decimal logarithm as a float where it is astronomical.
Count = int | float


@dataclass(slots=True)
class Spot:
    """One drawn node; `left`, `right` and `target` number other spots, NONE where there is none.

    `tag` names a subtree that is drawn once and used again; `target` is where it is drawn.
    """

    kind: Kind
    label: str
    entry: int
    depth: int
    hot: bool
    left: int = NONE
    right: int = NONE
    target: int = NONE
    tag: str = ""
    side: Literal["left", "right"] = "right"

    def children(self) -> tuple[int, ...]:
        """The spots right below, from left to right."""
        return tuple(k for k in (self.left, self.right) if k != NONE)


@dataclass(frozen=True, slots=True)
class Scene:
    """The drawn nodes, each after its parent, and the words that go with them.

    `notes` says what the picture lacks: nodes past the limit, a layout that could not be had.
    """

    spots: list[Spot]
    caption: str
    notes: tuple[str, ...]


def scene(
    tape: Tape,
    style: Style = "tree",
    *,
    limit: int = LIMIT,
    max_depth: int | None = None,
    highlight: Iterable[int] = (),
    ranges: Ranges | None = None,
    known: folding.Blocks | None = None,
) -> Scene:
    """The first `limit` nodes of a tape, breadth first, and how many are left out.

    Style "macro" draws a subtree that a row of the tables makes as one block, where the row is
    known to be right; `ranges` says what the variables range over, the reals without. `known` are
    the blocks, where they are known already.

    >>> from emlc.ir.node import ONE, eml, var
    >>> from emlc.ir.tape import flatten
    >>> x = eml(var("x"), ONE)
    >>> seen = scene(flatten(eml(x, x)), "dag")
    >>> [s.label for s in seen.spots], seen.caption
    (['eml', 'eml', '#1', 'x', '1'], 'K = 7, depth 2, 4 distinct subtrees')
    """
    if style not in get_args(Style):
        hint = f"styles are {', '.join(get_args(Style))}"
        raise ArgumentError(f"no style {style!r}", hint=hint)
    if limit < 1:
        raise ArgumentError(f"a limit of {limit} nodes leaves nothing to draw")
    sizes, depth = _measure(tape)
    if style == "macro" and known is None:
        known = folding.blocks(tape, ranges)
    source = _Source(tape, sizes, known if style == "macro" else None)
    spots = _spots(source, len(tape) - 1, style, limit, max_depth, frozenset(highlight))
    _name_shared(spots)
    equals = "=" if isinstance(sizes[-1], int) else "≈"
    distinct = _plural(len(tape), "distinct subtree")
    caption = f"K {equals} {words(sizes[-1])}, depth {depth:,}, {distinct}"
    return Scene(spots, caption, _left_out(spots, style, sizes, source, len(tape)))


def _spots(
    source: _Source, root: int, style: Style, limit: int, max_depth: int | None, hot: frozenset[int]
) -> list[Spot]:
    """What is drawn from the root on, breadth first."""
    spots = [source.spot(root, 0, root in hot)]
    drawn: dict[int, int] = {}
    for number, spot in enumerate(spots):
        below = source.below(spot.entry)
        if not below:
            continue
        if style == "dag" and spot.entry in drawn:
            spot.kind, spot.target = "again", drawn[spot.entry]
        elif len(spots) + len(below) > limit or spot.depth == max_depth:
            spot.kind, spot.label = "more", words(source.sizes[spot.entry])
        else:
            drawn[spot.entry] = number
            spot.left = len(spots)
            spot.right = len(spots) + 1 if len(below) > 1 else NONE
            spots += [source.spot(k, spot.depth + 1, spot.hot or k in hot) for k in below]
            spots[spot.left].side = "left"
    return spots


class _Source:
    """Where the scene gets its nodes from: the tape, or its blocks."""

    def __init__(self, tape: Tape, sizes: list[Count], known: folding.Blocks | None) -> None:
        self.tape, self.sizes = tape, sizes
        self.folded = known is not None
        self.block: list[folding.Block | None] = list(known.block) if known else []
        if self.folded:
            self._open_root()

    @property
    def too_large(self) -> bool:
        """Whether blocks were not looked for."""
        return self.folded and len(self.tape) > folding.LIMIT

    def _open_root(self) -> None:
        """A tree that is one block as a whole is shown with what is inside it."""
        top = self.block[-1]
        if top and top.row.covers > 1 and not any(self.below(k) for k in top.args):
            self.block[-1] = None

    def below(self, entry: int) -> tuple[int, ...]:
        """The entries right below, from left to right."""
        block = self.block[entry] if self.folded else None
        if block is not None:
            return block.args
        return tuple(k for k in (self.tape.left[entry], self.tape.right[entry]) if k != NONE)

    def spot(self, entry: int, depth: int, hot: bool) -> Spot:
        block = self.block[entry] if self.folded else None
        if block is not None:
            return Spot("block", short(_shown(block.row.label)), entry, depth, hot)
        kind, label = _face(self.tape.head(entry))
        return Spot(kind, short(label), entry, depth, hot)


def _shown(label: str) -> str:
    """The label as people read it in a picture."""
    signs = {"-": "−", "*": "×", "/": "÷"}
    return signs.get(label) or re.sub(r"\bpi\b", "π", label.replace("*", "·").replace("-", "−"))


def _face(head: Head) -> tuple[Kind, str]:
    if head is EML:
        return "eml", "eml"
    if isinstance(head, Var):
        return "variable", head.name
    if isinstance(head, Param):
        return "parameter", head.name
    if isinstance(head, Lit):
        return "number", str(head.value)
    return ("call" if head.params else "number"), head.infix or head.name


def _name_shared(spots: list[Spot]) -> None:
    """Number the subtrees that are used again, in the order in which a reader meets them."""
    again = [s for s in spots if s.kind == "again"]
    for number, target in enumerate(sorted({s.target for s in again}), 1):
        spots[target].tag = f"#{number}"
    for spot in again:
        spot.label = spots[spot.target].tag


def _left_out(
    spots: list[Spot], style: Style, sizes: list[Count], source: _Source, distinct: int
) -> tuple[str, ...]:
    """The words on what is not drawn; none if all is."""
    said = [f"blocks are named up to {folding.LIMIT:,} distinct subtrees"] * source.too_large
    cut = [s for s in spots if s.kind == "more"]
    if not cut:
        return tuple(said)
    shown = [s for s in spots if s.kind not in ("more", "again")]
    if style == "dag":
        hidden = distinct - len({s.entry for s in shown})
        return (*said, f"… {_plural(hidden, 'more distinct subtree')} not drawn")
    total = _sum([sizes[s.entry] for s in cut])
    if isinstance(total, int):
        return (*said, f"… {_plural(total, 'more node')} not drawn")
    return (*said, f"… about {words(total)} more nodes not drawn")


def _sum(counts: list[Count]) -> Count:
    total: Count = 0
    for count in counts:
        total = _plus(total, count) if total else count
    return total


def _measure(tape: Tape) -> tuple[list[Count], int]:
    """The written-out size of every entry and the depth of the last one."""
    sizes: list[Count] = []
    depths: list[int] = []
    for a, b in zip(tape.left, tape.right, strict=True):
        size: Count = 1
        depth = 0
        for k in (a, b):
            if k != NONE:
                size = _plus(size, sizes[k])
                depth = max(depth, depths[k] + 1)
        sizes.append(size)
        depths.append(depth)
    return sizes, depths[-1]


def _plus(a: Count, b: Count) -> Count:
    if isinstance(a, int) and isinstance(b, int):
        total = a + b
        return total if total < _EXACT else log10(total)
    high, low = sorted((_log(a), _log(b)), reverse=True)
    return high + log10(1 + 10 ** (low - high))


def _log(count: Count) -> float:
    return log10(count) if isinstance(count, int) else count


def words(count: Count) -> str:
    """A count for people.

    >>> words(12345), words(1234.4)
    ('12,345', '10^1234')
    """
    return f"{count:,}" if isinstance(count, int) else f"10^{count:.0f}"


def _plural(count: int, noun: str) -> str:
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def short(label: str) -> str:
    """The label in printable characters and of bounded length."""
    shown = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in label[:_LABEL])
    return shown if len(label) <= _LABEL else shown[:-1] + "…"
