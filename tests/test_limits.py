"""Inputs that are too large end with an error that names the limit, within 4 GB of memory."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest

import emlc
from emlc import arrays, limits
from emlc.errors import LimitError
from emlc.lower.balls import evaluate
from emlc.parse import parse

NEST = 30_000
SHARED = json.dumps({"nodes": [["1"], *([k, k] for k in range(3000))]})
TOWER = json.dumps({"nodes": [["1"], *([k, k] for k in range(40))]})

# Command, standard input, exit status, what is said on either stream.
CASES = (
    ("compile 9^9^9^9", "", 0, "K ="),
    ("eval 9^9^9^9", "", 0, "too large"),
    ("eval ln(9^9^9)", "", 0, "851249820"),
    ("compile 1e10001", "", 3, "10,000"),
    ("compile 1e9999", "", 0, "K ="),
    ("compile -", "7" * 10_001, 3, "10,000"),
    ("eval x^100000000000000000 --at x=2", "", 0, "e+30102999566398119"),
    ("compile - --no-check", "(" * NEST + "x" + ")" * NEST, 0, "x"),
    ("compile - --no-check", "-" * NEST + "x", 0, "x"),
    ("compile - --no-check", "+".join(["x"] * 2000), 0, "K ="),
    ("compile -", "x" * (limits.FORMULA_CHARS + 1), 3, "4,000,000"),
    ("decompile -", "x" * (limits.TREE_CHARS + 1), 3, "32,000,000"),
    ("render -", SHARED, 0, "about 10^903"),
    ("export - --to rpn", SHARED, 3, "more than 10^903"),
    ("eval - --evaluator balls", TOWER, 3, "too large to write down"),
    ("eval sin(x) --at x=1 --digits 20000", "", 2, "digits"),
    ("render x --limit 999999999999999999999", "", 0, "x"),
)  # fmt: skip
PROGRAM = """
import io, json, resource, sys
from contextlib import redirect_stderr, redirect_stdout
resource.setrlimit(resource.RLIMIT_AS, (4_000_000 * 1024, 4_000_000 * 1024))
from emlc.cli import run
for words, text in json.load(sys.stdin):
    out, err = io.StringIO(), io.StringIO()
    sys.stdin = io.TextIOWrapper(io.BytesIO(text.encode()), encoding="utf-8")
    with redirect_stdout(out), redirect_stderr(err):
        status = run(words.split())
    print(json.dumps([status, (out.getvalue() + err.getvalue())[-4000:]]), flush=True)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the cap of memory is Linux's")
def test_what_is_too_large_is_told_within_four_gigabytes() -> None:
    asked = json.dumps([case[:2] for case in CASES])
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], input=asked, capture_output=True, text=True
    )
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0 and len(found) == len(CASES), done.stderr
    for (words, _, status, says), (got, said) in zip(CASES, found, strict=True):
        assert (got, says in said) == (status, True), (words, got, said[-300:])
        assert "Traceback" not in said


def test_memory_that_is_over_is_a_limit() -> None:
    """300 MB hold the program, and not a formula of two million characters."""
    program = PROGRAM.replace("4_000_000 * 1024", "300 * 1024 * 1024")
    asked = json.dumps([["compile - --no-check", "+".join(f"x{k}" for k in range(250_000))]])
    done = subprocess.run(
        [sys.executable, "-c", program], input=asked, capture_output=True, text=True
    )
    status, said = json.loads(done.stdout)
    assert (status, "memory" in said) == (LimitError.exit_code, True), said


def saved() -> io.BytesIO:
    file = io.BytesIO()
    np.savez(file, x=np.zeros(100))
    file.seek(0)
    return file


def sympy(text: str) -> object:
    return emlc.to_sympy(parse(text).root)


# Limit, another value, what reaches it, and what does not.
REACHED: tuple[tuple[str, int, Callable[[], object], Callable[[], object]], ...] = (
    ("FORMULA_CHARS", 5, lambda: parse("x+1+2+3"), lambda: parse("x+1+2")),
    ("FORMULA_PARTS", 5, lambda: emlc.compile("x+y+z+w"), lambda: emlc.compile("x+y+z")),
    ("TREE_CHARS", 7, lambda: emlc.parse_tree("111xE1EEE"), lambda: emlc.parse_tree("11xE1EE")),
    ("LITERAL_DIGITS", 6, lambda: parse("1234567"), lambda: parse("123456")),
    ("LITERAL_TOTAL", 10, lambda: parse("12345+1/123456"), lambda: parse("12345+1/12345")),
    ("WRITTEN_NODES", 7, lambda: emlc.show(parse(SHARED).root), lambda: emlc.show(parse("x").root)),
    ("DOMAIN_NODES", 3, lambda: emlc.compile("ln(x+y+z)"), lambda: emlc.compile("ln(x+y)")),
    ("ARRAY_BYTES", 900, lambda: arrays.read(saved(), "a.npz"), lambda: None),
    ("SYMPY_DEPTH", 2, lambda: sympy("ln(ln(ln(x)))"), lambda: sympy("ln(x)")),
    ("SYMPY_ENTRIES", 3, lambda: sympy("x+y+z"), lambda: sympy("x+y")),
)  # fmt: skip
SERVERS = {"REQUEST_BYTES", "REQUESTS", "CHILD_MEMORY", "CHILD_SECONDS"}  # see test_explore


@pytest.mark.parametrize(("name", "value", "beyond", "below"), REACHED, ids=[r[0] for r in REACHED])
def test_a_limit_that_is_reached_is_named(
    name: str, value: int, beyond: Callable[[], object], below: Callable[[], object],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    beyond() if name != "WRITTEN_NODES" else None
    monkeypatch.setattr(limits, name, value)
    below()
    with pytest.raises(LimitError) as caught:
        beyond()
    said = caught.value.render()
    assert f"EMLC_{name}" in said


def test_the_environment_sets_every_limit() -> None:
    names = {name for name in vars(limits) if name.isupper()}
    assert names == {row[0] for row in REACHED} | SERVERS
    program = "from emlc import limits; print({v for k, v in vars(limits).items() if k.isupper()})"
    environment = {**os.environ, **{f"EMLC_{name}": "5" for name in names}}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=environment
    )
    assert done.stdout == "{5}\n", done.stderr


def test_a_tower_of_exponentials_is_undecided() -> None:
    for height in range(5, 9):
        root = parse(json.dumps({"nodes": [["1"], *([k, k] for k in range(height))]})).root
        assert evaluate(emlc.flatten(root)).kind == "undecided"
