"""Copies of a database in which one bit is wrong, as after a fault of a disk or of memory."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

import psycopg

from adapters.store.opening import Database, PostgresUrl
from adapters.store.store import Store
from tests.adapters import pgserver

COPY = "damaged"


class Damaged(NamedTuple):
    """A damaged copy, and the function that repairs its indexes."""

    database: Database
    repair: Callable[[Store], None]


def flip(file: Path, pattern: bytes, bit: int = 1) -> None:
    """Flips a bit of the byte that the group of `pattern` finds. Asserts that there is just one."""
    data = bytearray(file.read_bytes())
    (found,) = re.finditer(pattern, data, re.DOTALL)
    data[found.start(1)] ^= bit
    with file.open("r+b") as opened:
        opened.write(data)


@contextmanager
def sqlite_copy(path: Path, change: Callable[[Path], None]) -> Iterator[Damaged]:
    """Yields a copy of a database, after `change` was called with its file."""
    copy = path.with_name(f"{COPY}.db")
    with closing(sqlite3.connect(path)) as before, closing(sqlite3.connect(copy)) as after:
        before.backup(after)
    change(copy)
    yield Damaged(copy, lambda store: store.rebuild(lambda _: None))


@contextmanager
def postgres_copy(
    server: pgserver.Server, index: str, change: Callable[[Path], None]
) -> Iterator[Damaged]:
    """Yields a copy of the tests' database, after `change` was called with the file of an index."""
    # This way of copying leaves the pages of the copy in its files, and none in memory.
    server.execute(f"CREATE DATABASE {COPY} TEMPLATE {pgserver.DATABASE} STRATEGY file_copy")
    try:
        change(server.directory / "data" / _file_of(server, index))
        owner = server.url(COPY, pgserver.OWNER)
        with closing(psycopg.connect(owner, autocommit=True)) as connection:
            yield Damaged(
                PostgresUrl(server.url(COPY, pgserver.RUNNER)),
                lambda _: connection.execute(f"REINDEX INDEX {index}".encode()) and None,
            )
    finally:
        server.execute(f"DROP DATABASE {COPY} WITH (FORCE)")


def _file_of(server: pgserver.Server, index: str) -> str:
    """Returns the file of an index in the copy. Nobody has connected to the copy yet."""
    with closing(psycopg.connect(server.url(pgserver.DATABASE))) as connection:
        question = "SELECT pg_relation_filepath(%s::regclass)"
        ((original,),) = connection.execute(question, (index,))
        ((number,),) = connection.execute("SELECT oid FROM pg_database WHERE datname = %s", (COPY,))
    base, _, file = original.split("/")
    return f"{base}/{number}/{file}"
