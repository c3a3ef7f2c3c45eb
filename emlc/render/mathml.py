r"""Formulas as MathML, from their LaTeX: the tables say how a row is written once.

Math  ::= number | letter | \name | operator | {Math*} | \left( Math* \right)
        | Math^Math | Math_Math | \frac Math Math | \sqrt[Math] Math
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field

from emlc.ir.node import Node
from emlc.render.svg import xml
from emlc.show import show

_TOKEN = re.compile(
    r"\\(?:operatorname|mathrm)\{(?P<word>[^{}]*)\}|\\(?P<name>[A-Za-z]+)|\\(?P<escaped>.)"
    r"|(?P<number>\d+(?:\.\d+)?)|(?P<sign>\S)"
)
_SIGNS = {"-": "−", "*": "⋅", "cdot": "⋅", "times": "×"}
_ODD_LETTERS = {
    "epsilon": "ϵ", "varepsilon": "ε", "vartheta": "ϑ", "varkappa": "ϰ", "varrho": "ϱ",
    "varsigma": "ς", "varphi": "φ", "phi": "ϕ", "hbar": "ℏ", "ell": "ℓ",
    "lambda": "λ", "Lambda": "Λ",
}  # fmt: skip
_TALL = ("<mfrac", "<msqrt", "<mroot")
_APPLY = "<mo>&#x2061;</mo>"
_NEEDS = {"frac": 2, "sqrt": 1}
_TAGS = {"frac": "mfrac", "sqrt": "msqrt", "root": "mroot", "^": "msup", "_": "msub"}


@dataclass(slots=True)
class _Command:
    """A command and the arguments that it has so far."""

    name: str
    args: list[str]
    need: int


@dataclass(slots=True)
class _Group:
    """What stands between two brackets; `waiting` are commands without all their arguments."""

    opening: str
    items: list[str] = field(default_factory=list)
    waiting: list[_Command] = field(default_factory=list)

    def add(self, atom: str) -> None:
        """Give an atom to the command that waits for it, or let it stand."""
        while self.waiting:
            command = self.waiting[-1]
            command.args.append(atom)
            if len(command.args) < command.need:
                return
            self.waiting.pop()
            args = command.args[::-1] if command.name == "root" else command.args
            tag = _TAGS[command.name]
            atom = f"<{tag}>{''.join(args)}</{tag}>"
        self.items.append(atom)

    def row(self) -> str:
        """The items as one."""
        return self.items[0] if len(self.items) == 1 else f"<mrow>{''.join(self.items)}</mrow>"


def mathml(root: Node, *, display: bool = False) -> str:
    """The expression as a `math` element.

    >>> from emlc.parse import parse
    >>> mathml(parse("x^2/2").root)
    '<math><mfrac><msup><mi>x</mi><mn>2</mn></msup><mn>2</mn></mfrac></math>'
    """
    block = ' display="block"' if display else ""
    return f"<math{block}>{_convert(show(root, 'latex'))}</math>"


def _convert(text: str) -> str:
    """The MathML of a LaTeX formula as `show` writes it."""
    stack = [_Group("")]
    side = ""
    for found in _TOKEN.finditer(text):
        name, sign = found["name"], found["sign"]
        if side:
            _fence(stack, side, sign or found["escaped"] or "")
            side = ""
        elif name in ("left", "right"):
            side = name
        elif name in ("frac", "sqrt"):
            stack[-1].waiting.append(_Command(name, [], _NEEDS[name]))
        elif sign == "{" or (sign == "[" and _is_degree(stack[-1])):
            stack.append(_Group(sign))
        elif sign == "}" or (sign == "]" and stack[-1].opening == "["):
            _close(stack)
        elif sign in ("^", "_"):
            group = stack[-1]
            base = group.items.pop() if group.items else "<mrow></mrow>"
            group.waiting.append(_Command(sign, [base], 2))
        else:
            _leaf(stack[-1], found)
    return stack[0].row()


def _is_degree(group: _Group) -> bool:
    return bool(group.waiting) and group.waiting[-1].name == "sqrt"


def _close(stack: list[_Group]) -> None:
    """The end of a group, which is an argument or the degree of a root."""
    group = stack.pop()
    if group.opening == "[":
        root = stack[-1].waiting[-1]
        root.name, root.need = "root", 2
    stack[-1].add(group.row())


def _fence(stack: list[_Group], side: str, mark: str) -> None:
    """A bracket that grows with what it holds; one that need not is set closer if it is told so."""
    if side == "left":
        stack.append(_Group(mark))
        return
    group = stack.pop()
    inside = "".join(group.items)
    tall = any(tag in inside for tag in _TALL)
    mo = "<mo>" if tall else '<mo stretchy="false">'
    stack[-1].add(f"<mrow>{mo}{group.opening}</mo>{inside}{mo}{mark}</mo></mrow>")


def _leaf(group: _Group, found: re.Match[str]) -> None:
    """A number, a letter, a name or an operator."""
    name, sign = found["name"] or "", found["sign"] or found["escaped"] or ""
    if found["number"]:
        group.add(f"<mn>{found['number']}</mn>")
    elif found["word"] is not None:
        word = found["word"].replace("\\", "")
        group.add(f'<mi mathvariant="normal">{xml(word)}</mi>')
        group.items += [_APPLY] * (not group.waiting and "operatorname" in found[0])
    elif name in _SIGNS or (sign and not sign.isalnum()):
        group.add(f"<mo>{xml(_SIGNS.get(name or sign, sign))}</mo>")
    else:
        letter = sign or letter_of(name)
        group.add(f"<mi>{xml(letter or name)}</mi>")
        if not letter and not group.waiting:
            group.items.append(_APPLY)


def letter_of(name: str) -> str:
    """The letter that a LaTeX command writes, "" where it names a function.

    >>> letter_of("beta"), letter_of("Omega"), letter_of("sin")
    ('β', 'Ω', '')
    """
    if name in _ODD_LETTERS:
        return _ODD_LETTERS[name]
    case = "CAPITAL" if name[0].isupper() else "SMALL"
    try:
        return unicodedata.lookup(f"GREEK {case} LETTER {name.upper()}")
    except KeyError:
        return ""
