"""The values that tests begin with: a company, a moment, deliveries as text, known employees.

The functions here only put values together, and leave every decision to the product.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from textwrap import dedent
from typing import Any
from uuid import UUID

import msgspec
import pytest
from msgspec.structs import replace

from domain.company import Company, CustomType, Language, Limits, Policy
from domain.context import DecisionContext, Moment
from domain.delivery.digests import NO_DIGESTS, Digests
from domain.delivery.facts import NOTHING_TO_COMPARE, Comparison
from domain.delivery.parsing import parse_delivery
from domain.delivery.plan import Plan
from domain.delivery.planning import plan_delivery
from domain.delivery.records import read_sheet
from domain.delivery.selection import EVERYTHING, Selection
from domain.employee.aggregate import Employee, fold
from domain.employee.events import EmployeeEvent
from domain.employee.roster import Entry, Roster, entry_of
from domain.envelope import RecordedEvent
from domain.ids import run_id
from domain.issues.issue import Issue
from domain.schedule import Schedule

NOW = datetime(2027, 3, 1, 2, 45, tzinfo=UTC)
"""The moment of the first pick-up on a Monday."""
TODAY = NOW.date()
RUN = run_id(int(NOW.timestamp() * 1000), 1)
FILE = "alleo_employees.csv"


def a_company(
    *,
    policy: dict[str, Any] | None = None,
    limits: dict[str, int] | None = None,
    fields: dict[str, str] | None = None,
    custom_fields: dict[str, str] | None = None,
) -> Company:
    """Returns Acme: a Dutch company with the groups Sales and Engineering."""
    return Company(
        key="acme",
        name="Acme BV",
        language=Language.NL,
        groups=("Sales", "Engineering"),
        policy=Policy(**(policy or {})),
        limits=Limits(**(limits or {})),
        fields=fields or {},
        custom_fields={name: CustomType(kind) for name, kind in (custom_fields or {}).items()},
    )


def context(
    company: Company | None = None, now: datetime = NOW, run: UUID = RUN
) -> DecisionContext:
    """Returns the context in which a company, by default Acme, decides at `now`."""
    return DecisionContext(company or a_company(), Schedule(), Moment(run, now))


def csv(text: str) -> bytes:
    """Returns the bytes of a file that a test writes as indented text, one row a line."""
    return dedent(text).lstrip("\n").encode()


def file_of(columns: str, *rows: str) -> bytes:
    """Returns the bytes of a file with these columns and rows."""
    return "\n".join((columns, *rows, "")).encode()


def digests_of(roster: Roster) -> Digests:
    """Returns the digests that recognise the rows of the employees in a roster."""
    known = [(entry.digest, entry) for entry in roster.entries if entry.digest is not None]
    return Digests(
        {digest: entry.employee for digest, entry in known},
        frozenset(entry.employee for _, entry in known if entry.deactivated),
    )


def plan(
    *files: str | bytes,
    known: Roster | Iterable[Employee] = (),
    company: Company | None = None,
    now: datetime = NOW,
    run: UUID = RUN,
    digests: bool = True,
    comparison: Comparison = NOTHING_TO_COMPARE,
    selection: Selection = EVERYTHING,
) -> Plan:
    """Returns the plan for a delivery of `files`, oldest first, to a company that knows `known`.

    Without `digests` no row is recognised.
    """
    agreed = context(company, now, run)
    names = [FILE] if len(files) == 1 else [f"alleo_employees_{n}.csv" for n in range(len(files))]
    sheets = [
        read_sheet(name, csv(file) if isinstance(file, str) else file, agreed.company)
        for name, file in zip(names, files, strict=True)
    ]
    roster = known if isinstance(known, Roster) else Roster.of(known)
    parsed = parse_delivery(sheets, digests_of(roster) if digests else NO_DIGESTS, agreed.company)
    return plan_delivery(parsed, roster, agreed, comparison, selection)


def after(plan: Plan, known: Iterable[Employee] = ()) -> list[Employee]:
    """Returns all employees that a company knows after a plan is applied."""
    people = {employee.id: employee for employee in known}
    people.update((change.after.id, change.after) for change in plan.changes)
    return list(people.values())


def roster_after(plan: Plan, known: Roster | None = None) -> Roster:
    """Returns the roster after a plan is applied, with row digests, as a store keeps it."""
    entries: dict[str, Entry] = {entry.employee: entry for entry in known.entries} if known else {}
    for employee, digest in plan.new_digests:
        entries[employee] = replace(entries[employee], digest=digest)
    for change in plan.changes:
        state = msgspec.json.encode(change.after)
        entries[change.after.id.hex] = entry_of(change.after, change.digest, state)
    return Roster(entries.values(), msgspec.json.Decoder(Employee).decode)


def registered(
    row: str = "anna@acme.example,Anna,Bakker",
    header: str = "email,first_name,last_name",
    *,
    now: datetime = NOW,
    company: Company | None = None,
    position: int = 1,
) -> Employee:
    """Returns the employee that a file with `row` registers at `now`."""
    earlier = run_id(int(now.timestamp() * 1000), 1000 + position)
    (employee,) = after(plan(f"{header}\n{row}\n", now=now, run=earlier, company=company))
    return employee


def then(
    employee: Employee, *events: EmployeeEvent, at: datetime = NOW, line: int | None = None
) -> Employee:
    """Returns the employee after more events.

    The events come from a file if `line` is given, and otherwise from support.
    """
    for event in events:
        recorded = RecordedEvent(
            originator_id=employee.id,
            originator_version=employee.version + 1,
            event=event,
            run=RUN,
            effective=max(at, employee.effective),
            recorded=at,
            file=None if line is None else FILE,
            line=line,
        )
        folded = fold(employee, [recorded])
        assert folded is not None
        employee = folded
    return employee


def day(text: str) -> date:
    """Returns the date of a text such as `2027-03-01`."""
    return date.fromisoformat(text)


def moment(text: str) -> datetime:
    """Returns the moment in UTC of a text such as `2027-03-01 02:45`."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def codes(found: Plan | Iterable[Issue]) -> list[str]:
    """Returns the codes of the issues, in order."""
    return [issue.code for issue in (found.issues if isinstance(found, Plan) else found)]


def kinds(plan: Plan) -> list[str]:
    """Returns the kinds of a plan's events, in order."""
    return [
        str(recorded.event.__struct_config__.tag)
        for change in plan.changes
        for recorded in change.events
    ]


def outcomes(plan: Plan) -> list[str]:
    """Returns the outcome of each row that was read, in order."""
    return [result.outcome.value for result in plan.results]


def people(plan: Plan, known: Iterable[Employee] = ()) -> dict[str, Sequence[Any]]:
    """Returns external id and state of each employee, by address, after a plan is applied."""
    return {
        employee.email: (employee.external_id, employee.state.value)
        for employee in after(plan, known)
    }


_NOTHING = ("nobody", "nothing", "no issue", "no event")
"""How a cell of a table of cases says that it is empty."""


def cases(table: str, columns: int) -> list[Any]:
    """Returns the cases of a table, for `pytest.mark.parametrize`.

    A case is a rule in words and, indented below it, a cell for each of the `columns`. Cells at
    the end may be left off. The words are the name of the test.

        I4: without an external id, a row keeps the one that is known
            1 ann | - ann Anna | changed
    """
    lines = dedent(table).strip("\n").splitlines()
    starts = [number for number, line in enumerate(lines) if not line.startswith(" ")]
    rows = []
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        cells = [cell.strip() for cell in " ".join(lines[start + 1 : end]).split(" | ")]
        values = ["" if cell in _NOTHING else cell for cell in cells]
        rows.append(pytest.param(*values, *[""] * (columns - len(values)), id=lines[start]))
    return rows
