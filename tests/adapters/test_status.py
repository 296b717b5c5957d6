"""The questions behind `status`, `find`, `leavers` and `runs`, on every store."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest

from adapters.store.run_queries import RunFilter
from adapters.store.store import Store
from adapters.use_cases.app import App
from adapters.use_cases.import_delivery import import_delivery
from adapters.use_cases.people import search
from adapters.use_cases.status import statuses
from adapters.use_cases.support import support
from domain.employee.commands import ChangeEmail
from domain.employee.support import Request
from tests.adapters.steps import Watch, a_customer, app_of, delivered, person
from tests.given import NOW, day

pytestmark = pytest.mark.stores("memory", "sqlite", "postgresql")

HEADER = "email,first_name,last_name,onboarding_date,offboarding_date,birthday"
STAFF = f"""
    {HEADER}
    anna@acme.example,Anna,Bakker,,2027-03-31,
    bram@acme.example,Bram,Smit,2027-03-20,,
    chris@acme.example,Chris,Smits,2027-03-03,2027-04-01,1-1-1990
    doris@acme.example,Doris,Novak,2020-01-01,2027-03-05,1-1-1990
"""


@pytest.fixture
def app(store: Store, watch: Watch) -> App:
    """Returns Acme after a delivery with two rejected rows."""
    app = app_of(store, watch, a_customer())
    import_delivery(app, app.settings.customers["acme"], "test", delivered(STAFF))
    return app


def test_the_soonest_days_of_rejected_rows_are_known(app: App, watch: Watch) -> None:
    """W9, Q1: The status counts the open errors, and has the soonest first day and last day of the
    rejected rows, until they are long over."""
    # when
    (found,) = statuses(app)

    # then
    assert found.open["error"] == 2
    assert (found.starts, found.leaves) == (day("2027-03-03"), day("2027-03-05"))

    # when
    watch.moment = NOW + timedelta(days=35)
    (later,) = statuses(app)

    # then
    assert (later.starts, later.leaves) == (None, day("2027-03-05"))


def test_runs_are_filtered_by_time_and_outcome(app: App, watch: Watch) -> None:
    """R2: The latest runs can be narrowed to an outcome, and to the time in which they started."""
    # given
    for days in (1, 2, 3):
        watch.moment = NOW + timedelta(days=days)
        import_delivery(app, app.settings.customers["acme"], "test", delivered("x"))
    moments = [NOW + timedelta(days=days) for days in range(5)]

    # when
    refused = app.store.runs.latest(None, 2, RunFilter(outcomes=("refused",)))
    daily = [
        app.store.runs.latest("acme", 9, RunFilter(since=since, until=until))
        for since, until in pairwise(moments)
    ]

    # then
    assert [record.ended.started for record in refused] == [moments[3], moments[2]]
    assert [[record.ended.started for record in runs] for runs in daily] == [
        [each] for each in moments[:4]
    ]
    assert app.store.runs.latest("zenith", 9, RunFilter()) == []


def test_who_waits_is_found_by_days(app: App) -> None:
    """C2: The employees who wait for a first or a last day are found by a range of days."""
    # given
    roster = app.store.roster

    # when / then
    starters = roster.waiting("starts", day("2027-03-20"), day("2027-03-20"))
    assert [(company, each.email) for company, each in starters] == [("acme", "bram@acme.example")]
    assert roster.waiting("starts", day("2027-03-21"), day("2027-12-31")) == []
    leavers = roster.waiting("leaves", day("2027-03-01"), day("2027-03-31"))
    assert [each.email for _, each in leavers] == ["anna@acme.example"]


def test_a_former_address_is_found_in_the_events(app: App) -> None:
    """S1: An address that an employee had before the last one but one is found in the events."""
    # given
    anna = person(app.store, "anna@acme.example")
    for address in ("a@acme.example", "b@acme.example"):
        request = Request(anna.id, ChangeEmail(address))
        support(app, app.settings.customers["acme"], [request], "Eva", "ticket 7")
    present = person(app.store, "b@acme.example")

    # when / then
    assert app.store.roster.find("acme", "a@acme.example") == []
    assert app.store.roster.find_former("acme", "A@acme.example") == [present]
    assert app.store.roster.find_former("zenith", "a@acme.example") == []
    assert app.store.roster.find_former("acme", "nobody@acme.example") == []
    (found,) = search(app, ["a@acme.example"])
    assert (found.id, found.matched) == (anna.id, "former-email")
