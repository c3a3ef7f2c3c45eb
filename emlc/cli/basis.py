"""emlc basis: from one operator to all primitives, each found by the ones before it."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

import click

from emlc.cli.command import Command, common, time_option
from emlc.cli.report import INTERRUPTED, colourful, document, note, result, verdict_json
from emlc.cli.watch import working
from emlc.errors import LimitError

if TYPE_CHECKING:
    from emlc.search.members import Member
    from emlc.tables.operators import Operator

_OFF_SHOWN = 3


@click.command(cls=Command, short_help="Reach all primitives from the operator alone.")
@click.option(
    "--operator",
    "written",
    default="eml",
    metavar="NAME|FORMULA",
    help="eml, edl, -eml, ternary, or a formula such as exp(x)/ln(y); e",
)
@time_option(120)
@common
def command(written: str, seconds: float, as_json: bool) -> int:
    """Reach the 36 primitives of the paper from one operator and its constant.

    Each line is a primitive, the formula by earlier ones that was found for it, and its tree's size
    when written out over the operator alone. Every tree is compared with its primitive in the exact
    meaning, so that no branch is wrong; points at which it is not right are listed.

    \b
    emlc basis
    emlc basis --operator edl --json
    """
    from emlc.search.bootstrap import bootstrap
    from emlc.search.members import goals
    from emlc.search.program import operator
    from emlc.search.progress import Pulse, TimeUp

    row = operator(written)
    begun = time.monotonic()
    pulse = Pulse(lambda progress: None, begun + seconds)
    reached: list[Member] = []
    why, status = "", 0
    try:
        with working("searching") as waiting:
            for member in bootstrap(row, pulse):
                reached.append(member)
                waiting.share(len(reached) / len(goals()))
                if not as_json:
                    waiting.clear()
                    result(_line(len(reached), member))
                    sys.stdout.flush()
    except TimeUp:
        why, status = "the time is over (--time)", LimitError.exit_code
    except LimitError as error:
        why, status = error.message, error.exit_code
    except KeyboardInterrupt:
        why, status = "interrupted", INTERRUPTED
    missing = [name for name in goals() if all(m.name != name for m in reached)]
    spent = time.monotonic() - begun
    if as_json:
        document(**_json(row, reached, missing, why, spent))
    else:
        _summary(row, reached, missing, why, spent)
    return status


def _line(number: int, m: Member) -> str:
    name = f"{m.name}({', '.join(m.params)})" if m.params and m.name not in m.params else m.name
    off = wrong_at(m)
    line = f"{number:>3}  {name:<12} {m.k:>6}  {m.verdict.status:<8} {m.by}"
    return f"{line}   (not at {off})" if off and colourful(sys.stdout) else line


def wrong_at(m: Member) -> str:
    """The first few points at which a tree is not right."""
    return "; ".join(m.off[:_OFF_SHOWN]) + (" ..." if len(m.off) > _OFF_SHOWN else "")


def _summary(
    row: Operator, reached: list[Member], missing: list[str], why: str, seconds: float
) -> None:
    note("operator", f"({', '.join(row.params)}) -> {row.formula}; leaves "
         + (", ".join(row.leaves) or "variables alone"))  # fmt: skip
    note("reached", f"{len(reached)} of {len(reached) + len(missing)} primitives")
    partial = [m.name for m in reached if m.off]
    if partial:
        note("points", f"not right at some special points: {', '.join(partial)}; --json lists them")
    if missing:
        note("missing", f"{', '.join(missing)}: {why}")
    note("time", f"{seconds:.1f} s")


def _json(
    row: Operator, reached: list[Member], missing: list[str], why: str, seconds: float
) -> dict[str, Any]:
    return {
        "operator": row.name, "formula": row.formula, "leaves": list(row.leaves),
        "reached": [
            {
                "name": m.name, "params": list(m.params), "by": m.by, "k": m.k, "dag": m.dag,
                "verdict": verdict_json(m.verdict), "not_right_at": list(m.off),
            }
            for m in reached
        ],
        "missing": missing, "why": why, "seconds": round(seconds, 3),
    }  # fmt: skip
