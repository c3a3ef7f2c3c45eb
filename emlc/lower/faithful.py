"""The faithful evaluator: a pure tree, run as it is, right at every point or nan.

The kernel carries error bounds along; a point whose bound is too wide, that overflowed or came too
near a branch cut is computed again by balls, one by one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from emlc.errors import TreeError
from emlc.ir.node import Lit, Var
from emlc.ir.tape import Tape
from emlc.lower.evaluator import Evaluator, Trouble
from emlc.lower.program import build
from emlc.lower.rigorous import at_point
from emlc.tables.primitives import EML

if TYPE_CHECKING:
    from numpy.typing import NDArray

# The kernel's words about a point, repeated so that building an evaluator does not load numba.
_AGAIN, _NOT_REAL, _INFINITE = 1, 2, 3


def faithful(
    tape: Tape,
    *,
    real: bool = True,
    variables: Sequence[str] | None = None,
    rtol: float = 1e-12,
    recompute: bool = True,
) -> Evaluator:
    """The evaluator that runs the tree itself, in half-turn form.

    real        whether the values are real on the domain; a value that is not becomes nan
    variables   the names that calls must give, when they are more than the tree holds
    rtol        relative error above which a point is computed again by balls (to 17 digits)
    recompute   False leaves such points as the kernel found them, to measure its speed

    Raises TreeError for a tape with other functions than eml.

    >>> from emlc.ir.node import ONE, eml, var
    >>> from emlc.ir.tape import flatten
    >>> exp = faithful(flatten(eml(var("x"), ONE)))
    >>> exp([0.0, 1.0])
    array([1.        , 2.71828183])
    """
    for head in tape.heads:
        if head is not EML and not isinstance(head, Var | Lit):
            name = getattr(head, "name", head)
            raise TreeError(f"not a pure tree: it holds {name}", hint="compile the formula first")
    names = sorted({h.name for h in tape.heads if isinstance(h, Var)})
    return Faithful(tape, names if variables is None else variables, real, rtol, recompute)


class Faithful(Evaluator):
    """See `faithful`."""

    def __init__(
        self, tape: Tape, names: Sequence[str], real: bool, rtol: float, recompute: bool
    ) -> None:
        super().__init__(names, real=real)
        self._tape = self.tape = tape
        self._rtol = rtol
        self._recompute = recompute
        self._program = build(tape, names)

    def _fill(self, args: list[NDArray[Any]], out: NDArray[Any]) -> Trouble:
        import numpy as np

        program = self._program
        if program.undefined:
            out[...] = complex(math.nan, math.nan) if out.dtype.kind == "c" else math.nan
            return Trouble.INVALID
        from emlc.lower import kernel

        status = np.empty(out.size, dtype=np.int64)
        re = np.array([a.real for a in args]).reshape(len(args), out.size)
        im = np.empty((len(args), 0))
        if args and args[0].dtype.kind == "c":
            im = np.array([a.imag for a in args])
        rows = out.reshape(1, -1) if out.dtype.kind == "f" else np.empty((2, out.size))
        kernel.run(
            program.steps, program.constants, np.zeros(program.registers, dtype=np.int64),
            np.empty((program.registers, 4 * kernel.T)), re, im, rows, status, self._rtol,
        )  # fmt: skip
        if out.dtype.kind == "c":
            out.real, out.imag = rows
        return self._settle(args, out, status)

    def _settle(self, args: list[NDArray[Any]], out: NDArray[Any], status: NDArray[Any]) -> Trouble:
        """Put right what the kernel left open."""
        import numpy as np

        trouble = Trouble.NONE
        if not status.any():
            return trouble
        outside = status == _NOT_REAL
        if outside.any():
            out[outside] = math.nan
            trouble |= Trouble.INVALID
        poles = status == _INFINITE
        if poles.any() and all(np.isfinite(a[poles]).any() for a in args):
            trouble |= Trouble.DIVIDE
        if self._recompute:
            for i in np.flatnonzero(status == _AGAIN):
                values = {n: a[i].item() for n, a in zip(self.variables, args, strict=True)}
                out[i], more = at_point(self._tape, values, out.dtype.kind == "f")
                trouble |= more
        return trouble
