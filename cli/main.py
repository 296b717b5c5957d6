"""The `tenure` command: finds the subcommand, and explains every error in a sentence and a hint.

Only the subcommand that is called is imported, so that the command starts quickly.
"""

from __future__ import annotations

import io
import os
import select
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, NoReturn

import click

from cli import exit_codes
from cli.command import Group, pager_option
from cli.command_list import COMMANDS, PARTS, load
from cli.completion import SHELL_VARIABLE
from cli.completion.offers import Offer, items
from cli.names import FILE, OneOf
from cli.terminal.screen import screen_of_process

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


def _colour_of_environment() -> bool | None:
    """Returns `False` if the environment asks for no colours. `None` leaves it to the terminal."""
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return False if plain else None


def _choose_colour(context: click.Context, _: click.Parameter, when: str | None) -> None:
    """Decides whether this command prints colours, its errors included."""
    if when is not None:
        chosen = {"always": True, "never": False}.get(when, _colour_of_environment())
        context.color = context.find_root().obj["color"] = chosen


def _with_colour(command: click.Command) -> click.Command:
    """Adds the option `--color` to a command and to its subcommands."""
    option = click.Option(
        ["--color"],
        type=OneOf("choice", ["auto", "always", "never"]),
        callback=_choose_colour,
        expose_value=False,
        help="When to print colours. Default: on a terminal without NO_COLOR.",
    )
    if not any(parameter.name == "color" for parameter in command.params):
        command.params.append(option)
    if isinstance(command, click.Group):
        for inner in command.commands.values():
            _with_colour(inner)
    return command


@contextmanager
def _reader_may_leave() -> Iterator[None]:
    """Ends the command if nobody reads its output any more, as after `head`.

    click would end it too, with the exit code of a fault. A connection of the command itself may
    break as well, which is a fault.
    """
    try:
        yield
    except BrokenPipeError as error:
        if _output_is_closed():
            raise click.exceptions.Exit(exit_codes.BROKEN_PIPE) from None
        raise ConnectionError from error


def _output_is_closed() -> bool:
    poll = select.poll()
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError, OSError, ValueError):  # no output, or no file behind it
            poll.register(stream.fileno(), 0)
    return any(event & select.POLLERR for _, event in poll.poll(0))


class Commands(Group):
    """The subcommands by name. Each is imported when it is needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Returns the names, in the order in which the help lists them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Returns the command of this name, or `None`."""
        return _with_colour(load(cmd_name)) if cmd_name in COMMANDS else None

    def paths(self, context: click.Context) -> dict[str, str]:
        """Returns the words that call each command: also those of `support`, by its last word."""
        support = load("support")
        assert isinstance(support, Group)  # noqa: S101
        inside = {name: f"support {path}" for name, path in support.paths(context).items()}
        return inside | super().paths(context)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem[str]]:
        """Returns the commands and options that begin with what is typed; imports no command."""
        offers = (Offer(name, entry.about) for name, entry in COMMANDS.items())
        found = items(offers, incomplete)
        return found + click.Command.shell_complete(self, ctx, incomplete)

    def make_context(self, *args: Any, **extra: Any) -> click.Context:
        """Reads the arguments, and prints the help."""
        with _reader_may_leave():
            return super().make_context(*args, **extra)

    def invoke(self, ctx: click.Context) -> object:
        """Calls the command."""
        with _reader_may_leave():
            return super().invoke(ctx)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Lists the commands by what somebody wants to do, without importing them."""
        width = max(map(len, COMMANDS))
        for heading, part in PARTS.items():
            with formatter.section(heading):
                formatter.write_dl([(f"{name:{width}}", each.about) for name, each in part.items()])


def _print_version(context: click.Context, _: click.Parameter, asked: bool) -> None:
    """Prints the versions and ends the command."""
    if asked and not context.resilient_parsing:
        from cli.version import versions

        click.echo("\n".join(versions(context.params.get("config"))))
        context.exit()


@click.command(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 done, 1 unexpected fault, 2 usage or configuration, 3 rows rejected or "
    "somebody needed, 4 held, 5 delivery refused, 6 source or store unreachable, 130 Ctrl-C, "
    "141 output not read.",
)
@click.option(
    "--config",
    type=FILE,
    is_eager=True,
    metavar="FILE",
    help="The configuration file. Default: TENURE_CONFIG, or else tenure.toml in this directory.",
)
@click.option("--debug", is_flag=True, help="Show the traceback of an unexpected fault.")
@click.option(
    "--version",
    is_flag=True,
    expose_value=False,
    callback=_print_version,
    help="Show the versions of Tenure, Python, the store and its schema.",
)
@click.pass_context
def tenure(context: click.Context, config: str | None, debug: bool, pager: bool) -> None:
    """Keep a company's employees in step with its HR system, and know what happened and why."""
    context.ensure_object(dict)
    context.obj["config"] = config
    context.obj["debug"] = debug


tenure.params.append(pager_option())
_with_colour(tenure)


def run(arguments: Sequence[str] | None = None) -> NoReturn:
    """The entry point: runs the command, and exits with its exit code."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if SHELL_VARIABLE in os.environ:
        from cli.completion.answer import complete

        complete(tenure, os.environ[SHELL_VARIABLE], arguments)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A character that the terminal cannot show must not stop the command.
            stream.reconfigure(errors="backslashreplace")
    outputs = [stream for stream in (sys.stdout, sys.stderr) if stream is not None]
    try:
        code = execute(arguments)
        for stream in outputs:
            stream.flush()
    except BrokenPipeError:  # the reader, such as `head`, has read enough
        code = exit_codes.BROKEN_PIPE
    if code == exit_codes.BROKEN_PIPE:
        for stream in outputs:  # Python flushes again at its end, and would complain
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    sys.exit(code)


def execute(arguments: Sequence[str], context: dict[str, object] | None = None) -> int:
    """Runs the command in this process and returns its exit code.

    `context` may have `now`, a function that returns the time, and `screen`: tests use them.
    """
    values: dict[str, Any] = {
        "color": _colour_of_environment(),
        "screen": screen_of_process(),
        **(context or {}),
    }
    colour: Any = {"obj": values, "color": values["color"]}
    try:
        code = tenure.main(list(arguments), "tenure", standalone_mode=False, **colour)
    except Exception as error:
        with click.Context(tenure, info_name="tenure", obj=values, color=values["color"]) as failed:
            return _explained(error, failed, debug=bool(values.get("debug")))
    return code if isinstance(code, int) else exit_codes.DONE


def _explained(error: Exception, context: click.Context, *, debug: bool) -> int:
    """Prints what is wrong and returns the exit code. Raises an unexpected error to debug it."""
    match error:
        case click.exceptions.Abort():
            click.echo("Stopped.", err=True)
            return exit_codes.INTERRUPTED
        case exit_codes.CliError():
            return exit_codes.explain(error)
        case click.exceptions.NoArgsIsHelpError():
            error.show()
            return exit_codes.USAGE
        case click.UsageError():
            from cli import usage  # few commands are mistyped

            if error.ctx is None:
                error.ctx = context
            return exit_codes.explain(usage.explained(error))
        case _ if debug and not exit_codes.is_known(error):
            raise error
        case _:
            return exit_codes.explain(error)
