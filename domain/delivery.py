"""The whole delivery at once: from its sheets to the plan (D3, D7, I7, L1-L10, W9)."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence, Set

from msgspec.structs import replace

from domain.claim import Claim
from domain.duplicates import find_duplicates
from domain.employee import Employee, follow, register
from domain.events import State
from domain.identity import Identity
from domain.ids import employee_id
from domain.issues import Finding, Issue, finding, shown
from domain.plan import Change, Judgement, Plan, Verdict, change_of
from domain.reading import Delivered, read_delivery
from domain.roster import Roster
from domain.row import Reading, Row, address_of
from domain.safeguard import concerns
from domain.sheet import Sheet
from domain.terms import Terms


def plan_delivery(sheets: Sequence[Sheet], roster: Roster, terms: Terms) -> Plan:
    """What applying the delivery would do to a company whose people are `roster`.

    `sheets` are in the order of D3: the later one stands.
    """
    return judge_delivery(read_delivery(sheets, roster.digests, terms.company), roster, terms)


def judge_delivery(delivered: Delivered, roster: Roster, terms: Terms) -> Plan:
    """The same, of what was read already: `roster` needs to hold only whom that mentions."""
    delivered = delivered.with_contested(roster)
    absent = _absent(delivered, roster)
    addresses = {row.address for row in delivered.rows}
    readings = delivered.take_readings()
    verdicts = _Verdicts(readings)
    accepted = _without_duplicates(delivered.sheets, readings, verdicts)
    identity = Identity(accepted, roster, terms)
    del readings, accepted  # a row goes when it is judged
    for row, findings in identity.rejected:
        verdicts.settle(row, Verdict.REJECTED, [*verdicts.own(row), *findings])
    judge = _Judge(terms, roster, verdicts, delivered.repeats, addresses)
    for claim in identity.take_claims():
        judge.judge(claim)
    plan = Plan(
        judgements=verdicts.in_order(),
        repeated=delivered.repeated,
        absent=absent,
        issues=(*_of_files(delivered.sheets), *verdicts.issues()),
        remembered=tuple(judge.remembered),
    )
    return replace(plan, concerns=concerns(plan, roster, terms.company.policy))


class _Verdicts:
    """What became of every row that was read, and what is to be said of it."""

    def __init__(self, readings: Iterable[Reading]) -> None:
        self._own = {row.position: findings for row, findings in readings if findings}
        self._judgements: dict[int, Judgement] = {}
        self._issues: dict[int, list[Issue]] = {}

    def own(self, row: Row) -> Sequence[Finding]:
        """What was found wrong with the row when it was read."""
        return self._own.get(row.position, ())

    def settle(
        self,
        row: Row,
        verdict: Verdict,
        findings: Iterable[Finding],
        employee: Employee | None = None,
        change: Change | None = None,
    ) -> None:
        """Gives a row its verdict, and says all that is to be said of it."""
        self._judgements[row.position] = Judgement(
            row.file, row.line, shown(row.email), verdict, employee, change
        )
        if findings:
            self._issues[row.position] = [
                each.at(row.file, row.line, row.email) for each in findings
            ]

    def in_order(self) -> tuple[Judgement, ...]:
        """Every judgement, in the order of rows."""
        return tuple(self._judgements[position] for position in sorted(self._judgements))

    def issues(self) -> Iterator[Issue]:
        """Every issue, in the order of rows."""
        for position in sorted(self._issues):
            yield from self._issues[position]


def _without_duplicates(
    sheets: Iterable[Sheet], readings: Iterable[Reading], verdicts: _Verdicts
) -> list[Row]:
    """The rows that can still be applied; settles those that can't, and those said twice (I7)."""
    by_file: dict[str, list[Reading]] = {sheet.name: [] for sheet in sheets}
    for reading in readings:
        by_file[reading[0].file].append(reading)
    accepted = []
    for sheet in sheets:
        found = by_file[sheet.name]
        duplicates = find_duplicates((row for row, _ in found), sheet.columns)
        for row, findings in found:
            conflicts = duplicates.conflicting.get(row.position, [])
            first = duplicates.repeating.get(row.position)
            if first is not None:
                verdicts.settle(row, Verdict.SKIPPED, [finding("duplicate-row", first=first)])
            elif conflicts or any(each.rejects for each in findings):
                verdicts.settle(row, Verdict.REJECTED, [*findings, *conflicts])
            else:
                accepted.append(row)
    return accepted


class _Judge:
    """Decides what the rows about one employee change."""

    def __init__(
        self,
        terms: Terms,
        roster: Roster,
        verdicts: _Verdicts,
        repeats: Container[str],
        addresses: Set[str],
    ) -> None:
        self._terms = terms
        self._roster = roster
        self._verdicts = verdicts
        self._repeats = repeats
        self._addresses = addresses
        self.remembered: list[tuple[str, bytes]] = []

    def judge(self, claim: Claim) -> None:
        """Settles every row of a claim: the last one stands, with what the others add to it."""
        self._supersede(claim)
        said, standing, employee = claim.said, claim.rows[-1], claim.employee
        terms, now = self._terms, self._terms.moment.now
        findings = [*self._verdicts.own(standing), *terms.objections(employee, said)]
        if employee is not None:
            events = follow(employee, said)
            verdict = Verdict.CHANGED
        elif terms.has_left(said):
            left = finding("already-left", "offboarding_date", str(said.offboarding_date))
            self._verdicts.settle(standing, Verdict.SKIPPED, [*findings, left])
            return
        else:
            findings += self._namesakes(said)
            events = register(said, terms.company, now.date())
            verdict = Verdict.REGISTERED
        digest = self._digest(claim, said, findings)
        change = change_of(
            employee,
            employee_id(terms.moment.run, standing.position),
            ((now, event) for event in events),
            terms.moment,
            file=standing.file,
            line=standing.line,
            digest=digest,
        )
        if change is None:
            verdict = Verdict.UNCHANGED
            if digest is not None and claim.entry and digest != claim.entry.digest:
                self.remembered.append((claim.entry.employee, digest))
        self._verdicts.settle(standing, verdict, findings, employee, change)

    def _supersede(self, claim: Claim) -> None:
        *earlier, standing = claim.rows
        for row in earlier:
            later = f"{standing.file}, line {standing.line}"
            superseded = finding("superseded-row", later=later)
            self._verdicts.settle(
                row, Verdict.SKIPPED, [*self._verdicts.own(row), superseded], claim.employee
            )

    def _namesakes(self, row: Row) -> Iterator[Finding]:
        """I5: perhaps the row is about someone whose address changed."""
        if row.external_id is not None:
            return
        for entry in self._roster.namesakes(row):
            if entry.employee in self._repeats or not self._addresses.isdisjoint(entry.addresses):
                continue  # their row is in the delivery as well
            other = self._roster.employee(entry)
            theirs, ours = other.details.birthday, row.details.birthday
            if not theirs or not ours or theirs == ours:
                yield finding("possible-email-change", "email", row.email, other=other.email)

    def _digest(self, claim: Claim, said: Row, findings: Iterable[Finding]) -> bytes | None:
        """The digest by which the row may be recognised next time.

        It must speak alone, leave nothing to say again (L10), and name its employee by nothing
        that may come to mean somebody else: a row about a deactivated employee is not followed,
        so only there can it differ from what is known.
        """
        row, employee = claim.rows[-1], claim.employee
        if said is not row or any(each.lasting for each in findings):
            return None
        if employee is not None and employee.state is State.DEACTIVATED:
            known = (address_of(employee.file_email), row.external_id and employee.external_id)
            if known != (row.address, row.external_id):
                return None
        return row.digest


# Looking at the delivery as a whole


def _of_files(sheets: Sequence[Sheet]) -> Iterator[Issue]:
    """What is to be said of the files and not of a row (D3, F5)."""
    if len(sheets) > 1:
        yield finding("several-files", count=len(sheets)).at()
    for sheet in sheets:
        yield from sheet.issues


def _absent(delivered: Delivered, roster: Roster) -> int:
    """How many who are still here no row speaks of (D7)."""
    mentioned = {
        entry.employee
        for row in delivered.rows
        for entry in roster.mentioned_by(row)
        if not entry.deactivated
    }
    repeated = delivered.repeated - len(delivered.gone)
    return roster.census.here - repeated - len(mentioned)
