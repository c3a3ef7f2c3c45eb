"""emlc render: a picture of a tree."""

from __future__ import annotations

import os
import sys
from typing import Literal

import click

from emlc.cli.command import Command, common, domain_option, mode_option, read_text
from emlc.cli.report import document, result, width, write_file
from emlc.cli.subject import subject
from emlc.errors import UsageError

FORMATS = ("svg", "dot", "txt", "png", "pdf")


@click.command(cls=Command, short_help="Draw a formula's tree.")
@click.argument("expr")
@click.option(
    "-o",
    "--output",
    type=click.Path(),
    metavar="FILE",
    help=f"Draw to this file; its ending says how: {', '.join(FORMATS)}.",
)
@click.option(
    "--style",
    type=click.Choice(("tree", "dag")),
    default="tree",
    help="Write every subtree out, or draw shared ones once.",
)
@click.option(
    "--theme", type=click.Choice(("light", "dark")), default="light", help="Colours of the picture."
)
@domain_option
@mode_option
@common
def command(
    expr: str,
    output: str | None,
    style: Literal["tree", "dag"],
    theme: str,
    domain: dict[str, str],
    mode: str,
    as_json: bool,
) -> None:
    """Draw the tree of a formula, or a tree as it is; without -o, in the terminal.

    \b
    emlc render "x*y"
    emlc render "sin(x)" -o sin.svg --style dag
    emlc render 11xE1EE -o ln.png
    """
    from emlc.render import draw, to_text

    fmt = "txt" if output is None else os.path.splitext(output)[1][1:].lower()
    if fmt not in FORMATS:
        hint = f"end the name in .{', .'.join(FORMATS)}"
        raise UsageError(f"no picture format for {output}", hint=hint)
    about = subject(read_text(expr), domain, mode)
    picture: str | bytes
    if fmt == "txt":
        blocks = output is not None or (sys.stdout.encoding or "utf-8").lower().startswith("utf")
        picture = to_text(about.tape, style, width=width(), unicode=blocks)
    else:
        picture = draw(about.tape, fmt, style, title=_title(about.source), theme=theme)
    if output is not None:
        write_file(output, picture)
    if as_json:
        shown = picture if output is None else None
        document(source=about.source, format=fmt, file=output, picture=shown)
    elif output is None:
        assert isinstance(picture, str)
        result(picture)


def _title(source: str) -> str:
    return source if len(source) <= 80 else source[:79] + "…"
