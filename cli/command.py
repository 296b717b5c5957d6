"""What all subcommands have in common: missing values are told at once, answers are paged."""

from __future__ import annotations

from typing import Any

import click

from cli.exit_codes import CliError
from cli.unknown import did_you_mean
from domain.fields.nearest import nearest_of


class MissingValues(click.UsageError):
    """Required values of a command are missing. `names` are their names on the command line."""

    def __init__(self, names: list[str], context: click.Context) -> None:
        super().__init__(f"missing {_listed(names)}", context)
        self.names = names


class ArgumentUnless(click.Argument):
    """An argument that is required unless the option with the name `unless` is given."""

    def __init__(self, *args: Any, unless: str, **values: Any) -> None:
        super().__init__(*args, **{**values, "required": False, "callback": self._check})
        self.unless = unless

    def _check(self, context: click.Context, _: click.Parameter, value: Any) -> Any:
        """Returns the value. Raises `click.MissingParameter`. Options were read before."""
        if value in (None, ()) and not context.params.get(self.unless):
            raise click.MissingParameter(ctx=context, param=self)
        return value


class Command(click.Command):
    """A subcommand. It tells at once all values that are required and missing."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Reads the arguments. Raises `click.UsageError`."""
        given = list(args)
        try:
            return super().parse_args(ctx, args)
        except click.MissingParameter:
            raise MissingValues(self._missing(ctx, given), ctx) from None

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the examples, and then what stands at the end of the help."""
        _write_examples(ctx, formatter)
        super().format_epilog(ctx, formatter)

    def required(self) -> list[click.Parameter]:
        """Returns the parameters that are required, in the order of the command line."""
        return [each for each in self.params if each.required or isinstance(each, ArgumentUnless)]

    def _missing(self, context: click.Context, arguments: list[str]) -> list[str]:
        """Returns the names of the required values that are not among the arguments."""
        values, _, _ = self.make_parser(context).parse_args(args=arguments)
        given = {name for name, value in values.items() if isinstance(value, str | tuple | list)}
        return [
            label(each, context)
            for each in self.required()
            if each.name not in given
            and not (isinstance(each, ArgumentUnless) and each.unless in given)
        ]


def label(parameter: click.Parameter, context: click.Context) -> str:
    """Returns how a parameter is called on the command line: `COMPANY` or `--limit`."""
    if isinstance(parameter, click.Argument):
        return parameter.make_metavar(context).strip("[].")
    return max(parameter.opts, key=len)


def _listed(names: list[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def pager_option() -> click.Option:
    """Returns the option that chooses whether a long answer is shown in a pager."""
    return click.Option(
        ["--pager/--no-pager"],
        default=True,
        help="Show a long answer in TENURE_PAGER, PAGER or less. Default: on a terminal.",
    )


def _write_examples(context: click.Context, formatter: click.HelpFormatter) -> None:
    from cli.examples import examples_of  # only the help needs them

    examples = examples_of(context.command_path)
    if examples:
        with formatter.section("Examples"):
            formatter.write("".join(f"  {line}\n" for line in examples))


class Answer(Command):
    """A subcommand whose answer may be long: a terminal shows it in a pager."""

    def __init__(self, *args: Any, **values: Any) -> None:
        super().__init__(*args, **values)
        self.params.append(pager_option())

    def invoke(self, ctx: click.Context) -> Any:
        """Calls the command."""
        from cli.terminal.pager import paged  # the help needs none

        wanted = ctx.params.pop("pager") and ctx.find_root().params.get("pager", True)
        with paged(wanted):
            return super().invoke(ctx)


class Group(click.Group):
    """A command with subcommands, which are all a `Command`."""

    command_class = Command

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the examples, and then what stands at the end of the help."""
        _write_examples(ctx, formatter)
        super().format_epilog(ctx, formatter)

    def find(self, context: click.Context, name: str) -> click.Command:
        """Returns the subcommand. Raises `CliError`, which suggests the nearest subcommand."""
        found = self.get_command(context, name)
        if found is None:
            path, known = context.command_path, self.paths(context)
            near = did_you_mean(known[each] for each in nearest_of(name, known))
            otherwise = f"`{path} --help` lists the commands"
            raise CliError(f"{path} has no command {name}", near or otherwise)
        return found

    def paths(self, context: click.Context) -> dict[str, str]:
        """Returns the words that call each command, by the last of these words."""
        return {name: name for name in self.list_commands(context)}

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Returns the subcommand that the arguments name, and the rest of the arguments."""
        if not (ctx.resilient_parsing or args[0].startswith("-")):
            self.find(ctx, args[0])
        return super().resolve_command(ctx, args)
