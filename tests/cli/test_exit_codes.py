"""Exit codes, and errors as people read them: one sentence and a hint, never a traceback."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.use_cases import plan_files
from domain.context import DecisionContext
from domain.delivery import planning
from domain.delivery.parsing import ParsedDelivery
from domain.delivery.plan import Plan
from domain.employee.roster import Roster
from tests.cli.conftest import ACME, ASKED, MAIN, PATIENCE, Desk, assert_explained, soon
from tests.databases import created
from tests.given import csv

DONE, FAULT, USAGE, REJECTED, HELD, REFUSED, UNREACHABLE = 0, 1, 2, 3, 4, 5, 6
INTERRUPTED = 130
TENURE = Path(sys.executable).with_name("tenure")

GOOD = """
    email,first_name,last_name,external_id,offboarding_date
    anna@acme.example,Anna,Bakker,1,
"""
WARNED = GOOD + "    bram@acme.example,Bram,Smit,2,2027-03-20\n"
REJECTING = GOOD + "    no address,Dora,Dam,4,\n"
MOSTLY_REJECTED = GOOD + "".join(f"    no address,Dora,Dam,d{n},\n" for n in range(6))
SECRET = "Wilhelmina"


def with_companies(desk: Desk, *keys: str) -> None:
    """Companies by key, each with a folder of its own."""
    for key in keys:
        (desk.directory / key).mkdir(exist_ok=True)
    desk.configure(
        "".join(
            f"""
    [company.{key}]
    name = "{key}"
    language = "nl"
    source = {{ protocol = "folder", directory = "{key}" }}
    """
            for key in keys
        )
    )


# What becomes of a delivery

DELIVERIES: list[tuple[str | bytes | None, int, str, str]] = [
    (GOOD, DONE, "", "applied"),
    (WARNED, DONE, "short-notice", "applied"),
    (None, DONE, "no-file", "no-file"),
    (REJECTING, REJECTED, "bad-email", "applied"),
    (MOSTLY_REJECTED, HELD, "many-rejected-rows", "held"),
    (b"", REFUSED, "no-rows", "refused"),
    (b"email,first_name\na@b.example,A\n", REFUSED, "missing-column", "refused"),
]


@pytest.mark.parametrize(("delivery", "code", "issue", "outcome"), DELIVERIES)
def test_the_exit_code_tells_what_becomes_of_a_delivery(
    desk: Desk, delivery: str | bytes | None, code: int, issue: str, outcome: str
) -> None:
    """W9, D6, D8, B3: `tenure preview` and `tenure import` exit with 0 for a delivery that is
    applied or missing, 3 for rejected rows, 4 if it is held, and 5 if it is refused, also when it
    comes again. Standard error stays empty."""
    # given
    if delivery is not None:
        desk.deliver(delivery)

    # when
    answers = [desk.type(command, "acme") for command in ("preview", "import", "import", "preview")]

    # then
    again = "unchanged" if outcome == "applied" else outcome
    for answer, end in zip(answers, (outcome, outcome, again, again), strict=True):
        assert (answer.code, answer.err) == (code, "")
        assert end in answer.out
    assert issue in answers[1].out


@pytest.mark.parametrize(
    "command",
    [
        ["clock"],
        ["clock", "--dry-run", "--at", "2099-01-01"],
        ["clock", "--at", "2020-01-01T00:00Z"],
        ["roster", "acme"],
        ["runs"],
        ["runs", "acme"],
        ["runs", "--held"],
        ["roster", "acme", "--as-of", "2020-01-01"],
        ["audit", "acme"],
        ["verify"],
        ["rebuild"],
        ["--help"],
        ["--version"],
    ],
)
def test_what_is_asked_of_an_empty_company_is_answered(desk: Desk, command: list[str]) -> None:
    """Every question about a company without employees exits with code 0 and writes nothing to
    standard error."""
    # when
    answer = desk.type(*command)

    # then
    assert (answer.code, answer.err) == (DONE, "")


# 1: an unexpected fault


def breaking(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes planning fail on something that quotes a cell."""

    def fail(*_: object) -> object:
        raise KeyError(SECRET)

    monkeypatch.setattr(plan_files, "plan_delivery", fail)


@pytest.mark.parametrize("command", ["import", "preview"])
def test_a_fault_is_explained_without_what_it_choked_on(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    """R2: A fault exits with code 1, is explained by its type and a hint, and no cell is quoted.
    An import leaves a failed run with the issue `fault`."""
    # given
    desk.deliver(GOOD)
    breaking(monkeypatch)

    # when
    answer = desk.type(command, "acme")
    runs = desk.type("runs", "--json").document

    # then
    assert answer.code == FAULT
    assert_explained(answer, ["KeyError", "--debug"])
    assert SECRET not in answer.err + str(runs)
    issues = [(run["outcome"], issue["code"]) for run in runs for issue in run["issues"]]
    assert issues == ([("failed", "fault")] if command == "import" else [])


def test_debug_shows_where_a_fault_came_from(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """`tenure --debug` raises a fault with its traceback instead of explaining it."""
    # given
    desk.deliver(GOOD)
    breaking(monkeypatch)

    # when / then
    with pytest.raises(KeyError):
        desk.type("--debug", "import", "acme")


# 2: usage, configuration, or no such thing

USAGES: dict[str, list[str]] = {
    "no company": ["import"],
    "a company and all": ["import", "acme", "--all"],
    "an unknown command": ["hire"],
    "an unknown option": ["import", "acme", "--quick"],
    "an option without value": ["import", "acme", "--by"],
    "no one to show": ["show", "acme"],
    "an unknown state": ["roster", "acme", "--state", "gone"],
    "no moment": ["clock", "--at", "tomorrow"],
    "no day": ["clock", "--at", "2027-02-30"],
    "a day in another form": ["clock", "--at", "20270201"],
    "a week": ["audit", "acme", "--until", "2027-W05-1"],
    "a moment ahead": ["clock", "--at", "2027-03-02"],
    "no number": ["runs", "--limit", "many"],
    "too few": ["runs", "--limit", "0"],
    "an unknown company": ["import", "zenith"],
    "an unknown company to preview": ["preview", "zenith"],
    "an unknown company with runs": ["runs", "zenith"],
    "an unknown action": ["support", "promote", "acme", "anna@acme.example"],
    "an unknown person": ["show", "acme", "nobody@acme.example"],
    "an unknown run": ["run", "0123"],
    "a run that is no id": ["run", "yesterday"],
    "a file that is not there": ["import", "acme", "missing.csv"],
    "a file that is a directory": ["import", "acme", "outgoing"],
    "a file that is not there to preview": ["preview", "acme", "missing.csv"],
    "two files of one name": ["import", "acme", "a/1.csv", "b/1.csv"],
    "another configuration": ["--config", "missing.toml", "runs"],
    "an invalid configuration": ["--config", "outgoing", "runs"],
    "a directory that is not empty": ["init"],
}


@pytest.mark.parametrize("case", USAGES)
def test_wrong_usage_is_explained(desk: Desk, case: str) -> None:
    """Wrong usage, an unknown name or a missing file exits with code 2 and is explained in one
    sentence with a hint. It leaves no run."""
    # given
    for name in ("a/1.csv", "b/1.csv"):
        desk.write(name, b"email,first_name,last_name\nanna@acme.example,Anna,Bakker\n")

    # when
    answer = desk.type(*USAGES[case])

    # then
    assert answer.code == USAGE
    assert_explained(answer)
    assert desk.type("runs", "--json").document == []


def test_the_known_companies_are_named(desk: Desk) -> None:
    """The error about an unknown company names the companies that are configured, if none of them
    is near."""
    # given
    with_companies(desk, "acme", "zenith")

    # when / then
    assert_explained(desk.type("import", "globex"), ["no company globex", "acme, zenith"])


def test_an_address_of_two_employees_is_not_guessed(desk: Desk) -> None:
    """`tenure show` by an address that two employees have, which no file can cause, exits with code
    2 and says how many there are."""
    # given
    desk.deliver(GOOD)
    desk.type("import", "acme")
    with closing(sqlite3.connect(desk.directory / "tenure.db")) as connection, connection:
        connection.execute(
            "INSERT INTO roster SELECT company, 'f' || substr(employee, 2), deactivated, address,"
            " file_address, external_id, namesake, starts, leaves, digest, state,"
            " file_external_id, merged_into FROM roster"
        )

    # when
    answer = desk.type("show", "acme", "anna@acme.example")

    # then
    assert answer.code == USAGE
    assert_explained(answer, ["2 employees"])


def test_a_beginning_of_several_run_ids_is_not_guessed(desk: Desk) -> None:
    """`tenure run` by a beginning that several run ids have exits with code 2 and says so."""
    # given
    desk.type("import", "acme")
    desk.type("import", "acme")

    # when
    answer = desk.type("run", "0")

    # then
    assert answer.code == USAGE
    shown = [line.split()[-1] for line in desk.type("runs").out.splitlines()[1:]]
    assert_explained(answer, ["several runs fit 0", *(f"{each} (acme, 2027-" for each in shown)])
    assert len(shown) == 2


def test_the_latest_run_has_a_name(desk: Desk) -> None:
    """R2: `last` is the latest run, `COMPANY@last` the latest run of a company, and the end of an
    id that `tenure runs` shows is enough to name a run."""
    # given
    desk.configure(ACME + ACME.replace("acme", "zenith"))
    first = desk.type("import", "acme", "--json").document["run"]
    desk.now += timedelta(minutes=1)
    second = desk.type("import", "zenith", "--json").document["run"]

    # when / then
    short = [line.split()[-1] for line in desk.type("runs").out.splitlines()[1:]]
    for name, run in (("last", second), ("acme@last", first), (short[0], second)):
        assert desk.type("run", name, "--json").document["run"] == run
    assert_explained(desk.type("run", "nobody@last"), ["no company nobody"])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("nonsense", ["tenure.toml", "TOML"]),
        ("shoes = 1", ["tenure.toml", "shoes", "expected"]),
    ],
)
def test_a_wrong_configuration_is_explained(desk: Desk, text: str, words: list[str]) -> None:
    """A wrong configuration exits with code 2 and is explained with the file and the setting."""
    # given
    desk.configure(text)

    # when / then
    for command in (["import", "acme"], ["clock"]):
        answer = desk.type(*command)

        assert answer.code == USAGE
        assert_explained(answer, words)


def test_a_company_that_is_configured_wrongly_is_explained_where_it_is_asked_for(
    desk: Desk,
) -> None:
    """R6: A company with wrong settings is explained with code 2 by the commands for this company,
    and the other commands work."""
    # given
    desk.configure("[company.acme]\nname = 'A'")

    # when / then
    for command in (["import", "acme"], ["preview", "acme"]):
        answer = desk.type(*command)

        assert answer.code == USAGE
        assert_explained(answer, ["tenure.toml", "company.acme", "language"])
    for command in (["clock"], ["runs"]):
        assert desk.type(*command).code == DONE


def test_without_configuration_the_first_step_is_named(desk: Desk) -> None:
    """A missing configuration exits with code 2 and names `tenure init`."""
    # given
    (desk.directory / "tenure.toml").unlink()

    # when
    answer = desk.type("import", "acme")

    # then
    assert answer.code == USAGE
    assert_explained(answer, ["tenure.toml", "tenure init"])


@pytest.mark.parametrize(("words", "one"), [([], "import"), (["support"], "reactivate")])
def test_the_command_alone_tells_what_it_can_do(desk: Desk, words: list[str], one: str) -> None:
    """`tenure` and `tenure support` without further words list their commands and exit with code
    2."""
    # when
    answer = desk.type(*words)

    # then
    assert answer.code == USAGE
    assert one in answer.out + answer.err
    assert "Traceback" not in answer.err


# 6: source or store unreachable


def test_a_source_that_is_not_there_is_told_by_import_and_preview(desk: Desk) -> None:
    """D1: `tenure preview` and `tenure import` exit with code 6 when the directory of the source
    does not exist, and name the directory."""
    # given
    (desk.directory / "outgoing").rmdir()

    # when
    imported, preview = desk.type("import", "acme"), desk.type("preview", "acme")

    # then
    assert imported.code == preview.code == UNREACHABLE
    assert "unreachable" in imported.out
    assert "outgoing" in imported.out
    assert_explained(preview, ["outgoing"])


def test_a_company_without_source_has_nowhere_to_fetch_from(desk: Desk) -> None:
    """`tenure preview` and `tenure import` without files exit with code 2 for a company without a
    source, and `--all` passes it over."""
    # given
    desk.configure("[company.acme]\nname = 'Acme BV'\nlanguage = 'nl'\n")

    # when
    imported, preview = desk.type("import", "acme"), desk.type("preview", "acme")

    # then
    assert imported.code == preview.code == USAGE
    assert_explained(imported, ["no source", "tenure import acme FILE"])
    assert_explained(preview, ["no source"])
    assert desk.type("import", "--all", "--json").document == []


@pytest.mark.parametrize(
    "command",
    [
        ["import", "acme"],
        ["preview", "acme"],
        ["clock"],
        ["roster", "acme"],
        ["audit", "acme"],
        ["support", "deactivate", "acme", "1", *ASKED],
        ["runs"],
        ["approve", "0", *ASKED],
        ["discard", "0", *ASKED],
        ["verify"],
        ["rebuild"],
    ],
)
@pytest.mark.parametrize("trouble", ["nothing", "no database", "another version"])
def test_a_store_that_cannot_be_used_is_explained(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, command: list[str], trouble: str
) -> None:
    """R1: Every command exits with code 6 when the database cannot be used, and explains why. None
    creates a database."""
    # given
    path = desk.directory / "other.db"
    if trouble == "no database":
        path.write_text("email,first_name\n" * 100)
    elif trouble == "another version":
        created(path)
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA user_version = 77")
    monkeypatch.setenv("TENURE_DATABASE", f"sqlite:///{path}")

    # when
    answer = desk.type(*command)

    # then
    assert answer.code == UNREACHABLE
    words = {"nothing": ["there is no database", "`tenure migrate`"], "another version": ["77"]}
    assert_explained(answer, words.get(trouble, [str(path)]))
    assert path.exists() is (trouble != "nothing")


# Several companies


def test_over_several_companies_the_highest_code_counts(desk: Desk) -> None:
    """R6: `tenure import --all` exits with the highest code of all companies, and imports each of
    them."""
    # given
    with_companies(desk, "a", "b", "held", "c", "d")
    desk.deliver(GOOD, folder="a")

    # then
    assert desk.type("import", "--all").code == DONE

    # when
    desk.deliver(REJECTING, folder="b")

    # then
    assert desk.type("import", "--all").code == REJECTED

    # when
    desk.deliver(MOSTLY_REJECTED, folder="held")

    # then
    assert desk.type("import", "--all").code == HELD

    # when
    desk.deliver(b"", folder="c")

    # then
    assert desk.type("import", "--all").code == REFUSED

    # when
    (desk.directory / "d").rmdir()
    answer = desk.type("import", "--all", "--json")

    # then
    assert answer.code == UNREACHABLE
    outcomes = [run["outcome"] for run in answer.document]
    assert outcomes == ["unchanged", "unchanged", "refused", "failed", "held"]


def test_one_companys_fault_is_explained_and_the_others_go_on(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R6: `tenure import --all` exits with code 1 when one company meets a fault, explains it
    without content, and imports the other companies."""
    # given
    with_companies(desk, "a", "b", "c")
    for key in ("a", "b", "c"):
        desk.deliver(GOOD, folder=key)
    real = planning.plan_delivery

    def plan_delivery(
        parsed: ParsedDelivery, roster: Roster, context: DecisionContext, *rest: Any
    ) -> Plan:
        if context.company.key == "b":
            raise KeyError(SECRET)
        return real(parsed, roster, context, *rest)

    monkeypatch.setattr(plan_files, "plan_delivery", plan_delivery)

    # when
    answer = desk.type("import", "--all", "--json")

    # then
    assert answer.code == FAULT
    assert [run["company"] for run in answer.document if run["outcome"] == "applied"] == ["a", "c"]
    assert "KeyError" in answer.err
    assert SECRET not in answer.err
    assert "Traceback" not in answer.err


def test_a_broken_company_is_explained_and_the_others_go_on(desk: Desk) -> None:
    """R6: `tenure import --all` exits with code 2 when one company has wrong settings, explains
    them, and imports the other companies."""
    # given
    with_companies(desk, "a", "c")
    config = (desk.directory / "tenure.toml").read_text()
    desk.configure(config + "[company.b]\nname = 'B'\n")
    desk.deliver(GOOD, folder="a")
    desk.deliver(GOOD, folder="c")

    # when
    answer = desk.type("import", "--all", "--json")

    # then
    assert answer.code == USAGE
    assert [run["outcome"] for run in answer.document] == ["applied", "applied"]
    assert "b: " in answer.err
    assert "language" in answer.err


def test_no_companies_are_no_trouble(desk: Desk) -> None:
    """`tenure import --all` without companies exits with code 0."""
    # given
    desk.configure("")

    # when
    answer = desk.type("import", "--all", "--json")

    # then
    assert (answer.code, answer.document) == (DONE, [])


# 130: Ctrl-C


def slow(desk: Desk, **settle: int) -> None:
    """Companies that have a delivery, each of which stands still for so many seconds first."""
    desk.configure(
        "".join(
            f"""
    [company.{key}]
    name = "{key}"
    language = "nl"
    source = {{ protocol = "folder", directory = "{key}", settle = {seconds} }}
    """
            for key, seconds in settle.items()
        )
    )
    for key in settle:
        desk.deliver(GOOD, folder=key)


def begun(desk: Desk, *arguments: str) -> subprocess.Popen[str]:
    """A command at work, which hears Ctrl-C even where who calls the tests does not."""
    hearing = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    python, flag, code = MAIN
    return subprocess.Popen(
        [python, flag, f"{hearing}; {code}", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=desk.directory,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )


def seen(desk: Desk) -> int:
    """How many runs there are, while another process adds some."""
    return len(desk.type("runs", "--json").document)


def test_ctrl_c_exits_with_130_and_stores_nothing(desk: Desk) -> None:
    """R1: Ctrl-C during a pick-up exits with code 130, as shells do, and leaves no run."""
    # given
    slow(desk, acme=50)

    # when
    with begun(desk, "import", "acme") as process:
        soon((desk.directory / "tenure.db-wal").exists)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE)

    # then
    assert (process.returncode, out, err.strip()) == (INTERRUPTED, "", "Stopped.")
    assert seen(desk) == 0


def test_ctrl_c_lets_imports_under_way_end_and_begins_no_more(desk: Desk) -> None:
    """R1: Ctrl-C during `tenure import --all` lets the imports that are under way end and begins no
    further ones."""
    # given
    slow(desk, a=0, b=3, c=3, d=3, e=3, f=0)

    # when
    with begun(desk, "import", "--all", "--workers", "1", "--json") as process:
        soon(lambda: seen(desk))
        time.sleep(0.5)  # by now the fifth is at work instead of the first
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE)

    # then
    assert process.returncode == INTERRUPTED
    assert [run["company"] for run in json.loads(out)] == ["a", "b", "c", "d", "e"]
    assert err.split("\n", 1)[0] == "Still importing for 4 companies. Ctrl-C again ends at once."
    assert err.strip().endswith("Stopped.")
    assert seen(desk) == 5


def test_ctrl_c_again_ends_at_once_and_leaves_nothing_half_done(desk: Desk) -> None:
    """R1: A second Ctrl-C ends the command at once, and no run is stored halfway."""
    # given
    slow(desk, a=0, b=50)

    # when
    with begun(desk, "import", "--all") as process:
        soon(lambda: seen(desk))
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        assert "Still importing for 1 company." in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        process.wait(timeout=PATIENCE)

    # then
    assert process.returncode == INTERRUPTED
    assert seen(desk) == 1


# The real command


def tenure(
    directory: Path, *arguments: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    """The installed command, in a process of its own."""
    return subprocess.run(
        [TENURE, *arguments],
        cwd=directory,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.skipif(not TENURE.exists(), reason="the command is not installed")
def test_the_installed_command_exits_with_these_codes(desk: Desk) -> None:
    """The installed command exits with the same codes as the tests of the commands."""
    # given
    desk.deliver(REJECTING)
    mostly = desk.write("mostly.csv", csv(MOSTLY_REJECTED))

    # when
    codes = {
        "rejected": tenure(desk.directory, "import", "acme").returncode,
        "held": tenure(desk.directory, "import", "acme", str(mostly)).returncode,
        "done": tenure(desk.directory, "roster", "acme").returncode,
        "usage": tenure(desk.directory, "roster", "nobody").returncode,
        "unreachable": tenure(
            desk.directory, "runs", TENURE_DATABASE="sqlite:///no/where.db"
        ).returncode,
    }

    # then
    assert codes == {"rejected": 3, "held": 4, "done": 0, "usage": 2, "unreachable": 6}


@pytest.mark.skipif(not TENURE.exists(), reason="the command is not installed")
def test_the_installed_command_finds_its_configuration_anywhere(desk: Desk, tmp_path: Path) -> None:
    """The installed command finds its configuration by `--config` or `TENURE_CONFIG` from any
    directory, and the database beside it."""
    # given
    desk.deliver(GOOD)
    other = tmp_path / "other"
    other.mkdir()
    config = str(desk.directory / "tenure.toml")

    # when / then
    assert tenure(other, "--config", config, "import", "acme").returncode == DONE
    found = tenure(other, "roster", "acme", TENURE_CONFIG=config)

    assert found.returncode == DONE
    assert "anna@acme.example" in found.stdout
    assert (desk.directory / "tenure.db").exists()
