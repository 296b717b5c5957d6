"""`tenure status`: one screen that says what needs somebody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo

import click

from adapters.use_cases.status import statuses
from cli import exit_codes
from cli.command import Answer
from cli.context import check_known, json_option, open_app
from cli.names import COMPANY, OneOf
from cli.params import DurationType
from cli.terminal import output
from cli.terminal.colours import OF_FEED, coloured
from cli.terminal.prose import say
from cli.terminal.table import Column, Counted, print_table
from domain.company_runs.feed import FeedState
from domain.ids import short_run_id
from domain.schedule import OVERDUE_AFTER
from projections.answers.status import (
    REASONS,
    Group,
    Need,
    StatusDocument,
    groups,
    is_soon,
    without_file_for,
)
from projections.answers.words import moment_in_words

_SHOWN_LINES = 34
"""The lines of one screen for what needs somebody."""
_MIN_SHOWN = 2
_KEY_CHARACTERS = 22
"""A longer key of a company is cut, so that a line has at most 80 characters."""
_OVERDUE = f"{OVERDUE_AFTER // timedelta(minutes=1)} minutes"


@click.command("status", cls=Answer)
@click.argument("company", type=COMPANY, required=False)
@click.option(
    "--only",
    type=OneOf("reason", REASONS),
    metavar="REASON",
    help=f"List all companies that need somebody for this reason: {', '.join(REASONS)}.",
)
@click.option(
    "--check",
    is_flag=True,
    help="Print one line, and exit with 3 if somebody is needed: for monitoring.",
)
@click.option(
    "--older-than",
    "age",
    type=DurationType(),
    metavar="DURATION",
    help="Only companies whose newest file is older than this, such as 3d or 36h, or that have had "
    "no file.",
)
@json_option
@click.pass_context
def status_command(
    context: click.Context,
    company: str | None,
    only: str | None,
    check: bool,
    age: timedelta | None,
    as_json: bool,
) -> int:
    """Show what needs somebody, in COMPANY or in all companies, on one screen.

    What hurts soonest comes first: people who start or leave soon and whose row is rejected, then
    deliveries that wait for a decision, then feeds that bring nothing.
    """
    with open_app(context) as app:
        if company is not None:
            check_known(app, company)
        now = app.now()
        known = statuses(app, company)
        zone = app.settings.zone_of(company) if company is not None else UTC
    found = known if age is None else without_file_for(known, age, now)
    reasons = groups(found, now.date())
    if only is not None:
        reasons = [group for group in reasons if group.name == only]
        found = [each for group in reasons for each in group.companies]
    if as_json:
        output.print_json(found)
    elif check:
        say(_verdict(found, reasons))
    elif only is not None:
        _print_groups(reasons, shown=None)
        if not reasons:
            say("There are no such companies.")
    elif age is not None:
        _print_files(found, len(known))
    elif company is not None:
        _print_company(found[0], now.date(), zone)
    else:
        _print_overview(found, reasons, now)
    return exit_codes.NEEDED if check and any(each.needs for each in found) else exit_codes.DONE


def _verdict(found: Sequence[StatusDocument], reasons: Sequence[Group]) -> str:
    """Returns one line about who needs somebody."""
    needing = sum(1 for each in found if each.needs)
    if not needing:
        return "Nobody is needed."
    names = {"errors": "with errors"}
    why = ", ".join(f"{len(each.companies)} {names.get(each.name, each.name)}" for each in reasons)
    return f"{output.counted(needing, 'companies')} {_verb(needing)} somebody: {why}"


def _verb(count: int) -> str:
    return "needs" if count == 1 else "need"


_FILES: tuple[Column[StatusDocument], ...] = (
    Column("company", "COMPANY", lambda each: each.company, 0, 12),
    Column("feed", "FEED", lambda each: each.feed.value, 0, colour=lambda each: OF_FEED[each.feed]),
    Column("last_file", "NEWEST FILE", lambda each: each.last_file, 2, 12, keeps_end=True),
    Column("last_modified", "MODIFIED", lambda each: _moment(each.last_modified), 0),
    Column("last_applied", "LAST APPLIED", lambda each: _moment(each.last_applied), 1),
)


def _print_files(found: Sequence[StatusDocument], known: int) -> None:
    """Prints the companies that have sent no file for some time."""
    if found:
        print_table(_FILES, found, Counted(known, "companies"))
    else:
        say("There are no such companies.")


def _print_overview(
    found: Sequence[StatusDocument], reasons: Sequence[Group], now: datetime
) -> None:
    """Prints how all companies are: the feeds by state, and then what needs somebody."""
    needing = sum(1 for each in found if each.needs)
    total = f"{len(found):,} companies" if len(found) != 1 else "1 company"
    who = f"{needing:,} {_verb(needing)} somebody" if needing else "nobody is needed"
    say(f"{total} at {now:%Y-%m-%d %H:%M} UTC: {who}")
    states = Counter(each.feed for each in found)
    feeds = ", ".join(
        coloured(f"{states[state]:,} {state.value}", OF_FEED[state])
        for state in FeedState
        if states[state]
    )
    if feeds:
        say(f"feeds: {feeds}")
    following = min((each.next_slot for each in found if each.next_slot), default=None)
    if following is not None:
        say(f"next pick-up: {following:%Y-%m-%d %H:%M} UTC")
    if reasons:
        click.echo()
        shown = max(_MIN_SHOWN, _SHOWN_LINES // len(reasons) - 1)
        _print_groups(reasons, shown)


def _print_groups(reasons: Sequence[Group], shown: int | None) -> None:
    """Prints the companies by reason: the first `shown` of each, or all of them."""
    for group in reasons:
        count = len(group.companies)
        cut = shown is not None and count > shown
        rest = f": `tenure status --only {group.name}`" if cut else ""
        say(f"{click.style(group.title, bold=True)} ({count}{rest})")
        for each in group.companies[:shown]:
            say(_line(group.name, each), hanging=_KEY_CHARACTERS + 4)


def _line(reason: str, status: StatusDocument) -> str:
    key = output.text(status.company)
    if len(key) > _KEY_CHARACTERS:
        key = f"{key[: _KEY_CHARACTERS - 1]}…"
    return f"  {key:<{_KEY_CHARACTERS}}  {_why(reason, status)}".rstrip()


def _why(reason: str, status: StatusDocument) -> str:
    """Returns what is known of one company, in at most 54 characters."""
    match reason:
        case "overdue":
            return f"something was due more than {_OVERDUE} ago"
        case "soon":
            return _soonest(status)
        case "held" if status.held is not None:
            return f"run {short_run_id(status.held)}{_since(status, ', since ')}"
        case "settings":
            return "see `tenure check`"
        case "damaged":
            return "see `tenure verify`"
        case "errors":
            return f"{status.open['error']} open, see `tenure issues`"
        case "stale" if status.last_modified is not None:
            return f"the newest file is of {_moment(status.last_modified)}"
        case _:
            applied = f"last applied {_moment(status.last_applied)}"
            return (
                f"{_since(status, 'since ')}, {applied if status.last_applied else 'never applied'}"
            )


def _soonest(status: StatusDocument) -> str:
    is_first = status.soonest == status.starts
    return f"a rejected row has the {'first' if is_first else 'last'} day {status.soonest}"


def _since(status: StatusDocument, words: str) -> str:
    return f"{words}{_moment(status.since)}" if status.since is not None else ""


def _moment(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M}" if moment is not None else ""


def _print_company(status: StatusDocument, today: date, zone: tzinfo) -> None:
    """Prints everything that is known of one company's feed. The company has this time zone."""
    name = click.style(status.company, bold=True)
    feed = coloured(status.feed.value, OF_FEED[status.feed])
    say(f"{name}: {feed}{_since(status, ' since ')}")
    for label, value in _details(status, today, zone):
        say(f"{label}: {output.text(value)}", indent=2)


def _details(status: StatusDocument, today: date, zone: tzinfo) -> Iterator[tuple[str, str]]:
    key = status.company
    if status.needs:
        yield "needs somebody for", ", ".join(status.needs)
    if status.held is not None:
        yield "held", f"see `tenure run {short_run_id(status.held)}`, then approve or discard it"
    if status.last_file is not None:
        yield "newest file", f"{status.last_file}, modified {_moment(status.last_modified)}"
    if status.last_applied is not None:
        absent = f", {status.absent} absent (`tenure roster {key} --absent`)"
        rows = output.counted(status.rows, "rows")
        yield (
            "last applied",
            f"{_moment(status.last_applied)}, {rows}{absent if status.absent else ''}",
        )
    if any(status.open.values()):
        found = ", ".join(output.severities(status.open))
        yield "open issues", f"{found} (`tenure issues {key}`)"
    if is_soon(status, today):
        yield "soon", _soonest(status)
    if Need.OVERDUE in status.needs:
        yield "overdue", f"something was due more than {_OVERDUE} ago: is `tenure serve` running?"
    if status.next_slot is not None:
        yield "next pick-up", moment_in_words(status.next_slot, zone)


COMMANDS = {"status": status_command}
