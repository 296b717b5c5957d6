"""What is written comes back as it was, on every store alike."""

from __future__ import annotations

import unicodedata
from decimal import Decimal
from typing import Any

import pytest

from adapters.store import events
from adapters.store.schema import TABLES
from adapters.store.sql import every
from adapters.store.store import Store
from adapters.use_cases.import_delivery import import_delivery
from projections import roster, runs
from tests.adapters.steps import Watch, a_customer, app_of, delivered, person, replayed, stored
from tests.given import a_company

pytestmark = pytest.mark.stores("memory", "sqlite", "postgresql")

HEADER = "email,first_name,last_name,external_id,custom_note,group_name"
TWO = f"{HEADER}\nanna@acme.example,Anna,Bakker,1,,\nbram@acme.example,Bram,Smit,2,,"
ODD = [
    "it's",
    'say "x"',
    r"back\slash \x00 \\ \n \t",
    "100% %s %(a)s %%",
    "? ?? ?1 :a $1 {x}",
    "\U0001f600 \U00020000 e\u0301",
    "{1,2} NULL \\N ''",
    "-- ; DROP TABLE roster",
]


def quoted(cell: str) -> str:
    """A cell as a file has it."""
    return '"' + cell.replace('"', '""') + '"'


@pytest.mark.parametrize("number", [1, 150])
@pytest.mark.parametrize("odd", ODD)
def test_odd_characters_come_back_as_they_were(store: Store, odd: str, number: int) -> None:
    """W1: Text with quotes, backslashes, placeholders and rare characters is stored and read back
    unchanged, in a file of one row as in a file of many."""
    # given
    rows = [
        f"p{each}@acme.example,{quoted(odd)},Last,{quoted(f'{odd}{each}')},{quoted(odd)},Sales"
        for each in range(number)
    ]
    company = a_company(custom_fields={"custom_note": "text"})

    # when
    stored(store, "\n".join((HEADER, *rows)), company=company)

    # then
    expected = person(store, "p0@acme.example")
    assert expected.external_id is not None
    assert store.roster.find("acme", expected.external_id) == [expected]
    assert replayed(store, expected.id) == expected
    assert expected.details.first_name == unicodedata.normalize("NFC", odd)
    changed = [row.replace("Sales", "Engineering") for row in rows]
    again = stored(store, "\n".join((HEADER, *changed)), company=company, number=2)
    assert len(again.changes) == number
    assert store.verify(lambda _: None).problems == ()


def test_texts_are_in_the_order_of_their_bytes(store: Store) -> None:
    """Every store sorts and compares text by the bytes of its UTF-8 form."""
    # given
    values = ["B", "a", "Z", "é", "_", "--", "a-b", "ab", "10", "9", "\U0001f600", "\uffee", "A"]
    rows = [f"p{n}@acme.example,First,Last,{value},," for n, value in enumerate(values)]
    stored(store, "\n".join((HEADER, *rows)))

    # when
    with store.events.database.reading() as query:
        found = query("SELECT external_id FROM roster ORDER BY external_id")
        below = query("SELECT external_id FROM roster WHERE external_id < ?", ("a",))

    # then
    assert [value for (value,) in found] == sorted(values, key=str.encode)
    assert {value for (value,) in below} == {v for v in values if v.encode() < b"a"}


def test_numbers_are_whole_and_bytes_are_bytes(store: Store, watch: Watch) -> None:
    """Every store answers with integers, strings, bytes, booleans and nulls, and never with
    decimals or memory views."""
    # given
    strict = a_customer(a_company(policy={"max_registrations": 1}))
    import_delivery(app_of(store, watch), strict, "tester", delivered(TWO))
    changed = TWO.replace("Anna", "Anne")
    import_delivery(app_of(store, watch), strict, "tester", delivered(changed))
    news = TWO + "".join(f"\np{each}@acme.example,First,Last,x{each},," for each in range(5))
    held = import_delivery(app_of(store, watch), strict, "tester", delivered(news))
    assert held.waits
    filled = (events.TABLE, runs.COMPANIES, runs.RUNS, runs.ISSUES, runs.HELD, roster.TABLE)
    tables = [table for table in TABLES if table in filled]
    calculated = (
        "SELECT count(*), max(version), starts IS NOT NULL FROM roster, companies GROUP BY starts"
    )

    # when
    with store.events.database.reading() as query:
        answers = [query(calculated), *(list(every(query, table)) for table in tables)]

    # then
    assert [len(rows) > 0 for rows in answers] == [True] * len(answers)
    values: list[Any] = [value for rows in answers for row in rows for value in row]
    assert {type(value) for value in values} <= {int, str, bytes, bool, type(None)}
    assert not any(isinstance(value, Decimal | memoryview) for value in values)
    assert isinstance(store.events.count(), int)


def test_one_run_may_change_hundreds_and_remember_hundreds_of_others(
    store: Store, watch: Watch
) -> None:
    """L10: One run can change hundreds of employees, register hundreds, and store row digests for
    hundreds of unchanged ones."""
    # given
    acme = a_customer(a_company(policy={"max_registrations": 0}))
    app = app_of(store, watch)

    def file(*groups: str) -> str:
        rows = (
            f"p{each}@acme.example,First{each},Last{each},x{each},,{groups[each // 300]}"
            for each in range(300 * len(groups))
        )
        return "\n".join((HEADER, *rows))

    import_delivery(app, acme, "tester", delivered(file("Sales", "Sales")))
    store.rebuild(lambda _: None)
    assert digests(store) == 0

    # when
    changed = file("Engineering", "Sales", "Sales")

    # then
    run = import_delivery(app, acme, "tester", delivered(changed))

    assert (run.counts.changed, run.counts.unchanged, run.counts.registered) == (300, 300, 300)
    assert digests(store) == 900
    assert store.verify(lambda _: None).problems == ()
    more = import_delivery(app, acme, "tester", delivered(changed + "\n\n"))
    assert (more.counts.unchanged, more.counts.events) == (900, 0)


def digests(store: Store) -> int:
    """How many rows would be recognised."""
    with store.read("acme") as reading:
        return len(reading.digests().employees)
