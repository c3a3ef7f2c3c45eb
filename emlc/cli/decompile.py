"""emlc decompile: a pure tree read back as an ordinary formula."""

from __future__ import annotations

import click

from emlc.cli.command import Command, common, domain_option, output_option, read_text
from emlc.cli.report import derivation, document, domain_text, note, result
from emlc.cli.watch import working


@click.command(cls=Command, short_help="Read a pure tree back as a formula.")
@click.argument("tree")
@domain_option
@click.option(
    "--format",
    "notation",
    type=click.Choice(("infix", "latex", "wolfram")),
    default="infix",
    help="How the formula is written.",
)
@click.option("--explain", is_flag=True, help="List the identities used, and what licensed each.")
@output_option
@common
def command(
    tree: str,
    domain: dict[str, str],
    notation: str,
    explain: bool,
    output: str | None,
    as_json: bool,
) -> None:
    """Read a pure tree back as the formula that it computes.

    The formula goes to standard output; its domain, and whether it is proved there, to standard
    error. Where the tree is that formula only under a condition, the condition is named.

    \b
    emlc decompile 11xE1EE
    emlc decompile "eml(1, eml(eml(1, x), 1))" --domain x:real
    emlc decompile 1111xEE1EEyE1EE1E --json
    """
    from emlc.pipeline import decompile

    text = read_text(tree)
    with working("reading"):
        made = decompile(text, domain)
    if as_json:
        document(**made.to_json())
        return
    result(made.show(notation), output)
    note("domain", domain_text(made.domain))
    if made.conditions:
        note("where", ", ".join(made.conditions))
    note("verdict", "proved" if made.proved else "not proved: read off the tree's normal form")
    if explain:
        result(derivation(made.steps))
