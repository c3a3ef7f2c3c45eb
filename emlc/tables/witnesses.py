"""Pure EML trees for patterns, and formulas that lead to them: what the compiler chooses from.

Every row is right in the exact meaning at every point of its domain but those named in `off`; the
tests evaluate each row there. Trees are in RPN: `1`, one-letter parameters, `E` = eml.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, eq=False)
class Witness:
    """One way to compute a pattern.

    computes  the pattern, a formula in parameters
    tree      pure tree in RPN, or "" when `body` says how
    where     `expr:set; ...`, what must be known of the parameters for the row to be right
    off       `expr:value,...`, isolated points of `where` at which it is not
    finite    no infinity occurs inside at any point of `where` (but `off`)
    reach     largest tried |x| up to which plain complex128 arithmetic gives 8 digits (0: none)
    source    who published or found it
    body      a formula of other rows that computes the pattern on `where`
    given     facts that hold for parts of the body there
    use       "" always, "finite" in that mode only, "cut" not in mode robust, for a step on a
              cut that rounding leaves, "plane" where a part is not real, "fallback" there when no
              other row is right
    """

    computes: str
    tree: str = ""
    where: str = ""
    off: str = ""
    finite: bool = False
    reach: int = 0
    source: str = "emlc"
    body: str = ""
    given: str = ""
    use: str = ""


W = Witness
PAPER = "A. Odrzywolek, arXiv 2603.21852"
AUTHOR = "VA00/SymbolicRegressionPackage, EML_symbolic_check.nb"
EML_SKILL = "yaniv-golan/eml-skill, docs/leaderboard.md"

# by the head of the pattern, as the simplifier leaves it
TREES: dict[str, tuple[Witness, ...]] = {
    "number": (
        W("0", "111E1EE", finite=True, reach=1000, source=AUTHOR),
        W("-1", "11111E1EEEE11EE", reach=1000, source=AUTHOR),
        W("-1", "11111EEE1EE11E1EE", finite=True, reach=1000),
        W("2", "111111EEE1EE11EE1EE", finite=True, reach=1000, source=AUTHOR),
        W("1/2", "111E11111E1EEEE11E1E1EE1EEE1E", reach=1000, source=AUTHOR),
        W("1/2", "1111111E1E1EEE1EE11E1E1EE1EEE1E", finite=True, reach=1000),
        W("-1/2", "111E11111E1EEEE11E1E1EE1EEE11EE", reach=1000, source=AUTHOR),
        W("2/3", "111E1111111EEE1EE11EE1EEE11E1E1EE1EEE1E", finite=True, reach=1000,
          source=AUTHOR),
        W("-2/3", "11111E1EEEE11111111EEE1EE11EEE1EE11EE1EEE11EE", reach=1000, source=AUTHOR),
        W("-2/3", "11111111111EEE1EE11EEE1EE11EE1EEEE1EE11E1EE11EE", finite=True, reach=1000,
          source=AUTHOR),
        W("-2", "1111111E1EEEE11EEE1EE11EE", reach=1000),
        W("-2", "1111111EEE1EE11EEE1EE11E1EE", finite=True, reach=1000),
        W("3", "11111111EEE1EE11EEE1EE11EE1EE", finite=True, reach=1000),
        W("4", "1111111111EEE1EE11EEE1EE11EEE1EE11EE1EE", finite=True, reach=1000),
        W("5", "111111111111EEE1EE11EEE1EE11EEE1EE11EEE1EE11EE1EE", finite=True, reach=1000),
        W("6", "11111111111111EEE1EE11EEE1EE11EEE1EE11EEE1EE11EEE1EE11EE1EE", finite=True,
          reach=1000),
        W("7", "1111111111111111EEE1EE11EEE1EE11EEE1EE11EEE1EE11EEE1EE11EEE1EE11EE1EE",
          finite=True, reach=1000),
        W("8", "111111111111111111EEE1EE11EEE1EE11EEE1EE11EEE1EE11EEE1EE11EEE1EE11EEE1EE11EE1EE",
          finite=True, reach=1000),
        W("9", "11111111111111111111EEE1EE11EEE1EE11EEE1EE11EEE1EE11EEE1EE11EEE1EE11EEE1EE11EEE1"
          "EE11EE1EE", finite=True, reach=1000),
        W("10", "1111111111111111111111EEE1EE11EEE1EE11EEE1EE11EEE1EE11EEE1EE11EEE1EE11EEE1EE11E"
          "EE1EE11EEE1EE11EE1EE", finite=True, reach=1000),
        W("11", "111111111111111111111111EEE1EE11EEE1EE11EEE1EE11EEE1EE11EEE1EE11EEE1EE11EEE1EE1"
          "1EEE1EE11EEE1EE11EEE1EE11EE1EE", finite=True, reach=1000),
        W("12", "11111111111111111111111111EEE1EE11EEE1EE11EEE1EE11EEE1EE11EEE1EE11EEE1EE11EEE1E"
          "E11EEE1EE11EEE1EE11EEE1EE11EEE1EE11EE1EE", finite=True, reach=1000),
        W("1/3", "111E111111E1EEEE11EEE11E1E1EE1EEE1E", reach=1000),
        W("3/2", "111E1EE1111111E1EEEE11EEE11E1E1EEE1E1EE", reach=1000),
        W("-1/2", "1111111E1EEEE11EEE11E1E1EEE1E", reach=1000),
    ),
    "e": (
        W("e", "11E", finite=True, reach=1000, source=PAPER),
    ),
    "exp": (
        W("exp(-1)", "11111EEE1EE11E1EE1E", finite=True, reach=1000),
        W("exp(x)", "x1E", where="x:complex", finite=True, reach=1000, source=PAPER),
        W("exp(-x)", "11111E1EEEEx1EE1E", where="x:complex", reach=1000),
        W("exp(-x)", "11xx1EEE1EEx1E1EE1E", where="x:real", finite=True, reach=6),
        W("exp(-x^2)", "11xE111xE1EE11EEE1E1EEEx1EE1E", where="x:real", reach=700),
        W("exp(i*x)", "11111111111111111111EEE1EE11EEE1EE11E1EEEE1EE1111111E1E1EEE1EE11E1EEEE1EE"
          "1EE1EE11xx1EEE1EEx1E1EE1EE1EE1EE11111EEE1EE11E1EE1EE1EE1EEE1EE111111111111EEE1EE11EEE"
          "1EE11E1EEEE1EE1111111E1E1EEE1EE11E1EEEE1EE1EE1EE1111xx1EEE1EE11xx1EEE1EE1EEE1EE11xx1E"
          "EE1EE1E1EE1EE1E1EEE1EE11EE1E", where="x:real", finite=True, reach=6),
        W("exp(-i*x)", "11111111111111111111EEE1EE11EEE1EE11E1EEEE1EE1111111E1E1EEE1EE11E1EEEE1E"
          "E1EE1EE1111xx1EEE1EEx1E1EE11xx1EEE1EEx1E1EE1EEE1EE11xx1EEE1EEx1E1EE1E1EE1EE1EE1EE1111"
          "1EEE1EE11E1EE1EE1EE1EEE1EE111111111111EEE1EE11EEE1EE11E1EEEE1EE1111111E1E1EEE1EE11E1E"
          "EEE1EE1EE1EE111111xx1EEE1EEx1E1EE11xx1EEE1EEx1E1EE1EEE1EE1111xx1EEE1EEx1E1EE11xx1EEE1"
          "EEx1E1EE1EEE1EE1EEE1EE1111xx1EEE1EEx1E1EE11xx1EEE1EEx1E1EE1EEE1EE1E1EE1EE1E1EEE1EE11E"
          "E1E", where="x:real", finite=True, reach=6),
        W("exp(2*i*x)", "11111111111111111111EEE1EE11EEE1EE11E1EEEE1EE1111111E1E1EEE1EE11E1EEEE1"
          "EE1EE1EE11x11xx1EEE1EEx1EE1EEx11xx1EEE1EEx1EE1EE1EEE1EEx11xx1EEE1EEx1EE1EE1E1EE1EE1EE"
          "1EE11111EEE1EE11E1EE1EE1EE1EEE1EE111111111111EEE1EE11EEE1EE11E1EEEE1EE1111111E1E1EEE1"
          "EE11E1EEEE1EE1EE1EE1111x11xx1EEE1EEx1EE1EEx11xx1EEE1EEx1EE1EE1EEE1EE11x11xx1EEE1EEx1E"
          "E1EEx11xx1EEE1EEx1EE1EE1EEE1EE1EEE1EE11x11xx1EEE1EEx1EE1EEx11xx1EEE1EEx1EE1EE1EEE1EE1"
          "E1EE1EE1E1EEE1EE11EE1E", where="x:real", finite=True, reach=3),
        W("exp(x*y)", "111111111E1E1EEEE1EEE1EEyE1EE111111111E1E1EEEEx1EEEE1EEyE1EE1E1EE1E",
          where="x:real; y:complex nonzero", finite=True, reach=1, use="finite"),
    ),
    "i": (
        W("i", "1111111111E1EEEE11EEE1EE11EEEE1EE11111111E1EEEE11EEE1EEE1EE1E1E"),
        W("i", "1111111111EEE1EE11E1EEE1EE11EEEE1EE11111111EEE1EE11E1EEE1EEE1EE1E1E",
          finite=True),
    ),
    "neg": (
        W("-i", "111111111EEE1EE11EE1EEEE1EE11111111E1EEEE11EEE1EEE1EE1E1E"),
        W("-i", "1111111111E1E1EEE1EE11E1EEEE1EEE1EE111111EEE1EE11EE1EEE1E1E", finite=True,
          reach=1000),
        W("-(i*pi)", "1111111E1EEEE11EEE1EE"),
        W("-(i*pi)", "111111E1E1EEE1EE11E1EEE", finite=True, reach=1000),
        W("-x", "11111E1EEEEx1EE", where="x:principal", reach=700, source=PAPER),
        W("-x", "11xx1EEE1EEx1E1EE", where="x:real", finite=True, reach=6),
        W("-x", "11111111E1EEEE11EEEE1EE1xE1EE1E", where="x:complex", reach=1000),
        W("-ln(x)", "11111E1EEEExE", where="x:complex nonzero", reach=1000),
        W("-(x*y)", "1111111E1EEx1EEEE1EEyE1EEy1EE", where="x:real; y:real", reach=700),
        W("-(i*x)", "111111111EEE1EE11EE1EEEE1EE11111111E1EEEE11EEE1EEE1EE11111E1EEEExE1EE1E",
          where="x:complex"),
        W("-x", "11111E111E1E1EEEEx1EEE1EE111E111E1E1EEEE1E1EE",
          where="x:real", finite=True, reach=700, use="finite"),
    ),
    "pi": (
        W("pi", "11111E1EEEE111111111EEE1EE11EE1EEEE1EE11111111E1EEEE11EEE1EEE1EE1111111E1EEEE11EEE"
          "1EEE1EE1E", reach=1000),
        W("pi", "111111111111EEE1EE11EE1EEEE1EE11111111EEE1EE11E1EEE1EEE1EE1E1EEE1EE11111111EEE1"
          "EE11E1EEE1EEE1EE1E", finite=True, reach=1000),
    ),
    "phi": (
        W("phi", "111111111111EEE1EE11EE1EEEE1EE111111111111111EEE1EE11EEE1EE11EEE1EE11EEE1EE11EE1"
          "EEE1EEE1EE1E11EEEE1EE1111111EEE1EE11EE1EEE1EE1E", finite=True, reach=1000),
    ),
    "mul": (
        W("i*pi", "11111E1E1EEEE11111111E1E1EEEE1E1E1EEE1EE11E1EEE", finite=True, reach=1000),
        W("x*y", "1111xEE1EEyE1EE1E", where="x:real; y:real", reach=1000, source=EML_SKILL),
        W("x*y", "1111xEE1EEyE1EE1E", where="x:complex nonzero; y:complex nonzero", reach=1000,
          source=EML_SKILL),
        W("x*y", "1111xEE1EEyE1EE1E", where="x:positive; y:complex", reach=1000,
          source=EML_SKILL),
        W("2*x", "1111x1EEE1EEx1EE1EE", where="x:real", reach=300, source=EML_SKILL),
        W("2*x", "x11xx1EEE1EEx1EE1EE", where="x:real", finite=True, reach=6),
        W("3*x", "111111x1EEE1EEx1EEE1EEx1EE1EE", where="x:real", reach=100),
        W("e*x", "1111xEE1EE11EE1EE1E", where="x:real", reach=1000),
        W("x*ln(x)", "1111xEE1EE11xE1EEE1EE1E", where="x:positive", reach=1000),
        W("x*ln(y)", "11Ex11xxEE1EE1xEyEE1EE1E1EE", where="x:real; y:positive", off="x:0"),
        W("x*ln(y)", "111111yE1EEEE1EExE1EE1E", where="x:real; y:positive", reach=1000),
        W("x*y", "1111xEE1EEyE1EE1E", where="x:complex; y:positive", reach=1000,
          source=EML_SKILL),
        W("x^2*y", "111111xEE1EExEE1EEyE1EE1E", where="x:real; y:real", reach=1000),
        W("x*exp(y)", "1111xEE1EEy1EE1EE1E", where="x:real; y:real", reach=1000),
        W("x*exp(-y)", "111y1EEE1EE1xE1EE1E", where="x:real; y:real", reach=1000),
        W("i*pi", "11111E1E1EEEE11111E1E1EEEE11111E1EEEE11EEE1EE", reach=1000),
        W("x*y", "1111xEE1EEyE1EE1E", where="x:below 15; y:complex nonzero", finite=True,
          reach=1000, source=EML_SKILL),
        W("i*x", "11111E1EEEE111111111EEE1EE11EE1EEEE1EE11111111E1EEEE11EEE1EEE1EExE1EE1E",
          where="x:complex nonzero"),
        W("i*x", "111111111111EEE1EE11EE1EEEE1EE11111111E1EEEE11EEE1EEE1EE1E1EEE1EE1xE1EE1E",
          where="x:complex"),
        W("2*cos(x)", "11111E1EEEE111111111EEE1EE11EE1EEEE1EE11111111E1EEEE11EEE1EEE1EExE1EE1E11111"
          "1111EEE1EE11EE1EEEE1EE11111111E1EEEE11EEE1EEE1EE11111E1EEEExE1EE11111E1EEEE11EEE1E1EE",
          where="x:real", off="x:0", reach=1000),
        W("2*cos(x)", "111111111111EEE1EE11EE1EEEE1EE11111111E1EEEE11EEE1EEE1EE1E1EEE1EE1xE1EE1E111"
          "111111EEE1EE11EE1EEEE1EE11111111E1EEEE11EEE1EEE1EE11111E1EEEExE1EE11111E1EEEE11EEE1E1EE",
          where="x:real", reach=1000),
        W("2*sin(x)", "111111111EEE1EE11EE1EEEE1EE11111111E1EEEE11EEE1EEE1EE11111E1EEEE11111E1EEEE1"
          "11111111EEE1EE11EE1EEEE1EE11111111E1EEEE11EEE1EEE1EExE1EE1E111111111EEE1EE11EE1EEEE1EE11"
          "111111E1EEEE11EEE1EEE1EE11111E1EEEExE1EE1E1E1EEE1EE1E",
          where="x:real", off="x:0", reach=1000),
        W("2*sin(x)", "111111111EEE1EE11EE1EEEE1EE11111111E1EEEE11EEE1EEE1EE11111E1EEEE111111111111"
          "EEE1EE11EE1EEEE1EE11111111E1EEEE11EEE1EEE1EE1E1EEE1EE1xE1EE1E111111111EEE1EE11EE1EEEE1EE"
          "11111111E1EEEE11EEE1EEE1EE11111E1EEEExE1EE1E1E1EEE1EE1E", where="x:real", reach=1000),
        W("x*y", "1111xEE1EEyE1EE1E",
          where="x:[16,inf); y:complex nonzero", finite=True, reach=1000, use="finite"),
        W("x*y", "11111111111E1E1EEEE1EEE1EEyE1EE111111111E1E1EEEEx1EEEE1EEyE1EE1E1EE1EE1EE",
          where="x:real; y:real nonzero", finite=True, reach=6, use="finite"),
        # ln(exp((c-x)*(c-y) - c*(c-x-y))), whole turns taken off by the outermost pair: nothing is
        # 0 inside, as c is not real. The others of mode finite have such a c as well.
        W("x*y", "11111111111E1E1EEEEx1EEEE1EE11111E1E1EEEEy1EEE1EE111111111E1E1EEEE1EEE1EE1111111E"
          "1E1EEEEx1EEE1EEy1EEE1EE1E1EE1EE1EE",
          where="x:real; y:real", finite=True, reach=6, use="finite"),
    ),
    "sqrt": (
        W("sqrt(x)", "111111111E1EEEE11E1E1EEE11EEEE1EE111111E1EEEExEE1EE1E1E",
          where="x:complex", reach=1000),
        W("sqrt(2)", "111111111111EEE1EE11EE1EEE1EEE1EEE1EE111111EEE1EE11EE1EEE1E1E", finite=True,
          reach=1000),
        W("sqrt(x)", "1111xE1EEE111111E1EEEExEE1E1EEE1E1E", where="x:nonnegative", off="x:0,1"),
        W("sqrt(x)", "111111111EEE1EE11EE1EEEE1EE111xE1EEE1EE1E1E", where="x:nonnegative",
          off="x:0", reach=1000),
        W("sqrt(x)", "1111111111EEE1EE11EE1EEE1EE11111111EEE1EE11EE1EEE1EE1EEE1EE11111111EEE1EE1"
          "1EE1EEE1EE11xE1EE1EE1EE1111111111EEE1EE11EE1EEE1EE11111111EEE1EE11EE1EEE1EE1EEE1EE111"
          "11111EEE1EE11EE1EEE1EE1111xE1EE11xE1EE1EEE1EE1EE1EE1E1EE1E", where="x:nonnegative",
          off="x:0", finite=True, reach=1000),
    ),
    "sub": (
        W("x-y", "11xE1EEy1EE", where="x:complex; y:principal", source=PAPER),
        W("x-y", "11yy1EEE1EEyx1EE1EE", where="x:real; y:real", finite=True),
        W("x-1", "11xE1EE11EE", where="x:complex", reach=1000, source=EML_SKILL),
        W("1-x", "111E1EEx1EE", where="x:principal", reach=700),
        W("1-x^2", "111E1EE1111xEE1EExE1EE1E1EE", where="x:real"),
        W("-x-y", "1111111E1EEEEy1EEE1EEx1EE", where="x:real; y:real"),
        W("e-x", "1x1EE", where="x:principal", finite=True, reach=700, source=PAPER),
        W("e-ln(x)", "1xE", where="x:complex nonzero", finite=True, reach=1000, source=PAPER),
        W("exp(x)-y", "xy1EE", where="x:complex; y:principal", finite=True, reach=700,
          source=PAPER),
        W("exp(x)-ln(y)", "xyE", where="x:complex; y:complex nonzero", finite=True, reach=1000,
          source=PAPER),
        W("x-ln(y)", "11xE1EEyE", where="x:complex; y:complex nonzero", reach=1000, source=PAPER),
        W("exp(x)-1", "x11EE", where="x:complex", finite=True, reach=1000),
        W("exp(x)-exp(-x)", "x11111E1EEEEx1EE1E1EE", where="x:real", reach=6),
        W("x-y", "11xE1EEy1EE", where="x:complex nonzero; y:principal", finite=True,
          source=PAPER),
        W("x-y", "11111E111E1E1EEEEy1EEE1EE111E111E1E1EEEEx1EE1EE",
          where="x:real; y:real", finite=True, reach=700, use="finite"),
    ),
    "add": (
        W("x+e", "111111E1EEEEx1EE1EE", where="x:real", reach=700),
        W("x+y", "11yE1EE11111E1EEEEx1EE1EE", where="x:real; y:real", reach=700),
        W("x+y^2", "11xE1EE11yE111yE1EE11EEE1E1EEEy1EE1EE", where="x:real; y:real", reach=10),
        W("x+y", "1111x1EEE1EEy1EE1EE", where="x:real; y:real", source=EML_SKILL),
        W("x+y", "1111x1EEE1EEy1EE1EE", where="x:open half strip; y:open half strip",
          source=EML_SKILL),
        W("x+y", "x11xx1EEE1EEy1EE1EE", where="x:real; y:real", finite=True),
        W("x+1", "111111EEE1EEx1EE1EE", where="x:real"),
        W("1+x^2", "11E1111xEE1EE1xEx1EEE1EE11EE1EE", where="x:real", off="x:0", reach=10),
        W("x^2+y^2", "1111xEE1EExE1EE11111E1EEEE1111yEE1EEyE1EE1E1EE1EE", where="x:real; y:real",
          reach=10),
        W("x+e", "1111x1EEE1EE11E1EE1EE", where="x:real", reach=700),
        W("x+ln(y)", "1111yEE1EEx1EE1EE", where="x:real; y:positive", reach=700),
        W("x+exp(y)", "y11111E1EEEEx1EE1EE", where="x:real; y:real", reach=700),
        W("exp(x)+exp(-x)", "x111x1EEE1EE1x11EEE1EE11EE1EE", where="x:real", reach=6),
        W("exp(2*x)+1", "x11x1EE1x11EEE1E1EEE11EE1EE", where="x:real"),
        W("1+x^2", "1111xEE1EExE1EE11111E1EEEE11EE1EE", where="x:real", reach=1000),
        W("x+y", "1111x1EEE1EEy1EE1EE", where="x:unit disc; y:unit disc", finite=True,
          source=EML_SKILL),
        W("x+y", "1111x1EEE1EEy1EE1EE",
          where="x:[3,inf); y:real", finite=True, reach=300, use="finite"),
        W("x+y", "1111x1EEE1EEy1EE1EE",
          where="x:(-inf,2]; y:real", finite=True, reach=300, use="finite"),
        W("x+y", "111E111E1E1EEEE11111E111E1E1EEEEx1EEE1EEy1EE1EE",
          where="x:real; y:real", finite=True, reach=300, use="finite"),
    ),
    "div": (
        W("x/3", "11xE111111E1EEEEx1EEE1xE1E1EE1EEE1E", where="x:real", off="x:0", reach=700),
        W("x/(1+x)", "11xE111111E1EEEE11EEE1E1EEE1E", where="1+x:real nonzero; x:real",
          reach=1000),
        W("x/y", "111yEE1EE1xE1EE1E", where="x:complex; y:complex nonzero", reach=1000,
          source=EML_SKILL),
        W("x/2", "11xE11111E1EEEE1xE1E1EE1EEE1E", where="x:real", reach=1000, source=AUTHOR),
        W("x/2", "111111111EEE1EE11EE1EEEE1EE1xE1EE1E", where="x:complex", reach=1000),
        W("x/3", "11xE1111x1EEE1EE11E1EEE1xE1E1EE1EEE1E", where="x:real", off="x:0", reach=700),
        W("x/(1+x)", "11xE111111EEE1EE11E1EEE1E1EEE1E", where="1+x:real nonzero; x:real",
          reach=1000),
        W("(1+x)/(1-x)", "11xE11E1E1EEE111E1xE1E1EEE11EE1EE", where="1-x:real nonzero; x:real"),
        W("x/e", "11111EEE1EE1xE1EE1E", where="x:real", reach=1000),
        W("x/y", "111yEE1EE1xE1EE1E", where="x:complex nonzero; y:below 15", finite=True,
          reach=1000, source=EML_SKILL),
        W("x/y", "111yEE1EE1xE1EE1E", where="x:complex nonzero; y:upper", finite=True, reach=1000,
          source=EML_SKILL),
        W("x/y", "111yEE1EE1xE1EE1E",
          where="x:complex nonzero; y:[16,inf)", finite=True, reach=1000, use="finite"),
        W("x/y", "1111111E1E1EEEEyE1111111E1E1EEEEyEE1EE11111E1E1EEEE11111E1E1EEEE1Ex1EEE1EE1E1EE1E"
          "E1EE",
          where="x:real; y:real nonzero", finite=True, reach=6, use="finite"),
    ),
    "inv": (
        W("1/x", "11111E1EEEExE1E", where="x:complex nonzero", reach=1000, source=PAPER),
        W("1/x", "1111xE1EE11xE1EE1EEE1EE11xE1EE1E1EE1E", where="x:real nonzero", finite=True,
          reach=700),
        W("1/x^2", "1111111E1EEEExEE1EExE1E", where="x:real; x^2:nonzero", reach=1000),
        W("1/(1+x)", "11111E1EEEEx11x11EEE1EEx1EE1EEE1E", where="1+x:real nonzero; x:real",
          reach=6),
        W("1/sqrt(x)", "1111xE1EEE111111E1EEEExEE1E1EEExE1E",
          where="x:nonnegative; sqrt(x):nonzero", off="x:1"),
        W("1/x", "111xEE1EE11E1EE1E", where="x:below 15", finite=True, reach=1000,
          source=EML_SKILL),
        W("1/x", "111xEE1EE11E1EE1E",
          where="x:[16,inf)", finite=True, reach=1000, use="finite"),
        W("1/x", "1111111E1E1EEEExEE1EE11111E1E1EEEE1E1EE1E",
          where="x:real nonzero", finite=True, reach=1000, use="finite"),
    ),
    "sqr": (
        W("x^2", "1111xEE1EExE1EE1E", where="x:complex", reach=1000, source=EML_SKILL),
        W("x^2", "11111111111E1E1EEEEx1EEEE1EE11111E1E1EEEEx1EEE1EE111111111E1E1EEEE1EEE1EE1111111E"
          "1E1EEEEx1EEE1EEx1EEE1EE1E1EE1EE1EE",
          where="x:real", finite=True, reach=6, use="finite"),
    ),
    "pow": (
        W("x^3", "111111xEE1EExEE1EExE1EE1E", where="x:real", reach=1000),
        W("x^4", "11111111xEE1EExEE1EExEE1EExE1EE1E", where="x:real", reach=1000),
        W("x^5", "1111111111xEE1EExEE1EExEE1EExEE1EExE1EE1E", where="x:real", reach=1000),
        W("x^6", "111111111111xEE1EExEE1EExEE1EExEE1EExEE1EExE1EE1E", where="x:real", reach=1000),
        W("x^7", "11111111111111xEE1EExEE1EExEE1EExEE1EExEE1EExEE1EExE1EE1E", where="x:real",
          reach=1000),
        W("x^8", "1111111111111111xEE1EExEE1EExEE1EExEE1EExEE1EExEE1EExEE1EExE1EE1E",
          where="x:real", reach=1000),
        W("x^y", "11111E1EEEE1111yEE1EE11111E1EEEExEE1EE1E1EE1E", where="x:complex; y:positive",
          reach=1000),
        W("x^x", "1111xEE1EE11xE1EEE1EE1E1E", where="x:positive", reach=1000),
        W("x^y", "11E1111yEE1EE1yExEE1EE1E1EE1E", where="x:complex; y:positive", reach=1000),
    ),
    "eml": (
        W("eml(x,y)", "xyE", where="x:complex; y:complex", finite=True, reach=1000, source=PAPER),
    ),
    "ln": (
        W("ln(x)", "11xE1EE", where="x:positive", finite=True, reach=1000, source=PAPER),
        W("ln(x)", "11xE1EE", where="x:right nonzero", finite=True, reach=1000, source=PAPER),
        W("ln(x)", "11111111E1EEEE11EEEE1EE111111E1EEEExEE1EE1E", where="x:complex nonzero",
          reach=1000),
        W("ln(1+x)", "11111111EEE1EEx1EE1EEE1EE", where="1+x:positive", reach=700),
        W("ln(exp(x)+exp(y))", "11y11111E1EEEEx1E1EE1EEE1EE", where="x:real; y:real", reach=6),
        W("ln(x)", "11xEE11xEExE1EE", where="x:real nonzero", reach=1000),
    ),
    "softplus": (
        W("softplus(x)", "11x11111E1EEEE11EE1EEE1EE", where="x:real", reach=10),
        W("softplus(x)", "11x11111EEE1EE11E1EE1EEE1EE", where="x:real", reach=10),
    ),
    "sigmoid": (
        W("sigmoid(x)", "11xE1EEx11111E1EEEE11EE1EEE1E", where="x:real", reach=700),
        W("sigmoid(x)", "11xE1EEx11111EEE1EE11E1EE1EEE1E", where="x:real", reach=700),
    ),
    "sinh": (
        W("sinh(x)", "11x11EEE11111111E1EEEE11EEE1EEx1E1EEE1E1EEE1E", where="x:real", reach=6),
    ),
    "cosh": (
        W("cosh(x)", "x11x11EEE11111111E1EEEE11EEE1EEx1E1EEE1E1EEE1E1EE", where="x:real", reach=6),
    ),
    "tanh": (
        W("tanh(x)", "11x11EEE1x11111E1EEEE11EE1EEE11E1E1EE1EEE1E", where="x:real", reach=1000),
        W("tanh(x)", "11x11EEE1111111EEE1EEx1E1EE1EEE11E1E1EE1EEE1E", where="x:real", reach=6),
    ),
    "asinh": (
        W("asinh(x)", "11111E1EEEE111111111EEE1EE11EE1EEEE1EE1111111xEE1EExE1EE11111E1EEEE11EE1EEE"
          "1EEE1EE1Ex1EEE", where="x:real", reach=700),
        W("asinh(x)", "11111E1EEEE111111111EEE1EE11EE1EEEE1EE11111E1111xEE1EE1xEx1EEE1EE11EE1EEE1E"
          "EE1EE1Ex1EEE", where="x:real", off="x:0", reach=10),
    ),
    "acosh": (
        W("acosh(x)", "11111111111EEE1EE11EE1EEEE1EE1111111xEE1EExE1EE11EEE1EEE1EE1E11111E1EEEEx"
          "1EE1EEE1EE", where="x:[1,inf)", off="x:1", reach=700),
    ),
    "atanh": (
        W("atanh(x)", "111111111EEE1EE11EE1EEEE1EE1111111E1EEx1EEEE1EE11111x1EEE1EE11EE1EEE1EEE1"
          "EE1E", where="x:(-1,1)", reach=1000),
    ),
    "hypot": (
        W("hypot(x,y)", "111111111EEE1EE11EE1EEEE1EE1111111xEE1EExE1EE11yE111yE1EE11EEE1E1EEEy1EE1"
          "EEE1EEE1EE1E1E", where="x:real; y:real", off="hypot(x,y):0", reach=10),
    ),
    "sin": (
        W("sin(x)", "111111111EEE1EE11EE1EEEE1EE11111111E1EEEE11EEE1EEE1EE1111111111EEE1EE11EE1EEE1"
          "EEE1EE11111E1EEEE111111111EEE1EE11EE1EEEE1EE11111111E1EEEE11EEE1EEE1EExE1EE1E111111111EE"
          "E1EE11EE1EEEE1EE11111111E1EEEE11EEE1EEE1EE11111E1EEEExE1EE1E1E1EEE1EE1E",
          where="x:real", off="x:0", reach=1000),
        W("sin(x)", "111111111EEE1EE11EE1EEEE1EE11111111E1EEEE11EEE1EEE1EE1111111111EEE1EE11EE1EEE1"
          "EEE1EE111111111111EEE1EE11EE1EEEE1EE11111111E1EEEE11EEE1EEE1EE1E1EEE1EE1xE1EE1E111111111"
          "EEE1EE11EE1EEEE1EE11111111E1EEEE11EEE1EEE1EE11111E1EEEExE1EE1E1E1EEE1EE1E",
          where="x:real", reach=1000),
    ),
    "cos": (
        W("cos(x)", "11111E1EEEE111111111EEE1EE11EE1EEEE1EE11111111E1EEEE11EEE1EEE1EExE1EE111111EEE"
          "1EE11EE1EEE111111111EEE1EE11EE1EEEE1EE11111111E1EEEE11EEE1EEE1EE11111E1EEEExE1EE1111111E"
          "1EEEE11EEE1EE11EEE1E1EE", where="x:real", off="x:0", reach=1000),
        W("cos(x)", "111111111111EEE1EE11EE1EEEE1EE11111111E1EEEE11EEE1EEE1EE1E1EEE1EE1xE1EE111111E"
          "EE1EE11EE1EEE111111111EEE1EE11EE1EEEE1EE11111111E1EEEE11EEE1EEE1EE11111E1EEEExE1EE111111"
          "1E1EEEE11EEE1EE11EEE1E1EE", where="x:real", reach=1000),
    ),
    "tan": (
        W("tan(x)", "111111111EEE1EE11EE1EEEE1EE11111111E1EEEE11EEE1EEE1EE11111111111E1EEEE11EEE1EE"
          "11EEE1EEE1EE111111111EEE1EE11EE1EEEE1EE11111111E1EEEE11EEE1EEE1EE11111E1EEEE1111x1EEE1EE"
          "x1EE1EEE1EE1E11EEE11EEE1E", where="x:real; cos(x):nonzero", reach=300),
    ),
    "asin": (
        W("asin(x)", "111111111EEE1EE11EE1EEEE1EE11111111E1EEEE11EEE1EEE1EE11111E1EEEE111111111EEE1"
          "EE11EE1EEEE1EE11111111E1EEEE11EEE1EEE1EE111111111EEE1EE11EE1EEEE1EE1111111xEE1EExE1EE11E"
          "EE1EEE1EE1Ex1EEEE1EE1E", where="x:[-1,1]", off="x:-1,1", use="cut"),
        W("asin(x)", "111111111111EEE1EE11EE1EEEE1EE11111111E1EEEE11EEE1EEE1EE1E1EEE1EE11111111111E"
          "1EEEE11EEE1EE11EEEE1EE11111111E1EEEE11EEE1EEE1EE111111111E1EEEE11E1E1EEE11EEEE1EE111111E"
          "1EEEE1111xEE1EExE1EE11EEEE1EE1Ex1EEEE1EE1E", where="x:[-1,1]", use="cut"),
    ),
    "acos": (
        W("acos(x)", "111111111EEE1EE11EE1EEEE1EE11111111E1EEEE11EEE1EEE1EE11111E1EEEE1111xE1EE1111"
          "11111EEE1EE11EE1EEEE1EE1111111xEE1EExE1EE11EEE1EEE1EE1E1E1EEE1EEE1EE1E",
          where="x:[-1,1]", off="x:-1,1", use="cut"),
        W("acos(x)", "111111111111EEE1EE11EE1EEEE1EE11111111E1EEEE11EEE1EEE1EE1E1EEE1EE11111xE1EE11"
          "1111111E1EEEE11E1E1EEE11EEEE1EE111111E1EEEE1111xEE1EExE1EE11EEEE1EE1E1E1EEE1EEE1EE1E",
          where="x:[-1,1]", use="cut"),
    ),
    "atan": (
        W("atan(x)", "111111111EEE1EE11EE1EEEE1EE11111111E1EEEE11EEE1EEE1EE1111111111EEE1EE11EE1EEE"
          "1EEE1EE1111111111111E1EEEE11EEE1EE11EEE1EEE1EE111111111111EEE1EE11EE1EEEE1EE11111111E1EE"
          "EE11EEE1EEE1EE1E1EEE1EE1xE1EE11EEE11EEE1EEE1EE1E", where="x:real", reach=1000),
        W("atan(x)", "111111111EEE1EE11EE1EEEE1EE11111111E1EEEE11EEE1EEE1EE1111111111EEE1EE11EE1EEE"
          "1EEE1EE111111111111EEE1EE11EE1EEE1EEE1EE111111111EEE1EE11EE1EEEE1EE11111111E1EEEE11EEE1E"
          "EE1EExE11EEE11111E1EEEE11EE1EEE1EEE1EE1E", where="x:real", off="x:0", reach=1000),
    ),
}  # fmt: skip

# Raw pieces of bodies. L is eml(1, exp(eml(1, z))): ln z, less 2 pi i where z is a negative real.
_L = "eml(1,exp(eml(1,{z})))"
_MINUS_I_PI = _L.format(z="-1")
_CUT = f"eml({_L},exp(y))"  # z less y, the imaginary part of y brought to (-pi, pi]
_TURN = f"({_CUT.format(z='y')}/{_MINUS_I_PI})"  # the whole number that this took off y
_I_X = _CUT.format(z="i").replace("exp(y)", "exp(-x)")  # i + x, in the upper half-plane
_ATAN = _L.format(z=f"e*((i-x)/{_I_X})")

BODIES: dict[str, tuple[Witness, ...]] = {
    "sub": (
        # the plane: a difference whose subtrahend may have any imaginary part
        W("x-y", where="x:complex; y:complex",
          body=f"({_CUT.format(z='x')}/{_MINUS_I_PI}-{_TURN})*{_MINUS_I_PI}",
          given=f"{_TURN}:integer; {_MINUS_I_PI}:minus i pi", use="fallback"),
    ),
    "add": (
        W("x+y", where="x:real; y:real", body="x-(-y)"),
        W("x+y", where="x:complex; y:complex", body="x-y/(-1)", use="fallback"),
    ),
    "mul": (
        W("2*sinh(x)", where="x:complex", body="exp(x)-exp(-x)"),
        W("2*cosh(x)", where="x:complex", body="exp(x)+exp(-x)"),
        W("x*y", where="x:complex; y:complex", body="((x+y)^2-(x-y)^2)/4", use="fallback"),
        W("x*y", where="x:real; y:positive",
          body="exp(x+ln(y))-exp(ln(exp(x)-x)+ln(y))", given="exp(x)-x:[1,inf)", use="finite"),
        W("x*y", where="x:positive; y:positive", body="exp(ln(x)+ln(y))",
          use="finite"),
        W("x*y", where="x:complex; y:complex nonzero", body="x/(1/y)", use="plane"),
    ),
    "pow": (
        W("x^3", where="x:real", body="x*x^2", use="finite"),
        W("x^4", where="x:real", body="(x^2)^2", use="finite"),
        W("x^5", where="x:real", body="x*x^4", use="finite"),
        W("x^6", where="x:real", body="(x^3)^2", use="finite"),
        W("x^7", where="x:real", body="x*x^6", use="finite"),
        W("x^8", where="x:real", body="(x^4)^2", use="finite"),
        W("x^y", where="x:positive; y:real", body="exp(y*ln(x))"),
        W("x^y", where="x:complex nonzero; y:negative", body="1/x^(-y)"),
        W("x^y", where="x:complex nonzero; y:complex nonzero", body="exp(ln(x)/(1/y))"),
        W("x^y", where="x:complex nonzero; y:complex", body="exp(y*ln(x))", use="fallback"),
    ),
    "sqrt": (
        W("sqrt(x)", where="x:positive", body="exp(ln(x)/2)"),
    ),
    "sinh": (
        # hyperbolic
        W("sinh(x)", where="x:complex", body="(exp(x)-exp(-x))/2"),
    ),
    "cosh": (
        W("cosh(x)", where="x:complex", body="(exp(x)+exp(-x))/2"),
    ),
    "tanh": (
        W("tanh(x)", where="x:real", body="(exp(2*x)-1)/(exp(2*x)+1)"),
        W("tanh(x)", where="x:complex; cosh(x):nonzero", body="(exp(2*x)-1)/(exp(2*x)+1)",
          given="exp(2*x)+1:nonzero"),
    ),
    "csch": (
        W("csch(x)", where="x:real nonzero", body="1/sinh(x)", given="sinh(x):nonzero"),
    ),
    "coth": (
        W("coth(x)", where="x:real nonzero", body="cosh(x)/sinh(x)", given="sinh(x):nonzero"),
    ),
    "asinh": (
        W("asinh(x)", where="x:real", body="ln(x+sqrt(x^2+1))", given="x+sqrt(x^2+1):positive"),
        W("asinh(x)", where="x:complex", body="ln(x+sqrt(x^2+1))", given="x+sqrt(x^2+1):nonzero"),
    ),
    "acosh": (
        W("acosh(x)", where="x:[1,inf)", body="ln(x+sqrt(x^2-1))",
          given="x^2-1:nonnegative; x+sqrt(x^2-1):[1,inf)"),
        W("acosh(x)", where="x:complex", body="2*ln(sqrt((x+1)/2)+sqrt((x-1)/2))",
          given="sqrt((x+1)/2)+sqrt((x-1)/2):nonzero"),
    ),
    "atanh": (
        W("atanh(x)", where="x:(-1,1)", body="ln((1+x)/(1-x))/2", given="(1+x)/(1-x):positive"),
        W("atanh(x)", where="1+x:nonzero; 1-x:nonzero", body="(ln(1+x)-ln(1-x))/2"),
    ),
    "sin": (
        W("sin(x)", where="x:real", body="exp(i*x)/(2*i)-exp(-i*x)/(2*i)", use="finite",
          given="exp(i*x):unit circle; exp(-i*x):unit circle; "
                "exp(i*x)/(2*i):unit circle; exp(-i*x)/(2*i):unit circle"),
        # circular
        W("sin(x)", where="x:real", body="(exp(i*x)-exp(-i*x))/(2*i)",
          given="exp(i*x):unit circle; exp(-i*x):unit circle"),
        W("sin(x)", where="x:complex", body="(exp(i*x)-exp(-i*x))/(2*i)"),
    ),
    "cos": (
        W("cos(x)", where="x:real", body="exp(i*x)/2+exp(-i*x)/2", use="finite",
          given="exp(i*x):unit circle; exp(-i*x):unit circle; "
                "exp(i*x)/2:unit circle; exp(-i*x)/2:unit circle"),
        W("cos(x)", where="x:real", body="(exp(i*x)+exp(-i*x))/2",
          given="exp(i*x):unit circle; exp(-i*x):unit circle"),
        W("cos(x)", where="x:complex", body="(exp(i*x)+exp(-i*x))/2"),
    ),
    "tan": (
        W("tan(x)", where="x:real; cos(x):nonzero", body="2*i/(exp(2*i*x)+1)-i", use="finite",
          given="exp(2*i*x):unit circle; exp(2*i*x)+1:nonzero"),
        W("tan(x)", where="cos(x):nonzero", body="sin(x)/cos(x)"),
        W("tan(x)", where="x:real; cos(x):nonzero", body="(exp(2*i*x)-1)/(i*(exp(2*i*x)+1))",
          given="exp(2*i*x):unit circle; exp(2*i*x)+1:nonzero"),
    ),
    "asin": (
        # the logarithm of e times a number of modulus 1 is never 0
        W("asin(x)", where="x:[-1,1]", use="finite",
          body=f"{_L.format(z='e*(i*(x+2)-2*i+sqrt(1-x^2))')}/i-1/i",
          given="i*(x+2)-2*i:unit disc; i*(x+2)-2*i+sqrt(1-x^2):unit circle; "
                f"{_L.format(z='e*(i*(x+2)-2*i+sqrt(1-x^2))')}:complex nonzero"),
        W("asin(x)", where="x:[-1,1]", body="ln(i*x+sqrt(1-x^2))/i",
          given="i*x+sqrt(1-x^2):unit circle; i*x+sqrt(1-x^2):right nonzero"),
        W("asin(x)", where="x:real", body="ln((x-i*sqrt(1-x^2))/(-i))/i",
          given="i*sqrt(1-x^2):principal; x-i*sqrt(1-x^2):nonzero"),
        W("asin(x)", where="x:complex", body="ln(i*x+sqrt(1-x^2))/i",
          given="i*x+sqrt(1-x^2):nonzero"),
    ),
    "acos": (
        W("acos(x)", where="x:[-1,1]", use="finite", body="pi/2-asin(x)"),
        W("acos(x)", where="x:complex", body="ln(x+i*sqrt(1-x^2))/i",
          given="x+i*sqrt(1-x^2):nonzero"),
    ),
    "atan2": (
        W("atan2(y,x)", where="x:real; y:real; hypot(x,y):nonzero",
          body="ln(x/hypot(x,y)+i*(y/hypot(x,y)))/i",
          given="x/hypot(x,y):[-1,1]; y/hypot(x,y):[-1,1]; "
                "x/hypot(x,y)+i*(y/hypot(x,y)):nonzero"),
    ),
    "atan": (
        W("atan(x)", where="x:real", use="finite",
          body=f"{_ATAN}/(2*i)-1/(2*i)",
          given=f"{_I_X}:upper; (i-x)/{_I_X}:unit circle; {_ATAN}:complex nonzero"),
        # 1 + i x = (x - i)/(-i): a difference whose subtrahend is in the strip
        W("atan(x)", where="x:real", body=f"{_L.format(z='(i-x)/(x-(-i))')}/(2*i)",
          given="(i-x)/(x-(-i)):unit circle; x-(-i):nonzero"),
        W("atan(x)", where="x-i:nonzero; x+i:nonzero",
          body="(ln((x-i)/(-i))-ln((x-(-i))/i))/(2*i)", given="x-(-i):nonzero"),
    ),
}  # fmt: skip
