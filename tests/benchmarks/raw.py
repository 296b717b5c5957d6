"""Two comparisons: the commit of a finished plan, and eventsourcing as its manual teaches it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event

from adapters.store.commit import Commit
from adapters.store.opening import Database, open_store
from domain.company_runs.events import RunEnded, RunKind, RunRecord
from domain.company_runs.state import CompanyState
from domain.context import DecisionContext, Moment
from domain.delivery.digests import NO_DIGESTS
from domain.delivery.parsing import parse_delivery
from domain.delivery.planning import plan_delivery
from domain.delivery.records import read_sheet
from domain.employee.roster import Roster
from domain.ids import run_id
from domain.schedule import Schedule
from tests.benchmarks.work import NOW, customer


def prepared(database: Database, content: bytes) -> float:
    """Returns the seconds that the product's own commit takes to store a finished plan."""
    company = customer().company
    run = run_id(int(NOW.timestamp() * 1000), 1)
    context = DecisionContext(company, Schedule(), Moment(run, NOW))
    parsed = parse_delivery([read_sheet("f.csv", content, company)], NO_DIGESTS, company)
    plan = plan_delivery(parsed, Roster((), _nobody), context)
    ended = RunEnded("acme", RunKind.IMPORT, plan.outcome, NOW, NOW, "bench", counts=plan.counts)
    commit = Commit((RunRecord(run, ended),), CompanyState(), changes=tuple(plan.changes))
    store = open_store(database)
    began = time.perf_counter()
    store.commit(commit)
    took = time.perf_counter() - began
    store.close()
    return took


def _nobody(state: bytes) -> Any:
    raise LookupError(state)


class Person(Aggregate):
    """An employee in the style of the manual."""

    @event("Registered")
    def __init__(self, email: str, first_name: str, last_name: str) -> None:
        self.email = email
        self.first_name = first_name
        self.last_name = last_name


def as_the_manual_teaches(path: Path, count: int) -> float:
    """Returns the seconds for `count` aggregates with one `save` each."""
    settings = {"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": str(path)}
    application: Application[UUID] = Application(settings)
    began = time.perf_counter()
    for number in range(count):
        application.save(Person(f"p{number}@acme.example", f"First{number}", f"Last{number}"))
    took = time.perf_counter() - began
    application.close()
    return took
