"""Runs and what they said: one row a run, made from its event, and the issues beside it.

Issues are written once, with their run, and are not rebuilt from events.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

import msgspec

from domain.issues import Issue, Severity
from domain.private import Private
from domain.run import CompanyStream, Counts, FileInfo, Outcome, RunEnded, RunKind

TABLES = (
    """
    CREATE TABLE companies (
        company TEXT NOT NULL PRIMARY KEY,
        version INTEGER NOT NULL,
        state {bytes} NOT NULL
    ) {clustered}
    """,
    """
    CREATE TABLE runs (
        run TEXT NOT NULL PRIMARY KEY,
        company TEXT NOT NULL,
        version INTEGER NOT NULL,
        event {bytes} NOT NULL
    ) {clustered}
    """,
    "CREATE INDEX runs_company ON runs (company, version)",
    """
    CREATE TABLE issues (
        run TEXT NOT NULL,
        number INTEGER NOT NULL,
        issue {bytes} NOT NULL,
        PRIMARY KEY (run, number)
    ) {clustered}
    """,
)

STREAM = "SELECT state FROM companies WHERE company = ?"
PUT_STREAM = """
    INSERT INTO companies (company, version, state) VALUES (?, ?, ?)
    ON CONFLICT (company) DO UPDATE SET version = excluded.version, state = excluded.state
"""
PUT_RUN = "INSERT INTO runs (run, company, version, event) VALUES (?, ?, ?, ?)"
PUT_ISSUE = "INSERT INTO issues (run, number, issue) VALUES (?, ?, ?)"
RUN = "SELECT run, event FROM runs WHERE run = ?"
RUNS_FROM_TO = "SELECT run, event FROM runs WHERE run >= ? AND run <= ? ORDER BY run LIMIT 2"
LATEST = "SELECT run, event FROM runs ORDER BY run DESC LIMIT ?"
LATEST_OF_COMPANY = """
    SELECT run, event FROM runs WHERE company = ? ORDER BY version DESC LIMIT ?
"""
ISSUES = "SELECT issue FROM issues WHERE run = ? ORDER BY number"

StreamRow: TypeAlias = tuple[str, int, bytes]
RunRow: TypeAlias = tuple[str, str, int, bytes]
IssueRow: TypeAlias = tuple[str, int, bytes]

_encode = msgspec.json.Encoder().encode
load_stream = msgspec.json.Decoder(CompanyStream).decode
load_run = msgspec.json.Decoder(RunEnded).decode
load_issue = msgspec.json.Decoder(Issue).decode


def step_stream(company: str, stream: CompanyStream) -> StreamRow:
    """The row of a company after one more run."""
    return company, stream.version, _encode(stream)


def step_run(run: UUID, version: int, ended: RunEnded) -> RunRow:
    """The row of a run."""
    return run.hex, ended.company, version, _encode(ended)


def issue_rows(run: UUID, issues: Iterable[Issue]) -> Iterator[IssueRow]:
    """The rows of a run's issues, numbered as they were said."""
    for number, issue in enumerate(issues, 1):
        yield run.hex, number, _encode(issue)


class IssueDocument(Private, frozen=True):
    """One issue as it is answered."""

    severity: Severity
    code: str
    file: str | None
    line: int | None
    email: str | None
    field: str | None
    value: str | None
    message: str


class RunDocument(Private, frozen=True):
    """One run as `import`, `clock` and `run` answer."""

    run: UUID | None
    company: str
    kind: RunKind
    slot: datetime | None
    outcome: Outcome
    started: datetime
    finished: datetime
    by: str
    reason: str | None
    files: tuple[FileInfo, ...]
    counts: Counts
    issues: tuple[IssueDocument, ...]


def document(run: UUID | None, ended: RunEnded, issues: Iterable[Issue]) -> RunDocument:
    """What is told of a run; `run` is `None` for one that only could be."""
    return RunDocument(
        run=run,
        company=ended.company,
        kind=ended.run_kind,
        slot=ended.slot,
        outcome=ended.outcome,
        started=ended.started,
        finished=ended.finished,
        by=ended.by,
        reason=ended.reason,
        files=ended.files,
        counts=ended.counts,
        issues=tuple(_issue_document(issue) for issue in issues),
    )


def _issue_document(issue: Issue) -> IssueDocument:
    return IssueDocument(
        severity=issue.severity,
        code=issue.code,
        file=issue.file,
        line=issue.line,
        email=issue.email,
        field=issue.field,
        value=issue.value,
        message=issue.message,
    )
