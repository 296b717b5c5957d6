"""Whoever is to be told how runs end is told, off the threads that do the work."""

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

from adapters.notify.configured import Channel, Notify
from adapters.notify.delivering import deliver
from adapters.notify.failure import NotDelivered
from adapters.store.errors import StoreUnavailable
from adapters.store.store import Store
from adapters.use_cases.execute import document_of
from adapters.use_cases.observer import Observer
from adapters.use_cases.schedule import Job
from domain.company_runs.events import RunKind
from domain.outcome import Outcome
from projections.runs import RunDocument

CAPACITY = 10_000
"""The notifications that may wait for each channel; what comes then is dropped. Only ids wait, not
runs."""
_TICK = 0.2
_LAST_WORDS = 2.0
"""Seconds for a program to be gone when it is ended."""
_JUST_NOW = timedelta(minutes=5)

Find: TypeAlias = Callable[[], RunDocument | None]
Deliver: TypeAlias = Callable[[Channel, Notify, bytes, threading.Event, bool], None]


class NotificationResult(NamedTuple):
    """What became of one notification on one channel: `sent`, `failed`, or `dropped` for want of
    room or time."""

    result: str
    via: Channel
    company: str
    run: UUID | None = None
    problem: str | None = None


class _Waiting(NamedTuple):
    notify: Notify
    company: str
    find: Find


class Notifier(Observer):
    """Tells somebody of the runs that the configuration names, each channel for itself.

    What cannot be delivered is told to `told`, from any thread, and is nobody's trouble. `notify`
    tells how it is configured now.
    """

    def __init__(
        self,
        store: Store,
        told: Callable[[NotificationResult], None],
        notify: Callable[[], Notify | None],
        *,
        capacity: int = CAPACITY,
        deliver: Deliver = deliver,
    ) -> None:
        self._store = store
        self._notify = notify
        self._lanes = {
            channel: _ChannelQueue(channel, told, capacity, deliver) for channel in Channel
        }
        self._faults: set[Job] = set()

    def ran(self, run: RunDocument) -> None:
        """A run that is stored; whoever wants to know is told soon."""
        if run.kind is RunKind.CLOCK:
            self._faults.discard(Job(run.company))
        notify = self._notify()
        if notify is not None and run.run is not None and notify.wants(run):
            self._add(_Waiting(notify, run.company, partial(find_run, self._store, run.run)))

    def failed(self, job: Job, error: Exception) -> None:
        """A fault leaves a failed run, which nobody was given: it is looked up.

        The clock is tried again and again; of its faults in one company the first is told.
        """
        if isinstance(error, StoreUnavailable) or job in self._faults:
            return
        notify = self._notify()
        if notify is None or Outcome.FAILED.value not in notify.on:
            return
        if job.slot is None:
            self._faults.add(job)
        find = partial(find_fault, self._store, job.company, datetime.now(UTC) - _JUST_NOW)
        self._add(_Waiting(notify, job.company, find))

    def finish(self, seconds: float) -> None:
        """Waits so long for what is still to be told; what is not told then never is.

        Nothing is to be told afterwards.
        """
        end = time.monotonic() + seconds
        for lane in self._lanes.values():
            lane.ending.set()
        for lane in self._lanes.values():
            lane.join(end)
        for lane in self._lanes.values():
            lane.stop.set()
        end = time.monotonic() + _LAST_WORDS
        for lane in self._lanes.values():
            lane.join(end)
            lane.drop()

    def _add(self, waiting: _Waiting) -> None:
        for channel in waiting.notify.channels():
            self._lanes[channel].add(waiting)


class _ChannelQueue:
    """What is to be told one channel, one after the other, in a thread of its own.

    While nothing can be delivered this channel, each notification is tried only once.
    """

    def __init__(
        self,
        channel: Channel,
        told: Callable[[NotificationResult], None],
        capacity: int,
        deliver: Deliver,
    ) -> None:
        self.ending = threading.Event()
        """Nothing more comes."""
        self.stop = threading.Event()
        """There is no time left."""
        self._way = channel
        self._told = told
        self._deliver = deliver
        self._queue: Queue[_Waiting] = Queue(capacity)
        self._failing = False
        self._at: _Waiting | None = None  # what is being told
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def add(self, waiting: _Waiting) -> None:
        """One more, if there is room."""
        try:
            self._queue.put_nowait(waiting)
        except Full:
            self._told(self._dropped(waiting, "too many wait already"))
            return
        with self._lock:
            if self._thread is None:
                name = f"notifier-{self._way}"
                self._thread = threading.Thread(target=self._work, name=name, daemon=True)
                self._thread.start()

    def join(self, end: float) -> None:
        """Waits for the thread until a moment."""
        if self._thread is not None:
            self._thread.join(max(0.0, end - time.monotonic()))

    def drop(self) -> None:
        """Gives up what is still being told, and what waits."""
        while (waiting := self._taken_from() or self._next(0)) is not None:
            self._told(self._dropped(waiting, "there was no time left"))

    def _taken_from(self) -> _Waiting | None:
        """What was being told: for one only, the thread or who gives it up, to tell of."""
        with self._lock:
            at, self._at = self._at, None
            return at

    def _dropped(self, waiting: _Waiting, problem: str) -> NotificationResult:
        return NotificationResult("dropped", self._way, waiting.company, problem=problem)

    def _next(self, patience: float) -> _Waiting | None:
        try:
            return self._queue.get(timeout=patience) if patience else self._queue.get_nowait()
        except Empty:
            return None

    def _work(self) -> None:
        while not self.stop.is_set():
            self._at = waiting = self._next(_TICK)
            if waiting is not None:
                told = self._tell(waiting)
                if self._taken_from() is not None and told is not None:
                    self._told(told)
            elif self.ending.is_set():
                return

    def _tell(self, waiting: _Waiting) -> NotificationResult | None:
        """What became of it; none where there is no run after all."""
        channel, company, run = self._way, waiting.company, None
        try:
            found = waiting.find()
            if found is None:
                return None
            run, body = found.run, msgspec.json.encode(found)
            self._deliver(channel, waiting.notify, body, self.stop, self._failing)
        except NotDelivered as trouble:
            self._failing = True
            return NotificationResult("failed", channel, company, run, trouble.problem)
        except Exception as fault:
            # Its text may quote the run.
            problem = f"an unexpected fault ({type(fault).__name__})"
            return NotificationResult("failed", channel, company, run, problem)
        self._failing = False
        return NotificationResult("sent", channel, company, run)


def find_run(store: Store, run: UUID) -> RunDocument | None:
    """A run as `tenure run` answers it."""
    record = store.find_run(run)
    return None if record is None else document_of(store, record)


def find_fault(store: Store, company: str, since: datetime) -> RunDocument | None:
    """The latest run of a company, if it failed and ended after a moment."""
    for record in store.runs(company, 1):
        if record.ended.outcome is Outcome.FAILED and record.ended.finished >= since:
            return document_of(store, record)
    return None
