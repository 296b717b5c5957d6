"""The metrics of all feeds: how they are, what is held, and what is open (Q1, Q3).

They are read from the store when Prometheus asks, at most every 15 seconds. A store that does not
answer delays no other metric: the feeds are then left out.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, TypeAlias

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from domain.company_runs.feed import FeedState
from domain.ids import run_started
from projections.answers.status import Need, StatusDocument

_READ_AGAIN_S = 15.0
_PATIENCE_S = 2.0
"""How long an answer waits for the store."""
_TOO_OLD_S = 300.0
"""Figures that are older are left out."""
_AGES_DAYS = (1, 2, 7, 30)

Statuses: TypeAlias = Sequence[StatusDocument]


class _Known(NamedTuple):
    at: float
    statuses: Statuses


class FeedMetrics(Collector):
    """Tells how the feeds are, without a label for each of thousands of companies.

    `read` returns the health of all companies. It is called in a thread of its own.
    """

    def __init__(
        self, read: Callable[[], Statuses], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._read = read
        self._clock = clock
        self._lock = threading.Lock()
        self._known: _Known | None = None
        self._reader: threading.Thread | None = None

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yields the metrics; none if the store did not answer lately."""
        reader = self._begin_to_read()
        if reader is not None:
            reader.join(_PATIENCE_S)
        known = self._known
        if known is not None and self._clock() - known.at <= _TOO_OLD_S:
            yield from _families(known.statuses, datetime.now(UTC))

    def _begin_to_read(self) -> threading.Thread | None:
        """Returns the thread that reads, or `None` if what is known is new enough."""
        with self._lock:
            if self._reader is not None and self._reader.is_alive():
                return self._reader
            if self._known is not None and self._clock() - self._known.at < _READ_AGAIN_S:
                return None
            self._reader = threading.Thread(target=self._refresh, name="feeds", daemon=True)
            try:
                self._reader.start()
            except RuntimeError:  # the system gives no more threads
                self._reader = None
            return self._reader

    def _refresh(self) -> None:
        with suppress(Exception):  # the worker reports that the store does not answer
            self._known = _Known(self._clock(), self._read())


def _families(statuses: Statuses, now: datetime) -> Iterator[GaugeMetricFamily]:
    states = Counter(each.feed for each in statuses)
    yield _labelled(
        "tenure_feeds",
        "Companies by the state of their feed.",
        "state",
        {state.value: states[state] for state in FeedState},
    )
    needs = Counter(need for each in statuses for need in each.needs)
    yield _labelled(
        "tenure_companies_needing_somebody",
        "Companies by what somebody has to look at.",
        "need",
        {need.value: needs[need] for need in Need},
    )
    yield _labelled(
        "tenure_open_issues",
        "Open issues of all companies.",
        "severity",
        {
            severity: sum(each.open[severity] for each in statuses)
            for severity in ("error", "warning")
        },
    )
    files = [each.last_modified for each in statuses if each.last_modified is not None]
    yield _labelled(
        "tenure_deliveries_older_than",
        "Companies whose newest file is older than so many days.",
        "days",
        {str(days): sum(now - at > timedelta(days) for at in files) for days in _AGES_DAYS},
    )
    yield from _oldest(
        "tenure_oldest_delivery", "the oldest of the newest files was modified", files
    )
    held = [run_started(each.held) for each in statuses if each.held is not None]
    yield GaugeMetricFamily(
        "tenure_held_deliveries", "Deliveries that wait for a decision.", len(held)
    )
    yield from _oldest(
        "tenure_oldest_held_delivery", "the delivery that waits longest was held", held
    )


def _labelled(name: str, about: str, label: str, values: dict[str, int]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, about, labels=(label,))
    for value, count in values.items():
        family.add_metric((value,), count)
    return family


def _oldest(name: str, what: str, moments: Sequence[datetime]) -> Iterator[GaugeMetricFamily]:
    """Yields the earliest of the moments; nothing if there is none."""
    if moments:
        earliest = min(moments).timestamp()
        yield GaugeMetricFamily(f"{name}_timestamp_seconds", f"When {what}.", earliest)
