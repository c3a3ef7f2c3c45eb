"""emlc table: the smallest known tree of every function, with how much is known of it."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from emlc.cli.command import Command, common, mode_option, time_option
from emlc.cli.report import (
    INTERRUPTED,
    aligned,
    colourful,
    count,
    document,
    domain_text,
    note,
    result,
    verdict_json,
    width,
)
from emlc.errors import UsageError
from emlc.tables.primitives import BY_NAME, ROWS

if TYPE_CHECKING:
    from emlc.pipeline import Compiled

_LEAVES = ("1", "x", "y")
_NUMBERS = ("0", "-1", "2", "1/2")
_FURTHER = ("phi",)
_HEADS = ("name", "K", "K >=", "dag", "depth", "verdict", "domain")
_NUMERIC = range(1, 5)


def _names(ctx: click.Context, argument: click.Parameter, begun: str) -> list[str]:
    return [row.name for row in ROWS if row.name.startswith(begun)]


class Row(NamedTuple):
    """One line of the table."""

    name: str
    formula: str
    made: Compiled
    bound: int


@click.command(cls=Command, short_help="List the smallest known trees of the functions.")
@click.argument("names", nargs=-1, shell_complete=_names)
@mode_option
@click.option(
    "--operator",
    default="eml",
    metavar="NAME|FORMULA",
    help="Trees over another operator: edl, -eml, ternary, or a formula; found now.",
)
@time_option(120, "Seconds at most for another operator")
@click.option(
    "--memory",
    type=click.FloatRange(0.01),
    default=0.4,
    help="GB at most for tables of another operator: 0.4.",
)
@common
def command(
    names: tuple[str, ...],
    mode: str,
    operator: str,
    seconds: float,
    memory: float,
    as_json: bool,
) -> int:
    """List the smallest known trees of the functions: size, domain and verdict.

    K >= is the proved lower bound: no tree of fewer nodes is right, in any mode, under the terms
    that emlc search prints; it is 1 where none has been computed.

    Without NAMES, all primitives of the paper and a few numbers. A name is a function such as sin,
    or any formula.

    \b
    emlc table
    emlc table sin cos "ln(1+x)" --mode shortest
    emlc table --operator edl
    """
    if operator.strip() != "eml":
        from emlc.cli.others import table_of

        return table_of(operator, names, seconds, memory * 1e9, as_json)
    wanted = names or default_names()
    rows: list[Row] = []
    try:
        rows.extend(_progress(_rows(wanted, mode), len(wanted)))
    except KeyboardInterrupt:
        note("missing", f"{len(wanted) - len(rows)} of {len(wanted)} rows: interrupted")
    if as_json:
        document(rows=[_entry(row) for row in rows], missing=[*wanted[len(rows) :]])
    elif colourful(sys.stdout):
        _print(rows, mode)
    else:
        result(aligned([_HEADS, *(_cells(row) for row in rows)], _NUMERIC))
    return 0 if len(rows) == len(wanted) else INTERRUPTED


def default_names() -> tuple[str, ...]:
    """The leaves, a few numbers and the primitives of the paper."""
    known = [row.name for row in ROWS if row.paper]
    return (*_LEAVES, *_NUMBERS, *known, *_FURTHER)


def _rows(names: Sequence[str], mode: str) -> Iterator[Row]:
    from emlc.parse import parse
    from emlc.pipeline import compile
    from emlc.show import show
    from emlc.tables.bounds import BOUNDS

    bounds = {show(parse(b.target).root): b.least for b in BOUNDS}
    for name in names:
        row = BY_NAME.get(name)
        if row is None and name.isalpha() and len(name) > 1:
            raise UsageError(f"no function {name} in the table", hint=_hint(name))
        called = f"{row.name}({', '.join(row.params)})" if row and row.params else name
        made = compile(called, mode=mode)
        shown = show(made.formula)
        yield Row(name, shown, made, bounds.get(shown, 1))


def _hint(name: str) -> str:
    from emlc.parse.names import nearest

    near = nearest(name, BY_NAME)
    return f"did you mean {near}?" if near else "write a formula, or a function's name"


def _progress(rows: Iterator[Row], total: int) -> Iterator[Row]:
    """The rows; a terminal sees how far they have come."""
    if not colourful(sys.stderr):
        return rows
    from rich.console import Console
    from rich.progress import track

    return iter(track(rows, "compiling", total, console=Console(stderr=True), transient=True))


def _domain(made: Compiled) -> str:
    """Where the tree is right: the domain but for the points that are excluded."""
    points = [text.partition(":")[0] for text in made.excluded_points]
    return domain_text(made.domain) + (f"; not at {', '.join(points)}" if points else "")


def _entry(row: Row) -> dict[str, Any]:
    made = row.made
    return {
        "name": row.name,
        "mode": made.mode,
        "k": made.size,
        "dag": made.dag,
        "depth": made.depth,
        "domain": _domain(made),
        "lower_bound": row.bound,
        "rpn": made.rpn(),
        "verdict": verdict_json(made.verdict),
    }


def _cells(row: Row) -> tuple[str, ...]:
    made = row.made
    domain = _domain(made) if made.variables or made.excluded_points else ""
    return (
        row.formula,
        count(made.size),
        str(row.bound),
        str(made.dag),
        str(made.depth),
        made.verdict.status,
        domain,
    )


def _print(rows: list[Row], mode: str) -> None:
    """The table on a terminal."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, title=f"smallest known trees, mode {mode}", pad_edge=False)
    for k, head in enumerate(_HEADS):
        numeric = k in _NUMERIC
        table.add_column(head, justify="right" if numeric else "left", no_wrap=numeric or k == 0)
    colours = {"proved": "green", "agrees": "green", "refuted": "bold red", "unknown": "yellow"}
    for row in rows:
        cells = [Text(cell) for cell in _cells(row)]
        cells[5].stylize(colours[row.made.verdict.status])
        table.add_row(*cells)
    Console(width=width()).print(table)
