"""emlc table --operator: the smallest trees known over another operator, found now."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from emlc.cli.basis import wrong_at
from emlc.cli.report import INTERRUPTED, aligned, document, domain_text, note, result, verdict_json
from emlc.errors import LimitError, UsageError

if TYPE_CHECKING:
    from emlc.search.bootstrap import Bootstrap
    from emlc.search.members import Member

_HEADS = ("name", "K", "K >=", "dag", "verdict", "not at", "domain")
_NUMERIC = range(1, 4)
_LARGE = 10**12


def table_of(
    written: str, names: Sequence[str], seconds: float, memory: float, as_json: bool
) -> int:
    """Print a row for each primitive that is reached; the exit status."""
    from emlc.search.bootstrap import Bootstrap
    from emlc.search.members import goals
    from emlc.search.program import operator
    from emlc.search.progress import Pulse

    known = goals()
    unknown = [name for name in names if name not in known]
    if unknown:
        raise UsageError(f"{unknown[0]} is no primitive", hint="one of " + ", ".join(known))
    begun = time.monotonic()
    pulse = Pulse(lambda progress: None, begun + seconds)
    run = Bootstrap(operator(written), pulse, memory)
    wanted = names or tuple(known)
    why, status = _run(run, wanted)
    best = {name: found for name in wanted if (found := _best(run, name)) is not None}
    missing = [name for name in wanted if name not in best]
    if as_json:
        document(
            operator=run.operator.name, formula=run.operator.formula,
            rows=[_entry(run, m) for m in best.values()],
            missing=missing, why=why if missing else "", seconds=round(time.monotonic() - begun, 3),
        )  # fmt: skip
    else:
        result(aligned([_HEADS, *(_cells(run, m) for m in best.values())], _NUMERIC))
        if missing:
            note("missing", f"{', '.join(missing)}: {why}")
    return status if missing else 0


def _run(run: Bootstrap, wanted: Sequence[str]) -> tuple[str, int]:
    """Why it ended before all was found, and the exit status of that."""
    from emlc.search.progress import TimeUp

    try:
        for _ in run.reached():
            if all(_best(run, name) for name in wanted):
                break
    except TimeUp:
        return "the time is over (--time)", LimitError.exit_code
    except LimitError as error:
        return error.message, error.exit_code
    except KeyboardInterrupt:
        return "interrupted", INTERRUPTED
    return "", 0


def _best(run: Bootstrap, name: str) -> Member | None:
    found = [m for m in (run.small.get(name), run.members.get(name)) if m is not None]
    return min(found, key=lambda m: m.k, default=None)


def _least(run: Bootstrap, m: Member) -> int:
    return min(m.k, run.least.get(m.name, 1))


def _domain(run: Bootstrap, m: Member) -> str:
    domain = run.goals[m.name].ranges.domain()
    return domain_text(domain) if domain else ""


def _cells(run: Bootstrap, m: Member) -> tuple[str, ...]:
    size = f"{m.k:,}" if m.k < _LARGE else f"{float(m.k):.1e}"
    return (
        m.name,
        size,
        str(_least(run, m)),
        str(m.dag),
        m.verdict.status,
        wrong_at(m),
        _domain(run, m),
    )


def _entry(run: Bootstrap, m: Member) -> dict[str, Any]:
    return {
        "name": m.name, "k": m.k, "lower_bound": _least(run, m), "dag": m.dag, "by": m.by,
        "domain": _domain(run, m), "not_right_at": list(m.off), "verdict": verdict_json(m.verdict),
    }  # fmt: skip
