"""What the schedule asks for now, in every company, and doing one part of it (R3, R5, R6)."""

from __future__ import annotations

from collections.abc import Sequence
from contextvars import ContextVar
from datetime import datetime, timedelta

import msgspec

from adapters.use_cases.app import App
from adapters.use_cases.clock import pass_clock_of
from adapters.use_cases.import_delivery import import_delivery
from domain.company_runs.rejection import SlotServed
from projections.runs import RunDocument

BY = "schedule"
_LATE = timedelta(minutes=15)
"""After this a slot that is still due is overdue."""


class Job(msgspec.Struct, frozen=True):
    """What is due in one company: its delivery at a `slot`, or without one the clock's work."""

    company: str
    slot: datetime | None = None

    @property
    def is_clock(self) -> bool:
        """Whether it is the clock's work."""
        return self.slot is None

    def made(self, run: RunDocument) -> bool:
        """Whether the run is this job's own: a held delivery that is met again makes none, and is
        answered with the run that holds it (B3)."""
        return run.slot == self.slot


DOING: ContextVar[Job | None] = ContextVar("doing", default=None)
"""The job that this thread is at, for whoever writes a log."""


def due_jobs(app: App) -> list[Job]:
    """Everything that is due now: the clock's work first, for it locks people out.

    A company that was never seen takes part from now on (R5). Companies whose latest run failed
    come last, so that whoever is slow to fail holds up nobody else (R6).
    """
    schedule = app.settings.schedule
    clock = [Job(company) for company in app.store.due_companies(schedule, app.now())]
    return [*clock, *due_slots(app)]


def due_slots(app: App) -> list[Job]:
    """The slots that are due now. All that decides is `Schedule.due_slot`."""
    now, schedule = app.now(), app.settings.schedule
    known = app.store.enrolled_companies()
    fetched = [key for key, customer in app.settings.customers.items() if customer.source]
    new = [key for key in fetched if key not in known]
    if new:
        app.store.enrol(new, now)
    found = []
    for key in fetched:
        slot = schedule.due_slot(known[key].after if key in known else None, now)
        if slot is not None:
            found.append(Job(key, slot))
    return sorted(found, key=lambda job: known[job.company].last_run_failed)


def overdue(due: Sequence[Job], now: datetime) -> list[Job]:
    """The slots among what is due that should have been served a while ago."""
    return [job for job in due if job.slot is not None and now - job.slot > _LATE]


def do_job(app: App, job: Job, by: str = BY) -> RunDocument | None:
    """Does what is due in one company, if it still is; answers with the run, if there is one.

    A company that has left the configuration is picked up no more, and its clock goes on. A slot
    that is no longer the latest is not served: what is due is found anew (R5).
    Raises what `import_delivery` and `pass_clock_of` raise.
    """
    token = DOING.set(job)
    try:
        return _do(app, job, by)
    finally:
        DOING.reset(token)


def _do(app: App, job: Job, by: str) -> RunDocument | None:
    if job.slot is None:
        return pass_clock_of(app, job.company, by)
    if job.slot != app.settings.schedule.last_slot(app.now()):
        return None
    customer = app.settings.customers.get(job.company)
    if customer is None or customer.source is None:
        return None
    try:
        if app.store.company_state(job.company).served(job.slot):
            return None
        return import_delivery(app, customer, by, slot=job.slot)
    except SlotServed:
        return None
