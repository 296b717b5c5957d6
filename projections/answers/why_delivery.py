"""What the last delivery did about one person, and why it changed nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, tzinfo
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from domain.company_runs.events import FileInfo, RunKind, RunRecord
from domain.company_runs.feed import Feed, FeedState
from domain.company_runs.state import CompanyState
from domain.employee.aggregate import Employee
from domain.employee.by_absence import ByAbsence
from domain.employee.events import State
from domain.issues.issue_type import Severity
from domain.outcome import Outcome
from domain.privacy import Redacted
from projections.answers.history import Happening
from projections.answers.issues import OpenIssueDocument
from projections.answers.why_values import ValueDocument
from projections.answers.words import in_words, moment_in_words, quoted


class RowFate(StrEnum):
    """What the last delivery that was applied did about one person.

    A partial delivery counts where it changed the person (D12).
    """

    NO_DELIVERY = "no-delivery"
    """No full delivery was applied since the person was registered."""
    REJECTED = "rejected"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    """The row says what is known already, or what does not count."""
    ABSENT = "absent"
    CLOSED = "closed"
    """The account is closed, and no file changes a closed account (L6)."""


class Ignored(Redacted, frozen=True):
    """A value of the file that does not hold, and the sentence that says why not."""

    field: str
    message: str


class DeliveryDocument(Redacted, frozen=True):
    """What the last deliveries did about one person, as `why` answers.

    `run` is the last one that looked for a delivery, with its `outcome`. `applied` is the run that
    last applied a full delivery, at the moment `at`, and `row` is what this did about the person.
    `issues` are the open issues about the person. `held` is the run that holds a delivery.
    """

    run: UUID | None
    outcome: Outcome | None
    files: tuple[FileInfo, ...]
    feed: FeedState
    held: UUID | None
    applied: UUID | None
    at: datetime | None
    row: RowFate
    absent_since: datetime | None
    issues: tuple[OpenIssueDocument, ...]
    ignored: tuple[Ignored, ...]
    messages: tuple[str, ...]


class Deliveries(NamedTuple):
    """What is known of the deliveries of a company, and of one person in them.

    `latest` is the last run that looked for a delivery. `feed` is the health of the feed now.
    """

    state: CompanyState
    latest: RunRecord | None
    feed: Feed
    issues: tuple[OpenIssueDocument, ...]
    absent_since: datetime | None


def explain_delivery(
    deliveries: Deliveries,
    employee: Employee | None,
    happenings: Sequence[Happening],
    values: Sequence[ValueDocument],
    zone: tzinfo = UTC,
) -> DeliveryDocument:
    """Returns what the last deliveries did about one person.

    `values` are the fields that the answer is about. `employee` is `None` for a person without an
    account.
    """
    state, latest = deliveries.state, deliveries.latest
    fate = _fate(deliveries, employee, happenings)
    return DeliveryDocument(
        run=latest.run if latest else None,
        outcome=latest.ended.outcome if latest else None,
        files=latest.ended.files if latest else (),
        feed=deliveries.feed.state,
        held=state.held.run if state.held else None,
        applied=state.last.run if state.last else None,
        at=state.last.at if state.last else None,
        row=fate,
        absent_since=deliveries.absent_since,
        issues=deliveries.issues,
        ignored=tuple(_ignored(values, employee)) if employee else (),
        messages=tuple(_messages(deliveries, fate, zone)),
    )


def _fate(
    deliveries: Deliveries, employee: Employee | None, happenings: Sequence[Happening]
) -> RowFate:
    if any(issue.severity is Severity.ERROR for issue in deliveries.issues):
        return RowFate.REJECTED
    last = deliveries.state.last
    if employee is None or last is None or last.at is None:
        return RowFate.NO_DELIVERY
    if employee.state is State.DEACTIVATED:
        return RowFate.CLOSED
    if deliveries.absent_since is not None:
        return RowFate.ABSENT
    latest = deliveries.latest  # a partial delivery is not the last full one
    runs = {last.run, latest.run if latest is not None else last.run}
    if any(each.entry.run in runs and each.author.line is not None for each in happenings):
        return RowFate.CHANGED
    own = (each.entry.recorded for each in happenings if each.entry.employee == employee.id)
    return RowFate.NO_DELIVERY if min(own, default=last.at) > last.at else RowFate.UNCHANGED


def _messages(deliveries: Deliveries, fate: RowFate, zone: tzinfo) -> Iterator[str]:
    """Yields sentences about the last run, if it applied nothing, and about the person's row."""
    latest, state, feed = deliveries.latest, deliveries.state, deliveries.feed
    if latest is None:
        yield "No delivery was looked for so far."
    elif not latest.ended.is_applied:
        at = moment_in_words(latest.ended.finished, zone)
        yield f"The last pick-up, at {at}, {_AS_WHAT[latest.ended.outcome]}."
    if state.held is not None and (latest is None or latest.run != state.held.run):
        yield "A delivery is held, and nothing of it is applied before somebody decides."
    if feed.state is FeedState.STALE and feed.modified is not None:
        modified = moment_in_words(feed.modified, zone)
        yield f"The feed is stale: the newest file is of {modified}."
    if deliveries.absent_since is not None and fate is not RowFate.REJECTED:
        since = f"{deliveries.absent_since:%Y-%m-%d}"
        yield f"The person has been missing from every full delivery since {since}."
    elif fate is RowFate.CLOSED and not deliveries.issues:
        yield "The account is closed, and no file changes a closed account."
    elif fate in _OF_ROW:
        row = "The row of the person"
        if latest is not None and not latest.ended.is_applied:
            row = f"{row} in the last applied delivery"
        yield f"{row} {_OF_ROW[fate]}"


_AS_WHAT = {
    Outcome.NO_FILE: "found no file",
    Outcome.HELD: "held the delivery: nothing of it is applied before somebody decides",
    Outcome.DISCARDED: "was discarded: nothing of it was applied",
    Outcome.REFUSED: "refused the delivery: nothing of it was applied",
    Outcome.FAILED: "failed: nothing was applied",
    Outcome.APPLIED: "was applied",
    Outcome.UNCHANGED: "changed nothing",
}
_OF_ROW = {
    RowFate.REJECTED: "was rejected, and nothing of it was applied.",
    RowFate.CHANGED: "changed what the events above say.",
    RowFate.UNCHANGED: "changed nothing new: all it says is known already.",
}


def _ignored(values: Sequence[ValueDocument], employee: Employee) -> Iterator[Ignored]:
    """Yields what the file says of these fields and what does not hold, with the reason."""
    for value in values:
        if value.file is None:
            continue
        field, said, holds = value.field, value.file.value, value.value
        word = in_words(field)
        in_file = f"no {word}" if said is None else f"{quoted(field, said)} as {word}"
        present = "none" if holds is None else quoted(field, holds)
        why = _why_ignored(value, employee)
        yield Ignored(field, f"The file says {in_file}, and {present} holds: {why}.")


def _why_ignored(value: ValueDocument, employee: Employee) -> str:
    if employee.state is State.DEACTIVATED:
        return "no file changes a closed account"
    if value.origin is not None and value.origin.run_kind in (RunKind.SUPPORT, RunKind.REKEY):
        return "what support decided stands until the file says something new"
    if value.field == "onboarding_date":
        return "the first day is fixed once it is known, and support moves it"
    if value.field == "offboarding_date" and employee.by_absence is ByAbsence.LEAVES:
        return "the last deliveries do not have this person"
    if value.field == "offboarding_date" and value.file is not None and value.file.value is None:
        return "a blank does not cancel a last day, and support does"
    return "the file has not said anything new since"
