"""emlc eval: values at points and at the rows of files, and what has none."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emlc.cli.report import plain


@pytest.mark.parametrize(
    ("words", "printed"),
    [
        ("x^y --at x=2 y=-1/2", "0.7071067811865476"),
        ("x --at x=0.1", "0.1"),
        ("x-1/10 --at x=0.1", "0.0"),
        ("x*y --at x=1+2i y=-i --domain x:complex y:complex", "2.0-1.0i"),
        ("ln(-2)", "0.6931471805599453+3.141592653589793i"),
        ("i", "1.0i"),
        ("sin(pi)", "0.0"),
        ("sin(x) --at x=pi/6", "0.5"),
        ("sin(x) --at x=pi --evaluator direct", "1.2246467991473532e-16"),
        ("ln(x) --at x=-1 --domain x:real", "3.141592653589793i"),
        ("11xE1EE --at x=-1", "-3.141592653589793i"),
        ("11xE1EE --at x=2 --evaluator faithful", "0.6931471805599453"),
        ("exp(x) --at x=-1000", "5.0759588975494568e-435"),
        ("pi --digits 30", "3.14159265358979323846264338328"),
        ("x --at x₁=3 --json", None),
        ("x₁+1 --at x₁=3", "4.0"),
    ],
)
def test_eval_at_a_point(words: str, printed: str | None, emlc: Any) -> None:
    done = emlc("eval", *shlex.split(words))
    assert (done.status, done.err if done.status == 0 else "") == (0 if printed else 2, "")
    if printed:
        assert done.out == printed + "\n"


@pytest.mark.parametrize("evaluator", ["direct", "faithful", "balls"])
@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("ln(x) --at x=-2", "x = -2 is outside the domain, x positive"),
        ("1/(x-1) --at x=1", "no real value at x = 1"),
        ("tan(x) --at x=pi/2", "no real value at x = pi/2"),
        ("1/x --at x=0 --domain x:real", "x = 0"),
        ("log(x,b) --at x=2 b=1", "no real value at x = 2, b = 1"),
    ],
)
def test_no_value_is_an_error(words: str, said: str, evaluator: str, emlc: Any) -> None:
    done = emlc("eval", *shlex.split(words), "--evaluator", evaluator)
    assert done.status == 1 and done.out == "" and said in done.err


def test_eval_document(emlc: Any) -> None:
    def values(*words: str) -> Any:
        document = emlc("eval", *words, "--json").json
        assert list(document) == ["schema", "evaluator", "values"]
        return document["evaluator"], document["values"]

    assert values("x+1", "--at", "x=1/2") == ("balls", [1.5])
    assert values("ln(-1)", "--evaluator", "faithful") == ("faithful", [[0.0, np.pi]])
    assert values("ln(-1)", "--digits", "20") == ("balls", [[0.0, "3.1415926535897932385"]])
    assert values("11xE1EE", "--at", "x=0") == ("balls", ["-Infinity"])
    assert plain(complex("nan")) == [None, 0.0]


CSV = 'x,note,y\n4,"a, b",1\n-1,c,2\n,d,3\n1,e,1e999\n'


def test_eval_of_a_csv_file(emlc: Any, tmp_path: Path) -> None:
    (tmp_path / "points.csv").write_text(CSV)
    done = emlc("eval", "sqrt(x)*y", "--data", "points.csv")
    assert done.status == 0
    assert done.out.splitlines() == [
        "x,note,y,value", '4,"a, b",1,2.0', "-1,c,2,nan", ",d,3,nan", "1,e,1e999,inf",
    ]  # fmt: skip
    for said in ("1 of 4 points have missing", "1 of 4 points are outside the domain (x nonneg",
                 "1 of 4 points are infinite"):  # fmt: skip
        assert said in done.err
    document = emlc("eval", "sqrt(x)*y", "--data", "-", "--json", stdin=CSV).json
    assert document["values"] == [2.0, None, None, "Infinity"]
    written = emlc("eval", "sqrt(x)*y", "--data", "points.csv", "-o", "out.csv")
    assert written.out == "" and (tmp_path / "out.csv").read_text() == done.out


def test_eval_of_numpy_files(emlc: Any, tmp_path: Path) -> None:
    xs, ys = np.linspace(0, 1, 20_000), np.full(20_000, 2 - 1j)
    np.savez(tmp_path / "named.npz", x=xs, y=ys, unused=["a"])
    np.save(tmp_path / "plain.npy", xs)
    np.save(tmp_path / "rows.npy", np.array([(1.0, 2.0)], dtype=[("x", "f8"), ("y", "f8")]))
    document = emlc("eval", "x*y", "--domain", "y:complex", "--data", "named.npz", "--json").json
    assert np.array_equal(np.array(document["values"]), np.stack([xs * 2, -xs], axis=1))
    printed = emlc("eval", "x+x", "--data", "plain.npy").out.splitlines()
    assert [float(row.split(",")[1]) for row in printed[1:]] == list(2 * xs)
    assert emlc("eval", "x+y", "--data", "rows.npy").out == "x,y,value\n1.0,2.0,3.0\n"


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.csv", "x\n1\ntwo\n", "column x, row 3: 'two' is not a number"),
        ("b.csv", "x,y\n1,2\n1\n", "row 3: 1 cells, but the first row names 2"),
        ("c.csv", "1,2\n3,4\n", "does not name its columns"),
        ("d.csv", "y\n1\n", "has no column for x"),
        ("e.csv", "x,x\n1,2\n", "two columns named x"),
        ("f.csv", "x,value\n1,2\n", "a column named value already"),
        ("g.csv", b"x\n\xff\n", "not UTF-8 text"),
        ("h.npy", "junk", "not an array file"),
        ("i.npz", "junk", "not an array file"),
        ("j.xls", "junk", "no data file by its name"),
        ("missing.csv", None, "missing.csv: No such file"),
    ],
)
def test_data_that_cannot_be_read(
    name: str, text: str | bytes | None, said: str, emlc: Any, tmp_path: Path
) -> None:
    if text is not None:
        (tmp_path / name).write_bytes(text.encode() if isinstance(text, str) else text)
    done = emlc("eval", "x", "--data", name)
    assert done.status == 1 and said in done.err
