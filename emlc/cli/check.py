"""emlc check: whether a tree means a formula."""

from __future__ import annotations

import sys

import click

from emlc.cli.command import Command, common, domain_option, read_text
from emlc.cli.report import (
    coloured,
    derivation,
    document,
    fitted,
    judged,
    result,
    steps_json,
    verdict_json,
)
from emlc.cli.watch import working
from emlc.errors import LimitError, UsageError

_STATUS = {"proved": 0, "agrees": 0, "refuted": 1, "unknown": LimitError.exit_code}


@click.command(cls=Command, short_help="Say whether a tree means a formula.")
@click.argument("expr")
@click.argument("tree")
@domain_option
@click.option("--explain", is_flag=True, help="List the identities that a proof used.")
@common
def command(expr: str, tree: str, domain: dict[str, str], explain: bool, as_json: bool) -> int:
    """Say whether a tree means a formula, everywhere on the domain.

    Prints the verdict: proved, agrees (at many points), refuted (with a point) or unknown. The exit
    status is 0 for the first two, 1 for refuted, 3 for unknown.

    \b
    emlc check "ln(x)" 11xE1EE
    emlc check "ln(x)" "eml(1, eml(eml(1, x), 1))" --domain x:real
    emlc check "x*y" 1111xEE1EEyE1EE1E --explain
    """
    if expr == tree == "-":
        raise UsageError("standard input cannot be both the formula and the tree")
    from emlc.pipeline import check

    formula, text = read_text(expr), read_text(tree)
    with working("proving"):
        verdict = check(formula, text, domain)
    if as_json:
        more = {"steps": steps_json(verdict.steps)} if explain else {}
        document(source=formula, tree=text, domain=domain, verdict=verdict_json(verdict), **more)
    else:
        result(coloured(fitted(judged(verdict)), verdict.status, sys.stdout))
        if explain:
            result(derivation(verdict.steps))
    return _STATUS[verdict.status]
