"""Which runs bring news that somebody is told (Q2)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from domain.company_runs.events import FileInfo, RunEnded, RunKind, RunRecord, map_key
from domain.company_runs.news import news_of
from domain.company_runs.state import CompanyState, evolve
from domain.ids import run_id
from domain.issues.issue import make_issue
from domain.outcome import Counts, Outcome
from tests.given import NOW

FILE = FileInfo("alleo_employees.csv", 10, NOW, "0" * 64)
ERROR, WARNING = make_issue("no-rows"), make_issue("no-file", pattern="*.csv")


def ended(outcome: str, kind: RunKind = RunKind.IMPORT, **more: Any) -> RunEnded:
    """A run that ended so."""
    return RunEnded(
        company="acme",
        run_kind=kind,
        outcome=Outcome(outcome),
        started=NOW,
        finished=NOW,
        by="tester",
        files=(FILE,),
        **more,
    )


def reasons(*runs: RunEnded, opened: Sequence[Any] = ()) -> tuple[str, ...]:
    """The reasons that the last of the runs brings."""
    state = CompanyState()
    records = [RunRecord(run_id(number, 1), each) for number, each in enumerate(runs, 1)]
    for record in records[:-1]:
        state = evolve(state, record.run, record.ended)
    return news_of(state, records[-1:], opened).reasons


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        ("applied", "failed", ("failed", "feed")),
        ("failed", "failed", ()),
        ("failed", "applied", ("applied", "feed")),
        ("applied", "no-file", ("no-file", "feed")),
        ("no-file", "no-file", ()),
        ("no-file", "refused", ("refused",)),
        ("refused", "refused", ()),
        ("refused", "held", ("held",)),
        ("applied", "held", ("held", "feed")),
        ("held", "held", ("held",)),
        ("applied", "unchanged", ("unchanged",)),
    ],
)
def test_a_feed_that_is_merely_still_bad_is_no_news(
    before: str, now: str, expected: tuple[str, ...]
) -> None:
    """Q2: It is news when a feed turns bad or is well again, and when a delivery is held. A feed
    that is still bad in the same way is no news.
    """
    # when / then
    assert reasons(ended(before), ended(now)) == expected


def test_an_error_that_opens_is_news_and_a_warning_is_not() -> None:
    """Q2: An issue of severity error that opens is news. Warnings are not, and neither is an error
    that was open before.
    """
    # given
    before, run = ended("applied"), ended("applied", counts=Counts(rows=9, rejected=1))

    # when / then
    assert reasons(before, run, opened=(ERROR,)) == ("applied", "error", "rejected")
    assert reasons(before, run, opened=(WARNING,)) == ("applied",)
    assert reasons(before, run) == ("applied",)


@pytest.mark.parametrize("kind", [RunKind.CLOCK, RunKind.SUPPORT, RunKind.APPROVE])
def test_other_runs_that_fail_are_news_each_time(kind: RunKind) -> None:
    """Q2: Only imports say how the feed is: any other run that fails is news, also after others."""
    # when / then
    assert reasons(ended("failed"), ended("failed", kind)) == ("failed",)


def test_rejected_lines_of_a_map_are_news_each_time() -> None:
    """Q2, S12: The errors of a map of external ids are no open issues, so each map is news."""
    # given
    run = ended(
        "applied", RunKind.REKEY, delivery=map_key("a" * 64), counts=Counts(rows=2, rejected=1)
    )

    # when / then
    assert reasons(run, run) == ("applied", "rejected")
