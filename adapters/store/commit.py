"""One commit: the runs of one transaction, and everything that is stored with them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set

from adapters.store.files import StoredFile
from domain.company_runs.events import RunEnded, RunRecord
from domain.company_runs.open_issues import OpenIssueChanges, change_open_issues
from domain.company_runs.state import CompanyState, evolve
from domain.employee.change import Change
from domain.employee.events import EmployeeEvent
from domain.envelope import RecordedEvent
from domain.ids import company_stream_id
from domain.issues.issue import Issue
from domain.privacy import Redacted
from projections import absence, kept, notices, open_issues, recent, roster, run_changes, runs
from projections.tables import Operation, Write


class Commit(Redacted, frozen=True):
    """Runs of one company that are stored together or not at all (R1), planned from `state`.

    `runs` stand in the order in which they ended. All other fields belong to the last run. `held`
    has the files of the delivery that the last run holds (B2). `kept` has the files that were kept
    until this run is stored, and are deleted with it. `notices` are deleted when somebody was
    told of the run. `open_issues` is what the last run changes about the open issues. Without it,
    no issue was open before. `people` are those in an applied partial delivery (D12), and
    `absent` the ids of the employees that an applied full delivery does not mention (Q4).
    """

    runs: tuple[RunRecord, ...]
    state: CompanyState
    changes: Sequence[Change] = ()
    new_digests: Sequence[tuple[str, bytes]] = ()
    issues: Sequence[Issue] = ()
    held: Sequence[StoredFile] = ()
    kept: Sequence[kept.Key] = ()
    notices: Sequence[notices.NoticeRow] = ()
    open_issues: OpenIssueChanges | None = None
    people: Set[str] | None = None
    absent: Set[str] | None = None

    @property
    def changed_issues(self) -> OpenIssueChanges:
        """What the last run changes about the open issues."""
        return self.open_issues or change_open_issues({}, self.ended, self.issues)

    @property
    def ended(self) -> RunRecord:
        """The last run: the run that the caller asked for."""
        return self.runs[-1]

    @property
    def size(self) -> int:
        """The number of rows that are stored, without the few that every run has."""
        events = sum(len(change.events) for change in self.changes)
        return events + len(self.changes) + len(self.new_digests) + len(self.issues)


def events_of(commit: Commit) -> Iterator[RecordedEvent[RunEnded | EmployeeEvent]]:
    """Yields the events to store.

    The events of the runs come first. To insert them locks the company's stream, and fails if
    another run was stored since `state` (R4).
    """
    for version, record in enumerate(commit.runs, commit.state.version + 1):
        yield RecordedEvent(
            originator_id=company_stream_id(record.ended.company),
            originator_version=version,
            event=record.ended,
            run=record.run,
            effective=record.ended.finished,
            recorded=record.ended.finished,
        )
    for change in commit.changes:
        yield from change.events


def writes_of(commit: Commit) -> Iterator[Write]:
    """Yields what the commit writes into the projections and the other tables."""
    run, company, state = commit.ended.run, commit.ended.ended.company, commit.state
    for record in commit.runs:
        state = evolve(state, record.run, record.ended)
        row = runs.run_row(record.run, state.version, record.ended)
        yield Write(Operation.INSERT, runs.RUNS, [row])
        if record.ended.ends is not None:
            yield Write(Operation.DELETE, runs.HELD, [(record.ended.ends.hex,)], ("run",))
    yield Write(Operation.UPSERT, runs.COMPANIES, [runs.company_row(company, state)])
    held = runs.held_rows(run, ((file.info, file.data) for file in commit.held))
    yield Write(Operation.INSERT, runs.HELD, held)
    yield kept.forget_write(commit.kept)
    yield Write(Operation.INSERT, notices.TABLE, commit.notices)
    changes = commit.changed_issues
    yield Write(Operation.INSERT, runs.ISSUES, runs.issue_rows(run, commit.issues, changes.since))
    yield from open_issues.writes(company, changes)
    yield from absence.writes(state, commit.ended.ended)
    yield Write(Operation.INSERT, run_changes.TABLE, run_changes.rows(run, commit.changes))
    yield Write(Operation.INSERT, roster.TABLE, _roster_rows(commit, known=False))
    yield Write(Operation.UPSERT, roster.TABLE, _roster_rows(commit, known=True))
    yield roster.digests_write(company, commit.new_digests)
    yield from recent.writes(commit.state, state, commit.ended.ended, commit.changes)


def _roster_rows(commit: Commit, *, known: bool) -> Iterator[roster.RosterRow]:
    """Yields the roster rows of changed employees: of the known ones, or of the new ones."""
    for change in commit.changes:
        if (change.before is not None) == known:
            yield roster.row(commit.ended.ended.company, change.after, change.digest)
