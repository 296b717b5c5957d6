"""Compares the open issues (Q1) and the absent employees (Q4) with what the runs make of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence, Set
from typing import Any
from uuid import UUID

from adapters.store.integrity.replay import Replay
from adapters.store.readable import read_or_none
from adapters.store.sql import every
from projections import absence, open_issues, runs
from projections.answers.integrity import Problem, problem
from projections.open_issues import OpenIssueRow
from projections.tables import Table


def standing_problems(replay: Replay, lacking: Set[UUID]) -> Iterator[Problem]:
    """Yields a problem for each company whose rows differ, or that has rows and no runs.

    The open issues of a company whose runs are `lacking` issues are not compared: they may be all
    that is left.
    """
    known = replay.companies.runs
    unsound = {known[run].company for run in lacking if run in known}
    issues, absent = _by_company(replay, open_issues.TABLE), _by_company(replay, absence.TABLE)
    for company, expected in replay.standing():
        found = issues.pop(company, [])
        if company not in unsound and not _are_same(found, expected.open_issues):
            yield problem("open-issues-differ", company=company)
        if set(absent.pop(company, [])) != set(expected.absent):
            yield problem("absence-differs", company=company)
    for kind, rest in (("open-issues-differ", issues), ("absence-differs", absent)):
        yield from (
            problem(kind, company=company)
            for company in map(str, rest)
            if not replay.companies.is_damaged(company)
        )


def _by_company(replay: Replay, table: Table[Any]) -> dict[str, list[Any]]:
    rows: defaultdict[str, list[Any]] = defaultdict(list)
    for row in every(replay.query, table):
        rows[row.company].append(row)
    return rows


def _are_same(rows: list[OpenIssueRow], expected: Sequence[OpenIssueRow]) -> bool:
    by_key = {row.key: row for row in rows}
    return len(rows) == len(expected) and all(
        _is_same(by_key.get(each.key), each) for each in expected
    )


def _is_same(row: OpenIssueRow | None, expected: OpenIssueRow) -> bool:
    """Returns whether a row is as expected. A later release may write an issue in other bytes."""
    if row is None or row._replace(issue=expected.issue) != expected:
        return False
    return read_or_none(runs.load_issue, row.issue) == runs.load_issue(expected.issue)
