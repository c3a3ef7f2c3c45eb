"""Pictures by format: who draws what, and what happens when Graphviz is absent or slow."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

from emlc.errors import ArgumentError, LimitError, MissingError
from emlc.ir.tape import Tape
from emlc.passes.ranges import Ranges
from emlc.render.dot import dot_program, run_dot, write_dot
from emlc.render.drawing import Drawing, drawing
from emlc.render.frame import known_direction
from emlc.render.mermaid import write_mermaid
from emlc.render.page import write_page
from emlc.render.pdf import write_pdf
from emlc.render.scene import LIMIT, Scene, Style, scene
from emlc.render.svg import describe, write_svg
from emlc.render.text import TEXT_LIMIT, to_text
from emlc.render.theme import theme_of
from emlc.render.tikz import write_tikz

Engine = Literal["auto", "dot", "own"]
FORMATS = ("svg", "png", "pdf", "html", "dot", "mermaid", "tikz", "txt")

# Graphviz takes seconds where the tidy layout takes milliseconds: it gets small graphs only.
DOT_LIMIT = 400
# What readers cope with: Mermaid refuses more than 500 links, TeX runs out of memory.
LIMITS = {"png": 2_000, "tikz": 2_000, "mermaid": 500, "txt": TEXT_LIMIT}
# A circuit of more levels is wider than a page.
_LEVELS = 18
_PIXELS = 30_000_000
_PNG = "install `emlc[png]`, or write svg or pdf"


@dataclass(frozen=True, slots=True)
class _Wish:
    """What a caller asks of a picture."""

    tape: Tape
    style: Style
    engine: Engine
    direction: str
    highlight: tuple[int, ...]
    limit: int
    title: str
    theme: str
    size: float | None
    ranges: Ranges | None

    def scene(self, most: int | None = None) -> Scene:
        limit = self.limit if most is None else min(self.limit, most)
        return scene(
            self.tape, self.style, limit=limit, highlight=self.highlight, ranges=self.ranges
        )

    def drawing(self, *notes: str) -> Drawing:
        seen = self.scene()
        return drawing(
            replace(seen, notes=(*seen.notes, *notes)), theme_of(self.theme), self.title,
            self.direction_of(seen), gates=self.style == "circuit",
        )  # fmt: skip

    def dot(self, seen: Scene) -> str:
        return write_dot(seen, theme_of(self.theme), self.title, self.direction_of(seen))

    def direction_of(self, seen: Scene) -> str:
        """As asked for, or as suits the style: a circuit's signals run to the right."""
        runs = self.style == "circuit" and max(s.depth for s in seen.spots) < _LEVELS
        return known_direction(self.direction or ("RL" if runs else "TB"))


def to_svg(
    tape: Tape,
    style: Style = "tree",
    *,
    engine: Engine = "auto",
    direction: str = "",
    highlight: Iterable[int] = (),
    limit: int = LIMIT,
    title: str = "",
    theme: str = "light",
    size: float | None = None,
    ranges: Ranges | None = None,
) -> str:
    """The picture of a tape as an SVG document.

    `style` is "tree" (every subtree written out), "dag" (shared ones once), "macro" (recognised
    parts as blocks that name what they compute; `ranges` says where the variables range) or
    "circuit" (eml as a triangle whose first input has a dot). `direction` is the way from the root:
    TB, BT, LR or RL; without, TB, and RL for a circuit that fits a page. `size` is the width in
    pixels.

    Engine "own" needs nothing installed, takes time linear in the nodes drawn and writes the same
    bytes every time; it names a shared subtree (#1) where it is used again. Engine "dot" asks
    Graphviz, which joins shared subtrees by edges, for at most 400 nodes and 20 s; past that, the
    picture is our own and says so. "auto" asks Graphviz for small pictures of style "dag" only.
    `highlight` holds entries of the tape whose subtrees are marked.

    >>> from emlc.ir.node import ONE, eml, var
    >>> from emlc.ir.tape import flatten
    >>> to_svg(flatten(eml(var("x"), ONE)), title="exp(x)").splitlines()[1]
    '<title>EML tree of exp(x)</title>'
    """
    return _svg(
        _Wish(tape, style, engine, direction, tuple(highlight), limit, title, theme, size, ranges)
    )


def _svg(wish: _Wish) -> str:
    if wish.engine not in get_args(Engine):
        raise ArgumentError(f"no engine {wish.engine!r}", hint="engines are auto, dot and own")
    notes: list[str] = []
    maybe = wish.engine == "auto" and wish.style == "dag" and len(wish.tape) <= DOT_LIMIT
    if wish.engine == "dot" or (maybe and dot_program()):
        small = wish.scene(DOT_LIMIT)
        if wish.engine == "dot" or not small.notes:
            try:
                return _described(run_dot(wish.dot(small), "svg"), small, wish.title)
            except LimitError as slow:
                notes.append(f"{slow.message}; drawn by emlc instead")
    return write_svg(wish.drawing(*notes), wish.size)


def _described(answer: bytes, seen: Scene, title: str) -> str:
    """Graphviz's SVG without its prolog, tool tips and identifiers, with our words."""
    text = answer.decode()
    text = text[text.index("<svg") :]
    text = re.sub(r"<!--.*?-->\n?|<title>.*?</title>\n?", "", text, flags=re.DOTALL)
    text = re.sub(r' (id|class)="[^"]*"', "", text)
    head, body = text.split(">", 1)
    return "\n".join([f'{head} role="img">', *describe(seen, title), body.lstrip("\n")])


def draw(
    tape: Tape,
    fmt: str,
    style: Style = "tree",
    *,
    engine: Engine = "auto",
    direction: str = "",
    highlight: Iterable[int] = (),
    limit: int | None = None,
    title: str = "",
    theme: str = "light",
    size: float | None = None,
    ranges: Ranges | None = None,
    width: int = 80,
    unicode: bool = True,
) -> str | bytes:
    """The picture in a format: bytes for png and pdf, text for the others.

    The arguments are those of `to_svg`; `limit` counts nodes, with a default for each format, and
    `width` counts the columns of txt, which is ASCII without `unicode`. png needs the package of
    the extra `png`, or Graphviz: MissingError without both.

    >>> from emlc.ir.node import var
    >>> from emlc.ir.tape import flatten
    >>> print(draw(flatten(var("x")), "txt"))
    x
    <BLANKLINE>
    K = 1, depth 0, 1 distinct subtree
    <BLANKLINE>
    """
    if fmt not in FORMATS:
        raise ArgumentError(f"no picture format {fmt!r}", hint="formats are " + ", ".join(FORMATS))
    nodes = LIMITS.get(fmt, LIMIT) if limit is None else limit
    if fmt == "txt":
        return to_text(
            tape, style, width=width, limit=nodes, title=title, ranges=ranges, unicode=unicode
        )
    hot = tuple(highlight)
    wish = _Wish(tape, style, engine, direction, hot, nodes, title, theme, size, ranges)
    return _WRITERS[fmt](wish)


def _mermaid(wish: _Wish) -> str:
    seen = wish.scene()
    return write_mermaid(seen, wish.title, wish.direction_of(seen), wish.theme)


def _html(wish: _Wish) -> str:
    return write_page(_svg(wish), wish.title, theme_of(wish.theme).paper)


def _png(wish: _Wish) -> bytes:
    """By resvg from our own picture; by Graphviz where that is not installed, or is asked for."""
    resvg = _resvg()
    if resvg is None or wish.engine == "dot":
        if wish.engine == "own" or wish.style == "circuit":
            raise MissingError("this png needs the package resvg-py", hint=_PNG)
        small = wish.scene(DOT_LIMIT)
        if dot_program() is None and wish.engine != "dot":
            raise MissingError("this png needs the package resvg-py, or Graphviz", hint=_PNG)
        return run_dot(wish.dot(small), "png")
    made = wish.drawing()
    zoom = wish.size / made.width if wish.size else 2.0
    pixels = made.width * made.height * zoom * zoom
    if pixels > _PIXELS:
        zoom *= (_PIXELS / pixels) ** 0.5
    return bytes(resvg.svg_to_bytes(svg_string=write_svg(made), zoom=zoom))


def _resvg() -> Any:
    """The package that paints SVG, None where it is not installed."""
    try:
        import resvg_py
    except ImportError:
        return None
    return resvg_py


_WRITERS: dict[str, Callable[[_Wish], str | bytes]] = {
    "svg": _svg,
    "png": _png,
    "pdf": lambda wish: write_pdf(wish.drawing(), wish.size),
    "html": _html,
    "dot": lambda wish: wish.dot(wish.scene()),
    "mermaid": _mermaid,
    "tikz": lambda wish: write_tikz(wish.drawing(), wish.size),
}
