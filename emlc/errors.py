"""What can go wrong: every error names its place in the text and what would be accepted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

_WINDOW = 72


def shorten(text: str, most: int = 40) -> str:
    """The text, cut to so many characters.

    >>> shorten("a formula", 5)
    'a fo…'
    """
    return text if len(text) <= most else text[: most - 1] + "…"


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open range of character offsets into the source text."""

    start: int
    end: int


class EmlcError(Exception):
    """Base of all errors that emlc raises on purpose.

    `kind` is the machine-readable name used by `--json`, `exit_code` what the command line returns.

    >>> print(EmlcError("no such name", span=Span(2, 5), text="1+foo", hint="use x").render())
    error: no such name
      1+foo
        ^^^
      hint: use x
    """

    kind: ClassVar[str] = "error"
    exit_code: ClassVar[int] = 1

    def __init__(
        self,
        message: str,
        *,
        span: Span | None = None,
        text: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.span = span
        self.text = text
        self.hint = hint

    def render(self) -> str:
        """The error as a person reads it: message, the line with carets, the hint."""
        lines = [f"error: {self.message}"]
        if self.span is not None and self.text is not None:
            lines += _excerpt(self.text, self.span)
        if self.hint:
            lines.append(f"  hint: {self.hint}")
        return "\n".join(lines)


def _excerpt(text: str, span: Span) -> list[str]:
    """The line of `text` that holds the span, cut to a readable width, with carets below."""
    start = min(span.start, len(text))
    first = text.rfind("\n", 0, start) + 1
    last = text.find("\n", start)
    line = text[first : last if last >= 0 else len(text)]
    column = start - first
    width = max(1, min(span.end, first + len(line)) - start)
    cut = max(0, column - _WINDOW // 2)
    shown = "".join(c if c.isprintable() else "�" for c in line[cut : cut + _WINDOW])
    prefix = "…" if cut else ""
    suffix = "…" if cut + _WINDOW < len(line) else ""
    carets = " " * (column - cut + len(prefix)) + "^" * min(width, _WINDOW - (column - cut))
    return [f"  {prefix}{shown}{suffix}", f"  {carets}"]


class ParseError(EmlcError):
    """The text is not a formula or a tree."""

    kind = "parse"


class NameError_(EmlcError):
    """A function or constant that does not exist or is not elementary."""

    kind = "name"


class DomainError(EmlcError):
    """A domain that cannot be read, or a value outside the declared one."""

    kind = "domain"


class TreeError(EmlcError):
    """A tree that is not a pure EML tree, or not a valid one for this use."""

    kind = "tree"


class ArgumentError(EmlcError):
    """A missing, unknown or ill-typed argument of a public function."""

    kind = "argument"


class MissingError(EmlcError):
    """An optional package or program that this call needs is not installed."""

    kind = "missing"


class UsageError(EmlcError):
    """The command line cannot be understood."""

    kind = "usage"
    exit_code = 2


class LimitError(EmlcError):
    """A stated limit of size, time or memory was reached; the message names it."""

    kind = "limit"
    exit_code = 3
