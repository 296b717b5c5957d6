"""The jobs that the schedule asks for now, in every company, and how one is done (R3, R5, R6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from datetime import datetime, timedelta

import msgspec

from adapters.company_settings import Customer
from adapters.store.schedule_state import EnrolledCompany
from adapters.use_cases.app import App
from adapters.use_cases.clock import pass_clock_of
from adapters.use_cases.import_delivery import import_delivery, rehearse_import
from domain.company_runs.rejection import SlotServed
from domain.schedule import OVERDUE_AFTER
from projections.runs import RunDocument

BY = "schedule"
_KEPT_FOR = timedelta(days=30)
"""How long a file stays kept if no run of its company decides about it (ADR 0025), and a notice if
no process tells it (ADR 0030)."""


class Job(msgspec.Struct, frozen=True):
    """Work that is due in one company: the import for a `slot`, or without `slot` the clock."""

    company: str
    slot: datetime | None = None

    @property
    def is_clock(self) -> bool:
        """Whether it is a job of the clock."""
        return self.slot is None

    def made(self, run: RunDocument) -> bool:
        """Returns whether this job made the run.

        It did not if it met a delivery that was held already: the answer is then the run that
        holds it (B3).
        """
        return run.slot == self.slot


DOING: ContextVar[Job | None] = ContextVar("doing", default=None)
"""The job that the present thread does. The log adds it to each line."""


def due_jobs(app: App) -> list[Job]:
    """Returns all jobs that are due now: the clock's jobs first, because they close accounts.

    A company that is new here is enrolled: slots count for it from now on (R5). Companies whose
    latest run failed come last: a slow failure must not delay the other companies (R6).
    """
    schedules = app.settings.schedules()
    clock = [Job(company) for company in app.store.roster.due_companies(schedules, app.now())]
    return [*clock, *due_slots(app)]


def due_slots(app: App) -> list[Job]:
    """Returns the imports that are due now. `Schedule.due_slot` alone decides that.

    Files and notices that are kept for 30 days are deleted.
    """
    now = app.now()
    app.store.forget_kept(now - _KEPT_FOR)
    app.store.notices.forget(now - _KEPT_FOR)
    known = app.store.schedule.enrolled_companies()
    new = [key for key in _picked_up(app) if key not in known]
    if new:
        app.store.schedule.enrol(new, now)
    return _slots(app, known, now)


def look_for_slots(app: App) -> list[Job]:
    """Returns the imports that are due now, as `due_slots` does. Stores nothing."""
    return _slots(app, app.store.schedule.enrolled_companies(), app.now())


def _slots(app: App, known: Mapping[str, EnrolledCompany], now: datetime) -> list[Job]:
    jobs = []
    for key in _picked_up(app):
        after = known[key].after if key in known else None
        slot = app.settings.schedule.due_slot(after, now)
        if slot is not None:
            jobs.append(Job(key, slot))
    return sorted(jobs, key=lambda job: known[job.company].last_run_failed)


def _picked_up(app: App) -> list[str]:
    """Returns the companies whose deliveries are picked up from a source."""
    return [key for key, customer in app.settings.customers.items() if customer.source]


def overdue(due: Sequence[Job], now: datetime) -> list[Job]:
    """Returns the imports among the `due` jobs whose slot is more than 15 minutes ago."""
    return [job for job in due if job.slot is not None and now - job.slot > OVERDUE_AFTER]


def do_job(app: App, job: Job, by: str = BY) -> RunDocument | None:
    """Does a job, if it is still due. Returns its run, or `None` if there was nothing to do.

    A company that has left the configuration is not picked up any more, but its clock goes on. A
    slot that is no longer the latest one is not served: the next look finds the slot that is due
    (R5). Raises what `import_delivery` and `pass_clock_of` raise.
    """
    token = DOING.set(job)
    try:
        return _do(app, job, by)
    finally:
        DOING.reset(token)


def _do(app: App, job: Job, by: str) -> RunDocument | None:
    if job.slot is None:
        return pass_clock_of(app, job.company, by)
    customer = _customer_of(app, job, job.slot)
    if customer is None:
        return None
    try:
        return import_delivery(app, customer, by, slot=job.slot)
    except SlotServed:
        return None


def rehearse_job(app: App, job: Job, by: str = BY) -> RunDocument | None:
    """Returns the run of the import that `do_job` would store, or `None`. Stores no run."""
    customer = _customer_of(app, job, job.slot) if job.slot is not None else None
    return None if customer is None else rehearse_import(app, customer, by, slot=job.slot)


def _customer_of(app: App, job: Job, slot: datetime) -> Customer | None:
    """Returns the company of an import, or `None` if the import is not due any more."""
    customer = app.settings.customers.get(job.company)
    if slot != app.settings.schedule.last_slot(app.now()):
        return None
    if customer is None or customer.source is None:
        return None
    served = app.store.runs.company_state(job.company).served(slot)
    return None if served else customer
