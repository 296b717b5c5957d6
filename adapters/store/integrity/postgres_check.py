"""Asks PostgreSQL whether its indexes find every row."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from psycopg import Connection, errors

from adapters.store.integrity.database_check import DatabaseCheck
from adapters.store.schema import TABLES
from adapters.store.sql import index_name
from projections.answers.integrity import Problem, problem
from projections.tables import Index, Table

_NO_AMCHECK = (
    "PostgreSQL's own check of indexes was not possible; a superuser makes it possible with "
    "CREATE EXTENSION amcheck, and GRANT EXECUTE ON FUNCTION bt_index_check(regclass, boolean)"
)
_OTHER_WAYS = ("enable_seqscan", "enable_bitmapscan", "enable_hashjoin", "enable_mergejoin")
"""Without these, each value is looked up by the index that an import would use for it."""


def check(connection: Connection[Any]) -> DatabaseCheck:
    """Returns the indexes that do not find every row of their table.

    Each index is compared with its table, and checked by the extension amcheck if the role may use
    it. Both find what the other does not: amcheck reads every page of an index and does not look
    anything up.
    """
    problems: dict[str, Problem] = {}
    has_amcheck = True
    for table in TABLES:
        for name, index in _indexes_of(table):
            try:
                with connection.transaction():
                    if _misses_rows(connection, table, index):
                        problems[name] = _damaged(name)
                if has_amcheck:
                    has_amcheck = _amcheck(connection, name)
            except errors.IndexCorrupted:
                problems[name] = _damaged(name)
            except errors.DataCorrupted as error:
                problems.setdefault(name, _unreadable(name, error))
    return DatabaseCheck(tuple(problems.values()), () if has_amcheck else (_NO_AMCHECK,))


def _indexes_of(table: Table[Any]) -> Iterator[tuple[str, Index]]:
    """Yields each index of a table with its name, the index of the key first."""
    yield f"{table.name}_pkey", Index(table.key)
    for index in table.indexes:
        yield index_name(table, index), index


def _misses_rows(connection: Connection[Any], table: Table[Any], index: Index) -> bool:
    """Returns whether an index finds fewer or more rows with some value than the table has."""
    columns = ", ".join(index.columns)
    same = " AND ".join(f"by_index.{name} = rows.{name}" for name in index.columns)
    filled = f" WHERE {index.filled} IS NOT NULL" if index.filled else ""
    # A sample of all pages is the one way to read a table that never goes through an index.
    statement = f"""
        SELECT EXISTS (
            SELECT FROM (
                SELECT {columns}, count(*) AS there FROM {table.name} TABLESAMPLE SYSTEM (100)
                {filled} GROUP BY {columns}
            ) rows
            LEFT JOIN {table.name} by_index ON {same}
            GROUP BY {", ".join(f"rows.{name}" for name in index.columns)}, there
            HAVING count(by_index.{index.columns[0]}) <> there
        )
    """  # noqa: S608 - names of our own tables and columns
    for other in _OTHER_WAYS:
        connection.execute(f"SET LOCAL {other} = off".encode())
    ((misses,),) = connection.execute(statement.encode())
    for other in _OTHER_WAYS:
        connection.execute(f"SET LOCAL {other} TO DEFAULT".encode())
    return bool(misses)


def _amcheck(connection: Connection[Any], index: str) -> bool:
    """Checks an index by amcheck. Returns whether that is possible.

    Raises `IndexCorrupted` or `DataCorrupted` if the index is damaged.
    """
    try:
        with connection.transaction():
            connection.execute("SELECT bt_index_check(%s::regclass, true)", (index,))
    except (errors.UndefinedFunction, errors.InsufficientPrivilege):
        return False
    return True


def _damaged(index: str) -> Problem:
    repair = f"let the owner of its table run REINDEX INDEX {index}"
    return problem("index-damaged", index=index, repair=repair)


def _unreadable(index: str, error: errors.DataCorrupted) -> Problem:
    """Returns the problem of a page of the index, or of its table, that cannot be read."""
    repair = f"let the owner run REINDEX INDEX {index}; if that does not help, restore a backup"
    report = error.diag.message_primary or "a page cannot be read"
    return problem("database-damaged", report=report, repair=repair)
