"""What notebooks show: well-formed, bounded, and nothing that a formula could smuggle in."""

from __future__ import annotations

import math
import subprocess
import sys
import time
from xml.etree import ElementTree

import pytest

import emlc
from emlc.ir.node import ONE, eml, var
from emlc.pipeline import Compiled
from emlc.search.result import Found, SearchResult

FORMULAS = [
    "x",
    "1",
    "sin(x)^2 + exp(-y/2)",
    "|x|/sqrt(y)",
    "+".join(f"x^{k}" for k in range(2, 300)),
    "exp(" * 300 + "x" + ")" * 300,
    "1/" + "3" * 2000,
]


@pytest.mark.parametrize("text", FORMULAS, ids=lambda text: text[:20])
def test_a_compiled_formula_shows_itself(text: str) -> None:
    made = emlc.compile(text, check=False)
    before = time.process_time()
    shown = made._repr_mimebundle_(include=None, exclude=None)
    assert time.process_time() - before < 2.0
    assert set(shown) >= {"text/plain", "text/html"}
    assert all(len(form) < 100_000 for form in shown.values())
    ElementTree.fromstring(shown["text/html"])
    assert shown["text/plain"] == repr(made)


def test_a_huge_tree_shows_its_size() -> None:
    top = var("x")
    for level in range(4_000):
        top = eml(top, top if level % 2 else ONE)
    small = emlc.compile("x", check=False)
    made = Compiled(**{**{k: getattr(small, k) for k in Compiled.__dataclass_fields__},
                       "tape": emlc.flatten(top), "tree": top, "size": 10**600})  # fmt: skip
    shown = made._repr_mimebundle_()
    assert "K about 10^600" in shown["text/html"] and "image/svg+xml" not in shown


def test_a_verdict_shows_its_witness() -> None:
    verdict = emlc.check("ln(x)", "11xE1EE", {"x": "real"})
    html = verdict._repr_mimebundle_()["text/html"]
    assert "refuted" in html and "at x = -1" in html
    ElementTree.fromstring(html)


def test_a_search_shows_the_smallest_trees_first() -> None:
    verdict = emlc.check("ln(x)", "11xE1EE")
    found = [Found(k, list("11xE1EE"), verdict, False, True) for k in range(7, 100)]
    result = SearchResult("ln(<b>)", {"x": "real"}, "exact", found, lower_bound=7)
    shown = result._repr_mimebundle_()
    assert shown["text/html"].count("11xE1EE") == 20
    assert shown["text/plain"].startswith("ln(<b>): K = 7; no tree has fewer than 7 nodes")
    ElementTree.fromstring(shown["text/html"])


def test_a_fit_shows_its_front() -> None:
    x = [0.5, 1.0, 2.0, 3.0, 4.0]
    made = emlc.fit({"x": x}, [math.exp(v) for v in x])
    assert repr(made).endswith("best <Equation 'exp(x)': K = 3, exactly>>")
    for shown in (made._repr_mimebundle_(), made.best._repr_mimebundle_(include=None)):
        ElementTree.fromstring(shown["text/html"])
        assert shown["text/latex"] == "$$e^{x}$$"
    assert made._repr_mimebundle_()["text/html"].count("<tr><td ") == len(made.equations)


def test_a_node_shows_itself() -> None:
    """In a notebook's own process: what it is told there stays there."""
    pytest.importorskip("IPython")
    script = """if True:
        from IPython.core.interactiveshell import InteractiveShell
        shell = InteractiveShell.instance(history_length=0)
        import emlc
        for text in ("x^2/3", "11xE1EE", "1"):
            shown, _ = shell.display_formatter.format(emlc.parse(text).root)
            print(*sorted(shown), shown["text/plain"])
    """
    said = subprocess.check_output([sys.executable, "-c", script], text=True, timeout=60)
    assert said.splitlines() == [
        "text/html text/latex text/plain x^2/3",
        "image/svg+xml text/html text/plain eml(1, eml(eml(1, x), 1))",
        "text/html text/latex text/plain 1",
    ]
