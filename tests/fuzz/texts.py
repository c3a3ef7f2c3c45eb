"""Hypothesis strategies for texts that are nearly formulas, trees, domains or command lines."""

from __future__ import annotations

import json
from collections.abc import Sequence

from hypothesis import strategies as st

from emlc.errors import EmlcError
from emlc.ir.node import ONE, Node
from emlc.show import show
from tests.strategies import expressions, pure_trees

TOKENS: dict[str, Sequence[str]] = {
    "infix": (
        "x", "y", "x_1", "α", "1", "0", "2", ".5", "1e9", "0.1", "1e", "007", "e", "i", "pi", "π",
        "sin", "ln", "log_2", "log", "sqrt", "√", "∛", "eml", "exp", "atan2", "root", "abs", "d/dx",
        "(", ")", "[", "]", "{", "}", "|", ",", ";", "+", "-", "*", "**", "^", "/", "²", "⁻¹", "!",
        "=", "%", "·", "−", " ", "\n", "\t", "\0", "'", '"', "_", "__", "#", "@", "\u200b",
        "𝑥", "½",
    ),
    "latex": (
        "\\frac", "\\sqrt", "\\sin", "\\ln", "\\log", "_", "^", "{", "}", "\\left", "\\right", "(",
        ")", "[", "]", "|", "\\lvert", "\\rvert", "\\cdot", "\\times", "\\mathrm", "\\operatorname",
        "\\alpha", "\\pi", "\\varphi", "\\,", "\\quad", "~", "$", "$$", "\\[", "\\]", "\\", "&",
        "\\\\", "x", "y", "1", "2", "10", "d", "\\text", "\\over", "\\begin{x}", "\\frac{d}{dx}",
    ),
    "wolfram": (
        "Sin", "Log", "Exp", "Power", "Plus", "Times", "Rational", "ArcTan", "EML", "rpnRule", "[",
        "]", "{", "}", "(", ")", ",", "x", "y", "x$1", "1", "2", "6.6*^-34", "*^", "`", "Pi", "E",
        "I", "+", "-", "*", "/", "^", "&", "#", "@", "//", "(*", "*)", " ",
    ),
    "rpn": ("1", "x", "E", "EML", "alpha", " ", ",", "{", "}", "0", "i", "e", "12", "x1"),
    "json": (
        "[", "]", "{", "}", ",", ":", '"', '"1"', '"x"', '"E"', '"nodes"', '"rpn"', "0", "1", "-1",
        "1e9", "1.0", "true", "null", "NaN", '"\\u0000"', '"\\ud800"', "9" * 30, " ",
    ),
}  # fmt: skip
NOTATIONS = tuple(TOKENS)
_HOSTILE = (
    "__import__('os').system('id')", "eval(1)", "lambda: 0", "os.system", "(" * 2000, "-" * 3000,
    "x^" * 1500 + "x", "9" * 10_001, "9^9^9^9", "1e-10001", "sin " * 1000 + "x", "|" * 999,
    "\ud800", "\ufeff", "\x1b[31m", "0x10", "1_000", "٣", "∞", "inf", "nan", "zoo", "{" * 2000,
    "[" * 3000, "\\frac" * 999, "EML[" * 2000,
)  # fmt: skip


def written(root: Node, notation: str) -> str:
    """The expression in a notation; trees only are written in RPN and JSON, 1 stands for others."""
    try:
        return show(root, notation)
    except EmlcError:
        return show(ONE, notation)


def valid(notation: str) -> st.SearchStrategy[str]:
    """Texts that the notation reads."""
    roots = pure_trees if notation in ("rpn", "json") else expressions
    return roots.map(lambda root: written(root, notation))


def _edited(text: str, edits: list[tuple[int, int, str]]) -> str:
    for place, length, more in edits:
        at = place % (len(text) + 1)
        text = text[:at] + more + text[at + length :]
    return text


def near(notation: str) -> st.SearchStrategy[str]:
    """Valid texts with tokens put in and characters taken out, and strings of tokens."""
    token = st.one_of(
        st.sampled_from(TOKENS[notation]), st.sampled_from(_HOSTILE), st.characters(codec="utf-8")
    )
    edits = st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 4), token), max_size=4)
    tokens = st.sampled_from(TOKENS[notation])
    return st.one_of(
        st.builds(_edited, valid(notation), edits),
        st.lists(tokens, max_size=14).map("".join),
        st.lists(tokens, max_size=9).map(" ".join),
    )


# JSON documents of any shape, most of them nearly a tree.
_scalars = st.one_of(
    st.sampled_from(("1", "x", "E", "nodes", "rpn", "alpha", "")), st.integers(-2, 9),
    st.booleans(), st.none(), st.floats(), st.text(max_size=3),
)  # fmt: skip
_documents = st.recursive(
    _scalars,
    lambda below: st.one_of(
        st.lists(below, max_size=4),
        st.dictionaries(st.sampled_from(("nodes", "rpn", "x", "")), below, max_size=3),
    ),
    max_leaves=12,
)
documents = st.one_of(_documents, _documents.map(lambda d: {"nodes": d}), _documents.map(
    lambda d: [["1"], ["x"], [0, 1], d])).map(json.dumps)  # fmt: skip

bounds = st.sampled_from(
    ("0", "1", "-1", "pi", "e", "1/3", "-0.5", "1e9", "inf", "-inf", "oo", "", "x", "i", "1e400",
     "9^9^9", "sqrt(2)", "nan", "-pi/2", "ln(0)", "1/0")
)  # fmt: skip
sets = st.one_of(
    st.sampled_from(("real", "complex", "positive", "nonnegative", "negative", "nonpositive",
                     "integer", "nonzero", "principal", "real nonzero", "", "reals", "natural")),
    st.builds("{}{},{}{}".format, st.sampled_from("[(]"), bounds, bounds, st.sampled_from("])[")),
    st.text(max_size=6),
)  # fmt: skip

_formulas = st.one_of(
    st.sampled_from(("x", "ln(x)", "11xE1EE", "x*y", "sqrt(x)", "1/x", "2", "-x", "x^y", "", "-",
                     "--", "eml(1,x)", "sin(x)^2", "1/0", "ln(0)", "0^0", "i^i", "x=2",
                     "{1,x,EML}")),
    near("infix"),
)  # fmt: skip
_values = st.sampled_from(
    ("1", "-1/3", "0", "pi/7", "1+2i", "1e400", "1e-400", "inf", "nan", "x", "", "1/0", "2^0.5",
     "ln(0)", "9^9^9^9", "1e9999", "sqrt(-1)", "[]", "=")
)  # fmt: skip
_options = st.one_of(
    st.builds("x={}".format, _values).map(lambda v: ("--at", v)),
    st.builds("x:{}".format, sets).map(lambda v: ("--domain", v)),
    st.sampled_from(("exact", "shortest", "finite", "robust", "best")).map(lambda v: ("--mode", v)),
    st.sampled_from(("nested", "rpn", "json", "latex", "wolfram", "x")).map(
        lambda v: ("--format", v)),
    st.sampled_from(("c", "python", "numpy", "mpmath", "wolfram", "latex", "rpn", "jax", "x")).map(
        lambda v: ("--to", v)),
    st.sampled_from(("direct", "faithful", "balls", "")).map(lambda v: ("--evaluator", v)),
    st.sampled_from(("1", "40", "0", "-3", "10000", "99999", "x")).map(lambda v: ("--digits", v)),
    st.sampled_from(("parse", "simplify", "compile", "flatten", "check", "lower", "tape", "x")).map(
        lambda v: ("--emit", v)),
    st.sampled_from(("tree", "dag", "macro", "circuit")).map(lambda v: ("--style", v)),
    st.sampled_from(("x", "y", "é", "1", "for", "f g", "", "__class__")).map(
        lambda v: ("--name", v)),
    st.sampled_from(("x", "y", "", "1")).map(lambda v: ("--wrt", v)),
    st.sampled_from(("1", "2", "0", "x")).map(lambda v: ("--order", v)),
    st.sampled_from(("--json", "--no-check", "--explain", "--tree", "--gradient", "--", "-h",
                     "--help", "--nope", "-o", "--at", "--domain", "--data")).map(lambda v: (v,)),
    st.sampled_from((".", "/", "nowhere/x.svg", "x.xyz", "/dev/null")).map(lambda v: ("-o", v)),
    st.sampled_from((".", "nowhere.csv", "x.npz", "-")).map(lambda v: ("--data", v)),
)  # fmt: skip
commands = st.sampled_from(
    ("compile", "check", "eval", "decompile", "diff", "render", "export", "table", "completion")
)


def _line(command: str, words: list[str], options: list[tuple[str, ...]]) -> list[str]:
    return [command, *words, *(word for option in options for word in option)]


lines = st.builds(_line, commands, st.lists(_formulas, max_size=2), st.lists(_options, max_size=3))
