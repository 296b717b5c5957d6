"""Reading little of a company: what is planned from that is what is planned from everyone."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest
from hypothesis import given

from adapters.store import read_transaction
from adapters.store.read_transaction import ReadTransaction
from adapters.store.store import Store
from adapters.use_cases.import_delivery import import_delivery, preview_delivery
from domain.context import DecisionContext
from domain.delivery.digests import NO_DIGESTS, Digests
from domain.delivery.parsing import ParsedDelivery, parse_delivery
from domain.delivery.plan import Plan
from domain.delivery.planning import plan_delivery
from domain.delivery.records import Sheet, read_sheet
from domain.employee.roster import Roster
from projections import roster
from projections.tables import Operation, Write
from tests.adapters.steps import Watch, a_customer, a_run, app_of, delivered, stored
from tests.given import a_company, context, digests_of
from tests.strategies import Life, Story, examples, named, stories

pytestmark = pytest.mark.stores("memory", "sqlite", "postgresql")

HEADER = "email,first_name,last_name,external_id,group_name"


def keep(store: Store, known: Roster) -> None:
    """Has the store know these people, and nobody else."""
    rows = [
        roster.row("acme", known.employee(entry), entry.digest)
        for entry in sorted(known.entries, key=lambda entry: entry.employee)
    ]
    writes = [
        Write(Operation.DELETE_ALL, roster.TABLE, [()]),
        Write(Operation.INSERT, roster.TABLE, rows),
    ]
    store.events.database.insert_events((), writes=writes)


def planned(
    reading: ReadTransaction, sheets: Sequence[Sheet], agreed: DecisionContext, digests: Digests
) -> list[Plan]:
    """The plan from those who are mentioned, and from everyone."""
    parsed = parse_delivery(sheets, digests, agreed.company)
    everyone = reading.everyone()
    plans = []
    for known in (reading.roster(parsed.mentions()), everyone):
        assert known.headcount == everyone.headcount
        plans.append(plan_delivery(parsed, known, agreed))
    return plans


@pytest.mark.slow
@pytest.mark.torture
def test_a_plan_from_those_mentioned_is_the_plan_from_everyone(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A plan from the employees that a delivery mentions equals the plan from all employees, for
    any history and any delivery."""
    # given
    monkeypatch.setattr(read_transaction, "MAX_SHARE", math.inf)

    @examples(80)
    @given(stories())
    def holds(story: Story) -> None:
        for life, delivery in Life.arrivals(story):
            keep(store, life.roster)
            agreed = context(life.company, life.now, life.next_run)
            sheets = [read_sheet(name, each.data(), life.company) for name, each in named(delivery)]
            kept = digests_of(life.roster)
            parsed = parse_delivery(sheets, kept, life.company)
            with store.read("acme") as reading:
                assert reading.digests().employees == kept.employees
                few, everyone = planned(reading, sheets, agreed, reading.digests())
                assert few == everyone == plan_delivery(parsed, life.roster, agreed)
                few, everyone = planned(reading, sheets, agreed, NO_DIGESTS)
                assert few == everyone

    # when / then
    holds()


def file(*people: tuple[int, str, str, str]) -> str:
    """A file of people by number, with address, external id and group."""
    rows = (
        f"{address}@acme.example,First{number},Last{number},{external_id},{group}"
        for number, address, external_id, group in people
    )
    return "\n".join((HEADER, *rows)) + "\n"


def parsed_of(text: str) -> ParsedDelivery:
    """A file of which every row is read."""
    sheet = read_sheet("a.csv", text.encode(), a_company())
    return parse_delivery([sheet], NO_DIGESTS, a_company())


def plain(number: int) -> tuple[int, str, str, str]:
    """Somebody as they were registered; every third one without an external id."""
    return number, f"p{number}", f"x{number}" if number % 3 else "", "Sales"


@pytest.mark.parametrize("number", [499, 500, 501, 1_001])
def test_all_mentioned_employees_are_found_however_many_there_are(
    store: Store, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """A read transaction finds every employee that a delivery mentions, also beyond the number of
    parameters of one statement."""
    # given
    monkeypatch.setattr(read_transaction, "MAX_SHARE", math.inf)
    stored(store, file(*map(plain, range(number + 40))).encode())
    changed = [
        (each, f"q{each}" if each % 2 else f"p{each}", external_id, "Engineering")
        for each, _, external_id, _ in map(plain, range(number))
    ]
    sheet = read_sheet("a.csv", file(*changed).encode(), a_company())

    # when
    with store.read("acme") as reading:
        found = reading.roster(parsed_of(file(*changed)).mentions())
        few, everyone = planned(reading, [sheet], context(run=a_run(2)), reading.digests())

    # then
    assert len(found.entries) == number
    assert few == everyone
    assert few.counts.rows == number
    assert few.counts.absent == everyone.counts.absent > 0


@pytest.mark.parametrize(("decided", "read"), [(1, 1), (9, 9), (10, 10), (11, 100), (100, 100)])
def test_a_delivery_with_many_rows_to_decide_reads_everyone(
    store: Store, decided: int, read: int
) -> None:
    """When a delivery mentions more than a tenth of the company's employees, the whole roster is
    read instead of the mentioned employees."""
    # given
    stored(store, file(*map(plain, range(100))).encode())

    # when
    with store.read("acme") as reading:
        found = reading.roster(parsed_of(file(*map(plain, range(decided)))).mentions())

    # then
    assert len(found.entries) == read
    assert found.headcount.known == 100


def test_a_delivery_of_known_rows_reads_no_employee(store: Store) -> None:
    """L10: A delivery whose rows are all recognised as already accepted reads no employee from the
    roster."""
    # given
    text = file(*map(plain, range(100)))
    stored(store, text.encode())
    sheet = read_sheet("alleo_employees.csv", text.encode(), a_company())

    # when
    with store.read("acme") as reading:
        parsed = parse_delivery([sheet], reading.digests(), a_company())
        found = reading.roster(parsed.mentions())

    # then
    assert (parsed.recognised, len(parsed.rows)) == (100, 0)
    assert found.entries == []
    assert found.headcount.employed == 100


def test_employees_of_another_company_are_not_found(store: Store) -> None:
    """R6: The rows of one company's file never find employees of another company."""
    # given
    stored(store, file(*map(plain, range(50))).encode())

    # when
    with store.read("zenith") as reading:
        found = reading.roster(parsed_of(file(*map(plain, range(50)))).mentions())

    # then
    assert found.entries == []
    assert found.headcount.known == 0


OTHERS = "".join(f"p{n}@acme.example,First{n},Last{n},x{n}\n" for n in range(60))
HEAD = "email,first_name,last_name,external_id\n"
LIVED = {
    "a namesake at an address that was left": [
        "a@acme.example,Jan,Jansen,X\nf@acme.example,Jan,Jansen,\n",
    ],
    "a record that was accepted, and is contested": [
        "a@acme.example,Jan,Jansen,X\nf@acme.example,Jan,Jansen,\n",
        "a@acme.example,Jan,Jansen,\n",
    ],
}


@pytest.mark.parametrize("case", LIVED)
def test_a_new_employee_at_a_freed_address_is_compared_with_namesakes(
    store: Store, watch: Watch, case: str
) -> None:
    """I2, I5: When a row without an external id has an address that another row frees, the import
    warns of the namesake, exactly as the preview does."""
    # given
    app, customer = app_of(store, watch), a_customer()
    for people in LIVED[case]:
        import_delivery(app, customer, "tester", delivered(HEAD + OTHERS + people))
    last = "b@acme.example,Jan,Jansen,X\na@acme.example,Jan,Jansen,\n"

    # when
    previewed = preview_delivery(app, customer, "tester", delivered(HEAD + OTHERS + last))
    run = import_delivery(app, customer, "tester", delivered(HEAD + OTHERS + last))

    # then
    assert "possible-email-change" in [issue.code for issue in run.issues]
    assert (run.counts, run.issues) == (previewed.counts, previewed.issues)
