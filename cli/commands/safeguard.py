"""`tenure safeguard`: what was measured of each delivery, and which limits would hold it (B1)."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, NamedTuple

import click
import msgspec

from adapters.store.run_queries import RunFilter
from cli import exit_codes
from cli.command import Answer
from cli.context import customer_of, json_option, open_app
from cli.names import COMPANY
from cli.terminal import output
from cli.terminal.colours import of_outcome
from cli.terminal.prose import say
from cli.terminal.table import Column, print_table
from cli.terminal.view import View, view_options
from cli.unknown import unknown
from domain.company import Policy
from domain.company_runs.events import RunKind
from domain.delivery.measures import MEASURES
from domain.ids import short_run_id
from domain.outcome import Outcome
from projections.answers.safeguard import MeasuredDelivery, measured_deliveries

_DAYS = 90
_SETTINGS = (*(measure.setting for measure in MEASURES), "lost_columns")


class _Line(NamedTuple):
    """One measure of a delivery. Only the first line of a delivery tells about the delivery."""

    started: str
    run: str
    rows: int | str
    outcome: Outcome | None
    rejected: int
    holds: str
    measured: str


def _lines(delivery: MeasuredDelivery) -> Iterator[_Line]:
    """Yields a line for each measure, with what it counted and its limit: `8 of 7 offboardings`."""
    rejected = delivery.figures.get("rejected_rows")
    about: tuple[str, str, int | str, Outcome | None, int] = (
        f"{delivery.started:%Y-%m-%d %H:%M}",
        short_run_id(delivery.run),
        delivery.rows,
        delivery.outcome,
        rejected.count if rejected else 0,
    )
    for name, figure in delivery.figures.items():
        count = "" if figure.limit is None else f"{figure.count} of {figure.limit} "
        holds = "yes" if name in delivery.would_hold else ""
        yield _Line(*about, holds, f"{count}{name.replace('_', ' ')}")
        about = ("", "", "", None, 0)


_MEASURED: tuple[Column[_Line], ...] = (
    Column("started", "STARTED", lambda line: line.started, 1),
    Column("run", "RUN", lambda line: line.run, 0),
    Column("rows", "ROWS", lambda line: line.rows, 2, is_number=True),
    Column(
        "outcome",
        "OUTCOME",
        lambda line: line.outcome and line.outcome.value,
        3,
        colour=lambda line: line.outcome and of_outcome(line.outcome, line.rejected),
    ),
    Column("holds", "HOLDS", lambda line: line.holds, 0),
    Column("measured", "MEASURED", lambda line: line.measured, 0, 16, wraps=True),
)
_SORTED_BY: tuple[Column[MeasuredDelivery], ...] = (
    Column("started", "STARTED", lambda each: each.started),
    Column("run", "RUN", lambda each: short_run_id(each.run)),
    Column("rows", "ROWS", lambda each: each.rows),
    Column("outcome", "OUTCOME", lambda each: each.outcome.value),
    Column("holds", "HOLDS", lambda each: len(each.would_hold)),
)


@click.command("safeguard", cls=Answer)
@click.argument("company", type=COMPANY)
@click.option(
    "--set",
    "given",
    multiple=True,
    metavar="NAME=VALUE",
    help="A limit to try instead of the company's own, such as max_offboardings=5%. "
    "Changes nothing.",
)
@view_options(_MEASURED, rows="deliveries", sorted_by=_SORTED_BY)
@json_option
@click.pass_context
def safeguard_command(
    context: click.Context, company: str, given: tuple[str, ...], view: View, as_json: bool
) -> int:
    """Show what the safeguard measured of the deliveries of COMPANY in the last 90 days.

    Each delivery is shown with the measures that hold it under the company's limits, or under the
    limits that are given. The latest delivery comes first. `--sort holds` goes by how many
    measures hold a delivery.
    """
    with open_app(context) as app:
        policy = _with_given(customer_of(app.settings, company).company.policy, given)
        wanted = RunFilter(kinds=(RunKind.IMPORT,), since=app.now() - timedelta(days=_DAYS))
        records = app.store.runs.latest(company, sys.maxsize, wanted)
    deliveries = list(measured_deliveries(records, policy))
    if as_json:
        output.print_json(view.rows_of(_SORTED_BY, deliveries))
    else:
        _print(deliveries, view)
    return exit_codes.DONE


def _with_given(policy: Policy, given: tuple[str, ...]) -> Policy:
    """Returns the policy with other limits. Raises `CliError` for a wrong name or value."""
    values: dict[str, Any] = msgspec.structs.asdict(policy)
    for each in given:
        name, equals, value = each.partition("=")
        if name not in _SETTINGS:
            listed = f"the limits are {', '.join(_SETTINGS)}"
            raise unknown(f"there is no limit {name}", name, _SETTINGS, listed)
        if not equals:
            raise exit_codes.CliError(f"{name} has no value", f"give --set {name}=VALUE")
        values[name] = int(value) if value.isdecimal() and value.isascii() else value
        try:
            msgspec.convert(values, Policy)
        except msgspec.ValidationError:
            expected = '"hold" or "warn"' if name == "lost_columns" else "a number, 0, or 10%"
            raise exit_codes.CliError(f"{name} cannot be {value}", f"write {expected}") from None
    return msgspec.convert(values, Policy)


def _print(deliveries: list[MeasuredDelivery], view: View) -> None:
    measured = [each for each in deliveries if each.figures]
    if measured:
        shown = view.rows_of(_SORTED_BY, measured)
        print_table(view.columns_of(_MEASURED), [line for each in shown for line in _lines(each)])
        click.echo()
    if not deliveries:
        say(f"There is no delivery in {_DAYS} days.")
        return
    held = sum(1 for each in deliveries if each.would_hold)
    rest = len(deliveries) - len(measured)
    say(
        f"{output.counted(len(deliveries), 'deliveries')} in {_DAYS} days, {held} of which would "
        f"be held. {rest} had nothing to measure."
    )


COMMANDS = {"safeguard": safeguard_command}
