"""The process in which sympy is asked whether a difference is 0; `raised.py` starts and ends it."""

from __future__ import annotations

import json
import sys

from emlc import child


def main() -> None:
    """Read the question from standard input, and print true or false."""
    child.bounded()
    import sympy

    from emlc.check.prove import to_sympy
    from emlc.passes.ranges import raw_formula

    asked = json.load(sys.stdin)
    symbols = {n: sympy.Symbol(n, **{kind: True}) for n, kind in asked["kinds"].items()}
    difference = to_sympy(raw_formula(asked["difference"]), symbols)
    sys.stdout.write(json.dumps(bool(sympy.simplify(difference) == 0)))


if __name__ == "__main__":
    main()
