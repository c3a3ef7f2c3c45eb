"""Straight-line code of a pure tree: calls of an eml in half-turn form, written out once above.

A number is a pair (a, b) that means a + i pi b, so multiples of i pi/2 are exact and each branch is
the exact one. Where a step leaves the range of doubles the result is nan; an exp too small for a
double becomes the mark 1e-308, which sums forget and of which ln is nan.
"""

from __future__ import annotations

from dataclasses import dataclass

from emlc.ir.node import Lit, Node, Var, variables
from emlc.ir.tape import NONE, Tape, flatten
from emlc.lower.export import halfturn_arrays as t
from emlc.lower.export.code import Dialect
from emlc.lower.export.dialects import DIALECTS
from emlc.lower.export.names import argument_names, renamed

_C_EML = """\
#include <math.h>

/* a + i pi b: multiples of i pi/2 are exact, and so are the branches taken */
typedef struct { double a, b; } half_turns;

#define HALF_TURN 3.14159265358979323846
#define MARK 1e-308 /* an exp too small for a double */

static half_turns eml(half_turns x, half_turns y) {
    const half_turns none = {NAN, NAN};
    half_turns made = {0.0, 0.0};
    double size, turn;
    if (!(fabs(x.b) < 1e15) || !(fabs(y.b) < 1e300) || isnan(x.a) || isnan(y.a)) return none;
    if (x.a != -INFINITY) { /* exp(-inf + it) = 0 */
        const double quarter = nearbyint(2.0 * (x.b - 2.0 * nearbyint(0.5 * x.b)));
        const double f = x.b - 2.0 * nearbyint(0.5 * x.b) - 0.5 * quarter;
        const double r = fmax(exp(x.a), MARK), c = cos(HALF_TURN * f), s = sin(HALF_TURN * f);
        const int k = (int)quarter & 3;
        if (x.a == INFINITY) { /* exp(+inf) = +inf, exp(+inf + i pi) = -inf */
            if (f != 0.0 || k % 2) return none;
            made.a = k ? -INFINITY : INFINITY;
        } else if (isinf(r)) {
            return none;
        } else {
            made.a = r * (k == 0 ? c : k == 1 ? -s : k == 2 ? -c : s);
            made.b = r * (k == 0 ? s : k == 1 ? c : k == 2 ? -s : -c) / HALF_TURN;
        }
    }
    size = y.b == 0.0 ? fabs(y.a) : hypot(y.a, HALF_TURN * y.b);
    if (size != 0.0 && size < 10.0 * MARK) return none;
    turn = y.b == 0.0 ? (y.a < 0.0 ? 1.0 : 0.0)
         : y.a == 0.0 ? copysign(0.5, y.b) : atan2(HALF_TURN * y.b, y.a) / HALF_TURN;
    made.a -= log(size);
    made.b -= turn;
    return isnan(made.a) ? none : made;
}
"""

_C_REAL = """
static double real_part(half_turns z) {
    if (!(HALF_TURN * fabs(z.b) <= 1e-9 * fmax(1.0, fabs(z.a)))) return NAN;
    return fabs(z.a) <= MARK ? 0.0 : z.a;
}
"""

_C_COMPLEX = """
static complex double value(half_turns z) {
    return (fabs(z.a) <= MARK ? 0.0 : z.a) + I * (HALF_TURN * z.b);
}
"""

_C_TURNS = """
static half_turns turns(complex double z) {
    const half_turns made = {creal(z), cimag(z) / HALF_TURN};
    return made;
}
"""

_PYTHON_EML = '''\
import math


def eml(x, y):
    """exp(x) - ln(y) of pairs (a, b) that mean a + i pi b: the branches taken are exact."""
    (a, b), (c, d) = x, y
    none = math.nan, math.nan
    if not (abs(b) < 1e15 and abs(d) < 1e300) or a != a or c != c or 709.78 < a < math.inf:
        return none
    re = im = 0.0
    if a > -math.inf:  # exp(-inf + it) = 0
        t = b - 2 * round(b / 2)
        quarter = round(2 * t)
        f = t - quarter / 2
        if a == math.inf:  # exp(+inf) = +inf, exp(+inf + i pi) = -inf
            if f or quarter % 2:
                return none
            re = math.inf if quarter % 4 == 0 else -math.inf
        else:
            r, cos, sin = max(math.exp(a), 1e-308), math.cos(math.pi * f), math.sin(math.pi * f)
            re = r * (cos, -sin, -cos, sin)[quarter % 4]
            im = r * (sin, cos, -sin, -cos)[quarter % 4] / math.pi
    size = math.hypot(c, math.pi * d)
    if 0 < size < 1e-307:
        return none
    turn = math.atan2(math.pi * d, c) / math.pi if c and d else math.copysign(0.5, d) if d else 0.0
    turn = 1.0 if not d and c < 0 else turn
    re -= math.log(size) if size else -math.inf
    return none if re != re else (re, im - turn)
'''

_PYTHON_REAL = '''

def real_part(z):
    """The real number, nan when it is not real."""
    a, b = z
    if not math.pi * abs(b) <= 1e-9 * max(1.0, abs(a)):
        return math.nan
    return 0.0 if abs(a) <= 1e-308 else a
'''

_PYTHON_TURNS = '''

def turns(z):
    """The complex number as a pair."""
    return z.real, z.imag / math.pi
'''

_PYTHON_COMPLEX = '''

def value(z):
    """The pair as a complex number."""
    return complex(0.0 if abs(z[0]) <= 1e-308 else z[0], math.pi * z[1])
'''


@dataclass(frozen=True, slots=True)
class _Language:
    """The eml, the conversions from and to numbers, and how a function is laid out."""

    eml: str
    real: str
    turns: str
    complex: str
    pair: str
    assignment: str
    result: str
    head: str
    foot: str = ""
    includes: str = ""


_PYTHON_LAYOUT = (
    "    {to} = eml({x}, {y})", "    return {call}({last})", "\n\ndef {name}({arguments}):",
)  # fmt: skip
_PAIR, _EXACT = "({a}, 0.0)", "(mpmath.mpmathify({a}), mpmath.mpf(0))"

_LANGUAGES = {
    "c": _Language(
        _C_EML, _C_REAL, _C_TURNS, _C_COMPLEX, "(half_turns){{{a}, 0.0}}",
        "    const half_turns {to} = eml({x}, {y});", "    return {call}({last});",
        "\n{number} {name}({arguments}) {{", "}", "#include <complex.h>\n",
    ),
    "python": _Language(
        _PYTHON_EML, _PYTHON_REAL, _PYTHON_TURNS, _PYTHON_COMPLEX, _PAIR, *_PYTHON_LAYOUT
    ),
    "numpy": _Language(
        t.NUMPY_EML, t.NUMPY_REAL, t.NUMPY_TURNS, t.NUMPY_COMPLEX, _PAIR, *_PYTHON_LAYOUT
    ),
    "jax": _Language(t.JAX_EML, t.JAX_REAL, t.JAX_TURNS, t.JAX_COMPLEX, _PAIR, *_PYTHON_LAYOUT),
    "torch": _Language(
        t.TORCH_EML, t.TORCH_REAL, t.TORCH_TURNS, t.TORCH_COMPLEX, "pair({a})", *_PYTHON_LAYOUT
    ),
    "mpmath": _Language(
        t.MPMATH_EML, t.MPMATH_REAL, t.MPMATH_TURNS, t.MPMATH_COMPLEX, _EXACT, *_PYTHON_LAYOUT
    ),
}  # fmt: skip


def tree_code(root: Node, to: str, name: str, *, real: bool) -> str:
    """The text of a pure tree as a function."""
    language, dialect = _LANGUAGES[to], DIALECTS[to]
    names = argument_names(variables(root), to, name)
    number = "double" if real else "complex double"
    typed = ", ".join(f"{number} {n}" for n in names.values()) or "void"
    arguments = typed if to == "c" else ", ".join(names.values())
    lines, last = _calls(flatten(root), language, dialect, names, real=real)
    head = language.head.format(number=number, name=name, arguments=arguments)
    result = language.result.format(call="real_part" if real else "value", last=last)
    helpers = [language.eml, language.real]
    if not real:
        into = language.turns if names else ""
        helpers = [language.includes, language.eml, into, language.complex]
    text = "".join([*helpers, "\n".join([head, *lines, result, language.foot])])
    return "\n".join([*renamed(names, *dialect.comment), text.rstrip("\n"), ""])


def _calls(
    tape: Tape, language: _Language, dialect: Dialect, names: dict[str, str], *, real: bool
) -> tuple[list[str], str]:
    texts: list[str] = []
    lines: list[str] = []
    for k, (x, y) in enumerate(zip(tape.left, tape.right, strict=True)):
        head = tape.head(k)
        if x != NONE:
            texts.append(f"v{len(lines) + 1}")
            lines.append(language.assignment.format(to=texts[k], x=texts[x], y=texts[y]))
        elif isinstance(head, Var):
            pair = language.pair if real else "turns({a})"
            texts.append(pair.format(a=names[head.name]))
        else:
            assert isinstance(head, Lit)
            texts.append(language.pair.format(a=dialect.number(head.value, False)))
    return lines, texts[-1]
