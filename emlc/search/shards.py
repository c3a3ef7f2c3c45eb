"""One size shared out over processes or machines, with joblib.

A shard is a pure function of what it is given: each worker builds the table for itself, once, so
a worker that dies loses nothing but its own time, and the scheduler gives its shard to another.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from emlc.errors import MissingError
from emlc.parse import parse
from emlc.search.goal import Goal, goal
from emlc.search.run import Limits, prepare_round
from emlc.search.table import grow


@dataclass(frozen=True, slots=True)
class Shard:
    """Part `part` of `parts` of the search for trees of exactly `size` nodes at one point."""

    target: str
    domain: tuple[tuple[str, str], ...]
    mode: str
    memory: float
    max_size: int
    table_size: int
    size: int
    part: int
    parts: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """Trees that give the target at the point, and the values a shard could not decide."""

    trees: list[list[str]]
    widening: int
    meeting: int


def run_shard(shard: Shard) -> Outcome:
    """Do one shard; what it needs is kept in the process for the next."""
    made = _goal(shard.target, shard.domain, shard.mode)
    limits = Limits(shard.max_size, 1e9, shard.memory)
    r = prepare_round(made, [made.first_point()] if made.names else [{}], limits)
    grow(r.table, shard.table_size)
    m = r.meeting
    m.ready(shard.size, shard.max_size)
    before = m.lossy
    m.part, m.parts = shard.part, shard.parts
    trees = [m.rpn(h) for h in m.through(shard.size, shard.max_size)]
    return Outcome(trees, r.table.lossy + before, m.lossy - before)


@lru_cache(maxsize=8)
def _goal(target: str, domain: tuple[tuple[str, str], ...], mode: str) -> Goal:
    return goal(parse(target).root, dict(domain), mode)


def run_shards(
    shards: list[Shard], *, jobs: int = -1, scheduler: str | None = None
) -> list[Outcome]:
    """All shards, on the processes of this machine or of a Dask cluster at `tcp://...`.

    Raises MissingError when joblib, or distributed for a cluster, is not installed.
    """
    try:
        import joblib
    except ImportError as error:
        raise MissingError("joblib is not installed", hint="pip install joblib") from error
    with _backend(joblib, scheduler):
        outcomes: list[Outcome] = joblib.Parallel(n_jobs=jobs)(
            joblib.delayed(run_shard)(shard) for shard in shards
        )
    return outcomes


def _backend(joblib: Any, scheduler: str | None) -> AbstractContextManager[Any]:
    if scheduler is None:
        return nullcontext()
    try:
        from distributed import Client
    except ImportError as error:
        raise MissingError(
            "distributed is not installed", hint="pip install distributed"
        ) from error
    Client(scheduler)
    context: AbstractContextManager[Any] = joblib.parallel_config("dask")
    return context
