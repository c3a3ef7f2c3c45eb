"""Pictures by format: who draws what, and what happens when Graphviz is absent or slow."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Literal, get_args

from emlc.errors import ArgumentError, LimitError, MissingError
from emlc.ir.tape import Tape
from emlc.render.dot import dot_program, run_dot, to_dot, write_dot
from emlc.render.scene import LIMIT, Scene, Style, scene
from emlc.render.svg import describe, write_svg
from emlc.render.text import TEXT_LIMIT, to_text
from emlc.render.theme import theme_of

Engine = Literal["auto", "dot", "own"]
FORMATS = ("svg", "dot", "txt", "png", "pdf")

# Graphviz takes seconds where the tidy layout takes milliseconds: it gets small graphs only.
DOT_LIMIT = 400


def to_svg(
    tape: Tape,
    style: Style = "tree",
    *,
    engine: Engine = "auto",
    highlight: Iterable[int] = (),
    limit: int = LIMIT,
    title: str = "",
    theme: str = "light",
) -> str:
    """The picture of a tape as an SVG document.

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
    if engine not in get_args(Engine):
        raise ArgumentError(f"no engine {engine!r}", hint="engines are auto, dot and own")
    look = theme_of(theme)
    hot = tuple(highlight)
    notes: tuple[str, ...] = ()
    maybe = engine == "auto" and style == "dag" and len(tape) <= DOT_LIMIT
    if engine == "dot" or (maybe and dot_program()):
        small = scene(tape, style, limit=min(limit, DOT_LIMIT), highlight=hot)
        if engine == "dot" or not small.notes:
            try:
                return _described(run_dot(write_dot(small, look, title), "svg"), small, title)
            except LimitError as slow:
                notes = (f"{slow.message}; drawn by emlc instead",)
    seen = scene(tape, style, limit=limit, highlight=hot)
    return write_svg(replace(seen, notes=(*seen.notes, *notes)), look, title)


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
    highlight: Iterable[int] = (),
    limit: int | None = None,
    title: str = "",
    theme: str = "light",
    width: int = 80,
) -> str | bytes:
    """The picture in a format: text for svg, dot and txt, bytes for png and pdf.

    png and pdf come from Graphviz alone; MissingError without it. `limit` counts nodes; each
    format has its own default.

    >>> from emlc.ir.node import var
    >>> from emlc.ir.tape import flatten
    >>> print(draw(flatten(var("x")), "txt"))
    x
    <BLANKLINE>
    K = 1, depth 0, 1 distinct subtree
    <BLANKLINE>
    """
    if fmt == "txt":
        lines = TEXT_LIMIT if limit is None else limit
        return to_text(tape, style, width=width, limit=lines, title=title)
    nodes = LIMIT if limit is None else limit
    if fmt == "dot":
        return to_dot(tape, style, highlight=highlight, limit=nodes, title=title, theme=theme)
    if fmt == "svg":
        return to_svg(
            tape, style, engine=engine, highlight=highlight, limit=nodes, title=title, theme=theme
        )
    if fmt not in FORMATS:
        raise ArgumentError(f"no picture format {fmt!r}", hint="formats are " + ", ".join(FORMATS))
    if engine == "own":
        raise MissingError(f"{fmt} needs Graphviz", hint="write svg, or leave the engine to auto")
    small = scene(tape, style, limit=min(nodes, DOT_LIMIT), highlight=highlight)
    return run_dot(write_dot(small, theme_of(theme), title), fmt)
