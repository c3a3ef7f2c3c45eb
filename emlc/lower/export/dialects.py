"""C and the Pythons: how each writes rows, numbers and functions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from emlc.lower.export.code import LINE, PLANE, SHADOW, Body, Dialect, decimal
from emlc.tables import line
from emlc.tables.plane import C_PLANE, CALLS, EXPM1, NUMPY_PLANE, PYTHON_PLANE
from emlc.tables.primitives import EML, Primitive
from emlc.tables.sides import (
    C_HELPERS,
    JAX_HELPERS,
    MPMATH_HELPERS,
    NUMPY_HELPERS,
    PYTHON_HELPERS,
    TORCH_HELPERS,
)

_CALL = re.compile(r"\b([a-z]\w*)\(")
_WORD = re.compile(r"(?<![\w{.])([a-z]\w*)\b(?!\})")
_C_CONSTANTS = {"M_E": "2.71828182845904523536", "M_PI": "3.14159265358979323846"}
_PYTHON_CONSTANTS = {"M_E": "math.e", "M_PI": "math.pi"}
_OWN = CALLS | EXPM1
_TENSOR = "x = x if torch.is_tensor(x) else torch.tensor(x, dtype=torch.float64)"
_IMPORTS = {"np": "numpy as np", "jnp": "jax.numpy as jnp"}


def _is_unit(row: Primitive) -> bool:
    return row.plane == "imaginary unit"


def _reaches_plane(row: Primitive) -> bool:
    """Whether the C spelling has a complex kin: ground functions and plain operators."""
    return bool(row.sympy) or not _CALL.search(row.c)


def _used(helpers: Mapping[str, str], text: str) -> list[str]:
    """The helpers that the text calls, or one of them."""
    found: list[str] = []
    for name, helper in reversed(list(helpers.items())):
        if re.search(rf"\b{name}\(", text):
            found.insert(0, helper)
            text += helper
    return found


# -- C -----------------------------------------------------------------------------------------


def _c_template(row: Primitive, plane: bool) -> str:
    if not plane:
        return "" if _is_unit(row) else line.CALLS.get(row.name) or row.c
    if row.name in _OWN:
        return _OWN[row.name].replace("1j", "I")
    return _CALL.sub(r"c\1(", row.c) if _reaches_plane(row) else ""


def _c_function(body: Body) -> str:
    inner = "double" if body.kind == LINE else "complex double"
    outer = "complex double" if body.kind == PLANE else "double"
    taken = [f"{outer} {a}" for a in body.arguments]
    lines = []
    if body.kind != LINE:
        declared = "" if body.kind == PLANE else f"const {inner} "
        pairs = zip(body.inner, body.arguments, strict=True)
        lines += [f"{declared}{z} = plus_zero({a})" for z, a in pairs]
    lines += [f"const {inner} {line}" for line in body.lines]
    result = "real_value({})" if body.kind == SHADOW else "{}"
    if body.slopes is not None:
        taken.append(f"{outer} gradient[{len(body.slopes)}]")
        made = (result.format(slope) for slope in body.slopes)
        lines += [f"gradient[{k}] = {slope}" for k, slope in enumerate(made)]
    lines.append(f"return {result.format(body.value)}")
    head = f"{outer} {body.name}({', '.join(taken) or 'void'}) {{"
    return "\n".join([head, *(f"    {line};" for line in lines), "}"])


def _c_module(text: str, plane: bool) -> str:
    head = ["#include <complex.h>"] if plane else []
    head.append("#include <math.h>")
    for constant, digits in _C_CONSTANTS.items():
        if constant in text:
            head += ["", f"#ifndef {constant}", f"#define {constant} {digits}", "#endif"]
    for helper in _used(C_HELPERS | line.C_LINE | C_PLANE, text):
        head += ["", helper]
    return "\n".join([*head, "", text])


def _c_inner(name: str, k: int, kind: str) -> str:
    return f"z{k}" if kind == SHADOW else name


# -- Python, numpy, jax, torch, mpmath -----------------------------------------------------------


def _python_template(row: Primitive, plane: bool) -> str:
    if row.c in _PYTHON_CONSTANTS:
        return _PYTHON_CONSTANTS[row.c]
    if not plane:
        plain = "" if _is_unit(row) else _CALL.sub(r"math.\1(", row.c)
        return line.CALLS.get(row.name) or plain
    if row.name in _OWN:
        return _OWN[row.name]
    if row.native and "np." not in row.native:
        return row.native
    return _CALL.sub(r"cmath.\1(", row.c) if _reaches_plane(row) else ""


def _numpy_template(row: Primitive, plane: bool) -> str:
    if _is_unit(row) and not plane:
        return ""
    if plane:
        return CALLS.get(row.name) or row.native
    return line.CALLS.get(row.name) or row.native or _CALL.sub(r"np.\1(", row.c)


def _jax_template(row: Primitive, plane: bool) -> str:
    return _numpy_template(row, plane).replace("np.", "jnp.")


def _torch_template(row: Primitive, plane: bool) -> str:
    text = _numpy_template(row, plane).replace("np.", "torch.").replace(".fabs(", ".abs(")
    if "torch.cbrt(" in text:  # not among its functions
        return "line_root({x},3.0)"
    return text if row.params else _torch_constant(text, plane)


def _torch_constant(text: str, plane: bool) -> str:
    """Torch's complex functions take tensors only; on the line, parts of numbers are Python's."""
    return f"torch.tensor({text}, dtype=torch.complex128)" if plane and text else text


def _mpmath_template(row: Primitive, plane: bool) -> str:
    if row is EML or (_is_unit(row) and not plane):
        return ""
    return _WORD.sub(r"mpmath.\1", row.mpmath)


def _mpmath_number(value: Fraction, plane: bool) -> str:
    whole = f"mpmath.mpf({value.numerator})"
    return whole if value.denominator == 1 else f"({whole}/{value.denominator})"


@dataclass(frozen=True, slots=True)
class _Python:
    """What the function's first and last lines are, and what it needs.

    taken    how an argument comes in, on the line and on the plane; "" as it is
    ending   the last lines of a function that gives value and slopes
    """

    modules: tuple[str, ...]
    helpers: Mapping[str, str]
    ending: tuple[str, ...] = ("return {value}, ({slopes})",)
    taken: tuple[str, str] = ("", "plus_zero({a})")

    def function(self, body: Body) -> str:
        taken = self.taken[body.kind != LINE]
        lines = [f"{a} = {taken.format(a=a)}" for a in body.arguments if taken]
        result = "real_value({})" if body.kind == SHADOW else "{}"
        lines += body.lines
        value = result.format(body.value)
        if body.slopes is None:
            lines.append(f"return {value}")
        else:
            slopes = ", ".join(result.format(slope) for slope in body.slopes)
            slopes += "," if len(body.slopes) == 1 else ""
            lines += [line.format(value=value, slopes=slopes) for line in self.ending]
        head = f"def {body.name}({', '.join(body.arguments)}):"
        return "\n".join([head, *(f"    {line}" for line in lines)])

    def module(self, text: str, plane: bool) -> str:
        text = "\n\n\n".join([*_used(self.helpers, text), text])
        used = [m for m in self.modules if re.search(rf"\b{m}\.", text)]
        imports = "\n".join(f"import {_IMPORTS.get(m, m)}" for m in used)
        return f"{imports}\n\n\n{text}" if used else text


def _stacked(numpy: str) -> tuple[str, ...]:
    return (
        f"_, *slopes = {numpy}.broadcast_arrays({{value}}, {{slopes}})",
        f"return {{value}}, {numpy}.stack(slopes, axis=-1)",
    )


def _renamed(module: str) -> dict[str, str]:
    """The functions of the plane by another module that has numpy's names."""
    helpers = line.NUMPY_LINE | NUMPY_PLANE
    made = {name: text.replace("np.", module) for name, text in helpers.items()}
    if module == "torch.":  # which has no cbrt, and whose functions take no numbers
        made["plane_cbrt"] = made["plane_cbrt"].replace(
            "torch.cbrt(torch.abs(z*up**3))", "line_root(torch.abs(z*up**3), 3.0)"
        )
        made["line_root"] = made["line_root"].replace("y = 1/n", f"{_TENSOR}\n    y = 1/n")
    return made


_PYTHON = _Python(("cmath", "math"), PYTHON_HELPERS | line.PYTHON_LINE | PYTHON_PLANE)
_NUMPY = _Python(("np",), NUMPY_HELPERS | line.NUMPY_LINE | NUMPY_PLANE, _stacked("np"))
_JAX = _Python(("jnp",), JAX_HELPERS | _renamed("jnp."), _stacked("jnp"))
_TORCH = _Python(
    ("math", "torch"),
    TORCH_HELPERS | _renamed("torch."),
    (
        "value, slopes = {value}, ({slopes})",
        "slopes = [torch.as_tensor(s, dtype=value.dtype, device=value.device) for s in slopes]",
        "return value, torch.stack(torch.broadcast_tensors(value, *slopes)[1:], dim=-1)",
    ),
    ("torch.as_tensor({a})", "plus_zero(torch.as_tensor({a}))"),
)
_MPMATH = _Python(
    ("mpmath",), MPMATH_HELPERS, taken=("mpmath.mpmathify({a})", "mpmath.mpmathify({a})")
)
_OF_PYTHON = Dialect("python", _python_template, _PYTHON.function, _PYTHON.module)

DIALECTS = {
    "c": Dialect(
        "c", _c_template, _c_function, _c_module, inner=_c_inner, comment=("/* ", " */")
    ),
    "python": _OF_PYTHON,
    "numpy": Dialect("numpy", _numpy_template, _NUMPY.function, _NUMPY.module),
    "jax": Dialect("jax", _jax_template, _JAX.function, _JAX.module, sided=False),
    "torch": Dialect(
        "torch", _torch_template, _TORCH.function, _TORCH.module,
        number=lambda value, plane: _torch_constant(decimal(value), plane),
        constants=_OF_PYTHON, lifted="torch.tensor({v}, dtype=torch.float64)",
    ),
    "mpmath": Dialect(
        "mpmath", _mpmath_template, _MPMATH.function, _MPMATH.module,
        number=_mpmath_number, signed=False,
    ),
}  # fmt: skip
