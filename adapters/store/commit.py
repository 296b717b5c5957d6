"""One run to be stored, and everything that is written with it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from uuid import UUID

from domain.events import Recorded
from domain.ids import company_stream_id
from domain.issues import Issue
from domain.plan import Change
from domain.private import Private
from domain.run import CompanyStream, FileInfo, RunEnded
from projections import audit, roster, runs
from projections.tables import Way, Write


class RunRecord(Private, frozen=True):
    """A run that ended, with its id, and that of the run that ended it if it was held."""

    run: UUID
    ended: RunEnded
    ended_by: UUID | None = None


class HeldFile(Private, frozen=True):
    """A file of a delivery that waits: how it was recorded, and its bytes as received."""

    info: FileInfo
    data: bytes


class Commit(Private, frozen=True):
    """One run to be stored whole or not at all (R1): planned from `stream`.

    `first` is a run that ends in the same transaction before it (B3), and `held` are the files
    that wait with it (B2).
    """

    run: UUID
    ended: RunEnded
    stream: CompanyStream
    changes: Sequence[Change] = ()
    remembered: Sequence[tuple[str, bytes]] = ()
    issues: Sequence[Issue] = ()
    held: Sequence[HeldFile] = ()
    first: RunRecord | None = None

    @property
    def runs(self) -> list[RunRecord]:
        """Every run that ends with it, in order."""
        own = RunRecord(self.run, self.ended)
        return [own] if self.first is None else [self.first, own]


def events_of(commit: Commit) -> Iterator[Recorded]:
    """The run's own event first: it is lock and guard for the others (R4)."""
    for version, record in enumerate(commit.runs, commit.stream.version + 1):
        yield Recorded(
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
    """What the run changes in the projections and beside them."""
    company, stream = commit.ended.company, commit.stream
    for record in commit.runs:
        stream = stream.after(record.run, record.ended)
        row = runs.step_run(record.run, stream.version, record.ended)
        yield Write(Way.INSERT, runs.RUNS, [row])
        if record.ended.ends is not None:
            yield Write(Way.DELETE, runs.HELD, [(record.ended.ends.hex,)], ("run",))
    yield Write(Way.PUT, runs.COMPANIES, [runs.step_stream(company, stream)])
    held = runs.held_rows(commit.run, ((file.info, file.data) for file in commit.held))
    yield Write(Way.INSERT, runs.HELD, held)
    yield Write(Way.INSERT, runs.ISSUES, runs.issue_rows(commit.run, commit.issues))
    yield Write(Way.INSERT, audit.TABLE, audit.step(commit.run, commit.changes))
    yield Write(Way.INSERT, roster.TABLE, _roster_rows(commit, known=False))
    yield Write(Way.PUT, roster.TABLE, _roster_rows(commit, known=True))
    yield roster.remember(company, commit.remembered)


def _roster_rows(commit: Commit, *, known: bool) -> Iterator[roster.RosterRow]:
    """The rows of those who were known before the run, or of those who were not."""
    for change in commit.changes:
        if (change.before is not None) == known:
            yield roster.step(commit.ended.company, change.after, change.digest)
