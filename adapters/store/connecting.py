"""Connections to a PostgreSQL database by its URL, and error sentences that leak no secret."""

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

from adapters.store.errors import DAMAGED, StoreUnavailable

_CONNECT_TIMEOUT_S = 10
"""How long one host has for a connection, if neither the URL nor the environment says it."""
_KEEPALIVES = {
    "keepalives_idle": 10,  # seconds
    "keepalives_interval": 5,  # seconds
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,  # milliseconds
}
"""With these, a client notices within half a minute that the server has disappeared."""
SET_KEEPALIVES = (
    "SELECT set_config('tcp_keepalives_idle', '10', false),"
    " set_config('tcp_keepalives_interval', '5', false),"
    " set_config('tcp_keepalives_count', '3', false)"
)
"""With this, the server notices as soon that a client has disappeared, and releases its locks."""

MISSING = (
    "if it had data, restore it; or else `tenure migrate`, run as the owner, creates a new one"
)
"""The hint where the schema, or a table of it, is missing."""


@contextmanager
def connected(url: str) -> Iterator[Connection[Any]]:
    """Yields a connection for the time of the `with`. Each statement is its own transaction."""
    with closing(psycopg.connect(conninfo_of(url), autocommit=True)) as connection:
        yield connection


def conninfo_of(url: str) -> str:
    """Returns the URL as libpq's connection string, with a time limit for every wait.

    The limits are for a connection, and for a server that has disappeared. Limits that the URL or
    the environment sets are kept. Raises `StoreUnavailable` if the URL cannot be read.
    """
    parameters = parameters_of(url)
    defaults: dict[str, str | int] = {**_KEEPALIVES, "fallback_application_name": "tenure"}
    # A service file may set the limit too, and would be overridden.
    if "service" not in parameters and "PGCONNECT_TIMEOUT" not in environ:
        defaults["connect_timeout"] = _CONNECT_TIMEOUT_S
    missing = {name: value for name, value in defaults.items() if name not in parameters}
    return make_conninfo(url, **missing)


def parameters_of(url: str) -> dict[str, Any]:
    """Returns libpq's parameters from the URL.

    Raises `StoreUnavailable` if the URL or one of its hosts is malformed. libpq's own error would
    quote the URL, and with it perhaps the password. This one does not.
    """
    try:
        parameters = conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        parameters = {"host": "@"}  # rejected below
    hosts = str(parameters.get("host") or "").split(",")
    # A host with "@" or "/" is a rest of an unencoded password, as in `postgresql://ann:p@ss@db/x`.
    # A host that begins with "/" is the directory of a Unix socket.
    if any("@" in host or ("/" in host[1:] and host[0] != "/") for host in hosts):
        raise StoreUnavailable(
            "the URL of the database cannot be read; check that libpq knows its parameters, and "
            "write each character of the user name and the password as %xx, except letters and "
            "digits"
        ) from None
    return parameters


def pool_timeout_s(url: str) -> float:
    """Returns the seconds that a pool waits for a connection: enough to try every host."""
    parameters = parameters_of(url)
    limit = parameters.get("connect_timeout") or environ.get("PGCONNECT_TIMEOUT")
    per_host_s = float(limit or _CONNECT_TIMEOUT_S) or 3600  # for libpq, 0 is no limit
    return per_host_s * len(str(parameters.get("host") or "").split(",")) + 1


@contextmanager
def translate_errors() -> Iterator[None]:
    """Raises `StoreUnavailable` for every error of PostgreSQL, with a hint for the operator.

    The details of the error are left out: they may quote personal data.
    """
    try:
        yield
    except IntegrityError:
        raise
    except (psycopg.Error, PersistenceError) as error:
        raise unavailable(error) from None


def unavailable(error: Exception) -> StoreUnavailable:
    """Returns the `StoreUnavailable` for an error of the database: its reason, and a hint."""
    cause = error if isinstance(error, psycopg.Error) else error.__cause__
    return StoreUnavailable(
        f"the database cannot be used: {_reason(cause or error)}", _hint(cause or error)
    )


def _reason(cause: BaseException) -> str:
    """Returns PostgreSQL's primary message, which quotes no data, or else the error's type."""
    if isinstance(cause, PoolTimeout):
        return "it gave no connection in time"
    if isinstance(cause, psycopg.Error) and cause.diag.message_primary:
        return cause.diag.message_primary
    if isinstance(cause, (psycopg.OperationalError, psycopg.ProgrammingError)):
        # libpq's advice stands on separate lines, which begin with a tab.
        lines = [line for line in str(cause).splitlines() if not line.startswith("\t")]
        return " ".join(" ".join(lines).split())
    return type(cause).__name__


def _hint(cause: BaseException) -> str:
    match cause:
        case psycopg.errors.InsufficientPrivilege():
            return "run `tenure migrate --grant ROLE` as the owner: it gives ROLE its rights"
        case psycopg.errors.UndefinedTable():
            return MISSING
        case psycopg.errors.DataCorrupted() | psycopg.errors.IndexCorrupted():
            return DAMAGED
        case psycopg.errors.UndefinedObject():
            return "ask an administrator to create it first"
        case psycopg.OperationalError() if "password" in str(cause):
            return "put the password into ~/.pgpass, or into the file that PGPASSFILE names"
        case psycopg.OperationalError():
            return "check that the server runs, and that `database` or TENURE_DATABASE names it"
        case _:
            return "check `database` or TENURE_DATABASE"
