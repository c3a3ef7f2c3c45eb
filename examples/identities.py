"""Prove or refute identities: which textbook rules hold, and on which numbers.

Run it: python examples/identities.py
"""

from __future__ import annotations

import emlc

RULES = [
    ("ln(x*y)", "ln(x) + ln(y)"),
    ("sqrt(x^2)", "x"),
    ("(x^2)^(1/2)", "sqrt(x^2)"),
    ("exp(x + y)", "exp(x)*exp(y)"),
    ("sinh(2x)", "2*sinh(x)*cosh(x)"),
    ("ln(1/x)", "-ln(x)"),
]
NUMBERS = ("positive", "negative", "real")


def holds(left: str, right: str, where: str) -> str:
    """Whether the tree of the right side means the left side, or why that is not known."""
    names = sorted(set(left) & {"x", "y"})
    domain = dict.fromkeys(names, where)
    try:
        tree = emlc.compile(right, domain=domain, check=False).tree
        verdict = emlc.check(left, tree, domain)
    except emlc.EmlcError as error:
        return f"no answer: {error.message}"
    if verdict.status != "refuted":
        return verdict.status
    point = ", ".join(f"{name} = {value}" for name, value in (verdict.witness or {})["at"].items())
    return f"refuted at {point}"


def main() -> None:
    """Try each rule on each kind of numbers."""
    for left, right in RULES:
        print(f"{left} = {right}")
        for where in NUMBERS:
            print(f"    {where:9} {holds(left, right, where)}")


if __name__ == "__main__":
    main()
