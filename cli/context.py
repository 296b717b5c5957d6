"""What every command needs: settings, the store, a company, the time."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from adapters.service.run import Shell, utc_now
from adapters.settings import Customer, Settings, find_settings, load_settings
from cli.exits import Trouble


def settings_of(context: click.Context) -> Settings:
    """The configuration that this call goes by."""
    return load_settings(find_settings(context.find_root().obj.get("config")))


@contextmanager
def open_shell(context: click.Context) -> Iterator[Shell]:
    """Settings and store for one command."""
    from adapters.store.sqlite import open_sqlite

    settings = settings_of(context)
    store = open_sqlite(settings.database)
    now: Any = context.find_root().obj.get("now", utc_now)
    try:
        yield Shell(settings, store, now)
    finally:
        store.close()


def customer_of(settings: Settings, company: str) -> Customer:
    """The company of this name."""
    if company not in settings.customers:
        known = ", ".join(list(settings.customers)[:10]) or "none"
        raise Trouble(f"there is no company {company}", f"{settings.file} has: {known}")
    return settings.customers[company]


def login_name() -> str:
    """Who calls the command."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def _not_blank(context: click.Context, parameter: click.Parameter, value: str) -> str:
    if not value.strip():
        raise click.BadParameter("say who it is.", context, parameter)
    return value.strip()


by_option = click.option(
    "--by",
    default=login_name,
    callback=_not_blank,
    metavar="NAME",
    help="Who runs this; the login name by default.",
)
json_option = click.option(
    "--json", "as_json", is_flag=True, help="Answer with one JSON document on standard output."
)
