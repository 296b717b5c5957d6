"""A run does what somebody agreed to, or nothing; and what it tells of its progress."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from adapters.progress import Advance, Stage, counted, unwatched
from adapters.store.store import Store
from adapters.use_cases.app import App
from adapters.use_cases.clock import pass_clock
from adapters.use_cases.decide_held import approve, rehearse_approval
from adapters.use_cases.errors import ForeseenDiffers
from adapters.use_cases.import_delivery import import_delivery, rehearse_import
from adapters.use_cases.people import find_one
from adapters.use_cases.support import rehearse_support, support
from domain.employee.commands import ChangeEmail, Command, Deactivate, MoveOnboarding
from domain.employee.events import State
from domain.employee.support import Request
from domain.outcome import Outcome
from tests.adapters.steps import Watch, a_customer, app_of, delivered
from tests.given import day, moment

HEADER = "email,first_name,last_name,external_id,onboarding_date,offboarding_date"
ANNA, BRAM = "anna@acme.example", "bram@acme.example"
STAFF = f"{HEADER}\n{ANNA},Anna,Bakker,1,,\n{BRAM},Bram,Smit,2,2027-03-20,\n"
ACME = a_customer()


@pytest.fixture
def app(store: Store, watch: Watch) -> App:
    """Acme's Anna, who is active, and Bram, who starts later."""
    app = app_of(store, watch, ACME)
    assert import_delivery(app, ACME, "tester", delivered(STAFF)).outcome is Outcome.APPLIED
    return app


def asked(app: App, who: str, command: Command) -> list[Request]:
    return [Request(find_one(app, "acme", who).id, command)]


def state_of(app: App, who: str) -> State:
    return find_one(app, "acme", who).state


# Agreed


def test_a_rehearsal_names_the_person_and_what_would_change(app: App) -> None:
    """S5: A rehearsal names the person, the state before and after, and stores nothing."""
    # when
    rehearsal = rehearse_support(app, ACME, asked(app, ANNA, Deactivate()), "Eva", "ticket 7")

    # then
    (person,) = rehearsal.foreseen.people
    assert (person.name, person.email) == ("Anna Bakker", ANNA)
    assert (person.before, person.after) == (State.ACTIVE, State.DEACTIVATED)
    assert rehearsal.foreseen.kinds == {"deactivated": 1}
    assert rehearsal.planned.document.run is None
    assert state_of(app, ANNA) is State.ACTIVE


def test_what_was_agreed_to_is_done_although_others_have_changed(app: App) -> None:
    """S5: A run that would still do what somebody agreed to is done, whoever else has changed."""
    # given
    requests = asked(app, ANNA, Deactivate())
    agreed = rehearse_support(app, ACME, requests, "Eva", "ticket 7").foreseen
    support(app, ACME, asked(app, BRAM, ChangeEmail("b@acme.example")), "Olga", "ticket 8")

    # when
    run = support(app, ACME, requests, "Eva", "ticket 7", agreed)

    # then
    assert run.outcome is Outcome.APPLIED
    assert state_of(app, ANNA) is State.DEACTIVATED


def test_nothing_is_done_if_the_person_is_not_as_shown(app: App) -> None:
    """S5: If the person has changed since the question, nothing is done, and there is no run."""
    # given
    requests = asked(app, ANNA, Deactivate())
    agreed = rehearse_support(app, ACME, requests, "Eva", "ticket 7").foreseen
    support(app, ACME, asked(app, ANNA, ChangeEmail("a@acme.example")), "Olga", "ticket 8")
    runs = len(app.store.runs.latest(None, 10))

    # when
    with pytest.raises(ForeseenDiffers):
        support(app, ACME, requests, "Eva", "ticket 7", agreed)

    # then
    assert state_of(app, "a@acme.example") is State.ACTIVE
    assert len(app.store.runs.latest(None, 10)) == runs


def test_nothing_is_done_if_the_day_has_changed_what_it_does(app: App, watch: Watch) -> None:
    """S3: A first day of tomorrow that has come by the time of the answer activates at once, which
    nobody agreed to."""
    # given
    requests = asked(app, BRAM, MoveOnboarding(day("2027-03-02")))
    agreed = rehearse_support(app, ACME, requests, "Eva", "ticket 7").foreseen
    watch.moment = moment("2027-03-02 00:01")

    # when / then
    with pytest.raises(ForeseenDiffers):
        support(app, ACME, requests, "Eva", "ticket 7", agreed)


def test_an_approval_applies_no_more_than_was_shown(app: App) -> None:
    """B2: If somebody whom a held delivery changes was changed since the question, the approval
    does nothing; what is shown then can be approved."""
    # given
    wrong = "".join(f"no address,N{n},N{n},9{n},,\n" for n in range(9))
    newcomer = "chris@acme.example,Chris,Jansen,3,,\n"
    files = delivered(STAFF.replace("Bakker", "Visser") + newcomer + wrong)
    held = import_delivery(app, ACME, "tester", files)
    record = app.store.runs.find(held.run) if held.run else None
    assert record is not None
    assert held.outcome is Outcome.HELD
    agreed = rehearse_approval(app, ACME, record, "Eva", "ticket 7").foreseen
    support(app, ACME, asked(app, ANNA, Deactivate()), "Olga", "ticket 8")

    # when
    with pytest.raises(ForeseenDiffers):
        approve(app, ACME, record, "Eva", "ticket 7", agreed=agreed)
    again = rehearse_approval(app, ACME, record, "Eva", "ticket 7").foreseen
    run = approve(app, ACME, record, "Eva", "ticket 7", agreed=again)

    # then
    assert [(each.name, each.before) for each in agreed.people] == [
        ("Anna Bakker", State.ACTIVE),
        ("Chris Jansen", None),
    ]
    assert (again.outcome, run.outcome) == (Outcome.HELD, Outcome.HELD)


# Rehearsed imports


@pytest.mark.parametrize("text", [STAFF, STAFF.replace("Bakker", "Visser"), "email\nx\n"])
def test_a_rehearsed_import_tells_what_the_import_then_tells(app: App, text: str) -> None:
    """D8, F1: A rehearsal ends as the import does, recognised and refused deliveries included."""
    # when
    rehearsed = rehearse_import(app, ACME, "tester", delivered(text))
    run = import_delivery(app, ACME, "tester", delivered(text))

    # then
    assert rehearsed.run is None
    assert (rehearsed.outcome, rehearsed.counts) == (run.outcome, run.counts)
    assert [each.message for each in rehearsed.issues] == [each.message for each in run.issues]


# Progress


class Told:
    """Remembers the stages and their units."""

    def __init__(self) -> None:
        self.stages: list[tuple[Stage, int | None, int]] = []

    @contextmanager
    def stage(self, stage: Stage, total: int | None = None) -> Iterator[Advance]:
        units: list[int] = []
        yield units.append
        self.stages.append((stage, total, sum(units)))


def test_an_import_tells_its_stages_and_counts(app: App, tmp_path: Path) -> None:
    """The stages of an import are fetched bytes, reading, planning and stored rows, in order."""
    # given
    customer, told = a_customer(directory=tmp_path), Told()
    text = f"{HEADER}\nchris@acme.example,Chris,Jansen,3,,\n{ANNA},Anna,Visser,1,,\n".encode()
    file, newer = tmp_path / "alleo_employees_1.csv", moment("2027-03-02 02:00").timestamp()
    file.write_bytes(text)
    os.utime(file, (newer, newer))

    # when
    run = import_delivery(app._replace(progress=told), customer, "tester")

    # then
    assert (run.outcome, run.counts.events) == (Outcome.APPLIED, 2)
    stages = [stage for stage, _, _ in told.stages]
    assert list(dict.fromkeys(stages)) == [Stage.FETCH, Stage.READ, Stage.PLAN, Stage.STORE]
    assert told.stages[0] == (Stage.FETCH, len(text), len(text))
    _, total, done = told.stages[-1]
    assert total == 4 + len(run.issues)  # two events, and two rows of the roster
    assert done >= total


def test_companies_side_by_side_are_one_stage(app: App, watch: Watch) -> None:
    """The clock tells how many companies had their turn, and no stage of one of them."""
    # given
    told = Told()
    watch.moment = moment("2027-03-20 00:00")

    # when
    assert len(list(pass_clock(app._replace(progress=told), "night"))) == 1

    # then
    assert told.stages == [(Stage.CLOCK, 1, 1)]


def test_what_nobody_waits_for_is_not_counted() -> None:
    """Items that nobody counts are passed on as they are; others are counted, each once."""
    # given
    items = range(2_500)
    units: list[int] = []

    # when / then
    assert counted(items, unwatched) is items
    assert list(counted(items, units.append)) == list(items)
    assert sum(units) == 2_500
