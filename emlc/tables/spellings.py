"""How people write what the rows mean, where the rows' own names and templates do not say it."""

from __future__ import annotations

# Signs that stand for a function: the root signs before their argument, bars around it.
SIGNS: dict[str, str] = {"√": "sqrt", "∛": "cbrt", "|": "abs"}

# (name, number of arguments) -> row, where the name alone belongs to another row.
OVERLOADS: dict[tuple[str, int], str] = {("log", 1): "ln", ("root", 1): "sqrt"}

# Wolfram names that no row's template gives.
WOLFRAM: dict[str, str] = {"Rational": "div"}

# LaTeX's root with a degree.
DEGREE_ROOT = "root"

_LETTERS = """
alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigma
tau upsilon phi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega
varepsilon vartheta varkappa varrho varsigma varphi hbar ell
"""
# LaTeX commands that are letters; each is a variable of that name.
LETTERS: frozenset[str] = frozenset(_LETTERS.split())

# A letter before a parenthesis multiplies it, but these most people read as functions.
FUNCTION_LETTERS: tuple[str, ...] = (*"fghFGHΓΨζ", "Gamma", "Psi", "zeta")

# Names that would be taken for numbers.
NOT_NUMBERS: dict[str, str] = {
    "inf": "infinity is not a number; write the finite bound that you mean",
    "infinity": "infinity is not a number; write the finite bound that you mean",
    "nan": "nan is not a number",
}
