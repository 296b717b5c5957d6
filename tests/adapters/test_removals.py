"""Every removal of access in a period, on every store."""

from __future__ import annotations

import pytest

from adapters.store.store import Store
from adapters.use_cases.app import App
from adapters.use_cases.clock import pass_clock, pass_clock_of
from adapters.use_cases.import_delivery import import_delivery
from adapters.use_cases.removals import removals
from domain.employee.commands import Deactivate, Merge, MoveOnboarding, Reactivate
from projections.answers.removals import Cause, Period
from tests.adapters.steps import (
    Watch,
    a_customer,
    app_of,
    delivered,
    other_company,
    person,
    support,
)
from tests.given import day, moment

pytestmark = pytest.mark.stores("memory", "sqlite", "postgresql")

PEOPLE = """
    email,first_name,last_name,external_id,offboarding_date
    anna@acme.example,Anna,Ek,1,2027-04-10
    bram@acme.example,Bram,Es,2,2027-04-10
    chris@acme.example,Chris,Om,3,
    doris@acme.example,Doris,As,4,2027-06-30
    emil@acme.example,Emil,Ur,5,
    fay@acme.example,Fay,Ur,6,
    gita@acme.example,Gita,Ax,7,
"""
APRIL = Period(day("2027-04-01"), day("2027-04-30"))


@pytest.fixture
def app(store: Store, watch: Watch) -> App:
    """Returns Acme and Zenith, with the same people. Only Acme's clock and support have worked."""
    acme, zenith = a_customer(), a_customer(other_company())
    app = app_of(store, watch, acme, zenith)._replace(login="osmith")
    for customer in (acme, zenith):
        import_delivery(app, customer, "schedule", delivered(PEOPLE))
    watch.moment = moment("2027-04-12 08:00")
    assert pass_clock_of(app, "acme", "schedule") is not None
    support(app, acme, "2", Reactivate(None), "olga", "by mistake")
    support(app, acme, "3", Deactivate(), "olga", "ticket 7")
    support(app, acme, "5", Merge(person(store, "fay@acme.example").id), "olga", "twice here")
    support(app, acme, "7", MoveOnboarding(day("2027-05-01")), "olga", "starts later")
    watch.moment = moment("2027-04-20 12:00")
    return app


def test_whatever_ended_the_access_of_somebody_is_listed(app: App) -> None:
    """L9, S3, S5, S11: The list has every removal of the period, in the order in which they were
    due, also of who was reactivated since; and nobody whose last day is ahead."""
    # when
    found = removals(app, APRIL, "acme")

    # then
    assert [(each.first_name, str(each.due), each.days_late, each.cause) for each in found] == [
        ("Anna", "2027-04-10", 1, Cause.FILE),
        ("Bram", "2027-04-10", 1, Cause.FILE),
        ("Chris", "2027-04-12", 0, Cause.CLOSED),
        ("Fay", "2027-04-12", 0, Cause.MERGED),
        ("Gita", "2027-04-12", 0, Cause.POSTPONED),
    ]
    anna, _, chris, *_ = found
    assert (anna.file, anna.line, anna.by) == ("alleo_employees_1.csv", 2, "schedule")
    assert (chris.by, chris.login, chris.reason) == ("olga", "osmith", "ticket 7")
    assert removals(app, Period(day("2027-05-01"), day("2027-05-31")), "acme") == []


def test_what_is_due_and_not_done_is_listed_in_all_companies(app: App, watch: Watch) -> None:
    """L9, R6: A last day that is over and not done stands in the list without a moment, with the
    days that it is late so far, until the clock does it."""
    # when
    missed = [each for each in removals(app, APRIL) if each.done is None]
    list(pass_clock(app, "schedule"))
    done = [each for each in removals(app, APRIL) if each.company == "zenith"]

    # then
    assert [(each.company, each.first_name, each.days_late) for each in missed] == [
        ("zenith", "Anna", 9),
        ("zenith", "Bram", 9),
    ]
    assert [(each.done, each.days_late) for each in done] == [(watch.moment, 9)] * 2
