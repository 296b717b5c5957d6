"""Reaching a PostgreSQL database by its URL, and saying what went wrong, without what is secret."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from os import environ
from typing import Any

import psycopg
from eventsourcing.persistence import IntegrityError, PersistenceError
from psycopg import Connection
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg_pool import PoolTimeout

from adapters.store.errors import StoreUnavailable

_CONNECT = 10
"""Seconds to wait for a connection."""
_LIVELY = {
    "keepalives_idle": 10,  # seconds
    "keepalives_interval": 5,  # seconds
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,  # milliseconds
}
"""A server that is gone without a word is noticed within half a minute."""
NOTICING = (
    "SELECT set_config('tcp_keepalives_idle', '10', false),"
    " set_config('tcp_keepalives_interval', '5', false),"
    " set_config('tcp_keepalives_count', '3', false)"
)
"""Makes the server notice as soon that we are gone: until then it keeps what we have locked."""


@contextmanager
def connected(url: str) -> Iterator[Connection[Any]]:
    """A connection for the time of the `with`, on which each statement counts at once."""
    with closing(psycopg.connect(conninfo_of(url), autocommit=True)) as connection:
        yield connection


def conninfo_of(url: str) -> str:
    """The URL as libpq takes it, with an end to every wait if nothing sets one: for a connection,
    and for a server that is gone.

    What libpq says of a URL that it cannot read, or of a host that is none, quotes it, and so may
    quote the password.
    """
    given = parameters_of(url)
    usual: dict[str, str | int] = {**_LIVELY, "fallback_application_name": "tenure"}
    if "service" not in given and "PGCONNECT_TIMEOUT" not in environ:
        usual["connect_timeout"] = _CONNECT
    added = {name: value for name, value in usual.items() if name not in given}
    return make_conninfo(url, **added)


def parameters_of(url: str) -> dict[str, Any]:
    """What the URL says to libpq. Raises `StoreUnavailable`, without the URL, for what is none."""
    try:
        parameters = conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        parameters = {"host": "@"}
    hosts = str(parameters.get("host") or "").split(",")
    if any("@" in host or ("/" in host[1:] and host[0] != "/") for host in hosts):
        raise StoreUnavailable(
            "the URL of the database cannot be read; see that its parameters are libpq's, and that "
            "in a user name or password whatever is no letter or digit is written as %xx"
        ) from None
    return parameters


def patience(url: str) -> float:
    """Seconds for a connection to any of the hosts."""
    parameters = parameters_of(url)
    each = float(parameters.get("connect_timeout") or environ.get("PGCONNECT_TIMEOUT") or _CONNECT)
    return (each or 3600) * len(str(parameters.get("host") or "").split(",")) + 1


@contextmanager
def translate_errors() -> Iterator[None]:
    """Turns what PostgreSQL says into something an operator can act on.

    What it says of data is left out: it may quote somebody's.
    """
    try:
        yield
    except IntegrityError:
        raise
    except (psycopg.Error, PersistenceError) as error:
        raise unavailable(error) from None


def unavailable(error: Exception) -> StoreUnavailable:
    """An error of the database, and what to do about it."""
    cause = error if isinstance(error, psycopg.Error) else error.__cause__
    return StoreUnavailable(
        f"the database cannot be used: {_reason(cause or error)}", _hint(cause or error)
    )


def _reason(cause: BaseException) -> str:
    """What PostgreSQL says first of all, which names no data."""
    if isinstance(cause, PoolTimeout):
        return "it gives no connection"
    if isinstance(cause, psycopg.Error) and cause.diag.message_primary:
        return cause.diag.message_primary
    if isinstance(cause, (psycopg.OperationalError, psycopg.ProgrammingError)):
        # libpq's advice stands on lines of its own, which begin with a tab.
        said = [line for line in str(cause).splitlines() if not line.startswith("\t")]
        return " ".join(" ".join(said).split())
    return type(cause).__name__


def _hint(cause: BaseException) -> str:
    match cause:
        case psycopg.errors.InsufficientPrivilege():
            return "`tenure migrate --grant ROLE`, as the owner, lets a role do what is needed"
        case psycopg.errors.UndefinedObject():
            return "let an administrator create it first"
        case psycopg.OperationalError() if "password" in str(cause):
            return "~/.pgpass, or the file that PGPASSFILE names, may hold the password"
        case psycopg.OperationalError():
            return "see that it runs, and that `database` or TENURE_DATABASE names it"
        case _:
            return "check where the database is configured"
