"""The plan: everything that an import would do, as one value.

`preview` prints the plan and `import` commits it. Counts and outcome follow from the plan and are
never kept beside it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from enum import StrEnum

from domain.employee.aggregate import Employee
from domain.employee.change import Change
from domain.issues.issue import Issue
from domain.outcome import Counts, Outcome
from domain.privacy import Redacted


class RowOutcome(StrEnum):
    """What became of a row; every row has exactly one outcome."""

    REGISTERED = "registered"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    REJECTED = "rejected"
    SKIPPED = "skipped"


class RowResult(Redacted, frozen=True):
    """One row, what became of it, and what is said of it."""

    file: str
    line: int
    position: int
    email: str
    outcome: RowOutcome
    issues: tuple[Issue, ...] = ()
    employee: Employee | None = None
    """The known employee that the row means; `None` for somebody new, and where nobody knows."""
    change: Change | None = None
    new_digest: tuple[str, bytes] | None = None
    """An employee, and the digest that recognises the row although the row changed nothing."""


class Plan(Redacted, frozen=True):
    """What an import would do.

    `results` are in the order of rows. `recognised` counts the rows that were recognised by their
    digest alone, which are unchanged. `file_issues` are about files and not about rows. `concerns`
    are what the safeguard has against the plan (B1): while there are any, the delivery is held.
    """

    results: tuple[RowResult, ...]
    recognised: int
    absent: int
    file_issues: tuple[Issue, ...] = ()
    concerns: tuple[Issue, ...] = ()

    @property
    def issues(self) -> tuple[Issue, ...]:
        """Everything that is said of files and rows, in their order."""
        return (*self.file_issues, *(issue for each in self.results for issue in each.issues))

    @property
    def changes(self) -> Iterator[Change]:
        """The change of every employee, in the order of rows."""
        return (each.change for each in self.results if each.change is not None)

    @property
    def new_digests(self) -> tuple[tuple[str, bytes], ...]:
        """Digests of rows that changed nothing, by employee."""
        return tuple(each.new_digest for each in self.results if each.new_digest is not None)

    @property
    def counts(self) -> Counts:
        """What the run would count."""
        outcomes = Counter(result.outcome for result in self.results)
        outcomes[RowOutcome.UNCHANGED] += self.recognised
        return Counts(
            rows=len(self.results) + self.recognised,
            absent=self.absent,
            events=sum(len(change.events) for change in self.changes),
            **{outcome.value: outcomes[outcome] for outcome in RowOutcome},
        )

    @property
    def outcome(self) -> Outcome:
        """How the run would end."""
        if self.concerns:
            return Outcome.HELD
        applied = any(True for _ in self.changes)
        return Outcome.APPLIED if applied else Outcome.UNCHANGED
