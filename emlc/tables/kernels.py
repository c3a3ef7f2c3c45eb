"""What the lowering must know of the functions that have a vector kernel of their own.

A row without an entry here is lowered by its meaning. Kernels are right over the whole range of
doubles; what is watched is the range itself: a part may be too large or too small for a double
where the whole is not.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, eq=False)
class Kernel:
    """One entry.

    through  parameters whose infinity or nan always shows in the value
    calm     parameters that may as well be 0 where they are too small for a double
    under    "never": nonzero operands give no value too small; "always": any such value counts;
             else the parameters that, when 0, make the value rightly 0
    sum      whether it adds its operands
    scale    "one": the value is tiny where the operand is and there alone; "all": so too with one
             operand a plain number
    power    whether it multiplies its operands and nothing else
    line     numpy spelling for real arguments; "" takes the row's own
    """

    through: str = ""
    calm: str = ""
    under: str = "never"
    sum: bool = False
    scale: str = ""
    power: bool = False
    line: str = ""


K = Kernel
KERNELS: dict[str, Kernel] = {
    "e": K(line="np.longdouble('2.718281828459045235360287471352662498')"),
    "pi": K(line="np.longdouble('3.141592653589793238462643383279502884')"),
    "add": K("xy", sum=True),
    "sub": K("xy", sum=True),
    "mul": K("xy", under="xy", scale="all", power=True),
    "div": K("x", under="x", scale="all"),
    "neg": K("x", scale="one"),
    "half": K("x", under="x", scale="one", line="0.5*{x}"),
    "sqr": K("x", under="x", scale="one", power=True),
    # an infinite operand gives 0, a vanished one infinity: both are seen in the value
    "inv": K("x", calm="x", under="always"),
    "sqrt": K("x"),
    "abs": K("x", scale="one"),
    "exp": K(calm="x", under="always"),
    "ln": K("x"),
    "sin": K("x", scale="one"),
    "cos": K("x", calm="x"),
    "tan": K("x", scale="one"),
    "asin": K("x", scale="one"),
    "acos": K("x", calm="x"),
    "atan": K(scale="one"),
    "atan2": K(line="np.arctan2({y}+0.0,{x})+0/np.maximum(np.abs({x}),np.abs({y}))"),
    "sinh": K("x", scale="one"),
    "cosh": K("x", calm="x"),
    "tanh": K(scale="one"),
    "asinh": K("x", scale="one"),
    "acosh": K("x"),
    "atanh": K("x", scale="one"),
    "log1p": K("x", scale="one"),
    "expm1": K(scale="one"),
    "log2": K("x"),
    "log10": K("x"),
    "exp2": K(calm="x", under="always", line="np.exp2({x})"),
    "sigmoid": K(calm="x", under="always", line="1/(1+np.exp(-{x}))"),
    "softplus": K(calm="x", under="always", line="np.logaddexp(0,{x})"),
    "pow": K(under="always"),
    # 1/n is whole for powers of 2 alone
    "root": K(
        under="always",
        line="(np.longdouble({x})**(1/np.longdouble({n}))).astype(np.result_type({x},{n}))"
        "+0*np.sqrt(np.where(({n}==0)|(({x}<0)&(np.abs(np.frexp({n})[0])!=0.5)),-1.0,0.0))",
    ),
    "fractional": K(
        under="always",
        line="(np.longdouble({x})**(np.longdouble({y})+{low})).astype(np.result_type({x},{y}))",
    ),
    "cbrt": K("x", line="np.cbrt({x})+0/(1+np.sqrt({x}))"),
    "hypot": K("xy", line="np.hypot({x},{y})"),
    "gap": K(line="np.where({x}>0,{y}/np.where({x}>0,{s}+{x},1.0),{s}-{x})"),
    "gap_over": K("sxyz", line="np.where({x}>0,{y}/np.where({x}>0,{s}+{x},1.0),{s}-{x})/{z}"),
    "cube": K("x", under="x", scale="one", power=True, line="{x}*{x}*{x}"),
}
KERNELS |= {
    f"power{n}": K("x", under="x", scale="one", power=True, line=f"{{x}}**{n}")
    for n in (10, 11, 13, 14, 15, 16)
}
