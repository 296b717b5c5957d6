"""Runs and their issues: one row for each run, made from its event, and one for each issue.

Issues are written once, with their run. No event holds them, so they cannot be rebuilt.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import chain, repeat
from typing import NamedTuple
from uuid import UUID

import msgspec

from domain.company_runs.events import FileInfo, RunEnded, RunKind
from domain.company_runs.state import CompanyState
from domain.issues.issue import Issue
from domain.issues.issue_type import Severity
from domain.outcome import Counts, Outcome
from domain.privacy import Redacted
from projections.tables import Index, Table


class CompanyRow(NamedTuple):
    """The row of a company: its state, and the id of the run that it holds."""

    company: str
    version: int
    held: str | None
    state: bytes


class RunRow(NamedTuple):
    """The row of a run: its place in the company's stream, and the id of the run that it ends."""

    run: str
    company: str
    version: int
    ends: str | None
    event: bytes


class IssueRow(NamedTuple):
    """The row of an issue. The issues of a run are numbered from 1.

    `since` is the moment, in ISO 8601, since when the issue was open before the run said it, or
    `None` if the run said it first (Q1).
    """

    run: str
    number: int
    issue: bytes
    since: str | None


class HeldRow(NamedTuple):
    """The row of a file that a run holds. The files of a run are numbered from 1."""

    run: str
    number: int
    file: bytes
    content: bytes


COMPANIES = Table(
    "companies", CompanyRow, key=("company",), indexes=(Index(("held",), filled="held"),)
)
RUNS = Table(
    "runs",
    RunRow,
    key=("run",),
    indexes=(Index(("company", "version")), Index(("ends",), filled="ends")),
)
ISSUES = Table("issues", IssueRow, key=("run", "number"))
HELD = Table("held", HeldRow, key=("run", "number"))

_encode = msgspec.json.Encoder().encode
load_state = msgspec.json.Decoder(CompanyState).decode
load_run = msgspec.json.Decoder(RunEnded).decode
load_issue = msgspec.json.Decoder(Issue).decode
load_file = msgspec.json.Decoder(FileInfo).decode


def dump_issue(issue: Issue) -> bytes:
    """Returns an issue as a row holds it."""
    return _encode(issue)


def dump_file(file: FileInfo) -> bytes:
    """Returns the facts of a file as a row holds them."""
    return _encode(file)


def company_row(company: str, state: CompanyState) -> CompanyRow:
    """Returns the row of a company in this state."""
    held = state.held.run.hex if state.held else None
    return CompanyRow(company, state.version, held, _encode(state))


def run_row(run: UUID, version: int, ended: RunEnded) -> RunRow:
    """Returns the row of a run."""
    ends = ended.ends.hex if ended.ends else None
    return RunRow(run.hex, ended.company, version, ends, _encode(ended))


class SaidIssue(Redacted, frozen=True):
    """An issue as a run said it: since when it is open, and whether the run opened it (Q1)."""

    issue: Issue
    since: datetime
    new: bool


def said_issues(
    ended: RunEnded, issues: Sequence[Issue], since: Sequence[datetime | None] = ()
) -> list[SaidIssue]:
    """Returns the issues of a run as the run said them.

    `since` has the moment since when each of them was open before. It is `None`, or missing, for an
    issue that is new.
    """
    moments = chain(since, repeat(None))
    return [
        SaidIssue(issue, moment or ended.finished, moment is None)
        for issue, moment in zip(issues, moments, strict=False)
    ]


def issue_rows(
    run: UUID, issues: Iterable[Issue], since: Iterable[datetime | None] = ()
) -> Iterator[IssueRow]:
    """Yields the rows of a run's issues, in their order. `since` is as in `said_issues`."""
    moments = chain(since, repeat(None))
    for number, (issue, moment) in enumerate(zip(issues, moments, strict=False), 1):
        yield IssueRow(run.hex, number, dump_issue(issue), moment.isoformat() if moment else None)


def held_rows(run: UUID, files: Iterable[tuple[FileInfo, bytes]]) -> Iterator[HeldRow]:
    """Yields the rows of a held delivery's files, in their order."""
    for number, (file, content) in enumerate(files, 1):
        yield HeldRow(run.hex, number, dump_file(file), content)


class IssueDocument(Redacted, frozen=True):
    """One issue, as the commands answer with it.

    The issue is open since the moment `since`. `new` tells whether the run opened it (Q1).
    """

    severity: Severity
    code: str
    file: str | None
    line: int | None
    email: str | None
    field: str | None
    value: str | None
    message: str
    since: datetime
    new: bool


class RunDocument(Redacted, frozen=True):
    """One run, as the commands answer with it.

    `run` is its id, or `None` for a preview. `ends` is the held run that this run ended, and
    `ended_by` the run that ended this one. `by` is the author that the login `login` named.
    """

    run: UUID | None
    company: str
    kind: RunKind
    slot: datetime | None
    outcome: Outcome
    started: datetime
    finished: datetime
    by: str
    login: str | None
    reason: str | None
    files: tuple[FileInfo, ...]
    counts: Counts
    issues: tuple[IssueDocument, ...]
    ends: UUID | None
    ended_by: UUID | None

    @property
    def waits(self) -> bool:
        """Whether the run holds a delivery about which somebody has to decide (B2)."""
        return self.outcome is Outcome.HELD and self.run is not None and self.ended_by is None


def document(
    run: UUID | None, ended: RunEnded, issues: Iterable[SaidIssue], ended_by: UUID | None = None
) -> RunDocument:
    """Returns the document of a run. `run` is `None` for a run that is not stored."""
    return RunDocument(
        run=run,
        company=ended.company,
        kind=ended.run_kind,
        slot=ended.slot,
        outcome=ended.outcome,
        started=ended.started,
        finished=ended.finished,
        by=ended.by,
        login=ended.login,
        reason=ended.reason,
        files=ended.files,
        counts=ended.counts,
        issues=tuple(issue_document(issue) for issue in issues),
        ends=ended.ends,
        ended_by=ended_by,
    )


def issue_document(said: SaidIssue) -> IssueDocument:
    """Returns the document of an issue that a run said."""
    issue = said.issue
    return IssueDocument(
        severity=issue.severity,
        code=issue.code,
        file=issue.file,
        line=issue.line,
        email=issue.email,
        field=issue.field,
        value=issue.value,
        message=issue.message,
        since=said.since,
        new=said.new,
    )
