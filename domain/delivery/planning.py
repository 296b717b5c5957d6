"""Makes the plan of a parsed delivery."""

from __future__ import annotations

from collections.abc import Iterator
from operator import attrgetter

from domain.context import DecisionContext
from domain.delivery.absentees import with_absentees
from domain.delivery.checking import checked_files
from domain.delivery.facts import NOTHING_TO_COMPARE, Comparison
from domain.delivery.match import Match
from domain.delivery.namesakes import Namesakes
from domain.delivery.parsing import ParsedDelivery
from domain.delivery.plan import Plan, RowResult
from domain.delivery.results import decide_matches, undecided_rows
from domain.delivery.safeguard import guarded
from domain.delivery.selection import EVERYTHING, Selection, leave_out
from domain.delivery.settling import settled_matches
from domain.employee.roster import Roster
from domain.issues.issue import Issue, make_issue


def plan_delivery(
    parsed: ParsedDelivery,
    roster: Roster,
    context: DecisionContext,
    comparison: Comparison = NOTHING_TO_COMPARE,
    selection: Selection = EVERYTHING,
) -> Plan:
    """Returns the plan of a delivery, or of a part of it (B5).

    `roster` needs to hold only the employees that the delivery mentions. Raises `DeliveryRefused`
    for files that contradict each other (D3).
    """
    parsed = parsed.with_contested(roster)
    addresses = {row.address for row in parsed.rows}
    namesakes = Namesakes(roster, context.company.key, parsed.positions, addresses)
    facts, file_issues = comparison.facts, tuple(_issues_of_files(parsed))
    absent = frozenset() if facts.partial else absent_employees(parsed, roster)
    recognised, newest_file = parsed.recognised, parsed.sheets[-1].name
    settled, matches = _matched(parsed, roster, context)
    del parsed  # frees its rows while their matches are decided
    results = [*settled, *decide_matches(matches, namesakes, context)]
    results.sort(key=attrgetter("position"))
    plan = Plan(tuple(results), recognised, absent, file_issues, facts=facts)
    plan = leave_out(plan, selection, comparison.open_issues)
    plan = with_absentees(plan, comparison, context, selection, newest_file)
    return guarded(plan, roster.headcount, comparison, context.company.policy)


def _matched(
    parsed: ParsedDelivery, roster: Roster, context: DecisionContext
) -> tuple[list[RowResult], Iterator[Match]]:
    """Returns the results of the rows without a match, and the matches of the other rows."""
    files = checked_files(parsed)
    people = settled_matches([file.accepted for file in files], roster, context)
    return list(undecided_rows(files, people, context)), iter(people.matches.values())


def _issues_of_files(parsed: ParsedDelivery) -> Iterator[Issue]:
    """Yields the issues about files and not about rows (D3, F5)."""
    if len(parsed.sheets) > 1:
        yield make_issue("several-files", count=len(parsed.sheets))
    for sheet in parsed.sheets:
        yield from sheet.issues


def absent_employees(parsed: ParsedDelivery, roster: Roster) -> frozenset[str]:
    """Returns the ids of the employed employees that no row mentions (D7)."""
    mentioned = {
        entry.employee
        for row in parsed.rows
        for entry in roster.mentioned_by(row)
        if not entry.deactivated
    }
    recognised = parsed.recognised - len(parsed.deactivated)
    if roster.headcount.employed == recognised + len(mentioned):
        return frozenset()  # as nearly always: the ids of all employees need not be compared
    return roster.employed.difference(mentioned, parsed.employees)
