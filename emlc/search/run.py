"""The search for a formula: sizes upwards, tables and meetings as they pay, trees confirmed."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

import numpy as np

from emlc.check.reference import Point
from emlc.ir.node import from_tokens
from emlc.ir.tape import flatten
from emlc.lower.threads import processors
from emlc.search.checkpoint import Checkpoint
from emlc.search.found import describe, where_right
from emlc.search.goal import Goal, first_failure
from emlc.search.halfturn import LARGEST, LOG, PLAIN, RANGE, UNIT
from emlc.search.meet import Hit, Meeting, meeting
from emlc.search.progress import Pulse, Tell, TimeUp
from emlc.search.result import SearchResult
from emlc.search.table import BYTES, TERM_BYTES, Array, Table, begin, find, forecast, grow
from emlc.search.undo import BRANCHES

NEED_BYTES = 48 + 15 + 24
MODES = ("exact", "shortest", "finite")
_ROUNDS = 8
_NEARLY = 4
MOST_SHOWN, MOST_LISTED = 8, 1000
# A table holds -inf (11 nodes) before meetings begin: larger trees of that value are then no use.
SEED_SIZE = 11
SHARED_FROM = 2.0  # seconds of a size, below which sharing costs more than it saves


@dataclass(slots=True)
class Limits:
    """What a search may use: nodes, seconds, bytes, threads or a cluster; where it is kept."""

    max_size: int = 61
    seconds: float = 60.0
    memory: float = 4e9
    jobs: int = -1
    scheduler: str | None = None
    checkpoint: str | None = None
    every: bool = False

    @property
    def threads(self) -> int:
        """Threads for the work that can be shared."""
        return self.jobs if self.jobs > 0 else processors()


@dataclass(slots=True)
class Round:
    """One run against one vector of sample points; `settled` is the largest size without a miss.

    `passed` counts the values that stayed undecided where needs were filled, which is done once.
    """

    goal: Goal
    points: list[Point]
    table: Table
    meeting: Meeting
    settled: int = -1
    hits: list[list[str]] = field(default_factory=list)
    met: list[Hit] = field(default_factory=list)
    stopped: str = ""
    widening: int = 0
    passed: int = 0


def pair(x: Any) -> tuple[float, float]:
    """A real number as a sum of two doubles."""
    h = float(x)
    return h, float(x - h) if isinstance(x, Fraction) else float(x - type(x)(h))


def row(z: Any) -> Array:
    """An mpmath number as six doubles."""
    import mpmath

    with mpmath.workdps(45):
        z = mpmath.mpc(z)
        form = PLAIN
        if z and abs(mpmath.log(abs(z))) > LARGEST:
            z, form = mpmath.log(z), LOG
        a, b = z.real, z.imag / mpmath.pi
        b = mpmath.nint(2 * b) / 2 if abs(b - mpmath.nint(2 * b) / 2) < 1e-36 else b
        ah, al = pair(a)
        bh, bl = pair(b)
    return np.array([ah, al, bh, bl, UNIT * max(abs(ah), abs(bh)), form])


def rows_of(goal: Goal, points: Sequence[Point]) -> dict[str, Array]:
    """The values of the leaves at the sample points."""
    import mpmath

    out = {"1": np.array([[1.0, 0.0, 0.0, 0.0, 0.0, PLAIN]] * len(points))}
    for name in goal.names:
        values = []
        for point in points:
            re, im = point[name]
            with mpmath.workdps(45):
                z = mpmath.mpc(
                    mpmath.mpf(re.numerator) / re.denominator,
                    mpmath.mpf(im.numerator) / im.denominator,
                )
                values.append(row(z))
        out[name] = np.array(values)
    return out


def first_table(goal: Goal, points: Sequence[Point], limits: Limits) -> Table:
    """A table of the leaves at these points."""
    # a quarter of the entries, all but the largest size, have exp and ln kept as well
    more = len(points) - 1
    per = BYTES + 48 * more + (TERM_BYTES + 96 * more) / 4
    capacity = int(0.6 * limits.memory / per)
    rows, finite = rows_of(goal, points), goal.mode == "finite"
    return begin(rows, finite=finite, capacity=capacity, room=capacity // 4)


def prepare_round(
    goal: Goal, points: list[Point], limits: Limits, table: Table | None = None
) -> Round:
    """A table for these points, unless one is given, and a fresh meeting.

    A search begins with no table of an earlier one: what it lists of trees of one value depends on
    how far that has grown.
    """
    table = table or first_table(goal, points, limits)
    target = np.array([row(goal.value(p)) for p in points])
    per = NEED_BYTES + 48 * (len(points) - 1)
    return Round(goal, points, table, meeting(table, target, int(0.35 * limits.memory / per)))


def settle(r: Round, size: int, limits: Limits, pulse: Pulse) -> bool:
    """Find the trees of exactly `size` nodes; False when a limit came first, named in `stopped`."""
    r.table.tick = r.meeting.tick = pulse
    try:
        r.stopped = _settle(r, size, limits, pulse)
    except TimeUp:
        r.stopped = "time"
    finally:
        r.table.tick = None
    return not r.stopped


def _settle(r: Round, size: int, limits: Limits, pulse: Pulse) -> str:
    """Grow the table or meet, whichever is cheaper; the limit that forbids both, or nothing."""
    t, m = r.table, r.meeting
    m.threads = limits.threads
    while size > t.size:
        entries, growing = forecast(t)
        if (entries > len(t.left) or t.start[-1] > t.room) and t.size >= SEED_SIZE:
            growing = math.inf
        needs, meeting = m.forecast(size) if t.size >= SEED_SIZE else (0.0, math.inf)
        if needs > len(m.needs.parent) or size > 2 * t.size + 3:
            meeting = math.inf  # no room, or both children of a node may be above the table
        if math.isinf(min(growing, meeting)):
            return "memory"
        pulse.step(size, min(growing, meeting), t.start[-1], m.needs.start[-1])
        if growing < meeting and grow(t, t.size + 2):
            m.forget()
            m.lossy = r.passed
            continue
        if growing < meeting and math.isinf(meeting):
            return "memory"
        if limits.scheduler is not None and meeting > SHARED_FROM and len(r.points) == 1:
            r.hits = _share(r, size, limits)
        elif m.ready(size, limits.max_size):
            before = m.lossy
            r.met = m.through(size, limits.max_size)
            r.hits = [m.rpn(h) for h in r.met]
            r.passed += m.lossy - before
        if m.full:
            return "memory"
        r.settled = size
        return ""
    n = int(find(t.slots, t.value, m.needs.value[0]))
    r.hits = [t.rpn(n)] if n >= 0 and n < t.block(size)[1] else []
    r.settled = size
    return ""


def _share(r: Round, size: int, limits: Limits) -> list[list[str]]:
    """The trees of one size, found by several processes."""
    from emlc.search.shards import Shard, run_shards
    from emlc.show import show

    parts = 4 * max(2, limits.threads)
    domain = tuple(sorted((n, str(d)) for n, d in r.goal.declared.items()))
    shards = [
        Shard(show(r.goal.root), domain, r.goal.mode, limits.memory, limits.max_size,
              r.table.size, size, part, parts)
        for part in range(parts)
    ]  # fmt: skip
    outcomes = run_shards(shards, limits.scheduler)
    r.widening = max(r.widening, *(o.widening for o in outcomes))
    lost = sum(o.meeting for o in outcomes)
    r.meeting.lossy, r.passed = r.meeting.lossy + lost, r.passed + lost
    return [rpn for o in outcomes for rpn in o.trees]


def terms(goal: Goal, points: Sequence[Point]) -> str:
    """What a bound means, in words."""
    where = " and ".join(
        ", ".join(f"{n} = {float(re)!r}" for n, (re, _) in point.items()) for point in points
    )
    where = where or "no variable"
    infinities = "infinities excluded" if goal.mode == "finite" else "infinities as values"
    return (
        f"trees over {{eml, 1{''.join(', ' + n for n in goal.names)}}} in the exact meaning, "
        f"{infinities}, compared at {where}; in every subtree the two terms and their difference "
        f"are zero, infinite or within a factor {RANGE:.0e} of each other, and no exponential is "
        f"taken of a finite size beyond exp(+-{LARGEST:.0f}); values that agree to "
        f"14 digits are one; phases of subtrees above the table within {2 * BRANCHES + 1} pi"
    )


def search_goal(goal: Goal, limits: Limits, known: Sequence[list[str]], tell: Tell) -> SearchResult:
    """Search upwards in size until a right tree is found or a limit comes.

    A right tree must be right at a generic point: that gives the bound. When the trees found there
    fail elsewhere, a point of failure joins the sample, and the search goes on.
    """
    from emlc.show import show

    begun = time.monotonic()
    pulse = Pulse(tell, begun + limits.seconds)
    result = SearchResult(show(goal.root), goal.ranges.domain(), goal.mode, terms="")
    trial = goal.trial_points()
    points = [goal.first_point()] if goal.names else [{}]
    result.terms = terms(goal, points)
    try:
        _climb(goal, points, trial, limits, result, pulse)
    except KeyboardInterrupt:
        result.stopped, result.complete = "interrupt", False
    for rpn in known:
        if all(f.rpn != rpn for f in result.found) and not any(
            f.k < len(rpn) for f in result.found
        ):
            result.found.append(describe(goal, rpn, trial))
    if not result.found:
        result.found += result.nearly
    result.found.sort(key=lambda f: (f.k, not f.complex128, f.infinities, f.rpn))
    for n, f in enumerate(result.found[:MOST_SHOWN]):
        result.found[n] = replace(f, domains=where_right(goal, f.rpn, f.verdict.status))
    result.seconds = time.monotonic() - begun
    return result


def _climb(
    goal: Goal, points: list[Point], trial: list[Point], limits: Limits,
    result: SearchResult, pulse: Pulse,
) -> None:  # fmt: skip
    kept = Checkpoint(limits.checkpoint, result)
    first = kept.settled + 2 if kept.settled > 0 else 1
    for turn in range(_ROUNDS):
        r = prepare_round(goal, points, limits)
        r.passed = r.meeting.lossy = kept.passed if turn == 0 else 0
        missed: Point | None = None
        for size in range(first, limits.max_size + 1, 2):
            if not settle(r, size, limits, pulse):
                result.stopped, result.complete = r.stopped, False
                return
            pulse.settled(size, r.table.start[-1], r.meeting.needs.start[-1])
            compared = r.table.candidates + r.meeting.compared
            result.rate = compared / max(1e-3, time.monotonic() - pulse.begun)
            if limits.every and r.hits:
                r.hits += itertools.islice(_alternatives(r), MOST_LISTED)
            missed = _confirm(goal, r, trial, result, limits, pulse)
            if result.found or missed is not None:
                first = size
                break
            _settled(result, r, size)
            if turn == 0:
                kept.save(size, r.passed, result)
        if result.found or missed is None:
            return
        points = [*points, missed]
        del r  # the next table takes its memory


def _settled(result: SearchResult, r: Round, size: int) -> None:
    """No tree of this size is right: the bound, its terms, the values undecided on the way."""
    if size + 2 > result.lower_bound:
        result.lower_bound, result.terms = size + 2, terms(r.goal, r.points)
    lossy = max(r.widening, r.table.lossy) + r.meeting.lossy
    result.undecided = max(result.undecided, lossy)


def _alternatives(r: Round) -> Iterator[list[str]]:
    """All trees that the hits of a round stand for."""
    from emlc.search.every import Alternatives

    found = Alternatives(r.meeting)
    if r.met:
        return itertools.chain.from_iterable(found.of_hit(hit) for hit in r.met)
    return found.of_entry(int(find(r.table.slots, r.table.value, r.meeting.needs.value[0])))


def _confirm(
    goal: Goal, r: Round, trial: list[Point], result: SearchResult, limits: Limits, pulse: Pulse
) -> Point | None:
    """Keep the right ones of the trees just found; a point where a wrong one fails."""
    missed: Point | None = None
    finite = goal.mode == "finite"
    most = MOST_LISTED if limits.every else MOST_SHOWN
    for rpn in sorted({tuple(h) for h in r.hits}, key=lambda h: (len(set(h)), h)):
        if len(result.found) >= most or (result.found and time.monotonic() > pulse.until):
            break
        tape = flatten(from_tokens(rpn))
        if first_failure(goal, tape, r.points, finite) is not None:
            continue
        failure = first_failure(goal, tape, trial, finite)
        if failure is None:
            few = len(result.found) < MOST_SHOWN
            result.found.append(describe(goal, list(rpn), trial, prove=few))
            continue
        if missed is None:
            missed = failure
        generic = replace(goal, mode="shortest")
        if goal.mode == "exact" and len(result.nearly) < _NEARLY:
            points = generic.trial_points()
            if first_failure(generic, tape, points, False) is None:
                result.nearly.append(describe(generic, list(rpn), points))
    return None if result.found else missed
