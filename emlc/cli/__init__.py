"""The command line: which commands there are, and what becomes of an error."""

from __future__ import annotations

import atexit
import gc
import os
import signal
import sys
import threading
from collections.abc import Sequence
from importlib import import_module
from types import TracebackType

import click

from emlc import __version__
from emlc.cli.report import INTERRUPTED, failed, use_streams, width
from emlc.errors import EmlcError, LimitError, UsageError

PIPE_CLOSED = 141
_AGAIN = 0.02  # seconds
_COMPLETE = "_EMLC_COMPLETE"

_COMMANDS = {
    "compile": "Compile a formula to a pure EML tree.",
    "check": "Say whether a tree means a formula.",
    "eval": "Evaluate a formula or a tree.",
    "decompile": "Read a pure tree back as a formula.",
    "diff": "Differentiate a formula or a tree.",
    "render": "Draw a formula's tree.",
    "explore": "Make a page in which a tree unfolds.",
    "export": "Write a formula in another language.",
    "search": "Find the smallest trees, and prove that none is smaller.",
    "fit": "Find formulas for a column of data.",
    "train": "Train circuits of eml gates on the paper's targets.",
    "basis": "Reach all primitives from the operator alone.",
    "table": "List the smallest known trees of the functions.",
    "doctor": "Say what is installed and where the cache is.",
    "completion": "Print the script that completes commands in a shell.",
}


class InternalError(EmlcError):
    """An error that nobody foresaw."""

    kind = "internal"
    exit_code = 70


class _Commands(click.Group):
    """Imports a command only when it is called; its line in the help is known without."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        found: click.Command = import_module(f"emlc.cli.{cmd_name}").command
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in _COMMANDS and not ctx.resilient_parsing:
            raise _no_command(args[0])
        return super().resolve_command(ctx, args)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0].startswith("-") and args[0] not in ("--help", "--version"):
            raise _no_command(args[0])
        return super().parse_args(ctx, args)


def _no_command(word: str) -> UsageError:
    import difflib

    near = difflib.get_close_matches(word, _COMMANDS, 1)
    if near:
        return UsageError(f"no command {word}", hint=f"did you mean emlc {near[0]}?")
    if word.startswith("--"):
        return UsageError(f"no option {word} before the command", hint="see emlc --help")
    shown = word if len(word) < 40 else "EXPR"
    return UsageError(f"no command {shown}", hint=f'for a formula, write emlc compile "{shown}"')


@click.group(cls=_Commands, epilog="`emlc COMMAND --help` explains a command and its options.")
@click.version_option(__version__, prog_name="emlc")
def emlc() -> None:
    """Turn formulas into trees over eml(x, y) = exp(x) - ln(y), and check them.

    A formula is what you would type, such as "sin(x)^2 + 2y"; LaTeX, Wolfram and trees in any
    notation are read too, and - reads standard input. Results go to standard output, everything
    else to standard error. Exit status: 0 done, 1 the input or the claim is wrong, 2 the command
    line is wrong, 3 a limit was reached or nothing could be decided, 130 interrupted.
    """


def run(args: Sequence[str]) -> int:
    """Run one command line and return its exit status; errors are reported, not raised."""
    words = list(args[: args.index("--")] if "--" in args else args)
    as_json = "--json" in words
    try:
        status = _run(list(args) or ["--help"])
        sys.stdout.flush()
        return status
    except BrokenPipeError:
        # The reader is gone; what is still buffered must not raise again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED
    except (KeyboardInterrupt, click.Abort):
        return INTERRUPTED
    except (EmlcError, click.ClickException, RecursionError, MemoryError, OSError) as error:
        if "--debug" in words:
            import traceback

            traceback.print_exception(error)
        found = _explained(error)
    try:
        failed(found, as_json)
    except OSError:  # standard output is what cannot be written
        failed(found, False)
    return found.exit_code


def _explained(error: Exception) -> EmlcError:
    """Any foreseen error as one of ours."""
    if isinstance(error, EmlcError):
        return error
    if isinstance(error, click.ClickException):
        return _usage(error)
    if isinstance(error, OSError):
        return EmlcError(f"{error.filename or 'output'}: {error.strerror}")
    if isinstance(error, MemoryError):
        return LimitError("there is not enough memory for this input")
    return LimitError("the input is nested too deeply for this command")


def _run(args: list[str]) -> int:
    try:
        # click itself writes no narrower than 50 columns.
        with emlc.make_context("emlc", args, terminal_width=min(width(), 80) - 2) as ctx:
            status = emlc.invoke(ctx)
    except click.exceptions.Exit as done:
        return done.exit_code
    return status if isinstance(status, int) else 0


def _usage(error: click.ClickException) -> UsageError:
    """A complaint of click's in our words."""
    message = " ".join(error.format_message().split()).rstrip(".,")
    hint = None
    if isinstance(error, click.UsageError) and error.ctx is not None:
        hint = f"see {error.ctx.command_path} --help"
        if "unexpected extra argument" in message:
            hint = "put a formula that has spaces between quotes"
    return UsageError(message[:1].lower() + message[1:], hint=hint)


class _Interrupts:
    """Ctrl-C, and being told to end, as a KeyboardInterrupt that nothing swallows.

    Where Python calls back from compiled code, such as LLVM's, an exception is printed and lost: it
    is raised again a moment later, and what fails for want of it meanwhile is no bug.
    """

    lost = False

    def listen(self) -> None:
        """Begin; a signal that the caller has ignored stays so."""
        for number in (signal.SIGINT, signal.SIGTERM):
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, signal.default_int_handler)
        sys.unraisablehook = self._unraisable

    def _unraisable(self, found: sys.UnraisableHookArgs) -> None:
        if not issubclass(found.exc_type, KeyboardInterrupt):
            sys.__unraisablehook__(found)
            return
        self.lost = True
        again = threading.Timer(_AGAIN, _interrupt)
        again.daemon = True
        again.start()


def _interrupt() -> None:
    """Interrupt the main thread, also where it waits."""
    ignored = signal.getsignal(signal.SIGINT) is signal.SIG_IGN  # as in a shell's background
    number = signal.SIGTERM if ignored else signal.SIGINT
    if hasattr(signal, "pthread_kill"):
        signal.pthread_kill(threading.main_thread().ident or 0, number)
    else:
        signal.raise_signal(number)


_interrupts = _Interrupts()


def _report_bug(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """The last resort: an error nobody foresaw is one line, or a traceback with --debug."""
    if _interrupts.lost or issubclass(kind, KeyboardInterrupt):
        os._exit(INTERRUPTED)
    if "--debug" in sys.argv:
        sys.__excepthook__(kind, error, trace)
    else:
        hint = "this is a bug in emlc; --debug shows where it happened"
        failed(InternalError(f"{kind.__name__}: {error}", hint=hint), "--json" in sys.argv)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(InternalError.exit_code)


def main() -> None:
    """The entry point of the `emlc` program."""
    # Expressions hold no cycles: looking for some among a million nodes costs seconds.
    gc.set_threshold(500_000, 50, 100)
    use_streams()
    instruction = os.environ.get(_COMPLETE)
    if instruction:
        from click.shell_completion import shell_complete

        sys.exit(shell_complete(emlc, {}, "emlc", _COMPLETE, instruction))
    sys.excepthook = _report_bug
    _interrupts.listen()
    status = run(sys.argv[1:])
    sys.stderr.flush()
    # Taking a million nodes apart one by one at exit costs more than a second.
    atexit._run_exitfuncs()
    os._exit(status)
