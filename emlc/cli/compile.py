"""emlc compile: a formula to a pure EML tree."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from emlc.cli.command import (
    Command,
    at_option,
    common,
    domain_option,
    mode_option,
    no_check_option,
    output_option,
    read_text,
)
from emlc.cli.report import (
    count,
    derivation,
    document,
    domain_text,
    judged,
    listed,
    note,
    result,
    steps_json,
    verdict_json,
    write_file,
)
from emlc.cli.watch import working
from emlc.errors import UsageError
from emlc.limits import WRITTEN_NODES

if TYPE_CHECKING:
    from emlc.cli.point import Value
    from emlc.pipeline import Compiled

STAGES = ("parse", "simplify", "compile", "tape")
NOTATIONS = ("nested", "rpn", "json", "latex", "wolfram", "infix")


@click.command(cls=Command, short_help="Compile a formula to a pure EML tree.")
@click.argument("expr")
@domain_option
@mode_option
@click.option(
    "--emit",
    "stage",
    type=click.Choice(STAGES),
    default="compile",
    help="Print what leaves this stage.",
)
@click.option(
    "--format", "notation", type=click.Choice(NOTATIONS), help="How the tree is written: nested."
)
@no_check_option
@at_option
@click.option(
    "--svg", type=click.Path(), metavar="FILE", help="Draw the tree to this file as well."
)
@click.option(
    "--explain", is_flag=True, help="List what builds each part, and the identities of the proof."
)
@output_option
@common
def command(
    expr: str,
    domain: dict[str, str],
    mode: str,
    stage: str,
    notation: str | None,
    no_check: bool,
    explain: bool,
    at: dict[str, str],
    svg: str | None,
    output: str | None,
    as_json: bool,
) -> None:
    """Compile a formula to a pure EML tree that is right on its whole domain.

    The tree goes to standard output; its size, domain and verdict to standard error.

    \b
    emlc compile "sin(x) + exp(-y/2)" --at x=1 y=2 --svg tree.svg
    emlc compile "ln(x)" --domain x:real --format rpn
    emlc compile -x^2 --mode shortest --json
    """
    text = read_text(expr)
    if stage in ("parse", "simplify"):
        if at or svg or domain:
            raise UsageError(f"--emit {stage} stops before the tree is made")
        _formula(text, stage, notation or "infix", output, as_json)
        return
    from emlc.pipeline import compile

    with working("compiling"):
        made = compile(text, domain, mode, check=not no_check)
    value = _value(made, at) if at else None
    if as_json:
        _document(made, at, value, svg, explain=explain)
        return
    if stage == "tape":
        result(_listing(made), output)
    else:
        write_tree(made, notation, output)
    describe(made, no_check)
    if explain:
        _explain(made)
    if value is not None:
        note("value", f"{value.text} at {', '.join(f'{name} = {v}' for name, v in at.items())}")
    if svg:
        write_file(svg, made.to_svg(title=made.source))


def _formula(text: str, stage: str, notation: str, output: str | None, as_json: bool) -> None:
    """Print the formula as read, or as simplified."""
    from emlc.parse import parse
    from emlc.passes.simplify import simplify
    from emlc.show import show

    root = parse(text).root
    shown = show(root if stage == "parse" else simplify(root), notation)
    if as_json:
        document(source=text, stage=stage, text=shown)
    else:
        result(shown, output)


def _value(made: Compiled, at: dict[str, str]) -> Value:
    from emlc.cli.point import Point
    from emlc.cli.subject import compiled

    return Point(at, made.variables).value(compiled(made), None)


def _explain(made: Compiled) -> None:
    """What builds each part, from the whole down, and how the whole was proved."""
    for part, row, size in _choices(made):
        note(f"K = {size}", f"{part} from {row}")
    for law in made.laws:
        note("identity", law)
    if made.verdict.steps:
        note("proof", "")
        sys.stderr.write(derivation(made.verdict.steps) + "\n")


def _choices(made: Compiled) -> list[tuple[str, str, int]]:
    from emlc.ir.node import Node
    from emlc.show import show

    return [
        (show(part), f"{show(row)} written so" if isinstance(row, Node) else row.computes, size)
        for part, row, size in made.chosen
    ]


def _document(
    made: Compiled, at: dict[str, str], value: Value | None, svg: str | None, *, explain: bool
) -> None:
    """The JSON document; what was asked for besides the tree stands at its end."""
    entries = {**made.to_json(), "verdict": verdict_json(made.verdict)}
    if value is not None:
        entries |= {"at": at, "value": value.plain}
    if svg:
        write_file(svg, made.to_svg(title=made.source))
        entries["svg"] = svg
    if explain:
        entries["choices"] = [
            {"part": part, "from": row, "k": size} for part, row, size in _choices(made)
        ]
        entries["identities"] = list(made.laws)
        entries["steps"] = steps_json(made.verdict.steps)
    document(**entries)


def _listing(made: Compiled) -> str:
    """The tape, an entry a line: its number, and a leaf or the numbers of the two operands."""
    from emlc.show import nodes_json

    entries = enumerate(nodes_json(made.tape))
    return "\n".join(f"{k} {' '.join(map(str, ['eml', *e] if e[1:] else e))}" for k, e in entries)


def write_tree(made: Compiled, notation: str | None, output: str | None) -> None:
    """The tree as text; one too large to write out is an error only where text was asked for."""
    if notation is None and output is None and made.size > WRITTEN_NODES:
        hint = "--format json writes shared parts once"
        note("tree", f"too large to write out ({count(made.size)} nodes); {hint}")
        return
    result(made.show(notation or "nested"), output)


def describe(made: Compiled, unchecked: bool) -> None:
    """What a person wants to know of a tree."""
    note("size", f"K = {count(made.size)}, depth {made.depth}, {made.dag} distinct subtrees")
    note("domain", domain_text(made.domain))
    said = judged(made.verdict) + ("; not compared" if unchecked else "")
    note("verdict", said, made.verdict.status)
    if made.excluded_points:
        note("excluded", listed(made.excluded_points))
