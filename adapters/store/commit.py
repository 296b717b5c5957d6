"""One commit: the runs that end in one transaction, and everything that is written with them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from domain.company_runs.events import FileInfo, RunEnded, RunRecord
from domain.company_runs.state import CompanyState, evolve
from domain.employee.change import Change
from domain.employee.events import EmployeeEvent
from domain.envelope import RecordedEvent
from domain.ids import company_stream_id
from domain.issues.issue import Issue
from domain.privacy import Redacted
from projections import roster, run_changes, runs
from projections.tables import Operation, Write


class HeldFile(Redacted, frozen=True):
    """A file of a delivery that waits: how it was recorded, and its bytes as received."""

    info: FileInfo
    data: bytes


class Commit(Redacted, frozen=True):
    """Runs of one company that are stored whole or not at all (R1), planned from `state`.

    `runs` are in the order in which they ended; everything else belongs to the last one. `held` are
    the files that wait with it (B2).
    """

    runs: tuple[RunRecord, ...]
    state: CompanyState
    changes: Sequence[Change] = ()
    new_digests: Sequence[tuple[str, bytes]] = ()
    issues: Sequence[Issue] = ()
    held: Sequence[HeldFile] = ()

    @property
    def ended(self) -> RunRecord:
        """The run that was asked for."""
        return self.runs[-1]


def events_of(commit: Commit) -> Iterator[RecordedEvent[RunEnded | EmployeeEvent]]:
    """The events to be stored: those of the runs first, which are lock and guard for the others
    (R4)."""
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
    """What the commit changes in the projections and beside them."""
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
    yield Write(Operation.INSERT, runs.ISSUES, runs.issue_rows(run, commit.issues))
    yield Write(Operation.INSERT, run_changes.TABLE, run_changes.rows(run, commit.changes))
    yield Write(Operation.INSERT, roster.TABLE, _roster_rows(commit, known=False))
    yield Write(Operation.UPSERT, roster.TABLE, _roster_rows(commit, known=True))
    yield roster.digests_write(company, commit.new_digests)


def _roster_rows(commit: Commit, *, known: bool) -> Iterator[roster.RosterRow]:
    """The rows of those who were known before the run, or of those who were not."""
    for change in commit.changes:
        if (change.before is not None) == known:
            yield roster.row(commit.ended.ended.company, change.after, change.digest)
