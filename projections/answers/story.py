"""Tells events in plain sentences, which can be read to a customer on the telephone.

A sentence says what happened and what was before, and then its source: the row of a file, or a
person with a reason. The sentence about an access that ended or began has its cause: the last day
or the first day, and who set it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, tzinfo
from typing import NamedTuple, assert_never
from uuid import UUID

from domain.company_runs.events import RunKind
from domain.employee.aggregate import Employee
from domain.employee.by_absence import ByAbsence
from domain.employee.events import (
    Activated,
    Deactivated,
    DetailsChanged,
    DetailsCorrected,
    EmailChanged,
    ExternalIdChanged,
    ExternalIdLinked,
    FileNoted,
    LifecycleEvent,
    Merged,
    OffboardingCancelled,
    OffboardingMoved,
    OffboardingScheduled,
    OnboardingMoved,
    Reactivated,
    Registered,
    Rehired,
    Released,
    State,
)
from domain.fields.details import full_name
from domain.issues.issue import LISTED_LINES
from domain.schedule import OVERDUE_AFTER
from projections.answers.history import Author, Cause, FromTo, Happening
from projections.answers.words import and_more, in_words, moment_in_words, quoted

_NOBODY: Mapping[UUID, str] = {}


class Line(NamedTuple):
    """One line of a story: the day on which it took effect, what happened, and the run."""

    day: date
    text: str
    run: UUID


def line_of(
    happening: Happening,
    *,
    people: Mapping[UUID, str] = _NOBODY,
    zone: tzinfo = UTC,
    with_person: bool = False,
    field: str | None = None,
    cell: str = "",
) -> Line:
    """Returns the line about one event.

    `people` has what the other accounts of a merger are called, by id; without an account's name,
    its id stands in the sentence. Moments are in UTC, with the time in `zone` beside it. With
    `with_person`, the sentence begins with the employee, as the employee was called after the
    event. With `field`, only the change of this field is told, and `cell` follows on the line of
    the file.
    """
    event, entry = happening.event, happening.entry
    if isinstance(event, Registered) and field is not None:
        what = "registered"
    elif isinstance(event, Registered) and not with_person:
        what = _registered(happening, zone, f" as {called(happening.after)}")
    else:
        what = _what(happening, people, zone, field)
    parts = (what, source_of(happening.author, cell), _late(happening, zone))
    text = "; ".join(part for part in parts if part)
    told = f"{called(happening.after)}: {text}" if with_person else f"{text[:1].upper()}{text[1:]}"
    return Line(entry.effective.date(), told, entry.run)


def other_account(happening: Happening) -> UUID | None:
    """Returns the other account of a merger, whose name the sentence needs, or `None`."""
    event = happening.event
    if not isinstance(event, Merged):
        return None
    return event.kept if event.ended == happening.after.id else event.ended


def called(employee: Employee) -> str:
    """Returns the whole name of an employee, with the e-mail address."""
    return f"{full_name(employee.details)} <{employee.email}>"


def source_of(author: Author, cell: str = "") -> str:
    """Returns who or what caused an event: the row of a file, the clock, or a person and why."""
    person = _person(author)
    match author.run_kind:
        case RunKind.CLOCK:
            return "by the clock"
        case RunKind.SUPPORT:
            return f"by {person}"
        case RunKind.REKEY:
            return f"by a map of external ids of {person}"
        case RunKind.IMPORT | RunKind.APPROVE | RunKind.DISCARD:
            row = _row(author, cell)
            if author.run_kind is RunKind.IMPORT:
                return row
            return ", ".join(part for part in (row, f"approved by {person}") if part)
        case _ as never:
            assert_never(never)


def _person(author: Author) -> str:
    return author.by + (f", reason: {author.reason}" if author.reason else "")


def _row(author: Author, cell: str) -> str:
    if author.file is None:
        return ""
    if author.line is None:
        return f"the last delivery was {author.file}"
    return ", ".join(part for part in (f"said by {author.file}, line {author.line}", cell) if part)


def _late(happening: Happening, zone: tzinfo) -> str:
    """Returns when an event was recorded that was recorded long after it took effect (C1)."""
    entry = happening.entry
    if entry.recorded - entry.effective <= OVERDUE_AFTER:
        return ""
    return f"done late, at {moment_in_words(entry.recorded, zone)}"


def _what(happening: Happening, people: Mapping[UUID, str], zone: tzinfo, field: str | None) -> str:
    """Returns what happened, and what was before: to one field, or to all that changed."""
    changes, event = happening.entry.changes, happening.event
    if field in changes:
        changes = {field: changes[field]}
    match event:
        case Registered():
            return _registered(happening, zone)
        case DetailsChanged() | EmailChanged() | ExternalIdLinked() | ExternalIdChanged():
            return _all_changes(changes)
        case DetailsCorrected():
            return f"corrected: {_all_changes(changes)}"
        case Released():
            return _released(happening)
        case Merged():
            return _merged(happening, people)
        case FileNoted():
            return "; ".join(_file_noted(happening)) or "the file says something else, no change"
        case _:
            return _in_lifecycle(happening, event, zone)


def _in_lifecycle(happening: Happening, event: LifecycleEvent, zone: tzinfo) -> str:
    """Returns what happened to the first day, the last day or the access."""
    changes, at = happening.entry.changes, moment_in_words(happening.entry.effective, zone)
    match event:
        case Activated():
            return f"could log in from {at} on, because {_first_day_came(happening)}"
        case OnboardingMoved(pending=pending):
            waits = ", and no log-in before it" if pending else ""
            return f"{_all_changes(changes, 'moved')}{waits}"
        case OffboardingScheduled(by_absence=by_absence):
            why = ", because the last deliveries do not have this person" if by_absence else ""
            return f"{_all_changes(changes)}{why}"
        case OffboardingMoved():
            return _all_changes(changes, "moved")
        case OffboardingCancelled():
            return _all_changes(changes, removed="cancelled")
        case Deactivated():
            return f"{_closed(happening, at)}{_why_locked_out(happening)}"
        case Reactivated():
            return f"account opened again: {_access(happening, zone)}{_last_day(happening)}"
        case Rehired(onboarding_date=day):
            was = happening.before.onboarding_date if happening.before else day
            first_day = f"{day} (the first day was {was})" if was != day else f"{day}"
            return f"starts again on {first_day}: {_access(happening, zone)}{_last_day(happening)}"
        case _ as never:
            assert_never(never)


def _registered(happening: Happening, zone: tzinfo, name: str = "") -> str:
    after = happening.after
    number = f" with external id {after.external_id}" if after.external_id else ""
    access = _access(happening, zone)
    second = isinstance(happening.event, Registered) and happening.event.second_account
    again = "; somebody of this name was not in the delivery" if second else ""
    first_day = "" if after.state is State.PENDING else f"first day {after.onboarding_date}, "
    return f"registered{name}{number}: {first_day}{access}{again}"


def _access(happening: Happening, zone: tzinfo) -> str:
    """Returns from when on an employee who was let in could log in."""
    if happening.after.state is State.PENDING:
        return f"no log-in before the first day, {happening.after.onboarding_date}"
    return f"could log in from {moment_in_words(happening.entry.effective, zone)} on"


def _last_day(happening: Happening) -> str:
    """Returns what became of the last day of an employee whose account was opened again."""
    before = happening.before.offboarding_date if happening.before else None
    after = happening.after.offboarding_date
    if after is None:
        return f", without a last day (it was {before})" if before else ""
    return f", with the last day {after}" + (f" (it was {before})" if before != after else "")


def _first_day_came(happening: Happening) -> str:
    day = happening.after.onboarding_date
    if happening.author.run_kind is not RunKind.CLOCK:
        return f"the first day is {day}"
    return f"the first day had come: {day}{_set_by(happening.cause)}"


def _closed(happening: Happening, at: str) -> str:
    """Returns what happened to an account: nobody is locked out who could not log in."""
    before = happening.before
    waited = before is not None and before.state is State.PENDING
    return f"account closed at {at}, before the first day" if waited else f"locked out at {at}"


def _why_locked_out(happening: Happening) -> str:
    after = happening.after
    if happening.author.run_kind is RunKind.SUPPORT or after.offboarding_date is None:
        return ""
    said = _set_by(happening.cause) if happening.cause else _set_by_state(after)
    return f", because the last day was {after.offboarding_date}{said}"


def _set_by_state(employee: Employee) -> str:
    """Returns who set the last day, where only the state is known: a preview reads no history."""
    if employee.by_absence is ByAbsence.LEAVES:
        return ", set because the last deliveries do not have this person"
    return ", set by a file" if employee.leaves_by_file else ", set by support"


def _set_by(cause: Cause | None) -> str:
    if cause is None:
        return ""
    source = f", {source_of(cause.author)}" if cause.author else ""
    return f" (set on {cause.recorded:%Y-%m-%d}{source})"


def released_keys(before: Employee) -> list[str]:
    """Returns the addresses and external ids that a release takes from an employee (S9)."""
    known = [before.email, before.external_id]
    in_file = [before.file_email, before.file_external_id]
    if before.state is not State.DEACTIVATED:
        keys = [key for key in in_file if key not in known]
    else:
        keys = list(dict.fromkeys((*known, *in_file)))
    return [key for key in keys if key]


def _released(happening: Happening) -> str:
    named = and_more(released_keys(happening.before or happening.after), LISTED_LINES)
    return f"released for somebody else: {named}"


def _merged(happening: Happening, people: Mapping[UUID, str]) -> str:
    other = other_account(happening)
    name = people.get(other, str(other)) if other else ""
    if other == happening.after.merged_into:
        return f"account ended: from now on its addresses and its external id mean {name}"
    number = happening.entry.changes.get("external_id")
    taken = f", and external id {number.after}" if number else ""
    return f"took over the account of {name}{taken}"


def _file_noted(happening: Happening) -> Iterator[str]:
    """Yields what the file says now, what it said before, and what holds (L8)."""
    for field, change in happening.entry.changes.items():
        name = field.removeprefix("file_")
        before = "" if change.before is None else f" (before: {quoted(name, change.before)})"
        now = "nothing" if change.after is None else quoted(name, change.after)
        yield f"the file now says {now} as {in_words(name)}{before}, which changed nothing"


def _all_changes(
    changes: Mapping[str, FromTo], changed: str = "changed", removed: str = "removed"
) -> str:
    """Returns every value that changed, with the value before it."""
    told = []
    for field, change in changes.items():
        if field.startswith("file_"):
            continue
        name, before, after = in_words(field), change.before, change.after
        if before is None:
            told.append(f"{name} set to {quoted(field, after)}")
        elif after is None:
            told.append(f"{name} {removed}, it was {quoted(field, before)}")
        else:
            told.append(f"{name} {changed} from {quoted(field, before)} to {quoted(field, after)}")
    return and_more(told, LISTED_LINES)
