"""Companies whose dates count by their own clock, beside a company in UTC, on every store (L9)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec.structs import replace

from adapters.company_settings import Customer
from adapters.store.store import Store
from adapters.use_cases.app import App
from adapters.use_cases.clock import pass_clock
from adapters.use_cases.fetching import fetched_delivery
from adapters.use_cases.import_delivery import import_delivery
from adapters.use_cases.moves import access_of, moves, today
from adapters.use_cases.schedule import Job, due_jobs
from adapters.use_cases.status import statuses
from domain.employee.commands import MoveOnboarding
from projections.answers.person import Access
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

EAST, UTC, WEST = "kiritimati", "london", "pago"
ZONES = {EAST: "Pacific/Kiritimati", UTC: None, WEST: "Pacific/Pago_Pago"}
LOCKED_OUT = {EAST: "2027-03-31 09:00", UTC: "2027-03-31 23:00", WEST: "2027-04-01 10:00"}
"""The moment at which a last day, 31 March, is over."""
LEAVER = """
    email,first_name,last_name,onboarding_date,offboarding_date
    anna@acme.example,Anna,Bakker,2027-03-20,2027-03-31
"""


def a_local(key: str, *, local_clock: bool = True) -> Customer:
    """Returns a company in its time zone."""
    zone = ZONES[key]
    is_local = local_clock and zone is not None
    return a_customer(replace(other_company(key), timezone=zone, local_clock=is_local))


@pytest.fixture
def app(store: Store, watch: Watch) -> App:
    """Returns three companies. In each of them, Anna starts on 20 March and leaves on 31 March."""
    app = app_of(store, watch, *map(a_local, ZONES))
    for customer in app.settings.customers.values():
        import_delivery(app, customer, "test", delivered(LEAVER))
    watch.moment = moment("2027-03-21 12:00")
    list(pass_clock(app, "night"))
    return app


@pytest.mark.parametrize("company", ZONES)
def test_an_account_is_closed_by_the_clock_of_its_company(
    app: App, watch: Watch, company: str
) -> None:
    """L9, C1, C2: A last day of one company is due at the moment of its own time zone, for the
    worker, for a pass of the clock, and for the status: neither before nor after."""
    # given
    at = moment(LOCKED_OUT[company])

    def is_due() -> bool:
        return Job(company) in due_jobs(app)

    # when
    watch.moment = at - timedelta(seconds=1)
    due_before = is_due()
    list(pass_clock(app, "night"))
    here = person(app.store, "anna@acme.example", company).state.value
    watch.moment = at
    due_then = is_due()
    watch.moment = at + timedelta(minutes=16)
    overdue = [each.overdue for each in statuses(app, company)]
    list(pass_clock(app, "night"))
    anna = person(app.store, "anna@acme.example", company)

    # then
    assert (due_before, here, due_then, overdue) == (False, "offboarding-scheduled", True, [True])
    assert (anna.state.value, anna.effective, is_due()) == ("deactivated", at, False)
    assert access_of(app, company, anna) == Access(closed=at)


@pytest.mark.parametrize(("company", "state"), [(EAST, "active"), (UTC, "pending")])
def test_files_and_support_go_by_the_date_of_the_company(
    app: App, watch: Watch, company: str, state: str
) -> None:
    """L1, S3, L9: At 11:00 UTC it is tomorrow in Kiritimati. Whoever starts tomorrow can log in
    there at once, whether a file or support says so; elsewhere they wait."""
    # given
    watch.moment = moment("2027-03-25 11:00")
    customer = app.settings.customers[company]
    people = f"{LEAVER}    bram@acme.example,Bram,Smit,2027-03-26,\n"
    import_delivery(app, customer, "test", delivered(people))
    chris = "    chris@acme.example,Chris,Om,2027-05-01,\n"
    import_delivery(app, customer, "test", delivered(f"{people}{chris}"))

    # when
    command = MoveOnboarding(day("2027-03-26"))
    support(app, customer, "chris@acme.example", command, "olga", "starts sooner")

    # then
    for address in ("bram@acme.example", "chris@acme.example"):
        assert person(app.store, address, company).state.value == state


def test_a_delivery_that_was_read_by_another_clock_is_read_again(app: App) -> None:
    """D8: The key by which a delivery is recognised depends on the clock of the company."""
    # given
    customer, files = app.settings.customers[EAST], delivered(LEAVER)
    in_utc = app._replace(settings=replace(app.settings, customers={}))

    # when
    keys = {fetched_delivery(each, customer, files).delivered.key for each in (app, in_utc)}

    # then
    assert len(keys) == 2


def test_leavers_are_listed_by_the_day_of_their_company(app: App, watch: Watch) -> None:
    """L9: Who leaves on a day, leaves on this day of the company, before and after it is over."""
    # given
    expected = [(key, moment(LOCKED_OUT[key])) for key in (EAST, UTC, WEST)]
    days = day("2027-03-31"), day("2027-03-31")

    # when / then
    assert [(each.company, each.at) for each in moves(app, "leaves", *days)] == expected
    watch.moment = moment("2027-04-02 00:00")
    list(pass_clock(app, "night"))
    assert [(each.company, each.at) for each in moves(app, "leaves", *days)] == expected
    assert moves(app, "leaves", day("2027-04-01"), day("2027-04-01")) == []


def test_today_is_each_date_that_it_is_somewhere(app: App, watch: Watch) -> None:
    """L9: While it is 1 April in Kiritimati, it is still 30 March in Pago Pago: a list of all
    companies begins or ends with the date that leaves nobody out."""
    # given
    watch.moment = moment("2027-03-31 10:30")

    # when / then
    assert today(app) == (day("2027-03-30"), day("2027-04-01"))
    assert today(app, UTC) == (day("2027-03-31"), day("2027-03-31"))
    assert today(app, WEST).earliest == day("2027-03-30")


def test_a_time_zone_alone_is_for_display(store: Store, watch: Watch) -> None:
    """L9: Without `local_clock`, the dates of a company with a time zone count in UTC."""
    # given
    app = app_of(store, watch, a_local(EAST, local_clock=False))
    (customer,) = app.settings.customers.values()
    import_delivery(app, customer, "test", delivered(LEAVER))

    # when / then
    assert app.settings.schedule_of(EAST) == app.settings.schedule
    assert str(app.settings.zone_of(EAST)) == "Pacific/Kiritimati"
    anna = person(store, "anna@acme.example", EAST)
    assert access_of(app, EAST, anna) == Access(
        moment("2027-03-20 00:00"), moment("2027-03-31 23:00")
    )


def test_a_company_that_left_the_configuration_has_the_usual_clock(app: App, watch: Watch) -> None:
    """C1: The clock goes on for a company that has left the configuration, in UTC: nobody says any
    more where it is."""
    # given
    left = app._replace(settings=replace(app.settings, customers={}))
    watch.moment = moment("2027-03-31 22:59")

    # when / then
    assert due_jobs(left) == []
    watch.moment = moment("2027-03-31 23:00")
    assert due_jobs(left) == [Job(key) for key in sorted(ZONES)]
