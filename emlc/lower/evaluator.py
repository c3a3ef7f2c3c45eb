"""What all evaluators share: numpy's calling conventions around a kernel that fills flat arrays."""

from __future__ import annotations

import sys
import warnings
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from enum import IntFlag
from typing import TYPE_CHECKING, Any

from emlc.errors import ArgumentError
from emlc.lower.gradient import Differentiable, unknown

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, DTypeLike, NDArray

_CHUNK = 1 << 14


class Trouble(IntFlag):
    """What went wrong at some point, in numpy's terms."""

    NONE = 0
    DIVIDE = 1
    OVER = 2
    INVALID = 8


_SAID = {
    Trouble.DIVIDE: ("divide", "divide by zero"),
    Trouble.OVER: ("over", "overflow"),
    Trouble.INVALID: ("invalid", "invalid value"),
}


class Evaluator(Differentiable, ABC):
    """An array function of named variables with the conventions of a numpy ufunc.

    Call it with one keyword for each variable, `f(x=xs, y=ys)`, with all by position in the order
    of `variables`, `f(xs, ys)`, or with one mapping, `f({"x": xs})`, which is the way in for
    variables named `out`, `where` or `dtype`. Arguments broadcast; scalars and 0-d arrays give a
    scalar; integers count as float64 and float16 as float32. The result is float32, float64,
    complex64 or complex128: the common type of the arguments, made complex where `real` is false;
    the arithmetic is double in any case. `dtype` asks for another result type, a complex one for
    complex values outside the real domain; `out` is an array to fill; `where` says at which points
    to compute, the others keep what `out` has, nan without one. `nin`, `nout`, `nargs`, `ntypes`,
    `types` and `identity` are as numpy has them.

    A point outside the domain gives nan, a pole or a result too large gives inf, each with numpy's
    warning for it, as `np.errstate` says. A nan in gives nan out and no warning.

    Raises ArgumentError for a missing or extra variable, an argument that is no number, shapes
    that do not broadcast, and an `out` of the wrong shape or type.
    """

    def __init__(self, variables: Sequence[str], *, real: bool) -> None:
        self.variables = tuple(variables)
        self.real = real

    def __repr__(self) -> str:
        kind = "real" if self.real else "complex"
        return f"<{kind} {type(self).__name__}({', '.join(self.variables)})>"

    @property
    def nin(self) -> int:
        """How many variables there are."""
        return len(self.variables)

    @property
    def nout(self) -> int:
        """How many results there are."""
        return 1

    @property
    def nargs(self) -> int:
        """Variables and results together."""
        return self.nin + self.nout

    @property
    def types(self) -> list[str]:
        """Which types give which, as numpy's ufuncs list them."""
        kinds = "fdFD" if self.real else "FD"
        return [f"{kind * self.nin}->{kind * self.nout}" for kind in kinds]

    @property
    def ntypes(self) -> int:
        """How many `types` there are."""
        return len(self.types)

    @property
    def identity(self) -> None:
        """No value leaves all others as they are."""
        return None

    @abstractmethod
    def _fill(self, args: list[NDArray[Any]], out: NDArray[Any]) -> Trouble:
        """Compute one chunk.

        args holds one contiguous array a variable, all float64 or all complex128; out is float64,
        or complex128 where the arguments or the values are complex; all of one length.
        """

    def __call__(
        self,
        point: Mapping[str, ArrayLike] | ArrayLike | None = None,
        /,
        *more: ArrayLike,
        out: NDArray[Any] | tuple[NDArray[Any]] | None = None,
        where: ArrayLike = True,
        dtype: DTypeLike | None = None,
        **variables: ArrayLike,
    ) -> Any:
        """Evaluate; the result is a new array or scalar, or `out`."""
        import numpy as np

        given = self._named(self.ordered(point, more) if more else point, variables)
        arrays = {name: number(name, given[name]) for name in self.variables}
        wanted = self._result_type(list(arrays.values()), dtype)
        fill = target(out, wanted)
        shape = whole_shape(arrays, fill)
        values = [np.asarray(a) for a in arrays.values()]
        if where is not True:
            return self._masked(values, shape, wanted, fill, np.asarray(where, dtype=bool))
        if fill is not None and _fits(fill, wanted, values):
            self._run(values, fill)
            return fill
        result = np.empty(shape, dtype=wanted)
        self._run(values, result)
        if fill is None:
            return result[()]
        np.copyto(fill, result, casting="same_kind")
        return fill

    def _masked(
        self, values: list[NDArray[Any]], shape: tuple[int, ...], wanted: Any,
        fill: NDArray[Any] | None, where: NDArray[Any],
    ) -> Any:  # fmt: skip
        """The values at some points alone."""
        import numpy as np

        whole = np.broadcast_shapes(shape, where.shape) if fill is None else fill.shape
        made = np.full(whole, np.nan, wanted) if fill is None else fill
        mask = np.broadcast_to(where, whole)
        result = np.empty(np.count_nonzero(mask), dtype=wanted)
        self._run([np.broadcast_to(v, whole)[mask] for v in values], result)
        made[mask] = result
        return made[()] if fill is None else made

    def ordered(self, first: Any, more: Sequence[Any]) -> dict[str, Any]:
        """All variables given by position, by name. Raises ArgumentError."""
        if len(more) + 1 != self.nin:
            raise ArgumentError(
                f"{len(more) + 1} values by position, but there are {self.nin} variables",
                hint=f"they are {', '.join(self.variables)}",
            )
        return dict(zip(self.variables, (first, *more), strict=True))

    def prepared(
        self, point: Any, variables: dict[str, Any], dtype: Any
    ) -> tuple[dict[str, Any], tuple[int, ...], Any]:
        """The arguments as arrays by name, the shape and the type of the result."""
        given = self._named(point, variables)
        arrays = {name: number(name, given[name]) for name in self.variables}
        return arrays, whole_shape(arrays, None), self._result_type(list(arrays.values()), dtype)

    def _named(self, point: Any, variables: dict[str, Any]) -> dict[str, Any]:
        """The arguments by name, complete and nothing more."""
        given = dict(variables)
        call = f"call it with {', '.join(f'{v}=...' for v in self.variables)}"
        if isinstance(point, Mapping):
            for name in point:
                if name in given:
                    raise ArgumentError(f"two values for the variable {name}")
            given |= point
        elif point is not None:
            if len(self.variables) != 1:
                kind = "no variables" if not self.variables else "more than one variable"
                hint = call if self.variables else "call it without arguments"
                raise ArgumentError(f"a value by position, but there is {kind}", hint=hint)
            if self.variables[0] in given:
                raise ArgumentError(f"two values for the variable {self.variables[0]}")
            given[self.variables[0]] = point
        for name in given:
            if name not in self.variables:
                raise unknown(str(name), self.variables)
        for name in self.variables:
            if name not in given:
                raise ArgumentError(f"no value for the variable {name}", hint=call)
        return given

    def _result_type(self, values: list[Any], dtype: DTypeLike | None) -> Any:
        """One of the four result types; the common type of the values unless `dtype` is given."""
        import numpy as np

        common = np.result_type(np.float32, *values) if values else np.dtype(np.float64)
        if all(not isinstance(v, np.ndarray) for v in values):
            common = np.result_type(np.float64, common)
        if not self.real:
            common = np.result_type(common, np.complex64)
        if dtype is None:
            return common
        try:
            wanted = np.dtype(dtype)
        except TypeError as error:
            raise ArgumentError(f"{dtype!r} is not a result type", hint=_TYPES) from error
        if wanted not in (np.float32, np.float64, np.complex64, np.complex128):
            raise ArgumentError(f"{wanted} is not a result type", hint=_TYPES)
        if not np.can_cast(common, wanted, "same_kind"):
            raise ArgumentError(f"the result is {common} and does not fit {wanted}", hint=_TYPES)
        return wanted

    def _run(self, values: list[NDArray[Any]], result: NDArray[Any]) -> None:
        """Fill the result chunk by chunk, then say what went wrong."""
        import numpy as np

        flat = result.reshape(-1)
        kinds = [v.dtype.kind for v in values]
        work = np.complex128 if "c" in kinds else np.float64
        lines = [_line(v, result.shape, min(_CHUNK, flat.size), work) for v in values]
        inner = np.complex128 if result.dtype.kind == "c" else np.float64
        trouble = Trouble.NONE
        for start in range(0, flat.size, _CHUNK):
            stop = min(start + _CHUNK, flat.size)
            args = [
                line[: stop - start]
                if fixed
                else np.ascontiguousarray(line[start:stop], dtype=work)
                for line, fixed in lines
            ]
            if result.dtype == inner:
                trouble |= self._fill(args, flat[start:stop])
                continue
            made = np.empty(stop - start, dtype=inner)
            trouble |= self._fill(args, made)
            flat[start:stop] = made
        if trouble:
            say(trouble, repr(self))


_TYPES = "float32, float64, complex64 and complex128 are; complex values need a complex one"


def number(name: str, value: Any) -> Any:
    """The value as a float or complex array, or as it is when it is a Python number."""
    import numpy as np

    try:
        if type(value) in (bool, int, float):
            return float(value)
        if type(value) is complex:
            return value
        array = np.asarray(value)
    except (OverflowError, ValueError) as error:
        raise ArgumentError(f"the value of {name} is not an array of numbers: {error}") from error
    if array.dtype.kind not in "biufc":
        raise ArgumentError(
            f"the value of {name} is not an array of numbers but of {array.dtype}",
            hint="convert it with np.asarray(value, dtype=float)",
        )
    if array.dtype.kind in "biu":
        return array.astype(np.float64)
    if array.dtype == np.float16:
        return array.astype(np.float32)
    if not np.can_cast(array.dtype, np.complex128, "safe"):
        raise ArgumentError(
            f"the value of {name} is {array.dtype}, wider than the evaluator computes",
            hint="convert it to float64 or complex128",
        )
    return array


def target(out: Any, wanted: Any) -> NDArray[Any] | None:
    """The array to fill, checked."""
    import numpy as np

    if isinstance(out, tuple) and len(out) == 1:
        (out,) = out
    if out is None:
        return None
    if not isinstance(out, np.ndarray):
        raise ArgumentError("out must be an array", hint="make one with np.empty")
    if not out.flags.writeable:
        raise ArgumentError("out is read-only")
    if not np.can_cast(wanted, out.dtype, "same_kind"):
        raise ArgumentError(f"the result is {wanted} and does not fit out of type {out.dtype}")
    return out


def whole_shape(arrays: dict[str, Any], target: NDArray[Any] | None) -> tuple[int, ...]:
    """The common shape of arguments and target."""
    import numpy as np

    shapes = {name: np.shape(a) for name, a in arrays.items()}
    try:
        shape = np.broadcast_shapes(*shapes.values())
    except ValueError as error:
        listed = ", ".join(f"{name} {s}" for name, s in shapes.items())
        raise ArgumentError(f"the shapes do not broadcast together: {listed}") from error
    if target is None:
        return shape
    try:
        fits = np.broadcast_shapes(shape, target.shape) == target.shape
    except ValueError:
        fits = False
    if not fits:
        raise ArgumentError(f"out has the shape {target.shape}, the result {shape}")
    return target.shape


def _fits(target: NDArray[Any], wanted: Any, values: list[NDArray[Any]]) -> bool:
    """Whether the target can be filled in place."""
    import numpy as np

    clear = not any(np.may_share_memory(target, v) for v in values)
    return clear and target.dtype == wanted and target.flags.c_contiguous


def _line(value: NDArray[Any], shape: tuple[int, ...], chunk: int, work: Any) -> tuple[Any, bool]:
    """The value as a flat array, or as one chunk that serves for all."""
    import numpy as np

    if value.size == 1:
        return np.full(chunk, value.reshape(-1)[0], dtype=work), True
    return np.broadcast_to(value, shape).reshape(-1), False


def say(trouble: Trouble, where: str) -> None:
    """Warn, raise or call as np.errstate says."""
    import numpy as np

    modes = np.geterr()
    for flag, (name, text) in _SAID.items():
        mode = modes[name] if flag in trouble else "ignore"  # type: ignore[literal-required]
        message = f"{text} encountered in {where}"
        handler: Any = np.geterrcall()
        if mode == "warn":
            warnings.warn(message, RuntimeWarning, stacklevel=4)
        elif mode == "raise":
            raise FloatingPointError(message)
        elif mode == "print":
            sys.stderr.write(f"Warning: {message}\n")
        elif mode == "call" and handler is not None:
            handler(text, int(flag))
        elif mode == "log" and handler is not None:
            handler.write(f"Warning: {message}\n")
