"""The demo and the tutorial give the results that they describe."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from cli.context import login_name
from cli.main import execute

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The output of the demo, which never waits for somebody at the terminal."""
    place = tmp_path_factory.mktemp("place")
    run = [sys.executable, str(ROOT / "docs" / "demo" / "run.py"), "demo"]
    ours, theirs = pty.openpty()
    try:
        finished = subprocess.run(
            run,
            cwd=place,
            stdin=theirs,
            stdout=subprocess.PIPE,
            stderr=theirs,
            text=True,
            check=True,
            timeout=60,
        )
    finally:
        os.close(theirs)
        os.close(ours)
    assert (place / "demo" / "tenure.db").exists()
    return finished.stdout


def moved(day: str) -> str:
    """A date of the demo's story, where the story was played: its last day is before today."""
    today, last = datetime.now(UTC).date(), date(2027, 4, 6)
    weeks = (today - timedelta(days=1) - last) // timedelta(weeks=1)
    return str(date.fromisoformat(day) + timedelta(weeks=weeks))


def answer_of(demo: str, command: str) -> str:
    """Returns the answer to the last call of a command in the demo."""
    _, _, after = demo.rpartition(f"$ tenure {command}\n")
    return after.partition("\n\n")[0]


def test_the_demo_shows_the_interesting_cases(demo: str) -> None:
    """The demo shows registrations, rejections, a held delivery, support and the clock."""
    # when / then
    for text in (
        "5 registered, 1 rejected",
        "write a calendar date",
        "did you mean Engineering?",
        "acme: unchanged",
        "1 activated",
        "1 deactivated",
        "many-offboardings",
        "acme: discarded",
        "reactivation-needs-support",
        "because his manager extended the contract",
        "everything fits",
        "E-mail address changed from anna.bakker@acme.example to anna.visser@acme.example",
    ):
        assert text in demo


def test_the_demo_ends_with_the_expected_roster(demo: str) -> None:
    """The last roster of the demo has the employees and the states of its story."""
    # when
    roster = answer_of(demo, "roster acme").splitlines()[1:]
    found = {line.split()[1]: (line.split()[0], line.split()[2]) for line in roster}

    # then
    assert found == {
        "anna.visser@acme.example": ("active", "Anna"),
        "bram.devries@acme.example": ("active", "Bram"),
        "chris.smith@acme.example": ("active", "Chris"),
        "e.novak@acme.example": ("active", "Doris"),
        "d.maier@acme.example": ("active", "Emil"),
        "fatima.haddad@acme.example": ("active", "Fatima"),
    }


def test_the_demo_shows_both_times_of_a_late_deactivation(demo: str) -> None:
    """C1: The history shows when a late deactivation took effect, and when it was recorded."""
    # when
    history = answer_of(demo, "history acme chris.smith@acme.example")

    # then
    last_day, recorded = moved("2027-04-02"), moved("2027-04-03")
    took_effect = f"{last_day}  Locked out at {last_day} 23:00 UTC, because the last day was"
    assert f"{took_effect} {last_day} (set on {moved('2027-03-02')}, said by " in history
    assert f"by the clock; done late, at {recorded} 06:10 UTC [run " in history


def test_the_demo_shows_the_kind_the_person_the_time_and_the_reason_of_runs(demo: str) -> None:
    """R2: The demo shows the kind of a run, who asked for the run, by which login, when and why."""
    # given
    login = f"(login {login_name()})"

    # when / then
    assert f"  import by schedule {login}, {moved('2027-03-01')} 02:45:00 to 02:45:00 UTC\n" in demo
    assert f"  clock by schedule {login}, {moved('2027-04-03')} 06:10:00 to 06:10:00 UTC\n" in demo
    assert (
        f"  discard by petra {login}, {moved('2027-03-05')} 09:10:00 to 09:10:00 UTC\n"
        "  because HR says the export is broken\n  ends held run "
    ) in demo


def test_the_demo_shows_what_support_did_and_for_whom(demo: str) -> None:
    """S2: The demo shows who reactivated an employee, why, and what changed."""
    # when
    _, _, answer = demo.partition("$ tenure support reactivate acme 1003 ")
    answer = answer.partition("\n\n")[0]

    # then
    assert re.search(
        rf"^  support by petra \(login .+\), {moved('2027-04-05')} 09:00:00 to 09:00:00 UTC\n"
        r"  because his manager extended the contract\n"
        r"  1 event\n"
        rf"{moved('2027-04-05')}  Chris Smith <chris.smith@acme.example>: account opened again: ",
        answer,
        re.M,
    )
    assert f"without a last day (it was {moved('2027-04-02')}); by petra, reason: his " in answer


def test_the_demo_counts_no_events_of_a_held_delivery(demo: str) -> None:
    """B1: A held delivery has rows, but no events."""
    # when
    rows = [line.split() for line in answer_of(demo, "runs acme --limit 3").splitlines()[1:]]

    # then
    assert [(row[4], row[5], row[6]) for row in rows] == [
        ("held", "6", "-"),
        ("applied", "0", "1"),
        ("unchanged", "6", "0"),
    ]


def test_the_last_words_of_the_demo_work(demo: str) -> None:
    """The commands that the demo names at its end work in a shell that knows no Tenure, and the
    story is in the past, so that what a reader then does comes after it."""
    # given
    commands = [line.strip() for line in demo.splitlines()[-2:]]
    shell = {"PATH": "/usr/bin:/bin"}

    # when
    asked = subprocess.run(
        commands[0], shell=True, env=shell, capture_output=True, text=True, check=True, timeout=60
    )
    with subprocess.Popen(
        ["sh", "-c", f"exec {commands[1]}"], env=shell, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout
        served = server.stdout.readline()
        server.terminate()

    # then
    runs = [line.split()[0] for line in asked.stdout.splitlines() if " acme " in line]
    assert runs == sorted(runs, reverse=True)
    assert runs[0] < f"{datetime.now(UTC):%Y-%m-%d}"
    assert "e.novak@acme.example" in asked.stdout
    assert served.startswith("Serving ")


def test_the_demo_does_not_overwrite_other_files(tmp_path: Path) -> None:
    """The demo refuses a directory that holds other files, and leaves these files as they are."""
    # given
    (tmp_path / "precious").write_text("mine")
    run = [sys.executable, str(ROOT / "docs" / "demo" / "run.py"), str(tmp_path)]

    # when
    finished = subprocess.run(run, capture_output=True, text=True, check=False)

    # then
    assert finished.returncode == 1
    assert (tmp_path / "precious").read_text() == "mine"


def test_the_tutorial_works_as_described(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The commands of the tutorial give the results that the tutorial describes."""
    # given
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TENURE_DATABASE", raising=False)
    monkeypatch.delenv("TENURE_CONFIG", raising=False)

    def tenure(arguments: str, code: int = 0) -> str:
        assert execute(arguments.split()) == code
        return capsys.readouterr().out

    tenure("init")
    assert "onboard" in tenure("preview sample")
    assert "4 registered" in tenure("import sample")
    states = [line.split()[0] for line in tenure("roster sample").splitlines()[1:]]
    assert states == ["active", "active", "pending", "offboarding-scheduled"]
    assert "unchanged" in tenure("import sample")

    # when
    file = Path("deliveries/sample/alleo_employees_sample.csv")
    text = file.read_text().replace("anna.bakker@", "anna.visser@")
    text = text.replace("1979-11-02", "02-11-1979")
    file.write_text(re.sub(r"^doris.*\n", "", text, flags=re.M))
    os.utime(file)

    # then
    answer = tenure("import sample", code=3)
    assert "1 changed, 1 unchanged, 1 rejected, 1 absent" in answer
    assert tenure("clock") == ""
    assert "1 activated, 1 deactivated" in tenure("clock --dry-run --at 2199-12-31")
    assert "E-mail address changed" in tenure("history sample 1001")
    assert "everything fits" in tenure("verify")
