"""emlc search: the smallest trees of a formula, a number, a tree or a table of samples."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from emlc.cli.command import Command, common, domain_option, output_option, read_text, time_option
from emlc.cli.report import (
    INTERRUPTED,
    aligned,
    document,
    domain_text,
    judged,
    note,
    result,
    verdict_json,
    warnings_told,
)  # fmt: skip
from emlc.cli.watch import watching
from emlc.errors import LimitError, UsageError

if TYPE_CHECKING:
    from emlc.search.plan import Step
    from emlc.search.result import SearchResult

MODES = ("exact", "shortest", "finite")
NOTATIONS = ("nested", "rpn", "json", "latex", "wolfram")
_PLAN_HEAD = ("size", "way", "values", "needs", "MB", "seconds", "on 8 workers")
_MEGA = 1e6


@click.command(cls=Command, short_help="Find the smallest trees, and prove that none is smaller.")
@click.argument("target", required=False)
@domain_option
@click.option(
    "--mode", type=click.Choice(MODES), default="exact",
    help="exact: right at every point. shortest: except at isolated points. finite: as exact, no "
    "infinity inside.",
)  # fmt: skip
@click.option(
    "--operator",
    default="eml",
    metavar="NAME|FORMULA",
    help="Another operator: edl, -eml, ternary, or a formula such as exp(x)-ln(y).",
)
@click.option("--max-size", type=click.IntRange(1), default=61, help="Largest tree looked for: 61.")
@time_option(60)
@click.option(
    "--memory", type=click.FloatRange(0.01), default=4.0, help="GB for tables at most: 4."
)
@click.option("--jobs", type=int, default=-1, help="Threads; -1, the default, takes all.")
@click.option("--scheduler", metavar="tcp://...", help="Share the work over a Dask cluster.")
@click.option(
    "--checkpoint",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="Keep what is settled in this file, and go on from it.",
)
@click.option("--plan", "planned", is_flag=True, help="Print what each further size costs first.")
@click.option("--all", "every", is_flag=True, help="List all trees of the smallest size.")
@click.option(
    "--data",
    type=click.Path(),
    metavar="FILE",
    help="Samples to explain, from .csv, .npz or - (as TARGET: @FILE).",
)
@click.option("--target", "column", metavar="COLUMN", help="The column to explain: the last.")
@click.option(
    "--format",
    "notation",
    type=click.Choice(NOTATIONS),
    default="nested",
    help="How trees are written: nested.",
)
@output_option
@common
def command(**options: Any) -> int:
    """Find the smallest trees of TARGET, and a bound below which there is none.

    TARGET is a formula, a tree (for a shorter equal one), a decimal number of five digits or more
    (all that it may stand for), or @FILE, a table of samples. Ctrl-C ends a search with what is
    known.

    \b
    emlc search "x*y"
    emlc search 2.665144142690225 --time 20
    emlc search "sqrt(x)" --mode shortest --all --json
    emlc search --data samples.csv --target y
    """
    ask = Asked(**options)
    if ask.data or (ask.target or "").startswith("@"):
        from emlc.cli.samples import explain

        return explain(ask)
    if ask.target is None:
        raise UsageError("nothing to search for", hint="give a formula, or --data FILE")
    if ask.column:
        raise UsageError("--target names a column of --data FILE")
    return _search(ask, read_text(ask.target))


class Asked:
    """The options of one search, by name."""

    target: str | None
    domain: dict[str, str]
    mode: str
    operator: str
    max_size: int
    seconds: float
    memory: float
    jobs: int
    scheduler: str | None
    checkpoint: str | None
    planned: bool
    every: bool
    data: str | None
    column: str | None
    notation: str
    output: str | None
    as_json: bool

    def __init__(self, **options: Any) -> None:
        for name, value in options.items():
            setattr(self, name, value)


def _search(ask: Asked, text: str) -> int:
    from emlc.search import search

    if ask.planned and ask.operator.strip() != "eml":
        raise UsageError("--plan is for the operator eml alone")
    if ask.planned:
        _print_plan(ask, text)
    with warnings_told(), watching(ask.seconds) as tell:
        found = search(
            text, domain=ask.domain, mode=ask.mode, operator=ask.operator, max_size=ask.max_size,
            seconds=ask.seconds, memory=ask.memory * 1e9, jobs=ask.jobs, scheduler=ask.scheduler,
            checkpoint=ask.checkpoint, every=ask.every, progress=tell,
        )  # fmt: skip
    if ask.as_json:
        document(**_json(found))
    else:
        _report(found, ask)
    if found.stopped == "interrupt":
        return INTERRUPTED
    return 0 if found.found else LimitError.exit_code


def _json(found: SearchResult) -> dict[str, Any]:
    entries = found.to_json()
    for entry, tree in zip(entries["found"], found.found, strict=True):
        entry["verdict"] = verdict_json(tree.verdict)
    return entries


def _report(found: SearchResult, ask: Asked) -> None:
    """The trees on standard output, smallest first; what is known of them on standard error."""
    best = found.best
    if best is not None:
        shown = [f for f in found.found if f.k == best.k] if not ask.every else found.found
        result("\n".join(found.written(f, ask.notation) for f in shown), ask.output)
        others = f"; {len(shown)} trees of this size are shown" if len(shown) > 1 else ""
        note("size", f"K = {best.k}{others}")
        note("verdict", judged(best.verdict), best.verdict.status)
        note("inside", _inside(best.infinities, best.complex128))
        if best.domains:
            note("elsewhere", _elsewhere(best.domains))
    else:
        note("found", f"nothing{_ended(found)}")
    if found.mode != "number":
        note("bound", _bound(found))
        note("domain", domain_text(found.domain))
    note("terms", found.terms)
    rate = f", {found.rate:,.0f} candidates a second" if found.rate else ""
    note("time", f"{found.seconds:.1f} s{rate}")


def _ended(found: SearchResult) -> str:
    ends = {
        "time": " in the time given (--time)",
        "memory": " in the memory given (--memory)",
        "interrupt": " before it was interrupted",
    }
    return ends.get(found.stopped, " up to the largest size asked for (--max-size)")


def _inside(infinities: bool, plain: bool) -> str:
    passes = "infinities occur" if infinities else "no infinity occurs"
    return (
        f"{passes}; plain complex doubles are {'good' if plain else 'not good'} at the points tried"
    )


def _elsewhere(domains: dict[str, dict[str, object]]) -> str:
    return "; ".join(
        f"{name}: {row['exact']}, complex doubles {'good' if row['complex128'] else 'not good'}"
        for name, row in domains.items()
    )


def _bound(found: SearchResult) -> str:
    said = f"no tree has fewer than {found.lower_bound} nodes"
    if found.found and found.found[0].k < found.lower_bound:
        said += " but outside the terms, as this one"
    if found.conditional:
        said += f", provided that none of {found.undecided} undecided values leads to one"
    return said + (": this is the smallest size" if found.proved_smallest else "")


def _print_plan(ask: Asked, text: str) -> None:
    """What each size will cost, on standard error."""
    from emlc.parse import parse
    from emlc.search.plan import plan

    steps = plan(
        parse(text).root, domain=ask.domain, mode=ask.mode, max_size=min(ask.max_size, 41),
        memory=ask.memory * 1e9,
    )  # fmt: skip
    rows = [_PLAN_HEAD, *(_planned(step) for step in steps)]
    sys.stderr.write(aligned(rows, range(len(_PLAN_HEAD))) + "\n")


def _planned(step: Step) -> tuple[str, ...]:
    return (
        str(step.size), step.way, f"{step.values:,}", f"{step.needs:,}",
        f"{step.bytes / _MEGA:,.0f}", f"{step.seconds:,.1f}", f"{step.on(8):,.1f}",
    )  # fmt: skip
