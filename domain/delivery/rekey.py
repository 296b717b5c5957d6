"""Many external ids at once: from a map of old and new external ids to a plan (S12)."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from domain.company import Company
from domain.context import DecisionContext
from domain.delivery.allocation import allot
from domain.delivery.csv_table import TableUnreadable, read_table
from domain.delivery.plan import Plan, RowOutcome, RowResult
from domain.delivery.safeguard import rejection_concerns
from domain.employee.change import change_of
from domain.employee.events import ExternalIdChanged
from domain.employee.roster import Entry, Roster
from domain.fields.cells import clean, problem_of
from domain.issues.issue import LISTED_LINES, Issue, listed, make_issue, shown
from domain.privacy import Redacted

# The mark that our own CSV sets before a cell that a spreadsheet may take for a formula: `'-12`.
_MARK = re.compile(r"'(?=[=+\-@])")


class Pair(Redacted, frozen=True):
    """One line of a map: the employee with the external id `old` gets the external id `new`."""

    file: str
    line: int
    old: str
    new: str


def read_map(name: str, data: bytes) -> list[Pair]:
    """Returns the lines of the map in the file `name`. Raises `TableUnreadable`."""
    table = read_table(data)
    hint = "the first line names the columns `old` and `new`; `tenure rekey --suggest` writes one"
    for column in ("old", "new"):
        if column not in table.header:
            raise TableUnreadable(f"the column `{column}` is missing", hint)
    if not table.lines:
        raise TableUnreadable("it has no external ids", hint)
    return [
        Pair(name, line.number, _cell(line.cells["old"]), _cell(line.cells["new"]))
        for line in table.lines
    ]


def _cell(text: str) -> str:
    return _MARK.sub("", clean(text), count=1)


class _Line(NamedTuple):
    """A line with the employee that it is about.

    `outcome` is `None` as long as it is open whether the employee can get the new external id.
    """

    pair: Pair
    entry: Entry | None = None
    outcome: RowOutcome | None = None
    issues: Sequence[Issue] = ()


def plan_rekey(
    pairs: Sequence[Pair], roster: Roster, context: DecisionContext, *, again: bool = False
) -> Plan:
    """Returns the plan of a map; `roster` holds all employees.

    Swaps and chains of external ids are resolved as a whole, so that the order of lines never
    matters. `again` tells that the same map was the last one that was applied whole: its lines
    change nothing, because a swap must not be taken back.
    """
    lines = list(_checked_lines(pairs, roster, context.company, again=again))
    entries = {line.entry.employee: line.entry for line in lines if line.entry is not None}
    wishes = {
        line.entry.employee: line.pair.new
        for line in lines
        if line.entry is not None and line.outcome is None
    }

    def holder_of(external_id: str) -> str | None:
        entry = roster.with_external_id(external_id)
        return None if entry is None else entry.employee

    def holdings_of(employee: str) -> Collection[str]:
        external_id = entries[employee].external_id
        return () if external_id is None else (external_id,)

    turned_down = allot(wishes, holder_of, holdings_of)
    results = tuple(
        _result(line, position, turned_down, roster, context)
        for position, line in enumerate(lines, 1)
    )
    plan = Plan(results, recognised=0)
    return replace(plan, concerns=tuple(rejection_concerns(plan, context.company.policy)))


def _checked_lines(
    pairs: Sequence[Pair], roster: Roster, company: Company, *, again: bool
) -> Iterator[_Line]:
    """Yields every line, decided as far as it does not depend on the wishes of other lines."""
    conflicting, repeating = _duplicates(pairs)
    applied = _applied_lines(pairs, roster)
    for pair in pairs:
        first = repeating.get(pair.line)
        issues = [*_problems(pair, company), *conflicting.get(pair.line, ())]
        if first is not None:
            repeated = make_issue("duplicate-row", first=first)
            yield _Line(pair, None, RowOutcome.SKIPPED, [repeated])
        elif issues:
            yield _Line(pair, _owner(pair.old, roster), RowOutcome.REJECTED, issues)
        else:
            yield _checked(pair, roster, applied=again or pair.line in applied)


def _applied_lines(pairs: Sequence[Pair], roster: Roster) -> Collection[int]:
    """Returns the lines of which nothing is left to do, if somebody has their new external id.

    A line of a swap or a chain was applied if the employee had the old external id in the file. Any
    other line was applied if nobody has the old one.
    """
    olds, news = {pair.old for pair in pairs}, {pair.new for pair in pairs}
    moved = {pair.new for pair in pairs if _has_moved(pair, roster)}
    gone = {pair.old for pair in pairs if _owner(pair.old, roster) is None}
    return {
        pair.line
        for pair in pairs
        if pair.old == pair.new
        or (pair.new in moved and pair.old in moved | gone)
        or (pair.old in gone - news and pair.new not in olds)
    }


def _checked(pair: Pair, roster: Roster, *, applied: bool) -> _Line:
    """Returns a line that has no problem of its own.

    `applied` tells that nothing is left to do if somebody has the new external id.
    """
    entry, owner = _owner(pair.old, roster), _owner(pair.new, roster)
    if applied and owner is not None:
        return _Line(pair, owner, RowOutcome.UNCHANGED)
    if entry is None:
        unknown = make_issue("unknown-external-id", "external_id", pair.old)
        return _Line(pair, None, RowOutcome.REJECTED, [unknown])
    keeper = roster.with_external_id(pair.new)
    if keeper is not None and owner is None and keeper.employee != entry.employee:
        # The external id of an account that was merged into the keeper: it never becomes free.
        return _Line(pair, entry, RowOutcome.REJECTED, [_taken(pair, keeper, roster)])
    return _Line(pair, entry)


def _result(
    line: _Line,
    position: int,
    turned_down: Mapping[str, str],
    roster: Roster,
    context: DecisionContext,
) -> RowResult:
    pair, entry, outcome, issues = line
    employee = None if entry is None else roster.employee(entry)
    change = None
    if outcome is None and employee is not None:
        keeper = roster.by_key(turned_down.get(employee.id.hex, ""))
        if keeper is not None:
            outcome, issues = RowOutcome.REJECTED, [_taken(pair, keeper, roster)]
        else:
            event = context.moment.now, ExternalIdChanged(pair.new)
            # Without a line, as from support: what the file last had stays known (L8).
            change = change_of(employee, employee.id, [event], context.moment)
    email = "" if employee is None else shown(employee.email)
    return RowResult(
        pair.file,
        pair.line,
        position,
        email,
        outcome or RowOutcome.CHANGED,
        tuple(issue.at(pair.file, pair.line, email) for issue in issues),
        employee,
        change,
    )


def _owner(external_id: str, roster: Roster) -> Entry | None:
    """Returns the employee who has an external id, and not only that of a merged account (S11)."""
    entry = roster.with_external_id(external_id)
    return entry if entry is not None and entry.external_id == external_id else None


def _has_moved(pair: Pair, roster: Roster) -> bool:
    """Returns whether an employee has the new external id, and had the old one in the file."""
    owner = _owner(pair.new, roster)
    return owner is not None and owner.file_external_id == pair.old


def _taken(pair: Pair, keeper: Entry, roster: Roster) -> Issue:
    other = roster.employee(keeper).email
    return make_issue("external-id-taken", "external_id", pair.new, other=other)


def _problems(pair: Pair, company: Company) -> Iterator[Issue]:
    """Yields what is wrong with the cells of one line (W1, I10, F7)."""
    if not pair.old:
        yield make_issue("missing-value", "old_external_id")
    problem = problem_of("external_id", pair.new, company) if pair.new else None
    if problem is not None and problem.rejects:
        yield problem
    elif problem is not None or not pair.new:
        yield make_issue("missing-value", "new_external_id", pair.new or None)


def _duplicates(pairs: Sequence[Pair]) -> tuple[Mapping[int, Sequence[Issue]], Mapping[int, int]]:
    """Returns the lines that contradict each other, and the lines that repeat another one (I7).

    The first are mapped to their issues, and the second to the line that they repeat.
    """
    together: defaultdict[tuple[str, str], list[Pair]] = defaultdict(list)
    for pair in pairs:
        together["old", pair.old].append(pair)
        together["new", pair.new].append(pair)
    conflicting: defaultdict[int, list[Issue]] = defaultdict(list)
    repeating: dict[int, int] = {}
    for (_, value), group in together.items():
        if len(group) == 1 or not value:
            continue
        first, *others = group
        if all((pair.old, pair.new) == (first.old, first.new) for pair in others):
            repeating.update((pair.line, first.line) for pair in others)
            continue
        lines = listed([pair.line for pair in group[:LISTED_LINES]], len(group))
        issue = make_issue("duplicate-external-id", "external_id", value, lines=lines)
        for pair in group:
            conflicting[pair.line].append(issue)
    kept = {line: first for line, first in repeating.items() if line not in conflicting}
    return conflicting, kept
