"""emlc completion: the script that completes commands in a shell."""

from __future__ import annotations

import click

from emlc.cli.command import Command, common
from emlc.cli.report import document, result

SHELLS = ("bash", "zsh", "fish")


@click.command(cls=Command, short_help="Print the script that completes commands in a shell.")
@click.argument("shell", type=click.Choice(SHELLS))
@common
@click.pass_context
def command(ctx: click.Context, shell: str, as_json: bool) -> None:
    """Print the script that completes commands and options in a shell.

    \b
    bash: put  eval "$(emlc completion bash)"  into ~/.bashrc
    zsh:  put  eval "$(emlc completion zsh)"  into ~/.zshrc
    fish: emlc completion fish > ~/.config/fish/completions/emlc.fish
    """
    from click.shell_completion import get_completion_class

    found = get_completion_class(shell)
    assert found is not None, shell
    script = found(ctx.find_root().command, {}, "emlc", "_EMLC_COMPLETE").source()
    if as_json:
        document(shell=shell, script=script)
    else:
        result(script)
