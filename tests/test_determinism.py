"""The same input gives the same bytes, in any hash seed and on any number of threads."""

from __future__ import annotations

import os
import re
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
    *(
        f"export sin(x)*exp(-y)+x^3 --to {language}"
        for language in ("c", "python", "torch", "jax", "mpmath", "wolfram")
    ),
    "export hypot(x,y)*atan2(y,x) --to numpy --gradient",
    "render x*y+1 --style dag",
    "render sqrt(x) --style macro -o macro.svg",
    "render sin(x)*y -o tree.dot",
    "render sin(x)*y -o tree.tex",
    "explore x*y --json",
    "explore x*y -o page.html",
    "table ln add",
    "search x-1 --memory 0.05 --json",
    "search x-1 --memory 0.05 --max-size 9 --checkpoint kept --json",
    "train --depth 2 --seeds 3 --optimiser ours --json",
)
# Results that do not depend on the speed of the machine: so many formulas, and no more.
FIT = """
import numpy as np
from emlc.regress.fit import fit
from emlc.regress.options import Options
x = np.linspace(0.5, 3, 40)
y = np.exp(-x) + 0.1 * np.sin(40 * x)
found = fit({"x": x}, y, options=Options(timeout=100, max_size=12, max_fits=1, solve=False))
print("== fit", found.fits, *(e.to_json() for e in found.equations), sep="\\n")
"""
PROGRAM = """
import os, sys
if sys.argv[1] == "one":
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
from emlc.cli import run
for line in sys.argv[3:]:
    print("==", line, run(line.split()))
exec(sys.argv[2])
"""
_TIMES = re.compile(rb'"(seconds|rate|cpu_median|cpu_max)": [-+.0-9e]+')


def said(seed: str, processors: str, folder: Path) -> bytes:
    """What the commands print and write, but for the times in it."""
    environment = {**os.environ, "PYTHONHASHSEED": seed, "COLUMNS": "80"}
    folder.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, processors, FIT, *COMMANDS], capture_output=True,
        env=environment, cwd=folder, check=True,
    )  # fmt: skip
    files = b"".join(path.read_bytes() for path in sorted(folder.iterdir()))
    return _TIMES.sub(b"", done.stdout) + files


def test_neither_hash_seeds_nor_threads_change_anything(tmp_path: Path) -> None:
    first = said("0", "all", tmp_path / "0")
    assert first.count(b"==") > len(COMMANDS) and len(first) > 50_000
    assert b" 2\n==" not in first, "a command line is wrong"
    assert said("random", "one", tmp_path / "random") == first


def test_threads_change_nothing() -> None:
    rng = np.random.default_rng(5)
    x, y = rng.normal(size=(2, 400_000)) * 30
    for text in ("exp(-x^2)*sin(y)+hypot(x,y)", "x/(1+y^2)", "ln(1+exp(x))*tanh(y)"):
        one, two = (emlc.evaluator(text, threads=n)(x=x, y=y) for n in (1, 2))
        assert one.tobytes() == two.tobytes()
