"""The rigorous evaluator: balls and exact algebra, point by point, with numpy's conventions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from emlc.ir.node import Var
from emlc.ir.tape import Tape
from emlc.lower import balls
from emlc.lower.evaluator import Evaluator, Trouble

if TYPE_CHECKING:
    from numpy.typing import NDArray


def rigorous(tape: Tape, *, real: bool = True, variables: Sequence[str] | None = None) -> Evaluator:
    """The evaluator of a pure tree by `balls.evaluate`: slow, and right to the last digit or nan.

    >>> from emlc.ir.node import ONE, eml, var
    >>> from emlc.ir.tape import flatten
    >>> rigorous(flatten(eml(ONE, eml(eml(ONE, var("x")), ONE))), real=False)(-1)
    np.complex128(-3.141592653589793j)
    """
    names = sorted({h.name for h in tape.heads if isinstance(h, Var)})
    return Rigorous(tape, names if variables is None else variables, real)


class Rigorous(Evaluator):
    """See `rigorous`."""

    def __init__(self, tape: Tape, names: Sequence[str], real: bool) -> None:
        super().__init__(names, real=real)
        self._tape = self.tape = tape

    def _fill(self, args: list[NDArray[Any]], out: NDArray[Any]) -> Trouble:
        trouble = Trouble.NONE
        for i in range(out.size):
            values = {name: a[i].item() for name, a in zip(self.variables, args, strict=True)}
            out[i], more = at_point(self._tape, values, out.dtype.kind == "f")
            trouble |= more
        return trouble


def at_point(
    tape: Tape, values: dict[str, float | complex], real: bool
) -> tuple[float | complex, Trouble]:
    """One value by balls, and what a numpy function would say about it."""
    empty = math.nan if real else complex(math.nan, math.nan)
    if any(v != v for v in values.values()):
        return empty, Trouble.NONE
    if any(abs(v) == math.inf for v in values.values()):
        return empty, Trouble.INVALID
    ball = balls.evaluate(tape, values)
    if ball.kind not in ("finite", "infinite"):
        return empty, Trouble.INVALID
    value = complex(ball)
    level = not ball.turns if ball.kind == "infinite" else bool(ball.value.imag.contains(0))
    if real and not level:
        return empty, Trouble.INVALID
    trouble = Trouble.NONE
    if ball.kind == "infinite":
        trouble = Trouble.DIVIDE
    elif math.isinf(value.real) or math.isinf(value.imag):
        trouble = Trouble.OVER
    return (value.real if real else value), trouble
