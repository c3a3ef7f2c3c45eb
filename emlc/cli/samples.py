"""The table-of-samples form of emlc search: the shortest tree that gives a column from others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emlc.cli.data import open_data
from emlc.cli.report import document, note, result
from emlc.errors import ArgumentError, LimitError, UsageError
from emlc.parse.names import canonical

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from emlc.cli.search import Asked
    from emlc.regress.exact import Solution

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
    from emlc.regress.exact import solve

    found = solve(
        columns, wanted, seconds=ask.seconds, memory=ask.memory * 1e9, max_size=ask.max_size
    )
    if ask.as_json:
        document(**_json(found, target))
    elif found is None:
        note("found", f"no tree that gives {target} in the time and size given")
    else:
        _report(found, ask, len(wanted))
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


def _json(found: Solution | None, target: str) -> dict[str, Any]:
    trees = [] if found is None else [
        {
            "k": found.k,
            "rpn": found.rpn,
            "verdict": {"status": "agrees", "how": _how(found), "worst": found.worst},
        }
    ]  # fmt: skip
    return {
        "target": target, "domain": {}, "mode": _MODE, "found": trees,
        "lower_bound": found.below if found else 1,
        "conditional": bool(found and found.lossy), "undecided": found.lossy if found else 0,
        "terms": found.terms if found else "", "seconds": round(found.seconds, 3) if found else 0.0,
    }  # fmt: skip


def _how(found: Solution) -> str:
    return f"gives every sample, largest relative difference {found.worst:.1g}"


def _report(found: Solution, ask: Asked, rows: int) -> None:
    from emlc.show import show

    result(show(found.tree, ask.notation), ask.output)
    note("size", f"K = {found.k}")
    note("verdict", f"agrees: {_how(found)}, at {rows} samples")
    least = ": this is the smallest size" if found.smallest else ""
    if found.lossy:
        least += f", provided that none of {found.lossy} undecided values leads to one"
    note("bound", f"no tree has fewer than {found.below} nodes{least}")
    note("terms", found.terms)
    note("time", f"{found.seconds:.1f} s")
