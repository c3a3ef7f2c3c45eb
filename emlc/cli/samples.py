"""The table-of-samples form of emlc search: the shortest tree that gives a column from others."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from emlc.cli.data import open_data
from emlc.cli.report import INTERRUPTED, document, note, result
from emlc.errors import ArgumentError, LimitError, UsageError
from emlc.parse.names import canonical
from emlc.show import show

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from emlc.cli.search import Asked
    from emlc.regress.exact import Solution, Solver

_DEFAULT = "eml"
_MODE = "samples"


def explain(ask: Asked) -> int:
    """Search for the tree of a column and print it."""
    if ask.data and ask.target:
        raise UsageError("a target and --data FILE exclude each other")
    for given, option in ((ask.domain, "--domain"), (ask.checkpoint, "--checkpoint"),
                          (ask.scheduler, "--scheduler"), (ask.planned, "--plan")):  # fmt: skip
        if given:
            raise UsageError(f"{option} is for formulas, not for samples")
    if ask.operator != _DEFAULT:
        raise UsageError("samples are explained by eml trees only", hint="leave out --operator")
    name = ask.data or (ask.target or "")[1:]
    columns, wanted, target = _columns(name, ask.column)
    from emlc.regress.exact import Solver

    run = Solver(columns, wanted, ask.seconds, ask.memory * 1e9, True, ask.max_size)
    interrupted = False
    try:
        run.run()
    except KeyboardInterrupt:
        interrupted = True
    found = run.found()
    if ask.as_json:
        document(**_json(run, found, target))
    else:
        if found is not None:
            result(show(found.tree, ask.notation), ask.output)
            note("size", f"K = {found.k}")
            note("verdict", f"agrees: {_how(found)}, at {len(wanted)} samples")
        else:
            ended = "before it was interrupted" if interrupted else "in the time and size given"
            note("found", f"no tree that gives {target} {ended}")
        _report_bound(run, found)
    if interrupted:
        return INTERRUPTED
    return 0 if found is not None else LimitError.exit_code


def _columns(name: str, target: str | None) -> tuple[dict[str, Any], Any, str]:
    """The columns of the variables, the column to explain, and its name."""
    import numpy as np

    with open_data(name, None) as data:
        names = data.names
        blocks = [block.columns for block in data.blocks]
    if not blocks:
        raise ArgumentError(f"{name} has no rows")
    columns: dict[str, NDArray[Any]] = {
        n: np.concatenate([b[n] for b in blocks]) for n in blocks[0]
    }
    target = (canonical(target) or target) if target else list(columns)[-1]
    if target not in columns:
        hint = "its columns are " + ", ".join(names)
        raise ArgumentError(f"{name} has no column {target}", hint=hint)
    wanted = columns.pop(target)
    for n in columns:
        if len(n) != 1 or not n.isalpha():
            hint = "give the columns names of one letter, as variables of trees have"
            raise ArgumentError(f"column {n} cannot be a variable", hint=hint)
    return columns, wanted, target


def _json(run: Solver, found: Solution | None, target: str) -> dict[str, Any]:
    trees = [] if found is None else [
        {
            "k": found.k,
            "rpn": found.rpn,
            "verdict": {"status": "agrees", "how": _how(found), "worst": found.worst},
        }
    ]  # fmt: skip
    lossy = run.sets.lossy
    return {
        "target": target, "domain": {}, "mode": _MODE, "found": trees,
        "lower_bound": run.below(), "conditional": bool(lossy), "undecided": lossy,
        "terms": run.terms(), "seconds": round(time.monotonic() - run.begun, 3),
    }  # fmt: skip


def _how(found: Solution) -> str:
    return f"gives every sample, largest relative difference {found.worst:.1g}"


def _report_bound(run: Solver, found: Solution | None) -> None:
    """Below what size there is no tree, and what that means."""
    least = ": this is the smallest size" if found is not None and found.smallest else ""
    if run.sets.lossy:
        least += f", provided that none of {run.sets.lossy} undecided values leads to one"
    note("bound", f"no tree has fewer than {run.below()} nodes{least}")
    note("terms", run.terms())
    note("time", f"{time.monotonic() - run.begun:.1f} s")
