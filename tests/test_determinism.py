"""The same input gives the same bytes, in any hash seed and on any number of threads."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np

import emlc

# Proofs and comparisons stop when their time is over, which --no-check leaves out.
COMMANDS = (
    "compile sin(x)^2+exp(-y/2)*a --no-check --json",
    "compile x^2+y^2+z^2-x*y*z --no-check --explain",
    "compile atan(x*y) --domain x:real --no-check --mode shortest --format wolfram",
    "compile 2x+3y --emit simplify",
    "check ln(x) 11xE1EE --domain x:real --json",
    "decompile 1111xEE1EEyE1EE1E",
    "eval x^y+sin(x*y) --at x=2 y=1/3 --digits 30",
    "diff x*sin(x*y)/y --wrt x --no-check --json",
    "export sin(x)*exp(-y)+x^3 --to c",
    "export hypot(x,y)*atan2(y,x) --to numpy --gradient",
    "render x*y+1 --style dag",
    "render sqrt(x) --style macro -o -.svg",
    "table ln add",
)
PROGRAM = """
import sys
from emlc.cli import run
for line in sys.argv[1:]:
    print("==", line, run(line.split()))
"""


def said(seed: str, folder: Path) -> bytes:
    environment = {**os.environ, "PYTHONHASHSEED": seed, "COLUMNS": "80"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *COMMANDS], capture_output=True, env=environment,
        cwd=folder, check=True,
    )  # fmt: skip
    return done.stdout + (folder / "-.svg").read_bytes()


def test_hash_seeds_change_nothing(tmp_path: Path) -> None:
    first = said("0", tmp_path)
    assert first.count(b"==") == len(COMMANDS) and len(first) > 5000
    assert b" 2\n==" not in first, "a command line is wrong"
    for seed in ("1", "31337"):
        assert said(seed, tmp_path) == first


def test_threads_change_nothing() -> None:
    rng = np.random.default_rng(5)
    x, y = rng.normal(size=(2, 400_000)) * 30
    for text in ("exp(-x^2)*sin(y)+hypot(x,y)", "x/(1+y^2)", "ln(1+exp(x))*tanh(y)"):
        one, two = (emlc.evaluator(text, threads=n)(x=x, y=y) for n in (1, 2))
        assert one.tobytes() == two.tobytes()
