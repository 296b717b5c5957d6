"""A PostgreSQL server for the tests alone, on a socket in a directory of its own."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import psycopg

from adapters.store.postgres_schema import migrate
from adapters.store.schema import TABLES

_PLACES = ("/usr/lib/postgresql", "/usr/pgsql", "/usr/local/pgsql")
DATABASE = "tenure"
OWNER, RUNNER = "owner", "tenure"
"""The role that owns the schema, and the role that runs the product."""


class Server(NamedTuple):
    """A running server, by the directory of its socket."""

    directory: Path

    def url(self, database: str = "postgres", user: str = "postgres") -> str:
        """Returns the URL of a database."""
        return f"postgresql://{user}@/{database}?host={self.directory}"

    def made(self, database: str) -> str:
        """Creates a database with Tenure's schema, and returns its URL."""
        self.execute(f"CREATE DATABASE {database} OWNER {OWNER}")
        migrate(self.url(database, OWNER), RUNNER)
        return self.url(database, RUNNER)

    def analysed(self, url: str) -> None:
        """Makes the server analyse its tables, as it does by itself within a minute."""
        with psycopg.connect(self.as_owner(url), autocommit=True) as connection:
            connection.execute("ANALYZE")

    def as_owner(self, url: str) -> str:
        """Returns the URL of the same database for its owner."""
        return url.replace(f"//{RUNNER}@", f"//{OWNER}@")

    def emptied(self) -> str:
        """Empties the one database that tests use in turn, and returns its URL."""
        tables = ", ".join(table.name for table in TABLES)
        # A connection that an earlier test left open must not make this test wait.
        others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = "
        self.execute(f"{others}'{DATABASE}'")
        self.execute(f"TRUNCATE {tables}", database=DATABASE)
        return self.url(DATABASE, RUNNER)

    def execute(self, *statements: str, database: str = "postgres") -> None:
        """Runs statements as the superuser."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())


@contextmanager
def running(*options: str) -> Iterator[Server]:
    """Yields a server with these settings, with the roles that the tests need."""
    programs = find_programs()
    # The path of a socket must be short, and the server's user must have access to it.
    directory = Path(tempfile.mkdtemp(prefix="pg"))
    try:
        user = user_for(directory)
        run_as(user, programs / "initdb", "-D", directory / "data", "-U", "postgres", "-A", "trust",
             "-E", "UTF8", "--locale=C", "--no-sync")  # fmt: skip
        settings = ["listen_addresses=", f"unix_socket_directories={directory}", *options]
        flags = " ".join(f"-c {setting}" for setting in settings)
        run_as(user, programs / "pg_ctl", "-D", directory / "data", "-w", "-s", "-o", flags,
             "-l", directory / "log", "start")  # fmt: skip
        try:
            server = Server(directory)
            server.execute(f"CREATE ROLE {OWNER} LOGIN", f"CREATE ROLE {RUNNER} LOGIN")
            server.made(DATABASE)
            yield server
        finally:
            with suppress(subprocess.CalledProcessError):
                run_as(user, programs / "pg_ctl", "-D", directory / "data", "-m", "immediate",
                     "-w", "-s", "stop")  # fmt: skip
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def find_programs() -> Path:
    """Returns the directory of initdb: Debian has one for each version, outside PATH."""
    found = shutil.which("initdb")
    versions = [path for place in _PLACES for path in Path(place).glob("*/bin")]
    with_initdb = [path for path in versions if (path / "pg_ctl").exists()]
    if with_initdb:
        return max(with_initdb, key=lambda path: float(path.parent.name))
    assert found, "initdb is missing: install postgresql"
    return Path(found).resolve().parent


def user_for(directory: Path) -> str | None:
    """Returns the user that runs the server, or None for this user; PostgreSQL refuses root."""
    if os.geteuid() != 0:
        return None
    names = {each.pw_name for each in pwd.getpwall()}
    user = "postgres" if "postgres" in names else "nobody"
    shutil.chown(directory, user)
    return user


def run_as(user: str | None, *command: str | Path) -> None:
    arguments: Sequence[str | Path] = command
    if user is not None:
        arguments = ("setpriv", f"--reuid={user}", "--clear-groups", *command)
    done = subprocess.run(
        arguments, stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd="/"
    )
    assert done.returncode == 0, done.stderr
