"""What every store must do, whatever database it is."""

from __future__ import annotations

import hashlib
import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import time, timedelta
from operator import attrgetter
from uuid import UUID, uuid4

import msgspec
import pytest
from eventsourcing.persistence import MapperDeserialisationError, StoredEvent
from msgspec.structs import replace

from adapters.store.commit import Commit
from adapters.store.errors import Conflict
from adapters.store.files import StoredFile
from adapters.store.store import Store
from domain.company_runs.events import FileInfo, RunKind, RunRecord
from domain.company_runs.state import CompanyState
from domain.context import Moment
from domain.employee.aggregate import Employee
from domain.employee.change import change_of
from domain.employee.clock import plan_clock
from domain.employee.commands import LookupKeys
from domain.employee.events import EmailChanged, EmployeeEvent, State
from domain.ids import company_stream_id, short_run_id
from domain.issues.issue import Issue
from domain.issues.issue_type import Severity
from domain.outcome import Outcome
from domain.schedule import Schedule, Schedules
from projections.kept import Key
from tests.adapters.conftest import OpenStore
from tests.adapters.steps import (
    a_run,
    commit_of,
    company_of,
    ended,
    other_company,
    person,
    replayed,
    said_nothing,
    stored,
)
from tests.given import NOW, a_company, codes, day, moment, plan

pytestmark = pytest.mark.stores("memory", "sqlite", "postgresql")

ANNA = "anna@acme.example,Anna,Bakker,007,,"
BRAM = "Bram@Acme.example,Bram,Smit,7,2027-04-01,"
CHRIS = "chris@acme.example,Chris,Jansen,,,2027-03-20"
HEADER = "email,first_name,last_name,external_id,onboarding_date,offboarding_date"
THREE = "\n".join((HEADER, BRAM, ANNA, CHRIS))
SECRET = "Wilhelmina"
by_id = attrgetter("employee")
QUOTED = b'"Wilhelmina"'


def by_support(store: Store, employee: Employee, event: EmployeeEvent, number: int) -> None:
    """Stores one event that no row said."""
    change = change_of(employee, employee.id, [(NOW, event)], Moment(a_run(number), NOW))
    assert change is not None
    record = ended(outcome=Outcome.APPLIED)
    runs = (RunRecord(a_run(number), record),)
    store.commit(Commit(runs, store.runs.company_state("acme"), changes=(change,)))


def an_issue(code: str) -> Issue:
    """Something that was said of a file; whether it lasts depends on the code alone (L10)."""
    return Issue(Severity.WARNING, code, "Do something.", "alleo_employees_1.csv", 1)


def everything(store: Store) -> dict[str, object]:
    """All that a store can be asked about Acme."""
    state, roster = company_of(store, "acme")
    people = list(store.roster.employees("acme"))
    records = store.runs.latest(None, 100)
    return {
        "state": state,
        "entries": sorted(roster.entries, key=by_id),
        "people": people,
        "events": [store.events.of(employee.id) for employee in people],
        "runs": store.events.of(company_stream_id("acme")),
        "records": records,
        "issues": [store.runs.issues(record) for record in records],
    }


# Events


def test_the_events_of_a_run_are_read_back_as_they_were_committed(store: Store) -> None:
    """R1: The events of a commit are read back exactly as they were committed."""
    # given
    commit = commit_of(plan(THREE), run=a_run(1))

    # when
    store.commit(commit)

    # then
    assert len(commit.changes) == 3
    for change in commit.changes:
        assert store.events.of(change.after.id) == list(change.events)


def test_a_commit_is_there_when_the_store_is_opened_again(open_store: OpenStore) -> None:
    """R1: A store that is opened again answers everything as before."""
    # given
    first = open_store()
    stored(first, THREE)
    before = everything(first)
    first.close()

    # when / then
    assert everything(open_store()) == before


def test_a_commit_of_one_store_is_seen_by_another_at_once(open_store: OpenStore) -> None:
    """R4: A commit in one open store is seen at once by another open store of the same database."""
    # given
    one, other = open_store(), open_store()
    company_of(other, "acme")

    # when
    stored(one, THREE)

    # then
    assert everything(other) == everything(one)


def test_a_run_is_the_next_event_of_its_companys_stream(store: Store) -> None:
    """R4: Each run of a company is the next event in the company's stream."""
    # given
    stored(store, THREE, number=1)
    stored(store, THREE.replace("Anna", "Anne"), number=2)

    # when
    events = store.events.of(company_stream_id("acme"))

    # then
    assert [(each.originator_version, each.run) for each in events] == [
        (1, a_run(1)),
        (2, a_run(2)),
    ]
    assert all(each.effective == each.recorded == NOW for each in events)


def test_an_employee_rebuilt_from_their_events_is_the_one_in_the_roster(store: Store) -> None:
    """R1: The state of an employee in the roster equals the state that follows from the employee's
    events."""
    # given
    stored(store, THREE, number=1)
    stored(store, THREE.replace("2027-03-20", "2027-05-20"), number=2)

    # then
    for employee in store.roster.employees("acme"):
        assert replayed(store, employee.id) == employee
    assert person(store, "chris@acme.example").offboarding_date == day("2027-05-20")


def test_an_unknown_stream_has_no_events_and_no_employee(store: Store) -> None:
    """C1: A stream that does not exist has no events and gives no employee."""
    # when / then
    assert store.events.of(uuid4()) == []
    assert replayed(store, uuid4()) is None


@pytest.mark.parametrize(
    "name", ["O'Brien\"; --", "Zoë 🦄", "%_\\", "{bytes}", "?", "Ångström", "الاسم", "null"]
)
def test_names_are_kept_to_the_letter(store: Store, name: str) -> None:
    """W1: A name with quotes, placeholders or other scripts is stored exactly as written."""
    # given
    quoted = name.replace('"', '""')
    stored(store, f'email,first_name,last_name\nanna@acme.example,"{quoted}",Bakker\n')

    # when
    (employee,) = store.roster.employees("acme")

    # then
    assert employee.details.first_name == name
    assert replayed(store, employee.id) == employee


# Where a company stands


def test_a_company_that_never_had_a_run_stands_at_the_beginning(store: Store) -> None:
    """R4: A company without runs has version zero and no employees."""
    # when
    state, roster = company_of(store, "acme")

    # then
    assert state == store.runs.company_state("acme") == CompanyState()
    assert roster.entries == []
    assert list(store.roster.employees("acme")) == []


def test_the_roster_finds_an_employee_by_address_and_by_external_id(store: Store) -> None:
    """I1: The roster finds the same employee by e-mail address and by exact external id, with the
    employee's state and row digest."""
    # given
    stored(store, THREE)

    # when
    state, roster = company_of(store, "acme")

    # then
    assert state.version == 1
    entry = roster.at_address("bram@acme.example")
    assert entry is not None
    assert entry == roster.with_external_id("7")
    assert entry.digest is not None
    assert roster.employee(entry) == person(store, "bram@acme.example")
    assert roster.with_external_id("07") is None


def test_a_company_is_told_of_its_own_people_and_runs_only(store: Store) -> None:
    """R6: Questions about one company are never answered with employees or runs of another
    company."""
    # given
    stored(store, THREE, number=1)
    stored(store, f"{HEADER}\n{ANNA}\n", number=2, company=other_company())

    # when / then
    assert len(list(store.roster.employees("acme"))) == 3
    assert len(list(store.roster.employees("zenith"))) == 1
    assert (
        store.runs.company_state("acme").version == store.runs.company_state("zenith").version == 1
    )
    assert store.roster.find("zenith", "bram@acme.example") == []
    assert store.roster.find("acme", "007") != store.roster.find("zenith", "007")
    assert [record.run for record in store.runs.latest("zenith", 10)] == [a_run(2)]


def test_people_come_in_the_order_in_which_they_were_registered(store: Store) -> None:
    """R2: The employees of a company are listed in the order in which they were registered."""
    # given
    stored(store, THREE, number=1)
    stored(store, f"{HEADER}\naaron@acme.example,Aaron,Aal,,,\n", number=2)

    # when
    found = [employee.details.first_name for employee in store.roster.employees("acme")]

    # then
    assert found == ["Bram", "Anna", "Chris", "Aaron"]


def test_a_later_state_takes_the_place_of_the_earlier_one(store: Store) -> None:
    """R1: A run that changes an employee replaces the state and the row digest in the roster."""
    # given
    stored(store, THREE, number=1)
    before = company_of(store, "acme")[1].with_external_id("007")

    # when
    stored(store, THREE.replace("Anna", "Anne"), number=2)

    # then
    after = company_of(store, "acme")[1].with_external_id("007")
    assert person(store, "007").version == 2
    assert before is not None
    assert after is not None
    assert before.digest != after.digest
    assert len(list(store.roster.employees("acme"))) == 3


def test_the_digest_of_a_row_that_changes_nothing_is_remembered(store: Store) -> None:
    """D3: A row that is written differently and changes nothing only replaces the stored row digest
    of its employee."""
    # given
    stored(store, THREE, number=1)
    people = list(store.roster.employees("acme"))

    # when
    commit = stored(store, THREE.replace("Anna,", " Anna ,"), number=2)

    # then
    assert len(commit.new_digests) == 1
    ((employee, digest),) = commit.new_digests
    entries = {entry.employee: entry for entry in company_of(store, "acme")[1].entries}
    assert entries[employee].digest == digest
    assert list(store.roster.employees("acme")) == people


# Finding someone


def test_someone_is_found_by_id_however_it_is_written(store: Store) -> None:
    """S1-S6: An employee is found by Tenure's own id, with or without hyphens and in upper or lower
    case."""
    # given
    stored(store, THREE)
    anna = person(store, "anna@acme.example")

    # when / then
    for written in (str(anna.id), anna.id.hex, str(anna.id).upper()):
        assert store.roster.find("acme", written) == [anna]


def test_external_ids_are_found_exactly(store: Store) -> None:
    """I1: External ids are found character by character: `007` and `7` are different employees, and
    `07` is nobody."""
    # given
    stored(store, THREE)

    # when / then
    assert [each.email for each in store.roster.find("acme", "007")] == ["anna@acme.example"]
    assert [each.email for each in store.roster.find("acme", "7")] == ["Bram@Acme.example"]
    assert store.roster.find("acme", "07") == []


@pytest.mark.parametrize(
    "written", ["Bram@Acme.example", "BRAM@ACME.EXAMPLE", " bram@acme.example "]
)
def test_addresses_are_found_trimmed_and_in_any_case(store: Store, written: str) -> None:
    """I1: An employee is found by e-mail address, whatever the case of the letters and the space
    around the address."""
    # given
    stored(store, THREE)

    # when / then
    assert [each.external_id for each in store.roster.find("acme", written)] == ["7"]


def test_the_address_that_the_file_still_uses_leads_to_its_employee(store: Store) -> None:
    """I8: After support changed an e-mail address, the employee is found by the old and by the new
    address."""
    # given
    stored(store, THREE, number=1)
    by_support(store, person(store, "007"), EmailChanged("anna.new@acme.example"), 2)

    # when
    found = person(store, "anna@acme.example")

    # then
    assert found.email == "anna.new@acme.example"
    assert store.roster.find("acme", "anna.new@acme.example") == [found]


def test_a_present_address_comes_before_one_that_the_file_uses(store: Store) -> None:
    """I8: When one employee has an address now and the file still uses it for another employee, the
    address finds the employee who has it now."""
    # given
    stored(store, THREE, number=1)
    by_support(store, person(store, "007"), EmailChanged("anna.new@acme.example"), 2)
    by_support(store, person(store, "7"), EmailChanged("anna@acme.example"), 3)

    # when / then
    assert person(store, "anna@acme.example").external_id == "7"


@pytest.mark.parametrize("who", ["nobody@acme.example", "", "%", "anna", str(a_run(99))])
def test_an_unknown_name_finds_nobody(store: Store, who: str) -> None:
    """S1-S6: An unknown address, an empty text, a placeholder, a first name or an unknown id finds
    no employee."""
    # given
    stored(store, THREE)

    # when / then
    assert store.roster.find("acme", who) == []


# Runs and what they said


def test_a_run_is_found_by_its_id(store: Store) -> None:
    """R2: The record of a run is found by the id of the run."""
    # given
    commit = stored(store, THREE)

    # when
    record = store.runs.find(a_run(1))

    # then
    assert record is not None
    assert record.run == a_run(1)
    assert record == commit.ended
    assert store.runs.find(a_run(2)) is None


def test_runs_are_listed_newest_first_and_no_more_than_asked(store: Store) -> None:
    """R2: Runs are listed newest first, of all companies or of one, and no more than asked for."""
    # given
    for number in (1, 2, 3):
        store.commit(said_nothing(store, run=a_run(number)))
    stored(store, THREE, number=4, company=other_company())

    # when / then
    assert [record.run for record in store.runs.latest(None, 10)] == [
        a_run(n) for n in (4, 3, 2, 1)
    ]
    assert [record.run for record in store.runs.latest("acme", 2)] == [a_run(3), a_run(2)]
    assert store.runs.latest("nobody", 10) == []


def test_a_run_is_found_by_the_beginning_or_the_end_of_its_id(store: Store) -> None:
    """R2: A run is found by the beginning of its id, with or without hyphens and in upper or lower
    case, or by the end of its id without the zeros. A common beginning finds several runs, the
    newest first."""
    # given
    for number in (1, 2, 3):
        store.commit(said_nothing(store, run=a_run(number)))
    whole = str(a_run(2))
    common = next(n for n in range(36) if str(a_run(1))[: n + 1] != whole[: n + 1])

    # when / then
    for part in (whole, whole.upper(), whole.replace("-", "")[:30], short_run_id(a_run(2))):
        assert [each.run for each in store.runs.like(part, 9)] == [a_run(2)]
    assert [each.run for each in store.runs.like(whole[:common], 9)] == [a_run(2), a_run(1)]


def test_a_run_is_not_guessed_between_a_beginning_and_an_end(store: Store) -> None:
    """R2: A part with which the id of one run begins and the id of another run ends finds both."""
    # given
    beginning = a_run(1).hex[:8]
    ending = UUID(f"{a_run(2).hex[:16]}{beginning}00000000")
    for run in (a_run(1), ending):
        store.commit(said_nothing(store, run=run))

    # when / then
    assert {each.run for each in store.runs.like(beginning, 9)} == {a_run(1), ending}


@pytest.mark.parametrize("prefix", ["", "-", "%", "_", "xyz", "0" * 33, "ffff", "'"])
def test_a_text_that_no_run_id_begins_with_finds_no_run(store: Store, prefix: str) -> None:
    """R2: A text with which no run id begins finds no run, also a placeholder of SQL."""
    # given
    store.commit(said_nothing(store, run=a_run(1)))

    # when / then
    assert store.runs.like(prefix, 9) == []


@pytest.mark.parametrize(
    ("part", "found"),
    [
        ("BRAM@ac", ["Bram"]),
        ("7", ["Bram"]),
        ("00", ["Anna"]),
        ("", ["Anna", "Bram", "Chris"]),
        ("%", []),
        ("_nna", []),
        ("\0", []),
        ("\udc80", []),
    ],
)
def test_people_are_found_by_a_beginning(store: Store, part: str, found: list[str]) -> None:
    """Employees are found by the beginning of their address in any case, or of their external id.
    A placeholder of SQL means nothing."""
    # given
    stored(store, THREE)

    # when
    people = store.roster.beginning_with("acme", part, 9)

    # then
    assert [each.details.first_name for each in people] == found
    assert len(store.roster.beginning_with("acme", part, 1)) == min(1, len(found))


def test_the_runs_behind_a_history_are_found_with_it(store: Store) -> None:
    """R2: The runs behind the events of an employee are found with the events, and no other
    runs."""
    # given
    stored(store, THREE, number=1)
    stored(store, THREE.replace("Anna", "Anne"), number=2)
    store.commit(said_nothing(store, run=a_run(3)))

    # when
    runs = store.runs.of_events(store.events.of(person(store, "007").id))

    # then
    assert set(runs) == {a_run(1), a_run(2)}
    assert {record.run_kind for record in runs.values()} == {RunKind.IMPORT}


def test_issues_are_told_as_they_were_said_and_in_that_order(store: Store) -> None:
    """R2: The issues of a run are read back as they were committed and in the same order."""
    # given
    broken = f"{HEADER}\n,Dora,,E7,2027-02-30,\nerik@acme.example,Erik,Vos,,,2027-03-02\n"
    commit = stored(store, broken, number=1)
    record = store.runs.find(a_run(1))
    assert record is not None

    # when / then
    assert list(commit.issues) == store.runs.issues(record)
    assert codes(commit.issues) == ["missing-value", "missing-value", "bad-date", "short-notice"]


def test_a_run_that_refers_to_an_earlier_one_repeats_its_lasting_issues(store: Store) -> None:
    """D8, L10: A run that refers to an earlier run tells the earlier run's issues about content and
    its own issues, but not the issues about a change."""
    # given
    lasting, passing, own = map(an_issue, ("unknown-column", "short-notice", "several-files"))
    store.commit(said_nothing(store, run=a_run(1), issues=[lasting, passing]))
    store.commit(said_nothing(store, run=a_run(2), issues=[own], issues_of=a_run(1)))

    # when
    said = {record.run: store.runs.issues(record) for record in store.runs.latest("acme", 10)}

    # then
    assert said[a_run(1)] == [lasting, passing]
    assert said[a_run(2)] == [lasting, own]


# What waits, and what is asked around somebody


def waiting_commit(
    store: Store, number: int, first: RunRecord | None = None, **more: object
) -> Commit:
    """A run that holds a delivery of two files, perhaps after it ended another one."""
    infos = [FileInfo(f"alleo_employees_{n}.csv", 3, NOW, str(n) * 64) for n in (1, 2)]
    record = replace(ended(outcome=Outcome.HELD), files=tuple(infos), delivery=str(number) * 64)
    files = [StoredFile(info, bytes([0, 255, number])) for info in infos]
    ran = RunRecord(a_run(number), record)
    runs = (ran,) if first is None else (first, ran)
    return Commit(runs, store.runs.company_state("acme"), held=files, **more)  # type: ignore[arg-type]


def ending(number: int, of: int) -> RunRecord:
    """A run that discards another."""
    record = replace(ended(outcome=Outcome.DISCARDED), run_kind=RunKind.DISCARD, ends=a_run(of))
    return RunRecord(a_run(number), record)


def test_a_held_delivery_waits_with_its_files_until_a_run_ends_it(store: Store) -> None:
    """B2: The store keeps a held delivery with its files until a run ends it, and then tells which
    run did."""
    # given
    commit = waiting_commit(store, 1)
    store.commit(commit)

    # then
    assert store.runs.held_files(a_run(1)) == list(commit.held)
    assert store.runs.waiting("acme") == store.runs.waiting(None) == [commit.ended]

    # when
    store.commit(Commit((ending(2, of=1),), store.runs.company_state("acme")))

    # then
    assert store.runs.held_files(a_run(1)) == []
    assert store.runs.waiting("acme") == store.runs.waiting(None) == []
    record = store.runs.find(a_run(1))
    assert record is not None
    assert record.ended_by == a_run(2)


def test_a_discard_and_the_run_after_it_are_stored_in_order(store: Store) -> None:
    """B3: A run that takes the place of a held delivery is stored together with the discard before
    it, in this order."""
    # given
    store.commit(waiting_commit(store, 1))

    # when
    store.commit(waiting_commit(store, 3, ending(2, of=1)))

    # then
    events = store.events.of(company_stream_id("acme"))
    assert [event.run for event in events] == [a_run(1), a_run(2), a_run(3)]
    assert [record.run for record in store.runs.every("acme")] == [a_run(1), a_run(2), a_run(3)]
    assert [record.run for record in store.runs.waiting("acme")] == [a_run(3)]
    assert store.runs.held_files(a_run(1)) == []
    assert len(store.runs.held_files(a_run(3))) == 2
    assert store.runs.company_state("acme").version == 3


def test_a_discard_is_not_stored_when_the_run_after_it_cannot_be(store: Store) -> None:
    """B3, R1: When a run that takes the place of a held delivery cannot be stored, the discard
    before it is not stored either."""
    # given
    store.commit(waiting_commit(store, 1))
    before, files = everything(store), store.runs.held_files(a_run(1))
    said = Breaking([an_issue("several-files")])

    # when / then
    with pytest.raises(RuntimeError, match="no further"):
        store.commit(waiting_commit(store, 3, ending(2, of=1), issues=said))

    assert everything(store) == before
    assert store.runs.held_files(a_run(1)) == files
    assert store.runs.held_files(a_run(3)) == []
    assert [record.run for record in store.runs.waiting("acme")] == [a_run(1)]


def test_two_runs_that_end_the_same_one_cannot_both_be_stored(store: Store) -> None:
    """R4, B3: Of two runs that end the same held delivery, only the first is stored, and the second
    is a conflict."""
    # given
    store.commit(waiting_commit(store, 1))
    late = waiting_commit(store, 5, ending(4, of=1))
    store.commit(waiting_commit(store, 3, ending(2, of=1)))

    # when / then
    with pytest.raises(Conflict):
        store.commit(late)

    assert store.runs.find(a_run(4)) is None
    assert [record.run for record in store.runs.waiting("acme")] == [a_run(3)]


# What is kept until its run is stored


def kept_file(name: str = "a.csv", data: bytes = b"\0\xff", at: str = "02:45") -> StoredFile:
    """A file that was read whole."""
    facts = (len(data), moment(f"2027-03-01 {at}"), hashlib.sha256(data).hexdigest())
    return StoredFile(FileInfo(name, *facts), data)


def keep_file(store: Store, file: StoredFile, company: str = "acme", place: str = "there") -> Key:
    """Keeps a file since 02:50. Returns what names it."""
    kept = store.kept(company)
    kept.keep(file, place, moment("2027-03-01 02:50"))
    return next(
        each.key for each in kept.files() if (each.key.place, each.info) == (place, file.info)
    )


def all_kept(store: Store, company: str = "acme") -> list[StoredFile | None]:
    """The kept files of a company, with their bytes."""
    kept = store.kept(company)
    return [kept.load(file) for file in kept.files()]


def test_kept_files_are_there_when_the_store_is_opened_again(open_store: OpenStore) -> None:
    """D4: The store keeps the last version of each file that it is given, by company, place and
    name, also when it is opened again."""
    # given
    first = open_store()
    files = [kept_file(), kept_file("b.csv", b""), kept_file("a.csv", b"later", "02:46")]

    # when
    for file in files:
        keep_file(first, file)
    keep_file(first, files[0], "zenith")
    keep_file(first, files[0], place="elsewhere")
    (elsewhere, _, _) = before = first.kept("acme").files()
    first.close()

    # then
    again = open_store()
    assert again.kept("acme").files() == before
    assert [each.key.place for each in before] == ["elsewhere", "there", "there"]
    assert all_kept(again) == [files[0], files[2], files[1]]
    assert all_kept(again, "zenith") == [files[0]]
    again.kept("acme").forget([elsewhere.key])
    assert again.kept("acme").load(elsewhere) is None


def test_only_the_version_of_a_file_that_is_named_is_forgotten(store: Store) -> None:
    """D4: Another version of a kept file, of another pick-up at the same time, is not forgotten."""
    # given
    newer, other = kept_file(at="02:46"), kept_file("b.csv")
    older, key, _ = (keep_file(store, file) for file in (kept_file(), newer, other))

    # when / then
    for another in (older, key._replace(company="zenith"), key._replace(place="elsewhere")):
        store.kept("acme").forget([another])
        assert all_kept(store) == [newer, other]
    store.kept("acme").forget([key])
    assert all_kept(store) == [other]


def test_files_that_are_kept_for_long_are_forgotten(store: Store) -> None:
    """D4: Files of all companies that are kept since an earlier moment are deleted."""
    # given
    since = moment("2027-03-01 02:50")
    for company in ("acme", "zenith"):
        keep_file(store, kept_file(), company)

    # when / then
    store.forget_kept(since)
    assert (len(all_kept(store)), len(all_kept(store, "zenith"))) == (1, 1)
    store.forget_kept(since + timedelta(seconds=1))
    assert all_kept(store) == all_kept(store, "zenith") == []


def test_kept_files_are_deleted_together_with_the_run_that_is_stored(store: Store) -> None:
    """D4, R1: The files that were kept until a run is stored are deleted in its transaction. They
    stay if the run is not stored."""
    # given
    file, other = kept_file(), kept_file("b.csv")
    key, other_key = keep_file(store, file), keep_file(store, other)
    said = Breaking([an_issue("several-files")])

    # when / then
    with pytest.raises(RuntimeError, match="no further"):
        store.commit(waiting_commit(store, 1, kept=[key], issues=said))
    assert all_kept(store) == [file, other]
    late = waiting_commit(store, 1, kept=[other_key])
    store.commit(waiting_commit(store, 2, kept=[key]))
    assert all_kept(store) == [other]
    with pytest.raises(Conflict):
        store.commit(late)
    assert all_kept(store) == [other]


@pytest.mark.parametrize(
    ("address", "external_id", "names"),
    [
        (None, None, ["Anna"]),
        ("bram@acme.example", None, ["Anna", "Bram"]),
        ("bram.old@acme.example", None, ["Anna"]),
        (None, "7", ["Anna", "Bram"]),
        ("chris@acme.example", "7", ["Anna", "Bram", "Chris"]),
        ("anna@acme.example", "007", ["Anna"]),
        ("nobody@acme.example", "99", ["Anna"]),
    ],
)
def test_the_roster_around_an_employee_holds_everybody_a_command_could_collide_with(
    store: Store, address: str | None, external_id: str | None, names: list[str]
) -> None:
    """S1, S6: The roster for a support command holds the employee and every other employee who has
    the new address or the new external id."""
    # given
    stored(store, THREE, number=1)
    stored(store, THREE, number=2, company=other_company())
    anna = person(store, "007")

    # when
    with store.read("acme") as reading:
        around = reading.roster_around(anna.id, LookupKeys(address, external_id))
        assert reading.state == store.runs.company_state("acme")

    # then
    found = [around.employee(entry) for entry in around.entries]
    assert sorted(each.details.first_name for each in found) == names
    whole = {entry.employee: entry for entry in company_of(store, "acme")[1].entries}
    assert all(whole[entry.employee] == entry for entry in around.entries)


def test_the_roster_around_an_address_includes_the_address_that_the_file_uses(
    store: Store,
) -> None:
    """S1, I8: The roster for a support command holds an employee whose present address, or whose
    address in the file, is the new address."""
    # given
    stored(store, THREE, number=1)
    by_support(store, person(store, "7"), EmailChanged("bram.new@acme.example"), 2)
    anna = person(store, "007")

    # when / then
    for address in ("bram@acme.example", "bram.new@acme.example"):
        with store.read("acme") as reading:
            around = reading.roster_around(anna.id, LookupKeys(address))
        assert len(around.entries) == 2


def test_the_streams_of_a_run_are_those_of_everyone_it_registered_or_changed(store: Store) -> None:
    """R2: The streams of a run are exactly those of the employees that the run registered or
    changed."""
    # given
    stored(store, THREE, number=1)
    stored(store, THREE, number=2, company=other_company())
    changed = THREE.replace("Anna", "Anne") + "\ndora@acme.example,Dora,Dam,8,,"
    stored(store, changed, number=3)
    by_support(store, person(store, "007"), EmailChanged("anna.new@acme.example"), 4)

    # when
    people = {
        each.details.first_name: store.events.of(each.id) for each in store.roster.employees("acme")
    }

    # then
    assert list(store.events.of_run(a_run(1))) == [people["Bram"], people["Anne"], people["Chris"]]
    assert list(store.events.of_run(a_run(3))) == [people["Anne"], people["Dora"]]
    assert list(store.events.of_run(a_run(4))) == [people["Anne"]]
    assert list(store.events.of_run(a_run(5))) == []
    assert [len(stream) for stream in store.events.of_run(a_run(4))] == [3]


def test_the_streams_of_a_company_are_those_of_its_people_in_order(store: Store) -> None:
    """R2, R6: The streams of a company are those of its own employees, in the order in which they
    were registered. Employees are found by their ids in their own company only."""
    # given
    stored(store, THREE, number=1)
    stored(store, THREE, number=2, company=other_company())
    by_support(store, person(store, "007"), EmailChanged("anna.new@acme.example"), 3)
    people = list(store.roster.employees("acme"))
    ids = [each.id for each in people]

    # when / then
    assert list(store.events.of_company("acme")) == [store.events.of(each) for each in ids]
    assert list(store.events.of_company("nobody")) == []
    assert store.roster.with_ids("acme", ids[:2]) == {each.id: each for each in people[:2]}
    assert store.roster.with_ids("zenith", ids) == {}


# Who is due


def due(store: Store, at: str, schedule: Schedule | None = None) -> dict[str, list[str]]:
    found = store.roster.due(Schedules(schedule or Schedule()), moment(at))
    return {
        company: sorted(employee.details.first_name for employee, _ in each.employees())
        for company, each in found.items()
    }


@pytest.mark.parametrize(
    ("at", "who"),
    [
        ("2027-03-20 22:59", {}),
        ("2027-03-20 23:00", {"acme": ["Chris"]}),
        ("2027-03-31 23:59", {"acme": ["Chris"]}),
        ("2027-04-01 00:00", {"acme": ["Bram", "Chris"]}),
    ],
)
def test_an_employee_is_due_from_the_moment_on_and_not_before(
    store: Store, at: str, who: dict[str, list[str]]
) -> None:
    """L9, C2: An employee is due from 00:00 on the onboarding date and from 23:00 on the
    offboarding date, and not before."""
    # given
    stored(store, THREE)

    # when / then
    assert due(store, at) == who


def test_due_employees_follow_the_schedule(store: Store) -> None:
    """R3, L9: When the operator sets other times of activation and deactivation, employees are due
    at these times."""
    # given
    stored(store, THREE)
    early = Schedule(activation=time(6, 0), deactivation=time(12, 0))

    # when / then
    assert due(store, "2027-03-20 12:00", early) == {"acme": ["Chris"]}
    assert due(store, "2027-04-01 05:59", early) == {"acme": ["Chris"]}
    assert due(store, "2027-04-01 06:00", early) == {"acme": ["Bram", "Chris"]}


def test_an_employee_who_is_due_twice_is_listed_once(store: Store) -> None:
    """C1: An employee who is due for both activation and deactivation is listed once."""
    # given
    stored(store, f"{HEADER}\ndora@acme.example,Dora,Dam,,2027-04-01,2027-04-30\n")

    # when / then
    assert due(store, "2027-06-01 00:00") == {"acme": ["Dora"]}


def test_a_deactivated_employee_is_not_due_any_more(store: Store) -> None:
    """C2: An employee who was deactivated is not due any more."""
    # given
    commit = stored(store, f"{HEADER}\n{CHRIS}\n")
    (found,) = store.roster.due(Schedules(Schedule()), moment("2027-03-21 00:00")).values()
    ((chris, digest),) = found.employees()
    later = moment("2027-03-21 00:00")
    made = plan_clock([(chris, digest)], Schedule(), Moment(a_run(2), later), later)
    runs = (RunRecord(a_run(2), ended(outcome=Outcome.APPLIED)),)
    store.commit(Commit(runs, found.state, changes=made.changes))

    # when / then
    assert due(store, "2027-06-01 00:00") == {}
    assert person(store, "chris@acme.example").state is State.DEACTIVATED
    (entry,) = company_of(store, "acme")[1].entries
    assert entry.digest == commit.changes[0].digest


def test_due_employees_come_by_company_with_its_version(store: Store) -> None:
    """C1, R4: The due employees come by company, with the version from which the company's clock
    run is planned."""
    # given
    stored(store, f"{HEADER}\n{CHRIS}\n", number=1, company=other_company("zenith"))
    stored(store, THREE, number=2)
    store.commit(said_nothing(store, run=a_run(3)))
    stored(store, f"{HEADER}\n{ANNA}\n", number=4, company=other_company("quiet"))

    # when
    found = store.roster.due(Schedules(Schedule()), moment("2027-03-21 00:00"))

    # then
    assert list(found) == ["acme", "zenith"]
    assert found["acme"].state == store.runs.company_state("acme")
    assert found["acme"].state.version == 2
    ((chris, digest),) = found["acme"].employees()
    assert chris == person(store, "chris@acme.example")
    assert digest is not None


# Whole or not at all


def test_a_run_planned_from_an_older_version_changes_nothing(store: Store) -> None:
    """R4: A run that was planned from an older version of its company is a conflict, and nothing of
    it is stored."""
    # given
    stale = commit_of(plan(THREE, run=a_run(2)), run=a_run(2))
    stored(store, THREE, number=1)
    before = everything(store)

    # when / then
    with pytest.raises(Conflict) as raised:
        store.commit(stale)

    assert (raised.value.company, raised.value.version) == ("acme", 0)
    assert everything(store) == before
    assert store.runs.find(a_run(2)) is None
    assert all(store.events.of(change.after.id) == [] for change in stale.changes)


def test_two_that_opened_the_store_cannot_build_on_the_same_version(open_store: OpenStore) -> None:
    """R4: Two open stores cannot both commit a run that was planned from the same version of a
    company."""
    # given
    one, other = open_store(), open_store()
    stale = commit_of(plan(THREE, run=a_run(2)), other.runs.company_state("acme"), run=a_run(2))
    stored(one, THREE, number=1)

    # when / then
    with pytest.raises(Conflict):
        other.commit(stale)

    assert len(list(one.roster.employees("acme"))) == 3


def test_a_read_transaction_answers_from_the_state_of_its_beginning(open_store: OpenStore) -> None:
    """R4: A read transaction does not see what another one stores meanwhile."""
    # given
    one, other = open_store(), open_store()
    stored(one, THREE, number=1)
    before = company_of(one, "acme")[1]

    # when
    with one.read("acme") as reading:
        stored(other, THREE.replace("Anna", "Anne"), number=2)
        seen = reading.everyone()

    # then
    assert reading.state.version == 1
    assert sorted(seen.entries, key=by_id) == sorted(before.entries, key=by_id)
    assert one.runs.company_state("acme").version == 2


def test_runs_of_several_companies_at_once_are_all_stored(open_store: OpenStore) -> None:
    """R6: Runs of several companies that are stored at the same moment are all stored."""
    # given
    companies = [other_company(f"c{number}") for number in range(6)]
    stores = [open_store() for _ in companies]

    # when
    with ThreadPoolExecutor(len(companies)) as pool:
        list(
            pool.map(
                lambda number: stored(
                    stores[number], THREE, number=number + 1, company=companies[number]
                ),
                range(len(companies)),
            )
        )

    # then
    counts = [len(list(stores[0].roster.employees(each.key))) for each in companies]
    assert counts == [3] * len(companies)
    assert stores[0].verify(lambda _: None).problems == ()


def test_another_companys_run_is_in_nobodys_way(store: Store) -> None:
    """R6: A run of one company is stored although another company had a run since it was
    planned."""
    # given
    planned = commit_of(plan(THREE, run=a_run(2)), run=a_run(2))
    stored(store, THREE, number=1, company=other_company())

    # when
    store.commit(planned)

    # then
    assert store.runs.company_state("acme").version == 1


def test_committing_the_same_run_again_does_nothing(store: Store) -> None:
    """R1: A second commit of the same run changes nothing."""
    # given
    commit = stored(store, THREE.replace("Sales", "Nowhere"))
    before = everything(store)

    # when
    store.commit(commit)

    # then
    assert everything(store) == before


def test_committing_a_run_again_long_after_does_nothing(store: Store) -> None:
    """R1: A second commit of the same run changes nothing, also when another run was stored
    since."""
    # given
    commit = stored(store, THREE, number=1)
    stored(store, THREE.replace("Anna", "Anne"), number=2)
    before = everything(store)

    # when
    store.commit(commit)

    # then
    assert everything(store) == before


class Breaking(tuple[Issue, ...]):
    """Issues of which only the first can be told."""

    def __iter__(self) -> Iterator[Issue]:
        yield self[0]
        raise RuntimeError("no further")


def test_a_run_that_cannot_be_stored_to_its_end_is_not_stored_at_all(store: Store) -> None:
    """R1: A run that cannot be stored completely is not stored at all, and the next run
    succeeds."""
    # given
    stored(store, THREE, number=1)
    before = everything(store)
    made = plan(THREE.replace("Anna", "Anne"), known=company_of(store, "acme")[1], run=a_run(2))
    said = Breaking([an_issue("several-files")])
    commit = replace(commit_of(made, store.runs.company_state("acme"), run=a_run(2)), issues=said)

    # when / then
    with pytest.raises(RuntimeError, match="no further"):
        store.commit(commit)

    assert everything(store) == before
    assert store.runs.find(a_run(2)) is None
    assert codes(stored(store, THREE, number=3).issues) == []


# What the database says is not believed


def put(store: Store, stream: UUID, topic: str, state: bytes, version: int = 1) -> None:
    store.events.database.insert_events([StoredEvent(stream, version, topic, state)])


def a_state(kind: str = "email-changed") -> bytes:
    return msgspec.json.encode(
        {
            "event": {"kind": kind, "email": SECRET},
            "run": a_run(1),
            "effective": NOW,
            "recorded": NOW,
        }
    )


TAMPERED = {
    "a class to import": ("os:system", a_state()),
    "our own class": ("domain.events:EmailChanged", a_state()),
    "a topic that is no event": (SECRET, a_state()),
    "another event than the topic says": ("details-changed", a_state()),
    "an event that is none": ("email-changed", a_state("nothing")),
    "another type of value": ("email-changed", a_state().replace(QUOTED, b"[" + QUOTED + b"]")),
    "no JSON": ("email-changed", SECRET.encode()),
    "nothing": ("email-changed", b""),
    "no envelope": (
        "email-changed",
        b'{"kind":"email-changed","email":"' + SECRET.encode() + b'"}',
    ),
    "bytes that are no text": ("email-changed", SECRET.encode() + b"\xff\xfe"),
}


@pytest.mark.parametrize("case", TAMPERED)
def test_an_event_that_was_tampered_with_is_refused_and_not_quoted(store: Store, case: str) -> None:
    """R1: A stored event that was tampered with is refused with its stream and version, and its
    content is not quoted."""
    # given
    stream = uuid4()
    put(store, stream, *TAMPERED[case])

    # when / then
    with pytest.raises(MapperDeserialisationError) as raised:
        store.events.of(stream)

    assert str(stream) in str(raised.value)
    assert "version 1" in str(raised.value)
    assert SECRET not in "".join(traceback.format_exception(raised.value))
    with pytest.raises(MapperDeserialisationError):
        replayed(store, stream)


def test_an_event_that_cannot_follow_in_its_stream_is_refused_and_not_quoted(store: Store) -> None:
    """R1: A stored event that cannot stand at its place in a stream is refused, and its content is
    not quoted."""
    # given
    stream = uuid4()
    put(store, stream, "email-changed", a_state())

    # when / then
    with pytest.raises(ValueError, match="EmailChanged") as raised:
        replayed(store, stream)

    assert SECRET not in "".join(traceback.format_exception(raised.value))


def test_a_tampered_event_is_in_no_others_way(store: Store) -> None:
    """R6: A tampered event in one stream does not hold up a run of a company."""
    # given
    put(store, uuid4(), *TAMPERED["a class to import"])

    # when
    stored(store, THREE)

    # then
    assert len(list(store.roster.employees(a_company().key))) == 3
