"""Whatever stands on the command line, in a data file or in a checkpoint: no traceback, ever."""

from __future__ import annotations

import io
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emlc.cli import run
from tests.fuzz import settings
from tests.fuzz.texts import lines

_SECONDS = 120
_KNOWN = (0, 1, 2, 3)


@contextmanager
def soon() -> Iterator[None]:
    """An error after two minutes of processor time."""

    def stop(*_: object) -> None:
        raise AssertionError(f"no answer in {_SECONDS} s")

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, _SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


@pytest.fixture(autouse=True, scope="module")
def _elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A folder of its own for what commands write, and empty standard input."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("fuzz"))
        patch.setenv("COLUMNS", "80")
        yield


def status(words: list[str], stdin: bytes = b"") -> int:
    """The exit status of a command line; an exception that nobody foresaw is raised."""
    out, err = io.StringIO(), io.StringIO()
    kept, sys.stdin = sys.stdin, io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8")
    try:
        with redirect_stdout(out), redirect_stderr(err), soon():
            found = run(words)
    finally:
        sys.stdin = kept
    assert found in _KNOWN, (words, found)
    said = err.getvalue()
    assert "Traceback" not in said
    if found in (1, 2) and "check" not in words:
        assert "error" in said or "error" in out.getvalue(), (words, found, said)
    return found


@settings(60)
@given(lines)
def test_command_lines(words: list[str]) -> None:
    status(words)


@settings(25)
@given(st.binary(max_size=60), st.sampled_from(("compile", "decompile", "eval", "render")))
def test_bytes_on_standard_input(data: bytes, command: str) -> None:
    status([command, "-"], data)


_cells = st.sampled_from(
    ("1", "2.5", "-3e8", "nan", "inf", "", " ", "x", "1+2i", "1e999", "0x1", "1_0", '"1"', '"', "é",
     "'", "1;2", "\0", "½", "True", "1j", "٣")
)  # fmt: skip
_names = st.sampled_from(("x", "y", "", "x ", "1", "é", "x,x", '"x"', "e", "sin", "a b", "\ufeffx"))
_tables = st.builds(
    lambda names, rows, end: end.join([",".join(names), *(",".join(row) for row in rows), ""]),
    st.lists(_names, max_size=3),
    st.lists(st.lists(_cells, max_size=3), max_size=4),
    st.sampled_from(("\n", "\r\n", "\r", "\n\n")),
)


@settings(80)
@given(st.one_of(_tables.map(str.encode), st.binary(max_size=50)))
def test_tables_of_any_text(data: bytes) -> None:
    Path("t.csv").write_bytes(data)
    status(["eval", "x+1", "--data", "t.csv"])
    status(["eval", "x+1", "--data", "-"], data)


def _saved(save: Callable[..., None], *args: Any, **named: Any) -> bytes:
    buffer = io.BytesIO()
    save(buffer, *args, **named)
    return buffer.getvalue()


_X = np.linspace(0.5, 2.0, 30)
_FILES = (
    _saved(np.savez, x=_X, y=_X**2),
    _saved(np.save, _X),
    _saved(np.save, np.array([{"a": 1}], dtype=object)),
    _saved(np.savez, x=np.array(["a"]), y=np.array([1])),
    _saved(np.savez, x=_X.reshape(5, 6), y=_X),
)
damaged = st.builds(
    lambda data, place, patch, cut: (data[: place % len(data)] + patch + data[place % len(data) :])[
        : len(data) - cut
    ],
    st.sampled_from(_FILES), st.integers(0, 2000), st.binary(max_size=6),
    st.sampled_from((0, 0, 1, 9, 100)),
)  # fmt: skip


@settings(60)
@given(damaged, st.sampled_from(("d.npz", "d.npy")))
def test_damaged_array_files(data: bytes, name: str) -> None:
    Path(name).write_bytes(data)
    status(["eval", "x+1", "--data", name])


def test_an_array_file_with_objects_is_never_unpickled() -> None:
    Path("o.npy").write_bytes(_FILES[2])
    assert status(["eval", "x+1", "--data", "o.npy"]) == 1
