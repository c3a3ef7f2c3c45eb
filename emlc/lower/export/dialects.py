"""C, Python and numpy: how each writes rows and functions."""

from __future__ import annotations

import re

from emlc.lower.export.code import LINE, SHADOW, Body, Dialect
from emlc.tables.primitives import Primitive
from emlc.tables.sides import C_HELPERS, NUMPY_HELPERS, PYTHON_HELPERS

_CALL = re.compile(r"\b([a-z]\w*)\(")
_C_CONSTANTS = {"M_E": "2.71828182845904523536", "M_PI": "3.14159265358979323846"}
_PYTHON_CONSTANTS = {"M_E": "math.e", "M_PI": "math.pi"}
_REAL_ENOUGH = "1e-9"


def _is_unit(row: Primitive) -> bool:
    return row.plane == "imaginary unit"


def _reaches_plane(row: Primitive) -> bool:
    """Whether the C spelling has a complex kin: ground functions and plain operators."""
    return bool(row.sympy) or not _CALL.search(row.c)


def _used(helpers: dict[str, str], text: str) -> list[str]:
    return [helper for name, helper in helpers.items() if f"{name}(" in text]


# -- C -----------------------------------------------------------------------------------------


def _c_template(row: Primitive, plane: bool) -> str:
    if not plane:
        return "" if _is_unit(row) else row.c
    return _CALL.sub(r"c\1(", row.c) if _reaches_plane(row) else ""


def _c_function(body: Body) -> str:
    plane = body.kind != LINE
    number = "complex double" if plane else "double"
    lines = [f"    {a} = plus_zero({a});" for a in body.arguments] if plane else []
    lines += [f"    const {number} {line};" for line in body.lines]
    lines.append(f"    return {body.result};")
    inner = f"{body.name}_value" if body.kind == SHADOW else body.name
    taken = ", ".join(f"{number} {a}" for a in body.arguments) or "void"
    static = "static " if body.kind == SHADOW else ""
    text = [f"{static}{number} {inner}({taken}) {{", *lines, "}"]
    if body.kind == SHADOW:
        real = ", ".join(f"double {a}" for a in body.arguments) or "void"
        text += [
            "", f"double {body.name}({real}) {{",
            f"    const complex double v0 = {inner}({', '.join(body.arguments)});",
            f"    const double v1 = {_REAL_ENOUGH} * fmax(1.0, fabs(creal(v0)));",
            "    return fabs(cimag(v0)) <= v1 ? creal(v0) : NAN;", "}",
        ]  # fmt: skip
    return "\n".join([*_c_head("\n".join(text), plane), "", *text])


def _c_head(text: str, plane: bool) -> list[str]:
    head = ["#include <complex.h>"] if plane else []
    head.append("#include <math.h>")
    for constant, digits in _C_CONSTANTS.items():
        if constant in text:
            head += ["", f"#ifndef {constant}", f"#define {constant} {digits}", "#endif"]
    for helper in _used(C_HELPERS, text):
        head += ["", helper]
    return head


# -- Python and numpy --------------------------------------------------------------------------


def _python_template(row: Primitive, plane: bool) -> str:
    if row.c in _PYTHON_CONSTANTS:
        return _PYTHON_CONSTANTS[row.c]
    if not plane:
        return "" if _is_unit(row) else _CALL.sub(r"math.\1(", row.c)
    if row.native and "np." not in row.native:
        return row.native
    return _CALL.sub(r"cmath.\1(", row.c) if _reaches_plane(row) else ""


def _numpy_template(row: Primitive, plane: bool) -> str:
    return "" if _is_unit(row) and not plane else row.native


def _python_function(body: Body) -> str:
    real = f"v0.real if abs(v0.imag) <= {_REAL_ENOUGH} * max(1.0, abs(v0.real)) else math.nan"
    return _module(body, ("cmath", "math"), PYTHON_HELPERS, real)


def _numpy_function(body: Body) -> str:
    slack = f"{_REAL_ENOUGH} * np.maximum(1.0, np.abs(v0.real))"
    real = f"np.where(np.abs(v0.imag) <= {slack}, v0.real, np.nan)[()]"
    return _module(body, ("np",), NUMPY_HELPERS, real)


def _module(body: Body, modules: tuple[str, ...], helpers: dict[str, str], real: str) -> str:
    lines = [f"{a} = plus_zero({a})" for a in body.arguments] if body.kind != LINE else []
    lines += body.lines
    if body.kind == SHADOW:
        lines += [f"v0 = {body.result}", f"return {real}"]
    else:
        lines.append(f"return {body.result}")
    text = [f"def {body.name}({', '.join(body.arguments)}):", *(f"    {line}" for line in lines)]
    for helper in reversed(_used(helpers, "\n".join(text))):
        text = [helper, "", "", *text]
    used = [m for m in modules if re.search(rf"\b{m}\.", "\n".join(text))]
    names = {"np": "numpy as np"}
    imports = [f"import {names.get(m, m)}" for m in used]
    return "\n".join([*imports, "", "", *text] if imports else text)


DIALECTS = {
    "c": Dialect("c", _c_template, _c_function, ("/* ", " */")),
    "python": Dialect("python", _python_template, _python_function),
    "numpy": Dialect("numpy", _numpy_template, _numpy_function),
}
