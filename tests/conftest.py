"""A way to run the command line in this process."""

from __future__ import annotations

import io
import json
import re
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from emlc.cli import run

# A job in the background of a shell ignores Ctrl-C, and so would the commands that tests interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def steady(text: str) -> str:
    """The text as a machine with time enough prints it: a slow one compares fewer points."""
    text = re.sub(r"\b\d+(?=\s+points of the domain)", "210", text)
    text = re.sub(r"\b\d+(?=\s+points, largest)", "100", text)  # a compiler's, beside a proof
    return re.sub(r"(?m)^(proved: .*)\b100(?= points, largest)", r"\g<1>210", text)


class Done:
    """What one command line did."""

    def __init__(self, status: int, out: str, err: str) -> None:
        self.status, self.out, self.err = status, out, err

    @property
    def json(self) -> Any:
        """The one document on standard output, read strictly."""

        def refuse(word: str) -> Any:
            raise AssertionError(f"{word} is not JSON")

        return json.loads(self.out, parse_constant=refuse)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A pipe of 80 columns, in an empty folder."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def emlc(
    terminal: None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Any:
    """Runs a command line in this process."""

    def call(*args: str, stdin: str | bytes = "") -> Done:
        data = stdin.encode() if isinstance(stdin, str) else stdin
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data), encoding="utf-8"))
        capsys.readouterr()
        status = run(args)
        captured = capsys.readouterr()
        return Done(status, captured.out, captured.err)

    return call


def contrast(front: str, back: str) -> float:
    """The ratio of the luminances of two colours, #rrggbb or #rgb (WCAG 2.2)."""
    light = []
    for colour in (front, back):
        colour = colour if len(colour) == 7 else "#" + "".join(2 * c for c in colour[1:])
        parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
        flat = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        light.append(sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), flat, strict=True)))
    return (max(light) + 0.05) / (min(light) + 0.05)
