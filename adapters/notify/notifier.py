"""Sends notifications about runs, in threads of its own: a run does not wait for them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from queue import Empty, Full, Queue
from typing import NamedTuple, TypeAlias
from uuid import UUID

import msgspec

from adapters.notify.delivering import deliver
from adapters.notify.failure import NotDelivered
from adapters.notify_settings import Channel, Notify
from adapters.store.errors import StoreUnavailable
from adapters.store.store import Store
from adapters.use_cases.execute import document_of
from adapters.use_cases.observer import Observer
from adapters.use_cases.schedule import Job
from domain.company_runs.events import RunKind
from domain.outcome import Outcome
from projections.runs import RunDocument

CAPACITY = 10_000
"""The most notifications that wait for one channel; further notifications are dropped. The queue
holds the ids of runs and not the runs."""
_TICK_S = 0.2
_KILL_S = 2.0
"""The time for a program to end after it is stopped."""
_MAX_FAULT_AGE = timedelta(minutes=5)

Find: TypeAlias = Callable[[], RunDocument | None]
Deliver: TypeAlias = Callable[[Channel, Notify, bytes, threading.Event, bool], None]


class NotificationResult(NamedTuple):
    """The result of one notification on one channel.

    `result` is `sent`, `failed` or `dropped`. A notification is dropped if the queue is full, or if
    the process ends before it is sent.
    """

    result: str
    via: Channel
    company: str
    run: UUID | None = None
    problem: str | None = None


class _Pending(NamedTuple):
    """A notification that is not sent yet. `find` reads the run from the store."""

    notify: Notify
    company: str
    find: Find


class Notifier(Observer):
    """Notifies about the runs that the configuration selects. Each channel has its own queue.

    `report` gets the result of every notification, from any thread. `notify` returns the current
    configuration. A failed notification never disturbs a run.
    """

    def __init__(
        self,
        store: Store,
        report: Callable[[NotificationResult], None],
        notify: Callable[[], Notify | None],
        *,
        capacity: int = CAPACITY,
        deliver: Deliver = deliver,
    ) -> None:
        self._store = store
        self._notify = notify
        self._queues = {
            channel: _ChannelQueue(channel, report, capacity, deliver) for channel in Channel
        }
        self._faults: set[Job] = set()

    def ran(self, run: RunDocument) -> None:
        """Queues a notification about a stored run, if the configuration selects it."""
        if run.kind is RunKind.CLOCK:
            self._faults.discard(Job(run.company))
        notify = self._notify()
        if notify is not None and run.run is not None and notify.wants(run):
            self._add(_Pending(notify, run.company, partial(find_run, self._store, run.run)))

    def failed(self, job: Job, error: Exception) -> None:
        """Queues a notification about a job that failed with an unexpected error.

        The failed run is in the store, but its id is not known here, so the store is searched. The
        clock tries again all the time: only its first fault in a company is notified.
        """
        if isinstance(error, StoreUnavailable) or job in self._faults:
            return
        notify = self._notify()
        if notify is None or Outcome.FAILED.value not in notify.on:
            return
        if job.slot is None:
            self._faults.add(job)
        find = partial(find_fault, self._store, job.company, datetime.now(UTC) - _MAX_FAULT_AGE)
        self._add(_Pending(notify, job.company, find))

    def finish(self, seconds: float) -> None:
        """Waits up to `seconds` for the queued notifications, then drops the rest.

        The caller queues nothing after this call.
        """
        end = time.monotonic() + seconds
        for queue in self._queues.values():
            queue.ending.set()
        for queue in self._queues.values():
            queue.join(end)
        for queue in self._queues.values():
            queue.stop.set()
        end = time.monotonic() + _KILL_S
        for queue in self._queues.values():
            queue.join(end)
            queue.drop()

    def _add(self, pending: _Pending) -> None:
        for channel in pending.notify.channels():
            self._queues[channel].add(pending)


class _ChannelQueue:
    """The queue of one channel. A thread of its own delivers the notifications one by one.

    After a failed delivery there is one attempt for each notification until a delivery succeeds.
    """

    def __init__(
        self,
        channel: Channel,
        report: Callable[[NotificationResult], None],
        capacity: int,
        deliver: Deliver,
    ) -> None:
        self.ending = threading.Event()
        """Set when no further notification will be queued."""
        self.stop = threading.Event()
        """Set when there is no time left."""
        self._channel = channel
        self._report = report
        self._deliver = deliver
        self._queue: Queue[_Pending] = Queue(capacity)
        self._failing = False
        self._current: _Pending | None = None  # the notification that is being delivered
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def add(self, pending: _Pending) -> None:
        """Queues a notification, or reports it as dropped if the queue is full."""
        try:
            self._queue.put_nowait(pending)
        except Full:
            self._report(self._dropped(pending, "too many notifications are waiting"))
            return
        with self._lock:
            if self._thread is None:
                name = f"notifier-{self._channel}"
                self._thread = threading.Thread(target=self._work, name=name, daemon=True)
                self._thread.start()

    def join(self, end: float) -> None:
        """Waits for the thread until the moment `end` of the monotonic clock."""
        if self._thread is not None:
            self._thread.join(max(0.0, end - time.monotonic()))

    def drop(self) -> None:
        """Reports the current notification and all queued notifications as dropped."""
        while (pending := self._take_current() or self._next(0)) is not None:
            self._report(self._dropped(pending, "there was no time left"))

    def _take_current(self) -> _Pending | None:
        """Returns the current notification to the first caller, and `None` to the next.

        The thread and `drop` may both want to report it, and it must be reported once.
        """
        with self._lock:
            current, self._current = self._current, None
            return current

    def _dropped(self, pending: _Pending, problem: str) -> NotificationResult:
        return NotificationResult("dropped", self._channel, pending.company, problem=problem)

    def _next(self, seconds: float) -> _Pending | None:
        """Returns the next notification, or `None` if the queue is still empty after `seconds`."""
        try:
            return self._queue.get(timeout=seconds) if seconds else self._queue.get_nowait()
        except Empty:
            return None

    def _work(self) -> None:
        while not self.stop.is_set():
            self._current = pending = self._next(_TICK_S)
            if pending is not None:
                result = self._send(pending)
                if self._take_current() is not None and result is not None:
                    self._report(result)
            elif self.ending.is_set():
                return

    def _send(self, pending: _Pending) -> NotificationResult | None:
        """Delivers a notification and returns the result, or `None` if the run does not exist."""
        channel, company, run = self._channel, pending.company, None
        try:
            document = pending.find()
            if document is None:
                return None
            run, body = document.run, msgspec.json.encode(document)
            self._deliver(channel, pending.notify, body, self.stop, self._failing)
        except NotDelivered as error:
            self._failing = True
            return NotificationResult("failed", channel, company, run, error.problem)
        except Exception as fault:
            # The text of the error may quote the run.
            problem = f"an unexpected fault ({type(fault).__name__})"
            return NotificationResult("failed", channel, company, run, problem)
        self._failing = False
        return NotificationResult("sent", channel, company, run)


def find_run(store: Store, run: UUID) -> RunDocument | None:
    """Returns a run in the form that `tenure run` prints, or `None` if it does not exist."""
    record = store.runs.find(run)
    return None if record is None else document_of(store, record)


def find_fault(store: Store, company: str, since: datetime) -> RunDocument | None:
    """Returns the latest run of a company if it failed and ended at or after `since`."""
    for record in store.runs.latest(company, 1):
        if record.ended.outcome is Outcome.FAILED and record.ended.finished >= since:
            return document_of(store, record)
    return None
