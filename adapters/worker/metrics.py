"""What Prometheus asks for, and whether the process is well.

Companies are told by their keys, people not at all.
"""

from __future__ import annotations

import platform
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import UTC, datetime
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
from adapters.settings import Settings
from adapters.store.errors import StoreUnavailable
from adapters.store.store import Store
from adapters.use_cases.observer import Observer
from adapters.use_cases.schedule import Job, overdue
from domain.company_runs.events import RunEnded, RunKind, RunRecord
from domain.outcome import Outcome
from projections.runs import RunDocument

STALE = 90.0
"""Seconds without a look after which the process is not well."""
_WELL = (Outcome.APPLIED, Outcome.UNCHANGED, Outcome.NO_FILE)
"""How an import ends that went as it should."""
_DONE = (Outcome.APPLIED, Outcome.UNCHANGED)
"""Only these count what was done; a held run counts what it would do."""
_ROWS = ("registered", "changed", "unchanged", "rejected", "skipped")
_SCHEDULED = (RunKind.IMPORT, RunKind.CLOCK)
_SENT = ("sent", "failed", "dropped")
_SECONDS = (0.1, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1800)
_WAYS = ("command", "url")
_FEW, _MORE = 20, 10
"""So many runs of a company are looked through for the last one that went well, and then ten times
as many, and so on."""


class Metrics(Observer):
    """Counts what it is told."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._turned = clock()  # when the worker was last heard of
        self._looked: float | None = None
        self._available: bool | None = None
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self._successes = _Successes()
        registry.register(self._successes)
        self._runs = Counter(
            "tenure_runs", "Runs that ended.", ("kind", "outcome"), registry=registry
        )
        self._rows = Counter(
            "tenure_rows",
            "Rows of deliveries that were applied or unchanged.",
            ("result",),
            registry=registry,
        )
        self._events = Counter("tenure_events", "Events of employees stored.", registry=registry)
        self._seconds = Histogram(
            "tenure_run_duration_seconds",
            "How long runs took, from pick-up to stored.",
            ("kind",),
            buckets=_SECONDS,
            registry=registry,
        )
        self._failures = Counter(
            "tenure_jobs_failed", "Jobs that ended in a fault.", registry=registry
        )
        self._taken_over = Counter(
            "tenure_jobs_taken_over",
            "Jobs of workers that show no life any more.",
            registry=registry,
        )
        self._notifications = Counter(
            "tenure_notifications",
            "What became of notifications.",
            ("result", "via"),
            registry=registry,
        )
        self._overdue = self._gauge("tenure_slots_overdue", "Slots due for more than 15 minutes.")
        self._store = self._gauge("tenure_store_available", "Whether the store last answered.")
        self._configuration = self._gauge(
            "tenure_configuration_ok", "Whether the configuration could be read."
        )
        self._broken = self._gauge(
            "tenure_companies_misconfigured", "Companies whose settings are wrong."
        )
        built = ("version", "python")
        info = Gauge("tenure_build_info", "What runs.", built, registry=registry)
        info.labels(_version(), platform.python_version()).set(1)
        self._begin_at_nought()

    def configured(self, settings: Settings) -> None:
        """The configuration was read, and counts from now on."""
        self._configuration.set(1)
        self._broken.set(len(settings.broken))
        fetched = {key for key, customer in settings.customers.items() if customer.source}
        self._successes.expect({*fetched, *settings.broken}, datetime.now(UTC))

    def remember(self, store: Store) -> None:
        """Learns from the store when each company's import last went well, or else since when it
        has had runs that did not. Raises `StoreUnavailable`."""
        for company in self._successes.expected():
            try:
                self._remember(store, company)
            except StoreUnavailable:
                raise
            except Exception:  # noqa: S112 - its runs cannot be read, which `verify` tells (R6)
                continue

    def _remember(self, store: Store, company: str) -> None:
        for record in _latest_first(store, company):
            ended = record.ended
            self._successes.add(company, ended.finished, well=_is_well(ended))
            if _is_well(ended):
                return

    def polled(self, due: Sequence[Job], now: datetime) -> None:
        """The store has answered."""
        self._answered(len(overdue(due, now)))

    def stood_aside(self) -> None:
        """The store has answered; what is overdue is for whoever looks to tell."""
        self._answered(0)

    def took_over(self, job: Job) -> None:
        """A job more whose worker is gone."""
        self._taken_over.inc()

    def ran(self, run: RunDocument) -> None:
        """A run more."""
        kind = run.kind.value
        self._runs.labels(kind, run.outcome.value).inc()
        self._seconds.labels(kind).observe(max(0.0, (run.finished - run.started).total_seconds()))
        if run.kind is RunKind.IMPORT and run.outcome in _WELL:
            self._successes.add(run.company, run.finished, well=True)
        if run.outcome in _DONE:
            self._events.inc(run.counts.events)
            for result in _ROWS:
                self._rows.labels(result).inc(getattr(run.counts, result))

    def failed(self, job: Job, error: Exception) -> None:
        """A fault more."""
        self._failures.inc()

    def unavailable(self, error: Exception) -> None:
        """The store has not answered."""
        self._turned = self._clock()
        self._available = False
        self._store.set(0)

    def misconfigured(self, company: str | None, error: SettingsError) -> None:
        """The configuration as a whole cannot be read; broken companies are counted when it is."""
        if company is None:
            self._configuration.set(0)

    def notified(self, result: str, via: str) -> None:
        """A notification more: `sent`, `failed` or `dropped`, by `command` or `url`."""
        self._notifications.labels(result, via).inc()

    def trouble(self) -> str | None:
        """One word for why the process is not well; none where it is."""
        if self._available is False:
            return "store"
        if self._looked is None:
            return "starting"
        return "stale" if self._clock() > self._looked + STALE else None

    def standstill(self) -> str | None:
        """One word where the worker itself has come to a standstill, and only a new process helps;
        none where it turns, be the store away or not."""
        return "stale" if self._clock() > self._turned + STALE else None

    def _answered(self, slots_overdue: int) -> None:
        self._turned = self._looked = self._clock()
        self._available = True
        self._store.set(1)
        self._overdue.set(slots_overdue)

    def _gauge(self, name: str, about: str) -> Gauge:
        return Gauge(name, about, registry=self.registry)

    def _begin_at_nought(self) -> None:
        """What has not happened yet is 0 and not absent, so that a first time is seen to happen."""
        for kind in _SCHEDULED:
            self._seconds.labels(kind.value)
            for outcome in Outcome:
                self._runs.labels(kind.value, outcome.value)
        for result in _ROWS:
            self._rows.labels(result)
        for result, via in product(_SENT, _WAYS):
            self._notifications.labels(result, via)


def _is_well(ended: RunEnded) -> bool:
    return ended.run_kind is RunKind.IMPORT and ended.outcome in _WELL


def _latest_first(store: Store, company: str) -> Iterator[RunRecord]:
    """The runs of a company: few are mostly enough."""
    seen, limit = 0, _FEW
    while True:
        found = store.runs(company, limit)
        yield from found[seen:]
        if len(found) < limit:
            return
        seen, limit = limit, limit * _MORE


class _Successes(Collector):
    """When each company's import last went well; where it never has, since when it should have.

    Companies that are no longer configured are not told, or they would seem to be in trouble for
    good.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last: dict[str, float] = {}
        self._since: dict[str, float] = {}

    def expect(self, companies: Collection[str], now: datetime) -> None:
        """These companies are configured."""
        with self._lock:
            before = self._since
            self._since = {key: before.get(key, now.timestamp()) for key in companies}

    def expected(self) -> list[str]:
        """The companies that are configured."""
        with self._lock:
            return sorted(self._since)

    def add(self, company: str, moment: datetime, *, well: bool) -> None:
        """One more run, which ended at a moment."""
        with self._lock:
            if well:
                self._last[company] = max(self._last.get(company, 0.0), moment.timestamp())
            else:
                since = self._since.get(company, moment.timestamp())
                self._since[company] = min(since, moment.timestamp())

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """What is asked for."""
        family = GaugeMetricFamily(
            "tenure_last_success_timestamp_seconds",
            "When the company's import last ended applied, unchanged or without a file; where it "
            "never has, since when it is known.",
            labels=("company",),
        )
        with self._lock:
            found = {key: self._last.get(key, since) for key, since in self._since.items()}
        for company, at in sorted(found.items()):
            family.add_metric((company,), at)
        yield family


def _version() -> str:
    try:
        return version("tenure")
    except PackageNotFoundError:
        return "unknown"
