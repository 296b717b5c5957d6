"""The `tenure` command: finds the subcommand, and explains every error in a sentence and a hint.

Only the subcommand that is called is imported, so that the command starts quickly.
"""

from __future__ import annotations

import importlib
import io
import sys
from collections.abc import Sequence
from typing import NoReturn

import click

from cli import exit_codes

_COMMANDS = {
    "init": ("cli.start", "Write a sample configuration, company and delivery."),
    "template": ("cli.report", "Print the header of a delivery, to hand to a customer."),
    "check": ("cli.check", "Check the configuration, and the connections to sources."),
    "preview": ("cli.imports", "Show what a delivery would do, row by row."),
    "import": ("cli.imports", "Apply a delivery to a company, or to all of them."),
    "clock": ("cli.clock", "Make every transition that is due."),
    "serve": ("cli.serve", "Run the schedule until it is stopped."),
    "roster": ("cli.people", "List the employees of a company, now or at an earlier moment."),
    "show": ("cli.people", "Show one employee."),
    "history": ("cli.history", "List every event of one employee, and why it happened."),
    "audit": ("cli.audit", "List every event of all employees of a company."),
    "support": ("cli.support", "Do for one employee what a file cannot do."),
    "report": ("cli.report", "Print all employees with every field, as CSV."),
    "runs": ("cli.runs", "List runs, newest first."),
    "run": ("cli.runs", "Show one run with its files, counts and issues."),
    "approve": ("cli.approvals", "Apply a delivery that the safeguard holds."),
    "discard": ("cli.approvals", "End a held run, and apply nothing of its delivery."),
    "migrate": ("cli.migrate", "Create or upgrade the schema of a PostgreSQL database."),
    "verify": ("cli.maintenance", "Check that nothing stored is missing or altered."),
    "rebuild": ("cli.maintenance", "Make all projections again from the events."),
}


class Commands(click.Group):
    """The subcommands by name. Each is imported when it is needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Returns the names, in the order in which a new user needs them."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Returns the command of this name, or `None`."""
        if cmd_name not in _COMMANDS:
            return None
        module, _ = _COMMANDS[cmd_name]
        command = importlib.import_module(module).COMMANDS[cmd_name]
        assert isinstance(command, click.Command)  # noqa: S101
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Lists the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, about) for name, (_, about) in _COMMANDS.items()])


@click.command(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 done, 1 unexpected fault, 2 usage or configuration, 3 rows rejected, "
    "4 held, 5 delivery refused, 6 source or store unreachable, 130 Ctrl-C.",
)
@click.option(
    "--config",
    metavar="FILE",
    help="The configuration file. Default: TENURE_CONFIG, or else tenure.toml in this directory.",
)
@click.option("--debug", is_flag=True, help="Show the traceback of an unexpected fault.")
@click.version_option(package_name="tenure", message="tenure %(version)s")
@click.pass_context
def tenure(context: click.Context, config: str | None, debug: bool) -> None:
    """Keep a company's employees in step with its HR system, and know what happened and why."""
    context.ensure_object(dict)
    context.obj["config"] = config
    context.obj["debug"] = debug


def run(arguments: Sequence[str] | None = None) -> NoReturn:
    """The entry point: runs the command, and exits with its exit code."""
    arguments = sys.argv[1:] if arguments is None else arguments
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A character that the terminal cannot show must not stop the command.
            stream.reconfigure(errors="backslashreplace")
    sys.exit(execute(arguments))


def execute(arguments: Sequence[str], context: dict[str, object] | None = None) -> int:
    """Runs the command in this process and returns its exit code.

    `context` may have `now`, a function that returns the time: tests use it.
    """
    values = dict(context or {})
    try:
        code = tenure.main(list(arguments), "tenure", standalone_mode=False, obj=values)
    except click.exceptions.Abort:
        click.echo("Stopped.", err=True)
        return exit_codes.INTERRUPTED
    except exit_codes.CliError as error:
        return exit_codes.explain(error)
    except click.ClickException as error:
        if isinstance(error, click.UsageError) and error.ctx is None:
            error.ctx = click.Context(tenure, info_name="tenure")
        error.show()
        return error.exit_code
    except Exception as error:
        if values.get("debug") and not exit_codes.is_known(error):
            raise
        return exit_codes.explain(error)
    return code if isinstance(code, int) else exit_codes.DONE
