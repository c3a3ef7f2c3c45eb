"""Fuzzing for as long as wanted: `python -m tests.fuzz SECONDS [--guided]`.

Takes the tests of this folder in turn, each time with a new seed. With --guided, atheris drives
the tests of the readers by the branches that they reach (`pip install atheris`). A finding is
printed and the run goes on; the exit status is 1 where there was one.
"""

from __future__ import annotations

import argparse
import importlib
import itertools
import os
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import hypothesis
from hypothesis import strategies as st

MODULES = ("test_fuzz_readers", "test_fuzz_commands", "test_fuzz_sympy")
Target = tuple[str, Callable[..., Any], dict[str, Any]]


class Log:
    """Findings, each kind once, and how often each target was taken."""

    def __init__(self, seconds: float) -> None:
        self.seen, self.runs = set[tuple[object, ...]](), dict[str, int]()
        self.begun, self.seconds = time.monotonic(), seconds

    def run(self, name: str, how: str, call: Callable[[], Any]) -> None:
        """One call; what it raises is a finding."""
        self.runs[name] = self.runs.get(name, 0) + 1
        try:
            call()
        except Exception as error:  # noqa: BLE001  (whatever it is, it is a finding)
            last = traceback.extract_tb(error.__traceback__)[-1]
            kind = name, type(error), last.filename, last.lineno
            if kind not in self.seen:
                self.seen.add(kind)
                self.say(f"FOUND by {name}, {how}\n{''.join(traceback.format_exception(error))}")

    def say(self, text: str) -> None:
        passed = f"{time.monotonic() - self.begun:.0f} s, {time.process_time():.0f} s of processor"
        sys.stdout.write(f"[{passed}] {text}\n")
        sys.stdout.flush()

    def over(self) -> bool:
        return time.monotonic() - self.begun > self.seconds

    def close(self) -> int:
        self.say(f"{len(self.seen)} findings; calls of each: {self.runs}")
        return int(bool(self.seen))


def targets(names: tuple[str, ...]) -> Iterator[Target]:
    """Every test of hypothesis, with what its parameters may be."""
    for module in (importlib.import_module(f"tests.fuzz.{name}") for name in names):
        for name, test in vars(module).items():
            if not hypothesis.is_hypothesis_test(test):
                continue
            marks = [m for m in getattr(test, "pytestmark", ()) if m.name == "parametrize"]
            if marks:
                (mark,) = marks
                for value in mark.args[1]:
                    yield f"{name}[{value}]", test, {mark.args[0]: value}
            else:
                yield name, test, {"child": module.Child()} if hasattr(module, "Child") else {}


def in_turn(log: Log) -> int:
    """Each target with a new seed, around and around."""
    every = list(targets(MODULES))
    for seed in itertools.count(int(time.time())):
        for name, test, kept in every:
            if log.over():
                return log.close()
            seeded = hypothesis.seed(seed)(test)
            log.run(name, f"seed {seed}", lambda test=seeded, kept=kept: test(**kept))
        log.say(f"{len(log.seen)} findings in {min(log.runs.values())} rounds")
    raise AssertionError


def guided(log: Log) -> None:
    """The first byte chooses the target, the others are its example. Ends the process."""
    import atheris

    with atheris.instrument_imports(include=["emlc", "lark"]):
        every = list(targets(MODULES[:1]))
    takers = []
    for name, test, kept in every:
        drawn = {**test.hypothesis._given_kwargs, **{k: st.just(v) for k, v in kept.items()}}
        whole = hypothesis.given(**drawn)(test.hypothesis.inner_test)
        takers.append((name, whole.hypothesis.fuzz_one_input))

    def one(data: bytes) -> None:
        if log.over():
            os._exit(log.close())
        name, take = takers[data[0] % len(takers) if data else 0]
        log.run(name, f"bytes {data!r}", lambda: take(data[1:]))

    atheris.Setup([sys.argv[0], "-max_len=4096", "-len_control=0", "-timeout=300"], one)
    atheris.Fuzz()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("seconds", type=float)
    parser.add_argument("--guided", action="store_true")
    options = parser.parse_args()
    os.environ.setdefault("EMLC_FUZZ", "0.999")  # as many examples as usual, others each time
    os.environ["COLUMNS"] = "80"
    log = Log(options.seconds)
    with tempfile.TemporaryDirectory() as folder:
        # The commands write files.
        sys.path.insert(0, os.getcwd())
        os.chdir(folder)
        if options.guided:
            guided(log)
        return in_turn(log)


if __name__ == "__main__":
    sys.exit(main())
