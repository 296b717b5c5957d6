"""What commands have in common: settings, the store, a company, a run, and options."""

from __future__ import annotations

import os
import pwd
import sys
import unicodedata
from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

import click

from adapters.company_settings import Customer
from adapters.places import find_settings
from adapters.progress import UNWATCHED, Progress
from adapters.settings import Settings, load_settings
from adapters.store.opening import open_store
from adapters.use_cases.app import App, utc_now
from adapters.use_cases.errors import NobodyFound
from cli.exit_codes import CliError
from cli.names import WHO, OneOf
from cli.unknown import did_you_mean, nobody, unknown
from domain.employee.events import State
from domain.fields.cells import clean
from domain.fields.nearest import nearest_of
from domain.ids import short_run_id

if TYPE_CHECKING:
    from domain.company_runs.events import RunRecord

_LISTED = 10
"""Names that an error lists if none of them is near, or runs if several fit."""
_COMPARED_RUNS = 1_000
_SIMILAR_IDS = 75
"""Percent: six of the eight characters of a short id."""


def settings_of(context: click.Context) -> Settings:
    """Loads the configuration of this call. Raises `SettingsError`."""
    return load_settings(find_settings(context.find_root().obj.get("config")))


@contextmanager
def open_app(context: click.Context) -> Iterator[App]:
    """Yields settings, store, clock and progress for one command.

    Raises what opening them raises.
    """
    settings = settings_of(context)
    store = open_store(settings.database)
    now: Any = context.find_root().obj.get("now", utc_now)
    try:
        with _progress() as progress:
            app = App(settings, store, now, login=login_name(), progress=progress)
            try:
                yield app
            except NobodyFound as error:  # the nearest people are in the store, still open
                raise nobody(app, error) from None
    finally:
        store.close()


def _progress() -> AbstractContextManager[Progress]:
    """Returns the context of the progress of a command. It is drawn on a terminal only."""
    if sys.stderr is None or not sys.stderr.isatty():
        return nullcontext(UNWATCHED)
    from cli.terminal.progress import progress_on

    return progress_on(sys.stderr)


def customer_of(settings: Settings, company: str) -> Customer:
    """Returns a configured company. Raises `CliError` if it is unknown, or its `SettingsError`."""
    if company in settings.broken:
        raise settings.broken[company]
    if company not in settings.customers:
        keys = sorted({*settings.customers, *settings.broken})
        otherwise = f"{settings.file} has: {', '.join(keys[:_LISTED]) or 'none'}"
        raise unknown(f"there is no company {company}", company, keys, otherwise)
    return settings.customers[company]


def check_known(app: App, company: str) -> None:
    """Raises `CliError` if a company is neither configured nor in the store.

    A question may be about a company that has left, or has broken settings: the store knows it.
    """
    if company not in app.settings.customers and not app.store.runs.company_state(company).version:
        customer_of(app.settings, company)


def check_group(app: App, company: str, group: str, held: Collection[str | None]) -> None:
    """Raises `CliError` if a group is neither one of the company's nor `held` by an employee."""
    customer = app.settings.customers.get(company)
    known = {*(customer.company.groups if customer else ()), *filter(None, held)}
    if group not in known:
        listed = f"the groups are: {', '.join(sorted(known)[:_LISTED])}" if known else ""
        otherwise = listed or f"{company} has no groups"
        raise unknown(f"there is no group {group} in {company}", group, sorted(known), otherwise)


def login_name() -> str:
    """Returns the login name of the user of this process, or `uid N` for a user without a name.

    The operating system tells it. The environment does not: its caller could write any name there.
    """
    user = os.getuid()
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return f"uid {user}"


def one_run(app: App, run: str) -> RunRecord:
    """Returns the run that `run` means: an id, its beginning or its end, or `[COMPANY@]last`.

    Raises `CliError` if there is not exactly one.
    """
    company, at, last = run.rpartition("@")
    if at:
        check_known(app, company)
    if last == "last":
        records = app.store.runs.latest(company if at else None, 1)
    else:
        records = app.store.runs.like(run, _LISTED + 1)
    if len(records) == 1:
        return records[0]
    if not records:
        raise _no_run(app, run, company)
    listed = ", ".join(map(_named, records[:_LISTED]))
    more = ", and more" if len(records) > _LISTED else ""
    raise CliError(f"several runs fit {run}", f"name one of {listed}{more}")


def _no_run(app: App, run: str, company: str) -> CliError:
    """Returns the error about a RUN that there is not. `company` is the part before its `@`."""
    if run in ("last", f"{company}@last"):
        whose = f"of {company} " if company else ""
        return CliError(
            f"there is no run {whose}yet", "`tenure import COMPANY` makes the first one"
        )
    latest = [] if company else app.store.runs.latest(None, _COMPARED_RUNS)
    known = {short_run_id(record.run): _named(record) for record in latest}
    last = f"{company}@last" if company else "last"
    names = nearest_of(run, [last, *known], similarity=_SIMILAR_IDS)
    hint = did_you_mean(known.get(name, name) for name in names)
    return CliError(f"there is no run {run}", hint or "`tenure runs` lists the runs")


def _named(record: RunRecord) -> str:
    """Returns the short id of a run, its company, and when it started."""
    ended = record.ended
    return f"{short_run_id(record.run)} ({ended.company}, {ended.started:%Y-%m-%d %H:%M})"


_REFUSED_CATEGORIES = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""Unicode categories: control characters, surrogates, and separators of lines and paragraphs."""
_BIDI_CONTROLS = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that reverse the direction of the text after them. A line with them can deceive."""
_MAX_CHARACTERS = 1_000
"""Length of a name or a reason, which is stored for ever."""


def plain_line(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    """Returns a name or a reason, if it is one line of plain text, or `None` if it is not given."""
    if value is None:
        return None
    value = clean(value)
    if not value:
        raise click.BadParameter("it is blank.", context, parameter)
    refused = any(
        unicodedata.category(character) in _REFUSED_CATEGORIES or character in _BIDI_CONTROLS
        for character in value
    )
    if len(value) > _MAX_CHARACTERS or refused:
        problem = f"expected one line of plain text, of at most {_MAX_CHARACTERS} characters."
        raise click.BadParameter(problem, context, parameter)
    return value


by_option = click.option(
    "--by",
    default=login_name,
    callback=plain_line,
    metavar="NAME",
    help="The author of the run. Default: the login name.",
)
asked_by_option = click.option(
    "--by", required=True, callback=plain_line, metavar="NAME", help="The author of the run."
)
reason_option = click.option(
    "--reason",
    required=True,
    callback=plain_line,
    metavar="TEXT",
    help="The reason. The history shows it.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
dry_run_option = click.option(
    "--dry-run", is_flag=True, help="Show what would change. Stores nothing."
)
state_option = click.option(
    "--state",
    type=OneOf("state", State),
    help="Only employees in this state.",
)
who_argument = click.argument("who", type=WHO)
