"""A scene laid out: marks at coordinates, which every vector format writes in its own words.

    Drawing ::= looks in painting order, each with marks
    Mark    ::= Path | Circle | Box | Polygon | Text

Coordinates are in pixels, y downward. Equal scenes give equal marks.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from emlc.render.frame import Frame, Point
from emlc.render.layout import tidy
from emlc.render.scene import Scene, Spot
from emlc.render.theme import Theme

RADIUS = 14.0
HEIGHT = 24.0
GATE = 17.0
_LEVEL = 48.0
_GAP = 10.0
_NEAR = 40.0
_MARGIN = 24.0
_LEGEND = (("left", "argument of exp"), ("right", "argument of ln"))
_GATE_LEGEND = "each triangle is eml; the dot marks its first input, the argument of exp"


@dataclass(frozen=True, slots=True)
class Look:
    """How the marks of one layer are painted; "" for a colour that is not there.

    `font` is "sans" or "serif" for a layer of text.
    """

    fill: str = ""
    stroke: str = ""
    width: float = 1.2
    dash: tuple[float, ...] = ()
    font: str = ""
    size: float = 0.0
    italic: bool = False
    bold: bool = False
    middle: bool = False


@dataclass(frozen=True, slots=True)
class Path:
    """Move to the first point, then a line (1 point) or a Bezier curve (3) for each step."""

    start: Point
    steps: tuple[tuple[Point, ...], ...]


@dataclass(frozen=True, slots=True)
class Circle:
    """A filled circle; `fill` overrides the layer's."""

    at: Point
    radius: float
    fill: str = ""


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle about its middle, with round corners."""

    at: Point
    width: float
    height: float
    corner: float
    fill: str = ""


@dataclass(frozen=True, slots=True)
class Polygon:
    """A closed polygon."""

    points: tuple[Point, ...]
    fill: str = ""


@dataclass(frozen=True, slots=True)
class Text:
    """Words whose baseline begins, or has its middle or end, at a point."""

    at: Point
    words: str
    anchor: str = ""


Mark = Path | Circle | Box | Polygon | Text


@dataclass(slots=True)
class Drawing:
    """The marks by layer, in painting order, with the words for those who cannot see them."""

    width: float
    height: float
    theme: Theme
    title: str
    seen: Scene
    looks: dict[str, Look]
    marks: dict[str, list[Mark]] = field(default_factory=dict)

    def add(self, layer: str, mark: Mark) -> None:
        """Paint a mark in a layer."""
        self.marks.setdefault(layer, []).append(mark)


def drawing(
    seen: Scene, theme: Theme, title: str = "", direction: str = "TB", *, gates: bool = False
) -> Drawing:
    """The scene laid out; the root is at the first side that `direction` names.

    `gates` draws eml as a triangle with a marked first input, in the manner of a circuit.
    """
    spots = seen.spots
    sizes = [_size(s, gates=gates) for s in spots]
    words = [w for w in (title, seen.caption, *seen.notes) if w]
    flat = direction in ("LR", "RL")
    across = tidy(spots, [h if flat else w for w, h in sizes], _GAP)
    frame = Frame(direction, across, _levels(spots, sizes, flat=flat, gates=gates), spots, sizes)
    wide = max(frame.width, *(_text_width(w, 9.0 if w is title else 6.6) for w in words), 260.0)
    top = _MARGIN + 22.0 * len(words) + 6.0
    frame.move(_MARGIN + (wide - frame.width) / 2, top)
    bottom = top + frame.height + 32.0
    size = (wide + 2 * _MARGIN, bottom + _MARGIN)
    made = Drawing(*size, theme, title, seen, _looks(theme))
    for line, text in enumerate(words):
        layer = "title text" if text is title else "caption text"
        made.add(layer, Text((_MARGIN, _MARGIN + 14 + 22 * line), text))
    for number in range(len(spots)):
        _add_edges(made, spots, number, frame, gates)
        _add_node(made, spots[number], frame, frame.at[number], sizes[number], gates)
    if any(s.kind == "eml" for s in spots):
        _add_legend(made, bottom, gates)
    return made


def _looks(theme: Theme) -> dict[str, Look]:
    """The look of every layer; the order is the order of painting."""
    ink, faint, shared = theme.ink, theme.faint, theme.shared
    broken = (3.0, 2.5)
    return {
        "halo": Look(stroke=theme.hot, width=9),
        "plain": Look(stroke=faint, width=1.8),
        "wire": Look(stroke=ink, width=1.4),
        "left": Look(stroke=theme.left, width=1.8),
        "right": Look(stroke=theme.right, width=1.8, dash=(5.0, 4.0)),
        "eml": Look(fill=theme.node, stroke=ink),
        "call": Look(fill=theme.node, stroke=ink),
        "block": Look(fill=theme.block, stroke=ink),
        "number": Look(fill=theme.number, stroke=ink),
        "variable": Look(fill=theme.variable, stroke=ink),
        "parameter": Look(fill=theme.variable, stroke=faint, dash=broken),
        "again": Look(fill=theme.paper, stroke=shared, width=1.4),
        "more": Look(fill=theme.node, stroke=faint, dash=broken),
        "dot": Look(fill=theme.left),
        "eml text": Look(fill=ink, font="sans", size=10.5, middle=True),
        "upright text": Look(fill=ink, font="serif", size=14.5, middle=True),
        "italic text": Look(fill=ink, font="serif", size=15.5, italic=True, middle=True),
        "again text": Look(fill=shared, font="sans", size=11, bold=True, middle=True),
        "more text": Look(fill=faint, font="sans", size=10.5, middle=True),
        "legend text": Look(fill=faint, font="sans", size=10.5),
        "title text": Look(fill=ink, font="serif", size=18),
        "caption text": Look(fill=faint, font="sans", size=12.5),
    }


def _size(spot: Spot, *, gates: bool) -> Point:
    if spot.kind == "eml":
        tag = _text_width(spot.tag, 7.4) * 2 + 8 if spot.tag else 0.0
        return (2 * GATE, 2 * GATE) if gates else (2 * RADIUS + tag, 2 * RADIUS)
    if spot.kind == "more":
        return max(30.0, _text_width(f"… {spot.label}", 6.2) + 8), 40.0
    return max(HEIGHT, _text_width(spot.label, 9.2) + 12), HEIGHT


def _levels(
    spots: Sequence[Spot], sizes: Sequence[Point], *, flat: bool, gates: bool
) -> list[float]:
    """How far every level is from the root's."""
    count = 1 + max(s.depth for s in spots)
    if not flat:
        return [(_LEVEL + 8 if gates else _LEVEL) * k for k in range(count)]
    widest = [0.0] * count
    for spot, (width, _) in zip(spots, sizes, strict=True):
        widest[spot.depth] = max(widest[spot.depth], width)
    places = [0.0]
    for near, far in pairwise(widest):
        places.append(places[-1] + (near + far) / 2 + _LEVEL - 2 * RADIUS)
    return places


def _text_width(text: str, em: float) -> float:
    """A width that the text surely fits, from the width of an ordinary letter."""
    return sum(em * (1.8 if unicodedata.east_asian_width(c) in "WF" else 1.0) for c in text)


def _add_edges(
    made: Drawing, spots: Sequence[Spot], number: int, frame: Frame, gates: bool
) -> None:
    """The lines from a node to what is below it."""
    spot = spots[number]
    pure = spot.kind == "eml"
    for side, child in zip(("left", "right"), spot.children(), strict=False):
        if pure and gates:
            pin = -GATE / 2 if side == "left" else GATE / 2
            path = _wire(frame, frame.at[number], pin, frame.at[child])
        else:
            path = _line(frame, frame.at[number], frame.at[child])
        made.add("wire" if gates else side if pure else "plain", path)
        if spots[child].hot and spot.hot:
            made.add("halo", path)


def _line(frame: Frame, top: Point, low: Point) -> Path:
    """Straight down to a near child; to a far one curved, to cross sideways between two levels."""
    (a, b), (c, d) = frame.inward(top), frame.inward(low)
    if abs(c - a) <= _NEAR:
        return Path(top, ((low,),))
    start = a + (7.0 if c > a else -7.0)
    bend = (b + d) / 2 + 2
    curve = tuple(frame.outward(p) for p in ((start, bend), (c, bend), (c, d)))
    return Path(frame.outward((start, b + 12)), (curve,))


def _wire(frame: Frame, gate: Point, pin: float, low: Point) -> Path:
    """At right angles from an input of a gate to the middle of what feeds it."""
    (a, b), (c, d) = frame.inward(gate), frame.inward(low)
    bend = b + GATE + 10
    corners = ((a + pin, bend), (c, bend), (c, d))
    steps = tuple((frame.outward(p),) for p in corners)
    return Path(frame.outward((a + pin, b + GATE)), steps)


def _add_node(made: Drawing, spot: Spot, frame: Frame, at: Point, size: Point, gates: bool) -> None:
    """The shape of a node with its label and its tag."""
    fill = made.theme.hot if spot.hot else ""
    x, y = at
    if spot.kind == "eml" and gates:
        _add_gate(made, frame, at, fill)
        return
    made.add(spot.kind, _shape(spot, at, size[0], fill))
    layer, text, drop = "upright text", spot.label, 4.8
    if spot.kind in ("eml", "again"):
        layer, drop = f"{spot.kind} text", 3.7
    elif spot.kind in ("variable", "parameter"):
        layer = "italic text"
    elif spot.kind == "more":
        layer, text, drop = "more text", f"… {spot.label}", 24.0
    made.add(layer, Text((x, y + drop), text))
    if spot.tag:
        away, anchor = (-1, "end") if spot.side == "left" else (1, "start")
        place = (x + away * (RADIUS + 2), y - 5)
        made.add("again text", Text(place, spot.tag, anchor))


def _shape(spot: Spot, at: Point, width: float, fill: str) -> Mark:
    x, y = at
    if spot.kind == "eml":
        return Circle(at, RADIUS, fill)
    if spot.kind == "more":
        return Polygon(((x, y - 12), (x + 13, y + 10), (x - 13, y + 10)), fill)
    corner = HEIGHT / 2 if spot.kind in ("again", "call") else 4.0
    return Box(at, width, HEIGHT, corner, fill)


def _add_gate(made: Drawing, frame: Frame, at: Point, fill: str) -> None:
    """A triangle that points to the root; a dot marks its first input."""
    a, b = frame.inward(at)
    corners = ((a, b - GATE), (a - GATE, b + GATE), (a + GATE, b + GATE))
    made.add("eml", Polygon(tuple(frame.outward(p) for p in corners), fill))
    made.add("dot", Circle(frame.outward((a - GATE / 2, b + GATE - 5.5)), 3.2))


def _add_legend(made: Drawing, y: float, gates: bool) -> None:
    """What the two kinds of edges mean, below the tree."""
    x = _MARGIN
    if gates:
        made.add("legend text", Text((x, y + 3.6), _GATE_LEGEND))
        made.width = max(made.width, 2 * x + _text_width(_GATE_LEGEND, 5.6))
        return
    for side, text in _LEGEND:
        made.add(side, Path((x, y), (((x + 26, y),),)))
        made.add("legend text", Text((x + 33, y + 3.6), text))
        x += 44 + _text_width(text, 6.2)
