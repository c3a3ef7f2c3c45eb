"""emlc eval: what a formula or a tree is at a point, or at all points of a file."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, TextIO

import click

from emlc import files
from emlc.cli.command import (
    Command,
    at_option,
    common,
    domain_option,
    output_option,
    read_text,
)
from emlc.cli.report import document, domain_text, note, number, plain, result, warn
from emlc.cli.subject import Subject, subject
from emlc.cli.watch import Waiting, working
from emlc.errors import ArgumentError, UsageError

if TYPE_CHECKING:
    from emlc.cli.data import Data

_COLUMN = "value"


@click.command(cls=Command, short_help="Evaluate a formula or a tree.")
@click.argument("expr")
@at_option
@click.option(
    "--data",
    type=click.Path(),
    metavar="FILE",
    help="Points from a .csv, .tsv, .npz or .npy file, a column for each variable.",
)
@click.option(
    "--evaluator",
    type=click.Choice(("direct", "faithful", "balls")),
    help="balls: the tree, rigorously (for a point). direct: native arithmetic (for the data of a "
    "formula). faithful: the tree in doubles (for the data of a tree).",
)
@click.option(
    "--digits",
    type=click.IntRange(1, 10_000),
    help="Significant digits of the value at a point.",
)
@domain_option
@output_option
@common
def command(
    expr: str,
    at: dict[str, str],
    data: str | None,
    evaluator: str | None,
    digits: int | None,
    domain: dict[str, str],
    output: str | None,
    as_json: bool,
) -> None:
    """Evaluate a formula or a tree at a point, or at every row of a file.

    Values read back as the same doubles. With --data, the rows come back with a column "value". In
    JSON a complex value is [re, im], one out of the domain null.

    \b
    emlc eval "x^y" --at x=2 y=-1/3
    emlc eval 11xE1EE --at x=-1
    emlc eval "sin(x)" --at x=pi/7 --digits 50
    emlc eval "sqrt(x)" --data points.csv -o roots.csv
    """
    if at and data:
        raise UsageError("--at and --data exclude each other")
    if digits and (data or evaluator not in (None, "balls")):
        raise UsageError("--digits is for one point and the evaluator balls")
    if expr == data == "-":
        raise UsageError("standard input cannot be both the formula and the data")
    about = subject(read_text(expr), domain)
    if about.weak_points and evaluator not in (None, "direct"):
        warn(f"the tree is not right at {'; '.join(about.weak_points)}")
    if data:
        _data(about, evaluator or about.fast, data, output, as_json)
        return
    from emlc.cli.point import Point

    found = Point(at, about.variables).value(about, evaluator, digits)
    if as_json:
        document(evaluator=found.evaluator, values=[found.plain])
    else:
        result(found.text, output)


# -- many points -----------------------------------------------------------------------------------


class _Tally:
    """Counts what came out as no number, and why."""

    def __init__(self) -> None:
        self.rows = self.missing = self.undefined = self.infinite = 0

    def add(self, columns: dict[str, Any], values: Any) -> None:
        import numpy as np

        missing = np.zeros(values.shape, dtype=bool)
        for column in columns.values():
            missing |= np.isnan(column)
        self.rows += values.size
        self.missing += int(missing.sum())
        self.undefined += int((np.isnan(values) & ~missing).sum())
        self.infinite += int(np.isinf(values).sum())

    def report(self, about: Subject) -> None:
        where = "without a value"
        if about.made is not None:
            where = f"outside the domain ({domain_text(about.made.domain)})"
        for found, what in (
            (self.missing, "have missing values: nan"),
            (self.undefined, f"are {where}: nan"),
            (self.infinite, "are infinite, or too large for a double: inf"),
        ):
            if found:
                warn(f"{found} of {self.rows} points {what}")


def _data(about: Subject, kind: str, file: str, output: str | None, as_json: bool) -> None:
    from emlc.cli.data import open_data

    tally = _Tally()
    rows_are_shown = output is None and not as_json and sys.stdout.isatty()
    watched = nullcontext(Waiting("")) if rows_are_shown else working("evaluating")
    with open_data(file, about.variables) as data, watched as waiting:
        if as_json:
            blocks = _values(about, kind, data, tally, waiting)
            values = [plain(v) for _, block in blocks for v in block]
            document(evaluator=kind, values=values)
        elif output is None:
            _write(about, kind, data, tally, waiting, sys.stdout)
        else:
            with files.output(output) as binary:
                stream = io.TextIOWrapper(binary, encoding="utf-8", newline="")
                try:
                    _write(about, kind, data, tally, waiting, stream)
                finally:
                    stream.detach()
    if output is not None and not as_json:
        note("wrote", f"{output} ({tally.rows} rows)")
    tally.report(about)


def _write(
    about: Subject, kind: str, data: Data, tally: _Tally, waiting: Waiting, stream: TextIO
) -> None:
    """Write every row with its value, block by block."""
    if _COLUMN in data.names:
        raise ArgumentError(f"the data has a column named {_COLUMN} already", hint="rename it")
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow([*data.names, _COLUMN])
    for cells, values in _values(about, kind, data, tally, waiting):
        writer.writerows([*row, number(v)] for row, v in zip(cells, values, strict=True))


def _values(
    about: Subject, kind: str, data: Data, tally: _Tally, waiting: Waiting
) -> Iterator[tuple[list[list[str]], list[complex]]]:
    """The cells and the values of each block."""
    import numpy as np

    run = about.evaluator(kind)
    for block in data.blocks:
        with np.errstate(all="ignore"):
            found = np.asarray(run(block.columns))
        values = np.broadcast_to(found, (len(block.cells),))
        tally.add(block.columns, values)
        waiting.share(data.share(tally.rows))
        yield block.cells, values.tolist()
