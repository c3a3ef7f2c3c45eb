"""emlc fit: formulas for a column of a table."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from emlc.cli import report
from emlc.cli.command import Command, common, time_option
from emlc.cli.watch import Waiting, working
from emlc.errors import UsageError

if TYPE_CHECKING:
    from emlc.cli.columns import Columns
    from emlc.regress.equation import Equation
    from emlc.regress.fit import Fit
    from emlc.regress.options import Options

_SHOWN_TOKENS = 60
_FEW = 5


class _Listing(Command):
    """A command whose --variables and --operators take all words up to the next option."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        spread: list[str] = []
        option = ""
        for word, following in zip(args, [*args[1:], "--"], strict=True):
            if word in ("--variables", "--operators"):
                option = word
                if following.startswith("-"):
                    raise UsageError(f"{word} needs a value", hint="see emlc fit --help")
            elif word.startswith("-") and word != "-":
                option = ""
                spread.append(word)
            elif option:
                spread += [part for w in word.split(",") if w for part in (option, w)]
            else:
                spread.append(word)
        return super().parse_args(ctx, spread)


@click.command(cls=_Listing, short_help="Find formulas for a column of data.")
@click.argument("data")
@click.option("--target", metavar="COLUMN", help="What is explained. Default: y, or the last one.")
@click.option(
    "--variables",
    multiple=True,
    metavar="COLUMN...",
    help="What explains it. Default: all other columns of numbers.",
)
@click.option("--weights", metavar="COLUMN", help="How much each row counts.")
@click.option(
    "--operators",
    multiple=True,
    metavar="NAME...",
    help="Functions that formulas may use, such as add mul exp. Default: the usual ones.",
)
@time_option(30)
@click.option(
    "--max-size",
    type=click.IntRange(3, 200),
    default=40,
    help="Most operators, variables and numbers of a formula: 40.",
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**32 - 1),
    default=0,
    help="Where the random numbers begin: 0.",
)
@click.option("--jobs", type=int, default=1, help="Processes; -1 takes all processors.")
@click.option("--drop-missing", is_flag=True, help="Leave out rows with missing values.")
@click.option(
    "--checkpoint",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="Keep the state in this file, and go on from it.",
)
@click.option(
    "--plot",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="Draw data, residuals and front to this .svg, .png or .pdf file.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="Write the formula's pure tree to this file.",
)
@common
def command(**options: Any) -> int:
    """Find formulas for a column of DATA: .csv, .tsv, .parquet, .npz, or - for CSV.

    The chosen formula goes to standard output; the front, from small and rough to large and close,
    to standard error. K counts the nodes of the pure tree, a fitted number as one leaf. Without
    noise the answer is an exact tree wherever one is found. Ctrl-C ends a fit with what is known.

    \b
    emlc fit planets.csv --target period
    emlc fit data.csv --target y --variables a b --timeout 60 --plot fit.svg
    emlc fit data.parquet --target y --json
    """
    from emlc.cli.columns import read
    from emlc.regress.fit import fit
    from emlc.regress.options import Options

    _check_files(options["plot"], options["output"])
    extra = [options["weights"]] if options["weights"] else []
    found = read(
        options["data"], options["target"], [*options["variables"], *extra] if options["variables"]
        else (), drop_missing=options["drop_missing"],
    )  # fmt: skip
    weights = _weights(found, options["weights"])
    _tell(found)
    asked = Options(
        timeout=options["seconds"], max_size=options["max_size"],
        operators=options["operators"] or None, seed=options["seed"], n_jobs=options["jobs"],
        checkpoint=options["checkpoint"],
    )  # fmt: skip
    with report.warnings_told(), working("fitting") as waiting:
        waiting.stage("getting ready", 0.0)
        asked = replace(asked, progress=None if options["as_json"] else _progress(waiting, asked))
        made = fit(found.variables, found.target, weights, options=asked)
    if options["as_json"]:
        report.document(**made.to_json(), columns={n: found.written[n] for n in made.names})
    else:
        report.result(made.best.text)
        _report(made)
    sys.stdout.flush()
    with report.warnings_told():
        _write_files(made, found, options["plot"], options["output"])
    return report.INTERRUPTED if made.stopped == "interrupted" else 0


def _check_files(plot: str | None, output: str | None) -> None:
    """Complain of files that cannot be written before the wait for what is in them."""
    for file in (plot, output):
        if file and not os.access(os.path.dirname(os.path.abspath(file)), os.W_OK):
            raise UsageError(f"{file} cannot be written there", hint="name another folder")
    if plot:
        from emlc.regress.plots import check

        check(plot)


def _write_files(made: Fit, found: Columns, plot: str | None, output: str | None) -> None:
    """The tree and the pictures, once the result is told."""
    if output:
        _write_tree(made.best, output)
    if plot:
        from emlc.regress.plots import save

        save(made, found.variables, found.target, plot, target_name=found.target_name)
        report.note("wrote", plot)


def _weights(found: Columns, column: str | None) -> Any:
    if column is None:
        return None
    for short, written in found.written.items():
        if column in (written, short):
            weights = found.variables.pop(short)
            if found.variables:
                return weights
    raise UsageError(f"--weights names no column of numbers beside the variables: {column}")


def _tell(found: Columns) -> None:
    """What a person should know of the data before the wait."""
    for short, written in found.written.items():
        if written != short:
            report.note("column", f"{written!r} is written {short}")
    if found.left_out:
        names = ", ".join(found.left_out)
        report.warn(f"columns that hold text are left out: {names}")
    for text in found.warnings:
        report.warn(text)
    if len(found.target) < _FEW:
        report.warn(f"{len(found.target)} rows do not tell one formula from another")


def _progress(waiting: Waiting, asked: Options) -> Callable[[str], None]:
    """Shows the front so far on a terminal, and when the search ends at the latest."""
    begun: list[float] = []

    def tell(text: str) -> None:
        begun.append(time.monotonic())
        waiting.stage("a better formula may come", begun[0] + asked.timeout - begun[-1])
        if report.colourful(sys.stderr):
            waiting.clear()
            sys.stderr.write(text + "\n")

    return tell


def _write_tree(best: Equation, file: str) -> None:
    from emlc.show import show

    if best.tree is None:
        raise UsageError("no pure tree is known for the formula")
    report.write_file(file, show(best.tree, "nested") + "\n")


def _report(made: Fit) -> None:
    """The front as a table, and what is known of the chosen formula."""
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for head, side in (("", "left"), ("K", "right"), ("loss", "right"), ("R2", "right")):
        table.add_column(head, justify=side)  # type: ignore[arg-type]
    table.add_column("formula", overflow="fold")
    for e in made.equations:
        mark = "→" if e is made.best else ""
        table.add_row(mark, str(e.k), f"{e.loss:.2g}", _near_one(e.r2), e.text)
    Console(stderr=True, width=report.width(), highlight=False).print(table)
    best = made.best
    fits = "exactly, to rounding" if best.exact else f"with R2 = {_near_one(best.r2)}"
    report.note("fit", fits + (f"; {best.proof}" if best.proof else ""))
    if best.snapped:
        report.note("snapped", "; ".join(best.snapped))
    if best.domain:
        report.note("domain", best.domain)
    tokens = best.rpn
    if tokens and len(tokens) <= _SHOWN_TOKENS:
        report.note(
            "tree", "".join(tokens) if all(len(t) == 1 for t in tokens) else " ".join(tokens)
        )
    elif best.tree is not None:
        fitted = f", {len(best.constants)} of its leaves fitted numbers" if best.constants else ""
        report.note("tree", f"K = {best.k}{fitted} (-o writes it)")
    report.note(
        "time", f"{made.seconds:.1f} s, {made.fits:,} formulas fitted; ended: {made.stopped}"
    )


def _near_one(r2: float) -> str:
    """R2, by its distance from 1 where that is small."""
    if r2 >= 1.0:
        return "1"
    return f"1-{1 - r2:.1g}" if r2 > 0.9999 else f"{r2:.4f}"
