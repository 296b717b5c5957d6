"""`python -m tests.benchmarks [N]`: the work of Tenure beside the least that could be done.

Each figure is the median of several rounds in one process, in which the two sides of a ratio take
turns, so that a ratio holds when the machine's speed drifts. Memory is the peak of a process
of its own.
"""

from __future__ import annotations

import csv
import io
import resource
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import ParamSpec

from tabulate import tabulate

from adapters.service.imports import import_delivery
from adapters.service.run import Shell
from adapters.settings import Customer, Settings
from adapters.sources.source import DeliveredFile
from adapters.store.sqlite import open_sqlite
from domain.company import Company, Language
from domain.run import Outcome
from domain.schedule import Schedule
from tests.benchmarks import data

_P = ParamSpec("_P")
ROUNDS = 3
NOW = datetime(2027, 3, 1, 2, 45, tzinfo=UTC)
CUSTOMER = Customer(Company("acme", "Acme BV", Language.NL, groups=data.GROUPS), None)


def main(count: int) -> None:
    """Measures with `count` rows and prints one table."""
    rows = data.people(count)
    first = data.delivery(rows)
    shuffled = data.delivery(data.shuffled(rows))
    changed = data.delivery(data.changed(rows, 0.01))
    took: dict[str, list[float]] = {}

    def note(name: str, seconds: float) -> None:
        took.setdefault(name, []).append(seconds)

    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as directory:
            plain = Path(directory) / "plain.db"
            shell = a_shell(Path(directory))
            note("csv pass", timed(csv_pass, first))
            note("plain first", timed(plain_sql, plain, first))
            note("plain second", timed(plain_sql, plain, shuffled))
            note("first", timed(imported, shell, first, Outcome.APPLIED))
            note("same bytes", timed(imported, shell, first, Outcome.UNCHANGED))
            note("shuffled", timed(imported, shell, shuffled, Outcome.UNCHANGED))
            note("changed", timed(imported, shell, changed, Outcome.APPLIED))
            shell.store.close()
    report(count, {name: statistics.median(seconds) for name, seconds in took.items()})


def report(count: int, took: dict[str, float]) -> None:
    """Prints what was measured."""
    base, plain = took["csv pass"], took["plain first"]
    lines = [
        ("csv.reader pass", base, None, ""),
        ("plain SQL, first time", plain, None, ""),
        ("plain SQL, second time", took["plain second"], None, ""),
        ("first import", took["first"], took["first"] / plain, "plain SQL, first time"),
        ("second import, same bytes", took["same bytes"], took["same bytes"] / base, "csv pass"),
        ("second import, other order", took["shuffled"], took["shuffled"] / base, "csv pass"),
        ("second import, 1 % changed", took["changed"], took["changed"] / base, "csv pass"),
    ]
    print(f"{count:,} rows, SQLite, medians of {ROUNDS}")
    print(
        tabulate(
            [
                (what, f"{seconds:.3f} s", f"{ratio:.2f} x {beside}" if ratio else "")
                for what, seconds, ratio, beside in lines
            ],
            ("work", "time", "ratio"),
        )
    )
    print(f"peak memory of a first import: {peak_memory(count):.0f} MiB")


def timed(work: Callable[_P, object], *arguments: _P.args, **options: _P.kwargs) -> float:
    """Seconds that `work` takes."""
    began = time.perf_counter()
    work(*arguments, **options)
    return time.perf_counter() - began


def csv_pass(content: bytes) -> None:
    """The least that reading a delivery can cost."""
    for _ in csv.reader(io.StringIO(content.decode(), newline="")):
        pass


def plain_sql(path: Path, content: bytes) -> None:
    """A delivery into one table without any history."""
    columns = [name.lower().replace(" ", "_") for name in data.HEADER.split(",")]
    names, marks = ", ".join(columns), ", ".join("?" * len(columns))
    sets = ", ".join(f"{name} = excluded.{name}" for name in columns[1:])
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA cache_size = -65536")
    connection.execute(f"CREATE TABLE IF NOT EXISTS people ({names}, PRIMARY KEY (email))")
    rows = csv.reader(io.StringIO(content.decode(), newline=""))
    next(rows)
    upsert = (
        f"INSERT INTO people ({names}) VALUES ({marks}) ON CONFLICT (email) DO UPDATE SET {sets}"
    )
    with connection:
        connection.executemany(upsert, rows)
    connection.close()


def a_shell(base: Path) -> Shell:
    """Tenure with an empty database."""
    settings = Settings(base / "tenure.toml", base / "tenure.db", Schedule(), {"acme": CUSTOMER})
    return Shell(settings, open_sqlite(settings.database), lambda: NOW)


def imported(shell: Shell, content: bytes, outcome: Outcome) -> None:
    """One import, which must end as expected."""
    file = DeliveredFile("alleo_employees.csv", NOW, content, len(content))
    run = import_delivery(shell, CUSTOMER, "bench", [file])
    if run.outcome is not outcome:
        raise AssertionError(f"the import ended as {run.outcome}")


def peak_memory(count: int) -> float:
    """MiB that a first import of `count` rows takes at its peak."""
    command = [sys.executable, "-m", "tests.benchmarks", str(count), "memory"]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def first_import(count: int) -> None:
    """One first import; prints this process's peak memory in MiB."""
    content = data.delivery(data.people(count))
    with tempfile.TemporaryDirectory() as directory:
        imported(a_shell(Path(directory)), content, Outcome.APPLIED)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


if __name__ == "__main__":
    rows_wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    if sys.argv[2:] == ["memory"]:
        first_import(rows_wanted)
    else:
        main(rows_wanted)
