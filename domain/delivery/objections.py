"""The issues of a row that is about an employee, but cannot be applied (I2, I3, I9, W9)."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from domain.context import DecisionContext
from domain.delivery.evidence import MatchedBy, Person, known_persons, person_of
from domain.delivery.match import Match
from domain.delivery.meaning import meant_alone
from domain.delivery.people import People
from domain.delivery.row import Row
from domain.employee.advice import command_for, rehire_command
from domain.employee.aggregate import Employee
from domain.employee.decisions import validate
from domain.employee.events import State
from domain.issues.issue import Issue, make_issue


def objections(
    row: Row, issues: Sequence[Issue], people: People, context: DecisionContext
) -> list[Issue]:
    """Returns the other errors of a row that is rejected because of `issues` (W9).

    `people` are the employees after the delivery. A field that has an error already gets no other
    one. A row of which no cell could be read has no errors of this kind.
    """
    broken = {issue.field for issue in (*row.issues, *issues) if issue.rejects}
    if not row.address or None in broken:
        return []
    meant, holder = meant_alone(row, people), people.at_address(row.address)
    names_are_known = not broken & {"first_name", "last_name", "birthday"}
    found: list[Issue] = []
    if meant is not None and names_are_known:
        found += other_person_issues(row, meant, context)
    is_somebody_else = any(issue.rejects for issue in found)
    match = None if is_somebody_else else meant
    if not broken & {"onboarding_date", "offboarding_date"}:
        found += validate(match.employee if match is not None else None, row, context)
    if holder is not None and (meant is None or meant.key != holder.key):
        if is_somebody_else:  # the external id belongs to neither of them
            found += other_person_issues(row, holder, context)
        else:
            found += address_issues(row, match, holder, context)
    if not names_are_known:
        found = [issue for issue in found if issue.code != "other-person"]
    return [issue for issue in found if issue.rejects and issue.field not in broken]


def other_person_issues(
    row: Row, match: Match, context: DecisionContext, *, by_both_names: bool = False
) -> list[Issue]:
    """Returns the issue of a row whose names and birthday are not those of the employee (I9).

    One of the names or the birthday is enough, unless the employee is known `by_both_names`.
    The policy lets no row through to a deactivated employee, because the row would change nothing.
    """
    evidence = match.evidence(row)
    if evidence.is_sure if by_both_names else evidence.looks_alike:
        return []
    strict = context.company.policy.other_person == "reject" or _is_closed(match.employee)
    by_email = evidence.by is MatchedBy.EMAIL
    known = known_persons(match.employee, match.said)[0]
    return [
        make_issue(
            "other-person",
            "email" if by_email else "external_id",
            row.email if by_email else row.external_id,
            strict=strict,
            known=_described(known, name_of(match)),
            said=_described(person_of(row.details), row.email),
            advice=_advice(match, row, by_email=by_email, context=context),
        )
    ]


def address_issues(
    row: Row, match: Match | None, holder: Match, context: DecisionContext
) -> Sequence[Issue]:
    """Returns the issues of a row whose address belongs to `holder` (I2, I3, I9).

    `match` is the employee that the row means by its external id, or `None` if nobody has that
    external id.
    """
    others = other_person_issues(row, holder, context)
    other = name_of(holder)
    if row.address != holder.address:
        other = f"{other}, who had it before"
    if match is not None:
        advice = _way_to_address(row, match, holder, context, alike=not others)
        return [make_issue("email-taken", "email", row.email, other=other, advice=advice)]
    advice, employee = "", holder.employee
    if employee is not None and row.external_id is not None:
        if not _is_closed(employee):
            command = _command("relink", holder, context, row.external_id)
            advice = f"; if it is one person with a new external id, ask support for {command}"
        elif not others:
            command = rehire_command(employee, row, context, "--external-id", row.external_id)
            number = row.external_id
            advice = (
                f"; if the person starts again with external id {number}, ask support for {command}"
            )
    conflict = make_issue(
        "external-id-conflict", "external_id", row.external_id, other=other, advice=advice
    )
    return [conflict, *others]


def name_of(match: Match) -> str:
    """Returns the name of an employee in a sentence for HR: the address, and any external id.

    For an employee whose address changes in this delivery, it is the new address.
    """
    stays = match.entry is not None and match.address == match.entry.address
    email = match.said.email if match.said is not None else ""
    if match.employee is not None and (stays or not email):
        email = match.employee.email
    return f"{email} (external id {match.external_id})" if match.external_id else email


def _described(person: Person, name: str) -> str:
    birthday = f", born {person.birthday}" if person.birthday else ""
    return f"{person.first_name} {person.last_name}{birthday}, {name}"


def _advice(match: Match, row: Row, *, by_email: bool, context: DecisionContext) -> str:
    """Returns what HR can do about a row that is about another person than the one it means."""
    if match.employee is None:
        return "give each person an external id and an e-mail address of their own"
    release = _release(match, match.employee, row, by_email=by_email, context=context)
    if release is not None:
        return f"if it belongs to somebody new by now, ask support for {release}"
    names = [f"{field}={getattr(row.details, field)}" for field in ("first_name", "last_name")]
    command = _command("correct", match, context, *names)
    return f"if it is one person with new names, ask support for {command}"


def _way_to_address(
    row: Row, match: Match, holder: Match, context: DecisionContext, *, alike: bool
) -> str:
    """Returns what HR can ask of support, so that the row gets the address of `holder`."""
    if holder.employee is None:
        return ""
    release = _release(holder, holder.employee, row, by_email=True, context=context)
    if release is not None:
        return f"; if that employee does not have it any more, ask support for {release}"
    if match.employee is None or not alike:
        return ""
    # A deactivated account cannot be kept in favour of one that is not.
    kept, ended = (holder, match) if _is_closed(match.employee) else (match, holder)
    merge = _command("merge", kept, context, _reference_to(ended))
    return f"; if both are one person, ask support for {merge}"


def _release(
    match: Match, employee: Employee, row: Row, *, by_email: bool, context: DecisionContext
) -> str | None:
    """Returns the command that releases the value by which a row means an employee (S9).

    Returns `None` if the value is a present one of an employee who is not deactivated.
    """
    value = row.address if by_email else row.external_id
    if value in (match.address, match.external_id) and not _is_closed(employee):
        return None
    ended = match.ended_with(value)
    if ended is not None:
        return command_for("release", context.company.key, str(UUID(ended.employee)))
    return _command("release", match, context)


def _command(action: str, match: Match, context: DecisionContext, *values: str) -> str:
    """Returns a command of support for the known employee of a match."""
    return command_for(action, context.company.key, _reference_to(match), *values)


def _reference_to(match: Match) -> str:
    """Returns what support names a known employee by, also after the delivery was applied."""
    employee, entry = match.employee, match.entry
    if employee is None or entry is None:
        raise ValueError("support cannot know a new employee")
    return employee.email if match.address == entry.address else str(employee.id)


def _is_closed(employee: Employee | None) -> bool:
    return employee is not None and employee.state is State.DEACTIVATED
