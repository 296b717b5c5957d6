"""The safeguard over several deliveries: portions, old files, parts, and what is approved."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.company_settings import Customer
from adapters.store.memory import MemoryDatabase, open_memory
from adapters.store.store import Store
from adapters.use_cases.app import App
from adapters.use_cases.decide_held import approve, discard, preview_held
from adapters.use_cases.execute import load_run
from adapters.use_cases.import_delivery import import_delivery, preview_delivery
from domain.company_runs.events import RunRecord
from domain.company_runs.rejection import NotHeld, WrongPart
from domain.delivery.selection import EVERYTHING, Selection
from domain.employee.aggregate import Employee
from domain.outcome import Outcome
from projections.runs import RunDocument
from tests.adapters.steps import Watch, a_customer, app_of, delivered, person
from tests.given import NOW, a_company

HEADER = "external_id,email,first_name,last_name,offboarding_date"
SOON = "2027-06-30"
DAY = timedelta(days=1)


def row(number: int, last_day: str = "", email: str | None = None) -> str:
    return f"{number},{email or f'p{number}@acme.example'},Pat,No{number},{last_day}"


def export(*rows: str) -> str:
    return "\n".join((HEADER, *rows, ""))


def leaving(first: int, last: int, of: int = 30) -> str:
    """Returns a file in which the people from `first` to `last` leave."""
    return export(*(row(n, SOON if first <= n <= last else "") for n in range(1, of + 1)))


KNOWN = leaving(0, 0)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture
def acme(folder: Path) -> Customer:
    return a_customer(directory=folder)


@pytest.fixture
def app(store: Store, watch: Watch, acme: Customer) -> App:
    """Returns an app over a company of thirty people."""
    watch.tick = timedelta(milliseconds=1)  # ids of runs sort by when they began
    app = app_of(store, watch, acme)
    assert named(app, KNOWN).outcome is Outcome.APPLIED
    watch.moment += DAY
    return app


def customer(app: App) -> Customer:
    return next(iter(app.settings.customers.values()))


def named(app: App, text: str, *, partial: bool = False) -> RunDocument:
    """Imports a file that the command line names."""
    files = delivered(text, modified=app.now())
    return import_delivery(app, customer(app), "tester", files, partial=partial)


def dropped(app: App, folder: Path, text: str, *, age: timedelta = timedelta(0)) -> RunDocument:
    """Imports the one file that lies in the company's folder."""
    file = folder / "alleo_employees_1.csv"
    file.write_bytes(text.encode())
    modified = (app.now() - age).timestamp()
    os.utime(file, (modified, modified))
    return import_delivery(app, customer(app), "tester")


def record_of(app: App, run: RunDocument) -> RunRecord:
    assert run.run is not None
    record = app.store.runs.find(run.run)
    assert record is not None
    return record


def approved(app: App, run: RunDocument, selection: Selection = EVERYTHING) -> RunDocument:
    return approve(app, customer(app), record_of(app, run), "olga", "HR said so", selection)


def codes(run: RunDocument) -> list[str]:
    return [issue.code for issue in run.issues]


def problems(app: App) -> list[str]:
    """Returns what `verify` finds, before and after a rebuild."""
    found = [each.problem for each in app.store.verify(lambda _: None).problems]
    app.store.rebuild(lambda _: None)
    return found + [each.problem for each in app.store.verify(lambda _: None).problems]


def everyone(app: App) -> list[Employee]:
    return list(app.store.roster.employees("acme"))


def last_days(app: App) -> list[str]:
    return [str(each.external_id) for each in everyone(app) if each.offboarding_date]


# A mistake in portions


@pytest.mark.stores("memory", "sqlite", "postgresql")
def test_a_mistake_in_small_portions_is_held_and_a_repaired_delivery_is_not(
    app: App, watch: Watch
) -> None:
    """B1: Five wrong leavers a delivery are held at the second one, and the repaired delivery is
    applied.
    """
    # when
    first = named(app, leaving(1, 5))
    watch.moment += DAY
    second = named(app, leaving(1, 10))
    watch.moment += DAY
    repaired = named(app, KNOWN.replace("No30", "Nol"))

    # then
    assert [run.outcome for run in (first, second, repaired)] == ["applied", "held", "applied"]
    assert "10 employees" in second.issues[0].message
    assert "(5 of them by this delivery, the others by deliveries since" in second.issues[0].message
    assert problems(app) == []


def test_changes_of_more_than_seven_days_ago_do_not_count(app: App, watch: Watch) -> None:
    """B1: People whom a delivery changed count for seven days."""
    # when
    runs = []
    for last in (5, 10, 15):
        runs.append(named(app, leaving(1, last)))
        watch.moment += 8 * DAY

    # then
    assert [run.outcome for run in runs] == [Outcome.APPLIED] * 3
    assert problems(app) == []


def test_an_approval_answers_for_everyone_whom_its_concerns_counted(app: App, watch: Watch) -> None:
    """B1: After an approval, the people of earlier deliveries do not count any more."""
    # given
    named(app, leaving(1, 5))
    watch.moment += DAY
    approved(app, named(app, leaving(1, 10)))
    watch.moment += DAY

    # when
    fifth, sixth = named(app, leaving(1, 15)), named(app, leaving(1, 16))

    # then
    assert (fifth.outcome, sixth.outcome) == (Outcome.APPLIED, Outcome.HELD)
    assert "6 employees" in sixth.issues[0].message
    assert problems(app) == []


def test_the_people_of_the_first_delivery_are_not_new(app: App) -> None:
    """B1: The first delivery does not count in the window of the next one."""
    # when
    run = named(app, export(*(row(number) for number in range(1, 80))))

    # then
    assert (run.outcome, run.counts.registered) == (Outcome.APPLIED, 49)
    assert problems(app) == []


def test_a_rebuild_keeps_whom_the_last_days_concern(app: App) -> None:
    """B1, R1: After a rebuild, a mistake in portions is held as before."""
    # given
    named(app, leaving(1, 5))
    app.store.rebuild(lambda _: None)

    # when / then
    assert named(app, leaving(1, 6)).outcome is Outcome.HELD


@pytest.mark.parametrize(
    "damage",
    ["DELETE FROM recent", "UPDATE recent SET at = at || '1'", "UPDATE recent SET measure = 'x'"],
)
def test_verify_finds_what_is_wrong_with_whom_the_last_days_concern(
    app: App, database: MemoryDatabase, damage: str
) -> None:
    """B1, R1: `verify` finds rows of the window that do not follow from the events, and a rebuild
    makes them again.
    """
    # given
    named(app, leaving(1, 5))
    with database.writing() as connection:
        connection.execute(damage)

    # when / then
    assert problems(app) == ["recent-differs"]


# Files that are older, cut off, or repeated


def test_a_file_that_is_older_than_the_last_one_is_held(app: App, folder: Path) -> None:
    """D10: A delivery that is older than the last applied one is held, and is not held again after
    an approval. A preview says the same.
    """
    # given
    assert dropped(app, folder, KNOWN.replace("No1,", "Nol,")).outcome is Outcome.APPLIED

    # when
    held = dropped(app, folder, KNOWN, age=timedelta(hours=9))
    preview = preview_delivery(app, customer(app), "tester")

    # then
    assert codes(held) == codes(preview) == ["older-delivery", "repeated-delivery"]
    assert approved(app, held).outcome is Outcome.APPLIED
    assert dropped(app, folder, KNOWN, age=timedelta(hours=9)).outcome is Outcome.UNCHANGED


def test_a_file_that_the_command_line_names_is_taken_as_it_is(app: App, folder: Path) -> None:
    """D10, D11: A named file may be old, cut off and repeated."""
    # given
    dropped(app, folder, KNOWN.replace("No1,", "Nol,"))

    # when
    files = delivered(KNOWN.rstrip("\n").encode(), modified=NOW - DAY)
    run = import_delivery(app, customer(app), "tester", files)

    # then
    assert (run.outcome, codes(run)) == (Outcome.APPLIED, [])


def test_a_file_without_its_last_line_end_is_held(app: App, folder: Path) -> None:
    """D11: A delivery whose last line has no line end is held if the last one had one."""
    # given
    dropped(app, folder, KNOWN.replace("No1,", "Nol,"))

    # when
    held = dropped(app, folder, KNOWN[:-1])

    # then
    assert codes(held) == ["cut-off"]


def test_a_delivery_that_is_there_again_is_recognised_and_not_repeated(
    app: App, folder: Path
) -> None:
    """D8, D10: The file of the last delivery is recognised, and is no repetition."""
    # given
    dropped(app, folder, KNOWN)

    # when
    again = dropped(app, folder, KNOWN)

    # then
    assert (again.outcome, codes(again)) == (Outcome.UNCHANGED, [])


def test_a_small_delivery_is_held_and_a_partial_one_is_applied(app: App) -> None:
    """B1, D12: A delivery of 2 rows after one of 30 is held. As a partial one it is applied, nobody
    is absent, and the next full delivery is compared with the full one before it.
    """
    # given
    small = export(row(1, email="one@acme.example"), row(2))

    # when
    held = named(app, small)
    partial = named(app, small, partial=True)
    again = named(app, small, partial=True)
    full = named(app, export(*(row(number) for number in range(1, 20))))

    # then
    assert codes(held) == ["shrunken-delivery"]
    assert (partial.outcome, partial.counts.absent) == (Outcome.APPLIED, 0)
    assert again.outcome is Outcome.UNCHANGED
    assert "11 rows fewer than the 30 of the last one" in full.issues[0].message


def test_a_delivery_without_its_external_ids_is_held(app: App) -> None:
    """B1: A delivery that lost the column of external ids is held, with the number of people."""
    # when
    lost = named(app, "\n".join(line.partition(",")[2] for line in KNOWN.splitlines()) + "\n")

    # then
    assert codes(lost) == ["column-lost"]
    assert "30 employees here have one" in lost.issues[0].message


# Previews and parts of a held delivery


def test_a_held_delivery_is_previewed_row_by_row(app: App) -> None:
    """B4: A held delivery is previewed from the bytes that are kept, until somebody decides."""
    # given
    held = named(app, leaving(1, 8))

    # when
    preview = preview_held(app, customer(app), record_of(app, held), "olga")

    # then
    assert (preview.outcome, preview.files) == (Outcome.HELD, held.files)
    assert [each.action for each in preview.rows].count("offboard") == 8
    assert (len(preview.rows), codes(preview)) == (30, codes(held))
    discard(app, record_of(app, held), "olga", "no")
    with pytest.raises(NotHeld):
        preview_held(app, customer(app), record_of(app, held), "olga")


def test_a_part_of_a_held_delivery_is_approved(app: App, watch: Watch) -> None:
    """B5: An approval without some people applies the other rows and lists what is left out. The
    same file changes nothing more, and neither does a later file that says the same.
    """
    # given
    held = named(app, leaving(1, 8))

    # when
    run = approved(app, held, Selection(without=("1", "p2@acme.example")))
    watch.moment += DAY
    same = named(app, leaving(1, 8))
    later = named(app, leaving(1, 8).replace("No30", "Nol"))
    other = named(app, leaving(1, 8).replace(f"No1,{SOON}", "No1,2027-09-30"))

    # then
    assert (run.outcome, run.ends, codes(run)) == (Outcome.APPLIED, held.run, ["left-out"] * 2)
    assert [issue.line for issue in run.issues] == [2, 3]
    assert (same.outcome, later.outcome) == (Outcome.UNCHANGED, Outcome.APPLIED)
    assert codes(same) == codes(later) == ["left-out"] * 2
    assert (other.outcome, codes(other)) == (Outcome.APPLIED, ["left-out"])
    assert last_days(app) == ["1", "3", "4", "5", "6", "7", "8"]
    assert problems(app) == []


def test_a_part_of_one_kind_is_approved(app: App) -> None:
    """B5: An approval of one kind of change leaves every other change out."""
    # given
    text = leaving(1, 8).replace("p30@acme.example", "new@acme.example")
    held = named(app, text)

    # when
    run = approved(app, held, Selection(only=frozenset({"email-changed"})))

    # then
    assert (run.counts.changed, codes(run)) == (1, ["left-out"] * 8)
    assert last_days(app) == []
    assert person(app.store, "new@acme.example").external_id == "30"


def test_a_part_without_somebody_unknown_is_rejected(app: App) -> None:
    """B5: An approval without somebody whom the delivery does not change decides nothing."""
    # given
    held = named(app, leaving(1, 8))

    # when
    with pytest.raises(WrongPart, match="nobody who is called p30"):
        approved(app, held, Selection(without=("p30@acme.example",)))

    # then
    assert load_run(app, record_of(app, held).run).waits


# Properties

PEOPLE = range(1, 13)
last_day = st.sampled_from(["", "", SOON, "2027-09-30", "2027-02-01", "soon"])
address = st.sampled_from([None, None, None, "other{}@acme.example", "nobody"])
rows = st.lists(
    st.tuples(st.sampled_from(PEOPLE), last_day, address),
    unique_by=lambda each: each[0],
    min_size=1,
)


def written(drawn: list[tuple[int, str, str | None]]) -> str:
    return export(*(row(n, day, email and email.format(n)) for n, day, email in drawn))


@given(st.lists(rows, min_size=2, max_size=6))
@settings(max_examples=30, deadline=None)
def test_what_is_held_changes_nothing_and_what_is_approved_is_not_held_again(
    stories: list[list[tuple[int, str, str | None]]],
) -> None:
    """B1, B2: Whatever was delivered before, a held delivery changes nobody. Once approved, it is
    never held when it comes again. `verify` finds nothing wrong.
    """
    # given
    watch = Watch(tick=timedelta(milliseconds=1))
    policy = dict.fromkeys(("max_offboardings", "max_email_changes", "max_rejected_rows"), 1)
    policy |= {"max_shrinkage": 1, "max_already_left": 1, "max_registrations": 2}
    app = app_of(open_memory(MemoryDatabase()), watch, a_customer(a_company(policy=policy)))
    for story in stories:
        watch.moment += DAY
        before = everyone(app)

        # when
        run = named(app, written(story))

        # then
        if run.outcome is Outcome.HELD:
            assert everyone(app) == before
            assert approved(app, run).outcome is not Outcome.HELD
            watch.moment += DAY
            assert named(app, written(story)).outcome is Outcome.UNCHANGED
    assert problems(app) == []
