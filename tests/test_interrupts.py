"""Ctrl-C and SIGTERM: status 130, what is known, and nothing left behind."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent

LOST = """
import ctypes, signal, time
from emlc.cli import _interrupts
_interrupts.listen()
called = ctypes.CFUNCTYPE(None)(lambda: signal.raise_signal(signal.SIG{name}))
try:
    called()  # what is raised here is lost
    time.sleep(20)
except KeyboardInterrupt:
    print("heard")
"""
EARLY = """
import signal, sys
class Finder:
    def find_spec(self, name, path, target=None):
        if name == "emlc.cli":
            signal.raise_signal(signal.SIG{name})
sys.meta_path.insert(0, Finder())
from emlc.__main__ import main
main()
"""


@pytest.mark.parametrize("name", ["INT", "TERM"])
@pytest.mark.parametrize(("text", "answer"), [(LOST, (0, "heard\n", "")), (EARLY, (130, "", ""))])
def test_an_interrupt_is_heard_at_any_moment(
    name: str, text: str, answer: tuple[int, str, str]
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", text.replace("{name}", name)], capture_output=True, text=True,
        cwd=ROOT, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == answer


def interrupted_after(calls: int, function: Any) -> Any:
    """The function, which as many calls later is interrupted."""
    left = iter(range(calls))

    def call(*args: Any, **options: Any) -> Any:
        if next(left, None) is None:
            raise KeyboardInterrupt
        return function(*args, **options)

    return call


def test_a_table_shows_the_rows_that_are_done(emlc: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from emlc.pipeline import compile

    monkeypatch.setattr("emlc.pipeline.compile", interrupted_after(2, compile))
    done = emlc("table", "exp", "ln", "x*y", "--json")
    assert (done.status, [row["name"] for row in done.json["rows"]]) == (130, ["exp", "ln"])
    assert done.json["missing"] == ["x*y"] and "interrupted" in done.err


def test_training_counts_the_runs_that_are_done(emlc: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from emlc.regress.train import Circuit

    monkeypatch.setattr(Circuit, "train", interrupted_after(3, Circuit.train))
    done = emlc("train", "--depth", "2", "--seeds", "5", "--json")
    assert (done.status, [row["seeds"] for row in done.json["rows"]]) == (130, [2])


def test_samples_tell_below_what_there_is_no_tree(
    emlc: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from emlc.regress.sets import Sets

    Path("d.csv").write_text("x,y\n" + "".join(f"0.{k},{k * k % 7}.3\n" for k in range(1, 10)))
    emlc("search", "--data", "d.csv", "--time", "0.1")
    monkeypatch.setattr(Sets, "join", interrupted_after(6, Sets.join))
    done = emlc("search", "--data", "d.csv", "--json")
    assert (done.status, done.json["found"]) == (130, [])
    assert done.json["lower_bound"] >= 5


def test_no_child_outlives_the_process() -> None:
    text = """
import threading, time
from emlc import child
words = ["-n", "1000000000", "pass"]
threading.Thread(target=child.run, args=("timeit", words, b"", 60.0), daemon=True).start()
while not child._running:
    time.sleep(0.01)
print(next(iter(child._running)).pid)
"""
    done = subprocess.run(
        [sys.executable, "-c", text], capture_output=True, text=True, cwd=ROOT, check=True
    )
    state = Path(f"/proc/{done.stdout.strip()}/stat")
    until = time.monotonic() + 10
    while state.exists() and ") Z" not in state.read_text() and time.monotonic() < until:
        time.sleep(0.05)
    assert not state.exists() or ") Z" in state.read_text()


def test_nothing_is_left_where_there_is_no_cache(tmp_path: Path) -> None:
    told = {**os.environ, "EMLC_CACHE_DIR": "/dev/null/none", "TMPDIR": str(tmp_path)}
    words = [sys.executable, "-m", "emlc", "eval", "x*y", "--at", "x=2", "y=3"]
    done = subprocess.run(words, capture_output=True, text=True, env=told, cwd=ROOT, check=True)
    assert (done.stdout, list(tmp_path.iterdir())) == ("6.0\n", [])


def test_a_full_standard_output_is_one_error() -> None:
    words = [sys.executable, "-m", "emlc", "compile", "x", "--json"]
    with open("/dev/full", "wb") as full:
        done = subprocess.run(words, stdout=full, stderr=subprocess.PIPE, text=True, cwd=ROOT)
    assert (done.returncode, done.stderr) == (1, "error: output: No space left on device\n")
