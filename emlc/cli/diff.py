"""emlc diff: the derivative of a formula or a tree, and the derivative's own tree."""

from __future__ import annotations

import click

from emlc.cli.command import (
    Command,
    common,
    domain_option,
    mode_option,
    no_check_option,
    output_option,
    read_text,
)
from emlc.cli.compile import describe, write_tree
from emlc.cli.report import document, result, verdict_json
from emlc.cli.watch import working

NOTATIONS = ("infix", "latex", "wolfram", "nested", "rpn", "json")
_OF_TREES = ("nested", "rpn", "json")


@click.command(cls=Command, short_help="Differentiate a formula or a tree.")
@click.argument("expr")
@click.option("--wrt", metavar="NAME", help="The variable; may be left out where there is one.")
@click.option(
    "--order", type=click.IntRange(min=1), default=1, metavar="N", help="How many times: 1."
)
@domain_option
@mode_option
@click.option(
    "--format",
    "notation",
    type=click.Choice(NOTATIONS),
    default="infix",
    help="How it is written: infix, latex and wolfram are formulas; nested, rpn and json trees.",
)
@no_check_option
@output_option
@common
def command(
    expr: str,
    wrt: str | None,
    order: int,
    domain: dict[str, str],
    mode: str,
    notation: str,
    no_check: bool,
    output: str | None,
    as_json: bool,
) -> None:
    """Differentiate a formula or a pure tree; the derivative is compiled to a pure tree again.

    The derivative goes to standard output, as a formula or, with --format nested, rpn or json, as
    its tree. The tree's size, domain and verdict go to standard error.

    \b
    emlc diff "x^2*sin(x)"
    emlc diff "x^y" --wrt y --format rpn
    emlc diff 11xE1EE --order 2 --json
    """
    from emlc.calculus import diff, differentiable
    from emlc.parse import parse
    from emlc.show import show

    text = read_text(expr)
    root = parse(text).root
    names = differentiable(root, wrt)
    with working("differentiating"):
        made = diff(root, names, order, domain, mode, check=not no_check)
    if as_json:
        about = {"source": text, "wrt": list(names), "order": order}
        shown = {"derivative": made.source, "latex": show(made.formula, "latex")}
        document(**{**made.to_json(), **about, **shown, "verdict": verdict_json(made.verdict)})
        return
    if notation in _OF_TREES:
        write_tree(made, notation, output)
    else:
        result(show(made.formula, notation), output)
    describe(made, no_check)
