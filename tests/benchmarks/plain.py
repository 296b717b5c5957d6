"""The least possible work: a delivery into one table, without rules and without history."""

from __future__ import annotations

import csv
import io
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import psycopg

from tests.benchmarks import data

COLUMNS = [name.lower().replace(" ", "_") for name in data.HEADER.split(",")]
_SETS = ", ".join(f"{name} = excluded.{name}" for name in COLUMNS[1:])
_UPSERT = f"ON CONFLICT (email) DO UPDATE SET {_SETS}"


def csv_pass(content: bytes) -> None:
    """Reads a delivery with `csv.reader` alone, which is the least that reading can cost."""
    for _ in _rows(content):
        pass


def sqlite(path: Path, content: bytes) -> None:
    """Stores a delivery in SQLite by `executemany` of one upsert."""
    names, marks = ", ".join(COLUMNS), ", ".join("?" * len(COLUMNS))
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA cache_size = -65536")
    connection.execute(f"CREATE TABLE IF NOT EXISTS people ({names}, PRIMARY KEY (email))")
    with connection:
        connection.executemany(
            f"INSERT INTO people ({names}) VALUES ({marks}) {_UPSERT}", _rows(content)
        )
    connection.close()


def postgresql(url: str, content: bytes) -> None:
    """Stores a delivery in PostgreSQL by `COPY` into a staging table and one upsert from there."""
    columns = ", ".join(f"{name} TEXT" for name in COLUMNS)
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE IF NOT EXISTS people ({columns}, PRIMARY KEY (email))")
        cursor.execute("CREATE TEMPORARY TABLE staging (LIKE people) ON COMMIT DROP")
        with cursor.copy("COPY staging FROM STDIN") as copy:
            for row in _rows(content):
                copy.write_row(row)
        cursor.execute(f"INSERT INTO people SELECT * FROM staging {_UPSERT}")


def _rows(content: bytes) -> Iterator[list[str]]:
    rows = csv.reader(io.StringIO(content.decode(), newline=""))
    next(rows)
    return rows
