"""The plan: everything that an import would do, as one value.

`preview` prints the plan, and `import` commits it. The counts and the outcome are computed from the
plan and never stored with it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from enum import StrEnum

from domain.addresses import address_of
from domain.delivery.evidence import Evidence
from domain.delivery.facts import DeliveryFacts
from domain.employee.aggregate import Employee
from domain.employee.change import Change
from domain.issues.issue import Issue
from domain.outcome import Counts, Outcome
from domain.privacy import Redacted


class RowOutcome(StrEnum):
    """The outcome of a row; every row has exactly one outcome."""

    REGISTERED = "registered"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    REJECTED = "rejected"
    SKIPPED = "skipped"


class RowResult(Redacted, frozen=True):
    """One row, its outcome, and its issues."""

    file: str
    line: int
    position: int
    email: str
    outcome: RowOutcome
    issues: tuple[Issue, ...] = ()
    employee: Employee | None = None
    """The known employee that the row means; `None` for a new or an undetermined employee."""
    change: Change | None = None
    new_digest: tuple[str, bytes] | None = None
    """The id of an employee, and a new digest of the row; only for a row that changes nothing."""
    evidence: Evidence | None = None
    """Why the row means its employee, if that is a known employee (I9)."""


class Plan(Redacted, frozen=True):
    """Everything that an import would do.

    `results` are in the order of rows. `recognised` is the number of rows that were recognised by
    their digest alone; these rows are unchanged. `absent` has the ids of the employed employees
    that no row mentions (D7), and `absentees` what is decided about some of them, without file and
    line (Q4). `file_issues` are about files and not about rows. `concerns` are the
    limits of the safeguard that the plan exceeds (B1): a plan with a concern is held. `facts` are
    those of the delivery.
    """

    results: tuple[RowResult, ...]
    recognised: int
    absent: frozenset[str] = frozenset()
    file_issues: tuple[Issue, ...] = ()
    concerns: tuple[Issue, ...] = ()
    facts: DeliveryFacts = DeliveryFacts()
    absentees: tuple[RowResult, ...] = ()

    @property
    def issues(self) -> tuple[Issue, ...]:
        """Returns the issues of the files, of the rows in their order, and of absentees."""
        results = (*self.results, *self.absentees)
        return (*self.file_issues, *(issue for each in results for issue in each.issues))

    @property
    def people(self) -> frozenset[str]:
        """Returns whom the rows that were read are about, as issues tell it (Q1).

        These are addresses in the form for comparison, and external ids.
        """
        addresses = (address_of(result.email) for result in self.results if result.email)
        employees = (each.change.after if each.change else each.employee for each in self.results)
        known = (each.external_id for each in employees if each is not None)
        rejected = (issue.external_id for each in self.results for issue in each.issues)
        return frozenset((*addresses, *(each for each in (*known, *rejected) if each)))

    @property
    def changes(self) -> Iterator[Change]:
        """Returns the changes of all employees, in the order of rows."""
        results = (*self.results, *self.absentees)
        return (each.change for each in results if each.change is not None)

    @property
    def new_digests(self) -> tuple[tuple[str, bytes], ...]:
        """Returns pairs of an employee and the new digest of a row that changes nothing."""
        return tuple(each.new_digest for each in self.results if each.new_digest is not None)

    @property
    def counts(self) -> Counts:
        """Returns the counts of the run."""
        outcomes = Counter(result.outcome for result in self.results)
        outcomes[RowOutcome.UNCHANGED] += self.recognised
        return Counts(
            rows=len(self.results) + self.recognised,
            absent=len(self.absent),
            events=sum(len(change.events) for change in self.changes),
            **{outcome.value: outcomes[outcome] for outcome in RowOutcome},
        )

    @property
    def outcome(self) -> Outcome:
        """Returns the outcome of the run."""
        if self.concerns:
            return Outcome.HELD
        applied = any(True for _ in self.changes)
        return Outcome.APPLIED if applied else Outcome.UNCHANGED
