"""The question before danger: whom it names, how it is answered, and when there is none."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from uuid import UUID

import pytest

from adapters.use_cases.errors import ForeseenDiffers
from cli.terminal.foreseen import foreseen_lines, who
from cli.terminal.question import agreed_run
from domain.company_runs.events import RunContext, RunKind
from domain.employee.events import State
from domain.outcome import Outcome
from projections.answers.foreseen import Foreseen, ForeseenPerson
from projections.answers.history import FromTo
from projections.runs import RunDocument, document
from tests.cli.conftest import ASKED, Desk
from tests.cli.terminals import Session, answered
from tests.given import NOW

HEADER = "email,first_name,last_name,external_id,onboarding_date,offboarding_date"
STAFF = HEADER + "".join(
    f"\np{n}@acme.example,First{n},Last{n},ext-{n},2020-01-01," for n in range(1, 13)
)


@pytest.fixture
def acme(desk: Desk) -> Desk:
    """Acme with twelve people, imported at the present moment."""
    desk.now = datetime.now(UTC)
    desk.deliver(f"{STAFF}\n")
    assert desk.type("import", "acme").code == 0
    return desk


def session(desk: Desk, *arguments: str, answer: str = "y\n") -> Session:
    return answered(desk.directory, (*arguments, *ASKED), answer.encode())


def count_of_runs(desk: Desk) -> int:
    return len(desk.type("runs", "--json").document)


def held(desk: Desk) -> str:
    """The run that holds a delivery with twelve last days."""
    desk.deliver(f"{STAFF}\n".replace("2020-01-01,", "2020-01-01,2099-06-01"))
    answer = desk.type("import", "acme", "--json")
    assert answer.code == 4
    return str(answer.document["run"])


# On a terminal


def test_a_command_that_is_agreed_to_is_done(acme: Desk) -> None:
    """S5: `tenure support` shows the name, the address and the state, and asks on standard error,
    so that --json has one document on standard output."""
    # when
    seen = session(acme, "support", "deactivate", "acme", "ext-1", "--json")

    # then
    assert seen.shown.splitlines() == [
        "acme:",
        "First1 Last1 <p1@acme.example>, active → deactivated",
        "Deactivate First1 Last1 <p1@acme.example> now? [y/N] y",
    ]
    assert seen.code == 0
    assert json.loads(seen.out)["counts"]["deactivated"] == 1


def test_a_merger_and_a_release_are_shown_in_words(acme: Desk) -> None:
    """S9, S11: The question tells by name which account is taken over, and what is released."""
    # when
    merger = session(acme, "support", "merge", "acme", "ext-1", "ext-2", answer="n\n").shown
    session(acme, "support", "deactivate", "acme", "ext-3")
    release = session(acme, "support", "release", "acme", "ext-3", answer="n\n").shown

    # then
    told = " ".join(merger.split())
    assert "absorbed: First2 Last2 <p2@acme.example>" in told
    assert "merged_into: First1 Last1 <p1@acme.example>" in told
    assert "released: p3@acme.example, ext-3" in release


@pytest.mark.parametrize("answer", ["n\n", "\n", "yess\n", "\x04"])
def test_a_command_that_is_not_agreed_to_changes_nothing(acme: Desk, answer: str) -> None:
    """S12: Any answer but yes, also none, stops `tenure rekey` with exit code 130 and no run."""
    # given
    acme.write("map.csv", b"old,new\n" + b"".join(b"ext-%d,new-%d\n" % (n, n) for n in range(1, 4)))

    # when
    seen = session(acme, "rekey", "acme", "map.csv", answer=answer)

    # then
    assert (seen.code, seen.out) == (130, "")
    assert seen.shown.startswith("acme:\n3 employees: 3 external-id-changed\n  First1 Last1")
    assert "Change the external id of 3 employees? [y/N]" in seen.shown
    assert seen.shown.endswith("Stopped. Nothing was changed.\n")
    assert count_of_runs(acme) == 1


def test_an_approval_names_ten_people_and_how_many_there_are(acme: Desk) -> None:
    """B2: `tenure approve` shows the count of each kind and ten names, and then applies."""
    # given
    run = held(acme)

    # when
    seen = session(acme, "approve", run)

    # then
    assert "12 employees: 12 offboarding-scheduled\n" in seen.shown
    assert "First10 Last10" in seen.shown
    assert "First11 Last11" not in seen.shown
    assert "  and 2 more\nApply the held delivery to 12 employees? [y/N] y\n" in seen.shown
    assert seen.code == 0
    assert seen.out.startswith("acme: applied (run ")


def test_a_discard_names_the_files_that_are_lost(acme: Desk) -> None:
    """B2: `tenure discard` shows the files and the rows that would be dropped, and asks."""
    # given
    run = held(acme)

    # when
    seen = session(acme, "discard", run, answer="n\n")

    # then
    assert f"acme: run {run} holds\n  alleo_employees_1.csv, " in seen.shown
    assert "12 rows, which would change 12 employees\nDiscard the delivery" in seen.shown
    assert seen.code == 130
    assert acme.type("runs", "--held", "--json").document != []


def test_yes_answers_before_the_question(acme: Desk) -> None:
    """S5: With --yes nothing is asked on a terminal, and neither where nobody would be changed."""
    # when
    seen = session(acme, "support", "deactivate", "acme", "ext-1", "--yes", answer="")
    again = session(acme, "support", "deactivate", "acme", "ext-1", answer="")

    # then
    assert (seen.code, seen.shown) == (0, "")
    assert (again.code, again.shown) == (0, "")
    assert "nothing to do" in again.out


# What is shown


def someone(number: int = 1, before: State | None = State.ACTIVE) -> ForeseenPerson:
    changes = {
        "offboarding_date": FromTo("2027-04-01", "2027-05-01"),
        "last_name": FromTo("\x1b[31mRed", None),
    }
    return ForeseenPerson(
        UUID(int=number),
        f"Ann Lee{number}",
        f"a{number}@acme.example",
        before,
        State.ACTIVE,
        ("offboarding-moved", "details-changed"),
        changes,
    )


def shown(*people: ForeseenPerson, limit: int | None = None) -> list[str]:
    lines = foreseen_lines(Foreseen(Outcome.APPLIED, people), limit)
    return [" " * indent + line for line, indent in lines]


def test_one_person_is_shown_with_each_value_on_a_line() -> None:
    """S5: Of one person each change has a line, and what a terminal would obey is escaped."""
    # when / then
    assert shown(someone()) == [
        "Ann Lee1 <a1@acme.example>, active",
        "  offboarding_date: 2027-04-01 → 2027-05-01",
        "  last_name: \\x1b[31mRed → (cleared)",
    ]


def test_many_people_are_counted_by_kind_and_the_first_are_named() -> None:
    """S13: Of many people the kinds are counted, the first are named, and the others counted."""
    # when
    lines = shown(*(someone(n) for n in range(1, 12)), someone(12, None), limit=1)

    # then
    assert lines == [
        "12 employees: 12 offboarding-moved, 12 details-changed",
        "  Ann Lee1 <a1@acme.example>, active: offboarding_date: 2027-04-01 → 2027-05-01, "
        "last_name: \\x1b[31mRed → (cleared)",
        "  and 11 more",
    ]
    assert shown(someone(), someone(2, None))[-1] == ("  Ann Lee2 <a2@acme.example>, new → active")


def test_nobody_is_shown_by_no_line() -> None:
    """S13: A run that would change nobody has no line, and a question names how many there are."""
    # when / then
    assert shown() == []
    assert who(Foreseen(Outcome.APPLIED, (someone(), someone(2)))) == "2 employees"


# What has changed since the question


def test_the_question_is_asked_again_if_something_else_would_be_done(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """B2, S5: If the run would do something else than was shown, it is told, shown and asked."""
    # given
    ended = RunContext(UUID(int=7), RunKind.SUPPORT, "acme", NOW, "Eva", "why", None).ended(
        Outcome.APPLIED, NOW
    )
    plans = [Foreseen(Outcome.APPLIED, (someone(n),)) for n in (1, 2)]
    rehearsals, asked = iter(plans), []

    def ask(plan: Foreseen) -> Foreseen:
        asked.append(plan)
        return plan

    def act(agreed: Foreseen) -> RunDocument:
        if agreed != plans[1]:
            raise ForeseenDiffers("acme")
        return document(UUID(int=7), ended.ended, ())

    # when
    run = agreed_run(lambda: next(rehearsals), ask, act)

    # then
    assert run.run == UUID(int=7)
    assert asked == plans
    assert "something has changed in acme meanwhile" in capsys.readouterr().err
