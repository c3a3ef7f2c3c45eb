"""The SVG picture of a scene, laid out by emlc itself.

The picture carries its own title and description for screen readers, and no script, style sheet or
identifier, so that any number of pictures can stand in one page. Equal scenes give equal bytes.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from emlc.render.layout import tidy
from emlc.render.scene import Kind, Scene, Spot
from emlc.render.theme import Theme

_RADIUS = 14.0
_HEIGHT = 24.0
_LEVEL = 48.0
_GAP = 10.0
_NEAR = 40.0
_MARGIN = 24.0
_SANS = "Helvetica Neue, Helvetica, Arial, Liberation Sans, DejaVu Sans, sans-serif"
_SERIF = "STIX Two Text, Cambria, Times New Roman, Liberation Serif, DejaVu Serif, serif"
_LEGEND = (("left", "argument of exp"), ("right", "argument of ln"))

# The parts of the picture by layer, in the order in which they are painted.
Layers = dict[str, list[str]]


def write_svg(seen: Scene, theme: Theme, title: str = "") -> str:
    """The picture of a scene as one SVG document."""
    spots = seen.spots
    widths = [_width(s) for s in spots]
    across = tidy(spots, widths, _GAP)
    reach = max(x + w / 2 for x, w in zip(across, widths, strict=True))
    words = [w for w in (title, seen.caption, *seen.notes) if w]
    wide = max(reach, *(_text_width(w, 9.0 if w is title else 6.6) for w in words), 260.0)
    top = _MARGIN + 22.0 * len(words) + _RADIUS + 6.0
    xs = [_MARGIN + (wide - reach) / 2 + x for x in across]
    ys = [top + _LEVEL * s.depth for s in spots]
    layers: Layers = {name: [] for name in _looks(theme)}
    _add_heading(layers, words, title)
    for number, spot in enumerate(spots):
        _add_edges(layers, spots, number, xs, ys)
        _add_node(layers, spot, xs[number], ys[number], widths[number], theme)
    bottom = max(ys) + 46.0
    if any(s.kind == "eml" for s in spots):
        _add_legend(layers, bottom)
    return _document(layers, seen, theme, title, (wide + 2 * _MARGIN, bottom + _MARGIN))


def _looks(theme: Theme) -> dict[str, str]:
    """The attributes of every layer; the order is the order of painting."""
    line = 'fill="none" stroke-width="1.8" stroke-linecap="round"'
    thin = f'stroke="{theme.ink}" stroke-width="1.2"'
    broken = f'stroke="{theme.faint}" stroke-width="1.2" stroke-dasharray="3 2.5"'
    sans, serif = f'font-family="{_SANS}"', f'font-family="{_SERIF}"'
    middle = 'text-anchor="middle"'
    ink, faint = f'fill="{theme.ink}"', f'fill="{theme.faint}"'
    return {
        "halo": f'fill="none" stroke="{theme.hot}" stroke-width="9" stroke-linecap="round"',
        "plain": f'{line} stroke="{theme.faint}"',
        "left": f'{line} stroke="{theme.left}"',
        "right": f'{line} stroke="{theme.right}" stroke-dasharray="5 4"',
        "eml": f'fill="{theme.node}" {thin}',
        "call": f'fill="{theme.node}" {thin}',
        "number": f'fill="{theme.number}" {thin}',
        "variable": f'fill="{theme.variable}" {thin}',
        "parameter": f'fill="{theme.variable}" {broken}',
        "again": f'fill="{theme.paper}" stroke="{theme.shared}" stroke-width="1.4"',
        "more": f'fill="{theme.node}" {broken}',
        "eml text": f'{ink} {middle} {sans} font-size="10.5"',
        "upright text": f'{ink} {middle} {serif} font-size="14.5"',
        "italic text": f'{ink} {middle} {serif} font-size="15.5" font-style="italic"',
        "again text": f'fill="{theme.shared}" {middle} {sans} font-size="11" font-weight="bold"',
        "more text": f'{faint} {middle} {sans} font-size="10.5"',
        "legend text": f'{faint} {sans} font-size="10.5"',
        "title text": f'{ink} {serif} font-size="18"',
        "caption text": f'{faint} {sans} font-size="12.5"',
    }


def _width(spot: Spot) -> float:
    if spot.kind == "eml":
        return 2 * _RADIUS + (_text_width(spot.tag, 7.4) * 2 + 8 if spot.tag else 0.0)
    if spot.kind == "more":
        return max(30.0, _text_width(spot.label, 6.2) + 8)
    return max(_HEIGHT, _text_width(spot.label, 9.2) + 12)


def _text_width(text: str, em: float) -> float:
    """A width that the text surely fits, from the width of an ordinary letter."""
    return sum(em * (1.8 if unicodedata.east_asian_width(c) in "WF" else 1.0) for c in text)


def _add_edges(
    layers: Layers, spots: Sequence[Spot], number: int, xs: list[float], ys: list[float]
) -> None:
    """The lines from a node to what is below it."""
    spot = spots[number]
    sides = ("left", "right") if spot.kind == "eml" else ("plain", "plain")
    for side, child in zip(sides, spot.children(), strict=False):
        path = _line(xs[number], ys[number], xs[child], ys[child])
        layers[side].append(path)
        if spots[child].hot and spot.hot:
            layers["halo"].append(path)


def _line(x: float, y: float, child_x: float, child_y: float) -> str:
    """Straight down to a near child; to a far one curved, to cross sideways between two levels."""
    if abs(child_x - x) <= _NEAR:
        return f"M{_n(x)} {_n(y)}L{_n(child_x)} {_n(child_y)}"
    start = _n(x + (7.0 if child_x > x else -7.0))
    bend = _n((y + child_y) / 2 + 2)
    return f"M{start} {_n(y + 12)}C{start} {bend} {_n(child_x)} {bend} {_n(child_x)} {_n(child_y)}"


def _add_node(layers: Layers, spot: Spot, x: float, y: float, width: float, theme: Theme) -> None:
    """The shape of a node with its label and its tag."""
    fill = f' fill="{theme.hot}"' if spot.hot else ""
    layers[spot.kind].append(_shape(spot.kind, x, y, width, fill))
    layer, text, drop = "upright text", spot.label, 4.8
    if spot.kind in ("eml", "again"):
        layer, drop = f"{spot.kind} text", 3.7
    elif spot.kind in ("variable", "parameter"):
        layer = "italic text"
    elif spot.kind == "more":
        layer, text, drop = "more text", f"… {spot.label}", 24.0
    layers[layer].append(f'<text x="{_n(x)}" y="{_n(y + drop)}">{xml(text)}</text>')
    if spot.tag:
        away, anchor = (-1, "end") if spot.side == "left" else (1, "start")
        layers["again text"].append(
            f'<text x="{_n(x + away * (_RADIUS + 2))}" y="{_n(y - 5)}" text-anchor="{anchor}">'
            f"{xml(spot.tag)}</text>"
        )


def _shape(kind: Kind, x: float, y: float, width: float, fill: str) -> str:
    if kind == "eml":
        return f'<circle cx="{_n(x)}" cy="{_n(y)}" r="{_n(_RADIUS)}"{fill}/>'
    if kind == "more":
        return f'<path d="M{_n(x)} {_n(y - 12)}l13 22h-26z"{fill}/>'
    corner = _HEIGHT / 2 if kind in ("again", "call") else 4.0
    return (
        f'<rect x="{_n(x - width / 2)}" y="{_n(y - _HEIGHT / 2)}" width="{_n(width)}"'
        f' height="{_n(_HEIGHT)}" rx="{_n(corner)}"{fill}/>'
    )


def _add_heading(layers: Layers, words: Sequence[str], title: str) -> None:
    for line, text in enumerate(words):
        layer = "title text" if text is title else "caption text"
        y = _MARGIN + 14 + 22 * line
        layers[layer].append(f'<text x="{_n(_MARGIN)}" y="{_n(y)}">{xml(text)}</text>')


def _add_legend(layers: Layers, y: float) -> None:
    """What the two kinds of edges mean, below the tree."""
    x = _MARGIN
    for side, text in _LEGEND:
        layers[side].append(f"M{_n(x)} {_n(y)}h26")
        layers["legend text"].append(f'<text x="{_n(x + 33)}" y="{_n(y + 3.6)}">{text}</text>')
        x += 44 + _text_width(text, 6.2)


def _document(
    layers: Layers, seen: Scene, theme: Theme, title: str, size: tuple[float, float]
) -> str:
    """The layers in painting order, wrapped up with the words for screen readers."""
    width, height = (_n(v) for v in size)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"'
        f' viewBox="0 0 {width} {height}" role="img">',
        *describe(seen, title),
        f'<rect width="{width}" height="{height}" fill="{theme.paper}"/>',
    ]
    for name, look in _looks(theme).items():
        if not layers[name]:
            continue
        body = layers[name]
        if name in ("halo", "plain", "left", "right"):
            parts.append(f'<path {look} d="{"".join(body)}"/>')
        else:
            parts += [f"<g {look}>", *body, "</g>"]
    return "\n".join([*parts, "</svg>", ""])


def describe(seen: Scene, title: str) -> list[str]:
    """The title and description elements that a screen reader speaks."""
    name = f"EML tree of {title}" if title else "EML tree"
    edges = "Solid edges lead to the argument of exp, dashed edges to the argument of ln."
    said = " ".join(f"{w}." for w in (seen.caption, *seen.notes))
    return [f"<title>{xml(name)}</title>", f"<desc>{xml(said)} {edges}</desc>"]


def xml(text: str) -> str:
    """The text as XML character data; what XML cannot hold becomes a replacement character."""
    safe = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    return safe.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _n(value: float) -> str:
    """A coordinate to a tenth, without a trailing zero."""
    return f"{value:.1f}".removesuffix(".0")
