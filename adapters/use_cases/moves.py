"""Who starts and who leaves in a time, and at which moment (L9)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Literal, TypeAlias

from adapters.use_cases.app import App
from domain.employee.aggregate import Employee
from domain.employee.events import Deactivated, State
from projections.answers.person import MoveDocument, move_document

Move: TypeAlias = Literal["starts", "leaves"]


def moves(
    app: App, what: Move, first: date, last: date, company: str | None = None
) -> list[MoveDocument]:
    """Returns who starts, or who leaves, from one day to another, the earliest first.

    What is ahead is found by an index. For today and days that are over, all employees are looked
    at: no index has the employees that the clock has done.
    """
    moment = _start if what == "starts" else _leave
    found = [
        move_document(key, employee, at)
        for key, employee in _candidates(app, what, first, last, company)
        if employee.merged_into is None
        and (at := moment(app, employee, first)) is not None
        and first <= at.date() <= last
    ]
    return sorted(found, key=lambda each: (each.at, each.company, each.id))


def _candidates(
    app: App, what: Move, first: date, last: date, company: str | None
) -> Iterable[tuple[str, Employee]]:
    if first <= app.now().date():
        return app.store.roster.everybody(company)
    waiting = app.store.roster.waiting(what, first, last)
    return [each for each in waiting if company in (None, each[0])]


def _start(app: App, employee: Employee, first: date) -> datetime | None:
    """Returns the moment from which an employee can log in; `None` if the account ended before."""
    at = app.settings.schedule.activation_of(employee.onboarding_date)
    is_closed = employee.state is State.DEACTIVATED and employee.effective < at
    return None if is_closed else at


def _leave(app: App, employee: Employee, first: date) -> datetime | None:
    """Returns the moment at which an employee is locked out, or was.

    Returns `None` if there is no such moment, or if it was before the day `first`.
    """
    if employee.state is not State.DEACTIVATED:
        day = employee.offboarding_date
        return app.settings.schedule.deactivation_of(day) if day is not None else None
    if employee.effective.date() < first:  # nothing has happened since
        return None
    events = app.store.events.of(employee.id)
    closed = (each.effective for each in events if isinstance(each.event, Deactivated))
    return max(closed, default=None)
