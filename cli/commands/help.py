"""`tenure help`: the help of a command, by its name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from cli import exit_codes
from cli.command import Command, Group
from cli.exit_codes import CliError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


def _complete(context: click.Context, _: click.Parameter, typed: str) -> list[CompletionItem[str]]:
    """Returns the commands that begin with what is typed, of the group that is typed already."""
    explained = _context_of(context, context.params.get("words") or ())
    group = explained.command
    return group.shell_complete(explained, typed) if isinstance(group, Group) else []


@click.command("help", cls=Command)
@click.argument("words", nargs=-1, metavar="[COMMAND]...", shell_complete=_complete)
@click.pass_context
def help_command(context: click.Context, words: tuple[str, ...]) -> int:
    """Explain COMMAND, as its `--help` does. Without COMMAND, list all commands.

    A command of `support` has two words: `tenure help support offboard`.
    """
    click.echo(_context_of(context, words).get_help())
    return exit_codes.DONE


def _context_of(context: click.Context, words: Sequence[str]) -> click.Context:
    """Returns the context of the command that the words name. Raises `CliError`."""
    found = context.find_root()
    for word in words:
        group = found.command
        if not isinstance(group, Group):
            path = found.command_path
            raise CliError(f"{path} has no commands of its own", f"`{path} --help` explains it")
        found = click.Context(group.find(found, word), found, word, color=context.color)
    return found


COMMANDS = {"help": help_command}
