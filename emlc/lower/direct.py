"""The direct evaluator: formulas in native arithmetic, as machine code.

Real values are computed by one loop over all formulas at once (`native/`), called through a numpy
ufunc. Points where some part left the range of doubles are computed again in numpy's longest type.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cached_property
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from emlc.errors import ArgumentError
from emlc.ir.node import Node, Var, postorder
from emlc.lower.evaluator import Evaluator, Trouble, number, say, target, whole_shape
from emlc.lower.expand import imaginary
from emlc.lower.native.plane import PlaneMachine
from emlc.lower.native.run import Machine
from emlc.lower.threads import ENOUGH, spread
from emlc.show import show

if TYPE_CHECKING:
    from numpy.typing import NDArray

_REAL_ENOUGH = 1e-9
_CHUNK = 1 << 14
_LABEL = 60
_WORK = 200_000  # points after which a compiled loop takes over
TIERS = ("auto", "tile", "compiled")


def direct(
    root: Node,
    *,
    real: bool = True,
    variables: Sequence[str] | None = None,
    tier: str = "auto",
    threads: int = 1,
) -> Direct:
    """The evaluator of a formula in native arithmetic, fast but with its rounding and its range.

    real        whether the values are real on the domain; a value that is not becomes nan
    variables   the names that calls must give, when they are more than the formula holds
    tier        "tile" interprets, "compiled" compiles; "auto" compiles when the work pays for it
    threads     how many share the work where there are points enough, hundreds of thousands

    Complex arguments, or `real=False`, compute with complex128 and principal values; zero parts
    count as +0, so a point on a cut has the value that the exact meaning gives it.

    >>> from emlc.parse import parse
    >>> f = direct(parse("x^2 + y").root)
    >>> f(x=[1.0, 2.0], y=0.5)
    array([1.5, 4.5])
    """
    made = Direct((root,), real=real, variables=variables, single=True, tier=tier)
    made.threads = threads
    return made


def native(
    roots: Sequence[Node], variables: Sequence[str] | None = None, *, real: bool = True,
    tier: str = "auto",
) -> Direct:  # fmt: skip
    """The evaluator of several formulas that share their parts; calls return a tuple of arrays.

    >>> from emlc.parse import parse
    >>> f = native([parse("x*y").root, parse("x*y + 1").root])
    >>> f(x=[1.0, 2.0], y=3.0)
    (array([3., 6.]), array([4., 7.]))
    """
    return Direct(tuple(roots), real=real, variables=variables, single=False, tier=tier)


class Direct(Evaluator):
    """See `direct` and `native`."""

    def __init__(
        self, roots: tuple[Node, ...], *, real: bool, variables: Sequence[str] | None, single: bool,
        tier: str,
    ) -> None:  # fmt: skip
        if tier not in TIERS:
            raise ArgumentError(f"no tier {tier!r}", hint=f"one of {', '.join(TIERS)}")
        import numpy as np

        names = sorted({n.head.name for n in postorder(*roots) if isinstance(n.head, Var)})
        super().__init__(names if variables is None else variables, real=real)
        self._roots = roots
        self._single = single
        self._tier = tier
        self._line = real and not any(imaginary(root) for root in roots)
        self._count = len(self.variables)
        self.formula = roots[0] if single else None
        self.fast = self._machine.ufunc if self._line else None
        self._left = _WORK
        self._double = np.dtype(np.float64)
        self._pick = _picker(self.variables)
        self.threads = 1

    @property
    def nout(self) -> int:
        """How many formulas there are."""
        return len(self._roots)

    @property
    def ufunc(self) -> Any:
        """The numpy ufunc of the real values: variables by position, float32 or float64.

        None where there are more variables and formulas than numpy's ufuncs take.
        """
        if self._tier == "auto":
            self._machine.compile()
        return self._machine.ufunc

    @cached_property
    def _machine(self) -> Machine:
        label = "formulas"
        if len(self._roots) < 4 and sum(1 for _ in postorder(*self._roots)) <= _LABEL:
            label = ", ".join(show(root) for root in self._roots)
        label = label if len(label) <= _LABEL else f"{label[: _LABEL - 3]}..."
        return Machine(self._roots, self.variables, label, self._tier)

    @cached_property
    def _plane(self) -> PlaneMachine:
        return PlaneMachine(self._roots, self.variables)

    def plane(self, size: int) -> Any:
        """A numpy ufunc of complex numbers, None where that many points do not pay for it."""
        return self._plane.ufunc(size)

    def __call__(
        self, point: Any = None, /, *more: Any, out: Any = None, where: Any = True,
        dtype: Any = None, **variables: Any,
    ) -> Any:  # fmt: skip
        """Evaluate; the result is a new array or scalar, or `out`."""
        if dtype is None and where is True and self.fast is not None:
            # what goes wrong here goes wrong below too, and is explained there
            try:
                if point is None:
                    args = self._pick(variables) if len(variables) == self._count else ()
                else:
                    args = () if variables or len(more) + 1 != self._count else (point, *more)
                if args and self.threads > 1:
                    return self._shared(args, out)
                if args and out is None:
                    made = self.fast(*args)
                    kind = made.dtype if self._single else made[0].dtype
                    if kind is self._double:
                        if self._left > 0:
                            self._worked(made.size if self._single else made[0].size)
                        return made
                elif args and out.dtype is self._double and self._single:
                    if self._left > 0:
                        self._worked(out.size)
                    return self.fast(*args, out=out, dtype=self._double)
            except (AttributeError, KeyError, TypeError, ValueError):
                pass
        given = self.ordered(point, more) if more else point
        return self._called(self._named(given, variables), out, where, dtype)

    def _shared(self, args: Sequence[Any], out: Any) -> Any:
        """The call by several threads; TypeError where that is not for them."""
        import numpy as np

        shape = np.broadcast_shapes(*(a.shape for a in args))
        if any(a.dtype is not self._double for a in args) or not shape or not self._single:
            raise TypeError
        if math.prod(shape) < ENOUGH or (out is not None and out.dtype is not self._double):
            raise TypeError
        made = np.empty(shape) if out is None else out
        if made.shape != shape or any(np.may_share_memory(made, a) for a in args):
            raise TypeError
        self._worked(made.size)
        assert self.fast is not None
        spread(self.fast, args, [made], self.threads)
        return made

    def plain(self, point: Any, variables: dict[str, Any]) -> Sequence[Any] | None:
        """The arguments where all are arrays of doubles, which need no more looking at."""
        if self.fast is None or (point is None) == (len(variables) != self._count):
            return None
        args: list[Any] = [point]
        if point is None:
            args = [variables.get(name) for name in self.variables]
        if len(args) != self._count:
            return None
        for a in args:
            if getattr(a, "dtype", None) is not self._double or not a.ndim:
                return None
        if self._left > 0 and args:
            self._worked(args[0].size)
        return args or None

    def _worked(self, size: int) -> None:
        """Count points; past some number of them compiling pays."""
        self._left -= size
        if self._left <= 0 and self._tier == "auto":
            self._machine.compile()

    def _called(self, given: dict[str, Any], out: Any, where: Any, dtype: Any) -> Any:
        """The call in general: any types, shapes and targets."""
        import numpy as np

        arrays = {name: number(name, given[name]) for name in self.variables}
        wanted = self._result_type(list(arrays.values()), dtype)
        count = len(self._roots)
        given_out = (None,) * count if out is None else (out,) if self._single else tuple(out)
        targets = tuple(target(one, wanted) for one in given_out)
        shape = whole_shape(arrays, targets[0])
        values = [np.asarray(a) for a in arrays.values()]
        kinds = {v.dtype.kind for v in values} | {wanted.kind}
        if self.fast is not None and "c" not in kinds:
            if out is None and where is not True:
                targets = tuple(np.full(np.broadcast_shapes(shape, np.shape(where)), np.nan, wanted)
                                for _ in self._roots)  # fmt: skip
            made = self.fast(
                *(values or (np.float64(0),)), where=where, dtype=wanted, casting="same_kind",
                **({} if targets[0] is None else {"out": targets}),
            )  # fmt: skip
            made = (made,) if count == 1 else made
        else:
            made = self._by_chunks(values, shape, wanted)
            made = tuple(_stored(m, t, where) for m, t in zip(made, targets, strict=True))
        return made[0] if self._single else tuple(made)

    def _by_chunks(
        self, values: list[NDArray[Any]], shape: tuple[int, ...], wanted: Any
    ) -> list[NDArray[Any]]:
        """The values by way of complex numbers, or of more columns than a ufunc takes."""
        import numpy as np

        results = [np.empty(shape, dtype=wanted) for _ in self._roots]
        complex_ = any(v.dtype.kind == "c" for v in values) or wanted.kind == "c" or not self._line
        kind: Any = np.complex128 if complex_ else np.float64
        flat = [(np.broadcast_to(v, shape) if v.size > 1 else v).reshape(-1) for v in values]
        size = results[0].size
        trouble = Trouble.NONE
        for start in range(0, size, _CHUNK):
            part = slice(start, min(start + _CHUNK, size))
            args = [
                np.full(part.stop - start, f[0], dtype=kind) if f.size == 1
                else np.ascontiguousarray(f[part], dtype=kind)
                for f in flat
            ]  # fmt: skip
            made, more = self._chunk(args, part.stop - start, complex_)
            trouble |= more
            for result, value in zip(results, made, strict=True):
                narrow, more = _narrowed(np.asarray(value), result.dtype)
                trouble |= more
                result.reshape(-1)[part] = narrow
        if trouble:
            say(trouble, repr(self))
        return results

    def _fill(self, args: list[NDArray[Any]], out: NDArray[Any]) -> Trouble:
        made, trouble = self._chunk(args, out.size, out.dtype.kind == "c")
        out[...] = made[0]
        return trouble

    def _chunk(
        self, args: list[NDArray[Any]], size: int, complex_: bool
    ) -> tuple[list[Any], Trouble]:
        if complex_:
            return self._plane.run([a + 0.0 for a in args])
        return self._machine.fill(args, size)


def _narrowed(value: NDArray[Any], wanted: Any) -> tuple[NDArray[Any], Trouble]:
    """Complex values as real ones where that is asked for; nan where they are not real."""
    import numpy as np

    if value.dtype.kind != "c" or wanted.kind == "c":
        return value, Trouble.NONE
    slack = _REAL_ENOUGH * np.maximum(1.0, np.abs(value.real))
    off = ~(np.abs(value.imag) <= slack) & ~np.isnan(value)
    return np.where(off, math.nan, value.real), Trouble.INVALID if off.any() else Trouble.NONE


def _stored(made: NDArray[Any], target: NDArray[Any] | None, where: Any) -> Any:
    import numpy as np

    if target is None:
        return made[()]
    np.copyto(target, made, casting="same_kind", where=where)
    return target


def _picker(names: Sequence[str]) -> Callable[[dict[str, Any]], tuple[Any, ...]]:
    """What takes the values of these names out of a dictionary."""
    if len(names) > 1:
        return itemgetter(*names)
    return lambda values: tuple(values[name] for name in names)
