"""Which names are functions, constants or variables; what to say about names that are none."""

from __future__ import annotations

import re
import unicodedata

from emlc.errors import NameError_, ParseError, Span, shorten
from emlc.tables.primitives import BY_NAME, NOT_ELEMENTARY, ROWS, Primitive
from emlc.tables.spellings import LETTERS, NOT_NUMBERS, OVERLOADS

_LONGEST = 40  # a name beyond is compared with no other
# Letters that are an argument when they follow a function's name: sinx.
_ARGUMENTS = ("x", "y", "z")

FUNCTIONS: dict[str, Primitive] = {name: row for name, row in BY_NAME.items() if row.params}
CONSTANTS: dict[str, Primitive] = {name: row for name, row in BY_NAME.items() if not row.params}

# What to suggest for a misspelled function: not the words for + - * / ^.
WORDS: dict[str, Primitive] = {name: row for name, row in FUNCTIONS.items() if not row.infix}

# Rows whose LaTeX writes the last parameter as a subscript; a subscript on their name is that one.
_based = {row for row in ROWS if row.params and f"_{{{{{{{row.params[-1]}}}}}}}" in row.latex}
BASED: dict[str, Primitive] = {name: row for name, row in FUNCTIONS.items() if row in _based}


def canonical(name: str) -> str | None:
    """The spelling of a variable or constant that emlc keeps, None when it is not a name.

    Compatibility forms become plain letters and subscript digits a suffix.

    >>> canonical("x₁₂"), canonical("𝑥"), canonical("x½")
    ('x_12', 'x', None)
    """
    if name.isascii():
        return name if _is_name(name) else None
    pieces: list[str] = []
    below = False
    for c in name:
        form = unicodedata.decomposition(c)
        if form.startswith("<sub>"):
            pieces.append(("" if below else "_") + unicodedata.normalize("NFKC", c))
            below = True
        elif form.startswith(("<super>", "<fraction>", "<circle>")):
            return None
        else:
            pieces.append(c)
            below = False
    plain = unicodedata.normalize("NFKC", "".join(pieces))
    return plain if _is_name(plain) else None


def _is_name(text: str) -> bool:
    """Whether the text is a name. As in the grammar of formulas, π is a word of its own."""
    return text.isidentifier() and text[0] != "_" and (text == "π" or "π" not in text)


def based(name: str) -> tuple[str, str] | None:
    """The function and the subscript of a name such as log_2, None for other names.

    >>> based("log_2"), based("x_2")
    (('log', '2'), None)
    """
    head, mark, below = name.partition("_")
    if not mark or head not in BASED:
        return None
    whole = re.fullmatch("[0-9]+", below) or canonical(below) == below
    return (head, below) if whole else None


def row_for(name: str, count: int) -> Primitive:
    """The row of a known function called with so many arguments."""
    return FUNCTIONS[OVERLOADS.get((name, count), name)]


def wrong_count(
    name: str, row: Primitive, count: int, span: Span, text: str, form: str = "{}({})"
) -> ParseError:
    """The error for a call with too few or too many arguments."""
    wanted = len(row.params)
    plural = "" if wanted == 1 else "s"
    hint = f"write {form.format(name, ', '.join(row.params))}"
    wider = FUNCTIONS.get(f"{row.name}{count}")
    if wider is not None and len(wider.params) == count:
        hint = f"{form.format(wider.name, ', '.join(wider.params))} takes {count}"
    message = f"{name} takes {wanted} argument{plural}, got {count}"
    return ParseError(message, span=span, text=text, hint=hint)


def unknown(name: str, span: Span, text: str, product: str = "") -> NameError_:
    """The error for a function that does not exist or is not elementary.

    `product` is how to multiply instead.
    """
    reason = NOT_ELEMENTARY.get(name.lower())
    if reason is not None:
        message = f"{name} is not elementary"
        hint = reason.removeprefix(message).removeprefix("; ") or None
        return NameError_(message, span=span, text=text, hint=hint)
    product = f"write {product or shorten(name) + '*(...)'} if a product is meant"
    if len(name) == 1:
        message = f"{name}(...) reads as a call, but {name} is no function"
        return NameError_(message, span=span, text=text, hint=product)
    near = nearest(name, WORDS)
    hint = f"did you mean {near}? Otherwise {product}" if near else product
    return NameError_(f"unknown function {shorten(name)}", span=span, text=text, hint=hint)


def nearest(name: str, known: dict[str, Primitive]) -> str | None:
    """The known name that is spelled most like this one."""
    if len(name) > _LONGEST:
        return None
    import difflib

    lowered = {k.lower(): k for k in reversed(known)}
    found = difflib.get_close_matches(name.lower(), lowered, n=1, cutoff=0.7)
    return lowered[found[0]] if found else None


def reads_as_function(name: str) -> bool:
    """Whether a variable of this name before an operand is surely a function misspelled.

    >>> reads_as_function("floor"), reads_as_function("Sin"), reads_as_function("gamma")
    (True, True, False)
    """
    lower = name.lower()
    return name not in LETTERS and (lower in NOT_ELEMENTARY or lower in FUNCTIONS)


def variable_of(text: str) -> str | None:
    """The variable that stands for a column of data, None where its name makes none.

    >>> variable_of("body mass"), variable_of("sin"), variable_of("2nd")
    ('body_mass', None, None)
    """
    name = canonical("_".join(text.replace("-", " ").split()))
    return name if name and variable_problem(name) is None else None


def variable_problem(name: str) -> tuple[str, str] | None:
    """Why this canonical name cannot be a variable, and a hint; None when it can."""
    reason = NOT_NUMBERS.get(name.lower())
    if reason is not None:
        return f"{name} is not a variable", reason
    row = BY_NAME.get(name)
    if row is None and based(name):
        row = BASED[name.partition("_")[0]]
    if row is not None:
        kind = "function" if row.params else "constant"
        return f"{name} is a {kind} and cannot be a variable", "rename the variable"
    stem = name[:-1] if name[-1:] in _ARGUMENTS else name.rstrip("0123456789")
    if stem != name and stem in FUNCTIONS and len(row_for(stem, 1).params) == 1:
        return f"{name} is one name", f"write {stem}({name[len(stem) :]})"
    return None
