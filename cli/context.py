"""What every command needs: settings, the store, a company, the time."""

from __future__ import annotations

import getpass
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from adapters.settings import Customer, Settings, find_settings, load_settings
from adapters.store.opening import open_store
from adapters.use_cases.app import App, utc_now
from cli.exit_codes import CliError
from domain.employee.events import State
from domain.fields.cells import clean

if TYPE_CHECKING:
    from domain.company_runs.events import RunRecord


def settings_of(context: click.Context) -> Settings:
    """The configuration that this call goes by."""
    return load_settings(find_settings(context.find_root().obj.get("config")))


@contextmanager
def open_app(context: click.Context) -> Iterator[App]:
    """Settings and store for one command."""
    settings = settings_of(context)
    store = open_store(settings.database)
    now: Any = context.find_root().obj.get("now", utc_now)
    try:
        yield App(settings, store, now)
    finally:
        store.close()


def customer_of(settings: Settings, company: str) -> Customer:
    """The company of this name; the error where its settings are broken."""
    if company in settings.broken:
        raise settings.broken[company]
    if company not in settings.customers:
        known = ", ".join(list(settings.customers)[:10]) or "none"
        raise CliError(f"there is no company {company}", f"{settings.file} has: {known}")
    return settings.customers[company]


def check_known(app: App, company: str) -> None:
    """Refuses a company that is neither configured nor in the store.

    Questions are answered about companies that left, or whose settings are broken, too.
    """
    if company not in app.settings.customers and not app.store.company_state(company).version:
        customer_of(app.settings, company)


def login_name() -> str:
    """Who calls the command."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def one_run(app: App, run: str) -> RunRecord:
    """The run whose id is `run`, or begins with it."""
    found = app.store.runs_like(run)
    if len(found) != 1:
        sentence = f"several runs begin with {run}" if found else f"there is no run {run}"
        raise CliError(sentence, "`tenure runs` lists them")
    return found[0]


_BARRED = frozenset({"Cc", "Cs", "Zl", "Zp"})
_TURNING = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Signs that turn the direction of what comes after them, and so can make a line lie."""
_LONGEST = 1_000
"""Characters of a name or a reason, which is kept for good."""


def _told(context: click.Context, parameter: click.Parameter, value: str) -> str:
    """A name or a reason: one line of plain text."""
    value = clean(value)
    if not value:
        raise click.BadParameter("it is blank.", context, parameter)
    spoilt = any(unicodedata.category(sign) in _BARRED or sign in _TURNING for sign in value)
    if len(value) > _LONGEST or spoilt:
        problem = f"expected one line of plain text, of at most {_LONGEST} characters."
        raise click.BadParameter(problem, context, parameter)
    return value


by_option = click.option(
    "--by",
    default=login_name,
    callback=_told,
    metavar="NAME",
    help="Who runs this; the login name by default.",
)
asked_by_option = click.option(
    "--by", required=True, callback=_told, metavar="NAME", help="Who does this."
)
reason_option = click.option(
    "--reason", required=True, callback=_told, metavar="TEXT", help="Why; it is kept and told."
)
json_option = click.option(
    "--json", "as_json", is_flag=True, help="Answer with one JSON document on standard output."
)
state_option = click.option(
    "--state", type=click.Choice([state.value for state in State]), help="Only these."
)
who_argument = click.argument("who")
