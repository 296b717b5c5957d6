"""Who starts and who leaves in a time, and at which moment (L9)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Literal, NamedTuple, TypeAlias

from adapters.use_cases.app import App
from domain.employee.aggregate import Employee
from domain.employee.events import Deactivated, State
from domain.schedule import Schedule
from projections.answers.person import Access, MoveDocument, access, move_document

Move: TypeAlias = Literal["starts", "leaves"]


def moves(
    app: App, what: Move, first: date, last: date, company: str | None = None
) -> list[MoveDocument]:
    """Returns who starts, or who leaves, from one day to another, the earliest first.

    The days are those of the clock that counts for each company (L9). What is ahead is found by an
    index. For today and days that are over, all employees are looked at: no index has the employees
    that the clock has done.
    """
    moment, schedules = _start if what == "starts" else _leave, app.settings.schedules()
    found = [
        move_document(key, employee, at)
        for key, employee in _candidates(app, what, first, last, company)
        if employee.merged_into is None
        and (at := moment(app, schedules.of(key), employee, first)) is not None
        and first <= schedules.of(key).day_of(at) <= last
    ]
    return sorted(found, key=lambda each: (each.at, each.company, each.id))


class Today(NamedTuple):
    """The dates that it is now, by the clocks that count for some companies."""

    earliest: date
    latest: date


def today(app: App, company: str | None = None) -> Today:
    """Returns the dates that it is now, in a company or in all companies."""
    now, schedules = app.now(), app.settings.schedules()
    chosen = schedules.every() if company is None else {schedules.of(company)}
    days = [schedule.day_of(now) for schedule in chosen]
    return Today(min(days), max(days))


def access_of(app: App, company: str, employee: Employee) -> Access:
    """Returns from when until when an employee can log in, or since when the account is closed."""
    closed = _closed(app, employee) if employee.state is State.DEACTIVATED else None
    return access(employee, app.settings.schedule_of(company), closed)


def _candidates(
    app: App, what: Move, first: date, last: date, company: str | None
) -> Iterable[tuple[str, Employee]]:
    if first <= today(app).latest:
        return app.store.roster.everybody(company)
    waiting = app.store.roster.waiting(what, first, last)
    return [each for each in waiting if company in (None, each[0])]


def _start(app: App, schedule: Schedule, employee: Employee, first: date) -> datetime | None:
    """Returns the moment from which an employee can log in; `None` if the account ended before."""
    at = schedule.activation_of(employee.onboarding_date)
    is_closed = employee.state is State.DEACTIVATED and employee.effective < at
    return None if is_closed else at


def _leave(app: App, schedule: Schedule, employee: Employee, first: date) -> datetime | None:
    """Returns the moment at which an employee is locked out, or was.

    Returns `None` if there is no such moment, or if it was before the day `first`.
    """
    if employee.state is not State.DEACTIVATED:
        day = employee.offboarding_date
        return schedule.deactivation_of(day) if day is not None else None
    if schedule.day_of(employee.effective) < first:  # nothing has happened since
        return None
    return _closed(app, employee)


def _closed(app: App, employee: Employee) -> datetime | None:
    """Returns the moment at which the account of a deactivated employee was closed last."""
    events = app.store.events.of(employee.id)
    closed = (each.effective for each in events if isinstance(each.event, Deactivated))
    return max(closed, default=None)
