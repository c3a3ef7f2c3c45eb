"""Reading formulas and trees: what every spelling means, what is refused and how it is said."""

from __future__ import annotations

import os
import sys
import threading
import time
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emlc import limits
from emlc.errors import EmlcError, LimitError, NameError_, ParseError, Span, TreeError
from emlc.ir.node import ONE, Lit, Node, Var, eml, lit, postorder, var
from emlc.parse import parse, parse_tree
from emlc.show import show
from emlc.tables.primitives import BY_NAME, NOT_ELEMENTARY, ROWS

GOLDEN = Path(__file__).parent / "golden" / "errors"

# What is typed -> what it is, as `show` writes it.
INFIX = {
    # precedence
    "-2^2": "-2^2",
    "2^-1": "2^(-1)",
    "9**9**9**9": "9^9^9^9",
    "a-b-c": "a - b - c",
    "a/b/c": "a/b/c",
    "-x^2": "-x^2",
    "-x*y": "-x*y",
    "x--y": "x - (-y)",
    "+x": "x",
    "e^-x^2/2": "e^(-x^2)/2",
    # implicit products
    "2x": "2*x",
    "2x^2": "2*x^2",
    "3 sin(x)": "3*sin(x)",
    "(x+1)(x-1)": "(x + 1)*(x - 1)",
    "2(x+1)": "2*(x + 1)",
    "x(y+1)": "x*(y + 1)",
    "pi(x+1)": "pi*(x + 1)",
    "1/2x": "1/2*x",
    "a/b c": "a/b*c",
    "a b^2 c": "a*b^2*c",
    "2e": "2*e",
    "2e^x": "2*e^x",
    "2e3x": "2000*x",
    # characters
    "x² + y⁻¹": "x^2 + y^(-1)",
    "(x+1)²": "(x + 1)^2",
    "√x": "sqrt(x)",
    "√(x+1)": "sqrt(x + 1)",
    "√(x)^2": "sqrt(x)^2",
    "√2x": "sqrt(2)*x",
    "∛x": "cbrt(x)",
    "−x · y × z ÷ 2": "-x*y*z/2",
    "2πr": "2*pi*r",
    "𝑥 + x₁ + x₁₂": "x + x_1 + x_12",
    # names
    "xy + x1 + x_1 + α": "xy + x1 + x_1 + α",
    "e + E + pi + π + i + I + phi + φ": "e + e + pi + pi + i + i + phi + phi",
    "E_0 + e1": "E_0 + e1",
    "gamma*beta": "gamma*beta",
    # functions
    "arcsin(x) + arsinh(x) + tg(x) + expit(x)": "asin(x) + asinh(x) + tan(x) + sigmoid(x)",
    "log(x)": "ln(x)",
    "log(x, b)": "log(x, b)",
    "log_2(x) + log_b(x) + log2(x)": "log(x, 2) + log(x, b) + log2(x)",
    "root(x, 3) + root(x)": "root(x, 3) + sqrt(x)",
    "sin^2(x) + sin²(x)": "sin(x)^2 + sin(x)^2",
    "sin^2 x": "sin(x)^2",
    "log_2^3(x)": "log(x, 2)^3",
    "sin x": "sin(x)",
    "sin 2x": "sin(2*x)",
    "sin 2 pi x": "sin(2*(pi*x))",
    "sin x^2": "sin(x^2)",
    "sin (x)^2": "sin(x)^2",
    "sin cos x": "sin(cos(x))",
    "exp -x": "exp(-x)",
    "sin x cos y": "sin(x)*cos(y)",
    "sin x / cos x + 1": "sin(x)/cos(x) + 1",
    "2^sin x": "2^sin(x)",
    # bars
    "|x|": "abs(x)",
    "2|x| + |y|": "2*abs(x) + abs(y)",
    "|x|y": "abs(x)*y",
    "|x||y|": "abs(x)*abs(y)",
    "||x| - |y||": "abs(abs(x) - abs(y))",
    "|x|-|y|-1": "abs(x) - abs(y) - 1",
    "sin|x|^2": "sin(abs(x)^2)",
    "log(|x|, |b|)": "log(abs(x), abs(b))",
}

LATEX = {
    r"\frac{1}{2}\sin^2 x": "1/2*sin(x)^2",
    r"\frac12 x": "1/2*x",
    r"\dfrac{a+b}{c}": "(a + b)/c",
    r"\sqrt{x} + \sqrt[3]{y} + \sqrt 2": "sqrt(x) + root(y, 3) + sqrt(2)",
    r"\ln x + \ln(x) + \ln{x} + \log x": "ln(x) + ln(x) + ln(x) + ln(x)",
    r"\log_{2} x + \log_b x": "log(x, 2) + log(x, b)",
    r"\log_{b+1}\left(x\right)": "log(x, b + 1)",
    r"\log_{\sqrt{2}} x": "log(x, sqrt(2))",
    r"\left( x + 1 \right)^2": "(x + 1)^2",
    r"2\cdot x \times y": "2*x*y",
    r"x y^{-1}": "x*y^(-1)",
    r"x^2y": "x^2*y",
    r"x_1 + x_{12} + T_{\mathrm{max}} + x_\alpha": "x_1 + x_12 + T_max + x_alpha",
    r"\alpha\beta + \pi r^2": "alpha*beta + pi*r^2",
    r"e^{-\frac{x^2}{2}}": "e^(-(x^2/2))",
    r"\operatorname{arcsinh}(x) + \mathrm{sech}\,x": "asinh(x) + sech(x)",
    r"\mathrm{e}^{x} + \mathrm{mass}_{1}": "e^x + mass_1",
    r"\left|x\right| + \lvert y\rvert + |z|": "abs(x) + abs(y) + abs(z)",
    r"\,x\;y~z\quad": "x*y*z",
    r"$x^{2}$": "x^2",
    r"\[ \frac{x}{y} \]": "x/y",
    r"6.626\times 10^{-34}x": "6.626e-34*x",
    r"x^3\times 10^{2}": "x^3*10^2",
    r"\sigma\left(T^4 - S^4\right)": "sigma*(T^4 - S^4)",
    r"\exp(x)-\ln(y)": "exp(x) - ln(y)",
    r"\sin 2\pi x \cos x": "sin(2*(pi*x))*cos(x)",
    r"\arctan\frac{y}{x}": "atan(y/x)",
    r"\varphi": "phi",
    r"E_0 \bigl[x\bigr]": "E_0*x",
}

WOLFRAM = {
    "Sin[x]^2 + Cos[x]^2": "sin(x)^2 + cos(x)^2",
    "ArcTan[x] + ArcTan[x, y]": "atan(x) + atan2(y, x)",
    "Log[x] + Log[b, x]": "ln(x) + log(x, b)",
    "Plus[x, y, z] + Times[x, y, z]": "x + y + z + x*y*z",
    "Power[x, 2] - Subtract[x, y]": "x^2 - (x - y)",
    "Divide[x, y] + Rational[-1, 2]": "x/y + (-1/2)",
    "E^(I Pi) + GoldenRatio Sqrt[x]": "e^(i*pi) + phi*sqrt(x)",
    "LogisticSigmoid[x]": "sigmoid(x)",
    "6.6*^-34 Exp[x]": "6.6e-34*exp(x)",
    "2 Minus[x$1]": "2*(-x_1)",
}


def test_infix() -> None:
    for text, meant in INFIX.items():
        found = parse(text)
        assert (found.notation, show(found.root)) == ("infix", meant), text


@pytest.mark.parametrize(("notation", "table"), [("latex", LATEX), ("wolfram", WOLFRAM)])
def test_other_notations(notation: str, table: dict[str, str]) -> None:
    for text, meant in table.items():
        assert show(parse(text, notation).root) == meant, text
        if notation == "wolfram" or "\\" in text:
            assert parse(text).notation == notation, text


def test_numbers_are_exact() -> None:
    for text, value in {
        "0.1": Fraction(1, 10),
        "6.626e-34": Fraction(6626, 10**37),
        ".5": Fraction(1, 2),
        "1.": Fraction(1),
        "1E3": Fraction(1000),
        "1/3": Fraction(1, 3),
        "-1/2": Fraction(-1, 2),
        "123456789012345678901234567890": Fraction(123456789012345678901234567890),
        "9" * limits.LITERAL_DIGITS: Fraction(10**limits.LITERAL_DIGITS - 1),
    }.items():
        assert parse(text).root is lit(value)
    assert not isinstance(parse("1/0").root.head, Lit)
    assert not isinstance(parse("2*3").root.head, Lit)


def test_every_name_of_every_row() -> None:
    for name, row in BY_NAME.items():
        call = f"{name}({', '.join(row.params)})" if row.params else name
        assert parse(call, "infix").root.head is row or name == "Rational"


def test_names_are_plain_text() -> None:
    for text in ("mass", r"\mathrm{mass}", r"\alpha_1", "Sin[mass]", "1 1 mass E E", '[["mass"]]'):
        names = [n.head.name for n in postorder(parse(text).root) if isinstance(n.head, Var)]
        assert [type(name) for name in names] == [str], text


def test_spans_point_at_the_first_occurrence() -> None:
    text = "sin(x) + (x + 1)^2*sin(x)"
    found = parse(text)

    def place(part: Node) -> str:
        span = found.spans[part]
        return text[span.start : span.end]

    assert found.spans[var("x")] == Span(4, 5)
    assert found.spans[found.root] == Span(0, len(text))
    assert [place(a) for a in found.root.args] == ["sin(x)", "(x + 1)^2*sin(x)"]
    assert place(parse("x+1").root) == "x + 1"


LOG = eml(ONE, eml(eml(ONE, var("x")), ONE))
TREES = {
    "eml(1, eml(eml(1, x), 1))": "infix",
    "EML[1,EML[EML[1,x],1]]": "wolfram",
    "rpnRule[{1,1,x,EML,1,EML,EML}]": "rpn",
    "{1, 1, x, EML, 1, EML, EML}": "rpn",
    "11xE1EE": "rpn",
    "11xE\n1EE": "rpn",
    "1 1 x E 1 E E": "rpn",
    '["1", "1", "x", "E", "1", "E", "E"]': "json",
    '{"schema": 1, "nodes": [["1"], ["x"], [0, 1], [2, 0], [0, 3]]}': "json",
    '[["1"], ["x"], [0, 1], [2, 0], [0, 3]]': "json",
    r"\operatorname{eml}(1, \operatorname{eml}(\operatorname{eml}(1, x), 1))": "latex",
}


@pytest.mark.parametrize("text", TREES)
def test_trees_in_every_notation(text: str) -> None:
    assert parse_tree(text) is LOG
    found = parse(text)
    assert (found.root, found.notation) == (LOG, TREES[text])


def test_rpn_names() -> None:
    assert parse_tree("1 alpha E") is eml(ONE, var("alpha"))
    assert parse_tree("xyE") is eml(var("x"), var("y"))
    assert parse("xyE").root is var("xyE")
    assert parse_tree("alpha") is var("alpha")
    for text in ("1xE", "11E", "x1E", "x y E"):
        with pytest.raises(ParseError, match="RPN as well"):
            parse(text)


REFUSED = {
    "sinx": "write sin(x)",
    "2 + ln2": "write ln(2)",
    "Sin x": "did you mean sin",
    "floor x": "step function",
    "0x1F": "write 31",
    "x.5": "write *",
    "1.2.3": "write *",
    "sin 2 cos x": "parentheses",
    "sin x (y+1)": "parentheses",
    "√(x+1)y^2 √x²": "parentheses",
    "x½": "write 1/2",
    "½": "write 1/2",
    "x ≤ 2": "comparison",
    "∞": "finite bound",
    "inf": "finite bound",
    "30°": "radians",
    "atan(y, x)": "atan2",
    r"\frac{dy}{dx}": "derivative",
    r"\log_{ab} x": r"\mathrm{ab}",
    r"\ln{x}^2": "parentheses",
    r"\Gamma(x)": "Stirling",
    "6.6e-34 Exp[x]": "*^",
    "Sin(x) + Cos[x]": "Sin[...]",
    "x[1]": "x$1",
}


@pytest.mark.parametrize("text", REFUSED)
def test_nothing_is_misread(text: str) -> None:
    with pytest.raises(EmlcError) as error:
        parse(text)
    assert REFUSED[text] in (error.value.hint or "")


IMPURE = (
    "eml(1, sin(x))",
    "eml(2, x)",
    "eml(e, 1)",
    "11xE",
    "1E",
    "11eEE",
    "1 pi E",
    "EML[x, Pi]",
    '{"nodes": []}',
    '{"nodes": [["1"], [0, 1]]}',
    '{"nodes": [["1"], [0, -1]]}',
    '{"nodes": [["1"], [0, true]]}',
    '{"nodes": [["1"], ["pi"], [0, 1]]}',
    '{"nodes": [["1"], ["a b"], [0, 1]]}',
    '{"nodes": 3}',
    '{"nodes": [["1"]',
    "[" * 100_000 + '"x"',
    '[["1"], [0, ' + "9" * 10_000 + "]]",
)


@pytest.mark.parametrize("text", IMPURE, ids=lambda t: t[:24])
def test_what_is_not_a_pure_tree(text: str) -> None:
    with pytest.raises(TreeError):
        parse_tree(text)


def test_places_in_trees() -> None:
    for text, word in {"eml(1, sin(x))": "sin(x)", "11eEE": "e", "1 foo 2 E E": "2"}.items():
        with pytest.raises(TreeError) as error:
            parse_tree(text)
        span = error.value.span
        assert span is not None and text[span.start : span.end] == word


# Golden: the first line of a file is the notation, then the text, "---", and the error.


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.txt")), ids=lambda p: p.stem)
def test_golden_errors(path: Path) -> None:
    """Set UPDATE_GOLDEN=1 to write the files anew, then read every one."""
    notation, rest = path.read_text(encoding="utf-8").split("\n", 1)
    text, _, expected = rest.partition("\n---\n")
    with pytest.raises(EmlcError) as error:
        parse(text.encode().decode("unicode_escape") if "\\x" in text else text, notation)
    rendered = error.value.render() + "\n"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(f"{notation}\n{text}\n---\n{rendered}", encoding="utf-8")
        expected = rendered
    assert rendered == expected


def test_everything_not_elementary_is_refused_with_a_reason() -> None:
    for name, reason in NOT_ELEMENTARY.items():
        with pytest.raises(NameError_) as error:
            parse(f"1 + {name}(x)")
        message, hint = error.value.message, error.value.hint
        assert reason in (hint, message, f"{message}; {hint}")


# Hostile

DEEP = 100_000
HOSTILE = {
    "10 MB of a sum": "x+" * 5_000_000 + "x",
    "10 MB of a name": "a" * 10_000_000,
    "10 MB of JSON": "[" * 10_000_000,
    "open parentheses": "(" * DEEP,
    "closed parentheses": "x" + ")" * DEEP,
    "unbalanced": "(" * DEEP + "x",
    "control characters": "x+\x00\x07\x1b" * 1000,
    "import": "__import__('os').system('true')",
    "tiny": "1e-400000000",
    "huge": "9" * 1_000_000,
    "many huge": "+".join(f"1e{k}" for k in range(9_999)),
    "base": "log_" + "9" * 20_000 + "(x)",
    "superscript": "x" + "⁹" * 20_000,
    "power of a function": "sin" + "⁹" * 20_000 + "x",
    "spaces": " " * 1_000_000 + "(",
    "bars": "|x" * DEEP,
    "braces": "\\frac{" * 50_000,
    "no end": "x[" * 50_000,
    "lone surrogate": "x\ud800",
    "bidi": "x\u202ey",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_gets_one_clear_error_soon(name: str) -> None:
    start = time.process_time()
    with pytest.raises(EmlcError) as error:
        parse(HOSTILE[name])
    assert time.process_time() - start < 2
    assert len(error.value.render()) < 500


DEEP_FORMULAS = {
    "parentheses": "(" * 10_000 + "x" + ")" * 10_000,
    "calls": "exp(" * 10_000 + "x" + ")" * 10_000,
    "tower": "x^" * 10_000 + "x",
    "signs": "-" * 10_000 + "x",
    "sum": "+".join(f"x{k}" for k in range(10_000)),
    "bars": "+".join(["|x|"] * 10_000),
}


@pytest.mark.parametrize("name", DEEP_FORMULAS)
def test_depth_needs_no_recursion(name: str) -> None:
    parse("x")
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(200)
    try:
        found = parse(DEEP_FORMULAS[name]).root
    finally:
        sys.setrecursionlimit(limit)
    assert var("x" if name != "sum" else "x9999") in (found, *found.args) or found.args


def test_long_numbers() -> None:
    digits = "9" * 5_000
    value = lit(Fraction(10**5_000 - 1))
    for text in (
        digits,
        f"log_{digits}(x)",
        f"x^{digits}",
        rf"\log_{{{digits}}} x",
        f"1e-9*{digits}",
    ):
        root = parse(text).root
        assert value in (root, *root.args)
        assert show(root) and show(root, "latex")
    assert parse(rf"3\times 10^{{{digits}}}").root.args[0] is lit(3)
    with pytest.raises(TreeError, match="a number other than 1"):
        parse_tree(f"eml({digits}, x)")


def test_limits_are_named() -> None:
    with pytest.raises(LimitError, match="10,000 digits"):
        parse("1e-10001")
    assert parse("1e-10000").root is lit(Fraction(1, 10**10_000))
    with pytest.raises(LimitError, match="4,000,000"):
        parse(" " * 4_000_001)


@given(st.text(max_size=30))
def test_any_text_parses_or_fails_cleanly(text: str) -> None:
    for notation in ("auto", "latex", "wolfram", "rpn", "json"):
        try:
            root = parse(text, notation).root
        except EmlcError as error:
            assert error.render()
        else:
            assert isinstance(root, Node)


@given(st.text("xeπ12.+-*/^()|√²,_[]{}\\ sincoalg$", max_size=14))
def test_what_is_accepted_is_stable(text: str) -> None:
    for notation in ("infix", "latex", "wolfram"):
        try:
            root = parse(text, notation).root
        except EmlcError:
            continue
        assert parse(show(root)).root is root


def test_threads() -> None:
    found: list[Node] = []
    texts = [f"sin(x{k}) + |y|^{k}" for k in range(8)]

    def work(text: str) -> None:
        found.extend(parse(text).root for _ in range(20))

    threads = [threading.Thread(target=work, args=(text,)) for text in texts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(found) == {parse(text).root for text in texts}
    assert len(found) == 160


def test_rows_spell_themselves() -> None:
    """A template that reads as another function would change what is exported."""
    for row in ROWS:
        if row.wolfram.isidentifier() or "[" not in row.wolfram:
            continue
        text = row.wolfram.format(**{p: p for p in row.params})
        assert parse(text, "wolfram").root.head is row
