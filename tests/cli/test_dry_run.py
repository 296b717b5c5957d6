"""`--dry-run`: the answer and the exit code of the real command, and nothing is stored."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from adapters.store.schema import VERSION
from tests.cli.conftest import ASKED, Desk
from tests.cli.test_approvals import LEAVERS, NEXT, STAFF
from tests.databases import undone_since
from tests.given import moment

COMMANDS: dict[str, tuple[str, ...]] = {
    "an import of the source": ("import", "acme"),
    "an import that is held": ("import", "acme", "held.csv"),
    "an import that is refused": ("import", "acme", "refused.csv"),
    "an import of a missing directory": ("import", "elsewhere"),
    "all imports": ("import", "--all"),
    "all imports that are due": ("import", "--all", "--due"),
    "an approval": ("approve", "last", *ASKED),
    "a part of an approval": ("approve", "last", "--only", "offboard", *ASKED),
    "an approval without somebody unknown": ("approve", "last", "--without", "x", *ASKED),
    "a discard": ("discard", "last", *ASKED),
    "a support action": ("support", "deactivate", "acme", "ext-1", *ASKED),
    "a support action for many": ("support", "deactivate", "acme", "--from", "people.csv", *ASKED),
    "a rekey": ("rekey", "acme", "map.csv", *ASKED),
    "a clock run": ("clock", "--by", "Eva"),
    "a rebuild": ("rebuild",),
    "a migration": ("migrate",),
    "an init": ("init", "new"),
}


@pytest.fixture
def waiting(desk: Desk) -> Desk:
    """Acme, whose delivery is held, with work for the clock, and a company without a directory."""
    text = (desk.directory / "tenure.toml").read_text()
    other = text.replace("acme", "elsewhere").replace("outgoing", "missing")
    desk.write("tenure.toml", f"{text}{other}".encode())
    desk.deliver(STAFF)
    assert desk.type("import", "acme").code == 0
    desk.type("support", "offboard", "acme", "ext-9", "2027-03-01", *ASKED)
    desk.now = NEXT
    desk.deliver(LEAVERS)
    assert desk.type("import", "acme").code == 4
    desk.write("held.csv", LEAVERS.replace("Last1,", "Other1,").encode())
    desk.write("refused.csv", b"email\n")
    desk.write("people.csv", b"who\next-1\next-2\n")
    desk.write("map.csv", b"old,new\next-1,new-1\next-99,new-2\n")
    desk.now = moment("2027-03-02 03:00")
    return desk


def content(desk: Desk) -> tuple[list[str], list[str]]:
    """Everything that the database has, and the files of the directory."""
    with closing(sqlite3.connect(desk.directory / "tenure.db")) as connection:
        rows = list(connection.iterdump())
    files = [str(path) for path in desk.directory.rglob("*") if "tenure.db-" not in path.name]
    return rows, sorted(files)


@pytest.mark.parametrize("case", COMMANDS)
def test_a_dry_run_ends_as_the_command_would_and_stores_nothing(waiting: Desk, case: str) -> None:
    """R1, R2: With --dry-run, the database and the directory stay as they are, and the exit code
    is that of the real command, which is given afterwards. A run has no id."""
    # given
    command = COMMANDS[case]
    before = content(waiting)

    # when
    told = waiting.type(*command, "--dry-run")
    unstored = content(waiting) == before
    as_json = None if command[0] == "init" else waiting.type(*command, "--dry-run", "--json")
    done = waiting.type(*command)

    # then
    assert unstored
    assert told.code == done.code
    assert "Traceback" not in told.err
    if as_json is not None and as_json.out:
        assert as_json.code == done.code
        found = as_json.document if isinstance(as_json.document, list) else [as_json.document]
        assert [run.get("run") for run in found] == [None] * len(found)


def test_a_dry_run_of_support_names_nobody_s_run(waiting: Desk) -> None:
    """S5: A dry run tells the person and the change, and no run and no moment of recording."""
    # when
    told = waiting.type(*COMMANDS["a support action"], "--dry-run")

    # then
    assert told.out.startswith("acme: would end as applied, nothing was stored\n")
    *_, last = told.out.splitlines()
    assert "  First1 Last1 <p1@acme.example>: locked out at " in last
    assert "recorded" not in told.out
    assert "[run" not in told.out


def test_a_dry_run_of_an_upgrade_tells_both_versions(waiting: Desk) -> None:
    """`tenure migrate --dry-run` tells from which schema to which, and upgrades nothing."""
    # given
    database = waiting.directory / "tenure.db"
    with closing(sqlite3.connect(database)) as connection, connection:
        for statement in undone_since(VERSION - 1):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {VERSION - 1}")

    # when
    told, again = (waiting.type("migrate", "--dry-run") for _ in range(2))
    document = waiting.type("migrate", "--dry-run", "--json").document
    database.unlink()
    missing = waiting.type("migrate", "--dry-run")

    # then
    expected = f"The schema has version {VERSION - 1} and would get version {VERSION}.\n"
    assert (told.code, told.out, again.out) == (0, expected, expected)
    assert document == {"before": VERSION - 1, "after": VERSION, "granted": None}
    assert (missing.code, missing.out) == (0, f"Would create the database {database}\n")
    assert not database.exists()


@pytest.mark.parametrize("database", [None, "sqlite:///other.db", "sqlite:////tmp/no/where.db"])
def test_a_dry_run_of_init_names_the_files_that_init_writes(
    waiting: Desk, monkeypatch: pytest.MonkeyPatch, database: str | None
) -> None:
    """`tenure init --dry-run` names each file that `init` then writes, or fails as it does."""
    # given
    if database is not None:
        monkeypatch.setenv("TENURE_DATABASE", database)

    # when
    told = waiting.type("init", "new", "--dry-run")
    unwritten = not (waiting.directory / "new").exists()
    done = waiting.type("init", "new")

    # then
    assert unwritten
    assert told.code == done.code
    if done.code == 0:
        written = [path for path in (waiting.directory / "new").rglob("*") if path.is_file()]
        named = [line.removeprefix("Would write ") for line in told.out.splitlines()]
        assert sorted(waiting.directory / name for name in named) == sorted(written)
