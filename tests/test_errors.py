"""What is refused: each error by its message, from Python and on the command line."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sympy

import emlc
from emlc import arrays
from emlc.errors import (
    ArgumentError,
    DomainError,
    EmlcError,
    MissingError,
    NameError_,
    ParseError,
    TreeError,
)
from emlc.exchange import from_sympy
from emlc.ir.domain import domain
from emlc.ir.tape import flatten
from emlc.lower.export import export
from emlc.lower.faithful import faithful
from emlc.lower.gradient import Jacobian
from emlc.parse import parse, parse_tree
from emlc.regress.exact import solve
from emlc.regress.fit import fit
from emlc.regress.options import Options
from emlc.render import draw, to_dot, to_svg
from emlc.search.shards import run_shards
from emlc.show import show

X = parse("x").root
TREE = flatten(parse_tree("11xE1EE"))
ROW = np.ones(3)

REFUSED: list[tuple[Callable[[], object], type[EmlcError], str]] = [
    # formulas
    (lambda: parse("x", "roman"), ArgumentError, "no notation roman"),
    (lambda: show(X, "roman"), ArgumentError, "no notation roman"),
    (lambda: parse("0x1F"), ParseError, "numbers are decimal"),
    (lambda: parse(r"\frac10"), ParseError, "a fraction takes two parts in braces"),
    (lambda: parse(r"\log_{ab} x"), ParseError, "this base is several letters"),
    (lambda: parse(r"\erf x"), NameError_, "erf is not elementary"),
    (lambda: parse(r"\operatorname{foo} x"), NameError_, "unknown function foo"),
    (lambda: parse(r"\sin_2 x"), ParseError, "sin takes no subscript"),
    (lambda: parse(r"\mathrm{1a} + x"), NameError_, "1a is not a name"),
    (lambda: parse("log_2(x, y)"), ParseError, "log with a base takes 1 argument, got 2"),
    (lambda: parse("f" * 50 + "(x)"), NameError_, f"unknown function {'f' * 39}…"),
    (lambda: parse("Sin[x, y]"), ParseError, "Sin takes 1 argument, got 2"),
    (lambda: parse("Erf[x]"), NameError_, "Erf is not elementary"),
    (lambda: parse(5), ArgumentError, "a formula is text, not int"),  # type: ignore[arg-type]
    (lambda: domain("[2,1]"), DomainError, "the interval [2,1] is empty"),
    (lambda: emlc.compile("x/0"), DomainError, "division by the number 0"),
    (lambda: emlc.compile("0^(-1)"), DomainError, "0 to a negative power"),
    (lambda: emlc.compile("1/(ln(-1) - i*pi)"), DomainError, "is 0: "),
    (lambda: emlc.compile("x", mode="loose"), EmlcError, "no mode 'loose'"),
    # trees
    (lambda: parse_tree('{"nodes": ['), TreeError, "not JSON: "),
    (lambda: parse_tree('{"nodes": 3}'), TreeError, "not a tree in JSON"),
    (lambda: parse_tree('{"nodes": ' + "[" * 10**5), TreeError, "not a tree in JSON"),
    (lambda: parse_tree("digraph { a; b }"), TreeError, "a drawing of 0 trees, not of one"),
    (lambda: parse_tree('digraph {\na [label="eml"]\na -> b\n}'), TreeError,
     "a has 1 edges below it; eml takes 2"),
    (lambda: parse_tree('digraph {\nr [label="eml"]\nr -> a\nr -> a\na -> b\na -> b\nb -> a\n}'),
     TreeError, "the drawing goes round in a circle at a"),
    (lambda: parse_tree("1 log_2 E"), TreeError, "log_2 is not a leaf of a pure tree"),
    # sympy
    (lambda: from_sympy(sympy.Symbol("x") + sympy.Symbol("x", positive=True)), NameError_,
     "two different symbols have one name"),
    (lambda: from_sympy(sympy.gamma(sympy.Symbol("x"))), NameError_, "emlc has no gamma"),
    (lambda: from_sympy(sympy.log(sympy.Symbol("x"), 3, evaluate=False)), NameError_,
     "log with 2 arguments is not known"),
    (lambda: from_sympy(sympy.Symbol("sin") + 1), NameError_, "a variable cannot be called 'sin'"),
    # values
    (lambda: emlc.evaluate(TREE, {"x": float("inf")}), ArgumentError, "not a finite number"),
    (lambda: emlc.compile("x").evaluator("slow"), ArgumentError, "no evaluator 'slow'"),
    (lambda: emlc.compile("x", domain="real"), ArgumentError,  # type: ignore[arg-type]
     "domains are a mapping, not str"),
    (lambda: faithful(flatten(parse("sin(x)").root)), TreeError, "not a pure tree: it holds sin"),
    (lambda: faithful(TREE)(ROW, out=np.broadcast_to(ROW, 3)), ArgumentError, "out is read-only"),
    (lambda: emlc.evaluator("x+y")(1.0), ArgumentError, "there is more than one variable"),
    (lambda: emlc.evaluator("x+y")(x=ROW, y=np.ones(2)), ArgumentError,
     "the shapes do not broadcast together: x (3,), y (2,)"),
    (lambda: Jacobian([]), ArgumentError, "without formulas and variables there is no derivative"),
    (lambda: emlc.jacobian(["x"], domain={"z": "real"}), ArgumentError, "have no variable z"),
    (lambda: export(X, "rpn", with_gradient=True), ArgumentError, "rpn holds a tree and no"),
    # data
    (lambda: fit({"x": ROW}, ROW, -ROW), ArgumentError, "weights are not negative"),
    (lambda: fit({"x": ROW}, ROW, options=Options(operators=[])), ArgumentError,
     "there must be an operator"),
    (lambda: solve({"x": ROW}, [1, 2, np.nan]), ArgumentError, "the target has values that are"),
    # search
    (lambda: emlc.search("x", mode="loose"), ArgumentError, "no mode 'loose'"),
    (lambda: emlc.search("x", max_size=0), ArgumentError, "max_size and seconds are positive"),
    (lambda: emlc.search("x", operator="exp(x)"), ArgumentError, "has two or three variables"),
    (lambda: emlc.search("x", operator="tan(x)-y"), ArgumentError, "an operator cannot use tan"),
    (lambda: emlc.search("x", operator="exp(x)-ln(y); z"), ArgumentError,
     "the leaf z is no constant"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "kind", "said"), REFUSED, ids=[row[2] for row in REFUSED])
def test_refused(call: Callable[[], object], kind: type[EmlcError], said: str) -> None:
    with pytest.raises(kind) as found:
        call()
    assert said in found.value.message


def test_a_file_that_holds_no_arrays(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    path.write_bytes(b"PK no more")
    with pytest.raises(ParseError, match="is not an array file: "):
        arrays.load(str(path))


WITHOUT: list[tuple[str, Callable[[], object], str]] = [
    ("resvg_py", lambda: draw(TREE, "png"), "this png needs the package resvg-py, or Graphviz"),
    ("resvg_py", lambda: draw(TREE, "png", "circuit"), "this png needs the package resvg-py"),
    ("", lambda: to_svg(TREE, engine="dot"), "svg pictures need Graphviz's dot"),
    ("joblib", lambda: fit({"x": [1, 2]}, [2, 3], options=Options(solve=False, n_jobs=2)),
     "several processes need joblib"),
    ("joblib", lambda: run_shards([], scheduler=None), "joblib is not installed"),
]  # fmt: skip


@pytest.mark.parametrize(("package", "call", "said"), WITHOUT, ids=[row[2] for row in WITHOUT])
def test_what_is_not_installed_is_named(
    package: str, call: Callable[[], object], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)  # type: ignore[arg-type]
    monkeypatch.setattr(shutil, "which", lambda *words, **options: None)
    with pytest.raises(MissingError) as found:
        call()
    assert said in found.value.message and found.value.hint


def test_a_dot_that_does_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "dot"
    program.write_text("#!/no/such/interpreter\n")
    program.chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EmlcError, match="dot does not run: "):
        to_svg(TREE, engine="dot")
    assert to_dot(TREE).startswith("digraph")


FILES = {
    "gaps.csv": b"x,y\n1,\n,2\n", "latin.csv": b"x,y\n1,\xff\n", "data.csv": b"x,y\n1,2\n",
    "head.csv": b"x\xff,y\n", "wide.csv": b"x,y\n1," + b"2" * 200_000,
}  # fmt: skip


@pytest.mark.parametrize(
    ("words", "stdin", "status", "said"),
    [
        ("check - -", "x", 2, "standard input cannot be both the formula and the tree"),
        ("compile x --at", "", 2, "--at needs a value"),
        ("compile -", b"\xff", 1, "standard input is not UTF-8 text: byte 0"),
        ("eval x --at x=1 --data data.csv", "", 2, "--at and --data exclude each other"),
        ("eval x --data data.csv --digits 3", "", 2, "--digits is for one point"),
        ("eval - --data -", "x", 2, "standard input cannot be both the formula and the data"),
        ("eval 11xE1EE --at x=1 --domain x:real", "", 2, "a tree has no domain"),
        ("eval x*y --data uneven.npz", "", 1, "differ in length: x has 2, y has 3"),
        ("eval y --data latin.csv", "", 1, "latin.csv is not UTF-8 text"),
        ("eval y --data head.csv", "", 1, "head.csv is not UTF-8 text"),
        ("fit wide.csv", "", 1, "wide.csv is not CSV text: field larger than"),
        ("explore x --serve -o a.html", "", 2, "--serve writes no file"),
        ("fit gaps.csv --drop-missing", "", 1, "every row has a missing value"),
        ("fit gaps.csv", "", 1, "values are missing (x 1, y 1), first in data row 1"),
        ("fit none.npz", "", 1, "none.npz has no columns"),
        ("search", "", 2, "nothing to search for"),
        ("search x --target y", "", 2, "--target names a column of --data FILE"),
        ("search x --data data.csv", "", 2, "a target and --data FILE exclude each other"),
        ("search x --plan --operator edl", "", 2, "--plan is for the operator eml alone"),
        ("search --data data.csv --plan", "", 2, "--plan is for formulas, not for samples"),
        ("search --data data.csv --operator edl", "", 2, "explained by eml trees only"),
        ("train --depth 7", "", 3, "the paper has no target of depth 7"),
    ],
)
def test_refused_on_the_command_line(
    words: str, stdin: str | bytes, status: int, said: str, emlc: Any
) -> None:
    for name, data in FILES.items():
        Path(name).write_bytes(data)
    np.savez("uneven.npz", x=np.ones(2), y=np.ones(3))
    np.savez("none.npz")
    done = emlc(*words.split(), stdin=stdin)
    assert (done.status, done.out) == (status, "")
    assert said in " ".join(done.err.split())
