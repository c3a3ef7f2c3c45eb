"""emlc render: a picture of a tree."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Literal

import click

from emlc.cli.command import Command, common, domain_option, mode_option, read_text
from emlc.cli.report import document, result, width, write_file
from emlc.cli.subject import Subject, subject
from emlc.errors import UsageError, shorten
from emlc.ir.tape import subtrees

if TYPE_CHECKING:
    from emlc.passes.ranges import Ranges

# The picture formats by the ending of a file's name.
ENDINGS = {
    "svg": "svg", "png": "png", "pdf": "pdf", "html": "html", "dot": "dot", "gv": "dot",
    "mmd": "mermaid", "mermaid": "mermaid", "tex": "tikz", "tikz": "tikz", "txt": "txt",
}  # fmt: skip


@click.command(cls=Command, short_help="Draw a formula's tree.")
@click.argument("expr")
@click.option(
    "-o",
    "--output",
    type=click.Path(),
    metavar="FILE",
    help=f"Draw to this file; its ending says how: {', '.join(ENDINGS)}.",
)
@click.option(
    "--style",
    type=click.Choice(("tree", "dag", "macro", "circuit")),
    default="tree",
    help="tree: every subtree written out. dag: shared ones once. macro: recognised parts as "
    "boxes that name them. circuit: eml as a triangle, its first input dotted.",
)
@click.option(
    "--direction",
    type=click.Choice(("TB", "BT", "LR", "RL")),
    default=None,
    help="From the root: top to bottom, ... Default: TB, and RL for circuits.",
)
@click.option(
    "--theme",
    type=click.Choice(("light", "dark", "safe", "print")),
    default="light",
    help="Colours: safe is strong and for colour-blind eyes, print has none.",
)
@click.option(
    "--size",
    type=click.IntRange(20, 20_000),
    metavar="N",
    help="Width: pixels of svg, html and png, points of pdf and tikz, columns of txt.",
)
@click.option(
    "--limit", type=click.IntRange(1), metavar="N", help="Draw no more than so many nodes."
)
@click.option(
    "--highlight", multiple=True, metavar="PART", help="Mark this part, a formula or a tree."
)
@domain_option
@mode_option
@common
def command(
    expr: str,
    output: str | None,
    style: Literal["tree", "dag", "macro", "circuit"],
    direction: str | None,
    theme: str,
    size: int | None,
    limit: int | None,
    highlight: tuple[str, ...],
    domain: dict[str, str],
    mode: str,
    as_json: bool,
) -> None:
    """Draw the tree of a formula, or a tree as it is; without -o, in the terminal.

    \b
    emlc render "x*y"
    emlc render "sin(x)" -o sin.svg --style macro
    emlc render 11xE1EE -o ln.png --style circuit
    emlc render "sqrt(1 - x^2)" -o tree.pdf --highlight "1 - x^2" --direction LR
    """
    from emlc.render import draw

    ending = "txt" if output is None else os.path.splitext(output)[1][1:].lower()
    fmt = ENDINGS.get(ending)
    if fmt is None:
        hint = f"end the name in .{', .'.join(ENDINGS)}"
        raise UsageError(f"no picture format for {output}", hint=hint)
    about = subject(read_text(expr), domain, mode)
    hot = [k for part in highlight for k in entries(about, part)]
    columns = size or width()
    picture = draw(
        about.tape, fmt, style, direction=direction or "", theme=theme, limit=limit,
        highlight=hot, size=None if fmt == "txt" else size, width=columns,
        title=shorten(about.source, 80) if fmt != "txt" else "",
        ranges=_known(about) if style == "macro" else None,
        unicode=output is not None or (sys.stdout.encoding or "").lower().startswith("utf"),
    )  # fmt: skip
    if output is not None:
        write_file(output, picture)
    if as_json:
        shown = picture if output is None else None
        document(source=about.source, format=fmt, file=output, picture=shown)
    elif output is None:
        assert isinstance(picture, str)
        result(picture)


def _known(about: Subject) -> Ranges:
    """What is known of the variables; for a tree, where it is the formula that it reads back as."""
    from emlc.explore.subject import read

    return about.made.ranges if about.made else read(about.source, {}, "").known


def entries(about: Subject, part: str) -> list[int]:
    """The entries of the tape that are a part: that tree, or what computes that formula.

    Raises UsageError when there is none.
    """
    from emlc.parse import parse
    from emlc.passes.simplify import simplify
    from emlc.render.blocks import blocks, parts_of

    root = parse(part).root
    found = [k for k, n in enumerate(subtrees(about.tape)) if n is root]
    if not found:
        made, wanted = about.made, simplify(root)
        parts = parts_of(made.formula, made.ranges, made.mode) if made else {}
        if made:
            parts[made.tree] = simplify(made.formula)
        known = blocks(about.tape, _known(about), parts)
        found = [k for k, meaning in enumerate(known.meaning) if meaning is wanted]
    if not found:
        hint = "what cancels beside a part is not built; --style macro shows the parts there are"
        raise UsageError(f"the tree has no part {part}", hint=hint)
    return found
