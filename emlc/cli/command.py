"""What all commands share: how their words are told apart, and where a formula comes from."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from typing import Any, TypeVar

import click

from emlc import limits
from emlc.errors import LimitError, ParseError, UsageError

F = TypeVar("F", bound=Callable[..., object])

_LONG_OPTION = re.compile(r"--[A-Za-z][A-Za-z-]+(=.*)?", re.DOTALL)


class Several(click.Option):
    """An option that takes as many values as follow it: --at x=1 y=2, or --at x=1 --at y=2.

    A word that has `sign` after a name is a value; no formula looks like that.
    """

    def __init__(self, *args: Any, sign: str, **options: Any) -> None:
        super().__init__(*args, **options)
        self.sign = sign
        self.value = re.compile(rf"\s*[^\W\d]\w*\s*{sign}")


class Command(click.Command):
    """A command whose formulas may begin with - and stand before, after and between options."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, self._arranged(ctx, args))

    def _arranged(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Options with their values first, formulas after a `--`."""
        options = {name: p for p in self.get_params(ctx) for name in p.opts if name[:1] == "-"}
        front: list[str] = []
        formulas: list[str] = []
        words = list(reversed(args))
        while words:
            word = words.pop()
            if word == "--":
                formulas += reversed(words)
                break
            name, equals, _ = word.partition("=") if word.startswith("--") else (word, "", "")
            option = options.get(name)
            if option is None:
                if _LONG_OPTION.fullmatch(word) and not ctx.resilient_parsing:
                    raise _no_option(name, ctx, options)
                formulas.append(word)
                continue
            front.append(word)
            takes_value = isinstance(option, click.Option) and not option.is_flag
            if takes_value and not equals and words:
                front.append(words.pop())
            elif takes_value and not equals and not ctx.resilient_parsing:
                raise UsageError(f"{word} needs a value", hint=f"see {ctx.command_path} --help")
            while isinstance(option, Several) and words and option.value.match(words[-1]):
                front += [name, words.pop()]
        return [*front, "--", *formulas]


def _no_option(name: str, ctx: click.Context, options: dict[str, click.Parameter]) -> UsageError:
    import difflib

    near = difflib.get_close_matches(name, options, 1)
    hint = f"see {ctx.command_path} --help; a formula that looks like an option goes after --"
    return UsageError(f"no option {name}", hint=f"did you mean {near[0]}?" if near else hint)


def common(command: F) -> F:
    """Add the options that every command has."""
    command = click.option(
        "--json", "as_json", is_flag=True, help="Print one JSON document on standard output."
    )(command)
    return click.option(
        "--debug", is_flag=True, expose_value=False, help="Show the traceback of an error."
    )(command)


def pairs(ctx: click.Context, option: click.Parameter, words: tuple[str, ...]) -> dict[str, str]:
    """The values of a `Several` option by name."""
    found: dict[str, str] = {}
    if not words:
        return found
    assert isinstance(option, Several)
    from emlc.parse.names import canonical

    between = re.compile(rf"[\s,;]+(?={option.value.pattern})")
    for word in (part for several in words for part in between.split(several)):
        written, sign, value = (part.strip() for part in word.partition(option.sign))
        name = canonical(written) or ""
        example = "x=2 y=-1/3" if option.sign == "=" else "x:real y:[0,1]"
        if not (sign and name.isidentifier() and value):
            hint = f"write {option.opts[0]} {example}"
            raise UsageError(f"{option.opts[0]} does not understand {word!r}", hint=hint)
        if name in found:
            raise UsageError(f"{option.opts[0]} gives {name} twice")
        found[name] = value
    return found


domain_option = click.option(
    "--domain",
    cls=Several,
    multiple=True,
    sign=":",
    callback=pairs,
    metavar="NAME:SET...",
    help="Where variables range: x:real y:[0,1] z:complex. Default: where the formula is real.",
)
at_option = click.option(
    "--at",
    cls=Several,
    multiple=True,
    sign="=",
    callback=pairs,
    metavar="NAME=VALUE...",
    help="A point, taken exactly: x=2 y=-1/3 z=1+2i.",
)
mode_option = click.option(
    "--mode",
    type=click.Choice(("exact", "shortest", "finite", "robust")),
    default="exact",
    help="exact: right at every point. shortest: except at listed points. finite: as exact, no "
    "infinity inside. robust: as exact, and good in complex128.",
)


def time_option(seconds: float, what: str = "Seconds at most") -> Callable[[F], F]:
    """An option of so many seconds, unless another number is given."""
    return click.option(
        "--timeout",
        "--time",
        "seconds",
        type=click.FloatRange(0, min_open=True),
        default=seconds,
        help=f"{what}: {seconds:g}.",
    )


no_check_option = click.option(
    "--no-check", is_flag=True, help="Do not compare tree and formula at points."
)
output_option = click.option(
    "-o",
    "--output",
    type=click.Path(),
    metavar="FILE",
    help="Write to this file instead of standard output.",
)


def read_text(word: str) -> str:
    """The formula itself, or standard input for `-`."""
    if word != "-":
        return word
    data = sys.stdin.buffer.read(limits.TREE_CHARS + 1)
    if len(data) > limits.TREE_CHARS:
        message = f"standard input is longer than {limits.TREE_CHARS:,} bytes"
        raise LimitError(message, hint=limits.another("TREE_CHARS"))
    try:
        return data.decode("utf-8-sig").strip()
    except UnicodeDecodeError as error:
        raise ParseError(f"standard input is not UTF-8 text: byte {error.start}") from None
