"""What stands from one delivery to the next: the open issues (Q1), and who is absent (Q4)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from adapters.store.recorder import Query, Recorder
from adapters.store.sql import select
from domain.company_runs.open_issues import OpenIssue
from domain.issues.issue_type import Severity
from projections import absence, open_issues
from projections.absence import AbsentRow
from projections.answers.issues import IssueFilter
from projections.open_issues import OpenIssueRow

_EVERY = select(open_issues.TABLE)
_OPEN = f"{_EVERY} WHERE company = ?"
_PASSING = f"{_OPEN} AND lasting = 0"
_ERRORS = """
    SELECT company, code, count(*) FROM open_issues WHERE severity = 'error'
    GROUP BY company, code ORDER BY company, code
"""
_ABSENT = f"{select(absence.TABLE)} WHERE company = ?"
_SEVERITIES = tuple(Severity)


class Standing:
    """Asks for open issues and for absent employees. Each method asks one state of the database."""

    def __init__(self, database: Recorder) -> None:
        self._database = database

    def open_issues(self, company: str, *, passing: bool = False) -> Mapping[str, OpenIssue]:
        """Returns the open issues of a company by key.

        With `passing`, lasting issues are left out.
        """
        with self._database.reading() as query:
            rows = query(_PASSING if passing else _OPEN, (company,))
        found = (OpenIssueRow(*row) for row in rows)
        return {row.key: open_issues.load(row) for row in found}

    def every_open_issue(self, asked: IssueFilter) -> list[tuple[str, OpenIssue]]:
        """Returns the open issues that are asked for, each with its company.

        Errors come first, the latest issues of each severity first, and then the issues of each
        company by code, file and line.
        """
        conditions = {
            "company = ?": asked.company,
            "code = ?": asked.code,
            "severity = ?": asked.severity and asked.severity.value,
            "since >= ?": asked.since and asked.since.isoformat(),
            "since < ?": asked.until and asked.until.isoformat(),
        }
        given = {text: value for text, value in conditions.items() if value is not None}
        where = f"WHERE {' AND '.join(given)}" if given else ""
        with self._database.reading() as query:
            rows = query(f"{_EVERY} {where}", tuple(given.values()))
        found = [(row.company, open_issues.load(row)) for row in map(OpenIssueRow._make, rows)]
        found.sort(key=_by_place)
        found.sort(key=lambda each: each[1].since, reverse=True)
        found.sort(key=lambda each: _SEVERITIES.index(each[1].issue.severity))
        return found

    def open_errors(self) -> Mapping[str, Mapping[str, int]]:
        """Returns the number of open errors of each code, by company."""
        found: defaultdict[str, dict[str, int]] = defaultdict(dict)
        with self._database.reading() as query:
            for company, code, count in query(_ERRORS):
                found[company][code] = count
        return found

    def absent(self, company: str) -> Mapping[str, AbsentRow]:
        """Returns the absent employees of a company by id."""
        with self._database.reading() as query:
            return absent_of(query, company)


def absent_of(query: Query, company: str) -> Mapping[str, AbsentRow]:
    """Returns the absent employees of a company by id."""
    rows = (AbsentRow(*row) for row in query(_ABSENT, (company,)))
    return {row.employee: row for row in rows}


def _by_place(found: tuple[str, OpenIssue]) -> tuple[str, str, str, int, str]:
    company, each = found
    issue = each.issue
    return company, issue.code, issue.file or "", issue.line or 0, each.key
