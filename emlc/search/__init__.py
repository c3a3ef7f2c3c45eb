"""Shortest trees: enumeration by value, meeting in the middle, bounds with their terms.

The module is callable: `emlc.search("x*y")` is `emlc.search.search("x*y")`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import TYPE_CHECKING, Any

from emlc.errors import ArgumentError

if TYPE_CHECKING:
    from emlc.search.progress import Progress
    from emlc.search.result import SearchResult

__all__ = ["search"]


def search(
    target: Any,
    *,
    domain: Mapping[str, str] | None = None,
    mode: str = "exact",
    max_size: int = 61,
    seconds: float = 60.0,
    memory: float = 4e9,
    jobs: int = -1,
    operator: str = "eml",
    every: bool = False,
    scheduler: str | None = None,
    checkpoint: str | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> SearchResult:
    """The smallest trees that mean a formula, with a lower bound on their size.

    target    what `emlc.compile` takes, a pure tree too, or a decimal number of five digits or
              more, which stands for all that round to it
    mode      exact (right at every point of the domain), shortest (at generic points) or finite
              (as exact, and no infinity inside)
    memory    bytes for tables, in each process
    operator  eml, or another: edl, -eml, ternary, or a formula in its parameters
    every     list all trees of the smallest size, up to a thousand
    jobs      threads (-1: all processors); scheduler, a Dask cluster at `tcp://...`, instead
    progress  called with a `Progress` some times a second
    checkpoint  file that keeps the sizes settled; a search that finds it goes on from there

    An interrupt (Ctrl-C) ends the search with what is known. Raises EmlcError for a target that
    cannot be read or is defined nowhere.

    >>> r = search("-x", seconds=30, memory=2e8)
    >>> r.found[0].k, r.lower_bound
    (15, 15)
    >>> "".join(search("0.6931471805599453", memory=2e8).found[0].rpn)
    '11111111EEE1EE11EE1EEE1EE'
    """
    from emlc.exchange import formula_of
    from emlc.ir.tape import flatten, is_pure
    from emlc.search.goal import goal
    from emlc.search.numbers import decimal, search_number
    from emlc.search.run import MODES, Limits, search_goal
    from emlc.show import rpn_tokens

    if mode not in MODES:
        raise ArgumentError(f"no mode {mode!r}", hint="one of " + ", ".join(MODES))
    if max_size < 1 or not seconds > 0 or not memory >= 1e7:
        raise ArgumentError("max_size and seconds are positive, memory is at least 10 MB")
    limits = Limits(max_size, seconds, memory, jobs, scheduler, checkpoint, every)
    number = decimal(target) if isinstance(target, str) else None
    if number is not None:
        other = None if operator.strip() == "eml" else operator
        _refuse(domain=domain, checkpoint=checkpoint, scheduler=scheduler, operator=other)
        return search_number(target, number, limits, progress or _silent)
    root = formula_of(target)
    known = [rpn_tokens(root)] if is_pure(flatten(root)) and len(flatten(root)) > 1 else []
    made = goal(root, domain, mode)
    if operator.strip() != "eml":
        from emlc.search.other import search_operator
        from emlc.search.program import operator as operator_of

        return search_operator(made, operator_of(operator), limits, progress or _silent)
    return search_goal(made, limits, known, progress or _silent)


def _refuse(**given: object) -> None:
    """Raise ArgumentError for what the search for a decimal number does not take."""
    for name, value in given.items():
        if value:
            raise ArgumentError(
                f"a decimal number is searched for without a {name}",
                hint="a formula or a fraction, such as 1/3, takes one",
            )


def _silent(progress: Progress) -> None:
    """Progress that nobody asked for."""


class _Callable(ModuleType):
    def __call__(self, *args: Any, **options: Any) -> Any:
        return search(*args, **options)


sys.modules[__name__].__class__ = _Callable
