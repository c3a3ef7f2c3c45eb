"""emlc fit and emlc train as people and programs meet them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

ROOT = Path(__file__).parent.parent
ENTRY = {"formula", "latex", "rpn", "k", "loss", "r2", "exact"}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder with tables of y = exp(x) - 1, in every format."""
    import pyarrow as pa
    from pyarrow import parquet

    x = np.linspace(0.5, 3.0, 30)
    y = np.exp(x) - 1
    rows = [f"{a!r},{b!r},word" for a, b in zip(x.tolist(), y.tolist(), strict=True)]
    (tmp_path / "a.csv").write_text("\n".join(["x size,y,kind", *rows]))
    (tmp_path / "gap.csv").write_text("\n".join(["x,y", "1,2", ",3", "2,NA"]))
    (tmp_path / "twice.csv").write_text("x,x,y\n1,2,3\n")
    (tmp_path / "empty.csv").write_text("x,y\n")
    (tmp_path / "no.csv").write_text("")
    (tmp_path / "latin.csv").write_bytes(b"gr\xf6\xdfe,y\n1,2\n")
    (tmp_path / "complex.csv").write_text("x,y\n1+2i,2\n")
    np.savez(tmp_path / "flat.npz", x=np.ones((2, 2)), y=np.ones(4))
    np.savez(tmp_path / "a.npz", x=x, y=y)
    parquet.write_table(pa.table({"x": x, "y": y}), tmp_path / "a.parquet")
    (tmp_path / "bad.parquet").write_bytes(b"not a table")
    return tmp_path


@pytest.mark.parametrize("name", ["a.csv", "a.npz", "a.parquet"])
def test_fit_reads_every_format(name: str, data: Path, emlc: Any) -> None:
    done = emlc("fit", str(data / name), "--target", "y", "--json", "--timeout", "20")
    assert done.status == 0, done.err
    document = done.json
    assert document["schema"] == 1 and document["stopped"] == "exact"
    best = document["best"]
    assert set(best) >= ENTRY and all(set(e) >= ENTRY for e in document["front"])
    variable = "x_size" if name == "a.csv" else "x"
    assert best["formula"] == f"exp({variable}) - 1" and best["exact"]
    assert len(best["rpn"]) == best["k"] == 5 and variable in best["rpn"]


def test_fit_says_what_it_found(data: Path, emlc: Any) -> None:
    tree, plot = data / "tree.txt", data / "fit.svg"
    options = ["--variables", "x size", "--plot", str(plot), "-o", str(tree), "--timeout", "20"]
    done = emlc("fit", str(data / "a.csv"), *options)
    assert done.status == 0, done.err
    assert done.out == "exp(x_size) - 1\n"
    for words in ("'x size' is written x_size", "exactly, to rounding", "no smaller tree"):
        assert words in " ".join(done.err.split())
    assert plot.read_text().startswith("<?xml") and "eml(" in tree.read_text()
    done = emlc("check", "exp(x_size) - 1", tree.read_text().strip())
    assert done.status == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("gap.csv", "values are missing (x 1, y 1), first in data row 2"),
        ("a.csv --variables kind", "column kind: 'word' in data row 1 is not a number"),
        ("a.csv --target kind", "column kind: 'word' in data row 1 is not a number"),
        ("a.csv --target z", "has no column z"),
        ("a.csv --variables y", "y is the target"),
        ("twice.csv", "two columns named x"),
        ("empty.csv", "has no rows"),
        ("bad.parquet", "not a Parquet file"),
        ("none.csv", "No such file"),
        ("a.csv --operators erf", "no operator erf"),
        ("a.csv --weights kind", "--weights names no column of numbers"),
        ("latin.csv", "not UTF-8 text"),
        ("no.csv", "does not name its columns"),
        ("complex.csv", "left out: x ('1+2i' in data row 1)"),
        ("flat.npz", "the array x of"),
        ("a.csv --variables", "--variables needs a value"),
        ("a.csv --plot a.gif", "no picture by its name"),
        ("a.csv --plot no/a.svg", "no/a.svg cannot be written there"),
        ("a.csv --checkpoint no/state", "no/state cannot be written"),
        ("a.csv --jobs 0", "the number of processes is 0"),
    ],
)
def test_fit_answers_clearly(words: str, said: str, data: Path, emlc: Any) -> None:
    name, *options = words.split()
    done = emlc("fit", str(data / name), *options, "--timeout", "1")
    assert done.status in (1, 2) and said in done.err and "Traceback" not in done.err


@pytest.mark.parametrize(
    ("text", "names", "said"),
    [
        ("x;y\n1,5;2\n2,5;3\n", ["x"], ["decimal commas are read as points"]),
        ("x\ty\n1.5\t2\n2.5\t3\n", ["x"], []),
        ("\ufeff\"x, a\",y\r\n1.5,2\r\n2.5,3\r\n", ["x0"], []),
        ('"x\na",y\n1.5,2\n2.5,3\n', ["x_a"], []),
        (",T₁,y,\n0,1.5,2,\n1,2.5,3,\n", ["T_1"], []),
        ("sin,x0,x 1,x_1,y\n1.5,1,1,1,2\n2.5,1,1,2,3\n", ["x1", "x0", "x_1", "x3"], []),
        ("x,b,y\n1.5,True,2\n2.5,false,3\n", ["x", "b"], []),
        ("x,k,y\n1.5,1,2\n2.5,oops,3\n", ["x"], []),
        (
            "x,n,y\n1.5,9007199254740993,2\n2.5,1,3\n", ["x", "n"],
            ["whole numbers beyond 2^53 in n are rounded to doubles"],
        ),
    ],
    ids=["commas", "tabs", "quoted", "newline", "unnamed", "names", "booleans", "text", "2^53"],
)  # fmt: skip
def test_tables_as_people_write_them(
    text: str, names: list[str], said: list[str], tmp_path: Path
) -> None:
    from emlc.cli.columns import read

    (tmp_path / "d.csv").write_text(text, encoding="utf-8", newline="")
    found = read(str(tmp_path / "d.csv"), None)
    assert (list(found.variables), found.warnings) == (names, said)
    assert found.variables[names[0]].tolist() == [1.5, 2.5] and found.target.tolist() == [2, 3]
    assert all(text == "oops" for name in found.left_out for text in [name.split("'")[1]])


@pytest.mark.parametrize("command", ["fit", "search", "basis", "train"])
def test_the_limit_on_time_has_both_names_everywhere(command: str, emlc: Any) -> None:
    assert "--timeout, --time " in emlc(command, "--help").out


def test_fit_leaves_out_missing_rows_when_told(data: Path, emlc: Any) -> None:
    rows = [f"{x},{2 * x}" for x in range(1, 9)]
    (data / "gap.csv").write_text("\n".join(["x,y", "1,", *rows]))
    done = emlc("fit", str(data / "gap.csv"), "--drop-missing", "--timeout", "3")
    assert done.status == 0 and "1 rows with missing values are left out" in done.err
    assert done.out in ("2*x\n", "x + x\n")


def test_train(tmp_path: Path, emlc: Any) -> None:
    plot = tmp_path / "train.png"
    done = emlc("train", "--depth", "3", "--seeds", "2", "--plot", str(plot), "--json")
    assert done.status == 0, done.err
    ours, author = done.json["rows"]
    assert (ours["success"], ours["accepted"], ours["seeds"]) == (2, 2, 2)
    assert (author["optimiser"], author["success"], author["paper"]) == ("paper", 2, "17/64")
    assert "1yxEE1E" in ours["found"] and plot.read_bytes()[:4] == b"\x89PNG"
    done = emlc("train", "--target", "eml(x, eml(1, y))", "--seeds", "2")
    assert done.status == 0 and "2/2" in done.out
    assert emlc("train", "--depth", "8").status == 3
    assert "its variables are x and y" in emlc("train", "--target", "eml(z, 1)").err


def reached(state: Path) -> tuple[int, int]:
    """How far a checkpoint is: groups of populations, generations of the first."""
    if not state.exists():
        return 0, 0
    with np.load(state) as held:
        return int(held["counters"][0]), int(held["0.counters"][0])


def test_a_killed_fit_goes_on(tmp_path: Path) -> None:
    """Killed without warning after its first checkpoint, a fit has lost nothing before it."""
    rng = np.random.default_rng(0)
    x = rng.uniform(0, 3, 60)
    table = np.column_stack([x, rng.normal(size=60)])
    file, state = tmp_path / "d.csv", tmp_path / "state.npz"
    np.savetxt(file, table, delimiter=",", header="x,y", comments="")
    words = [sys.executable, "-m", "emlc", "fit", str(file), "--checkpoint", str(state), "--json"]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    running = subprocess.Popen([*words, "--timeout", "100"], stdout=subprocess.PIPE, env=env)
    try:
        until = time.monotonic() + 90
        while reached(state) == (0, 0) and time.monotonic() < until:
            time.sleep(0.2)
    finally:
        running.send_signal(signal.SIGKILL)
        running.communicate()
    before = reached(state)
    done = subprocess.run([*words, "--timeout", "1"], capture_output=True, env=env, timeout=90)
    assert done.returncode == 0
    assert reached(state) >= before > (0, 0)
