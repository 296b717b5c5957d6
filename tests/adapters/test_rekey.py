"""Many external ids at once as a use case: stored, held, approved, and what files then do (S12)."""

from __future__ import annotations

import pytest

from adapters.store.store import Store
from adapters.use_cases.app import App
from adapters.use_cases.decide_held import approve, discard
from adapters.use_cases.import_delivery import import_delivery
from adapters.use_cases.rekey import preview_rekey, read_rekey, rekey, suggest_rekey
from domain.company_runs.events import RunRecord
from domain.delivery.csv_table import TableUnreadable
from domain.outcome import Outcome
from projections.runs import RunDocument
from tests.adapters.steps import Watch, a_customer, app_of, delivered, person, replayed
from tests.given import a_company, file_of

HEADER = "email,first_name,last_name,external_id"
NAMES = ("Anna,Bakker", "Bram,Smit", "Chris,Jansen")
OLD = file_of(HEADER, *(f"p{n}@acme.example,{name},{n}" for n, name in enumerate(NAMES, 1)))
NEW = file_of(HEADER, *(f"p{n}@acme.example,{name},{n}00" for n, name in enumerate(NAMES, 1)))
MAP = ("1,100", "2,200", "3,300")
MANY = (*MAP, *(f"{number},{number}0" for number in range(11, 17)))
"""A map of which too many lines are rejected."""
ACME = a_customer(a_company())


@pytest.fixture
def app(store: Store, watch: Watch) -> App:
    """Acme, after the delivery with the old external ids."""
    app = app_of(store, watch, ACME)
    imported(app, OLD)
    return app


def imported(app: App, file: bytes) -> RunDocument:
    return import_delivery(app, ACME, "tester", delivered(file))


def rekeyed(app: App, *lines: str) -> RunDocument:
    (file,) = delivered(file_of("old,new", *lines))
    return rekey(app, ACME, read_rekey(app, ACME, file), "olga", "new HR system")


def held(app: App) -> RunRecord:
    """The run that waits for a decision."""
    (record,) = app.store.runs.waiting("acme")
    return record


def numbers(app: App) -> list[str | None]:
    return sorted(each.external_id for each in app.store.roster.employees("acme"))


def test_a_rekey_is_one_run_with_the_map_as_its_file(app: App) -> None:
    """S12, R1, R2: All employees of the map change in one run, which names the map, the author and
    the reason. The events name no line, and the state follows from them."""
    # when
    run = rekeyed(app, *MAP)

    # then
    assert (run.kind.value, run.outcome, run.by) == ("rekey", Outcome.APPLIED, "olga")
    assert [file.name for file in run.files] == ["alleo_employees_1.csv"]
    assert (run.counts.rows, run.counts.changed, run.counts.events) == (3, 3, 3)
    assert numbers(app) == ["100", "200", "300"]
    anna = person(app.store, "p1@acme.example")
    *_, event = app.store.events.of(anna.id)
    assert (event.run, event.line) == (run.run, None)
    assert replayed(app.store, anna.id) == anna


def test_the_same_map_again_changes_nothing(app: App) -> None:
    """S12: The map that was applied last changes nothing, also after files had the new numbers."""
    # given: a swap, and a file that has caught up
    rekeyed(app, "1,2", "2,1")
    swapped = OLD.replace(b"Bakker,1", b"Bakker,2").replace(b"Smit,2", b"Smit,1")
    assert imported(app, swapped).counts.rejected == 0

    # when
    run = rekeyed(app, "1,2", "2,1")

    # then
    assert (run.outcome, run.counts.unchanged) == (Outcome.UNCHANGED, 2)
    assert person(app.store, "p1@acme.example").external_id == "2"


@pytest.mark.parametrize(("lines", "parsed"), [(MAP, True), (("9,90",), False)])
def test_a_map_is_no_delivery(app: App, lines: tuple[str, ...], parsed: bool) -> None:
    """S12, D8: After a rekey that changed somebody, the same delivery is read again; otherwise it
    is recognised as before."""
    # given
    before = app.store.runs.company_state("acme").applied
    assert before is not None

    # when
    rekeyed(app, *lines)
    state = app.store.runs.company_state("acme")
    run = imported(app, OLD)

    # then
    assert (state.applied is None) == parsed
    assert (run.outcome, run.counts.unchanged) == (Outcome.UNCHANGED, 3)


def test_a_file_with_the_old_numbers_and_then_one_with_the_new_mean_the_same(app: App) -> None:
    """S12, L8: Neither the old file nor the new one registers or rejects anybody after a rekey."""
    # given
    rekeyed(app, *MAP)

    # when
    old, new, again = imported(app, OLD), imported(app, NEW), imported(app, NEW)

    # then
    assert [run.counts.rejected + run.counts.registered for run in (old, new, again)] == [0, 0, 0]
    assert [run.outcome for run in (old, again)] == [Outcome.UNCHANGED] * 2
    assert numbers(app) == ["100", "200", "300"]


def test_a_held_map_is_applied_when_it_is_approved(app: App) -> None:
    """S12, B1-B3: A map with too many rejected lines is held once, with its file. An approval
    applies its other lines, and the map does not count as a delivery."""
    # given
    first, second = rekeyed(app, *MANY), rekeyed(app, *MANY)
    assert (first.outcome, second.run) == (Outcome.HELD, first.run)
    assert numbers(app) == ["1", "2", "3"]

    # when
    run = approve(app, ACME, held(app), "olga", "the six have left")

    # then
    assert (run.kind.value, run.outcome, run.ends) == ("approve", Outcome.APPLIED, first.run)
    assert (run.counts.changed, run.counts.rejected) == (3, 6)
    assert numbers(app) == ["100", "200", "300"]
    state = app.store.runs.company_state("acme")
    assert (state.held, state.applied, state.approved) == (None, None, None)


def test_a_held_map_is_planned_again_after_a_change(app: App) -> None:
    """S12, B2: If the company changed since, an approval holds the map again, and the new run can
    be approved as well."""
    # given
    rekeyed(app, *MANY)
    record = held(app)
    rekeyed(app, "3,33")

    # when
    again = approve(app, ACME, record, "olga", "first try")
    run = approve(app, ACME, held(app), "olga", "second try")

    # then
    assert (again.outcome, run.outcome) == (Outcome.HELD, Outcome.APPLIED)
    assert numbers(app) == ["100", "200", "33"]


def test_a_held_map_ends_by_a_discard_or_a_delivery(app: App) -> None:
    """S12, B2, B3: A discard ends a held map, and so does the next delivery."""
    # given
    rekeyed(app, *MANY)
    discard(app, held(app), "olga", "wrong file")
    assert app.store.runs.waiting("acme") == []
    second = rekeyed(app, *MANY)

    # when
    imported(app, OLD)

    # then
    assert app.store.runs.waiting("acme") == []
    record = app.store.runs.find(second.run) if second.run else None
    assert record is not None
    assert record.ended_by is not None
    assert numbers(app) == ["1", "2", "3"]


@pytest.mark.parametrize(("lines", "waiting"), [(MAP, "import"), (MANY, "rekey")])
def test_a_held_delivery_waits_while_a_map_is_applied(
    app: App, lines: tuple[str, ...], waiting: str
) -> None:
    """S12, B3: A held delivery goes on waiting when a map is applied, and a held map ends it."""
    # given: the three rows with new numbers are too many rejected ones
    careful = a_customer(a_company(policy={"max_rejected_rows": 2}))
    import_delivery(app, careful, "tester", delivered(NEW))

    # when
    rekeyed(app, *lines)

    # then
    assert held(app).ended.run_kind.value == waiting


def test_a_delivery_that_is_held_for_its_new_numbers_is_approved_after_a_rekey(app: App) -> None:
    """S12, B2: A delivery is held because all its numbers are new. After a rekey, its approval
    plans it again, and nothing of it is rejected."""
    # given
    careful = a_customer(a_company(policy={"max_rejected_rows": 2}))
    import_delivery(app, careful, "tester", delivered(NEW))
    rekeyed(app, *MAP)

    # when
    run = approve(app, careful, held(app), "olga", "new HR system")

    # then
    assert (run.outcome, run.counts.changed, run.counts.rejected) == (Outcome.APPLIED, 3, 0)


def test_a_preview_and_a_suggestion_store_nothing(app: App) -> None:
    """S12: A preview shows each line with what it would change, and the suggestion from a file with
    new numbers is a map that can be applied."""
    # given
    before = app.store.runs.company_state("acme")

    # when
    found = suggest_rekey(app, ACME, delivered(NEW))
    (file,) = delivered(file_of("old,new", *(f"{each.old},{each.new}" for each in found)))
    preview = preview_rekey(app, ACME, read_rekey(app, ACME, file), "olga")

    # then
    assert [(each.old, each.new, each.sure) for each in found] == [
        ("1", "100", True),
        ("2", "200", True),
        ("3", "300", True),
    ]
    assert [(row.line, row.action, row.email) for row in preview.rows] == [
        (2, "update", "p1@acme.example"),
        (3, "update", "p2@acme.example"),
        (4, "update", "p3@acme.example"),
    ]
    assert app.store.runs.company_state("acme") == before


def test_a_file_that_is_no_map_makes_no_run(app: App) -> None:
    """S12, R2: A file that is no map is an error, and no run is stored."""
    # given
    before = app.store.runs.company_state("acme")
    (file,) = delivered(OLD)

    # when / then
    with pytest.raises(TableUnreadable):
        read_rekey(app, ACME, file)
    assert app.store.runs.company_state("acme") == before
