"""One size shared out over processes or machines, with joblib.

A shard is a pure function of what it is given: each worker builds the table for itself, once, so
a worker that dies loses nothing but its own time, and the scheduler gives its shard to another.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from typing import Any

from emlc.check.reference import Point
from emlc.errors import MissingError
from emlc.parse import parse
from emlc.search.goal import Goal, goal
from emlc.search.run import Limits, first_table, prepare_round
from emlc.search.table import Table, grow


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
    table = _table(shard.target, shard.domain, shard.mode, shard.memory)
    r = prepare_round(made, _points(made), limits, table)
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


def _points(made: Goal) -> list[Point]:
    return [made.first_point()] if made.names else [{}]


@lru_cache(maxsize=1)
def _table(target: str, domain: tuple[tuple[str, str], ...], mode: str, memory: float) -> Table:
    """Grown by one shard, and of use to the next."""
    made = _goal(target, domain, mode)
    return first_table(made, _points(made), Limits(memory=memory))


def run_shards(shards: list[Shard], scheduler: str | None) -> list[Outcome]:
    """All shards, on the processes of this machine or of a Dask cluster at `tcp://...`.

    Raises MissingError when joblib, or distributed for a cluster, is not installed.
    """
    joblib = _needed("joblib")
    with _backend(joblib, scheduler):
        outcomes: list[Outcome] = joblib.Parallel(n_jobs=-1)(
            joblib.delayed(run_shard)(shard) for shard in shards
        )
    return outcomes


@contextmanager
def _backend(joblib: Any, scheduler: str | None) -> Iterator[None]:
    if scheduler is None:
        yield
        return
    with _needed("distributed").Client(scheduler), joblib.parallel_config("dask"):
        yield


def _needed(package: str) -> Any:
    try:
        return import_module(package)
    except ImportError as error:
        raise MissingError(f"{package} is not installed", hint=f"pip install {package}") from error
