"""`tenure completion`: the script that completes commands in a shell."""

from __future__ import annotations

from importlib.resources import files

import click

from cli import exit_codes
from cli.command import Command
from cli.names import OneOf

_SCRIPTS = {"bash": "tenure.bash", "zsh": "_tenure", "fish": "tenure.fish"}


@click.command("completion", cls=Command)
@click.argument("shell", type=OneOf("shell", _SCRIPTS), metavar="SHELL")
def completion_command(shell: str) -> int:
    """Print the script that completes commands in SHELL: bash, zsh or fish.

    bash: add the line `eval "$(tenure completion bash)"` to ~/.bashrc.

    zsh: `tenure completion zsh > DIR/_tenure`, where DIR is a directory of $fpath.

    fish: `tenure completion fish > ~/.config/fish/completions/tenure.fish`.
    """
    script = files("cli") / "completion" / "scripts" / _SCRIPTS[shell]
    click.echo(script.read_text("utf-8"), nl=False)
    return exit_codes.DONE


COMMANDS = {"completion": completion_command}
