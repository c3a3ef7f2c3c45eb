"""What the commands print: results on standard output, all the rest on standard error."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Container, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TextIO

from emlc import files
from emlc.errors import EmlcError

if TYPE_CHECKING:
    from emlc.check import Verdict

_COLOURS = {"bold": "1", "red": "31", "green": "32", "yellow": "33", "faint": "2"}
_STATUS = {"proved": "green", "agrees": "green", "refuted": "red", "unknown": "yellow"}
INTERRUPTED = 130  # the exit status after Ctrl-C
_LABEL = 10
_LISTED = 8
_NAMED = 24
_EXACT_DIGITS = 30


def use_streams() -> None:
    """Let no character that a terminal cannot show stop a command, nor any length of a number."""
    sys.set_int_max_str_digits(0)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def colourful(stream: TextIO) -> bool:
    """Whether the stream is a terminal that wants colours."""
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return stream.isatty() and not plain


def paint(text: str, colour: str, stream: TextIO) -> str:
    """The text in a colour, where the stream shows colours."""
    return f"\033[{_COLOURS[colour]}m{text}\033[0m" if colourful(stream) else text


def width() -> int:
    """Columns to write in."""
    import shutil

    return max(40, min(shutil.get_terminal_size().columns, 100))


# -- results -----------------------------------------------------------------------------------


def result(text: str, output: str | None = None) -> None:
    """Print a result, or write it to the file."""
    if not text.endswith("\n"):
        text += "\n"
    if output is None:
        sys.stdout.write(text)
    else:
        write_file(output, text)


def write_file(name: str, content: str | bytes) -> None:
    """Write a file, whole or not at all, and say so. Raises OSError."""
    data = content.encode() if isinstance(content, str) else content
    with files.output(name) as stream:
        stream.write(data)
    note("wrote", f"{name} ({_bytes(len(data))})")


def _bytes(count: int) -> str:
    return f"{count} bytes" if count < 10_000 else f"{count / 1000:,.0f} kB"


def document(**entries: Any) -> None:
    """Print one JSON document; a number that is none is null, an infinite one a string."""
    import json

    sys.stdout.write(json.dumps({"schema": 1, **entries}, allow_nan=False) + "\n")


def plain(value: complex) -> Any:
    """A value as JSON has it: a number, a pair for a complex one, null for nan."""
    if isinstance(value, complex):
        return [plain(value.real), plain(value.imag)]
    if math.isnan(value):
        return None
    return float(value) if math.isfinite(value) else ("Infinity" if value > 0 else "-Infinity")


def verdict_json(verdict: Verdict) -> dict[str, Any]:
    """The verdict with a worst difference that JSON can hold."""
    return {**verdict.to_json(), "worst": plain(verdict.worst)}


def steps_json(steps: Sequence[tuple[str, str]]) -> list[dict[str, str]]:
    """The identities of a derivation."""
    return [{"identity": what, "licensed_by": why} for what, why in steps]


def fitted(text: str, margin: int = 0) -> str:
    """A result in lines that fit the terminal beside a margin; in a pipe, one line as it is."""
    import textwrap

    if not sys.stdout.isatty():
        return text
    room = max(20, width() - margin)
    return f"\n{'':<{margin}}".join(textwrap.wrap(text, room, break_on_hyphens=False))


# -- words for people --------------------------------------------------------------------------


def note(label: str, text: str, status: str = "") -> None:
    """One line of the report, wrapped under its label; a status that it opens with is coloured."""
    import textwrap

    lines = textwrap.wrap(text, width() - _LABEL, break_long_words=False) or [""]
    head = paint(f"{label:<{_LABEL}}", "faint", sys.stderr)
    said = coloured(f"\n{'':<{_LABEL}}".join(lines), status, sys.stderr)
    sys.stderr.write(head + said + "\n")


def warn(text: str) -> None:
    """Say what a person should know although the command went on."""
    sys.stderr.write(f"{paint('warning:', 'yellow', sys.stderr)} {text}\n")


@contextmanager
def warnings_told() -> Iterator[None]:
    """Python's warnings in our words."""
    import warnings

    def tell(message: Warning | str, *_: Any, **__: Any) -> None:
        warn(str(message))

    with warnings.catch_warnings():
        warnings.showwarning = tell
        yield


def failed(error: EmlcError, as_json: bool) -> None:
    """Report an error: one JSON document on standard output, or words on standard error."""
    if as_json:
        span = None if error.span is None else [error.span.start, error.span.end]
        document(
            error={"kind": error.kind, "message": error.message, "span": span, "hint": error.hint}
        )
        sys.stdout.flush()
        return
    text = error.render()
    sys.stderr.write(paint("error:", "red", sys.stderr) + text.removeprefix("error:") + "\n")


def coloured(text: str, status: str, stream: TextIO) -> str:
    """The text with the status that it opens with in its colour; lines are broken before that."""
    if not status:
        return text
    return paint(status, _STATUS[status], stream) + text.removeprefix(status)


def judged(verdict: Verdict) -> str:
    """The verdict in a line: what, how, and how far apart the two were."""
    text = f"{verdict.status}: {verdict.how}"
    if verdict.points and verdict.status in ("proved", "agrees"):
        if verdict.status == "proved" and verdict.points > 1:
            text += f"; compared at {verdict.points} points"
        text += f", largest difference {verdict.gap}"
    return text


def derivation(steps: Sequence[tuple[str, str]]) -> str:
    """The identities that a proof used, one a line, each with the fact that licensed it."""
    if not steps:
        return "no identity beside exp(ln u) = u and ln(exp u) = u of real u was needed"
    wide = max(len(what) for what, _ in steps)
    lines = [f"{k:>3}. {what:<{wide}}   since {why}" for k, (what, why) in enumerate(steps, 1)]
    return "\n".join(lines)


def listed(points: Sequence[str]) -> str:
    """Excluded points by their reasons; the rest by number where they are many."""
    reasons: dict[str, list[str]] = {}
    for text in points[:_LISTED]:
        point, _, reason = text.partition(": ")
        reasons.setdefault(reason, []).append(point)
    said = "; ".join(f"{', '.join(group)}: {reason}" for reason, group in reasons.items())
    rest = len(points) - _LISTED
    return f"{said}; {rest} more (--json lists all)" if rest > 0 else said


def aligned(rows: Sequence[tuple[str, ...]], numeric: Container[int]) -> str:
    """Columns of text, those of numbers to the right."""
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    lines = (
        "  ".join(
            cell.rjust(w) if k in numeric else cell.ljust(w)
            for k, (cell, w) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    )
    return "\n".join(line.rstrip() for line in lines)


def domain_text(domain: dict[str, str]) -> str:
    """A domain as a person reads it, the first variables and how many more where they are many."""
    from emlc.ir.domain import in_words

    shown = dict(list(domain.items())[:_NAMED])
    rest = len(domain) - len(shown)
    return (in_words(shown) or "no variables") + (f", and {rest:,} more" if rest else "")


def count(n: int) -> str:
    """An exact count, or its power of ten where nobody would read the digits."""
    if n < 10**_EXACT_DIGITS:
        return str(n)
    digits = str(n)
    return f"about {digits[0]}.{digits[1:3]}*10^{len(digits) - 1} ({len(digits)} digits)"


def number(value: complex) -> str:
    """The shortest text that reads back as the value; a+bi for a complex one."""
    if not isinstance(value, complex):
        return repr(float(value))
    if value.real != value.real or value.imag != value.imag:
        return "nan"
    if not value.imag:
        return repr(value.real)
    imaginary = f"{abs(value.imag)!r}i"
    sign = "-" if math.copysign(1, value.imag) < 0 else "+"
    if not value.real:
        return imaginary if sign == "+" else f"-{imaginary}"
    return f"{value.real!r}{sign}{imaginary}"
