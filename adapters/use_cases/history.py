"""Tells what happened to an employee."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from uuid import UUID

from adapters.use_cases.app import App
from domain.employee.aggregate import Employee
from domain.employee.events import EmployeeRecord
from projections.answers.history import Happening, happenings
from projections.answers.past import PRESENT, Past
from projections.answers.story import called, other_account


def history_of(app: App, employee: Employee, past: Past = PRESENT) -> list[Happening]:
    """Returns what happened to an employee, oldest first, as `past` sees it.

    `employee` is as `past` sees it, too. The events of the accounts that ended in favour of this
    one are among those returned (S11).
    """
    found = [
        happening
        for events in _streams(app, employee.id, employee.absorbed, past)
        for happening in happenings(events, app.store.runs.of_events(events))
    ]
    return sorted(found, key=lambda each: each.entry.recorded)


def other_accounts(app: App, company: str, found: Iterable[Happening]) -> dict[UUID, str]:
    """Returns what the other accounts of mergers among these happenings are called, by id."""
    others = [other for each in found if (other := other_account(each)) is not None]
    known = app.store.roster.with_ids(company, others) if others else {}
    return {key: called(employee) for key, employee in known.items()}


def _streams(
    app: App, employee: UUID, absorbed: tuple[UUID, ...], past: Past
) -> Iterator[list[EmployeeRecord]]:
    """Yields the events of an employee, and those of each account that ended in favour of it."""
    yield list(past.events(app.store.events.of(employee)))
    for ended in absorbed:
        found = past.state(app.store.events.of(ended))
        if found is not None:
            yield from _streams(app, found.id, found.absorbed, past)
