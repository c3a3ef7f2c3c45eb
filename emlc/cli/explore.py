"""emlc explore: a page in which a tree unfolds."""

from __future__ import annotations

import click

from emlc.cli.command import Command, common, domain_option, mode_option, read_text
from emlc.cli.report import document, note, result, write_file
from emlc.cli.watch import working
from emlc.errors import UsageError


@click.command(cls=Command, short_help="Make a page in which a tree unfolds.")
@click.argument("expr")
@click.option(
    "-o",
    "--output",
    type=click.Path(),
    metavar="FILE",
    help="Write the page to this file, - for standard output. Default: explore.html.",
)
@click.option("--serve", is_flag=True, help="Serve the page on this machine until interrupted.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    help="Serve on this port; 0 takes a free one.",
)
@click.option("--open", "browse", is_flag=True, help="Open the page in a browser.")
@domain_option
@mode_option
@common
def command(
    expr: str,
    output: str | None,
    serve: bool,
    port: int,
    browse: bool,
    domain: dict[str, str],
    mode: str,
    as_json: bool,
) -> None:
    """Write a page that shows a formula or a tree, node by node, with plots; or serve it.

    The page is one file and loads nothing. Served, it has a box for another formula.

    \b
    emlc explore "sin(x)" -o sin.html
    emlc explore "ln(x)" --domain x:real --open
    emlc explore "x*y" --serve --port 8000
    """
    from emlc.explore import content, page

    if serve and (output or as_json):
        raise UsageError("--serve writes no file", hint="leave out -o and --json")
    text = read_text(expr)
    with working("reading and compiling"):
        found = content(text, domain, mode)
    if as_json:
        document(**found)
        return
    if serve:
        _serve(found, port, browse)
        return
    written = page(found)
    if output == "-":
        result(written)
        return
    name = output or "explore.html"
    write_file(name, written)
    if browse:
        import pathlib

        click.launch(pathlib.Path(name).resolve().as_uri())


def _serve(found: dict[str, object], port: int, browse: bool) -> None:
    """Answer requests until the person interrupts."""
    from emlc.explore.server import Server

    with Server(found, port) as server:
        note("serving", f"{server.address} (interrupt to stop)")
        if browse:
            click.launch(server.address)
        server.serve_forever()
