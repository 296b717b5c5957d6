"""What all subcommands have in common: every missing value is told at once, answers are paged."""

from __future__ import annotations

from typing import Any

import click

from cli.terminal.pager import paged


class Command(click.Command):
    """A subcommand. It tells at once all values that are required and missing."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Reads the arguments. Raises `click.UsageError`."""
        given = list(args)
        try:
            return super().parse_args(ctx, args)
        except click.MissingParameter as missing:
            values, _, _ = self.make_parser(ctx).parse_args(args=given)
            names = [
                parameter.make_metavar(ctx)
                if isinstance(parameter, click.Argument)
                else parameter.opts[0]
                for parameter in self.params
                if parameter.required and parameter.consume_value(ctx, values)[0] in (None, ())
            ]
            if len(names) < 2:
                raise
            raise click.UsageError(f"Missing {', '.join(names)}.", ctx) from missing


def pager_option() -> click.Option:
    """Returns the option that chooses whether a long answer is shown in a pager."""
    return click.Option(
        ["--pager/--no-pager"],
        default=True,
        help="Show a long answer in TENURE_PAGER, PAGER or less. Default: on a terminal.",
    )


class Answer(Command):
    """A subcommand whose answer may be long: a terminal shows it in a pager."""

    def __init__(self, *args: Any, **values: Any) -> None:
        super().__init__(*args, **values)
        self.params.append(pager_option())

    def invoke(self, ctx: click.Context) -> Any:
        """Calls the command."""
        wanted = ctx.params.pop("pager") and ctx.find_root().params.get("pager", True)
        with paged(wanted):
            return super().invoke(ctx)
