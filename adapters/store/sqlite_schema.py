"""Creates, recognises and upgrades the file of an embedded database (ADR 0009, ADR 0032)."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from stat import S_ISREG
from typing import Any
from urllib.parse import quote

from adapters.store import events, limits
from adapters.store.errors import StoreUnavailable
from adapters.store.event_store import decode_event
from adapters.store.schema import REBUILT, TABLES, VERSION, added_since, columns_since
from adapters.store.sql import added_columns, ddl
from adapters.store.sqlite_sql import SqliteQuery, execute
from projections import kept, runs
from projections.tables import Table

_TYPES = {str: "TEXT", int: "INTEGER", bytes: "BLOB"}
_CLUSTERED = " WITHOUT ROWID"
"""Stores rows in the order of their key: the table is one tree instead of two."""
OF_FILES = (runs.HELD, kept.TABLE)
"""Tables with large values. They are better not clustered, and have an index of their key."""

_STATISTICS = (
    ("roster", "roster", "1000000 10000 1"),
    ("roster", "roster_company_address", "1000000 10000 1"),
    ("roster", "roster_company_file_address", "10000 100 1"),
    ("roster", "roster_company_external_id", "1000000 10000 1"),
    ("roster", "roster_starts_company", "10000 100 10"),
    ("roster", "roster_leaves_company", "10000 100 10"),
)
"""Rows of `sqlite_stat1`: the table, the index, and numbers of rows. The first number counts all
rows, the second the rows with one value of the first column, and so on. SQLite cannot measure
empty tables. Without these numbers, it searches a whole company for one address."""

_OTHER_FILE = "name Tenure's own file in `database` or TENURE_DATABASE"


def migrate(path: Path) -> int:
    """Creates the database in the file at `path`, or upgrades it to this release.

    Returns the version that the schema had before, 0 if there was no database. Only the owner can
    read a new file. Raises `StoreUnavailable` if the directory of the file does not exist, if the
    file is another program's, or if only the log of a lost database is there.
    """
    with _explained(path):
        file = _place_of(path)
        with suppress(FileExistsError):
            os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        with _connected(path) as connection, connection:
            connection.execute("BEGIN IMMEDIATE")
            version = _version(connection, path)
            if version < VERSION:
                _upgrade(connection.cursor(), version)
    return version


def schema_version(path: Path) -> int:
    """Returns the version of the schema in the file at `path`, 0 if there is no database yet.

    Creates and changes nothing. Raises `StoreUnavailable` where `migrate` cannot begin.
    """
    with _explained(path):
        if not _place_of(path).exists():
            return 0
        with _connected(path) as connection:
            return _version(connection, path)


def _place_of(path: Path) -> Path:
    """Returns the file that a database is in, or would be in.

    Raises `StoreUnavailable` if its directory does not exist, or has the rest of a lost database.
    """
    file = Path(os.path.realpath(path))  # a link may lead to a file that does not exist yet
    if not file.parent.is_dir():
        raise StoreUnavailable(
            f"there is no directory {file.parent} for the database",
            "create the directory, or correct `database` or TENURE_DATABASE",
        )
    _require_no_rest(file)
    return file


def _require_no_rest(file: Path) -> None:
    """Raises `StoreUnavailable` if the log of a database is there, and the database is not.

    The log may hold runs that are not yet in the database. SQLite deletes it for a new database.
    """
    log = Path(f"{file}-wal")
    sizes = [each.stat().st_size if each.exists() else 0 for each in (file, log)]
    if sizes[0] == 0 < sizes[1]:
        raise StoreUnavailable(
            f"{log} has the latest runs of a database that is not there any more",
            "put the database back beside it, or move this file away for a new database",
        )


def require_database(path: Path) -> int:
    """Returns the version of the schema in the file at `path`. Changes nothing.

    Raises `StoreUnavailable` if there is no database of Tenure, or if a newer release made it.
    """
    with _explained(path), _connected(path) as connection:
        version = _version(connection, path)
    if version == 0:
        raise _missing(f"the file {path} is empty")
    return version


def create_tables(cursor: sqlite3.Cursor, tables: Iterable[Table[Any]]) -> None:
    """Creates tables with their indexes."""
    for table in tables:
        for statement in ddl(table, _TYPES, "" if table in OF_FILES else _CLUSTERED):
            cursor.execute(statement)


def _upgrade(cursor: sqlite3.Cursor, version: int) -> None:
    """Adds what the schema of this `version` lacks. 0 means that there is no schema."""
    create_tables(cursor, added_since(version) if version else TABLES)
    for table, names in columns_since(version) if version else ():
        for statement in added_columns(table, names, _TYPES):
            cursor.execute(statement)
    if 0 < version < REBUILT:
        _rebuild(cursor)
    if version == 0:
        cursor.execute("ANALYZE")  # creates the table of statistics
        cursor.executemany("INSERT INTO sqlite_stat1 VALUES (?, ?, ?)", _STATISTICS)
    cursor.execute(f"PRAGMA user_version = {VERSION}")


def _rebuild(cursor: sqlite3.Cursor) -> None:
    """Makes the projections again from the events, in the transaction of `cursor`."""
    from adapters.store.integrity.rebuild import writes_of_upgrade

    execute(cursor, writes_of_upgrade(SqliteQuery(cursor.connection), decode_event))


def _version(connection: sqlite3.Connection, path: Path) -> int:
    """Returns the version of the schema, 0 if the database is empty.

    Raises `StoreUnavailable` if the database is another program's, or a newer release's.
    """
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    if not names and version == 0:
        return 0
    if events.TABLE.name not in names or version < 1:
        raise StoreUnavailable(f"{path} is the database of another program", _OTHER_FILE)
    if version > VERSION:
        raise StoreUnavailable(
            f"{path} has schema version {version} and this release needs {VERSION}",
            "use the newer release that made or upgraded it",
        )
    return int(version)


@contextmanager
def _connected(path: Path) -> Iterator[sqlite3.Connection]:
    """Yields a connection to an existing file. Each statement is its own transaction.

    The file is not opened to find out whether it may be written. Closing a file ends all locks
    that other connections of this process have on it.
    """
    if not S_ISREG(path.stat().st_mode):
        raise StoreUnavailable(f"{path} is not a file", _OTHER_FILE)
    if not os.access(path, os.R_OK | os.W_OK, effective_ids=True):
        raise StoreUnavailable(
            f"this user may not read and write {path}", "run the command as the owner of the file"
        )
    connection = sqlite3.connect(uri_of(path), limits.LOCK_S, isolation_level=None, uri=True)
    with closing(connection):
        yield connection


def uri_of(path: Path) -> str:
    """Returns the URI with which SQLite opens an existing file. It never creates one."""
    return f"file:{quote(str(path.absolute()))}?mode=rw"


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Raises `StoreUnavailable` for each error of the file system and of SQLite."""
    try:
        yield
    except FileNotFoundError:
        raise _missing(f"there is no database {path}") from None
    except OSError as error:
        raise StoreUnavailable(f"cannot open {path}: {error.strerror}") from error
    except sqlite3.Error as error:
        if is_locked(error):
            raise kept_locked() from error
        raise StoreUnavailable(f"{path} cannot be used as a database: {error}") from error


def is_locked(error: Exception) -> bool:
    """Returns whether SQLite gave up waiting for another process that writes."""
    return "database is locked" in str(error)


def kept_locked() -> StoreUnavailable:
    """Returns the error of a command that has waited too long for another process."""
    return StoreUnavailable(
        f"another process has kept the database locked for {limits.LOCK_S:g} seconds, and may be "
        "stopped",
        "find it with `fuser` and the name of the database; end it, or continue it with "
        "`kill -CONT`; then try again",
    )


def _missing(problem: str) -> StoreUnavailable:
    return StoreUnavailable(
        problem, "if it had data, put it back; or else `tenure migrate` creates a new database"
    )
