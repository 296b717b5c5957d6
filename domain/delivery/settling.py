"""Matches several files so that the next pick-up of the same files changes nothing (D3)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple
from uuid import UUID

from msgspec.structs import replace

from domain.context import DecisionContext
from domain.delivery.match import Match
from domain.delivery.matching import match_files
from domain.delivery.people import People
from domain.delivery.records import DeliveryRefused
from domain.delivery.row import Row
from domain.employee.aggregate import Employee
from domain.employee.change import Change, change_of
from domain.employee.decisions import decide_registration, decide_update, has_left
from domain.employee.roster import Roster
from domain.ids import employee_id
from domain.issues.issue import Issue, listed, make_issue

MAX_ROUNDS = 6
"""The number of times that files are matched again before they are refused; once is enough for
nearly every delivery."""


class _Round(NamedTuple):
    """One round of matching.

    `meanings` maps the position of a row to the key of the employee that the row means, or to
    `rejected` or `superseded`. `after` holds the changed employees after the round, by id.
    """

    meanings: dict[int, str]
    after: dict[UUID, Employee]


def settled_matches(
    files: Sequence[Sequence[Row]], roster: Roster, context: DecisionContext
) -> People:
    """Returns the matches of a delivery, whose files are given oldest first.

    Several files that lie in the folder unchanged must cause no event at the next pick-up.
    Therefore the files are matched again over the employees as the last round leaves them, until a
    round changes nothing. Raises `DeliveryRefused` if the files contradict each other so that no
    round is without a change.
    """
    people = match_files(files, roster, context)
    if len(files) == 1:
        return people
    rounds = [_round(people, context)]
    while len(rounds) <= MAX_ROUNDS:
        later = roster.after(rounds[-1].after.values())
        again = match_files(files, later, context)
        repeated = next(_changes(again, context), None) is None
        again = _seen_from(roster, again)
        rounds.append(_round(again, context))
        if repeated:
            # `again` has the issues that the next pick-up will report. It is returned if it leaves
            # the employees as the round before it does.
            return again if rounds[-1].after == rounds[-2].after else people
        people = again
    raise DeliveryRefused(_contradiction(files, rounds))


def decide_change(
    match: Match,
    context: DecisionContext,
    digest: bytes | None = None,
    *,
    second_account: bool = False,
) -> Change | None:
    """Returns the change of the employee of a match, or `None` if the rows change nothing.

    `second_account` is true if a known employee may be the same person as a new one (I5).
    """
    said, standing, moment = match.said, match.rows[-1], context.moment
    if said is None:
        return None
    if match.employee is not None:
        events = decide_update(match.employee, said, context.company.policy)
    elif has_left(said, context):
        return None
    else:
        events = decide_registration(
            said, context.company, context.today, second_account=second_account
        )
    return change_of(
        match.employee,
        employee_id(moment.run, standing.position),
        ((moment.now, event) for event in events),
        moment,
        file=standing.file,
        line=standing.line,
        digest=digest,
    )


def _contradiction(files: Sequence[Sequence[Row]], rounds: Sequence[_Round]) -> Issue:
    """Returns the issue about files in which the meaning of some rows keeps changing.

    The issue names these rows. If each row keeps its meaning but the employees still change, the
    issue names all rows.
    """
    last = [each.meanings for each in rounds[-MAX_ROUNDS:]]
    rows = [row for file in files for row in file]
    unsettled = [row for row in rows if len({meanings.get(row.position) for meanings in last}) > 1]
    named = [f"{row.file} line {row.line}" for row in unsettled or rows]
    return make_issue("contradictory-files", rows=listed(named, len(named)))


def _round(people: People, context: DecisionContext) -> _Round:
    run = context.moment.run
    meanings = {each.row.position: "rejected" for each in people.rejected}
    meanings.update((each.row.position, "superseded") for each in people.superseded)
    for match in people.matches.values():
        known = match.entry is not None
        key = match.key if known else employee_id(run, match.rows[-1].position).hex
        meanings.update((row.position, key) for row in match.rows)
    return _Round(meanings, {each.after.id: each.after for each in _changes(people, context)})


def _changes(people: People, context: DecisionContext) -> Iterator[Change]:
    for match in people.matches.values():
        change = decide_change(match, context)
        if change is not None:
            yield change


def _seen_from(roster: Roster, people: People) -> People:
    """Returns the same matches, with the employees that `roster` knew before the delivery."""
    matches = (_before(roster, match) for match in people.matches.values())
    return People(roster).with_matches(matches, people.rejected, people.superseded)


def _before(roster: Roster, match: Match) -> Match:
    entry = roster.by_key(match.key)
    if entry is None:
        return replace(match, entry=None, employee=None)
    return replace(match, entry=entry, employee=roster.employee(entry))
