"""The paper's table of direct trees again: what its search found, and what emlc knows.

Run it: python examples/paper_table.py
"""

from __future__ import annotations

import emlc

# A. Odrzywolek, arXiv 2603.21852, table 4: sizes found by direct search, or only excluded (">").
PAPER = {
    "0": "7", "-1": "15", "2": "19", "1/2": "29", "e": "3", "i": "> 55", "pi": "> 53",
    "exp(x)": "3", "ln(x)": "7", "-x": "15", "1/x": "15", "x/2": "27", "x^2": "17",
    "sqrt(x)": "43", "x+y": "19", "x-y": "11", "x*y": "17", "x/y": "17", "x^y": "25",
    "log(y, x)": "29", "(x+y)/2": "> 27", "x^2+y^2": "> 27",
}  # fmt: skip


def row(formula: str, paper: str) -> tuple[str, ...]:
    """The sizes of one formula: by the paper, right everywhere, right but for isolated points."""
    exact = emlc.compile(formula)
    shortest = emlc.compile(formula, mode="shortest")
    points = ", ".join(text.partition(":")[0] for text in shortest.excluded_points)
    return formula, paper, str(exact.size), str(shortest.size), exact.verdict.status, points


def main() -> None:
    """Print the table, and say where the two disagree."""
    rows = [("formula", "paper", "exact", "shortest", "verdict", "but at")]
    rows += [row(formula, paper) for formula, paper in PAPER.items()]
    for cells in rows:
        print("{:10} {:>6} {:>6} {:>9}  {:8} {}".format(*cells).rstrip())
    known = [(name, int(paper), int(ours)) for name, paper, _, ours, *_ in rows if paper.isdigit()]
    new = [name for name, paper, ours in known if ours < paper]
    print(f"\nsmaller than the paper's: {', '.join(new) or 'none'}")
    # The paper prints 27 for x/2 without a tree; no tree of that size is known that is right.


if __name__ == "__main__":
    main()
