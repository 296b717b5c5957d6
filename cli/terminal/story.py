"""How events are told to people: one line for each, or at length with `--details`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, tzinfo
from typing import TYPE_CHECKING
from uuid import UUID

import click

from cli.terminal import output
from cli.terminal.prose import say
from domain.ids import short_run_id
from projections.answers.story import Line, line_of

if TYPE_CHECKING:
    from projections.answers.history import Happening, HistoryEntry

_AFTER_THE_DAY = len("2027-03-31  ")

details_option = click.option(
    "--details",
    is_flag=True,
    help="Show each event at length: both moments, the ids, and every change.",
)


def print_happening(
    happening: Happening,
    people: Mapping[UUID, str],
    *,
    zone: tzinfo = UTC,
    with_person: bool = False,
    with_run: bool = True,
) -> None:
    """Prints one event on one line: the day, the person, what happened, and the run.

    Moments are in UTC, with the time in `zone` beside it.
    """
    line = line_of(happening, people=people, zone=zone, with_person=with_person)
    print_line(line, with_run=with_run)


def print_line(line: Line, *, indent: int = 0, with_run: bool = True) -> None:
    """Prints one line of a story: the day, what happened, and the end of the run's id."""
    stored = f" [run {short_run_id(line.run)}]" if with_run else ""
    day = click.style(str(line.day), bold=True)
    say(f"{day}  {output.text(line.text)}{stored}", indent=indent, hanging=_AFTER_THE_DAY)


def print_planned(
    happenings: Iterable[Happening], people: Mapping[UUID, str], zone: tzinfo
) -> None:
    """Prints what a run that is not stored would do to people, the earliest event first."""
    for happening in sorted(happenings, key=lambda each: each.entry.effective):
        print_happening(happening, people, zone=zone, with_person=True, with_run=False)


def print_entry(entry: HistoryEntry, *, with_employee: bool = False) -> None:
    """Prints one event at length: its times, its author, its reason, its line, and its changes."""
    whose = f" of {entry.employee}" if with_employee else ""
    kind = click.style(entry.kind, bold=True)
    say(f"{kind}{whose} at {output.text(entry.effective)} UTC")
    say(f"recorded at {output.text(entry.recorded)} UTC", indent=2)
    say(f"by {output.text(entry.by)} in run {entry.run}", indent=2)
    if entry.reason:
        say(f"because {output.text(entry.reason)}", indent=2)
    if entry.file:
        line = f", line {entry.line}" if entry.line is not None else ""
        say(f"said by {output.text(entry.file)}{line}", indent=2)
    if entry.changes:
        say(output.changes(entry.changes), indent=2)
