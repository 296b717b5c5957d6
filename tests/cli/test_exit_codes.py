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
from pathlib import Path

import pytest

from adapters.use_cases import plan_files
from domain.context import DecisionContext
from domain.delivery import planning
from domain.delivery.parsing import ParsedDelivery
from domain.delivery.plan import Plan
from domain.employee.roster import Roster
from tests.cli.conftest import ASKED, MAIN, PATIENCE, Desk, assert_explained, soon
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


# 0: done


def test_what_was_applied_is_done(desk: Desk) -> None:
    desk.deliver(GOOD)

    answer = desk.type("import", "acme")

    assert (answer.code, answer.err) == (DONE, "")


def test_warnings_are_no_failure(desk: Desk) -> None:
    desk.deliver(WARNED)

    assert desk.type("preview", "acme").code == DONE
    answer = desk.type("import", "acme")

    assert answer.code == DONE
    assert "short-notice" in answer.out


def test_nothing_new_is_done(desk: Desk) -> None:
    desk.deliver(GOOD)
    desk.type("import", "acme")

    answer = desk.type("import", "acme")

    assert answer.code == DONE
    assert "unchanged" in answer.out


def test_no_file_is_done(desk: Desk) -> None:
    """D6"""
    for command in ("preview", "import"):
        answer = desk.type(command, "acme")

        assert answer.code == DONE
        assert "no-file" in answer.out


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
    answer = desk.type(*command)

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
    desk.deliver(GOOD)
    breaking(monkeypatch)

    answer = desk.type(command, "acme")

    assert answer.code == FAULT
    assert_explained(answer, ["KeyError", "--debug"])
    assert SECRET not in answer.err


def test_a_fault_is_among_the_runs(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """R2"""
    desk.deliver(GOOD)
    with monkeypatch.context() as broken:
        breaking(broken)
        desk.type("import", "acme")

    (run,) = desk.type("runs", "--json").document

    assert run["outcome"] == "failed"
    assert [issue["code"] for issue in run["issues"]] == ["fault"]
    assert SECRET not in str(run)


def test_debug_shows_where_a_fault_came_from(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.deliver(GOOD)
    breaking(monkeypatch)

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
    "no company to list": ["roster"],
    "an unknown state": ["roster", "acme", "--state", "gone"],
    "no moment": ["clock", "--at", "tomorrow"],
    "no day": ["clock", "--at", "2027-02-30"],
    "a moment ahead": ["clock", "--at", "2027-03-02"],
    "no number": ["runs", "--limit", "many"],
    "too few": ["runs", "--limit", "0"],
    "an unknown company": ["import", "zenith"],
    "an unknown company to preview": ["preview", "zenith"],
    "an unknown company to list": ["roster", "zenith"],
    "an unknown company of someone": ["show", "zenith", "anna@acme.example"],
    "an unknown company with history": ["history", "zenith", "anna@acme.example"],
    "an unknown company with runs": ["runs", "zenith"],
    "an unknown action": ["support", "promote", "acme", "anna@acme.example"],
    "an unknown company to audit": ["audit", "zenith"],
    "an unknown kind": ["audit", "acme", "--kind", "hired"],
    "an unknown run to audit": ["audit", "acme", "--run", "0123"],
    "a moment to look back to that is none": ["roster", "acme", "--as-of", "yesterday"],
    "a moment to look back to that is ahead": ["roster", "acme", "--as-of", "2027-03-02"],
    "an unknown run to approve": ["approve", "0123", *ASKED],
    "an unknown run to discard": ["discard", "0123", *ASKED],
    "an unknown person": ["show", "acme", "nobody@acme.example"],
    "an unknown person with history": ["history", "acme", "nobody@acme.example"],
    "an unknown run": ["run", "0123"],
    "a run that is no id": ["run", "yesterday"],
    "a file that is not there": ["import", "acme", "missing.csv"],
    "a file that is a directory": ["import", "acme", "outgoing"],
    "a file that is not there to preview": ["preview", "acme", "missing.csv"],
    "two files of one name": ["import", "acme", "a/1.csv", "b/1.csv"],
    "another configuration": ["--config", "missing.toml", "runs"],
    "a configuration that is none": ["--config", "outgoing", "runs"],
    "a directory that is not empty": ["init"],
}


@pytest.mark.parametrize("case", USAGES)
def test_what_cannot_be_meant_is_explained(desk: Desk, case: str) -> None:
    for name in ("a/1.csv", "b/1.csv"):
        desk.write(name, b"email,first_name,last_name\nanna@acme.example,Anna,Bakker\n")

    answer = desk.type(*USAGES[case])

    assert answer.code == USAGE
    assert_explained(answer)


def test_what_cannot_be_meant_stores_nothing(desk: Desk) -> None:
    for case in USAGES:
        desk.type(*USAGES[case])

    assert desk.type("runs", "--json").document == []


def test_the_companies_that_there_are_are_named(desk: Desk) -> None:
    with_companies(desk, "acme", "zenith")

    assert_explained(desk.type("import", "acne"), ["no company acne", "acme, zenith"])


def test_whoever_two_employees_answer_to_is_not_guessed(desk: Desk) -> None:
    """An e-mail that two have cannot come from a file; two people with one id can't either."""
    desk.deliver(GOOD)
    desk.type("import", "acme")
    with closing(sqlite3.connect(desk.directory / "tenure.db")) as connection, connection:
        connection.execute(
            "INSERT INTO roster SELECT company, 'f' || substr(employee, 2), deactivated, address,"
            " file_address, external_id, namesake, starts, leaves, digest, state FROM roster"
        )

    answer = desk.type("show", "acme", "anna@acme.example")

    assert answer.code == USAGE
    assert_explained(answer, ["2 employees"])


def test_a_beginning_that_several_runs_have_is_not_guessed(desk: Desk) -> None:
    desk.type("import", "acme")
    desk.type("import", "acme")

    answer = desk.type("run", "0")

    assert answer.code == USAGE
    assert_explained(answer, ["several runs begin with 0"])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("nonsense", ["tenure.toml", "TOML"]),
        ("shoes = 1", ["tenure.toml", "shoes", "expected"]),
        ("database = 'here'", ["tenure.toml", "database", "expected"]),
        ("companies = '/etc/tenure/*.toml'\nshoes = 1", ["shoes"]),
    ],
)
def test_a_wrong_configuration_is_explained(desk: Desk, text: str, words: list[str]) -> None:
    desk.configure(text)

    for command in (["import", "acme"], ["roster", "acme"], ["clock"]):
        answer = desk.type(*command)

        assert answer.code == USAGE
        assert_explained(answer, words)


def test_a_company_that_is_configured_wrongly_is_explained_where_it_is_asked_for(
    desk: Desk,
) -> None:
    """R6"""
    desk.configure("[company.acme]\nname = 'A'")

    for command in (["import", "acme"], ["preview", "acme"]):
        answer = desk.type(*command)

        assert answer.code == USAGE
        assert_explained(answer, ["tenure.toml", "company.acme", "language"])
    for command in (["clock"], ["runs"]):
        assert desk.type(*command).code == DONE


def test_without_configuration_the_first_step_is_named(desk: Desk) -> None:
    (desk.directory / "tenure.toml").unlink()

    answer = desk.type("import", "acme")

    assert answer.code == USAGE
    assert_explained(answer, ["tenure.toml", "tenure init"])


@pytest.mark.parametrize(("words", "one"), [([], "import"), (["support"], "reactivate")])
def test_the_command_alone_tells_what_it_can_do(desk: Desk, words: list[str], one: str) -> None:
    answer = desk.type(*words)

    assert answer.code == USAGE
    assert one in answer.out + answer.err
    assert "Traceback" not in answer.err


# 3: rows were rejected


def test_rejected_rows_are_told_by_import_and_preview_and_when_nothing_else_is_new(
    desk: Desk,
) -> None:
    """W9, D8"""
    desk.deliver(REJECTING)

    preview, first, again = (
        desk.type(command, "acme") for command in ("preview", "import", "import")
    )

    assert (preview.code, first.code, again.code) == (REJECTED, REJECTED, REJECTED)
    assert "applied" in first.out
    assert "unchanged" in again.out
    assert preview.err == first.err == again.err == ""


# 4: the delivery is held


def test_a_held_delivery_is_told_by_import_and_preview_however_often(desk: Desk) -> None:
    """B1, B3"""
    desk.deliver(MOSTLY_REJECTED)

    for command in ("preview", "import", "import", "preview"):
        answer = desk.type(command, "acme")

        assert (answer.code, answer.err) == (HELD, "")
        assert "held" in answer.out
        assert "many-rejected-rows" in answer.out


# 5: the delivery was refused


@pytest.mark.parametrize(
    ("delivery", "code"),
    [
        (b"", "no-rows"),
        (b"email,first_name,last_name\n", "no-rows"),
        (b"email,first_name\na@b.example,A\n", "missing-column"),
        (b"email;first_name;last_name\na@b.example;A;B\n", "wrong-delimiter"),
        (b"email,first_name,last_name\n\xff\n", "not-utf8"),
        (b'email,first_name,last_name\n"a', "unclosed-quote"),
    ],
)
def test_a_refused_delivery_is_told_by_import_and_preview(
    desk: Desk, delivery: bytes, code: str
) -> None:
    """F1"""
    desk.deliver(delivery)

    for command in ("preview", "import"):
        answer = desk.type(command, "acme")

        assert answer.code == REFUSED
        assert code in answer.out
        assert answer.err == ""


# 6: source or store unreachable


def test_a_source_that_is_not_there_is_told_by_import_and_preview(desk: Desk) -> None:
    (desk.directory / "outgoing").rmdir()

    imported, preview = desk.type("import", "acme"), desk.type("preview", "acme")

    assert imported.code == preview.code == UNREACHABLE
    assert "unreachable" in imported.out
    assert "outgoing" in imported.out
    assert_explained(preview, ["outgoing"])


def test_a_company_without_source_has_nowhere_to_fetch_from(desk: Desk) -> None:
    desk.configure("[company.acme]\nname = 'Acme BV'\nlanguage = 'nl'\n")

    imported, preview = desk.type("import", "acme"), desk.type("preview", "acme")

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
@pytest.mark.parametrize("trouble", ["no directory", "no database", "another version"])
def test_a_store_that_cannot_be_used_is_explained(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, command: list[str], trouble: str
) -> None:
    path = desk.directory / ("nowhere/tenure.db" if trouble == "no directory" else "other.db")
    if trouble == "no database":
        path.write_text("email,first_name\n" * 100)
    elif trouble == "another version":
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA user_version = 77")
    monkeypatch.setenv("TENURE_DATABASE", f"sqlite:///{path}")

    answer = desk.type(*command)

    assert answer.code == UNREACHABLE
    assert_explained(answer, ["77" if trouble == "another version" else str(path)])


# Several companies


def test_over_several_companies_the_highest_code_counts(desk: Desk) -> None:
    """R6"""
    with_companies(desk, "a", "b", "held", "c", "d")
    desk.deliver(GOOD, folder="a")
    assert desk.type("import", "--all").code == DONE

    desk.deliver(REJECTING, folder="b")
    assert desk.type("import", "--all").code == REJECTED

    desk.deliver(MOSTLY_REJECTED, folder="held")
    assert desk.type("import", "--all").code == HELD

    desk.deliver(b"", folder="c")
    assert desk.type("import", "--all").code == REFUSED

    (desk.directory / "d").rmdir()
    answer = desk.type("import", "--all", "--json")
    assert answer.code == UNREACHABLE
    outcomes = [run["outcome"] for run in answer.document]
    assert outcomes == ["unchanged", "unchanged", "refused", "failed", "held"]


def test_one_companys_fault_is_explained_and_the_others_go_on(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R6"""
    with_companies(desk, "a", "b", "c")
    for key in ("a", "b", "c"):
        desk.deliver(GOOD, folder=key)
    real = planning.plan_delivery

    def plan_delivery(parsed: ParsedDelivery, roster: Roster, context: DecisionContext) -> Plan:
        if context.company.key == "b":
            raise KeyError(SECRET)
        return real(parsed, roster, context)

    monkeypatch.setattr(plan_files, "plan_delivery", plan_delivery)

    answer = desk.type("import", "--all", "--json")

    assert answer.code == FAULT
    assert [run["company"] for run in answer.document if run["outcome"] == "applied"] == ["a", "c"]
    assert "KeyError" in answer.err
    assert SECRET not in answer.err
    assert "Traceback" not in answer.err


def test_a_broken_company_is_explained_and_the_others_go_on(desk: Desk) -> None:
    """R6"""
    with_companies(desk, "a", "c")
    config = (desk.directory / "tenure.toml").read_text()
    desk.configure(config + "[company.b]\nname = 'B'\n")
    desk.deliver(GOOD, folder="a")
    desk.deliver(GOOD, folder="c")

    answer = desk.type("import", "--all", "--json")

    assert answer.code == USAGE
    assert [run["outcome"] for run in answer.document] == ["applied", "applied"]
    assert "b: " in answer.err
    assert "language" in answer.err


def test_no_companies_are_no_trouble(desk: Desk) -> None:
    desk.configure("")

    answer = desk.type("import", "--all", "--json")

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


def test_ctrl_c_is_told_as_shells_have_it_and_stores_nothing(desk: Desk) -> None:
    """R1"""
    slow(desk, acme=50)
    with begun(desk, "import", "acme") as process:
        soon((desk.directory / "tenure.db").exists)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE)

    assert (process.returncode, out, err.strip()) == (INTERRUPTED, "", "Stopped.")
    assert seen(desk) == 0


def test_ctrl_c_lets_what_has_begun_end_and_no_more_begin(desk: Desk) -> None:
    slow(desk, a=0, b=3, c=3, d=3, e=3, f=0)
    with begun(desk, "import", "--all", "--workers", "1", "--json") as process:
        soon(lambda: seen(desk))
        time.sleep(0.5)  # by now the fifth is at work instead of the first
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE)

    assert process.returncode == INTERRUPTED
    assert [run["company"] for run in json.loads(out)] == ["a", "b", "c", "d", "e"]
    assert err.split("\n", 1)[0] == "Still at work on 4 companies; Ctrl-C again ends at once."
    assert err.strip().endswith("Stopped.")
    assert seen(desk) == 5


def test_ctrl_c_again_ends_at_once_and_leaves_nothing_half_done(desk: Desk) -> None:
    """R1"""
    slow(desk, a=0, b=50)
    with begun(desk, "import", "--all") as process:
        soon(lambda: seen(desk))
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        assert "Still at work on 1 company;" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        process.wait(timeout=PATIENCE)

    assert process.returncode == INTERRUPTED
    assert seen(desk) == 1


# The real command


def tenure(desk: Desk, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The installed command, in a process of its own."""
    return subprocess.run(
        [TENURE, *arguments],
        cwd=desk.directory,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.skipif(not TENURE.exists(), reason="the command is not installed")
def test_the_installed_command_exits_with_these_codes(desk: Desk) -> None:
    desk.deliver(REJECTING)
    mostly = desk.write("mostly.csv", csv(MOSTLY_REJECTED))

    codes = {
        "rejected": tenure(desk, "import", "acme").returncode,
        "held": tenure(desk, "import", "acme", str(mostly)).returncode,
        "done": tenure(desk, "roster", "acme").returncode,
        "usage": tenure(desk, "roster", "nobody").returncode,
        "unreachable": tenure(desk, "runs", TENURE_DATABASE="sqlite:///no/where.db").returncode,
    }

    assert codes == {"rejected": 3, "held": 4, "done": 0, "usage": 2, "unreachable": 6}


@pytest.mark.skipif(not TENURE.exists(), reason="the command is not installed")
def test_the_installed_command_finds_its_configuration_anywhere(desk: Desk, tmp_path: Path) -> None:
    desk.deliver(GOOD)
    other = tmp_path / "other"
    other.mkdir()
    elsewhere = Desk(other, desk._capsys)
    config = str(desk.directory / "tenure.toml")

    assert tenure(elsewhere, "--config", config, "import", "acme").returncode == DONE
    found = tenure(elsewhere, "roster", "acme", TENURE_CONFIG=config)

    assert found.returncode == DONE
    assert "anna@acme.example" in found.stdout
    assert (desk.directory / "tenure.db").exists()


@pytest.mark.skipif(not TENURE.exists(), reason="the command is not installed")
@pytest.mark.parametrize(
    ("command", "first"),
    [
        (["roster", "acme"], "STATE"),
        (["audit", "acme"], "registered"),
        (["audit", "acme", "--json"], "["),
    ],
)
def test_a_reader_that_goes_away_is_no_fault_to_talk_about(
    desk: Desk, command: list[str], first: str
) -> None:
    """As in `tenure roster acme | head -1`, with more to tell than a pipe holds."""
    rows = "".join(f"p{n}@acme.example,First{n},Last{n}\n" for n in range(2_000))
    desk.deliver(f"email,first_name,last_name\n{rows}")
    desk.type("import", "acme")

    with subprocess.Popen(
        [TENURE, *command],
        cwd=desk.directory,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith(first)
        process.stdout.close()
        said = process.stderr.read()
        process.wait(timeout=60)

    assert said == ""
