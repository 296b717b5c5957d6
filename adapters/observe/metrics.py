"""The metrics for Prometheus, and the health of the process.

Metrics name companies by their keys. They name no people.
"""

from __future__ import annotations

import platform
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from itertools import product

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from adapters.errors import SettingsError
from adapters.notify_settings import Channel
from adapters.observe.feed_metrics import FeedMetrics
from adapters.settings import Settings
from adapters.store.errors import StoreUnavailable
from adapters.store.store import Store
from adapters.use_cases.observer import Observer
from adapters.use_cases.schedule import Job, overdue
from domain.company_runs.events import RunEnded, RunKind, RunRecord, newest_of
from domain.company_runs.feed import is_stale
from domain.duration import duration_of
from domain.outcome import Outcome
from projections.answers.status import StatusDocument
from projections.runs import RunDocument

STALE_AFTER_S = 90.0
"""A process without a look for this time is not well."""
_DONE = (Outcome.APPLIED, Outcome.UNCHANGED)
"""Runs that went well, and whose counts say what was done: those of a held run say what it would
do.
"""
_ROWS = ("registered", "changed", "unchanged", "rejected", "skipped")
_SCHEDULED = (RunKind.IMPORT, RunKind.CLOCK)
_SENT = ("sent", "failed", "postponed")
_BUCKETS_S = (0.1, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1800)
_FIRST_RUNS, _GROWTH = 20, 10
"""The last successful import is searched among so many runs, then among ten times as many, …"""


class Metrics(Observer):
    """Counts what it observes."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._alive_at = clock()  # when the worker last reported anything
        self._polled_at: float | None = None
        self._available: bool | None = None
        self._stale_after: dict[str, timedelta | None] = {}
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = registry = CollectorRegistry()
        counter, gauge = partial(Counter, registry=registry), partial(Gauge, registry=registry)
        ProcessCollector(registry=registry)
        self._successes = _Successes()
        registry.register(self._successes)
        self._runs = counter("tenure_runs", "Runs that ended.", ("kind", "outcome"))
        about_rows = "Rows of deliveries that were applied or unchanged."
        self._rows = counter("tenure_rows", about_rows, ("result",))
        self._events = counter("tenure_events", "Events of employees stored.")
        self._seconds = Histogram(
            "tenure_run_duration_seconds",
            "How long runs took, from pick-up to stored.",
            ("kind",),
            buckets=_BUCKETS_S,
            registry=registry,
        )
        self._failures = counter("tenure_jobs_failed", "Jobs that failed with an unexpected error.")
        self._taken_over = counter(
            "tenure_jobs_taken_over", "Jobs that were taken from workers without a sign of life."
        )
        self._notifications = counter(
            "tenure_notifications", "Notifications by result.", ("result", "via")
        )
        self._overdue = gauge("tenure_slots_overdue", "Slots due for more than 15 minutes.")
        self._store = gauge("tenure_store_available", "Whether the store last answered.")
        self._configuration = gauge(
            "tenure_configuration_ok", "Whether the configuration could be read."
        )
        self._broken = gauge(
            "tenure_companies_misconfigured", "Companies whose settings are wrong."
        )
        about_build = "Version of Tenure and of Python."
        info = gauge("tenure_build_info", about_build, ("version", "python"))
        info.labels(_version(), platform.python_version()).set(1)
        self._begin_at_zero()

    def configured(self, settings: Settings) -> None:
        """Counts the broken companies, and expects imports of the companies with a source."""
        self._configuration.set(1)
        self._broken.set(len(settings.broken))
        self._stale_after = {
            key: duration_of(customer.company.policy.stale_after)
            for key, customer in settings.customers.items()
        }
        fetched = {key for key, customer in settings.customers.items() if customer.source}
        self._successes.expect({*fetched, *settings.broken}, datetime.now(UTC))

    def watch(self, read: Callable[[], Sequence[StatusDocument]]) -> None:
        """Tells how the feeds are, from now on. `read` returns the health of all companies."""
        self.registry.register(FeedMetrics(read, self._clock))

    def remember(self, store: Store) -> None:
        """Reads from the store when each company's import last went well.

        If none went well, it takes the company's first run. Raises `StoreUnavailable`.
        """
        for company in self._successes.expected():
            try:
                self._remember(store, company)
            except StoreUnavailable:
                raise
            except Exception:  # noqa: S112 - damaged runs of one company, which `verify` reports (R6)
                continue

    def _remember(self, store: Store, company: str) -> None:
        for record in _latest_first(store, company):
            ended = record.ended
            well = self._is_well(company, ended.run_kind, ended)
            self._successes.add(company, ended.finished, well=well)
            if well:
                return

    def polled(self, due: Sequence[Job], now: datetime) -> None:
        """Notes that the store answers, and the number of overdue slots."""
        self._answered(len(overdue(due, now)))

    def stood_aside(self) -> None:
        """Notes that the store answers. The worker that looks counts the overdue slots."""
        self._answered(0)

    def took_over(self, job: Job) -> None:
        """Counts a job that is taken from a worker without a sign of life."""
        self._taken_over.inc()

    def ran(self, run: RunDocument) -> None:
        """Counts a run, its rows and its events."""
        kind = run.kind.value
        self._runs.labels(kind, run.outcome.value).inc()
        self._seconds.labels(kind).observe(max(0.0, (run.finished - run.started).total_seconds()))
        if self._is_well(run.company, run.kind, run):
            self._successes.add(run.company, run.finished, well=True)
        if run.outcome in _DONE:
            self._events.inc(run.counts.events)
            for result in _ROWS:
                self._rows.labels(result).inc(getattr(run.counts, result))

    def failed(self, job: Job, error: Exception) -> None:
        """Counts a failed job."""
        self._failures.inc()

    def unavailable(self, error: Exception) -> None:
        """Notes that the store does not answer."""
        self._alive_at = self._clock()
        self._available = False
        self._store.set(0)

    def misconfigured(self, company: str | None, error: SettingsError) -> None:
        """Notes that the configuration cannot be read. `configured` counts broken companies."""
        if company is None:
            self._configuration.set(0)

    def notified(self, result: str, via: str) -> None:
        """Counts a notification: `sent`, `failed` or `postponed`, by `command` or `url`."""
        self._notifications.labels(result, via).inc()

    def problem(self) -> str | None:
        """Returns one word that says why the process is not well, or `None` if it is well."""
        if self._available is False:
            return "store"
        if self._polled_at is None:
            return "starting"
        return "stale" if self._clock() > self._polled_at + STALE_AFTER_S else None

    def standstill(self) -> str | None:
        """Returns one word if the worker hangs, so that only a new process helps.

        Returns `None` if the worker works, even if the store cannot be reached.
        """
        return "stale" if self._clock() > self._alive_at + STALE_AFTER_S else None

    def _is_well(self, company: str, kind: RunKind, run: RunDocument | RunEnded) -> bool:
        """Returns whether a run is a successful import. One of a stale file is none (Q3)."""
        if kind is not RunKind.IMPORT or run.outcome not in _DONE:
            return False
        newest = newest_of(run.files) or run.finished
        return not is_stale(newest, self._stale_after.get(company), run.finished)

    def _answered(self, slots_overdue: int) -> None:
        self._alive_at = self._polled_at = self._clock()
        self._available = True
        self._store.set(1)
        self._overdue.set(slots_overdue)

    def _begin_at_zero(self) -> None:
        """Sets every count to 0. Prometheus cannot see the increase of a count that was absent."""
        for kind in _SCHEDULED:
            self._seconds.labels(kind.value)
            for outcome in Outcome:
                self._runs.labels(kind.value, outcome.value)
        for result in _ROWS:
            self._rows.labels(result)
        for result, via in product(_SENT, Channel):
            self._notifications.labels(result, via)


def _latest_first(store: Store, company: str) -> Iterator[RunRecord]:
    """Yields the runs of a company, newest first. Callers mostly need only a few."""
    read, limit = 0, _FIRST_RUNS
    while True:
        records = store.runs.latest(company, limit)
        yield from records[read:]
        if len(records) < limit:
            return
        read, limit = limit, limit * _GROWTH


class _Successes(Collector):
    """The time of each company's last successful import, or else since when one is expected.

    Companies that are no longer configured are left out. They would seem to fail for ever.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last: dict[str, float] = {}
        self._since: dict[str, float] = {}

    def expect(self, companies: Collection[str], now: datetime) -> None:
        """Replaces the configured companies. New ones are expected to import from `now` on."""
        with self._lock:
            before = self._since
            self._since = {key: before.get(key, now.timestamp()) for key in companies}

    def expected(self) -> list[str]:
        """Returns the configured companies."""
        with self._lock:
            return sorted(self._since)

    def add(self, company: str, moment: datetime, *, well: bool) -> None:
        """Adds a run that ended at `moment`. `well` tells whether it was a successful import."""
        with self._lock:
            if well:
                self._last[company] = max(self._last.get(company, 0.0), moment.timestamp())
            else:
                since = self._since.get(company, moment.timestamp())
                self._since[company] = min(since, moment.timestamp())

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yields the metric, as Prometheus asks for it."""
        family = GaugeMetricFamily(
            "tenure_last_success_timestamp_seconds",
            "When the company's import last ended applied or unchanged, with a file that was not "
            "stale. If it never has, since when the company is known.",
            labels=("company",),
        )
        with self._lock:
            times = {key: self._last.get(key, since) for key, since in self._since.items()}
        for company, at in sorted(times.items()):
            family.add_metric((company,), at)
        yield family


def _version() -> str:
    try:
        return version("tenure")
    except PackageNotFoundError:
        return "unknown"
