"""Names that a language accepts."""

from __future__ import annotations

import keyword
import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

from emlc.errors import ArgumentError
from emlc.tables.primitives import ROWS

# Keywords, macros and helpers of the generated text; a space on either side of each.
_C_WORDS = (
    " auto break case char complex const continue default do double else enum extern float for "
    "goto if imaginary inline int long main register restrict return short signed sizeof static "
    "struct switch typedef union unsigned void volatile while bool I M_E M_PI NAN INFINITY "
    "HUGE_VAL carg cabs creal cimag fmax plus_zero half_turns HALF_TURN MARK eml real_part turns "
    "value real_side imaginary_side real_value gradient conj linux unix "
)
_PYTHON_WORDS = (
    " math cmath np jnp torch mpmath abs max plus_zero eml real_part turns value slopes pair "
    "real_side imaginary_side real_value "
)
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_MADE = re.compile(r"[vxz][0-9]+")
_WOLFRAM = re.compile(r"[A-Za-z][A-Za-z0-9]*")


@lru_cache(maxsize=1)
def _c_functions() -> frozenset[str]:
    """The functions that C templates call, and their complex kin."""
    called = {w for row in ROWS for w in re.findall(r"(\w+)\(", row.c)}
    return frozenset(called | {f"c{w}" for w in called})


def function_name(name: str, to: str) -> None:
    """Refuse a function name that the language cannot take."""
    good = bool(_WOLFRAM.fullmatch(name)) if to == "wolfram" else _accepted(name, to)
    if to == "latex":
        good = bool(_WOLFRAM.fullmatch(name))
    if not good or _MADE.fullmatch(name):
        raise ArgumentError(f"{name!r} cannot name a function in {to}", hint="try f")


def argument_names(names: Sequence[str], to: str, function: str) -> dict[str, str]:
    """A name in the language for every variable; x1, x2, ... where its own will not do."""
    made: dict[str, str] = {}
    count = 0
    for name in names:
        if _accepted(name, to) and name != function and not _MADE.fullmatch(name):
            made[name] = name
            continue
        count += 1
        made[name] = f"x{count}"
    return made


def _accepted(name: str, to: str) -> bool:
    if name.startswith("plane_"):  # helpers of the generated text
        return False
    if to == "c":
        plain = bool(_PLAIN.fullmatch(name))
        return plain and f" {name} " not in _C_WORDS and name not in _c_functions()
    plain = name.isidentifier() and unicodedata.normalize("NFKC", name) == name
    return plain and not keyword.iskeyword(name) and f" {name} " not in _PYTHON_WORDS


def renamed(names: dict[str, str], opening: str, closing: str) -> list[str]:
    """Comment lines that tell which variable got which name."""
    told = [
        (new, ascii(old)[1:-1].replace("*/", "* /")) for old, new in names.items() if old != new
    ]
    return [f"{opening}{new} is {old}{closing}" for new, old in told]
