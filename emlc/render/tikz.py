r"""A drawing as a TikZ picture, for `\input` in a document that loads tikz."""

from __future__ import annotations

from collections.abc import Iterator

from emlc.render.drawing import Box, Circle, Drawing, Look, Mark, Path, Polygon, Text
from emlc.render.frame import Point
from emlc.render.mathml import letter_of
from emlc.tables.spellings import LETTERS

_ESCAPES = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#",
    "^": r"\textasciicircum{}", "_": r"\_", "~": r"\textasciitilde{}", "%": r"\%",
    "−": r"$-$", "×": r"$\times$", "÷": r"$\div$", "·": r"$\cdot$", "²": r"$^2$", "≈": r"$\approx$",
    "…": r"\dots{}",
    **{letter_of(name): rf"\ensuremath{{\{name}}}" for name in LETTERS - {"omicron"}},
}  # fmt: skip

# TeX knows no length beyond 16,383 points.
_LONGEST = 16_000.0


def write_tikz(made: Drawing, size: float | None) -> str:
    """The drawing as a tikzpicture environment, `size` points wide where it is given."""
    scale = 0.75 if size is None else size / made.width
    scale = min(scale, _LONGEST / max(made.width, made.height))
    named = f" of {' '.join(made.title.split())}" if made.title else ""
    lines = [
        f"% EML tree{named}; needs \\usepackage{{tikz}}",
        f"\\begin{{tikzpicture}}[x={scale:.4f}pt, y=-{scale:.4f}pt]",
    ]
    lines += [f"\\definecolor{{eml{c[1:]}}}{{HTML}}{{{c[1:].upper()}}}" for c in _colours(made)]
    corner = _pair((made.width, made.height))
    lines.append(f"\\path[fill=eml{made.theme.paper[1:]}] (0,0) rectangle {corner};")
    for name, look in made.looks.items():
        for mark in made.marks.get(name, []):
            lines.append(_mark(mark, look, scale))
    return "\n".join([*lines, "\\end{tikzpicture}", ""])


def _colours(made: Drawing) -> list[str]:
    """The colours in use, each once."""
    own = (m.fill for marks in made.marks.values() for m in marks if hasattr(m, "fill"))
    used = [c for name in made.marks for c in (made.looks[name].fill, made.looks[name].stroke)]
    return [c for c in dict.fromkeys([made.theme.paper, *used, *own]) if c]


def _mark(mark: Mark, look: Look, scale: float) -> str:
    if isinstance(mark, Text):
        return _text(mark, look, scale)
    own = "" if isinstance(mark, Path) else mark.fill
    options = ", ".join(_options(look, own, scale))
    return f"\\path[{options}] {_outline(mark, scale)};"


def _options(look: Look, own: str, scale: float) -> Iterator[str]:
    fill = own or look.fill
    if fill:
        yield f"fill=eml{fill[1:]}"
    if look.stroke:
        yield f"draw=eml{look.stroke[1:]}, line width={look.width * scale:.2f}pt"
    if look.dash:
        on, off = (d * scale for d in look.dash)
        yield f"dash pattern=on {on:.2f}pt off {off:.2f}pt"


def _outline(mark: Path | Circle | Box | Polygon, scale: float) -> str:
    if isinstance(mark, Path):
        steps = (_step(step) for step in mark.steps)
        return f"{_pair(mark.start)} {' '.join(steps)}"
    if isinstance(mark, Polygon):
        return " -- ".join(_pair(p) for p in mark.points) + " -- cycle"
    if isinstance(mark, Circle):
        return f"{_pair(mark.at)} circle[radius={mark.radius * scale:.2f}pt]"
    x, y = mark.at
    low = _pair((x - mark.width / 2, y - mark.height / 2))
    high = _pair((x + mark.width / 2, y + mark.height / 2))
    return f"[rounded corners={mark.corner * scale:.2f}pt] {low} rectangle {high}"


def _step(step: tuple[Point, ...]) -> str:
    if len(step) == 1:
        return f"-- {_pair(step[0])}"
    first, second, end = (_pair(p) for p in step)
    return f".. controls {first} and {second} .. {end}"


def _text(mark: Text, look: Look, scale: float) -> str:
    anchor = mark.anchor or ("middle" if look.middle else "start")
    place = {"start": "base west", "middle": "base", "end": "base east"}[anchor]
    font = "\\sffamily" if look.font == "sans" else "\\itshape" if look.italic else "\\rmfamily"
    points = look.size * scale
    words = "".join(_ESCAPES.get(c, c) for c in mark.words)
    size = f"\\fontsize{{{points:.1f}}}{{{points * 1.2:.1f}}}{font}\\selectfont"
    options = f"anchor={place}, inner sep=0pt, text=eml{look.fill[1:]}, font={size}"
    return f"\\node[{options}] at {_pair(mark.at)} {{{words}}};"


def _pair(point: Point) -> str:
    return f"({point[0]:.1f},{point[1]:.1f})"
