"""Values, gradients and Jacobians over arrays: reverse mode, then one loop over all results."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from emlc.errors import ArgumentError
from emlc.ir.node import Node, variables
from emlc.ir.tape import Tape, unflatten
from emlc.passes.differentiate import gradient
from emlc.passes.simplify import simplify

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, DTypeLike, NDArray

    from emlc.lower.direct import Direct

_REAL_ENOUGH = 1e-9


class Jacobian:
    """The derivatives of formulas by variables, as an array function of all their variables.

    `J(x=xs, y=ys)` has the shape of the broadcast arguments and two axes more: the last but one for
    the formulas, the last for the variables of `wrt`, in their order. The result types are those
    of `Evaluator`, and so are the ways to pass arguments, the warnings and the errors. The parts
    of each derivative lie together in memory: the result is a view of an array that has the two
    axes in front.

    variables   the names that a call must give, sorted
    wrt         the names that it differentiates by
    plane       whether real values come by way of complex ones; nan where they are not real

    >>> from emlc.parse import parse
    >>> J = Jacobian([parse("x*y").root, parse("x + 3*y").root])
    >>> J(x=[1.0, 2.0], y=5.0).tolist()
    [[[5.0, 1.0], [1.0, 3.0]], [[5.0, 2.0], [1.0, 3.0]]]
    """

    def __init__(
        self,
        formulas: Sequence[Node],
        wrt: Sequence[str] | None = None,
        *,
        real: bool = True,
        variables: Sequence[str] | None = None,
        plane: bool = False,
    ) -> None:
        roots = [simplify(root) for root in formulas]
        self.variables = tuple(_names(roots) if variables is None else variables)
        self.wrt = self.variables if wrt is None else tuple(wrt)
        for name in self.wrt:
            if name not in self.variables:
                raise unknown(name, self.variables)
        if not (roots and self.wrt):
            raise ArgumentError("without formulas and variables there is no derivative")
        self.real, self._count = real, len(roots)
        slopes = [slope for root in roots for slope in gradient(root, self.wrt)]
        self._run = _native([*roots, *slopes], self.variables, real and not plane)

    def __repr__(self) -> str:
        kind = "real" if self.real else "complex"
        return f"<{kind} Jacobian({', '.join(self.variables)}) by {', '.join(self.wrt)}>"

    def __call__(
        self,
        point: Mapping[str, ArrayLike] | ArrayLike | None = None,
        /,
        *,
        dtype: DTypeLike | None = None,
        **variables: ArrayLike,
    ) -> Any:
        """The derivatives."""
        return self.value_and_jacobian(point, dtype=dtype, **variables)[1]

    def value_and_jacobian(
        self,
        point: Mapping[str, ArrayLike] | ArrayLike | None = None,
        /,
        *,
        dtype: DTypeLike | None = None,
        **variables: ArrayLike,
    ) -> tuple[Any, Any]:
        """The values, with the last axis for the formulas, and the derivatives."""
        made = self._compute(point, variables, dtype)
        shape = made.shape[1:]
        slopes = made[self._count :].reshape(self._count, len(self.wrt), *shape)
        return _behind(made[: self._count], 1), _behind(slopes, 2)

    def value_and_gradient(
        self, point: Any, variables: dict[str, Any], dtype: Any
    ) -> tuple[Any, Any]:
        """The value of the only formula, and its derivatives along the last axis."""
        made = self._compute(point, variables, dtype)
        return made[0][()], _behind(made[1:], 1)

    def _compute(self, point: Any, variables: dict[str, Any], dtype: Any) -> Any:
        """All results, along the first axis."""
        import numpy as np

        if isinstance(point, Mapping) and not variables:
            point, variables = None, dict(point)
        fast = self._run.fast if dtype is None else None
        plain = self._run.plain(point, variables) if fast else None
        if fast and plain and all(a.shape == plain[0].shape for a in plain):
            made = np.empty((self._count * (1 + len(self.wrt)), *plain[0].shape))
            fast(*plain, out=tuple(made))
            return made
        narrow = self.real and not self._run.real
        arrays, shape, wanted = self._run.prepared(point, variables, None if narrow else dtype)
        made = np.empty((self._count * (1 + len(self.wrt)), *shape), dtype=wanted)
        out = tuple(made[k, ...] for k in range(len(made)))
        run = self._run.plane(out[0].size) if wanted.kind == "c" else self._run.fast
        if run is None:
            self._run(arrays, out=out)
        else:
            run(*arrays.values(), out=out, dtype=wanted, casting="same_kind")
        if narrow and all(a.dtype.kind != "c" for a in map(np.asarray, arrays.values())):
            slack = _REAL_ENOUGH * np.maximum(1.0, np.abs(made.real))
            made = np.where(np.abs(made.imag) <= slack, made.real, np.nan)
        return made.astype(dtype, copy=False) if dtype is not None else made


class Differentiable:
    """What makes an evaluator of one formula give its gradient too.

    formula     what is differentiated, where it is known; else the formula that the tape means
    """

    variables: tuple[str, ...]
    real: bool
    formula: Node | None = None
    tape: Tape | None = None

    def gradient(
        self,
        point: Mapping[str, ArrayLike] | ArrayLike | None = None,
        /,
        *,
        wrt: str | Sequence[str] | None = None,
        dtype: DTypeLike | None = None,
        **variables: ArrayLike,
    ) -> Any:
        """The derivatives, along a last axis in the order of `wrt` or else of `variables`.

        The arguments are those of a call and so is the result type. With arguments of shape (n,)
        the result has the shape (n, number of derivatives), which `scipy.optimize.curve_fit` takes
        for `jac`; with scalars it is the vector that `scipy.optimize.minimize` takes. It is
        computed in doubles by native arithmetic whatever the evaluator. Where the formula has a
        value but no derivative it is nan or infinite, with numpy's warning.

        >>> import emlc
        >>> f = emlc.compile("x^2*y").evaluator()
        >>> f.gradient(x=[1.0, 2.0], y=3.0).tolist()
        [[6.0, 1.0], [12.0, 4.0]]
        """
        return self.value_and_gradient(point, wrt=wrt, dtype=dtype, **variables)[1]

    def value_and_gradient(
        self,
        point: Mapping[str, ArrayLike] | ArrayLike | None = None,
        /,
        *,
        wrt: str | Sequence[str] | None = None,
        dtype: DTypeLike | None = None,
        **variables: ArrayLike,
    ) -> tuple[Any, Any]:
        """The values and the gradient, computed together."""
        names = self.variables if wrt is None else (wrt,) if isinstance(wrt, str) else tuple(wrt)
        known: dict[tuple[str, ...], Jacobian] = self.__dict__.setdefault("_jacobians", {})
        if names not in known:
            known[names] = self._differentiated(names)
        return known[names].value_and_gradient(point, variables, dtype)

    def _differentiated(self, names: Sequence[str]) -> Jacobian:
        if self.formula is not None:
            return Jacobian([self.formula], names, real=self.real, variables=self.variables)
        if self.tape is None:
            raise ArgumentError("several formulas have a Jacobian", hint="see emlc.jacobian")
        if self.real:
            from emlc.passes.raise_ import raise_tree

            made = raise_tree(self.tape)
            if made.proved:
                return Jacobian([made.formula], names, real=True, variables=self.variables)
        tree = unflatten(self.tape)
        # Real values of a tree may come by way of complex ones.
        return Jacobian([tree], names, real=self.real, variables=self.variables, plane=True)


def _behind(made: NDArray[Any], count: int) -> NDArray[Any]:
    """The array with its first axes behind the others."""
    return made.transpose(*range(count, made.ndim), *range(count))


def _native(roots: Sequence[Node], names: Sequence[str], real: bool) -> Direct:
    from emlc.lower.direct import native

    return native(roots, names, real=real)


def _names(roots: Sequence[Node]) -> list[str]:
    return sorted({name for root in roots for name in variables(root)})


def unknown(name: str, known: Sequence[str]) -> ArgumentError:
    """What to raise for a name that no variable has."""
    near = difflib.get_close_matches(name, known, 1)
    listed = f"the variables are {', '.join(known)}" if known else "there are no variables"
    return ArgumentError(
        f"there is no variable {name}", hint=f"did you mean {near[0]}?" if near else listed
    )
