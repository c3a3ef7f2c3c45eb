"""Formulas of complex values as machine code: every part is a pair of real vectors.

A kernel here is good to a few units in the last place of the larger part. It flags the lanes where
a part of it leaves the range in which that is so; those are done again by numpy, as elsewhere.
"""

from __future__ import annotations

import ctypes
import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from emlc.ir.node import Lit, Node, Var, postorder
from emlc.lower.careful import Careful, spelled
from emlc.lower.evaluator import Trouble
from emlc.lower.expand import double, expand
from emlc.lower.native import (
    body,
    circular,
    engine,
    exponential,
    hyperbolic,
    inverse,
    logarithm,
    power,
    ufunc,
)
from emlc.lower.native.run import BITS, MAX_OPERANDS
from emlc.lower.native.ssa import Code, Value
from emlc.tables.primitives import Primitive

if TYPE_CHECKING:
    from numpy.typing import NDArray

Pair = tuple[Value, Value]

_MOST_PARTS = 400
_ENOUGH = 1_000_000  # points times parts that numpy does before compiling pays
_TINY, _HUGE = 1e-290, 1e290
_TURNS = 1024.0  # units in the last place, which is what exp(y ln x) loses
_CONSTANTS = {"e": 2.718281828459045, "pi": 3.141592653589793}


# -- kernels, named like the rows they lower -------------------------------------------------------


def add(code: Code, x: Pair, y: Pair) -> Pair:
    return x[0] + y[0], x[1] + y[1]


def sub(code: Code, x: Pair, y: Pair) -> Pair:
    return x[0] - y[0], x[1] - y[1]


def neg(code: Code, x: Pair) -> Pair:
    return 0.0 - x[0], 0.0 - x[1]


def half(code: Code, x: Pair) -> Pair:
    return x[0] * 0.5, x[1] * 0.5


def mul(code: Code, x: Pair, y: Pair) -> Pair:
    (a, b), (c, d) = x, y
    for (u, v), w in (((a, b), y), ((c, d), x)):
        if v.number == 0.0:
            return u * w[0], u * w[1]
    made = code.fma(a, c, -(b * d)), code.fma(a, d, b * c)
    small = _size(code, made) < _TINY
    code.flag(small & (_size(code, x) > 0.0) & (_size(code, y) > 0.0))
    return made


def sqr(code: Code, x: Pair) -> Pair:
    return mul(code, x, x)


def inv(code: Code, x: Pair) -> Pair:
    over = 1.0 / _square(code, x)
    return x[0] * over, 0.0 - x[1] * over


def div(code: Code, x: Pair, y: Pair) -> Pair:
    (a, b), (c, d) = x, y
    if d.number == 0.0:
        return a / c, b / c
    over = 1.0 / _square(code, y)
    return code.fma(a, c, b * d) * over, code.fma(b, c, -(a * d)) * over


def sqrt(code: Code, x: Pair) -> Pair:
    a, b = x
    size = code.sqrt(_square(code, x))
    t = code.sqrt((code.abs(a) + size) * 0.5)
    other = b / (t + t)
    right = a >= 0.0
    # Zero parts count as +0, so the cut belongs to its upper side.
    turned = code.select(b < 0.0, -t, t)
    return code.select(right, t, code.abs(other)), code.select(right, other, turned)


def exp(code: Code, x: Pair) -> Pair:
    code.flag(~(code.abs(x[0]) < 690.0))
    size = exponential.exp(code, x[0])
    sine, cosine = _sine_cosine(code, x[1])
    return size * cosine, size * sine


def ln(code: Code, x: Pair) -> Pair:
    a, b = x
    t, u = code.most(code.abs(a), code.abs(b)), code.least(code.abs(a), code.abs(b))
    # The square in two parts, so that the logarithm is good near the unit circle.
    p, q = t * t, u * u
    total = p + q
    low = ((p - total) + q) + (code.fma(t, t, -p) + code.fma(u, u, -q))
    _within(code, total)
    high, rest, _ = logarithm.ln_parts(code, total, low)
    return (high + rest) * 0.5, inverse.atan2(code, b + 0.0, a)


def pow(code: Code, x: Pair, y: Pair) -> Pair:
    lift = mul(code, y, ln(code, x))
    code.flag(_size(code, lift) > _TURNS)
    return exp(code, lift)


def sin(code: Code, x: Pair) -> Pair:
    sine, cosine = _sine_cosine(code, x[0])
    return sine * hyperbolic.cosh(code, x[1]), cosine * hyperbolic.sinh(code, x[1])


def cos(code: Code, x: Pair) -> Pair:
    sine, cosine = _sine_cosine(code, x[0])
    return cosine * hyperbolic.cosh(code, x[1]), 0.0 - sine * hyperbolic.sinh(code, x[1])


def sinh(code: Code, x: Pair) -> Pair:
    sine, cosine = _sine_cosine(code, x[1])
    return hyperbolic.sinh(code, x[0]) * cosine, hyperbolic.cosh(code, x[0]) * sine


def cosh(code: Code, x: Pair) -> Pair:
    sine, cosine = _sine_cosine(code, x[1])
    return hyperbolic.cosh(code, x[0]) * cosine, hyperbolic.sinh(code, x[0]) * sine


def tan(code: Code, x: Pair) -> Pair:
    return div(code, sin(code, x), cos(code, x))


def tanh(code: Code, x: Pair) -> Pair:
    return div(code, sinh(code, x), cosh(code, x))


def cot(code: Code, x: Pair) -> Pair:
    return div(code, cos(code, x), sin(code, x))


def coth(code: Code, x: Pair) -> Pair:
    return div(code, cosh(code, x), sinh(code, x))


def expm1(code: Code, x: Pair) -> Pair:
    code.flag(~(code.abs(x[0]) < 690.0))
    less, size = exponential.expm1(code, x[0]), exponential.exp(code, x[0])
    sine, cosine = _sine_cosine(code, x[1] * 0.5)
    return code.fma((sine * sine) * -2.0, size, less), (sine * cosine) * (size + size)


def log1p(code: Code, x: Pair) -> Pair:
    a, b = x
    near = code.most(code.abs(a), code.abs(b)) < 0.25
    part = code.select(near, code.fma(a, a + 2.0, b * b), code.number(0.0))
    size, turn = ln(code, (a + 1.0, b))
    return code.select(near, logarithm.log1p(code, part) * 0.5, size), turn


def softplus(code: Code, x: Pair) -> Pair:
    part = exp(code, x)
    code.flag(_size(code, (part[0] + 1.0, part[1])) < 0.25)
    return log1p(code, part)


def sigmoid(code: Code, x: Pair) -> Pair:
    """By exp(w), where w is x or -x, whichever is left of 0."""
    a, b = x
    right = a > 0.0
    down = 0.0 - code.abs(a)
    code.flag(~(down > -690.0))
    size = exponential.exp(code, down)
    sine, cosine = _sine_cosine(code, b * 0.5)
    double = cosine * cosine * (size + size)
    im = sine * cosine * (size + size)
    over = code.select(right, code.number(1.0), double - size), code.select(right, 0.0, im)
    under = double - exponential.expm1(code, down), code.select(right, 0.0 - im, im)
    return div(code, over, under)


def cbrt(code: Code, x: Pair) -> Pair:
    size = power.cbrt(code, code.sqrt(_square(code, x)))
    sine, cosine = _sine_cosine(code, inverse.atan2(code, x[1] + 0.0, x[0]) * (1 / 3))
    return size * cosine, size * sine


def hypot(code: Code, x: Pair, y: Pair) -> Pair:
    (a, b), (c, d) = x, y
    first, second = (a + d, c - b), (a - d, c + b)
    real = code.fma(second[0], first[0], first[1] * second[1])
    imag = code.fma(a, b, c * d)
    for one, other in ((first, second), (second, first)):
        near = _size(code, one) * 4.0 < _size(code, other)
        imag = code.select(near, b * one[0] + d * one[1], imag)
    code.flag((real < 0.0) & (code.abs(imag) < _TINY))
    return sqrt(code, (real, imag + imag))


def _square(code: Code, x: Pair) -> Value:
    """The square of the absolute value."""
    made = code.fma(x[0], x[0], x[1] * x[1])
    _within(code, made)
    return made


def _within(code: Code, x: Value) -> None:
    code.flag(~((x > _TINY) & (x < _HUGE)))


def _size(code: Code, x: Pair) -> Value:
    return code.abs(x[0]) + code.abs(x[1])


def _sine_cosine(code: Code, x: Value) -> Pair:
    return circular.sine_cosine(code, x)


# -- formulas ------------------------------------------------------------------------------------

_KERNELS: dict[str, Callable[..., Pair]] = {
    f.__name__: f
    for f in (
        add, sub, neg, half, mul, sqr, inv, div, sqrt, exp, ln, pow, sin, cos, sinh, cosh, tan,
        tanh, cot, coth, expm1, log1p, softplus, sigmoid, cbrt, hypot,
    )
}  # fmt: skip


class PlaneMachine:
    """Formulas of complex values over arrays, as a `Careful` on the plane is; faster."""

    def __init__(self, roots: Sequence[Node], names: Sequence[str]) -> None:
        self.names = tuple(names)
        self.careful = Careful(
            [expand(root, _spelled, plane=True) for root in roots], names, plane=True
        )
        self.roots = [expand(root, _reached, plane=True) for root in roots]
        self._order = tuple(postorder(*self.roots))
        heads = {n.head for n in self._order if isinstance(n.head, Primitive)}
        known = all(_known(head) for head in heads) and len(self._order) <= _MOST_PARTS
        few = len(self.names) + len(self.roots) <= MAX_OPERANDS
        self._work = _ENOUGH if known and names and few else math.inf
        self._ufunc: Any = None

    def ufunc(self, size: int) -> Any:
        """A ufunc of complex numbers, None while the points so far do not pay for compiling it."""
        self._work -= size * len(self._order)
        if self._ufunc is None and self._work <= 0:
            made = engine.load(self._text())
            loops = [ufunc.Loop(kind, len(self.names), len(self.roots)) for kind in ("c8", "c16")]
            for one in loops:
                one.careful(self._redo)
                one.run(made.address("body"), 0, made)
            self._ufunc = ufunc.ufunc(loops, len(self.names), len(self.roots), "formulas")
        return self._ufunc

    def _text(self) -> str:
        """The LLVM module: columns of real and imaginary parts in turn."""
        code = Code(engine.target())
        place = {name: 2 * k for k, name in enumerate(self.names)}
        values: dict[Node, Pair] = {}
        zero = code.number(0.0)
        for n in self._order:
            head = n.head
            if isinstance(head, Lit):
                values[n] = code.number(double(head.value)), zero
            elif isinstance(head, Var):
                k = place[head.name]
                values[n] = Value(code, "d", f"%x{k}"), Value(code, "d", f"%x{k + 1}")
            else:
                assert isinstance(head, Primitive)
                values[n] = _applied(code, head, [values[a] for a in n.args])
        outputs = [part for root in self.roots for part in values[root]]
        for part in outputs:
            code.flag(code.wild(part))
        return body.body(code, 2 * len(self.names), outputs)

    def run(self, args: Sequence[NDArray[Any]]) -> tuple[list[Any], Trouble]:
        """The values at contiguous complex numbers."""
        import numpy as np

        made = self.ufunc(args[0].size if args else 1)
        if made is None:
            return self.careful.run(args)
        seen: list[int] = []
        with np.errstate(all="call", call=lambda _, flag: seen.append(flag)):
            values = made(*args)
        trouble = Trouble.NONE
        for flag in seen:
            trouble |= Trouble(flag & int(Trouble.DIVIDE | Trouble.OVER | Trouble.INVALID))
        return [values] if len(self.roots) == 1 else list(values), trouble

    def _redo(self, columns: int, count: int, marks: int) -> int:
        """Compute the marked lanes again."""
        import numpy as np

        total = 2 * (len(self.names) + len(self.roots))
        places = (ctypes.c_void_p * total).from_address(columns)
        bits: Any = (ctypes.c_uint8 * ((count + 7) // 8)).from_address(marks)
        odd = np.unpackbits(np.frombuffer(bits, np.uint8), bitorder="little")[:count]
        again = np.flatnonzero(odd)
        if not again.size:
            return 0
        lanes = [_column(place or 0, count) for place in places]
        inputs = 2 * len(self.names)
        args = [_joined(lanes[k][again], lanes[k + 1][again]) for k in range(0, inputs, 2)]
        values, trouble = self.careful.run(args)
        for k, value in enumerate(values):
            lanes[inputs + 2 * k][again] = np.real(value)
            lanes[inputs + 2 * k + 1][again] = np.imag(value)
        return sum(bit for flag, bit in BITS.items() if flag in trouble)


def _applied(code: Code, row: Primitive, args: list[Pair]) -> Pair:
    if row.plane == "imaginary unit":
        return code.number(0.0), code.number(1.0)
    if not row.params:
        return code.number(_CONSTANTS[row.name]), code.number(0.0)
    return _KERNELS[row.name](code, *args)


def _known(row: Primitive) -> bool:
    return row.name in _KERNELS or row.name in _CONSTANTS or row.plane == "imaginary unit"


def _reached(row: Primitive) -> bool:
    return _known(row) or not row.meaning


def _spelled(row: Primitive) -> bool:
    return spelled(row, plane=True)


def _column(address: int, count: int) -> NDArray[Any]:
    import numpy as np

    lanes: Any = (ctypes.c_double * count).from_address(address)
    return np.frombuffer(lanes, np.float64)


def _joined(re: NDArray[Any], im: NDArray[Any]) -> NDArray[Any]:
    """Complex numbers whose zero parts are +0."""
    import numpy as np

    made = np.empty(re.size, dtype=np.complex128)
    made.real, made.imag = re + 0.0, im + 0.0
    return made
