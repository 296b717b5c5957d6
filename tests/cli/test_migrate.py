"""`tenure migrate`, and a company's day on PostgreSQL, as it is typed."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import psycopg
import pytest

from adapters.store.schema import VERSION
from adapters.worker.job_schema import require_jobs
from tests.adapters import pgserver
from tests.cli.conftest import ACME, ASKED, Desk, assert_explained
from tests.given import moment

THREE = """
    email,first_name,last_name,external_id,onboarding_date,offboarding_date
    anna@acme.example,Anna,Bakker,1,,2027-04-20
    bram@acme.example,Bram,Smit,2,2027-03-10,
    chris@acme.example,Chris,Jansen,3,,
"""
SECRET = "hush-9Zq"
NEVER = "postgresql://tenure:hush-9Zq@127.0.0.1:1/tenure"

_names = count()


@pytest.fixture
def fresh(postgres: pgserver.Server) -> Iterator[str]:
    """A database without a schema, as its owner, who has a password."""
    name = f"typed_{next(_names)}"
    postgres.execute(f"CREATE DATABASE {name} OWNER {pgserver.OWNER}")
    yield postgres.url(name, f"{pgserver.OWNER}:{SECRET}")
    postgres.execute(f"DROP DATABASE {name} WITH (FORCE)")


def on(desk: Desk, url: str) -> Path:
    """The configuration, with this database."""
    return desk.configure(f'\n    database = "{url}"\n{ACME}')


def as_runner(url: str) -> str:
    """The same database, for the role that runs the product."""
    return url.replace(f"//{pgserver.OWNER}:", f"//{pgserver.RUNNER}:")


# The command


def test_the_schema_is_made_and_then_is_there(desk: Desk, fresh: str) -> None:
    """`tenure migrate` creates the schema, and a second call says that the schema is there
    already."""
    # given
    on(desk, fresh)

    # when
    first, again = desk.type("migrate"), desk.type("migrate")

    # then
    assert (first.code, again.code) == (0, 0)
    assert first.out == f"The schema had version 0 and has version {VERSION} now.\n"
    assert again.out == f"The schema has version {VERSION} already.\n"
    assert first.err == again.err == ""


def test_as_json_it_tells_both_versions(desk: Desk, fresh: str) -> None:
    """`tenure migrate --json` answers with the versions before and after."""
    # given
    on(desk, fresh)

    # when / then
    assert desk.type("migrate", "--json").document == {
        "before": 0,
        "after": VERSION,
        "granted": None,
    }
    assert desk.type("migrate", "--json").document == {
        "before": VERSION,
        "after": VERSION,
        "granted": None,
    }


def test_a_database_that_cannot_hold_every_name_is_refused(
    desk: Desk, postgres: pgserver.Server
) -> None:
    """`tenure migrate` of a database that is not UTF-8 exits with code 6 and says what to do."""
    # given
    name = f"typed_{next(_names)}"
    postgres.execute(
        f"CREATE DATABASE {name} OWNER {pgserver.OWNER} ENCODING 'LATIN1' TEMPLATE template0"
    )
    on(desk, postgres.url(name, pgserver.OWNER))

    # when
    answer = desk.type("migrate")

    # then
    assert answer.code == 6
    assert_explained(answer, ["encoding LATIN1", "ENCODING 'UTF8'"])


def test_a_role_is_granted_what_it_needs_and_no_more(desk: Desk, fresh: str) -> None:
    """`tenure migrate --grant` lets a role run the product, but not delete events."""
    # given
    on(desk, fresh)
    assert desk.type("migrate").code == 0
    on(desk, as_runner(fresh))
    assert_explained(desk.type("roster", "acme"), ["permission denied"])
    on(desk, fresh)

    # when
    granted = desk.type("migrate", "--grant", pgserver.RUNNER)
    assert granted.code == 0
    assert f"The role {pgserver.RUNNER} may now read and add events" in granted.out

    # then
    on(desk, as_runner(fresh))
    assert desk.type("roster", "acme").code == 0
    with (
        psycopg.connect(as_runner(fresh)) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute("DELETE FROM stored_events")


def test_the_jobs_of_several_workers_have_a_schema_of_their_own(desk: Desk, fresh: str) -> None:
    """`tenure migrate` creates a schema of its own for the jobs of several workers, with limited
    rights for the role that runs the product."""
    # given
    on(desk, fresh)

    # when
    assert desk.type("migrate", "--grant", pgserver.RUNNER).code == 0

    # then
    require_jobs(as_runner(fresh))
    with psycopg.connect(as_runner(fresh)) as connection:
        connection.execute("SELECT count(*) FROM tenure_jobs.procrastinate_jobs")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("DROP TABLE tenure_jobs.procrastinate_jobs")


def test_a_database_without_the_schema_for_jobs_gets_it(desk: Desk, fresh: str) -> None:
    """`tenure migrate` adds the schema for jobs to a database that does not have it yet."""
    # given
    on(desk, fresh)
    desk.type("migrate")
    with psycopg.connect(fresh) as connection:
        connection.execute("DROP SCHEMA tenure_jobs CASCADE")

    # when
    assert desk.type("migrate", "--json").document == {
        "before": VERSION,
        "after": VERSION,
        "granted": None,
    }

    # then
    require_jobs(fresh)


def test_an_unknown_role_is_named(desk: Desk, fresh: str) -> None:
    """`tenure migrate --grant` with an unknown role exits with code 6 and names the role."""
    # given
    on(desk, fresh)

    # when
    answer = desk.type("migrate", "--grant", "nobody-known")

    # then
    assert answer.code == 6
    assert_explained(answer, ["nobody-known"])


def test_a_migration_without_the_right_to_create_tables_is_explained(
    desk: Desk, fresh: str, postgres: pgserver.Server
) -> None:
    """`tenure migrate` by a role that must not create tables exits with code 6 and explains it."""
    # given
    name = fresh.partition("@/")[2].partition("?")[0]
    postgres.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC", database=name)
    on(desk, as_runner(fresh))

    # when
    answer = desk.type("migrate")

    # then
    assert answer.code == 6
    assert_explained(answer, ["permission denied"])


def test_the_embedded_database_is_created_too(desk: Desk) -> None:
    """`tenure migrate` creates the file of the embedded database, and a second call says that the
    schema is there already."""
    # given
    database = desk.directory / "tenure.db"
    database.unlink()

    # when
    first, again = desk.type("migrate"), desk.type("migrate")

    # then
    assert (first.code, first.out) == (0, f"Created the database {database}\n")
    assert (again.code, again.out) == (0, f"The schema has version {VERSION} already.\n")
    assert desk.type("import", "acme").code == 0


def test_a_directory_that_is_missing_is_not_created(desk: Desk) -> None:
    """`tenure migrate` exits with code 6 when the directory of the database is missing."""
    # given
    desk.configure(f'\n    database = "sqlite:///nowhere/tenure.db"\n{ACME}')

    # when
    answer = desk.type("migrate")

    # then
    assert answer.code == 6
    assert_explained(answer, ["there is no directory", "create the directory"])


def test_the_embedded_store_grants_nobody_anything(desk: Desk) -> None:
    """`tenure migrate --grant` on the embedded database exits with code 2 and creates no
    database."""
    # given
    (desk.directory / "tenure.db").unlink()

    # when
    answer = desk.type("migrate", "--grant", "tenure")

    # then
    assert answer.code == 2
    assert_explained(answer, ["--grant"])
    assert not (desk.directory / "tenure.db").exists()


# What fails


@pytest.mark.parametrize(
    ("url", "command"),
    [
        *((url, "migrate") for url in (NEVER, "newer", "elsewhere", "%zz")),
        *((url, "import acme") for url in (NEVER, "newer", "elsewhere", "%zz", "schemaless")),
        ("schemaless", "runs"),
    ],
)
def test_a_database_that_cannot_be_used_is_one_sentence_and_code_6(
    desk: Desk,
    fresh: str,
    url: str,
    command: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A PostgreSQL database that cannot be used exits with code 6 and one sentence, without the
    password, also with `--debug`."""
    # given
    caplog.set_level(logging.DEBUG)
    desk.deliver(THREE)
    on(desk, fresh)
    if url == "newer":
        desk.type("migrate")
        with psycopg.connect(fresh) as connection:
            connection.execute("UPDATE tenure_schema SET version = version + 1")
    elif url == "elsewhere":
        on(desk, fresh.replace("@/typed", "@/no_typed"))
    elif url == "%zz":
        on(desk, fresh.replace(SECRET, f"%zz{SECRET}"))
    elif url == NEVER:
        on(desk, NEVER)

    # when
    answer = desk.type(*command.split())
    loud = desk.type("--debug", *command.split())

    # then
    assert (answer.code, loud.code) == (6, 6)
    assert_explained(answer)
    assert SECRET not in answer.err + loud.err + loud.out + caplog.text
    if url == "schemaless":
        assert "tenure migrate" in answer.err


def test_the_environment_names_the_database(
    desk: Desk, fresh: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The environment variable `TENURE_DATABASE` names the database in place of the
    configuration."""
    # given
    (desk.directory / "tenure.db").unlink()
    monkeypatch.setenv("TENURE_DATABASE", fresh)

    # when / then
    assert desk.type("migrate", "--json").document["before"] == 0
    assert not (desk.directory / "tenure.db").exists()


# One story


def test_a_companys_life_on_postgresql(desk: Desk, fresh: str) -> None:
    """The commands do on PostgreSQL what they do on the embedded database: import, clock, support,
    questions, `verify` and `rebuild`."""
    # given
    on(desk, fresh)
    assert desk.type("migrate", "--grant", pgserver.RUNNER).code == 0
    on(desk, as_runner(fresh))
    assert desk.type("check").code == 0
    desk.deliver(THREE)

    # when: two imports
    preview = desk.type("preview", "acme", "--json").document
    run = desk.type("import", "acme", "--json").document
    assert preview["counts"] == run["counts"]
    assert run["counts"]["registered"] == 3
    assert desk.type("import", "acme", "--json").document["outcome"] == "unchanged"

    # when: the clock, another import and support
    desk.now = moment("2027-03-10 00:00")
    (passed,) = desk.type("clock", "--json").document
    assert passed["counts"]["activated"] == 1
    desk.deliver(THREE.replace("chris@", "c.jansen@"))
    desk.now = moment("2027-03-11 02:45")
    assert desk.type("import", "acme").code == 0
    assert desk.type("support", "deactivate", "acme", "3", *ASKED).code == 0

    # then
    people = desk.type("roster", "acme", "--json").document
    assert [each["email"] for each in people] == [
        "anna@acme.example",
        "bram@acme.example",
        "c.jansen@acme.example",
    ]
    assert [each["state"] for each in people] == ["offboarding-scheduled", "active", "deactivated"]
    earlier = desk.type("roster", "acme", "--as-of", "2027-03-02", "--json").document
    assert [each["state"] for each in earlier] == ["offboarding-scheduled", "pending", "active"]
    told = desk.type("history", "acme", "3")
    assert (told.code, "ticket 7" in told.out) == (0, True)

    # when / then: damage is found and repaired
    assert desk.type("verify").code == 0
    with psycopg.connect(as_runner(fresh)) as connection:
        connection.execute("DELETE FROM roster WHERE external_id = '2'")
    assert desk.type("verify").code != 0
    assert desk.type("rebuild").code == 0
    assert desk.type("verify").code == 0
    assert desk.type("roster", "acme", "--json").document == people


def test_a_held_delivery_waits_on_postgresql_too(desk: Desk, fresh: str) -> None:
    """B2: A held delivery waits and is approved on PostgreSQL too."""
    # given
    on(desk, fresh)
    desk.type("migrate", "--grant", pgserver.RUNNER)
    on(desk, as_runner(fresh))
    desk.deliver(THREE)
    assert desk.type("import", "acme").code == 0
    more = "".join(f"    p{each}@acme.example,First,Last,x{each},,\n" for each in range(60))
    desk.deliver(THREE + more)
    desk.now = moment("2027-03-02 02:45")

    # when
    held = desk.type("import", "acme", "--json")
    assert held.code == 4
    approved = desk.type("approve", held.document["run"], *ASKED)

    # then
    assert approved.code == 0
    assert len(desk.type("roster", "acme", "--json").document) == 63
    assert desk.type("verify").code == 0
