"""What a fit may use."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from numbers import Integral

from emlc.errors import ArgumentError
from emlc.regress.data import positive


@dataclass(slots=True)
class Options:
    """What a fit may use. See `EMLRegressor` for the meaning.

    With `any_seed`, a fit goes on from what was begun with another seed, and with that.
    """

    timeout: float = 30.0
    max_size: int = 40
    operators: Sequence[str] | None = None
    seed: int = 0
    any_seed: bool = False
    n_jobs: int = 1
    max_fits: int | None = None
    solve: bool = True
    checkpoint: str | os.PathLike[str] | None = None
    progress: Callable[[str], None] | None = None

    def __post_init__(self) -> None:
        positive("timeout", self.timeout)
        positive("max_size", self.max_size, whole=True)
        if self.max_fits is not None:
            positive("max_fits", self.max_fits)
        if not isinstance(self.n_jobs, Integral) or self.n_jobs == 0:
            hint = "a number of processes, or -1 for all processors"
            raise ArgumentError(f"the number of processes is {self.n_jobs!r}", hint=hint)
        if isinstance(self.operators, str):
            hint = f"a sequence of names, such as {self.operators.split()!r}"
            raise ArgumentError("operators is one text", hint=hint)
