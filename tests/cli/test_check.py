"""`tenure check`: what is wrong with the configuration, and what works on the way to the files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from cli.terminal.screen import Screen
from tests.adapters import pgserver
from tests.adapters.pgserver import Server
from tests.adapters.sftp_server import PASSWORD, FakeServer, serving
from tests.adapters.sshd import Sshd
from tests.cli.conftest import ACME, Desk, assert_explained

DONE, USAGE, UNREACHABLE = 0, 2, 6
NAME = "alleo_employees_1.csv"
BROKEN = "\n    [company.broken]\n    name = 'B'\n"
BARE = "\n    [company.bare]\n    name = 'B'\n    language = 'nl'\n"


def server(
    port: int, directory: Path | str, host_key: str | None, more: str, name: str = "remote"
) -> str:
    """A company with a server."""
    pinned = f'host_key = "{host_key}"' if host_key else ""
    return f"""
    [company.{name}]
    name = "Remote BV"
    language = "nl"
    [company.{name}.source]
    protocol = "sftp"
    host = "127.0.0.1"
    port = {port}
    directory = "{directory}"
    {more}
    {pinned}
    """


@pytest.fixture
def fake(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeServer]:
    """A server that has the folder for deliveries."""
    monkeypatch.setenv("REMOTE_SFTP", PASSWORD)
    with serving(desk.directory) as fake:
        yield fake


def on(
    fake: FakeServer,
    *,
    pinned: bool = True,
    name: str = "remote",
    password: str = '{ env = "REMOTE_SFTP" }',
) -> str:
    """Its part of the configuration."""
    more = f'username = "tenure"\n    password = {password}'
    return server(fake.port, "/outgoing", fake.fingerprints[0] if pinned else None, more, name)


# The configuration


def test_a_configuration_in_order_is_told_company_by_company(desk: Desk, fake: FakeServer) -> None:
    """`tenure check` names the source of each company with its warnings, and exits with code 0."""
    # given
    desk.configure(ACME + BARE + on(fake, pinned=False))

    # when
    answer = desk.type("check")

    # then
    assert (answer.code, answer.err) == (DONE, "")
    acme, bare, no_source, remote, no_key, verdict = answer.out.splitlines()
    assert acme == f"acme: folder {desk.directory}/outgoing"
    assert bare == "bare: no source"
    assert no_source.startswith("  warning")
    assert remote == f"remote: sftp tenure@127.0.0.1:{fake.port} /outgoing"
    assert no_key.startswith("  warning")
    assert "host_key" in no_key
    assert verdict == "all 3 companies can be used, 2 of them with warnings"


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_a_missing_database_is_told_and_the_configuration_is_checked(
    desk: Desk, form: list[str]
) -> None:
    """`tenure check` exits with code 6 when there is no database, names `tenure migrate`, creates
    none, and checks the configuration all the same."""
    # given
    database = desk.directory / "tenure.db"
    database.unlink()

    # when
    answer = desk.type("check", *form)

    # then
    assert answer.code == UNREACHABLE
    assert answer.err.startswith(f"Error: there is no database {database}.\nHint: ")
    assert "`tenure migrate`" in answer.err
    assert f"folder {desk.directory}/outgoing" in answer.out
    assert not database.exists()


def test_the_verdict_tells_that_the_database_cannot_be_used(desk: Desk) -> None:
    """The verdict of `tenure check` tells that the database cannot be used."""
    # given
    (desk.directory / "tenure.db").unlink()

    # when / then
    verdict = desk.type("check").out.splitlines()[-1]
    assert verdict == "the database cannot be used; acme can be used"


def test_unsafe_settings_of_the_database_are_warnings(desk: Desk, postgres: Server) -> None:
    """`tenure check` warns of settings of the PostgreSQL server with which a crash may destroy the
    database, and exits with code 0."""
    # given
    url = postgres.url(pgserver.DATABASE, pgserver.RUNNER)
    desk.configure(f'\n    database = "{url}"\n{ACME}')

    # when
    answer = desk.type("check")

    # then
    assert answer.code == DONE
    first, second = answer.err.splitlines()
    assert first.startswith("Warning: the server of the database has fsync = off, so a crash")
    assert first.endswith("; set fsync = on there.")
    assert "full_page_writes = off" in second


def test_a_secret_that_cannot_be_read_is_a_warning(
    desk: Desk, fake: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`tenure check` warns of an environment variable that is not set and of a secret file that
    others can read, before a pick-up at night finds out."""
    # given
    secret = desk.write("secret", b"hunter2")
    secret.chmod(0o644)
    desk.configure(on(fake) + on(fake, name="other", password='{ file = "secret" }'))
    monkeypatch.delenv("REMOTE_SFTP")

    # when
    answer = desk.type("check")

    # then
    assert (answer.code, answer.err) == (DONE, "")
    other, shown, remote, unset, _ = answer.out.splitlines()
    assert (other.split(":")[0], remote.split(":")[0]) == ("other", "remote")
    named = f"the file {secret}, which `password` names, can be read by"
    assert shown.startswith(f"  warning  {named}")
    assert unset == (
        "  warning  the environment variable REMOTE_SFTP, which `password` names, is not set"
    )
    checked = desk.type("check", "--json", "other").document[0]
    assert (checked["ok"], checked["problem"], len(checked["warnings"])) == (True, None, 1)


def test_every_broken_company_is_explained_and_the_others_are_told(desk: Desk) -> None:
    """R6: `tenure check` explains every mistake of each company with wrong settings, tells the
    other companies, and ends with a verdict."""
    # given
    desk.configure(ACME + BROKEN + "\n    [company.zenith]\n    language = 'nl'\n    grups = []\n")

    # when
    answer = desk.type("check")

    # then
    assert answer.code == USAGE
    verdict = "1 of 3 companies can be used"
    assert answer.out == f"acme: folder {desk.directory}/outgoing\n{verdict}\n"
    assert (
        "zenith: tenure.toml, company.zenith.grups: unknown key (did you mean groups?)"
        in answer.err
    )
    assert "broken: tenure.toml, company.broken: expected language" in answer.err
    assert "zenith: tenure.toml, company.zenith: expected name" in answer.err


def test_one_company_is_checked_alone(desk: Desk) -> None:
    """R6: `tenure check` of one company does not depend on the wrong settings of another."""
    # given
    desk.configure(ACME + BROKEN)

    # when
    assert desk.type("check", "acme").code == DONE
    broken = desk.type("check", "broken")

    # then
    assert broken.code == USAGE
    assert broken.out == "broken cannot be used\n"
    assert (
        "Error: broken: tenure.toml, company.broken: expected language, which is missing.\n"
        in broken.err
    )


def test_an_unknown_company_and_a_wrong_configuration_are_explained(desk: Desk) -> None:
    """`tenure check` of an unknown company, or of a file that is not a configuration, exits with
    code 2 and explains it."""
    # when
    unknown = desk.type("check", "nobody")

    # then
    assert unknown.code == USAGE
    assert_explained(unknown, ["no company nobody"])

    # when
    desk.configure("shoes = 1")
    wrong = desk.type("check")

    # then
    assert wrong.code == USAGE
    assert_explained(wrong, ["shoes"])


def test_a_configuration_without_companies_is_in_order(desk: Desk) -> None:
    """`tenure check` accepts a configuration without companies."""
    # given
    desk.configure("")

    # when / then
    assert desk.type("check").out == "tenure.toml has no company\n"
    assert desk.type("check", "--json").document == []


def test_the_json_of_a_check_is_one_document(desk: Desk, fake: FakeServer) -> None:
    """`tenure check --json` answers with one list that has every company, also one with wrong
    settings."""
    # given
    desk.configure(ACME + BROKEN + on(fake, pinned=False))

    # when
    answer = desk.type("check", "--json")

    # then
    assert (answer.code, answer.err) == (USAGE, "")
    acme, broken, remote = answer.document
    assert acme == {
        "company": "acme",
        "source": f"folder {desk.directory}/outgoing",
        "ok": True,
        "warnings": [],
        "steps": [],
        "problem": None,
    }
    assert (broken["company"], broken["source"], broken["ok"]) == ("broken", None, False)
    assert "language" in broken["problem"]
    assert remote["ok"] is True
    assert len(remote["warnings"]) == 1


# The way to the files


def test_a_folder_is_looked_into(desk: Desk) -> None:
    """`tenure check --connect` lists the matching files of a local directory with their sizes and
    times."""
    # given
    path = desk.deliver(b"12345")
    os.utime(path, (0, 0))

    # when
    answer = desk.type("check", "--connect", "acme")

    # then
    assert (answer.code, answer.err) == (DONE, "")
    outgoing = desk.directory / "outgoing"
    assert answer.out.splitlines() == [
        f"acme: folder {outgoing}",
        f"  directory: {outgoing} can be listed",
        "  matching: 1 file for alleo_employees_*.csv",
        f"  file: {NAME}, 5 bytes, modified 1970-01-01 00:00:00 UTC",
        "acme can be used",
    ]


def test_a_real_server_is_visited_step_by_step(desk: Desk, sshd: Sshd) -> None:
    """`tenure check --connect` visits an SFTP server and reports each step from the name of the
    host to the newest file."""
    # given
    key = sshd.fingerprints["ed25519"]
    more = f'username = "{sshd.user}"\n    private_key = {{ file = "{sshd.private_key}" }}'
    desk.configure(server(sshd.port, desk.directory / "outgoing", key, more))
    desk.deliver(b"12345")

    # when
    (remote,) = desk.type("check", "--connect", "--json").document

    # then
    assert (remote["ok"], remote["problem"], remote["warnings"]) == (True, None, [])
    steps = {step["step"]: step["detail"] for step in remote["steps"]}
    assert list(steps) == [
        "resolved",
        "connected",
        "host key",
        "logged in",
        "directory",
        "matching",
        "file",
    ]
    assert steps["connected"] == f"127.0.0.1 port {sshd.port}"
    assert steps["host key"] == f"{key} (ssh-ed25519), as pinned"
    assert steps["logged in"] == f"as {sshd.user}"
    assert steps["file"].startswith(f"{NAME}, 5 bytes, modified ")


def test_without_a_pin_the_line_to_write_is_shown_and_nothing_secret_is_sent(
    desk: Desk, fake: FakeServer
) -> None:
    """`tenure check --connect` without a pinned host key shows the line to write into the settings,
    exits with code 6, and sends no password."""
    # given
    desk.configure(on(fake, pinned=False))

    # when
    answer = desk.type("check", "--connect")

    # then
    assert answer.code == UNREACHABLE
    assert f'host_key = "{fake.fingerprints[0]}"' in answer.out
    assert "Error: remote: the server's host key is not pinned" in answer.err
    assert "Hint: correct the source of remote, or ask the customer, and try again.\n" in answer.err
    assert "--connect" not in answer.err
    assert fake.attempts == []


def test_one_companys_trouble_leaves_the_others(desk: Desk, fake: FakeServer) -> None:
    """R6: `tenure check --connect` visits the other companies when one company fails, and explains
    the failure."""
    # given
    fake.entries = lambda _: 3
    desk.configure(on(fake) + BROKEN + ACME.replace("acme", "zenith"))

    # when
    answer = desk.type("check", "--connect")

    # then
    assert answer.code == UNREACHABLE
    assert "logged in: as tenure" in answer.out
    assert "Permission denied" in answer.err
    failed = "/outgoing on 127.0.0.1 cannot be listed (Permission denied); check `directory`"
    outgoing = desk.directory / "outgoing"
    zenith = f"zenith: folder {outgoing}\n  directory: {outgoing} can be listed\n"
    assert f"  logged in: as tenure\n  failed: {failed}\n{zenith}" in answer.out
    assert answer.out.endswith("\n1 of 3 companies can be used\n")
    assert "Traceback" not in answer.err


def test_on_a_terminal_a_failure_is_told_once(desk: Desk, fake: FakeServer) -> None:
    """On a terminal, `tenure check --connect` tells a failure once, and not on both outputs."""
    # given
    desk.screen = Screen(True, 80, 24)
    desk.configure(on(fake, pinned=False))

    # when
    answer = desk.type("check", "--connect")

    # then
    assert "failed" not in answer.out
    assert "Error: remote: the server's host key is not pinned" in answer.err


def test_a_missing_folder_is_explained(desk: Desk) -> None:
    """`tenure check --connect` explains a local directory that does not exist and exits with code
    6."""
    # given
    (desk.directory / "outgoing").rmdir()

    # when
    answer = desk.type("check", "--connect", "--json")

    # then
    assert (answer.code, answer.err) == (UNREACHABLE, "")
    (acme,) = answer.document
    assert (acme["ok"], acme["steps"]) == (False, [])
    assert "No such file" in acme["problem"]


def test_a_hostile_name_does_nothing_to_a_terminal(desk: Desk, fake: FakeServer) -> None:
    """D2: `tenure check --connect` does not count a name with control characters, and writes
    invisible characters of other names as escapes."""
    # given
    desk.configure(on(fake))
    desk.write("outgoing/alleo_employees_\u202e\u200b.csv", b"")
    desk.write("outgoing/alleo_employees_\x1b[31m.csv", b"")

    # when
    answer = desk.type("check", "--connect")

    # then
    assert answer.code == DONE
    assert "1 file for" in answer.out
    assert "alleo_employees_\\u202e\\u200b.csv" in answer.out
    assert "\x1b" not in answer.out


def test_no_secret_is_shown(desk: Desk, fake: FakeServer) -> None:
    """No form of `tenure check` shows a password."""
    # given
    desk.configure(on(fake))

    # when / then
    for command in (["check"], ["check", "--connect"], ["check", "--connect", "--json"]):
        answer = desk.type(*command)

        assert PASSWORD not in answer.out + answer.err


# An import from a server, as it is done every day


def test_a_delivery_is_imported_from_an_sftp_server(desk: Desk, sshd: Sshd) -> None:
    """D1: `tenure import` fetches a delivery from an SFTP server with a private key and applies
    it."""
    # given
    key = sshd.fingerprints["ed25519"]
    more = f"""username = "{sshd.user}"
    private_key = {{ file = "{sshd.private_key}" }}
    settle = 0.05"""
    desk.configure(server(sshd.port, desk.directory / "outgoing", key, more))
    desk.deliver("email,first_name,last_name\nanna@acme.example,Anna,Bakker\n")

    # when
    answer = desk.type("import", "remote", "--json")

    # then
    assert (answer.code, answer.document["outcome"]) == (DONE, "applied")
    assert [file["name"] for file in answer.document["files"]] == [NAME]


def test_a_server_that_is_not_trusted_is_a_failed_import(desk: Desk, fake: FakeServer) -> None:
    """R2: `tenure import` from a server without a pinned host key exits with code 6, and the failed
    run shows the server's key."""
    # given
    desk.configure(on(fake, pinned=False))

    # when
    answer = desk.type("import", "remote", "--json")

    # then
    assert answer.code == UNREACHABLE
    (issue,) = answer.document["issues"]
    assert issue["code"] == "unreachable"
    assert fake.fingerprints[0] in issue["message"]


def test_check_says_how_and_why_somebody_is_told(desk: Desk) -> None:
    """Q2: `tenure check` says by which way somebody is told, for which reasons, and when the digest
    is sent."""
    # given
    desk.write(
        "tenure.toml", f'[notify]\ncommand = ["true"]\ndigest = "08:00"\n{dedent(ACME)}'.encode()
    )

    # when
    answer = desk.type("check")

    # then
    told = "notifications: by command, on error, failed, feed, held; a digest at 08:00 UTC"
    assert told in answer.out.splitlines()
