"""Open issues over the deliveries of a company: what opens, what stays, and what is closed (Q1)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.store.commit import Commit, writes_of
from adapters.store.memory import MemoryDatabase, open_memory
from adapters.store.store import Store
from adapters.use_cases.execute import load_run
from domain.company_runs.open_issues import OpenIssue, after_changes, change_open_issues
from domain.outcome import Outcome
from projections import absence
from projections.open_issues import TABLE
from projections.runs import RunDocument
from projections.tables import Operation, Write
from tests.adapters.days import (
    ANNA,
    BAD_ANNA,
    BAD_BRAM,
    BRAM,
    DORA,
    LEAVER,
    ODD_BRAM,
    ROWS,
    Days,
)
from tests.strategies import examples

LASTING = (ANNA, ODD_BRAM)


@pytest.fixture
def days(store: Store) -> Days:
    """Acme, whose deliveries come day by day."""
    return Days(store)


def said(run: RunDocument) -> list[tuple[str, str | None, bool, int]]:
    """Code, address, whether it is new, and since how many days, of the issues of a run."""
    return [
        (issue.code, issue.email, issue.new, (run.finished - issue.since).days)
        for issue in run.issues
    ]


def opened(days: Days) -> dict[str, OpenIssue]:
    """The open issues of Acme by key."""
    return dict(days.store.standing.open_issues("acme"))


def replayed(store: Store) -> dict[str, OpenIssue]:
    """The open issues that all runs of Acme make, one after the other."""
    known: dict[str, OpenIssue] = {}
    for record in store.runs.every("acme"):
        said = store.runs.said(record)
        own = [] if record.ended.issues_of else [each.issue for each in said]
        known = dict(after_changes(known, change_open_issues(known, record, own)))
    return known


def test_an_issue_that_is_said_again_is_the_same_issue(days: Days) -> None:
    """Q1: An issue that a delivery says again is the same issue: it is open since it was said
    first, and only the run that said it first says that it is new. File and line do not count.
    """
    # given
    first = days.take(BAD_ANNA, BRAM)

    # when
    second = days.take(BRAM, BAD_ANNA)

    # then
    assert said(first) == [("bad-date", "anna@acme.example", True, 0)]
    assert said(second) == [("bad-date", "anna@acme.example", False, 1)]


def test_an_issue_about_another_value_is_another_issue(days: Days) -> None:
    """Q1: Code, person, field and value make an issue one: with another value it is new."""
    # given
    days.take(BAD_ANNA, BRAM)

    # when
    run = days.take(BAD_ANNA.replace("1990", "1991"), BRAM)

    # then
    assert said(run) == [("bad-date", "anna@acme.example", True, 0)]
    assert [each.issue.value for each in opened(days).values()] == ["01-02-1991"]


def test_the_first_applied_delivery_that_no_longer_says_an_issue_closes_it(days: Days) -> None:
    """Q1: An issue is closed by the first applied delivery that no longer says it. When it comes
    back later, it is new.
    """
    # given
    days.take(BAD_ANNA, BRAM)

    # when
    days.take(ANNA, BRAM)

    # then
    assert opened(days) == {}
    assert said(days.take(BAD_ANNA, BRAM, DORA)) == [("bad-date", "anna@acme.example", True, 0)]


def test_a_delivery_that_is_not_applied_closes_nothing(days: Days) -> None:
    """Q1: What is held, refused or failed opens issues, and closes none. Neither does a pick-up
    that finds no file.
    """
    # given
    days.take(BAD_ANNA, BRAM)

    # when
    runs = [days.take(), days.hold(ANNA, BRAM), days.fail(), days.miss()]

    # then
    assert [run.outcome.value for run in runs] == ["refused", "held", "failed", "no-file"]
    found = [each.issue.code for each in opened(days).values()]
    assert sorted(found) == ["bad-date", "cut-off", "no-file", "no-rows", "unreachable"]


def test_an_approval_says_and_closes_what_its_delivery_does(days: Days) -> None:
    """Q1, B2: An approved delivery is applied, so it closes what it no longer says: its own
    concern, too.
    """
    # given
    days.take(BAD_ANNA, BRAM, DORA)
    days.hold(ANNA, BRAM, LEAVER)
    assert {each.issue.code for each in opened(days).values()} == {
        "bad-date",
        "cut-off",
        "short-notice",
    }

    # when
    days.approve()

    # then
    assert [each.issue.code for each in opened(days).values()] == ["short-notice"]


def test_a_recognised_delivery_says_again_what_lasts(days: Days) -> None:
    """Q1, D8: A delivery that is recognised says its lasting issues again, and closes what was said
    only once. Nothing is written for the issues that stay.
    """
    # given
    days.take(ODD_BRAM, LEAVER)
    days.miss()
    assert len(opened(days)) == 3

    # when
    again = days.again()

    # then
    assert again.outcome is Outcome.UNCHANGED
    assert said(again) == [("unknown-group", "bram@acme.example", False, 2)]
    assert [each.issue.code for each in opened(days).values()] == ["unknown-group"]


def test_a_partial_delivery_closes_issues_of_those_whose_rows_it_has(days: Days) -> None:
    """Q1, D12: A partial delivery closes the issues of people whose rows it has, and issues about
    nobody. The issues of other people stay open.
    """
    # given
    days.take(BAD_ANNA, BAD_BRAM)
    days.miss()

    # when
    run = days.take(ANNA, partial=True)

    # then
    assert said(run) == []
    assert [each.issue.email for each in opened(days).values()] == ["bram@acme.example"]
    assert days.store.verify(lambda _: None).problems == ()


def test_a_preview_says_what_would_be_new(days: Days) -> None:
    """Q1: A preview says of each issue since when it is open, and whether an import would open it.
    It changes nothing.
    """
    # given
    days.take(BAD_ANNA, BRAM)
    before = opened(days)

    # when
    preview = days.preview(BAD_ANNA, BAD_BRAM)

    # then
    assert [(issue.email, issue.new) for issue in preview.issues] == [
        ("anna@acme.example", False),
        ("bram@acme.example", True),
    ]
    assert opened(days) == before


def test_a_stored_run_keeps_what_was_new_then(days: Days) -> None:
    """Q1: The document of an earlier run has `since` and `new` as they were at that run."""
    # given
    runs = [days.take(BAD_ANNA, BRAM), days.take(BAD_ANNA, BRAM), days.take(ANNA, BRAM)]

    # when
    found = [load_run(days.app, run.run) for run in runs if run.run]

    # then
    assert [said(run) for run in found] == [said(run) for run in runs]


@pytest.mark.parametrize("again", [lambda days: days.again(), lambda days: days.take(*LASTING)])
def test_an_everyday_delivery_writes_nothing_for_what_stays_so(
    days: Days, again: Callable[[Days], RunDocument], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Q1, Q4: A delivery without news writes no row for an open issue that stays as it is, and none
    for who is absent or there, whether its bytes or its rows are recognised.
    """
    # given
    days.take(ANNA, BRAM, DORA)
    days.take(*LASTING)
    commits: list[Commit] = []
    store_commit = days.store.commit
    monkeypatch.setattr(
        days.store, "commit", lambda commit, *_: (commits.append(commit), store_commit(commit))
    )

    # when
    run = again(days)

    # then
    assert {issue.code for issue in run.issues} == {"unknown-group"}
    (commit,) = commits
    written = {write.table.name for write in writes_of(commit) if list(write.rows)}
    assert written <= {"runs", "companies", "issues"}


@pytest.mark.stores("memory", "sqlite", "postgresql")
def test_a_rebuild_makes_open_issues_and_absence_again(store: Store) -> None:
    """Q1, Q4: Open issues and absent employees that are lost are found by `verify`, and made again
    from the runs by a rebuild.
    """
    # given
    days = Days(store)
    for rows in ((BAD_ANNA, BRAM, DORA), (ANNA, BAD_BRAM), (BAD_BRAM,)):
        days.take(*rows)
    days.miss()
    before = opened(days), days.store.standing.absent("acme")
    lost = [Write(Operation.DELETE_ALL, table, [()]) for table in (TABLE, absence.TABLE)]
    store.events.database.rewrite(lambda _: lost)

    # when
    found = [each.problem for each in store.verify(lambda _: None).problems]
    store.rebuild(lambda _: None)

    # then
    assert found == ["open-issues-differ", "absence-differs"]
    assert (opened(days), days.store.standing.absent("acme")) == before
    assert store.verify(lambda _: None).problems == ()


STEPS = (
    "full",
    "full",
    "again",
    "partial",
    "hold",
    "approve",
    "discard",
    "refused",
    "fail",
    "miss",
)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(STEPS),
            st.lists(st.sampled_from(ROWS), min_size=1, max_size=4, unique_by=lambda row: row[:4]),
        ),
        min_size=1,
        max_size=8,
    )
)
@examples(25)
def test_open_issues_equal_those_of_a_replay(steps: list[tuple[str, list[str]]]) -> None:
    """Q1: After any runs, the open issues are those of a replay of all runs, `verify` finds nothing
    wrong, and a rebuild makes the same rows again.
    """
    # given
    days = Days(open_memory(MemoryDatabase()))

    # when
    for step, rows in steps:
        days.play(step, rows)

    # then
    assert opened(days) == replayed(days.store)
    assert days.store.verify(lambda _: None).problems == ()
    before = opened(days)
    days.store.rebuild(lambda _: None)
    assert opened(days) == before
