"""Every function and constant that emlc knows, one row each, strings only.

`meaning` defines a row by earlier rows, in emlc's own syntax, for all complex arguments (principal
values); a row without one is a ground row, whose meaning is the sympy function it names. The pure
trees that build each row from eml are in `witnesses.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Cases = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Primitive:
    """One row.

    domain      natural real domain: where the row is defined and real. Conditions `expr:set`
                joined by `;`, or cases (guard, conditions), the first guard known to hold counts.
    range       set of values on the natural domain; `monotone` is "up" or "down" there
    plane       set of values on the whole complex plane
    poles       what must not be 0 for complex arguments, joined by `;`, or cases like `domain`
    derivative  one formula for each parameter
    native      float64 and complex128 lowering, numpy spelling; "" lowers the meaning instead
    c, wolfram, latex, mpmath   spellings in other languages; "" spells the meaning instead
    """

    name: str
    params: tuple[str, ...]
    meaning: str = ""
    sympy: str = ""
    domain: str | Cases = ""
    range: str = "real"
    plane: str = "complex"
    monotone: str = ""
    poles: str | Cases = ""
    real_only: bool = False
    derivative: tuple[str, ...] = ()
    native: str = ""
    c: str = ""
    wolfram: str = ""
    latex: str = ""
    mpmath: str = ""
    infix: str = ""
    aliases: tuple[str, ...] = ()
    paper: bool = False

    def __repr__(self) -> str:
        return f"<primitive {self.name}>"


P = Primitive
_X = ("x",)
_XY = ("x", "y")


def _fn(name: str, latex: str = "") -> dict[str, Any]:
    """Spellings of a function that has the same name everywhere."""
    wolfram = {"a": "Arc" + name[1:].capitalize()}.get(name[0], name.capitalize())
    return {
        "sympy": name,
        "c": f"{name}({{x}})",
        "mpmath": f"{name}({{x}})",
        "wolfram": f"{wolfram}[{{x}}]",
        "latex": latex or rf"\{name}\left({{x}}\right)",
    }


EML = P(
    "eml",
    _XY,
    meaning="exp(x)-ln(y)",
    domain="y:positive",
    poles="y",
    derivative=("exp(x)", "-1/y"),
    wolfram="EML[{x},{y}]",
    latex=r"\operatorname{{eml}}\left({x},{y}\right)",
    mpmath="eml({x},{y})",
)

ROWS: tuple[Primitive, ...] = (
    EML,
    # constants
    P("e", (), sympy="E", native="np.e", c="M_E", wolfram="E", latex="e", mpmath="e", range="(2,3)",
      plane="(2,3)", aliases=("E",), paper=True),
    P("pi", (), sympy="pi", native="np.pi", c="M_PI", wolfram="Pi", latex=r"\pi", mpmath="pi",
      range="(3,4)", plane="(3,4)", aliases=("π", "Pi", "PI"), paper=True),
    P("i", (), sympy="I", native="1j", c="I", wolfram="I", latex="i", mpmath="mpc(0,1)",
      range="imaginary unit", plane="imaginary unit", aliases=("I", "ⅈ", "𝑖"), paper=True),
    # the ground
    P("exp", _X, **_fn("exp", latex=r"e^{{{x}}}"), native="np.exp({x})", range="positive",
      plane="complex nonzero", monotone="up", derivative=("exp(x)",), paper=True),
    P("ln", _X, sympy="log", native="np.log({x})", c="log({x})", mpmath="log({x})",
      wolfram="Log[{x}]", latex=r"\ln\left({x}\right)", domain="x:positive", plane="principal",
      monotone="up", poles="x", derivative=("1/x",), paper=True),
    P("add", _XY, sympy="Add", infix="+", native="{x}+{y}", c="{x}+{y}", wolfram="{x}+{y}",
      latex="{x}+{y}", mpmath="{x}+{y}", range="add", plane="add", derivative=("1", "1"),
      aliases=("plus", "Plus"), paper=True),
    P("mul", _XY, sympy="Mul", infix="*", native="{x}*{y}", c="{x}*{y}", wolfram="{x}*{y}",
      latex=r"{x}\cdot {y}", mpmath="{x}*{y}", range="mul", plane="mul", derivative=("y", "x"),
      aliases=("times", "Times"), paper=True),
    P("neg", _X, meaning="-1*x", infix="-", native="-{x}", c="-{x}", wolfram="-{x}", latex="-{x}",
      mpmath="-{x}", range="neg", plane="neg", derivative=("-1",), aliases=("minus", "Minus"),
      paper=True),
    P("sub", _XY, meaning="x+(-1)*y", infix="-", native="{x}-{y}", c="{x}-{y}", wolfram="{x}-{y}",
      latex="{x}-{y}", mpmath="{x}-{y}", range="sub", plane="sub", derivative=("1", "-1"),
      aliases=("subtract", "Subtract"), paper=True),
    P("pow", _XY, sympy="Pow", infix="^", native="{x}**{y}", c="pow({x},{y})", wolfram="{x}^{y}",
      latex="{x}^{{{y}}}", mpmath="{x}**{y}",
      domain=(("y:natural", ""), ("y:integer", "x:nonzero"), ("y:positive", "x:nonnegative"),
              ("", "x:positive")),
      range="pow", plane="pow", poles=(("y:positive", ""), ("", "x")),
      derivative=("y*x^(y-1)", "x^y*ln(x)"), aliases=("power", "Power"),
      paper=True),
    P("inv", _X, meaning="x^(-1)", native="1/{x}", c="1/{x}", wolfram="1/{x}",
      latex=r"\frac{{1}}{{{x}}}", mpmath="1/{x}", domain="x:nonzero", range="inv", plane="inv",
      poles="x", derivative=("-inv(x)^2",), aliases=("reciprocal",), paper=True),
    P("div", _XY, meaning="x*y^(-1)", infix="/", native="{x}/{y}", c="{x}/{y}",
      wolfram="{x}/{y}", latex=r"\frac{{{x}}}{{{y}}}", mpmath="{x}/{y}", domain="y:nonzero",
      range="div", plane="div", poles="y", derivative=("1/y", "-(x/y)/y"),
      aliases=("divide", "Divide"),
      paper=True),
    P("half", _X, meaning="x/2", range="half", plane="half", derivative=("1/2",), paper=True),
    P("sqr", _X, meaning="x*x", infix="²", native="{x}*{x}", c="{x}*{x}", wolfram="{x}^2",
      latex="{x}^{{2}}", mpmath="{x}**2", range="sqr", plane="sqr", derivative=("2*x",),
      aliases=("square",), paper=True),
    P("sqrt", _X, **_fn("sqrt", latex=r"\sqrt{{{x}}}"), native="np.sqrt({x})",
      domain="x:nonnegative", range="nonnegative", plane="right", monotone="up",
      derivative=("1/(2*sqrt(x))",), aliases=("Sqrt",), paper=True),
    P("phi", (), meaning="(1+sqrt(5))/2", wolfram="GoldenRatio", latex=r"\varphi", mpmath="phi",
      range="[1,2]", plane="[1,2]", aliases=("φ", "ϕ", "golden", "GoldenRatio")),
    P("log", ("x", "b"), meaning="ln(x)/ln(b)", wolfram="Log[{b},{x}]",
      latex=r"\log_{{{b}}}\left({x}\right)", mpmath="log({x},{b})",
      domain="x:positive; b:positive; ln(b):nonzero",
      poles="x; b; ln(b)", derivative=("1/(x*ln(b))", "-ln(x)/(b*ln(b)^2)"), aliases=("logb",),
      paper=True),
    P("avg", _XY, meaning="(x+y)/2", range="avg", plane="avg", derivative=("1/2", "1/2"),
      aliases=("mean", "average"), paper=True),
    P("hypot", _XY, meaning="sqrt(x^2+y^2)", native="", c="hypot({x},{y})",
      latex=r"\sqrt{{{x}^{{2}}+{y}^{{2}}}}", range="nonnegative", plane="right",
      derivative=("x/hypot(x,y)", "y/hypot(x,y)"), paper=True),
    P("abs", _X, meaning="sqrt(x^2)", native="np.abs({x})", c="fabs({x})", wolfram="Abs[{x}]",
      latex=r"\left|{x}\right|", mpmath="fabs({x})", range="nonnegative", plane="right",
      real_only=True, derivative=("x/abs(x)",), aliases=("Abs", "fabs")),
    P("cbrt", _X, meaning="x^(1/3)", domain="x:nonnegative", range="nonnegative", plane="right",
      monotone="up", derivative=("1/(3*cbrt(x)^2)",), mpmath="cbrt({x})",
      # no number below 0
      c="cbrt({x})+0/(1+sqrt({x}))",
      wolfram="{x}^(1/3)", latex=r"\sqrt[3]{{{x}}}"),
    P("root", ("x", "n"), meaning="x^(1/n)", domain="x:nonnegative; n:positive",
      range="nonnegative", wolfram="Surd[{x},{n}]", latex=r"\sqrt[{n}]{{{x}}}",
      poles="n; x", derivative=("x^(1/n-1)/n", "-x^(1/n)*ln(x)/n^2")),
    P("log2", _X, meaning="ln(x)/ln(2)", native="np.log2({x})", c="log2({x})", domain="x:positive",
      plane="complex", monotone="up", poles="x", derivative=("1/(x*ln(2))",), wolfram="Log2[{x}]",
      latex=r"\log_{{2}}\left({x}\right)", mpmath="log({x},2)", aliases=("lb", "ld")),
    P("log10", _X, meaning="ln(x)/ln(10)", native="np.log10({x})", c="log10({x})",
      domain="x:positive", plane="half strip", monotone="up", poles="x",
      derivative=("1/(x*ln(10))",),
      wolfram="Log10[{x}]", latex=r"\log_{{10}}\left({x}\right)", mpmath="log10({x})",
      aliases=("lg",)),
    P("log1p", _X, meaning="ln(1+x)", native="np.log1p({x})", c="log1p({x})",
      domain="1+x:positive", plane="principal", monotone="up", poles="1+x", mpmath="log1p({x})",
      derivative=("1/(1+x)",)),
    P("expm1", _X, meaning="exp(x)-1", native="np.expm1({x})", c="expm1({x})", range="(-1,inf)",
      mpmath="expm1({x})", monotone="up", derivative=("exp(x)",)),
    P("exp2", _X, meaning="2^x", c="exp2({x})", range="positive", plane="complex nonzero",
      monotone="up", derivative=("exp2(x)*ln(2)",)),
    P("sigmoid", _X, meaning="1/(1+exp(-x))", range="(0,1)", plane="complex", monotone="up",
      poles="1+exp(-x)", derivative=("sigmoid(x)*sigmoid(-x)",), wolfram="LogisticSigmoid[{x}]",
      latex=r"\operatorname{{sigmoid}}\left({x}\right)",
      aliases=("expit", "logistic", "LogisticSigmoid"),
      paper=True),
    P("softplus", _X, meaning="ln(1+exp(x))", range="positive", plane="principal", monotone="up",
      poles="1+exp(x)", derivative=("sigmoid(x)",),
      c="0.5*{x}+0.5*fabs({x})+log1p(exp(-fabs({x})))",
      latex=r"\operatorname{{softplus}}\left({x}\right)"),
    # hyperbolic
    P("sinh", _X, **_fn("sinh"), native="np.sinh({x})", monotone="up", derivative=("cosh(x)",),
      paper=True),
    P("cosh", _X, **_fn("cosh"), native="np.cosh({x})", range="[1,inf)", derivative=("sinh(x)",),
      paper=True),
    P("tanh", _X, **_fn("tanh"), native="np.tanh({x})", range="(-1,1)", monotone="up",
      poles="cosh(x)", derivative=("sech(x)^2",), paper=True),
    P("asinh", _X, **_fn("asinh", latex=r"\operatorname{{arsinh}}\left({x}\right)"),
      native="np.arcsinh({x})", monotone="up", plane="half strip", derivative=("1/sqrt(x^2+1)",),
      aliases=("arcsinh", "arsinh", "argsinh"), paper=True),
    P("acosh", _X, **_fn("acosh", latex=r"\operatorname{{arcosh}}\left({x}\right)"),
      native="np.arccosh({x})", domain="x:[1,inf)", range="nonnegative", plane="principal",
      monotone="up", derivative=("1/(sqrt(x-1)*sqrt(x+1))",),
      aliases=("arccosh", "arcosh", "argcosh"), paper=True),
    P("atanh", _X, **_fn("atanh", latex=r"\operatorname{{artanh}}\left({x}\right)"),
      native="np.arctanh({x})", domain="x:(-1,1)", plane="half strip", monotone="up",
      poles="1-x; 1+x", derivative=("1/(1-x^2)",), aliases=("arctanh", "artanh", "argtanh"),
      paper=True),
    # circular
    P("sin", _X, **_fn("sin"), native="np.sin({x})", range="[-1,1]", derivative=("cos(x)",),
      paper=True),
    P("cos", _X, **_fn("cos"), native="np.cos({x})", range="[-1,1]", derivative=("-sin(x)",),
      paper=True),
    P("tan", _X, **_fn("tan"), native="np.tan({x})", domain="cos(x):nonzero",
      poles="cos(x)", derivative=("1+tan(x)^2",), aliases=("tg",), paper=True),
    P("asin", _X, **_fn("asin", latex=r"\arcsin\left({x}\right)"), native="np.arcsin({x})",
      domain="x:[-1,1]", range="[-1.5708,1.5708]", monotone="up", derivative=("1/sqrt(1-x^2)",),
      aliases=("arcsin",), paper=True),
    P("acos", _X, **_fn("acos", latex=r"\arccos\left({x}\right)"), native="np.arccos({x})",
      domain="x:[-1,1]", range="[0,3.1416]", plane="right", monotone="down",
      derivative=("-1/sqrt(1-x^2)",),
      aliases=("arccos",), paper=True),
    P("atan", _X, **_fn("atan", latex=r"\arctan\left({x}\right)"), native="np.arctan({x})",
      range="(-1.5708,1.5708)", monotone="up", poles="x-i; x+i", derivative=("1/(1+x^2)",),
      aliases=("arctan", "arctg"), paper=True),
    # reciprocals and their inverses
    P("sec", _X, meaning="1/cos(x)", domain="cos(x):nonzero", range="real nonzero",
      poles="cos(x)", derivative=("sec(x)*tan(x)",), wolfram="Sec[{x}]",
      latex=r"\sec\left({x}\right)"),
    P("csc", _X, meaning="1/sin(x)", domain="sin(x):nonzero", range="real nonzero",
      poles="sin(x)", derivative=("-csc(x)*cot(x)",), wolfram="Csc[{x}]",
      latex=r"\csc\left({x}\right)",
      aliases=("cosec",)),
    P("cot", _X, meaning="cos(x)/sin(x)", domain="sin(x):nonzero", poles="sin(x)",
      derivative=("-1-cot(x)^2",), wolfram="Cot[{x}]", latex=r"\cot\left({x}\right)",
      aliases=("cotan", "ctg")),
    P("sech", _X, meaning="1/cosh(x)", range="(0,1]", poles="cosh(x)",
      derivative=("-sech(x)*tanh(x)",), wolfram="Sech[{x}]",
      latex=r"\operatorname{{sech}}\left({x}\right)"),
    P("csch", _X, meaning="1/sinh(x)", domain="x:nonzero", range="real nonzero",
      poles="sinh(x)", derivative=("-csch(x)*coth(x)",), wolfram="Csch[{x}]",
      latex=r"\operatorname{{csch}}\left({x}\right)", aliases=("cosech",)),
    P("coth", _X, meaning="cosh(x)/sinh(x)", domain="x:nonzero", range="real nonzero",
      poles="sinh(x)", derivative=("-csch(x)^2",), wolfram="Coth[{x}]",
      latex=r"\coth\left({x}\right)"),
    P("asec", _X, meaning="acos(1/x)", domain="x:nonzero; 1/x:[-1,1]", range="[0,3.1416]",
      plane="right", poles="x", derivative=("1/(x^2*sqrt(1-1/x^2))",), wolfram="ArcSec[{x}]",
      latex=r"\operatorname{{arcsec}}\left({x}\right)", aliases=("arcsec",)),
    P("acsc", _X, meaning="asin(1/x)", domain="x:nonzero; 1/x:[-1,1]",
      range="[-1.5708,1.5708] nonzero", poles="x", derivative=("-1/(x^2*sqrt(1-1/x^2))",),
      wolfram="ArcCsc[{x}]",
      latex=r"\operatorname{{arccsc}}\left({x}\right)", aliases=("arccsc", "arccosec")),
    P("acot", _X, meaning="atan(1/x)", domain="x:nonzero", range="[-1.5708,1.5708] nonzero",
      poles="x; 1/x-i; 1/x+i", derivative=("-1/(1+x^2)",), wolfram="ArcCot[{x}]",
      latex=r"\operatorname{{arccot}}\left({x}\right)", aliases=("arccot", "arcctg")),
    P("asech", _X, meaning="acosh(1/x)", domain="x:(0,1]", range="nonnegative", plane="principal",
      monotone="down", poles="x", derivative=("-1/(x^2*sqrt(1/x-1)*sqrt(1/x+1))",),
      wolfram="ArcSech[{x}]",
      latex=r"\operatorname{{arsech}}\left({x}\right)", aliases=("arcsech", "arsech")),
    P("acsch", _X, meaning="asinh(1/x)", domain="x:nonzero", range="real nonzero",
      plane="half strip", poles="x", derivative=("-1/(x^2*sqrt(1+1/x^2))",), wolfram="ArcCsch[{x}]",
      latex=r"\operatorname{{arcsch}}\left({x}\right)", aliases=("arccsch", "arcsch")),
    P("acoth", _X, meaning="atanh(1/x)", domain="x:nonzero; 1/x:(-1,1)", range="real nonzero",
      plane="half strip", poles="x; 1-1/x; 1+1/x", derivative=("1/(1-x^2)",),
      wolfram="ArcCoth[{x}]",
      latex=r"\operatorname{{arcoth}}\left({x}\right)", aliases=("arccoth", "arcoth")),
    P("atan2", ("y", "x"), meaning="-i*ln((x+i*y)/hypot(x,y))", native="np.arctan2({y}+0.0,{x})",
      c="atan2({y}+0.0,{x})", mpmath="atan2({y},{x})", wolfram="ArcTan[{x},{y}]",
      latex=r"\operatorname{{atan2}}\left({y},{x}\right)", domain="hypot(x,y):nonzero",
      range="[-3.1416,3.1416]", poles="hypot(x,y)", real_only=True,
      derivative=("x/(x^2+y^2)", "-y/(x^2+y^2)"), aliases=("arctan2",)),
)  # fmt: skip

BY_NAME: dict[str, Primitive] = {row.name: row for row in ROWS}
BY_NAME.update({alias: row for row in ROWS for alias in row.aliases})

# Names that people type and that no tree can mean, with what to write instead.
NOT_ELEMENTARY: dict[str, str] = {
    "sign": "sign jumps at 0; on a half-line write 1 or -1, off 0 write x/abs(x)",
    "sgn": "sgn jumps at 0; on a half-line write 1 or -1, off 0 write x/abs(x)",
    "floor": "floor is a step function, not elementary",
    "ceil": "ceil is a step function, not elementary",
    "round": "round is a step function, not elementary",
    "trunc": "trunc is a step function, not elementary",
    "mod": "mod is a step function, not elementary",
    "gamma": "gamma is not elementary; write Stirling's formula if an approximation will do",
    "factorial": "factorial is not elementary; write Stirling's formula if an estimate will do",
    "lgamma": "lgamma is not elementary; write Stirling's formula if an approximation will do",
    "zeta": "zeta is not elementary",
    "erf": "erf is not elementary; tanh(2*x/sqrt(pi)) is near it",
    "erfc": "erfc is not elementary; 1-tanh(2*x/sqrt(pi)) is near it",
    "besselj": "Bessel functions are not elementary",
    "lambertw": "Lambert W is not elementary",
    "min": "for real arguments write (x+y-abs(x-y))/2",
    "max": "for real arguments write (x+y+abs(x-y))/2",
    "re": "re is not analytic; declare the variable real instead",
    "im": "im is not analytic; declare the variable real instead",
    "conj": "conj is not analytic; declare the variable real instead",
    "arg": "arg is not analytic; atan2(y,x) takes real arguments",
    "heaviside": "heaviside is a step function, not elementary",
    "sum": "write the sum out with +",
    "diff": "use `emlc.differentiate` or write the derivative",
    "integrate": "emlc does not integrate; write the result",
}
