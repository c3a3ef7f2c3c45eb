"""A drawing as SVG.

The picture carries its own title and description for screen readers, and no script, style sheet or
identifier, so that any number of pictures can stand in one page. Equal drawings give equal bytes.
"""

from __future__ import annotations

from emlc.render.drawing import Box, Circle, Drawing, Look, Mark, Path, Polygon, Text
from emlc.render.frame import Point
from emlc.render.scene import Scene

_FONTS = {
    "sans": "Helvetica Neue, Helvetica, Arial, Liberation Sans, DejaVu Sans, sans-serif",
    "serif": "STIX Two Text, Cambria, Times New Roman, Liberation Serif, DejaVu Serif, serif",
}


def write_svg(made: Drawing, size: float | None = None) -> str:
    """The drawing as one SVG document, `size` pixels wide where it is given."""
    width, height = _n(made.width), _n(made.height)
    shown, tall = width, height
    if size is not None:
        shown, tall = _n(size), _n(size * made.height / made.width)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{shown}" height="{tall}"'
        f' viewBox="0 0 {width} {height}" role="img">',
        *describe(made.seen, made.title),
        f'<rect width="{width}" height="{height}" fill="{made.theme.paper}"/>',
    ]
    for name, look in made.looks.items():
        marks = made.marks.get(name, [])
        if not marks:
            continue
        if isinstance(marks[0], Path):
            lines = "".join(_path(m) for m in marks if isinstance(m, Path))
            parts.append(f'<path {_look(look)} stroke-linecap="round" d="{lines}"/>')
        else:
            parts += [f"<g {_look(look)}>", *(_mark(m) for m in marks), "</g>"]
    return "\n".join([*parts, "</svg>", ""])


def _look(look: Look) -> str:
    """The attributes of a layer."""
    words = [f'fill="{look.fill or "none"}"']
    if look.stroke:
        words += [f'stroke="{look.stroke}"', f'stroke-width="{_n(look.width)}"']
    if look.dash:
        words.append(f'stroke-dasharray="{" ".join(_n(d) for d in look.dash)}"')
    if look.font:
        words += [f'font-family="{_FONTS[look.font]}"', f'font-size="{_n(look.size)}"']
        words += ['text-anchor="middle"'] * look.middle + ['font-style="italic"'] * look.italic
        words += ['font-weight="bold"'] * look.bold
    return " ".join(words)


def _mark(mark: Mark) -> str:
    if isinstance(mark, Text):
        anchor = f' text-anchor="{mark.anchor}"' if mark.anchor else ""
        x, y = mark.at
        return f'<text x="{_n(x)}" y="{_n(y)}"{anchor}>{xml(mark.words)}</text>'
    if isinstance(mark, Path):
        return f'<path d="{_path(mark)}"/>'
    fill = f' fill="{mark.fill}"' if mark.fill else ""
    if isinstance(mark, Circle):
        x, y = mark.at
        return f'<circle cx="{_n(x)}" cy="{_n(y)}" r="{_n(mark.radius)}"{fill}/>'
    if isinstance(mark, Polygon):
        return f'<polygon points="{" ".join(_pair(p) for p in mark.points)}"{fill}/>'
    return _box(mark, fill)


def _box(box: Box, fill: str) -> str:
    x, y = box.at
    return (
        f'<rect x="{_n(x - box.width / 2)}" y="{_n(y - box.height / 2)}" width="{_n(box.width)}"'
        f' height="{_n(box.height)}" rx="{_n(box.corner)}"{fill}/>'
    )


def _path(path: Path) -> str:
    steps = ((("C" if len(s) == 3 else "L") + " ".join(_pair(p) for p in s)) for s in path.steps)
    return f"M{_pair(path.start)}{''.join(steps)}"


def _pair(point: Point) -> str:
    return f"{_n(point[0])} {_n(point[1])}"


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
    text = f"{value:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text
