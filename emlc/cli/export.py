"""emlc export: a formula or its tree in another language."""

from __future__ import annotations

import click

from emlc.cli.command import Command, common, domain_option, output_option, read_text
from emlc.cli.report import document, domain_text, note, result
from emlc.cli.subject import Subject, subject
from emlc.ir.node import Node

LANGUAGES = (
    "c", "python", "numpy", "jax", "torch", "mpmath", "wolfram", "latex", "rpn", "json",
)  # fmt: skip
_OF_TREES = ("rpn", "json")


@click.command(cls=Command, short_help="Write a formula in another language.")
@click.argument("expr")
@click.option("--to", type=click.Choice(LANGUAGES), required=True, help="The language.")
@click.option("--name", default="f", metavar="NAME", help="The name of the function: f.")
@click.option("--tree", is_flag=True, help="Write the formula's EML tree, not the formula.")
@click.option("--gradient", is_flag=True, help="Write a function of value and gradient as well.")
@domain_option
@output_option
@common
def command(
    expr: str,
    to: str,
    name: str,
    tree: bool,
    gradient: bool,
    domain: dict[str, str],
    output: str | None,
    as_json: bool,
) -> None:
    """Write a formula as source text of another language; rpn and json write its EML tree.

    A tree is written as the formula that it is proved to be, and with --tree, or where nothing is
    proved, as the tree itself.

    \b
    emlc export "x*exp(-x^2)" --to c --name bump -o bump.c
    emlc export "sin(x)" --to numpy --tree
    emlc export "x*sin(y)" --to jax --gradient
    emlc export 11xE1EE --to wolfram --tree
    """
    from emlc.lower.export import export

    about = subject(read_text(expr), domain)
    root, real = about.root, about.real
    if tree or to in _OF_TREES:
        root = about.tree
    elif about.made is None:
        root, real = _raised(about)
    text = export(root, to, name=name, real=real, with_gradient=gradient)
    if as_json:
        document(source=about.source, to=to, name=name, text=text)
    else:
        result(text, output)


def _raised(about: Subject) -> tuple[Node, bool]:
    """What a tree means, and whether it is real; the tree itself where no formula is proved."""
    from emlc.passes.raise_ import raise_tree
    from emlc.passes.ranges import ranges
    from emlc.passes.simplify import simplify
    from emlc.show import show

    made = raise_tree(about.tape)
    if not made.proved:
        note("formula", "none is proved to be the tree; the tree itself is written")
        return about.root, about.real
    where = domain_text(made.domain)
    note("formula", f"{show(made.formula)}; {where}" if made.domain else show(made.formula))
    clean = simplify(made.formula)
    return made.formula, ranges(clean).of(clean).real
