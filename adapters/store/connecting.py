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

from adapters.store.errors import StoreUnavailable

_CONNECT = 10
"""Seconds to wait for a connection."""


@contextmanager
def connected(url: str) -> Iterator[Connection[Any]]:
    """A connection for the time of the `with`, on which each statement counts at once."""
    with closing(psycopg.connect(patient(url), autocommit=True)) as connection:
        yield connection


def patient(url: str) -> str:
    """The URL as libpq takes it, with an end to waiting for a connection if nothing sets one.

    What libpq says of a URL that it cannot read, or of a host that is none, quotes it, and so may
    quote the password.
    """
    parameters = parameters_of(url)
    if "connect_timeout" in parameters or "service" in parameters or "PGCONNECT_TIMEOUT" in environ:
        return url
    return make_conninfo(url, connect_timeout=_CONNECT)


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
def explained() -> Iterator[None]:
    """Turns what PostgreSQL says into something an operator can act on.

    What it says of data is left out: it may quote somebody's.
    """
    try:
        yield
    except IntegrityError:
        raise
    except (psycopg.Error, PersistenceError) as error:
        problem = f"the database cannot be used: {reason_of(error)}"
        if isinstance(error.__cause__ or error, psycopg.errors.InsufficientPrivilege):
            hint = "`tenure migrate --grant ROLE`, as the owner, lets a role do what is needed"
            raise StoreUnavailable(problem, hint) from None
        raise StoreUnavailable(problem) from None


def reason_of(error: Exception) -> str:
    """What PostgreSQL says first of all, which names no data."""
    cause = error if isinstance(error, psycopg.Error) else error.__cause__
    if isinstance(cause, psycopg.Error) and cause.diag.message_primary:
        return cause.diag.message_primary
    if isinstance(cause, (psycopg.OperationalError, psycopg.ProgrammingError)):
        return " ".join(str(cause).split())
    return type(cause or error).__name__
