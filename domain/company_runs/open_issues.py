"""The open issues of a company: what its deliveries say again, until it is mended (Q1)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from datetime import datetime
from uuid import UUID

from domain.company_runs.events import RunEnded, RunKind, RunRecord
from domain.issues.identity import issue_key, person_of
from domain.issues.issue import Issue
from domain.outcome import Outcome
from domain.privacy import Redacted


class OpenIssue(Redacted, frozen=True):
    """An open issue. A run said it first at the moment `since`.

    A `lasting` issue was said by the last applied delivery that could say it, so a delivery that is
    recognised says it again (D8). `run` said the issue at `last`. Both are `None` for a lasting
    issue that the last full delivery said: the company's state tells its run and its moment.
    """

    key: str
    issue: Issue
    lasting: bool
    since: datetime
    run: UUID | None = None
    last: datetime | None = None


class OpenIssueChanges(Redacted, frozen=True):
    """What a run changes about the open issues of its company.

    `since` has one moment for each issue of the run: since when the issue was open before, or
    `None` if it is new. `opened` are the new issues, `changed` are the known issues that are stored
    again, and `closed` has the keys of the issues that are no longer open.
    """

    since: tuple[datetime | None, ...] = ()
    opened: tuple[OpenIssue, ...] = ()
    changed: tuple[OpenIssue, ...] = ()
    closed: tuple[str, ...] = ()


def says_issues(ended: RunEnded) -> bool:
    """Returns whether a run is about a delivery, so that its issues are open issues (Q1).

    An approval that fails says nothing about the delivery.
    """
    if ended.is_about_map:
        return False
    approves = ended.run_kind is RunKind.APPROVE and ended.outcome is not Outcome.FAILED
    return approves or ended.run_kind is RunKind.IMPORT


def says_everything(ended: RunEnded) -> bool:
    """Returns whether exactly the issues of a run are open after it, whatever was open before."""
    reads = says_issues(ended) and ended.is_applied and ended.issues_of is None
    return reads and not ended.is_partial


def change_open_issues(
    known: Mapping[str, OpenIssue], record: RunRecord, issues: Iterable[Issue]
) -> OpenIssueChanges:
    """Returns what a run that says `issues` changes about the `known` open issues (Q1).

    Only a delivery that is applied, or that changes nothing, closes issues: those that it no longer
    says. A recognised delivery says all lasting issues again (D8). For a partial delivery, the
    event of the run names the issues that are closed (D12).
    """
    ended, issues = record.ended, tuple(issues)
    if not says_issues(ended):
        return OpenIssueChanges(tuple(None for _ in issues))
    keys = [issue_key(issue) for issue in issues]
    said: dict[str, OpenIssue] = {}
    for key, issue in zip(keys, issues, strict=True):
        said.setdefault(key, _said(known.get(key), key, issue, record))
    return OpenIssueChanges(
        since=tuple(known[key].since if key in known else None for key in keys),
        opened=tuple(each for key, each in said.items() if key not in known),
        changed=tuple(each for key, each in said.items() if known.get(key, each) != each),
        closed=_closed(known, said.keys(), ended),
    )


def after_changes(
    known: Mapping[str, OpenIssue], changes: OpenIssueChanges
) -> Mapping[str, OpenIssue]:
    """Returns the open issues after the changes of a run, by key."""
    closed = set(changes.closed)
    kept = {key: each for key, each in known.items() if key not in closed}
    return kept | {each.key: each for each in (*changes.opened, *changes.changed)}


def closed_by_partial(
    known: Mapping[str, OpenIssue], issues: Iterable[Issue], people: Set[str]
) -> tuple[str, ...]:
    """Returns the keys of the issues that an applied partial delivery closes (D12).

    These are the issues that it no longer says, about `people`, whose rows it has, and about
    nobody. `people` are addresses in the form in which addresses are compared, and external ids.
    """
    said = {issue_key(issue) for issue in issues}
    concerned = {None, *people}
    return tuple(
        key for key, each in known.items() if key not in said and person_of(each.issue) in concerned
    )


def _said(before: OpenIssue | None, key: str, issue: Issue, record: RunRecord) -> OpenIssue:
    ended = record.ended
    if ended.is_applied:
        lasting = issue.lasting or issue.rejects
    else:
        lasting = before is not None and before.lasting
    since = ended.finished if before is None else before.since
    if lasting and says_everything(ended):
        return OpenIssue(key, issue, lasting, since)
    return OpenIssue(key, issue, lasting, since, record.run, ended.finished)


def _closed(known: Mapping[str, OpenIssue], said: Set[str], ended: RunEnded) -> tuple[str, ...]:
    if not ended.is_applied:
        return ()
    if ended.is_partial and ended.issues_of is None:
        return ended.closes
    return tuple(key for key, each in known.items() if key not in said and _ends(each, ended))


def _ends(issue: OpenIssue, ended: RunEnded) -> bool:
    """Returns whether a full or a recognised delivery that does not say an issue closes it."""
    if ended.issues_of is None:
        return True
    # What is said only once ends, unless it is about somebody who is not in a partial delivery.
    return not issue.lasting and (not ended.is_partial or issue.run == ended.issues_of)
